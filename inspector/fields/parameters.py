"""A value followed by parameters: ``text/html; charset=utf-8`` (RFC 9110, section 5.6.6), read leniently."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

_PARAMETER = compile_late(r'[ \t]*([^\s;="]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*))?[ \t]*(?:;|$)', re.DOTALL)
_ESCAPED = compile_late(r"\\(.)", re.DOTALL)


class Parameterised(Struct, frozen=True):
    """What stands before the first semicolon, and the parameters by lower-case name, the first of each."""

    value: str
    parameters: dict[str, str]


@lru_cache(maxsize=2048)
def parse_parameters(text: str) -> Parameterised:
    """Take a value with parameters apart. Never raises; a part that is no parameter is left out.

    A parameter without a value has the value ``""``; quotes are removed.
    """
    value, _, rest = text.partition(";")
    return Parameterised(value.strip(" \t"), read_parameters(rest))


@lru_cache(maxsize=2048)
def read_parameters(rest: str) -> dict[str, str]:
    """Parameters alone, separated by semicolons: names in lower case, the first of each name."""
    found: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if match is None:
            semicolon = rest.find(";", position)
            if semicolon < 0:
                break
            position = semicolon + 1
            continue
        position = match.end()
        text = (match[2] or "").strip(" \t")
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = _ESCAPED.sub(r"\1", text[1:-1])
        found.setdefault(match[1].lower(), text)
    return found

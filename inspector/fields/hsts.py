"""``Strict-Transport-Security`` (RFC 6797, section 6.1)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.fields.cache_control import unquote
from inspector.fields.tokens import is_token
from inspector.patterns import compile_late


class Hsts(Struct, frozen=True):
    """A parsed value. `fault` says why a browser ignores it, ``None`` where it is valid.

    `max_age` is seconds; it is given for a faulty value too where it can be read.
    """

    max_age: int | None = None
    include_subdomains: bool = False
    preload: bool = False
    fault: str | None = None


# Strict-Transport-Security = "Strict-Transport-Security" ":" [ directive ]  *( ";" [ directive ] )
# directive                 = directive-name [ "=" directive-value ]
# directive-value           = token | quoted-string
_DIRECTIVE = compile_late(r'[^;"]*(?:"(?:[^"\\]|\\.)*"[^;"]*)*')
_LONGEST = 4096
_ONCE = frozenset({"max-age", "includesubdomains"})


@lru_cache(maxsize=1024)
def parse_hsts(value: str) -> Hsts:
    """Parse one field line (browsers heed the first only). Never raises.

    Names are compared without regard to case, unknown directives are skipped, order does not matter; a repeated
    ``max-age`` or ``includeSubDomains``, a missing or malformed ``max-age`` and anything that does not follow the
    grammar void the whole value. (The standard has every directive once; browsers do not mind repeated unknown ones.)
    """
    if len(value) > _LONGEST:
        return Hsts(fault=f"it is longer than {_LONGEST} characters")
    max_age: int | None = None
    seen: set[str] = set()
    fault: str | None = None
    for part in _parts(value):
        name, equals, argument = part.partition("=")
        name, argument = name.strip(" \t"), argument.strip(" \t")
        if not is_token(name):
            separator = "a comma" if "," in name else f"`{name[:40]}`"
            fault = fault or f"{separator} stands where a directive should"
            continue
        name = name.lower()
        inner = unquote(argument) if equals else None
        if equals and inner is None and not is_token(argument):
            fault = fault or (
                f"the value of `{name}` is followed by a comma; directives are separated by semicolons"
                if "," in argument
                else f"`{name[:40]}=` has no value"
                if not argument
                else f"`{argument[:40]}` is no value for `{name}`"
            )
        if name in seen and name in _ONCE:
            fault = fault or f"`{name}` is there more than once"
        seen.add(name)
        if name == "max-age":
            digits = argument if inner is None else inner
            if re.fullmatch("[0-9]+", digits) is None:
                fault = fault or (
                    f"`max-age={digits[:40]}` is no whole number of seconds" if equals else "`max-age` has no number"
                )
                found = re.match("[0-9]+", digits)
                max_age = _seconds(found[0]) if found else max_age
            elif max_age is None:
                max_age = _seconds(digits)
        elif name == "includesubdomains" and equals:
            fault = fault or "`includeSubDomains` takes no value"
    if "max-age" not in seen:
        fault = fault or "`max-age` is missing"
    return Hsts(max_age, "includesubdomains" in seen, "preload" in seen, fault)


def _parts(value: str) -> list[str]:
    if '"' not in value:
        return [part for part in value.split(";") if part.strip(" \t")]
    parts: list[str] = []
    position = 0
    while position <= len(value):
        match = _DIRECTIVE.match(value, position)
        end = match.end() if match is not None else len(value)
        if end < len(value) and value[end] != ";":  # a quote that is never closed
            parts.append(value[position:])
            break
        if value[position:end].strip(" \t"):
            parts.append(value[position:end])
        position = end + 1
    return parts


def _seconds(digits: str) -> int:
    significant = digits.lstrip("0")
    return 2**40 if len(significant) > 12 else int(significant or "0")

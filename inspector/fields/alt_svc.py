"""``Alt-Svc``: the same origin, offered on another protocol, host or port (RFC 7838, section 3)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from inspector.patterns import compile_late

DEFAULT_MAX_AGE = 86_400
"""Seconds for which an alternative is remembered when ``ma`` is absent (RFC 7838, section 3.1)."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ALTERNATIVE = compile_late(rf'\s*({_TOKEN})\s*=\s*"((?:[^"\\]|\\.)*)"\s*')
_PARAMETER = compile_late(rf'\s*;\s*({_TOKEN})\s*=\s*("(?:[^"\\]|\\.)*"|{_TOKEN})\s*')


class Alternative(Struct, frozen=True):
    """One alternative service. `protocol` is the ALPN name, `host` is ``""`` for the origin's own."""

    protocol: str
    host: str
    port: int | None
    max_age: int = DEFAULT_MAX_AGE
    persist: bool = False


class AltSvc(Struct, frozen=True):
    """The field's meaning: alternatives in order of preference, or `clear` to forget what was said before."""

    alternatives: tuple[Alternative, ...] = ()
    clear: bool = False


@lru_cache(maxsize=512)
def parse_alt_svc(value: str) -> AltSvc | None:
    """Read the combined value of the field; ``None`` where no part of it is valid."""
    if value.strip() == "clear":
        return AltSvc(clear=True)
    found: list[Alternative] = []
    position = 0
    while position < len(value):
        match = _ALTERNATIVE.match(value, position)
        if match is None:
            comma = value.find(",", position)
            if comma < 0:
                break
            position = comma + 1
            continue
        position = match.end()
        max_age, persist = DEFAULT_MAX_AGE, False
        while parameter := _PARAMETER.match(value, position):
            position = parameter.end()
            name, text = parameter[1].lower(), parameter[2].strip('"')
            if name == "ma" and text.isascii() and text.isdigit():
                max_age = min(int(text[:12]), 10**10)
            elif name == "persist":
                persist = text == "1"
        host, colon, port = match[2].rpartition(":")
        if colon and port.isascii() and port.isdigit() and len(port) <= 5:
            found.append(Alternative(unquote(match[1]), host, int(port), max_age, persist))
        comma = value.find(",", position)
        position = len(value) if comma < 0 else comma + 1
    return AltSvc(tuple(found)) if found else None

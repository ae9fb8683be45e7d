"""``WWW-Authenticate`` and ``Proxy-Authenticate``: the challenges of a 401 or 407 (RFC 9110, section 11.6.1)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PIECE = compile_late(
    rf"\s*(?:,\s*)*(?:(?P<name>{_TOKEN})\s*=\s*(?P<value>{_QUOTED}|{_TOKEN})(?=\s*(?:,|$))"
    rf"|(?P<scheme>{_TOKEN})(?:[ \t]+(?P<token68>[A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?(?=[ \t]|,|$))",
    re.DOTALL,
)
LONGEST = 8192


class Challenge(Struct, frozen=True):
    """One way to authenticate: the scheme as written, and its parameters by lower-case name."""

    scheme: str
    parameters: dict[str, str]
    token68: str | None = None


@lru_cache(maxsize=256)
def parse_challenges(value: str) -> tuple[Challenge, ...] | None:
    """Read the combined value of the field; ``None`` where it is invalid, empty or beyond `LONGEST` characters."""
    found: list[Challenge] = []
    position, end = 0, len(value.rstrip(" \t,"))
    if end > LONGEST:
        return None
    while position < end:
        match = _PIECE.match(value, position, end)
        if match is None or match.end() == position:
            return None
        position = match.end()
        if match["scheme"]:
            found.append(Challenge(match["scheme"], {}, match["token68"]))
        elif not found:
            return None
        else:
            text = match["value"]
            if text.startswith('"'):
                text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
            found[-1].parameters.setdefault(match["name"].lower(), text)
    return tuple(found) or None

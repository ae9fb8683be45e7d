"""``Via`` and ``Proxy-Status``: who stood between (RFC 9110, section 7.6.3; RFC 9209)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

from inspector.patterns import compile_late

_HOP = compile_late(
    r"(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)/)?([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+([^\s(,]+)(?:[ \t]*\((.*)\))?"
)


LONGEST = 4096
"""Characters read of a ``Via`` value; splitting takes time by the square of its length."""


class Hop(Struct, frozen=True):
    """One intermediary: what it received (``"1.1"``), what it calls itself, and its comment (often its software)."""

    protocol: str
    version: str
    by: str
    comment: str | None = None


class ProxyStatus(Struct, frozen=True):
    """What one intermediary says of the response: its name and, where it made the response, the error's type."""

    by: str
    error: str | None = None
    details: str | None = None
    next_hop: str | None = None
    received_status: int | None = None


@lru_cache(maxsize=512)
def parse_via(value: str) -> tuple[Hop, ...]:
    """The intermediaries, nearest to the sender first; parts that cannot be read are left out."""
    found: list[Hop] = []
    for part in re.split(r",(?![^(]*\))", value[:LONGEST]):
        match = _HOP.fullmatch(part.strip())
        if match:
            found.append(Hop(match[1] or "HTTP", match[2], match[3], match[4]))
    return tuple(found)


@lru_cache(maxsize=256)
def parse_proxy_status(value: str) -> tuple[ProxyStatus, ...]:
    """The list members, nearest to the origin first; empty where the value is not a structured list."""
    import http_sf  # costs a few milliseconds, and the field is rare

    try:
        members: Any = http_sf.parse(value.encode("latin-1", "replace"), tltype="list")
    except Exception:
        return ()
    found: list[ProxyStatus] = []
    for member in members:
        item, parameters = member if isinstance(member, tuple) else (member, {})
        if isinstance(item, list):
            continue
        received = parameters.get("received-status")
        found.append(
            ProxyStatus(
                str(item),
                _text(parameters.get("error")),
                _text(parameters.get("details")),
                _text(parameters.get("next-hop")),
                received if isinstance(received, int) else None,
            )
        )
    return tuple(found)


def _text(value: object) -> str | None:
    return None if value is None or isinstance(value, bool | int | bytes) else str(value)

"""``Vary``: the request fields a response was chosen by (RFC 9110, section 12.5.5)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=2048)
def parse_vary(value: str) -> tuple[str, ...]:
    """The names in lower case, in order, each once; ``*`` is kept as it is. Empty members are dropped."""
    names: dict[str, None] = {}
    for member in value.split(","):
        name = member.strip(" \t").lower()
        if name:
            names[name] = None
    return tuple(names)

"""The ``Cookie`` request field (RFC 6265bis, section 5.8.3)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=2048)
def parse_cookie(value: str) -> tuple[tuple[str, str], ...]:
    """The name-value pairs of a ``Cookie`` field, in order. A pair without ``=`` is a value with an empty name."""
    pairs: list[tuple[str, str]] = []
    for part in value.split(";"):
        name, equals, content = part.partition("=")
        if equals:
            pairs.append((name.strip(" \t"), content.strip(" \t")))
        elif part := part.strip(" \t"):
            pairs.append(("", part))
    return tuple(pairs)

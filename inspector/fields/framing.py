"""``X-Frame-Options`` (HTML, "The `X-Frame-Options` header") and ``X-Content-Type-Options`` (Fetch, section 3.6)."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

XFrameOptions = Literal["deny", "sameorigin", "none"]


@lru_cache(maxsize=1024)
def get_decode_split(value: str) -> tuple[str, ...]:
    """Fetch, "get, decode, and split": a combined value's members, split on commas outside quotes, empty ones kept."""
    members: list[str] = []
    start, quoted, escaped = 0, False, False
    for i, c in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c == ",":
            members.append(value[start:i])
            start = i + 1
    members.append(value[start:])
    return tuple(member.strip(" \t") for member in members)


@lru_cache(maxsize=512)
def x_frame_options(value: str) -> XFrameOptions:
    """What a combined ``X-Frame-Options`` value comes to: ``none`` is no protection at all.

    Different values of which one is known forbid framing altogether; several unknown ones allow it.
    """
    values = tuple(dict.fromkeys(member.lower() for member in get_decode_split(value)))
    if len(values) > 1:
        return "deny" if {"deny", "allowall", "sameorigin"} & set(values) else "none"
    if values[0] == "deny":
        return "deny"
    return "sameorigin" if values[0] == "sameorigin" else "none"


def admits_all(value: str) -> bool:
    """Whether a combined ``X-Frame-Options`` value is ``ALLOWALL``, which says on purpose that any page may frame."""
    return {member.lower() for member in get_decode_split(value)} == {"allowall"}


@lru_cache(maxsize=512)
def is_nosniff(value: str) -> bool:
    """Fetch, "determine nosniff": the first member is ``nosniff`` in any case; what follows does not matter."""
    return get_decode_split(value)[0].lower() == "nosniff"

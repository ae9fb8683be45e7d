"""Structured fields (RFC 9651), parsed by `http_sf`, with the place of the fault where a value does not parse."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["item", "list", "dictionary"]
LONGEST = 16_384
"""Characters of a value that is read at all."""


class Structured(Struct, frozen=True):
    """What a field value parses to, in `http_sf`'s types, or where and at what it does not.

    `position` counts characters from 1; `at` is the character there, ``None`` at the end of the value.
    """

    value: Any = None
    failed: bool = False
    position: int | None = None
    at: str | None = None


@lru_cache(maxsize=1024)
def parse_structured(value: str, kind: Kind) -> Structured:
    """Parse a combined field value. Never raises. An empty list or dictionary is empty, an empty item a fault."""
    import http_sf  # pure Python, and needed by few exchanges

    if len(value) > LONGEST:
        return Structured(failed=True)
    try:
        return Structured(http_sf.parse(value.encode("latin-1"), tltype=kind))
    except UnicodeEncodeError as error:
        return Structured(failed=True, position=error.start + 1, at=value[error.start])
    except http_sf.StructuredFieldError as error:
        position = error.position
        if position is None:
            return Structured(failed=True)
        return Structured(None, True, position + 1, value[position] if position < len(value) else None)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError):
        return Structured(failed=True)


def bare(member: Any) -> tuple[Any, dict[str, Any]]:
    """A list's or dictionary's member as its value and parameters; an inner list's value is a Python list."""
    if isinstance(member, tuple) and len(member) == 2 and isinstance(member[1], dict):
        return member[0], member[1]
    return member, {}


def items(member: Any) -> list[Any]:
    """The bare items of an inner list, or the one item there is."""
    value, _ = bare(member)
    return [bare(item)[0] for item in value] if isinstance(value, list) else [value]


def is_token(value: Any) -> bool:
    """Whether a bare item is a token rather than a string."""
    import http_sf

    return isinstance(value, http_sf.Token)

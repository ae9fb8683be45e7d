"""Byte ranges: ``Range``, ``Content-Range`` (RFC 9110, sections 14.1.2, 14.2 and 14.4)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

_CONTENT_RANGE = compile_late(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(?:([0-9]{1,19})-([0-9]{1,19})|(\*))/([0-9]{1,19}|\*)")
_SPEC = compile_late(r"(?:([0-9]{1,19})-([0-9]{1,19})?|-([0-9]{1,19}))")


class ContentRange(Struct, frozen=True):
    """What part a response holds. `first` and `last` are ``None`` for an unsatisfied range (``*``), `complete` is
    the whole length and ``None`` where the server does not know it."""

    unit: str
    first: int | None
    last: int | None
    complete: int | None

    @property
    def size(self) -> int | None:
        """How many bytes the part has; ``None`` for an unsatisfied range."""
        return None if self.first is None or self.last is None else self.last - self.first + 1


class ByteRange(Struct, frozen=True):
    """One range asked for: ``first-last``, ``first-`` (`last` is ``None``) or the last `suffix` bytes."""

    first: int | None = None
    last: int | None = None
    suffix: int | None = None

    def resolve(self, complete: int) -> tuple[int, int] | None:
        """First and last position within a representation of `complete` bytes; ``None`` where nothing overlaps."""
        if self.suffix is not None:
            return (max(complete - self.suffix, 0), complete - 1) if self.suffix and complete else None
        if self.first is None or self.first >= complete:
            return None
        return self.first, complete - 1 if self.last is None else min(self.last, complete - 1)


@lru_cache(maxsize=512)
def parse_content_range(value: str) -> ContentRange | None:
    """Read ``Content-Range``; ``None`` where the value is invalid (last before first, or not below the length)."""
    match = _CONTENT_RANGE.fullmatch(value.strip())
    if match is None:
        return None
    unit = match[1].lower()
    complete = None if match[5] == "*" else int(match[5])
    if match[4]:
        return None if complete is None else ContentRange(unit, None, None, complete)
    first, last = int(match[2]), int(match[3])
    if last < first or (complete is not None and last >= complete):
        return None
    return ContentRange(unit, first, last, complete)


@lru_cache(maxsize=512)
def parse_range(value: str) -> tuple[ByteRange, ...] | None:
    """Read a ``Range`` of bytes; ``None`` where the unit is another or the value is invalid, so that it is ignored."""
    unit, equals, specs = value.strip().partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    found: list[ByteRange] = []
    for spec in specs.split(","):
        if not (spec := spec.strip()):
            continue
        match = _SPEC.fullmatch(spec)
        if match is None:
            return None
        if match[3] is not None:
            found.append(ByteRange(suffix=int(match[3])))
            continue
        first, last = int(match[1]), int(match[2]) if match[2] else None
        if last is not None and last < first:
            return None
        found.append(ByteRange(first, last))
    return tuple(found) or None

"""Entity tags: ``ETag``, ``If-None-Match``, ``If-Match`` (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late


class EntityTag(Struct, frozen=True):
    """One entity tag; `opaque` is what stands between the quotes."""

    opaque: str
    weak: bool = False

    def __str__(self) -> str:
        return f'W/"{self.opaque}"' if self.weak else f'"{self.opaque}"'


# entity-tag = [ weak ] opaque-tag        weak = %s"W/"        etagc = %x21 / %x23-7E / obs-text
_TAG = compile_late(r'(W/)?"([^\x00-\x20"\x7f]*)"')


@lru_cache(maxsize=4096)
def parse_etag(value: str) -> EntityTag | None:
    """An ``ETag`` value, or ``None`` where it is not an entity tag (no quotes, say)."""
    match = _TAG.fullmatch(value)
    return None if match is None else EntityTag(match[2], match[1] is not None)


@lru_cache(maxsize=2048)
def parse_entity_tags(value: str) -> tuple[EntityTag, ...] | None:
    """The tags of ``If-None-Match`` or ``If-Match``; ``None`` where it is ``*`` or holds anything else."""
    found: list[EntityTag] = []
    position = 0
    while True:
        match = _TAG.match(value, position)
        if match is None:
            return None
        found.append(EntityTag(match[2], match[1] is not None))
        rest = value[match.end() :].lstrip(" \t")
        if not rest:
            return tuple(found)
        if not rest.startswith(","):
            return None
        position = len(value) - len(rest.lstrip(", \t"))


def weakly_equal(a: EntityTag, b: EntityTag) -> bool:
    """Weak comparison: the opaque parts agree (section 8.8.3.2)."""
    return a.opaque == b.opaque


def strongly_equal(a: EntityTag, b: EntityTag) -> bool:
    """Strong comparison: neither is weak and the opaque parts agree (section 8.8.3.2)."""
    return not a.weak and not b.weak and a.opaque == b.opaque

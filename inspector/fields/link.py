"""``Link`` (RFC 8288, section 3): targets and their parameters."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.fields.parameters import read_parameters
from inspector.patterns import compile_late

LONGEST = 16_384
_TARGET = compile_late(r"[\s,]*<([^>]*)>")


class Link(Struct, frozen=True):
    """One link: its target as written and its parameters by lower-case name."""

    target: str
    parameters: dict[str, str]

    @property
    def relations(self) -> tuple[str, ...]:
        """The relation types, in lower case."""
        return tuple(self.parameters.get("rel", "").lower().split())


@lru_cache(maxsize=512)
def parse_link(value: str) -> tuple[Link, ...] | None:
    """The links of a combined value, up to `LONGEST` characters of it; ``None`` where it is not a list of links."""
    value = value[:LONGEST]
    found: list[Link] = []
    position = 0
    while match := _TARGET.match(value, position):
        end = _end(value, match.end())
        found.append(Link(match[1].strip(), read_parameters(value[match.end() : end].strip(" \t;"))))
        position = end
    return tuple(found) if found and not value[position:].strip(" \t,") else None


def _end(value: str, start: int) -> int:
    """Where the link that began before `start` ends: at the next comma outside quotes."""
    quoted, escaped = False, False
    for i in range(start, len(value)):
        c = value[i]
        if escaped:
            escaped = False
        elif quoted:
            escaped = c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c == ",":
            return i
    return len(value)

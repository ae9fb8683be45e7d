"""Looks through content once, for the marks of all rules together.

Literals first, all at once: a DFA over some two hundred of them reads 5 MB in about 12 ms, where one regular
expression needs over a second and looking for them one by one a third of one (`benchmarks/scan_bench.py`). A pattern
is tried only where a literal stands, and content that is full of decoys costs a bounded number of tries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.content.marks_base import TEXTUAL, Mark

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

LIMIT = 6_000_000
"""Octets that are read from the beginning of content."""
TAIL = 65_536
"""Octets that are read from its end where it is longer than that."""
CHUNK = 262_144
MOST_LITERALS = 20_000
"""Literals after which the rest is not read: nothing but content made to keep us busy has as many."""
MOST_TRIES = 400
"""How often one mark's pattern is tried."""
MOST_HITS = 5
"""How many different places one mark is found in."""

URL = "url"
"""The kind under which URLs are looked through."""
SCANNED = TEXTUAL | {"style"}


class Hit(Struct, frozen=True, gc=False):
    """Where a mark was found: octets `start` to `end`."""

    mark: Mark
    start: int
    end: int


class Hits(Struct, frozen=True):
    """All that was found in one content, in the order it stands there; `groups` are those of the marks, sorted."""

    hits: tuple[Hit, ...] = ()
    groups: tuple[str, ...] = ()

    def of(self, group: str) -> tuple[Hit, ...]:
        """The hits of one group."""
        return tuple(hit for hit in self.hits if hit.mark.group == group) if group in self.groups else ()


NONE = Hits()


class _Scanner:
    """The marks that apply to one kind of content, and the automaton over their literals."""

    def __init__(self, marks: tuple[Mark, ...]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation  # compiled, and not needed before there is content

        wanted: dict[bytes, list[int]] = {}
        for position, mark in enumerate(marks):
            for literal in mark.literals:
                wanted.setdefault(literal.encode(), []).append(position)
        self.marks = marks
        self.literals = tuple(wanted)
        self.meant = tuple(tuple(positions) for positions in wanted.values())
        self.longest = max(map(len, wanted), default=1)
        self.automaton: BytesAhoCorasick | None = (
            BytesAhoCorasick(list(wanted), implementation=Implementation.DFA) if wanted else None
        )

    def scan(self, data: bytes) -> Hits:
        if self.automaton is None:
            return NONE
        if len(data) <= CHUNK:
            found = self.automaton.find_matches_as_indexes(data, overlapping=True)
            return self._confirmed(data, [(which, start) for which, start, _ in found]) if found else NONE
        places = self._places(data, 0, min(len(data), LIMIT))
        if len(data) > LIMIT:
            places += self._places(data, max(LIMIT, len(data) - TAIL), len(data))
        return self._confirmed(data, places) if places else NONE

    def _places(self, data: bytes, begin: int, end: int) -> list[tuple[int, int]]:
        """Which literal stands where; in chunks, so that a hostile content cannot fill the memory with them."""
        assert self.automaton is not None
        places: list[tuple[int, int]] = []
        seen = begin  # literals that end at or before this were found in the chunk before
        while begin < end and len(places) < MOST_LITERALS:
            stop = min(begin + CHUNK, end)
            base = max(begin - self.longest + 1, 0)
            for which, start, over in self.automaton.find_matches_as_indexes(data[base:stop], overlapping=True):
                if base + over > seen:
                    places.append((which, base + start))
            seen = begin = stop
        return places

    def _confirmed(self, data: bytes, places: list[tuple[int, int]]) -> Hits:
        tries: dict[int, int] = {}
        spans: dict[int, dict[bytes, tuple[int, int]]] = {}
        for which, start in places[:MOST_LITERALS]:
            for position in self.meant[which]:
                tried = tries.get(position, 0)
                before = spans.get(position, {})
                if tried >= MOST_TRIES or len(before) >= MOST_HITS:
                    continue
                tries[position] = tried + 1
                span = _confirm(self.marks[position], data, start, len(self.literals[which]))
                if span is not None:
                    spans.setdefault(position, {}).setdefault(data[span[0] : span[1]], span)
        if not spans:
            return NONE
        hits = [
            Hit(self.marks[position], start, end)
            for position, places_of in spans.items()
            for start, end in places_of.values()
        ]
        hits.sort(key=lambda hit: (hit.start, hit.mark.id))
        return Hits(tuple(hits), tuple(sorted({hit.mark.group for hit in hits})))


def _confirm(mark: Mark, data: bytes, start: int, length: int) -> tuple[int, int] | None:
    """Where the mark is, given that one of its literals stands at `start`; ``None`` where it is not."""
    pattern = mark.pattern
    if pattern is None:
        return start, start + length
    named = "found" if "found" in pattern.groupindex else 0
    stop = min(start + length + mark.after, len(data))
    if not mark.before:
        match = pattern.match(data, start, stop)
        matches = iter((match,) if match else ())
    else:
        matches = pattern.finditer(data, max(start - mark.before, 0), stop)
    for match in matches:
        if match.end() > start and (mark.valid is None or mark.valid(match[named])):
            return match.span(named)
    return None


@lru_cache(maxsize=16)
def _scanner(kind: str) -> _Scanner:
    from inspector.content.marks import MARKS

    return _Scanner(tuple(mark for mark in MARKS if kind in mark.kinds))


def scan(data: bytes, kind: str) -> Hits:
    """Everything that is marked in content of this kind. Never raises for what the content holds.

    Content without a type, or of one that says little, is read only where it begins as text does (no NUL in its
    first thousand octets).
    """
    if kind not in SCANNED or (kind in ("none", "other") and b"\0" in data[:1000]):
        return NONE
    return _scanner(kind).scan(data)


@lru_cache(maxsize=2048)
def scan_url(url: str) -> Hits:
    """The same for a URL, in which credentials are looked for."""
    return _scanner(URL).scan(url.encode("utf-8", "surrogatepass"))


def place(data: bytes, start: int) -> str:
    """Where an octet stands, as a person looks for it: ``line 12``, or ``octet 51,234`` in a long line."""
    line_begins = data.rfind(b"\n", 0, start) + 1
    if start - line_begins > 500:
        return f"octet {start:,}"
    return f"line {data.count(b'\n', 0, start) + 1:,}"

"""A collection that is read page by page: by the server's own links (RFC 8288, `rel="next"`), or by a parameter."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urljoin

from msgspec import Struct

from inspector.fields.link import parse_link
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.stories.api_calls import Call
    from inspector.subject import Subject

MOST_MISSING = 5
_PAGED = frozenset({"page", "offset", "cursor", "after", "start", "skip", "pagetoken", "page_token", "starting_after"})
_RELATIONS = frozenset({"next", "prev", "previous", "first", "last"})

End = Literal["last", "open", "failed", "unknown"]


class Pages(Struct, frozen=True):
    """Pages of one collection, in the order they were asked for.

    `linked` says that each was named by the one before. `end` is ``last`` where the last one names no next, ``open``
    where it names one that was not asked for, ``failed`` where that one did not come. `loop` is a page whose next is
    `back_to`, one that came before it or itself; `missing` are page numbers, or offsets, that were left out.
    """

    calls: tuple[Call, ...]
    linked: bool
    end: End = "unknown"
    loop: Call | None = None
    back_to: Call | None = None
    missing: tuple[int, ...] = ()


def links_of(x: Subject) -> tuple[bool, str | None]:
    """Whether a response links to other pages of its collection, and the absolute address of the next one."""
    value = x.res.get("link")
    if value is None or "rel" not in value.lower():
        return False, None
    paged, following = False, None
    for link in parse_link(value) or ():
        relations = _RELATIONS.intersection(link.relations)
        paged = paged or bool(relations)
        if "next" in relations and following is None and "anchor" not in link.parameters:
            following = _join(x.request.url, link.target)
    return paged, following


def _join(url: str, reference: str) -> str | None:
    try:
        return urljoin(url, reference).partition("#")[0]
    except ValueError:
        return None


def pages(calls: list[Call]) -> list[Pages]:
    """The collections that were read page by page, at least two pages of each."""
    found = _linked(calls)
    followed = {id(call) for row in found for call in row.calls}
    return found + _numbered([call for call in calls if id(call) not in followed])


def _reads(call: Call) -> bool:
    return call.method == "GET" and call.dialect == "rest" and 200 <= call.status < 400


def _linked(calls: list[Call]) -> list[Pages]:
    reads = [call for call in calls if call.paged and _reads(call)]
    refused = {call.url.partition("#")[0] for call in calls if call.method == "GET" and not _reads(call)}
    rows: list[list[Call]] = []
    waiting: dict[str, list[Call]] = {}
    for call in reads:
        url = call.url.partition("#")[0]
        row = waiting.pop(url, None)
        if row is None:
            row = []
            rows.append(row)
        row.append(call)
        if call.next_page is not None:
            waiting[call.next_page] = row
    found = []
    for row in rows:
        seen: dict[str, Call] = {}
        loop = back_to = None
        for call in row:
            seen.setdefault(call.url.partition("#")[0], call)
            if loop is None and call.next_page in seen:
                loop, back_to = call, seen[call.next_page]
        if len(seen) > 1 or loop is not None:
            following = row[-1].next_page
            end: End = "last" if following is None else "failed" if following in refused else "open"
            found.append(Pages(tuple(row), True, end, loop, back_to))
    return found


def _numbered(calls: list[Call]) -> list[Pages]:
    rows: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[tuple[str, Call]]] = {}
    for call in calls:
        if call.method != "GET" or call.dialect != "rest" or "?" not in call.url:
            continue
        parameters = parse_qsl(parse(call.url).query[:2_000])
        paging = [(name, value) for name, value in parameters if name.lower() in _PAGED]
        if paging:
            rest = tuple(pair for pair in parameters if pair not in paging)
            name, value = paging[0]
            rows.setdefault((call.path, name, rest), []).append((value, call))
    return [
        Pages(tuple([call for _, call in row]), False, missing=_missing([value for value, _ in row]))
        for row in rows.values()
        if len({call.url for _, call in row}) > 1
    ]


def _missing(values: list[str]) -> tuple[int, ...]:
    """What was left out of numbers that otherwise rise by equal steps; nothing where they do not."""
    if len(values) < 3 or not all(value.isascii() and value.isdigit() and len(value) < 10 for value in values):
        return ()
    numbers = sorted({int(value) for value in values})
    steps = [b - a for a, b in pairwise(numbers)]
    step = min(steps, default=0)
    if step <= 0 or any(gap % step for gap in steps) or 2 * steps.count(step) < len(steps) + 1:
        return ()
    missing = [n for a, b in pairwise(numbers) for n in range(a + step, min(b, a + step * (MOST_MISSING + 2)), step)]
    return tuple(missing[: MOST_MISSING + 1])

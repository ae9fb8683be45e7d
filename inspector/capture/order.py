"""The order things happened in, out of the order a file lists them in."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from msgspec import Struct


class Place(Struct, gc=False):
    """What the order of one entry depends on. `started` in seconds, `duration` in milliseconds."""

    started: float | None = None
    duration: float | None = None
    method: str = ""
    url: str = ""
    preflight: bool = False
    """Said to be a preflight, or an OPTIONS request that may be one."""


_WINDOW = 30.0
"""A preflight and its request lie no further apart, in seconds, where no duration tells better."""

_SLACK = 0.05

_NEAREST = 64
"""Only so many requests for the same URL on either side of a preflight are looked at."""


def time_order(started: Sequence[float | None]) -> tuple[list[float], list[int]]:
    """When each began (what has no time, with its predecessor), and the positions by these times."""
    times: list[float] = []
    latest = float("-inf")
    for time in started:
        latest = time if time is not None else latest
        times.append(latest)
    return times, sorted(range(len(times)), key=times.__getitem__)


def causal_order(places: Sequence[Place], asked_method: Callable[[int], str | None]) -> list[int]:
    """Positions in the file in the order things happened.

    By start time; what has none keeps its place after its predecessor. A CORS preflight comes before the request it
    was for (Fetch, section 4.8), though Chrome lists it after: the request starts, and then waits for its preflight.

    `asked_method` gives a preflight's ``Access-Control-Request-Method`` by position, ``None`` where that entry is
    no preflight.
    """
    times, order = time_order([place.started for place in places])
    asked = {position: asked_method(position) for position in order if places[position].preflight}
    preflights = [position for position, method in asked.items() if method is not None]
    if not preflights:
        return order
    rank = {position: number for number, position in enumerate(order)}
    moves = _pairs(places, times, order, preflights, rank, asked)
    if not moves:
        return order
    moved = set(moves)
    before = {request: preflight for preflight, request in moves.items()}
    result: list[int] = []
    for position in order:
        if position in moved:
            continue
        if position in before:
            result.append(before[position])
        result.append(position)
    return result


def _pairs(
    places: Sequence[Place],
    times: Sequence[float],
    order: Sequence[int],
    preflights: Sequence[int],
    rank: dict[int, int],
    asked: dict[int, str | None],
) -> dict[int, int]:
    """Preflight → the request listed before it that was waiting for it."""
    wanted, them = {_bare(places[position].url) for position in preflights}, set(preflights)
    requests: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position in order:
        place = places[position]
        url = _bare(place.url)
        if url in wanted and position not in them:  # a page may send OPTIONS of its own, with a preflight before it
            requests[url, place.method].append(position)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    left = Counter((_bare(places[preflight].url), asked[preflight] or "") for preflight in preflights)
    for preflight in preflights:
        key = _bare(places[preflight].url), asked[preflight] or ""
        left[key] -= 1
        candidates = requests.get(key)
        if not candidates:
            continue
        here = bisect_left(candidates, rank[preflight], key=rank.__getitem__)
        nearest = candidates[max(0, here - _NEAREST) : here]
        waiting = [c for c in nearest if c not in taken and _waited(places[c], times[c], times[preflight])]
        if len(waiting) > 1 + left[key]:
            waiting = _innermost(places, waiting)
        # Of several that wait at once, the first to start is the first whose preflight goes out.
        request = waiting[0] if waiting else None
        if request is not None:
            pairs[preflight] = request
        else:  # in order already: the next such request is its own, and no other preflight's
            following = (c for c in candidates[here : here + _NEAREST] if c not in taken)
            request = next(following, None)
        if request is not None:
            taken.add(request)
    return pairs


def _innermost(places: Sequence[Place], waiting: Sequence[int]) -> list[int]:
    """Those of several requests for one URL, by their start, that are under way without another one inside them.

    A page's request that its service worker passes on is recorded twice, and only the worker's own has a preflight.
    """
    return [
        outer
        for number, outer in enumerate(waiting)
        if not any(_inside(places[inner], places[outer]) for inner in waiting[number + 1 :])
    ]


def _inside(inner: Place, outer: Place) -> bool:
    """Whether a request that began later also ended earlier."""
    if inner.started is None or outer.started is None or inner.duration is None or outer.duration is None:
        return False
    return inner.started + inner.duration / 1000 <= outer.started + outer.duration / 1000


def _waited(request: Place, started: float, preflight: float) -> bool:
    """Whether a request was still under way when the preflight began."""
    if request.started is None:
        return True
    if request.duration is not None:
        return preflight <= started + request.duration / 1000 + _SLACK
    return preflight - started <= _WINDOW


def _bare(url: str) -> str:
    return url.partition("#")[0]

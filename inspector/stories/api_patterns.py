"""What a row of API calls shows: retries, polling, a request for each item. Pure functions."""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct

from inspector.stories.api_calls import Call

BURST = 5
"""Requests for single items from which on they are one burst."""
SOON = 3.0
"""Seconds between two requests of one burst at most."""
POLLS = 4
"""Requests at regular times from which on they are polling."""
_TRANSIENT = frozenset({429, 500, 502, 503, 504})


class Burst(Struct, frozen=True):
    """Single items asked for one after the other: the list before it, if one was seen, and the calls."""

    listed: Call | None
    calls: tuple[Call, ...]


class Retry(Struct, frozen=True):
    """The same request again after a refusal or failure; `waits` are the seconds in between."""

    calls: tuple[Call, ...]
    waits: tuple[float, ...]

    @property
    def backs_off(self) -> bool:
        """Whether the waits grow."""
        return len(self.waits) > 1 and all(b > a * 1.2 for a, b in pairwise(self.waits))


class Polling(Struct, frozen=True):
    """The same address asked at regular times: every `every` seconds; `unchanged` answers were as the one before."""

    calls: tuple[Call, ...]
    every: float
    unchanged: int


def bursts(calls: list[Call]) -> list[Burst]:
    """Runs of GETs for different items of one collection, with the list that came before."""
    found: list[Burst] = []
    run: dict[str, list[Call]] = {}
    lists: dict[str, Call] = {}
    last: dict[str, float] = {}

    def close(template: str) -> None:
        same = run.pop(template, [])
        if len({call.path for call in same}) >= BURST:
            found.append(Burst(lists.get(template.rpartition("/{id}")[0]), tuple(same)))

    for call in calls:
        if call.method != "GET" or call.dialect != "rest" or call.started is None:
            continue
        if not call.template.endswith("/{id}"):
            lists[call.template] = call
            continue
        if call.template in run and call.started - last[call.template] > SOON:
            close(call.template)
        run.setdefault(call.template, []).append(call)
        last[call.template] = call.started
    for template in list(run):
        close(template)
    return found


def retries(calls: list[Call]) -> list[Retry]:
    """The same request after a 429 or 5xx, or without a response, within five minutes."""
    found: list[Retry] = []
    open_: dict[tuple[str, str, int | None], list[Call]] = {}
    for call in calls:
        key = (call.method, call.url, call.content)
        before = open_.get(key)
        if before is not None and _soon_after(before[-1], call):
            before.append(call)
        if call.status in _TRANSIENT or call.status == 0:
            open_.setdefault(key, [call])
        elif before is not None:
            del open_[key]
            found.append(_retry(before))
    found += [_retry(before) for before in open_.values()]
    return [retry for retry in found if len(retry.calls) > 1]


def _soon_after(before: Call, call: Call) -> bool:
    return call.started is not None and before.ended is not None and call.started - before.ended <= 300


def _retry(calls: list[Call]) -> Retry:
    waits = [round(max((b.started or 0.0) - (a.ended or 0.0), 0.0), 2) for a, b in pairwise(calls)]
    return Retry(tuple(calls), tuple(waits))


def pollings(calls: list[Call]) -> list[Polling]:
    """Addresses one page asked four times or more, half a second or more apart, at intervals that differ by a third at
    most. Pages that each ask once at their beginning do not poll.
    """
    by_url: dict[tuple[str | None, str], list[Call]] = {}
    for call in calls:
        if (
            call.method == "GET"
            and call.dialect == "rest"
            and call.started is not None
            and call.status not in _TRANSIENT
        ):
            by_url.setdefault((call.page, call.url), []).append(call)
    found = []
    for same in by_url.values():
        if len(same) < POLLS:
            continue
        gaps = [(b.started or 0.0) - (a.started or 0.0) for a, b in pairwise(same)]
        from statistics import median  # slow to import, and needed for few

        every = round(median(gaps), 2)
        regular = sum(abs(gap - every) <= every / 3 for gap in gaps)
        if every >= 0.5 and regular >= 0.75 * len(gaps):
            unchanged = sum(b.status == 304 or (b.etag is not None and b.etag == a.etag) for a, b in pairwise(same))
            found.append(Polling(tuple(same), every, unchanged))
    return found

"""Requests that were refused for being too many (429, 503), and how soon they are made again. Bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.fields.retry_after import parse_retry_after

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_ADDRESSES = 1000
REFUSED = (429, 503)
EARLY = 0.5
"""Seconds by which a request may come before the time it was asked to wait for: clocks and rounding."""
PATIENCE = 900.0
"""Seconds without a request after which the next refusal begins a new streak."""


class Streak(Struct, frozen=True):
    """Refusals of one address in a row. Moments are in seconds since 1970, ``None`` where no clock was recorded.

    `until` is the time the last refusal asked to wait for, `early` counts the requests made before such a time, and
    `gaps` holds the seconds between the last requests.
    """

    first: int
    last: int
    count: int = 1
    early: int = 0
    ahead: float = 0.0
    """By how much the request at hand came too early, in seconds; 0 where it did not."""
    began: float | None = None
    until: float | None = None
    gaps: tuple[float, ...] = ()


class Retries:
    """The streaks that are going on."""

    def __init__(self) -> None:
        self._streaks: OrderedDict[tuple[str, str, str], Streak] = OrderedDict()

    def observe(self, x: Subject) -> None:
        """Take an exchange in: a refusal continues a streak, any other answer ends it."""
        if x.status not in REFUSED:
            if self._streaks and x.status:
                self._streaks.pop(_key(x), None)
            return
        key, index = _key(x), x.exchange.index
        before = self._streaks.get(key)
        if before is not None and _over(before, x.started):
            before = None
        self._streaks[key] = _next(before, x, index)
        self._streaks.move_to_end(key)
        if len(self._streaks) > MOST_ADDRESSES:
            self._streaks.popitem(last=False)

    def streak(self, x: Subject) -> Streak | None:
        """The streak that a refused exchange belongs to, itself included; ``None`` for any other."""
        return self._streaks.get(_key(x)) if x.status in REFUSED else None


def _key(x: Subject) -> tuple[str, str, str]:
    return x.method, x.url.origin, x.url.path


def _over(streak: Streak, started: float | None) -> bool:
    return started is not None and streak.began is not None and started - streak.began > PATIENCE


def _next(before: Streak | None, x: Subject, index: int) -> Streak:
    started = x.started
    until = _until(x)
    if before is None:
        return Streak(index, index, began=started, until=until)
    ahead = 0.0
    gaps = before.gaps
    if started is not None:
        if before.until is not None and started < before.until - EARLY:
            ahead = before.until - started
        if before.began is not None:
            gaps = (*gaps, max(started - before.began, 0.0))[-8:]
    return Streak(before.first, index, before.count + 1, before.early + (ahead > 0), ahead, started, until, gaps)


def _until(x: Subject) -> float | None:
    value = x.res.get("retry-after")
    wait = parse_retry_after(value) if value else None
    if wait is None:
        return None
    started, total = x.started, x.exchange.timings.total or 0
    return wait.at(None if started is None else started + total / 1000)

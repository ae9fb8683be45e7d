"""Requests that a page has made before: which exchange it was, when, and what came."""

from __future__ import annotations

from collections import OrderedDict

MOST = 2_000

Content = tuple[int, str]
"""The size of an answer's content and what else identifies it."""


class Repeats:
    """Page, address and destination → the exchange that asked last. Bounded, the longest unseen forgotten."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str, str, str], tuple[int, float, Content]] = OrderedDict()

    def before(
        self, key: tuple[str, str, str], index: int, started: float, content: Content
    ) -> tuple[int, float] | None:
        """Take an exchange in; the index and start (seconds since 1970) of the last one with the same content."""
        last = self._last.pop(key, None)
        self._last[key] = (index, started, content)
        if len(self._last) > MOST:
            self._last.popitem(last=False)
        return last[:2] if last is not None and last[2] == content else None

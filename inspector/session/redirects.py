"""Redirects that wait for the request they lead to, so that chains and loops are seen as they happen. Bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.browser.redirects import REDIRECTS, location_url, redirected_method
from inspector.exchange import Exchange

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_PENDING = 512
LONGEST_CHAIN = 64
PATIENCE = 60.0
"""Seconds after which a request for the same address is no longer taken for the redirect's continuation."""


class Hop(Struct, frozen=True):
    """One request of a chain: what was asked, how it was answered, and where that led (``None`` at its end)."""

    index: int
    method: str
    url: str
    shown: str
    status: int
    target: str | None
    cookies_set: bool = False
    duration: float | None = None


class Redirects:
    """Remembers the last redirects whose target has not been requested yet."""

    def __init__(self) -> None:
        self._pending: OrderedDict[tuple[str, str], tuple[tuple[Hop, ...], float | None]] = OrderedDict()
        self._current: tuple[Exchange | None, tuple[Hop, ...]] = (None, ())

    def follow(self, x: Subject) -> tuple[Hop, ...]:
        """The chain this exchange ends or continues, itself included and last; empty where it is in none.

        Asked again for the same exchange, it answers the same.
        """
        exchange, chain = self._current
        if exchange is x.exchange:
            return chain
        url = x.request.url
        asked = (x.method, url.partition("#")[0] if "#" in url else url)
        redirects = x.status in REDIRECTS and "location" in x.res.first
        chain = self._follow(x, asked, redirects) if redirects or asked in self._pending else ()
        self._current = (x.exchange, chain)
        return chain

    def _follow(self, x: Subject, asked: tuple[str, str], redirects: bool) -> tuple[Hop, ...]:
        pending = self._pending
        before: tuple[Hop, ...] = ()
        if asked in pending:
            hops, ended = pending.pop(asked)
            started = x.started
            if ended is None or started is None or ended - 1 <= started <= ended + PATIENCE:
                before = hops
        if not redirects:
            return (*before, self._hop(x, None)) if before else ()
        led_to = location_url(x.request.url, x.res.all("location")[0]).partition("#")[0]
        hop = self._hop(x, led_to)
        chain = (*before, hop) if len(before) < LONGEST_CHAIN else (before[0], *before[2:], hop)
        timings = x.exchange.timings
        ended = None if timings.started is None else timings.started + (timings.total or 0) / 1000
        pending[redirected_method(x.status, x.method), led_to] = (chain, ended)
        if len(pending) > MOST_PENDING:
            pending.popitem(last=False)
        return chain

    @staticmethod
    def _hop(x: Subject, led_to: str | None) -> Hop:
        exchange = x.exchange
        return Hop(
            exchange.index,
            x.method,
            x.request.url.partition("#")[0],
            x.shown_url,
            x.status,
            led_to,
            "set-cookie" in x.res.first,
            exchange.timings.total,
        )

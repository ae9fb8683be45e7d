"""Requests that are under way, drawn below what is printed and updated in place. For terminals alone."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from inspector.render.layout import duration, fit, plural

_SHOWN = 5
_MOST = 2000
_AFTER = 0.3  # seconds after which a request is worth a line
_REFRESH = 5  # times a second


class Progress(Protocol):
    """Who wants to know of requests under way. Called on the proxy's own thread; must be quick."""

    def began(self, id: str, method: str, url: str) -> None:
        """A request began; the URL is masked."""

    def over(self, id: str) -> None:
        """It ended, one way or another."""


class Waiting:
    """The requests under way, the longest first. Bounded: of very many, the oldest are forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[float, str, str]] = OrderedDict()

    def began(self, id: str, method: str, url: str) -> None:
        """A request began."""
        self._open[id] = (self._clock(), method, url)
        if len(self._open) > _MOST:
            self._open.popitem(last=False)

    def over(self, id: str) -> None:
        """It ended."""
        self._open.pop(id, None)

    def lines(self, width: int) -> list[Text]:
        """What to draw now: nothing, or how many there are and the ones that take longest."""
        now = self._clock()
        waiting = [entry for entry in list(self._open.values()) if now - entry[0] >= _AFTER]
        if not waiting:
            return []
        lines = [Text(f"⋯ {plural(len(waiting), 'request')} under way", "dim")]
        for begun, method, url in waiting[:_SHOWN]:
            lead = f"  {fit(method, 10)} "
            age = f" {duration((now - begun) * 1000)}"
            lines.append(Text(f"{lead}{fit(url, max(width - len(lead) - len(age) - 1, 8))}{age}", "dim"))
        if len(waiting) > _SHOWN:
            lines.append(Text(f"  and {len(waiting) - _SHOWN:,} more", "dim"))
        return lines


class LiveProgress(Waiting):
    """The same, drawn on a terminal while the ``with`` block lasts; what is printed meanwhile goes above it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESH,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _draw(self) -> RenderableType:
        return Text("\n").join(self.lines(self._console.width))

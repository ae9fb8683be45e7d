"""What the proxy tells besides findings, and to whom it tells both."""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from inspector.exchange import Exchange
from inspector.report import ExchangeReport, Story

NoticeKind = Literal["opened", "other", "unsafe", "trouble"]
"""``opened``: an exchange that may last began (WebSocket, event stream). ``other``: something that is not HTTP passed.
``unsafe``: a setting that takes protection away. ``trouble``: something of ours went wrong."""


class Notice(Struct, frozen=True):
    """One line for the person who watches. `host` is who it is about; `text` says what, and what to do."""

    kind: NoticeKind
    text: str
    host: str | None = None


class Sink(Protocol):
    """Where the proxy's results go. Called on the proxy's own thread, one at a time; must be quick."""

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        """One exchange ended."""

    def story(self, story: Story) -> None:
        """What several exchanges mean together came to its end, or failed, with the exchange told last."""

    def notice(self, notice: Notice) -> None:
        """Something else worth a line happened."""

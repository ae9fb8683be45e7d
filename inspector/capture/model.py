"""A recording that was opened, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

from inspector.exchange import Exchange, Page, Recorder
from inspector.report import CaptureInfo, PageInfo, Skipped

Order = Literal["causal", "file"]


class CaptureError(Exception):
    """Nothing can be read of a recording; the message is one clear line for a person."""


class Capture(ABC):
    """A recording that was opened: what it says of itself, and its exchanges one at a time."""

    path: str
    format: Literal["har", "mitmproxy"]
    creator: str | None
    recorder: Recorder
    pages: tuple[Page, ...]
    entries: int
    """How many entries the file holds, readable or not."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.creator = None
        self.pages = ()
        self.entries = 0
        self._skipped: dict[int, str] = {}
        self._notes: list[str] = []

    @abstractmethod
    def exchanges(self, order: Order = "causal") -> Iterator[Exchange]:
        """The exchanges, each decoded when it is asked for.

        ``"causal"`` is the order things happened in: by start time, a CORS preflight before the request it was
        for. ``"file"`` is the order they are listed in. `Exchange.index` is the position in the file either way.
        Entries that cannot be read are left out and listed in `info`. May be iterated again.
        """

    def info(self) -> CaptureInfo:
        """What the report says of this file; complete once `exchanges` is exhausted."""
        return CaptureInfo(
            path=self.path,
            format=self.format,
            creator=self.creator,
            entries=self.entries,
            skipped=tuple(Skipped(index, reason) for index, reason in sorted(self._skipped.items())),
            notes=tuple(self._notes),
            pages=tuple(
                PageInfo(page.id, page.title, page.url, page.started, page.content_loaded, page.loaded)
                for page in self.pages
            ),
        )

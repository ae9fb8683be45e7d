"""What several exchanges mean together. Each teller watches the exchanges pass and tells its stories at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from inspector.report import Story
from inspector.stories.connections import ConnectionStories
from inspector.stories.redirects import RedirectStories

if TYPE_CHECKING:
    from inspector.subject import Subject


class Teller(Protocol):
    """Watches exchanges and tells stories of one kind. Its memory is bounded."""

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""

    def finish(self) -> tuple[Story, ...]:
        """The stories there are to tell."""


class Stories:
    """All tellers."""

    def __init__(self) -> None:
        self._tellers: tuple[Teller, ...] = (RedirectStories(), ConnectionStories())

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""
        for teller in self._tellers:
            teller.observe(x)

    def finish(self) -> tuple[Story, ...]:
        """Every story, in the tellers' order."""
        return tuple(story for teller in self._tellers for story in teller.finish())

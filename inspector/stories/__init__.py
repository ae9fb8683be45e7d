"""What several exchanges mean together. Each teller watches the exchanges pass and tells stories of one kind.

To add one, write a module with a `Teller` and name it in `TELLERS`. A teller says by signs (`inspector.stories.signs`)
what it wants to see, since most have nothing to say of most exchanges. It builds its stories with
`inspector.stories.telling.Telling`, its memory has bounds, and what it keeps of a value has been through the masker.
A story's findings are rules of the catalogue (`inspector.rules.base.story_rule`); what a rule already tells of one of
the exchanges, the story's steps mention, and its findings do not repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from inspector.report import Story
from inspector.stories.api import ApiStories
from inspector.stories.connections import ConnectionStories
from inspector.stories.cookies import CookieStories
from inspector.stories.login_challenge import ChallengeStories
from inspector.stories.login_form import FormStories
from inspector.stories.login_oauth import OAuthStories
from inspector.stories.login_saml import SamlStories
from inspector.stories.login_ticket import TicketStories
from inspector.stories.logout_own import LogoutStories
from inspector.stories.page_load import PageStories
from inspector.stories.preflights import PreflightStories
from inspector.stories.redirects import RedirectStories
from inspector.stories.sessions import SessionStories
from inspector.stories.signs import signs_of
from inspector.stories.sockets import SocketStories
from inspector.stories.tokens import TokenStories

if TYPE_CHECKING:
    from inspector.subject import Subject


class Teller(Protocol):
    """Watches exchanges and tells stories of one kind. Its memory is bounded."""

    @property
    def wants(self) -> int:
        """The signs of which an exchange must have one to be shown to it. Where it depends on what was observed, a
        property; else an attribute of the class.
        """

    def observe(self, x: Subject) -> Iterable[Story] | None:
        """Take note of one exchange, whose verdicts are known. Returns the stories that are complete, or have failed,
        with it; they are told at once and not again by `finish`.
        """

    def finish(self) -> Iterable[Story]:
        """The stories there are still to tell, when no more exchanges come."""


_Watch = Callable[["Subject"], Iterable[Story] | None]

TELLERS: tuple[Callable[[], Teller], ...] = (
    RedirectStories,
    PreflightStories,
    CookieStories,
    TokenStories,
    SessionStories,
    PageStories,
    ConnectionStories,
    SocketStories,
    ApiStories,
    OAuthStories,
    SamlStories,
    TicketStories,
    FormStories,
    LogoutStories,
    ChallengeStories,
)


MOST_KINDS = 1024
"""Kinds of exchanges, told apart by their signs, for which it is remembered who wants to see them."""


class Stories:
    """All tellers of one session. What one of them raises is kept in `faults`, and the others go on."""

    def __init__(self) -> None:
        self._tellers = tuple([make() for make in TELLERS])
        self._watches = tuple([(teller, self._watch(teller)) for teller in self._tellers])
        self._watching: dict[int, tuple[_Watch, ...]] = {}
        """Signs of an exchange → those who want to see it."""
        self.faults: list[Exception] = []

    def observe(self, x: Subject) -> list[Story] | None:
        """Take note of one exchange; returns the stories that end with it."""
        signs = signs_of(x)
        told: list[Story] | None = None
        for watch in self._watching.get(signs) or self._who_wants(signs):
            try:
                ended = watch(x)
            except Exception as error:  # hostile traffic must never stop the report
                self.faults.append(error)
                continue
            if ended:
                told = told or []
                told += ended
        return told

    def _who_wants(self, signs: int) -> tuple[_Watch, ...]:
        if len(self._watching) >= MOST_KINDS:
            self._watching.clear()
        found = self._watching[signs] = tuple([watch for teller, watch in self._watches if teller.wants & signs])
        return found

    def _watch(self, teller: Teller) -> _Watch:
        """How a teller is shown an exchange; one whose wants may change by it is looked at again."""
        if isinstance(type(teller).wants, int):
            return teller.observe

        def watch(x: Subject) -> Iterable[Story] | None:
            wanted = teller.wants
            try:
                return teller.observe(x)
            finally:
                if teller.wants != wanted:
                    self._watching.clear()

        return watch

    def finish(self) -> list[Story]:
        """Every story that was not told yet, in the tellers' order."""
        told: list[Story] = []
        for teller in self._tellers:
            try:
                told += teller.finish()
            except Exception as error:
                self.faults.append(error)
        return told

"""A cookie jar rebuilt from the capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.verdict import CookieVerdict, SetCookieVerdict

if TYPE_CHECKING:
    from inspector.subject import Subject


class Jar:
    """Holds the cookies that the responses seen so far have set."""

    def due(self, x: Subject) -> tuple[CookieVerdict, ...]:
        """Which of the jar's cookies this request should carry, and which are withheld and why."""
        return ()

    def store(self, x: Subject) -> tuple[SetCookieVerdict, ...]:
        """What a browser does with each ``Set-Cookie`` line of the response; keeps what is stored."""
        return ()

"""Preflights seen, so that a request can be judged together with the preflight it was sent under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.verdict import CorsVerdict

if TYPE_CHECKING:
    from inspector.subject import Subject


class Preflights:
    """Remembers preflights and what they allowed."""

    def judge(self, x: Subject) -> CorsVerdict | None:
        """The CORS verdict on an exchange, ``None`` where CORS plays no part."""
        return None

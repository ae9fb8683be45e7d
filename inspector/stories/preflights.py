"""The story of a preflight and the requests it was for: asked, answered, permitted or not, and how often for nothing.

One story for each origin, method and pattern of URLs, so that two hundred preflights are one thing to read. Whether a
preflight permits a request is the verdict of `inspector.browser.cors`; here is only counted and told.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector import words
from inspector.browser.cors_preflight import DEFAULT_MAX_AGE, check_request, parse_max_age
from inspector.patterns import compile_late
from inspector.report import Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.cors_story import REPEATED, answer_kept
from inspector.rules.status_words import brief
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.browser.verdict import CorsVerdict
    from inspector.session.preflights import Asked
    from inspector.subject import Subject

MOST_GROUPS = 256
MOST_URLS = 256
MOST_TOLD = 6
"""Preflights and requests of a group that are told one by one; the others are counted."""
WORTH_A_FINDING = 3
"""Preflights that the answer before could have spared."""

_VARIES = compile_late(r"(?<=/)(?:[0-9]+|[0-9a-fA-F-]{16,}|(?=[^/]*[0-9])[\w~-]{20,})(?=/|$)")


class _Group:
    __slots__ = (
        "again", "client", "indices", "last", "max_age", "method", "origin", "preflights", "refused", "requests",
        "run_out", "server", "shown", "told", "where",
    )  # fmt: skip

    def __init__(self, x: Subject, origin: str, method: str, where: str) -> None:
        self.client = client_name(x)
        self.server = host_name(x.url)
        self.origin, self.method, self.where = origin, method, where
        self.preflights = self.requests = 0
        self.refused: str | None = None
        """Why the browser refused, as Chrome's code; ``None`` where it did not."""
        self.again: list[int] = []
        """Preflights sent although an answer still held."""
        self.run_out: list[int] = []
        """Preflights sent because the answer before was not kept for long enough."""
        self.last: OrderedDict[str, Asked] = OrderedDict()
        """URL → the last preflight that was permitted."""
        self.max_age: str | None = None
        self.indices: list[int] = []
        self.told: list[tuple[Subject, CorsVerdict, str]] = []
        self.shown = ""


class PreflightStories:
    """Groups preflights with the requests that follow them."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[str, str, str], _Group] = OrderedDict()
        self._asked: OrderedDict[int, tuple[str, str, str]] = OrderedDict()

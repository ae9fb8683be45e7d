"""Recordings → what is said about them: each capture through an engine of its own, with one masker for all.

`Explanation` is the stream; `explain` collects it into a `Report`. Exchanges that were not asked for are still
observed, because cookies, caches and preflights of the others depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from inspector.capture import Capture, CaptureError, open_capture
from inspector.engine import Engine, Options
from inspector.exchange import Exchange
from inspector.mask import Masker
from inspector.patterns import compile_late
from inspector.report import SCHEMA, CaptureInfo, ExchangeReport, Grade, Report, Severity, Story, summarize
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.baseline import Baseline

Progress = Callable[[str, int, int], None]
"""Called now and then with the capture's path, how many exchanges are done, and how many entries there are."""

_PROGRESS_EVERY = 256
_STATUS = compile_late(r"([1-9])xx|([0-9]{3})(?:-([0-9]{3}))?", re.IGNORECASE)
NO_RESPONSE = "none"


class Selection(Struct, frozen=True):
    """Which exchanges to report; nothing given means all. Criteria of one kind add up, kinds narrow each other."""

    hosts: tuple[str, ...] = ()
    """Shell-style patterns in lower case, matched against the host, or host and port where a pattern has a colon."""
    statuses: tuple[tuple[int, int], ...] = ()
    """Inclusive ranges; 0 is an exchange without a response."""
    entries: tuple[tuple[int | None, int], ...] = ()
    """(capture or ``None`` for any, index)."""

    def takes(self, exchange: Exchange, capture: int) -> bool:
        """Whether an exchange was asked for."""
        if self.entries and not any(c in (None, capture) and i == exchange.index for c, i in self.entries):
            return False
        if self.statuses:
            status = exchange.response.status if exchange.response is not None else 0
            if not any(first <= status <= last for first, last in self.statuses):
                return False
        return not self.hosts or host_matches(self.hosts, exchange.request.url)


EVERY_EXCHANGE = Selection()


def parse_status(text: str) -> tuple[int, int]:
    """``404``, ``4xx``, ``400-499`` or ``none`` as a range. Raises `ValueError` for anything else."""
    if text.lower() == NO_RESPONSE:
        return 0, 0
    match = _STATUS.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a status: write 404, 4xx, 400-499, or none for no response")
    if match[1]:
        return int(match[1]) * 100, int(match[1]) * 100 + 99
    first, last = int(match[2]), int(match[3] or match[2])
    if first > last:
        raise ValueError(f"'{text}' is no range: {last} comes before {first}")
    return first, last


def parse_entry(text: str) -> tuple[int | None, int]:
    """``12``, ``#12`` or ``1:12`` (capture 1, entry 12). Raises `ValueError` for anything else."""
    match = re.fullmatch(r"#?(?:([0-9]{1,9}):)?([0-9]{1,9})", text)
    if match is None:
        raise ValueError(f"'{text}' is not an entry: write its number, as in 12, or 1:12 for entry 12 of capture 1")
    return (int(match[1]) if match[1] else None), int(match[2])


@lru_cache(maxsize=4096)
def host_matches(patterns: tuple[str, ...], url: str) -> bool:
    """Whether a URL's host, or host and port where a pattern has a colon, fits one of these shell-style patterns."""
    target = parse(url)
    with_port = f"{target.host}:{target.port}"
    return any(fnmatchcase(with_port if ":" in pattern else target.host, pattern) for pattern in patterns)


class Explanation:
    """The reports on some captures, one exchange at a time. Iterate once, in the order exchanges were judged.

    `captures`, `stories`, `grades` and `failures` are complete when the iteration is.
    """

    def __init__(
        self,
        paths: Sequence[str],
        options: Options,
        selection: Selection = EVERY_EXCHANGE,
        progress: Progress | None = None,
        accepted: Baseline | None = None,
    ) -> None:
        self.options = options
        self.failures: list[str] = []
        """One line for each file that could not be read."""
        self.stories: list[Story] = []
        self.grades: list[Grade] = []
        self._paths = tuple(paths)
        self._selection = selection
        self._progress = progress
        self._accepted = accepted
        self._masker = Masker(options.reveal)
        self._read: list[CaptureInfo] = []

    @property
    def _focused(self) -> bool:
        asked = self.options
        return bool(asked.only or asked.rules) or asked.severity is not Severity.INFO

    @property
    def captures(self) -> tuple[CaptureInfo, ...]:
        """What was read; files that could not be are not among them."""
        return tuple(self._read)

    def __iter__(self) -> Iterator[ExchangeReport]:
        for path in self._paths:
            try:
                capture = open_capture(path)
            except CaptureError as error:
                self.failures.append(str(error))
                continue
            yield from self._explain(capture, len(self._read))
            self._read.append(capture.info())  # not the capture, which holds its file

    def _explain(self, capture: Capture, number: int) -> Iterator[ExchangeReport]:
        engine = Engine(self.options, self._masker)
        takes = None if self._selection == EVERY_EXCHANGE else self._selection.takes
        taken: set[int] = set()
        told: list[Story] = []
        for done, exchange in enumerate(capture.exchanges(), 1):
            report = engine.observe(exchange, number)
            told += engine.stories()
            if takes is None or takes(exchange, number):
                taken.add(exchange.index)
                yield report if self._accepted is None else self._accepted.mark(report)
            if self._progress is not None and done % _PROGRESS_EVERY == 0:
                self._progress(capture.path, done, capture.entries)
        told.extend(engine.finish())
        told.sort(key=_by_beginning)
        self._keep(told, number, taken)
        sites = () if self._focused else engine.sites.sites(number)
        if sites:
            from inspector.grade.site import grade

            self.grades += [grade(site, self._masker) for site in sites if takes is None or site.exchange in taken]

    def _keep(self, stories: Iterable[Story], number: int, taken: set[int]) -> None:
        """Keep the stories that were asked for. Who asks for warnings, or one topic, asks for no others' stories."""
        focused = self._focused
        for story in stories:
            if focused and not story.annotations:
                continue
            if self._selection == EVERY_EXCHANGE or not taken.isdisjoint(story.exchanges):
                told = msgspec.structs.replace(story, capture=number)
                self.stories.append(told if self._accepted is None else self._accepted.mark_story(told))


def _by_beginning(story: Story) -> int:
    return story.exchanges[0] if story.exchanges else 0


def in_order(exchange: ExchangeReport) -> tuple[int, int]:
    """Sort key: by capture, then by position in it."""
    return exchange.capture, exchange.index


def collect(explanation: Explanation) -> Report:
    """Run an explanation to its end and keep all of it, exchanges in file order."""
    exchanges = tuple(sorted(explanation, key=in_order))
    stories = tuple(explanation.stories)
    grades = tuple(explanation.grades)
    return Report(SCHEMA, explanation.captures, exchanges, stories, summarize(exchanges, stories), grades)


def explain(
    paths: Sequence[str],
    options: Options,
    selection: Selection = EVERY_EXCHANGE,
    progress: Progress | None = None,
) -> Report:
    """Explain captures; ``-`` is standard input. Files that cannot be read are left out; to learn which, use
    `Explanation.failures` and `collect`.
    """
    return collect(Explanation(paths, options, selection, progress))

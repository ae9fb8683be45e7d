"""Feeds exchanges through verdicts and rules, one at a time, with bounded memory.

`Engine.observe` is the only entry: reading a recording loops over it, the proxy calls it for each flow. Rules are
found by what an exchange has, through an index over their triggers, not by running all of them on everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from inspector.browser.verdict import Verdicts
from inspector.exchange import Exchange
from inspector.grade.gather import Sites
from inspector.mask import Masker
from inspector.report import (
    Annotation,
    ExchangeReport,
    HttpVersions,
    MessageFields,
    Severity,
    Story,
)
from inspector.rule_index import index_for
from inspector.rules.base import Finding, Rule
from inspector.scrub import Remembered, scrub_annotations, scrub_stories
from inspector.session import Session
from inspector.settings import NO_LEVELS, Levels
from inspector.stories import Stories
from inspector.subject import Subject

if TYPE_CHECKING:
    from inspector.conformance import Conformance


INTERNAL_ERROR = "inspector/internal-error"
MOST_STORIES = 10_000


class Options(Struct, frozen=True):
    """What to tell. Empty sets mean everything; `severity` is the least grave one told.

    `fields` adds the field lines of both messages to each exchange's report, `explain_fields` what each of them says.
    """

    only: frozenset[str] = frozenset()
    """Topics."""
    rules: frozenset[str] = frozenset()
    """Rule ids."""
    ignore: frozenset[str] = frozenset()
    """Topics and rule ids that are not asked."""
    own: tuple[Rule, ...] = ()
    """Rules besides those of the product and of installed packages."""
    levels: Levels = NO_LEVELS
    severity: Severity = Severity.INFO
    reveal: bool = False
    fields: bool = False
    explain_fields: bool = False
    conformance: bool = False
    """Whether httplint, an optional extra, is asked too (see `inspector.conformance`)."""


EVERYTHING = Options()


class Engine:
    """One session of observing: one capture, or one run of the proxy."""

    def __init__(self, options: Options = EVERYTHING, masker: Masker | None = None) -> None:
        self.options = options
        self.masker = masker or Masker(options.reveal)
        self.session = Session()
        self._index = index_for(options.only, options.rules, options.ignore, options.own)
        self._stories = Stories()
        self._ended: deque[Story] = deque(maxlen=MOST_STORIES)
        self._secrets = Remembered()
        self.sites = Sites()
        self._conformance: Conformance | None = None
        if options.conformance:
            from inspector.conformance import Conformance  # httplint is optional, and slow to import

            self._conformance = Conformance(options)

    def observe(self, exchange: Exchange, capture: int = 0) -> ExchangeReport:
        """Judge one exchange and say what is worth saying about it. Never raises for what the exchange holds."""
        session = self.session
        x = Subject(exchange, session, self.masker)
        trouble: list[Annotation] = []
        try:
            session.connections.observe(x)
            session.retries.observe(x)
            session.clients.observe(x)
            x.verdicts = Verdicts(
                cors=session.preflights.judge(x),
                cookies=session.jar.due(x),
                set_cookies=session.jar.store(x),
                cache=session.cache.judge(x),
                block=session.blocking.judge(x),
            )
        except Exception as error:
            trouble.append(_internal_error("the verdicts", error))
        secrets = x.secrets
        if secrets.texts:
            self._secrets.remember(exchange.index, secrets)
        told = self._stories.observe(x)
        if told:
            self._keep(told)
        if self._stories.faults:
            trouble += self._faults_of_stories()
        annotations = scrub_annotations(self._annotate(x, trouble), secrets, self.masker)
        session.resources.observe(x)
        self.sites.observe(x)
        return self._report(x, capture, annotations)

    def stories(self) -> tuple[Story, ...]:
        """The stories that have ended since this was asked last, with the annotations that were asked for.

        At most `MOST_STORIES` wait to be asked for; the oldest are then forgotten.
        """
        told = tuple(self._ended)
        self._ended.clear()
        return told

    def finish(self) -> tuple[Story, ...]:
        """The rest of the stories, when no more exchanges come."""
        self._keep(self._stories.finish())
        faults = self._faults_of_stories()
        if faults:
            self._keep([Story("internal-error", "Not every story could be told", (), annotations=tuple(faults))])
        return self.stories()

    def _faults_of_stories(self) -> list[Annotation]:
        faults = [_internal_error("the teller of a story", error) for error in self._stories.faults]
        self._stories.faults.clear()
        return faults

    def _keep(self, told: Iterable[Story]) -> None:
        kept: list[Story] = []
        for story in told:
            annotations = self._asked_for(story.annotations) if story.annotations else ()
            if annotations is not story.annotations:
                story = msgspec.structs.replace(story, annotations=annotations)
            kept.append(story)
        self._ended += scrub_stories(kept, self._secrets, self.masker)

    def _asked_for(self, annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        """Those of a story's annotations that the options let through, at the severity that was settled."""
        options = self.options
        kept: list[Annotation] = []
        for a in annotations:
            topic = a.rule.partition("/")[0]
            severity = options.levels.of(a.rule, "", a.severity)
            if (
                severity is not None
                and severity.at_least(options.severity)
                and (not options.rules or a.rule in options.rules)
                and (not options.only or topic in options.only)
                and options.ignore.isdisjoint((topic, a.rule))
            ):
                kept.append(a if severity is a.severity else msgspec.structs.replace(a, severity=severity))
        return tuple(kept)

    def _annotate(self, x: Subject, told: list[Annotation]) -> list[Annotation]:
        least, levels = self.options.severity.rank, self.options.levels
        index, here, everywhere = self._index, x.session.told(x.url.origin), x.session.everywhere
        for rule in index.candidates(x, here.spent | everywhere.spent):
            try:
                found = rule.check(x)
                if not found:
                    continue
                findings = (found,) if isinstance(found, Finding) else tuple(found)
            except Exception as error:  # hostile traffic must never stop the report, or a page in the proxy
                told.append(_internal_error(f"the rule `{rule.id}`", error))
                continue
            once = None
            before = least + 1
            if rule.once != "exchange":
                once = here if rule.once == "origin" else everywhere
                before = min(before, once.ranks.get(rule.id, before))
            for finding in findings:
                severity = finding.severity or rule.severity
                if levels.entries:
                    settled = levels.of(rule.id, x.url.host, severity)
                    if settled is None:
                        continue
                    severity = settled
                if severity.rank >= before:
                    continue
                if once is not None:
                    once.ranks[rule.id] = min(once.ranks.get(rule.id, before), severity.rank)
                    if severity.rank <= rule.gravest.rank:
                        once.spent |= index.bit[rule.id]
                told.append(rule.annotation(finding, severity))
        if len(told) > 1:
            told.sort(key=_gravity)
        if self._conformance is not None:
            told += self._conformance.annotations(x)
        return told

    def _report(self, x: Subject, capture: int, annotations: tuple[Annotation, ...]) -> ExchangeReport:
        exchange, response = x.exchange, x.response
        context = exchange.context
        return ExchangeReport(
            exchange.index,
            capture,
            x.method,
            x.shown_url,
            x.status or None,
            x.verdicts,
            annotations,
            response.reason if response is not None else None,
            HttpVersions(x.client_version, x.server_version),
            context.resource_type,
            x.media_type or None,
            context.page.id if context.page is not None else None,
            exchange.timings.started,
            exchange.timings.total,
            response.body.transferred if response is not None else None,
            exchange.failure.message if exchange.failure is not None else None,
            self._fields(x),
        )

    def _fields(self, x: Subject) -> MessageFields | None:
        if not self.options.fields:
            return None
        from inspector.fieldguide.lines import message_fields  # the guide is large, and seldom asked for

        return message_fields(x, explain=self.options.explain_fields)


_gravity = attrgetter("severity.rank")


def _internal_error(what: str, error: Exception) -> Annotation:
    return Annotation(
        INTERNAL_ERROR,
        Severity.NOTE,
        "This exchange could not be judged completely",
        f"A fault of inspector's own: {what} failed with `{type(error).__name__}`. The traffic is not at fault, and "
        "every other finding here stands.",
        "Please report it, with the capture if it can be shared.",
    )

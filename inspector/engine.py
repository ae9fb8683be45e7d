"""Feeds exchanges through verdicts and rules, one at a time, with bounded memory.

`Engine.observe` is the only entry: reading a recording loops over it, the proxy calls it for each flow. Rules are
found by what an exchange has, through an index over their triggers, not by running all of them on everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import Struct

from inspector.browser.verdict import Verdicts
from inspector.content.kinds import kind_of
from inspector.content.tokens import has_token
from inspector.exchange import Exchange
from inspector.fields import methods, statuses
from inspector.fields.set_cookie import parse_set_cookie
from inspector.grade.gather import Sites
from inspector.mask import Masker, secrets_of
from inspector.report import (
    Annotation,
    ExchangeReport,
    HttpVersions,
    MessageFields,
    Severity,
    Story,
)
from inspector.rules.base import Finding, Rule, Trigger, ValueTest
from inspector.rules.catalogue import all_rules
from inspector.session import Session
from inspector.settings import NO_LEVELS, Levels
from inspector.stories import Stories
from inspector.subject import Subject
from inspector.url import parameter_names

if TYPE_CHECKING:
    from inspector.conformance import Conformance

Names = tuple[str, ...]
Index = dict[str, list[str]]
NONE: frozenset[str] = frozenset()
_NO_TRIGGERS: frozenset[Trigger] = frozenset()
_LONGEST_KNOWN = 512
"""Characters of a field's value that is remembered."""
_LONGEST_URL = 16_384
"""Characters of a URL in which rules' terms are looked for."""

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


class RuleIndex:
    """Finds the rules to ask for an exchange. Built once for a choice of rules; safe to share between engines.

    Sets of rules are numbers, a bit for each rule. What an exchange has is a short tuple, and most exchanges of a
    capture have one that was seen before: the rules are then found by one look-up. For a new one each trigger that is
    met adds its rules, so the cost does not grow with the catalogue.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._on: dict[Trigger, int] = {}
        self._also: dict[Trigger, int] = {}
        self._without: dict[Trigger, int] = {}
        self._asking_once = 0
        """The rules that ask for nothing beside `on`."""
        self.bit = {rule.id: 1 << place for place, rule in enumerate(rules)}
        """The set of one rule, by its id."""
        for place, rule in enumerate(rules):
            for triggers, bits in ((rule.on, self._on), (rule.also, self._also), (rule.without, self._without)):
                for trigger in triggers:
                    bits[trigger] = bits.get(trigger, 0) | 1 << place
            if not rule.also:
                self._asking_once |= 1 << place
        asked_for = {**self._on, **self._also, **self._without}
        self._values = _Values(asked_for)
        self._url_terms = _UrlTerms(asked_for)
        self._marks_asked = any(trigger[0] == "mark" for trigger in self._on)
        self._parameters = frozenset([str(name) for kind, name in self._on if kind == "parameter"])
        self._met: dict[tuple[object, ...], int] = {}
        self._listed: dict[int, tuple[Rule, ...]] = {}

    def candidates(self, x: Subject, spent: int = 0) -> tuple[Rule, ...]:
        """The rules whose triggers are met (see `inspector.rules.base.Rule`), in the catalogue's order.

        Those in the set `spent` are left out.
        """
        verdicts, req, res = x.verdicts, x.req, x.res
        asked, answered = req.index, res.index
        sent, got = tuple(asked), tuple(answered)
        cors, block = verdicts.cors, verdicts.block
        cookies: tuple[tuple[str, Names, frozenset[str]], ...] = ()
        if verdicts.set_cookies:
            lines = answered.get("set-cookie", ())
            cookies = tuple(
                [
                    (verdict.outcome, verdict.codes, parse_set_cookie(line).attribute_names)
                    for verdict, line in zip(verdicts.set_cookies, lines, strict=False)
                ]
            )
        signature = (
            x.status,
            x.method,
            x.url.scheme,
            x.is_document,
            x.client_version,
            x.server_version,
            None if cors is None else cors.outcome,
            None if block is None else block.outcome,
            cookies,
            bool(cookies or verdicts.cookies),
            x.request.body.state,
            kind_of(x.media_type) if x.status else None,
            x.recorded_kind,
            x.marks.groups if self._marks_asked else (),
            "?" in x.request.url,
            self._parameters.intersection(parameter_names(x.request.url)) if "=" in x.request.url else NONE,
            has_token(x),
            x.exchange.failure is not None,
            x.exchange.context.recorder.vantage,
            len(asked) != len(req.lines) or len(answered) != len(res.lines),
            self._values.met(sent, asked, got, answered),
            self._url_terms.met(x.request.url),
            got,
            sent,
        )
        met = self._met.get(signature)
        if met is None:
            if len(self._met) > 8192:
                self._met.clear()
            met = self._met[signature] = self._chosen(_triggers(*signature))
        left = met & ~spent
        found = self._listed.get(left)
        if found is None:
            if len(self._listed) > 8192:
                self._listed.clear()
            found = self._listed[left] = self._list(left)
        return found

    def _chosen(self, met: list[Trigger]) -> int:
        on = without = 0
        also = self._asking_once
        for trigger in met:
            on |= self._on.get(trigger, 0)
            also |= self._also.get(trigger, 0)
            without |= self._without.get(trigger, 0)
        return on & also & ~without

    def _list(self, rules: int) -> tuple[Rule, ...]:
        listed = []
        while rules:
            lowest = rules & -rules
            listed.append(self._rules[lowest.bit_length() - 1])
            rules ^= lowest
        return tuple(listed)


class _Values:
    """The tests that rules make of fields' values, and what they said of values seen before."""

    def __init__(self, triggers: Iterable[Trigger]) -> None:
        self._tests: dict[tuple[bool, str], list[tuple[Trigger, ValueTest]]] = {}
        for trigger in triggers:
            if trigger[0] in ("request value", "response value"):
                name, holds = cast("tuple[str, ValueTest]", trigger[1])
                self._tests.setdefault((trigger[0] == "response value", name), []).append((trigger, holds))
        self._tested: dict[tuple[bool, Names], Names] = {}
        self._known: dict[tuple[bool, str, str], tuple[Trigger, ...]] = {}

    def met(self, sent: Names, asked: Index, got: Names, answered: Index) -> tuple[Trigger, ...]:
        """The triggers whose test is passed, by the names of both messages' fields and their values."""
        met: tuple[Trigger, ...] = ()
        for of_response, names, index in ((False, sent, asked), (True, got, answered)):
            tested = self._tested.get((of_response, names))
            if tested is None:
                tested = self._names(of_response, names)
            for name in tested:
                lines = index[name]
                value = lines[0] if len(lines) == 1 else ", ".join(lines)
                passed = self._known.get((of_response, name, value))
                if passed is None:
                    passed = self._test(of_response, name, value)
                if passed:
                    met += passed
        return met

    def _names(self, of_response: bool, names: Names) -> Names:
        """Those of the names whose values are tested; most messages have a set of names that was seen before."""
        if len(self._tested) >= 4096:
            self._tested.clear()
        found = self._tested[of_response, names] = tuple([n for n in names if (of_response, n) in self._tests])
        return found

    def _test(self, of_response: bool, name: str, value: str) -> tuple[Trigger, ...]:
        passed = tuple([trigger for trigger, holds in self._tests[of_response, name] if holds(value)])
        if len(value) <= _LONGEST_KNOWN:
            if len(self._known) >= 16_384:
                self._known.clear()
            self._known[of_response, name, value] = passed
        return passed


class _UrlTerms:
    """The terms that rules look for in URLs, all of them looked for at once."""

    def __init__(self, triggers: Iterable[Trigger]) -> None:
        self._of: dict[str, tuple[Trigger, ...]] = {}
        for trigger in triggers:
            if trigger[0] == "url":
                for term in cast("tuple[str, ...]", trigger[1]):
                    self._of[term] = (*self._of.get(term, ()), trigger)

    @cached_property
    def _search(self) -> Callable[[str], list[str]]:
        from ahocorasick_rs import AhoCorasick  # compiled, and needed when the first exchange comes

        automaton = AhoCorasick(list(self._of))
        return lambda text: automaton.find_matches_as_strings(text, overlapping=True)

    def met(self, url: str) -> frozenset[Trigger]:
        """The triggers of which a term is in the URL."""
        found = self._search(url[:_LONGEST_URL].lower())
        return frozenset([trigger for term in set(found) for trigger in self._of[term]]) if found else _NO_TRIGGERS


def _triggers(
    status: int,
    method: str,
    scheme: str,
    document: bool,
    client: str | None,
    server: str | None,
    cors: str | None,
    block: str | None,
    set_cookies: tuple[tuple[str, Names, frozenset[str]], ...],
    cookies: bool,
    content: str,
    kind: str | None,
    recorded: str | None,
    marks: Names,
    query: bool,
    parameters: frozenset[str],
    token: bool,
    failed: bool,
    vantage: str | None,
    repeated: bool,
    told: tuple[Trigger, ...],
    in_url: frozenset[Trigger],
    response: Names,
    request: Names,
) -> list[Trigger]:
    """The triggers an exchange meets, out of its signature."""
    met: list[Trigger] = [
        ("always", None),
        ("responded", status != 0),
        ("status", status),
        ("class", status // 100),
        ("registered status", status == 0 or status in statuses.REGISTERED),
        ("method", method),
        ("registered method", method in methods.KNOWN),
        ("scheme", scheme),
        ("document", document),
        ("version", client),
        ("version", server),
        ("cors", cors),
        ("block", block),
        ("cookies", cookies),
        ("content", content in ("full", "truncated", "omitted")),
        ("kind", kind),
        ("recorded", recorded),
        ("query", query),
        ("token", token),
        ("failure", failed),
        ("vantage", vantage),
        ("repeated", repeated),
    ]
    for outcome, codes, attributes in set_cookies:
        met.append(("set-cookie outcome", outcome))
        met += [("set-cookie", code) for code in codes]
        met += [("set-cookie attribute", name) for name in attributes]
    met += told
    met += in_url
    met += [("mark", group) for group in marks]
    met += [("parameter", name) for name in parameters]
    met += [("response", name) for name in response]
    met += [("request", name) for name in request]
    return met


@lru_cache(maxsize=8)
def index_for(
    only: frozenset[str], rules: frozenset[str], ignore: frozenset[str] = frozenset(), own: tuple[Rule, ...] = ()
) -> RuleIndex:
    """The index over the rules that a choice of topics and ids leaves; empty sets choose all."""
    return RuleIndex(
        tuple(
            rule
            for rule in all_rules(own)
            if (not only or rule.topic in only)
            and (not rules or rule.id in rules)
            and ignore.isdisjoint((rule.topic, rule.id))
        )
    )


class Engine:
    """One session of observing: one capture, or one run of the proxy."""

    def __init__(self, options: Options = EVERYTHING, masker: Masker | None = None) -> None:
        self.options = options
        self.masker = masker or Masker(options.reveal)
        self.session = Session()
        self._index = index_for(options.only, options.rules, options.ignore, options.own)
        self._stories = Stories()
        self._ended: deque[Story] = deque(maxlen=MOST_STORIES)
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
        told = self._stories.observe(x)
        if told:
            self._keep(told)
        if self._stories.faults:
            trouble += self._faults_of_stories()
        annotations = self._annotate(x, trouble)
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
        for story in told:
            annotations = self._asked_for(story.annotations) if story.annotations else ()
            if annotations is not story.annotations:
                story = msgspec.structs.replace(story, annotations=annotations)
            self._ended.append(story)

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

    def _annotate(self, x: Subject, told: list[Annotation]) -> tuple[Annotation, ...]:
        least, levels = self.options.severity.rank, self.options.levels
        index, here, everywhere = self._index, x.session.told(x.url.origin), x.session.everywhere
        for rule in index.candidates(x, here.spent | everywhere.spent):
            once = None
            before = least + 1
            if rule.once != "exchange":
                once = here if rule.once == "origin" else everywhere
                given = once.ranks.get(rule.id)
                if given is not None and given < before:
                    before = given
            try:
                found = rule.check(x)
                if found is None:
                    continue
                findings = (found,) if isinstance(found, Finding) else tuple(found)
            except Exception as error:  # hostile traffic must never stop the report, or a page in the proxy
                told.append(_internal_error(f"the rule `{rule.id}`", error))
                continue
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
            told.sort(key=_rank)
        if self._conformance is not None:
            told += self._conformance.annotations(x)
        return tuple(told) if self.masker.reveal else self._scrub(x, told)

    def _scrub(self, x: Subject, told: list[Annotation]) -> tuple[Annotation, ...]:
        """The net under masking: no text may contain a secret of this exchange, however it got there."""
        secrets = secrets_of(x.exchange) if told else ()
        if secrets:
            texts: list[str | None] = []
            for a in told:
                texts += (a.title, a.detail, a.fix, a.condition)
                texts += [e.value for e in a.evidence]
            shown = "\n".join([text for text in texts if text])
            for secret in secrets:
                if secret in shown:
                    return tuple([self._scrubbed(a, secrets) for a in told])
        return tuple(told)

    def _scrubbed(self, a: Annotation, secrets: tuple[str, ...]) -> Annotation:
        def hide(text: str | None) -> str | None:
            return self.masker.scrub(text, secrets) if text else text

        return msgspec.structs.replace(
            a,
            title=hide(a.title),
            detail=hide(a.detail),
            fix=hide(a.fix),
            condition=hide(a.condition),
            evidence=tuple(
                msgspec.structs.replace(e, value=hide(e.value), mark=None if hide(e.value) != e.value else e.mark)
                for e in a.evidence
            ),
        )

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


def _rank(annotation: Annotation) -> int:
    return annotation.severity.rank


def _internal_error(what: str, error: Exception) -> Annotation:
    return Annotation(
        INTERNAL_ERROR,
        Severity.NOTE,
        "This exchange could not be judged completely",
        f"A fault of inspector's own: {what} failed with `{type(error).__name__}`. The traffic is not at fault, and "
        "every other finding here stands.",
        "Please report it, with the capture if it can be shared.",
    )

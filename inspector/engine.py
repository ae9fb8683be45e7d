"""Feeds exchanges through verdicts and rules, one at a time, with bounded memory.

`Engine.observe` is the only entry: reading a recording loops over it, the proxy calls it for each flow. Rules are
found by what an exchange has, through an index over their triggers, not by running all of them on everything.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.browser.verdict import Verdicts
from inspector.exchange import Exchange, Fields
from inspector.mask import Masker, secrets_of
from inspector.report import (
    Annotation,
    ExchangeReport,
    FieldLine,
    HttpVersions,
    MessageFields,
    Severity,
    Story,
)
from inspector.rules.base import Finding, Rule
from inspector.rules.catalogue import all_rules
from inspector.session import Session
from inspector.stories import Stories
from inspector.subject import Subject

INTERNAL_ERROR = "inspector/internal-error"


class Options(Struct, frozen=True):
    """What to tell. Empty sets mean everything; `severity` is the least grave one told.

    `fields` adds the field lines of both messages to each exchange's report.
    """

    only: frozenset[str] = frozenset()
    """Topics."""
    rules: frozenset[str] = frozenset()
    """Rule ids."""
    severity: Severity = Severity.INFO
    reveal: bool = False
    fields: bool = False


EVERYTHING = Options()


class RuleIndex:
    """Finds the rules to ask for an exchange. Built once for a choice of rules; safe to share between engines."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._request_names = frozenset(n for r in rules for kind, n in r.on if kind == "request")
        self._response_names = frozenset(n for r in rules for kind, n in r.on if kind == "response")
        self._cache: dict[tuple[object, ...], tuple[Rule, ...]] = {}

    def candidates(self, x: Subject) -> tuple[Rule, ...]:
        """The rules of which at least one trigger is met, in the catalogue's order."""
        verdicts = x.verdicts
        signature = (
            x.status,
            x.method,
            x.url.scheme,
            x.is_document,
            x.client_version,
            x.server_version,
            verdicts.cors.outcome if verdicts.cors else None,
            verdicts.block.outcome if verdicts.block else None,
            bool(verdicts.set_cookies or verdicts.cookies),
            frozenset(x.res.index.keys() & self._response_names),
            frozenset(x.req.index.keys() & self._request_names),
        )
        found = self._cache.get(signature)
        if found is None:
            if len(self._cache) > 4096:
                self._cache.clear()
            met = self._met(signature)
            found = tuple(rule for rule in self._rules if not met.isdisjoint(rule.on))
            self._cache[signature] = found
        return found

    @staticmethod
    def _met(signature: tuple[object, ...]) -> set[tuple[str, object]]:
        status, method, scheme, document, client, server, cors, block, cookies, response, request = signature
        assert isinstance(status, int)
        assert isinstance(response, frozenset)
        assert isinstance(request, frozenset)
        return {
            ("always", None),
            ("responded", status != 0),
            ("status", status),
            ("class", status // 100),
            ("method", method),
            ("scheme", scheme),
            ("document", document),
            ("version", client),
            ("version", server),
            ("cors", cors),
            ("block", block),
            ("cookies", cookies),
            *(("response", name) for name in response),
            *(("request", name) for name in request),
        }


@lru_cache(maxsize=8)
def index_for(only: frozenset[str], rules: frozenset[str]) -> RuleIndex:
    """The index over the rules that a choice of topics and ids leaves; empty sets choose all."""
    return RuleIndex(
        tuple(rule for rule in all_rules() if (not only or rule.topic in only) and (not rules or rule.id in rules))
    )


class Engine:
    """One session of observing: one capture, or one run of the proxy."""

    def __init__(self, options: Options = EVERYTHING, masker: Masker | None = None) -> None:
        self.options = options
        self.masker = masker or Masker(options.reveal)
        self.session = Session()
        self._index = index_for(options.only, options.rules)
        self._stories = Stories()

    def observe(self, exchange: Exchange, capture: int = 0) -> ExchangeReport:
        """Judge one exchange and say what is worth saying about it. Never raises for what the exchange holds."""
        session = self.session
        x = Subject(exchange, session, self.masker)
        trouble: list[Annotation] = []
        try:
            session.connections.observe(x)
            x.verdicts = Verdicts(
                cors=session.preflights.judge(x),
                cookies=session.jar.due(x),
                set_cookies=session.jar.store(x),
                cache=session.cache.judge(x),
                block=session.blocking.judge(x),
            )
        except Exception as error:
            trouble.append(_internal_error("the verdicts", error))
        annotations = self._annotate(x, trouble)
        self._stories.observe(x)
        return self._report(x, capture, annotations)

    def finish(self) -> tuple[Story, ...]:
        """The stories of the session, when no more exchanges come."""
        return self._stories.finish()

    def _annotate(self, x: Subject, trouble: list[Annotation]) -> tuple[Annotation, ...]:
        least = self.options.severity.rank
        told = trouble
        for rule in self._index.candidates(x):
            try:
                if rule.once != "exchange" and x.session.told(rule.id, x.url.origin if rule.once == "origin" else ""):
                    continue
                found = rule.check(x)
                if found is None:
                    continue
                for finding in (found,) if isinstance(found, Finding) else tuple(found):
                    severity = finding.severity or rule.severity
                    if severity.rank > least:
                        continue
                    if rule.once != "exchange":
                        key = x.url.origin if rule.once == "origin" else ""
                        if not x.session.first(rule.id, key):
                            continue
                    told.append(
                        Annotation(
                            rule.id,
                            severity,
                            finding.title or rule.title,
                            finding.detail,
                            finding.fix,
                            finding.evidence,
                            finding.references or rule.references,
                            finding.certainty,
                            finding.condition,
                        )
                    )
            except Exception as error:  # hostile traffic must never stop the report, or a page in the proxy
                told.append(_internal_error(f"the rule `{rule.id}`", error))
        if len(told) > 1:
            told.sort(key=_rank)
        return self._scrub(x, told)

    def _scrub(self, x: Subject, told: list[Annotation]) -> tuple[Annotation, ...]:
        """The net under masking: no text may contain a secret of this exchange, however it got there."""
        secrets = () if self.masker.reveal or not told else secrets_of(x.exchange)
        if not secrets:
            return tuple(told)
        return tuple(self._scrubbed(a, secrets) for a in told)

    def _scrubbed(self, a: Annotation, secrets: tuple[str, ...]) -> Annotation:
        shown = "\n".join(
            (a.title, a.detail, a.fix or "", a.condition or "", *(e.value for e in a.evidence if e.value))
        )
        if not any(secret in shown for secret in secrets):
            return a
        hide = self.masker.scrub
        return Annotation(
            a.rule,
            a.severity,
            hide(a.title, secrets),
            hide(a.detail, secrets),
            hide(a.fix, secrets) if a.fix else a.fix,
            tuple(
                type(e)(e.where, e.name, hide(e.value, secrets), None, e.label, e.exchange) if e.value else e
                for e in a.evidence
            ),
            a.references,
            a.certainty,
            hide(a.condition, secrets) if a.condition else a.condition,
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
            MessageFields(self._lines(x.req), self._lines(x.res)) if self.options.fields else None,
        )

    def _lines(self, fields: Fields) -> tuple[FieldLine, ...]:
        return tuple(FieldLine(f.name, self.masker.field(f.name, f.value)) for f in fields)


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

"""The same finding on many exchanges is one finding with a list. Pure functions over a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from inspector.report import Annotation, ExchangeReport, Severity
from inspector.url import parse


class Occurrence(NamedTuple):
    """One annotation and the exchange it was made on."""

    exchange: ExchangeReport
    annotation: Annotation


class Group(Struct, frozen=True):
    """One finding: the same rule, title and certainty at one origin, wherever it occurred, in order."""

    origin: str
    title: str
    occurrences: tuple[Occurrence, ...]

    @property
    def first(self) -> Occurrence:
        """The occurrence that is shown in full."""
        return self.occurrences[0]

    @property
    def exchanges(self) -> tuple[ExchangeReport, ...]:
        """The exchanges concerned, each once, in order."""
        return tuple({(o.exchange.capture, o.exchange.index): o.exchange for o in self.occurrences}.values())


class RuleGroups(Struct, frozen=True):
    """Everything one rule found at one severity, what occurs most often first."""

    rule: str
    severity: Severity
    groups: tuple[Group, ...]

    @property
    def topic(self) -> str:
        """The rule's topic."""
        return self.rule.partition("/")[0]

    @property
    def occurrences(self) -> int:
        """How often the rule spoke."""
        return sum(len(group.occurrences) for group in self.groups)

    @property
    def exchanges(self) -> int:
        """On how many exchanges the rule spoke."""
        return len({(o.exchange.capture, o.exchange.index) for g in self.groups for o in g.occurrences})


def group_findings(exchanges: Iterable[ExchangeReport]) -> list[RuleGroups]:
    """Findings graver than info, gravest first, then on most exchanges first, then as first met."""
    by_rule: dict[tuple[Severity, str], dict[tuple[str, str, str], list[Occurrence]]] = {}
    for exchange in exchanges:
        for annotation in exchange.annotations:
            if annotation.severity is Severity.INFO:
                continue
            findings = by_rule.setdefault((annotation.severity, annotation.rule), {})
            key = (origin_of(exchange), annotation.title, annotation.certainty)
            findings.setdefault(key, []).append(Occurrence(exchange, annotation))
    found = [
        RuleGroups(
            rule,
            severity,
            tuple(
                Group(origin, title, tuple(occurrences))
                for (origin, title, _), occurrences in sorted(findings.items(), key=lambda item: -len(item[1]))
            ),
        )
        for (severity, rule), findings in by_rule.items()
    ]
    found.sort(key=lambda group: (group.severity.rank, -group.exchanges))
    return found


def explanations(exchanges: Iterable[ExchangeReport]) -> dict[str, Counter[str]]:
    """By topic, how often each explanation was given; topics with most of them first."""
    found: dict[str, Counter[str]] = {}
    for exchange in exchanges:
        for annotation in exchange.annotations:
            if annotation.severity is Severity.INFO:
                found.setdefault(annotation.rule.partition("/")[0], Counter())[annotation.title] += 1
    return dict(sorted(found.items(), key=lambda item: -item[1].total()))


def origin_of(exchange: ExchangeReport) -> str:
    """The origin an exchange was with; for opaque ones (``data:``) the scheme; for a `CONNECT`, which names host and
    port alone, those."""
    url = parse(exchange.url)
    if url.origin != "null":
        return url.origin
    return exchange.url if exchange.method == "CONNECT" else f"{url.scheme}:"


def counts(annotations: Iterable[Annotation]) -> dict[Severity, int]:
    """How many annotations there are of each severity, all four named."""
    found = dict.fromkeys(Severity, 0)
    for annotation in annotations:
        found[annotation.severity] += 1
    return found

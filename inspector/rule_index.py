"""Finds the rules to ask for an exchange by what it has, not by running all of them on everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, cast

from inspector.content.kinds import kind_of
from inspector.content.tokens import has_token
from inspector.exchange import Fields, Shape
from inspector.fields import methods, statuses
from inspector.fields.set_cookie import parse_set_cookie
from inspector.rules.base import Rule, Trigger, ValueTest
from inspector.rules.catalogue import all_rules
from inspector.url import parameter_names

if TYPE_CHECKING:
    from inspector.subject import Subject

Names = tuple[str, ...]
NONE: frozenset[str] = frozenset()
_NO_TRIGGERS: frozenset[Trigger] = frozenset()
_LONGEST_KNOWN = 512
"""Characters of a field's value that is remembered."""
_LONGEST_URL = 16_384
"""Characters of a URL in which rules' terms are looked for."""


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
        sent, got = req.shape, res.shape
        cors, block = verdicts.cors, verdicts.block
        cookies: tuple[tuple[str, Names, frozenset[str]], ...] = ()
        if verdicts.set_cookies:
            lines = res.index.get("set-cookie", ())
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
            x.memo(has_token),
            x.exchange.failure is not None,
            x.exchange.context.recorder.vantage,
            sent.distinct and got.distinct,
            self._values.met(req, res),
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
        self._tested: dict[tuple[bool, Shape], Names] = {}
        self._known: dict[tuple[bool, str, str], tuple[Trigger, ...]] = {}

    def met(self, request: Fields, response: Fields) -> tuple[Trigger, ...]:
        """The triggers whose test is passed by the fields of one of the messages."""
        met: tuple[Trigger, ...] = ()
        for of_response, fields in ((False, request), (True, response)):
            tested = self._tested.get((of_response, fields.shape))
            if tested is None:
                tested = self._names(of_response, fields.shape)
            index = fields.index
            for name in tested:
                lines = index[name]
                value = lines[0] if len(lines) == 1 else ", ".join(lines)
                passed = self._known.get((of_response, name, value))
                if passed is None:
                    passed = self._test(of_response, name, value)
                if passed:
                    met += passed
        return met

    def _names(self, of_response: bool, shape: Shape) -> Names:
        """Those of the names whose values are tested; most messages have a shape that was seen before."""
        if len(self._tested) >= 4096:
            self._tested.clear()
        names = tuple([name for name in shape.received if (of_response, name) in self._tests])
        self._tested[of_response, shape] = names
        return names

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
    distinct: bool,
    told: tuple[Trigger, ...],
    in_url: frozenset[Trigger],
    response: Shape,
    request: Shape,
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
        ("repeated", not distinct),
    ]
    for outcome, codes, attributes in set_cookies:
        met.append(("set-cookie outcome", outcome))
        met += [("set-cookie", code) for code in codes]
        met += [("set-cookie attribute", name) for name in attributes]
    met += told
    met += in_url
    met += [("mark", group) for group in marks]
    met += [("parameter", name) for name in parameters]
    met += [("response", name) for name in response.received]
    met += [("request", name) for name in request.received]
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

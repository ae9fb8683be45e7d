"""Finds the rules to ask for an exchange by what it has, not by running all of them on everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from itertools import compress
from typing import TYPE_CHECKING, cast

from msgspec import Struct

from inspector.content.tokens import has_token
from inspector.exchange import Body, Fields, Shape, Timings
from inspector.fields import methods, statuses
from inspector.fields.set_cookie import parse_set_cookie
from inspector.rules.base import SLOW, SMALL, Rule, Trigger, ValueTest
from inspector.rules.catalogue import all_rules
from inspector.url import parameter_names

if TYPE_CHECKING:
    from inspector.subject import Subject

Names = tuple[str, ...]
_MOST_KNOWN = 4096
"""Groups, or sets, of which it is remembered what they do."""
_MOST_VALUES = 1024
"""Values of one field that are remembered."""
_LONGEST_KNOWN = 512
"""Characters of a field's value that is remembered."""
_LONGEST_URL = 16_384
"""Characters of a URL in which rules' terms are looked for."""
_FLAGS = bytes.maketrans(b"0", b"\0")


class RuleIndex:
    """Finds the rules to ask for an exchange. Built once for a choice of rules; safe to share between engines.

    Sets of rules are numbers, a bit for each rule, and what a trigger does is one such number of three parts (see
    `_Triggers`). What an exchange has is told in a few groups of things that go together; what a group does is worked
    out once, and most exchanges only have groups that were seen before. So the cost does not grow with the catalogue.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._width = len(rules)
        self._bits = f"0{self._width}b"
        bits = [1 << self._width - 1 - place for place in range(self._width)]
        self.bit = {rule.id: bit for rule, bit in zip(rules, bits, strict=True)}
        """The set of one rule, by its id."""
        self._every = (1 << self._width) - 1
        self._asking_once = sum(bit for rule, bit in zip(rules, bits, strict=True) if not rule.also) << self._width
        """The rules that ask for nothing beside `on`."""
        triggers = _Triggers(rules, bits)
        self._values = _Values(triggers)
        self._url_terms = _UrlTerms(triggers)
        self._marks_asked = any(trigger[0] == "mark" for trigger in triggers.effects)
        self._parameters = frozenset([str(name) for kind, name in triggers.effects if kind == "parameter"])
        self._of_message = _Known(triggers, _message)
        self._of_context = _Known(triggers, _context)
        self._of_verdicts = _Known(triggers, _verdicts)
        self._of_cookie = _Known(triggers, _cookie)
        self._of_sent = _Known(triggers, _sent)
        self._of_got = _Known(triggers, _got)
        self._of_marks = _Known(triggers, _marks)
        self._of_parameters = _Known(triggers, _parameters)
        self._listed: dict[int, tuple[Rule, ...]] = {}

    def candidates(self, x: Subject, spent: int = 0) -> tuple[Rule, ...]:
        """The rules whose triggers are met (see `inspector.rules.base.Rule`), in the catalogue's order.

        Those in the set `spent` are left out.
        """
        verdicts, req, res, url = x.verdicts, x.req, x.res, x.request.url
        sent, got = req.shape, res.shape
        cors, block = verdicts.cors, verdicts.block
        kind = x.content_kind
        met = (
            self._asking_once
            | self._of_message[x.status, x.method, x.url.scheme, kind if x.status else None, x.recorded_kind]
            | self._of_context[
                x.is_document,
                x.client_version,
                x.server_version,
                x.request.body.state,
                x.exchange.failure is not None,
                x.exchange.context.recorder.vantage,
                "?" in url,
                bool(sent.repeated or got.repeated),
                x.memo(has_token),
                _is_slow(x.exchange.timings),
                x.response is None or _is_small(x.response.body),
                x.exchange.server.tls is not None,
            ]
            | self._of_verdicts[
                None if cors is None else cors.outcome,
                None if block is None else block.outcome,
                bool(verdicts.set_cookies or verdicts.cookies),
            ]
            | self._of_sent[sent]
            | self._of_got[got]
            | self._values.met(req, res)
            | self._url_terms.met(url)
        )
        if verdicts.set_cookies:
            for line, verdict in zip(res.all("set-cookie"), verdicts.set_cookies, strict=False):
                met |= self._of_cookie[verdict.outcome, verdict.codes, parse_set_cookie(line).attribute_names]
        if self._marks_asked and x.marks.groups:
            met |= self._of_marks[x.marks.groups]
        if "=" in url:
            named = self._parameters.intersection(parameter_names(url))
            if named:
                met |= self._of_parameters[named]
        width = self._width
        left = met & met >> width & ~(met >> 2 * width) & self._every & ~spent
        found = self._listed.get(left)
        if found is None:
            if len(self._listed) >= _MOST_KNOWN:
                self._listed.clear()
            found = self._listed[left] = tuple(
                compress(self._rules, format(left, self._bits).encode().translate(_FLAGS))
            )
        return found


class _Triggers:
    """What each trigger does to the sets of rules.

    An effect is a number with a set of rules in each of three parts, lowest first: those the trigger asks (`on`), those
    it satisfies (`also`), and those it silences (`without`). What several triggers do is their effects' union.
    """

    def __init__(self, rules: tuple[Rule, ...], bits: list[int]) -> None:
        self.effects: dict[Trigger, int] = {}
        for rule, bit in zip(rules, bits, strict=True):
            for part, triggers in enumerate((rule.on, rule.also, rule.without)):
                for trigger in triggers:
                    self.effects[trigger] = self.effects.get(trigger, 0) | bit << part * len(rules)

    def of(self, triggers: Iterable[Trigger]) -> int:
        """What several triggers do together."""
        effect, known = 0, self.effects
        for trigger in triggers:
            if trigger in known:
                effect |= known[trigger]
        return effect


class _Known[K](dict[K, int]):
    """What a group of things does, worked out where it is asked for the first time."""

    def __init__(self, triggers: _Triggers, triggers_of: Callable[[K], Iterable[Trigger]]) -> None:
        super().__init__()
        self._triggers = triggers
        self._triggers_of = triggers_of

    def __missing__(self, key: K) -> int:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        effect = self[key] = self._triggers.of(self._triggers_of(key))
        return effect


class _Values:
    """The tests that rules make of fields' values, and what they said of values seen before."""

    def __init__(self, triggers: _Triggers) -> None:
        self._tests: tuple[dict[str, _Tested], dict[str, _Tested]] = ({}, {})
        for trigger in triggers.effects:
            if trigger[0] in ("request value", "response value"):
                name, holds = cast("tuple[str, ValueTest]", trigger[1])
                tested = self._tests[trigger[0] == "response value"].setdefault(name, _Tested(name, {}, []))
                tested.tests.append((triggers.effects[trigger], holds))
        self._tested: tuple[dict[Shape, tuple[_Tested, ...]], ...] = ({}, {})

    def met(self, request: Fields, response: Fields) -> int:
        """What the tests do that are passed by the fields of one of the messages."""
        effect = 0
        for of_response, fields in enumerate((request, response)):
            shape, by_name = fields.shape, fields.by_name
            tested = self._tested[of_response].get(shape)
            if tested is None:
                tested = self._of_shape(of_response, shape)
            for field in tested:
                value = by_name[field.name]
                passed = field.known.get(value)
                effect |= field.test(value) if passed is None else passed
        return effect

    def _of_shape(self, of_response: int, shape: Shape) -> tuple[_Tested, ...]:
        """The tests for fields of these names; most messages have a shape that was seen before."""
        known = self._tested[of_response]
        if len(known) >= _MOST_KNOWN:
            known.clear()
        tests = self._tests[of_response]
        found = known[shape] = tuple([tests[name] for name in tests.keys() & shape.received.keys()])
        return found


class _Tested(Struct, frozen=True):
    """The tests of one field's values."""

    name: str
    known: dict[str, int]
    """Value → what the tests it passes do."""
    tests: list[tuple[int, ValueTest]]

    def test(self, value: str) -> int:
        """What the tests do that a value passes; remembered where it is not too long."""
        effect = 0
        for does, holds in self.tests:
            if holds(value):
                effect |= does
        if len(value) <= _LONGEST_KNOWN:
            if len(self.known) >= _MOST_VALUES:
                self.known.clear()
            self.known[value] = effect
        return effect


class _UrlTerms:
    """The terms that rules look for in URLs, all of them looked for at once."""

    def __init__(self, triggers: _Triggers) -> None:
        self._of: dict[str, int] = {}
        for trigger, effect in triggers.effects.items():
            if trigger[0] == "url":
                for term in cast("tuple[str, ...]", trigger[1]):
                    self._of[term] = self._of.get(term, 0) | effect

    @cached_property
    def _search(self) -> Callable[[str], list[str]]:
        from ahocorasick_rs import AhoCorasick  # compiled, and needed when the first exchange comes

        automaton = AhoCorasick(list(self._of))
        return lambda text: automaton.find_matches_as_strings(text, overlapping=True)

    def met(self, url: str) -> int:
        """What the triggers do of which a term is in the URL."""
        effect = 0
        for term in self._search(url[:_LONGEST_URL].lower()):
            effect |= self._of[term]
        return effect


def _is_slow(timings: Timings) -> bool:
    total, wait = timings.total, timings.wait
    return (total is not None and total >= SLOW) or (wait is not None and wait >= SLOW)


def _is_small(body: Body) -> bool:
    return (body.transferred or body.size or 0) <= SMALL


def _message(key: tuple[int, str, str, str | None, str | None]) -> list[Trigger]:
    status, method, scheme, kind, recorded = key
    return [
        ("always", None),
        ("responded", status != 0),
        ("status", status),
        ("class", status // 100),
        ("registered status", status == 0 or status in statuses.REGISTERED),
        ("method", method),
        ("registered method", method in methods.KNOWN),
        ("scheme", scheme),
        ("kind", kind),
        ("recorded", recorded),
    ]


def _context(
    key: tuple[bool, str | None, str | None, str, bool, str | None, bool, bool, bool, bool, bool, bool],
) -> list[Trigger]:
    document, client, server, content, failed, vantage, query, repeated, token, slow, small, handshake = key
    return [
        ("document", document),
        ("version", client),
        ("version", server),
        ("content", content in ("full", "truncated", "omitted")),
        ("failure", failed),
        ("vantage", vantage),
        ("query", query),
        ("repeated", repeated),
        ("token", token),
        ("slow", slow),
        ("small", small),
        ("handshake", handshake),
    ]


def _verdicts(key: tuple[str | None, str | None, bool]) -> list[Trigger]:
    cors, block, cookies = key
    return [("cors", cors), ("block", block), ("cookies", cookies)]


def _cookie(key: tuple[str, Names, frozenset[str]]) -> list[Trigger]:
    outcome, codes, attributes = key
    return [
        ("set-cookie outcome", outcome),
        *[("set-cookie", code) for code in codes],
        *[("set-cookie attribute", name) for name in attributes],
    ]


def _sent(shape: Shape) -> list[Trigger]:
    return [("request", name) for name in shape.received]


def _got(shape: Shape) -> list[Trigger]:
    return [("response", name) for name in shape.received]


def _marks(groups: Names) -> list[Trigger]:
    return [("mark", group) for group in groups]


def _parameters(names: frozenset[str]) -> list[Trigger]:
    return [("parameter", name) for name in names]


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

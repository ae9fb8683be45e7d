"""The engine by itself: choosing rules, telling things once, surviving a rule that fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import EVERYTHING, INTERNAL_ERROR, Engine, Options
from inspector.exchange import Context, Exchange, Fields, Recorder, Request, Response
from inspector.report import Severity, summarize
from inspector.rule_index import RuleIndex
from inspector.rules import base
from inspector.rules.base import Finding, Rule, rule
from inspector.rules.catalogue import all_rules, rule_by_id, topics
from inspector.rules.example import parse_example

ALWAYS = base.always()
PLAIN = """
GET https://shop.test/{path} HTTP/1.1

HTTP/1.1 {status} Fine
X-Test: 1

hello
"""


def made(check, on=ALWAYS, once="exchange", severity=Severity.NOTE, **more) -> Rule:
    page = {"what": "w", "why": "w", "fix": "f", "shows": "", "quiet": ""}
    return rule("test/made", severity, "Made", on=on, references=("https://a.test",), once=once, **page, **more)(check)


def engine_with(*rules: Rule, options: Options = EVERYTHING) -> Engine:
    engine = Engine(options)
    engine._index = RuleIndex(rules)
    return engine


def exchanges(*paths: str, status: int = 200) -> list[Exchange]:
    return parse_example("\n---\n".join(PLAIN.format(path=path, status=status).strip() for path in paths))


def told(engine: Engine, *paths: str, status: int = 200) -> list[list[str]]:
    return [[a.rule for a in engine.observe(x).annotations] for x in exchanges(*paths, status=status)]


def test_a_failing_rule_becomes_a_note_and_the_others_still_speak():
    def fails(x):
        raise RuntimeError("boom")

    engine = engine_with(made(fails), made(lambda x: Finding("fine")))
    (rules,) = told(engine, "")
    assert sorted(rules) == [INTERNAL_ERROR, "test/made"]


def test_a_rule_that_fails_while_yielding_keeps_nothing_half_told():
    def fails(x):
        yield Finding("one")
        raise RuntimeError("boom")

    assert told(engine_with(made(fails)), "") == [[INTERNAL_ERROR]]


@pytest.mark.parametrize(
    ("trigger", "spoken"),
    [
        (base.always(), True),
        (base.status(404), True),
        (base.status(200, 500), False),
        (base.status_class(4), True),
        (base.status_class(5), False),
        (base.response_field("x-test"), True),
        (base.response_field("x-other"), False),
        (base.request_field("cookie"), False),
        (base.method("GET"), True),
        (base.scheme("http"), False),
        (base.scheme("https"), True),
        (base.responded(), True),
        (base.failed(), False),
        (base.http_version("1.1"), True),
        (base.http_version("2"), False),
        (base.document(), False),
        (base.cors(), False),
    ],
)
def test_triggers(trigger, spoken):
    engine = engine_with(made(lambda x: Finding("fine"), on=trigger))
    assert told(engine, "", status=404) == [["test/made"] if spoken else []]
    engine = engine_with(made(lambda x: Finding("fine"), also=trigger))
    assert told(engine, "", status=404) == [["test/made"] if spoken else []]
    engine = engine_with(made(lambda x: Finding("fine"), without=trigger))
    assert told(engine, "", status=404) == [[] if spoken else ["test/made"]]


def test_rules_are_asked_in_the_catalogues_order_whatever_they_ask_for():
    order: list[int] = []
    asks = ({}, {"also": base.status(200, 404)}, {"without": base.status(500)}, {"on": base.scheme("https")}) * 20
    engine = engine_with(*(made(lambda x, n=n: order.append(n), **ask) for n, ask in enumerate(asks)))
    told(engine, "", status=404)
    assert order == list(range(80))


@pytest.mark.parametrize(("once", "count"), [("exchange", 3), ("origin", 1), ("session", 1)])
def test_how_often_a_finding_is_told(once, count):
    engine = engine_with(made(lambda x: Finding("fine"), once=once))
    assert sum(len(rules) for rules in told(engine, "a", "b", "c")) == count


def test_a_rule_that_finds_nothing_keeps_its_turn():
    engine = engine_with(made(lambda x: Finding("fine") if x.url.path == "/b" else None, once="origin"))
    assert told(engine, "a", "b", "b") == [[], ["test/made"], []]


def by_path(x):
    """What the first part of the path says is found, one finding for each letter."""
    letters = {"e": Severity.ERROR, "w": Severity.WARNING, "n": Severity.NOTE, "i": Severity.INFO}
    return [Finding("found", severity=letters[c]) for c in x.url.path[1:].partition("-")[0]]


WORSE = st.lists(st.text(alphabet="ewni", max_size=3), min_size=1, max_size=6)


def severities(paths, least):
    engine = engine_with(made(by_path, once="origin", gravest=Severity.ERROR), options=Options(severity=least))
    return [[a.severity for a in engine.observe(x).annotations] for x in exchanges(*(f"{p}-" for p in paths))]


def test_a_graver_finding_is_told_after_a_mild_one():
    assert severities(["i", "n", "n", "w", "n", "w", "e", "e"], Severity.INFO) == [
        [Severity.INFO],
        [Severity.NOTE],
        [],
        [Severity.WARNING],
        [],
        [],
        [Severity.ERROR],
        [],
    ]


@settings(deadline=None)
@given(WORSE)
def test_asking_for_the_graver_ones_leaves_out_the_others_and_changes_nothing_else(paths):
    everything = severities(paths, Severity.INFO)
    for least in Severity:
        assert severities(paths, least) == [[s for s in found if s.at_least(least)] for found in everything]


def test_no_rule_that_is_told_once_finds_worse_than_it_says():
    for one in all_rules():
        for x in parse_example(one.page.shows):
            found = [a for a in Engine().observe(x).annotations if a.rule == one.id]
            assert one.once == "exchange" or all(one.gravest.at_least(a.severity) for a in found), one.id


def test_severity_of_a_finding_wins_over_the_rules_and_the_gravest_comes_first():
    engine = engine_with(
        made(lambda x: Finding("mild")),
        made(lambda x: Finding("grave", severity=Severity.ERROR)),
        options=Options(severity=Severity.WARNING),
    )
    (report,) = [engine.observe(x) for x in exchanges("")]
    assert [a.severity for a in report.annotations] == [Severity.ERROR]


def test_options_choose_rules():
    everything = {r.id for r in all_rules()}
    assert everything
    topic = topics()[0]
    only = {r.id for r in Engine(Options(only=frozenset({topic})))._index._rules}
    assert only == {id for id in everything if id.startswith(f"{topic}/")}
    one = next(iter(everything))
    assert {r.id for r in Engine(Options(rules=frozenset({one})))._index._rules} == {one}
    assert rule_by_id(one) is not None
    assert rule_by_id("no/such") is None


def test_session_memory_of_what_was_told_is_bounded(monkeypatch):
    monkeypatch.setattr("inspector.session.MOST_TOLD", 10)
    engine = engine_with(made(lambda x: Finding("fine"), once="origin"))
    for number in range(100):
        engine.session.first("a", str(number))
    assert len(engine.session._told) <= 10


def test_summary_counts():
    engine = engine_with(made(lambda x: Finding("fine"), severity=Severity.ERROR), made(lambda x: None))
    summary = summarize([engine.observe(x) for x in exchanges("a", "b")])
    assert (summary.exchanges, summary.error, summary.warning, summary.worst) == (2, 2, 0, ("test/made",))


NAMES = st.sampled_from(
    [r_name for r in all_rules() for kind, r_name in r.on if kind in ("request", "response")] + ["x-other"]
)
HOSTILE = st.lists(st.tuples(NAMES, st.text(max_size=60)), max_size=8).map(Fields.of)


@settings(deadline=None)  # the first example pays for what is imported lazily
@given(
    request=HOSTILE,
    response=HOSTILE,
    status=st.one_of(st.integers(0, 999), st.sampled_from([101, 204, 206, 301, 304, 401, 405, 416, 429, 503])),
    method=st.one_of(st.text(max_size=8), st.sampled_from(["GET", "POST", "OPTIONS", "HEAD"])),
    url=st.one_of(st.text(max_size=40), st.sampled_from(["https://shop.test/a?b=c", "http://127.0.0.1/", "data:,x"])),
    version=st.sampled_from([None, "1.0", "1.1", "2", "3"]),
)
def test_no_traffic_makes_a_rule_or_a_verdict_fail(request, response, status, method, url, version):
    exchange = Exchange(
        0,
        Request(method, url, request, version),
        Context(Recorder("har")),
        Response(status, None, response, version) if status else None,
    )
    engine = Engine()
    for _ in range(2):
        report = engine.observe(exchange)
        assert not [a for a in report.annotations if a.rule == INTERNAL_ERROR], report.annotations
    engine.finish()


@pytest.mark.parametrize(
    ("query", "spoken"),
    [
        ("?token=1", True),
        ("?a=b&TOKEN=1", True),
        ("?a=b;token=", True),
        ("?to%6Ben=1", True),
        ("#token=1", True),
        ("?tokens=1", False),
        ("?a=token", False),
        ("?token", False),
        ("", False),
    ],
)
def test_a_rule_on_a_parameter_is_asked_where_the_url_has_it(query, spoken):
    engine = engine_with(made(lambda x: Finding("fine"), on=base.url_parameter("token")))
    assert told(engine, query) == [["test/made"] if spoken else []]


def test_rules_on_lines_of_set_cookie_and_on_kinds_of_content():
    (x,) = parse_example("""
GET https://shop.test/ HTTP/2

HTTP/2 200
Content-Type: text/css
Set-Cookie: a=1; Path=/; Max-Age=0
""")
    for trigger, spoken in (
        (base.set_cookie_attribute("max-age"), True),
        (base.set_cookie_attribute("domain"), False),
        (base.set_cookie_judged("expired"), True),
        (base.set_cookie_judged("stored"), False),
        (base.answered_with("style"), True),
        (base.answered_with("html"), False),
    ):
        found = engine_with(made(lambda x: Finding("fine"), on=trigger)).observe(x).annotations
        assert bool(found) is spoken, trigger

"""Rate limits: every family is read, in words; who does not wait is told once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import INTERNAL_ERROR, Engine
from inspector.fields.rate_limit import FIELDS, limits, parse_policy, parse_reset
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example
from inspector.session.retries import MOST_ADDRESSES

AT = "# at: 2026-03-01T12:00:00Z\n"


def told(text: str) -> list[dict[str, Annotation]]:
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text)]
    return [{a.rule: a for a in r.annotations if a.rule.startswith(("ratelimit/", "inspector/"))} for r in reports]


def answer(*fields: str, status: int = 200) -> dict[str, Annotation]:
    lines = "\n".join(fields)
    return told(f"{AT}GET https://api.shop.test/a HTTP/1.1\n\nHTTP/1.1 {status} X\n{lines}")[0]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            ('RateLimit-Policy: "hour";q=1000;w=3600', 'RateLimit: "hour";r=999;t=60'),
            "`hour`: 999 requests of 1,000 left in 1 hour; the count starts anew in 1 minute, at 12:01:00 UTC.",
        ),
        (('RateLimit: "a";r=1;t=0',), "`a`: 1 request left; the count starts anew now."),
        (
            ('RateLimit-Policy: "burst";q=5;w=1, "day";q=500;w=86400',),
            "`burst`: at most 5 requests in 1 second. `day`: at most 500 requests in 1 day.",
        ),
        (
            ("RateLimit: limit=100, remaining=50, reset=5",),
            "50 requests of 100 left; the count starts anew in 5 seconds, at 12:00:05 UTC.",
        ),
        (("RateLimit-Policy: 100;w=60",), "At most 100 requests in 1 minute."),
        (
            ("RateLimit-Limit: 100, 100;w=60", "RateLimit-Remaining: 7", "RateLimit-Reset: 30"),
            "7 requests of 100 left; the count starts anew in 30 seconds, at 12:00:30 UTC.",
        ),
        (
            ("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 41", "X-RateLimit-Reset: 1772366520"),
            "41 requests of 60 left; the count starts anew in 2 minutes, at 12:02:00 UTC.",
        ),
        (
            ("X-RateLimit-Remaining: 41", "X-RateLimit-Reset: 1772366520000"),
            "41 requests left; the count starts anew in 2 minutes, at 12:02:00 UTC.",
        ),
        (
            ("X-Rate-Limit-Remaining: 3", "X-Rate-Limit-Reset: 2026-03-01T12:05:00Z"),
            "3 requests left; the count starts anew in 5 minutes, at 12:05:00 UTC.",
        ),
        (
            ("X-RateLimit-Remaining-Tokens: 9000", "X-RateLimit-Reset-Tokens: 6m0s"),
            "`tokens`: 9,000 tokens left; the count starts anew in 6 minutes, at 12:06:00 UTC.",
        ),
        (
            ("X-RateLimit-Limit-Minute: 20", "X-RateLimit-Remaining-Minute: 19"),
            "`minute`: 19 requests of 20 left in 1 minute.",
        ),
        (("X-Shopify-Shop-Api-Call-Limit: 10/40",), "30 requests of 40 left."),
    ],
)
def test_families(fields: tuple[str, ...], said: str):
    assert answer(*fields)["ratelimit/explained"].detail == said


@pytest.mark.parametrize(
    "field",
    [
        "RateLimit: ;;;",
        'RateLimit: "a"',
        "RateLimit-Policy: (1 2)",
        "X-RateLimit-Limit: unlimited",
        "X-RateLimit-Remaining: -1",
        "RateLimit: ünïcode",
    ],
)
def test_what_cannot_be_read_is_left_alone(field: str):
    assert answer(field) == {}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("30", (30, False)),
        ("1.5", (1.5, False)),
        ("1772366520", (1772366520, True)),
        ("1772366520000", (1772366520, True)),
        ("6m0s", (360, False)),
        ("250ms", (0.25, False)),
        ("1d2h", (93600, False)),
        ("Sun, 01 Mar 2026 12:00:00 GMT", (1772366400, True)),
        ("2026-03-01T12:00:00Z", (1772366400, True)),
        ("", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_resets(value: str, read: tuple[float, bool] | None):
    assert parse_reset(value) == read


def test_policies():
    assert parse_policy('"a";q=10;w=1;qu="content-bytes"') == {"a": (10, 1, "content-bytes")}
    assert parse_policy("nonsense;;") is None


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        (("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 90"), "The rate limit is used up"),
        (("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 6"), "Rate limit: only 6 requests left"),
        (('RateLimit-Policy: "a";q=60;w=60', 'RateLimit: "a";r=1;t=9'), "Rate limit: only 1 request left"),
        (("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 7"), None),
        (("X-RateLimit-Remaining: 7",), None),
        (("X-RateLimit-Limit: 1", "X-RateLimit-Remaining: 0"), None),
        (('RateLimit-Policy: "a";q=60;w=60', 'RateLimit: "a";r=0;t=0'), None),
        (("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1772366300"), None),
    ],
)
def test_near_the_limit(fields: tuple[str, ...], title: str | None):
    found = answer(*fields).get("ratelimit/near-limit")
    assert (found.title if found else None) == title


def test_a_refusal_is_not_near_the_limit():
    assert "ratelimit/near-limit" not in answer("X-RateLimit-Limit: 60", "X-RateLimit-Remaining: 0", status=429)


def storm(
    *moments: float, status: str = "429 X", retry: str = "Retry-After: 30", path: str = "/a"
) -> list[Annotation | None]:
    text = "\n---\n".join(
        f"# at: 2026-03-01T12:{int(m // 60):02d}:{m % 60:06.3f}Z\nGET https://api.shop.test{path.format(i)} HTTP/1.1\n\nHTTP/1.1 {status}\n{retry}"
        for i, m in enumerate(moments)
    )
    return [found.get("ratelimit/retry-storm") for found in told(text)]


def test_each_stage_is_told_once():
    found = storm(0, 1, 2, 3, 4, 5)
    assert [a.severity if a else None for a in found] == [None, Severity.NOTE, None, Severity.WARNING, None, None]
    assert found[1] is not None
    assert found[1].title == "Asked again 29 seconds before `Retry-After` was over"


def test_five_at_an_even_pace():
    found = storm(0, 1, 2, 3, 4, 5, status="503 X", retry="X-Other: 1")
    assert [a.severity if a else None for a in found] == [None, None, None, None, Severity.WARNING, None]


@pytest.mark.parametrize(
    ("moments", "retry"),
    [
        ((0, 30.2, 61, 92), "Retry-After: 30"),
        ((0, 29.8), "Retry-After: 30"),
        ((0, 1, 3, 7, 15, 31), "X-Other: 1"),
        ((0, 20, 40, 60, 80, 100), "X-Other: 1"),
        ((0, 1, 2, 3), "X-Other: 1"),
        ((0,), "Retry-After: 30"),
        ((0, 1, 2), "Retry-After: 0"),
    ],
)
def test_who_waits_is_left_alone(moments: tuple[float, ...], retry: str):
    assert storm(*moments, retry=retry) == [None] * len(moments)


def test_addresses_are_counted_apart_and_few_are_remembered():
    engine = Engine()
    for exchange in parse_example(
        "\n---\n".join(
            f"GET https://api.shop.test/{i} HTTP/1.1\n\nHTTP/1.1 429 X\nRetry-After: 60"
            for i in range(MOST_ADDRESSES + 50)
        )
    ):
        report = engine.observe(exchange)
        assert "ratelimit/retry-storm" not in {a.rule for a in report.annotations}
    assert len(engine.session.retries._streaks) == MOST_ADDRESSES


def test_an_answer_ends_the_streak():
    text = "GET https://a.test/ HTTP/1.1\n\nHTTP/1.1 429 X\nRetry-After: 60"
    found = told(f"{text}\n---\nGET https://a.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n---\n{text}")
    assert "ratelimit/retry-storm" not in found[2]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40), max_size=6))
def test_hostile_fields(fields: dict[str, str]):
    limits(fields)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FIELDS), st.from_regex(r'\A[\w";=, .:+-]{0,40}\Z'))
def test_hostile_values_through_the_engine(name: str, value: str):
    line = value.replace("\n", " ").replace("\r", " ")
    assert INTERNAL_ERROR not in answer(f"{name}: {line}")

"""Field values read by small parsers: Retry-After, ranges, challenges, Via, Alt-Svc, WebSocket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.alt_svc import Alternative, parse_alt_svc
from inspector.fields.challenges import parse_challenges
from inspector.fields.methods import METHODS, is_safe
from inspector.fields.ranges import ByteRange, parse_content_range, parse_range
from inspector.fields.retry_after import parse_retry_after
from inspector.fields.via import parse_proxy_status, parse_via
from inspector.fields.websocket import accept_for, close_words, tokens


@pytest.mark.parametrize(
    ("value", "delay", "date"),
    [
        ("120", 120, None),
        ("0", 0, None),
        (" 5 ", 5, None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None, 784111777.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None, 784111777.0),
    ],
)
def test_retry_after(value, delay, date):
    read = parse_retry_after(value)
    assert (read.delay, read.date) == (delay, date)


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "120s", "٣"])
def test_retry_after_that_is_none(value):
    assert parse_retry_after(value) is None


def test_retry_after_counts_from_the_receipt():
    assert parse_retry_after("60").at(1000.0) == 1060.0
    assert parse_retry_after("60").at(None) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes 0-1023/146515", ("bytes", 0, 1023, 146515, 1024)),
        ("bytes 42-1233/*", ("bytes", 42, 1233, None, 1192)),
        ("bytes */1234", ("bytes", None, None, 1234, None)),
        ("Items 0-9/20", ("items", 0, 9, 20, 10)),
    ],
)
def test_content_range(value, expected):
    read = parse_content_range(value)
    assert (read.unit, read.first, read.last, read.complete, read.size) == expected


@pytest.mark.parametrize(
    "value", ["", "bytes", "bytes 5-4/10", "bytes 0-10/10", "bytes */*", "bytes 0-1", "0-1/2", "bytes=0-1/2"]
)
def test_invalid_content_range(value):
    assert parse_content_range(value) is None


def test_range():
    assert parse_range("bytes=0-499, 500-,-20") == (ByteRange(0, 499), ByteRange(500), ByteRange(suffix=20))
    assert parse_range("bytes=5-4") is None
    assert parse_range("items=0-1") is None
    assert parse_range("bytes=") is None
    assert ByteRange(0, 499).resolve(100) == (0, 99)
    assert ByteRange(suffix=20).resolve(100) == (80, 99)
    assert ByteRange(100).resolve(100) is None


def schemes(value: str):
    read = parse_challenges(value)
    return None if read is None else [(c.scheme, c.parameters, c.token68) for c in read]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Basic", [("Basic", {}, None)]),
        ('Basic realm="simple"', [("Basic", {"realm": "simple"}, None)]),
        ("Negotiate YII=", [("Negotiate", {}, "YII=")]),
        ("Negotiate, NTLM", [("Negotiate", {}, None), ("NTLM", {}, None)]),
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [
                ("Newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}, None),
                ("Basic", {"realm": "simple"}, None),
            ],
        ),
        ('Bearer realm="a, Basic b"', [("Bearer", {"realm": "a, Basic b"}, None)]),
        ("", None),
        ('realm="x"', None),
        ("Basic realm", [("Basic", {}, "realm")]),
        ('Basic "x"', None),
    ],
)
def test_challenges(value, expected):
    assert schemes(value) == expected


def test_via():
    hops = parse_via("1.0 fred, 1.1 p.example.net:8080 (Apache/1.1, x)")
    assert [(h.version, h.by, h.comment) for h in hops] == [
        ("1.0", "fred", None),
        ("1.1", "p.example.net:8080", "Apache/1.1, x"),
    ]


def test_proxy_status():
    (status,) = parse_proxy_status('ExampleCDN; error=connection_timeout; next-hop="backend.test:8001"')
    assert (status.by, status.error, status.next_hop) == ("ExampleCDN", "connection_timeout", "backend.test:8001")
    assert parse_proxy_status("not; a valid=;;") == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('h3=":443"; ma=3600', (Alternative("h3", "", 443, 3600),)),
        ('h3=":443"', (Alternative("h3", "", 443, 86400),)),
        ('h2="alt.test:8000", h2=":443"; persist=1', (Alternative("h2", "alt.test", 8000), Alternative("h2", "", 443, 86400, True))),
        ('w%3Dx%3Ay%2Fz=":1"', (Alternative("w=x:y/z", "", 1),)),
        ('h3="[2001:db8::1]:443"', (Alternative("h3", "[2001:db8::1]", 443),)),
    ],
)  # fmt: skip
def test_alt_svc(value, expected):
    assert parse_alt_svc(value).alternatives == expected


def test_alt_svc_clear_and_invalid():
    assert parse_alt_svc("clear").clear
    assert parse_alt_svc("CLEAR") is None, "the keyword is case-sensitive"
    assert parse_alt_svc("h3") is None


def test_websocket_accept_is_the_one_of_the_rfc():
    assert accept_for("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accept_for("short") is None
    assert tokens("permessage-deflate; client_max_window_bits, foo") == ("permessage-deflate", "foo")
    assert close_words(1001)[0] == "going away"
    assert "application" in close_words(4001)[0]
    assert "reserved" in close_words(2000)[0]


def test_methods():
    assert len(METHODS) == 39
    assert {name for name in METHODS if METHODS[name].safe} == {
        "GET", "HEAD", "OPTIONS", "TRACE", "PRI", "PROPFIND", "REPORT", "SEARCH",
    }  # fmt: skip
    assert not is_safe("get")
    assert is_safe("QUERY")
    assert not METHODS["PATCH"].idempotent


@given(st.text(max_size=200))
def test_no_value_makes_a_parser_fail(value):
    for parse in (
        parse_retry_after,
        parse_content_range,
        parse_range,
        parse_challenges,
        parse_via,
        parse_proxy_status,
        parse_alt_svc,
        accept_for,
        tokens,
    ):
        parse(value)


@pytest.mark.parametrize("value", ["a" * 200_000, "a=" * 50_000, 'a="' * 50_000, "(" * 100_000, " ," * 100_000])
def test_long_values_take_no_time(value):
    import time

    begin = time.perf_counter()
    for parse in (parse_challenges, parse_via, parse_alt_svc, parse_range, parse_content_range):
        parse(value)
    assert time.perf_counter() - begin < 2

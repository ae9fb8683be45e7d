"""Dates, entity tags, `Cache-Control` and `Vary`: values to values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.browser_date import read_date
from inspector.fields.cache_control import MOST_SECONDS, delta_seconds, parse_cache_control, split_list
from inspector.fields.etag import parse_entity_tags, parse_etag, strongly_equal, weakly_equal
from inspector.fields.http_date import format_http_date, parse_http_date, parse_imf_fixdate
from inspector.fields.vary import parse_vary

NOVEMBER_1994 = 784111777.0


@pytest.mark.parametrize(
    "value", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_three_forms_of_http_date(value):
    assert parse_http_date(value) == NOVEMBER_1994
    assert read_date(value) == NOVEMBER_1994


@pytest.mark.parametrize(
    "value",
    ["", "0", "-1", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2026 00:00:00 GMT",
     "Sun, 06 Nov 1994 24:00:00 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 +0000"],
)  # fmt: skip
def test_no_http_date(value):
    assert parse_http_date(value) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("06 Nov 1994 08:49:37 GMT", NOVEMBER_1994),
        ("Sun, 06-Nov-1994 08:49:37 GMT", NOVEMBER_1994),
        ("1994-11-06T08:49:37Z", NOVEMBER_1994),
        ("11/06/1994 08:49:37", NOVEMBER_1994),
        ("Nov 6, 1994 08:49:37 GMT", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 09:49:37 +0100", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 03:49:37 EST", NOVEMBER_1994),
        ("Thursday, 01-Jan-70 00:00:00 GMT", 0.0),
        ("Thu, 31 Feb 2030 00:00:00 GMT", read_date("Sun, 03 Mar 2030 00:00:00 GMT")),
        ("Sat, 05 Nov 1994 32:49:37 GMT", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 08:48:97 GMT", NOVEMBER_1994),
        ("Sun, 37 Oct 1994 08:49:37 GMT", None),
        ("Sun, 06 November 1994 08:49:37 am", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 08:49:37Z EST", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 09:49:37 BST", NOVEMBER_1994),
        ("Sun, 06 Nov 1994 05:19:37 NST", NOVEMBER_1994),
        ("1995-00-06 08:49:37", read_date("Tue, 06 Dec 1994 08:49:37 GMT")),
        ("Sun, 06 Nov 1994 08:490:37 GMT", read_date("Sun, 06 Nov 1994 00:00:00 GMT")),
        ("Sun, 06 Nov 194 08:49:37 GMT", None),
        ("06Nov1994 08:49:37 GMT", None),
        ("0", None),
        ("-1", None),
        ("never", None),
        ("1700000000", None),
    ],
)
def test_dates_as_browsers_read_them(value, seconds):
    assert read_date(value) == seconds


def test_two_digit_years_turn_at_70():
    assert parse_http_date("Tuesday, 01-Jan-69 00:00:00 GMT") == parse_http_date("Tue, 01 Jan 2069 00:00:00 GMT")
    assert parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_date_written_is_read(seconds):
    written = format_http_date(seconds)
    assert parse_imf_fixdate(written) == parse_http_date(written)
    assert parse_http_date(written) == seconds


@given(st.text(max_size=60))
def test_dates_never_raise(value):
    for parse in (parse_http_date, read_date):
        found = parse(value)
        assert found is None or math.isfinite(found)


@given(st.from_regex(r"[A-Za-z]{3}, [0-9]{1,2}[ -][A-Za-z]{3,5}[ -][0-9]{2,5} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( [A-Z+0-9-]{1,5})?", fullmatch=True))  # fmt: skip
def test_almost_dates_never_raise(value):
    read_date(value)


@pytest.mark.parametrize(
    ("value", "opaque", "weak"),
    [
        ('"a"', "a", False),
        ('W/"a"', "a", True),
        ('""', "", False),
        ('"a\xe4"', "a\xe4", False),
        ('"a,b"', "a,b", False),
    ],
)
def test_entity_tags(value, opaque, weak):
    tag = parse_etag(value)
    assert tag is not None
    assert (tag.opaque, tag.weak, str(tag)) == (opaque, weak, value)


@pytest.mark.parametrize("value", ["", "a", "'a'", '"a', 'w/"a"', '"a" "b"', '"a b"', "W/a", '"a"b"'])
def test_no_entity_tag(value):
    assert parse_etag(value) is None


def test_lists_of_entity_tags_and_comparison():
    tags = parse_entity_tags('"a", W/"b" ,,"c,d"')
    assert tags is not None
    assert [str(t) for t in tags] == ['"a"', 'W/"b"', '"c,d"']
    assert parse_entity_tags("*") is None
    strong, weak = parse_etag('"b"'), parse_etag('W/"b"')
    assert strong is not None
    assert weak is not None
    assert weakly_equal(strong, weak)
    assert not strongly_equal(strong, weak)
    assert strongly_equal(strong, strong)


@given(st.text(max_size=40))
def test_entity_tags_never_raise(value):
    parse_etag(value)
    parse_entity_tags(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("060", 60), ("9" * 30, MOST_SECONDS), ("0" * 30 + "7", 7), ("9" * 10_000, MOST_SECONDS),
     ("", None), ("-1", None), ("+1", None), ("1.5", None), ("1s", None), ("١", None), (" 1", None)],
)  # fmt: skip
def test_delta_seconds(text, seconds):
    assert delta_seconds(text) == seconds


@pytest.mark.parametrize(
    ("value", "standard", "chromium"),
    [
        ("max-age=60", 60, 60),
        ("MAX-AGE=60", 60, 60),
        ('max-age="60"', 60, None),
        ("max-age =60", 60, None),
        ("max-age= 60", 60, 60),
        ("max-age=x, max-age=60", 60, 60),
        ("max-age=5, max-age=60", 5, 5),
        ("max-age", None, None),
        ("max-age=-1", None, None),
        ("public; max-age=60", None, None),
        ('private="a, max-age=9", max-age=60', 60, 60),
        ("x-max-age=60", None, None),
    ],
)
def test_max_age_by_the_standard_and_by_chromium(value, standard, chromium):
    cc = parse_cache_control(value)
    assert (cc.seconds("max-age"), cc.plain_seconds("max-age")) == (standard, chromium)


@pytest.mark.parametrize(
    ("value", "has", "unqualified", "plain"),
    [
        ("no-cache", True, True, True),
        ("No-Cache", True, True, True),
        ('no-cache="set-cookie"', True, False, False),
        ("no-cache=", True, True, False),
        ('"no-cache"', False, False, False),
        ('foo="no-cache, x"', False, False, False),
    ],
)
def test_no_cache_in_its_forms(value, has, unqualified, plain):
    cc = parse_cache_control(value)
    assert (cc.has("no-cache"), cc.unqualified("no-cache"), cc.plain("no-cache")) == (has, unqualified, plain)


def test_commas_in_quotes_do_not_separate():
    assert split_list(r'a, b="x, y", c="\", d", ,e') == ("a", 'b="x, y"', r'c="\", d"', "e")
    assert split_list('a="never closed, b') == ('a="never closed, b',)


@given(st.text(max_size=80))
def test_cache_control_never_raises(value):
    cc = parse_cache_control(value)
    for name in ("max-age", "no-store"):
        cc.has(name), cc.plain(name), cc.seconds(name), cc.plain_seconds(name)


def test_vary():
    assert parse_vary("Accept-Encoding, ,origin,ORIGIN , *") == ("accept-encoding", "origin", "*")
    assert parse_vary("") == ()

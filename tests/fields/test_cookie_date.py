"""Cookie dates. The expectations of the table were read off a real Chromium's cookie store."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.cookie_date import parse_cookie_date

READ = [
    ("Wed, 01 Jan 2031 00:00:00 GMT", "2031-01-01 00:00:00"),
    ("01-Jan-31 00:00:00", "2031-01-01 00:00:00"),
    ("1 jan 2027 1:2:3", "2027-01-01 01:02:03"),
    ("Jan 1 2027 01:02:03", "2027-01-01 01:02:03"),
    ("1 Janx 27 01:02:03", "2027-01-01 01:02:03"),
    ("Jan Feb 1 2027 01:02:03", "2027-01-01 01:02:03"),
    ("1 2 3 Jan 01:02:03", "2002-01-01 01:02:03"),
    ("1 Jan 5 01:02:03", "2005-01-01 01:02:03"),
    ('"Wed, 13 Oct 2027 07:28:00 GMT"', "2027-10-13 07:28:00"),
    ("Wed, 13 Oct 2027 07:28:00 PST", "2027-10-13 07:28:00"),
    ("13 Oct 69 00:00:00", "2069-10-13 00:00:00"),
    ("13 Oct 70 00:00:00", "1970-10-13 00:00:00"),
    ("1 Jan 027 01:02:03", "2027-01-01 01:02:03"),
    ("01 Jan 00027 01:02:03", "2027-01-01 01:02:03"),
    ("1 Jan 27 001:02:03", "2027-01-01 01:02:03"),
    ("1 Jan 27 01:02:03 04:05:06", "2027-01-01 01:02:03"),
    ("1 Jan 27 1:2 01:02:03", "2027-01-01 01:02:03"),
    ("1a Jan 5 27 01:02:03", "2027-01-05 01:02:03"),
    ("1 Jan 2027a 2027 01:02:03", "2027-01-01 01:02:03"),
    ("Tue Jan 19 03:14:07 2038", "2038-01-19 03:14:07"),
    ("29 Feb 2028 00:00:00", "2028-02-29 00:00:00"),
]

NO_DATE = [
    "",
    "0",
    "-1",
    "2027-01-02 03:04:05",
    "Fri, 31 Feb 2027 00:00:00 GMT",
    "29 Feb 2027 00:00:00",
    "1 Jan 27 23:59:60",
    "1 Jan 27 24:00:00",
    "1 Jan 27 01:60:03",
    "1 Jan 27 1:2",
    "1 Jan 27 01:02:099",
    "1 Jan 27 01:02:09x",
    "1 Jan 27 1:2:3:4",
    "32 Jan 27 01:02:03",
    "0 Jan 27 01:02:03",
    "1a Jan 27 01:02:03",
    "1 xJan 27 01:02:03",
    "1 Jan 2027a 01:02:03",
    "1 Jan 000027 01:02:03",
]


@pytest.mark.parametrize(("text", "moment"), READ)
def test_dates_that_are_read(text: str, moment: str):
    seconds = parse_cookie_date(text)
    assert seconds is not None
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) == moment


@pytest.mark.parametrize("text", NO_DATE)
def test_texts_that_are_no_date(text: str):
    assert parse_cookie_date(text) is None


@pytest.mark.parametrize(
    "text", ["1 Jan 1500 00:00:00", "1 Jan 100 00:00:00", "100 Jan 1 01:02:03", "1 Jan 1600 0:0:0"]
)
def test_early_years_are_dates_in_the_past(text: str):
    assert (parse_cookie_date(text) or 0) < 0


def test_years_beyond_the_calendar_of_python():
    assert (parse_cookie_date("1 Jan 99999 00:00:00") or 0) > 3e12


@given(st.text())
def test_never_raises(text: str):
    parse_cookie_date(text)


@given(st.text(alphabet="0123456789: JanFeb-,", max_size=40))
def test_never_raises_on_what_looks_like_dates(text: str):
    parse_cookie_date(text)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9999, 1, 1)))
def test_http_dates_are_read_exactly(moment):
    text = moment.strftime("%d %b ") + f"{moment.year:04} " + moment.strftime("%H:%M:%S")
    expected = moment.replace(microsecond=0, tzinfo=UTC).timestamp()
    assert parse_cookie_date(text) == expected

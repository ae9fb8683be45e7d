from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.capture import values


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("HTTP/1.1", "1.1"),
        ("http/1.1", "1.1"),
        ("1.1", "1.1"),
        ("HTTP/1.0", "1.0"),
        ("h2", "2"),
        ("HTTP/2", "2"),
        ("http/2.0", "2"),
        ("2", "2"),
        ("h2-14", "2"),
        ("h3", "3"),
        ("HTTP/3", "3"),
        ("h3-29", "3"),
        ("h3-Q050", "3"),
        ("http/2+quic/46", "3"),
        ("spdy/3.1", "spdy/3.1"),
        ("2 2", "2"),
        ("unknown", None),
        ("", None),
        (None, None),
        ("me:", None),
        ("us:", None),
        ("od:", None),
        ("ori", None),
        ("K", None),
        ("HTTP", None),
        ("data", None),
        ("http/4", None),
    ],
)
def test_versions_are_named_or_unknown_and_never_guessed(text, version):
    assert values.http_version(text) == version


NOON = datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T12:00:00.000Z", NOON),
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T14:00:00.000+0200", NOON),
        ("2024-05-01T12:00:00", NOON),
        ("2024-05-01 12:00:00", NOON),
        ("  2024-05-01T12:00:00Z ", NOON),
        ("2024-05-01T12:00:00.5000000+00:00", NOON + 0.5),
        ("Wed, 01 May 2024 12:00:00 GMT", NOON),
        (f"{NOON:.0f}", NOON),
        (f"{NOON * 1000:.0f}", NOON),
        (f"{NOON + 0.25}", NOON + 0.25),
        ("", None),
        ("yesterday", None),
        ("2024-13-45T99:99:99Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("12", None),
        ("9" * 400, None),
    ],
)
def test_dates_of_every_kind(text, moment):
    assert values.timestamp(text) == (pytest.approx(moment, abs=1e-6) if moment is not None else None)


def test_seven_digits_of_a_second_are_kept_to_the_microsecond():
    assert values.timestamp("2024-05-01T13:00:02.7221474+01:00") == pytest.approx(NOON + 2.722147, abs=1e-6)


def test_thirteen_digits_are_milliseconds_and_not_a_date_in_the_middle_ages():
    assert values.timestamp("1611121561000") == 1611121561.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[::1]", ("::1", None)),
        ("[2001:db8::1", ("2001:db8::1", None)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("192.0.2.1:8080", ("192.0.2.1", 8080)),
        ("", (None, None)),
        (None, (None, None)),
        (":443", (None, 443)),
    ],
)
def test_addresses_lose_brackets_and_ports(text, expected):
    assert values.address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17", "17"),
        ("0", None),
        ("-1", None),
        ("", None),
        ("ClientPort:5000;EgressPort:6000", "6000"),
        ("ClientPort:1", None),
    ],
)
def test_connection_ids(text, expected):
    assert values.connection_id(text) == expected


def test_impossible_numbers_are_unknown():
    assert values.duration(-1) is None
    assert values.duration(float("nan")) is None
    assert values.duration(float("inf")) is None
    assert values.duration(0) == 0
    assert values.count(-1) is None
    assert values.count(1e300) is None
    assert values.count(7.0) == 7
    assert values.port("70000") is None
    assert values.port("x") is None
    assert values.port("443") == 443


@given(st.text() | st.from_regex(r"[\d.:TZ+\-hHtTpP/ ]{0,40}"))
def test_no_text_breaks_a_reader(text):
    values.http_version(text)
    values.timestamp(text)
    values.address(text)
    values.connection_id(text)
    values.tls_version(text)
    values.failure_code(text)
    values.port(text)

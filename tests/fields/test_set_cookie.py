"""One ``Set-Cookie`` line as Chromium reads it: the expectations were read off a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.cookie import parse_cookie
from inspector.fields.set_cookie import FOREVER, parse_max_age, parse_set_cookie

PAIRS = [
    ("=v", "", "v"),
    ("a=", "a", ""),
    ("a", "", "a"),
    ("a =1", "a", "1"),
    (" a = 1 ", "a", "1"),
    ("a=b=c", "a", "b=c"),
    ('a="b c"', "a", '"b c"'),
    ('a="b;c"', "a", '"b'),
    ("a=1\t; Secure", "a", "1"),
    ("a,b=1, c=2; Path=/", "a,b", "1, c=2"),
    ("a=é", "a", "é"),
]

ERRORS = [
    ("=", "NoCookieContent"),
    ("  ", "NoCookieContent"),
    (";", "NoCookieContent"),
    ("", "NoCookieContent"),
    ("= ; Secure", "NoCookieContent"),
    ("a\tb=1", "DisallowedCharacter"),
    ("a=b\tc", "DisallowedCharacter"),
    ("a=1; Path=/\tx", "DisallowedCharacter"),
    ("a=1; P\tath=/x", "DisallowedCharacter"),
    ("a=1; foo=b\x01r", "DisallowedCharacter"),
    ("a\x7f=1", "DisallowedCharacter"),
    ("a=1\r\nb=2", "DisallowedCharacter"),
    ("a=" + "x" * 4096, "NameValuePairExceedsMaxSize"),
    ("x" * 4097, "NameValuePairExceedsMaxSize"),
    ("a=" + "é" * 2048, "NameValuePairExceedsMaxSize"),
    ("a=" + "x" * 4095, None),
    ("a=" + "é" * 2047, None),
    ("a=1; " + "y" * 5000, None),
]

MAX_AGES = [
    ("0", 0),
    ("-1", -1),
    ("3600", 3600),
    ("+3600", 3600),
    ("00010", 10),
    ("99999999999999999999", FOREVER),
    ("-99999999999999999999", -FOREVER),
    ("99999999999999999999x", FOREVER),
    ("3600.5", None),
    ("abc", None),
    ("1e3", None),
    ("", None),
    ('"3600"', None),
    ("0x10", None),
    ("٣", None),
]


@pytest.mark.parametrize(("line", "name", "value"), PAIRS)
def test_name_and_value(line: str, name: str, value: str):
    cookie = parse_set_cookie(line)
    assert (cookie.name, cookie.value, cookie.error) == (name, value, None)


@pytest.mark.parametrize(("line", "error"), ERRORS)
def test_lines_that_are_no_cookie(line: str, error: str | None):
    assert parse_set_cookie(line).error == error


@pytest.mark.parametrize(("text", "seconds"), MAX_AGES)
def test_max_age(text: str, seconds: float | None):
    assert parse_max_age(text) == seconds


def test_the_last_of_equal_attributes_counts():
    cookie = parse_set_cookie("a=1; Path=/x; Path=y; SameSite=Strict; SameSite=bad; Max-Age=50; Max-Age=x")
    assert (cookie.path, cookie.same_site, cookie.max_age) == ("y", None, None)


def test_flags_need_no_value_and_ignore_one():
    cookie = parse_set_cookie("a=1; SECURE=false; httponly=0; partitioned=x; samesite=lAX")
    assert (cookie.secure, cookie.http_only, cookie.partitioned, cookie.same_site) == (True, True, True, "Lax")


def test_an_attribute_value_over_1024_octets_is_ignored_and_an_earlier_one_stands():
    longest, over = "/" + "x" * 1023, "/" + "x" * 1024
    assert parse_set_cookie(f"a=1; Path={longest}").path == longest
    cookie = parse_set_cookie(f"a=1; Path=/kept; Path={over}")
    assert (cookie.path, cookie.ignored) == ("/kept", ("path",))


def test_pairs_of_the_cookie_field():
    assert parse_cookie("a=1; b=; =c; d; a=2") == (("a", "1"), ("b", ""), ("", "c"), ("", "d"), ("a", "2"))


@given(st.text())
def test_never_raises(text: str):
    parse_set_cookie(text)
    parse_cookie(text)
    parse_max_age(text)


@given(
    st.lists(st.sampled_from(["a=1", "; ", "Path", "=", "Max-Age", "9" * 30, "Expires", "SameSite", "\t", "x" * 1025]))
)
def test_never_raises_on_what_looks_like_cookies(parts: list[str]):
    cookie = parse_set_cookie("".join(parts))
    assert cookie.size <= 4096 or cookie.error is not None

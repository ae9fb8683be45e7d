"""Content Security Policy as text: CSP3, sections 2.2 and 2.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.csp import (
    Hash,
    HostSource,
    Keyword,
    Nonce,
    SchemeSource,
    Unreadable,
    parse_csp,
    parse_policy,
    parse_source,
)


@pytest.mark.parametrize(
    ("text", "directives"),
    [
        ("", ()),
        (" ; ;\t;", ()),
        ("img-src", (("img-src", ()),)),
        ("IMG-Src 'Self' HTTPS://A.test/Path", (("img-src", ("'Self'", "HTTPS://A.test/Path")),)),
        ("img-src\t'self'\n\fa.test\r ", (("img-src", ("'self'", "a.test")),)),
        ("img-src\x0ba.test", (("img-src\x0ba.test", ()),)),
        ("img-src\xa0a.test", ()),
        ("a b; a c; A d", (("a", ("b",)),)),
        ("upgrade-insecure-requests;sandbox", (("upgrade-insecure-requests", ()), ("sandbox", ()))),
        ("img-src é.test; script-src 'self'", (("script-src", ("'self'",)),)),
        ("script-src ‘self’", ()),
        ("img-src a, b", (("img-src", ("a,", "b")),)),
    ],
)
def test_a_serialised_policy(text, directives):
    assert parse_policy(text).directives == directives


def test_what_is_skipped_is_kept_apart():
    policy = parse_policy("img-src a; IMG-SRC b; img-src c; script-src é")
    assert policy.duplicates == ("img-src", "img-src")
    assert policy.dropped == ("script-src é",)
    assert policy.sources("script-src", "img-src") == ("a",)
    assert policy.first("script-src", "img-src") == "img-src"
    assert "img-src" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("value", "count"),
    [("", 0), (",", 0), ("img-src a", 1), ("img-src a, img-src b", 2), (", img-src a,, ;,", 1), ("é, img-src a", 1)],
)
def test_policies_of_a_field(value, count):
    assert len(parse_csp(value)) == count


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("'self'", Keyword("'self'", "self")),
        ("'UNSAFE-inline'", Keyword("'UNSAFE-inline'", "unsafe-inline")),
        ("'wasm-unsafe-eval'", Keyword("'wasm-unsafe-eval'", "wasm-unsafe-eval")),
        ("'unsafe_inline'", Unreadable("'unsafe_inline'")),
        ("'self", Unreadable("'self")),
        ("'", Unreadable("'")),
        ("self", HostSource("self", None, "self", None, "")),
        ("'nonce-aB3+/-_=='", Nonce("'nonce-aB3+/-_=='", "aB3+/-_==")),
        ("'NONCE-a'", Nonce("'NONCE-a'", "a")),
        ("'nonce-'", Unreadable("'nonce-'")),
        ("'nonce-a==='", Unreadable("'nonce-a==='")),
        ("'nonce-{{x}}'", Unreadable("'nonce-{{x}}'")),
        ("'sha256-aB-_='", Hash("'sha256-aB-_='", "sha256", "aB+/=")),
        ("'SHA512-a'", Hash("'SHA512-a'", "sha512", "a")),
        ("'sha1-a'", Unreadable("'sha1-a'")),
        ("https:", SchemeSource("https:", "https")),
        ("Custom+x-1.0:", SchemeSource("Custom+x-1.0:", "custom+x-1.0")),
        ("1a:", Unreadable("1a:")),
        ("*", HostSource("*", None, "*", None, "")),
        ("*:*", HostSource("*:*", None, "*", "*", "")),
        ("*.A.test:8443/P", HostSource("*.A.test:8443/P", None, "*.a.test", "8443", "/P")),
        ("wss://a.test", HostSource("wss://a.test", "wss", "a.test", None, "")),
        ("https://*", HostSource("https://*", "https", "*", None, "")),
        ("a.test./x", HostSource("a.test./x", None, "a.test.", None, "/x")),
        ("a.test?q", Unreadable("a.test?q")),
        ("a.test#f", Unreadable("a.test#f")),
        ("a.test/?q", HostSource("a.test/?q", None, "a.test", None, "/", True)),
        ("a.test/p#f", HostSource("a.test/p#f", None, "a.test", None, "/p", True)),
        ("//a.test", Unreadable("//a.test")),
        ("a_b.test", Unreadable("a_b.test")),
        ("a.*.test", Unreadable("a.*.test")),
        ("*a.test", Unreadable("*a.test")),
        ("a.test:", SchemeSource("a.test:", "a.test")),
        ("a.test:http", Unreadable("a.test:http")),
        ("[::1]", Unreadable("[::1]")),
        ("https://", Unreadable("https://")),
    ],
)
def test_source_expressions(text, source):
    assert parse_source(text) == source


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    for policy in parse_csp(text):
        for _, values in policy.directives:
            assert all(parse_source(value).text == value for value in values)

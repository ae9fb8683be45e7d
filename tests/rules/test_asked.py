"""Rules are asked wherever they have something to say: by lines that add up, and by what two fields say together."""

from __future__ import annotations

from textwrap import dedent

import pytest

from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.rules.example import parse_example


def told(text: str, rule: str) -> list[list[str]]:
    """The titles of what a rule finds in each exchange."""
    engine = Engine(Options(rules=frozenset({rule})))
    reports = [engine.observe(exchange) for exchange in parse_example(dedent(text))]
    assert INTERNAL_ERROR not in {a.rule for report in reports for a in report.annotations}
    return [[a.title for a in report.annotations] for report in reports]


def last(text: str, rule: str) -> bool:
    return bool(told(text, rule)[-1])


def answer(*lines: str, request: str = "GET https://shop.test/x HTTP/2", status: int = 200) -> str:
    return "\n".join([request, "", f"HTTP/2 {status}", "Date: Sun, 01 Mar 2026 12:00:00 GMT", *lines])


PAST, SOON = "Thu, 01 Jan 1970 00:00:00 GMT", "Sun, 01 Mar 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"Expires: {PAST}", "Cache-Control: max-age=3600"), True),
        ((f"Expires: {SOON}", "Cache-Control: max-age=0"), True),
        ((f"Expires: {SOON}", "Cache-Control: public", "Cache-Control: max-age=0"), True),
        ((f"Expires: {SOON}", "Cache-Control: max-age=3600"), False),
        ((f"Expires: {PAST}", "Cache-Control: no-cache"), False),
        (("Expires: soon",), True),
        (("Expires: soon", f"Expires: {SOON}"), True),
        (("Expires: 0", f"Expires: {SOON}"), False),
        (("Expires: soon", "Cache-Control: max-age=60"), False),
        (("Expires: -1", "Last-Modified: Sat, 01 Mar 2025 12:00:00 GMT"), True),
    ],
)
def test_expires(lines: tuple[str, ...], expected: bool):
    assert last(answer(*lines), "cache/expires-invalid") is expected


def test_expires_of_a_304_is_overruled_by_the_copy_it_confirms():
    fetched = answer("Cache-Control: max-age=3600", f"Expires: {SOON}", 'ETag: "1"')
    confirmed = answer(
        f"Expires: {PAST}",
        'ETag: "1"',
        request='GET https://shop.test/x HTTP/2\nIf-None-Match: "1"',
        status=304,
    )
    assert told(f"{fetched}\n---\n{confirmed}", "cache/expires-invalid") == [[], ["`max-age` overrules `Expires`"]]


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ((), True),
        (("Cache-Control: public",), True),
        (("Cache-Control: s-maxage=60",), True),
        (('Cache-Control: max-age="60"',), True),
        (("Cache-Control: max-age=0",), False),
        (("Cache-Control: public", "Cache-Control: no-cache"), False),
        (("Cache-Control: must-revalidate",), False),
    ],
)
def test_lifetimes_that_are_guessed(control: tuple[str, ...], expected: bool):
    text = answer("Last-Modified: Sat, 01 Mar 2025 12:00:00 GMT", *control)
    assert last(text, "cache/heuristic") is expected


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (("max-age=600", "max-age=31536000"), "security/hsts-short"),
        (("max-age=0", "max-age=31536000"), "security/hsts-disabled"),
        (("max-age=31536000; preload", "max-age=31536000"), "security/hsts-preload-ineligible"),
        (("max-age=600; includeSubDomains; preload",), "security/hsts-preload-ineligible"),
        (("max-age=10000000",), "security/hsts-short"),
    ],
)
def test_hsts_by_its_first_line(lines: tuple[str, ...], rule: str):
    assert last(answer(*(f"Strict-Transport-Security: {line}" for line in lines)), rule)
    sound = "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload"
    assert not last(answer(sound, *(f"Strict-Transport-Security: {line}" for line in lines)), rule)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("Cookie: sid=1; sid=2",), True),
        (("Cookie: sid=1", "Cookie: sid=2"), True),
        (("Cookie: sid=1", "Cookie: theme=2"), False),
        (("Cookie: =1; =2",), False),
    ],
)
def test_cookies_sent_twice(fields: tuple[str, ...], expected: bool):
    request = "\n".join(["GET https://shop.test/ HTTP/2", *fields])
    assert last(answer(request=request), "cookies/sent-twice") is expected


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        (("Accept: application/json",), 200, True),
        (("Accept: application/json",), 299, True),
        (("Accept: application/json",), 404, False),
        (("Accept: application/json",), 205, False),
        (("Accept: application/json", "Accept: */*"), 200, False),
        (("Accept: application/json", "Accept: text/*"), 200, False),
    ],
)
def test_types_that_were_not_asked_for(fields: tuple[str, ...], status: int, expected: bool):
    request = "\n".join(["GET https://shop.test/x HTTP/2", *fields])
    text = answer("Content-Type: text/html", request=request, status=status)
    assert last(text, "rest/not-acceptable") is expected


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("Accept: application/json, text/plain, */*", "Axios or Angular"),
        ("Accept: text/event-stream", "EventSource"),
        ("Purpose: prefetch", "a prefetch"),
        ("Sec-Purpose: prefetch;prerender", "a prerender"),
        ("X-Requested-With: XMLHttpRequest", "script with a library that marks itself"),
        ("User-Agent: curl/8.5.0", "curl"),
        ("User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1)", "a robot that calls itself Googlebot"),
        ("Accept: */*\nUser-Agent: Wget/1.21", "GNU Wget"),
        ("Content-Type: text/plain\nUser-Agent: Mozilla/5.0 (X11) Chrome/120.0", None),
    ],
)
def test_who_asked_without_the_recorder_telling(fields: str, name: str | None):
    ((*found,),) = told(f"GET https://shop.test/x HTTP/2\n{fields}\n\nHTTP/2 200", "client/identified")
    assert [name in title for title in found] == ([] if name is None else [True])


def test_a_preflight_is_known_by_its_fields():
    request = "OPTIONS https://shop.test/x HTTP/2\nOrigin: https://a.test\nAccess-Control-Request-Method: PUT"
    assert told(f"{request}\n\nHTTP/2 204", "client/identified") == [["Made by: the browser's CORS preflight"]]


@pytest.mark.parametrize(
    ("url", "location", "expected"),
    [
        ("https://shop.test/x", "https://app.test/#access_token=9f2c7b1e4d8a6053", True),
        ("https://shop.test/x", "/next?page=2&api_key=9f2c7b1e4d8a6053", True),
        ("https://shop.test/x", "/next?page=2", False),
        ("https://shop.test/x", "https://app.test/#id_token=9f2c7b1e4d8a6053", False),
        ("https://shop.test/x;Access%5FToken=9f2c7b1e4d8a6053", "/next", True),
        ("https://shop.test/x?client_id=1&response_type=token", "/#access_token=9f2c7b1e4d8a6053", False),
    ],
)
def test_credentials_in_addresses(url: str, location: str, expected: bool):
    text = answer(f"Location: {location}", request=f"GET {url} HTTP/2", status=302)
    assert last(text, "auth/token-in-url") is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("Cache-Control: public, max-age=60",), True),
        (("Cache-Control: max-age=60", "Cache-Control: public"), True),
        (("Cache-Control: s-maxage=60",), True),
        (("Cache-Control: max-age=60",), False),
        (("Surrogate-Control: max-age=60",), True),
    ],
)
def test_sessions_offered_to_shared_caches(lines: tuple[str, ...], expected: bool):
    text = answer("Set-Cookie: sid=abc", "Content-Type: text/html", *lines)
    assert last(text, "cache/private-data-public") is expected


def test_both_lengths_count_in_one_message_alone():
    request = "POST http://shop.test/ HTTP/1.1\nTransfer-Encoding: chunked"
    response = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"
    assert not last(f"{request}\n\n{response}", "protocol/te-and-cl")
    assert last(f"{request}\nContent-Length: 2\n\n{response}", "protocol/te-and-cl")

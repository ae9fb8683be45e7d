"""Redirects and methods."""

from __future__ import annotations

from itertools import pairwise

import pytest

from inspector.browser.redirects import location_url, redirected_method
from inspector.engine import Engine, Options
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example
from inspector.rules.redirect import only_corrects


def told(text: str, topic: str) -> list[list[Annotation]]:
    engine = Engine(Options(only=frozenset({topic})))
    return [list(engine.observe(exchange).annotations) for exchange in parse_example(text)]


def ids(text: str, topic: str = "redirect") -> list[set[str]]:
    return [{a.rule.partition("/")[2] for a in annotations} for annotations in told(text, topic)]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_method_after_a_redirect_as_in_fetch(status, method, then):
    assert redirected_method(status, method) == then


def test_location_url():
    assert location_url("https://a.test/x/y#f", "../z") == "https://a.test/z#f"
    assert location_url("https://a.test/x#f", "/z#g") == "https://a.test/z#g"
    assert location_url("https://a.test/x", "//b.test/") == "https://b.test/"


def test_post_redirect_get_is_information_and_a_lost_post_is_not():
    form = """
        # type: document
        POST https://shop.test/orders HTTP/2
        Content-Type: application/x-www-form-urlencoded

        a=1

        HTTP/2 302
        Location: /orders/7
        """
    lost = form.replace("/orders/7", "https://www.shop.test/orders/")
    assert [a.severity for a in told(form, "redirect")[0]] == [Severity.INFO]
    (found,) = told(lost, "redirect")[0]
    assert found.severity is Severity.WARNING
    assert "scheme, host or slash" in found.detail


CHAIN = """
# type: document
# duration: 30
GET {0} HTTP/2
Accept: text/html

HTTP/2 301
Location: {1}
""".strip()


def chain(*addresses: str, end: str = "") -> str:
    hops = [CHAIN.format(a, b) for a, b in pairwise(addresses)]
    if end:
        hops.append(f"# type: document\nGET {addresses[-1]} HTTP/2\n\n{end}")
    return "\n---\n".join(hops)


def test_loop_over_two_hosts_is_found_where_it_closes():
    text = chain("https://a.test/", "https://b.test/", "https://a.test/", "https://b.test/")
    found = ids(text)
    assert "loop" not in found[0]
    assert "loop" in found[1]
    last = next(a for a in told(text, "redirect")[2] if a.rule == "redirect/loop")
    assert last.certainty == "certain", "it has now been round"


def test_redirect_to_itself_with_a_cookie_is_a_loop_only_the_second_time():
    one = CHAIN.format("https://a.test/", "https://a.test/") + "\nSet-Cookie: probe=1"
    text = f"{one}\n---\n{one}"
    first, second = ([a for a in annotations if a.rule == "redirect/loop"] for annotations in told(text, "redirect"))
    assert [a.severity for a in first] == [Severity.INFO]
    assert [a.severity for a in second] == [Severity.ERROR]


def test_a_post_that_becomes_a_get_at_its_own_address_is_no_loop():
    text = """
        POST https://shop.test/login HTTP/2

        HTTP/2 302
        Location: /login
        """
    assert "loop" not in ids(text)[0]


def test_two_corrections_of_the_address_could_be_one():
    text = chain("http://shop.test/a", "https://shop.test/a", "https://www.shop.test/a", end="HTTP/2 200")
    assert "chain" in ids(text)[1]
    assert only_corrects("http://shop.test/a", "https://www.shop.test/a/")
    assert not only_corrects("http://shop.test/a", "https://shop.test/b")


def test_an_old_redirect_is_not_continued_by_a_visit_much_later():
    text = """
        # at: 2026-03-01T12:00:00+00:00
        GET https://a.test/ HTTP/2

        HTTP/2 302
        Location: https://b.test/
        ---
        # at: 2026-03-01T13:00:00+00:00
        GET https://b.test/ HTTP/2

        HTTP/2 302
        Location: https://a.test/
        """
    assert "loop" not in ids(text)[1]


@pytest.mark.parametrize(
    ("url", "location", "found"),
    [
        ("https://shop.test/out?next=https://evil.test/x", "https://evil.test/x", {Severity.WARNING}),
        ("https://shop.test/out?next=https%3A%2F%2Fevil.test%2Fx", "https://evil.test/x", {Severity.WARNING}),
        ("https://shop.test/out?next=//evil.test/x", "//evil.test/x", {Severity.WARNING}),
        ("https://shop.test/out?next=https://www.shop.test/", "https://www.shop.test/", set()),
        ("https://shop.test/out?next=/x", "/x", set()),
        (
            "https://id.test/auth?redirect_uri=https://app.test/cb",
            "https://app.test/cb?code=1&state=2",
            {Severity.INFO},
        ),
        ("https://shop.test/out?q=evil", "https://evil.test/", set()),
    ],
)
def test_open_redirects(url, location, found):
    text = f"# type: document\nGET {url} HTTP/2\n\nHTTP/2 302\nLocation: {location}\n"
    assert {a.severity for a in told(text, "redirect")[0] if a.rule == "redirect/open"} == found


@pytest.mark.parametrize(
    ("url", "location", "found"),
    [
        ("https://shop.test/", "http://shop.test/x", True),
        ("https://shop.test/", "http://localhost:3000/", False),
        ("https://shop.test/", "//shop.test/x", False),
        ("http://shop.test/", "http://shop.test/x", False),
    ],
)
def test_https_lost(url, location, found):
    text = f"GET {url} HTTP/2\n\nHTTP/2 302\nLocation: {location}\n"
    assert ("https-downgrade" in ids(text)[0]) is found


@pytest.mark.parametrize(
    ("method", "found"),
    [
        ("GET", set()),
        ("QUERY", set()),
        ("PROPFIND", set()),
        ("get", {"note"}),
        ("FETCHALL", {"note"}),
        ("PURGE", {"info"}),
    ],
)
def test_unknown_methods(method, found):
    annotations = told(f"{method} https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\n", "method")[0]
    assert {str(a.severity) for a in annotations if a.rule == "method/unknown"} == found


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("GET https://shop.test/items/7/delete HTTP/2\n\nHTTP/2 302\nLocation: /items\n", True),
        ("GET https://shop.test/deleted HTTP/2\n\nHTTP/2 302\nLocation: /items\n", False),
        ("GET https://shop.test/delete.png HTTP/2\n\nHTTP/2 200\nContent-Type: image/png\n", False),
        ("GET https://shop.test/items/7/delete HTTP/2\n\nHTTP/2 404\n", False),
        ("GET https://shop.test/items/7/delete HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n", False),
    ],
)
def test_actions_by_get(request_, found):
    assert ("unsafe-get" in ids(request_, "method")[0]) is found


def test_empty_content_with_get_is_not_counted():
    assert ids("GET https://shop.test/ HTTP/1.1\nContent-Length: 0\n\nHTTP/1.1 200 OK\n", "method") == [set()]
    search = 'GET https://es.test/items/_search HTTP/1.1\n\n{"query":{}}\n\nHTTP/1.1 200 OK\n'
    assert [a.severity for a in told(search, "method")[0]] == [Severity.INFO]

"""What frameworks and libraries send by themselves, and what is not to be said of it."""

from __future__ import annotations

import pytest

from inspector.browser.redirects import location_url
from inspector.engine import Engine, Options
from inspector.rules.example import parse_example


def told(text: str, rule: str) -> list[str]:
    engine = Engine(Options(rules=frozenset({rule})))
    return [a.detail for exchange in parse_example(text) for a in engine.observe(exchange).annotations]


AUTHORIZE = (
    "https://login.test/auth?redirect_uri=https%3A%2F%2Fshop.test%2Fcb&scope=openid&state=Yk4dm0Qd&nonce=" + "n" * 250
)


@pytest.mark.parametrize(
    ("framework", "content"),
    [
        ("express 5", f"<p>Found. Redirecting to {AUTHORIZE.replace('&', '&amp;')}</p>"),
        ("express 4", f'<p>Found. Redirecting to <a href="{AUTHORIZE}">{AUTHORIZE.replace("&", "&amp;")}</a></p>'),
        ("werkzeug", f"<!doctype html><h1>Redirecting...</h1><p>{AUTHORIZE.replace('&', '&#38;')}. If not, click."),
    ],
)
def test_a_redirect_whose_content_is_the_long_address_carries_no_page(framework: str, content: str):
    head = f"GET https://shop.test/login HTTP/1.1\n\nHTTP/1.1 302 Found\nLocation: {AUTHORIZE}\nContent-Type: text/html\n\n"
    assert told(head + content, "redirect/big-body") == []
    assert told(head + content + "<p>Order 17, Ada Byron, two cups</p>" * 20, "redirect/big-body")


ID_TOKEN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2xvZ2luLnRlc3QifQ.c2lnbmF0dXJlLW9mLWFkYS0wMTIzNDU2Nzg5"
)


def test_a_token_that_a_redirects_content_repeats_is_told_by_the_address():
    to = f"https://login.test/end?id_token_hint={ID_TOKEN}"
    leads = f"GET https://shop.test/logout HTTP/1.1\n\nHTTP/1.1 302 Found\nLocation: {to}\nContent-Type: text/html\n\n<p>{to}"
    assert told(leads, "leak/secret") == []
    assert told(leads.replace(f"Location: {to}", "Location: /"), "leak/secret")


FORM = '<form method="post" action="/confirm"><button>Continue</button></form>'


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ("; SameSite=Lax", None),
        ("; SameSite=Strict", None),
        ("; SameSite=None; Secure", "`SameSite=None`, so browsers send it"),
        ("", "It has no `SameSite`"),
    ],
)
def test_what_a_session_cookie_was_set_with_is_remembered_for_the_forms_of_later_pages(
    attributes: str, sentence: str | None
):
    text = (
        f"GET https://shop.test/ HTTP/1.1\n\nHTTP/1.1 200 OK\nSet-Cookie: auth_flow=8f14e45fceea167a{attributes}\n---\n"
        "GET https://shop.test/ask HTTP/1.1\nCookie: auth_flow=8f14e45fceea167a\n\n"
        f"HTTP/1.1 200 OK\nContent-Type: text/html\n\n{FORM}"
    )
    found = told(text, "csrf/no-token")
    assert len(found) == (sentence is not None)
    assert sentence is None or sentence in found[0]


@pytest.mark.parametrize(("query", "times"), [("EIO=4&transport=polling&", 0), ("", 1)])
def test_the_name_of_a_connection_of_socket_io_is_no_session(query: str, times: int):
    asked = f"POST https://chat.test/socket.io/?{query}sid=lv_VI97HAXpY6yYWAAAC HTTP/1.1\n\nHTTP/1.1 200 OK\n"
    assert len(told(asked, "auth/session-id-in-url")) == times


def test_the_redirects_of_a_sign_in_are_not_one_too_many():
    def hop(url: str, to: str) -> str:
        return f"# type: document\nGET https://{url} HTTP/2\nSec-Fetch-Mode: navigate\n\nHTTP/2 302\nLocation: https://{to}\n"

    def row(third: str) -> str:
        steps = ("shop.test/a", "id.shop.test/b", third, "shop.test/home")
        return "---\n".join(hop(steps[n], steps[n + 1]) for n in range(3))

    assert told(row("shop.test/cb?code=Pq8&state=x7"), "redirect/chain") == []
    assert told(row("shop.test/cb?code=Pq8"), "redirect/chain")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://shop.test", "https://shop.test/"),
        ("//shop.test:8443", "https://shop.test:8443/"),
        ("https://shop.test?a=1", "https://shop.test/?a=1"),
        ("https://shop.test#top", "https://shop.test/#top"),
        ("https://shop.test/a", "https://shop.test/a"),
        ("mailto:a@shop.test", "mailto:a@shop.test"),
    ],
)
def test_an_address_that_ends_with_the_host_is_asked_for_as_its_root(location: str, url: str):
    assert location_url("https://login.test/end", location) == url


def severity(text: str, rule: str) -> list[tuple[str, str]]:
    engine = Engine(Options(rules=frozenset({rule})))
    found = [a for exchange in parse_example(text) for a in engine.observe(exchange).annotations]
    return [(a.severity.value, a.fix or "") for a in found]


def test_a_page_with_a_form_needs_no_challenge_that_opens_a_window():
    page = "# type: document\nPOST https://shop.test/login HTTP/2\nAccept: text/html\n\nHTTP/2 401\nContent-Type: text/html\n"
    ((grave, fix),) = severity(page, "status/401-no-challenge")
    assert grave == "note"
    assert "Trap: `WWW-Authenticate: Basic`" in fix


@pytest.mark.parametrize(
    ("sends", "client", "expected"),
    [
        ("Sec-Fetch-Site: same-origin", "", "note"),
        ("Origin: https://shop.test", "", "note"),
        ("Sec-Fetch-Site: same-site", "", "warning"),
        ("Origin: https://app.test", "", "warning"),
        ("Origin: https://shop.test", "&client_id=app", "warning"),
        ("Accept: */*", "", "warning"),
    ],
)
def test_fastapis_password_form_is_a_sites_own_login(sends: str, client: str, expected: str):
    text = (
        f"POST https://shop.test/token HTTP/2\n{sends}\nContent-Type: application/x-www-form-urlencoded\n\n"
        f"grant_type=password&username=ada&password=correct+horse{client}\n\nHTTP/2 200\nContent-Type: application/json\n"
    )
    assert [grave for grave, _ in severity(text, "oauth/password-grant")] == [expected]


@pytest.mark.parametrize(("cookie", "times"), [("Cookie: username=2%7C1\n", 0), ("", 1)])
def test_the_session_of_a_jupyter_kernels_conversation_logs_nobody_in(cookie: str, times: int):
    asked = "GET https://lab.test/api/kernels/7/channels?session_id=ab12cd34ef56 HTTP/1.1\n"
    text = f"{asked}{cookie}Upgrade: websocket\nConnection: Upgrade\n\nHTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n"
    assert len(told(text, "auth/session-id-in-url")) == times

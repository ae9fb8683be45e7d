"""`Clear-Site-Data`, frames of another site's page and redirected requests: cookies and the cache against Chromium's own.

What a tab did is read over the DevTools protocol; what we say is said of the recording of the same run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from inspector.report import ExchangeReport
from tests.browser.har_export import Event, Hop, har, hops
from tests.browser.harness import Harness, explain
from tests.browser.server import BLANK_PAGE, Reply, Seen
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

SHOP, BLOG = "shop.test", "blog.test"
HTML = ("Content-Type", "text/html")
COOKIES = (
    ("Set-Cookie", "strict=1; SameSite=Strict; HttpOnly"),
    ("Set-Cookie", "lax=1; SameSite=Lax"),
    ("Set-Cookie", "none=1; SameSite=None; Secure"),
    ("Set-Cookie", "own=1; SameSite=None; Secure; Partitioned"),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    # a frame in a process of its own would be a log of its own
    with Harness([SHOP, BLOG], flags=["--disable-site-isolation-trials"]) as harness:
        harness.server.answer(SHOP, "/set", Reply(200, (HTML, *COOKIES), BLANK_PAGE.content))
        yield harness


def readable(seen: Seen) -> Reply:
    """An answer that any page may read with credentials, and that sets a cookie."""
    allowed = (
        ("Access-Control-Allow-Origin", seen.field("origin") or "*"),
        ("Access-Control-Allow-Credentials", "true"),
    )
    return Reply(200, (*allowed, ("Set-Cookie", "told=1; SameSite=Lax")), b"x")


def recorded(log: list[Hop], page: str) -> list[ExchangeReport]:
    return explain(har(log, title=page))


def told(hop: Hop) -> dict[str, set[str]]:
    """What Chromium says of each cookie on a request: why it was kept back, nothing where it was sent.

    It gives the "Schemeful" codes wherever the site is another; the protocol defines them for the scheme alone.
    """
    considered: list[dict[str, Any]] = hop.request_extra.get("associatedCookies", [])
    return {c["cookie"]["name"]: {code.removeprefix("Schemeful") for code in c["blockedReasons"]} for c in considered}


def visit(lab: Harness, *urls: str) -> tuple[Page, list[Event]]:
    tab, events = lab.blank()
    for url in urls:
        tab.goto(url)
        lab.settle(tab, events)
    return tab, events


def fetch_all(tab: Page, lab: Harness, events: list[Event], *urls: str) -> None:
    tab.evaluate("async urls => { for (const url of urls) await (await fetch(url)).text() }", list(urls))
    lab.settle(tab, events)


@pytest.mark.parametrize("value", ['"cookies"', "cache", '"storage", "cache"'])
def test_the_cache_is_emptied(lab: Harness, value: str):
    lab.fresh()
    kept = (("Cache-Control", "max-age=600"), ("ETag", '"1"'))
    lab.server.answer(SHOP, "/kept", Reply(200, kept, b"x"))
    lab.server.answer(SHOP, "/clear", Reply(200, (*kept, ("Clear-Site-Data", value)), b"x"))
    tab, events = visit(lab, lab.origin("https", SHOP) + "/page")
    before = len(lab.server.seen)
    fetch_all(tab, lab, events, "/kept", "/clear", "/kept", "/clear")
    asked = [seen.path for seen in lab.server.seen[before:]]
    emptied = asked == ["/kept", "/clear", "/kept", "/clear"]
    assert emptied or asked == ["/kept", "/clear"]
    clearing = next(r for r in recorded(hops(events), tab.url) if r.url.endswith("/clear"))
    assert clearing.verdicts.cache is not None
    assert (clearing.verdicts.cache.stored, clearing.verdicts.cache.reuse) == (
        (False, "none") if emptied else (True, "fresh")
    )


@pytest.mark.parametrize("value", ['"*"', '"cache"', '"Cookies"'])
def test_the_jar_is_emptied(lab: Harness, value: str):
    lab.fresh()
    fields = (("Clear-Site-Data", value), ("Set-Cookie", "late=1"))
    lab.server.answer(SHOP, "/logout", Reply(200, fields, b"x"))
    lab.server.answer(SHOP, "/after", Reply(200, (), b"x"))
    tab, events = visit(lab, lab.origin("https", SHOP) + "/set")
    fetch_all(tab, lab, events, "/logout", "/after")
    log = hops(events)
    reports = recorded(log, tab.url)
    blocked = log[-2].response_extra.get("blockedCookies", [])
    (late,) = reports[-2].verdicts.set_cookies
    assert list(late.codes) == [code for line in blocked for code in line["blockedReasons"]]
    assert {v.name for v in reports[-1].verdicts.cookies if v.outcome == "sent"} == told(log[-1]).keys()


@pytest.mark.parametrize("top", [SHOP, BLOG])
@pytest.mark.parametrize("mode", ["same-origin", "include"])
def test_a_frame_within_another_sites_page(lab: Harness, top: str, mode: str):
    """The frame is the shop's; between it and the page, where that is the shop's too, is one of the blog."""
    lab.fresh()
    lab.server.answer(SHOP, "/api", readable)
    script = f"<script>fetch('/api', {{credentials: '{mode}'}})</script>".encode()
    lab.server.answer(SHOP, "/frame", Reply(200, (HTML,), BLANK_PAGE.content + script))
    within = f'<iframe src="{lab.origin("https", SHOP)}/frame"></iframe>'.encode()
    lab.server.answer(BLOG, "/between", Reply(200, (HTML,), BLANK_PAGE.content + within))
    around = f'<iframe src="{lab.origin("https", BLOG)}/between"></iframe>'.encode()
    lab.server.answer(top, "/top", Reply(200, (HTML,), BLANK_PAGE.content + around))
    tab, events = visit(lab, lab.origin("https", SHOP) + "/set", lab.origin("https", top) + "/top")
    tab.wait_for_function("() => frames[0] && frames[0].frames[0]")
    lab.settle(tab, events)
    log = hops(events)
    reports = recorded(log, tab.url)
    (api,) = [n for n, hop in enumerate(log) if hop.url.endswith("/api")]
    ours = {v.name: set(v.codes) for v in reports[api].verdicts.cookies}
    assert ours == told(log[api])
    assert [v.codes for v in reports[api].verdicts.set_cookies] == [("UserPreferences",)]


def test_a_frame_that_leads_itself_to_its_pages_site(lab: Harness):
    lab.fresh()
    there = lab.origin("https", SHOP) + "/there"
    lab.server.answer(SHOP, "/there", Reply(200, (HTML, *COOKIES), BLANK_PAGE.content))
    lab.server.answer(
        BLOG, "/leads", Reply(200, (HTML,), BLANK_PAGE.content + f"<script>location = '{there}'</script>".encode())
    )
    around = f'<iframe src="{lab.origin("https", BLOG)}/leads"></iframe>'.encode()
    lab.server.answer(SHOP, "/top", Reply(200, (HTML, *COOKIES), BLANK_PAGE.content + around))
    tab, events = visit(lab, lab.origin("https", SHOP) + "/top")
    lab.settle(tab, events)
    log = hops(events)
    reports = recorded(log, tab.url)
    (led,) = [n for n, hop in enumerate(log) if hop.url.endswith("/there")]
    assert {v.name: set(v.codes) for v in reports[led].verdicts.cookies} == told(log[led])
    refused = {c["cookieLine"].partition("=")[0] for c in log[led].response_extra.get("blockedCookies", [])}
    assert {v.name for v in reports[led].verdicts.set_cookies if v.outcome == "blocked"} == refused


def test_a_redirected_request_keeps_its_credentials_mode(lab: Harness):
    lab.fresh()
    home = lab.origin("https", BLOG) + "/home"

    def away(seen: Seen) -> Reply:
        return Reply(302, (*readable(seen).fields, ("Location", home)))

    lab.server.answer(SHOP, "/away", away)
    lab.server.answer(BLOG, "/home", readable)
    for mode, outcome in (("include", "stored"), ("same-origin", "blocked")):
        tab, events = visit(lab, lab.origin("https", BLOG) + "/page")
        lab._context.clear_cookies()
        away_url = lab.origin("https", SHOP) + "/away"
        tab.evaluate("async ([url, credentials]) => await (await fetch(url, {credentials})).text()", [away_url, mode])
        lab.settle(tab, events)
        log = hops(events)
        assert log[-1].url == home
        (told_cookie,) = recorded(log, tab.url)[-1].verdicts.set_cookies
        assert told_cookie.outcome == outcome
        assert [c["name"] for c in lab._context.cookies(home)] == (["told"] if outcome == "stored" else [])
        tab.close()

"""What is said of preconnects is what Chromium does: one connection where the mode agrees, else a second one."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.cache_lab import listen
from tests.browser.har_export import Event, har, hops
from tests.browser.harness import CHROMIUM
from tests.browser.server import Reply, Server
from tests.browser.test_preloads import FILES, said_of_hints
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

FROM_OTHER = "<style>@font-face{{font-family:f;src:url({0}/f.ttf)}}</style><body><p style='font-family:f'>x"
# A moment later, since a request that comes while the connection is being opened opens one more.
IMAGE_LATER = "<body><script>setTimeout(() => {{new Image().src = '{0}/i.svg'}}, 200)</script>"
PRECONNECTS = {
    # the markup (the other origin is {0}), how many connections go there, what is said
    "font": ("<link rel=preconnect href={0} crossorigin>" + FROM_OTHER, 1, set()),
    "font, in the wrong mode": ("<link rel=preconnect href={0}>" + FROM_OTHER, 2, {"hints/preconnect-crossorigin"}),
    "image": ("<link rel=preconnect href={0}>" + IMAGE_LATER, 1, set()),
    "image, in the wrong mode": (
        "<link rel=preconnect href={0} crossorigin>" + IMAGE_LATER,
        2,
        {"hints/preconnect-crossorigin"},
    ),
    "nothing": ("<link rel=preconnect href={0}><img src=/i.svg>", 1, {"hints/connection-unused"}),
}


def test_preconnects_are_judged_as_chromium_treats_them(tmp_path: Path):
    """Chromium connects ahead in a profile of its own alone, not in the private ones the other tests use.

    The hosts are of the page's site: where a browser keeps other sites' cookies from requests, it keeps those
    connections apart as well, and takes no preconnect for an image whatever its mode.
    """
    opened, said = {}, {}
    hosts = [f"n{n}.shop.test" for n in range(len(PRECONNECTS))]
    with Server(["shop.test", *hosts]) as server, sync_playwright() as playwright:
        flags = ["--host-resolver-rules=MAP * 127.0.0.1", "--no-proxy-server", "--no-sandbox"]
        flags.append(f"--ignore-certificate-errors-spki-list={','.join(server.spki)}")
        browser = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=CHROMIUM, args=flags, ignore_default_args=["--disable-background-networking"]
        )
        server.answer("shop.test", "/i.svg", Reply(200, (("Content-Type", "image/svg+xml"),), b"<svg/>"))
        server.answer("shop.test", "/", Reply(200, (("Content-Type", "text/html"),), b"<link rel=icon href=data:,>"))
        browser.new_page().goto(f"https://shop.test:{server.https}/")  # the pages' own connection is there from here on
        for host, (name, (markup, _, _)) in zip(hosts, PRECONNECTS.items(), strict=True):
            for path, kind, body in FILES:
                fields = (("Content-Type", kind), ("Access-Control-Allow-Origin", "*"))
                server.answer(host, path, Reply(200, fields, body))
            content = f"<!doctype html><link rel=icon href=data:,>{markup.format(f'https://{host}:{server.https}')}"
            server.answer("shop.test", f"/{host}", Reply(200, (("Content-Type", "text/html"),), content.encode()))
            tab = browser.new_page()
            events: list[Event] = []
            listen(browser.new_cdp_session(tab), events)
            before = server.opened["https"]
            tab.goto(f"https://shop.test:{server.https}/{host}")
            tab.evaluate("document.fonts.ready.then(() => 1)")
            tab.wait_for_timeout(600)
            opened[name] = server.opened["https"] - before
            recording = har(hops(events), title=tab.url)
            for entry in recording["log"]["entries"]:  # DevTools knows who opened a connection, the events do not
                if host in entry["request"]["url"] and opened[name] == 2:
                    entry["timings"]["connect"] = 5
            said[name] = said_of_hints(recording, content)
            tab.close()
        browser.close()
    assert opened == {name: times for name, (_, times, _) in PRECONNECTS.items()}
    assert said == {name: rules for name, (_, _, rules) in PRECONNECTS.items()}

"""A real Chromium behind the proxy, on the lab: what it is told must be what it saw."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from inspector.learn.lab import Lab
from inspector.proxy.master import RunningProxy
from tests.chromium import CHROMIUM, LOOPBACK, switches, trusting
from tests.conftest import needs_chromium
from tests.proxy.conftest import Collected

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture
def page(proxy: RunningProxy) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            proxy={"server": proxy.url, "bypass": "<-loopback>"},
            args=switches(
                trusting(proxy.ca_certificate),
                off=LOOPBACK,
            ),
        )
        yield browser.new_page()
        browser.close()


def test_the_lab_in_a_browser(page: Page, proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "CORS policy" in message.text else None)
    page.goto(f"{lab.origins.shop}/")
    page.wait_for_selector("html[data-done=yes]", state="attached", timeout=20_000)
    outcomes = dict(page.eval_on_selector_all("#calls tr[id]", "rows => rows.map(r => [r.id, r.dataset.outcome])"))
    page.goto(f"{lab.origins.shop_plain}/login")
    proxy.stop()
    reports = {exchange.index: report for exchange, report in sink.pairs}
    ours = [x for x in sink.exchanges if "shop.test" in x.request.url or "partner.example" in x.request.url]
    assert len(ours) > 15
    assert outcomes["events"].startswith("received"), "event streams pass"
    assert "echoed hello" in outcomes["socket"], "WebSockets pass"
    home = next(x for x in ours if x.request.url == f"{lab.origins.shop}/")
    assert home.context.resource_type == "document"
    assert home.request.http_version == "2"
    assert home.response is not None
    assert home.response.status == 200
    assert {"stylesheet", "script", "image", "fetch", "preflight"} <= {x.context.resource_type for x in ours}
    plain = next(x for x in ours if x.request.url.startswith(lab.origins.shop_plain))
    assert plain.request.http_version == "1.1"
    assert plain.client.encrypted is False
    assert refused, "the page makes calls that a browser refuses"
    judged: dict[str, set[str]] = {}
    for exchange in ours:
        verdict = reports[exchange.index].verdicts.cors
        if verdict is not None:
            judged.setdefault(exchange.request.url, set()).add(verdict.outcome)
    asked = {message.split("'")[1] for message in refused}
    for url in asked:  # the credentials mode is not on the wire, so that some can only be said to depend on it
        assert judged[url] & {"blocked", "depends"}, f"the browser refused {url}, we said {judged[url]}"
    assert {url for url, outcomes in judged.items() if "blocked" in outcomes} <= asked, "blocked, said we alone"
    told = {a.rule.partition("/")[0] for report in reports.values() for a in report.annotations}
    assert {"cors", "cookies", "cache", "security"} <= told
    assert all(a.rule != "inspector/internal-error" for report in reports.values() for a in report.annotations)

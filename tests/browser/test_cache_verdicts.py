"""Caching verdicts against a real Chromium: what it did at the second request is what the verdict on the first says."""

from __future__ import annotations

import shutil

import pytest

from inspector.browser.cache_request import effect, reuse
from inspector.browser.verdict import CacheVerdict
from inspector.engine import Engine, Options
from inspector.exchange import Fields
from inspector.fields.vary import parse_vary
from tests.browser.cache_lab import CacheLab, Scenario, run
from tests.browser.cache_scenarios import combined, written
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

ARGUED: dict[str, str] = {}
"""Scenario → why a verdict rightly differs from what this browser was seen to do."""

_MODES = {"reload": {"cache-control": "no-cache"}, "no-store": {"cache-control": "no-cache"}, "no-cache": {"cache-control": "max-age=0"}}  # fmt: skip
_QUIET = Options(only=frozenset({"none"}))


def predicted(lab: CacheLab, number: int) -> tuple[str, CacheVerdict]:
    """What `inspector` says the second request does."""
    s = lab.scenarios[number]
    exchange = lab.exchange(number)
    verdict = Engine(_QUIET).observe(exchange).verdicts.cache
    assert verdict is not None
    if s.between in ("POST", "PUT", "DELETE", "PATCH") or s.second_method not in ("GET", "HEAD"):
        return "none", verdict
    sent = dict(lab.seen[number].requests[0][1])
    second = {n: v for n, v in sent.items() if n not in {k.lower() for k in s.first}}
    second |= {n.lower(): v for n, v in s.second.items()} | _MODES.get(s.second_mode, {})
    assert exchange.response is not None
    vary = exchange.response.fields.get("vary")
    varied = tuple((n, sent.get(n)) for n in parse_vary(vary)) if vary is not None else ()
    asked, _ = effect(Fields.of(second.items()), varied)
    return reuse(asked, verdict, s.status in (200, 206)), verdict


def compare(scenarios: list[Scenario]) -> tuple[int, list[str]]:
    """Run scenarios in the browser: how many there were, and the disagreements in words."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--disable-background-networking", "--no-sandbox"]
        )
        lab = run(scenarios, browser.new_page())
        browser.close()
    wrong = []
    for number, s in enumerate(scenarios):
        did = lab.seen[number].outcome
        says, verdict = predicted(lab, number)
        if did != says and s.name not in ARGUED:
            wrong.append(f"{s.name}: Chromium {did}, inspector {says} ({verdict.because}) {lab.seen[number].answered}")
    return len(scenarios), wrong


def test_what_chromium_does_at_the_second_request():
    count, wrong = compare(written() + combined(120))
    assert count > 300
    assert not wrong, "\n".join(wrong)


def test_over_https_and_in_its_recording():
    """The same over TLS, with a HAR as DevTools exports it: what each exchange was is told rightly."""
    host = "shop.test"
    with Harness([host]) as lab:
        base = (("Access-Control-Allow-Origin", "*"),)
        lab.server.answer(host, "/fresh", Reply(200, (("Cache-Control", "max-age=600"), *base), b"fresh"))
        tagged = (("Cache-Control", "no-cache"), ("ETag", '"1"'))
        lab.server.answer(
            host,
            "/tagged",
            lambda seen: Reply(
                304 if seen.field("if-none-match") else 200, tagged, b"" if seen.field("if-none-match") else b"tagged"
            ),
        )
        lab.server.answer(host, "/secret", Reply(200, (("Cache-Control", "no-store"),), b"secret"))
        twice = (
            "for (const p of ['/fresh', '/tagged', '/secret']) for (const i of [1, 2]) await (await fetch(p)).text()"
        )
        done = lab.run("https", host, twice, expect=6)
        told = [(r.url.rpartition("/")[2], r.verdicts.cache) for r in done.explain()]
        asked = [seen.path for seen in lab.server.seen if seen.path in ("/fresh", "/tagged", "/secret")]
    assert asked.count("/fresh") == 1
    assert asked.count("/tagged") == asked.count("/secret") == 2
    was = [(name, verdict.served_from) for name, verdict in told if verdict is not None]
    assert was[0] == ("fresh", "network")
    assert was[1] == ("fresh", "cache")
    assert was[2] == ("tagged", "network")
    assert was[3] == ("tagged", "revalidated")
    assert [w for w in was if w[0] == "secret"] == [("secret", "network")] * 2


def main(count: int = 600, seed: int = 7) -> None:
    """Run everything, with more combinations than the test does, and print the agreement."""
    total, wrong = compare(written() + combined(count, seed))
    print("\n".join(wrong))
    print(f"caching: {total - len(wrong)} of {total} scenarios agree with Chromium")


if __name__ == "__main__":
    main()

"""Caching verdicts against a real Chromium: what it did at the second request is what the verdict on the first says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from inspector.browser.cache_request import effect, reuse
from inspector.browser.verdict import CacheVerdict
from inspector.exchange import Fields
from inspector.fields.vary import parse_vary
from tests.browser.cache_corners import corners
from tests.browser.cache_lab import CacheLab, Scenario, run
from tests.browser.cache_scenarios import combined, written
from tests.browser.har_export import Hop, har
from tests.browser.harness import Harness, explain
from tests.browser.server import Reply
from tests.browser.variants import VARIANTS, numbered
from tests.chromium import CHROMIUM, switches
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

ARGUED: dict[str, str] = {
    name: why
    for names, why in (
        (
            ("status 408 fresh", "status 408 expires", "status 421 fresh", "status 421 expires"),
            "Chromium sent the first request again by itself, so the server saw two of it",
        ),
        (
            [f"first asks {n}" for n in ('If-None-Match: "v1"', 'If-None-Match: "v2"', "If-None-Match: *")]
            + [f"first asks {n}: Sun, 06 Nov 1994 08:49:37 GMT" for n in ("If-Modified-Since", "If-Unmodified-Since")]
            + ['first asks If-Match: "v1"'],
            "a condition of the page's own switches the cache off, and looks like the browser's own in a recording",
        ),
    )
    for name in names
}
"""Scenario → why a verdict rightly differs from what this browser was seen to do."""

_MODES = {
    "reload": {"cache-control": "no-cache"},
    "no-store": {"cache-control": "no-cache"},
    "no-cache": {"cache-control": "max-age=0"},
}


class Result(NamedTuple):
    """One scenario: what the browser did at the second request, and what `inspector` says, on a variant of its recording.

    `was` and `told` are the same about the second exchange itself: where its answer came from.
    """

    scenario: str
    variant: str
    did: str
    says: str
    was: str
    told: str
    because: str

    @property
    def agree(self) -> bool:
        return self.did == self.says and (self.told in (self.was, "unknown") or self.was == "")


def predicted(s: Scenario, first: Hop, second: dict[str, str], verdict: CacheVerdict) -> str:
    """What a verdict on the first exchange means for the second request, `second` being its fields."""
    if s.between in ("POST", "PUT", "DELETE", "PATCH") or s.second_method not in ("GET", "HEAD"):
        return "none"
    sent = {name.lower(): value for name, value in first.request_extra["headers"].items()}
    fields = first.response_extra["headers"]
    vary = next((value for name, value in fields.items() if name.lower() == "vary"), None)
    varied = tuple((n, sent.get(n)) for n in parse_vary(", ".join(vary.split("\n")))) if vary is not None else ()
    asked, _ = effect(Fields.of(second.items()), varied)
    return reuse(asked, verdict, s.status in (200, 206))


def compare(scenarios: list[Scenario], variants: Sequence[str] = ("as exported",)) -> list[Result]:
    """Run scenarios in the browser and ask for verdicts on its recording, as it is and changed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches())
        lab, recorded = run(scenarios, browser.new_page())
        browser.close()
    return judge(lab, recorded, variants)


def judge(lab: CacheLab, recorded: dict[int, list[Hop]], variants: Sequence[str]) -> list[Result]:
    """Hold the verdicts on each variant of a recording against what the server saw."""
    log = [hop for number in sorted(recorded) for hop in recorded[number]]
    results = []
    for variant in variants:
        document = VARIANTS[variant](numbered(har(log, title=lab.origin + "/")))
        reports = dict(zip(log, explain(document), strict=True))
        for number, s in enumerate(lab.scenarios):
            hops = [hop for hop in recorded[number] if hop.method in (s.method, s.second_method)]
            first = hops[0] if hops else None
            if first is None or not first.request_extra or not lab.seen[number].requests:
                continue
            verdict = reports[first].verdicts.cache
            assert verdict is not None
            sent = dict(lab.seen[number].requests[0][1])
            second = {n: v for n, v in sent.items() if n not in {k.lower() for k in s.first}}
            second |= {n.lower(): v for n, v in s.second.items()} | _MODES.get(s.second_mode, {})
            told = was = ""
            plain = s.between is None and s.second_method == "GET" == s.method and len(hops) == 2
            if plain and not any(n.lower().startswith("if-") for n in s.second):
                later = reports[hops[1]].verdicts.cache
                told = later.served_from if later is not None else "nothing"
                was = {"fresh": "cache", "stale-while-revalidate": "cache"}.get(lab.seen[number].outcome, "network")
            did, says = lab.seen[number].outcome, predicted(s, first, second, verdict)
            if s.second_mode == "force-cache" and s.name != "mode force-cache vary":
                says = "fresh" if verdict.stored else "none"
            if any(name.lower() in ("if-none-match", "if-modified-since") for name in s.second):
                says = "revalidate"  # by a condition of the page's own
            results.append(Result(s.name, variant, did, says, was, told, verdict.because))
    return results


def wrong_of(results: list[Result]) -> list[str]:
    """The disagreements in words."""
    return [str(r) for r in results if not r.agree and r.scenario not in ARGUED]


def test_what_chromium_does_at_the_second_request():
    results = compare(written() + combined(120) + corners()[::8])
    assert len(results) > 400
    assert not wrong_of(results), "\n".join(wrong_of(results))


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
    results = compare(written() + combined(count, seed) + corners(), tuple(VARIANTS))
    print("\n".join(wrong_of(results)))
    for variant in VARIANTS:
        mine = [r for r in results if r.variant == variant]
        agree = sum(r.agree for r in mine)
        argued = sum(not r.agree and r.scenario in ARGUED for r in mine)
        told = sum(r.told == r.was != "" for r in mine)
        print(
            f"caching, {variant:26} {agree} of {len(mine)} agree, {argued} argued; {told} told where the second answer came from"
        )


if __name__ == "__main__":
    main()

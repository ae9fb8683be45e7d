"""What is said of preloads is what Chromium does: taken where address, destination and mode agree, else asked again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from inspector.capture import open_capture
from inspector.engine import Engine, Options
from tests.browser.har_export import har, hops
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

FONT_USED = "<style>@font-face{font-family:f;src:url(/f.ttf)}</style><body><p style='font-family:f'>x"
CASES = {
    "used": ("<link rel=preload as=script href=/a.js><script src=/a.js></script>", 1, set()),
    "unused": ("<link rel=preload as=script href=/a.js>", 1, {"hints/preload-unused"}),
    "wrong as": ("<link rel=preload as=image href=/a.js><script src=/a.js></script>", 2, {"hints/preload-wrong-as"}),
    "too late": ("<script src=/a.js></script><link rel=preload as=script href=/a.js>", 2, {"hints/too-late"}),
    "other mode": (
        "<link rel=preload as=script href=/a.js><script src=/a.js crossorigin></script>",
        2,
        {"hints/preload-twice"},
    ),
    "module": ("<link rel=modulepreload href=/a.js><script type=module src=/a.js></script>", 1, set()),
    "font": (f"<link rel=preload as=font href=/f.ttf crossorigin>{FONT_USED}", 1, set()),
    "font without crossorigin": (f"<link rel=preload as=font href=/f.ttf>{FONT_USED}", 2, {"hints/preload-invalid"}),
}


@needs_chromium
@pytest.mark.browser
def test_preloads_are_judged_as_chromium_treats_them():
    seen, said = {}, {}
    with Harness(["shop.test"]) as lab:
        for path, kind, content in (("/a.js", "text/javascript", b"1"), ("/f.ttf", "font/ttf", b"not a font")):
            lab.server.answer(
                "shop.test", path, Reply(200, (("Content-Type", kind), ("Cache-Control", "no-store")), content)
            )
        for name, (markup, _, _) in CASES.items():
            content = f"<!doctype html><link rel=icon href=data:,>{markup}"
            lab.server.answer("shop.test", "/p", Reply(200, (("Content-Type", "text/html"),), content.encode()))
            lab.fresh()
            tab, events = lab.blank()
            before = len(lab.server.seen)
            tab.goto(lab.origin("http", "shop.test") + "/p", wait_until="load")
            tab.evaluate("document.fonts.ready.then(() => 1)")
            lab.settle(tab, events)
            seen[name] = sum(request.path in ("/a.js", "/f.ttf") for request in lab.server.seen[before:])
            said[name] = _rules(har(hops(events), title=tab.url), content)
    assert seen == {name: times for name, (_, times, _) in CASES.items()}
    assert said == {name: rules for name, (_, _, rules) in CASES.items()}


@needs_chromium
@pytest.mark.browser
def test_a_prefetched_file_is_taken_by_the_next_page_unless_it_may_not_be_kept():
    seen, said = {}, {}
    first, second = (
        f"<!doctype html><link rel=icon href=data:,>{more}" for more in ("<link rel=prefetch href=/a.js>", "")
    )
    with Harness(["shop.test"]) as lab:
        lab.server.answer("shop.test", "/p", Reply(200, (("Content-Type", "text/html"),), first.encode()))
        page = f"{second}<script src=/a.js></script>"
        lab.server.answer("shop.test", "/q", Reply(200, (("Content-Type", "text/html"),), page.encode()))
        for kept in ("max-age=60", "no-store"):
            fields = (("Content-Type", "text/javascript"), ("Cache-Control", kept))
            lab.server.answer("shop.test", "/a.js", Reply(200, fields, b"1"))
            lab.fresh()
            tab, events = lab.blank()
            before = len(lab.server.seen)
            tab.goto(lab.origin("http", "shop.test") + "/p", wait_until="load")
            lab.settle(tab, events)
            tab.goto(lab.origin("http", "shop.test") + "/q", wait_until="load")
            lab.settle(tab, events)
            seen[kept] = sum(request.path == "/a.js" for request in lab.server.seen[before:])
            said[kept] = _rules(har(hops(events), title=tab.url), first)
    assert seen == {"max-age=60": 1, "no-store": 2}
    assert said == {"max-age=60": set(), "no-store": {"hints/prefetch-again"}}


def _rules(recording: dict, content: str) -> set[str]:
    """The findings about hints in a recording; DevTools would put the contents in, the events do not hold them."""
    for n, entry in enumerate(recording["log"]["entries"]):
        entry["response"]["content"]["text"] = content if n == 0 else "1"
    with tempfile.TemporaryDirectory(prefix="inspector-har-") as directory:
        path = Path(directory) / "recording.har"
        path.write_text(json.dumps(recording), "utf-8")
        engine = Engine(Options(only=frozenset({"hints"})))
        reports = [engine.observe(exchange) for exchange in open_capture(str(path)).exchanges()]
    return {a.rule for one in (*reports, *engine.finish()) for a in one.annotations}

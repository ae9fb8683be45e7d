"""What is said of resource hints is what Chromium does: followed or ignored, taken or asked for again."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.capture import open_capture
from inspector.engine import Engine, Options
from tests.browser.har_export import har, hops
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

FILES = (
    ("/a.js", "text/javascript", b"1"),
    ("/s.css", "text/css", b"p{}"),
    ("/i.svg", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
    ("/d.json", "application/json", b"{}"),
    ("/f.ttf", "font/ttf", b"not a font"),
    ("/t.vtt", "text/vtt", b"WEBVTT"),
    ("/m.mp4", "video/mp4", b"no film"),
)
INVALID, TWICE, UNUSED = "hints/preload-invalid", "hints/preload-twice", "hints/preload-unused"
WRONG, LATE = "hints/preload-wrong-as", "hints/too-late"
FONT_USED = "<style>@font-face{font-family:f;src:url(/f.ttf)}</style><body><p style='font-family:f'>x"
FETCHED = "<script>setTimeout(() => fetch('/d.json').then(r => r.text()))</script>"
SCRIPT, STYLE, IMAGE = "<script src=/a.js></script>", "<link rel=stylesheet href=/s.css>", "<img src=/i.svg>"


def preload(rest: str) -> str:
    return f"<link rel=preload {rest}>"


CASES: dict[str, tuple[str, int, set[str]]] = {
    "used": (preload("as=script href=/a.js") + SCRIPT, 1, set()),
    "unused": (preload("as=script href=/a.js"), 1, {UNUSED}),
    "wrong as": (preload("as=image href=/a.js") + SCRIPT, 2, {WRONG}),
    "too late": (SCRIPT + preload("as=script href=/a.js"), 2, {LATE}),
    "other mode": (preload("as=script href=/a.js") + "<script src=/a.js crossorigin></script>", 2, {TWICE}),
    "module": ("<link rel=modulepreload href=/a.js><script type=module src=/a.js></script>", 1, set()),
    "module, as a script": (preload("as=script href=/a.js") + "<script type=module src=/a.js></script>", 2, {TWICE}),
    "font": (preload("as=font href=/f.ttf crossorigin") + FONT_USED, 1, set()),
    "font without crossorigin": (preload("as=font href=/f.ttf") + FONT_USED, 2, {INVALID}),
    "style": (preload("as=style href=/s.css") + STYLE, 1, set()),
    "style with crossorigin": (preload("as=style href=/s.css crossorigin") + STYLE, 2, {TWICE}),
    "image": (preload("as=image href=/i.svg") + IMAGE, 1, set()),
    "image, the element with crossorigin": (
        preload("as=image href=/i.svg") + "<img src=/i.svg crossorigin>",
        2,
        {TWICE},
    ),
    "fetch": (preload("as=fetch href=/d.json crossorigin") + FETCHED, 1, set()),
    "fetch without crossorigin": (preload("as=fetch href=/d.json") + FETCHED, 2, {INVALID}),
    # ignored: with nothing that uses the file, nothing is requested
    **{
        f"as={name}": (preload(f"as={name} href={path}"), 0, {INVALID})
        for name, path in (
            ("banana", "/a.js"), ("document", "/a.js"), ("worker", "/a.js"), ("object", "/a.js"), ("audio", "/m.mp4"),
            ("video", "/m.mp4"), ("manifest", "/d.json"), ("report", "/d.json"),
        )
    },
    "no as": (preload("href=/a.js"), 0, {INVALID}),
    "empty as": (preload("as='' href=/a.js"), 0, {INVALID}),
    "script of another kind, which Chromium fetches": (preload("as=script type=text/css href=/a.js"), 1, {INVALID, UNUSED}),
    "font of another kind": (preload("as=font type=text/css href=/f.ttf crossorigin"), 0, {INVALID}),
    "image of another kind": (preload("as=image type=text/html href=/i.svg"), 0, {INVALID}),
    "style of another kind": (preload("as=style type=text/javascript href=/s.css"), 0, {INVALID}),
    # followed
    "as in capitals": (preload("as=SCRIPT href=/a.js") + SCRIPT, 1, set()),
    "type": (preload("as=script type=text/javascript href=/a.js") + SCRIPT, 1, set()),
    "type in capitals": (preload("as=style type=TEXT/CSS href=/s.css") + STYLE, 1, set()),
    "track": (preload("as=track href=/t.vtt") + "<video><track default src=/t.vtt></video>", 2, {INVALID}),
    "track with crossorigin": (
        preload("as=track href=/t.vtt crossorigin") + "<video crossorigin><track default src=/t.vtt></video>",
        1,
        set(),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    with Harness(["shop.test"]) as harness:
        for path, kind, content in FILES:
            fields = (("Content-Type", kind), ("Cache-Control", "no-store"))
            harness.server.answer("shop.test", path, Reply(200, fields, content))
        yield harness


def load(lab: Harness, markup: str, *fields: tuple[str, str]) -> tuple[list[str], set[str]]:
    """Load a page: the paths that were requested beside its own, and what is said of its hints."""
    content = f"<!doctype html><link rel=icon href=data:,>{markup}"
    reply = Reply(200, (("Content-Type", "text/html"), *fields), content.encode())
    lab.server.answer("shop.test", "/p", reply)
    lab.fresh()
    tab, events = lab.blank()
    before = len(lab.server.seen)
    tab.goto(lab.origin("http", "shop.test") + "/p", wait_until="load")
    tab.evaluate("document.fonts.ready.then(() => 1)")
    lab.settle(tab, events)
    asked = [request.path for request in lab.server.seen[before:] if request.path != "/p"]
    return asked, said_of_hints(har(hops(events), title=tab.url), content)


def test_preloads_are_judged_as_chromium_treats_them(lab: Harness):
    seen, said = {}, {}
    for name, (markup, _, _) in CASES.items():
        asked, said[name] = load(lab, markup)
        seen[name] = len(asked)
    assert seen == {name: times for name, (_, times, _) in CASES.items()}
    assert said == {name: rules for name, (_, _, rules) in CASES.items()}


@pytest.mark.parametrize(
    ("field", "markup", "times", "rules"),
    [
        ("</a.js>; rel=preload; as=script", SCRIPT, 1, set()),
        ("</a.js>; rel=preload", "", 0, {INVALID}),
        ("</f.ttf>; rel=preload; as=font", FONT_USED, 2, {INVALID}),
        ("</f.ttf>; rel=preload; as=font; crossorigin", FONT_USED, 1, set()),
        ('</a.js>; rel="preload"; as="script"; crossorigin="anonymous"', SCRIPT, 2, {TWICE}),
        ("</a.js>;rel=preload;as=script,</s.css>;rel=preload;as=style", SCRIPT + STYLE, 2, set()),
        ("</a.js>; as=script; rel=preload; nopush", SCRIPT, 1, set()),
        ("</a.js>; rel=preload; as=script; type=text/css", "", 0, {INVALID}),
        ("</s.css>; rel=preload; as=style; type=text/javascript", "", 0, {INVALID}),
    ],
)
def test_preloads_by_field(lab: Harness, field: str, markup: str, times: int, rules: set[str]):
    asked, said = load(lab, markup, ("Link", field))
    assert (len(asked), said) == (times, rules)


def test_a_prefetched_file_is_taken_by_the_next_page_unless_it_may_not_be_kept(lab: Harness):
    seen, said = {}, {}
    first, second = (
        f"<!doctype html><link rel=icon href=data:,>{more}" for more in ("<link rel=prefetch href=/n.js>", "")
    )
    lab.server.answer("shop.test", "/p", Reply(200, (("Content-Type", "text/html"),), first.encode()))
    page = f"{second}<script src=/n.js></script>"
    lab.server.answer("shop.test", "/q", Reply(200, (("Content-Type", "text/html"),), page.encode()))
    for kept in ("max-age=60", "no-store"):
        fields = (("Content-Type", "text/javascript"), ("Cache-Control", kept))
        lab.server.answer("shop.test", "/n.js", Reply(200, fields, b"1"))
        lab.fresh()
        tab, events = lab.blank()
        before = len(lab.server.seen)
        tab.goto(lab.origin("http", "shop.test") + "/p", wait_until="load")
        lab.settle(tab, events)
        tab.goto(lab.origin("http", "shop.test") + "/q", wait_until="load")
        lab.settle(tab, events)
        seen[kept] = sum(request.path == "/n.js" for request in lab.server.seen[before:])
        said[kept] = said_of_hints(har(hops(events), title=tab.url), first)
    assert seen == {"max-age=60": 1, "no-store": 2}
    assert said == {"max-age=60": set(), "no-store": {"hints/prefetch-again"}}


def said_of_hints(recording: dict, content: str) -> set[str]:
    """The findings about hints in a recording; DevTools would put the contents in, the events do not hold them."""
    for n, entry in enumerate(recording["log"]["entries"]):
        entry["response"]["content"]["text"] = content if n == 0 else "1"
    with tempfile.TemporaryDirectory(prefix="inspector-har-") as directory:
        path = Path(directory) / "recording.har"
        path.write_text(json.dumps(recording), "utf-8")
        engine = Engine(Options(only=frozenset({"hints"})))
        reports = [engine.observe(exchange) for exchange in open_capture(str(path)).exchanges()]
    return {a.rule for one in (*reports, *engine.finish()) for a in one.annotations}

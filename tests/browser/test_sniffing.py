"""What a browser makes of content whose type is missing, wrong or not to be guessed at: our words against Chromium."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from inspector.browser.nosniff import judge
from tests.browser.harness import Harness
from tests.browser.server import BLANK_PAGE, Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

HOST = "shop.test"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TYPES = (
    None, "", "text/javascript", "TEXT/JavaScript; charset=utf-8", "application/x-javascript", "text/plain", "text/html", "text/css",
    "text/CSS;x=y", "application/json", "application/octet-stream", "image/png", "audio/mpeg", "text/csv", "application/xml", "bogus", "*/*",
    "text/plain, text/javascript", "text/javascript, text/plain", "text/javascript, bogus", "text/css, bogus", '"text/css"',
)  # fmt: skip
# Chromium takes a type in quotes for one it does not know; by the standard it is none, so that nothing is checked.
QUOTED = {('"text/css"', options) for options in (None, "x, nosniff", "no-sniff")}
OPTIONS = (None, "nosniff", "NoSniff, x", "x, nosniff", "no-sniff")


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    with Harness([HOST]) as harness:
        yield harness


def fields(kind: str | None, options: str | None) -> tuple[tuple[str, str], ...]:
    named = (("Content-Type", kind), ("X-Content-Type-Options", options))
    return tuple((name, value) for name, value in named if value is not None)


def used(lab: Harness, tag: str, attribute: str, content: bytes) -> dict[tuple[str | None, str | None], bool]:
    """Which combinations of type and options let an element of a page in standards mode use its resource."""
    cases = [(kind, options) for kind in TYPES for options in OPTIONS]
    for number, (kind, options) in enumerate(cases):
        lab.server.answer(HOST, f"/{tag}-{number}", Reply(200, fields(kind, options), content))
    page, _ = lab.page("https", HOST)
    script = """([tag, attribute, many]) => Promise.all([...Array(many).keys()].map(n => new Promise(done => {
        const e = document.createElement(tag); if (tag === 'link') e.rel = 'stylesheet';
        e.onload = () => done(tag !== 'link' || e.sheet.cssRules.length > 0); e.onerror = () => done(false);
        e[attribute] = `/${tag}-${n}`; document.head.append(e) })))"""
    return dict(zip(cases, page.evaluate(script, [tag, attribute, len(cases)]), strict=True))


@pytest.mark.parametrize(
    ("tag", "attribute", "content", "destination"),
    [("script", "src", b"1", "script"), ("link", "href", b"a{}", "style")],
)
def test_scripts_and_styles(lab: Harness, tag: str, attribute: str, content: bytes, destination: str):
    found = used(lab, tag, attribute, content)
    said = {(kind, options): judge(destination, kind, options, "no-cors", True) is None for kind, options in found}
    assert {case for case in found if found[case] is not said[case]} == (QUOTED if tag == "link" else set())
    assert set(found.values()) == {True, False}


@pytest.mark.parametrize(
    ("kind", "options", "shown"),
    [("image/jpeg", None, True), ("image/jpeg", "nosniff", True), ("text/plain", None, True), ("text/html", None, True),
     (None, None, True), (None, "nosniff", True), ("bogus", None, True)],
)  # fmt: skip
def test_images_are_known_by_their_content(lab: Harness, kind: str | None, options: str | None, shown: bool):
    path = f"/image-{kind}-{options}".replace("/", "-")
    lab.server.answer(HOST, f"/{path}", Reply(200, fields(kind, options), PNG))
    page, _ = lab.page("https", HOST)
    script = "p => new Promise(d => { const i = new Image(); i.onload = () => d(true); i.onerror = () => d(false); i.src = p })"
    assert page.evaluate(script, f"/{path}") is shown


@pytest.mark.parametrize(
    ("content", "kind", "options", "shown"),
    [
        (b"<!doctype html><p>About us</p>", None, None, "text/html"),
        (b"<!doctype html><p>About us</p>", "", None, "text/html"),
        (b"<!doctype html><p>About us</p>", None, "nosniff", "text/plain"),
        (b"<!doctype html><p>About us</p>", "text/plain", None, "text/plain"),
        (b'{"a": "<script>x</script>"}', None, None, "text/plain"),
        (b'{"a": "<script>x</script>"}', "text/html", "nosniff", "text/html"),
        (PNG, None, None, "image/png"),
        (PNG, "text/html", None, "text/html"),
        (PNG, "image/jpeg", None, "image/jpeg"),
    ],
)
def test_documents(lab: Harness, content: bytes, kind: str | None, options: str | None, shown: str):
    path = f"/document-{len(content)}-{kind}-{options}".replace("/", "-")
    lab.server.answer(HOST, f"/{path}", Reply(200, fields(kind, options), content))
    lab.server.answer(HOST, "/favicon.ico", BLANK_PAGE)
    tab, _ = lab.blank()
    tab.goto(f"{lab.origin('https', HOST)}/{path}")
    assert tab.evaluate("document.contentType") == shown
    tab.close()

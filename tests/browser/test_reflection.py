"""What is said to end its place runs in a real Chromium; what is said to stay text does not."""

from __future__ import annotations

import pytest

from inspector.content.reflection import reflections
from tests.chromium import CHROMIUM, switches
from tests.conftest import needs_chromium

RUN = "document.title='ran'"
CASES = [
    ("<p>{}</p>", f"<script>{RUN}</script>"),
    ("<title>{}</title>", f"</title><script>{RUN}</script>"),
    ("<title>{}</title>", f"<script>{RUN}</script>"),
    ("<textarea>{}</textarea>", f"<script>{RUN}</script>"),
    ("<!-- {} -->", f"--><script>{RUN}</script>"),
    ("<!-- {} -->", f"<script>{RUN}</script>"),
    ('<input autofocus value="{}">', f'"><script>{RUN}</script>'),
    ('<input autofocus value="{}">', f"'><script>{RUN}</script>"),
    ("<script>var a = '{}';</script>", f"';{RUN};'"),
    ('<script>var a = "{}";</script>', f"';{RUN};'"),
    ("<script>var a = `{}`;</script>", "${" + RUN + "}"),
    ('<script>var a = "{}";</script>', f"</script><script>{RUN}</script>"),
    ("<script>// {}\n</script>", f"x\n{RUN}"),
    ("<style>a{{color:{}}}</style>", f"</style><script>{RUN}</script>"),
    ("<style>a{{color:{}}}</style>", f"<script>{RUN}</script>"),
]


@needs_chromium
@pytest.mark.browser
def test_verdicts_hold_in_chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches())
        try:
            page = browser.new_page()
            seen = []
            for markup, value in CASES:
                text = "<!doctype html><body>" + markup.format(value)
                page.set_content(text, wait_until="load")
                seen.append((markup, value, page.title() == "ran"))
        finally:
            browser.close()
    said = [(m, v, any(r.escapes for r in reflections("<!doctype html><body>" + m.format(v), v))) for m, v in CASES]
    assert said == seen
    assert {ran for _, _, ran in seen} == {True, False}

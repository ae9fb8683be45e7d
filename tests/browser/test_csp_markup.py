"""What a page's markup uses and its policies forbid: what we read from the HTML against the events Chromium raises."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from inspector.content.html import parse_html
from inspector.fields.csp import parse_csp
from inspector.rules.csp_code import calls_of
from inspector.rules.csp_markup import ADDRESS, BASE, FORM, HANDLER, IMPORT_MAP, SCRIPT, SPECULATION, forbidden
from tests.browser.csp_scenarios import FLAGS, NONCE, sha256
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

SHOP, OTHER = "shop.test", "partner.example"
LISTEN = """document.addEventListener('securitypolicyviolation', e =>
    window === top && console.debug('csp ' + JSON.stringify([e.effectiveDirective, e.blockedURI])), true);"""
MARKUP = f"""
<script>plain()</script><script nonce={NONCE}>window.nonced = 1</script><script>window.hashed = 1</script>
<script type=application/json>{{"data": 1}}</script><script nomodule>old()</script><script type=text/x-template><p></script>
<script type=importmap>{{"imports": {{}}}}</script><script type=speculationrules>{{"prefetch": []}}</script>
<script type=module>window.module = 1</script><script></script>
<script src=/s.js></script><script src=https://{OTHER}/s.js></script><script src=/nonced.js nonce={NONCE}></script>
<script src=/nomodule.js nomodule></script><script src=/template.js type=text/plain></script>
<style>p {{ color: red }}</style><style nonce={NONCE}>p {{ color: blue }}</style>
<link rel=stylesheet href=/c.css><link rel="alternate stylesheet" title=x href=https://{OTHER}/alternate.css>
<p style="color: red" onclick="clicked()" on="tap:menu.open" once only=x onfullscreenchange="none()">text</p>
<a href="javascript:void(0)">nothing</a><iframe src="javascript:framed()"></iframe><iframe src=" java
script:void(0)"></iframe>
<iframe src=https://{OTHER}/frame></iframe><iframe srcdoc="<p>text" src=https://{OTHER}/unused></iframe>
<img src=/own.png><img src=https://{OTHER}/other.png><img src=/unused.png srcset="https://{OTHER}/a,b.png 1x">
<picture><source srcset=https://{OTHER}/source.png><img src=https://{OTHER}/unused-too.png></picture>
<img src=data:image/gif;base64,R0lGODlhAQABAAAAACw=><input type=image src=https://{OTHER}/input.png><input src=/no.png>
<video src=https://{OTHER}/v.mp4 poster=https://{OTHER}/poster.png></video><audio><source src=/a.mp3></audio>
<video><source src=https://{OTHER}/s.mp4><track src=https://{OTHER}/t.vtt default></video>
<svg><image href=https://{OTHER}/svg.png /><script>inSvg()</script><script href=/svg.js></script>
<animate onbegin="begun()"/></svg><template><img src=/inert.png><script>inert()</script></template>
<noscript><img src=/noscript.png></noscript>
"""
POLICIES = (
    "default-src 'self'",
    "default-src 'none'",
    f"script-src 'nonce-{NONCE}' {sha256('window.hashed = 1')}; style-src 'nonce-{NONCE}'; img-src 'self' data:",
    f"script-src 'nonce-{NONCE}' 'strict-dynamic'; media-src {OTHER}; frame-src 'none'",
    "script-src 'self' 'unsafe-inline' 'inline-speculation-rules'; script-src-attr 'none'; style-src-attr 'none'",
    "default-src 'self' 'unsafe-inline', img-src *; media-src 'none'",
    "img-src data: https://partner.example/a,b.png",
)
INLINE = {
    SCRIPT: "script-src-elem",
    IMPORT_MAP: "script-src-elem",
    SPECULATION: "script-src-elem",
    ADDRESS: "script-src-elem",
    HANDLER: "script-src-attr",
    "inline style": "style-src-elem",
    "`style` attribute": "style-src-attr",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    with Harness([SHOP, OTHER], flags=FLAGS) as harness:
        yield harness


def events(lab: Harness, path: str, markup: str, policy: str | None, script: str = "") -> list[tuple[str, str]]:
    fields = (("Content-Security-Policy", policy),) if policy else ()
    html = ("Content-Type", "text/html; charset=utf-8")
    lab.server.answer(SHOP, path, Reply(200, (html, *fields), markup.encode()))
    tab, log = lab.blank()
    raised: list[tuple[str, str]] = []
    tab.add_init_script(LISTEN)
    tab.on(
        "console",
        lambda message: raised.append(tuple(json.loads(message.text[4:]))) if message.text[:4] == "csp " else None,
    )  # type: ignore[arg-type]
    tab.goto(f"https://{SHOP}{path}")
    lab.settle(tab, log)
    if script:
        before = len(lab.server.seen)
        tab.evaluate(script)
        for _ in range(300):  # a form arrives or is refused; one for a dialog does neither
            if raised or len(lab.server.seen) > before or "method=dialog" in markup:
                break
            tab.wait_for_timeout(10)
        lab.settle(tab, log)  # a tab that is closed on its way to another page can hang
    tab.close()
    return raised


def ours(markup: str, policy: str | None, path: str) -> tuple[Counter[str], set[str]]:
    """Inline code by directive, and addresses; of frames the origin, which is all that Chromium tells."""
    inline: Counter[str] = Counter()
    addresses = set()
    for used in forbidden(parse_html(markup), parse_csp(policy or ""), f"https://{SHOP}{path}", markup=not policy):
        if used.kind in INLINE:
            inline[INLINE[used.kind]] += 1
        elif used.what.startswith("data:"):
            addresses.add("data")
        else:
            addresses.add(f"https://{urlsplit(used.what).netloc}" if used.kind == "frame" else used.what)
    return inline, addresses


def theirs(raised: list[tuple[str, str]]) -> tuple[Counter[str], set[str]]:
    return (
        Counter(directive for directive, uri in raised if uri == "inline"),
        {uri for _, uri in raised if uri != "inline"},
    )


def test_what_the_markup_uses(lab: Harness):
    found, said = {}, {}
    for number, policy in enumerate(POLICIES):
        path = f"/markup{number}"
        found[policy] = theirs(events(lab, path, f"<!doctype html><link rel=icon href={ICON}>{MARKUP}", policy))
        said[policy] = ours(MARKUP, policy, path)
    for policy in POLICIES:
        inline, addresses = found[policy]
        told_inline, told = said[policy]
        assert (told_inline, told) == (inline, addresses - {ICON_EVENT}), policy


ICON, ICON_EVENT = f"https://{SHOP}/icon.png", f"https://{SHOP}/icon.png"

HEAD = "<script>early()</script><meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">"
IN_MARKUP = (
    f"<!doctype html>{HEAD}<link rel=icon href={ICON}>{MARKUP}",
    f"<!doctype html><head>{HEAD}<meta http-equiv=content-security-policy content=\"img-src 'self'\"></head><body>{MARKUP}",
    f"<!doctype html><title>x</title></head>{HEAD}<p>{MARKUP}",
    f"<!doctype html><body>{HEAD}<link rel=icon href={ICON}>{MARKUP}",
    f"<!doctype html><head><div></div>{HEAD}</head>{MARKUP}",
    f"<!doctype html><title>x</title><noscript>{HEAD}</noscript><p>{MARKUP}",
    f"<!doctype html><title>x</title><template>{HEAD}</template><p>{MARKUP}",
)


def test_policies_in_the_markup(lab: Harness):
    """In force for what comes after them, and in the head alone."""
    blocked = 0
    for number, markup in enumerate(IN_MARKUP):
        path = f"/meta{number}"
        inline, addresses = theirs(events(lab, path, markup, None))
        addresses -= {ICON_EVENT, f"https://{SHOP}/favicon.ico"}
        assert ours(markup, None, path) == (inline, addresses), markup[:150]
        blocked += bool(inline)
    assert blocked == 3


BASES = (
    ("base-uri 'self'; img-src 'none'", "<base href=https://partner.example/x/><base href=/y/><img src=a.png>"),
    ("base-uri 'self'; img-src 'none'", "<img src=before.png><base href=/y/><base href=/z/><img src=a.png>"),
    ("base-uri 'none'; img-src 'none'", "<base target=_top><base href=/y/><img src=a.png>"),
    ("img-src 'none'", "<base href=//partner.example/x/><img src=a.png>"),
)


def test_a_refused_base_has_no_effect(lab: Harness):
    for number, (policy, markup) in enumerate(BASES):
        path = f"/base{number}"
        raised = {uri for _, uri in events(lab, path, f"<!doctype html><link rel=icon href={ICON}>{markup}", policy)}
        used = list(forbidden(parse_html(markup), parse_csp(policy), f"https://{SHOP}{path}", markup=False))
        assert {each.what for each in used} == raised - {ICON_EVENT}, markup
        assert any(each.kind == BASE for each in used) is (number in (0, 2))


FORMS = (
    ("form-action 'self'", f"<form action=https://{OTHER}/f></form>"),
    ("form-action 'self'", f"<form action=/f><button formaction=https://{OTHER}/g></button></form>"),
    ("form-action 'none'", "<form action=/f></form>"),
    ("form-action 'self'", "<form action=/f></form>"),
    ("form-action 'none'", f"<dialog open><form action=https://{OTHER}/f method=dialog></form></dialog>"),
    ("img-src *", f"<form action=https://{OTHER}/f></form>"),
)


def test_where_forms_are_sent(lab: Harness):
    submit = "() => { const b = document.querySelector('button'); b ? b.click() : document.forms[0].requestSubmit() }"
    told = []
    for number, (policy, markup) in enumerate(FORMS):
        path = f"/form{number}"
        raised = {
            d for d, _ in events(lab, path, f"<!doctype html><link rel=icon href=data:,>{markup}", policy, submit)
        }
        used = list(forbidden(parse_html(markup), parse_csp(policy), f"https://{SHOP}{path}", markup=False))
        assert any(each.kind == FORM for each in used) is ("form-action" in raised), markup
        told.append(bool(used))
    assert told == [True, True, True, False, False, False]


CALLS = (
    "eval('1')",
    "new Function('return 1')",
    "setTimeout('one()')",
    "window.setInterval(`one()`, 9)",
    "const text = 'it\\'s'; /* eval() */ eval ( text )",
    "const data = JSON.parse('1') // eval('1')",
    "const said = 'eval(1)' + \"new Function('1')\" + `setTimeout('x')`",
    "({eval() {}}).eval('1'); const my_eval = x => x; my_eval('1'); function setTimeout2() {}; setTimeout2('1')",
    "setTimeout(() => 'text', 9)",
    "Function.prototype.call.name",
)


def test_code_made_from_text(lab: Harness):
    policy = "script-src 'unsafe-inline'"
    markup = "<!doctype html><link rel=icon href=data:,>" + "".join(f"<script>{call}</script>" for call in CALLS)
    raised = [uri for _, uri in events(lab, "/calls", markup, policy) if uri == "eval"]
    told = [bool(calls_of(script, parse_csp(policy))) for script in parse_html(markup).scripts]
    assert told == [True] * 5 + [False] * 5
    assert len(raised) == 5

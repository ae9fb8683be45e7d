"""Content Security Policy in a real Chromium: pages under a policy that load, run and submit all sorts of things.

Each page is one policy (or several) and a number of probes, and Chromium's `securitypolicyviolation` events and what
ran tell what it blocked. The pure functions of `inspector.browser` have to say the same of every probe, and
`inspector explain` of the page's recording must not contradict it.

    python -m tests.browser.csp_scenarios [PAGES] [SEED]
"""

from __future__ import annotations

import base64
import hashlib
import random
import sys
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from inspector.browser.csp import Asked, base_uri_violates, form_action_violates, in_markup, request_violates
from inspector.browser.csp_directives import InlineType
from inspector.browser.csp_inline import eval_violates, inline_violates, wasm_violates
from inspector.fields.csp import CspPolicy, parse_csp, parse_policy
from tests.browser.har_export import hops
from tests.browser.harness import Harness, Run, explain
from tests.browser.server import Reply

NAMES = ("shop.test", "api.shop.test", "partner.example")
FLAGS = (
    "--host-resolver-rules=MAP *:80 127.0.0.1:{http}, MAP *:443 127.0.0.1:{https}, MAP *:8080 127.0.0.1:{http}, "
    "MAP *:8443 127.0.0.1:{https}, MAP * 127.0.0.1",
)
NONCE = "Y3NwLXNjZW5hcmlvLW5vbmNl"

ENFORCED, TRIAL = "Content-Security-Policy", "Content-Security-Policy-Report-Only"


def sha256(text: str) -> str:
    """A hash source for a text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HASHED_SCRIPT = "ran.push('hashed')"
HASHED_STYLE = "#hashed-style{color:rgb(1,2,3)}"
HASHED_HANDLER = "ran.push('hashed-handler')"
HASHED_DECLARATION = "color:rgb(1,2,3)"
HASHED_URL = "javascript:void(ran.push('hashed-url'))"
EXTERNAL = "ran.push('integrity')"
INTEGRITY = sha256(EXTERNAL).strip("'")


class Inline(NamedTuple):
    """Inline code in the page: what it adds to `ran` when it runs, its kind, its text, its nonce, its markup."""

    name: str
    type: InlineType
    text: str
    nonce: str | None
    markup: str


def _inline() -> tuple[Inline, ...]:
    def script(name: str, text: str, nonce: str | None = None, more: str = "") -> Inline:
        given = f' nonce="{nonce}"' if nonce else ""
        usable = None if "<script" in more else nonce
        return Inline(name, "script", text, usable, f"<script{given}{more}>{text}</script>")

    def style(name: str, text: str, nonce: str | None = None) -> Inline:
        given = f' nonce="{nonce}"' if nonce else ""
        return Inline(name, "style", text, nonce, f"<style{given}>{text}</style><i id={name}></i>")

    def handler(name: str, text: str) -> Inline:
        return Inline(name, "script attribute", text, None, f'<b class=click onclick="{text}"></b>')

    def declared(name: str, text: str) -> Inline:
        return Inline(name, "style attribute", text, None, f'<i id={name} style="{text}"></i>')

    def url(name: str, text: str) -> Inline:
        return Inline(name, "navigation", text, None, f'<a class=click href="{text}"></a>')

    return (
        script("plain", "ran.push('plain')"),
        script("nonced", "ran.push('nonced')", NONCE),
        script("other-nonce", "ran.push('other-nonce')", NONCE.lower()),
        script("swallowed", "ran.push('swallowed')", NONCE, ' data-x="<script"'),
        script("hashed", HASHED_SCRIPT),
        script("nearly-hashed", "ran.push('nearly-hashed')"),
        script("module", "ran.push('module')", NONCE, " type=module"),
        style("plain-style", "#plain-style{color:rgb(1,2,3)}"),
        style("nonced-style", "#nonced-style{color:rgb(1,2,3)}", NONCE),
        style("hashed-style", HASHED_STYLE),
        handler("handler", "ran.push('handler')"),
        handler("hashed-handler", HASHED_HANDLER),
        declared("declared", "color: rgb(1,2,3)"),
        declared("hashed-declared", HASHED_DECLARATION),
        url("url", "javascript:void(ran.push('url'))"),
        url("hashed-url", HASHED_URL),
    )


INLINE = _inline()

PRELUDE = """
window.ran = []; window.violations = [];
addEventListener('securitypolicyviolation', e =>
  violations.push([e.effectiveDirective, e.blockedURI, e.disposition]), true);
"""

PROBE = """
async probes => {
  const put = (tag, props, where = document.body) => {
    const e = Object.assign(document.createElement(tag), props); where.append(e); return e; };
  const quiet = f => { try { const r = f(); r && r.catch && r.catch(() => 0) } catch {} };
  const as = {
    script: u => put('script', {src: u}), style: u => put('link', {rel: 'stylesheet', href: u}),
    image: u => { new Image().src = u }, font: u => new FontFace('x', `url(${u})`).load(),
    fetch: u => fetch(u, {mode: 'no-cors'}),
    xhr: u => { const x = new XMLHttpRequest(); x.open('GET', u); x.send() },
    eventsource: u => { const s = new EventSource(u); s.onerror = () => s.close() },
    websocket: u => new WebSocket(u), beacon: u => navigator.sendBeacon(u, 'x'),
    video: u => put('video', {src: u, preload: 'auto'}), audio: u => put('audio', {src: u, preload: 'auto'}),
    object: u => put('object', {data: u, type: 'text/html'}), embed: u => put('embed', {src: u, type: 'text/html'}),
    iframe: u => put('iframe', {src: u}), worker: u => new Worker(u), sharedworker: u => new SharedWorker(u),
    prefetch: u => put('link', {rel: 'prefetch', href: u}, document.head),
  };
  for (const [kind, url] of probes) quiet(() => as[kind](url));
}
"""

CODE = """
() => {
  for (const e of document.querySelectorAll('.click')) e.click();
  setTimeout("ran.push('eval')");
  try { new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); ran.push('wasm') } catch {}
  for (const e of document.querySelectorAll('i[id]'))
    if (getComputedStyle(e).color == 'rgb(1, 2, 3)') ran.push(e.id);
}
"""

LAST = """
([base, form]) => {
  const b = Object.assign(document.createElement('base'), {href: base}); document.head.append(b); b.remove();
  const f = Object.assign(document.createElement('form'), {action: form}); document.body.append(f); f.submit();
}
"""

DESTINATIONS = {
    **{kind: kind for kind in ("script", "style", "image", "font", "video", "audio", "object", "embed", "iframe")},
    **dict.fromkeys(("fetch", "xhr", "eventsource", "websocket", "beacon"), "empty"),
    **{kind: kind for kind in ("worker", "sharedworker", "prefetch")},
}
_FRAMED = ("object", "embed", "iframe")
_SAME_ORIGIN = ("worker", "sharedworker")


class Page(NamedTuple):
    """A page: its policies as ``(field, value)``, perhaps one in its markup, its scheme, and a seed for its probes."""

    name: str
    policies: tuple[tuple[str, str], ...]
    scheme: str = "http"
    meta: str | None = None
    seed: int = 0

    def enforced(self) -> tuple[CspPolicy, ...]:
        """The policies in force."""
        given = tuple(p for field, value in self.policies if field == ENFORCED for p in parse_csp(value))
        return given + ((in_markup(parse_policy(self.meta)),) if self.meta is not None else ())

    def trial(self) -> tuple[CspPolicy, ...]:
        """The policies that only report."""
        return tuple(p for field, value in self.policies if field == TRIAL for p in parse_csp(value))


class Comparison(NamedTuple):
    """One probe: what Chromium did, what we say; `agreement` is ``same``, ``condition`` or ``different``."""

    page: str
    policies: str
    probe: str
    browser: str
    ours: str
    agreement: str


def _urls(page: Page, number: int) -> list[tuple[str, str]]:
    pick = random.Random(page.seed)
    schemes = ("https",) if page.scheme == "https" else ("http", "http", "https")
    probes = []
    for kind in DESTINATIONS:
        for turn in range(1 if kind in _SAME_ORIGIN else 3):
            scheme = page.scheme if kind in _SAME_ORIGIN else pick.choice(schemes)
            host = NAMES[0] if kind in _SAME_ORIGIN else pick.choice(NAMES)
            port = "" if kind in _SAME_ORIGIN or pick.random() < 0.75 else ":8080" if scheme == "http" else ":8443"
            scheme = {"http": "ws", "https": "wss"}[scheme] if kind == "websocket" else scheme
            folder = pick.choice(("assets", "assets", "Assets", "other"))
            probes.append((kind, f"{scheme}://{host}{port}/{folder}/{kind}/{number}-{turn}"))
    return probes


def play(lab: Harness, page: Page, number: int) -> list[Comparison]:
    """Load the page, run its probes, and compare."""
    own = f"{page.scheme}://shop.test/page{number}"
    urls = _urls(page, number)
    pick = random.Random(page.seed + 1)
    base = pick.choice(("https://shop.test/b/", "https://partner.example/b/", "https://api.shop.test/assets/"))
    form = pick.choice(("https://shop.test/form", "https://partner.example/form", "https://api.shop.test/assets/form"))
    hop = pick.choice(("https://partner.example/assets/hopped", "https://api.shop.test/other/hopped"))
    for host in NAMES:
        for path in ("/form", "/assets/form"):
            lab.server.answer(host, path, Reply(204))
    lab.server.answer("shop.test", f"/assets/hop{number}", Reply(302, (("Location", f"{hop}{number}"),)))
    for host in NAMES:
        lab.server.answer(host, "/ext", Reply(200, (("Content-Type", "text/javascript"), _ANY), EXTERNAL.encode()))
    static = [
        ("nonce", Asked("https://partner.example/st/nonce", "script", False, NONCE, "", True)),
        ("no-nonce", Asked("https://partner.example/st/no-nonce", "script", False, "", "", True)),
        ("own", Asked(f"{page.scheme}://shop.test/assets/own", "script", False, "", "", True)),
        ("integrity", Asked("https://partner.example/ext", "script", False, "", INTEGRITY, True)),
        ("style-nonce", Asked("https://partner.example/st/style", "style", False, NONCE, "", True)),
        ("hop", Asked(f"{page.scheme}://shop.test/assets/hop{number}", "image", False, "", "", True)),
    ]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{page.meta}">' if page.meta is not None else ""
    markup = (
        f"<!doctype html><meta charset=utf-8>{meta}<link rel=icon href=data:,><body>{''.join(i.markup for i in INLINE)}"
        f'<script src="{static[0][1].url}" nonce="{NONCE}"></script><script src="{static[1][1].url}"></script>'
        f'<script src="{static[2][1].url}"></script>'
        f'<script src="{static[3][1].url}" integrity="{INTEGRITY}" crossorigin></script>'
        f'<link rel=stylesheet href="{static[4][1].url}" nonce="{NONCE}"><img src="{static[5][1].url}">'
    )
    html = ("Content-Type", "text/html; charset=utf-8")
    lab.server.answer("shop.test", urlsplit(own).path, Reply(200, (html, *page.policies), markup.encode()))
    tab, events = lab.blank()
    tab.add_init_script(PRELUDE)
    tab.goto(own)
    tab.evaluate(PROBE, urls)
    lab.settle(tab, events)
    log = [each for each in hops(events) if each.url.startswith(("http", "ws"))]
    document = Run(log, None, own).har()
    document["log"]["pages"][0]["title"] = own
    for entry in document["log"]["entries"]:
        entry["response"]["_error"] = None
    document["log"]["entries"][0]["response"]["content"] |= {"mimeType": "text/html", "text": markup}
    told = explain(document)
    tab.evaluate(CODE)
    tab.wait_for_timeout(30)
    sent = len(lab.server.seen)
    tab.evaluate(LAST, [base, form])
    ran, violations = tab.evaluate("[ran, violations]")
    for _ in range(200):  # the form arrives, or its violation does
        if any(each.path == urlsplit(form).path for each in lab.server.seen[sent:]):
            break
        if any(v[0] == "form-action" and v[2] == "enforce" for v in violations):
            break
        tab.wait_for_timeout(10)
        ran, violations = tab.evaluate("[ran, violations]")
    tab.close()

    asked = [(f"{kind} {u}", Asked(u, DESTINATIONS[kind], False, "", "", False)) for kind, u in urls]
    asked += [(f"static {name} {a.url}", a) for name, a in static]
    arrived = {f"{each.host}{each.path}" for each in lab.server.seen}
    led_to = Asked(f"{hop}{number}", "image", True, "", "", True)
    compared = _compare_requests(page, own, asked, led_to, violations, arrived)
    compared += _compare_code(page, own, ran, base, form, violations)
    return compared + _compare_recording(page, log, told, violations)


_ANY = ("Access-Control-Allow-Origin", "*")


def _row(page: Page, probe: str, browser: bool, ours: bool, word: str = "blocked") -> Comparison:
    policies = " | ".join(f"{field[24:]}{value}" for field, value in page.policies) + (
        f" meta {page.meta}" * (page.meta is not None)
    )
    same = "same" if browser == ours else "different"
    return Comparison(page.name, policies, probe, word * browser or "allowed", word * ours or "allowed", same)


def _compare_requests(
    page: Page, own: str, asked: list[tuple[str, Asked]], led_to: Asked, violations: Any, arrived: set[str]
) -> list[Comparison]:
    rows = []
    for policies, disposition in ((page.enforced(), "enforce"), (page.trial(), "report")):
        if not policies:
            continue
        seen = {uri for _, uri, how in violations if how == disposition}
        for name, each in asked:
            ours = any(request_violates(policy, each, own) is not None for policy in policies)
            if (
                "/hop" in each.url
            ):  # where its redirect leads is checked too; the event names the address asked for first
                ours = ours or any(request_violates(policy, led_to, own) is not None for policy in policies)
            if disposition == "report" and ("/hop" in each.url or each.destination == "prefetch"):
                continue  # of these Chromium reports nothing under a trial policy
            blocked = each.url in seen
            if each.destination in _FRAMED:  # an event of a frame names the origin alone
                framed = Asked(each.url, "iframe")  # which is also what a page in an object or embed is to Chromium
                ours = ours or any(request_violates(policy, framed, own) is not None for policy in policies)
                if disposition == "report":
                    continue
                blocked = urlsplit(each.url).hostname + urlsplit(each.url).path not in arrived
            rows.append(_row(page, f"{disposition} {name}", blocked, ours))
    return rows


def _compare_code(page: Page, own: str, ran: list[str], base: str, form: str, violations: Any) -> list[Comparison]:
    policies = page.enforced()
    rows = []
    for each in INLINE:
        ours = any(inline_violates(policy, each.type, each.text, each.nonce) for policy in policies)
        rows.append(_row(page, f"{each.type} {each.name}", each.name not in ran, ours))
    rows.append(_row(page, "eval", "eval" not in ran, any(eval_violates(policy) for policy in policies)))
    rows.append(_row(page, "wasm", "wasm" not in ran, any(wasm_violates(policy) for policy in policies)))
    enforced = {(directive, uri) for directive, uri, how in violations if how == "enforce"}
    ours = any(base_uri_violates(policy, base, own) for policy in policies)
    rows.append(_row(page, f"base {base}", ("base-uri", base) in enforced, ours))
    ours = any(form_action_violates(policy, form, own) for policy in policies)
    rows.append(_row(page, f"form {form}", any(d == "form-action" for d, _ in enforced), ours))
    return rows


def _compare_recording(page: Page, log: list[Any], told: list[Any], violations: Any) -> list[Comparison]:
    rows = []
    for hop, report in zip(log[1:], told[1:], strict=True):
        blocked = bool(hop.failed) and hop.failed.get("blockedReason") == "csp"
        if not blocked and hop.failed and "/hopped" in hop.url and hop.failed["errorText"] == "net::ERR_ABORTED":
            blocked = True  # reached by a redirect: the event does not name the reason
        verdict = report.verdicts.block
        ours = verdict.outcome if verdict is not None and verdict.code == "csp" else "allowed"
        row = _row(page, f"recorded {hop.sent.get('type')} {hop.url}", blocked, ours == "blocked")
        rows.append(row._replace(agreement="condition", ours=ours) if ours == "depends" else row)
    return rows


def run_all(pages: list[Page]) -> list[Comparison]:
    """Play pages in one browser and compare. Trusted Types are not played: under them the probes are no strings."""
    results: list[Comparison] = []
    with Harness(NAMES, flags=FLAGS) as lab:
        for number, page in enumerate(pages):
            if number % 25 == 24:
                lab.fresh()
            results += play(lab, page, number)
    return results


def agreement(results: list[Comparison]) -> str:
    """The numbers in a few lines, for a person."""
    lines = [
        f"{len({(r.page) for r in results})} pages, {len(results)} probes, "
        f"{sum(r.browser == 'blocked' for r in results)} blocked"
    ]
    counts = Counter(r.agreement for r in results)
    return "\n".join(
        lines + [f"  {k:10} {counts[k]:5}  {counts[k] / len(results):6.1%}" for k in ("same", "condition", "different")]
    )


# -- pages --------------------------------------------------------------------------------------------------------

_HASHES = " ".join(sha256(t) for t in (HASHED_SCRIPT, HASHED_STYLE, HASHED_HANDLER, HASHED_DECLARATION, HASHED_URL))
_BY_HAND = (
    "default-src 'none'",
    "default-src 'self'",
    "default-src *",
    "default-src https:",
    "default-src http:",
    "default-src https: 'unsafe-inline' 'unsafe-eval'",
    "script-src 'self'",
    "script-src 'none'; script-src *",
    "script-src 'unsafe-inline'",
    "script-src 'unsafe-eval'",
    "script-src 'wasm-unsafe-eval' 'self'",
    "script-src-elem 'self'; script-src 'unsafe-inline' 'unsafe-eval'",
    "script-src-attr 'unsafe-inline'; script-src 'self'",
    "script-src-attr 'none'; script-src 'unsafe-inline'",
    f"script-src 'nonce-{NONCE}'",
    f"script-src 'nonce-{NONCE}' 'unsafe-inline'",
    f"script-src 'nonce-{NONCE}' 'strict-dynamic'",
    f"script-src 'nonce-{NONCE}' 'strict-dynamic' https: 'unsafe-inline'",
    f"default-src 'nonce-{NONCE}' 'strict-dynamic'; object-src 'none'; base-uri 'none'",
    f"script-src 'NONCE-{NONCE}'",
    f"script-src 'nonce-{NONCE}",
    f"script-src nonce-{NONCE}",
    f"script-src {_HASHES}",
    f"script-src {_HASHES} 'unsafe-hashes'",
    f"script-src {_HASHES} 'unsafe-hashes' 'strict-dynamic'",
    f"script-src {_HASHES.replace('+', '-').replace('/', '_')}; style-src {_HASHES}",
    f"script-src {_HASHES.replace('=', '')}",
    f"script-src 'SHA256-{_HASHES.split()[0][8:]}",
    f"script-src 'self' {sha256(EXTERNAL)}",
    "script-src 'strict-dynamic'",
    "script-src 'unsafe-inline' 'strict-dynamic'",
    f"style-src 'nonce-{NONCE}'",
    f"style-src 'nonce-{NONCE}' 'unsafe-inline'",
    "style-src 'unsafe-inline'",
    f"style-src {_HASHES} 'unsafe-hashes'",
    "style-src 'unsafe-inline' 'strict-dynamic'",
    "style-src-attr 'none'; style-src 'unsafe-inline'",
    "style-src-elem 'self'",
    "img-src 'self' data:",
    "img-src *.shop.test",
    "img-src shop.test partner.example:*",
    "img-src https://partner.example/assets/ https://api.shop.test/Assets/image",
    "img-src http://*:8080",
    "img-src http://partner.example/ASSETS/",
    "img-src http://shop.test/assets/ http://partner.example/nowhere",
    "connect-src 'self'",
    "connect-src https: wss:",
    "connect-src ws://shop.test http://api.shop.test",
    "connect-src *",
    "frame-src 'self'; child-src *",
    "child-src 'none'",
    "worker-src 'none'",
    "child-src 'none'; worker-src 'self'",
    "object-src 'none'",
    "media-src partner.example",
    "font-src https:",
    "base-uri 'self'; form-action 'self'",
    "base-uri 'none'; form-action 'none'",
    "base-uri https://api.shop.test/assets/; form-action https://api.shop.test/assets/",
    "form-action https:; base-uri *.shop.test",
    "img-src 'none' partner.example",
    "img-src",
    "IMG-SRC 'SELF'; Script-Src 'None'",
    "img-src 'self' 'none'; connect-src none",
    "img-src self",
    "img-src //partner.example partner.example/assets/image",
    "img-src partner.example, img-src shop.test partner.example",
    "default-src 'self', default-src https:",
    ", ;img-src 'self';;",
    "img-src 'self' é; script-src 'self'",
    "unknown-src 'none'; img-src\tpartner.example",
    "default-src 'none'; prefetch-src *",
    "default-src 'none'; img-src 'strict-dynamic'; script-src-elem 'strict-dynamic'",
    "default-src 'none'; child-src 'strict-dynamic'",
    "default-src 'none'; worker-src 'strict-dynamic'",
    "default-src 'self'; img-src partner.example",
    "manifest-src 'none'; default-src 'unsafe-inline' 'self' *.example",
    "sandbox allow-scripts allow-same-origin allow-forms; img-src 'self'",
    "report-uri /r; img-src *",
    "default-src 'report-sample' 'self' 'unsafe-inline'",
)
_EXPRESSIONS = (
    *("'self'", "*", "https:", "http:", "wss:", "ws:", "data:", "'none'", "'unsafe-inline'", "'unsafe-eval'"),
    *("shop.test", "*.shop.test", "partner.example", "*.example", "api.shop.test:8080", "partner.example:*"),
    *("http://partner.example", "https://partner.example", "https://api.shop.test:8443", "http://*", "https://*:*"),
    *("partner.example/assets/", "http://api.shop.test/assets/", "shop.test/assets", "https://shop.test/Assets/"),
    *("'strict-dynamic'", f"'nonce-{NONCE}'", "'unsafe-hashes'", "'wasm-unsafe-eval'", sha256(HASHED_SCRIPT)),
    *(sha256(HASHED_STYLE), sha256(HASHED_HANDLER), sha256(EXTERNAL), "http://shop.test:80", "shop.test:443"),
)
_DIRECTIVES = (
    *("default-src", "default-src", "script-src", "script-src", "script-src-elem", "script-src-attr", "style-src"),
    *("style-src-elem", "style-src-attr", "img-src", "connect-src", "font-src", "media-src", "frame-src"),
    *("child-src", "worker-src", "object-src", "base-uri", "form-action", "prefetch-src"),
)


def hand_written() -> list[Page]:
    """One page for each policy worth a page of its own; every third over https."""
    pages = [
        Page(value[:60], ((ENFORCED, value),), "https" if number % 3 == 2 else "http", None, number)
        for number, value in enumerate(_BY_HAND)
    ]
    return [
        *pages,
        Page("two fields", ((ENFORCED, "img-src 'self'"), (ENFORCED, "img-src partner.example; script-src 'self'"))),
        Page("trial only", ((TRIAL, "default-src 'self'"),)),
        Page("trial and enforced", ((TRIAL, "default-src 'none'"), (ENFORCED, "img-src partner.example")), "https"),
        Page("markup", (), "http", "default-src 'self'; frame-ancestors 'none'; sandbox"),
        Page("markup and field", ((ENFORCED, "script-src 'unsafe-inline' *"),), "http", "img-src https:; script-src *"),
    ]


def combined(number: int, pick: random.Random) -> Page:
    """Random directives with random sources, now and then in two policies, in the markup, or as a trial."""

    def policy() -> str:
        names = pick.sample(_DIRECTIVES, pick.randint(1, 6))
        return "; ".join(f"{n} {' '.join(pick.sample(_EXPRESSIONS, pick.choice((1, 1, 2, 3, 4))))}" for n in names)

    policies = [(ENFORCED, policy())]
    if pick.random() < 0.2:
        policies.append((ENFORCED, policy()))
    if pick.random() < 0.2:
        policies.append((TRIAL, policy()))
    meta = policy() if pick.random() < 0.1 else None
    return Page(f"combined {number}", tuple(policies), pick.choice(("http", "http", "https")), meta, number)


def all_pages(count: int, seed: int = 1) -> list[Page]:
    """The hand-written pages and as many combinations as make `count`."""
    pages = hand_written()
    pick = random.Random(seed)
    return (pages + [combined(n, pick) for n in range(max(0, count - len(pages)))])[:count]


if __name__ == "__main__":
    count, seed = [*map(int, sys.argv[1:]), *(200, 1)[len(sys.argv) - 1 :]]
    found = run_all(all_pages(count, seed))
    for comparison in found:
        if comparison.agreement == "different":
            print(*comparison, sep="\n    ")
    print("Content Security Policy:", agreement(found))

"""What a real browser refuses for reasons other than CORS: hand-written scenarios, and seeded combinations."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from tests.browser.har_export import Hop, hops
from tests.browser.harness import Harness, Run, explain
from tests.browser.server import Reply

PAGE = "shop.test"
NAMES = ("shop.test", "api.shop.test", "partner.example", "third.example")
HOSTS = {"home": "shop.test", "api": "api.shop.test", "partner": "partner.example"}
Fields = tuple[tuple[str, str], ...]
Route = tuple[str, str, int, Fields, bytes]

PRELUDE = """
const settle = (e, into) => new Promise(done => {
  e.onload = () => done('load'); e.onerror = () => done('error'); into.append(e);
});
const add = (tag, props) => settle(Object.assign(document.createElement(tag), props), document.head);
const within = (promise, ms) => Promise.race([promise, new Promise(done => setTimeout(() => done('time'), ms))]);
const as = {
  script: u => add('script', {src: u}),
  module: u => add('script', {type: 'module', src: u}),
  style: async u => {
    const how = await add('link', {rel: 'stylesheet', href: u});
    return how == 'load' && getComputedStyle(document.body).color != 'rgb(1, 2, 3)' ? 'unused' : how;
  },
  image: u => new Promise(done => {
    const i = new Image(); i.onload = () => done('load'); i.onerror = () => done('error'); i.src = u;
  }),
  video: u => within(new Promise(done => {
    const v = document.createElement('video'); v.onerror = () => done('error'); v.src = u; document.body.append(v);
  }), 800),
  iframe: u => within(settle(Object.assign(document.createElement('iframe'), {src: u}), document.body), 800),
  embed: u => within(settle(Object.assign(document.createElement('embed'), {src: u}), document.body), 800),
  object: u => within(settle(Object.assign(document.createElement('object'), {data: u}), document.body), 800),
  opaque: async u => { try { return (await fetch(u, {mode: 'no-cors'})).type } catch { return 'error' } },
  fetch: async u => { try { return (await fetch(u)).type } catch { return 'error' } },
  font: u => new FontFace('x', `url(${u})`).load().then(() => 'load', () => 'error'),
  worker: u => within(new Promise(done => {
    const w = new Worker(u); w.onerror = () => done('error'); w.onmessage = () => done('load');
  }), 800),
  json: u => import(u, {with: {type: 'json'}}).then(() => 'load', () => 'error'),
  beacon: u => String(navigator.sendBeacon(u, 'x')),
  prefetch: u => within(add('link', {rel: 'prefetch', href: u}), 800),
};
"""

HTML: Fields = (("Content-Type", "text/html; charset=utf-8"),)
SVG: Fields = (("Content-Type", "image/svg+xml"),)
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>"
JS: Fields = (("Content-Type", "text/javascript"),)
NOSNIFF: Fields = (("X-Content-Type-Options", "nosniff"),)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf500f0003860180a5e3a56d0000000049454e44ae426082"
)


def typed(value: str | None, nosniff: bool = False) -> Fields:
    """``Content-Type`` and perhaps `nosniff`."""
    return ((("Content-Type", value),) if value is not None else ()) + (NOSNIFF if nosniff else ())


class Scenario(NamedTuple):
    """A page that loads `url` as `kind`, and what the servers answer.

    `routes` are ``(host key, path, status, fields, content)``; ``{home}``, ``{api}``, ``{partner}`` in values stand for
    https origins, ``{plain}`` for the partner's http one, ``{id}`` keeps scenarios apart. `used` tells to judge by
    whether the page could use what came, as the browser reports no failure for media types.
    """

    name: str
    kind: str
    routes: tuple[Route, ...]
    url: str = "{partner}/s/{id}"
    page: Fields = ()
    scheme: str = "https"
    used: bool = False
    markup: bytes = b"<!doctype html><title>page</title><link rel=icon href=data:,><body>"


def play(lab: Harness, scenario: Scenario, number: int) -> Run:
    """Run a scenario in a page of its own; the page's own request is part of the recording."""
    values = {key: lab.origin("https", host) for key, host in HOSTS.items()}
    values |= {"id": str(number), "plain": lab.origin("http", HOSTS["partner"]), "port": str(lab.server.http)}

    def fill(text: str) -> str:
        for key, value in values.items():
            text = text.replace("{" + key + "}", value)
        return text

    def filled(fields: Fields) -> Fields:
        return tuple((name, fill(value)) for name, value in fields)

    path = f"/p{number}"
    lab.server.answer(PAGE, path, Reply(200, (*HTML, *filled(scenario.page)), scenario.markup))
    for host, route, status, fields, content in scenario.routes:
        lab.server.answer(HOSTS[host], fill(route), Reply(status, filled(fields), content))
    _, events = lab.page(scenario.scheme, PAGE, path)
    script = PRELUDE + f"return await as.{scenario.kind}(arg)"
    run = lab.run(scenario.scheme, PAGE, script, fill(scenario.url), path=path, quiet=1.0)
    log = [hop for hop in hops(events) if not hop.url.startswith(("data:", "blob:"))]
    return Run(log, run.result, run.page_url)


# -- comparison ---------------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """One request of a scenario: what Chromium did, what `inspector` says, and how they compare.

    `agreement` is ``same``, ``condition`` (ours depends on what the recording does not show), ``code`` (refused by
    both, for different reasons) or ``different``. `untold` is the same for the recording without its ``_error``s,
    where ``silent`` means that nothing else in it shows the refusal.
    """

    scenario: str
    request: str
    browser: str
    ours: str
    agreement: str
    untold: str


_NAMES = {
    "net::ERR_BLOCKED_BY_ORB": "orb",
    "net::ERR_UNSAFE_REDIRECT": "redirect-scheme",
    "net::ERR_INVALID_REDIRECT": "redirect-invalid",
    "net::ERR_TOO_MANY_REDIRECTS": "too-many-redirects",
    "net::ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION": "redirect-ambiguous",
}


def refusal(hop: Hop, last: bool, scenario: Scenario, result: Any) -> str | None:
    """The code for which Chromium refused a request; ``None`` where it did not."""
    failed = hop.failed
    if failed is not None:
        reason = failed.get("blockedReason")
        if reason == "other":
            return "framed"
        name = _NAMES.get(failed["errorText"])
        if reason or name:
            return reason or name
        if (
            failed.get("canceled")
            and hop.response is None
            and hop.url.startswith("http:")
            and scenario.scheme == "https"
        ):
            return "mixed-content"  # reached by a redirect: the console names the reason, the event does not
    if last and scenario.used and result in ("error", "unused"):
        return "content-type"
    return None


def compare(scenario: Scenario, run: Run) -> list[Comparison]:
    """Compare every request of a run but the page's own."""
    document = run.har()
    told = explain(document)
    for entry in document["log"]["entries"]:
        entry["response"]["_error"] = None
    silent = explain(document)
    compared = []
    for position, (hop, report, without) in enumerate(zip(run.hops, told, silent, strict=True)):
        if position == 0:
            continue
        code = refusal(hop, position == len(run.hops) - 1, scenario, run.result)
        verdict = report.verdicts.block
        ours = f"{verdict.outcome} {verdict.code or ''}".strip() if verdict else "nothing"
        failed = hop.failed["errorText"] if hop.failed else "delivered"
        compared.append(
            Comparison(
                scenario.name,
                f"{hop.sent.get('type')} {hop.method} {hop.url}",
                code or failed,
                ours,
                _agreement(code, verdict),
                _without(code, without.verdicts.block),
            )
        )
    return compared


def _agreement(code: str | None, verdict: Any) -> str:
    outcome = verdict.outcome if verdict else None
    if code is None:
        return {"blocked": "different", "depends": "condition"}.get(outcome or "", "same")
    if outcome not in ("blocked", "depends"):
        return "different"
    same = verdict.code == code or (code == "framed" and verdict.code in ("x-frame-options", "frame-ancestors"))
    if not same:
        return "code"
    return "same" if outcome == "blocked" else "condition"


def _without(code: str | None, verdict: Any) -> str:
    silent = code is not None and (verdict is None or verdict.outcome == "allowed")
    return "silent" if silent else _agreement(code, verdict)


def run_all(count: int = 160, seed: int = 1, scenarios: list[Scenario] | None = None) -> list[Comparison]:
    """Play every scenario in one browser and compare."""
    results: list[Comparison] = []
    with Harness(NAMES) as lab:
        for number, scenario in enumerate(scenarios or all_scenarios(count, seed)):
            if number % 30 == 29:
                lab.fresh()
            results += compare(scenario, play(lab, scenario, number))
    return results


KINDS = ("same", "condition", "code", "different", "silent")


def agreement(results: list[Comparison]) -> str:
    """The numbers in a few lines, for a person."""
    total = len(results)
    lines = [f"{len({r.scenario for r in results})} scenarios, {total} requests, {len(refused(results))} refused"]
    for kind in KINDS:
        told, untold = (sum(getattr(r, which) == kind for r in results) for which in ("agreement", "untold"))
        lines.append(f"  {kind:10} {told:4}  {told / total:6.1%}   without errors {untold:4}  {untold / total:6.1%}")
    return "\n".join(lines)


def refused(results: list[Comparison]) -> list[Comparison]:
    """Those that the browser refused."""
    codes = {*_NAMES.values(), "framed", "content-type", "mixed-content"}
    return [r for r in results if r.browser in codes or r.browser.startswith(("corp-", "coep-"))]


# -- hand-written -------------------------------------------------------------------------------------------------

_MOVED = "/t/{id}"
_COEP: Fields = (("Cross-Origin-Embedder-Policy", "require-corp"),)
_ANY: Fields = (("Cross-Origin-Resource-Policy", "cross-origin"),)
_OWN: Fields = (("Cross-Origin-Resource-Policy", "same-origin"),)
_SITE: Fields = (("Cross-Origin-Resource-Policy", "same-site"),)
_READ: Fields = (("Access-Control-Allow-Origin", "*"),)


def _at(host: str, path: str = "/s/{id}") -> str:
    return "{" + host + "}" + path


def _one(
    name: str, kind: str, fields: Fields, content: bytes = b"content", host: str = "partner", **more: Any
) -> Scenario:
    status = more.pop("status", 200)
    return Scenario(name, kind, ((host, "/s/{id}", status, fields, content),), _at(host), **more)


def _moved(
    name: str, first: str, status_fields: Fields, to: str, fields: Fields, content: bytes, **more: Any
) -> Scenario:
    kind = more.pop("kind", "image")
    routes: tuple[Route, ...] = (
        (first, "/s/{id}", 302, (("Location", _at(to, _MOVED)), *status_fields), b""),
        (to, _MOVED, 200, fields, content),
    )
    return Scenario(name, kind, routes, _at(first), **more)


def hand_written() -> list[Scenario]:
    """Scenarios that no combination reaches."""
    mixed = [
        Scenario(f"mixed: {kind}{', ' + policy if policy else ''}", kind, (), "{plain}/s/{id}", page)
        for kind in ("script", "style", "opaque", "fetch", "font", "beacon", "prefetch")
        for policy, page in (("", ()), ("blocked by policy", (("Content-Security-Policy", "block-all-mixed-content"),)))
    ]
    mixed += [
        Scenario("mixed: image by name", "image", (), "{plain}/s/{id}"),
        Scenario("mixed: image by address", "image", (), "http://10.1.2.3/x"),
        Scenario("mixed: loopback address", "opaque", (), "http://127.0.0.1:{port}/x"),
        Scenario("mixed: localhost", "image", (), "http://localhost:{port}/x"),
        Scenario(
            "mixed: script after a redirect",
            "script",
            (("partner", "/s/{id}", 302, (("Location", "{plain}/t"),), b""),),
        ),
        Scenario(
            "http page, http script",
            "script",
            (("partner", "/s/{id}", 200, JS, b"1"),),
            "{plain}/s/{id}",
            scheme="http",
        ),
    ]
    policy = [
        _one("corp: fetch with cors is exempt", "fetch", (*_OWN, *_READ)),
        _one("corp: video", "video", (("Content-Type", "video/mp4"), *_OWN)),
        _one("corp: beacon", "beacon", _OWN),
        _one("corp: frame is exempt", "iframe", (*HTML, *_OWN)),
        _one("corp: embed is exempt", "embed", (*SVG, *_OWN), PICTURE),
        _one("corp: http page, https resource", "image", (*SVG, *_SITE), PICTURE, "api", scheme="http"),
        _one("corp: 404", "image", (*SVG, *_OWN), PICTURE, status=404),
        _one("coep: 404 without corp", "image", SVG, PICTURE, page=_COEP, status=404),
        _one(
            "coep: report only",
            "image",
            SVG,
            PICTURE,
            page=(("Cross-Origin-Embedder-Policy-Report-Only", "require-corp"),),
        ),
        _one(
            "coep: with a parameter",
            "image",
            SVG,
            PICTURE,
            page=(("Cross-Origin-Embedder-Policy", 'require-corp; report-to="x"'),),
        ),
        _one("coep: capital letters", "image", SVG, PICTURE, page=(("Cross-Origin-Embedder-Policy", "Require-Corp"),)),
        _one("coep: on http", "image", SVG, PICTURE, page=_COEP, scheme="http"),
        _one("coep: worker without", "worker", JS, b"postMessage(1)", "home", page=_COEP),
        _one("coep: worker with", "worker", (*JS, *_COEP), b"postMessage(1)", "home", page=_COEP),
        _one("dip", "image", SVG, PICTURE, page=(("Document-Isolation-Policy", "isolate-and-require-corp"),)),
        _one(
            "dip and coep",
            "image",
            SVG,
            PICTURE,
            page=(("Document-Isolation-Policy", "isolate-and-require-corp"), *_COEP),
        ),
        _moved("redirect: within partner", "partner", (), "partner", (*SVG, *_ANY), PICTURE),
        _moved("redirect: forbidden at the first hop", "partner", _OWN, "partner", (*SVG, *_ANY), PICTURE),
        _moved("redirect: forbidden after home", "home", (), "partner", (*SVG, *_OWN), PICTURE),
        _moved("redirect: back home", "partner", _ANY, "home", (*SVG, *_OWN), PICTURE),
        _moved("redirect: coep, first hop silent", "partner", (), "partner", (*SVG, *_ANY), PICTURE, page=_COEP),
        _moved("redirect: orb after home", "home", (), "partner", typed("text/html", True), b"x"),
        _moved("redirect: orb back home", "partner", (), "home", typed("text/html", True), b"x"),
        _moved(
            "redirect: frame options at the first hop",
            "partner",
            (("X-Frame-Options", "DENY"),),
            "partner",
            HTML,
            b"x",
            kind="iframe",
        ),
    ]
    policy += [
        _one(
            f"coep {page}: frame, {name}, {host}",
            "iframe",
            (*HTML, *fields),
            b"<p>x",
            host,
            page=(("Cross-Origin-Embedder-Policy", page),),
        )
        for page in ("require-corp", "credentialless")
        for host in ("home", "partner")
        for name, fields in (
            ("silent", ()),
            ("coep", _COEP),
            ("both", (*_COEP, *_ANY)),
            ("corp only", _ANY),
            ("corp own", _OWN),
        )
    ]
    types = [
        *(
            _one(f"worker {t} {n}", "worker", typed(t, n), b"postMessage(1)", "home", used=True)
            for t in ("text/plain", "text/javascript")
            for n in (False, True)
        ),
        *(
            _one(f"module {t}", "module", typed(t), b"export default 1", "home", used=True)
            for t in ("text/javascript", "text/plain", "text/html", None)
        ),
        *(
            _one(f"json module {t}", "json", typed(t), b"{}", "home", used=True)
            for t in ("application/json", "text/plain", "application/x+json")
        ),
        _one(
            "two types, script last", "script", (("Content-Type", "text/plain"), *JS, *NOSNIFF), b"1", "home", used=True
        ),
        _one(
            "two types, script first",
            "script",
            (*JS, ("Content-Type", "text/plain"), *NOSNIFF),
            b"1",
            "home",
            used=True,
        ),
        _one(
            "nosniff second",
            "script",
            (*typed("text/plain"), ("X-Content-Type-Options", "x, nosniff")),
            b"1",
            "home",
            used=True,
        ),
        _one(
            "nosniff first",
            "script",
            (*typed("text/plain"), ("X-Content-Type-Options", "NoSniff, x")),
            b"1",
            "home",
            used=True,
        ),
        _one(
            "style in quirks mode",
            "style",
            typed("text/plain"),
            b"body{color:rgb(1,2,3)}",
            "home",
            used=True,
            markup=b"<title>q</title><body>",
        ),
        _one("png as html", "image", typed("text/html"), PNG),
        _one("png as html, nosniff", "image", typed("text/html", True), PNG),
        _one("orb: fetch with cors", "fetch", (*typed("text/html", True), *_READ)),
        _one("orb: 204", "image", typed("text/html", True), b"", status=204),
        _one("orb: prefetch", "prefetch", typed("text/html", True)),
        _one("orb: frame is exempt", "iframe", typed("text/html", True)),
        _one("orb: video", "video", typed("application/json", True), b"{}"),
    ]
    frames = [
        _one(
            "frame-ancestors beats x-frame-options",
            "iframe",
            (*HTML, ("Content-Security-Policy", "frame-ancestors *"), ("X-Frame-Options", "DENY")),
        ),
        _one(
            "report only does not",
            "iframe",
            (*HTML, ("Content-Security-Policy-Report-Only", "frame-ancestors *"), ("X-Frame-Options", "DENY")),
        ),
        _one(
            "policy without frame-ancestors",
            "iframe",
            (*HTML, ("Content-Security-Policy", "default-src *"), ("X-Frame-Options", "DENY")),
        ),
        _one("frame 204", "iframe", (*HTML, ("X-Frame-Options", "DENY")), b"", status=204),
        _one("frame 404", "iframe", (*HTML, ("X-Frame-Options", "DENY")), status=404),
        _one(
            "frame download",
            "iframe",
            (*typed("application/zip"), ("Content-Disposition", "attachment"), ("X-Frame-Options", "DENY")),
        ),
        _one("embed", "embed", (*SVG, ("X-Frame-Options", "DENY")), PICTURE),
        _one("object", "object", (*HTML, ("X-Frame-Options", "SAMEORIGIN"))),
    ]
    redirects = [
        _one(f"redirect of {kind} to {location or 'nothing'}", kind, (("Location", location),), b"", "home", status=302)
        for kind in ("fetch", "image")
        for location in (
            "data:text/plain,x",
            "file:///etc/hostname",
            "about:blank",
            "http://",
            "//",
            "",
            "http://shop.test:99999/",
        )
    ]
    redirects += [
        _one("redirect, two targets", "fetch", (("Location", "/a"), ("Location", "/b")), b"", "home", status=302),
        _one("redirect, the same twice", "fetch", (("Location", "/a"), ("Location", "/a")), b"", "home", status=302),
        _one("redirect to itself", "fetch", (("Location", "/s/{id}"),), b"", "home", status=302),
    ]
    return [*mixed, *policy, *types, *frames, *redirects]


# -- seeded combinations --------------------------------------------------------------------------------------------

_XFO = (
    ("DENY",), ("deny",), ("SAMEORIGIN",), ("ALLOWALL",), ("ALLOW-FROM {home}",), ("bogus",), ("",), ("SAMEORIGIN",) * 2,
    ("SAMEORIGIN", "DENY"), ("SAMEORIGIN, bogus",), ("a, b",), ("DENY;",), ("allowall, sameorigin",), ('"DENY"',), ("SAMEORIGIN,",),
)  # fmt: skip
_ANCESTORS = (
    "'none'", "'self'", "*", "https:", "http:", "shop.test", "shop.test:*", "*.test", "*.shop.test:*", "{home}", "{home}/path", "{home}/",
    "https://shop.test:*", "http://shop.test:*", "", "'self' {home}", "https://*", "https://*:*", "HTTPS://SHOP.TEST:*", "'NONE'", "none",
    "'none' {home}", "https://shop.test", "{home}; frame-ancestors 'none'", "'none', frame-ancestors *", "//shop.test:*", "shop.test:443",
    "wss:", "ws://shop.test:*", "data:", "'unsafe-inline'", "{partner}",
)  # fmt: skip
_CORP = (None, "same-origin", "same-site", "cross-origin", "Same-Origin", "same-origin, same-origin", "bogus", "")
_COEPS = (None, None, "require-corp", "credentialless", "unsafe-none")
_TYPES = (
    "text/html", "application/json", "text/plain", "text/xml", "text/javascript", "application/octet-stream", "text/css", None, "",
    "application/pdf", "text/csv", "application/zip", "text/event-stream", "application/x+json", "image/png", "application/x-protobuf",
    "application/x-javascript", "text/javascript1.6", "audio/mpeg", "javascript",
)  # fmt: skip
_CONTENTS = (
    b"<!doctype html><p>x", b"x=1", b'{"a":1}', b'{"a":1}', b"[1]", b")]}'\n{}", b"for(;;);{}", b"{}", b"<?xml version='1.0'?><a/>",
    b" \n<html>", b"<!-- x --><html>", b"<span>", b'{"a\\"":1}', b"{1:2}", b"\xef\xbb\xbf<html>", b"{} && {}",
)  # fmt: skip


def combined(number: int, random_: random.Random) -> Scenario:
    """One combination of fields, element and relation."""
    host = random_.choice(("home", "api", "partner", "partner"))
    match random_.choice(("corp", "orb", "type", "style", "xfo", "ancestors")):
        case "corp":
            value, page = random_.choice(_CORP), random_.choice(_COEPS)
            kind = random_.choice(("image", "opaque"))
            fields = (*SVG, *((("Cross-Origin-Resource-Policy", value),) if value is not None else ()))
            coep: Fields = (("Cross-Origin-Embedder-Policy", page),) if page else ()
            return _one(f"{number}: {kind} corp {value} coep {page} {host}", kind, fields, PICTURE, host, page=coep)
        case "orb":
            value, nosniff, content = random_.choice(_TYPES), random_.random() < 0.4, random_.choice(_CONTENTS)
            status = random_.choice((200, 200, 200, 404))
            name = f"{number}: image {value} {nosniff} {content!r} {host} {status}"
            return _one(name, "image", typed(value, nosniff), content, host, status=status)
        case "type":
            value, nosniff = random_.choice(_TYPES), random_.random() < 0.6
            return _one(
                f"{number}: script {value} {nosniff} {host}", "script", typed(value, nosniff), b"x=1", host, used=True
            )
        case "style":
            value, nosniff = random_.choice(_TYPES), random_.random() < 0.5
            content = b"body{color:rgb(1,2,3)}"
            return _one(
                f"{number}: style {value} {nosniff} {host}", "style", typed(value, nosniff), content, host, used=True
            )
        case "xfo":
            lines = random_.choice(_XFO)
            fields = (*HTML, *(("X-Frame-Options", line) for line in lines))
            return _one(f"{number}: x-frame-options {lines} {host}", "iframe", fields, b"<p>x", host)
        case _:
            sources = random_.choice(_ANCESTORS)
            fields = (*HTML, ("Content-Security-Policy", f"frame-ancestors {sources}"))
            return _one(f"{number}: frame-ancestors {sources} {host}", "iframe", fields, b"<p>x", host)


def all_scenarios(count: int = 160, seed: int = 1) -> list[Scenario]:
    """The hand-written scenarios and enough combinations to make `count`; equal for equal seeds."""
    random_ = random.Random(seed)
    scenarios = hand_written()
    return scenarios + [combined(number, random_) for number in range(max(0, count - len(scenarios)))]


if __name__ == "__main__":
    import sys

    found = run_all(int(sys.argv[1]) if len(sys.argv) > 1 else 160, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for each in found:
        if "-v" in sys.argv or not {each.agreement, each.untold} <= {"same", "condition", "silent"}:
            print(" | ".join(each))
    print(agreement(found))

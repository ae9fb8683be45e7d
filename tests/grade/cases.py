"""Sites as header sets, for the Observatory and for us: what each URL of a site answers.

A `Case` is one site; `options` is what its page answers to the request that the Observatory sends with ``OPTIONS``,
where ``{origin}`` stands for the origin sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.capture import open_capture
from inspector.exchange import Body, Context, Exchange, Failure, Fields, Recorder, Request, Response
from inspector.grade.evidence import SiteEvidence
from inspector.grade.gather import Sites
from inspector.grade.header_tests import OBSERVATORY_ORIGIN
from inspector.mask import Masker
from inspector.session import Session
from inspector.subject import Subject

HOST = "shop.test"
HTML = ("Content-Type", "text/html; charset=utf-8")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    fields: Pairs = field(default_factory=list)
    status: int = 200
    body: str = ""


@dataclass(frozen=True)
class Case:
    name: str
    routes: dict[str, Answer]
    host: str = HOST
    options: Answer | None = None

    def asked(self) -> dict[str, Any]:
        """The case as `benchmarks/observatory.mjs` takes it."""

        def shown(answer: Answer) -> dict[str, Any]:
            return {"status": answer.status, "fields": answer.fields, "body": answer.body}

        return {
            "name": self.name,
            "host": self.host,
            "routes": {url: shown(answer) for url, answer in self.routes.items()},
            **({"options": shown(self.options)} if self.options else {}),
        }

    def exchanges(self) -> list[Exchange]:
        """What a recording of the same visit holds: HTTP first, then HTTPS, then the request with ``OPTIONS``."""
        found: list[Exchange] = []
        if not any(url.startswith("http://") for url in self.routes):
            found.append(_exchange(0, "GET", f"http://{self.host}/", None))
        for scheme in ("http", "https"):
            url, hops = f"{scheme}://{self.host}/", 0
            while url in self.routes and hops < 11:
                answer = self.routes[url]
                found.append(_exchange(len(found), "GET", url, answer))
                location = next((v for n, v in answer.fields if n.lower() == "location"), None)
                url, hops = location or "", hops + 1
        options = self.options or Answer(status=405)
        last = found[-1].request.url
        fields = [(n, v.replace("{origin}", OBSERVATORY_ORIGIN)) for n, v in options.fields]
        found.append(_exchange(len(found), "OPTIONS", last, Answer(fields, options.status), OBSERVATORY_ORIGIN))
        return found

    def evidence(self) -> SiteEvidence:
        """What our side gathers from that recording; the last site is the one that the visit ended at."""
        sites, session, masker = Sites(), Session(), Masker()
        for exchange in self.exchanges():
            sites.observe(Subject(exchange, session, masker))
        return sites.sites()[-1]


def _exchange(index: int, method: str, url: str, answer: Answer | None, origin: str | None = None) -> Exchange:
    asked = [("Accept", "text/html"), ("Sec-Fetch-Dest", "document" if method == "GET" else "empty")]
    if origin:
        asked.append(("Origin", origin))
    request, context = Request(method, url, Fields.of(asked)), Context(Recorder("proxy", cookies_recorded=True))
    if answer is None:
        return Exchange(index, request, context, failure=Failure("refused", "net::ERR_CONNECTION_REFUSED"))
    return Exchange(
        index,
        request,
        context,
        Response(
            answer.status, None, Fields.of(answer.fields), body=Body("full", len(answer.body), source=answer.body)
        ),
    )


def page(name: str, *fields: tuple[str, str], body: str = "", **more: Any) -> Case:
    """A site that answers HTTPS alone, with one page."""
    return Case(name, {f"https://{HOST}/": Answer([HTML, *fields], body=body)}, **more)


def _each(what: str, header: str, values: list[str]) -> list[Case]:
    return [page(f"{what} {n:02}", (header, value)) for n, value in enumerate(values)]


CSP = [
    "default-src 'none'",
    "default-src 'none' 'none'",
    "default-src 'none'; form-action 'self'; script-src 'self'",
    "default-src 'self'",
    "default-src 'self'; script-src 'unsafe-inline'",
    "default-src 'self'; script-src 'unsafe-inline' 'nonce-abc'",
    "default-src 'self' 'unsafe-inline'",
    "default-src 'self'; style-src 'unsafe-inline'",
    "default-src 'self'; style-src 'self' data:",
    "default-src 'self'; script-src 'self' data:",
    "script-src 'self'",
    "script-src 'self'; object-src 'none'",
    "script-src 'self'; object-src 'none'; style-src 'self'",
    "object-src 'none'; style-src 'self'",
    "default-src https:",
    "default-src *",
    "default-src 'self'; script-src https:",
    "default-src 'self'; script-src https://*",
    "default-src 'self'; script-src https://*.shop.test",
    "default-src 'self'; object-src https:",
    "default-src 'self'; script-src http://cdn.test",
    "default-src 'self'; img-src http:",
    "default-src 'self'; img-src http://images.test; media-src ftp://x.test",
    "default-src 'self' http://a.test",
    "default-src 'self'; report-uri http://reports.test/csp",
    "default-src 'self'; frame-src http:",
    "default-src 'self'; script-src 'self' 'unsafe-eval'",
    "default-src 'self'; style-src 'self' 'unsafe-eval'",
    "default-src 'self'; script-src 'unsafe-eval' 'unsafe-inline'",
    "default-src 'self'; script-src 'strict-dynamic'",
    "default-src 'self'; script-src 'strict-dynamic' 'nonce-abc' https: 'unsafe-inline'",
    "script-src 'strict-dynamic' 'sha256-abc=' https: http: 'unsafe-inline'; object-src 'none'; base-uri 'none'",
    "default-src 'strict-dynamic' 'nonce-x' https: 'unsafe-inline' 'self'",
    "default-src 'self'; default-src 'none'",
    "default-src 'self'; DEFAULT-SRC 'none'",
    "default-src 'self'; report-uri /a; report-uri /b",
    "default-src 'none'; report-to a; report-to b",
    "default-src 'self' 'unsafe-inline'; report-uri /a; report-uri /b",
    "img-src",
    "x",
    "default",
    "frame-ancestors 'none'",
    "frame-ancestors *; default-src 'self'",
    "upgrade-insecure-requests",
    "default-src 'self'; script-src",
    "default-src",
    "default-src 'self',script-src 'unsafe-inline'",
    "default-src 'self', script-src 'none'",
    "DEFAULT-SRC 'SELF'; SCRIPT-SRC 'UNSAFE-INLINE'",
    "default-src\t'self';;  ; img-src\t*",
    "default-src 'self'; script-src-elem 'unsafe-inline'",
    "default-src 'self'; img-src data: https:",
    "default-src 'self'; script-src 'self' 'sha256-abc=' 'unsafe-inline'; style-src 'unsafe-inline' 'sha384-x='",
    "default-src 'self' https://a.test/foo https://a.test/foobar http://a.test/foo",
    "default-src 'self'; script-src * 'self' *.cdn.test",
    "default-src blob: filesystem: 'self'",
    "sandbox; default-src 'none'; script-src 'wasm-unsafe-eval'",
]

MARKUP = [
    ("default-src 'self'", "default-src 'self'"),
    ("default-src 'self'", "default-src 'none'"),
    ("default-src 'self' https://a.test", "default-src https://a.test"),
    ("default-src 'self'; script-src 'unsafe-inline'", "script-src 'self'"),
    ("default-src 'self'", "script-src 'unsafe-inline'"),
    ("script-src https://a.test/x/; object-src 'none'", "script-src https://a.test/x/y.js; object-src 'none'"),
    ("script-src https://a.test/%zz", "script-src https://a.test/%zz https://a.test/a"),
    ("default-src 'self'", "default-src 'self'; default-src 'none'"),
    (None, "default-src 'self'"),
    (None, "frame-ancestors 'none'"),
    (None, "default-src 'none'; frame-ancestors 'none'"),
    (None, "x"),
]

HSTS = [
    "max-age=31536000",
    "max-age=15552000",
    "max-age=15551999",
    "max-age=0",
    "max-age=-1",
    "max-age=abc",
    "max-age=",
    'max-age="31536000"',
    '"max-age=31536000"',
    "max-age=31536000; includeSubDomains",
    "MAX-AGE=31536000; INCLUDESUBDOMAINS",
    "includeSubDomains",
    "max-age = 31536000",
    "max-age=31536000, max-age=0",
    "max-age=31536000; max-age=1",
    "max-age=31536000.5",
    "max-age=1e9",
    "max-age=99999999999999999999999",
    "max-age= 31536000",
    "max-age=31536000;;",
]

COOKIES = [
    ["a=1"],
    ["a=1; Secure"],
    ["a=1; Secure; SameSite=Lax"],
    ["a=1; Secure; SameSite=None"],
    ["a=1; SameSite=None"],
    ["a=1; Secure; SameSite=Foo"],
    ["a=1; Secure; SameSite"],
    ["a=1; Secure; SameSite=Strict", "b=1; Secure"],
    ["sessionid=1; Secure"],
    ["sessionid=1; HttpOnly"],
    ["sessionid=1; Secure; HttpOnly"],
    ["sessionid=1; Secure; HttpOnly; SameSite=Lax"],
    ["LOGIN=1"],
    ["csrftoken=1; Secure"],
    ["csrftoken=1; Secure; SameSite=Strict"],
    ["a=; Max-Age=0"],
    ["sess=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
    ["=x"],
    ["novalue"],
    ["__Secure-a=1"],
    ["__Host-a=1; Secure; Path=/; Domain=shop.test"],
    ["__Host-a=1; Secure; Path=/; SameSite=Lax"],
    ["a=1; Domain=other.test"],
    ["a=1; Domain=test"],
    ["a=1; Domain=.shop.test; Secure; SameSite=Lax"],
    ["a=1", "a=1; Secure; SameSite=Lax"],
    ["heroku-session-affinity=1"],
    ["a=1; secure; samesite=LAX; httponly"],
]

XCTO = [
    "nosniff",
    "NOSNIFF",
    " nosniff ",
    "nosniff, nosniff",
    "nosniff,foo",
    "foo",
    "nosniff;",
    "'nosniff'",
    "sniff",
    "",
]
XFO = ["DENY", "deny", "SAMEORIGIN", "ALLOW-FROM https://a.test", "ALLOWALL", "DENY, DENY", "SAMEORIGIN;", ""]
REFERRER = [
    "no-referrer",
    "origin",
    "unsafe-url",
    "strict-origin-when-cross-origin",
    "no-referrer, unsafe-url",
    "unsafe-url, no-referrer, foo",
    "foo",
    "NO-REFERRER",
    "",
    "no-referrer-when-downgrade",
]
CORP = ["same-origin", "same-site", "cross-origin", "SAME-ORIGIN", "foo", "", "same-origin; x"]

SCRIPTS = [
    "",
    "<script>1</script>",
    "<script src=/a.js></script>",
    "<script src=a.js integrity=sha256-x></script>",
    "<script src=https://shop.test/a.js></script>",
    "<script src=http://shop.test/a.js></script>",
    "<script src=https://cdn.shop.test/a.js integrity=sha256-x></script>",
    "<script src=//shop.test/a.js></script>",
    "<script src=//cdn.test/a.js></script>",
    "<script src=//cdn.test/a.js integrity=sha256-x></script>",
    "<script src=https://cdn.test/a.js></script>",
    "<script src=https://cdn.test/a.js integrity=sha256-x crossorigin></script>",
    "<script src=http://cdn.test/a.js></script>",
    "<script src=http://cdn.test/a.js integrity=sha256-x></script>",
    "<script src=https://cdn.test/a.js integrity=sha256-x></script><script src=https://cdn.test/b.js></script>",
    "<script src=http://c.test/a.js integrity=x></script><script src=https://cdn.test/b.js></script>",
    "<script src=a.js integrity=sha256-x></script><script src=https://cdn.test/b.js integrity=sha256-x></script>",
    "<base href=https://cdn.test/><script src=b.js></script>",
    "<base href=https://cdn.test/><script src=//x.test/b.js></script>",
    "<script src=HTTPS://CDN.TEST/a.js></script>",
    "<script src=' https://cdn.test/a.js'></script>",
    "<script src=data:text/javascript,1></script>",
    "<script src></script>",
    "<template><script src=http://cdn.test/a.js></script></template>",
    "<!-- <script src=http://cdn.test/a.js></script> -->",
    "<script type=application/json src=https://cdn.test/a.js></script>",
]


def _redirect(to: str, status: int = 301, *fields: tuple[str, str]) -> Answer:
    return Answer([("Location", to), *fields], status)


_PAGE = Answer([HTML])

ROUTES: dict[str, dict[str, Answer]] = {
    "to https": {"http://shop.test/": _redirect("https://shop.test/"), "https://shop.test/": _PAGE},
    "missing": {"http://shop.test/": _PAGE, "https://shop.test/": _PAGE},
    "http alone": {"http://shop.test/": Answer([HTML, ("Set-Cookie", "sessionid=1")])},
    "off host": {
        "http://shop.test/": _redirect("https://www.shop.test/"),
        "https://shop.test/": _redirect("https://www.shop.test/"),
        "https://www.shop.test/": _PAGE,
    },
    "http first": {
        "http://shop.test/": _redirect("http://www.shop.test/"),
        "http://www.shop.test/": _redirect("https://www.shop.test/"),
        "https://shop.test/": _redirect("https://www.shop.test/"),
        "https://www.shop.test/": _PAGE,
    },
    "never https": {
        "http://shop.test/": _redirect("http://www.shop.test/"),
        "http://www.shop.test/": _PAGE,
    },
    "via https": {
        "http://shop.test/": _redirect("https://shop.test/", 308),
        "https://shop.test/": _redirect("https://www.shop.test/", 302, ("Set-Cookie", "sess=1")),
        "https://www.shop.test/": Answer([HTML, ("Strict-Transport-Security", "max-age=31536000")]),
    },
    "status 403": {"https://shop.test/": Answer([HTML], 403)},
    "status 401": {"https://shop.test/": Answer([HTML, ("X-Frame-Options", "DENY")], 401)},
}

SHARING: list[tuple[Pairs, Answer | None]] = [
    ([("Access-Control-Allow-Origin", "*")], None),
    ([], Answer([("Access-Control-Allow-Origin", "*")], 204)),
    (
        [],
        Answer([("Access-Control-Allow-Origin", "https://a.test"), ("Access-Control-Allow-Credentials", "true")], 204),
    ),
    ([], Answer([("Access-Control-Allow-Origin", "{origin}")], 204)),
    ([], Answer([("Access-Control-Allow-Origin", "{origin}"), ("Access-Control-Allow-Credentials", "true")], 204)),
    ([], Answer([("Access-Control-Allow-Origin", "*")], 500)),
]

_HSTS = ("Strict-Transport-Security", "max-age=31536000")
_GOOD: Pairs = [
    _HSTS,
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]

TOGETHER = [
    page("nothing"),
    page("all good", *_GOOD, ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin")),
    page("good but sniffed", *_GOOD[:2], ("Referrer-Policy", "no-referrer")),
    page("no bonus below ninety", _HSTS, ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY")),
    page("hsts softens", _HSTS, ("Set-Cookie", "a=1")),
    page("hsts softens a session", _HSTS, ("Set-Cookie", "sessionid=1; HttpOnly")),
    page("report only", ("Content-Security-Policy-Report-Only", "default-src 'self'")),
    page("two policies", ("Content-Security-Policy", "default-src 'self'"), ("Content-Security-Policy", "img-src *")),
    page("two hsts", _HSTS, _HSTS),
    page("two frame options", ("X-Frame-Options", "DENY"), ("X-Frame-Options", "SAMEORIGIN")),
    page("invalid policy frames", ("Content-Security-Policy", "frame-ancestors 'self'; frame-ancestors 'none'")),
    page("frame options and policy", ("X-Frame-Options", "foo"), ("Content-Security-Policy", "frame-ancestors *")),
    page("referrer in markup", body='<meta name="referrer" content="unsafe-url">'),
    page("referrer twice", ("Referrer-Policy", "no-referrer"), body='<meta name=referrer content="origin">'),
    page("referrer last", body='<meta name=referrer content="origin"><meta name=Referrer content="no-referrer">'),
    Case("plain text", {"https://shop.test/": Answer([("Content-Type", "text/plain")], body="<script src=//x/a>")}),
    Case("capital type", {"https://shop.test/": Answer([("Content-Type", "Text/HTML")], body="<script src=//x/a>")}),
    Case("xhtml", {"https://shop.test/": Answer([("Content-Type", "application/xhtml+xml")], body="<p>x</p>")}),
]


def _own() -> list[Case]:
    found = [*TOGETHER, *_each("csp", "Content-Security-Policy", CSP)]
    for n, (sent, markup) in enumerate(MARKUP):
        fields = [("Content-Security-Policy", sent)] if sent else []
        found.append(
            page(f"markup {n:02}", *fields, body=f'<meta http-equiv=content-security-policy content="{markup}">')
        )
    found += _each("hsts", "Strict-Transport-Security", HSTS)
    found += [page(f"cookies {n:02}", *(("Set-Cookie", c) for c in lines)) for n, lines in enumerate(COOKIES)]
    found += _each("nosniff", "X-Content-Type-Options", XCTO)
    found += _each("framing", "X-Frame-Options", XFO)
    found += _each("referrer", "Referrer-Policy", REFERRER)
    found += _each("corp", "Cross-Origin-Resource-Policy", CORP)
    found += [page(f"scripts {n:02}", body=body) for n, body in enumerate(SCRIPTS)]
    found += [Case(f"route {name}", routes) for name, routes in ROUTES.items()]
    found += [page(f"sharing {n:02}", *fields, options=options) for n, (fields, options) in enumerate(SHARING)]
    return found


OWN = _own()
"""Our own header sets."""

_NOT_REPLAYED = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive"})


def recorded(paths: list[Path]) -> list[Case]:
    """Pages of real recordings, each with the markup it had, as sites that answer over HTTPS."""
    found: dict[str, Case] = {}
    for path in paths:
        session, masker, sites = Session(), Masker(), Sites()
        kept: dict[int, Exchange] = {}
        for exchange in open_capture(str(path)).exchanges():
            x = Subject(exchange, session, masker)
            sites.observe(x)
            if x.is_document:
                kept[exchange.index] = exchange
        for site in sites.sites():
            response = kept[site.exchange].response
            assert response is not None
            fields = [
                (f.name, f.value)
                for f in response.fields
                if f.name.lower() not in _NOT_REPLAYED and (f.name + f.value).isascii() and f.name.isprintable()
                and " " not in f.name and f.value.isprintable()
            ]  # fmt: skip
            name = f"recorded {site.host}"
            routes = {f"https://{site.host}/": Answer(fields, response.status, (response.body.text or "")[:400_000])}
            found.setdefault(name, Case(name, routes, site.host))
    return list(found.values())

"""Tables of field values, each put to Chromium: what it takes from a value is what our parsers say it takes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest

from inspector.browser import corp
from inspector.browser.csp import Asked, request_violates
from inspector.browser.csp_inline import inline_violates
from inspector.browser.framing import judge as frame_judge
from inspector.browser.redirects import location_url
from inspector.browser.referrer import referrer
from inspector.engine import Engine
from inspector.fields.csp import parse_policy
from inspector.fields.hsts import parse_hsts
from inspector.fields.isolation import parse_coep, parse_coop, parse_permissions_policy
from inspector.fields.referrer_policy import parse_referrer_policy
from inspector.rules.example import parse_example
from tests.browser.csp_scenarios import FLAGS
from tests.browser.harness import Harness
from tests.browser.server import Reply
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]

SHOP, OTHER = "shop.test", "partner.example"
Lines = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def lab() -> Iterator[Harness]:
    with Harness([SHOP, f"*.{SHOP}", OTHER], flags=FLAGS) as harness:
        yield harness


def html(markup: str, *fields: tuple[str, str]) -> Reply:
    content = f"<!doctype html><link rel=icon href=data:,>{markup}".encode()
    return Reply(200, (("Content-Type", "text/html; charset=utf-8"), *fields), content)


LOAD = """urls => Promise.all(urls.map(u => new Promise(done => {
    const i = new Image(); i.onload = () => done(true); i.onerror = () => done(false); i.src = u; })))"""
PIXEL = Reply(
    200,
    (("Content-Type", "image/svg+xml"),),
    b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>',
)

HSTS: tuple[tuple[str, ...], ...] = (
    ("max-age=60",), ('max-age="60"',), ("MAX-AGE=60",), (" max-age = 60 ",), ("max-age\t=\t60",), (";;max-age=60;;",), ("max-age=60;",),
    ("max-age=0060",), ('max-age="6\\0"',), ("includeSubDomains; max-age=60",), ("INCLUDESUBDOMAINS;max-age=60",),
    ("max-age=60; includesubdomains",), ("max-age=60; x; y=z; q=\"a;b, c\"",), ("max-age=60; x; x",), ("max-age=60; preload",),
    ("max-age=60; x=\"\"",), ("max-age=60; x=\"\\\"\"",), ("max-age=99999999999",), ("max-age=60", "max-age=0"), ("max-age=0", "max-age=60"),
    ("bogus", "max-age=60"), ("max-age=60", "bogus"), ("",), (";",), ("max-age",), ("max-age=",), ('max-age=""',), ("max-age=abc",), ("max-age=-1",),
    ("max-age=+60",), ("max-age=6.0",), ("max-age='60'",), ("max-age=6 0",), ("max-age=60s",), ("max-age=0x60",), ("max-age=60; max-age=60",),
    ("max-age=60; MAX-AGE=60",), ("includeSubDomains",), ("max-age=60; includeSubDomains; includeSubDomains",),
    ("max-age=60; includeSubDomains=true",), ("max-age=60; includeSubDomains=",), ('max-age=60; includeSubDomains=""',), ("max-age=60, includeSubDomains",),
    ("max-age=60,",), ("max-age=60 includeSubDomains",), ("max-age: 60",), ('"max-age"=60',), ('max-age="60',), ('max-age=60"',), ('max-age="60"x',),
    ("max-age=60; a b",), ("max-age=60; x=",), ("max-age=60; =x",), ("max-age=60; x=y z",), ("max-age=60; x=y=z",), ('max-age=60; x="',), ('max-age=60; "x"',),
    ("max-age=60; (x)",), ("max-age=60; x=(y)",), ("max-age=60; x,",), ("max-age=60;\t\tincludeSubDomains\t",), ("max-age=6\xa00",), ("\xa0max-age=60",),
)  # fmt: skip


def test_strict_transport_security(lab: Harness):
    for n, lines in enumerate(HSTS):
        lab.server.answer(f"h{n}.{SHOP}", "/set", PIXEL._replace(
            fields=(*PIXEL.fields, *(("Strict-Transport-Security", line) for line in lines))))  # fmt: skip
        for host in (f"h{n}.{SHOP}", f"x.h{n}.{SHOP}"):
            lab.server.answer(host, "/probe", PIXEL)
    many = range(len(HSTS))
    secure, _ = lab.page("https", SHOP)
    assert all(secure.evaluate(LOAD, [f"https://h{n}.{SHOP}/set" for n in many]))
    plain, _ = lab.page("http", SHOP)
    plain.evaluate(LOAD, [f"http://{sub}h{n}.{SHOP}/probe" for n in many for sub in ("", "x.")])
    seen = {(each.scheme, each.host) for each in lab.server.seen if each.path == "/probe"}
    lab.fresh()
    found = {lines: (("https", f"h{n}.{SHOP}") in seen, ("https", f"x.h{n}.{SHOP}") in seen)
             for n, lines in enumerate(HSTS)}  # fmt: skip
    said = {}
    for lines in HSTS:
        parsed = parse_hsts(lines[0])
        known = parsed.fault is None and bool(parsed.max_age)
        said[lines] = (known, known and parsed.include_subdomains)
    assert found == said


REFERRER: tuple[str | tuple[str, str], ...] = (
    "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin",
    "strict-origin-when-cross-origin", "unsafe-url", "UNSAFE-URL", "unsafe-url, bogus", "bogus, unsafe-url", "unsafe-url,", ",unsafe-url,,", "",
    "unsafe-url;x", "unsafe-url x", '"unsafe-url"', "unsafe-url,\tno-referrer\t", "no-referrer, unsafe-url", "always", "never", "default",
    "origin-when-crossorigin", "origin, unsafe-url, bogus,", ("no-referrer", "unsafe-url"), ("unsafe-url", "bogus"), ("bogus", ""),
)  # fmt: skip


def test_referrer_policy(lab: Harness):
    """A frame for each value, with an image of its own origin and one of another."""
    found, said = {}, {}
    for scheme in ("https", "http"):
        targets = {}
        for n, value in enumerate(REFERRER):
            lines = (value,) if isinstance(value, str) else value
            fields = [("Referrer-Policy", line) for line in lines]
            targets[value] = [f"{scheme}://{host}/{scheme}-seen{n}" for host in (SHOP, OTHER)]
            for host in (SHOP, OTHER):
                lab.server.answer(host, f"/{scheme}-seen{n}", PIXEL)
            lab.server.answer(SHOP, f"/refer{n}/", html("".join(f"<img src={t}>" for t in targets[value]), *fields))
            policy = parse_referrer_policy(", ".join(lines))
            page = f"{scheme}://{SHOP}/refer{n}/"
            said[value, scheme] = [referrer(policy, page, target) for target in targets[value]]
        lab.server.answer(
            SHOP, "/frames", html("".join(f"<iframe src=/refer{n}/></iframe>" for n in range(len(REFERRER))))
        )
        tab, _ = lab.blank()
        tab.goto(f"{scheme}://{SHOP}/frames")
        tab.close()
        sent = {f"{s.scheme}://{s.host}{s.path}": s.field("referer") for s in lab.server.seen}
        for value, both in targets.items():
            found[value, scheme] = [sent[target] for target in both]
    assert found == said


META_REFERRERS = (
    *(f'<meta name=referrer content="{content}">' for content in (
        "no-referrer", "NO-REFERRER", " no-referrer ", "no-referrer, origin", "origin, no-referrer", "never", "default", "always",
        "origin-when-crossorigin", "origin-when-cross-origin", "bogus", "", "same-origin", "no-referrer;x",
    )),
    "<meta name=referrer content=no-referrer><meta name=referrer content=origin>", "<meta name=referrer content=origin><meta name=referrer content=x>",
    "<!-- <meta name=referrer content=no-referrer> -->", '<script>"<meta name=referrer content=no-referrer>"</script>',
    "<p><meta name=referrer content=no-referrer>", '<meta name=" referrer" content=no-referrer>', "<meta property=referrer content=no-referrer>",
    "<meta data-x='>' content=no-referrer name=Referrer>", "<meta http-equiv=referrer content=no-referrer>", "<meta name=referrer-x content=no-referrer>",
    "<template><meta name=referrer content=no-referrer></template>", "<meta name=referrer>",
)  # fmt: skip


def test_referrer_policy_in_the_markup(lab: Harness):
    """Over one of the field's, with an image of another origin and one of the page's own."""
    field = ("Referrer-Policy", "unsafe-url")
    targets = {}
    for n, meta in enumerate(META_REFERRERS):
        targets[meta] = [f"https://{host}/meta-seen{n}" for host in (OTHER, SHOP)]
        for host in (SHOP, OTHER):
            lab.server.answer(host, f"/meta-seen{n}", PIXEL)
        images = "".join(f"<img src={t}>" for t in targets[meta])
        lab.server.answer(SHOP, f"/meta{n}/", html(meta + images, field))
    lab.server.answer(SHOP, "/metas", html("".join(f"<iframe src=/meta{n}/></iframe>" for n in range(len(targets)))))
    tab, _ = lab.blank()
    tab.goto(f"https://{SHOP}/metas")
    tab.close()
    sent = {f"{s.scheme}://{s.host}{s.path}": s.field("referer") for s in lab.server.seen}
    found, said = {}, {}
    for n, (meta, both) in enumerate(targets.items()):
        page = f"https://{SHOP}/meta{n}/"
        engine = Engine()
        engine.observe(parse_example(
            f"# type: document\nGET {page} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n{': '.join(field)}\n\n"
            f"<!doctype html>{meta}")[0])  # fmt: skip
        document = engine.session.blocking.documents.at(page)
        assert document is not None
        found[meta] = [sent[target] for target in both]
        said[meta] = [referrer(document.referrer_policy, page, target) for target in both]
    assert found == said


COOP: tuple[str | tuple[str, str], ...] = (
    "same-origin", 'same-origin; report-to="x"', "same-origin;report-to=x", "same-origin ; x", "same-origin;x=1;y", " same-origin ", "same-origin;X", "same-origin;",
    '"same-origin"', "Same-Origin", "SAME-ORIGIN", "same-origin, same-origin", "same-origin same-origin", "", "same-origin-plus-coep", "unsafe-none",
    "same-origin-allow-popups", "(same-origin)", "same-origin;x=", "same-origin;x=(1)", "?1", "same-origin\t", "'same-origin'", ("same-origin", "same-origin"),
    ("same-origin", ""), "same-origin; report-to=\"x", "same-origin/x",
)  # fmt: skip
COEP: tuple[str | tuple[str, str], ...] = (
    "require-corp", 'require-corp; report-to="x"', "credentialless", "credentialless;x", "require-corp;", "require-corp; X=1", "Require-Corp", '"require-corp"',
    "unsafe-none", "*", "", "require-corp, require-corp", ("require-corp", "require-corp"), ("credentialless", "unsafe-none"), "requirecorp",
    "require-corp credentialless", "\trequire-corp\t", "require-corp;a=?1;b=:YQ==:",
)  # fmt: skip


def test_opener_and_embedder_policies(lab: Harness):
    """A page is cross-origin isolated where both fields are taken for the strict values."""
    found, said = {}, {}
    tab, _ = lab.blank()
    for name, other, values in (
        ("Cross-Origin-Opener-Policy", ("Cross-Origin-Embedder-Policy", "require-corp"), COOP),
        ("Cross-Origin-Embedder-Policy", ("Cross-Origin-Opener-Policy", "same-origin"), COEP),
    ):
        for n, value in enumerate(values):
            lines = (value,) if isinstance(value, str) else value
            lab.server.answer(SHOP, f"/{name}-{n}", html("", other, *((name, line) for line in lines)))
            tab.goto(f"https://{SHOP}/{name}-{n}")
            found[name, value] = tab.evaluate("crossOriginIsolated")
            combined = ", ".join(lines)
            opener = parse_coop(combined).value == "same-origin"
            embedder = parse_coep(combined).value in ("require-corp", "credentialless")
            said[name, value] = opener if "Opener" in name else embedder
    tab.close()
    assert found == said


CORP: tuple[str | tuple[str, str], ...] = (
    "same-origin", "same-site", "cross-origin", "Same-Origin", "SAME-SITE", '"same-origin"', "same-origin;", "same-origin; x", "same-origin, same-origin", "", " same-origin ",
    "\tsame-site\t", "none", "same-origin same-origin", ("same-origin", "same-origin"), ("same-origin", "bogus"), "same_origin",
)  # fmt: skip


def test_resource_policy(lab: Harness):
    names = ((f"c.{SHOP}", "same-site"), (OTHER, "cross-site"))
    found, said = {}, {}
    cases = [(n, value, host, relation) for n, value in enumerate(CORP) for host, relation in names]
    for n, value, host, _ in cases:
        lines = (value,) if isinstance(value, str) else value
        fields = tuple(("Cross-Origin-Resource-Policy", line) for line in lines)
        lab.server.answer(host, f"/corp{n}", PIXEL._replace(fields=(*PIXEL.fields, *fields)))
    page, _ = lab.page("https", SHOP)
    loaded = page.evaluate(LOAD, [f"https://{host}/corp{n}" for n, _, host, _ in cases])
    for (_, value, _, relation), shown in zip(cases, loaded, strict=True):
        combined = value if isinstance(value, str) else ", ".join(value)
        verdict = corp.check(combined.strip(), relation, None, False, False)  # type: ignore[arg-type]
        found[value, relation] = shown
        said[value, relation] = verdict is None or verdict.outcome == "allowed"
    assert found == said


_OPTIONS = (
    ("DENY",), ("deny",), ("SAMEORIGIN",), ("SameOrigin",), ("ALLOWALL",), ("ALLOW-FROM https://shop.test/",), ("bogus",), ("",), ('"DENY"',), ("DENY;",),
    ("SAMEORIGIN, SAMEORIGIN",), ("SAMEORIGIN, sameorigin",), ("DENY, SAMEORIGIN",), ("SAMEORIGIN", "SAMEORIGIN"), ("SAMEORIGIN", "DENY"),
    ("SAMEORIGIN, bogus",), ("bogus, SAMEORIGIN",), ("ALLOWALL, bogus",), ("ALLOWALL, ALLOWALL",), ("bogus, other",), ("bogus, bogus",), ("SAMEORIGIN,",), (",",),
    ("bogus,",), ("SAMEORIGIN; DENY",), (" DENY ",), ("'DENY'",), ("SAME-ORIGIN",),
)  # fmt: skip
FRAMING: tuple[Lines, ...] = (
    *(tuple(("X-Frame-Options", line) for line in lines) for lines in _OPTIONS),
    (("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors *")),
    (("X-Frame-Options", "DENY"), ("Content-Security-Policy", "frame-ancestors 'self'")),
    (("X-Frame-Options", "DENY"), ("Content-Security-Policy", "img-src frame-ancestors")),
    (("X-Frame-Options", "DENY"), ("Content-Security-Policy-Report-Only", "frame-ancestors *")),
    (("Content-Security-Policy", "frame-ancestors"),),
    (("Content-Security-Policy", "frame-ancestors 'none'"),),
    (("Content-Security-Policy", "frame-ancestors 'self'"),),
    (("Content-Security-Policy", "frame-ancestors https:"),),
    (("Content-Security-Policy", "frame-ancestors http:"),),
    (("Content-Security-Policy", "frame-ancestors shop.test"),),
    (("Content-Security-Policy", "frame-ancestors https://shop.test/path"),),
    (("Content-Security-Policy", "frame-ancestors https://shop.test:443"),),
    (("Content-Security-Policy", "frame-ancestors *.test"),),
    (("Content-Security-Policy", "frame-ancestors 'none' https://shop.test"),),
    (("Content-Security-Policy", "frame-ancestors 'self', frame-ancestors https://shop.test"),),
    (("Content-Security-Policy", "frame-ancestors 'unsafe-inline'"),),
)

FRAMES = """urls => Promise.all(urls.map(u => new Promise(done => {
    const f = document.createElement('iframe'); f.onload = done; f.src = u; document.body.append(f); })))"""


def test_framing(lab: Harness):
    cases = [(n, fields, host) for n, fields in enumerate(FRAMING) for host in (SHOP, OTHER)]
    for n, fields, host in cases:
        lab.server.answer(host, f"/framed{n}", html("", *fields))
    page, _ = lab.blank()
    page.goto(f"https://{SHOP}/page")
    page.evaluate(FRAMES, [f"https://{host}/framed{n}" for n, _, host in cases])
    frames = [element.content_frame() for element in page.query_selector_all("iframe")]
    shown = [frame is not None and frame.url.startswith("https:") for frame in frames]
    found = {(fields, host): each for (_, fields, host), each in zip(cases, shown, strict=True)}
    said = {}
    for n, fields, host in cases:
        policy = next((value for name, value in fields if name == "Content-Security-Policy"), None)
        options = [value.strip() for name, value in fields if name == "X-Frame-Options"]
        own, around = f"https://{host}/framed{n}", (f"https://{SHOP}",)
        verdict = frame_judge(policy, ", ".join(options) if options else None, own, around, True)
        said[fields, host] = verdict is None or verdict.outcome == "allowed"
    assert found == said


PERMISSIONS: tuple[str | tuple[str, str], ...] = (
    "", "*", "self", "()", "(self)", "(*)", '("https://partner.example")', '(self "https://partner.example")', "none", "(none)", "?1", "?0", "1", '"self"', '("self")',
    '("*")', "src", "(self);report-to=x", "(self bogus)", "(self 1 2.5 ?1)", '(self "nonsense")', '(self "https://partner.example/path")',
    '(self "http://partner.example")', "(self", "self)", "'self'", "('self')", "self *", "(self, *)",
)  # fmt: skip
WHOLE_POLICIES = (
    "geolocation=(), geolocation=(self)", "geolocation=(self), geolocation=()", "geolocation=(); camera=()", "geolocation=() camera=()", "geolocation 'none'",
    "Geolocation=()", "geolocation", "geolocation=(),", ",geolocation=()", "bogus=(), geolocation=()", "bogus=*; x, geolocation=()", "geolocation=(),camera=((",
    "geolocation = ()", "geolocation=()\t,\tcamera=()", "geolocation=( )", "geolocation=(  self  )",
)  # fmt: skip
ALLOWS = """() => [document.featurePolicy.allowsFeature('geolocation'),
    document.featurePolicy.allowsFeature('geolocation', 'https://partner.example')]"""


def test_permissions_policy(lab: Harness):
    """Who may use geolocation, which this origin may and others may not where nothing is said."""
    values = [*WHOLE_POLICIES, *(f"geolocation={member}" for member in PERMISSIONS)]
    for n, value in enumerate(values):
        lab.server.answer(SHOP, f"/permits{n}", html("", ("Permissions-Policy", value)))
    lab.server.answer(SHOP, "/frames", html("".join(f"<iframe src=/permits{n}></iframe>" for n in range(len(values)))))
    tab, _ = lab.blank()
    tab.goto(f"https://{SHOP}/frames")
    frames = {frame.url.rpartition("permits")[2]: frame for frame in tab.frames}
    found, said = {}, {}
    for n, value in enumerate(values):
        found[value] = frames[str(n)].evaluate(ALLOWS)
        parsed = parse_permissions_policy(value)
        feature = next((f for f in parsed.features if f.feature == "geolocation"), None)
        allowed = ("self",) if feature is None else feature.allowed
        own = "self" in allowed or "*" in allowed
        said[value] = [own, any(a == "*" or a.startswith("https://partner.example") for a in allowed)]
    tab.close()
    assert found == said


SOURCES = """
* *:* *:80 *:443 *:8080 http://*:* https://*:* https: http: HTTPS: ws: data: https:/ https:// http://* https://* https://*: 'self' 'SELF' 'none'
shop.test SHOP.TEST *.shop.test *.api.shop.test *.test test shop.test. shop.test.:80 *.shop.test. .shop.test shop..test -shop.test a_b.shop.test *.a_b.shop.test
shop.test:80 shop.test:443 shop.test:0443 shop.test:080 shop.test:8080 shop.test:8443 shop.test:* http://shop.test:443 https://shop.test:80 http://shop.test:8443
https://shop.test:8443 http://shop.test https://shop.test ws://shop.test shop.test:65536 shop.test:99999999999 shop.test:/x shop.test: //shop.test http:shop.test
http:/shop.test shop.test/ shop.test// shop.test/a shop.test/a/ shop.test/A shop.test/%61 shop.test/a%2Fb shop.test/a%2fb shop.test/a/b shop.test/a/b/ shop.test/a//b
shop.test/a/../a shop.test/./a shop.test/%zz shop.test/% shop.test/a%20b shop.test/a+b shop.test/a?q shop.test/a#f shop.test/?q shop.test?q shop.test#f shop.test/a%3Bb
shop.test/a%2Cb shop.test/a*b shop.test/* shop.test/a/* shop.test/[x] shop.test/a|b shop.test/a%3Fq shop.test/caf%C3%A9 shop.test/caf%c3%a9 shop.test:*/a
shop.test:8080/a/b http://shop.test:*/a/ self none "self" 'self 'self'x ''self'' 'unsafe-inline' 'strict-dynamic' 127.0.0.1 127.0.0.1:80 *.0.0.1 127.0.0.* 192.0.2.7
192.0.2.* 127.1 0x7f.0.0.1 [::1] localhost *.localhost *. *.. . *.* *.*.test ** **.test *test *..shop.test http://user@shop.test http://user:pw@shop.test
about: http:* https:* mailto: custom.scheme:
"""
ADDRESSES = (
    *(f"{origin}/i" for origin in (
        "http://shop.test", "https://shop.test", "http://shop.test:8080", "https://shop.test:8443", "http://api.shop.test", "http://b.api.shop.test",
        "http://a_b.shop.test", "http://shop.test.", "http://127.0.0.1", "http://192.0.2.7", "http://localhost", "https://shop.test:80", "http://shop.test:443",
        "https://api.shop.test",
    )),
    *(f"http://shop.test/{path}" for path in (
        "", "a", "a?q", "a?q=/b", "A", "a/", "a/b", "a/b/", "a/b/c", "a//b", "a%2Fb", "a%2fb", "%61", "%61/b", "a%20b", "a+b", "a;b", "a,b", "a%3Bb", "a*b", "*",
        "a/*", "[x]", "a|b", "%zz", "%", "a%3Fq", "caf%C3%A9",
    )),
)  # fmt: skip
ASK = """urls => { const seen = [];
    addEventListener('securitypolicyviolation', e => seen.push([e.originalPolicy, e.blockedURI]));
    for (const u of urls) new Image().src = u;
    return new Promise(done => setTimeout(() => { window.stop(); done(seen); }, 1000)); }"""


@pytest.mark.parametrize("own", ["http://shop.test/page", "https://shop.test/page", "http://shop.test:8080/page"])
def test_policy_sources(lab: Harness, own: str):
    """A page has every source as a policy on trial, so that one load of an address asks all of them."""
    secure = own.startswith("https:")
    asked = [url for url in ADDRESSES if not secure or url.startswith("https:")]
    policies = [f"img-src {source}" for source in SOURCES.split()]
    trial = ("Content-Security-Policy-Report-Only", ", ".join(policies))
    lab.server.answer(SHOP, "/page", html("", trial))
    tab, _ = lab.blank()
    tab.goto(own)
    blocked = {(policy, url) for policy, url in tab.evaluate(ASK, asked)}
    written = dict(zip(asked, tab.evaluate("urls => urls.map(u => new URL(u).href)", asked), strict=True))
    tab.close()
    found = {(policy, url) for policy in policies for url in asked if (policy, written[url]) in blocked}
    said = {
        (policy, url)
        for policy in policies
        for url in asked
        if request_violates(parse_policy(policy), Asked(written[url], "image"), own) is not None
    }
    assert {"blocked": found - said, "admitted": said - found} == {"blocked": set(), "admitted": set()}


CODE = ("window.a1", "window.a2", "window.a3", "window.a4", "window.a5", "window.hashed = 1")
NONCES = (None, "abc", "ABC", "a+/b==", "a-_b", None)


def _digest(name: str, text: str = CODE[-1]) -> str:
    return base64.b64encode(hashlib.new(name, text.encode()).digest()).decode()


_SHA256 = _digest("sha256")
INLINE = (
    "'nonce-abc'", "'NONCE-abc'", "'nonce-ABC'", "'nonce-a+/b=='", "'nonce-a-_b'", "'nonce-a-/b=='", "'nonce-ab=c'", "'nonce-abc==='", "'nonce-'", "nonce-abc",
    "'nonce-abc", "'nonce-abc' 'unsafe-inline'", "'nonce-' 'unsafe-inline'", "'nonce-{x}' 'unsafe-inline'", "'unsafe-inline'", "'UNSAFE-INLINE'", "unsafe-inline",
    f"'sha256-{_SHA256}'", f"'SHA256-{_SHA256}'", f"'sha-256-{_SHA256}'", f"'sha256-{_SHA256.replace('+', '-').replace('/', '_')}'", f"'sha256-{_SHA256.rstrip('=')}'",
    f"'sha256-{_SHA256.swapcase()}'", f"'sha384-{_digest('sha384')}'", f"'sha512-{_digest('sha512')}'", f"'sha1-{_digest('sha1')}'", f"'sha1-{_digest('sha1')}' 'unsafe-inline'",
    f"'sha256-{_SHA256}' 'unsafe-inline'", "'sha256-AAAA' 'unsafe-inline'", "'sha256-' 'unsafe-inline'", f"sha256-{_SHA256} 'unsafe-inline'", f"'sha384-{_SHA256}'",
    "'strict-dynamic' 'unsafe-inline'", "'unsafe-hashes' 'unsafe-inline'", "'none' 'unsafe-inline'", "'unsafe-inline' 'none'", "*", "data:", "'self'", "'unsafe-eval'",
    "'report-sample' 'unsafe-inline'", "https: 'unsafe-inline'", "'wasm-unsafe-eval' 'unsafe-inline'", "'inline-speculation-rules' 'unsafe-inline'", "'none'", "",
    "'trusted-types-eval' 'unsafe-inline'", "'unknown' 'unsafe-inline'", "'nonce-abc' 'strict-dynamic'", f"'sha256-{_SHA256}' 'strict-dynamic'",
)  # fmt: skip


@pytest.mark.parametrize("directive", ["script-src", "default-src", "script-src-elem"])
def test_policies_on_inline_scripts(lab: Harness, directive: str):
    """Every script stands on a line of its own, which the event of a violation names."""
    markup = "".join(
        f"\n<script{f' nonce={nonce!r}' if nonce else ''}>{code}</script>"
        for code, nonce in zip(CODE, NONCES, strict=True)
    )
    policies = [f"{directive} {sources}".rstrip() for sources in INLINE]
    lab.server.answer(SHOP, "/inline", html(markup, ("Content-Security-Policy-Report-Only", ", ".join(policies))))
    tab, _ = lab.blank()
    tab.add_init_script(
        "window.seen = []; addEventListener('securitypolicyviolation', e => seen.push([e.originalPolicy, e.lineNumber]))"
    )
    tab.goto(f"https://{SHOP}/inline")
    tab.wait_for_timeout(100)
    blocked = {(policy, line) for policy, line in tab.evaluate("seen")}
    tab.close()
    found = {(p, n) for p in policies for n in range(len(CODE)) if (p, n + 2) in blocked}
    said = {
        (policy, n)
        for policy in policies
        for n in range(len(CODE))
        if inline_violates(parse_policy(policy), "script", CODE[n], NONCES[n]) is not None
    }
    # Chromium still reads an old form of hashes, `sha-256-`, that no standard has.
    said -= {
        (policy, n) for policy, n in said if "'sha-256-" in policy and (policy, n) not in found and n == len(CODE) - 1
    }
    assert {"blocked": found - said, "admitted": said - found} == {"blocked": set(), "admitted": set()}


LOCATIONS = (
    "https://partner.example", "HTTPS://Partner.EXAMPLE:443?x", "//partner.example/a", "///partner.example/a", "\\\\partner.example\\a?b\\c", "../../up",
    "/x/../y/./z/..", "/%2e%2E/x/%2e", "x..y/.z", "img//x.png", "?q", "?", "/a b|^", "/\"<>`{}", "?a'\"<> `{}|^", "/é?é", "https:page", "https:/page", "/a%zz%", "/a\tb",
    "https://u:p@shop.test/", ";p=1", "/a//b//../c", "./", "..", "http://shop.test:80/x", "https://shop.test/#f g",
)  # fmt: skip


def test_where_locations_lead(lab: Harness):
    base = f"https://{SHOP}/dir/from"
    for n, location in enumerate(LOCATIONS):
        lab.server.answer(SHOP, f"/dir/from{n}", Reply(302, (("Location", location),)))
    lab.fresh()
    asked = {f"{base}{n}": location for n, location in enumerate(LOCATIONS)}
    script = "for (const u of arg) await fetch(u, {mode: 'no-cors'}).catch(() => 0)"
    run = lab.run("https", SHOP, script, list(asked), expect=len(LOCATIONS))
    found = {}
    for hop, after in zip(run.hops, run.hops[1:], strict=False):
        if hop.url in asked and after.id == hop.id:
            found[asked[hop.url]] = after.url.partition("#")[0]
    assert len(found) >= len(LOCATIONS) - 3
    said = {location: location_url(url, location).partition("#")[0] for url, location in asked.items()}
    assert {location: said[location] for location in found} == found

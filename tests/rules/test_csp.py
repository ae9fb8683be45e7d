"""The rules on Content Security Policy: guards and finer points beyond each page's two examples."""

import json

import pytest

from inspector.browser.csp_inline import sha256_source
from inspector.browser.csp_match import host_part_matches
from inspector.engine import INTERNAL_ERROR, Engine
from inspector.fields.csp import HostSource, parse_source
from inspector.report import Annotation, Severity
from inspector.rules import csp_bypasses
from inspector.rules.csp_bypasses import bypass_of
from inspector.rules.example import parse_example

NONCE = "'nonce-c2VydmVyLW1hZGUtbm9uY2U'"


def told(*lines: str, body: str = "<p>", said: str = "# type: document", request: str = "", status: int = 200, url: str = "https://shop.test/") -> dict[str, Annotation]:  # fmt: skip
    text = "\n".join(filter(None, [said, f"GET {url} HTTP/2", request])) + "\n\n"
    text += "\n".join([f"HTTP/2 {status}", "Content-Type: text/html", *lines]) + f"\n\n{body}"
    annotations = Engine().observe(parse_example(text)[0]).annotations
    assert not any(a.rule == INTERNAL_ERROR for a in annotations)
    return {a.rule: a for a in annotations if a.rule.startswith("csp/")}


def policy(value: str, **more: str) -> dict[str, Annotation]:
    return told(f"Content-Security-Policy: {value}", **more)  # type: ignore[arg-type]


STRICT = f"script-src {NONCE} 'strict-dynamic'; object-src 'none'; base-uri 'none'; form-action 'self'"


def test_a_strict_policy_is_left_in_peace():
    assert policy(STRICT) == {}
    assert set(policy(f"{STRICT}; frame-ancestors 'self'; report-to csp; require-trusted-types-for 'script'")) == set()


def test_missing():
    found = told()
    assert set(found) == {"csp/missing"}
    assert found["csp/missing"].severity is Severity.WARNING
    assert "1 inline script" in told(body="<script>x()</script><script type=application/json>{}</script>")["csp/missing"].detail  # fmt: skip


@pytest.mark.parametrize(
    "kwargs",
    [
        {"url": "https://localhost/"},
        {"status": 404},
        {"status": 302},
        {"said": "# type: fetch"},
        {"request": "Sec-Fetch-Dest: iframe"},
        {"said": "# type: document\n# page: https://news.test/"},
        {"body": "<meta http-equiv='Content-Security-Policy' content=\"script-src 'self'\">"},
    ],
)
def test_where_a_missing_policy_does_not_matter(kwargs):
    assert "csp/missing" not in told(**kwargs)


def test_a_recording_without_the_markup_leaves_room_for_a_policy_in_it():
    assert told(body="")["csp/missing"].certainty == "likely"
    assert told()["csp/missing"].certainty == "certain"


def test_a_trial_alone():
    assert set(told("Content-Security-Policy-Report-Only: script-src 'self'")) == {"csp/report-only"}


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("script-src 'unsafe-inline'", Severity.WARNING),
        ("default-src 'unsafe-inline'", Severity.WARNING),
        ("script-src 'self'; style-src 'unsafe-inline'", Severity.INFO),
        (f"script-src 'unsafe-inline' {NONCE}", Severity.INFO),
        ("script-src 'unsafe-inline' 'sha256-abc='", Severity.INFO),
        ("script-src 'unsafe-inline' 'strict-dynamic'", Severity.INFO),
        ("script-src-elem 'self'; script-src 'unsafe-inline'", Severity.WARNING),
        ("script-src-attr 'none'; script-src 'self'", None),
        ("img-src 'unsafe-inline'", None),
    ],
)
def test_unsafe_inline(value, severity):
    found = policy(value).get("csp/unsafe-inline")
    assert (found and found.severity) == severity


def test_one_policy_that_forbids_inline_scripts_is_enough():
    found = policy("script-src 'unsafe-inline', script-src 'self'").get("csp/unsafe-inline")
    assert found is None or found.severity is Severity.INFO


def test_the_mark_is_in_the_directive_for_scripts():
    found = policy("style-src 'unsafe-inline'; default-src 'self' 'unsafe-inline'")
    assert found["csp/unsafe-inline"].evidence[0].mark == "default-src 'self' 'unsafe-inline'"


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("script-src *", Severity.WARNING),
        ("script-src https:", Severity.WARNING),
        ("script-src DATA:", Severity.WARNING),
        ("script-src http://*", Severity.WARNING),
        ("script-src *:*", Severity.WARNING),
        ("script-src *.shop.test", None),
        (f"script-src {NONCE} 'strict-dynamic' https:; object-src 'none'", None),
        ("script-src 'self'; img-src *", None),
        ("script-src 'self'; object-src *", Severity.NOTE),
        ("script-src 'self'; object-src 'none'; base-uri https:", Severity.NOTE),
        ("script-src *, script-src 'self'", None),
    ],
)
def test_wildcards(value, severity):
    found = policy(value).get("csp/wildcard-or-scheme")
    assert (found and found.severity) == severity


def test_eval():
    assert policy("script-src 'unsafe-eval'")["csp/unsafe-eval"].severity is Severity.WARNING
    assert policy("script-src 'wasm-unsafe-eval'")["csp/unsafe-eval"].severity is Severity.INFO
    assert "csp/unsafe-eval" not in policy("script-src-elem 'unsafe-eval'; script-src 'self'")


def test_policies_that_are_not_about_scripts():
    assert policy("frame-ancestors 'none'")["csp/no-script-src"].severity is Severity.INFO
    assert policy("img-src 'self'")["csp/no-script-src"].severity is Severity.WARNING
    assert policy("script-src-elem 'self'")["csp/no-script-src"].severity is Severity.WARNING
    assert "csp/no-object-src" not in policy("img-src 'self'")


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("https://ajax.googleapis.com", True),
        ("ajax.googleapis.com/ajax/libs/angularjs/", True),
        ("ajax.googleapis.com/ajax/libs/jquery/3.7.1/jquery.min.js", False),
        ("*.googleapis.com", True),
        ("cdn.jsdelivr.net/npm/", True),
        ("unpkg.com", True),
        ("*.cloudfront.net", True),
        ("d111111abcdef8.cloudfront.net", False),
        ("www.googletagmanager.com", False),
        ("cdn.shop.test", False),
        ("localhost", False),
    ],
)
def test_hosts_that_anybody_can_use(source, known):
    parsed = parse_source(source)
    assert isinstance(parsed, HostSource)
    assert (bypass_of(parsed, False) is not None) is known


def test_some_need_eval():
    parsed = parse_source("www.googletagmanager.com")
    assert isinstance(parsed, HostSource)
    assert bypass_of(parsed, True) is not None


@pytest.mark.parametrize(
    ("nonce", "title"),
    [
        ("'nonce-{{csp_nonce}}'", "placeholder"),
        ("'nonce-$request_id'", "placeholder"),
        ("'nonce-a.b!'", "no base64"),
        ("'nonce-abcdefghij'", "short"),
        ("'nonce-EDNnf03nceIOfn39fn3e9h3sdfa'", "guessed"),
    ],
)
def test_weak_nonces(nonce, title):
    assert title in policy(f"script-src {nonce}; base-uri 'none'; object-src 'none'")["csp/nonce-weak"].title


def test_a_nonce_that_repeats():
    def page(path: str, body: str) -> str:
        head = f"# type: document\nGET https://shop.test/{path} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n"
        return f"{head}Content-Security-Policy: {STRICT}\n\n{body}\n---\n"

    def found(*pages: str) -> list[str]:
        engine = Engine()
        reports = [engine.observe(e) for e in parse_example("".join(pages).removesuffix("\n---\n"))]
        return [a.detail for r in reports for a in r.annotations if a.rule == "csp/nonce-weak"]

    assert found(page("a", "<p>1"), page("a", "<p>1")) == []
    (detail,) = found(page("a", "<p>1"), page("b", "<p>2"))
    assert "exchange 0" in detail


@pytest.mark.parametrize(
    ("value", "piece"),
    [
        ("scrpt-src 'self'", "`script-src` is"),
        ("script-src: 'self'", "colon"),
        ("script-src self", "quotes"),
        ("script-src nonce-abc", "quotes"),
        ("script-src 'self' object-src 'none'", "semicolon"),
        ("script-src 'unsafe_inline'", "no keyword"),
        ("script-src //cdn.test", "no source"),
        ("script-src a.test, b.test", "comma"),
        ("report-uri /r script-src 'self'", "semicolon"),
        ("script-src ‘self’", "curly"),
    ],
)
def test_syntax(value, piece):
    assert piece in policy(value)["csp/syntax"].detail


@pytest.mark.parametrize(
    "value",
    [
        STRICT,
        "trusted-types default 'allow-duplicates'; require-trusted-types-for 'script'",
        "sandbox allow-scripts; report-uri /a; report-to b; fenced-frame-src 'none'; webrtc 'block'",
        "script-src 'inline-speculation-rules' 'report-sample' 'trusted-types-eval' https://[::1]/",
        "upgrade-insecure-requests; block-all-mixed-content; plugin-types application/pdf",
    ],
)
def test_what_is_no_fault(value):
    assert "csp/syntax" not in policy(value)


def test_two_policies_repeat_nothing():
    assert "csp/duplicate-directive" not in policy("script-src 'self', script-src *")
    assert "csp/duplicate-directive" in policy("script-src 'self'; SCRIPT-SRC *")


def test_sources_that_are_insecure_or_numbers():
    assert "csp/http-or-ip-source" in policy("img-src http://a.test")
    assert "csp/http-or-ip-source" not in policy("img-src http://a.test", url="http://shop.test/")
    assert "csp/http-or-ip-source" in policy("img-src [::1]")
    assert "csp/http-or-ip-source" not in policy("img-src 127.0.0.1:8080")


def test_a_trial_policy_in_the_markup_does_nothing():
    meta = "<meta http-equiv=Content-Security-Policy-Report-Only content=\"img-src 'self'\">"
    assert "does nothing" in told(body=meta)["csp/meta-ignored"].detail


# -- effects --------------------------------------------------------------------------------------------------------


def test_what_the_page_uses_and_the_policy_blocks():
    body = (
        "<script>run()</script><script type=application/ld+json>{}</script><b onclick='x()'></b><i style='color:red'></i>"
        "<img src=https://img.test/a.png><img src=/own.png><link rel=stylesheet href=https://css.test/a.css>"
        "<iframe src=https://frame.test/></iframe><img src=https://lazy.test/ loading=lazy>"
    )
    detail = policy("default-src 'self'", body=body)["csp/blocks-content"].detail
    for piece in ("1 inline script", "1 event handler", "1 `style` attribute"):
        assert piece in detail
    fix = policy("default-src 'self'", body=body)["csp/blocks-content"].fix
    assert "'sha256-" in (fix or "")
    assert "lazy.test" not in detail
    only = policy("img-src 'self'", body=body)["csp/blocks-content"]
    assert "`https://img.test/a.png`" in only.detail
    assert only.severity is Severity.WARNING


@pytest.mark.parametrize(
    "value",
    [
        "default-src * 'unsafe-inline' data:",
        f"script-src {sha256_source('run()')}; img-src *",
        "frame-ancestors 'none'",
    ],
)
def test_what_is_not_blocked(value):
    assert "csp/blocks-content" not in policy(value, body="<script>run()</script><img src=https://img.test/a.png>")


def test_a_trial_policy_is_told_as_an_explanation():
    found = told("Content-Security-Policy-Report-Only: script-src 'self'", body="<script>run()</script>")
    assert found["csp/blocks-content"].severity is Severity.INFO


def test_policies_in_the_markup_count_for_what_comes_after_them():
    meta = "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">"
    detail = told(body=f"<script>early()</script>{meta}<script>late()</script>")["csp/blocks-content"].detail
    assert "1 inline script" in detail
    late = told(body=f"<p>text</p>{meta}<script>late()</script>")
    assert "csp/blocks-content" not in late
    assert "stands in the page's body" in late["csp/meta-ignored"].detail
    assert "csp/missing" in late


@pytest.mark.parametrize(
    ("value", "body", "piece"),
    [
        ("form-action 'self'", "<form action=https://pay.test/x></form>", "1 form (`https://pay.test/x`) by `form-action`"),
        ("form-action 'none'", "<form action=/search><input></form>", "1 form (`https://shop.test/search`)"),
        ("form-action 'none'", "<form><button formaction=/x></button></form>", "1 form (`https://shop.test/x`)"),
        ("form-action 'none'", "<form><input></form><form action=#><button></form><form action='/'></form>", None),
        ("form-action 'none'", "<form action='javascript:void(0)'></form><form method=dialog action=/x></form>", None),
        ("base-uri 'none'", "<base href=/app/>", "1 `<base>` (`https://shop.test/app/`) by `base-uri`"),
        ("base-uri 'self'", "<base href=/app/><base href=https://other.test/>", None),
        ("base-uri 'none'; img-src https://shop.test/app/", "<base href=/app/><img src=a.png>", "1 image (`https://shop.test/a.png`)"),
        ("img-src https://shop.test/app/", "<base href=/app/><img src=a.png>", None),
        ("script-src 'self'", "<a href='javascript:go()'>x</a>", "1 `javascript:` address by `script-src`"),
        ("script-src 'self'", "<a href='javascript:void(0)'>x</a><a href='JavaScript:;'>y</a>", None),
        ("script-src 'self'", "<button on='tap:menu.open' once only=x>x</button><p onfoo=bar()>", None),
        ("script-src 'self'", "<body onhashchange=x()>", "1 event handler (`onhashchange`)"),
        ("script-src 'none'", "<script nomodule src=/old.js></script><iframe srcdoc=x src=//a.test></iframe>", None),
        ("img-src 'self'", "<img src=//a.test/x srcset='/a,b.png 1x, /c.png 2x'>", None),
        ("img-src 'self'", "<picture><source srcset=/a><img src=//a.test/x></picture><img src=//b.test/y>", "1 image (`https://b.test/y`)"),
        ("media-src 'none'", "<video><source src=/v.mp4></video><audio src=/a.mp3></audio>", "1 video (`https://shop.test/v.mp4`) by `media-src`"),
    ],
)  # fmt: skip
def test_what_else_the_markup_uses(value, body, piece):
    found = policy(value, body=body).get("csp/blocks-content")
    if piece is None:
        assert found is None
    else:
        assert found is not None
        assert piece in found.detail


@pytest.mark.parametrize(
    ("value", "script", "piece"),
    [
        ("script-src 'unsafe-inline'", "eval(a); new Function('b')", "`eval()` and `new Function()`, and `script-src`"),
        ("default-src 'unsafe-inline'", "setTimeout('go()', 9)", "`setTimeout(text)`, and `default-src` has no `'unsafe-eval'`: where the script comes to it, nothing happens."),
        ("script-src 'unsafe-inline' 'unsafe-eval'", "eval(a)", None),
        ("script-src 'self'", "eval(a)", None),  # does not run at all
        ("script-src 'unsafe-inline'", "try { return this || new Function('return this')() } catch {}", None),
        ("script-src 'unsafe-inline'", "// eval(a)\nlog('eval(b)'); window.eval; x.eval(c)", None),
        ("img-src 'self'", "eval(a)", None),
    ],
)  # fmt: skip
def test_code_from_text(value, script, piece):
    found = policy(value, body=f"<script>{script}</script>").get("csp/eval-blocked")
    if piece is None:
        assert found is None
    else:
        assert found is not None
        assert found.certainty == "likely"
        assert piece in found.detail


def test_code_from_text_before_the_policy():
    meta = "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\">"
    assert "csp/eval-blocked" not in told(body=f"<script>eval(a)</script>{meta}")
    assert "csp/eval-blocked" in told(body=f"{meta}<script>eval(a)</script>")


def wasm(value: str, referer: str = "https://shop.test/", more: str = "") -> set[str]:
    engine = Engine()
    text = f"""# type: document
        # page: https://shop.test/
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        Content-Type: text/html
        Content-Security-Policy: {value}
        ---
        # type: fetch
        # page: https://shop.test/
        GET https://shop.test/a.wasm HTTP/2
        Referer: {referer}

        HTTP/2 200
        Content-Type: application/wasm{more}
        """
    reports = [engine.observe(exchange) for exchange in parse_example("\n".join(map(str.strip, text.splitlines())))]
    return {a.rule for a in reports[-1].annotations if a.rule == "csp/wasm-blocked"}


def test_webassembly_the_page_cannot_compile():
    assert wasm("script-src 'self'")
    assert wasm("default-src 'self'", more="; charset=x")
    assert not wasm("script-src 'self' 'wasm-unsafe-eval'")
    assert not wasm("script-src 'self' 'unsafe-eval'")
    assert not wasm("img-src 'self'")
    assert not wasm("script-src-elem 'self'")
    assert not wasm("script-src 'self'", referer="https://shop.test/worker.js")  # which has a policy of its own


def test_reports_in_words():
    report = {"csp-report": {"document-uri": "https://shop.test/", "blocked-uri": "https://x.test/a.js",
                             "violated-directive": "script-src 'self'", "disposition": "report"}}  # fmt: skip
    text = "POST https://shop.test/csp HTTP/2\nContent-Type: application/csp-report\n\n"
    for content, said in ((json.dumps(report), True), ("{", False), ("[]", False), ('{"csp-report": 3}', False)):
        found = [a for a in Engine().observe(parse_example(text + content)[0]).annotations if a.rule.startswith("csp/")]
        assert bool(found) is said
        if said:
            assert "`https://x.test/a.js` would have been blocked" in found[0].detail


@pytest.mark.parametrize("value", ["\x00", "'", ";;;,,,", "script-src " + "'nonce-" * 500, "é" * 2000, "a " * 3000])
def test_hostile_policies(value):
    told(f"Content-Security-Policy: {value}", body=f'<meta http-equiv="content-security-policy" content="{value}">')


def test_a_script_and_a_handler_each_get_their_fix():
    fix = policy("script-src 'self'", body="<script>run()</script><a onclick='go()'>x</a>")["csp/blocks-content"].fix
    assert fix is not None
    assert "sha256-" in fix
    assert "addEventListener" in fix
    fix = policy("script-src 'self'", body="<img src=a.png><a onclick='go()'>x</a>")["csp/blocks-content"].fix
    assert fix is not None
    assert "addEventListener" in fix


def test_known_services_are_found_by_what_covers_them():
    for row in csp_bypasses._known():
        host = row[0]
        for pattern in (host, *csp_bypasses._patterns(host)):
            covering = [
                each
                for each in csp_bypasses._known()
                if (
                    each[0] == pattern
                    if each[0].startswith("*")
                    else host_part_matches(pattern, each[0], chromium=True)
                )
            ]
            assert csp_bypasses._covered().get(pattern, []) == covering

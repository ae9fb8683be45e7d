"""Content Security Policy as browsers apply it: CSP3's algorithms, and requests a recording never saw sent."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.browser import csp_lists
from inspector.browser.csp import (
    Asked,
    base_uri_violates,
    form_action_violates,
    frame_ancestors_violates,
    in_markup,
    integrity_matches,
    request_violates,
    should_be_blocked,
)
from inspector.browser.csp_directives import effective_directive, fallback_list
from inspector.browser.csp_inline import eval_violates, inline_violates, is_nonceable, wasm_violates
from inspector.browser.csp_match import url_matches_expression, url_matches_list
from inspector.engine import Engine
from inspector.fields.csp import parse_csp, parse_policy, parse_source, parse_sources
from inspector.rules.example import parse_example

OWN = "https://shop.test/page"
PLAIN = "http://shop.test/page"


def matches(source: str, url: str, own: str = OWN, *, redirected: bool = False, chromium: bool = False) -> bool:
    return url_matches_expression(url, parse_source(source), own, redirected=redirected, chromium=chromium)


@pytest.mark.parametrize(
    ("source", "url", "own", "expected"),
    [
        ("*", "https://a.test/x", OWN, True),
        ("*", "http://a.test/x", OWN, True),
        ("*", "data:,x", OWN, False),
        ("*", "blob:https://shop.test/x", OWN, False),
        ("*", "wss://a.test/x", OWN, True),
        ("https:", "https://a.test/x", OWN, True),
        ("https:", "http://a.test/x", OWN, False),
        ("http:", "https://a.test/x", OWN, True),
        ("data:", "data:,x", OWN, True),
        ("a.test", "https://a.test/x", OWN, True),
        ("a.test", "http://a.test/x", OWN, False),
        ("a.test", "http://a.test/x", PLAIN, True),
        ("a.test", "https://a.test/x", PLAIN, True),
        ("a.test", "https://a.test:8443/x", OWN, False),
        ("a.test:8443", "https://a.test:8443/x", OWN, True),
        ("a.test:443", "https://a.test/x", OWN, True),
        ("a.test:*", "https://a.test:8443/x", OWN, True),
        ("http://a.test:8080", "https://a.test:8443/x", OWN, False),
        ("*.a.test", "https://a.test/x", OWN, False),
        ("*.a.test", "https://b.a.test/x", OWN, True),
        ("*.a.test", "https://c.b.a.test/x", OWN, True),
        ("*.a.test", "https://ba.test/x", OWN, False),
        ("A.TEST", "https://a.test/x", OWN, True),
        ("HTTPS://a.test", "https://a.test/x", OWN, True),
        ("a.test/x", "https://a.test/x", OWN, True),
        ("a.test/x", "https://a.test/x/y", OWN, False),
        ("a.test/x", "https://a.test/X", OWN, False),
        ("a.test/x/", "https://a.test/x/y", OWN, True),
        ("a.test/x/", "https://a.test/x", OWN, False),
        ("a.test/x", "https://a.test/x?q#f", OWN, True),
        ("a.test/%78", "https://a.test/x", OWN, True),
        ("a.test:80", "https://a.test:80/x", OWN, True),
        ("a.test:443", "https://a.test/x", PLAIN, True),
        ("http://a.test:443", "https://a.test/x", OWN, True),
        ("a.test:8080", "https://a.test:8443/x", PLAIN, False),
        ("a.test:0443", "https://a.test/x", OWN, True),
        ("a.test:99999999999", "https://a.test/x", OWN, False),
        ("a.test?q", "https://a.test/x", OWN, False),
        ("a.test#f", "https://a.test/x", OWN, False),
        ("a.test/a//b", "https://a.test/a//b", OWN, True),
        ("a.test/a//b", "https://a.test/a/b", OWN, False),
        ("a.test/caf%C3%A9", "https://a.test/caf%c3%a9", OWN, True),
        ("a.test/a%3Bb", "https://a.test/a;b", OWN, True),
        ("a.test/a*", "https://a.test/ab", OWN, False),
        ("*.test", "https://a.test/x", OWN, True),
        ("a.test.", "https://a.test/x", OWN, False),
        ("a.test/", "https://a.test/any", OWN, True),
        ("'self'", "https://shop.test/x", OWN, True),
        ("'self'", "https://shop.test:443/x", OWN, True),
        ("'self'", "http://shop.test/x", OWN, False),
        ("'self'", "https://shop.test:8443/x", OWN, False),
        ("'self'", "https://api.shop.test/x", OWN, False),
        ("'self'", "wss://shop.test/x", OWN, True),
        ("'self'", "ws://shop.test/x", OWN, False),
        ("'self'", "https://shop.test/x", PLAIN, True),
        ("'self'", "ws://shop.test/x", PLAIN, True),
        ("'self'", "https://shop.test:8080/x", "http://shop.test:8080/", True),
        ("'self'", "https://shop.test:8443/x", "http://shop.test:8080/", False),
        ("'self'", "data:,x", OWN, False),
        ("'none'", "https://shop.test/x", OWN, False),
        ("'unsafe-inline'", "https://shop.test/x", OWN, False),
        ("wss:", "wss://a.test/x", OWN, True),
        ("wss://a.test", "wss://a.test/x", OWN, True),
        ("ws://a.test", "wss://a.test/x", OWN, True),
        ("127.0.0.1", "https://127.0.0.1/x", OWN, True),
        ("127.0.0.1", "https://127.0.0.2/x", OWN, False),
        ("a.test", "data:,a.test", OWN, False),
    ],
)
@pytest.mark.parametrize("chromium", [False, True])
def test_addresses(source, url, own, expected, chromium):
    assert matches(source, url, own, chromium=chromium) is expected


@pytest.mark.parametrize(
    ("source", "url", "own", "chromium"),
    [
        ("http://a.test:80", "https://a.test/x", OWN, True),
        ("a.test:80", "https://a.test/x", PLAIN, True),
        ("http://a.test:8443", "https://a.test:8443/x", OWN, False),
        ("a.test:80", "https://a.test:80/x", PLAIN, False),
        ("a.test/a%2Fb", "https://a.test/a/b", OWN, True),
        ("a.test/a/", "https://a.test/a%2Fb", OWN, True),
        ("192.0.2.7", "https://192.0.2.7/x", OWN, True),
        ("a.test/x?q", "https://a.test/x", OWN, True),
        ("https:", "wss://a.test/x", OWN, False),
        ("https://a.test", "wss://a.test/x", OWN, False),
        ("a.test", "wss://a.test/x", OWN, False),
        ("ws:", "http://a.test/x", OWN, False),
        ("wss://a.test", "https://a.test/x", OWN, False),
    ],
)
def test_where_chromium_and_the_standard_differ(source, url, own, chromium):
    assert matches(source, url, own, chromium=True) is chromium
    assert matches(source, url, own, chromium=False) is not chromium
    found = should_be_blocked((parse_policy(f"connect-src {source}"),), Asked(url, "empty"), own)
    assert found is not None
    assert found.condition is not None


def test_after_a_redirect_paths_do_not_count():
    assert not matches("a.test/x", "https://a.test/y")
    assert matches("a.test/x", "https://a.test/y", redirected=True)
    assert not matches("a.test/x", "https://b.test/x", redirected=True)


@pytest.mark.parametrize(
    ("sources", "admitted"), [("'none'", False), ("", False), ("'none' a.test", True), ("'NONE'", False)]
)
def test_lists(sources, admitted):
    found = url_matches_list("https://a.test/x", parse_sources(tuple(sources.split())), OWN)
    assert (found is not None) is admitted


@pytest.mark.parametrize(
    ("destination", "directive", "chain"),
    [
        ("script", "script-src-elem", ("script-src-elem", "script-src", "default-src")),
        ("audioworklet", "script-src-elem", ("script-src-elem", "script-src", "default-src")),
        ("style", "style-src-elem", ("style-src-elem", "style-src", "default-src")),
        ("worker", "worker-src", ("worker-src", "child-src", "script-src", "default-src")),
        ("iframe", "frame-src", ("frame-src", "child-src", "default-src")),
        ("image", "img-src", ("img-src", "default-src")),
        ("track", "media-src", ("media-src", "default-src")),
        ("empty", "connect-src", ("connect-src", "default-src")),
        ("manifest", "manifest-src", ("manifest-src", "default-src")),
        ("embed", "object-src", ("object-src", "default-src")),
        ("font", "font-src", ("font-src", "default-src")),
    ],
)
def test_directives(destination, directive, chain):
    assert effective_directive(destination) == directive
    assert fallback_list(directive) == chain


@pytest.mark.parametrize("destination", ["document", "report"])
def test_what_no_directive_limits(destination):
    assert effective_directive(destination) is None
    assert request_violates(parse_policy("default-src 'none'"), Asked(OWN, destination), OWN) is None


SCRIPT = "https://cdn.test/a.js"


@pytest.mark.parametrize(
    ("policy", "asked", "directive"),
    [
        ("script-src 'self'", Asked(SCRIPT, "script", False, "", "", True), "script-src"),
        ("script-src cdn.test", Asked(SCRIPT, "script", False, "", "", True), None),
        ("script-src-elem 'self'; script-src *", Asked(SCRIPT, "script", False, "", "", True), "script-src-elem"),
        ("default-src 'self'", Asked(SCRIPT, "script", False, "", "", True), "default-src"),
        ("img-src 'none'", Asked(SCRIPT, "script", False, "", "", True), None),
        ("script-src 'nonce-a'", Asked(SCRIPT, "script", False, "a", "", True), None),
        ("script-src 'nonce-a'", Asked(SCRIPT, "script", False, "A", "", True), "script-src"),
        ("script-src 'strict-dynamic' *", Asked(SCRIPT, "script", False, "", "", True), "script-src"),
        ("script-src 'strict-dynamic' *", Asked(SCRIPT, "script", False, "", "", False), None),
        ("script-src 'sha256-aaaa'", Asked(SCRIPT, "script", False, "", "sha256-aaaa", True), None),
        ("script-src 'sha256-aaaa'", Asked(SCRIPT, "script", False, "", "sha256-aaaa sha256-b", True), "script-src"),
        ("style-src 'nonce-a'", Asked(SCRIPT, "style", False, "a", "", True), None),
        ("style-src 'strict-dynamic'", Asked(SCRIPT, "style", False, "", "", False), "style-src"),
        ("child-src 'none'; script-src *", Asked(SCRIPT, "worker", False, "", "", False), "child-src"),
        ("default-src 'none'; img-src *", Asked(SCRIPT, "prefetch"), None),
        ("default-src 'none'; img-src 'self'", Asked(SCRIPT, "prefetch"), "default-src"),
        ("img-src 'none'", Asked(SCRIPT, "prefetch"), None),
        ("default-src 'none'; prefetch-src *", Asked(SCRIPT, "prefetch"), "default-src"),
        ("default-src 'none'; style-src-attr *", Asked(SCRIPT, "prefetch"), "default-src"),
        ("default-src 'none'; script-src 'strict-dynamic'", Asked(SCRIPT, "prefetch"), None),
        ("default-src 'none'; child-src 'strict-dynamic'", Asked(SCRIPT, "prefetch"), None),
        ("default-src 'none'; img-src 'strict-dynamic'", Asked(SCRIPT, "prefetch"), "default-src"),
        ("default-src 'none'; script-src-elem 'strict-dynamic'", Asked(SCRIPT, "prefetch"), "default-src"),
    ],
)
def test_requests(policy, asked, directive):
    found = request_violates(parse_policy(policy), asked, OWN)
    assert (found and found.directive) == directive
    assert found is None or found.condition is None


@pytest.mark.parametrize("policy", ["script-src 'nonce-a'", "script-src 'sha256-aaaa'", "script-src 'strict-dynamic'"])
def test_what_a_recording_does_not_show_is_a_condition(policy):
    found = request_violates(parse_policy(policy), Asked(SCRIPT, "script"), OWN)
    assert found is not None
    assert found.condition is not None


def test_every_policy_has_to_allow():
    policies = parse_csp("img-src a.test b.test, img-src b.test c.test")
    allowed = [h for h in "abc" if should_be_blocked(policies, Asked(f"https://{h}.test/", "image"), OWN) is None]
    assert allowed == ["b"]


def test_integrity():
    sources = parse_sources(("'sha256-aa+/'", "'sha384-b'"))
    assert integrity_matches(sources, "sha256-aa-_ sha384-b?x")
    assert not integrity_matches(sources, "sha256-aa+/ sha512-c")
    assert not integrity_matches(sources, "")


TEXT = "run('ü')"
DIGEST = base64.b64encode(hashlib.sha256(TEXT.encode()).digest()).decode()


@pytest.mark.parametrize(
    ("policy", "kind", "nonce", "directive"),
    [
        ("default-src 'self'", "script", None, "default-src"),
        ("script-src 'unsafe-inline'", "script", None, None),
        ("script-src 'unsafe-inline' 'nonce-a'", "script", None, "script-src"),
        ("script-src 'unsafe-inline' 'sha256-x'", "script", None, "script-src"),
        ("script-src 'unsafe-inline' 'strict-dynamic'", "script attribute", None, "script-src"),
        ("style-src 'unsafe-inline' 'strict-dynamic'", "style", None, None),
        ("script-src 'nonce-a'", "script", "a", None),
        ("script-src 'nonce-a'", "script attribute", "a", "script-src"),
        (f"script-src 'sha256-{DIGEST}'", "script", None, None),
        (f"script-src 'sha256-{DIGEST}'", "script attribute", None, "script-src"),
        (f"script-src 'sha256-{DIGEST}' 'unsafe-hashes'", "script attribute", None, None),
        (f"script-src 'sha256-{DIGEST}' 'unsafe-hashes'", "navigation", None, None),
        ("script-src-attr 'none'; script-src 'unsafe-inline'", "script attribute", None, "script-src-attr"),
        ("script-src-attr 'none'; script-src 'unsafe-inline'", "script", None, None),
        ("script-src-elem 'none'", "navigation", None, "script-src-elem"),
        ("style-src-attr 'none'", "style attribute", None, "style-src-attr"),
        ("img-src 'none'", "script", None, None),
    ],
)
def test_inline_code(policy, kind, nonce, directive):
    assert inline_violates(parse_policy(policy), kind, TEXT, nonce) == directive


def test_an_element_that_swallowed_another_is_not_nonceable():
    assert is_nonceable({"nonce": "a", "src": "/x"})
    assert not is_nonceable({"nonce": ""})
    assert not is_nonceable({"nonce": "a", "data-x": "<SCRIPT src=/own.js"})
    assert not is_nonceable({"nonce": "a", "<style": ""})


@pytest.mark.parametrize(
    ("policy", "eval_", "wasm"),
    [
        ("default-src 'self'", "default-src", "default-src"),
        ("script-src 'unsafe-eval'", None, None),
        ("script-src 'wasm-unsafe-eval'", "script-src", None),
        ("script-src-elem 'none'", None, None),
        ("script-src 'self'; default-src 'unsafe-eval'", "script-src", "script-src"),
    ],
)
def test_eval(policy, eval_, wasm):
    assert eval_violates(parse_policy(policy)) == eval_
    assert wasm_violates(parse_policy(policy)) == wasm


def test_forms_bases_and_frames():
    policy = parse_policy("form-action 'self' a.test/x; base-uri 'none'; frame-ancestors https://*.shop.test")
    assert form_action_violates(policy, "https://a.test/x", OWN) is None
    assert form_action_violates(policy, "https://a.test/y", OWN) is not None
    assert form_action_violates(policy, "https://a.test/y", OWN, redirected=True) is None
    assert base_uri_violates(policy, OWN, OWN) is not None
    assert frame_ancestors_violates(policy, "https://www.shop.test", OWN) is None
    assert frame_ancestors_violates(policy, "https://shop.test", OWN) is not None
    assert frame_ancestors_violates(parse_policy("default-src 'none'"), "https://shop.test", OWN) is None
    assert frame_ancestors_violates(in_markup(policy), "https://shop.test", OWN) is None


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["script", "image", "prefetch", "worker"]))
def test_any_policy_and_address(policy, url, destination):
    for each in parse_csp(policy):
        request_violates(each, Asked(url, destination), OWN)
        inline_violates(each, "script", url)


# -- in a recording -------------------------------------------------------------------------------------------------

DOCUMENT = """# type: document
# page: https://shop.test/page
GET https://shop.test/page HTTP/2

HTTP/2 200
Content-Type: text/html
{policy}

{body}
---
# type: {kind}
# page: https://shop.test/page
{said}GET {url} HTTP/1.1
Referer: https://shop.test/page
"""


def judged(policy: str, kind: str = "image", url: str = "https://a.test/x", body: str = "<p>", said: str = "", answer: str = ""):  # fmt: skip
    text = DOCUMENT.format(policy=policy, kind=kind, url=url, body=body, said=said)
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text + answer)]
    return reports[-1].verdicts.block


def test_a_request_never_sent_and_not_allowed_was_blocked():
    verdict = judged("Content-Security-Policy: img-src 'self'")
    assert verdict is not None
    assert (verdict.outcome, verdict.code) == ("blocked", "csp")
    assert "img-src" in verdict.steps[0].saw
    assert judged("Content-Security-Policy: img-src a.test") is None
    assert judged("Content-Security-Policy-Report-Only: img-src 'self'") is None
    assert judged("Content-Type: text/html") is None


def test_a_request_that_was_answered_was_allowed():
    answer = "\nHTTP/2 200\nContent-Type: image/png\n\nxx"
    verdict = judged("Content-Security-Policy: img-src 'self'", answer=answer)
    assert verdict is None or verdict.code != "csp"


def test_a_server_that_was_reached_was_not_kept_from_it_by_a_policy():
    verdict = judged("Content-Security-Policy: img-src 'self'", said="# server: 192.0.2.1\n")
    assert verdict is None


def test_scripts_under_a_nonce_depend_on_their_element():
    policy = "Content-Security-Policy: script-src 'nonce-a'"
    verdict = judged(policy, "script")
    assert verdict is not None
    assert verdict.outcome == "depends"
    assert "nonce" in (verdict.condition or "")


def test_a_prefetch_or_an_icon():
    said = "# initiator: https://shop.test/page\n"
    verdict = judged("Content-Security-Policy: default-src 'none'", "other", said=said)
    assert verdict is None or verdict.outcome in ("blocked", "depends")


def test_upgraded_addresses_are_compared_as_https():
    policy = "Content-Security-Policy: upgrade-insecure-requests; img-src https:"
    verdict = judged(policy, url="http://a.test/x")
    assert verdict is None or verdict.code != "csp"


def test_a_policy_in_the_markup():
    meta = "<meta http-equiv=Content-Security-Policy content=\"img-src 'self'; frame-ancestors 'none'\">"
    early = judged("X-A: b", body=f"<!doctype html><html><head><title>x</title>{meta}</head><body>")
    late = judged("X-A: b", body=f"<!doctype html><head><script src=/a.js></script>{meta}<body>")
    assert early is not None
    assert early.outcome == "blocked"
    assert late is not None
    assert late.outcome == "depends"


def test_another_page_of_the_origin_may_have_asked():
    text = DOCUMENT.format(policy="X-A: b", kind="document", url="https://shop.test/other", body="<p>", said="")
    text += "\nHTTP/2 200\nContent-Type: text/html\nContent-Security-Policy: img-src 'self'\n"
    text += "---\n# type: image\nGET https://a.test/x HTTP/1.1\nReferer: https://shop.test/\n"
    engine = Engine()
    verdict = [engine.observe(exchange) for exchange in parse_example(text)][-1].verdicts.block
    assert verdict is None or verdict.outcome == "depends"


_HOSTS = st.sampled_from(["*", "*.a.test", "*.test", "a.test", "b.a.test", ".a.test", "127.0.0.1", "A.test"])
_PATHS = st.sampled_from(["", "/", "/a", "/a/", "/a/b", "/a%2Fb", "/%61/", "/a%2F", "/a?x"])
_URL_SCHEMES = st.sampled_from(["http", "https", "ws", "wss", "custom"])


@given(
    st.lists(
        st.one_of(
            st.builds(
                "{}{}{}{}".format,
                st.sampled_from(["", "http://", "https://", "ws://", "wss://", "custom://"]),
                _HOSTS,
                st.sampled_from(["", ":*", ":80", ":443", ":0443", ":8080"]),
                _PATHS,
            ),
            st.sampled_from(["'self'", "'SELF'", "'none'", "*", "https:", "ws:", "custom:", "'nonce-a'"]),
        ),
        max_size=12,
    ),
    st.builds(
        "{}://{}{}{}".format,
        _URL_SCHEMES,
        st.sampled_from(["a.test", "b.a.test", "c.b.a.test", ".a.test", "127.0.0.1", "own.test"]),
        st.sampled_from(["", ":80", ":443", ":8080"]),
        st.sampled_from(["", "/", "/a", "/a/", "/a/b", "/a%2Fb", "/a/b/c", "/x?y"]),
    ),
    _URL_SCHEMES,
    st.booleans(),
    st.booleans(),
)
def test_a_long_list_admits_what_its_sources_admit(texts, url, own_scheme, redirected, chromium):
    filler = [f"f{i}.test" for i in range(csp_lists.FEW + 1)]
    sources = parse_sources((*filler, *texts))
    own = f"{own_scheme}://own.test/"
    one_by_one = [s for s in sources if url_matches_expression(url, s, own, redirected=redirected, chromium=chromium)]
    found = url_matches_list(url, sources, own, redirected=redirected, chromium=chromium)
    assert found == (one_by_one[0] if one_by_one else None)
    assert len(list(csp_lists.candidates(sources, url, redirected=redirected))) <= len(texts)

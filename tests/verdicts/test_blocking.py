"""Blocking verdicts: what is refused, what only may be, and what must never be called so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector import url as urls
from inspector.browser import mixed_content, orb
from inspector.browser.address_space import address_space, is_more_local
from inspector.browser.corp import check
from inspector.browser.csp import frame_ancestors_violates
from inspector.browser.redirect_refusal import refusal
from inspector.browser.referrer import form, referrer
from inspector.browser.refused import code_of
from inspector.browser.verdict import BlockVerdict
from inspector.capture import open_capture
from inspector.engine import INTERNAL_ERROR, Engine
from inspector.exchange import Recorder
from inspector.fields.csp import parse_policy
from inspector.fields.media_type import essence_of
from inspector.rules.example import RECORDER, parse_example
from inspector.session.documents import MOST_DOCUMENTS
from inspector.session.hsts import MOST_HOSTS, HstsList
from tests.conftest import needs_real_captures, real_captures

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PROXY = Recorder(kind="proxy", vantage="proxy", cookies_recorded=True, preflights_recorded=True)
IMAGE = f"""
GET https://cdn.partner.example/x HTTP/2
Referer: https://shop.test/
Sec-Fetch-Dest: image
Sec-Fetch-Mode: no-cors
Sec-Fetch-Site: cross-site
User-Agent: {CHROME}

HTTP/2 200
"""


def judged(text: str, recorder: Recorder = RECORDER) -> BlockVerdict | None:
    """The verdict on the last of some exchanges."""
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text, recorder)]
    assert not [a for r in reports for a in r.annotations if a.rule == INTERNAL_ERROR]
    return reports[-1].verdicts.block


def outcome(text: str, recorder: Recorder = RECORDER) -> tuple[str, str | None] | None:
    verdict = judged(text, recorder)
    return None if verdict is None else (verdict.outcome, verdict.code)


# -- content that arrived -----------------------------------------------------------------------------------------

POLICY = IMAGE + "Content-Type: image/svg+xml\nCross-Origin-Resource-Policy: same-origin\n"


def test_what_a_browser_recorded_the_content_of_was_not_kept_from_the_page():
    assert outcome(POLICY) == ("blocked", "corp-not-same-origin")
    assert outcome(POLICY + "\n<svg/>") == ("allowed", None)


def test_a_proxy_sees_the_content_of_blocked_responses_too():
    assert outcome(POLICY + "\n<svg/>", PROXY) == ("blocked", "corp-not-same-origin")


def test_a_failure_outweighs_the_content():
    failed = "# error: net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin\n" + POLICY.lstrip() + "\n<svg/>"
    verdict = judged(failed)
    assert verdict is not None
    assert (verdict.outcome, verdict.code) == ("blocked", "corp-not-same-origin")
    assert "NotSameOrigin" in verdict.steps[-1].saw


def test_most_exchanges_have_no_verdict():
    assert outcome(IMAGE + "Content-Type: image/png\n") is None
    assert (
        outcome("GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nX-Frame-Options: DENY\nContent-Type: text/html\n") is None
    )


# -- CORP and COEP --------------------------------------------------------------------------------------------------

DOCUMENT = """
GET https://shop.test/ HTTP/2
Sec-Fetch-Dest: document

HTTP/2 200
Content-Type: text/html
Cross-Origin-Embedder-Policy: {}
---"""


@pytest.mark.parametrize(
    ("policy", "relation", "expected"),
    [
        ("same-origin", "same-origin", None),
        ("same-origin", "same-site", "corp-not-same-origin"),
        ("same-site", "same-site", None),
        ("same-site", "cross-site", "corp-not-same-site"),
        ("cross-origin", "cross-site", None),
        ("Same-Origin", "cross-site", None),
        ("same-origin, same-origin", "cross-site", None),
    ],
)
def test_resource_policy(policy, relation, expected):
    verdict = check(policy, relation, None, False, False)
    assert verdict is not None
    assert verdict.code == expected
    assert verdict.outcome == ("blocked" if expected else "allowed")


def test_an_embedder_policy_is_remembered_for_its_page_alone():
    plain = IMAGE + "Content-Type: image/svg+xml\n"
    by_coep = "corp-not-same-origin-after-defaulted-to-same-origin-by-coep"
    assert outcome(DOCUMENT.format("require-corp") + plain) == ("blocked", by_coep)
    assert outcome(DOCUMENT.format("credentialless") + plain) == ("allowed", None)
    assert outcome(DOCUMENT.format("Require-Corp") + plain) is None
    other = plain.replace("Referer: https://shop.test/", "Referer: https://other.test/")
    assert outcome(DOCUMENT.format("require-corp") + other) is None


def test_documents_of_one_origin_that_disagree_decide_nothing():
    second = DOCUMENT.format("unsafe-none").replace("shop.test/", "shop.test/b")
    first = DOCUMENT.format("require-corp").replace("shop.test/", "shop.test/a")
    assert outcome(first + second + IMAGE + "Content-Type: image/svg+xml\n") is None


def test_without_fetch_metadata_a_resource_policy_is_no_certain_refusal():
    old = POLICY.replace("Sec-Fetch-Mode: no-cors\n", "").replace("Sec-Fetch-Site: cross-site\n", "")
    old = old.replace("Sec-Fetch-Dest: image\n", "")
    assert outcome(old) is None
    assert outcome("# type: image" + old) == ("depends", "corp-not-same-origin")


def test_documents_are_bounded():
    engine = Engine()
    for number in range(MOST_DOCUMENTS + 50):
        text = f"GET https://h{number}.test/ HTTP/2\nSec-Fetch-Dest: document\n\nHTTP/2 200\nContent-Type: text/html\n"
        engine.observe(parse_example(text)[0])
    documents = engine.session.blocking.documents
    assert len(documents._by_url) == len(documents._by_origin) == MOST_DOCUMENTS
    assert documents.at("https://h0.test/") is None
    assert documents.at(f"https://h{MOST_DOCUMENTS}.test/#x") is not None


# -- ORB ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "proof"),
    [
        (b"<!doctype html>", "HTML"),
        (b"\xef\xbb\xbf \n<HTML>", "HTML"),
        (b"<!-- x --><html>", None),
        (b"<span>", None),
        (b"<?xml version='1.0'?>", "XML"),
        (b"<?XML", None),
        (b'{"a":1}', "JSON"),
        (b' { "a\\"b" : 1}', "JSON"),
        (b"{}", None),
        (b"{1:2}", None),
        (b'["a"]', None),
        (b")]}'\n{}", "JSON behind a guard"),
        (b"for(;;);{}", "JSON behind a guard"),
        (b"for (;;) ;", None),
        (b"var x = {}", None),
        (b"", None),
    ],
)
def test_what_the_content_proves(content, proof):
    assert orb.confirmed(content) == proof


@given(st.binary(max_size=2000))
def test_looking_at_content_never_fails(content):
    assert orb.confirmed(content) in (None, "HTML", "XML", "JSON", "JSON behind a guard")


def test_opaque_responses():
    assert outcome(IMAGE + "Content-Type: application/pdf\n") == ("blocked", "orb")
    assert outcome(IMAGE + "Content-Type: text/html\nX-Content-Type-Options: nosniff\n") == ("blocked", "orb")
    assert outcome(IMAGE + 'Content-Type: text/plain\n\n{"a": 1}', PROXY) == ("blocked", "orb")
    assert outcome(IMAGE + "Content-Type: text/html\n\nhello", PROXY) is None
    assert outcome(IMAGE + "Content-Type: text/html\n") is None
    same = IMAGE.replace("cross-site", "same-origin")
    assert outcome(same + "Content-Type: application/pdf\n") is None


def test_other_browsers_may_do_otherwise():
    firefox = IMAGE.replace(CHROME, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    verdict = judged(firefox + "Content-Type: application/pdf\n")
    assert verdict is not None
    assert verdict.outcome == "depends"
    assert "Chromium" in (verdict.condition or "")


# -- framing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "ancestor", "admitted"),
    [
        ("*", "https://a.test", True),
        ("https:", "https://a.test", True),
        ("http:", "https://a.test", True),
        ("https:", "http://a.test", False),
        ("a.test", "https://a.test", True),
        ("a.test", "https://a.test:8443", False),
        ("a.test:*", "https://a.test:8443", True),
        ("a.test:80", "https://a.test", False),  # without a scheme it is the page's own, https
        ("http://a.test:80", "https://a.test", True),
        ("*.a.test", "https://a.test", False),
        ("*.a.test", "https://x.y.a.test", True),
        ("https://A.TEST", "https://a.test", True),
        ("http://a.test", "https://a.test", True),
        ("https://a.test/path", "https://a.test", False),
        ("https://a.test/", "https://a.test", True),
        ("'self'", "https://own.test", True),
        ("'self'", "https://own.test:8443", False),
        ("self", "https://own.test", False),
        ("*", "null", False),
        ("//a.test", "https://a.test", False),
    ],
)
def test_sources(source, ancestor, admitted):
    policy = parse_policy(f"frame-ancestors {source}")
    assert (frame_ancestors_violates(policy, ancestor, "https://own.test/page") is None) is admitted


@given(st.text(max_size=60), st.text(max_size=60))
def test_sources_of_any_kind(source, ancestor):
    frame_ancestors_violates(parse_policy(f"frame-ancestors {source}"), ancestor, "https://own.test/")


FRAME = """# page: {page}
GET https://bank.example/x HTTP/2
Referer: {referer}
Sec-Fetch-Dest: iframe
Sec-Fetch-Mode: navigate
Sec-Fetch-Site: cross-site

HTTP/2 200
Content-Type: text/html
"""
SHOP = FRAME.format(page="https://shop.test/", referer="https://shop.test/")


def test_frames():
    assert outcome(SHOP + "X-Frame-Options: SAMEORIGIN\n") == ("blocked", "x-frame-options")
    assert outcome(SHOP + "X-Frame-Options: ALLOW-FROM https://x.test\n") is None
    both = "X-Frame-Options: DENY\nContent-Security-Policy: frame-ancestors {}\n"
    assert outcome(SHOP + both.format("https://shop.test")) == ("allowed", None)
    assert outcome(SHOP + both.format("https://x.test")) == ("blocked", "frame-ancestors")
    assert outcome(SHOP.replace("HTTP/2 200", "HTTP/2 204") + "X-Frame-Options: DENY\n") is None


def test_a_referrer_may_be_the_framed_page_itself():
    unknown = "\n".join(SHOP.split("\n")[1:])
    assert outcome(unknown + "X-Frame-Options: SAMEORIGIN\n", PROXY) == ("depends", "x-frame-options")
    assert outcome(unknown + "X-Frame-Options: DENY\n", PROXY) == ("blocked", "x-frame-options")
    document = "GET https://shop.test/ HTTP/2\nSec-Fetch-Dest: document\n\nHTTP/2 200\nContent-Type: text/html\n---\n"
    assert outcome(document + unknown + "X-Frame-Options: SAMEORIGIN\n", PROXY) == ("blocked", "x-frame-options")
    nested = document.replace("Dest: document", "Dest: iframe")
    assert outcome(nested + unknown + "X-Frame-Options: SAMEORIGIN\n", PROXY) == ("depends", "x-frame-options")


# -- media types ----------------------------------------------------------------------------------------------------

SCRIPT = """
GET https://shop.test/app.js HTTP/2
Sec-Fetch-Dest: {}
Sec-Fetch-Mode: {}
Sec-Fetch-Site: same-origin

HTTP/2 200
"""


@pytest.mark.parametrize(
    ("destination", "mode", "fields", "expected"),
    [
        ("script", "no-cors", "Content-Type: text/plain", None),
        ("script", "no-cors", "Content-Type: text/plain\nX-Content-Type-Options: NoSniff", "blocked"),
        ("script", "no-cors", "Content-Type: text/plain\nX-Content-Type-Options: x, nosniff", None),
        ("script", "no-cors", "X-Content-Type-Options: nosniff", "blocked"),
        ("script", "no-cors", "Content-Type: text/javascript1.5\nX-Content-Type-Options: nosniff", None),
        ("script", "no-cors", "Content-Type: text/javascript1.6\nX-Content-Type-Options: nosniff", "blocked"),
        ("script", "no-cors", "Content-Type: image/png", "blocked"),
        ("script", "no-cors", "Content-Type: text/csv", "blocked"),
        ("script", "cors", "Content-Type: text/plain", "depends"),
        ("script", "cors", "Content-Type: application/javascript; charset=utf-8", None),
        ("worker", "same-origin", "Content-Type: text/plain", None),
        ("serviceworker", "same-origin", "Content-Type: text/plain", "blocked"),
        ("style", "no-cors", "Content-Type: text/plain\nX-Content-Type-Options: nosniff", "blocked"),
        ("style", "no-cors", "Content-Type: text/plain", "depends"),
        ("style", "no-cors", "Content-Type: text/css; charset=utf-8\nX-Content-Type-Options: nosniff", None),
        ("json", "cors", "Content-Type: text/plain", "blocked"),
        ("image", "no-cors", "Content-Type: text/plain\nX-Content-Type-Options: nosniff", None),
    ],
)
def test_media_types(destination, mode, fields, expected):
    found = outcome(SCRIPT.format(destination, mode) + fields + "\n")
    assert found == (None if expected is None else (expected, "content-type"))


def test_standards_mode_is_read_from_the_page():
    page = "GET https://shop.test/ HTTP/2\nSec-Fetch-Dest: document\n\nHTTP/2 200\nContent-Type: text/html\n\n{}\n---\n"
    style = SCRIPT.format("style", "no-cors").replace("\n\n", "\nReferer: https://shop.test/\n\n", 1)
    style += "Content-Type: text/plain\n"
    assert outcome(page.format("<!doctype html><p>") + style) == ("blocked", "content-type")
    assert outcome(page.format("<p>") + style) is None


def test_the_last_valid_type_counts():
    assert essence_of("text/html, text/css") == "text/css"
    assert essence_of("text/css, nonsense") == "text/css"
    assert essence_of('text/css; a="x, text/html"') == "text/css"
    assert essence_of("*/*") == essence_of("javascript") == essence_of("") == ""


# -- transport ------------------------------------------------------------------------------------------------------

UNSENT = "# page: https://shop.test/\n# type: {}\nGET {} HTTP/1.1\n"


def test_mixed_content():
    blocked = ("blocked", mixed_content.CODE)
    assert outcome(UNSENT.format("script", "http://cdn.test/a.js")) == blocked
    assert outcome(UNSENT.format("image", "http://10.1.2.3/a.png")) == blocked
    assert outcome(UNSENT.format("image", "http://cdn.test/a.png")) is None
    assert outcome(UNSENT.format("script", "http://127.0.0.1:8080/a.js")) is None
    assert outcome(UNSENT.format("document", "http://cdn.test/")) is None
    assert outcome(UNSENT.format("script", "http://cdn.test/a.js").replace("https://shop", "http://shop")) is None


def test_mixed_content_that_was_sent_was_not_blocked():
    sent = UNSENT.format("script", "http://cdn.test/a.js") + "\nHTTP/1.1 200 OK\nContent-Type: text/javascript\n"
    assert outcome(sent) == ("allowed", mixed_content.CODE)
    tried = "# error: net::ERR_CONNECTION_REFUSED\n" + UNSENT.format("script", "http://cdn.test/a.js")
    assert outcome(tried) is None


def test_hosts_that_asked_for_https():
    hosts = HstsList()

    def note(url: str, line: str, now: float | None = 0.0) -> None:
        hosts.note(urls.parse(url), line, now, 7)

    note("https://a.test/", "max-age=100; includeSubDomains")
    note("https://b.test/", "max-age=100")
    note("http://c.test/", "max-age=100")
    note("https://127.0.0.1/", "max-age=100")
    note("https://d.test/", "max-age=abc")
    assert hosts.find("a.test", 50) is not None
    assert hosts.find("x.y.a.test", 50) is not None
    assert hosts.find("a.test", 100) is None
    assert hosts.find("x.b.test", 50) is None
    assert all(hosts.find(host, 50) is None for host in ("c.test", "127.0.0.1", "d.test", "test", ""))
    note("https://a.test/", "max-age=0")
    assert hosts.find("x.a.test", 50) is None
    for number in range(MOST_HOSTS + 10):
        note(f"https://h{number}.test/", "max-age=100", None)
    assert len(hosts._hosts) == MOST_HOSTS
    assert hosts.find("b.test", 50) is None


@pytest.mark.parametrize(
    ("location", "navigation", "expected"),
    [
        ("/x", None, None),
        ("https://b.test/", False, None),
        ("", False, None),
        ("data:,x", None, "redirect-scheme"),
        ("mailto:a@b.test", False, "redirect-scheme"),
        ("mailto:a@b.test", True, None),
        ("javascript:alert(1)", True, "redirect-scheme"),
        ("http://", False, "redirect-invalid"),
        ("//", True, "redirect-invalid"),
        ("///b.test/", False, None),
        ("http://b.test:99999/", False, "redirect-invalid"),
        ("http://b.test:8080/", False, None),
    ],
)
def test_redirects_not_followed(location, navigation, expected):
    found = refusal("https://a.test/", (location,), navigation)
    assert (found.code if found else None) == expected


def test_several_locations():
    assert refusal("https://a.test/", ("/a", "/a"), None) is None
    found = refusal("https://a.test/", ("/a", "/b"), None)
    assert found is not None
    assert found.code == "redirect-ambiguous"


def test_the_browsers_own_redirects_are_no_servers():
    text = (
        "GET https://a.test/x HTTP/1.1\n\nHTTP/1.1 307 Internal Redirect\nLocation: {}\nNon-Authoritative-Reason: {}\n"
    )
    assert outcome(text.format("about:blank", "Delegate")) == ("allowed", "internal-redirect")
    assert outcome(text.format("https://a.test/", "HSTS")) == ("allowed", "hsts")


def test_one_and_twenty_redirects():
    hop = "GET https://a.test/x HTTP/2\nSec-Fetch-Mode: navigate\n\nHTTP/2 302\nLocation: /x\n"
    assert outcome("---\n".join([hop] * 20)) is None
    assert outcome("---\n".join([hop] * 21)) == ("blocked", "too-many-redirects")


@pytest.mark.parametrize(
    ("host", "space"),
    [
        ("localhost", "loopback"),
        ("127.1.2.3", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("192.168.0.1", "local"),
        ("172.32.0.1", "public"),
        ("fd00::1", "local"),
        ("printer.local", "local"),
        ("8.8.8.8", "public"),
        ("shop.test", None),
    ],
)
def test_address_spaces(host, space):
    assert address_space(host) == space


def test_more_local():
    assert is_more_local("loopback", "local")
    assert is_more_local("local", "public")
    assert not is_more_local("public", "public")
    assert not is_more_local("public", "loopback")


# -- the browser's own words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("net::ERR_BLOCKED_BY_ORB", "orb"),
        ("net::ERR_BLOCKED_BY_RESPONSE", "other"),
        ("net::ERR_BLOCKED_BY_RESPONSE.NotSameSite", "corp-not-same-site"),
        ("net::ERR_BLOCKED_BY_RESPONSE.SomethingNew", "other"),
        ("net::ERR_BLOCKED_BY_CSP", "csp"),
        ("NS_ERROR_DOM_CORP_FAILED", "other"),
        ("net::ERR_CONNECTION_REFUSED", None),
        ("net::ERR_ABORTED", None),
        ("aborted", None),
    ],
)
def test_error_names(code, expected):
    assert code_of(code, code) == expected
    assert code_of(None, code) == expected


def test_an_error_without_a_name_of_its_own_is_told_by_the_fields():
    failed = "# error: net::ERR_BLOCKED_BY_RESPONSE\n" + SHOP
    assert outcome(failed + "X-Frame-Options: DENY\n") == ("blocked", "x-frame-options")
    assert outcome(failed) == ("blocked", "other")


# -- referrers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "same", "cross", "downgrade"),
    [
        (None, "full", "origin", "none"),
        ("no-referrer", "none", "none", "none"),
        ("no-referrer-when-downgrade", "full", "full", "none"),
        ("same-origin", "full", "none", "none"),
        ("origin", "origin", "origin", "origin"),
        ("strict-origin", "origin", "origin", "none"),
        ("origin-when-cross-origin", "full", "origin", "origin"),
        ("strict-origin-when-cross-origin", "full", "origin", "none"),
        ("unsafe-url", "full", "full", "full"),
    ],
)
def test_referrers(policy, same, cross, downgrade):
    source = "https://user:pw@a.test/p?q=1#f"
    sent = [referrer(policy, source, to) for to in ("https://a.test/x", "https://b.test/", "http://b.test/")]
    assert [form(value) for value in sent] == [same, cross, downgrade]
    assert all(value in (None, "https://a.test/", "https://a.test/p?q=1") for value in sent)


def test_referrers_are_cut_and_kept_back():
    assert referrer("unsafe-url", "https://a.test/" + "x" * 5000, "https://b.test/") == "https://a.test/"
    assert referrer(None, "data:text/html,x", "https://b.test/") is None
    assert referrer(None, "https://a.test/p", "http://localhost/") == "https://a.test/"


# -- real captures --------------------------------------------------------------------------------------------------


@needs_real_captures
def test_nothing_in_real_captures_is_called_blocked_that_was_not():
    blocked = []
    for path in real_captures():
        engine = Engine()
        for exchange in open_capture(path).exchanges():
            verdict = engine.observe(exchange).verdicts.block
            if verdict is not None and verdict.outcome in ("blocked", "depends"):
                blocked.append((path.name, exchange.index, verdict.code, exchange.failure and exchange.failure.code))
    assert [entry[2:] for entry in blocked] == [("blocked-by-client", "net::ERR_BLOCKED_BY_CLIENT")], blocked

"""The tests that the package does not have, what a recording cannot show, and what hostile values do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from inspector.exchange import Fields
from inspector.grade.chart import RESULTS
from inspector.grade.csp import content_security_policy
from inspector.grade.evidence import PageFacts, Script, SetCookie, Shared, SiteEvidence
from inspector.grade.header_tests import OBSERVATORY_ORIGIN
from inspector.grade.site import bounds, examine, grade
from inspector.mask import Masker

HTML = ("Content-Type", "text/html")


def site(*fields: tuple[str, str], **more) -> SiteEvidence:
    return SiteEvidence(
        "shop.test",
        "https://shop.test/",
        True,
        Fields.of([HTML, *fields]),
        **{"route": (("http", "shop.test"), ("https", "shop.test")), **more},
    )


def found(test: str, *fields: tuple[str, str], **more) -> tuple[str, ...]:
    return examine(site(*fields, **more))[test].results


@pytest.mark.parametrize(
    ("value", "results"),
    [
        ("require-corp", ("coep-implemented-with-require-corp",)),
        ("credentialless", ("coep-implemented-with-credentialless",)),
        ("unsafe-none", ("coep-implemented-with-unsafe-none",)),
        (" Require-CORP ", ("coep-implemented-with-require-corp",)),
        ("same-origin", ("coep-header-invalid",)),
        ("", ("coep-not-implemented",)),
        ('require-corp; report-to="x"', ("coep-implemented-with-require-corp", "coep-header-invalid")),
    ],
)
def test_embedder_policy(value, results):
    assert found("cross-origin-embedder-policy", ("Cross-Origin-Embedder-Policy", value)) == results
    assert found("cross-origin-embedder-policy") == ("coep-not-implemented",)


@pytest.mark.parametrize(
    ("value", "results"),
    [
        ("same-origin", ("coop-implemented-with-same-origin",)),
        ("same-origin-allow-popups", ("coop-implemented-with-same-origin-allow-popups",)),
        ("noopener-allow-popups", ("coop-implemented-with-noopener-allow-popups",)),
        ("unsafe-none", ("coop-implemented-with-unsafe-none",)),
        ("same-site", ("coop-header-invalid",)),
        ("same-origin, same-origin", ("coop-header-invalid",)),
    ],
)
def test_opener_policy(value, results):
    assert found("cross-origin-opener-policy", ("Cross-Origin-Opener-Policy", value)) == results


HSTS = ("Strict-Transport-Security", "max-age=31536000")


def test_a_certificate_that_does_not_hold():
    assert found("strict-transport-security", HSTS, verified=False) == ("hsts-invalid-cert",)
    assert found("redirection", HSTS, verified=False) == ("redirection-invalid-cert",)
    assert found("cookies", HSTS, verified=False, cookies=(SetCookie("a=1", "shop.test"),)) == (
        "cookies-without-secure-flag",
    )


def test_whoever_asks_to_be_preloaded_may_be():
    asks = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
    assert found("strict-transport-security", asks) == (
        "hsts-preloaded",
        "hsts-implemented-max-age-at-least-six-months",
    )
    # Cookies are softened in either case, so their result is one.
    assert found("cookies", asks, cookies=(SetCookie("a=1", "shop.test"),)) == (
        "cookies-without-secure-flag-but-protected-by-hsts",
    )


def test_what_is_not_recorded_is_a_range_and_never_a_guess():
    open_site = site(HSTS, route=None, page=None)
    graded = grade(open_site, Masker())
    tests = {test.name: test for test in graded.tests}
    assert tests["redirection"].result is tests["redirection"].passed is tests["redirection"].modifier is None
    assert (tests["redirection"].low, tests["redirection"].high) == (-20, 0)
    assert (tests["subresource-integrity"].low, tests["subresource-integrity"].high) == (-50, 5)
    assert "html" not in "".join(tests["subresource-integrity"].possible)
    assert graded.low.score < graded.high.score
    assert "the markup holds no policy of its own" in graded.assumed
    known = grade(replace(open_site, route=(("http", "shop.test"), ("https", "shop.test")), page=PageFacts()), Masker())
    assert known.low == known.high
    assert graded.low.score <= known.low.score <= graded.high.score


def test_cookies_that_the_recorder_leaves_out():
    assert len(found("cookies", cookies_recorded=False)) == 10
    one = (SetCookie("a=1; Secure; SameSite=Lax", "shop.test"),)
    assert found("cookies", cookies_recorded=False, cookies=one) == (
        "cookies-secure-with-httponly-sessions-and-samesite",
    )


def test_a_page_that_is_cut_off_may_hold_any_script():
    assert (
        found("subresource-integrity", page=PageFacts(truncated=True))[0] == "sri-not-implemented-but-no-scripts-loaded"
    )
    assert len(found("subresource-integrity", page=PageFacts(truncated=True))) == 7


@pytest.mark.parametrize(
    ("shared", "results"),
    [
        (Shared("https://a.test", "https://a.test", "true"), ("restricted-access", "universal-access")),
        (Shared(OBSERVATORY_ORIGIN, OBSERVATORY_ORIGIN, "true"), ("universal-access",)),
        (Shared("https://a.test", "https://a.test", None), ("restricted-access",)),
        (Shared("https://a.test", "*", "true"), ("public-access",)),
    ],
)
def test_an_origin_that_was_allowed_may_be_one_of_few_or_anybody(shared, results):
    prefix = "cross-origin-resource-sharing-implemented-with-"
    assert found("cross-origin-resource-sharing", shared=(shared,)) == tuple(prefix + r for r in results)


def test_what_options_answered_counts_more_than_what_the_page_says():
    star = ("Access-Control-Allow-Origin", "*")
    refused = Shared("https://a.test", None, None, preflight=True)
    assert found("cross-origin-resource-sharing", star)[0].endswith("public-access")
    assert found("cross-origin-resource-sharing", star, shared=(refused,))[0].endswith("not-implemented")


def test_private_suffixes_count_for_nothing():
    script = PageFacts((Script("https://other.github.io/a.js"),))
    own = replace(site(), host="one.github.io", page=script)
    assert examine(own)["subresource-integrity"].known == (
        "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
    )
    abroad = replace(site(), host="one.co.uk", page=PageFacts((Script("https://other.co.uk/a.js"),)))
    assert examine(abroad)["subresource-integrity"].known == "sri-not-implemented-but-external-scripts-loaded-securely"


def spots(*fields: tuple[str, str], **more) -> str:
    return " ".join(grade(site(*fields, **more), Masker()).weak_spots)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([("Strict-Transport-Security", "max-age=abc")], "which browsers ignore"),
        ([("Strict-Transport-Security", 'max-age="60"')], "browsers read a shorter"),
        ([HSTS, HSTS], "browsers take the first field line"),
        ([("X-Content-Type-Options", "nosniff, foo")], "the protection is in force"),
        ([("Content-Security-Policy", "frame-ancestors *")], "lets every site frame the page"),
        ([("Content-Security-Policy", "img-src *"), ("Content-Security-Policy", "img-src *")], "enforce each policy"),
        ([("Content-Security-Policy", "img-src *; img-src *")], "browsers enforce it all the same"),
    ],
)
def test_weak_spots_are_named_where_they_bear_on_the_grade(fields, says):
    assert says in spots(*fields)


def test_weak_spots_are_not_named_where_they_do_not():
    good = spots(HSTS, ("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", "frame-ancestors 'none'"))
    assert good == "The Observatory looks at one response of a site; other pages may do better or worse."


def test_framing_in_markup_counts_and_is_called_out():
    page = PageFacts(policies=("default-src 'self'; frame-ancestors 'none'",))
    assert found("x-frame-options", page=page) == ("x-frame-options-implemented-via-csp",)
    assert "browsers ignore it there" in spots(page=page)


TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        "default-src 'self'; script-src",
        "max-age=",
        "%",
        "a=b; SameSite",
        "//x/%ff",
        "'strict-dynamic'",
        ";",
        ",",
        "\ufeff",
    ]
)
NAMES = st.sampled_from(
    [
        "Content-Security-Policy",
        "Content-Security-Policy-Report-Only",
        "Strict-Transport-Security",
        "X-Frame-Options",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(NAMES, TEXT), max_size=5),
    st.lists(TEXT, max_size=3),
    st.lists(TEXT, max_size=2),
    st.lists(st.tuples(TEXT, st.booleans()), max_size=3),
    st.none() | TEXT,
)
def test_whatever_a_site_sends_it_gets_a_grade(fields, cookies, policies, scripts, referrer):
    page = PageFacts(tuple(Script(src, pinned) for src, pinned in scripts), 1, tuple(policies), referrer)
    hostile = site(*fields, page=page, cookies=tuple(SetCookie(line, "shop.test") for line in cookies))
    findings = examine(hostile)
    assert all(RESULTS[result].test == test for test, finding in findings.items() for result in finding.results)
    graded = grade(hostile, Masker())
    assert (graded.low.score, graded.high.score) == bounds(findings)
    assert 0 <= graded.low.score <= graded.high.score <= 165
    assert all(step.gain_low >= 0 and step.gain_high >= 0 for step in graded.steps)


def test_a_policy_of_a_megabyte_is_read_in_reasonable_time():
    long = ("Content-Security-Policy", "script-src " + " ".join(f"https://a{n}.test/" for n in range(40_000)))
    assert content_security_policy(site(long)).known == "csp-implemented-with-unsafe-inline"

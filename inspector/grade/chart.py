"""The Observatory's tables: what each result of a test is worth, whether it passes, and which score is which grade."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

START = 100
EXTRA_CREDIT_FROM = 90
"""Bonuses count where the score without them reaches this."""

CSP = "content-security-policy"
COOKIES = "cookies"
COEP = "cross-origin-embedder-policy"
COOP = "cross-origin-opener-policy"
CORP = "cross-origin-resource-policy"
CORS = "cross-origin-resource-sharing"
REDIRECTION = "redirection"
REFERRER = "referrer-policy"
HSTS = "strict-transport-security"
SRI = "subresource-integrity"
XCTO = "x-content-type-options"
XFO = "x-frame-options"


class Result(Struct, frozen=True):
    """What one result is worth. `says` completes "this test found that …" in a few words."""

    test: str
    modifier: int
    passed: bool
    says: str


_ROWS: dict[str, tuple[tuple[str, int, bool, str], ...]] = {
    CSP: (
        ("csp-implemented-with-no-unsafe-default-src-none", 10, True, "a policy that starts from `default-src 'none'`"),
        ("csp-implemented-with-no-unsafe", 5, True, "a policy without unsafe sources"),
        ("csp-implemented-with-unsafe-inline-in-style-src-only", 0, True, "a policy, unsafe for styles alone"),
        ("csp-implemented-but-duplicate-directives", 0, True, "a policy that repeats where to report"),
        (
            "csp-implemented-with-insecure-scheme-in-passive-content-only",
            -10,
            True,
            "a policy that lets images or media come over HTTP",
        ),
        ("csp-implemented-with-unsafe-eval", -10, False, "a policy that allows `'unsafe-eval'`"),
        ("csp-implemented-with-unsafe-inline", -20, False, "a policy that lets foreign or inline scripts run"),
        ("csp-implemented-with-insecure-scheme", -20, False, "a policy that lets code come over HTTP"),
        ("csp-header-invalid", -25, False, "a policy that the Observatory refuses to read"),
        ("csp-not-implemented", -25, False, "no policy"),
        ("csp-not-implemented-but-reporting-enabled", -25, False, "a policy that only reports"),
    ),
    COOKIES: (
        (
            "cookies-secure-with-httponly-sessions-and-samesite",
            5,
            True,
            "every cookie `Secure` and with `SameSite`, session cookies `HttpOnly`",
        ),
        (
            "cookies-secure-with-httponly-sessions",
            0,
            True,
            "every cookie `Secure`, session cookies `HttpOnly`, `SameSite` not on all",
        ),
        ("cookies-not-found", 0, True, "no cookie"),
        (
            "cookies-without-secure-flag-but-protected-by-hsts",
            -5,
            False,
            "a cookie without `Secure`, kept from plain HTTP by HSTS",
        ),
        (
            "cookies-session-without-secure-flag-but-protected-by-hsts",
            -10,
            False,
            "a session cookie without `Secure`, kept from plain HTTP by HSTS",
        ),
        ("cookies-without-secure-flag", -20, False, "a cookie without `Secure`"),
        ("cookies-samesite-flag-invalid", -20, False, "a `SameSite` that browsers do not accept"),
        ("cookies-anticsrf-without-samesite-flag", -20, False, "an anti-CSRF cookie without `SameSite`"),
        ("cookies-session-without-httponly-flag", -30, False, "a session cookie that scripts can read"),
        ("cookies-session-without-secure-flag", -40, False, "a session cookie without `Secure`"),
    ),
    COEP: (
        ("coep-implemented-with-require-corp", 10, True, "`require-corp`"),
        ("coep-implemented-with-credentialless", 10, True, "`credentialless`"),
        ("coep-not-implemented", 0, True, "no embedder policy"),
        ("coep-implemented-with-unsafe-none", 0, True, "`unsafe-none`, which is the default"),
        ("coep-header-invalid", -5, False, "a value that is none of the known ones"),
    ),
    COOP: (
        ("coop-implemented-with-same-origin", 10, True, "`same-origin`"),
        ("coop-implemented-with-same-origin-allow-popups", 10, True, "`same-origin-allow-popups`"),
        ("coop-implemented-with-noopener-allow-popups", 10, True, "`noopener-allow-popups`"),
        ("coop-not-implemented", 0, True, "no opener policy"),
        ("coop-implemented-with-unsafe-none", 0, True, "`unsafe-none`, which is the default"),
        ("coop-header-invalid", -5, False, "a value that is none of the known ones"),
    ),
    CORP: (
        ("corp-implemented-with-same-origin", 10, True, "`same-origin`"),
        ("corp-implemented-with-same-site", 10, True, "`same-site`"),
        ("corp-not-implemented", 0, True, "no resource policy"),
        ("corp-implemented-with-cross-origin", 0, True, "`cross-origin`, which is the default"),
        ("corp-header-invalid", -5, False, "a value that is none of the known ones"),
    ),
    CORS: (
        ("cross-origin-resource-sharing-not-implemented", 0, True, "the page is not shared with other origins"),
        ("cross-origin-resource-sharing-implemented-with-public-access", 0, True, "the page is shared with everybody"),
        (
            "cross-origin-resource-sharing-implemented-with-restricted-access",
            0,
            True,
            "the page is shared with named origins",
        ),
        (
            "cross-origin-resource-sharing-implemented-with-universal-access",
            -50,
            False,
            "the page is shared, cookies included, with whoever asks",
        ),
    ),
    REDIRECTION: (
        ("redirection-all-redirects-preloaded", 0, True, "every host on the way is preloaded for HTTPS"),
        ("redirection-to-https", 0, True, "HTTP leads to HTTPS on the same host"),
        ("redirection-not-needed-no-http", 0, True, "nothing answers over HTTP"),
        ("redirection-off-host-from-http", -5, False, "HTTP leads straight to another host"),
        ("redirection-not-to-https-on-initial-redirection", -10, False, "HTTP leads to HTTP before it leads to HTTPS"),
        ("redirection-not-to-https", -20, False, "HTTP leads on, and never to HTTPS"),
        ("redirection-missing", -20, False, "HTTP answers with the page itself"),
        ("redirection-invalid-cert", -20, False, "HTTP leads to a certificate that does not hold"),
    ),
    REFERRER: (
        ("referrer-policy-private", 5, True, "a policy that keeps paths from other sites"),
        ("referrer-policy-not-implemented", 0, True, "no policy"),
        ("referrer-policy-unsafe", -5, False, "a policy that tells other sites more than browsers do by default"),
        ("referrer-policy-header-invalid", -5, False, "no value that is a referrer policy"),
    ),
    HSTS: (
        ("hsts-preloaded", 5, True, "browsers know this host as HTTPS alone before the first visit"),
        ("hsts-implemented-max-age-at-least-six-months", 0, True, "HTTPS alone for six months or longer"),
        ("hsts-implemented-max-age-less-than-six-months", -10, False, "HTTPS alone, for less than six months"),
        ("hsts-not-implemented", -20, False, "no `Strict-Transport-Security`"),
        ("hsts-header-invalid", -20, False, "a value that the Observatory refuses to read"),
        ("hsts-not-implemented-no-https", -20, False, "no HTTPS, so no `Strict-Transport-Security` either"),
        ("hsts-invalid-cert", -20, False, "a certificate that does not hold, so the field does not count"),
    ),
    SRI: (
        (
            "sri-implemented-and-all-scripts-loaded-securely",
            5,
            True,
            "scripts carry `integrity`, those of the own site among them",
        ),
        (
            "sri-implemented-and-external-scripts-loaded-securely",
            5,
            True,
            "every script from elsewhere carries `integrity`",
        ),
        ("sri-not-implemented-response-not-html", 0, True, "not HTML, so no scripts"),
        ("sri-not-implemented-but-no-scripts-loaded", 0, True, "no scripts"),
        (
            "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
            0,
            True,
            "every script comes from the own site",
        ),
        (
            "sri-not-implemented-but-external-scripts-loaded-securely",
            -5,
            False,
            "a script from elsewhere without `integrity`",
        ),
        (
            "sri-implemented-but-external-scripts-not-loaded-securely",
            -20,
            False,
            "a script from elsewhere that need not come over HTTPS",
        ),
        (
            "sri-not-implemented-and-external-scripts-not-loaded-securely",
            -50,
            False,
            "a script from elsewhere without `integrity` that need not come over HTTPS",
        ),
    ),
    XCTO: (
        ("x-content-type-options-nosniff", 0, True, "`nosniff`"),
        ("x-content-type-options-header-invalid", -5, False, "a value other than `nosniff`"),
        ("x-content-type-options-not-implemented", -5, False, "no `X-Content-Type-Options`"),
    ),
    XFO: (
        ("x-frame-options-implemented-via-csp", 5, True, "`frame-ancestors` in the policy says who may frame it"),
        ("x-frame-options-sameorigin-or-deny", 5, True, "other sites may not frame it"),
        ("x-frame-options-allow-from-origin", 0, True, "`ALLOW-FROM`, which browsers ignore"),
        ("x-frame-options-not-implemented", -20, False, "any site may frame it"),
        ("x-frame-options-header-invalid", -20, False, "a value other than `DENY` and `SAMEORIGIN`"),
    ),
}

RESULTS: dict[str, Result] = {
    code: Result(test, modifier, passed, says) for test, rows in _ROWS.items() for code, modifier, passed, says in rows
}
"""Every result the Observatory knows, by its code. Its `html-not-parseable` is for a parser that cannot fail here."""

_CODES = {test: tuple([row[0] for row in rows]) for test, rows in _ROWS.items()}
TESTS: tuple[str, ...] = tuple(_ROWS)
"""The tests, in the order they are shown."""

_GRADES = ((100, "A+"), (90, "A"), (85, "A-"), (80, "B+"), (70, "B"), (65, "B-"), (60, "C+"), (50, "C"), (45, "C-"),
           (40, "D+"), (30, "D"), (25, "D-"))  # fmt: skip


def results_of(test: str) -> tuple[str, ...]:
    """The codes of one test's results, the best first."""
    return _CODES[test]


def grade_of(score: int) -> str:
    """The grade of a score of 0 or more."""
    return next((grade for least, grade in _GRADES if score >= least), "F")


def score_of(modifiers: Iterable[int]) -> int:
    """The score: 100 and the modifiers; the positive ones count where the negative ones alone leave 90 or more.

    Never below 0. It grows with each modifier, so the worst and the best of several possible results bound it.
    """
    every = list(modifiers)
    uncurved = START + sum([m for m in every if m < 0])
    return max(START + sum(every) if uncurved >= EXTRA_CREDIT_FROM else uncurved, 0)

"""Topic ``cookies``: cookies set by responses to other sites' pages, or to requests without credentials."""

from __future__ import annotations

from inspector.browser.cookies_store import CLEARED
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, response_field, rule, set_cookie_blocked, set_cookie_judged
from inspector.rules.cookies_words import CHIPS, DRAFT, evidence_of, names_of, refused, set_lines
from inspector.subject import Subject

_CROSS_SITE = (
    "SameSiteStrict",
    "SameSiteLax",
    "SameSiteUnspecifiedTreatedAsLax",
    "SchemefulSameSiteStrict",
    "SchemefulSameSiteLax",
    "SchemefulSameSiteUnspecifiedTreatedAsLax",
)


@rule(
    "cookies/refused-cross-site",
    Severity.WARNING,
    "Not stored: set by a response to another site's page",
    on=set_cookie_blocked(*_CROSS_SITE),
    also=set_cookie_judged("blocked"),
    references=(DRAFT + "5.7", DRAFT + "5.2"),
    what="""
    The response answers a request that a page of another site made (an image, a script, a `fetch()`, a frame).
    There, only cookies with `SameSite=None; Secure` are stored. A missing `SameSite` counts as `Lax` in Chromium.
    """,
    why="""
    The cookie will be missing on the next request: a widget forgets its user, a load balancer its session. The same
    host called `http:` from an `https:` page, or the reverse, is another site too.
    """,
    fix="""
    If the cookie is meant for use inside other sites' pages: `SameSite=None; Secure; Partitioned`. If not, nothing is
    lost.
    """,
    unless="Firefox and Safari treat a missing `SameSite` as `None`, and partition or block by rules of their own.",
    shows="""
    # type: image
    GET https://widget.test/pixel.gif HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Site: cross-site
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Dest: image

    HTTP/2 200
    Content-Type: image/gif
    Set-Cookie: visitor=83ac91; Path=/
    """,
    quiet="""
    # type: image
    GET https://shop.test/pixel.gif HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Dest: image

    HTTP/2 200
    Content-Type: image/gif
    Set-Cookie: visitor=83ac91; Path=/
    """,
    once="origin",
)
def refused_cross_site(x: Subject) -> Finding | None:
    """All lines refused for their ``SameSite`` in this context."""
    lines = refused(x, *_CROSS_SITE)
    if not lines:
        return None
    schemeful = all(any(c.startswith("Schemeful") for c in line.verdict.codes) for line in lines)
    unset = [line for line in lines if line.cookie.same_site is None]
    if schemeful:
        where = (
            "the page that made the request has the same domain but another scheme (`http:` against `https:`), "
            "which makes it another site"
        )
    else:
        where = "a page of another site made the request"
    what = (
        "no `SameSite` is set, which Chromium takes as `Lax`"
        if len(unset) == len(lines)
        else f"`SameSite={lines[0].cookie.same_site}` keeps it to its own site"
        if not unset
        else "`SameSite` is `Lax`, `Strict` or missing (which Chromium takes as `Lax`)"
    )
    fix = (
        "Serve the page and this URL under the same scheme, `https:`."
        if schemeful
        else "If it must work inside other sites' pages, write `SameSite=None; Secure; Partitioned`: without "
        "`Partitioned`, browsers that block third-party cookies refuse it all the same."
    )
    return Finding(
        f"Chromium does not store {names_of(lines)}: {where}, and {what}.",
        fix,
        (*evidence_of(x, lines), *_context_evidence(x)),
    )


def _context_evidence(x: Subject) -> tuple[Evidence, ...]:
    for name in ("sec-fetch-site", "origin", "referer"):
        if name in x.req:
            return (x.request_field(name, None, "who made the request"),)
    return ()


@rule(
    "cookies/third-party",
    Severity.NOTE,
    "Third-party cookie: stored only where the browser lets them",
    on=set_cookie_blocked("UserPreferences"),
    references=(DRAFT + "7.1", CHIPS),
    what="""
    A response to another site's page sets a cookie without `Partitioned`. Whether it is stored is up to the browser:
    Safari, Firefox and Chrome in Incognito mode block or partition such cookies, and people can switch them off.
    """,
    why="What works in one browser fails in another, and the server sees no error: the cookie just does not come back.",
    fix="`SameSite=None; Secure; Partitioned` gives each embedding site its own cookie, which browsers keep allowing.",
    unless="A cookie that is only meant for visits to the site itself loses nothing.",
    shows="""
    # type: script
    GET https://widget.test/w.js HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Site: cross-site
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Dest: script

    HTTP/2 200
    Set-Cookie: visitor=83ac91; SameSite=None; Secure
    """,
    quiet="""
    # type: script
    GET https://widget.test/w.js HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Site: cross-site
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Dest: script

    HTTP/2 200
    Set-Cookie: visitor=83ac91; SameSite=None; Secure; Partitioned
    """,
    once="origin",
)
def third_party(x: Subject) -> Finding | None:
    """Where third-party blocking alone decides, or did decide."""
    open_lines = [
        line
        for line in set_lines(x)
        if line.verdict.outcome == "depends" and line.verdict.codes == ("UserPreferences",)
    ]
    blocked = [
        line
        for line in set_lines(x)
        if line.verdict.outcome == "blocked" and line.verdict.codes == ("UserPreferences",)
    ]
    lines = blocked or open_lines
    if not lines:
        return None
    fix = (
        "Add `Partitioned` (with `SameSite=None; Secure`): each site that embeds it then gets a cookie of its own. One "
        "login shared by several embedding sites needs the Storage Access API instead."
    )
    if blocked:
        return Finding(
            f"This browser does not store {names_of(lines)}: it blocks third-party cookies, as its own "
            f"`Sec-Fetch-Storage-Access: {x.shown('request', 'sec-fetch-storage-access')}` says.",
            fix,
            (x.request_field("sec-fetch-storage-access"), *evidence_of(x, lines)),
            "Not stored: third-party cookies are blocked",
        )
    return Finding(
        f"{names_of(lines)[:1].upper()}{names_of(lines)[1:]} {'is' if len(lines) == 1 else 'are'} set by a response to "
        "another site's page. Browsers that block third-party cookies do not store it; the others do.",
        fix,
        evidence_of(x, lines),
        certainty="depends",
        condition=lines[0].verdict.condition,
    )


@rule(
    "cookies/without-credentials",
    Severity.NOTE,
    "`Set-Cookie` ignored: the request was made without credentials",
    on=set_cookie_judged("blocked", "depends"),
    references=(
        "https://fetch.spec.whatwg.org/#concept-http-network-fetch",
        "https://fetch.spec.whatwg.org/#credentials",
    ),
    what="""
    A cross-origin `fetch()` sends no cookies unless asked to, and then the browser does not read `Set-Cookie` of the
    response either. Preflights and web fonts never carry credentials.
    """,
    why="Neither the console nor DevTools says a word, and the cookie is not stored.",
    fix="In the page: `fetch(url, {credentials: 'include'})`; on the server: `Access-Control-Allow-Credentials: true`.",
    shows="""
    GET https://api.shop.test/login HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Site: same-site
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure; HttpOnly; SameSite=Lax; Path=/
    """,
    quiet="""
    GET https://api.shop.test/login HTTP/2
    Origin: https://shop.test
    Cookie: sid=7f9c2ba4e88f827d
    Sec-Fetch-Site: same-site
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: true
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure; HttpOnly; SameSite=Lax; Path=/
    """,
    once="origin",
)
def without_credentials(x: Subject) -> Finding | None:
    """Certain where the request shows it, else under its condition."""
    lines = set_lines(x)
    certain = [
        line
        for line in lines
        if not line.verdict.codes and any(step.check == "credentials" for step in line.verdict.steps)
    ]
    if certain and x.fetch_site == "same-origin" and not x.is_preflight:
        return Finding(
            f"The browser ignores {names_of(certain)}: the request left out even cookies that no script can delete, so "
            "it was made without credentials, and without them `Set-Cookie` is not read.",
            "In the page, leave out `credentials: 'omit'`: to its own origin `fetch()` takes cookies by itself.",
            evidence_of(x, certain),
        )
    fix = (
        "In the page, call `fetch(url, {credentials: 'include'})` (or set `withCredentials` on the XMLHttpRequest); on "
        "the server, answer with `Access-Control-Allow-Credentials: true` and the page's origin in "
        "`Access-Control-Allow-Origin`, where `*` is then no longer accepted."
    )
    if certain:
        reason = "a preflight never carries credentials" if x.is_preflight else "the request carried no credentials"
        return Finding(
            f"The browser ignores {names_of(certain)}: {reason}, and without them `Set-Cookie` is not read.",
            None if x.is_preflight else fix,
            evidence_of(x, certain),
        )
    open_lines = [
        line
        for line in lines
        if line.verdict.outcome == "depends" and (line.verdict.condition or "").startswith("ignored")
    ]
    if not open_lines:
        return None
    return Finding(
        f"The request is cross-origin and made by script. Unless the page asked with `credentials: 'include'`, the "
        f"browser ignores {names_of(open_lines)}.",
        fix,
        evidence_of(x, open_lines),
        "`Set-Cookie` is ignored unless the page asks for credentials",
        certainty="depends",
        condition=open_lines[0].verdict.condition,
    )


@rule(
    "cookies/cleared",
    Severity.WARNING,
    "A cookie is set by the response that clears them all",
    on=response_field("clear-site-data"),
    references=("https://w3c.github.io/webappsec-clear-site-data/#header",),
    what="`Clear-Site-Data` for cookies, and `Set-Cookie` lines beside it that are meant to leave a cookie.",
    why="""
    The browser forgets the whole site's cookies because of the first, and Chromium does not even look at the second.
    The new session that often begins at a logout or a change of password is lost with the old one.
    """,
    fix="Clear first, and set the new cookie in the response that follows, as after a redirect.",
    unless="Lines that delete a cookie are in their place there, for browsers without `Clear-Site-Data`.",
    shows="""
    GET https://shop.test/logout HTTP/2
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Dest: document

    HTTP/2 200
    Clear-Site-Data: "cookies"
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure; HttpOnly; SameSite=Lax; Path=/
    """,
    quiet="""
    GET https://shop.test/logout HTTP/2
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Dest: document

    HTTP/2 200
    Clear-Site-Data: "cookies"
    Set-Cookie: sid=; Max-Age=0; Secure; HttpOnly; SameSite=Lax; Path=/
    """,
)
def cleared(x: Subject) -> Finding | None:
    """Told by the step of the verdict: the protocol has no code for it."""
    lines = [line for line in set_lines(x) if any(step.check == CLEARED for step in line.verdict.steps)]
    if not lines:
        return None
    return Finding(
        f"{names_of(lines)} {'is' if len(lines) == 1 else 'are'} not stored: `Clear-Site-Data` in the same response "
        "makes the browser forget all cookies of the site, and Chromium takes none from it (DevTools call that a "
        "syntax error).",
        "On the server, clear in one response, and set the new cookie in the next, as after a redirect.",
        (x.response_field("clear-site-data"), *evidence_of(x, lines)),
    )

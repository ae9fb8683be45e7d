"""Requests another site can make a visitor's browser send: what protects this one, and what does not."""

from __future__ import annotations

import re

from inspector.browser.verdict import SetCookieVerdict
from inspector.content.html import Element, HtmlPage
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, method, recorded_content, rule
from inspector.site import same_site
from inspector.subject import Subject
from inspector.url import parse
from inspector.words import listed, ticked

_GUIDE = "https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html"
_FETCH_METADATA = "https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header"
_TOKEN_FIELD = compile_late(
    r"csrf|xsrf|token|nonce|authenticity|verification|_wpnonce|form_key|form_build_id|state", re.IGNORECASE
)
_SESSION = compile_late(r"sess|sid$|^sid|auth|token|login|user|remember|identity|^connect\.|jwt", re.IGNORECASE)
_RETURNS = compile_late(
    r"SAMLResponse|RelayState|id_token|\bcode=|PaRes|cres=|ipn|payment_status|wresult", re.IGNORECASE
)
"""What single sign-on and payment providers post back through the visitor's browser."""


def _actions(page: HtmlPage, url: str) -> list[tuple[int, Element, str]]:
    """The forms that post back to the page's own site: position, element, absolute address."""
    found = []
    for position, form in enumerate(page.forms):
        if (form.get("method") or "").strip().lower() != "post":
            continue
        action = page.resolve(url, form.get("action") or "") if form.get("action") else url
        if action.startswith(("http://", "https://")) and same_site(parse(action), parse(url), schemeful=False):
            found.append((position, form, action))
    return found


@rule(
    "csrf/no-token",
    Severity.WARNING,
    "Another site can send this form for the visitor",
    on=recorded_content("html"),
    references=(
        _GUIDE,
        "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-8.8",
    ),
    what="""
    A page with a session cookie has a form that posts back to its site, and the form has no field that looks like a
    token.
    """,
    why="""
    Any site can hold the same form and send it from the visitor's browser, which adds the visitor's cookies. Without
    something in the request that the other site cannot know, the server cannot tell the two apart.
    """,
    fix="""
    The server puts an unguessable token into each form and checks it (most frameworks do, when it is switched on), or
    refuses requests whose `Sec-Fetch-Site` is `cross-site`. The session cookie gets `SameSite=Lax` besides.
    """,
    unless="""
    The session cookie is `SameSite=Lax` or `Strict`, which keeps it from cross-site posts; the form is the login itself
    or a search; a script adds a token in a field of the request when it sends.
    """,
    shows="""
    GET https://shop.test/account HTTP/2
    Cookie: sessionid=8f14e45fceea167a

    HTTP/2 200
    Content-Type: text/html
    Set-Cookie: sessionid=8f14e45fceea167a; Secure; HttpOnly; SameSite=None

    <form method="post" action="/account/email"><input name="email"><button>Save</button></form>
    """,
    quiet="""
    GET https://shop.test/account HTTP/2
    Cookie: sessionid=8f14e45fceea167a

    HTTP/2 200
    Content-Type: text/html

    <form method="post" action="/account/email"><input name="csrf_token"><input name="email"></form>
    """,
    once="origin",
)
def no_token(x: Subject) -> Finding | None:
    """Forms without a token-like field, on a page that came with a session; graver where the cookie is known to go
    along."""
    page = x.html
    if page is None or not 200 <= x.status < 300 or not page.forms:
        return None
    set_here = [v for v in x.verdicts.set_cookies if v.outcome in ("stored", "depends") and _SESSION.search(v.name)]
    sent = [
        name
        for pair in (x.req.get("cookie") or "").split(";")
        if (name := pair.partition("=")[0].strip()) and _SESSION.search(name)
    ]
    if not set_here and not sent:
        return None
    for position, form, action in _actions(page, x.request.url):
        controls = page.controls(position)
        if any(_TOKEN_FIELD.search(c.get("name") or "") for c in controls):
            continue
        if any((c.get("type") or "").lower() in ("password", "search") for c in controls) or _RETURNS.search(action):
            continue
        if any(_TOKEN_FIELD.search(m.get("name") or "") for m in page.metas):
            continue  # the token for scripts to send
        name, goes_along = _session(x, set_here, sent)
        if goes_along == "no":
            return None
        shown, written = x.masker.url(action), x.masker.url(form.get("action") or "")
        return Finding(
            f"The form for `{shown[:120]}` has no token, and the session is the cookie `{name[:60]}`. "
            + _GOES_ALONG[goes_along],
            severity=Severity.WARNING if goes_along == "yes" else Severity.NOTE,
            certainty="likely",
            condition="no script adds a token when the form is sent, and the server does not look at `Origin` or "
            "`Sec-Fetch-Site`",
            fix="The server adds a token to the form and checks it, or refuses posts whose `Sec-Fetch-Site` is "
            "`cross-site`; the session cookie gets `SameSite=Lax`.",
            evidence=(Evidence("response.body", "form", f'<form method="post" action="{written[:120]}">'),),
        )
    return None


_GOES_ALONG = {
    "yes": "That cookie is `SameSite=None`, so browsers send it with a form that another site submits.",
    "differs": "It has no `SameSite`: Chromium takes that as `Lax` and keeps it from another site's form, except in "
    "its first two minutes; Firefox and Safari send it.",
    "unknown": "The recording does not show how it was set: `SameSite=Lax` or `Strict` keeps it from another site's "
    "form.",
}


def _session(x: Subject, set_here: list[SetCookieVerdict], sent: list[str]) -> tuple[str, str]:
    """The session cookie that protects least, and whether it goes with another site's form, as `_GOES_ALONG` has it
    (``"no"`` where each is ``Lax`` or ``Strict``)."""
    found: dict[str, str] = {}
    for verdict in set_here:
        if verdict.stored_as is not None:
            found.setdefault(_along(verdict.stored_as.same_site), verdict.name)
    for name in sent:
        kept = x.session.jar.kept(x.url, (name,))
        for cookie in kept:
            found.setdefault(_along(cookie.same_site), name)
        if not kept:
            found.setdefault("unknown", name)
    return next(((found[way], way) for way in ("yes", "differs", "unknown", "no") if way in found), ("", "no"))


def _along(same_site_value: str | None) -> str:
    return {"None": "yes", None: "differs"}.get(same_site_value, "no")


@rule(
    "csrf/cross-site-accepted",
    Severity.WARNING,
    "Another site's request was carried out with the visitor's cookies",
    on=method("POST", "PUT", "PATCH", "DELETE"),
    references=(_GUIDE, _FETCH_METADATA),
    what="""
    A request that changes something came from another site (`Sec-Fetch-Site: cross-site`, or a foreign `Origin`),
    carried cookies, and was answered with success.
    """,
    why="If no token stands behind it, any site can do this to any visitor who is logged in.",
    fix="""
    The server refuses such requests: `Sec-Fetch-Site` other than `same-origin`, `same-site` or `none`, or an `Origin`
    that is not on its list. Endpoints that other sites are meant to call check a token or a key.
    """,
    unless="""
    The endpoint is made for it: a payment or login provider posts back, a widget or an analytics endpoint, an API with
    a token in a field.
    """,
    shows="""
    POST https://shop.test/account/email HTTP/2
    Origin: https://evil.example
    Sec-Fetch-Site: cross-site
    Sec-Fetch-Mode: navigate
    Cookie: sessionid=8f14e45fceea167a
    Content-Type: application/x-www-form-urlencoded

    email=mallory%40evil.example

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    POST https://shop.test/account/email HTTP/2
    Origin: https://evil.example
    Sec-Fetch-Site: cross-site
    Sec-Fetch-Mode: navigate
    Cookie: sessionid=8f14e45fceea167a
    Content-Type: application/x-www-form-urlencoded

    email=mallory%40evil.example

    HTTP/2 403
    Content-Type: text/html
    """,
    once="origin",
)
def cross_site_accepted(x: Subject) -> Finding | None:
    """Cross-site by the browser's own word or by `Origin`; cookies; success; no token and no provider's return."""
    if not 200 <= x.status < 400 or "cookie" not in x.req or x.is_preflight:
        return None
    if x.fetch_site is not None:
        cross = x.fetch_site == "cross-site"
    else:
        origin = x.origin or ""
        cross = "://" in origin and not same_site(parse(origin), x.url, schemeful=False)
    if not cross:
        return None
    names = [pair.partition("=")[0].strip() for pair in (x.req.get("cookie") or "").split(";")]
    sessions = [name for name in names if _SESSION.search(name)]
    if not sessions or "authorization" in x.req:
        return None
    if any(name.startswith("x-") and _TOKEN_FIELD.search(name) for name in x.req.first):
        return None
    body = (x.request.body.text or "")[:20_000]
    cors = x.verdicts.cors
    if x.destination == "empty" and x.mode == "cors" and cors is not None and cors.outcome == "allowed":
        return None  # the server named this origin on purpose
    provider = bool(_RETURNS.search(body) or _RETURNS.search(x.request.url))
    token = bool(_TOKEN_FIELD.search(body))
    if token and not provider:
        return None
    where = x.masker.url(x.origin or "") if x.origin not in (None, "null") else "another site"
    carried = listed(ticked(name[:40] for name in sessions[:3]))
    return Finding(
        f"`{where}` sent this {x.method} from the visitor's browser, with {carried}, "
        f"and the server answered {x.status}."
        + (" It looks like a login or payment provider posting back, which is meant to be so." if provider else ""),
        title="A provider's answer, posted through the browser" if provider else None,
        severity=Severity.INFO if provider else None,
        certainty="likely",
        condition="the endpoint is not meant for other sites and the server changed something",
        fix="The server refuses requests whose `Sec-Fetch-Site` is `cross-site` here, or checks a token; the session "
        "cookie gets `SameSite=Lax`.",
        evidence=(
            x.request_field("sec-fetch-site") if x.fetch_site is not None else x.request_field("origin"),
            x.request_field("cookie"),
            x.status_evidence(),
        ),
    )

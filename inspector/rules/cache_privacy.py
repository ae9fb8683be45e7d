"""One person's data in caches that others use, or that stay on disk."""

from __future__ import annotations

import re

from inspector.fields.cache_control import parse_cache_control
from inspector.patterns import compile_late
from inspector.report import Certainty, Evidence, Severity
from inspector.rules.base import (
    Finding,
    answered_with,
    request_field,
    response_field,
    response_value,
    rule,
)
from inspector.rules.cache_texts import left_of
from inspector.session.cache import policy_of
from inspector.subject import Subject
from inspector.words import duration

RFC9111 = "https://www.rfc-editor.org/rfc/rfc9111"

_SESSION = compile_late(
    r"(?:^|[-_.])(?:(?:php|j|asp|aspx|c)?sess(?:ion)?(?:_?id)?|sid|auth|token|jwt|login|remember|user)(?:$|[-_.0-9])|"
    r"connect\.sid|sessionid|sessid|laravel_session|authtoken|access_?token",
    re.IGNORECASE,
)
_PERSONAL_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/json", "application/xml", "text/plain"})
_DAY = 86_400
_CDN_FIELDS = ("cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control")


def session_like(name: str) -> bool:
    """Whether a cookie's name is one that sessions and log-ins commonly have."""
    return _SESSION.search(name) is not None


def _cookie_names(value: str) -> list[str]:
    return [pair.partition("=")[0].strip() for pair in value.split(";")]


def _invites(cache_control: str) -> bool:
    control = parse_cache_control(cache_control)
    return control.has("public") or bool(control.seconds("s-maxage"))


def _invitation(x: Subject) -> str | None:
    """The field that explicitly gives the response to shared caches, as a field name in lower case."""
    if _invites(x.res.get("cache-control") or ""):
        return "cache-control"
    return next((n for n in _CDN_FIELDS if n in x.res and "no-store" not in (x.res.get(n) or "").lower()), None)


def _cdn_keeps(x: Subject, name: str) -> bool:
    """Whether a field for CDNs alone, which they heed in place of `Cache-Control` (RFC 9213), has them keep this."""
    if name == "cache-control":
        return False
    control = parse_cache_control(x.res.get(name) or "")
    return bool(control.seconds("max-age") or control.seconds("s-maxage")) and not control.has("private")


@rule(
    "cache/private-data-public",
    Severity.ERROR,
    "One person's session is offered to shared caches",
    on=response_field("set-cookie"),
    also=(*response_value("cache-control", _invites), *response_field(*_CDN_FIELDS)),
    references=(f"{RFC9111}#section-7.3", f"{RFC9111}#section-5.2.2.7"),
    what="""
    The response sets a session cookie, and its caching fields invite shared caches to keep it and give it to others.
    """,
    why="""
    A CDN that stores the `Set-Cookie` line hands the same session to everybody who asks next: they are logged in as
    somebody else. The standard does not make `Set-Cookie` keep a cache from storing.
    """,
    fix="Send `Cache-Control: private, no-cache` with whatever sets a session cookie, or set the cookie elsewhere.",
    unless="The CDN is set up to strip `Set-Cookie`, or not to store responses that have one (several do by default).",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: text/html
    Cache-Control: public, max-age=600
    Set-Cookie: session_id=f3a9c2d17b; Secure; HttpOnly
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: text/html
    Cache-Control: private, max-age=600
    Set-Cookie: session_id=f3a9c2d17b; Secure; HttpOnly
    """,
)
def private_data_public(x: Subject) -> Finding | None:
    """A session cookie set by a response that shared caches may reuse."""
    verdict = x.verdicts.cache
    if verdict is None or x.status >= 400:
        return None
    invited_by = _invitation(x)
    if invited_by is None or not (
        _cdn_keeps(x, invited_by) or (verdict.shared.stored and verdict.shared.reuse == "fresh")
    ):
        return None
    for line in x.res.all("set-cookie"):
        name = line.partition("=")[0].strip()
        attributes = line.lower()
        deletes = (
            "max-age=0" in attributes or "1970" in attributes or not line.partition("=")[2].partition(";")[0].strip()
        )
        if not session_like(name) or deletes:
            continue
        page = x.media_type in _PERSONAL_TYPES or not x.media_type
        return Finding(
            f"`{x.masker.text(name)[:60]}` looks like a session cookie, and `{x.res.named(invited_by)}` lets "
            "every shared cache "
            "store this response, cookie included, and give it to the next visitor.",
            fix="The server should send `Cache-Control: private, no-cache` here, or set the cookie on another "
            "response.",
            severity=None if page else Severity.WARNING,
            certainty="likely",
            condition="a shared cache on the way stores responses with `Set-Cookie`",
            evidence=(
                x.field_line("response.field", "set-cookie", line, "for one person"),
                x.response_field(invited_by, label="for everybody"),
            ),
        )
    return None


@rule(
    "cache/auth-shared",
    Severity.WARNING,
    "The answer to a request with credentials is open to shared caches",
    on=request_field("authorization"),
    references=(f"{RFC9111}#section-3.5",),
    what="""
    The request carried `Authorization`. Shared caches then keep no copy, unless the response lifts that with `public`,
    `s-maxage` or `must-revalidate`; this one does.
    """,
    why="The stored copy answers requests for the same URL, whoever sends them and with whatever credentials.",
    fix="Send `Cache-Control: private` where the answer depends on who asks.",
    unless="Everybody who may ask gets the same answer.",
    shows="""
    GET https://api.shop.test/orders HTTP/2
    Authorization: Bearer 4f6a1c9e77d2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: application/json
    Cache-Control: public, max-age=60
    """,
    quiet="""
    GET https://api.shop.test/orders HTTP/2
    Authorization: Bearer 4f6a1c9e77d2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: application/json
    Cache-Control: max-age=60
    """,
    once="origin",
)
def auth_shared(x: Subject) -> Finding | None:
    """A shared cache may store and reuse what needed credentials."""
    verdict = x.verdicts.cache
    if verdict is None or not verdict.shared.stored or verdict.shared.reuse == "none" or x.status >= 400:
        return None
    vary = (x.res.get("vary") or "").lower()
    if "authorization" in vary or "*" in vary:
        return None
    control = policy_of(x).directives
    lifted = next((n for n in ("public", "s-maxage", "must-revalidate") if control.has(n)), "public")
    asks_first = verdict.shared.reuse == "revalidate"
    return Finding(
        f"`Authorization` keeps shared caches from storing, but `{lifted}` lifts that: "
        + (
            "they may store it, and ask the server before each reuse."
            if asks_first
            else "for as long as it is fresh they may give this answer to anybody who asks for the URL."
        ),
        severity=Severity.NOTE if asks_first or lifted == "must-revalidate" else None,
        fix="The server should send `Cache-Control: private` where the answer depends on who asks.",
        evidence=(x.request_field("authorization"), x.response_field("cache-control", mark=lifted)),
    )


@rule(
    "cache/sensitive-storable",
    Severity.NOTE,
    "A logged-in person's page may stay on disk",
    on=request_field("authorization", "cookie"),
    also=answered_with("html", "json"),
    references=(f"{RFC9111}#section-5.2.2.5",),
    what="""
    The request was made with credentials, the response is a document or data, and nothing forbids the browser to keep a
    copy on disk and reuse it without asking.
    """,
    why="""
    After logging out, the copy can still be shown: to the next person at a shared computer, or by the back button.
    """,
    fix="Send `Cache-Control: no-store` for what must leave no trace; `private, no-cache` where a check is enough.",
    unless="""
    The content is the same for everybody, or is checked before each reuse (`no-cache`). A copy that is reusable for
    less than a day is a note.
    """,
    shows="""
    GET https://shop.test/account HTTP/2
    Cookie: session_id=f3a9c2d17b

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: text/html
    Cache-Control: private, max-age=600
    """,
    quiet="""
    GET https://shop.test/account HTTP/2
    Cookie: session_id=f3a9c2d17b

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Content-Type: text/html
    Cache-Control: private, no-cache
    ETag: "7"
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def sensitive_storable(x: Subject) -> Finding | None:
    """A personal response that the browser reuses without asking."""
    verdict = x.verdicts.cache
    if (
        verdict is None
        or not verdict.stored
        or verdict.reuse not in ("fresh", "stale-while-revalidate")
        or x.status != 200
    ):
        return None
    if x.media_type not in ("text/html", "application/xhtml+xml", "application/json"):
        return None
    by: Evidence
    certainty: Certainty = "likely"
    if "authorization" in x.req:
        by = x.request_field("authorization")
        who = "credentials in `Authorization`"
    else:
        name = next((n for n in _cookie_names(x.req.get("cookie") or "") if session_like(n)), None)
        if name is None:
            return None
        by = x.request_field("cookie", mark=name)
        who = f"what looks like a session cookie, `{x.masker.text(name)[:60]}`"
    left = 0 if verdict.lifetime is None else left_of(verdict.lifetime, verdict.age or 0)
    time = f" for {duration(left)}" if verdict.reuse == "fresh" and left else ""
    return Finding(
        f"The request carried {who}, and the browser may show the stored answer again without asking{time}, after a "
        "log-out too.",
        severity=Severity.WARNING if left >= _DAY else None,
        fix="The server should send `Cache-Control: no-store`, or `private, no-cache` where a check before "
        "reuse is enough.",
        certainty=certainty,
        condition="the content is one person's",
        evidence=(by, x.response_field("cache-control")),
    )

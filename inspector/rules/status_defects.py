"""What is wrong with a response by its status: fields that must or should be there, and are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.redirects import REDIRECTS
from inspector.fields.challenges import parse_challenges
from inspector.fields.ranges import parse_content_range
from inspector.fields.retry_after import parse_retry_after
from inspector.fields.statuses import RFC9110, status_name
from inspector.report import Severity
from inspector.rules.base import Finding, rule, status
from inspector.rules.status_words import brief, limit_fields, reset_words
from inspector.subject import display_name

if TYPE_CHECKING:
    from inspector.subject import Subject


@rule(
    "status/missing-location",
    Severity.WARNING,
    "Redirect without `Location`",
    on=status(*sorted(REDIRECTS)),
    references=(RFC9110 + "10.2.2", RFC9110 + "15.4"),
    what="A 301, 302, 303, 307 or 308 that has no `Location` field, so that nobody can follow it.",
    why="A browser shows the response's content instead, usually an empty page; other clients get a dead end.",
    fix="Send `Location` with the address to go to, or a status that is no redirect.",
    unless="`300` and `304` need none, and a recording that kept no response fields at all is not judged.",
    shows="""
        GET https://shop.test/old HTTP/1.1

        HTTP/1.1 302 Found
        Content-Length: 0
        """,
    quiet="""
        GET https://shop.test/old HTTP/1.1

        HTTP/1.1 302 Found
        Location: /new
        """,
)
def missing_location(x: Subject) -> Finding | None:
    """No Location, or an empty one."""
    value = x.res.first.get("location")
    if value or not len(x.res):
        return None
    what = "an empty `Location`" if value is not None else "no `Location` field"
    return Finding(
        f"The response says {status_name(x.status)} and has {what}: there is nowhere to go. A browser shows its "
        "content "
        "as a page instead.",
        f"The server adds `Location: <address>` to this {x.status}, or answers with another status.",
        (x.status_evidence(), x.response_field("location")),
        title=f"{x.status} redirect to nowhere",
    )


@rule(
    "status/401-no-challenge",
    Severity.WARNING,
    "`401` without `WWW-Authenticate`",
    on=status(401, 407),
    references=(RFC9110 + "11.6.1", RFC9110 + "15.5.2"),
    what="A 401 (or 407) that does not say how to authenticate, or says it unreadably.",
    why="The field is mandatory: generic clients (browsers, HTTP libraries) learn from it which credentials to send.",
    fix='Add `WWW-Authenticate: Bearer` for tokens, or `Basic realm="…"` for name and password.',
    unless="""
        For requests made by script it is told as information: many APIs leave the field out because `Basic` would make
        the browser open its own sign-in window. `Bearer` does not. With a page, which has a form mostly, it is a note.
        """,
    shows="""
        GET https://api.shop.test/orders HTTP/1.1

        HTTP/1.1 401 Unauthorized
        Content-Type: application/json
        """,
    quiet="""
        GET https://api.shop.test/orders HTTP/1.1

        HTTP/1.1 401 Unauthorized
        WWW-Authenticate: Bearer realm="orders"
        """,
)
def no_challenge(x: Subject) -> Finding | None:
    """Absent, or present and unreadable."""
    name = "www-authenticate" if x.status == 401 else "proxy-authenticate"
    field = display_name(name)
    value = x.res.get(name)
    if value is not None and parse_challenges(value) is not None:
        return None
    if not len(x.res):
        return None
    script = x.destination == "empty" or (x.destination is None and x.mode == "cors") or "x-requested-with" in x.req
    if value is not None:
        return Finding(
            f"`{field}` cannot be read as a list of challenges, so clients do not learn how to authenticate.",
            f'The server sends a scheme and its parameters: `{field}: Basic realm="shop"`.',
            (x.response_field(name),),
            title=f"`{field}` cannot be read",
        )
    detail = f"Every {x.status} must carry `{field}`, which says how to authenticate; this one does not."
    if script:
        detail += (
            " APIs often leave it out so that the browser opens no sign-in window. Only `Basic`, `Digest`, `NTLM` and "
            "`Negotiate` open one; `Bearer` does not."
        )
    fix = f"The server adds `{field}: Bearer`" + ("" if script else ' (or `Basic realm="…"`)') + f" to the {x.status}."
    page = x.status == 401 and x.is_document and x.is_html
    if page:
        detail += " It carries a page, and a page with a form lets people log in without the field."
        fix = (
            "If people log in by a form, the server answers with 403, or with 200 and the form. Trap: "
            "`WWW-Authenticate: Basic` makes browsers open a sign-in window of their own over it."
        )
    return Finding(
        detail,
        fix,
        (x.status_evidence(), x.response_field(name)),
        title=f"`{x.status}` without `{field}`",
        severity=Severity.INFO if script else Severity.NOTE if page else None,
    )


@rule(
    "status/405-no-allow",
    Severity.WARNING,
    "`405` without `Allow`",
    on=status(405),
    references=(RFC9110 + "15.5.6", RFC9110 + "10.2.1"),
    what="A 405 that does not list the methods the resource does support.",
    why="The field is mandatory. With it a developer sees at once that the address wants a PUT, say, and not a POST.",
    fix="Add `Allow` with the methods supported: `Allow: GET, HEAD`. Frameworks do it in their own 405 handler.",
    shows="""
        POST https://shop.test/terms HTTP/1.1

        HTTP/1.1 405 Method Not Allowed
        Content-Length: 0
        """,
    quiet="""
        POST https://shop.test/terms HTTP/1.1

        HTTP/1.1 405 Method Not Allowed
        Allow: GET, HEAD
        """,
)
def no_allow(x: Subject) -> Finding | None:
    """Allow is absent; an empty one is legal."""
    if "allow" in x.res or not len(x.res):
        return None
    return Finding(
        f"The response refuses {brief(x.method, 30)} and does not tell what is allowed instead.",
        "The server adds `Allow` with the methods this resource supports, for example `Allow: GET, HEAD`.",
        (x.status_evidence(), x.response_field("allow")),
    )


@rule(
    "status/416-206-content-range",
    Severity.WARNING,
    "Partial response without a valid `Content-Range`",
    on=status(206, 416),
    references=(RFC9110 + "14.4", RFC9110 + "15.3.7", RFC9110 + "15.5.17"),
    what="A 206 that does not say which part it holds, or a 416 that does not say how much there is.",
    why="""
        Without the position the client cannot put the part in its place: media players stall, resumed downloads start
        over or, worse, get joined wrongly.
        """,
    fix="Send `Content-Range: bytes FIRST-LAST/TOTAL` with a 206, `Content-Range: bytes */TOTAL` with a 416.",
    unless="A `multipart/byteranges` 206 has the field in each part instead. For a 416 it is only recommended.",
    shows="""
        GET https://cdn.shop.test/film.mp4 HTTP/1.1
        Range: bytes=0-1023

        HTTP/1.1 206 Partial Content
        Content-Type: video/mp4
        """,
    quiet="""
        GET https://cdn.shop.test/film.mp4 HTTP/1.1
        Range: bytes=0-1023

        HTTP/1.1 206 Partial Content
        Content-Range: bytes 0-1023/146515
        """,
)
def content_range(x: Subject) -> Finding | None:
    """Missing, unreadable, or for another size than the content has."""
    value = x.res.get("content-range")
    if not len(x.res):
        return None
    if x.status == 416:
        if value is not None and (read := parse_content_range(value)) is not None and read.first is None:
            return None
        return Finding(
            "The response says that the range lies outside, and not how long the whole is.",
            "The server adds `Content-Range: bytes */TOTAL`, so that the client knows which ranges there are.",
            (x.status_evidence(), x.response_field("content-range")),
            title="`416` does not say how much there is",
            severity=Severity.NOTE,
        )
    if value is None:
        if x.media_type == "multipart/byteranges":
            return None
        return Finding(
            "The response is a part (206) and does not say which: without `Content-Range` the client cannot place it.",
            "The server adds `Content-Range: bytes FIRST-LAST/TOTAL`, or sends the whole with `200`.",
            (x.status_evidence(), x.response_field("content-range")),
            title="`206` without `Content-Range`",
        )
    if parse_content_range(value) is None:
        return Finding(
            f"`Content-Range: {brief(x.shown('response', 'content-range'), 80)}` cannot be read: it needs a unit, a "
            "first and "
            "a last position that is not below it, and a total that exceeds both (or `*`).",
            "The server sends `Content-Range: bytes FIRST-LAST/TOTAL`; positions begin at 0.",
            (x.response_field("content-range"),),
            title="`Content-Range` cannot be read",
        )
    return None


@rule(
    "status/429-503-no-retry-after",
    Severity.NOTE,
    "Nothing says when to ask again",
    on=status(429, 503),
    references=(RFC9110 + "10.2.3", "https://www.rfc-editor.org/rfc/rfc6585#section-4"),
    what="A 429 or 503 without `Retry-After`, or with one that cannot be read.",
    why="Clients have to guess: some give up, others ask again at once and make the overload worse.",
    fix="Send `Retry-After: 120` (seconds) or an HTTP-date.",
    unless="`RateLimit-Reset`, `X-RateLimit-Reset` and their like answer the question for clients that know them.",
    shows="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Content-Length: 0
        """,
    quiet="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Retry-After: 120
        """,
)
def no_retry_after(x: Subject) -> Finding | None:
    """Absent without a substitute, or unreadable."""
    value = x.res.get("retry-after")
    if value is not None:
        if parse_retry_after(value) is not None:
            return None
        return Finding(
            f"`Retry-After: {brief(x.shown('response', 'retry-after'), 60)}` is neither a number of seconds nor an "
            "HTTP-date, "
            "so clients ignore it.",
            "The server sends whole seconds (`Retry-After: 120`) or a date (`Retry-After: Sun, 01 Mar 2026 12:02:00 "
            "GMT`).",
            (x.response_field("retry-after"),),
            title="`Retry-After` cannot be read",
        )
    if not len(x.res) or reset_words(x) is not None or "ratelimit" in x.res:
        return None
    return Finding(
        f"The {x.status} asks the client to wait and does not say for how long.",
        "The server adds `Retry-After` with the seconds to wait, for example `Retry-After: 120`.",
        (x.status_evidence(), x.response_field("retry-after"), *limit_fields(x)),
        title=f"`{x.status}` without `Retry-After`",
    )


@rule(
    "status/201-no-location",
    Severity.INFO,
    "`201` does not say what was created",
    on=status(201),
    references=(RFC9110 + "15.3.2",),
    what="A POST was answered with 201, and no `Location` names the new resource.",
    why="Without it the new resource is by definition at the address posted to, which usually is the collection.",
    fix="Add `Location` with the address of the new resource.",
    unless="A PUT names its resource itself.",
    shows="""
        POST https://api.shop.test/items HTTP/1.1
        Content-Type: application/json

        {"name": "mug"}

        HTTP/1.1 201 Created
        Content-Length: 0
        """,
    quiet="""
        POST https://api.shop.test/items HTTP/1.1
        Content-Type: application/json

        {"name": "mug"}

        HTTP/1.1 201 Created
        Location: /items/7
        """,
)
def no_new_location(x: Subject) -> Finding | None:
    """POST answered with 201 and no Location."""
    if x.method != "POST" or "location" in x.res or not len(x.res):
        return None
    return Finding(
        f"The POST made something new and the response does not say where. By the standard it is then at "
        f"`{brief(x.masker.url(x.url.path or '/'), 100)}` itself; clients that need its address have to read the "
        "content.",
        "The server adds `Location` with the new resource's address.",
        (x.status_evidence(), x.response_field("location")),
    )


@rule(
    "status/304-unsolicited",
    Severity.WARNING,
    "`304` to a request without a condition",
    on=status(304),
    references=(RFC9110 + "15.4.5", RFC9110 + "13.2.2"),
    what="A 304 although the request carried neither `If-None-Match` nor `If-Modified-Since`.",
    why="""
        304 means "use the copy you hold". A client that holds none, and did not ask so, gets an empty response. Such
        answers come from servers or caches that answer from the condition of somebody else's request.
        """,
    fix="The server answers `200` with the content when the request has no condition.",
    unless="""
        Recordings of browsers often lack the conditional fields, because the browser's cache adds them below the
        recorder. There nothing is said.
        """,
    shows="""
        # client: 1.1
        GET https://shop.test/app.js HTTP/1.1
        User-Agent: curl/8.9.1
        Accept: */*

        HTTP/1.1 304 Not Modified
        ETag: "v1"
        """,
    quiet="""
        GET https://shop.test/app.js HTTP/1.1
        If-None-Match: "v1"

        HTTP/1.1 304 Not Modified
        ETag: "v1"
        """,
)
def unsolicited(x: Subject) -> Finding | None:
    """No condition in a request whose fields the recording shows."""
    request = x.req.first
    if not request or "if-none-match" in request or "if-modified-since" in request:
        return None
    context = x.exchange.context
    if context.served_from is not None:
        return None
    if context.recorder.vantage == "browser" and "mozilla/" in (x.req.get("user-agent") or "mozilla/").lower():
        return None
    return Finding(
        "The server says that the stored copy is still good, and the request did not ask that: it has neither "
        "`If-None-Match` nor `If-Modified-Since`. A client without a copy is left with nothing.",
        "The server (or the cache in front of it) answers `200` with the content.",
        (x.status_evidence(), x.request_field("if-none-match"), x.request_field("if-modified-since")),
    )

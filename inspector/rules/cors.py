"""CORS, where the page may not read the answer: one rule a reason (Fetch, "CORS check" and "HTTP-redirect fetch")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.report import Evidence, Severity
from inspector.rules.base import Found, cors, rule
from inspector.rules.cors_words import (
    asker,
    finding_of,
    named_difference,
    of_the_status,
    so,
    verdict_with,
    what,
    whole_answer,
)
from inspector.rules.servers import answer_preflights, set_cors, technology
from inspector.words import listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_CHECK = "https://fetch.spec.whatwg.org/#cors-check"
_CREDENTIALS = "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials"
_ON = cors("blocked", "depends")
_PUBLIC = frozenset({"font", "script", "style", "image", "audio", "video", "track"})
"""Destinations whose files are mostly the same for everybody."""


@rule(
    "cors/allow-origin-missing",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Origin` is missing",
    on=_ON,
    references=(_CHECK,),
    what="A page asked another origin, and the answer does not say that this page may read it.",
    why="""A browser lets a page read another origin's response only where that response says so. Without
        `Access-Control-Allow-Origin` it hides the response; in a preflight, it does not send the request at all.""",
    fix="""On the server asked: send `Access-Control-Allow-Origin` with the page's origin, on every answer the page
        has to read, errors and answers to `OPTIONS` included. With it send `Vary: Origin`.""",
    unless="""Navigations, form posts, WebSockets and elements without `crossorigin` are not under CORS; neither is a
        304, where the stored response's fields count.""",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Content-Type: application/json
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Content-Type: application/json
    Access-Control-Allow-Origin: https://shop.test
    """,
)
def allow_origin_missing(x: Subject) -> Found:
    """MissingAllowOriginHeader and its preflight variant."""
    verdict = verdict_with(x, "MissingAllowOriginHeader", "PreflightMissingAllowOriginHeader")
    if verdict is None:
        return None
    origin = asker(x)
    value = origin.origin or "the page's origin"
    detail = (
        f"{what(verdict)} carries no `Access-Control-Allow-Origin`, so nothing permits {origin.phrase} to read "
        f"`{x.url.origin}`: {so(x, verdict)}"
    )
    fields = (f"`Access-Control-Allow-Origin: {value}`", "`Vary: Origin`")
    if verdict.is_preflight:
        if x.status >= 400:
            detail += f" The status is {x.status}, and only 200 to 299 permits a request.{of_the_status(x)}"
        fix = (
            f"On `{x.url.host}`: {whole_answer(x, *fields)} The answer to the request itself needs the first two, too."
        )
    else:
        if x.status >= 400:
            detail += (
                f" The status is {x.status}: error answers are often made by a layer that does not add CORS fields, "
                "and the page is told of CORS instead of the error."
            )
        fix = f"On `{x.url.host}`: send {listed(fields)}."
        if x.destination in _PUBLIC and "cookie" not in x.req and "sec-fetch-storage-access" not in x.req:
            fix += " For files that anybody may have, `*` does, and needs no `Vary`."
    if verdict.is_preflight and x.status >= 400:
        fix += answer_preflights(technology(x), value, x.req.get("access-control-request-method") or "")
    else:
        fix += set_cors(technology(x), "origin", value)
    evidence: tuple[Evidence, ...] = (
        x.request_field("origin", label="the page that asks"),
        x.response_field("access-control-allow-origin", label="permits nobody"),
    )
    if x.status >= 400:
        evidence += (x.status_evidence(),)
    title = None
    if verdict.outcome == "depends":
        title = "Blocked by CORS if sent in `cors` mode: `Access-Control-Allow-Origin` is missing"
    elif verdict.is_preflight:
        title = "Blocked by CORS: the preflight's answer has no `Access-Control-Allow-Origin`"
    return finding_of(verdict, detail, fix, evidence, title)


@rule(
    "cors/allow-origin-mismatch",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Origin` names another origin",
    on=_ON,
    references=(_CHECK, "https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin"),
    what="The response permits an origin, but not the one of the page that asked.",
    why="""The value is compared with the request's `Origin` octet by octet. Scheme, host and port all count, and
        nothing may follow them: `https://shop.test` does not match `https://www.shop.test`, `http://shop.test` or
        `https://shop.test/`.""",
    fix="""Send the very value of the request's `Origin` field, after comparing it with a list of origins you trust,
        and `Vary: Origin`.""",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test/
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
)
def allow_origin_mismatch(x: Subject) -> Found:
    """AllowOriginMismatch and its preflight variant."""
    verdict = verdict_with(x, "AllowOriginMismatch", "PreflightAllowOriginMismatch")
    if verdict is None:
        return None
    origin, allowed = asker(x), x.shown("response", "access-control-allow-origin")
    if not origin.origin:
        difference, value = "", "the page's origin"
    else:
        difference, value = named_difference(allowed, origin.origin), origin.origin
    detail = f"{what(verdict)} permits `{allowed}`, but {origin.phrase} asked{difference}: {so(x, verdict)}"
    fix = (
        f"On `{x.url.host}`: send `Access-Control-Allow-Origin: {value}` and `Vary: "
        f"Origin`.{set_cors(technology(x), 'origin', value)}"
    )
    if origin.origin == "null":
        fix = (
            "On the page's side: ask from a page that has an origin of its own. `null` stands for sandboxed frames, "
            "`data:` and `file:` pages and for requests redirected between origins; permitting it admits them all. "
            "After a redirect, let the page ask the final URL directly."
        )
    evidence = (
        x.request_field("origin", label="the page that asks"),
        x.response_field("access-control-allow-origin", allowed, "the only origin permitted"),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/allow-origin-multiple",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Origin` has more than one value",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#http-access-control-allow-origin", _CHECK),
    what="The field names several origins, or was sent twice.",
    why="The field holds one origin or `*`. A list is compared as a whole and matches no origin at all.",
    fix="""Send one value: the request's own `Origin` if it is in your list, and `Vary: Origin`. Where the field is
        there twice, let either the application or the proxy in front set it, not both.""",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Origin: https://shop.test
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    """,
)
def allow_origin_multiple(x: Subject) -> Found:
    """MultipleAllowOriginValues and its preflight variant."""
    verdict = verdict_with(x, "MultipleAllowOriginValues", "PreflightMultipleAllowOriginValues")
    if verdict is None:
        return None
    origin = asker(x)
    value = origin.origin or "the page's origin"
    twice = len(x.res.all("access-control-allow-origin")) > 1
    shown = x.shown("response", "access-control-allow-origin")
    how = "is there twice, which makes it" if twice else "is"
    detail = (
        f"`Access-Control-Allow-Origin` {how} `{shown}`. It may hold one origin or `*`; a list matches "
        f"nobody, {origin.phrase} included: {so(x, verdict)}"
    )
    fix = f"On `{x.url.host}`: send the field once, as `Access-Control-Allow-Origin: {value}`, with `Vary: Origin`."
    if twice:
        fix += " It is usually set by the application and again by the proxy in front of it: remove one of the two."
    else:
        fix += set_cors(technology(x), "origin", value)
    evidence = (
        x.request_field("origin", label="the page that asks"),
        x.response_field("access-control-allow-origin", shown, "only one value is allowed"),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/allow-origin-invalid",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Origin` is no origin",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#http-access-control-allow-origin", _CHECK),
    what="The field's value is not an origin: no scheme, quotation marks, a pattern, or nothing.",
    why="""An origin is written `scheme://host`, with `:port` where it is not the scheme's own. The comparison is exact,
        so a value that is no origin matches none; patterns like `*.shop.test` are not part of CORS.""",
    fix="Send the full origin, `https://shop.test`, without quotation marks.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *.shop.test
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
)
def allow_origin_invalid(x: Subject) -> Found:
    """InvalidAllowOriginValue and its preflight variant."""
    verdict = verdict_with(x, "InvalidAllowOriginValue", "PreflightInvalidAllowOriginValue")
    if verdict is None:
        return None
    origin, shown = asker(x), x.shown("response", "access-control-allow-origin")
    value = origin.origin or "the page's origin"
    said = f"is `{shown}`" if shown else "is empty"
    detail = (
        f"`Access-Control-Allow-Origin` {said}, which is neither an origin nor `*`, so it does not "
        f"permit {origin.phrase}: {so(x, verdict)}"
    )
    fix = (
        f"On `{x.url.host}`: send `Access-Control-Allow-Origin: {value}` and `Vary: "
        f"Origin`.{set_cors(technology(x), 'origin', value)}"
    )
    if "*" in shown:
        fix += " There are no patterns in this field: compare the request's `Origin` with your list on the server."
    evidence = (
        x.request_field("origin", label="the page that asks"),
        x.response_field("access-control-allow-origin", shown or None, "not an origin"),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/wildcard-with-credentials",
    Severity.ERROR,
    "Blocked by CORS: `*` does not cover a request with credentials",
    on=_ON,
    references=(_CREDENTIALS, _CHECK),
    what="The page asked with `credentials: 'include'`, and the answer permits `*`.",
    why="""`*` means "anyone, as nobody in particular". For a request that may carry cookies, a browser demands that
        the server names the origin, so that no server opens its users' data to every site by one character.""",
    fix="""On the server: send the request's own `Origin`, if it is in your list, with
        `Access-Control-Allow-Credentials: true` and `Vary: Origin`. Or in the page: leave out
        `credentials: 'include'` (`withCredentials`) where no cookie is needed.""",
    unless="Without credentials, `*` is fine, and the right answer for public data.",
    shows="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Cookie: sid=1

    HTTP/2 200
    Access-Control-Allow-Origin: *
    Access-Control-Allow-Credentials: true
    """,
    quiet="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Cookie: sid=1

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: true
    """,
)
def wildcard_with_credentials(x: Subject) -> Found:
    """WildcardOriginNotAllowed, where the credentials mode is known."""
    verdict = verdict_with(x, "WildcardOriginNotAllowed", "PreflightWildcardOriginNotAllowed")
    if verdict is None or verdict.outcome != "blocked":
        return None
    origin = asker(x)
    value = origin.origin or "the page's origin"
    mode = next((step.saw for step in verdict.steps if step.check == "credentials mode"), "")
    detail = (
        f"The page asked with credentials ({mode}), and `Access-Control-Allow-Origin: *` permits only requests "
        f"without: {so(x, verdict)}"
    )
    fix = (
        f"On `{x.url.host}`: send `Access-Control-Allow-Origin: {value}`, `Access-Control-Allow-Credentials: true` "
        "and `Vary: Origin`; check the origin against a list first, as echoing any origin opens the account to every "
        f"site. Or in the page: drop `credentials: 'include'` if no cookie is needed."
        f"{set_cors(technology(x), 'origin', value)}"
    )
    sent = "cookie" if "cookie" in x.req else "sec-fetch-storage-access"
    evidence: tuple[Evidence, ...] = (
        x.response_field("access-control-allow-origin", "*", "not for requests with credentials"),
    )
    if sent in x.req:
        evidence = (x.request_field(sent, label="sent with credentials"), *evidence)
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/allow-credentials-missing",
    Severity.ERROR,
    "Blocked by CORS: `Access-Control-Allow-Credentials` is not `true`",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#http-access-control-allow-credentials", _CHECK),
    what="The page asked with `credentials: 'include'`, and the answer permits the origin but not credentials.",
    why="A response to a request with credentials is readable only where the server says so, with exactly `true`.",
    fix="""On the server: send `Access-Control-Allow-Credentials: true`, in lower case. Or in the page: leave out
        `credentials: 'include'` where no cookie is needed.""",
    shows="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Cookie: sid=1

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: True
    """,
    quiet="""
    GET https://api.shop.test/me HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    """,
)
def allow_credentials_missing(x: Subject) -> Found:
    """InvalidAllowCredentials, where the credentials mode is known."""
    verdict = verdict_with(x, "InvalidAllowCredentials", "PreflightInvalidAllowCredentials")
    if verdict is None or verdict.outcome != "blocked":
        return None
    shown = x.shown("response", "access-control-allow-credentials")
    mode = next((step.saw for step in verdict.steps if step.check == "credentials mode"), "")
    said = f"is `{shown}`, and only `true` in lower case counts" if shown else "is absent"
    detail = (
        f"The page asked with credentials ({mode}), but `Access-Control-Allow-Credentials` {said}: {so(x, verdict)}"
    )
    fix = (
        f"On `{x.url.host}`: send `Access-Control-Allow-Credentials: true`. It only works beside a named origin, never "
        "beside `*`. Or in the page: drop `credentials: 'include'` if no cookie is needed."
        f"{set_cors(technology(x), 'credentials')}"
    )
    evidence = (
        x.response_field("access-control-allow-origin", label="the origin is permitted"),
        x.response_field("access-control-allow-credentials", shown or None, "has to be `true`"),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/redirect-credentials",
    Severity.ERROR,
    "Blocked by CORS: redirected to a URL with a user name or password",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#http-redirect-fetch",),
    what="A script's request was redirected to a URL that holds a user name or password.",
    why="Where origins are crossed, a browser refuses such a redirect, so that no server can plant credentials.",
    fix="On the server: redirect to the URL without `user:password@`.",
    shows="""
    GET https://api.shop.test/report HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 302
    Access-Control-Allow-Origin: https://shop.test
    Location: https://reader:secret1@files.shop.test/report
    """,
    quiet="""
    GET https://api.shop.test/report HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 302
    Access-Control-Allow-Origin: https://shop.test
    Location: https://files.shop.test/report
    """,
)
def redirect_credentials(x: Subject) -> Found:
    """RedirectContainsCredentials."""
    verdict = verdict_with(x, "RedirectContainsCredentials")
    if verdict is None:
        return None
    detail = (
        f"The redirect leads to `{x.shown('response', 'location')}`, which holds a user name or password. Browsers do "
        "not follow such a redirect across origins: the page gets a network error."
    )
    fix = (
        f"On `{x.url.host}`: leave `user:password@` out of `Location`, and let the page send "
        "`Authorization` if it must."
    )
    return finding_of(verdict, detail, fix, (x.status_evidence("a redirect"), x.response_field("location")))


@rule(
    "cors/scheme",
    Severity.ERROR,
    "Blocked by CORS: this scheme cannot be asked across origins",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#main-fetch",),
    what="A script asked for a URL whose scheme takes no part in CORS, such as `file:`.",
    why="Only `http:` and `https:` servers can give their consent; files on the disk cannot.",
    fix="Serve the file over HTTP, from a local server while developing, and ask for that URL.",
    shows="""
    # type: fetch
    # error: net::ERR_FAILED
    GET file:///data.json HTTP/?
    """,
    quiet="""
    GET https://api.shop.test/data.json HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
)
def scheme(x: Subject) -> Found:
    """CorsDisabledScheme."""
    verdict = x.verdicts.cors
    if verdict is None or verdict.code != "CorsDisabledScheme":
        return None
    detail = (
        f"A script asked for a `{x.url.scheme}:` URL. Only `http:` and `https:` servers can permit such "
        "a request, so the browser refuses it."
    )
    fix = "Serve the content over HTTP, from a local server while developing, and let the page ask for that URL."
    if x.url.scheme in ("ws", "wss"):
        detail = (
            f"A script's request was redirected to a `{x.url.scheme}:` URL. Only a WebSocket can be opened there, so "
            "the browser refuses to follow."
        )
        fix = (
            "On the server that redirected: lead to an `https:` URL. In the page: open a socket with `new WebSocket()`."
        )
    return finding_of(verdict, detail, fix, (x.request_line(f"{x.url.scheme}:", "not `http:` or `https:`"),))


@rule(
    "cors/same-origin-mode",
    Severity.ERROR,
    "Blocked: the page allowed requests to its own origin only",
    on=_ON,
    references=("https://fetch.spec.whatwg.org/#concept-request-mode",),
    what="The script asked with `mode: 'same-origin'`, and the URL is another origin's.",
    why="In this mode a browser refuses every other origin, whatever the server permits.",
    fix="In the page: use `mode: 'cors'` (the default of `fetch()`), or ask for a URL of the page's own origin.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: same-origin
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Access-Control-Allow-Origin: *
    """,
    quiet="""
    GET https://shop.test/items HTTP/2
    Sec-Fetch-Mode: same-origin
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    """,
)
def same_origin_mode(x: Subject) -> Found:
    """DisallowedByMode."""
    verdict = verdict_with(x, "DisallowedByMode")
    if verdict is None:
        return None
    detail = (
        f"The request's mode is `same-origin`, and `{x.url.origin}` is another origin: the browser "
        "refuses it whatever the server permits."
    )
    fix = "In the page: use `mode: 'cors'`, the default of `fetch()`, and let the server permit the page's origin."
    return finding_of(verdict, detail, fix, (x.request_field("sec-fetch-mode", "same-origin", "own origin only"),))

"""CORS, where the preflight does not permit the request: one rule a reason (Fetch, "CORS-preflight fetch")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser.cors import BY_THE_LETTER, asked_names, permit_of
from inspector.browser.cors_preflight import check_request
from inspector.report import Evidence, Severity
from inspector.rules.base import Found, cors, rule
from inspector.rules.cors_never_sent import refused_for_credentials
from inspector.rules.cors_words import asker, finding_of, of_the_status, permits, so, verdict_with, whole_answer
from inspector.rules.servers import answer_preflights, set_cors, technology
from inspector.words import listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_PREFLIGHT = "https://fetch.spec.whatwg.org/#cors-preflight-fetch"
_ON = cors("blocked", "depends")


@rule(
    "cors/preflight-status",
    Severity.ERROR,
    "Blocked by CORS: the preflight's answer is not a success",
    on=_ON,
    references=(_PREFLIGHT,),
    what="The browser asked with `OPTIONS` whether it may send the request, and got a status outside 200 to 299.",
    why="""Only a success permits the request, whatever the fields say. Often the server demands a login here, but a
        preflight never carries cookies or `Authorization`: nobody can log in to be allowed to ask.""",
    fix="""On the server: answer `OPTIONS` with 204 and the CORS fields before the login is checked and before routes
        that know only `GET` or `POST`.""",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 401
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    """,
)
def preflight_status(x: Subject) -> Found:
    """PreflightInvalidStatus."""
    verdict = verdict_with(x, "PreflightInvalidStatus")
    if verdict is None:
        return None
    detail = f"The preflight was answered with {x.status}; only 200 to 299 permits a request: {so(x, verdict)}"
    detail += of_the_status(x)
    fix = f"On `{x.url.host}`: {whole_answer(x)}"
    fix += " It has to come before the login is checked." if x.status in (401, 403) else ""
    method = x.req.get("access-control-request-method") or ""
    fix += answer_preflights(technology(x), asker(x).origin, method)
    return finding_of(
        verdict, detail, fix, (x.request_line("OPTIONS", "the preflight"), x.status_evidence("no success"))
    )


@rule(
    "cors/preflight-redirect",
    Severity.ERROR,
    "Blocked by CORS: the preflight was redirected",
    on=_ON,
    references=(_PREFLIGHT,),
    what="The browser asked with `OPTIONS` whether it may send the request, and was sent elsewhere.",
    why="A browser does not follow redirects of a preflight, so the request fails. Usual causes: `http:` in place of "
    "`https:`, a missing or extra slash at the end, or a login page.",
    fix="In the page: ask the final URL directly. On the server: answer `OPTIONS` before anything redirects.",
    shows="""
    OPTIONS https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 301
    Location: https://api.shop.test/items/
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/ HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: PUT
    """,
)
def preflight_redirect(x: Subject) -> Found:
    """PreflightDisallowedRedirect."""
    verdict = verdict_with(x, "PreflightDisallowedRedirect")
    if verdict is None:
        return None
    location = x.shown("response", "location")
    to = f" to `{location}`" if location else ""
    target = urls.join(x.request.url, x.res.get("location") or "")
    detail = (
        f"The preflight was answered with {x.status}{to}, and browsers do not follow redirects of a "
        f"preflight: {so(x, verdict)}"
    )
    ask = f"let it ask `{x.masker.url(target)}` directly" if location else "let it ask the final URL directly"
    fix = f"In the page: {ask}. Or on `{x.url.host}`: answer `OPTIONS` before the redirect is made."
    evidence: tuple[Evidence, ...] = (x.status_evidence("a redirect"),)
    if location:
        evidence += (x.response_field("location"),)
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/preflight-method",
    Severity.ERROR,
    "Blocked by CORS: the preflight does not permit the method",
    on=_ON,
    references=(_PREFLIGHT, "https://fetch.spec.whatwg.org/#http-access-control-allow-methods"),
    what="The method asked for is not in `Access-Control-Allow-Methods` of the preflight's answer.",
    why="""Methods other than `GET`, `HEAD` and `POST` need the server's consent. The comparison is exact, upper and
        lower case included, and `*` stands for every method only without credentials.""",
    fix="On the server: name the method in `Access-Control-Allow-Methods` of the answer to `OPTIONS`.",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: DELETE

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: GET, PUT
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: POST
    Access-Control-Request-Headers: content-type

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Headers: content-type
    """,
)
def preflight_method(x: Subject) -> Found:
    """MethodDisallowedByPreflightResponse."""
    verdict = verdict_with(x, "MethodDisallowedByPreflightResponse")
    if verdict is None:
        return None
    method, allowed = verdict.parameter or "", x.shown("response", "access-control-allow-methods")
    if verdict.outcome == "depends":
        said = "is `*`, which stands for every method only where credentials are not included"
    else:
        said = f"is `{allowed}`" if allowed else "is absent"
    detail = f"The page wants to send `{method}`, and `Access-Control-Allow-Methods` {said}: {so(x, verdict)}"
    if any(each.strip().upper() == method.upper() for each in allowed.split(",")):
        detail += f" Methods are compared with regard to case: only `{method}` matches `{method}`."
    names = [each.strip() for each in allowed.split(",") if each.strip() and each.strip() != "*"]
    fields = [
        f"`Access-Control-Allow-Methods: {', '.join([*names, method])}`",
        *(f for f in permits(x) if "Allow-Headers" in f),
    ]
    fix = f"On `{x.url.host}`, in the answer to `OPTIONS`: {listed(fields)}."
    if method == "patch":
        fix += " Or in the page: write `PATCH` in capitals; browsers do so for other methods, but not for this one."
    fix += set_cors(technology(x), "methods", method, [*names, method], [method])
    evidence = (
        x.request_field("access-control-request-method", method, "asked for"),
        x.response_field(
            "access-control-allow-methods", allowed or None, "permitted" if allowed else "permits no more"
        ),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/preflight-header",
    Severity.ERROR,
    "Blocked by CORS: the preflight does not permit a request field",
    on=_ON,
    references=(
        _PREFLIGHT,
        "https://fetch.spec.whatwg.org/#http-access-control-allow-headers",
        "https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name",
    ),
    what="A field the page sets is not in `Access-Control-Allow-Headers` of the preflight's answer.",
    why="""Fields beyond a short safe list need the server's consent by name, whatever the case. `*` stands for every
        field but `Authorization`, and only without credentials.""",
    fix="On the server: name the field in `Access-Control-Allow-Headers` of the answer to `OPTIONS`.",
    shows="""
    OPTIONS https://api.shop.test/orders HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: POST
    Access-Control-Request-Headers: content-type,x-request-id

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Headers: Content-Type
    """,
    quiet="""
    OPTIONS https://api.shop.test/orders HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: POST
    Access-Control-Request-Headers: content-type,x-request-id

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Headers: Content-Type, X-Request-ID
    """,
)
def preflight_header(x: Subject) -> Found:
    """HeaderDisallowedByPreflightResponse, with every field that is missing and not the first alone."""
    verdict = verdict_with(x, "HeaderDisallowedByPreflightResponse")
    if verdict is None:
        return None
    permit, include = permit_of(x), verdict.outcome == "depends"
    missing = [n for n in asked_names(x) if check_request(permit, "GET", (n,), include) is not None]
    missing = missing or [verdict.parameter or ""]
    allowed = x.shown("response", "access-control-allow-headers")
    fields = ", ".join(f"`{name}`" for name in missing)
    if include and verdict.condition == BY_THE_LETTER:
        missing, said = ["authorization"], f"is `{allowed}`"
    elif include:
        said = "is `*`, which stands for every field only where credentials are not included"
    else:
        said = f"is `{allowed}`" if allowed else "is absent"
    detail = f"The page wants to send {fields}, and `Access-Control-Allow-Headers` {said}: {so(x, verdict)}"
    if missing == ["authorization"] and "*" in allowed and not include:
        detail += " `*` never stands for `Authorization`."
    names = [*(each.strip() for each in allowed.split(",") if each.strip()), *missing]
    fix = f"On `{x.url.host}`, in the answer to `OPTIONS`: `Access-Control-Allow-Headers: {', '.join(names)}`."
    fix += set_cors(technology(x), "headers", missing[0], names, missing)
    evidence = (
        x.request_field("access-control-request-headers", missing[0], "asked for"),
        x.response_field(
            "access-control-allow-headers", allowed or None, "permitted" if allowed else "permits no more"
        ),
    )
    return finding_of(verdict, detail, fix, evidence)


@rule(
    "cors/preflight-syntax",
    Severity.ERROR,
    "Blocked by CORS: the preflight's answer cannot be read",
    on=_ON,
    references=(_PREFLIGHT, "https://fetch.spec.whatwg.org/#http-access-control-allow-headers"),
    what="`Access-Control-Allow-Methods` or `Access-Control-Allow-Headers` is not a comma-separated list of names.",
    why="One member that is no name (quotation marks, brackets, a space inside) spoils the whole list.",
    fix="Send the names separated by commas, without quotation marks: `Access-Control-Allow-Methods: GET, PUT`.",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: ["GET", "PUT"]
    """,
    quiet="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: PUT

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: GET, PUT
    """,
)
def preflight_syntax(x: Subject) -> Found:
    """InvalidAllowMethodsPreflightResponse and InvalidAllowHeadersPreflightResponse."""
    verdict = verdict_with(x, "InvalidAllowMethodsPreflightResponse", "InvalidAllowHeadersPreflightResponse")
    if verdict is None:
        return None
    methods = verdict.code == "InvalidAllowMethodsPreflightResponse"
    name = "Access-Control-Allow-Methods" if methods else "Access-Control-Allow-Headers"
    shown = x.shown("response", name.lower())
    detail = f"`{name}` is `{shown}`, which is not a comma-separated list of names: {so(x, verdict)}"
    asked = x.req.get("access-control-request-method") if methods else x.req.get("access-control-request-headers")
    fix = (
        f"On `{x.url.host}`, in the answer to `OPTIONS`: names alone, separated by commas, such as "
        f"`{name}: {asked or 'GET'}`."
    )
    return finding_of(verdict, detail, fix, (x.response_field(name.lower(), shown, "not a list of names"),))


@rule(
    "cors/preflight-failed",
    Severity.ERROR,
    "Never sent: its preflight did not permit it",
    on=_ON,
    references=(_PREFLIGHT, "https://fetch.spec.whatwg.org/#http-network-or-cache-fetch"),
    what="The request is in the recording without a response, because the preflight before it failed.",
    why="""A request that needs the server's consent waits for the preflight. Where that is refused, the page gets a
        network error and the server never sees the request.""",
    fix="Let the server's answer to `OPTIONS` permit the request: the finding on the preflight names the field.",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: DELETE

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    ---
    # type: fetch
    # error: net::ERR_FAILED
    # page: https://shop.test/
    DELETE https://api.shop.test/items/7 HTTP/?
    """,
    quiet="""
    # type: fetch
    # error: net::ERR_CONNECTION_REFUSED
    # page: https://shop.test/
    DELETE https://api.shop.test/items/7 HTTP/?
    """,
)
def preflight_failed(x: Subject) -> Found:
    """A request that only has its preflight's verdict."""
    verdict = x.verdicts.cors
    if verdict is None or verdict.is_preflight or x.status or verdict.preflight is None:
        return None
    asked = verdict.preflight.exchange
    if asked is None or refused_for_credentials(x) is not None:
        return None
    because = ", ".join(f"`{each}`" for each in verdict.preflight.because)
    answer = "The answer did not permit it"
    fix = f"On `{x.url.host}`: see exchange {asked}, which names the field to change."
    if verdict.code in ("InsecureLocalNetwork", "LocalNetworkAccessPermissionDenied"):
        answer = "The browser let nothing out to the local network"
        fix = f"See exchange {asked}, which names what lets the page reach the local network."
    detail = (
        f"Because of {because} the browser first asked `{x.url.origin}` with `OPTIONS` (exchange {asked}). {answer} "
        f"(`{verdict.code}`), so the request was never sent"
    )
    detail += "." if verdict.outcome == "blocked" else f", if {verdict.condition}."
    return finding_of(
        verdict,
        detail,
        fix,
        (x.request_line(), Evidence("exchange", None, f"exchange {asked}", None, "the preflight", asked)),
    )


@rule(
    "cors/cached-copy",
    Severity.ERROR,
    "Blocked by CORS: answered from a cached copy that permits nobody",
    on=_ON,
    references=(
        "https://fetch.spec.whatwg.org/#cors-check",
        "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches",
    ),
    what="""The browser had a copy of this URL in its cache, fetched earlier without CORS, and its fields permit no
        other origin.""",
    why="""The check is made on the stored response's fields. Where the server sends `Access-Control-Allow-Origin` only
        to requests with `Origin`, an image or script fetched first leaves a copy without it, and every later `fetch()`
        of the same URL fails until the copy is stale.""",
    fix="""On the server: send `Access-Control-Allow-Origin` on every response of the URL, whoever asks; where its value
        follows `Origin`, send `Vary: Origin` on every response too, also on those without it.""",
    shows="""
    # type: image
    # page: https://shop.test/
    GET https://cdn.test/logo.svg HTTP/2
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cache-Control: max-age=600
    ---
    # type: fetch
    # error: net::ERR_FAILED
    # page: https://shop.test/
    GET https://cdn.test/logo.svg HTTP/?
    """,
    quiet="""
    # type: image
    # page: https://shop.test/
    GET https://cdn.test/logo.svg HTTP/2
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: image/svg+xml
    Cache-Control: max-age=600
    Access-Control-Allow-Origin: *
    ---
    # type: fetch
    # error: net::ERR_CONNECTION_RESET
    # page: https://shop.test/
    GET https://cdn.test/logo.svg HTTP/?
    """,
)
def cached_copy(x: Subject) -> Found:
    """A request that has no response of its own, and was judged by the fields of a stored one."""
    verdict = x.verdicts.cors
    if verdict is None or x.status or verdict.preflight is not None or verdict.code is None:
        return None
    copy = x.session.cache.fresh_copy(x)
    if copy is None:
        return None
    allowed = copy.fields.get("access-control-allow-origin")
    said = f"`Access-Control-Allow-Origin: {x.masker.text(allowed)}`" if allowed else "no `Access-Control-Allow-Origin`"
    detail = (
        f"The browser answered from the copy it stored in exchange {copy.exchange}, which has {said} for "
        f"{asker(x).phrase}: {so(x, verdict)}"
    )
    fix = (
        f"On `{x.url.host}`: send `Access-Control-Allow-Origin` with every response of this URL, also where the "
        "request has no `Origin`; where the value follows `Origin`, add `Vary: Origin` to every one. Copies already "
        "cached stay until they are stale."
    )
    if allowed == "*":
        fix = (
            "In the page: ask without `credentials: 'include'`. If it needs them, the server has to name the page's "
            "origin instead of `*`, send `Access-Control-Allow-Credentials: true`, and add `Vary: Origin`."
        )
    evidence = Evidence("exchange", None, f"exchange {copy.exchange}", None, "stored the copy", copy.exchange)
    return finding_of(verdict, detail, fix, (x.request_line(), evidence))

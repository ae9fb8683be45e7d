"""CORS, where the preflight permits the request, but not with the credentials the page asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.report import Evidence, Severity
from inspector.rules.base import Found, cors, rule
from inspector.rules.cors_words import finding_of
from inspector.rules.servers import recognise, set_cors

if TYPE_CHECKING:
    from inspector.session.preflights import Asked
    from inspector.subject import Subject


def refused_for_credentials(x: Subject) -> Asked | None:
    """The preflight that refused this request for its credentials alone: its own exchange shows no mistake."""
    verdict = x.verdicts.cors
    if verdict is None or verdict.is_preflight or x.status or verdict.preflight is None:
        return None
    if verdict.code is None or verdict.preflight.exchange is None:
        return None
    asked = x.session.preflights.asked_by(verdict.preflight.exchange, x.request.url)
    return asked if asked is not None and asked.plain is None and asked.included is not None else None


@rule(
    "cors/preflight-credentials",
    Severity.ERROR,
    "Never sent: its preflight permits it only without credentials",
    on=cors("blocked", "depends"),
    references=(
        "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ),
    what="""The page asked with `credentials: 'include'`. The preflight's answer permits the request, but only one
        without credentials.""",
    why="""A preflight itself never carries cookies, so on its own it looks fine. For a request with credentials a
        browser wants the origin by name, `Access-Control-Allow-Credentials: true`, and every method and field by
        name: `*` stands for none of them. Otherwise the request is never sent.""",
    fix="""On the server, in the answer to `OPTIONS` too: name the page's origin, and send
        `Access-Control-Allow-Credentials: true`. Or in the page: leave out `credentials: 'include'`
        (`withCredentials`) where no cookie is needed.""",
    shows="""
    OPTIONS https://api.shop.test/items/7 HTTP/2
    Origin: https://shop.test
    Access-Control-Request-Method: DELETE

    HTTP/2 204
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Methods: DELETE
    ---
    # type: fetch
    # error: net::ERR_FAILED
    # page: https://shop.test/
    DELETE https://api.shop.test/items/7 HTTP/?
    """,
    quiet="""
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
)
def preflight_credentials(x: Subject) -> Found:
    """The preflight codes that only credentials explain; the field at fault stands in another exchange."""
    asked = refused_for_credentials(x)
    verdict = x.verdicts.cors
    if asked is None or verdict is None:
        return None
    permit, origin, software = asked.permit, x.masker.text(asked.origin), recognise(*asked.software)
    host = f"On `{x.url.host}`, in the answer to `OPTIONS` and in the one that follows: "
    page = " Or in the page: drop `credentials: 'include'` if no cookie is needed."
    match verdict.code:
        case "PreflightWildcardOriginNotAllowed":
            name, value, label = "Access-Control-Allow-Origin", permit.allow_origin, "not for requests with credentials"
            fix = (
                f"{host}`Access-Control-Allow-Origin: {origin}`, `Access-Control-Allow-Credentials: true` and `Vary: "
                "Origin`; check the origin against a list first, as echoing any origin opens the account to every site."
                f"{page}{set_cors(software, 'origin', origin)}"
            )
        case "PreflightInvalidAllowCredentials":
            name, value, label = "Access-Control-Allow-Credentials", permit.allow_credentials, "has to be `true`"
            fix = (
                f"{host}`Access-Control-Allow-Credentials: true`. It only works beside a named origin, never beside "
                f"`*`.{page}{set_cors(software, 'credentials')}"
            )
        case "MethodDisallowedByPreflightResponse":
            name, value, label = "Access-Control-Allow-Methods", permit.allow_methods, "`*` is no method here"
            fix = (
                f"On `{x.url.host}`, in the answer to `OPTIONS`: `{name}: {asked.method}`, by name."
                f"{page}{set_cors(software, 'methods', asked.method)}"
            )
        case _:
            names = ", ".join(asked.names)
            name, value, label = "Access-Control-Allow-Headers", permit.allow_headers, "`*` is no field here"
            fix = (
                f"On `{x.url.host}`, in the answer to `OPTIONS`: `{name}: {names}`, by name."
                f"{page}{set_cors(software, 'headers', names, asked.names)}"
            )
    shown = x.masker.text(value) if value else ""
    said = f"has `{name}: {shown}`" if shown else f"has no `{name}`"
    because = ", ".join(f"`{each}`" for each in verdict.preflight.because) if verdict.preflight else ""
    detail = (
        f"Because of {because} the browser first asked `{x.url.origin}` with `OPTIONS` (exchange {asked.index}). The "
        f"answer {said}, which permits the request only without credentials"
    )
    detail += (
        ", and the page asked with `credentials: 'include'`: the request was never sent."
        if verdict.outcome == "blocked"
        else f": the request was never sent, if {verdict.condition}."
    )
    evidence = (
        x.request_line(),
        Evidence("response.field", name, shown or None, shown or None, label, asked.index),
    )
    return finding_of(verdict, detail, fix, evidence)

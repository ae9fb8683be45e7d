"""Scripts and style sheets that browsers refuse for their media type (`nosniff`, modules, standards mode)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser import nosniff
from inspector.fields.media_type import essence_of
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, blocking, rule
from inspector.rules.blocking_words import finding_of, kind, so, verdict_of

if TYPE_CHECKING:
    from inspector.subject import Subject

_ON = blocking("blocked", "depends")


@rule(
    "blocking/script-type",
    Severity.ERROR,
    "Not run: the response's type is no script's",
    on=_ON,
    references=(
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?",
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-mime-type?",
        "https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-single-module-script",
    ),
    what="A script was asked for, and the answer's `Content-Type` is not that of a script.",
    why="""With `X-Content-Type-Options: nosniff` a script has to have a JavaScript type. Without it, images, audio,
        video and CSV are refused all the same, and modules always need the right type.""",
    fix="Send `Content-Type: text/javascript`. If the content is an error page in HTML, correct the address.",
    shows="""
    GET https://shop.test/app.js HTTP/2
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/plain
    X-Content-Type-Options: nosniff
    """,
    quiet="""
    GET https://shop.test/app.js HTTP/2
    Sec-Fetch-Dest: script
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/plain
    """,
)
def script_type(x: Subject) -> Finding | None:
    """A type that keeps a script from running."""
    verdict = verdict_of(x, nosniff.CODE)
    if verdict is None or x.destination == "style":
        return None
    wanted = "application/json" if x.destination == "json" else "text/javascript"
    essence = essence_of(x.res.get("content-type") or "")
    came = f"came as `{essence}`" if essence else "came without a media type"
    strict = "`nosniff`" in verdict.steps[0].check
    because = "and `nosniff` holds the server to it" if strict else "which no script is"
    if not strict and (verdict.condition or x.destination in nosniff.MODULES_ONLY or wanted != "text/javascript"):
        because = "and a module has to have the right type"
    outcome = so(verdict, "the browser does not run it, and the element gets an `error` event")
    detail = f"This {kind(x)} {came}, {because}. {outcome}"
    if verdict.outcome == "blocked" and x.response is not None and x.response.body.size:
        detail += " The recording holds the content all the same: it arrived, and was then refused."
    fix = f"On `{x.url.host}`: send `Content-Type: {wanted}` for it."
    if essence == "text/html":
        fix = (
            f"Look at the address first: `{essence}` is mostly an error page or an application's start page sent for "
            f"every unknown path. Let `{x.url.host}` answer 404 there, and send scripts as `{wanted}`."
        )
    evidence: tuple[Evidence, ...] = (
        x.request_field("sec-fetch-dest", label="what the page wanted"),
        x.response_field("content-type", label="what came"),
    )
    if strict:
        evidence += (x.response_field("x-content-type-options", label="no guessing"),)
    return finding_of(script_type, verdict, detail, fix, evidence)


@rule(
    "blocking/style-type",
    Severity.ERROR,
    "Not applied: the response's type is not `text/css`",
    on=_ON,
    references=(
        "https://fetch.spec.whatwg.org/#should-response-to-request-be-blocked-due-to-nosniff?",
        "https://html.spec.whatwg.org/multipage/links.html#link-type-stylesheet",
    ),
    what="A style sheet was asked for, and the answer's `Content-Type` is another one.",
    why="""With `X-Content-Type-Options: nosniff` only `text/css` is a style sheet. Without it, pages in standards mode
        (`<!doctype html>`) ignore a style sheet of another type too.""",
    fix="Send `Content-Type: text/css`.",
    shows="""
    GET https://shop.test/app.css HTTP/2
    Sec-Fetch-Dest: style
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/plain
    X-Content-Type-Options: nosniff
    """,
    quiet="""
    GET https://shop.test/app.css HTTP/2
    Sec-Fetch-Dest: style
    Sec-Fetch-Mode: no-cors
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/css
    X-Content-Type-Options: nosniff
    """,
)
def style_type(x: Subject) -> Finding | None:
    """A type that keeps a style sheet from being applied."""
    verdict = verdict_of(x, nosniff.CODE)
    if verdict is None or x.destination != "style":
        return None
    essence = essence_of(x.res.get("content-type") or "")
    came = f"came as `{essence}`" if essence else "came without a media type"
    strict = "`nosniff`" in verdict.steps[0].check
    because = "and `nosniff` leaves no guessing" if strict else "and standards mode takes `text/css` alone"
    detail = f"This style sheet {came}, {because}. {so(verdict, 'the browser does not apply it')}"
    fix = f"On `{x.url.host}`: send `Content-Type: text/css` for it."
    if essence == "text/html":
        fix += " First see whether the address is right: HTML here is mostly an error page."
    evidence: tuple[Evidence, ...] = (
        x.request_field("sec-fetch-dest", label="what the page wanted"),
        x.response_field("content-type", label="what came"),
    )
    if strict:
        evidence += (x.response_field("x-content-type-options", label="no guessing"),)
    return finding_of(style_type, verdict, detail, fix, evidence)

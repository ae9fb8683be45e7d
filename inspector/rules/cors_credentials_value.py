"""`Access-Control-Allow-Credentials` that does not say what it seems to (Fetch, "CORS check")."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import Finding, cors, response_value, rule
from inspector.subject import Subject


def _means_nothing(value: str) -> bool:
    """Neither ``true`` in lower case nor a plain no, which some servers send."""
    value = value.strip(" \t")
    return value != "true" and value.lower() not in ("false", "")


@rule(
    "cors/allow-credentials-invalid",
    Severity.NOTE,
    "`Access-Control-Allow-Credentials` has a value that counts for nothing",
    on=response_value("access-control-allow-credentials", _means_nothing),
    without=cors("blocked"),
    references=("https://fetch.spec.whatwg.org/#http-access-control-allow-credentials",),
    what="The value is neither `true` nor `false`: `True`, `1`, `yes`, or `true` twice.",
    why="Browsers compare it byte by byte with `true`, in lower case. Requests without credentials work, and the first "
    "one with `credentials: 'include'` fails.",
    fix="Send exactly `Access-Control-Allow-Credentials: true`, once, or leave the field out.",
    unless="Where the browser has blocked a response for it, that is told instead.",
    shows="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: True
    """,
    quiet="""
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test
    Sec-Fetch-Mode: cors
    Sec-Fetch-Site: same-site

    HTTP/2 200
    Access-Control-Allow-Origin: https://shop.test
    Access-Control-Allow-Credentials: false
    """,
    once="origin",
)
def allow_credentials_invalid(x: Subject) -> Finding:
    """Whatever the verdict on this request, which asked for nothing that needs it."""
    shown = x.shown("response", "access-control-allow-credentials")[:60]
    twice = len(x.res.all("access-control-allow-credentials")) > 1
    needed = "This request did not need it; one with `credentials: 'include'` would be blocked."
    if x.is_preflight:
        needed = (
            "A preflight does not show whether its request needs it; with `credentials: 'include'` it is never sent."
        )
    return Finding(
        f"`Access-Control-Allow-Credentials` is `{shown}`, and only `true` counts, in lower case and once. {needed}",
        fix="The server should send the field once, where it sets it at all: `Access-Control-Allow-Credentials: true`."
        if twice
        else "The server should send `Access-Control-Allow-Credentials: true`, or no such field.",
        evidence=(x.response_field("access-control-allow-credentials", shown, "has to be `true`"),),
    )

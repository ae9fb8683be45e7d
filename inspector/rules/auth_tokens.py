"""Tokens in `Authorization`: over which connection they go. What a token says is topic ``jwt``; its life is a story."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import Finding, request_field, rule, scheme
from inspector.subject import Subject

_TOKENS = frozenset({"bearer", "dpop", "token", "jwt"})


@rule(
    "auth/token-over-http",
    Severity.ERROR,
    "A token over plain http",
    on=request_field("authorization"),
    without=scheme("https", "wss"),
    references=(
        "https://www.rfc-editor.org/rfc/rfc6750#section-5.3",
        "https://www.rfc-editor.org/rfc/rfc9700#section-2.6",
    ),
    what="A request carries a token in `Authorization` over http.",
    why="""
    Whoever has a bearer token can use it. Over http, everyone on the way has it: the café's network, every proxy, every
    hop.
    """,
    fix="""
    The client calls the API at its https address. A redirect from http to https comes too late: the token has been sent
    by then, so the API answers http with an error and withdraws tokens that came that way.
    """,
    unless="The server is on this machine, or the network up to it is one that you trust as much as the server.",
    shows="""
    GET http://api.shop.test/orders HTTP/1.1
    Authorization: Bearer mF_9.B5f-4.1JqM

    HTTP/1.1 200 OK
    Content-Type: application/json
    """,
    quiet="""
    GET https://api.shop.test/orders HTTP/1.1
    Authorization: Bearer mF_9.B5f-4.1JqM

    HTTP/1.1 200 OK
    Content-Type: application/json
    """,
    once="origin",
)
def token_over_http(x: Subject) -> Finding | None:
    """Answered requests to other machines; not those that the browser itself redirected to https (HSTS)."""
    if x.local or x.status == 0 or "non-authoritative-reason" in x.res:
        return None
    name = (x.req.get("authorization") or "").partition(" ")[0]
    if name.lower() not in _TOKENS:
        return None
    bound = name.lower() == "dpop"
    return Finding(
        f"The request carries a token over a connection that everyone on the way to `{x.url.host}` can read."
        + (
            " It is bound to a key (`DPoP`), so reading it is not enough to use it; the answer can be read, too."
            if bound
            else " Whoever reads it can use it until it expires."
        ),
        severity=Severity.WARNING if bound else None,
        fix=f"The client calls `https://{x.url.host}`; the server withdraws tokens that came over http.",
        evidence=(x.request_line(), x.request_field("authorization")),
    )

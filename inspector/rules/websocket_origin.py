"""WebSockets that another site's page opened with the visitor's cookies: no CORS protects what is said on them."""

from __future__ import annotations

import re

from inspector import url as urls
from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules.base import Finding, request_field, rule, status
from inspector.rules.cookies_words import session_named
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.subject import Subject
from inspector.words import listed, ticked

_TOKEN = compile_late(r"token|ticket|auth|jwt|csrf|xsrf|nonce|key=|sig", re.IGNORECASE)
_HANDSHAKE = """
    GET https://chat.shop.test/live HTTP/1.1
    Connection: Upgrade
    Upgrade: websocket
    Origin: {}
    Cookie: sessionid=8f14e45fceea167a

    HTTP/1.1 101 Switching Protocols
    Connection: Upgrade
    Upgrade: websocket
    """


@rule(
    "websocket/cross-site-hijack",
    Severity.WARNING,
    "Another site's page opened this WebSocket as the visitor",
    on=status(101),
    also=request_field("cookie"),
    without=request_field("authorization"),
    references=(
        "https://www.rfc-editor.org/rfc/rfc6455#section-10.2",
        "https://cwe.mitre.org/data/definitions/1385.html",
    ),
    what="The handshake came from another site (`Origin`), carried a session's cookie, and was answered with 101.",
    why="Neither CORS nor the same-origin policy applies to WebSockets: if the server does not look at `Origin`, any "
    "page can talk to it as whoever is logged in, and read the answers.",
    fix="The server compares `Origin` with a list of its own pages and answers 403 to others, or asks for a token in "
    "the first message. `SameSite=Lax` keeps the cookie from coming along.",
    unless="The other site is meant to be served: one exchange cannot show which origins the server would refuse.",
    shows=_HANDSHAKE.format("https://evil.example"),
    quiet=_HANDSHAKE.format("https://www.shop.test"),
    once="origin",
)
def cross_site_hijack(x: Subject) -> Finding | None:
    """Another site by `Origin`, a session's cookie, and no token in the address or the subprotocol."""
    origin = x.origin or ""
    if "websocket" not in (x.req.get("upgrade") or "websocket").lower() or "://" not in origin or x.local:
        return None
    there = urls.parse(origin)
    if not there.host or there.loopback or same_site(there, x.url, schemeful=False):
        return None
    if _TOKEN.search(x.url.query) or _TOKEN.search(x.req.get("sec-websocket-protocol") or ""):
        return None
    names = [pair.partition("=")[0].strip() for pair in (x.req.get("cookie") or "").split(";")]
    sessions = [name for name in names if session_named(name)]
    if not sessions:
        return None
    carried = listed(ticked(brief(name, 40) for name in sessions), most=3)
    return Finding(
        f"A page of `{brief(there.origin, 80)}` opened this WebSocket with {carried}, and the server agreed. No token "
        "shows in the handshake.",
        certainty="depends",
        condition="a hole if the server agrees to any other origin as well",
        fix=f"The server at `{brief(x.url.host, 80)}` answers 403 where `Origin` is not on its list.",
        evidence=(x.request_field("origin"), x.request_field("cookie"), x.status_evidence()),
    )

"""WebSockets: whether the handshake holds, what was said on the connection, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import words
from inspector.fields.statuses import RFC9110, status_name
from inspector.fields.websocket import accept_for, close_words, tokens
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, request_field, rule, scheme, status
from inspector.rules.status_words import brief, shown_target

if TYPE_CHECKING:
    from inspector.exchange import WebSocket
    from inspector.subject import Subject

RFC6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
EXTENDED_CONNECT = "https://www.rfc-editor.org/rfc/rfc8441#section-4"


def _attempt(x: Subject) -> bool:
    """Whether this is a WebSocket handshake, as far as the request shows."""
    return (
        x.url.scheme in ("ws", "wss")
        or "websocket" in (x.req.get("upgrade") or "").lower()
        or "sec-websocket-key" in x.req
        or x.exchange.context.resource_type == "websocket"
    )


def _opened(x: Subject) -> bool:
    """101 over HTTP/1.1; any 2xx to the extended CONNECT of HTTP/2 and HTTP/3 (RFC 8441)."""
    return x.status == 101 or (x.method == "CONNECT" and 200 <= x.status < 300)


_SHOWN = """
        GET https://chat.shop.test/live HTTP/1.1
        Connection: Upgrade
        Upgrade: websocket
        Sec-WebSocket-Version: 13
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

        HTTP/1.1 101 Switching Protocols
        Connection: Upgrade
        Upgrade: websocket
        Sec-WebSocket-Accept: {accept}
        """
_GOOD = _SHOWN.format(accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


@rule(
    "websocket/handshake-invalid",
    Severity.ERROR,
    "The WebSocket handshake is invalid",
    on=status(101),
    references=(RFC6455 + "4.1", RFC6455 + "4.2.2"),
    what=(
        "A 101 that does not answer the handshake as it must: wrong `Sec-WebSocket-Accept`, `Upgrade` or `Connection`."
    ),
    why="""
        The client computes what `Sec-WebSocket-Accept` has to be and closes the connection when it is not: that
        proves that
        the other side is a WebSocket server and not a cache or some other service that was made to answer.
        """,
    fix="Use a WebSocket library on the server; let proxies in front pass `Upgrade` and `Connection` on unchanged.",
    unless="Recorders that leave the handshake's fields out are not taken for servers that do.",
    shows=_SHOWN.format(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    quiet=_GOOD,
)
def handshake_invalid(x: Subject) -> Finding | None:
    """The checks of section 4.1, in its order."""
    if not _attempt(x) or not len(x.res):
        return None
    upgrade, connection = x.res.get("upgrade"), x.res.get("connection")
    full = "sec-websocket-accept" in x.res or x.exchange.context.recorder.vantage != "browser"
    if full and (upgrade is None or upgrade.strip().lower() != "websocket"):
        return _invalid(x, "upgrade", "`Upgrade` has to be `websocket`")
    if full and "upgrade" not in (token.lower() for token in tokens(connection or "")):
        return _invalid(x, "connection", "`Connection` has to contain `Upgrade`")
    key = x.req.get("sec-websocket-key")
    if key is None:
        return None
    expected = accept_for(key)
    if expected is None:
        return Finding(
            "`Sec-WebSocket-Key` has to be 16 random octets in Base64, and this one is not.",
            "The client lets its WebSocket library make the key.",
            (x.request_field("sec-websocket-key"),),
            title="The client's key is invalid",
        )
    got = x.res.get("sec-websocket-accept")
    if got is None:
        return _invalid(x, "sec-websocket-accept", "`Sec-WebSocket-Accept` is missing") if full else None
    if got.strip() != expected:
        return Finding(
            f"For this key `Sec-WebSocket-Accept` has to be `{expected}` (SHA-1 of the key and a fixed string, in "
            "Base64). The "
            "client closes the connection.",
            "Use a WebSocket library on the server. If there is one, something in between answered from a stored "
            "response.",
            (
                x.request_field("sec-websocket-key", None, "the client's key"),
                x.response_field("sec-websocket-accept", None, f"should be {expected}"),
            ),
            title="`Sec-WebSocket-Accept` does not answer the key",
        )
    return None


def _invalid(x: Subject, name: str, what: str) -> Finding:
    return Finding(
        f"The server says 101, and {what}. The client closes the connection.",
        "Let the server's WebSocket library answer; proxies in front pass `Upgrade` and `Connection` on.",
        (x.status_evidence(), x.response_field(name)),
        title=f"Invalid handshake: {what}",
    )


@rule(
    "websocket/not-offered",
    Severity.ERROR,
    "The server chose something the client did not offer",
    on=status(101),
    references=(RFC6455 + "4.1",),
    what="The 101 names a subprotocol or an extension that the request did not offer.",
    why="The client has to close the connection: the two would not understand each other.",
    fix="The server chooses from the request's `Sec-WebSocket-Protocol` or sends none.",
    shows="""
        GET https://chat.shop.test/live HTTP/1.1
        Upgrade: websocket
        Sec-WebSocket-Protocol: chat.v1

        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        Sec-WebSocket-Protocol: chat.v2
        """,
    quiet="""
        GET https://chat.shop.test/live HTTP/1.1
        Upgrade: websocket
        Sec-WebSocket-Protocol: chat.v2, chat.v1

        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        Sec-WebSocket-Protocol: chat.v1
        """,
)
def not_offered(x: Subject) -> Finding | None:
    """Subprotocols compare with case, extensions by name."""
    if not _attempt(x):
        return None
    for name, what in (("sec-websocket-protocol", "subprotocol"), ("sec-websocket-extensions", "extension")):
        chosen = x.res.get(name)
        if not chosen or (name not in x.req and "sec-websocket-key" not in x.req):
            continue  # the recording leaves out what the client offered
        offered = tokens(x.req.get(name) or "")
        known = set(offered)
        extra = [token for token in tokens(chosen) if token not in known]
        if not extra:
            continue
        shown = words.listed(words.ticked(brief(t, 40) for t in offered)) if offered else "none"
        return Finding(
            f"The server chose the {what} `{brief(extra[0], 60)}`; offered: {shown}. The client closes the connection.",
            "The server chooses from what the request offers in "
            f"`{x.req.named(name) if name in x.req else x.res.named(name)}`, "
            "or leaves the field out.",
            (x.request_field(name), x.response_field(name)),
            title=f"The {what} `{brief(extra[0], 60)}` was not offered",
        )
    return None


_WHY_FAILED = {
    200: "An ordinary page answered: the address is no WebSocket endpoint, or a proxy took `Upgrade` out on the way.",
    400: "The server found the handshake invalid; a proxy that drops `Upgrade` or `Connection` is the usual cause "
    '(nginx needs `proxy_set_header Upgrade $http_upgrade` and `Connection "upgrade"`).',
    401: "The server wants credentials. `new WebSocket()` can send cookies, but no `Authorization` field.",
    403: "The server refused: often its check of `Origin`, which is its protection against other sites' pages.",
    404: "There is no endpoint at this address.",
    426: "The server wants another version of the WebSocket protocol; its `Sec-WebSocket-Version` says which.",
    502: "The proxy could not reach the WebSocket server behind it.",
    503: "The WebSocket server behind the proxy is not available.",
}


@rule(
    "websocket/upgrade-failed",
    Severity.WARNING,
    "The WebSocket was not opened",
    on=scheme("ws", "wss") + request_field("sec-websocket-key", "upgrade"),
    references=(RFC6455 + "4.1", RFC9110 + "7.8"),
    what="A WebSocket handshake was answered with something other than 101.",
    why=(
        "The page's WebSocket fires `error` and `close` (code 1006) and is not told the reason; the recording shows it."
    ),
    fix="It depends on the status, which the finding explains.",
    unless="`401` and redirects may be answered by a client that is no browser.",
    shows="""
        GET https://chat.shop.test/live HTTP/1.1
        Connection: Upgrade
        Upgrade: websocket
        Sec-WebSocket-Version: 13
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

        HTTP/1.1 200 OK
        Content-Type: text/html
        """,
    quiet=_GOOD,
)
def upgrade_failed(x: Subject) -> Finding | None:
    """Any other status than the one that opens."""
    if x.response is None or not _attempt(x) or _opened(x):
        return None
    if x.method == "CONNECT":
        return None
    code = x.status
    if 300 <= code < 400 and "location" in x.res:
        why = f"It redirects to {shown_target(x)}. Browsers do not follow redirects of a WebSocket handshake."
    else:
        why = _WHY_FAILED.get(code) or f"The server answered {status_name(code)} instead of 101."
    origin = (x.request_field("origin"),) if code == 403 and "origin" in x.req else ()
    return Finding(
        f"The handshake was answered with {status_name(code)}, not `101`. {why} The page only learns that the "
        "connection failed "
        "(close code 1006).",
        "The server, or the proxy in front of it, lets the handshake through and answers it with `101`.",
        (x.status_evidence("should be 101"), *origin),
        title=f"WebSocket not opened: {status_name(code)}",
    )


@rule(
    "websocket/insecure",
    Severity.WARNING,
    "WebSocket without encryption",
    on=scheme("ws") + request_field("upgrade", "sec-websocket-key"),
    references=(RFC6455 + "10.6", "https://www.w3.org/TR/mixed-content/"),
    what="A WebSocket runs over `ws:` (plain HTTP), not `wss:`.",
    why="""
        Everybody on the way can read and change the messages, and proxies that do not know WebSockets break them. On
        a page
        loaded over HTTPS browsers refuse `ws:` altogether.
        """,
    fix="Use `wss:`.",
    unless="On this machine (loopback) nothing leaves it.",
    shows="""
        GET ws://chat.shop.test/live HTTP/1.1
        Upgrade: websocket

        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        """,
    quiet="""
        GET wss://chat.shop.test/live HTTP/1.1
        Upgrade: websocket

        HTTP/1.1 101 Switching Protocols
        Upgrade: websocket
        """,
    once="origin",
)
def insecure(x: Subject) -> Finding | None:
    """ws: or an upgrade over http:, not to this machine."""
    if x.local or not _attempt(x) or x.url.scheme not in ("ws", "http"):
        return None
    page = x.page_url or ""
    mixed = " The page is loaded over HTTPS, where browsers refuse `ws:`." if page.startswith("https:") else ""
    return Finding(
        f"The WebSocket to `{brief(x.url.host, 80)}` is not encrypted: everybody on the way can read and change its "
        f"messages.{mixed}",
        f"The page opens `wss://{brief(x.url.host, 80)}…`, and the server has TLS there.",
        (x.request_line(),),
    )


@rule(
    "websocket/conversation",
    Severity.INFO,
    "What was said on the WebSocket",
    on=(*status(101), *scheme("ws", "wss"), ("method", "CONNECT")),
    references=(RFC6455 + "5", RFC6455 + "7.4", EXTENDED_CONNECT),
    what="How many messages went which way, what was agreed, and how the connection ended, in words.",
    why="After the 101 there is no HTTP any more; what a connection was used for shows only in its messages.",
    fix="Nothing needs fixing; this explains.",
    unless="Recorders that keep no messages leave nothing to count.",
    shows=_GOOD,
    quiet="""
        GET https://chat.shop.test/live HTTP/1.1
        Upgrade: h2c

        HTTP/1.1 101 Switching Protocols
        Upgrade: h2c
        """,
)
def conversation(x: Subject) -> Finding | None:
    """Opened, agreed, said, ended."""
    if not _attempt(x) or not _opened(x):
        return None
    told: list[str] = []
    agreed = x.res.get("sec-websocket-protocol")
    extensions = x.res.get("sec-websocket-extensions")
    evidence: list[Evidence] = []
    if agreed:
        told.append(
            f"Both sides agreed on the subprotocol `{brief(x.shown('response', 'sec-websocket-protocol'), 60)}`."
        )
        evidence.append(x.response_field("sec-websocket-protocol"))
    if extensions and "permessage-deflate" in extensions:
        told.append("Messages are compressed (`permessage-deflate`).")
        evidence.append(x.response_field("sec-websocket-extensions"))
    socket = x.exchange.websocket
    if socket is None:
        told.insert(0, "The WebSocket is open. The recording keeps none of its messages.")
        return Finding(" ".join(told), None, tuple(evidence), title="WebSocket opened")
    told.append(_said(socket))
    title = f"WebSocket: {words.count(len(socket.messages) + socket.dropped, 'message')}"
    severity = None
    close = socket.close
    if close is not None and close.code is not None:
        name, meaning = close_words(close.code)
        by = "" if close.by_client is None else " by the client" if close.by_client else " by the server"
        reason = f', giving the reason "{brief(x.masker.text(close.reason), 100)}"' if close.reason else ""
        told.append(f"It was closed{by} with {close.code} ({name}){reason}. {meaning}".strip())
        title += f", closed with {close.code} ({name})"
        evidence.append(Evidence("exchange", "close code", str(close.code)))
        if close.code in (1002, 1003, 1006, 1007, 1008, 1009, 1010, 1011, 1014):
            severity = Severity.NOTE
    else:
        told.append("How it ended is not recorded.")
    return Finding(" ".join(told), None, tuple(evidence), title=title, severity=severity)


def _said(socket: WebSocket) -> str:
    sent = [m for m in socket.messages if m.from_client]
    got = [m for m in socket.messages if not m.from_client]
    if not socket.messages and not socket.dropped:
        return "No message was recorded on it."
    sizes = [sum(m.size or (len(m.content) if m.content is not None else 0) for m in side) for side in (sent, got)]
    text = (
        f"The client sent {words.count(len(sent), 'message')} ({words.octets(sizes[0])}), the server "
        f"{words.count(len(got), 'message')} ({words.octets(sizes[1])})"
    )
    times = [m.time for m in socket.messages if m.time is not None]
    if len(times) > 1 and max(times) - min(times) >= 0.001:
        text += f", over {words.duration(max(times) - min(times))}"
    if socket.dropped:
        text += f"; {socket.dropped:,} more were seen and not kept"
    return text + "."

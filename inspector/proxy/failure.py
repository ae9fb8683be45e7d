"""Why a flow ended without a complete response, and whose doing that was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.exchange import Failure, Side
from inspector.proxy.facts import read_facts
from inspector.proxy.handshake import HUNG_UP, LEFT

if TYPE_CHECKING:
    from mitmproxy import http

NOTHING_PASSED = "Nothing passed for "
"""How the error of a client's connection begins that mitmproxy ended for being idle (see `idle`)."""

_WITHOUT_CLOSE = 1006
"""The code of a WebSocket that ended without a close frame (RFC 6455, section 7.4.1)."""

_OWN = ("Request destination unknown", "inspector connects to this machine only")
_ENDED_BY_CLIENT = ("client disconnected", "client closed")
_ENDED_BY_PROXY = (
    "connection killed",
    "request destination unknown",
    "inspector connects",
    "request body exceeds mitmproxy",
    "response body exceeds mitmproxy",
)
_ENDED_BY_SERVER = (
    "server closed",
    "unexpected server response",
    "certificate verify failed",
    "cannot parse http response",
    "the remote server",
    "[errno",
)


def failure_of(flow: http.HTTPFlow) -> Failure | None:
    """What ended the exchange early, in mitmproxy's words, and whose doing it was where that can be told."""
    crashed = read_facts(flow).crashed
    if crashed is not None:
        return Failure(f"mitmproxy failed inside: {crashed}", side="recorder")
    idle = idle_end(flow)
    if idle is not None:
        return Failure(idle, side="recorder")
    if flow.error is not None:
        return Failure(flow.error.msg, side=_failed_side(flow, flow.error.msg))
    response = flow.response
    if response is None:
        return None
    status = response.data.status_code
    if tunnel_failed(flow):
        cause = flow.server_conn.error
        message = cause if cause else _made_up_reason(response)
        if cause and cause.lower().startswith(_ENDED_BY_CLIENT):
            return Failure(message, side="client")
        return Failure(message, side="server" if cause and not cause.startswith(_OWN) else "recorder")
    if 100 <= status < 200 and status != 101:
        # mitmproxy takes an informational response over HTTP/1 for the final one and loses what follows
        return Failure(f"The informational response {status} was taken for the final one.", side="recorder")
    return None


def idle_end(flow: http.HTTPFlow) -> str | None:
    """Why mitmproxy ended an exchange, in words, if it did so because nothing passed; else ``None``."""
    said = flow.client_conn.error
    if said is None or not said.startswith(NOTHING_PASSED):
        return None
    open_still = flow.websocket is not None and flow.websocket.close_code == _WITHOUT_CLOSE
    return said if flow.error is not None or open_still or tunnel_failed(flow) else None


def tunnel_failed(flow: http.HTTPFlow) -> bool:
    """Whether mitmproxy answered a ``CONNECT`` with an error of its own making."""
    return (
        flow.request.data.method == b"CONNECT" and flow.response is not None and flow.response.data.status_code >= 400
    )


def _made_up_reason(response: http.Response) -> str:
    return (response.data.content or response.data.reason or b"The connection failed.").decode("utf-8", "replace")[:500]


def _failed_side(flow: http.HTTPFlow, message: str) -> Side | None:
    if message in (LEFT, HUNG_UP) or (flow.client_conn.error and message == flow.client_conn.error):
        return "client"
    said = message.lower()
    if said.startswith(_ENDED_BY_CLIENT):
        return "client"
    if said.startswith(_ENDED_BY_PROXY):
        return "recorder"
    if "smuggling" in said:  # mitmproxy's word for a message two readers could take for different ones
        return "client" if "from client" in said else "server" if "from server" in said else None
    if flow.server_conn.error or said.startswith(_ENDED_BY_SERVER):
        return "server"
    if said.startswith("http/1 protocol error"):
        # said of whichever side it reads from: until the request is complete, that is the client
        return "client" if flow.response is None and flow.request.data.timestamp_end is None else "server"
    if said.startswith(("stream reset", "http/2")):
        # mitmproxy names the client whoever it was; only where one side speaks HTTP/2 it can be told
        client, server = flow.client_conn.alpn == b"h2", flow.server_conn.alpn == b"h2"
        if client != server:
            return "client" if client else "server"
    return None

"""Why a flow ended without a complete response, and whose doing that was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from inspector.exchange import Failure

if TYPE_CHECKING:
    from mitmproxy import http

_ENDED_BY_CLIENT = ("client disconnected", "client closed")
_ENDED_BY_PROXY = ("connection killed", "request body exceeds mitmproxy", "response body exceeds mitmproxy")
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
    if flow.error is not None:
        return Failure(flow.error.msg, side=_failed_side(flow, flow.error.msg))
    response = flow.response
    if response is None:
        return None
    status = response.data.status_code
    if tunnel_failed(flow):
        cause = flow.server_conn.error
        message = cause if cause else _made_up_reason(response)
        return Failure(message, side="server" if cause else "recorder")
    if 100 <= status < 200 and status != 101:
        # mitmproxy takes an informational response over HTTP/1 for the final one and loses what follows
        return Failure(f"The informational response {status} was taken for the final one.", side="recorder")
    return None


def tunnel_failed(flow: http.HTTPFlow) -> bool:
    """Whether mitmproxy answered a ``CONNECT`` with an error of its own making."""
    return (
        flow.request.data.method == b"CONNECT" and flow.response is not None and flow.response.data.status_code >= 400
    )


def _made_up_reason(response: http.Response) -> str:
    return (response.data.content or response.data.reason or b"The connection failed.").decode("utf-8", "replace")[:500]


def _failed_side(flow: http.HTTPFlow, message: str) -> Literal["client", "server", "recorder"] | None:
    said = message.lower()
    if said.startswith(_ENDED_BY_CLIENT):
        return "client"
    if said.startswith(_ENDED_BY_PROXY):
        return "recorder"
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

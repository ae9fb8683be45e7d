"""A client that got no further than the TLS handshake, as a flow: a ``CONNECT`` that came to nothing.

mitmproxy makes no flow of it. Ours is explained, saved and read again like any other.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitmproxy import connection, http, tls

LEFT = "The client finished the TLS handshake and left without a request."
HUNG_UP = "The client disconnected during the handshake."
_FAILED = "The TLS handshake with the client failed."


def flow_from_handshake(data: tls.TlsData, headers: http.Headers | None) -> http.HTTPFlow:
    """The handshake that failed. `headers` are those of the client's own ``CONNECT``, if it sent one."""
    context = data.context
    said = context.client.error or _FAILED
    if said.startswith(HUNG_UP):
        said = HUNG_UP  # without the guess that mitmproxy adds: what it means is told with what else is known
    return _flow(context.client, context.server, said, headers)


def flow_from_silence(
    client: connection.Client, server: connection.Server, headers: http.Headers | None
) -> http.HTTPFlow:
    """A client that hung up after the handshake."""
    return _flow(client, server, LEFT, headers)


def _flow(
    client: connection.Client, server: connection.Server, message: str, headers: http.Headers | None
) -> http.HTTPFlow:
    from mitmproxy import flow, http

    address = server.address or client.sockname
    host, port = client.sni or address[0], address[1]
    made = http.HTTPFlow(client, server)
    shown = f"[{host}]" if ":" in host else host
    made.request = http.Request(
        host=host,
        port=port,
        method=b"CONNECT",
        scheme=b"",
        authority=f"{shown}:{port}".encode("idna" if not shown.isascii() else "ascii", "replace"),
        path=b"",
        http_version=b"HTTP/1.1",
        headers=headers.copy() if headers is not None else http.Headers(),
        content=b"",
        trailers=None,
        timestamp_start=client.timestamp_start,
        timestamp_end=client.timestamp_start,
    )
    made.error = flow.Error(message, client.timestamp_end or time.time())
    return made

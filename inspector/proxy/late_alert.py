"""A server that ends a connection by a TLS alert after the handshake, and a request that would wait for ever.

In TLS 1.3 a client has finished its handshake before the server has looked at its certificate (RFC 8446, section
4.4.2), so "certificate required" comes afterwards. mitmproxy logs such an alert, takes the end of the connection that
follows for one that it has told of already, and never tells the request that waits for an answer.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from mitmproxy import connection
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.layers import tls

_LOGGED = "TLS Error: "
_told = tls.TLSLayer.receive_data


def hear_late_alerts() -> None:
    """Have mitmproxy's connections to servers end where an alert ended them. Done once is done for this process."""
    tls.ServerTLSLayer.receive_data = _receive_data  # type: ignore[method-assign]
    tls.ServerTLSLayer.receive_close = _receive_close  # type: ignore[method-assign]


def alert_after_handshake(server: connection.Server) -> str | None:
    """What ended an established connection, in OpenSSL's words; ``None`` where nothing of the kind did."""
    said = server.error
    return said.removeprefix(_LOGGED) if said is not None and said.startswith(_LOGGED) else None


def _receive_data(self: tls.TLSLayer, data: bytes) -> layer.CommandGenerator[None]:
    """What mitmproxy does, noting the error that it logs."""
    doing: Generator[commands.Command, Any, None] = _told(self, data)
    reply = None
    while True:
        try:
            command = doing.send(reply)
        except StopIteration:
            return
        if isinstance(command, commands.Log) and command.message.startswith(_LOGGED):
            self.conn.error = command.message
        reply = yield command


def _receive_close(self: tls.TLSLayer) -> layer.CommandGenerator[None]:
    """OpenSSL counts a fatal alert as a goodbye; the child layer has only been told of it if it was one."""
    if self.conn.error is not None and self.conn.error.startswith(_LOGGED):
        yield from super(tls.TLSLayer, self).receive_close()
    else:
        yield from tls.TLSLayer.receive_close(self)

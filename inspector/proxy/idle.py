"""Connections that mitmproxy ended because nothing passed on them, told apart from clients that gave up.

Where nothing passes on a client's connection, nor on those made for it, for `tcp_timeout` seconds, mitmproxy closes
them all, and says of every exchange on them that the client disconnected.
"""

from __future__ import annotations

from mitmproxy.proxy import server

from inspector.proxy.failure import NOTHING_PASSED

_end = server.ConnectionHandler.on_timeout


def note_idle_ends() -> None:
    """Have mitmproxy keep why it ended a client's connection, as that connection's error. Once is for this process."""
    server.ConnectionHandler.on_timeout = _on_timeout  # type: ignore[method-assign]


async def _on_timeout(self: server.ConnectionHandler) -> None:
    self.client.error = f"{NOTHING_PASSED}{self.timeout_watchdog.timeout} s; mitmproxy closed the connection"
    await _end(self)

"""Where connections to servers go: names that only exist on this machine, and a fence around it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from inspector.url import is_loopback

if TYPE_CHECKING:
    from mitmproxy.proxy import server_hooks


def resolve_locally(loop: asyncio.AbstractEventLoop, names: Mapping[str, str]) -> None:
    """Make an event loop find the given host names at the given addresses.

    This is done below mitmproxy, not by changing the address of its server connections: it compares those addresses to
    reuse connections, and its records should name what the client asked for. Ports stay.
    """
    known = {name.lower(): address for name, address in names.items()}
    ask = loop.getaddrinfo

    async def getaddrinfo(host: Any, port: Any, **keywords: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str):
            name = known.get(name.lower().rstrip("."), name)
        return await ask(name, port, **keywords)

    loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]


class LoopbackOnly:
    """Refuses to connect anywhere but to this machine. `names` are host names that stand for it."""

    name = "inspector-loopback-only"

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {name.lower(): address for name, address in names.items()}

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Refuse a connection before it is made."""
        if data.server.address is None:
            return
        host = data.server.address[0].lower().rstrip(".")
        if not is_loopback(self._names.get(host, host)):
            data.server.error = "inspector connects to this machine only"

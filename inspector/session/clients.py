"""Which clients trust the authority of a proxy that records: told apart by what they call themselves."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST = 500


class Clients:
    """Remembers clients (by ``User-Agent``) that sent a request inside TLS to a recording proxy. Bounded."""

    def __init__(self) -> None:
        self._trusting: OrderedDict[str, str] = OrderedDict()

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""
        if x.exchange.client.tls is None or x.method == "CONNECT":
            return
        name = x.req.get("user-agent")
        if name is None or name in self._trusting:
            return
        self._trusting[name] = x.url.host
        if len(self._trusting) > MOST:
            self._trusting.popitem(last=False)

    def trusts_at(self, x: Subject) -> str | None:
        """A host at which the client of this exchange accepted the proxy's certificate; ``None`` if none is known."""
        name = x.req.get("user-agent")
        return self._trusting.get(name) if name is not None else None

"""Names without a name server: makes an event loop find the lab's hosts.

For a program that connects by name and cannot be told an address (a proxy, above all). Changing the address
of a connection instead would change what that program knows about it: the names it logs, the connections it reuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def teach(loop: asyncio.AbstractEventLoop, resolve: Callable[[str], str | None]) -> Callable[[], None]:
    """Have a loop's connections look names up with `resolve` first, and as usual where that says ``None``.

    Returns a function that undoes it. Certificates are still checked against the name.
    """
    usual = loop.getaddrinfo

    async def getaddrinfo(host: Any, port: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        known = resolve(name) if isinstance(name, str) else None
        return await usual(known if known is not None else host, port, **options)

    loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign]

    def forget() -> None:
        loop.getaddrinfo = usual  # type: ignore[method-assign]

    return forget

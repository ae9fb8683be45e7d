"""Hosts that asked to be reached over https alone (RFC 6797, sections 5.3 and 8). Bounded."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

from inspector.fields.hsts import parse_hsts
from inspector.url import Url, ip_address

MOST_HOSTS = 5000


class Known(Struct, frozen=True):
    """One known HSTS host: until when (seconds since 1970, ``None`` where no clock was recorded), and who said so."""

    host: str
    include_subdomains: bool
    until: float | None
    index: int


class HstsList:
    """The list a browser keeps, rebuilt from the responses recorded."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, Known] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._hosts)

    def note(self, url: Url, line: str, now: float | None, index: int) -> None:
        """Heed the first ``Strict-Transport-Security`` line of a response; over http and from IP addresses, nothing."""
        if url.scheme != "https" or not url.host or ip_address(url.host) is not None:
            return
        value = parse_hsts(line)
        if value.fault is not None or value.max_age is None:
            return
        host = url.host.rstrip(".")
        self._hosts.pop(host, None)
        if value.max_age == 0:
            return
        until = None if now is None else now + value.max_age
        self._hosts[host] = Known(host, value.include_subdomains, until, index)
        if len(self._hosts) > MOST_HOSTS:
            self._hosts.popitem(last=False)

    def find(self, host: str, now: float | None) -> Known | None:
        """The entry for a host: its own, or one of a host above it that includes its subdomains."""
        if not self._hosts or ip_address(host) is not None:
            return None
        name, own = host.rstrip("."), True
        while name:
            if name in self._hosts:
                known = self._hosts[name]
                expired = known.until is not None and now is not None and now >= known.until
                if not expired and (own or known.include_subdomains):
                    return known
            name, own = name.partition(".")[2], False
        return None

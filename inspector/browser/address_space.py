"""IP address spaces (Local Network Access, section 2.1): this machine, the local network, or everybody's."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network
from typing import Literal

from inspector.url import ip_address, is_loopback

AddressSpace = Literal["loopback", "local", "public"]
"""As ``Network.IPAddressSpace`` calls them, in lower case."""

_LOCAL = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
_RANK = {"loopback": 0, "local": 1, "public": 2}


@lru_cache(maxsize=1024)
def address_space(host: str) -> AddressSpace | None:
    """The space an address or host name belongs to; ``None`` for names, which only the DNS could tell.

    Names under ``.local`` are of the local network (RFC 6762), ``localhost`` is this machine.
    """
    if is_loopback(host):
        return "loopback"
    address = ip_address(host.strip("[]"))
    if address is None:
        return "local" if host.rstrip(".").endswith(".local") else None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_loopback:
        return "loopback"
    if any(address in network for network in _LOCAL if network.version == address.version):
        return "local"
    return "public"


def is_more_local(target: AddressSpace, page: AddressSpace) -> bool:
    """Whether `target` is in a less public space than `page` (Local Network Access, "non-public")."""
    return _RANK[target] < _RANK[page]

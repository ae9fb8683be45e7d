"""Name constraints (RFC 5280, section 4.2.1.10): which names fall outside. Pure, on text."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence


def outside(
    dns_names: Sequence[str], addresses: Sequence[str], permitted: Sequence[str], excluded: Sequence[str]
) -> tuple[str, ...]:
    """Those of a certificate's names that an authority with these constraints may not vouch for, in order.

    Constraints are DNS names (``shop.test`` covers itself and all below) and networks (``127.0.0.0/8``). Each binds
    names of its own kind only: where no network is permitted, addresses are free unless excluded.
    """
    networks, domains = _split(permitted)
    barred_networks, barred_domains = _split(excluded)
    bad = []
    for name in dns_names:
        plain = name.removeprefix("*.")
        if (domains and not _under(plain, domains)) or _under(plain, barred_domains):
            bad.append(name)
    for text in addresses:
        address = ipaddress.ip_address(text)
        inside = [network for network in networks if address in network]
        if (networks and not inside) or any(address in network for network in barred_networks):
            bad.append(text)
    return tuple(bad)


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _split(constraints: Sequence[str]) -> tuple[list[_Network], list[str]]:
    networks: list[_Network] = []
    domains: list[str] = []
    for constraint in constraints:
        try:
            if "/" not in constraint:
                raise ValueError
            networks.append(ipaddress.ip_network(constraint, strict=False))
        except ValueError:
            domains.append(constraint)
    return networks, domains


def _under(name: str, domains: Sequence[str]) -> bool:
    lower = name.lower().rstrip(".")
    for domain in domains:
        base = domain.lower().lstrip(".")
        if not base or lower == base or lower.endswith(f".{base}"):
            return True
    return False

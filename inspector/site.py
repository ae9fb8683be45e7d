"""Sites: registrable domains by the public suffix list, and the same-site relation (HTML, "obtain a site")."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from inspector.url import Url, ip_address


@lru_cache(maxsize=1)
def _text() -> str:
    from publicsuffixlist import PSLFILE

    return Path(PSLFILE).read_text("utf-8")


@lru_cache(maxsize=256)
def _suffixes(top: str) -> Any:
    """The part of the public suffix list that speaks of names under one top-level domain.

    A rule is matched from its last label on, so the others cannot tell anything of such a name, and to load them all
    takes longer than to explain a usual capture.
    """
    from publicsuffixlist import PublicSuffixList

    text, under = _text(), f".{top}\n"
    rules = [before.rpartition("\n")[2] + under for before in text.split(under)[:-1]]
    if f"\n{top}\n" in text:
        rules.append(top)
    return PublicSuffixList(rules, accept_encoded_idn=False)


@lru_cache(maxsize=1)
def _all_suffixes() -> Any:
    """The whole list, with its international names encoded as well (``xn--…``): several tenths of a second."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def _list_for(host: str) -> Any:
    return _all_suffixes() if "xn--" in host else _suffixes(host.rpartition(".")[2])


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str | None:
    """The registrable domain (eTLD+1) of a host, or ``None`` for IP addresses and public suffixes themselves."""
    host = host.rstrip(".")
    if not host or ip_address(host) is not None:
        return None
    found: str | None = _list_for(host).privatesuffix(host)
    return found


@lru_cache(maxsize=4096)
def is_public_suffix(host: str) -> bool:
    """Whether a domain is a public suffix (``com``, ``co.uk``, ``github.io``), which no cookie may span."""
    host = host.rstrip(".")
    if not host or ip_address(host) is not None:
        return False
    return bool(_list_for(host).is_public(host))


def same_site(a: Url, b: Url, *, schemeful: bool = True) -> bool:
    """Whether two URLs are same-site: equal registrable domain (or equal host), and equal scheme if `schemeful`."""
    if a.origin == "null" or b.origin == "null":
        return False
    if schemeful and _http_scheme(a.scheme) != _http_scheme(b.scheme):
        return False
    if a.host == b.host:
        return True
    site = registrable_domain(a.host)
    return site is not None and site == registrable_domain(b.host)


def _http_scheme(scheme: str) -> str:
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def private_host(host: str) -> bool:
    """Whether a host is in a network of one's own: an address not routed, or a name outside public DNS."""
    address = ip_address(host)
    if address is not None:
        return address.is_private
    return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa", ".localhost"))

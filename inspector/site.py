"""Sites: registrable domains by the public suffix list, and the same-site relation (HTML, "obtain a site")."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from inspector.url import Url, ip_address


@lru_cache(maxsize=2)
def _suffixes(encoded: bool) -> Any:
    """The list, with its international names encoded as well (``xn--…``) or as they are written alone.

    Loading it costs a few hundredths of a second, and encoding ten thousand names several times that.
    """
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_encoded_idn=encoded)


@lru_cache(maxsize=4096)
def registrable_domain(host: str) -> str | None:
    """The registrable domain (eTLD+1) of a host, or ``None`` for IP addresses and public suffixes themselves."""
    host = host.rstrip(".")
    if not host or ip_address(host) is not None:
        return None
    found: str | None = _suffixes("xn--" in host).privatesuffix(host)
    return found


@lru_cache(maxsize=4096)
def is_public_suffix(host: str) -> bool:
    """Whether a domain is a public suffix (``com``, ``co.uk``, ``github.io``), which no cookie may span."""
    host = host.rstrip(".")
    if not host or ip_address(host) is not None:
        return False
    return bool(_suffixes("xn--" in host).is_public(host))


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

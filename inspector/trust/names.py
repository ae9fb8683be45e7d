"""Does a certificate speak for this host? (RFC 9525; RFC 5280, section 4.2.1.6.) Pure, without certificates.

The rules in short: only subject alternative names count, never the common name; an address must be listed as an
address; ``*`` stands for exactly one label, the whole leftmost one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct


class NameMatch(Struct, frozen=True):
    """Whether the host was found, by which of the certificate's names, and why in words."""

    matches: bool
    by: str | None
    because: str


def reference_host(text: str) -> str:
    """A host as it is compared: lower case, no trailing dot, ``xn--`` labels, addresses in their shortest form.

    Raises:
        ValueError: it can be neither a host name nor an address.
    """
    host = text.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError(f"'{text}' is not a host name: {error}") from error
    labels = host.split(".")
    allowed = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
    if len(host) > 253 or not all(0 < len(label) <= 63 and set(label) <= allowed for label in labels):
        raise ValueError(f"'{text}' is neither a host name nor an address")
    return host


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def match_name(
    host: str,
    dns_names: Sequence[str],
    addresses: Sequence[str],
    common_name: str | None = None,
    has_names: bool = True,
) -> NameMatch:
    """Look for `host` (from `reference_host`) among a certificate's names.

    `has_names`: there is a subject alternative name extension at all.
    """
    if not has_names:
        reason = "The certificate has no subject alternative names, so it speaks for no host."
        if common_name:
            reason += (
                f" The common name `{common_name}` does not count: browsers have ignored it since 2017 (RFC 9525); "
                "OpenSSL and what is built on it still fall back to it."
            )
        return NameMatch(False, None, reason)
    if is_address(host):
        return _match_address(host, dns_names, addresses)
    refused: str | None = None
    for pattern in dns_names:
        name = pattern.lower().rstrip(".")
        if name == host:
            return NameMatch(True, pattern, f"`{pattern}` is the host itself.")
        if "*" in name:
            found = _match_wildcard(host, name, pattern)
            if found is not None and found[0]:
                return NameMatch(True, pattern, found[1])
            refused = refused or (found[1] if found is not None else None)
    if refused:
        return NameMatch(False, None, refused)
    listed = _some([*dns_names, *addresses])
    return NameMatch(False, None, f"`{host}` is not among the certificate's names: {listed}.")


def _match_address(host: str, dns_names: Sequence[str], addresses: Sequence[str]) -> NameMatch:
    if host in addresses:
        return NameMatch(True, host, f"The address `{host}` is listed.")
    if host in dns_names:
        reason = f"`{host}` is listed as a DNS name; an address counts only where it is listed as an address."
        return NameMatch(False, None, reason)
    return NameMatch(
        False, None, f"The address `{host}` is not among the certificate's names: {_some([*dns_names, *addresses])}."
    )


def _match_wildcard(host: str, name: str, pattern: str) -> tuple[bool, str] | None:
    """RFC 9525, section 6.3: whether it matches, and why; ``None``: the pattern is about others."""
    first, _, rest = name.partition(".")
    if first != "*" or "*" in rest:
        if _could_match(host, name):
            return False, (
                f"`{pattern}` looks as if it covered `{host}`, but `*` counts only as the whole leftmost label "
                "(RFC 9525, section 6.3)."
            )
        return None
    label, _, parent = host.partition(".")
    if not rest or _is_public_suffix(rest):
        if parent == rest:
            return False, (
                f"`{pattern}` would speak for every domain under `{rest}`, where names are registered by anyone. "
                "Browsers do not accept such a wildcard."
            )
        return None
    if parent == rest:
        return True, f"`{pattern}` covers it: `*` stands for the one label `{label}`."
    if host == rest:
        return False, f"`{pattern}` covers names one level below `{rest}`, not `{rest}` itself."
    if host.endswith(f".{rest}"):
        return False, (
            f"`{pattern}` covers one label: `*` does not reach over the dots of `{host.removesuffix(f'.{rest}')}`."
        )
    return None


def _could_match(host: str, name: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(host, name.replace("[", "[[]"))


@lru_cache(maxsize=1024)
def _is_public_suffix(name: str) -> bool:
    """Registered by anyone, by the registries' own part of the list: hosters' suffixes (``github.io``) do not count."""
    return bool(_registries().is_public(name))


@lru_cache(maxsize=1)
def _registries() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True)


def _some(names: Sequence[str]) -> str:
    if not names:
        return "it lists none"
    shown = ", ".join(f"`{name}`" for name in names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"

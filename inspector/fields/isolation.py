"""Structured security fields: opener, embedder, resource and permissions policies (HTML 7.1.3-4, Fetch 3.7)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec import Struct

from inspector import url as urls

COOP = frozenset({"unsafe-none", "same-origin", "same-origin-allow-popups", "noopener-allow-popups"})
COEP = frozenset({"unsafe-none", "require-corp", "credentialless"})
CORP = frozenset({"same-origin", "same-site", "cross-origin"})


class PolicyValue(Struct, frozen=True):
    """What a browser takes from a field that holds one token; `fault` says why it is ignored."""

    value: str | None
    fault: str | None = None


class Permission(Struct, frozen=True):
    """One feature of ``Permissions-Policy`` and who may use it: ``*``, ``self``, origins; nobody where empty.

    `ignored` are members that mean nothing to browsers: ``"self"`` in quotes, an origin without, ``none``.
    """

    feature: str
    allowed: tuple[str, ...]
    ignored: tuple[str, ...] = ()


class Permissions(Struct, frozen=True):
    """A parsed ``Permissions-Policy``; `fault` says why all of it is ignored."""

    features: tuple[Permission, ...] = ()
    fault: str | None = None


def _parse(value: str, kind: str) -> Any:
    """Parse a structured field (RFC 9651). Raises `ValueError` where it is none."""
    import http_sf  # pure Python, and needed by few exchanges

    try:
        return http_sf.parse(value.encode("latin-1"), tltype=kind)
    except (http_sf.StructuredFieldError, UnicodeEncodeError, ValueError, IndexError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _token(value: str, known: frozenset[str]) -> PolicyValue:
    import http_sf

    try:
        item, _ = _parse(value.strip(" \t"), "item")
    except (ValueError, TypeError):
        return PolicyValue(None, "it is not a single token")
    if not isinstance(item, http_sf.Token):
        return PolicyValue(
            None, "it is not a token (quotes do not belong there)" if isinstance(item, str) else "it is not a token"
        )
    text = str(item)
    return PolicyValue(text) if text in known else PolicyValue(None, "it is none of the known values")


@lru_cache(maxsize=256)
def parse_coop(value: str) -> PolicyValue:
    """``Cross-Origin-Opener-Policy``: a structured item, case matters; else ``unsafe-none`` is in force."""
    return _token(value, COOP)


@lru_cache(maxsize=256)
def parse_coep(value: str) -> PolicyValue:
    """``Cross-Origin-Embedder-Policy``: a structured item, case matters; else ``unsafe-none`` is in force."""
    return _token(value, COEP)


@lru_cache(maxsize=256)
def parse_corp(value: str) -> PolicyValue:
    """``Cross-Origin-Resource-Policy``: exactly one of three values, compared with regard to case."""
    value = value.strip(" \t")
    return PolicyValue(value) if value in CORP else PolicyValue(None, "it is none of the three known values")


@lru_cache(maxsize=512)
def parse_permissions_policy(value: str) -> Permissions:
    """``Permissions-Policy``: a structured dictionary of features and allowlists (Permissions Policy, section 5.2)."""
    import http_sf

    try:
        parsed = _parse(value.strip(" \t"), "dictionary")
    except (ValueError, TypeError):
        return Permissions(fault="it is not a structured dictionary such as `camera=(), geolocation=(self)`")
    features: list[Permission] = []
    for name, member in parsed.items():
        content = member[0] if isinstance(member, tuple) else member
        items = content if isinstance(content, list) else [content]
        bare = [item[0] if isinstance(item, tuple) else item for item in items]
        allowed = tuple(str(item) for item in bare if _allows(item))
        ignored = tuple(str(item) for item in bare if isinstance(item, str | http_sf.Token) and not _allows(item))
        features.append(Permission(str(name), allowed, ignored))
    return Permissions(tuple(features))


def _allows(item: Any) -> bool:
    """Whether a member of an allowlist counts: the tokens ``*`` and ``self``, and strings that are origins.

    Chromium, which alone reads the field, takes ``"*"`` in quotes for ``*`` too (and ``"self"`` for nothing).
    """
    import http_sf

    if isinstance(item, http_sf.Token):
        return str(item) in ("*", "self")
    return isinstance(item, str) and (item == "*" or urls.parse(item).origin != "null")

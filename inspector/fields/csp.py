"""``Content-Security-Policy``: serialised policies and source expressions taken apart (CSP3, section 2).

No opinions, and nothing about what a browser does with them: see `inspector.browser.csp`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Literal

from msgspec import Struct

from inspector.patterns import compile_late

FETCH_DIRECTIVES = frozenset(
    {
        "child-src",
        "connect-src",
        "default-src",
        "fenced-frame-src",
        "font-src",
        "frame-src",
        "img-src",
        "manifest-src",
        "media-src",
        "object-src",
        "script-src",
        "script-src-attr",
        "script-src-elem",
        "style-src",
        "style-src-attr",
        "style-src-elem",
        "worker-src",
    }
)
SOURCE_LISTS = FETCH_DIRECTIVES | {"base-uri", "form-action", "frame-ancestors"}
"""Directives whose value is a list of source expressions."""
OTHER_DIRECTIVES = frozenset(
    {
        "report-to",
        "report-uri",
        "require-trusted-types-for",
        "sandbox",
        "trusted-types",
        "upgrade-insecure-requests",
        "webrtc",
    }
)
DEPRECATED = {
    "block-all-mixed-content": "browsers block or upgrade mixed content without it",
    "disown-opener": "`Cross-Origin-Opener-Policy` took its place",
    "navigate-to": "it was taken out of the standard and no browser has it",
    "plugin-types": "it was taken out with the plugins; `object-src 'none'` does the work",
    "prefetch-src": "it was taken out of the standard; a prefetch needs any directive that allows its address",
    "referrer": "`Referrer-Policy` took its place",
    "reflected-xss": "the filters it controlled are gone from every browser",
    "require-sri-for": "it was taken out of the standard; `Integrity-Policy` took its place",
}
"""Directives that were in a version of CSP or in a browser, and what became of them."""
KNOWN_DIRECTIVES = SOURCE_LISTS | OTHER_DIRECTIVES | frozenset(DEPRECATED)

KEYWORDS = frozenset(
    {
        "inline-speculation-rules",
        "none",
        "report-sample",
        "report-sha256",
        "report-sha384",
        "report-sha512",
        "self",
        "strict-dynamic",
        "trusted-types-eval",
        "unsafe-allow-redirects",
        "unsafe-eval",
        "unsafe-hashes",
        "unsafe-inline",
        "unsafe-webtransport-hashes",
        "wasm-unsafe-eval",
    }
)
"""Keyword sources, without their quotes."""

Algorithm = Literal["sha256", "sha384", "sha512"]


class Keyword(Struct, frozen=True, tag=True):
    """``'self'``, ``'none'``, ``'unsafe-inline'`` …: `name` is in lower case, without quotes."""

    text: str
    name: str


class Nonce(Struct, frozen=True, tag=True):
    """``'nonce-…'``; `value` is compared as it is."""

    text: str
    value: str


class Hash(Struct, frozen=True, tag=True):
    """``'sha256-…'``; `value` is base64 with ``+`` and ``/`` (the other alphabet is read too)."""

    text: str
    algorithm: Algorithm
    value: str


class SchemeSource(Struct, frozen=True, tag=True):
    """``https:``; `scheme` is in lower case."""

    text: str
    scheme: str


class HostSource(Struct, frozen=True, tag=True):
    """``https://*.shop.test:8443/path``; scheme and host are in lower case.

    `host` is ``*``, begins with ``*.``, or is a name; `port` is digits, ``*`` or ``None``; `path` is as written.
    `beyond`: a query or fragment follows the path, which the grammar does not know and Chromium leaves out of account.
    """

    text: str
    scheme: str | None
    host: str
    port: str | None
    path: str
    beyond: bool = False


class Unreadable(Struct, frozen=True, tag=True):
    """An expression outside the grammar; it matches nothing."""

    text: str


Source = Keyword | Nonce | Hash | SchemeSource | HostSource | Unreadable

_BASE64 = r"[a-z0-9+/_-]+={0,2}"
_NONCE = compile_late(rf"'nonce-({_BASE64})'", re.IGNORECASE)
_HASH = compile_late(rf"'(sha256|sha384|sha512)-({_BASE64})'", re.IGNORECASE)
_SCHEME = compile_late(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HOST = compile_late(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?)"
    r"(?::(?P<port>[0-9]+|\*))?"
    r"(?:(?P<path>/[^?#;,]*)(?P<beyond>[?#].*)?)?",
    re.IGNORECASE,
)
_TO_PLAIN = str.maketrans("-_", "+/")


@lru_cache(maxsize=4096)
def parse_source(text: str) -> Source:
    """Read one source expression (CSP3, section 2.3.1). Never raises."""
    if text.startswith("'"):
        lower = text.lower()
        if len(text) > 1 and text.endswith("'") and lower[1:-1] in KEYWORDS:
            return Keyword(text, lower[1:-1])
        if (nonce := _NONCE.fullmatch(text)) is not None:
            return Nonce(text, nonce[1])
        if (hashed := _HASH.fullmatch(text)) is not None:
            return Hash(text, hashed[1].lower(), hashed[2].translate(_TO_PLAIN))  # type: ignore[arg-type]
        return Unreadable(text)
    if (scheme := _SCHEME.fullmatch(text)) is not None:
        return SchemeSource(text, scheme[1].lower())
    host = _HOST.fullmatch(text)
    if host is None:
        return Unreadable(text)
    named = host["scheme"].lower() if host["scheme"] else None
    return HostSource(text, named, host["host"].lower(), host["port"], host["path"] or "", host["beyond"] is not None)


class SourceList(tuple[Source, ...]):
    """A directive's sources in order; and what they have of each kind, gathered when it is first asked for."""

    @cached_property
    def keywords(self) -> frozenset[str]:
        """The names of its keywords."""
        return frozenset([source.name for source in self if isinstance(source, Keyword)])

    @cached_property
    def nonces(self) -> frozenset[str]:
        """The values of its nonces."""
        return frozenset([source.value for source in self if isinstance(source, Nonce)])

    @cached_property
    def hashes(self) -> dict[Algorithm, frozenset[str]]:
        """The values of its hashes, by algorithm."""
        found: dict[Algorithm, list[str]] = {}
        for source in self:
            if isinstance(source, Hash):
                found.setdefault(source.algorithm, []).append(source.value)
        return {algorithm: frozenset(values) for algorithm, values in found.items()}

    @cached_property
    def _memo(self) -> dict[object, Any]:
        return {}

    def memo[T](self, compute: Callable[[SourceList], T]) -> T:
        """What `compute` makes of this list, computed once."""
        memo = self._memo
        if compute not in memo:
            memo[compute] = compute(self)
        return memo[compute]  # type: ignore[no-any-return]


@lru_cache(maxsize=2048)
def parse_sources(texts: tuple[str, ...]) -> SourceList:
    """Read a directive's value as a source list."""
    return SourceList([parse_source(text) for text in texts])


class CspPolicy(Struct, frozen=True, dict=True):
    """One policy: its directives in order, the first of each name only, names in lower case, values as written."""

    directives: tuple[tuple[str, tuple[str, ...]], ...]
    duplicates: tuple[str, ...] = ()
    """Names that were repeated; browsers ignore the repetitions."""
    dropped: tuple[str, ...] = ()
    """Directives left out because they are not ASCII, as written."""

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        return dict(self.directives)

    @cached_property
    def _lists(self) -> dict[str, SourceList]:
        return {}

    def sources(self, *names: str) -> tuple[str, ...] | None:
        """The values of the first of these directives that is there; ``None`` where none is."""
        values = self._values
        for name in names:
            if name in values:
                return values[name]
        return None

    def source_list(self, name: str) -> SourceList:
        """A directive's values, read as a source list; empty where it is not there."""
        found = self._lists.get(name)
        if found is None:
            found = self._lists[name] = parse_sources(self._values.get(name, ()))
        return found

    def first(self, *names: str) -> str | None:
        """The first of these directives that is there, by name; ``None`` where none is."""
        values = self._values
        for name in names:
            if name in values:
                return name
        return None

    def __contains__(self, name: object) -> bool:
        return name in self._values


_SPACE = "\t\n\f\r "
_WORDS = compile_late(r"[^\t\n\f\r ]+")


@lru_cache(maxsize=1024)
def parse_policy(text: str) -> CspPolicy:
    """Read one serialised policy (CSP3, section 2.2.1, "parse a serialized CSP"): a ``<meta>``'s content, say."""
    directives: dict[str, tuple[str, ...]] = {}
    repeated: list[str] = []
    dropped: list[str] = []
    for part in text.split(";"):
        token = part.strip(_SPACE)
        if not token:
            continue
        if not token.isascii():
            dropped.append(token)
            continue
        name, *values = _WORDS.findall(token)
        name = name.lower()
        if name in directives:
            repeated.append(name)
        else:
            directives[name] = tuple(values)
    return CspPolicy(tuple(directives.items()), tuple(repeated), tuple(dropped))


@lru_cache(maxsize=1024)
def parse_csp(value: str) -> tuple[CspPolicy, ...]:
    """The policies of a combined field value (CSP3, section 2.2.2): separated by commas, all of them in force.

    A policy without any directive is left out.
    """
    policies = (parse_policy(text) for text in value.split(","))
    return tuple(policy for policy in policies if policy.directives)

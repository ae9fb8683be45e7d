"""Does a URL match a source list? CSP3, section 6.7.2.

The functions follow the standard; with ``chromium=True`` they do what Chromium does where it differs:

* ``http://shop.test:80`` admits ``https://shop.test`` too, and ``http://shop.test:8080`` does not admit
  ``https://shop.test:8080``, which the standard lets it;
* paths are decoded whole, so that ``/a%2Fb`` is ``/a/b`` (the standard decodes each segment by itself);
* ``ws:`` and ``wss:`` admit WebSockets alone, and only ``'self'``, ``*`` and they do (the standard compares a
  WebSocket's URL as http or https);
* IPv4 addresses are compared like names (the standard lets none match but 127.0.0.1);
* a query or fragment behind a source's path is left out of account (the standard ignores such a source).
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from inspector import url as urls
from inspector.browser.csp_lists import candidates
from inspector.fields.csp import HostSource, Keyword, SchemeSource, Source, SourceList
from inspector.url import DEFAULT_PORTS, Url

_UPGRADES = {
    "http": frozenset({"https"}),
    "ws": frozenset({"wss", "http", "https"}),
    "wss": frozenset({"https"}),
}
_CHROMIUM_UPGRADES = {"http": frozenset({"https"}), "ws": frozenset({"wss"})}
_HTTP_OF_SOCKET = {"ws": "http", "wss": "https"}


def scheme_part_matches(pattern: str, scheme: str, *, chromium: bool = False) -> bool:
    """CSP3, "scheme-part matches": equal, or `scheme` is a more secure one of the same kind."""
    upgrades = _CHROMIUM_UPGRADES if chromium else _UPGRADES
    return pattern == scheme or scheme in upgrades.get(pattern, ())


def host_part_matches(pattern: str, host: str, *, chromium: bool = False) -> bool:
    """CSP3, "host-part matches". Both in lower case; a pattern ``*.shop.test`` does not match ``shop.test``."""
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and (chromium or urls.ip_address(host) is None)
    if pattern != host:
        return False
    return chromium or pattern == "127.0.0.1" or not _is_ipv4(pattern)


def _is_ipv4(host: str) -> bool:
    return isinstance(urls.ip_address(host), ipaddress.IPv4Address)


def port_part_matches(pattern: str | None, url: Url, *, chromium: bool = False, upgraded: bool = False) -> bool:
    """CSP3, "port-part matches": no port in the source stands for the default port of the URL's scheme.

    `upgraded`: the source's scheme is not the URL's, which is a more secure one.
    """
    if pattern == "*":
        return True
    default = url.port == DEFAULT_PORTS.get(url.scheme)
    if pattern is None:
        return default
    port = int(pattern[:9])
    if not chromium:
        return port == url.port
    if port == url.port:
        return default or not upgraded
    return port == 80 and url.port == 443 and upgraded


def path_part_matches(pattern: str, path: str, *, chromium: bool = False) -> bool:
    """CSP3, "path-part matches": ``/js/`` admits what is below, ``/js`` that path alone; case counts.

    Segments are compared after percent-decoding.
    """
    if pattern in ("", "/"):
        return True
    if chromium:
        listed, asked = unquote_to_bytes(pattern), unquote_to_bytes(path or "/")
        return asked.startswith(listed) if listed.endswith(b"/") else asked == listed
    exact = not pattern.endswith("/")
    wanted, found = pattern.split("/"), (path or "/").split("/")
    if len(wanted) > len(found) or (exact and len(wanted) != len(found)):
        return False
    if not exact:
        wanted.pop()
    return all(unquote_to_bytes(a) == unquote_to_bytes(b) for a, b in zip(wanted, found, strict=False))


def self_matches(own: Url, url: Url) -> bool:
    """Whether ``'self'`` of a page at `own` admits a URL: the same origin, or the same host more securely."""
    if url.origin != "null" and url.origin == own.origin:
        return True
    if own.host != url.host or not own.host:
        return False
    standard = own.port == DEFAULT_PORTS.get(own.scheme) and url.port == DEFAULT_PORTS.get(url.scheme)
    if own.port != url.port and not standard:
        return False
    return url.secure or (own.scheme == "http" and url.scheme in ("http", "ws"))


@lru_cache(maxsize=8192)
def url_matches_expression(
    url: str, source: Source, own: str, *, redirected: bool = False, chromium: bool = False
) -> bool:
    """CSP3, "does url match expression in origin with redirect count?".

    `own` is the URL the policy came with. `redirected`: the URL was reached by a redirect, so that a source's path
    is not looked at.
    """
    page, target = urls.parse(own), urls.parse(url)
    if isinstance(source, Keyword):
        return source.name == "self" and self_matches(page, target)
    if not chromium and target.scheme in _HTTP_OF_SOCKET:
        target = urls.parse(_HTTP_OF_SOCKET[target.scheme] + url[url.index(":") :])
    if isinstance(source, SchemeSource):
        return scheme_part_matches(source.scheme, target.scheme, chromium=chromium)
    if not isinstance(source, HostSource):
        return False
    if source.text == "*":
        return target.scheme in ("http", "https", "ws", "wss") or target.scheme == page.scheme
    if not target.host or (source.beyond and not chromium):
        return False
    scheme = source.scheme or page.scheme
    if not scheme_part_matches(scheme, target.scheme, chromium=chromium):
        return False
    return (
        host_part_matches(source.host, target.host, chromium=chromium)
        and port_part_matches(source.port, target, chromium=chromium, upgraded=scheme != target.scheme)
        and (redirected or path_part_matches(source.path, target.path, chromium=chromium))
    )


def is_none(sources: tuple[Source, ...]) -> bool:
    """Whether a source list admits nothing at all: empty, or ``'none'`` alone."""
    if len(sources) > 1:
        return False
    return not sources or (isinstance(sources[0], Keyword) and sources[0].name == "none")


def url_matches_list(
    url: str, sources: SourceList, own: str, *, redirected: bool = False, chromium: bool = False
) -> Source | None:
    """CSP3, "does url match source list in origin with redirect count?": the first source that admits it."""
    for source in candidates(sources, url, redirected=redirected):
        if url_matches_expression(url, source, own, redirected=redirected, chromium=chromium):
            return source
    return None

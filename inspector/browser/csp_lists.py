"""Which sources of a long list can admit a URL: found by the URL's own parts, and not by trying each.

A list of a thousand sources and a page of a thousand requests would be a million comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from urllib.parse import unquote_to_bytes

from inspector import url as urls
from inspector.fields.csp import HostSource, Keyword, SchemeSource, Source, SourceList
from inspector.url import Url

FEW = 64
"""Sources that are tried one after the other."""
_SCHEMES = (None, "http", "https", "ws", "wss")
"""Those besides a URL's own that may admit it: the page's, for which ``None`` stands, and less secure ones."""
_Wanted = tuple[bytes | None, str | None, str | int | None]
"""Path, scheme and port that a source asks for."""


def candidates(sources: SourceList, url: str, *, redirected: bool) -> Iterable[Source]:
    """The sources that may admit a URL, in the list's order: all that do, and few that do not.

    `redirected`: a redirect led to the URL, so that a source's path does not count.
    """
    if len(sources) <= FEW:
        return sources
    index = sources.memo(_by_host if redirected else _by_path)
    return [sources[place] for place in index.places(urls.parse(url))]


def _by_path(sources: SourceList) -> _Index:
    return _Index(sources, paths=True)


def _by_host(sources: SourceList) -> _Index:
    return _Index(sources, paths=False)


class _Index:
    """The places of a list's sources, by what a URL must have for them to admit it."""

    def __init__(self, sources: SourceList, *, paths: bool) -> None:
        self._anywhere: dict[str, int] = {}
        self._schemes: dict[str, int] = {}
        self._hosts: dict[str, dict[_Wanted, list[int]]] = {}
        self._suffixes: set[int] = set()
        """Lengths of the hosts that begin with ``*.``, the asterisk left out."""
        self._beginnings: set[int] = set()
        """Lengths of the paths that admit what is below them."""
        seen: set[str] = set()
        for place, source in enumerate(sources):
            if source.text in seen:
                continue
            seen.add(source.text)
            if source.text == "*" or (isinstance(source, Keyword) and source.name == "self"):
                self._anywhere.setdefault(source.text.lower(), place)
            elif isinstance(source, SchemeSource):
                self._schemes.setdefault(source.scheme, place)
            elif isinstance(source, HostSource):
                self._add(source, place, paths)

    def _add(self, source: HostSource, place: int, paths: bool) -> None:
        path = unquote_to_bytes(source.path) if paths and source.path not in ("", "/") else None
        if path is not None and path.endswith(b"/"):
            self._beginnings.add(len(path))
        if source.host.startswith("*."):
            self._suffixes.add(len(source.host) - 1)
        port = source.port if source.port is None or source.port == "*" else int(source.port[:9])
        self._hosts.setdefault(source.host, {}).setdefault((path, source.scheme, port), []).append(place)

    def places(self, url: Url) -> list[int]:
        """Where the sources stand that may admit a URL, lowest first."""
        found = list(self._anywhere.values())
        schemes = {url.scheme, *_SCHEMES}
        found += [self._schemes[scheme] for scheme in schemes if scheme in self._schemes]
        known = [self._hosts[host] for host in self._around(url.host) if host in self._hosts]
        if known:
            path = unquote_to_bytes(url.path or "/")
            paths = {None, path, *[path[:length] for length in self._beginnings if length <= len(path)]}
            ways = list(product(paths, schemes, {None, "*", 80, url.port}))
            found += [place for asked in known for way in ways for place in asked.get(way, ())]
        return sorted(found)

    def _around(self, host: str) -> Iterator[str]:
        yield host
        yield "*"
        for length in self._suffixes:
            if length <= len(host):
                yield f"*{host[-length:]}"

"""What has been seen of each resource: the validator its GET showed, for later requests that change it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST = 2_000
_DATA = frozenset({"json", "xml", None})


class Resources:
    """URL → the index and ``ETag`` of the last successful GET. Bounded, the longest unseen forgotten."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def observe(self, x: Subject) -> None:
        """Remember the validator of a successful GET of something other than a page's parts."""
        if x.method != "GET" or x.status != 200:
            return
        etag = x.res.get("etag")
        if etag and x.recorded_kind in _DATA:
            seen, url = self._seen, x.request.url
            if url in seen:
                seen.move_to_end(url)
            seen[url] = (x.exchange.index, etag)
            if len(seen) > MOST:
                seen.popitem(last=False)

    def validator(self, url: str) -> tuple[int, str] | None:
        """The exchange and ``ETag`` of the last GET of this URL; ``None`` where there was none with one."""
        return self._seen.get(url)

"""Which page a request on the wire belongs to: what a browser says of it in ``Referer``, put together over time."""

from __future__ import annotations

from collections import OrderedDict

from inspector.exchange import Exchange
from inspector.url import parse

_MOST = 1000


class Pages:
    """Remembers documents and style sheets that passed. Bounded."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, str] = OrderedDict()  # origin → the page last opened on it
        self._page_of: OrderedDict[str, str] = OrderedDict()  # what has a Referer of its own (a style sheet) → its page

    def of(self, exchange: Exchange) -> str | None:
        """The URL of the page an exchange is for, a document's own; ``None`` where nothing tells.

        ``Referer`` may be cut down to an origin (Referrer Policy): then it is the page last opened there.
        """
        url = exchange.request.url.partition("#")[0]
        fields = exchange.request.fields
        if exchange.context.resource_type == "document" and fields.get("sec-fetch-dest") in (None, "document"):
            self._remember(self._latest, parse(url).origin, url)
            self._remember(self._page_of, url, url)
            return url
        referer = fields.get("referer")
        if referer is None:
            origin = fields.get("origin")
            return self._latest.get(origin) if origin else None
        page = self._page_of.get(referer)
        if page is None:
            page = self._latest.get(parse(referer).origin)
        if page is not None and exchange.context.resource_type in ("stylesheet", "document"):
            self._remember(self._page_of, url, page)
        return page

    def _remember(self, where: OrderedDict[str, str], key: str, value: str) -> None:
        where[key] = value
        where.move_to_end(key)
        if len(where) > _MOST:
            where.popitem(last=False)

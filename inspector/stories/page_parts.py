"""A page load's exchanges, as few facts of each as its story needs, and which page an exchange belongs to.

A browser's recording says itself to which page an exchange belongs; where it takes one tab for one page, as Playwright
does, each navigation of the tab begins another. Elsewhere a document begins a page, and what names it, or a stylesheet
or frame of it, in `Referer` belongs to it for as long as it loads.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.browser.redirects import REDIRECTS, location_url
from inspector.exchange import Page, Timings
from inspector.stories.page_markup import Markup, markup_of
from inspector.stories.telling import host_name
from inspector.url import Url

if TYPE_CHECKING:
    from inspector.mask import Masker
    from inspector.session.redirects import Hop
    from inspector.subject import Subject

MOST_PAGES = 48
MOST_PARTS = 3_000
MOST_REFERRERS = 4_000
QUIET = 3.0
"""Seconds without an exchange after which a page has loaded, where no recorder says so."""
_STAYS = frozenset({0, 204, 205})
"""What a navigation can be answered with that leaves the document where it is."""
_NESTED = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
_KIND_OF_DESTINATION = {
    "style": "stylesheet",
    "script": "script",
    "image": "image",
    "font": "font",
    "empty": "data",
    "document": "document",
    "audio": "media",
    "video": "media",
    "track": "media",
    "manifest": "manifest",
    "worker": "script",
    "serviceworker": "script",
    "sharedworker": "script",
}
_KIND_OF_TYPE = {
    "style": "stylesheet",
    "json": "data",
    "xml": "data",
    "html": "document",
    "none": "other",
    "text": "other",
}

_KIND_OF_SUFFIX = {
    "js": "script",
    "mjs": "script",
    "css": "stylesheet",
    "png": "image",
    "gif": "image",
    "jpg": "image",
    "jpeg": "image",
    "webp": "image",
    "svg": "image",
    "ico": "image",
    "woff": "font",
    "woff2": "font",
    "ttf": "font",
}
"""For answers that do not say what they are, a 304 for one."""


PHASES = ("blocked", "dns", "connect", "tls", "send", "wait", "receive")


class Part(Struct, gc=False):
    """One exchange of a page. Times in seconds since 1970. Its own address and those that led to it are without
    fragment.
    """

    index: int
    url: str
    address: Url
    server: str
    """What its server is called in the story."""
    shown: str
    kind: str
    started: float
    ended: float
    timings: Timings
    status: int
    size: int | None
    initiator: str | None
    referrer: str | None
    crossed: bool
    """Whether it crossed the network, as far as is known."""
    failed: bool
    """Whether no response came, or no complete one."""
    refused: bool
    """Whether it failed, or was answered with a status that says so."""
    version: str | None = None
    mode: str | None = None
    """The request mode, where the client says so."""
    leads_to: str | None = None
    """Where a redirect leads."""
    words: frozenset[str] = frozenset()
    """Of the names the page's hints wait for, those this part's content holds."""


class PageLoad:
    """What is known of one page's load."""

    __slots__ = (
        "awaits",
        "content_loaded",
        "document",
        "frame",
        "last",
        "left_out",
        "loaded",
        "markup",
        "name",
        "parts",
        "redirects",
        "started",
        "unread",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: Part | None = None
        self.frame: str | None = None
        """The frame that the document was loaded into, by the recorder's name for it."""
        self.markup: Markup | None = None
        self.awaits = False
        """Whether its hints wait for names that contents may hold."""
        self.parts: list[Part] = []
        self.redirects: tuple[Hop, ...] = ()
        """Redirects before the document, where they are not among the parts."""
        self.left_out = 0
        self.last = 0.0
        """When the last exchange ended."""
        self.started: float | None = None
        """When the recorder says that the page began."""
        self.loaded: float | None = None
        self.content_loaded: float | None = None
        """Both in seconds since 1970."""
        self.unread = False
        """Whether the content of a stylesheet or script of it is not recorded."""

    def add(self, x: Subject) -> None:
        """Take an exchange in, unless it has no time, or there are too many."""
        started = x.started
        if started is None:
            return
        if len(self.parts) >= MOST_PARTS:
            self.left_out += 1
            return
        exchange, response, url = x.exchange, x.response, x.request.url
        timings, context = exchange.timings, exchange.context
        initiator, referrer = context.initiator, x.req.get("referer")
        ended = started + (timings.total or _sum(timings)) / 1000
        kind = "preflight" if x.is_preflight else _kind_of(x.destination, x.content_kind) or _by_suffix(x.url.path)
        if kind == "document" and self.document is not None:
            kind = "frame" if x.destination == "document" else "HTML"
        failed = response is None or exchange.failure is not None
        part = Part(
            exchange.index,
            url.partition("#")[0],
            x.url,
            host_name(x.url),
            x.shown_url,
            kind,
            started,
            ended,
            timings,
            x.status,
            None if response is None else response.body.transferred,
            initiator.url.partition("#")[0] if initiator is not None and initiator.url else None,
            referrer.partition("#")[0] if referrer else None,
            context.served_from in (None, "network"),
            failed,
            failed or x.status >= 400,
            x.server_version,
            x.mode,
        )
        if x.status in REDIRECTS and "location" in x.res.first:
            part.leads_to = location_url(url, x.res.all("location")[0]).partition("#")[0]
        elif kind == "document" and (x.is_document or x.is_navigation):
            self.document = part
            self.frame = context.frame
            self.markup = markup_of(x)
            self.awaits = bool(self.markup.awaited)
        elif self.awaits and kind in ("stylesheet", "script", "data"):
            self._look_for_names(x, part)
        self.parts.append(part)
        if ended > self.last:
            self.last = ended

    def is_left_by(self, x: Subject) -> bool:
        """Whether an exchange of the same tab is a navigation that replaces the document."""
        if self.document is None or not x.is_navigation or x.status in _STAYS or "content-disposition" in x.res.first:
            return False
        said = x.req.get("sec-fetch-dest")
        return (
            said == "document"
            if said is not None
            else self.frame is not None and self.frame == x.exchange.context.frame
        )

    def next_load(self, at: float) -> PageLoad:
        """The page that the tab goes to at a moment; what the recorder tells of later moments is about that one."""
        after = PageLoad(self.name)
        for moment in ("loaded", "content_loaded"):
            told = getattr(self, moment)
            if told is not None and told > at:
                setattr(after, moment, told)
                setattr(self, moment, None)
        return after

    def _look_for_names(self, x: Subject, part: Part) -> None:
        body = x.response.body if x.response is not None else None
        if body is None or body.source is None:
            self.unread = self.unread or (part.kind != "data" and part.status not in (204, 304))
            return
        text = body.text
        if text:
            assert self.markup is not None
            part.words = self.markup.named_in(text)


def _leaves(x: Subject) -> bool:
    """Whether a request goes to another page in the place of the one that names itself in its `Referer`."""
    said = x.req.get("sec-fetch-dest")
    return said == "document" if said is not None else x.method == "POST" and "upgrade-insecure-requests" in x.req


def phases_of(timings: Timings) -> tuple[float | None, ...]:
    """How long each of `PHASES` took, in milliseconds; ``None`` for those that are not known."""
    t = timings
    return t.blocked, t.dns, t.connect, t.tls, t.send, t.wait, t.receive


def _sum(timings: Timings) -> float:
    """The phases that are known, for recorders that give no total, or 0, beside them. Milliseconds."""
    return sum([phase for phase in phases_of(timings) if phase])


@lru_cache(maxsize=1024)
def _kind_of(destination: str | None, content: str) -> str:
    """What a part is to a person: stylesheet, script, image, font, data, document, frame or media; ``""`` where
    neither its destination nor the kind of its content tells.
    """
    if destination is not None:
        if destination in _NESTED:
            return "frame"
        found = _KIND_OF_DESTINATION.get(destination)
        if found is not None:
            return found
    return "" if content in ("none", "other") else _KIND_OF_TYPE.get(content, content)


def _by_suffix(path: str) -> str:
    return _KIND_OF_SUFFIX.get(path.rpartition(".")[2].lower(), "other")


class Pages:
    """The pages whose exchanges are still coming. Bounded: the longest unseen is taken out first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, PageLoad] = OrderedDict()
        self._by_url: OrderedDict[str, str] = OrderedDict()
        """Address of a document, frame or stylesheet → the key of its page."""
        self._ended: list[PageLoad] = []
        """Those that are over and have not been taken out yet."""
        self._quiet_at: float | None = None
        """When the first of the pages without a recorder's word will have been quiet long enough."""

    def observe(self, x: Subject) -> Sequence[PageLoad]:
        """Take an exchange in; the pages that are over with it."""
        page = x.exchange.context.page
        if page is not None:
            load: PageLoad | None = self._pages.get(page.id) or self._begun(page, x.masker)
            if x.started is not None and load is not None and load.is_left_by(x):
                self._ended.append(load)
                load = self._pages[page.id] = load.next_load(x.started)
        else:
            if self._quiet_at is not None and x.started is not None and x.started > self._quiet_at:
                self._quiet(x.started)
            load = self._follow(x)
        if load is not None:
            load.add(x)
        if not self._ended:
            return ()
        ended, self._ended = self._ended, []
        return ended

    def _begun(self, page: Page, masker: Masker) -> PageLoad:
        """A page that a recorder tells of."""
        begun = self._new(page.id, masker.url(page.title or page.url or ""))
        if page.started is not None:
            begun.started = page.started
            begun.loaded = None if page.loaded is None else page.started + page.loaded / 1000
            begun.content_loaded = None if page.content_loaded is None else page.started + page.content_loaded / 1000
        return begun

    def rest(self) -> tuple[PageLoad, ...]:
        """The pages that are left, in the order they began."""
        left = tuple(self._pages.values())
        self._pages.clear()
        return left

    def _new(self, key: str, name: str) -> PageLoad:
        if len(self._pages) >= MOST_PAGES:
            self._ended.append(self._pages.popitem(last=False)[1])
        page = self._pages[key] = PageLoad(name)
        return page

    def _follow(self, x: Subject) -> PageLoad | None:
        """The page of an exchange whose recorder names none; a document begins one."""
        referrer = x.page_url
        key = self._by_url.get(referrer.partition("#")[0]) if referrer else None
        page = self._pages.get(key) if key is not None else None
        if page is not None and x.status in REDIRECTS and _leaves(x):
            return None  # on the way to another page, which tells of its redirects itself
        document = x.is_document and x.status not in REDIRECTS
        if document and x.started is not None and self._begins(x, page):
            key = f"#{x.exchange.index}"
            page = self._new(key, "")
            page.redirects = tuple(hop for hop in x.session.redirects.follow(x) if hop.target is not None)
        if page is None or key is None:
            return None
        if document or x.destination == "style":
            self._by_url[x.request.url.partition("#")[0]] = key
            if document:
                self._by_url[x.url.origin + "/"] = key  # what other origins are told of the referrer
            while len(self._by_url) > MOST_REFERRERS:
                self._by_url.popitem(last=False)
        total = (x.exchange.timings.total or 0.0) / 1000
        if x.started is not None:
            quiet_at = x.started + total + QUIET
            self._quiet_at = quiet_at if self._quiet_at is None else max(self._quiet_at, quiet_at)
        return page

    @staticmethod
    def _begins(x: Subject, page: PageLoad | None) -> bool:
        said = x.req.get("sec-fetch-dest")
        if said is not None:
            return said == "document"
        # Else it is as likely a frame of that page.
        return page is None or x.method == "POST" or (x.started or 0.0) > page.last + QUIET

    def _quiet(self, now: float) -> None:
        over = [key for key, page in self._pages.items() if key.startswith("#") and now > page.last + QUIET]
        self._quiet_at = None
        self._ended += [self._pages.pop(key) for key in over]

"""What an exchange shows of the circumstances in which its request was made (see `inspector.browser.cookies_site`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.browser.arrival import reached_page
from inspector.browser.cookies import site_of, trustworthy
from inspector.browser.cookies_site import Credentials, Facts, Kind, chromium_version
from inspector.url import parse

if TYPE_CHECKING:
    from inspector.subject import Subject

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
_WITHIN_PAGES = frozenset(
    {
        "stylesheet",
        "script",
        "image",
        "font",
        "fetch",
        "xhr",
        "eventsource",
        "ping",
        "beacon",
        "manifest",
        "texttrack",
        "media",
        "websocket",
        "preflight",
        "prefetch",
        "csp-violation-report",
        "cspviolationreport",
    }
)
_STORAGE_ACCESS_SINCE = 133
_LAX_SINCE = 80


class Origins(Struct, frozen=True):
    """What earlier exchanges tell: who began the redirects that led here, and how pages of an origin were loaded."""

    redirect_initiator: str | None = None
    """Origin that started the chain, ``""`` where unknown; ``None`` where this request is no redirect's target."""
    redirect_kind: Kind | None = None
    redirect_credentials: Credentials | None = None
    """Whether an earlier hop showed that the request takes credentials to other origins; ``None`` where none did."""
    top_level_only: bool = False
    storage_access: str = ""
    """``Sec-Fetch-Storage-Access`` with which the document came that makes this request to its own origin."""


NOTHING_EARLIER = Origins()
SEEN_AS_TOP_LEVEL_ONLY = Origins(top_level_only=True)


def kind_of(x: Subject) -> Kind:
    """Whether a request loads a page, a frame, or something within a page, as far as it shows."""
    mode, destination, resource = x.mode, x.req.get("sec-fetch-dest"), x.exchange.context.resource_type
    said = mode or destination
    if not said and resource in _WITHIN_PAGES:
        return "subresource"
    if x.status == 101 or resource == "websocket" or x.url.scheme in ("ws", "wss"):
        return "subresource"
    if said:
        if mode == "websocket":
            return "subresource"
        if destination == "document":
            return "top"
        if mode in ("navigate", "nested-navigate"):
            return "frame" if destination in _FRAMES or mode == "nested-navigate" else "navigation"
        return "subresource"
    if _is_page(x):
        return "top"
    if resource == "document":
        if _within_another_page(x):
            return "frame"
        initiator = x.exchange.context.initiator
        if initiator is not None and initiator.type == "parser":
            return "frame"
        return "top" if initiator is not None and initiator.type == "other" else "navigation"
    accept = x.req.get("accept")
    if (
        x.req.get("x-requested-with")
        or (x.origin is not None and x.method in ("GET", "HEAD"))
        or (accept is not None and "text/html" not in accept and "application/xhtml" not in accept)
    ):
        return "subresource"  # browsers ask for HTML by name when they navigate
    return "unknown"


def _is_page(x: Subject) -> bool:
    page, url = x.exchange.context.page, x.request.url
    if page is None or not page.url:
        return False
    return page.url == url or page.url.partition("#")[0] == url.partition("#")[0]


def _within_another_page(x: Subject) -> bool:
    """Whether a document is one of a page that has another URL: a frame's, unless it became no document at all."""
    page = x.exchange.context.page
    if page is None or not page.url or not 200 <= x.status < 300 or x.status in (204, 205):
        return False
    return not (x.res.get("content-disposition") or "").lower().startswith("attachment")


def initiator_of(x: Subject) -> str:
    """Origin of the page or frame that made the request, by ``Origin``, ``Referer`` or the parser that met its URL."""
    origin = x.origin
    if origin and origin != "null":
        found = parse(origin).origin
        if found != "null":
            return found
    referer = x.req.get("referer")
    if referer:
        found = parse(referer).origin
        if found != "null":
            return found
    initiator = x.exchange.context.initiator
    if initiator is not None and initiator.type == "parser" and initiator.url:
        found = parse(initiator.url).origin
        return "" if found == "null" else found
    return ""


def credentials_of(x: Subject, kind: Kind, initiator: str, version: int | None) -> Credentials:
    """Whether cookies were to be sent at all (Fetch, "credentials mode"), as far as it shows.

    An explicit ``credentials: 'omit'`` on a same-origin request cannot be seen and is not assumed.
    """
    if x.is_preflight:
        return "omit"
    sent = x.req.first
    if "cookie" in sent or "sec-fetch-storage-access" in sent:
        return "include"
    mode, site, destination = x.mode, x.fetch_site, x.destination
    if kind != "subresource" and kind != "unknown":
        return "include"
    if mode == "no-cors" and destination == "empty" and site == "cross-site" and _tells_without(x, version):
        return "omit"
    if mode in ("no-cors", "navigate", "websocket") or x.url.scheme in ("ws", "wss") or x.status == 101:
        return "include"
    own = site == "same-origin" or (initiator and initiator == x.url.origin and site != "cross-site")
    if own:
        return "unknown" if destination == "manifest" else "include"  # the one thing fetched without, unless asked to
    if mode == "cors" or (
        mode is None
        and x.origin is not None
        and (x.method in ("GET", "HEAD") or x.destination in ("empty", "font", "script", None))
    ):
        if destination == "font":
            return "omit"  # CSS Fonts: always in CORS mode with credentials mode same-origin
        if site == "cross-site" and initiator and (version or 0) >= _STORAGE_ACCESS_SINCE and trustworthy(x.url):
            # Chromium would have said Sec-Fetch-Storage-Access; not where the initiator is same-site after all
            return "omit" if site_of(parse(initiator)) != site_of(x.url) else "unknown"
        return "unknown" if _may_be_read_with_credentials(x) or not reached_page(x) else "omit"
    return "include"


def _tells_without(x: Subject, version: int | None) -> bool:
    """Whether Chromium would have sent ``Sec-Fetch-Storage-Access`` on a cross-site request with credentials."""
    return (version or 0) >= _STORAGE_ACCESS_SINCE and trustworthy(x.url)


def _shown_to_be_included(x: Subject) -> bool:
    sent = x.req.first
    return "cookie" in sent or "sec-fetch-storage-access" in sent


def _in_mode_include(x: Subject, kind: Kind, initiator: str) -> bool:
    """Whether a request that takes cookies has credentials mode ``include``: to its own origin ``same-origin`` will do.

    Chromium sends ``Sec-Fetch-Storage-Access`` with the former alone, so with the latter its absence tells nothing.
    """
    if kind not in ("subresource", "unknown") or x.mode == "websocket" or x.url.scheme in ("ws", "wss"):
        return True
    if x.mode == "no-cors" and x.destination != "empty":
        return True
    return x.fetch_site != "same-origin" and initiator != x.url.origin


def proven_credentials(x: Subject, facts: Facts) -> Credentials | None:
    """Whether a redirected CORS request to another origin showed its credentials mode, which it keeps on the way."""
    if facts.kind != "subresource" or x.mode != "cors" or facts.initiator == facts.target:
        return None
    return None if facts.credentials == "unknown" else facts.credentials


def _may_be_read_with_credentials(x: Subject) -> bool:
    """Whether a page that asked with credentials would be given this response (Fetch, "CORS check")."""
    get = x.res.get
    return get("access-control-allow-credentials") == "true" and get("access-control-allow-origin") not in (None, "*")


def facts_of(x: Subject, initiator: str, earlier: Origins = NOTHING_EARLIER) -> Facts:
    """Reduce an exchange to what decides its same-site context. `initiator` is what `initiator_of` says."""
    agent = x.req.get("user-agent")
    version = chromium_version(agent) if agent else None
    kind = kind_of(x)
    if earlier.redirect_kind is not None and kind in ("navigation", "unknown"):
        kind = earlier.redirect_kind
    credentials = credentials_of(x, kind, initiator, version)
    if earlier.redirect_credentials is not None and kind == "subresource" and not _shown_to_be_included(x):
        credentials = earlier.redirect_credentials
    initiator = earlier.redirect_initiator or initiator
    page = x.exchange.context.page
    page_origin = parse(page.url).origin if page is not None and page.url else ""
    site = x.fetch_site or ""
    return Facts(
        x.url.origin,
        kind,
        x.method in _SAFE,
        site,
        x.req.get("sec-fetch-storage-access") or earlier.storage_access,
        site != "" and (version or 0) >= _STORAGE_ACCESS_SINCE and _in_mode_include(x, kind, initiator),
        initiator,
        "" if page_origin == "null" else page_origin,
        credentials,
        version is None or version >= _LAX_SINCE,
        earlier.top_level_only,
        earlier.redirect_initiator is not None,
    )

"""Is a request under the CORS protocol at all, for which origin, and with which credentials mode?

None of it stands in a recording in so many words; it is inferred from what a browser shows on the wire. Measured
with Chromium; what the standard demands of every browser is marked (Fetch).

==============================================  =================================================================
seen                                            means
==============================================  =================================================================
``Sec-Fetch-Mode`` navigate, websocket, no-cors not CORS (Fetch Metadata)
``Sec-Fetch-Mode: cors``, another origin        CORS (Fetch Metadata)
``Sec-Fetch-Site: same-origin``                 not CORS, whatever ``Origin`` says
no ``Sec-Fetch-Mode``; GET or HEAD with Origin  CORS, unless it is a WebSocket or a navigation (Fetch: a `no-cors`
                                                GET has no ``Origin``)
no ``Sec-Fetch-Mode``; PUT, DELETE, PATCH …     CORS: nothing else can send these across origins
no ``Sec-Fetch-Mode``; POST with Origin         CORS if it is an XMLHttpRequest or has a type or field that only CORS
                                                may send; may else be a `no-cors` fetch
``Cookie``                                      credentials mode `include` (Fetch: across origins no other sends it)
``Sec-Fetch-Storage-Access``                    `include` (Chromium sends it with `include`, across sites only)
a font                                          not `include` (CSS Fonts: fonts are fetched with `same-origin`)
Chromium from 133 on, ``Sec-Fetch-Site:         not `include`. Holds for the request itself; a preflight never
cross-site``, no ``Sec-Fetch-Storage-Access``   carries the field
``Authorization``                               nothing: a script may have set it
none of these                                   unknown: with `include` and no cookie to send the wire looks the same
==============================================  =================================================================
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from inspector import url as urls
from inspector.browser.cors_safelist import SAFELISTED_METHODS, SAFELISTED_TYPES, reasons
from inspector.fields.media_type import essence_of
from inspector.patterns import compile_late
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

NOT_CORS_TYPES = frozenset(
    {"document", "websocket", "ping", "beacon", "csp-violation-report", "cspviolationreport", "websockethandshake"}
)
CORS_TYPES = frozenset({"xhr", "font", "eventsource", "preflight"})
_EXTENSION = compile_late(r"[a-z-]*-extension://")
_CHROMIUM = compile_late(r"\b(?:Chrome|Chromium|HeadlessChrome)/(\d+)")
_STORAGE_ACCESS_SINCE = 133


class Requester(NamedTuple):
    """Who asks across origins. `doubt` completes "blocked if …" where it is not certain that CORS applies.

    `stated` is whether `origin` is the request's own ``Origin`` field; else it is the page's, as recorded.
    """

    origin: str
    mode: str
    doubt: str | None = None
    stated: bool = True


class Credentials(NamedTuple):
    """Whether the credentials mode is ``include`` (``None``: unknown), and what shows it."""

    include: bool | None
    shown_by: str


def requester(x: Subject) -> Requester | None:
    """Who makes a request under the CORS protocol; ``None`` where the protocol plays no part.

    For requests with an ``Origin`` field, or with ``Sec-Fetch-Mode: cors``; preflights are not meant.
    """
    target = x.url
    if target.scheme not in ("http", "https") or x.method == "CONNECT":
        return None
    origin, mode, site = x.origin, x.mode, x.fetch_site
    if site in ("same-origin", "none") or (origin == target.origin):
        return None
    if x.exchange.context.served_from == "service-worker":
        return None
    if mode is not None:
        if mode not in ("cors", "same-origin"):
            return None
        if origin is None:
            origin = page_origin(x)
            if origin is None or origin == target.origin:
                return Requester("", mode, None, False) if site is not None else None
            return Requester(origin, mode, _doubt(origin), False)
        return Requester(origin, mode, _doubt(origin))
    if origin is None:
        return None
    return _by_looks(x, origin)


def _by_looks(x: Subject, origin: str) -> Requester | None:
    """The same for clients that do not send ``Sec-Fetch-Mode``."""
    fields, kind = x.req, x.exchange.context.resource_type or ""
    if kind in NOT_CORS_TYPES or x.status == 101 or "upgrade" in fields or "sec-websocket-key" in fields:
        return None
    if "upgrade-insecure-requests" in fields:
        return None
    accept = fields.get("accept")
    if kind not in CORS_TYPES and kind != "fetch" and accept is not None and accept.startswith("text/html"):
        return None
    doubt = _doubt(origin)
    if kind in CORS_TYPES or x.method in ("GET", "HEAD") or x.method not in SAFELISTED_METHODS:
        return Requester(origin, "cors", doubt)
    content_type = fields.get("content-type")
    if "x-requested-with" in fields or (content_type and essence_of(content_type) not in SAFELISTED_TYPES):
        return Requester(origin, "cors", doubt)
    if doubt is None and not reasons(x.method, request_fields(x)):
        doubt = "a script sent it in `cors` mode (a form post, and `fetch()` with `mode: 'no-cors'`, are not checked)"
    return Requester(origin, "cors", doubt)


def _doubt(origin: str) -> str | None:
    if _EXTENSION.match(origin):
        return "the browser extension that sent it has no host permission for this URL"
    return None


def page_origin(x: Subject) -> str | None:
    """The origin of the page that made the request, as far as it is recorded."""
    for url in (x.req.get("referer"), x.page_url, x.exchange.context.initiator and x.exchange.context.initiator.url):
        if url:
            origin = urls.parse(url.removeprefix("blob:")).origin
            if origin != "null":
                return origin
    return None


def request_fields(x: Subject) -> list[tuple[str, str]]:
    """The request's fields as ``(lower-case name, combined value)`` pairs."""
    return list(x.req.by_name.items())


@lru_cache(maxsize=512)
def chromium_version(user_agent: str) -> int | None:
    """The major version of Chromium a ``User-Agent`` tells of, ``None`` where it is another browser's."""
    found = _CHROMIUM.search(user_agent)
    return int(found[1]) if found else None


def credentials(x: Subject) -> Credentials:
    """The credentials mode of a cross-origin request, by the table above."""
    fields = x.req
    cookie = fields.get("cookie")
    if cookie:
        return Credentials(True, "`Cookie` was sent, which across origins only `credentials: 'include'` does")
    access = fields.get("sec-fetch-storage-access")
    if access:
        return Credentials(
            True, f"`Sec-Fetch-Storage-Access: {access}`, which Chromium sends with `credentials: 'include'` only"
        )
    if x.destination == "font":
        return Credentials(False, "fonts are requested without credentials from other origins")
    if x.fetch_site == "cross-site" and x.url.secure and x.response is not None and not x.is_preflight and _abroad(x):
        version = chromium_version(fields.get("user-agent") or "")
        if version is not None and version >= _STORAGE_ACCESS_SINCE:
            return Credentials(
                False, f"Chromium {version} would have sent `Sec-Fetch-Storage-Access` with `credentials: 'include'`"
            )
    return Credentials(None, _why_unknown(x))


def _abroad(x: Subject) -> bool:
    """Whether who asks is of another site, and not only a redirect on the way, which ``Sec-Fetch-Site`` counts too."""
    origin = x.origin if x.origin not in (None, "null") else page_origin(x)
    return origin is not None and not same_site(urls.parse(origin), x.url)


def _why_unknown(x: Subject) -> str:
    if x.exchange.context.recorder.cookies_recorded is False:
        return "not shown: this recording was exported without cookies"
    if x.is_preflight:
        return "not shown: a preflight never carries credentials"
    return "not shown: `include` with no cookie to send looks the same"

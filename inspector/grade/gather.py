"""Watches exchanges pass and keeps what a grade needs: one page of each site, and how HTTP led to it. Bounded.

A site is a host that a person went to: the page's own document. What frames, scripts and images come from is not
graded. The Observatory asks for ``/``, so that page is preferred where it was recorded.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from msgspec.structs import replace

from inspector import url as urls
from inspector.browser.redirects import REDIRECTS, location_url
from inspector.content.html import HtmlPage
from inspector.fields.cookie import parse_cookie
from inspector.fields.set_cookie import parse_set_cookie
from inspector.grade.evidence import NO_MARKUP, PageFacts, Script, SetCookie, Shared, SiteEvidence
from inspector.grade.sri import HTML
from inspector.patterns import compile_late
from inspector.report import Ungraded
from inspector.site import registrable_domain, same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_SITES = 200
MOST_REMEMBERED = 500
LONGEST_ROUTE = 20
_SCHEMES = ("http", "https")
_ABSOLUTE = compile_late(r"\s*(https?):[/\\]*", re.IGNORECASE)


class _Visit(NamedTuple):
    """The redirects that lead to a request: scheme and host of each, and the cookies set on the way."""

    route: tuple[tuple[str, str], ...]
    cookies: tuple[SetCookie, ...]


class Sites:
    """The sites of one capture, or of one run of the proxy."""

    def __init__(self) -> None:
        self._sites: OrderedDict[str, tuple[tuple[bool, ...], SiteEvidence]] = OrderedDict()
        self._ungraded: OrderedDict[str, Ungraded] = OrderedDict()
        self._pending: OrderedDict[str, _Visit] = OrderedDict()
        self._routes: OrderedDict[str, tuple[tuple[str, str], ...]] = OrderedDict()
        self._shared: OrderedDict[str, tuple[Shared, ...]] = OrderedDict()
        self._pages: OrderedDict[str, str] = OrderedDict()

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""
        url, status, shared = x.url, x.status, x.origin is not None
        if status and not shared and not x.is_document and status not in REDIRECTS:
            return
        if url.scheme not in _SCHEMES or not url.host:
            return
        if not status:
            if url.scheme == "http" and _refused(x):
                _keep(self._routes, url.host, ())
            return
        if shared:
            self._share(x)
        if status in REDIRECTS and "location" in x.res.first:
            if x.destination in (None, "document") and x.method == "GET":
                self._redirect(x)
        elif x.is_document and x.method == "GET":
            visit = self._pending.pop(_bare(x.request.url), _Visit((), ()))
            if self._is_top_level(x):
                self._page(x, visit)

    def sites(self, capture: int = 0) -> tuple[SiteEvidence, ...]:
        """The sites seen, in the order of their first page."""
        return tuple(
            replace(
                site,
                capture=capture,
                route=site.route if site.route is not None else self._routes.get(site.host),
                shared=self._shared.get(_bare(site.url), ()),
            )
            for _, site in self._sites.values()
        )

    def ungraded(self, capture: int = 0) -> tuple[Ungraded, ...]:
        """Sites without a page that could be graded."""
        return tuple(replace(e, capture=capture) for key, e in self._ungraded.items() if key not in self._sites)

    def _redirect(self, x: Subject) -> None:
        if "non-authoritative-reason" in x.res:
            return  # the browser's own, for HSTS: the server was not asked
        target = _bare(location_url(x.request.url, x.res.all("location")[0]))
        before = self._pending.pop(_bare(x.request.url), _Visit((), ()))
        route = (*before.route, (x.url.scheme, x.url.host))[:LONGEST_ROUTE]
        _keep(self._pending, target, _Visit(route, (*before.cookies, *_cookies_of(x, with_page=False))))

    def _is_top_level(self, x: Subject) -> bool:
        """Whether a person went here, and it is no frame of another page."""
        said = x.req.get("sec-fetch-dest")
        if said:
            return said == "document"
        page = x.exchange.context.page
        if page is not None:
            first = self._pages.setdefault(page.id, x.request.url)
            if len(self._pages) > MOST_REMEMBERED:
                self._pages.popitem(last=False)
            return first == x.request.url
        referer = x.req.get("referer")
        return not referer or same_site(urls.parse(referer), x.url, schemeful=False)

    def _page(self, x: Subject, visit: _Visit) -> None:
        url = x.url
        key = url.origin.partition("//")[2]
        reason = _not_scored(x.status)
        if reason:
            self._ungraded.setdefault(key, Ungraded(0, x.exchange.index, url.origin, x.shown_url, reason))
            if len(self._ungraded) > MOST_SITES:
                self._ungraded.popitem(last=False)
            return
        route = (*visit.route, (url.scheme, url.host))
        entered = _entered(route)
        if entered is not None:
            _keep(self._routes, entered, route)
        rank = (url.secure, url.path in ("", "/"), entered is not None)
        found = self._sites.get(key)
        if found is not None and found[0] >= rank:
            return
        self._sites[key] = (rank, _evidence(x, visit, entered or url.host, route if entered else None))
        if len(self._sites) > MOST_SITES:
            self._sites.popitem(last=False)

    def _share(self, x: Subject) -> None:
        origin = x.req.get("origin") or ""
        if origin == x.url.origin or x.method not in ("GET", "HEAD", "OPTIONS"):
            return
        asked = x.method == "OPTIONS"
        answered = 200 <= x.status < 300 or not asked  # the Observatory takes an error for no answer
        allowed, credentials = x.res.get("access-control-allow-origin"), x.res.get("access-control-allow-credentials")
        answer = Shared(origin, allowed if answered else None, credentials if answered else None, asked)
        url = _bare(x.request.url)
        before = self._shared.get(url, ())
        if answer not in before and len(before) < 8:
            _keep(self._shared, url, (*before, answer))


def _refused(x: Subject) -> bool:
    """Whether nothing listens where this page was asked for."""
    failure = x.exchange.failure
    if failure is None or x.url.port != 80 or x.destination not in (None, "document"):
        return False
    from inspector.browser.net_errors import net_error

    return net_error(failure.code, failure.message)[1] == net_error("net::ERR_CONNECTION_REFUSED", "")[1]


def _keep[V](memory: OrderedDict[str, V], key: str, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)


def _bare(url: str) -> str:
    return url.partition("#")[0]


def _not_scored(status: int) -> str | None:
    """Why a page with this status gets no grade, ``None`` where it gets one."""
    if status == 304:
        return "a 304 leaves out the fields that are graded"
    if 200 <= status < 400 or status in (401, 403):
        return None
    return f"the Observatory does not score a page with status {status}"


def _entered(route: tuple[tuple[str, str], ...]) -> str | None:
    """The host a visit began at over HTTP, where it is the site's own; ``None`` where it came from elsewhere."""
    (scheme, first), (_, last) = route[0], route[-1]
    if scheme != "http":
        return None
    if first == last:
        return first
    domain = registrable_domain(first)
    return first if domain is not None and domain == registrable_domain(last) else None


def _cookies_of(x: Subject, *, with_page: bool) -> tuple[SetCookie, ...]:
    return tuple(SetCookie(line, x.url.host, with_page) for line in x.res.all("set-cookie"))


def _evidence(x: Subject, visit: _Visit, host: str, route: tuple[tuple[str, str], ...] | None) -> SiteEvidence:
    cookies = (*visit.cookies, *_cookies_of(x, with_page=True))
    set_here = {parse_set_cookie(each.line).name for each in cookies}
    sent = dict.fromkeys(name for value in x.req.all("cookie") for name, _ in parse_cookie(value))
    tls = x.exchange.server.tls
    return SiteEvidence(
        host,
        x.request.url,
        x.url.secure,
        x.res,
        _facts_of(x),
        tls.verified if tls is not None else None,
        cookies,
        x.exchange.context.recorder.cookies_recorded is not False,
        tuple(name for name in sent if name not in set_here),
        route,
        exchange=x.exchange.index,
    )


def _facts_of(x: Subject) -> PageFacts | None:
    types = x.res.all("content-type")
    if not types or types[0].split(";")[0] not in HTML:
        return NO_MARKUP
    page = x.html
    body = x.response.body if x.response is not None else None
    if page is None or body is None:
        return None
    if body.size is not None and body.size > 4 * len(body.text or ""):
        return None  # no character takes more than four octets: somebody took the content out, or most of it
    return page_facts(page)


def page_facts(page: HtmlPage) -> PageFacts:
    """What the Observatory reads from a page's markup."""
    base = page.base or ""
    if not _ABSOLUTE.match(base):
        base = ""
    scripts: list[Script] = []
    inline = 0
    for element in page.scripts:
        src = element.get("src")
        if src:
            scripts.append(Script(_resolved(src, base), bool(element.get("integrity"))))
        else:
            inline += 1
    policies = page.http_equiv("content-security-policy", anywhere=True)
    referrer = None
    for meta in page.metas:
        content = meta.get("content")
        equivalent = "http-equiv" in meta.attributes and content is not None
        if content and not equivalent and (meta.get("name") or "").strip().lower() == "referrer":
            referrer = content
    return PageFacts(tuple(scripts), inline, tuple(p for p in policies if p), referrer, page.truncated)


def _resolved(src: str, base: str) -> str:
    """A script's address as the Observatory sees it: it resolves nothing but what the markup itself can."""
    absolute = _ABSOLUTE.match(src)
    if absolute is not None:
        return f"{absolute[1].lower()}://{src[absolute.end() :].strip()}"
    if not base:
        return src
    try:
        return urljoin(base.strip(), src.strip())
    except ValueError:
        return src

"""A client that asks as a browser does: the fields, the cookies, the preflights and the redirects of one.

It runs no page. The visitor says what a page would load; this module makes the requests a browser would make for it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol

import httpx
from msgspec import Struct

from inspector import site
from inspector.learn.lab.jar import Jar, site_of
from inspector.learn.lab.readable import cors_error, preflight_error
from inspector.url import Url, join, parse

USER_AGENT = "Mozilla/5.0 (compatible; inspector-lab-visitor/1.0)"
TIMEOUT = 5.0  # seconds, for each wait of a request

_ACCEPT = {
    "document": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "iframe": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "style": "text/css,*/*;q=0.1",
    "image": "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8",
}
_SITES = ("none", "same-origin", "same-site", "cross-site")
_SAFELISTED = {"accept", "accept-language", "content-language"}
_SIMPLE_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class Step(Struct, frozen=True):
    """One thing the visitor did: a request and what became of it.

    `status`, `http_version` (``HTTP/1.1`` or ``HTTP/2``) and `fields` are of the response, ``None`` and empty
    without one; then `error` says why, or `note` that none was asked for. `blocked` is the
    ``Network.CorsError`` that keeps the page from reading it.
    """

    title: str
    topic: str
    method: str
    url: str
    status: int | None = None
    http_version: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    blocked: str | None = None
    note: str | None = None
    error: str | None = None

    def field(self, name: str) -> str | None:
        """The first value of a response field, ``None`` if it is absent."""
        return next((value for each, value in self.fields if each.lower() == name.lower()), None)


class Place(Protocol):
    """What the client has to know of a lab: how its names are found."""

    def resolve(self, host: str) -> str | None:
        """The address of a host name, ``None`` where it is not the lab's."""
        ...


class Resolving(httpx.AsyncBaseTransport):
    """Sends requests for the lab's names to their address, without a name server.

    The ``Host`` field and the name in the TLS handshake stay what they were, so certificates are checked
    against the name. Connections are pooled by port, which in the lab stands for one host only.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Callable[[str], str | None]) -> None:
        self._inner = inner
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        address = self._resolve(request.url.host)
        if address is None:
            return await self._inner.handle_async_request(request)
        moved = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._inner.handle_async_request(moved)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def transport(place: Place, proxy: str | None, verify: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    """Connections through a proxy (names are sent as they are), or straight to the lab.

    Raises:
        ValueError: `proxy` is not an http:// or https:// URL.
    """
    if proxy is None:
        return Resolving(httpx.AsyncHTTPTransport(verify=verify, http2=True), place.resolve)
    try:
        return httpx.AsyncHTTPTransport(verify=verify, http2=True, proxy=httpx.Proxy(proxy))
    except httpx.InvalidURL as error:
        raise ValueError(f"not a proxy's URL: {proxy!r} ({error})") from error


class Client:
    """Makes requests in a browser's manner and reports each as a `Step`. Errors become steps, never exceptions."""

    def __init__(self, connections: httpx.AsyncBaseTransport, report: Callable[[Step], None]) -> None:
        # httpx would keep cookies of its own, and send host-only ones to subdomains: the jar here is the only one.
        none = CookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
        self._http = httpx.AsyncClient(transport=connections, timeout=TIMEOUT, trust_env=False, cookies=none)
        self._report = report
        self.jar = Jar()
        self.topic = ""

    async def __aenter__(self) -> Client:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def navigate(
        self,
        title: str,
        url: str,
        *,
        page: str | None = None,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        content: str | None = None,
        laps: int = 1,
    ) -> httpx.Response | None:
        """Open a page, following redirects (Fetch, "HTTP-redirect fetch"), until a URL has come up `laps` times more.

        `page` is where the link or form was; without one the address was typed.
        """
        urls: list[str] = []
        while True:
            urls.append(url)
            own = _identity(urls, page, "navigate", "document")
            own |= {"Upgrade-Insecure-Requests": "1", **({"Sec-Fetch-User": "?1"} if parse(url).secure else {})}
            if method not in ("GET", "HEAD") and page is not None:
                own["Origin"] = parse(page).origin
            own |= {**({"Content-Type": "application/x-www-form-urlencoded"} if content else {}), **(fields or {})}
            same = page is None or site.same_site(parse(page), parse(url))
            told = title if len(urls) == 1 else f"{title}: redirect {len(urls) - 1}"
            response = await self._send(
                told, method, url, own, content, same_site=same, navigation=True, top=url, credentials=True
            )
            if response is None or not response.has_redirect_location:
                return response
            following = join(url, response.headers["location"])
            if urls.count(following) > laps:
                reason = "a redirect loop, not followed any further"
                self._report(Step(f"{title}: given up", self.topic, method, following, note=reason))
                return response
            if (response.status_code in (301, 302) and method == "POST") or (
                response.status_code == 303 and method not in ("GET", "HEAD")
            ):
                method, content = "GET", None
            url = following

    async def load(
        self,
        title: str,
        page: str,
        url: str,
        destination: str,
        *,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> httpx.Response | None:
        """Load what a page embeds (`destination` as in Fetch: ``style``, ``script``, ``image``, ``iframe`` …)."""
        mode = "navigate" if destination == "iframe" else "no-cors"
        own = _identity([url], page, mode, destination)
        if method != "GET":
            own["Origin"] = parse(page).origin
        same = site.same_site(parse(page), parse(url))
        own |= fields or {}
        return await self._send(title, method, url, own, content, same_site=same, top=page, credentials=True)

    async def fetch(
        self,
        title: str,
        page: str,
        url: str,
        *,
        method: str = "GET",
        fields: Sequence[tuple[str, str]] = (),
        content: str | None = None,
        credentials: str = "same-origin",
    ) -> httpx.Response | None:
        """What ``fetch(url, {mode: "cors", …})`` does: the preflight where one is needed, then the request.

        After a preflight that fails, the request is not sent. Returns what the page can read, else ``None``.
        """
        origin, target = parse(page).origin, parse(url)
        crossing = origin != target.origin
        include = credentials == "include" or (credentials == "same-origin" and not crossing)
        own = _identity([url], page, "cors", "empty")
        if crossing or method not in ("GET", "HEAD"):
            own["Origin"] = origin
        unsafe = _unsafe(fields)
        if crossing and (unsafe or method not in ("GET", "HEAD", "POST")):
            asked = dict(own) | {"Access-Control-Request-Method": method}
            if unsafe:
                asked["Access-Control-Request-Headers"] = ",".join(unsafe)

            def passed(answer: httpx.Response) -> str | None:
                return preflight_error(answer, origin, method=method, fields=unsafe, credentials=include)

            answer = await self._send(f"{title}: preflight", "OPTIONS", url, asked, None, top=page, readable=passed)
            if answer is None or passed(answer) is not None:
                return None

        def readable(answer: httpx.Response) -> str | None:
            return cors_error(answer, origin, credentials=include) if crossing else None

        response = await self._send(
            title,
            method,
            url,
            {**own, **dict(fields)},
            content,
            same_site=site.same_site(parse(page), target),
            top=page,
            credentials=include,
            readable=readable,
        )
        return response if response is not None and readable(response) is None else None

    async def call(
        self,
        title: str,
        url: str,
        *,
        method: str = "GET",
        fields: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> httpx.Response | None:
        """A request of a program that is no browser (the shop's app, say): no cookies, no page, no CORS."""
        own = {"User-Agent": "shop-app/3.1", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        return await self._send(title, method, url, own | dict(fields or {}), content, top=url)

    async def events(self, title: str, page: str, url: str) -> list[str]:
        """What ``new EventSource(url)`` receives until the server ends the stream: the events' names."""
        own = _identity([url], page, "cors", "empty") | {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        own["Origin"] = parse(page).origin
        begun = time.perf_counter()
        try:
            async with self._http.stream("GET", url, headers=own) as response:
                lines = response.aiter_lines()
                names = [each.removeprefix("event:").strip() async for each in lines if each.startswith("event:")]
                blocked = cors_error(response, parse(page).origin, credentials=False)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._report(_failed(title, self.topic, "GET", url, begun, error))
            return []
        note = f"{len(names)} events: {', '.join(names)}"
        self._report(_done(title, self.topic, response, url, begun, blocked, note))
        return names

    async def _send(
        self,
        title: str,
        method: str,
        url: str,
        fields: Mapping[str, str],
        content: str | None,
        *,
        top: str,
        same_site: bool = True,
        navigation: bool = False,
        credentials: bool = False,
        readable: Callable[[httpx.Response], str | None] | None = None,
    ) -> httpx.Response | None:
        target, top_site = parse(url), site_of(parse(top))
        sent = dict(fields)
        if credentials:
            lax = navigation and method in ("GET", "HEAD")
            posted = navigation and not lax
            cookie = self.jar.field(target, same_site=same_site, lax_allowed=lax, top_site=top_site, posted=posted)
            if cookie is not None:
                sent["Cookie"] = cookie
        begun = time.perf_counter()
        try:
            response = await self._http.request(method, url, headers=sent, content=content)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self._report(_failed(title, self.topic, method, url, begun, error))
            return None
        if credentials:
            for line in response.headers.get_list("set-cookie"):
                self.jar.store(line, target, same_site=same_site or navigation, top_site=top_site)
        blocked = readable(response) if readable is not None else None
        self._report(_done(title, self.topic, response, url, begun, blocked, None))
        return response


def _identity(urls: Sequence[str], page: str | None, mode: str, destination: str) -> dict[str, str]:
    """The fields a browser adds by itself: who it is, what it takes, where the request comes from (Fetch Metadata)."""
    target = parse(urls[-1])
    trustworthy = target.secure or target.loopback
    fields = {
        "User-Agent": USER_AGENT,
        "Accept": _ACCEPT.get(destination, "*/*"),
        "Accept-Language": "en-GB,en;q=0.9",
        "Accept-Encoding": "gzip, deflate, br, zstd" if trustworthy else "gzip, deflate",
    }
    if trustworthy:
        # A chain of redirects is as foreign as its most foreign hop.
        relation = max((_relation(page, each) for each in urls), key=_SITES.index)
        fields |= {"Sec-Fetch-Site": relation, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
    referrer = _referrer(page, target)
    if referrer is not None:
        fields["Referer"] = referrer
    return fields


def _relation(page: str | None, url: str) -> str:
    if page is None:
        return "none"
    source, target = parse(page), parse(url)
    if source.origin == target.origin:
        return "same-origin"
    return "same-site" if site.same_site(source, target) else "cross-site"


def _referrer(page: str | None, target: Url) -> str | None:
    """``strict-origin-when-cross-origin``, the default of every current browser (Referrer Policy, section 3.7)."""
    if page is None:
        return None
    source = parse(page)
    if source.secure and not (target.secure or target.loopback):
        return None
    return page if source.origin == target.origin else f"{source.origin}/"


def _unsafe(fields: Sequence[tuple[str, str]]) -> list[str]:
    """The names of the fields that are not CORS-safelisted, lower case and sorted (Fetch)."""
    names = set()
    for name, value in fields:
        simple = name.lower() == "content-type" and value.partition(";")[0].strip().lower() in _SIMPLE_TYPES
        if name.lower() not in _SAFELISTED and not simple:
            names.add(name.lower())
    return sorted(names)


def _done(
    title: str, topic: str, response: httpx.Response, url: str, begun: float, blocked: str | None, note: str | None
) -> Step:
    fields = tuple(response.headers.multi_items())
    seconds = time.perf_counter() - begun
    version, method = response.http_version, response.request.method
    return Step(title, topic, method, url, response.status_code, version, fields, seconds, blocked, note)


def _failed(title: str, topic: str, method: str, url: str, begun: float, error: Exception) -> Step:
    reason = str(error) or type(error).__name__
    return Step(title, topic, method, url, seconds=time.perf_counter() - begun, error=reason)

"""Which API made a request, as far as the wire shows, and from what that is read."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.patterns import compile_late
from inspector.report import Certainty, Evidence, Severity
from inspector.rules.base import Finding, always, rule
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.exchange import Shape
    from inspector.subject import Subject

FETCH_METADATA = "https://www.w3.org/TR/fetch-metadata/#framework"


class Client(Struct, frozen=True):
    """Who asked: a short `name`, the sentence that says how that is known, how sure, and the fields it rests on."""

    name: str
    because: str
    certainty: Certainty = "certain"
    fields: tuple[str, ...] = ()


# -- programs that are no browser: by the beginning of their User-Agent ---------------------------------------------

_PROGRAMS = (
    (r"curl/", "curl"),
    (r"wget/", "GNU Wget"),
    (r"httpie/", "HTTPie"),
    (r"python-requests/", "Python's Requests"),
    (r"python-httpx/", "Python's HTTPX"),
    (r"python-urllib3?/", "Python's urllib"),
    (r"(?:aiohttp/|python/\S+ aiohttp/)", "Python's aiohttp"),
    (r"scrapy/", "Scrapy"),
    (r"go-http-client/", "Go's net/http"),
    (r"go-resty/", "Go's Resty"),
    (r"okhttp/", "OkHttp (Java, Android)"),
    (r"apache-httpclient/", "Apache HttpClient (Java)"),
    (r"java-http-client/", "Java's HttpClient"),
    (r"java/\d", "Java's HttpURLConnection"),
    (r"dart/", "Dart"),
    (r"axios/", "Axios in Node.js"),
    (r"node-fetch", "node-fetch (Node.js)"),
    (r"undici|node(?:\.js)?(?:/|$)", "`fetch()` in Node.js (undici)"),
    (r"got \(|got/", "Got (Node.js)"),
    (r"deno/", "Deno"),
    (r"bun/", "Bun"),
    (r"postmanruntime/", "Postman"),
    (r"insomnia/", "Insomnia"),
    (r"ruby$|faraday ", "Ruby"),
    (r"guzzlehttp/", "Guzzle (PHP)"),
    (r"libwww-perl/", "Perl's LWP"),
    (r"reqwest/", "reqwest (Rust)"),
    (r"hyper/", "hyper (Rust)"),
    (r"restsharp/", "RestSharp (.NET)"),
    (r"mozilla/\S+ \([^)]*\) windowspowershell/|powershell/", "PowerShell"),
    (r"k6/", "k6, a load generator"),
    (r"apachebench/", "ApacheBench, a load generator"),
    (r"\S+ cfnetwork/", "an app on Apple's URL loading system (CFNetwork)"),
    (r"dalvik/", "an Android app"),
)
_PROGRAM = compile_late("|".join(f"(?P<p{i}>{pattern})" for i, (pattern, _) in enumerate(_PROGRAMS)), re.IGNORECASE)
_BOT = compile_late(
    r"\b(googlebot|bingbot|duckduckbot|baiduspider|yandexbot|applebot|facebookexternalhit|twitterbot|slackbot|"
    r"linkedinbot|gptbot|chatgpt-user|claudebot|ccbot|ahrefsbot|semrushbot|petalbot|amazonbot|bytespider|"
    r"[a-z]{3,20}(?:bot|spider|crawler))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def program(user_agent: str) -> Client | None:
    """The program a User-Agent names, where it is no browser. It is what the client says of itself."""
    match = _PROGRAM.match(user_agent)
    if match and match.lastgroup:
        name = _PROGRAMS[int(match.lastgroup[1:])][1]
        return Client(
            name, "It says so in `User-Agent`, which any client may set as it likes.", "likely", ("user-agent",)
        )
    bot = _BOT.search(user_agent)
    if bot:
        return Client(
            f"a robot that calls itself {bot[1]}",
            "It says so in `User-Agent`; whether it really is that one, only its address tells.",
            "likely",
            ("user-agent",),
        )
    return None


# -- browsers: by Fetch metadata and what the recorder knows ----------------------------------------------------------

_ELEMENTS = {
    "image": "an image (`<img>`, CSS or the page's icon)",
    "script": "a script (`<script>`, a module import or a preload)",
    "style": "a style sheet (`<link>` or `@import`)",
    "font": "a font (`@font-face`)",
    "audio": "an `<audio>` element",
    "video": "a `<video>` element",
    "track": "a `<track>` element",
    "manifest": "the page's manifest (`<link rel=manifest>`)",
    "iframe": "an `<iframe>`",
    "frame": "a `<frame>`",
    "embed": "an `<embed>` element",
    "object": "an `<object>` element",
    "worker": "`new Worker()`",
    "sharedworker": "`new SharedWorker()`",
    "serviceworker": "the registration or update of a service worker",
    "audioworklet": "an audio worklet",
    "paintworklet": "a paint worklet",
    "report": "the browser's reporting (CSP violations, network errors …)",
    "xslt": "an XSLT style sheet",
    "json": "a JSON module import",
    "webidentity": "the Federated Credential Management API",
    "speculationrules": "speculation rules",
}
_TYPES = {
    "document": "a navigation: a page or frame being loaded",
    "xhr": "XMLHttpRequest",
    "fetch": "`fetch()`",
    "eventsource": "EventSource (server-sent events)",
    "websocket": "WebSocket",
    "ping": "`navigator.sendBeacon()` or a link's `ping`",
    "beacon": "`navigator.sendBeacon()`",
    "cspviolationreport": "the browser's report of a CSP violation",
    "csp-violation-report": "the browser's report of a CSP violation",
    "preflight": "the browser's CORS preflight",
    "webtransport": "WebTransport",
    "prefetch": "a prefetch",
}
_AXIOS = "application/json, text/plain, */*"
_JQUERY = compile_late(r"\*/\*; q=0\.01$")
_LIBRARIES = (
    ("axios", "Axios"),
    ("jquery", "jQuery"),
    ("angular", "Angular"),
    ("apollo", "Apollo"),
    ("superagent", "SuperAgent"),
    ("htmx", "htmx"),
    ("htm.org", "htmx"),
    ("turbo", "Turbo"),
)


@lru_cache(maxsize=1024)
def _library(script: str) -> str | None:
    name = script.partition("?")[0].rpartition("/")[2].lower()
    return next((library for mark, library in _LIBRARIES if mark in name), None)


_CLUES = (
    "sec-fetch-mode",
    "sec-fetch-dest",
    "sec-fetch-user",
    "sec-fetch-site",
    "sec-purpose",
    "purpose",
    "x-requested-with",
    "accept",
    "content-type",
)
"""The request fields that tell one API from another, in the order `identify` takes them."""


@lru_cache(maxsize=4096)
def identify(
    mode: str | None,
    destination: str | None,
    user: str | None,
    site: str | None,
    sec_purpose: str | None,
    purpose: str | None,
    requested_with: str | None,
    accept: str | None,
    content_type: str | None,
    method: str,
    kind: str | None,
    initiator: str | None,
    preflight: bool,
) -> Client | None:
    """Which API of a browser made a request; ``None`` where nothing can be said.

    The first nine are the values of the fields in `_CLUES`, `kind` is the recorder's resource type, `initiator` the
    URL of the script that asked.
    """
    if preflight:
        return Client(
            "the browser's CORS preflight",
            "`OPTIONS` with `Origin` and `Access-Control-Request-Method`: no page can send these, the browser asks on "
            "its own.",
            "certain",
            ("access-control-request-method",),
        )
    ahead = sec_purpose or purpose
    if ahead:
        what = "a prerender" if "prerender" in ahead else "a prefetch"
        return Client(what, "The browser marks it so: it loads ahead of need.", "certain", ("sec-purpose", "purpose"))
    if mode == "websocket" or (kind == "websocket" and mode is None):
        return Client(
            "WebSocket", "`new WebSocket()` opens with this handshake.", "certain", ("sec-fetch-mode", "upgrade")
        )
    if mode == "navigate":
        return _navigation(destination, user, site, method)
    library = _by_library(requested_with, accept, initiator, kind, destination, mode)
    if library is not None:
        return library
    if kind in _TYPES:
        return Client(_TYPES[kind], f"The recorder classed it so (`{kind}`).", "certain")
    if accept == "text/event-stream":
        return Client(
            "EventSource (server-sent events)",
            "`Accept: text/event-stream` is what EventSource sends; a `fetch()` can imitate it.",
            "likely",
            ("accept",),
        )
    if destination in _ELEMENTS:
        return Client(_ELEMENTS[destination], "`Sec-Fetch-Dest` names what it is for.", "certain", ("sec-fetch-dest",))
    if destination == "empty":
        return _script(mode, method, content_type, accept)
    return None


def _navigation(destination: str | None, user: str | None, site: str | None, method: str) -> Client:
    fields = ("sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user", "sec-fetch-site")
    if destination in ("iframe", "frame", "embed", "object", "fencedframe"):
        return Client(f"a frame (`<{destination}>`) being loaded", "A navigation inside the page.", "certain", fields)
    if site == "none":
        return Client(
            "a navigation the user began outside any page",
            "`Sec-Fetch-Site: none`: an address typed, a bookmark, a link from another program, or a reload of such.",
            "certain",
            fields,
        )
    if method == "POST":
        return Client("a form being sent", "A navigation by POST comes from a form.", "certain", fields)
    if user == "?1":
        return Client(
            "a link or form the user activated",
            "`Sec-Fetch-User: ?1`: a click, a key or a tap began this navigation.",
            "certain",
            fields,
        )
    return Client(
        "a navigation without a user's action",
        "There is no `Sec-Fetch-User`: script set the location, or the page refreshed or redirected itself.",
        "likely",
        fields,
    )


def _by_library(
    requested_with: str | None,
    accept: str | None,
    initiator: str | None,
    kind: str | None,
    destination: str | None,
    mode: str | None,
) -> Client | None:
    """Libraries that leave a mark of their own. Only for requests script makes, not for elements."""
    if (
        destination not in (None, "empty")
        or kind not in (None, "xhr", "fetch", "other")
        or mode in ("navigate", "no-cors")
    ):
        return None
    library = _library(initiator) if initiator else None
    api = {"xhr": "XMLHttpRequest", "fetch": "`fetch()`"}.get(kind or "")
    by = f", over {api}" if api else ""
    if library is not None and (kind in ("xhr", "fetch") or destination == "empty"):
        return Client(
            f"{library}{by}",
            "The recorder names its script as the initiator.",
            "likely",
            ("accept", "x-requested-with"),
        )
    if accept == _AXIOS:
        return Client(
            f"Axios or Angular{by}",
            f"`Accept: {_AXIOS}` is the default of both; code of one's own can send the same.",
            "likely",
            ("accept",),
        )
    if requested_with == "XMLHttpRequest":
        if accept is not None and _JQUERY.search(accept):
            return Client(
                f"jQuery{by}",
                "`X-Requested-With: XMLHttpRequest` with `; q=0.01` at the end of `Accept` is how jQuery asks.",
                "likely",
                ("x-requested-with", "accept"),
            )
        return Client(
            f"script with a library that marks itself{by}",
            "`X-Requested-With: XMLHttpRequest` is set by jQuery, Prototype and others; no browser adds it by itself.",
            "likely",
            ("x-requested-with",),
        )
    return None


def _script(mode: str | None, method: str, content_type: str | None, accept: str | None) -> Client:
    """``Sec-Fetch-Dest: empty``: script, but which API?"""
    fields = ("sec-fetch-dest", "sec-fetch-mode", "accept")
    if mode == "no-cors":
        if method == "POST":
            return Client(
                "`navigator.sendBeacon()` or a no-cors `fetch()`",
                "A POST in mode `no-cors` with an empty destination: typically a beacon, sent when a page is left.",
                "likely",
                fields,
            )
        return Client(
            "a `fetch()` in mode `no-cors`, or a prefetch", "Both look the same on the wire.", "likely", fields
        )
    if method == "POST" and content_type is not None and content_type.startswith("text/ping"):
        return Client(
            "a link's `ping` attribute", "`Content-Type: text/ping` is reserved for it.", "certain", ("content-type",)
        )
    if accept is not None and accept not in ("*/*", ""):
        why = (
            "The page's script set `Accept` itself; on the wire `fetch()` and XMLHttpRequest cannot be told apart here."
        )
        return Client("script: `fetch()` or XMLHttpRequest", why, "likely", fields)
    return Client(
        "script: `fetch()` or XMLHttpRequest",
        "Both send `Sec-Fetch-Dest: empty` and `Accept: */*`, so the wire alone cannot tell which it was.",
        "likely",
        fields,
    )


@rule(
    "client/identified",
    Severity.INFO,
    "Who made the request",
    on=always(),
    references=(FETCH_METADATA, "https://fetch.spec.whatwg.org/#concept-request-destination"),
    what=(
        "Which API or program made the request: a navigation, `fetch()`, XMLHttpRequest, a library, an element, curl …"
    ),
    why="""
        What a browser checks depends on it: a `fetch()` is subject to CORS and a navigation is not; a beacon cannot
        be read;
        a request without an initiator was typed. A request from a program follows none of these rules.
        """,
    fix="Nothing needs fixing; this explains.",
    unless="Nothing is said where neither fields nor recorder tell. Images, scripts and the like are passed over.",
    shows="""
        # type: xhr
        GET https://shop.test/items HTTP/2
        Accept: application/json, text/plain, */*
        Sec-Fetch-Dest: empty
        Sec-Fetch-Mode: cors
        Sec-Fetch-Site: same-origin

        HTTP/2 200
        Content-Type: application/json
        """,
    quiet="""
        GET https://shop.test/items HTTP/2

        HTTP/2 200
        Content-Type: application/json
        """,
)
def identified(x: Subject) -> Finding | None:
    """Browser APIs by their metadata, else a program by its User-Agent."""
    context = x.exchange.context
    kind = context.resource_type
    index = x.req.first
    if kind is None and not _has_clues(x.req.shape):
        accept = index.get("accept")
        if accept not in _TELLING_ACCEPT:
            agent = index.get("user-agent")
            client = program(agent) if agent else None
            return _finding(x, client, None) if client is not None else None
    if "sec-fetch-dest" in index:
        if index["sec-fetch-dest"] in _OBVIOUS:
            return None
        if kind == "fetch" and context.recorder.vantage != "browser":
            kind = None  # a proxy only sees the empty destination, which beacons and XMLHttpRequest have too
    elif kind in _OBVIOUS_TYPES:
        return None
    initiator = context.initiator.url if context.initiator is not None else None
    clues = [index.get(name) for name in _CLUES]
    client = identify(*clues, x.method, kind, initiator, x.is_preflight)
    if client is None:
        agent = index.get("user-agent")
        client = program(agent) if agent else None
        if client is None:
            return None
    return _finding(x, client, initiator)


def _finding(x: Subject, client: Client, initiator: str | None) -> Finding:
    index = x.req.first
    evidence = [x.request_field(name) for name in client.fields if name in index]
    if initiator and not client.fields:
        evidence.append(Evidence("exchange", "initiator", brief(x.masker.url(initiator))))
    return Finding(
        _detail(client),
        None,
        tuple(evidence),
        title=_title(client),
        certainty=client.certainty,
    )


_TELLING_ACCEPT = frozenset({_AXIOS, "text/event-stream"})
"""Values of ``Accept`` that tell an API by themselves."""
_CLUES_BY_NAME = frozenset({*_CLUES, "access-control-request-method"}) - {"accept", "content-type"}


@lru_cache(maxsize=2048)
def _has_clues(shape: Shape) -> bool:
    """Whether a request has a field besides ``Accept`` from which `identify` tells anything."""
    return not _CLUES_BY_NAME.isdisjoint(shape.received)


_OBVIOUS = frozenset({"image", "style", "script", "font", "audio", "video", "track", "manifest"})
"""Destinations that need no explanation: most of a page's requests."""
_OBVIOUS_TYPES = frozenset({"image", "stylesheet", "script", "font", "media", "texttrack", "manifest"})


@lru_cache(maxsize=512)
def _detail(client: Client) -> str:
    begin = client.name if client.certainty == "certain" else f"most likely {client.name}"
    capital = begin[0].upper() + begin[1:]
    return f"{capital}. {client.because}"


@lru_cache(maxsize=512)
def _title(client: Client) -> str:
    return f"Made by: {client.name}" if client.certainty == "certain" else f"Probably made by: {client.name}"

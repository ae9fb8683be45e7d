"""Where the time of an exchange went, and what made it more than it had to be."""

from __future__ import annotations

import re

from inspector.fields.parameters import parse_parameters
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    SLOW,
    SMALL,
    Finding,
    answered_with,
    failure,
    method,
    request_field,
    response_field,
    response_value,
    rule,
    slow,
    small_content,
    status,
    status_class,
)
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import listed, milliseconds, octets

TTFB = "https://web.dev/articles/ttfb"
HAR = "https://w3c.github.io/web-performance/specs/HAR/Overview.html"
TIMING = "https://www.w3.org/TR/server-timing/#the-server-timing-header-field"
_VERY_SLOW = 1800.0
_HELD_OPEN = compile_late(
    r"poll|comet|subscri|stream|/events?\b|/sse\b|/live\b|/listen|/channel|socket\.io|signalr|/watch\b|/bind\b",
    re.IGNORECASE,
)
"""Addresses whose server answers when it has something to tell, and not before."""


def _held_open(x: Subject) -> bool:
    """Whether waiting is the point of the exchange: event streams, long polls, WebSockets, tunnels."""
    return (
        x.media_type in ("text/event-stream", "application/grpc", "multipart/x-mixed-replace")
        or x.status == 101
        or x.method == "CONNECT"
        or x.exchange.context.resource_type in ("eventsource", "websocket")
        or "text/event-stream" in (x.req.get("accept") or "")
        or _HELD_OPEN.search(x.url.path) is not None
    )


def _from_network(x: Subject) -> bool:
    return x.exchange.context.served_from in (None, "network")


@rule(
    "perf/ttfb",
    Severity.INFO,
    "The server took long to begin its answer",
    on=status_class(2, 3, 4, 5),
    also=slow(),
    references=(TTFB, HAR),
    what="Between the end of the request and the first byte of a page or an API's answer passed more than 800 ms.",
    why="Until then the visitor sees nothing of a page; no work on images or scripts makes up for it.",
    fix="Look at the server: slow queries, work that could be cached or done afterwards, a cold start. "
    "`Server-Timing` shows which part takes how long. A CDN brings the answer nearer.",
    unless="Event streams and long polls wait on purpose; a recording of a debugger's session or of the first request "
    "after a start says little.",
    shows="""
    # type: document
    # wait: 2400
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    # type: document
    # wait: 120
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    once="origin",
    gravest=Severity.NOTE,
)
def ttfb(x: Subject) -> Finding | None:
    """Documents, `fetch()` and XMLHttpRequest over the network; longer than 1.8 s is a note."""
    wait = x.exchange.timings.wait
    if wait is None or wait < SLOW:
        return None
    if not (x.is_document or x.is_navigation or x.destination == "empty"):
        return None
    if not _from_network(x) or x.is_preflight or _held_open(x):
        return None
    bound = _VERY_SLOW if wait >= _VERY_SLOW else SLOW
    return Finding(
        f"The first byte came {milliseconds(wait)} after the request had been sent. Up to 800 ms counts as good for a "
        "page, more than 1.8 seconds as poor; on the way and in the server, this includes one round trip.",
        title=f"{milliseconds(wait)} until the answer began",
        severity=Severity.NOTE if bound == _VERY_SLOW else None,
        fix=f"The server at `{brief(x.url.host, 80)}` finds out where the time goes and sends it in `Server-Timing`; "
        "what is the same for everybody is cached."
        if "server-timing" not in x.res
        else f"`Server-Timing` says where the server at `{brief(x.url.host, 80)}` spends the time: begin there.",
        evidence=(Evidence("timing", "wait", milliseconds(wait)),),
    )


_PHASES = {
    "blocked": ("waiting in the browser", "for a free connection, a proxy, or behind more urgent requests"),
    "dns": ("looking up the name", "the resolver had no answer at hand"),
    "connect": ("opening the connection", "one round trip, more where packets are lost"),
    "tls": ("the TLS handshake", "one or two round trips, and the certificates on them"),
    "send": ("sending the request", "its content went out slowly"),
    "wait": ("waiting for the server", "its own work and one round trip"),
    "receive": ("receiving the content", "its size against the bandwidth, or a server that writes slowly"),
}


@rule(
    "perf/phase-dominant",
    Severity.INFO,
    "Where the time went",
    on=slow(),
    references=(HAR,),
    what="In an exchange that took a second or more, one phase took most of it.",
    why="Each phase has other causes: names, connections, the server, the size. Only the longest is worth work.",
    fix="It depends on the phase, which the finding names.",
    unless="Event streams, long polls and media are open for as long as they are wanted.",
    shows="""
    # wait: 1900
    # duration: 2000
    GET https://shop.test/report.pdf HTTP/2

    HTTP/2 200
    Content-Type: application/pdf
    """,
    quiet="""
    # wait: 190
    # duration: 200
    GET https://shop.test/report.pdf HTTP/2

    HTTP/2 200
    Content-Type: application/pdf
    """,
)
def phase_dominant(x: Subject) -> Finding | None:
    """One phase with 60 % of the time, and half a second at least; unknown phases stay unknown."""
    timings = x.exchange.timings
    total = timings.total
    if total is None or total < 1000 or not _from_network(x) or _held_open(x) or x.content_kind == "media":
        return None
    known = {name: value for name in _PHASES if (value := getattr(timings, name)) is not None}
    if not known:
        return None
    name = max(known, key=lambda phase: known[phase])
    longest = known[name]
    if longest < 0.6 * total or longest < 500 or longest > 1.05 * total:
        return None
    what, cause = _PHASES[name]
    return Finding(
        f"Of {milliseconds(total)} the exchange took, {milliseconds(longest)} went into {what} ({cause}).",
        title=f"{min(100, round(100 * longest / total))} % of the time went into {what}",
        evidence=(Evidence("timing", name, milliseconds(longest)), Evidence("timing", "total", milliseconds(total))),
    )


_LIMITS = {
    "html": SMALL,
    "json": SMALL,
    "xml": SMALL,
    "style": SMALL,
    "script": 1_000_000,
    "image": 1_000_000,
}
_ADVICE = {
    "html": "The server sends less in the page itself: data and images in it load after it.",
    "json": "The API sends pages of results, or only the fields that were asked for.",
    "xml": "The API sends pages of results, or only the fields that were asked for.",
    "style": "The build leaves out rules no page uses, and embedded fonts and images.",
    "script": "The build splits it, so that each page loads the part it runs.",
    "image": "Send it in the size it is shown in (`srcset`), as AVIF or WebP.",
}


@rule(
    "perf/large",
    Severity.NOTE,
    "A large transfer",
    on=status(200),
    also=answered_with(*_LIMITS),
    without=(*method("HEAD"), *small_content()),
    references=("https://web.dev/articles/total-byte-weight",),
    what="A page, style or data of more than 500 kB, or a script or image of more than 1 MB, came over the network.",
    why="On a phone's connection a megabyte takes seconds, and scripts of that size a second more to run.",
    fix="Compress, split, or send less; the finding says what fits the type.",
    unless="Downloads, media, this machine's servers, and copies out of a cache are not told.",
    shows="GET https://shop.test/app.js HTTP/2\n\nHTTP/2 200\nContent-Type: text/javascript\n\n"
    + "let cup=7;" * 110_000,
    quiet="GET https://shop.test/app.js HTTP/2\n\nHTTP/2 200\nContent-Type: text/javascript\n\nlet cup=7;",
    once="origin",
)
def large(x: Subject) -> Finding | None:
    """By the bytes that crossed the wire; where they are unknown, by the content where it was not compressed."""
    response = x.response
    if response is None:
        return None
    body = response.body
    coded = "content-encoding" in x.res.by_name
    size = body.transferred or (None if coded else body.size)
    if size is None:
        return None
    kind = x.content_kind
    if size <= _LIMITS[kind] or x.local or not _from_network(x):
        return None
    if (x.res.get("content-disposition") or "").lower().startswith("attachment") or _held_open(x):
        return None
    decoded = body.size if coded and body.size and body.size > size else None
    unfolds = f", {octets(decoded)} once decoded" if decoded else ""
    received = x.exchange.timings.receive
    took = f" Receiving it took {milliseconds(received)}." if received and received >= 100 else ""
    return Finding(
        f"{octets(size)} crossed the network for `{x.media_type}`{unfolds}.{took}",
        title=f"{octets(size)} of `{x.media_type}`",
        fix=_ADVICE[kind],
        evidence=(x.response_field("content-length"), x.response_field("content-encoding")),
    )


_SOON = 5.0
"""Seconds within which the same request again is no polling."""
_WORTH_SAVING = 1000


def _limits_age(cache_control: str) -> bool:
    return "max-age" in cache_control.lower()


@rule(
    "perf/duplicate-request",
    Severity.NOTE,
    "The same was fetched twice",
    on=method("GET"),
    also=status(200),
    without=(
        *response_field("set-cookie"),
        *response_value("cache-control", _limits_age),
        *request_field("range"),
        *failure(),
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9111#section-4", TTFB),
    what="One page asked for the same address twice within five seconds and got the same content over the network.",
    why="The second time cost as much as the first.",
    fix="Let the page keep the first answer (one promise that all callers share), or the server permit caches to keep "
    "it.",
    unless="Small answers, polling, partial content and answers from caches are not told.",
    shows="""
    # type: fetch
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/api/menu HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Cache-Control: no-store
    Content-Length: 4000
    ETag: "a"
    ---
    # type: fetch
    # page: https://shop.test/
    # duration: 80
    GET https://shop.test/api/menu HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Cache-Control: no-store
    Content-Length: 4000
    ETag: "a"
    """,
    quiet="""
    # type: fetch
    # page: https://shop.test/
    GET https://shop.test/api/menu HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Content-Length: 4000
    ETag: "a"
    ---
    # type: fetch
    # page: https://shop.test/
    GET https://shop.test/api/menu?page=2 HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Content-Length: 4000
    ETag: "a"
    """,
    once="origin",
)
def duplicate_request(x: Subject) -> Finding | None:
    """The same address, page, and validator or content; not a navigation, and not with a range."""
    page, index = x.exchange.context.page, x.res.by_name
    if page is None or x.started is None or not _from_network(x) or x.is_navigation:
        return None
    if "expires" in index and "cache-control" not in index:
        return None  # it states a lifetime: that it was fetched again all the same is the cache rules' to tell
    same = _content_key(x)
    if same is None or _held_open(x):
        return None
    before = x.session.repeats.before((page.id, x.request.url, x.destination or ""), x.exchange.index, x.started, same)
    if before is None or not 0 <= x.started - before[1] < _SOON:
        return None
    size = same[0]
    return Finding(
        f"Exchange {before[0]} asked for this address {milliseconds(1000 * (x.started - before[1]))} before, for the "
        f"same page, and got the same {octets(size)}. Both came over the network.",
        fix="The page's code shares the first answer among all who ask for it; or the server sends `Cache-Control` "
        "with a lifetime, if the answer may be reused.",
        evidence=(x.request_line(), x.response_field("cache-control")),
    )


def _content_key(x: Subject) -> tuple[int, str] | None:
    """What tells that two answers are the same: the size with the validator or the whole content; ``None`` if small."""
    response = x.response
    if response is None:
        return None
    size = response.body.size
    if not size:
        declared = x.res.get("content-length") or ""
        size = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 12 else 0
    if size < _WORTH_SAVING:
        return None
    etag = x.res.get("etag") or x.res.get("last-modified")
    if etag:
        return size, etag
    return None


@rule(
    "perf/server-timing",
    Severity.INFO,
    "What the server says took its time",
    on=response_field("server-timing"),
    references=(TIMING,),
    what="`Server-Timing` names parts of the server's work and how long they took.",
    why="It splits the wait, of which the client sees only the whole, into the database, templates, caches and so on.",
    fix="Nothing needs fixing; this explains. Pages of other sites see the values only with `Timing-Allow-Origin`.",
    unless="Metrics without a duration are names only, and not told.",
    shows="""
    # wait: 320
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Server-Timing: db;dur=210.5;desc="orders", render;dur=40
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Server-Timing: cdn-cache; desc=HIT
    """,
)
def server_timing(x: Subject) -> Finding | None:
    """Durations are milliseconds by the standard; `total` is not added to the others."""
    parts = []
    for member in _MEMBER.findall((x.res.get("server-timing") or "")[:4000]):
        metric = parse_parameters(member.strip())
        try:
            duration = float(metric.parameters.get("dur", ""))
        except ValueError:
            continue
        if metric.value and 0 < duration < 1e8:
            parts.append((metric.value, metric.parameters.get("desc") or "", duration))
    if not parts:
        return None
    parts.sort(key=lambda part: -part[2])
    shown = [
        f"`{brief(name, 40)}`{f' ({_described(x, desc)})' if desc else ''} {took:,g} ms" for name, desc, took in parts
    ]
    told = f"The server says: {listed(shown, most=5)}."
    wait = x.exchange.timings.wait
    longest = parts[0][2]
    if wait and wait >= 1 and _from_network(x):
        told += f" The client waited {milliseconds(wait)}"
        told += (
            ", less than that: work went on while the answer was on its way, or the answer was stored with the field."
            if longest > wait * 1.2 + 5
            else "; the rest is the way there and back, and what the server does not list."
        )
    return Finding(told, evidence=(x.response_field("server-timing"),))


_MEMBER = compile_late(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


def _described(x: Subject, text: str) -> str:
    return brief(x.masker.text(text), 60)

"""What a 1xx, 2xx or 3xx status means for the exchange it belongs to: one small function a status."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.redirects import redirected_method
from inspector.fields.ranges import parse_content_range, parse_range
from inspector.fields.statuses import REGISTERED, status_name
from inspector.report import Evidence
from inspector.rules.base import Finding
from inspector.rules.status_words import shown_target, target

if TYPE_CHECKING:
    from inspector.subject import Subject

FETCH_REDIRECT = "https://fetch.spec.whatwg.org/#http-redirect-fetch"


@lru_cache(maxsize=512)
def _evidence(code: int, reason: str) -> tuple[Evidence, ...]:
    return (Evidence("response.status", None, f"{code} {reason}".strip()),)


def told(
    x: Subject, outcome: str, detail: str, *evidence: Evidence, fix: str | None = None, more: tuple[str, ...] = ()
) -> Finding:
    """A finding on the status: the title begins with its name, the references with its section."""
    known = REGISTERED.get(x.status)
    reason = x.response.reason if x.response is not None else None
    return Finding(
        detail,
        fix,
        _evidence(x.status, reason or "") + evidence,
        f"{status_name(x.status)}: {outcome}",
        references=(*((known.reference,) if known is not None else ()), *more),
    )


# -- 200: nearly every exchange; its few texts are made once ------------------------------------------------------

_OK = {
    "GET": ("the content was sent", "The request succeeded. The content{type} is what the address stands for."),
    "HEAD": (
        "the fields without the content",
        "The request succeeded. These are the fields a GET would have got; a response to HEAD never has content.",
    ),
    "POST": ("the action was done", "The request succeeded. The content{type} tells what came of the action."),
    "PUT": (
        "the resource was stored",
        "The request succeeded: the resource at this address now has the state sent. A new one would have got `201`.",
    ),
    "PATCH": ("the change was made", "The request succeeded: the changes that were sent have been applied."),
    "DELETE": ("the resource was removed", "The request succeeded: what was at this address is deleted."),
    "OPTIONS": ("the options were sent", "The request succeeded: the fields tell what the server supports here."),
    "CONNECT": (
        "the tunnel is open",
        "The proxy has connected to the server. From here on it passes bytes through and sees no HTTP, unless it ends "
        "TLS itself.",
    ),
    "TRACE": ("the request came back", "The server sent the request back as it got it."),
}
_ANY_OK = ("it succeeded", "The request succeeded.")
_KEPT = {
    "memory-cache": "The recorder says it came from the browser's memory cache: no server was asked.",
    "disk-cache": "The recorder says it came from the browser's disk cache: no server was asked.",
    "cache": "The recorder says it came from a cache: the server was not asked.",
    "service-worker": "The recorder says a service worker answered; whether it asked the server is not shown.",
    "push": "The recorder says the server had pushed it (HTTP/2) before it was asked for.",
}


@lru_cache(maxsize=1024)
def _ok(reason: str, method: str, media_type: str, served_from: str | None, preflight: bool) -> Finding:
    outcome, detail = _OK.get(method, _ANY_OK)
    if preflight:
        outcome = "the preflight was answered"
        detail = "The preflight got a successful status (200 to 299), as it must; its fields decide the rest."
    detail = detail.replace("{type}", f" (`{media_type}`)" if media_type else "")
    kept = _KEPT.get(served_from or "")
    if kept:
        outcome, detail = f"{outcome}, from a cache" if "cache" in (served_from or "") else outcome, f"{detail} {kept}"
    return Finding(
        detail, None, _evidence(200, reason), f"{status_name(200)}: {outcome}", references=(REGISTERED[200].reference,)
    )


def ok(x: Subject) -> Finding:
    """200."""
    response = x.response
    reason = (response.reason if response is not None else None) or ""
    return _ok(reason, x.method, x.media_type, x.exchange.context.served_from, x.is_preflight)


def created(x: Subject) -> Finding:
    """201: the new resource is at ``Location``, or at the requested address."""
    if target(x) is not None:
        return told(
            x,
            f"a new resource at {shown_target(x, query=False)}",
            f"The {x.method} made a new resource, at {shown_target(x)}. Unlike in a redirect, `Location` here is "
            "information: clients do not go there by themselves.",
            x.response_field("location"),
        )
    return told(
        x,
        "a new resource",
        f"The {x.method} made a new resource. Without a `Location` field its address is the one requested"
        + ("." if x.method == "PUT" else ", which for a POST usually is the collection, not the new member."),
    )


def accepted(x: Subject) -> Finding:
    """202."""
    where = f" Its `Location`, {shown_target(x)}, is a likely place to ask how it went." if target(x) else ""
    return told(
        x,
        "taken, not yet done",
        f"The {x.method} was accepted and will be worked on later; nothing is promised, and it can still fail.{where}",
    )


def no_content(x: Subject) -> Finding:
    """204."""
    if x.is_preflight:
        return told(
            x,
            "the preflight was answered",
            "The preflight got a successful status (200 to 299), as it must. It needs no content: its fields decide.",
        )
    stays = " The browser stays on the page it shows." if x.is_navigation else ""
    done = {"DELETE": "the resource is deleted", "PUT": "the resource was stored"}.get(
        x.method, "the request succeeded"
    )
    return told(
        x,
        "done, nothing to send",
        f"{done[0].upper()}{done[1:]}, and the response has no content by definition.{stays}",
    )


def partial(x: Subject) -> Finding:
    """206: which part of how much."""
    asked = x.req.get("range")
    told_range = x.res.get("content-range")
    evidence = tuple(
        field
        for field in (
            x.request_field("range") if asked else None,
            x.response_field("content-range") if told_range else None,
        )
        if field
    )
    part = parse_content_range(told_range) if told_range else None
    if part is None or part.first is None or part.last is None or part.size is None:
        if x.media_type == "multipart/byteranges":
            many = len(parse_range(asked) or ()) if asked else 0
            said = f"{many} ranges" if many > 1 else "Several ranges"
            detail = (
                f"{said} were asked for; each is a part of the `multipart/byteranges` content, with its own "
                "`Content-Range`."
            )
            return told(x, "several parts", detail, *evidence)
        return told(x, "a part of the whole", REGISTERED[206].says + " Which part cannot be told here.", *evidence)
    unit = "bytes" if part.unit == "bytes" else part.unit
    if part.complete is None:
        span = f"{unit} {part.first}–{part.last}, {words.octets(part.size)} of an unknown total"
        return told(
            x,
            f"{unit} {part.first}–{part.last}",
            f"The content is {span} (`*`: the server does not know the length yet).",
            *evidence,
        )
    share = 100 * part.size / part.complete if part.complete else 0
    if part.size == part.complete:
        portion = "the whole of it"
    elif part.first == 0:
        portion = f"the first {_percent(share)}"
    elif part.last == part.complete - 1:
        portion = f"the last {_percent(share)}"
    else:
        portion = _percent(share)
    detail = f"The content is {unit} {part.first}–{part.last} of {part.complete}: {portion}."
    if x.req.get("if-range"):
        detail += (
            " The client sent `If-Range`, and its copy still matches: otherwise the whole would have come with `200`."
        )
    elif part.size == part.complete:
        detail += " Players begin like this, with `Range: bytes=0-`, to learn whether they can seek."
    return told(x, f"{unit} {part.first}–{part.last} of {part.complete}", detail, *evidence)


def _percent(share: float) -> str:
    if share < 0.1:
        return "less than 0.1 %"
    return f"{share:.1f} %" if share < 10 or share > 99 else f"{share:.0f} %"


# -- 1xx ----------------------------------------------------------------------------------------------------------


def switching(x: Subject) -> Finding:
    """101: to which protocol."""
    protocol = x.res.get("upgrade")
    if not protocol:
        return told(
            x,
            "to an unnamed protocol",
            REGISTERED[101].says + " This response lacks the `Upgrade` field that names it.",
        )
    name = "WebSocket" if protocol.lower() == "websocket" else f"`{x.shown('response', 'upgrade')}`"
    then = "WebSocket frames follow, in both directions" if name == "WebSocket" else f"{name} follows"
    offered = x.req.get("upgrade")
    by = (
        f"The client offered `Upgrade: {x.shown('request', 'upgrade')}` and the server accepts"
        if offered
        else "The server accepts"
    )
    return told(
        x,
        f"to {name}",
        f"{by}: after this response the connection no longer carries HTTP/1.1. {then} until one side closes it.",
        *((x.request_field("upgrade"),) if offered else ()),
        x.response_field("upgrade"),
    )


def early_hints(x: Subject) -> Finding:
    """103."""
    return told(
        x,
        "a head start",
        "An interim response: the server knows before its page is ready what the page will need, and says so in `Link` "
        "fields, so that the browser can start loading while the server still works. The final response follows.",
        *((x.response_field("link"),) if "link" in x.res else ()),
    )


# -- 3xx ----------------------------------------------------------------------------------------------------------

_KIND = {
    301: "for good",
    302: "for now",
    303: "to the answer",
    307: "for now, unchanged",
    308: "for good, unchanged",
}


def redirect(x: Subject) -> Finding:
    """301, 302, 303, 307, 308: where to, what becomes of the method, whether it is remembered."""
    status, method = x.status, x.method
    absolute = target(x)
    if absolute is None:
        return told(
            x, "to nowhere", REGISTERED[status].says + " This response names no `Location`, so nobody can follow it."
        )
    reason = x.response.reason if x.response is not None else None
    if reason == "Internal Redirect" or "non-authoritative-reason" in x.res:
        return _internal(x)
    where = shown_target(x)
    then = redirected_method(status, method)
    sentences = [f"The client asks {where} next, with {_next_method(status, method, then)}."]
    if status in (301, 308):
        sentences.append(_remembered(x))
    elif status in (302, 307) and not _fresh(x):
        sentences.append("It is not remembered: the next visit asks this address again.")
    if status == 303 and method in ("GET", "HEAD"):
        sentences.append(
            "The other address describes or answers for this one; it is not a new address of the same thing."
        )
    there = urls.parse(absolute)
    if there.origin != x.url.origin and there.origin != "null":
        if there.host == x.url.host:
            sentences.append(f"The scheme or port changes: from `{x.url.origin}` to `{there.origin}`.")
        elif "authorization" in x.req:
            sentences.append(f"`{there.host}` is another origin, so the `Authorization` field is not sent along.")
    return told(
        x,
        f"{_KIND[status]}, to {shown_target(x, query=False)}",
        " ".join(sentences),
        x.response_field("location"),
        more=(FETCH_REDIRECT,),
    )


_BROWSER_REASONS = {
    "HSTS": "the host has told it before to be visited over HTTPS only (`Strict-Transport-Security`)",
    "DNS": "the host's HTTPS record in the DNS says that it speaks HTTPS",
    "WebRequest API": "an extension asked for it",
    "Delegate": "the browser's own settings ask for it",
}


def _internal(x: Subject) -> Finding:
    """A redirect the browser makes up itself; Chromium shows it as a 307 (or 302) that no server sent."""
    said = x.res.get("non-authoritative-reason") or ""
    why = _BROWSER_REASONS.get(said)
    if why is None:
        there = urls.parse(target(x) or "")
        upgrade = x.url.scheme == "http" and there.scheme == "https" and there.host == x.url.host
        why = "most likely HSTS (`Strict-Transport-Security`)" if upgrade else "an extension or a setting, for example"
    return told(
        x,
        f"made by the browser itself, to {shown_target(x, query=False)}",
        f"No server sent this redirect: the browser changed the address to {shown_target(x)} before asking anybody. "
        f"The cause: {why}.",
        x.response_field("location"),
        *((x.response_field("non-authoritative-reason"),) if said else ()),
    )


def _next_method(status: int, method: str, then: str) -> str:
    if then != method:
        lost = ", and the content is dropped" if method in ("POST", "PUT", "PATCH") else ""
        if status == 303:
            return f"GET instead of {method}{lost}: that is what `303` means"
        keep = 307 if status == 302 else 308
        return f"GET instead of {method}{lost}; `{keep}` would keep both"
    if method in ("GET", "HEAD"):
        return f"{method} again"
    return f"{method} again, the content included"


def _fresh(x: Subject) -> bool:
    cache = x.verdicts.cache
    if cache is not None:
        return bool(cache.stored) and cache.reuse == "fresh"
    control = x.res.get("cache-control") or ""
    return "max-age" in control or "expires" in x.res


def _remembered(x: Subject) -> str:
    cache = x.verdicts.cache
    control = x.res.get("cache-control")
    if cache is not None and cache.stored is False:
        return "Browsers do not remember it" + (f", because of `Cache-Control: {control}`." if control else ".")
    if cache is not None and cache.lifetime and cache.basis in ("max-age", "expires"):
        return f"Browsers remember it for {words.duration(cache.lifetime)} and skip this request meanwhile."
    if control and ("no-store" in control or "no-cache" in control or "max-age" in control):
        return f"`Cache-Control: {control}` limits for how long browsers remember it."
    if x.method not in ("GET", "HEAD"):
        return "It stands for the resource for good."
    return (
        "No field limits how long it is remembered: a browser that has seen it skips this request from then on, until "
        "its cache drops the entry."
    )


def not_modified(x: Subject) -> Finding:
    """304: which condition it answers."""
    etag, since = x.req.get("if-none-match"), x.req.get("if-modified-since")
    saved = "so only fields cross the wire"
    if etag:
        shown = x.shown("request", "if-none-match")
        detail = (
            f"The client asked with `If-None-Match: {shown}`; that tag still names the current version, {saved}. "
            "The client uses the copy it holds, with these newer fields."
        )
        if since:
            detail += " `If-Modified-Since` was sent too and is ignored, because the entity tag is more exact."
        evidence = [x.request_field("if-none-match")]
        if "etag" in x.res:
            evidence.append(x.response_field("etag"))
        return told(x, "the stored copy is still good", detail, *evidence)
    if since:
        return told(
            x,
            "the stored copy is still good",
            f"The client asked with `If-Modified-Since: {x.shown('request', 'if-modified-since')}`; nothing changed "
            f"since, {saved}. The client uses the copy it holds, with these newer fields.",
            x.request_field("if-modified-since"),
        )
    detail = (
        "The client's stored copy is still good. The recording shows neither `If-None-Match` nor `If-Modified-Since`"
    )
    if x.exchange.context.recorder.vantage == "browser":
        detail += "; a browser adds them when it checks its cache, often after the point where its recorder looks."
    else:
        detail += ", one of which the request must have carried to get this answer."
    return told(x, "the stored copy is still good", detail)

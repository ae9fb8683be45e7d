"""Preloads, by `Link` or by markup: whether the browser follows them, and whether what they fetch can be used."""

from __future__ import annotations

from inspector.content.hints import Hint, hints_of, mode_of, uses_of
from inspector.content.kinds import kind_of
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, recorded_content, response_field, rule, status
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import listed, ticked

PRELOAD = "https://html.spec.whatwg.org/multipage/links.html#link-type-preload"
CORS = "https://html.spec.whatwg.org/multipage/urls-and-fetching.html#create-a-potential-cors-request"
_AS = ("fetch", "font", "image", "script", "style", "track")
_TYPES = {"script": ("script", "json"), "style": ("style",), "image": ("image",), "font": ("font",)}
_FETCHED_TWICE = (
    "so what the preload fetched is not used, and the file is requested a second time (over the network, unless its "
    "cache fields allow reuse)"
)


def hints(x: Subject) -> tuple[Hint, ...]:
    """The resource hints of a response, those of its `Link` fields first."""
    return hints_of(x.res.get("link"), x.html if x.is_document else None)


def preloads(x: Subject) -> tuple[Hint, ...]:
    """The preloads among the hints."""
    return tuple([hint for hint in x.memo(hints) if hint.relation == "preload"])


@rule(
    "hints/preload-invalid",
    Severity.NOTE,
    "A preload that does not help",
    on=(*response_field("link"), *document()),
    also=(*recorded_content("html"), *response_field("link")),
    without=status(304),
    references=(PRELOAD, CORS),
    what="A preload without a destination browsers know in `as`, with a `type` of another kind, or for a font, a text "
    "track or `fetch()` without `crossorigin`.",
    why="Browsers ignore it, or fetch the file in a way that its use does not match, and then fetch it again.",
    fix="""
    `Link: </a.woff2>; rel=preload; as=font; crossorigin`, with `as` out of `fetch`, `font`, `image`, `script`, `style`
    and `track`. Fonts need `crossorigin` even from the page's own origin.
    """,
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Link: </font.woff2>; rel=preload; as=font
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Link: </font.woff2>; rel=preload; as=font; crossorigin
    """,
    once="origin",
)
def preload_invalid(x: Subject) -> Finding | None:
    """The first fault of the page's preloads, in the order of HTML's processing of `preload`."""
    for preload in x.memo(preloads):
        fault = _fault(preload)
        if fault is None:
            continue
        what, fix = fault
        where = "The preload in `Link`" if preload.by_field else "A preload of the page"
        shown = brief(x.masker.url(preload.target), 80)
        evidence = (
            x.response_field("link") if preload.by_field else Evidence("response.body", None, shown, None, "preload")
        )
        return Finding(
            f"{where}{f' of `{shown}`' if shown else ''} {what}.",
            fix=fix,
            evidence=(evidence,),
        )
    return None


def _fault(preload: Hint) -> tuple[str, str] | None:
    """What is wrong with a preload and what to do; ``None`` where nothing is."""
    destination = preload.destination
    who = "server's `Link`" if preload.by_field else "page's `<link rel=preload>`"
    if not preload.target and not preload.images:
        return "names no address", f"The {who} gets one, or goes."
    if destination not in _AS:
        return (
            f"has `as={brief(destination, 40)}`, which browsers do not preload: they ignore it"
            if destination
            else "does not say in `as` what it is for: browsers ignore it",
            f"The {who} says one of {listed(ticked(_AS), 'or')} in `as`.",
        )
    kind = kind_of(preload.type.partition(";")[0].strip().lower()) if preload.type else None
    if kind in ("html", "script", "style", "image", "font", "media") and kind not in _TYPES.get(destination, (kind,)):
        effect = (
            "the standard has browsers ignore it, and Chromium fetches it all the same"
            if destination == "script" and not preload.by_field
            else "browsers ignore it"
        )
        return (
            f"has `as={destination}` and `type={brief(preload.type, 60)}`, which do not match: {effect}",
            f"The {who} states the type the file has, or none.",
        )
    if destination == "font" and preload.crossorigin is None:
        return (
            f"has no `crossorigin`. Fonts are always fetched with CORS, also from the own origin, {_FETCHED_TWICE}",
            f"The {who} gets `crossorigin`. Trap: on another origin the font then needs `Access-Control-Allow-Origin`.",
        )
    if destination == "font" and (preload.crossorigin or "").strip().lower() == "use-credentials":
        return (
            f"has `crossorigin=use-credentials`. Fonts are fetched without other origins' cookies, {_FETCHED_TWICE}",
            f"The {who} gets `crossorigin` without a value.",
        )
    if destination == "track" and preload.crossorigin is None:
        return (
            "has no `crossorigin`. A `<track>` is fetched from its own origin alone, or with CORS, and no preload "
            f"without `crossorigin` is, {_FETCHED_TWICE}",
            f"The {who} and the `<video>` around the track both get `crossorigin`, or the preload goes.",
        )
    if destination == "fetch" and preload.crossorigin is None:
        return (
            f"has no `crossorigin`. `fetch()` asks in the mode `cors` unless told otherwise, {_FETCHED_TWICE}",
            f"The {who} gets `crossorigin`; `crossorigin=use-credentials` where the request to another origin carries "
            "cookies.",
        )
    return None


@rule(
    "hints/preload-twice",
    Severity.NOTE,
    "Preloaded in one mode and used in another: fetched twice",
    on=document(),
    also=recorded_content("html"),
    references=(PRELOAD, CORS, "https://html.spec.whatwg.org/multipage/links.html#consume-a-preloaded-resource"),
    what="A script, style or image is preloaded with (or without) CORS, and its element asks the other way.",
    why="The browser matches a preload by address, destination, mode and credentials. One that does not match is "
    "fetched for nothing, at the highest priority, before what the page really needs.",
    fix="Give the preload the same `crossorigin` as the element. For module scripts use `rel=modulepreload`.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><link rel=preload as=script href=/app.js><script src=/app.js crossorigin></script>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><link rel=preload as=script href=/app.js><script src=/app.js></script>
    """,
    once="origin",
)
def preload_twice(x: Subject) -> Finding | None:
    """Preload and use in the markup of one page; a preload in the right mode beside it settles the matter."""
    page = x.html
    if page is None:
        return None
    modes: dict[tuple[str, str], set[str]] = {}
    for preload in x.memo(preloads):
        if preload.destination in ("script", "style", "image") and preload.target:
            key = (preload.destination, page.resolve(x.request.url, preload.target))
            modes.setdefault(key, set()).add(mode_of(preload.crossorigin))
    if not modes:
        return None
    for use in uses_of(page):
        preloaded = modes.get((use.destination, page.resolve(x.request.url, use.target)))
        if preloaded is None or use.mode in preloaded:
            continue
        shown = brief(x.masker.url(use.target), 80)
        had = listed(sorted(_MODES[mode] for mode in preloaded))
        because = "A module script" if use.module else f"The `{use.element.tag}`"
        return Finding(
            f"`{shown}` is preloaded {had}, and {because[0].lower()}{because[1:]} that uses it asks "
            f"{_MODES[use.mode]}: the browser does not take the preloaded copy and "
            "requests the file again, over the network unless its cache fields allow reuse.",
            fix="The page uses `<link rel=modulepreload>` for it."
            if use.module
            else "The page gives the preload and the element the same `crossorigin`, or neither.",
            evidence=(Evidence("response.body", None, shown, None, "preloaded and used"),),
        )
    return None


_MODES = {
    "none": "without CORS",
    "anonymous": "with CORS and without other origins' credentials",
    "use-credentials": "with CORS and credentials",
}

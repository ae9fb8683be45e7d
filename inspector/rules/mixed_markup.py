"""What a secure page's markup loads over http: Mixed Content, sections 4 and 5."""

from __future__ import annotations

from collections.abc import Iterator

from inspector import url as urls
from inspector.content.html import Element, HtmlPage, runs_script
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, recorded_content, rule, scheme
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import count, listed

MIXED = "https://www.w3.org/TR/mixed-content/"
_NAMES = {
    "script": ("script", "scripts"),
    "link": ("style sheet", "style sheets"),
    "iframe": ("frame", "frames"),
    "embed": ("embedded object", "embedded objects"),
    "srcset": ("image with a `srcset`", "images with a `srcset`"),
    "img": ("image", "images"),
    "media": ("audio or video file", "audio or video files"),
}
_UPGRADED = frozenset({"img", "media"})
_MOST_NAMED = 3


@rule(
    "tls/mixed-content",
    Severity.WARNING,
    "A secure page loads parts over http",
    on=recorded_content("html"),
    also=document(),
    without=scheme("http"),
    references=(MIXED + "#should-block-fetch", MIXED + "#upgrade-algorithm"),
    what="The markup of an https page has scripts, style sheets, frames, images or media with an `http:` address.",
    why="""
    Browsers do not run such a script and do not show such a frame. Images and media they ask for over https instead,
    and show nothing where that fails.
    """,
    fix="Write the addresses with `https:`, or as paths, which keep the page's scheme.",
    unless="The page's policy has `upgrade-insecure-requests`. Links (`<a href>`) are no mixed content, nor is what "
    "this machine serves itself.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><title>Shop</title><script src="http://cdn.test/app.js"></script>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><title>Shop</title><script src="//cdn.test/app.js"></script><a href="http://old.test/">old</a>
    """,
    once="origin",
)
def mixed_content(x: Subject) -> Finding | None:
    """What is blocked first; images and media alone are a note."""
    page = x.html
    if page is None or x.url.scheme != "https":
        return None
    found = list(_insecure(page, x.request.url))
    if not found or _upgrades(x, page):
        return None
    counts: dict[str, int] = {}
    for kind, _, _ in found:
        counts[kind] = counts.get(kind, 0) + 1
    blocked = [count(n, *_NAMES[kind]) for kind, n in counts.items() if kind not in _UPGRADED]
    upgraded = [count(n, *_NAMES[kind]) for kind, n in counts.items() if kind in _UPGRADED]
    effects = []
    if blocked:
        effects.append(f"{listed(blocked)} over http, which browsers do not load at all")
    if upgraded:
        effects.append(f"{listed(upgraded)} over http, which browsers ask for over https instead")
    named = sorted(found, key=lambda each: each[0] in _UPGRADED)[:_MOST_NAMED]
    return Finding(
        f"The page came over https and loads {'; and '.join(effects)}.",
        title=None if blocked else "A secure page's images or media have `http:` addresses",
        severity=None if blocked else Severity.NOTE,
        fix="The page writes the addresses with `https:`. Trap: every server named has to answer over https. As long "
        "as addresses cannot be changed, `Content-Security-Policy: upgrade-insecure-requests` rewrites them all.",
        evidence=tuple(
            Evidence("response.body", attribute, brief(x.masker.url(address), 100)) for _, attribute, address in named
        ),
    )


def _upgrades(x: Subject, page: HtmlPage) -> bool:
    policies = (x.res.get("content-security-policy") or "", *page.http_equiv("content-security-policy"))
    return any("upgrade-insecure-requests" in policy.lower() for policy in policies)


def _insecure(page: HtmlPage, own: str) -> Iterator[tuple[str, str, str]]:
    """Every load over http: its kind (see `_NAMES`), the attribute, the absolute address."""
    inside_media = False
    for element in page.elements:
        inside_media = element.tag in ("audio", "video") or (inside_media and element.tag in ("source", "track"))
        if element.tag not in _LOADING:
            continue
        for kind, attribute, reference in _loads(element, inside_media):
            address = page.resolve(own, reference)
            if address[:5].lower() == "http:" and (there := urls.parse(address)).host and not there.loopback:
                yield kind, attribute, address


_LOADING = frozenset(
    {"script", "link", "iframe", "frame", "embed", "object", "img", "audio", "video", "source"},
)


def _loads(element: Element, inside_media: bool) -> Iterator[tuple[str, str, str]]:
    tag, get = element.tag, element.attributes.get
    src = get("src")
    match tag:
        case "script" if src and runs_script(element):
            yield "script", "src", src
        case "link" if "stylesheet" in (get("rel") or "").lower().split() and (href := get("href")):
            yield "link", "href", href
        case "iframe" | "frame" if src:
            yield "iframe", "src", src
        case "embed" if src:
            yield "embed", "src", src
        case "object" if data := get("data"):
            yield "embed", "data", data
        case "img" if get("srcset"):
            for candidate in (get("srcset") or "").split(","):
                if words := candidate.split():
                    yield "srcset", "srcset", words[0]
        case "img" | "audio" | "video" if src:
            yield "img" if tag == "img" else "media", "src", src
        case "source" if inside_media and src:
            yield "media", "src", src

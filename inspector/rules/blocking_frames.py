"""Pages that may not be framed where they were: `X-Frame-Options` and `frame-ancestors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser import framing
from inspector.fields.csp import parse_csp
from inspector.fields.framing import x_frame_options
from inspector.report import Severity
from inspector.rules.base import Finding, blocking, rule
from inspector.rules.blocking_words import finding_of, page_line, so, verdict_of
from inspector.url import DEFAULT_PORTS

if TYPE_CHECKING:
    from inspector.subject import Subject

_ON = blocking("blocked", "depends")
_EMPTY = "the browser shows an error page in the frame instead"


def _around(x: Subject) -> str:
    """The page around the frame, as a phrase."""
    page = x.exchange.context.page
    url = (page.url if page is not None else None) or x.req.get("referer")
    origin = urls.parse(url).origin if url else "null"
    return "another page" if origin == "null" else f"a page of `{x.masker.text(origin)}`"


@rule(
    "blocking/x-frame-options",
    Severity.ERROR,
    "Not shown in the frame: `X-Frame-Options`",
    on=_ON,
    references=(
        "https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",
        "https://www.w3.org/TR/CSP3/#frame-ancestors-and-frame-options",
    ),
    what="A page was loaded into a frame, and its `X-Frame-Options` forbids that.",
    why="""`DENY` forbids every frame, `SAMEORIGIN` those with a page of another origin anywhere around them. Two
        different values, one of them known, forbid every frame.""",
    fix="""To admit named sites, send `Content-Security-Policy: frame-ancestors 'self' https://partner.example`; where
        it is there, browsers ignore `X-Frame-Options`.""",
    unless="The page is not meant to be framed: then this is the protection at work.",
    shows="""
    GET https://bank.example/transfer HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: text/html
    X-Frame-Options: DENY
    """,
    quiet="""
    # page: https://shop.test/
    GET https://shop.test/inner HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: same-origin

    HTTP/2 200
    Content-Type: text/html
    X-Frame-Options: SAMEORIGIN
    """,
)
def frame_options(x: Subject) -> Finding | None:
    """The framed page's ``X-Frame-Options``."""
    verdict = verdict_of(x, framing.XFO)
    if verdict is None:
        return None
    value = x.res.get("x-frame-options") or ""
    shown = x.shown("response", "x-frame-options")
    forbids = "admits pages of its own origin alone"
    if value and x_frame_options(value) == "deny":
        forbids = "forbids every frame"
        if value.strip().lower() != "deny":
            forbids = "holds different values, which together forbid every frame"
    said = f"`X-Frame-Options: {shown}` {forbids}" if value else "The page forbids it"
    detail = f"{said}, and {_around(x)} loads this one in a frame. {so(verdict, _EMPTY)}"
    host = x.url.host
    fix = (
        f"On `{host}`: send `Content-Security-Policy: frame-ancestors 'self' {_site(x)}` if that page is meant to "
        "frame it; it replaces `X-Frame-Options`. If not, this is the protection against clickjacking at work."
    )
    evidence = (page_line(x, "the page around the frame"), x.response_field("x-frame-options", label=forbids))
    return finding_of(frame_options, verdict, detail, fix, evidence)


@rule(
    "blocking/frame-ancestors",
    Severity.ERROR,
    "Not shown in the frame: `frame-ancestors`",
    on=_ON,
    references=("https://www.w3.org/TR/CSP3/#directive-frame-ancestors",),
    what="A page was loaded into a frame, and its `frame-ancestors` does not list a page around it.",
    why="""Every page around the frame, up to the one in the address bar, has to match a source of the list: scheme,
        host and port. `X-Frame-Options` plays no part where the directive is there.""",
    fix="Add the framing site's origin to `frame-ancestors` in the framed page's `Content-Security-Policy`.",
    unless="The page is not meant to be framed: then this is the protection at work.",
    shows="""
    # page: https://shop.test/
    GET https://maps.example/embed HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: frame-ancestors 'self' https://partner.example
    """,
    quiet="""
    # page: https://shop.test/
    GET https://maps.example/embed HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: iframe
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Site: cross-site

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: frame-ancestors 'self' https://shop.test
    """,
)
def ancestors(x: Subject) -> Finding | None:
    """The framed page's ``frame-ancestors``."""
    verdict = verdict_of(x, framing.ANCESTORS)
    if verdict is None:
        return None
    lists = [s for p in parse_csp(x.res.get("content-security-policy") or "") if (s := p.sources("frame-ancestors"))]
    shown = "frame-ancestors"
    if lists:
        shown = f"frame-ancestors {' '.join(lists[0])}"[:160]
    detail = f"`{x.masker.text(shown)}` does not admit {_around(x)}, which loads this one in a frame. "
    if verdict.outcome == "depends":
        detail = f"`{x.masker.text(shown)}` limits who may frame this page, and {_around(x)} loads it in a frame. "
    detail += so(verdict, _EMPTY)
    trap = _trap(x, lists)
    fix = f"On `{x.url.host}`: add `{_site(x)}` to `frame-ancestors`, if that page is meant to frame it.{trap}"
    evidence = (
        page_line(x, "the page around the frame"),
        x.response_field("content-security-policy", mark="frame-ancestors", label="who may frame it"),
    )
    return finding_of(ancestors, verdict, detail, fix, evidence)


def _site(x: Subject) -> str:
    page = x.exchange.context.page
    url = (page.url if page is not None else None) or x.req.get("referer")
    origin = urls.parse(url).origin if url else "null"
    return "https://framing-site.example" if origin == "null" else x.masker.text(origin)


def _trap(x: Subject, lists: list[tuple[str, ...]]) -> str:
    """What makes a source miss a page that it seems to name."""
    origin = urls.parse(_site(x))
    for source in (s for sources in lists for s in sources):
        host = source.lower().partition("://")[2] or source.lower()
        if source.lower() in ("none", "self"):
            return f" Trap: `{source}` without quotes is a host name; the keyword is `'{source.lower()}'`."
        if host.partition("/")[0].partition(":")[0] != origin.host:
            continue
        if "/" in host.rstrip("/"):
            return f" Trap: `{source}` has a path; the list is compared with origins, which have none."
        if ":" not in host and origin.port != DEFAULT_PORTS.get(origin.scheme):
            return f" Trap: `{source}` names no port, so it means the default port alone."
    return ""

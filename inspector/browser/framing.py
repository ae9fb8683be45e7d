"""May this page be framed? HTML, "X-Frame-Options", and CSP3, section 6.4.2, "frame-ancestors"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from inspector import url as urls
from inspector.browser.verdict import BlockVerdict, Step
from inspector.fields.csp import parse_csp
from inspector.fields.framing import x_frame_options
from inspector.url import DEFAULT_PORTS, Url

XFO = "x-frame-options"
ANCESTORS = "frame-ancestors"

DESTINATIONS = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

Result = Literal["pass", "fail", "unknown"]

# CSP3 lets `ws:` match http and https as well; Chromium does not, and a page has no such address anyway.
_UPGRADES = {"http": ("https",), "ws": ("wss",)}
_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]+|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)


def _scheme_matches(pattern: str, scheme: str) -> bool:
    """CSP3, "scheme-part match"."""
    return pattern == scheme or scheme in _UPGRADES.get(pattern, ())


def _port_matches(pattern: str | None, url: Url) -> bool:
    """CSP3, "port-part match"."""
    if pattern == "*":
        return True
    if pattern is None:
        return url.port == DEFAULT_PORTS.get(url.scheme)
    return int(pattern) == url.port or (int(pattern) == 80 and url.port == 443 and url.secure)


@lru_cache(maxsize=2048)
def source_matches(source: str, own: str, ancestor: str) -> bool:
    """Whether one source expression admits an ancestor's origin (CSP3, "does url match expression in origin").

    `own` is the URL of the framed page, `ancestor` an origin. The ancestor's path is not known to a page, so that a
    source with a path other than ``/`` matches none.
    """
    page, url = urls.parse(own), urls.parse(ancestor)
    if url.origin == "null":
        return False
    text = source.lower()
    if text == "*":
        return url.scheme in ("http", "https", "ws", "wss") or url.scheme == page.scheme
    if text == "'self'":
        if url.origin == page.origin:
            return True
        standard = all(u.port == DEFAULT_PORTS.get(u.scheme) for u in (url, page))
        same_port = url.port == page.port or standard
        return url.host == page.host and same_port and _scheme_matches(page.scheme, url.scheme)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:", text):
        return _scheme_matches(text[:-1], url.scheme)
    found = _HOST_SOURCE.fullmatch(text)
    if found is None:
        return False
    if not _scheme_matches(found["scheme"] or page.scheme, url.scheme):
        return False
    host = found["host"].strip("[]")
    if host != "*":
        if host.startswith("*."):
            if not url.host.endswith(host[1:]):
                return False
        elif host != url.host:
            return False
    return _port_matches(found["port"], url) and (found["path"] or "/") == "/"


def _sources_admit(sources: tuple[str, ...], own: str, ancestors: tuple[str, ...], complete: bool) -> Result:
    if not sources or (len(sources) == 1 and sources[0].lower() == "'none'"):
        return "fail"
    if any(not any(source_matches(source, own, ancestor) for source in sources) for ancestor in ancestors):
        return "fail"
    return "pass" if complete or "*" in sources else "unknown"


@lru_cache(maxsize=1024)
def judge(
    policy: str | None, options: str | None, own: str, ancestors: tuple[str, ...], complete: bool
) -> BlockVerdict | None:
    """Whether the page at `own` may be shown in a frame; ``None`` where it does not say.

    `policy` and `options` are the combined values of ``Content-Security-Policy`` and ``X-Frame-Options``,
    `ancestors` the origins known to frame it, and `complete` whether those are all.
    """
    lists = [s for p in parse_csp(policy) if (s := p.sources("frame-ancestors")) is not None] if policy else []
    who = ", ".join(f"`{origin}`" for origin in ancestors) or "a page that is not recorded"
    if lists:
        results = [(_sources_admit(sources, own, ancestors, complete), sources) for sources in lists]
        order: tuple[Result, ...] = ("fail", "unknown", "pass")
        result, sources = min(results, key=lambda r: order.index(r[0]))
        shown = f"frame-ancestors {' '.join(sources)[:200]}".strip()
        step = Step("`frame-ancestors` admits every page around it", f"`{shown}`: {who}", result)
        return _verdict(result, ANCESTORS, step)
    if options is None:
        return None
    value = x_frame_options(options)
    if value == "none":
        return None
    origin = urls.parse(own).origin
    if value == "deny":
        fits: Result = "fail"
    else:
        fits = "fail" if any(a != origin for a in ancestors) else "pass" if complete else "unknown"
    step = Step("`X-Frame-Options` admits every page around it", f"`{options[:80]}`: {who}", fits)
    return _verdict(fits, XFO, step)


_CONDITIONS = {
    XFO: "any page around the frame is of another origin",
    ANCESTORS: "any page around the frame is not on that list",
}


def _verdict(result: Result, code: str, step: Step) -> BlockVerdict:
    match result:
        case "fail":
            return BlockVerdict("blocked", code, None, (step,))
        case "unknown":
            return BlockVerdict("depends", code, _CONDITIONS[code], (step,))
        case _:
            return BlockVerdict("allowed", steps=(step,))

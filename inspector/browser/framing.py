"""May this page be framed? HTML, "X-Frame-Options", and CSP3, section 6.4.2, "frame-ancestors"."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from inspector import url as urls
from inspector.browser.csp import frame_ancestors_violates
from inspector.browser.csp_match import is_none
from inspector.browser.verdict import BlockVerdict, Step
from inspector.fields.csp import CspPolicy, parse_csp
from inspector.fields.framing import x_frame_options

XFO = "x-frame-options"
ANCESTORS = "frame-ancestors"

DESTINATIONS = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})

Result = Literal["pass", "fail", "unknown"]


def _admits(policy: CspPolicy, own: str, ancestors: tuple[str, ...], complete: bool) -> Result:
    sources = policy.source_list(ANCESTORS)
    if is_none(sources) or any(frame_ancestors_violates(policy, ancestor, own) for ancestor in ancestors):
        return "fail"
    return "pass" if complete or "*" in (policy.sources(ANCESTORS) or ()) else "unknown"


@lru_cache(maxsize=1024)
def judge(
    policy: str | None, options: str | None, own: str, ancestors: tuple[str, ...], complete: bool
) -> BlockVerdict | None:
    """Whether the page at `own` may be shown in a frame; ``None`` where it does not say.

    `policy` and `options` are the combined values of ``Content-Security-Policy`` and ``X-Frame-Options``,
    `ancestors` the origins known to frame it, and `complete` whether those are all.
    """
    limiting = [p for p in parse_csp(policy) if ANCESTORS in p] if policy else []
    who = ", ".join(f"`{origin}`" for origin in ancestors) or "a page that is not recorded"
    if limiting:
        results = [(_admits(each, own, ancestors, complete), each) for each in limiting]
        order: tuple[Result, ...] = ("fail", "unknown", "pass")
        result, counts = min(results, key=lambda r: order.index(r[0]))
        shown = f"frame-ancestors {' '.join(counts.sources(ANCESTORS) or ())[:200]}".strip()
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

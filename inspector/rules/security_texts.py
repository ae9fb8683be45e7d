"""What security fields do, in words, as this response sets them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.browser.csp_directives import governing
from inspector.browser.csp_inline import allows_all_inline
from inspector.fields.csp import CspPolicy, parse_csp
from inspector.fields.framing import is_nosniff, x_frame_options
from inspector.fields.hsts import parse_hsts
from inspector.fields.isolation import parse_coep, parse_coop, parse_corp, parse_permissions_policy
from inspector.fields.referrer_policy import parse_referrer_policy
from inspector.site import same_site
from inspector.url import parse
from inspector.words import count, duration, listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_REFERRER = {
    "no-referrer": "links and requests from here never say where they come from",
    "no-referrer-when-downgrade": "the full URL is told to every https site",
    "same-origin": "the URL is told to this origin's own pages only",
    "origin": "every site is told the origin, over http too",
    "strict-origin": "other sites are told the origin only, and nothing over http",
    "origin-when-cross-origin": "other sites are told the origin, over http too",
    "strict-origin-when-cross-origin": "other sites are told the origin only, and nothing over http (the default)",
    "unsafe-url": "the full URL, query included, is told to every site",
}
_COOP = {
    "same-origin": "windows of other origins lose their hold on this one",
    "same-origin-allow-popups": "windows of other origins lose their hold on this one; pop-ups it opens stay connected",
    "noopener-allow-popups": "whoever opened this window has no hold on it",
    "unsafe-none": "windows that open each other stay connected (the default)",
}
_COEP = {
    "require-corp": "it loads from other origins only what allows that",
    "credentialless": "it loads from other origins without cookies",
    "unsafe-none": "it loads from other origins freely (the default)",
}
_CORP = {
    "same-origin": "only pages of the same origin may embed it",
    "same-site": "only pages of the same site may embed it",
    "cross-origin": "any page may embed it",
}

SECURITY_FIELDS = (
    "strict-transport-security",
    "content-security-policy",
    "content-security-policy-report-only",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
)


def of_the_page(x: Subject) -> bool:
    """Whether an exchange belongs to the site whose page was recorded, as far as the recording names that page.

    What advertisers' and counters' servers neglect is nothing the page's makers can mend.
    """
    page = x.exchange.context.page
    return page is None or not page.url or _same_site(page.url, x.url.origin)


@lru_cache(maxsize=2048)
def _same_site(page: str, origin: str) -> bool:
    return not page.startswith("http") or same_site(parse(page), parse(origin), schemeful=False)


def framing(policies: tuple[CspPolicy, ...]) -> tuple[str, ...] | None:
    """The sources of ``frame-ancestors`` in the policy that counts (one that restricts, if any), or ``None``."""
    found = [s for p in policies if (s := p.sources("frame-ancestors")) is not None]
    return next((sources for sources in found if not frees_everybody(sources)), found[0]) if found else None


def frees_everybody(sources: tuple[str, ...]) -> bool:
    """Whether a ``frame-ancestors`` list lets any site frame the page."""
    return any(source in ("*", "http:", "https:") for source in sources)


@lru_cache(maxsize=2048)
def meaning(name: str, value: str, secure: bool) -> str:
    """What one security field does with this value: the second half of a sentence."""
    match name:
        case "strict-transport-security":
            hsts = parse_hsts(value)
            if not secure:
                return "ignored, because it came over http"
            if hsts.fault is not None or hsts.max_age is None:
                return f"ignored: {hsts.fault}"
            if hsts.max_age == 0:
                return "browsers forget that this host wants https"
            wide = " and for its subdomains" if hsts.include_subdomains else ""
            return f"for {duration(min(hsts.max_age, 10**10))} browsers use only https for this host{wide}"
        case "x-frame-options":
            kind = x_frame_options(value)
            return {
                "deny": "no page may show it in a frame",
                "sameorigin": "only pages of its own origin may show it in a frame",
                "none": "no known value, so it protects nothing",
            }[kind]
        case "x-content-type-options":
            if is_nosniff(value):
                return "browsers take `Content-Type` at its word and refuse scripts and styles of another type"
            return "ignored: the first value is not `nosniff`"
        case "referrer-policy":
            policy = parse_referrer_policy(value)
            return _REFERRER[policy] if policy else "ignored: no known policy"
        case "content-security-policy":
            return _csp(parse_csp(value))
        case "content-security-policy-report-only":
            return "violations are reported, nothing is blocked"
        case "permissions-policy":
            return _permissions(value)
        case "cross-origin-opener-policy":
            coop = parse_coop(value)
            return _COOP[coop.value] if coop.value else f"ignored: {coop.fault}"
        case "cross-origin-embedder-policy":
            coep = parse_coep(value)
            return _COEP[coep.value] if coep.value else f"ignored: {coep.fault}"
        case "cross-origin-resource-policy":
            corp = parse_corp(value)
            return _CORP[corp.value] if corp.value else f"ignored: {corp.fault}"
    return ""


def _csp(policies: tuple[CspPolicy, ...]) -> str:
    if not policies:
        return "empty, so nothing is restricted"
    said: list[str] = []
    scripts = [found[1] for p in policies if (found := governing(p, "script-src-elem")) is not None]
    if not scripts:
        said.append("scripts are not restricted")
    elif all(allows_all_inline(s, "script") for s in scripts):
        said.append("scripts are limited by where they come from, but inline ones all run")
    else:
        said.append("scripts are limited")
    ancestors = framing(policies)
    if ancestors is not None:
        said.append("any page may frame it" if frees_everybody(ancestors) else "framing is limited")
    if len(policies) > 1:
        said.append(f"{count(len(policies), 'policy', 'policies')} apply together")
    return ", ".join(said)


def _permissions(value: str) -> str:
    parsed = parse_permissions_policy(value)
    if parsed.fault is not None:
        return f"ignored: {parsed.fault}"
    denied = [f"`{p.feature}`" for p in parsed.features if not p.allowed]
    other = len(parsed.features) - len(denied)
    said = [f"denies {listed(denied, most=4)} to the page and its frames"] if denied else []
    if other:
        said.append(f"sets who may use {count(other, 'other feature' if denied else 'feature')}")
    return " and ".join(said) or "empty, so nothing is restricted"

"""Would a page's policies block a request, a form, a base address, a frame? CSP3, sections 4.1 and 6.

Every policy must allow a thing. The functions give the first violation, with how sure it is: what a recording does not
show (an element's nonce, say) becomes a condition.
"""

from __future__ import annotations

from msgspec import Struct

from inspector.browser.csp_directives import effective_directive, governing
from inspector.browser.csp_inline import has_keyword, nonce_matches
from inspector.browser.csp_match import url_matches_list
from inspector.fields.csp import FETCH_DIRECTIVES, CspPolicy, Hash, SourceList, parse_source
from inspector.patterns import compile_late

CODE = "csp"
"""``Network.BlockedReason``."""

_SCRIPT_LIKE = frozenset({"script", "xslt", "audioworklet", "paintworklet", "worker", "sharedworker", "serviceworker"})
_META_IGNORES = frozenset({"frame-ancestors", "report-uri", "sandbox"})

NO_NONCE = ""
MOST_POLICIES = 100
"""Policies of a page that what it loads is compared with; a rule tells where there are more."""


class Asked(Struct, frozen=True):
    """A request as the policies of the page that makes it see it.

    `destination` is Fetch's (``"empty"`` for `fetch()`), or ``"prefetch"``. `redirected`: a redirect led to `url`.
    `nonce` and `integrity` are those of the element that asks, ``""`` where it has none; `parser_inserted` is whether
    the page's own markup asks. ``None`` is unknown.
    """

    url: str
    destination: str
    redirected: bool = False
    nonce: str | None = None
    integrity: str | None = None
    parser_inserted: bool | None = None


class Violation(Struct, frozen=True):
    """What forbids a thing: the directive that applies to it, the one that stands in for it, and its sources.

    `condition` completes "blocked if …"; ``None`` is certain.
    """

    effective: str
    directive: str
    sources: SourceList
    condition: str | None = None


def request_violates(policy: CspPolicy, asked: Asked, own: str, *, chromium: bool = True) -> Violation | None:
    """CSP3, "does request violate policy?", for one policy that came with the page at `own`."""
    if asked.destination == "prefetch":
        return _hint_violates(policy, asked, own, chromium)
    effective = effective_directive(asked.destination)
    found = governing(policy, effective) if effective is not None else None
    if effective is None or found is None:
        return None
    name, sources = found
    condition: str | None = None
    if asked.destination in _SCRIPT_LIKE and (effective != "worker-src" or chromium or name == "script-src"):
        allowed, condition = _script_allowed(sources, asked)
        if allowed:
            return None
        if has_keyword(sources, "strict-dynamic"):
            return Violation(effective, name, sources, condition)
    elif asked.destination == "style":
        allowed, condition = _nonce_allowed(sources, asked.nonce)
        if allowed:
            return None
    if url_matches_list(asked.url, sources, own, redirected=asked.redirected, chromium=chromium) is not None:
        return None
    return Violation(effective, name, sources, condition)


def _script_allowed(sources: SourceList, asked: Asked) -> tuple[bool, str | None]:
    """CSP3, "script directives pre-request check", up to the address: allowed, or on which condition not."""
    allowed, condition = _nonce_allowed(sources, asked.nonce)
    if allowed:
        return True, None
    if sources.hashes:
        if asked.integrity is None:
            condition = condition or "the element has no `integrity` that the policy lists"
        elif integrity_matches(sources, asked.integrity):
            return True, None
    if has_keyword(sources, "strict-dynamic"):
        if asked.parser_inserted is False:
            return True, None
        if asked.parser_inserted is None:
            condition = "the page's markup asked for it, and not a script that was allowed to run"
    return False, condition


def _nonce_allowed(sources: SourceList, nonce: str | None) -> tuple[bool, str | None]:
    if not sources.nonces:
        return False, None
    if nonce is None:
        return False, "the element does not carry the policy's nonce"
    return nonce_matches(sources, nonce), None


_SPACES = compile_late(r"[\t\n\f\r ]+")


def integrity_matches(sources: SourceList, integrity: str) -> bool:
    """CSP3, "does integrity metadata match source list?": every hash of the attribute is in the list."""
    hashes = [parse_source(f"'{word.partition('?')[0]}'") for word in _SPACES.split(integrity) if word]
    found = [h for h in hashes if isinstance(h, Hash)]
    return bool(found) and all(h.value in sources.hashes.get(h.algorithm, ()) for h in found)


_LIKE_SCRIPTS = frozenset({"default-src", "script-src", "child-src", "worker-src"})
"""Directives that scripts and workers fall back to, where Chromium lets ``'strict-dynamic'`` speak for a prefetch."""


def _hint_violates(policy: CspPolicy, asked: Asked, own: str, chromium: bool) -> Violation | None:
    """CSP3, "does resource hint request violate policy?": any directive that admits the address is enough."""
    if "default-src" not in policy:
        return None
    for name, _ in policy.directives:
        if name not in FETCH_DIRECTIVES or name.endswith("-attr"):
            continue  # the ones for attributes are about inline code alone
        sources = policy.source_list(name)
        if chromium and name in _LIKE_SCRIPTS and not asked.parser_inserted and has_keyword(sources, "strict-dynamic"):
            return None  # Chromium looks at it as at a script, which a script that runs may load
        if url_matches_list(asked.url, sources, own, redirected=asked.redirected, chromium=chromium) is not None:
            return None
    return Violation("default-src", "default-src", policy.source_list("default-src"))


def should_be_blocked(policies: tuple[CspPolicy, ...], asked: Asked, own: str) -> Violation | None:
    """CSP3, "should request be blocked by content security policy?": the first certain violation, else the first.

    Where Chromium and the standard compare an address differently, the violation depends on the browser.
    """
    first: Violation | None = None
    for policy in policies:
        found = violation_in(policy, asked, own)
        if found is not None and found.condition is None:
            return found
        first = first or found
    return first


def violation_in(policy: CspPolicy, asked: Asked, own: str) -> Violation | None:
    """`request_violates` as Chromium and as the standard have it, joined."""
    chromium = request_violates(policy, asked, own)
    standard = request_violates(policy, asked, own, chromium=False)
    if chromium is not None and standard is not None:
        return chromium
    if chromium is not None:
        return _only(chromium, "the browser compares addresses as Chromium does; the standard admits this one")
    if standard is not None:
        return _only(standard, "the browser compares addresses as the standard says; Chromium admits this one")
    return None


def _only(violation: Violation, condition: str) -> Violation:
    return Violation(violation.effective, violation.directive, violation.sources, violation.condition or condition)


def _list_violates(policy: CspPolicy, name: str, url: str, own: str, redirected: bool = False) -> Violation | None:
    if name not in policy:
        return None
    sources = policy.source_list(name)
    if url_matches_list(url, sources, own, redirected=redirected, chromium=True) is not None:
        return None
    return Violation(name, name, sources)


def form_action_violates(policy: CspPolicy, target: str, own: str, *, redirected: bool = False) -> Violation | None:
    """CSP3, "form-action pre-navigation check": may the page at `own` send a form to `target`?"""
    return _list_violates(policy, "form-action", target, own, redirected)


def base_uri_violates(policy: CspPolicy, base: str, own: str) -> Violation | None:
    """CSP3, "is base allowed for document?": may the page at `own` make `base` its base address?"""
    return _list_violates(policy, "base-uri", base, own)


def frame_ancestors_violates(policy: CspPolicy, ancestor: str, own: str) -> Violation | None:
    """CSP3, "frame-ancestors navigation response check", for one page (its origin) around the frame at `own`.

    An opaque origin (``"null"``) is admitted by no source.
    """
    if "frame-ancestors" not in policy:
        return None
    sources = policy.source_list("frame-ancestors")
    if ancestor != "null" and url_matches_list(ancestor + "/", sources, own, chromium=True) is not None:
        return None
    return Violation("frame-ancestors", "frame-ancestors", sources)


def in_markup(policy: CspPolicy) -> CspPolicy:
    """The policy as it is in force when it came in a ``<meta>`` (CSP3, section 3.3): some directives are left out."""
    return CspPolicy(
        tuple((name, values) for name, values in policy.directives if name not in _META_IGNORES),
        policy.duplicates,
        policy.dropped,
    )


def ignored_in_markup(policy: CspPolicy) -> tuple[str, ...]:
    """The directives of a policy that have no effect in a ``<meta>``."""
    return tuple(name for name, _ in policy.directives if name in _META_IGNORES)

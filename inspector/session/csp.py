"""What a page's policies forbid it to load: the policies a document came with, and requests that were never sent.

A request that was answered was allowed. So only what a browser recorded and never sent is judged here; a browser's
recording names no reason for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector import url as urls
from inspector.browser.csp import CODE, MOST_POLICIES, Asked, Violation, in_markup, violation_in
from inspector.browser.csp_inline import is_nonceable
from inspector.browser.verdict import BlockVerdict, Step
from inspector.content.html import HtmlPage
from inspector.fields.csp import CspPolicy, parse_csp, parse_policy
from inspector.patterns import compile_late

if TYPE_CHECKING:
    from inspector.session.documents import Document, Documents
    from inspector.subject import Subject

MOST_ELEMENTS = 500
_LOOKED_AT = 65_536
_SHOWN = 200
"""Characters of a list of sources, or of an address, that are shown."""
_META_NAME = "content-security-policy"
_HEAD_ONLY = compile_late(
    r"\s+|<!--.*?-->|<!doctype[^>]*>|</?(?:html|head|meta|link|base)\b[^>]*>|"
    r"<(title|script|style)\b[^>]*>.*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_META_TAG = compile_late(r"<meta\b[^<>]*(?:<(?!meta\b)[^<>]*)*content-security-policy", re.IGNORECASE)
_LOADS = ("script", "link", "style")
_KINDS = {
    "image": ("image",),
    "imageset": ("image",),
    "script": ("script",),
    "stylesheet": ("style",),
    "font": ("font",),
    "media": ("video",),
    "texttrack": ("track",),
    "xhr": ("empty",),
    "fetch": ("empty",),
    "eventsource": ("empty",),
    "ping": ("empty",),
    "beacon": ("empty",),
    "websocket": ("empty",),
    "manifest": ("manifest",),
    "prefetch": ("prefetch",),
    "other": ("prefetch", "image"),  # a prefetch, or a page's icon
}


class Marked(Struct, frozen=True):
    """What the markup says of an element that loads something: its nonce and integrity, ``""`` where it has none."""

    nonce: str
    integrity: str


class PagePolicies(Struct, frozen=True):
    """The policies of one document, at most `MOST_POLICIES` of each kind.

    `upgrades`: http addresses are asked for over https (``upgrade-insecure-requests``). `early`: the policies in its
    markup stand before everything that loads. `marked` are the scripts and links of its markup by absolute URL, kept
    where a policy asks for nonces, hashes or who inserted a script; ``None`` where the markup is not recorded or plays
    no part.
    """

    enforced: tuple[CspPolicy, ...]
    trial: tuple[CspPolicy, ...]
    meta: tuple[CspPolicy, ...] = ()
    upgrades: bool = False
    early: bool = True
    marked: dict[str, Marked] | None = None


def policies_of(x: Subject) -> PagePolicies | None:
    """The policies a document came with, in its fields and its markup; ``None`` without any."""
    value = x.res.get("content-security-policy")
    trial = x.res.get("content-security-policy-report-only")
    enforced = parse_csp(value) if value else ()
    meta, early = _meta_policies(x)
    if not enforced and not meta and not trial:
        return None
    marked = None
    if any(_particular(policy) for policy in (*enforced, *meta)) and x.html is not None and not x.html.truncated:
        marked = _marked(x.html, x.url.text)
    upgrades = any("upgrade-insecure-requests" in policy for policy in (*enforced, *meta))
    tried = parse_csp(trial)[:MOST_POLICIES] if trial else ()
    return PagePolicies(enforced[:MOST_POLICIES], tried, meta[:MOST_POLICIES], upgrades, early, marked)


def _meta_policies(x: Subject) -> tuple[tuple[CspPolicy, ...], bool]:
    body = x.response.body if x.response is not None else None
    text = (body.text or "")[:_LOOKED_AT] if body is not None and x.is_html and body.source is not None else ""
    found = _META_TAG.search(text)
    if found is None or x.html is None:
        return (), True
    policies = tuple(in_markup(parse_policy(content)) for content in x.html.http_equiv(_META_NAME))
    before = text[: found.start()]
    end = 0
    while (harmless := _HEAD_ONLY.match(before, end)) is not None:
        end = harmless.end()
    early = end == len(before) and not any(f"<{tag}" in before.lower() for tag in _LOADS)
    return tuple(policy for policy in policies if policy.directives), early


def _particular(policy: CspPolicy) -> bool:
    """Whether a policy asks more than an address: nonces, hashes, or who inserted a script."""
    for name, _ in policy.directives:
        if name.startswith(("script-src", "style-src", "default-src")):
            sources = policy.source_list(name)
            if sources.nonces or sources.hashes or "strict-dynamic" in sources.keywords:
                return True
    return False


def _marked(html: HtmlPage, url: str) -> dict[str, Marked]:
    marked: dict[str, Marked] = {}
    for element in html.elements:
        reference = element.get("src") if element.tag == "script" else None
        if element.tag == "link":
            reference = element.get("href")
        if reference and len(marked) < MOST_ELEMENTS:
            nonce = element.get("nonce") or "" if is_nonceable(element.attributes) else ""
            marked[html.resolve(url, reference)] = Marked(nonce, element.get("integrity") or "")
    return marked


def judge_unsent(x: Subject, documents: Documents) -> BlockVerdict | None:
    """The verdict on a request that shows no sign of having been sent; ``None`` where no policy forbids it."""
    asked_by = asking(x, documents)
    if asked_by is None:
        return None
    document, doubt = asked_by
    policies = document.policies
    if policies is None or not (policies.enforced or policies.meta):
        return None
    wanted = _asked(x, policies)
    if not wanted:
        return None
    violations = [_worst(policies, asked, document.url) for asked in wanted]
    certain = [v for v in violations if v is not None]
    if not certain:
        return None
    violation = next((v for v in certain if v.condition), certain[0])
    condition = violation.condition or doubt
    if len(certain) < len(violations):
        condition = "it was asked for as an image" if certain[0].effective == "img-src" else "it was a prefetch"
    steps = _steps(violation, document, x, wanted[0])
    outcome = "blocked" if condition is None else "depends"
    return BlockVerdict(outcome, CODE, condition, steps)  # type: ignore[arg-type]


def _worst(policies: PagePolicies, asked: Asked, own: str) -> Violation | None:
    first = None
    for policy in policies.enforced:
        found = violation_in(policy, asked, own)
        if found is not None and found.condition is None:
            return found
        first = first or found
    for policy in policies.meta:
        found = violation_in(policy, asked, own)
        if found is not None and found.condition is None:
            if policies.early:
                return found
            condition = "it was asked for after the policy in the page's markup"
            found = Violation(found.effective, found.directive, found.sources, condition)
        first = first or found
    return first


def trial_violation(x: Subject, documents: Documents) -> Violation | None:
    """What a trial policy (report-only) of the asking page would forbid, where that is certain; for sent requests."""
    asked_by = asking(x, documents)
    if asked_by is None or asked_by[1] is not None or asked_by[0].policies is None:
        return None
    document, policies = asked_by[0], asked_by[0].policies
    if not policies.trial:
        return None
    wanted = _asked(x, policies)
    if len(wanted) != 1 or wanted[0].destination not in _ADDRESS_ONLY:
        return None
    for policy in policies.trial:
        found = violation_in(policy, wanted[0], document.url)
        if found is not None and found.condition is None:
            return found
    return None


_ADDRESS_ONLY = frozenset({"image", "font", "video", "track", "empty", "manifest", "script", "style"})


def asking(x: Subject, documents: Documents) -> tuple[Document, str | None] | None:
    """The document that asked, and what has to be so for it to be that one; ``None`` where it is not known."""
    context = x.exchange.context
    initiator = context.initiator
    if initiator is not None and initiator.type == "parser" and initiator.url:
        found = documents.at(initiator.url)
        if found is not None:
            return found, None
    referer = x.req.get("referer")
    page_url = context.page.url if context.page is not None else None
    if referer:
        origin = urls.parse(referer).origin
        found = documents.at(referer)
        if found is not None and (origin == x.url.origin or urls.parse(referer).path not in ("", "/")):
            return found, None
    elif page_url:
        found = documents.at(page_url)
        return (found, "the page itself asked, not a frame in it") if found is not None else None
    else:
        return None
    kept = documents.of_origin(origin)
    found = documents.at(page_url) if page_url and urls.parse(page_url).origin == origin else None
    found = found or (kept[-1] if kept else None)
    if found is None:
        return None
    if any(other.policies != found.policies for other in kept):
        return found, f"`{urls.parse(found.url).path}` asked, and not another page of its origin"
    if urls.parse(referer).path not in ("", "/") and x.exchange.context.resource_type not in ("image", "font"):
        return found, "the page itself asked, not a worker of its"
    return found, None


def _asked(x: Subject, policies: PagePolicies) -> tuple[Asked, ...]:
    """The request as its page's policies see it; several where the recording leaves open what it was for."""
    initiator = x.exchange.context.initiator
    destination = x.req.get("sec-fetch-dest")
    kinds = (destination,) if destination else _KINDS.get(x.exchange.context.resource_type or "", ())
    if kinds == ("prefetch", "image") and (initiator is None or initiator.type not in ("parser", "script")):
        return ()
    url = x.url.text
    if policies.upgrades and x.url.scheme in ("http", "ws"):
        url = ("https" if x.url.scheme == "http" else "wss") + url[url.index(":") :]
    hops = x.session.redirects.follow(x)
    redirected = len(hops) > 1 or (initiator is not None and initiator.type == "redirect")
    nonce = integrity = None
    inserted: bool | None = None
    if policies.marked is not None and not redirected:
        marked = policies.marked.get(x.url.text)
        if marked is not None and initiator is not None and initiator.type == "parser":
            nonce, integrity, inserted = marked.nonce, marked.integrity, True
    return tuple(Asked(url, kind, redirected, nonce, integrity, inserted) for kind in kinds)


def _steps(violation: Violation, document: Document, x: Subject, asked: Asked) -> tuple[Step, ...]:
    stands_in = violation.directive != violation.effective
    which = f"`{violation.directive}`" + (f", in place of `{violation.effective}`" if stands_in else "")
    listed = " ".join([source.text for source in violation.sources[:_SHOWN]])[:_SHOWN] or "(nothing)"
    came = x.masker.url(asked.url)[:_SHOWN]
    reached = " (reached by a redirect, so that paths do not count)" if asked.redirected else ""
    return (
        Step("the page that asks has a policy for this", f"{which}, with exchange {document.index}", "pass"),
        Step(
            "a source of the list admits the address",
            f"`{x.masker.text(listed)}`: none is `{came}`{reached}",
            "unknown" if violation.condition else "fail",
        ),
    )

"""Words that the rules on blocking share: who asked, for what, and how sure a verdict is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser.cors_request import page_origin
from inspector.browser.verdict import BlockVerdict
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, Rule

if TYPE_CHECKING:
    from inspector.subject import Subject

_KINDS = {
    "script": "script",
    "style": "style sheet",
    "stylesheet": "style sheet",
    "image": "image",
    "font": "font",
    "audio": "audio",
    "video": "video",
    "media": "media file",
    "track": "text track",
    "worker": "worker script",
    "sharedworker": "shared worker script",
    "serviceworker": "service worker script",
    "audioworklet": "audio worklet",
    "paintworklet": "paint worklet",
    "json": "JSON module",
    "empty": "`fetch()` or XMLHttpRequest",
    "iframe": "frame",
    "frame": "frame",
    "embed": "`<embed>`",
    "object": "`<object>`",
    "manifest": "manifest",
}


def verdict_of(x: Subject, *codes: str) -> BlockVerdict | None:
    """The exchange's verdict where it has one of these codes."""
    verdict = x.verdicts.block
    return verdict if verdict is not None and verdict.code in codes else None


def kind(x: Subject) -> str:
    """What the response was asked for, as a noun; "resource" where unknown."""
    return _KINDS.get(x.destination or x.exchange.context.resource_type or "", "resource")


def asker(x: Subject) -> str:
    """The page that asked, by its origin, as a phrase; "a page of another origin" where it is not recorded."""
    origin = x.origin if x.origin not in (None, "null") else page_origin(x)
    if origin is None or origin == x.url.origin:
        return "a page of another origin"
    return f"a page of `{x.masker.text(origin)}`"


def page_line(x: Subject, label: str) -> Evidence:
    """Evidence of who asked: ``Origin``, ``Referer``, ``Sec-Fetch-Site``, or the recorder's page."""
    if x.origin not in (None, "null"):
        return x.request_field("origin", label=label)
    if "referer" in x.req:
        return x.request_field("referer", label=label)
    if "sec-fetch-site" in x.req:
        return x.request_field("sec-fetch-site", label=label)
    page = x.exchange.context.page
    if page is not None and page.url:
        return Evidence("exchange", "page", urls.parse(page.url).origin, None, label)
    return x.request_line(label=label)


def so(verdict: BlockVerdict, outcome: str) -> str:
    """What follows, as surely as it is known. `outcome` is a clause such as "the browser keeps it from the page"."""
    if verdict.outcome == "depends" and verdict.condition:
        return f"{outcome[0].upper()}{outcome[1:]} if {verdict.condition}."
    return f"{outcome[0].upper()}{outcome[1:]}."


def finding_of(
    rule: Rule,
    verdict: BlockVerdict,
    detail: str,
    fix: str | None,
    evidence: tuple[Evidence, ...],
    severity: Severity | None = None,
) -> Finding:
    """A finding on a verdict: as grave as its rule where it is certain, an explanation where it depends."""
    if verdict.outcome != "depends":
        return Finding(detail, fix, evidence, severity=severity)
    outcome, colon, rest = rule.title.partition(":")
    return Finding(
        detail,
        fix,
        evidence,
        f"{outcome} under a condition{colon}{rest}",
        Severity.INFO,
        "depends",
        f"blocked if {verdict.condition}" if verdict.condition else None,
    )

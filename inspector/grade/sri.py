"""The test of Subresource Integrity: where the markup's scripts come from, and whether their content is pinned."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from inspector import url as urls
from inspector.grade.chart import SRI, results_of
from inspector.grade.evidence import Finding, Script, SiteEvidence
from inspector.patterns import compile_late
from inspector.site import registrable_domain
from inspector.words import listed

HTML = frozenset({"text/html", "application/xhtml+xml"})
_WORST_LAST = (
    "sri-implemented-and-all-scripts-loaded-securely",
    "sri-implemented-but-external-scripts-not-loaded-securely",
    "sri-not-implemented-but-external-scripts-loaded-securely",
    "sri-not-implemented-and-external-scripts-not-loaded-securely",
)
"""The Observatory's own order, which is not that of the points."""
_ANY = tuple(r for r in results_of(SRI) if r != "sri-not-implemented-response-not-html")
_ABSOLUTE = compile_late("https?://", re.IGNORECASE)


def is_html(site: SiteEvidence) -> bool:
    """Whether the Observatory takes the page for HTML: it compares the type literally, with regard to case."""
    types = site.fields.all("content-type")
    return bool(types) and types[0].split(";")[0] in HTML


def subresource_integrity(site: SiteEvidence) -> Finding:
    """Which of the Observatory's results the scripts of the markup have."""
    if not is_html(site):
        return Finding(("sri-not-implemented-response-not-html",), "", "content-type")
    page = site.page
    if page is None:
        return Finding(_ANY, "The page's markup is not recorded; a recording with content would tell.")
    result: str | None = None
    blamed: dict[str, list[str]] = {}
    elsewhere = False
    for script in page.scripts:
        own, secure = script_origin(script, site)
        found = None
        if own:
            if script.integrity and secure and result is None:
                result = _WORST_LAST[0]
            continue
        elsewhere = True
        if not secure:
            found = _WORST_LAST[1] if script.integrity else _WORST_LAST[3]
        elif not script.integrity:
            found = _WORST_LAST[2]
        if found is not None:
            blamed.setdefault(found, []).append(f"`{script.src}`")
            result = max((result or found, found), key=_WORST_LAST.index)
    if result is None:
        if elsewhere:
            result = "sri-implemented-and-external-scripts-loaded-securely"
        elif page.scripts or page.inline_scripts:
            result = "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
        else:
            result = "sri-not-implemented-but-no-scripts-loaded"
    because = f"Here: {listed(blamed[result], most=4)}." if result in blamed else ""
    if page.truncated:
        return Finding(
            tuple(dict.fromkeys((result, *_ANY))),
            "Only the beginning of the page is recorded, and a script may stand in the rest.",
        )
    return Finding((result,), because)


def script_origin(script: Script, site: SiteEvidence) -> tuple[bool, bool]:
    """Whether a script counts as the site's own, and whether it is sure to come over HTTPS."""
    src = script.src
    if src.startswith("//") and not src.startswith("///"):
        return False, False
    if not _ABSOLUTE.match(src):
        return True, site.secure
    parsed = urls.parse(src)
    return _same_domain(parsed.host, site.host), parsed.scheme == "https"


@lru_cache(maxsize=16_384)  # a page's scripts are gone through once for each way to do better
def _same_domain(a: str, b: str) -> bool:
    """Whether two hosts share a registrable domain where suffixes such as ``github.io`` count for nothing.

    So the Observatory has it, which also takes two hosts without a registrable domain for the same.
    """
    domain = registrable_domain(a)
    if a == b or (domain is not None and domain == registrable_domain(b)):
        return True
    nameless = ["." not in host or urls.ip_address(host) is not None for host in (a, b)]
    if any(nameless) or a.rsplit(".", 2)[-2:] != b.rsplit(".", 2)[-2:]:
        return all(nameless)
    suffixes = _icann_suffixes()
    return bool(suffixes.privatesuffix(a) == suffixes.privatesuffix(b))


@lru_cache(maxsize=1)
def _icann_suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True)

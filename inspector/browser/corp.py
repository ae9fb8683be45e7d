"""``Cross-Origin-Resource-Policy`` and what ``Cross-Origin-Embedder-Policy`` adds to it.

Fetch, "cross-origin resource policy check"; HTML, "check an embedder policy's global object" and "check a navigation
response's adherence to its embedder policy". What Chromium does with each combination is in `tests/browser`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from inspector.browser.verdict import BlockVerdict, Step
from inspector.fields.isolation import parse_coep, parse_corp

Relation = Literal["same-origin", "same-site", "cross-site"]
"""How the request's origin and the URL relate; `same-site` with equal schemes, and not of one origin."""

NOT_SAME_ORIGIN = "corp-not-same-origin"
NOT_SAME_SITE = "corp-not-same-site"
BY_COEP = "corp-not-same-origin-after-defaulted-to-same-origin-by-coep"
BY_DIP = "corp-not-same-origin-after-defaulted-to-same-origin-by-dip"
BY_BOTH = "corp-not-same-origin-after-defaulted-to-same-origin-by-coep-and-dip"
NEEDS_COEP = "coep-frame-resource-needs-coep-header"

CODES = frozenset({NOT_SAME_ORIGIN, NOT_SAME_SITE, BY_COEP, BY_DIP, BY_BOTH})


@lru_cache(maxsize=1024)
def check(
    policy: str | None, relation: Relation, coep: str | None, isolation: bool, navigation: bool
) -> BlockVerdict | None:
    """The check for a `no-cors` request, or for a frame's navigation under an embedder policy.

    `policy` is the combined field value, `coep` and `isolation` what the embedding document demands. ``None`` where
    neither side has a policy.
    """
    value = parse_corp(policy).value if policy is not None else None
    own = relation == "same-origin"
    steps = [Step("the resource is of the page's own origin", relation, "pass" if own else "skip")]
    if own:
        return BlockVerdict("allowed", steps=tuple(steps)) if policy is not None else None
    if value is None:
        saw = "absent" if policy is None else f"`{policy[:80]}`, which is ignored"
        steps.append(Step("`Cross-Origin-Resource-Policy`", saw, "skip"))
        by_coep = coep == "require-corp" or (coep == "credentialless" and navigation)
        by_isolation = isolation and not navigation
        if not by_coep and not by_isolation:
            return BlockVerdict("allowed", steps=tuple(steps)) if policy is not None or coep else None
        demand = f"`Cross-Origin-Embedder-Policy: {coep}`" if by_coep else "`Document-Isolation-Policy`"
        steps.append(Step("without it, what the page demands decides", f"{demand}: as `same-origin`", "fail"))
        code = BY_BOTH if by_coep and by_isolation else BY_COEP if by_coep else BY_DIP
        return BlockVerdict("blocked", code, None, tuple(steps))
    fails = value == "same-origin" or (value == "same-site" and relation == "cross-site")
    steps.append(
        Step("`Cross-Origin-Resource-Policy` admits the page", f"`{value}`, {relation}", "fail" if fails else "pass")
    )
    if not fails:
        return BlockVerdict("allowed", steps=tuple(steps))
    return BlockVerdict("blocked", NOT_SAME_ORIGIN if value == "same-origin" else NOT_SAME_SITE, None, tuple(steps))


@lru_cache(maxsize=256)
def check_frame(policy: str | None, coep: str | None) -> BlockVerdict | None:
    """Whether a document (or worker) may be loaded by one with an embedder policy: it has to have one itself.

    `policy` is the combined value of its own field, `coep` the embedder's. ``None`` where the embedder has none.
    """
    if coep is None:
        return None
    value = parse_coep(policy).value if policy is not None else None
    fits = value in ("require-corp", "credentialless")
    saw = "absent" if policy is None else f"`{policy[:80]}`" + ("" if fits or value else ", which is ignored")
    step = Step(f"`Cross-Origin-Embedder-Policy`, as the page has `{coep}`", saw, "pass" if fits else "fail")
    return BlockVerdict("allowed", steps=(step,)) if fits else BlockVerdict("blocked", NEEDS_COEP, None, (step,))

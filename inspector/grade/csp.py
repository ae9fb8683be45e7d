"""The test of ``Content-Security-Policy``, and whether it is what ``X-Frame-Options`` would be for."""

from __future__ import annotations

from functools import lru_cache

from inspector.grade.csp_reading import FORBIDDEN_IN_MARKUP, Reading, Refused, read
from inspector.grade.evidence import NO_MARKUP, Finding, SiteEvidence
from inspector.words import listed

BROAD = ("ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*")
INLINE = ("'unsafe-inline'", "data:")
PASSIVE = ("img-src", "media-src")
_GUARDS = ("'sha256-", "'sha384-", "'sha512-", "'nonce-")
_FIELD = "content-security-policy"


def policies_of(site: SiteEvidence) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The policies that are enforced: of the field (its lines are one to the Observatory), and of the markup."""
    sent = site.fields.get(_FIELD)
    page = site.page or NO_MARKUP
    return (() if sent is None else (sent,)), tuple(text for text in page.policies if text)


def policy_of(site: SiteEvidence) -> Reading | None:
    """All policies merged, read-only; ``None`` where there is none or the Observatory refuses them."""
    return _merged(*policies_of(site))


@lru_cache(maxsize=256)
def _merged(sent: tuple[str, ...], markup: tuple[str, ...]) -> Reading | None:
    try:
        return read((*sent, *markup))[0] if _enforced(sent, markup) else None
    except Refused:
        return None


@lru_cache(maxsize=256)
def _enforced(sent: tuple[str, ...], markup: tuple[str, ...]) -> bool:
    """Whether anything is left when what markup may not say is taken out."""
    return bool(_tolerant(sent)) or not _tolerant(markup).keys() <= set(FORBIDDEN_IN_MARKUP)


def _tolerant(policies: tuple[str, ...]) -> Reading:
    try:
        return read(policies)[0]
    except Refused:
        return {}


def content_security_policy(site: SiteEvidence) -> Finding:
    """Which of the Observatory's results the policies of field and markup have."""
    sent, markup = policies_of(site)
    try:
        policy, repeated = read((*sent, *markup))
    except Refused as fault:
        return Finding(("csp-header-invalid",), f"The Observatory refuses the policy because {fault}.", _FIELD)
    if not _enforced(sent, markup):
        return _not_enforced(site, bool(markup))
    result, because = _judge(policy, site.secure)
    if repeated and result in _PASSED:
        result = "csp-implemented-but-duplicate-directives"
    return Finding((result,), because, _FIELD if sent else "", None if sent else _markup(markup))


_PASSED = frozenset(
    {
        "csp-implemented-with-no-unsafe",
        "csp-implemented-with-no-unsafe-default-src-none",
        "csp-implemented-with-unsafe-inline-in-style-src-only",
        "csp-implemented-with-insecure-scheme-in-passive-content-only",
    }
)


def _markup(policies: tuple[str, ...]) -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{policies[0]}">'


def _not_enforced(site: SiteEvidence, markup: bool) -> Finding:
    if site.fields.get("content-security-policy-report-only"):
        return Finding(
            ("csp-not-implemented-but-reporting-enabled",),
            "The policy is sent as `Content-Security-Policy-Report-Only`, which blocks nothing.",
            "content-security-policy-report-only",
        )
    because = "The markup's policy only says what markup cannot say, so browsers ignore it." if markup else ""
    return Finding(("csp-not-implemented",), because, _FIELD)


def _judge(policy: Reading, secure: bool) -> tuple[str, str]:
    everything = {"*"}
    default = policy.get("default-src", everything)
    scripts = policy.get("script-src", default)
    objects = policy.get("object-src", default)
    styles = policy.get("style-src", default)
    # These may be one and the same set, as they are for the Observatory: what is taken from one is gone from all.
    for sources in (scripts, styles):
        if _guarded(sources):
            sources.discard("'unsafe-inline'")
    strict = "'strict-dynamic'" in scripts
    if strict and not _guarded(scripts):
        return (
            "csp-header-invalid",
            "`'strict-dynamic'` stands in `script-src` without a nonce or hash, so no script could load at all.",
        )
    if strict:
        ignored = {s for s in scripts if s.startswith(BROAD) or s in ("'self'", "'unsafe-inline'")}
        scripts -= ignored
    loose = [f"`{s}`" for s in sorted(scripts & {*BROAD, *INLINE})]
    if loose:
        return "csp-implemented-with-unsafe-inline", _allows(policy, "script-src", loose)
    if loose := [f"`{s}`" for s in sorted(objects & set(BROAD))]:
        return "csp-implemented-with-unsafe-inline", _allows(policy, "object-src", loose)
    active = {s for name, sources in policy.items() if name not in PASSIVE and name != "script-src" for s in sources}
    if secure and (plain := _plain(active | scripts)):
        return "csp-implemented-with-insecure-scheme", f"It names {listed(plain)}, which is not encrypted."
    if "'unsafe-eval'" in scripts | styles:
        return "csp-implemented-with-unsafe-eval", "`'unsafe-eval'` lets text become code."
    passive = {s for name in PASSIVE for s in policy.get(name, policy.get("default-src", set()))}
    if secure and (plain := _plain(passive)):
        return (
            "csp-implemented-with-insecure-scheme-in-passive-content-only",
            f"It names {listed(plain)} for images or media, which is not encrypted.",
        )
    if loose := [f"`{s}`" for s in sorted(styles & {*BROAD, *INLINE})]:
        return "csp-implemented-with-unsafe-inline-in-style-src-only", _allows(policy, "style-src", loose)
    if policy.get("default-src") == {"'none'"}:
        return "csp-implemented-with-no-unsafe-default-src-none", ""
    return "csp-implemented-with-no-unsafe", ""


def _guarded(sources: set[str]) -> bool:
    return any(source.startswith(_GUARDS) for source in sources)


def _plain(sources: set[str]) -> list[str]:
    return [f"`{source}`" for source in sorted(sources) if source.startswith(("http:", "ftp:"))]


def _allows(policy: Reading, directive: str, sources: list[str]) -> str:
    if directive in policy:
        return f"`{directive}` allows {listed(sources)}."
    if "default-src" in policy:
        return f"`default-src`, which stands in for the missing `{directive}`, allows {listed(sources)}."
    return f"Neither `{directive}` nor `default-src` is set, so every source is allowed."

"""Where the Observatory judges a site otherwise than browsers do. Said beside the grade, never corrected in it."""

from __future__ import annotations

from inspector.fields.framing import is_nosniff
from inspector.fields.hsts import parse_hsts
from inspector.grade import chart
from inspector.grade.csp import policies_of, policy_of
from inspector.grade.csp_reading import Refused, read
from inspector.grade.evidence import Finding, SiteEvidence

ONE_RESPONSE = "The Observatory looks at one response of a site; other pages may do better or worse."


def weak_spots(site: SiteEvidence, findings: dict[str, Finding]) -> tuple[str, ...]:
    """The weak spots that bear on this grade, each a sentence or two; the last one always does."""
    found = (_hsts(site, findings[chart.HSTS]), _nosniff(site), _framing(site), _policies(site))
    return (*(each for each in found if each), ONE_RESPONSE)


def _hsts(site: SiteEvidence, finding: Finding) -> str | None:
    lines = site.fields.all("strict-transport-security")
    if not lines or not site.secure or site.certificate_faulty:
        return None
    first = parse_hsts(lines[0])
    accepted = "hsts-implemented-max-age-at-least-six-months" in finding.results
    if accepted and first.fault is not None:
        return f"It accepts the `Strict-Transport-Security` value, which browsers ignore: {first.fault}."
    if finding.known == "hsts-header-invalid" and first.fault is None:
        return "It refuses the `Strict-Transport-Security` value; browsers take the first field line, which is valid."
    if accepted and first.max_age is not None and first.max_age < 15_552_000:
        return "It takes the `Strict-Transport-Security` value for long enough; browsers read a shorter `max-age`."
    return None


def _nosniff(site: SiteEvidence) -> str | None:
    value = site.fields.get("x-content-type-options")
    if value and is_nosniff(value) and value.strip().lower() != "nosniff":
        return (
            "It wants `X-Content-Type-Options` to be `nosniff` and nothing else; browsers look at what stands before "
            "the first comma, so here the protection is in force."
        )
    return None


def _framing(site: SiteEvidence) -> str | None:
    policy = policy_of(site)
    if policy is None or "frame-ancestors" not in policy:
        return None
    sent, _ = policies_of(site)
    try:
        in_field = "frame-ancestors" in (read(sent)[0] if sent else {})
    except Refused:
        in_field = False
    if not in_field:
        return "It counts `frame-ancestors` in the markup as protection; browsers ignore it there."
    if policy["frame-ancestors"] & {"*", "https:", "http:"}:
        return "It counts any `frame-ancestors` as protection; this one lets every site frame the page."
    return None


def _policies(site: SiteEvidence) -> str | None:
    sent, markup = policies_of(site)
    if sent and "," in sent[0]:
        return (
            "It reads several `Content-Security-Policy` fields as one, the comma between them included; browsers "
            "enforce each policy by itself."
        )
    if sent and markup:
        return "It merges the policies of field and markup by comparing their words; browsers enforce each by itself."
    try:
        read(sent)
    except Refused as fault:
        return f"It refuses the policy because {fault}; browsers enforce it all the same."
    return None

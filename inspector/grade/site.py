"""One site's grade: every test, the score or the range it lies in, and the steps that raise it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from inspector import url as urls
from inspector.grade import ALGORITHM, chart
from inspector.grade.chart import RESULTS, grade_of, results_of, score_of
from inspector.grade.cookies import cookies
from inspector.grade.csp import content_security_policy
from inspector.grade.evidence import Finding, SiteEvidence
from inspector.grade.header_tests import (
    cross_origin_embedder_policy,
    cross_origin_opener_policy,
    cross_origin_resource_policy,
    cross_origin_resource_sharing,
    referrer_policy,
    strict_transport_security,
    x_content_type_options,
    x_frame_options,
)
from inspector.grade.improve import IMPROVEMENTS, Change
from inspector.grade.redirection import redirection
from inspector.grade.sri import is_html, subresource_integrity
from inspector.grade.weak_spots import weak_spots
from inspector.mask import Masker
from inspector.report import Evidence, FieldLine, Grade, GradeStep, GradeTest, Score
from inspector.subject import display_name

TESTS: dict[str, Callable[[SiteEvidence], Finding]] = {
    chart.CSP: content_security_policy,
    chart.COOKIES: cookies,
    chart.COEP: cross_origin_embedder_policy,
    chart.COOP: cross_origin_opener_policy,
    chart.CORP: cross_origin_resource_policy,
    chart.CORS: cross_origin_resource_sharing,
    chart.REDIRECTION: redirection,
    chart.REFERRER: referrer_policy,
    chart.HSTS: strict_transport_security,
    chart.SRI: subresource_integrity,
    chart.XCTO: x_content_type_options,
    chart.XFO: x_frame_options,
}
"""The Observatory's name of a test → the test."""

Findings = dict[str, Finding]


def examine(site: SiteEvidence) -> Findings:
    """What every test makes of a site."""
    return {name: test(site) for name, test in TESTS.items()}


def bounds(findings: Findings) -> tuple[int, int]:
    """The lowest and the highest score that these findings allow; equal where all results are known."""
    lows, highs = zip(*[_worth(finding.results) for finding in findings.values()], strict=True)
    return score_of(lows), score_of(highs)


def grade(site: SiteEvidence, masker: Masker) -> Grade:
    """Grade one site. Pure; never raises for what the evidence holds."""
    findings = examine(site)
    low, high = bounds(findings)
    assumed = list(dict.fromkeys(finding.unless for finding in findings.values() if finding.unless))
    if site.page is None and is_html(site):
        assumed.append("the markup holds no policy of its own")
    improved = {name: _improved(site, findings, name) for name in IMPROVEMENTS}
    return Grade(
        site.capture,
        site.exchange,
        urls.parse(site.url).origin,
        masker.url(site.url),
        ALGORITHM,
        _score(low),
        _score(high),
        tuple(_test(name, finding, site, masker) for name, finding in findings.items()),
        _steps(improved, (low, high), masker),
        *_together(site, findings, improved),
        assumed=tuple(assumed),
        weak_spots=weak_spots(site, findings),
    )


@lru_cache(maxsize=512)
def _score(score: int) -> Score:
    return Score(score, grade_of(score))


def _test(name: str, finding: Finding, site: SiteEvidence, masker: Masker) -> GradeTest:
    known = finding.known
    result = RESULTS[known] if known is not None else None
    return GradeTest(
        name,
        known,
        result.modifier if result is not None else None,
        result.passed if result is not None else None,
        result.says if result is not None else "the recording does not show it",
        finding.because or None,
        () if known is not None else finding.results,
        *_worth(finding.results),
        _evidence(finding, site, masker),
    )


def _evidence(finding: Finding, site: SiteEvidence, masker: Masker) -> tuple[Evidence, ...]:
    field = finding.field
    if field:
        if finding.quoted is not None:
            return (Evidence("response.field", display_name(field), masker.field(field, finding.quoted)),)
        lines = site.fields.all(field)
        if not lines:
            return () if field == "set-cookie" else (Evidence("response.field", display_name(field), None),)
        name = site.fields.named(field)
        return tuple(Evidence("response.field", name, masker.field(field, line)) for line in lines)
    if finding.quoted is None:
        return ()
    markup = finding.quoted.startswith("<")
    return (Evidence("response.body" if markup else "exchange", None, masker.text(finding.quoted)),)


_ALSO = {
    chart.CSP: (chart.CSP, chart.XFO),
    chart.HSTS: (chart.HSTS, chart.COOKIES, chart.REDIRECTION, chart.CSP, chart.SRI),
    chart.REDIRECTION: (chart.REDIRECTION, chart.HSTS, chart.COOKIES),
}
"""The tests that a change made for one test bears on, where that is not that test alone."""
_BORNE_ON = frozenset([test for tests in _ALSO.values() for test in tests])
"""The tests that a change made for another one may bear on."""


Improved = dict[str, tuple[Change, Findings] | None]
"""Test → the change that betters it, if any, and what all tests then find."""


def _improved(site: SiteEvidence, findings: Findings, name: str) -> tuple[Change, Findings] | None:
    """The change that betters a test, and what all tests then find; ``None`` where nothing does."""
    finding = findings[name]
    if finding.known == results_of(name)[0]:
        return None
    change = IMPROVEMENTS[name](site)
    if change is None:
        return None
    again = {each: TESTS[each](change.site) for each in _ALSO.get(name, (name,))}
    before, after = _worth(finding.results), _worth(again[name].results)
    if before == after or after[0] < before[0]:
        return None
    return change, {**findings, **again}


def _steps(improved: Improved, now: tuple[int, int], masker: Masker) -> tuple[GradeStep, ...]:
    low, high = now
    steps: list[GradeStep] = []
    for name, better in improved.items():
        if better is None:
            continue
        change, after = better[0], bounds(better[1])
        field = change.field
        steps.append(
            GradeStep(
                name,
                after[0] - low,
                after[1] - high,
                _score(after[0]),
                _score(after[1]),
                masker.text(change.fix),
                None if field is None else FieldLine(field.name, masker.field(field.name, field.value)),
            )
        )
    steps.sort(key=lambda step: (-step.gain_high, -step.gain_low))
    return tuple(steps)


def _together(site: SiteEvidence, findings: Findings, improved: Improved) -> tuple[Score, Score]:
    """Where all steps lead, taken one after the other. `improved` is what each of them alone does."""
    before = site
    for name, alone in improved.items():
        if name not in _BORNE_ON:  # the same with the others as by itself
            if alone is not None:
                findings = {**findings, name: alone[1][name]}
            continue
        better = alone if site is before else _improved(site, findings, name)
        if better is not None:
            change, findings = better
            site = change.site
    low, high = bounds(findings)
    return _score(low), _score(high)


@lru_cache(maxsize=512)
def _worth(results: tuple[str, ...]) -> tuple[int, int]:
    """The least and the most that one of a test's results is worth."""
    worth = [RESULTS[result].modifier for result in results]
    return min(worth), max(worth)

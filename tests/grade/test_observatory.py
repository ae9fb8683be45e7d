"""What the Observatory's own package made of our header sets (`benchmarks/observatory.py --freeze`), and what we make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.grade.chart import RESULTS, TESTS, grade_of, score_of
from inspector.grade.site import bounds, examine
from tests.grade.cases import OWN

FROZEN = json.loads((Path(__file__).parent / "observatory.json").read_text())
OF_THE_PACKAGE = set(FROZEN["nothing"]) - {"score"}
OURS_BY_DESIGN = {("sharing 04", "cross-origin-resource-sharing")}
"""Where we follow the algorithm as it is written down, and the package cannot (docs/grade.md)."""


def test_there_are_enough_of_them_and_no_two_share_a_name():
    assert len(OWN) == len({case.name for case in OWN}) == len(FROZEN) > 200
    assert set(TESTS) - OF_THE_PACKAGE == {"cross-origin-embedder-policy", "cross-origin-opener-policy"}


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_the_same_result_in_every_test(case):
    theirs = {**FROZEN["nothing"], **FROZEN[case.name]}
    findings = examine(case.evidence())
    for test in OF_THE_PACKAGE:
        if (case.name, test) not in OURS_BY_DESIGN:
            assert findings[test].results == (theirs[test],), test


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_the_same_score(case):
    if case.name in {name for name, _ in OURS_BY_DESIGN}:
        pytest.skip("a result differs by design")
    findings = {test: finding for test, finding in examine(case.evidence()).items() if test in OF_THE_PACKAGE}
    if findings["x-frame-options"].known == "x-frame-options-sameorigin-or-deny":
        del findings["x-frame-options"]  # 0 points in the package's version 4 of the algorithm, 5 in version 6
    assert bounds(findings) == (FROZEN[case.name]["score"],) * 2


def test_every_result_that_the_package_can_give_for_a_header_set_is_given_somewhere():
    given = {result for said in FROZEN.values() for result in said.values() if isinstance(result, str)}
    never = {code for code, result in RESULTS.items() if result.test in OF_THE_PACKAGE} - given
    assert never == {
        "cross-origin-resource-sharing-implemented-with-universal-access",
        "hsts-invalid-cert",
        "hsts-preloaded",
        "redirection-all-redirects-preloaded",
        "redirection-invalid-cert",
    }


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        *((165, "A+"), (100, "A+"), (99, "A"), (95, "A"), (90, "A"), (89, "A-"), (85, "A-"), (84, "B+"), (80, "B+")),
        *((79, "B"), (75, "B"), (70, "B"), (69, "B-"), (65, "B-"), (64, "C+"), (60, "C+"), (59, "C"), (50, "C")),
        *(
            (49, "C-"),
            (45, "C-"),
            (44, "D+"),
            (40, "D+"),
            (39, "D"),
            (30, "D"),
            (29, "D-"),
            (25, "D-"),
            (24, "F"),
            (0, "F"),
        ),
    ],
)
def test_grades_begin_where_the_chart_says(score, grade):
    assert grade_of(score) == grade


@pytest.mark.parametrize(
    ("modifiers", "score"),
    [
        ([], 100),
        ([5, 10], 115),
        ([-10, 5, 10], 105),  # 90 without the bonuses: they count
        ([-11, 5, 10], 89),  # 89: they do not
        ([-20, 10, 10, 10], 80),
        ([-50, -50, -25], 0),
        ([10, 5, 10, 10, 10, 0, 5, 5, 5, 0, 5], 165),
    ],
)
def test_bonuses_count_from_ninety_on(modifiers, score):
    assert score_of(modifiers) == score


def test_the_best_site_has_165_points():
    best = {test: max(r.modifier for r in RESULTS.values() if r.test == test) for test in TESTS}
    assert score_of(best.values()) == 165

"""Blocking verdicts against a real Chromium: a part of the scenarios, and no disagreement among them."""

from __future__ import annotations

import pytest

from tests.browser.blocking_scenarios import Comparison, agreement, all_scenarios, hand_written, refused, run_all
from tests.conftest import needs_chromium

pytestmark = needs_chromium

ARGUED: dict[str, str] = {}
"""Scenario → why we differ from Chromium on purpose."""


@pytest.fixture(scope="module")
def results() -> list[Comparison]:
    by_hand = hand_written()
    chosen = [*by_hand[::3], *all_scenarios(len(by_hand) + 36, seed=7)[len(by_hand) :]]
    return run_all(scenarios=chosen)


def test_every_verdict_is_what_chromium_did(results: list[Comparison]):
    wrong = [r for r in results if r.agreement in ("different", "code") and r.scenario not in ARGUED]
    assert not wrong, "\n".join(map(str, wrong)) + "\n" + agreement(results)


def test_without_the_browsers_own_errors_no_verdict_turns_round(results: list[Comparison]):
    wrong = [r for r in results if r.untold in ("different", "code") and r.scenario not in ARGUED]
    assert not wrong, "\n".join(map(str, wrong)) + "\n" + agreement(results)


def test_the_scenarios_are_worth_running(results: list[Comparison]):
    assert len(results) >= 60
    assert len(refused(results)) >= 20
    assert len({r.browser for r in refused(results)}) >= 7
    certain = [r for r in refused(results) if r.agreement == "same"]
    assert len(certain) >= 0.9 * len(refused(results))

"""Content Security Policy against a real Chromium: a part of the pages, and no disagreement among their probes."""

from __future__ import annotations

import pytest

from tests.browser.csp_scenarios import Comparison, agreement, all_pages, hand_written, run_all
from tests.conftest import needs_chromium

pytestmark = needs_chromium

ARGUED: dict[tuple[str, str], str] = {}
"""Page and probe → why we differ from Chromium on purpose."""


@pytest.fixture(scope="module")
def results() -> list[Comparison]:
    by_hand = hand_written()
    return run_all([*by_hand[2::9], *all_pages(len(by_hand) + 4, seed=5)[len(by_hand) :]])


def test_every_probe_is_as_chromium_has_it(results: list[Comparison]):
    wrong = [r for r in results if r.agreement == "different" and (r.page, r.probe) not in ARGUED]
    assert not wrong, "\n".join(map(str, wrong)) + "\n" + agreement(results)


def test_the_pages_are_worth_loading(results: list[Comparison]):
    blocked = [r for r in results if r.browser == "blocked"]
    assert len(results) >= 1000
    assert len(blocked) >= 0.15 * len(results)
    recorded = [r for r in blocked if r.probe.startswith("recorded")]
    assert len(recorded) >= 20
    assert len([r for r in recorded if r.ours == "blocked"]) >= 0.5 * len(recorded)

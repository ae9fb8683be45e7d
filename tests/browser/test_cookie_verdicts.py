"""Cookie verdicts against a real Chromium: what it stores, what it sends, and why not."""

from __future__ import annotations

import pytest

from tests.browser.cookie_corners import clocks, contexts, lines
from tests.browser.cookie_scenarios import Scenario, Tally, Visit, compare, run, scenarios
from tests.conftest import needs_chromium

pytestmark = [pytest.mark.browser, needs_chromium]


def test_verdicts_agree_with_chromium():
    tallies = run([*scenarios(18), *lines()[::17], *clocks()[::6], *contexts()[::61]])
    for variant, tally in tallies.items():
        assert tally.disagreements == [], variant
    tally = tallies["as exported"]
    assert tally.counts["set: agree"] > 250
    assert tally.counts["sent: agree"] > 150
    unsettled = sum(many for what, many in tally.counts.items() if "open" in what or "reason" in what)
    assert unsettled < sum(tally.counts.values()) / 20, tally.counts


def test_a_wrong_verdict_is_noticed(monkeypatch: pytest.MonkeyPatch):
    """The comparison itself: with the rule for `Secure` switched off, Chromium contradicts."""
    from inspector.browser import cookies_store
    from tests.browser.cookie_lab import CookieLab

    monkeypatch.setattr(cookies_store, "trustworthy", lambda url: True)
    scenario = Scenario(0, (Visit("address", "http", "a.test", "/page", ("a=1; Secure",)),), False)
    tally = Tally()
    with CookieLab(third_party=False) as lab:
        compare(lab, scenario, tally)
    assert len(tally.disagreements) == 1

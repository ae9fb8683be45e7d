"""Our CORS verdicts against a real Chromium's, request by request."""

import pytest

from tests.browser.cors_corners import corners
from tests.browser.cors_scenarios import KINDS, Comparison, all_scenarios, compare, hand_written, play
from tests.browser.variants import VARIANTS
from tests.conftest import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser]


@pytest.fixture(scope="module")
def lab():
    from tests.browser.cors_scenarios import NAMES
    from tests.browser.harness import Harness

    with Harness(NAMES) as harness:
        yield harness


# What less evidence opens, and why it must. Without `_error`, a redirect that Chrome refused to follow over http looks
# the same for `credentials: 'include'` as for `redirect: 'error'`, and a request that a copy in the cache answered looks
# the same refused as given up by the page: both are `depends`. A preflight names the fields it asks for in the order of
# the alphabet, while Chromium looks at them in the request's own: of several that are not allowed, the preflight's
# verdict names the alphabet's first, and the request's the one that Chromium names.
def argued(result: Comparison) -> str | None:
    """Why a disagreement is right as it is; ``None`` where it is a mistake."""
    if result.agreement == "unknown" and result.browser.startswith("net::"):
        return "nothing arrived, and not because of CORS: there is nothing to judge"
    if result.agreement == "either":
        return "refused with and without credentials, for different reasons; a preflight does not show which applied"
    return None


def check(results: list[Comparison]) -> None:
    wrong = [r for r in results if r.agreement not in ("same", "condition") and argued(r) is None]
    assert not wrong, "\n".join(" | ".join(r) for r in wrong)


def test_hand_written_scenarios(lab):
    results = []
    for number, scenario in enumerate(hand_written()[::2]):
        results += compare(scenario, play(lab, scenario, 1000 + number))
    check(results)
    assert len(results) > 50
    assert sum(r.agreement == "same" for r in results) > 0.85 * len(results)


def test_mutations(lab):
    results = []
    for number, scenario in enumerate(all_scenarios(160, seed=3)[-40:]):
        results += compare(scenario, play(lab, scenario, 2000 + number))
    check(results)
    assert sum("(" in r.browser for r in results) >= 10, "too few of them are refused to tell anything"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_corners_with_every_variant_of_the_recording(lab, scheme):
    offset = {"https": 5000, "http": 6000}[scheme]
    chosen = [s for s in corners() if not s.name.startswith("way ")][offset // 1000 % 2 :: 53]
    results = {variant: [] for variant in VARIANTS}
    for number, scenario in enumerate([*hand_written()[1::8], *chosen]):
        run = play(lab, scenario, offset + number, scheme)
        for variant, found in results.items():
            found += compare(scenario, run, variant)
    for found in results.values():
        check(found)
    told, untold = results["as exported"], results["without errors"]
    assert all(b.agreement in (a.agreement, "condition") for a, b in zip(told, untold, strict=True))


def test_kinds_are_all_there_are(lab):
    [scenario] = [s for s in hand_written() if s.name == "no-cors"]
    results = compare(scenario, play(lab, scenario, 4000))
    assert {r.agreement for r in results} <= set(KINDS)
    assert results[0].ours == "no CORS"

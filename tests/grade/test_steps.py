"""What raises the grade: each step is taken here and graded anew, all tests of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inspector.grade.chart import RESULTS
from inspector.grade.evidence import PageFacts, Script, SetCookie
from inspector.grade.improve import IMPROVEMENTS
from inspector.grade.site import TESTS, _improved, bounds, examine, grade
from inspector.mask import Masker
from tests.conftest import needs_real_captures, real_captures
from tests.grade.cases import OWN, page, recorded


def _taken(site):
    """Every step of a site, taken."""
    findings = examine(site)
    return {name: found for name in IMPROVEMENTS if (found := _improved(site, findings, name)) is not None}


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_a_step_leads_where_it_says(case):
    site = case.evidence()
    before = examine(site)
    steps = {step.test: step for step in grade(site, Masker()).steps}
    taken = _taken(site)
    assert steps.keys() == taken.keys()
    for name, (change, findings) in taken.items():
        assert examine(change.site) == findings, f"{name} bears on more tests than it is known to"
        low, high = bounds(findings)
        assert (steps[name].low.score, steps[name].high.score) == (low, high)
        assert low - steps[name].gain_low == bounds(before)[0]
        if change.field is not None and change.field.name not in ("Set-Cookie", "Location"):
            assert change.field in tuple(change.site.fields)


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_where_something_fails_there_is_a_step_for_it(case):
    site = case.evidence()
    failing = {name for name, finding in examine(site).items() if not RESULTS[finding.results[-1]].passed}
    taken = _taken(site)
    if not site.secure:
        failing.discard("redirection")  # serving HTTPS, the step for HSTS, brings the redirect
    assert failing <= taken.keys()
    for name in failing:
        assert RESULTS[taken[name][1][name].results[-1]].passed, name


def test_the_best_step_comes_first():
    gains = [step.gain_high for step in grade(page("bare").evidence(), Masker()).steps]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] == 45  # a policy with frame-ancestors makes up for X-Frame-Options too
    assert gains[-1] == 0  # a bonus that does not count yet


def _one_after_the_other(site):
    """The range of scores with every step taken on what the ones before it left, all tests made anew each time."""
    for name in IMPROVEMENTS:
        found = _improved(site, examine(site), name)
        if found is not None:
            site = found[0].site
    return bounds(examine(site))


@pytest.mark.parametrize("case", OWN, ids=lambda case: case.name)
def test_together_they_lead_where_they_lead_one_after_the_other(case):
    site = case.evidence()
    graded = grade(site, Masker())
    assert (graded.together_low.score, graded.together_high.score) == _one_after_the_other(site)


def test_all_steps_together_reach_the_top():
    graded = grade(page("bare", ("Set-Cookie", "sess=1")).evidence(), Masker())
    assert graded.low.grade == "F"
    assert graded.together_low == graded.together_high
    assert graded.together_low.grade == "A+"


def test_a_perfect_site_has_no_steps():
    fields = [
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Set-Cookie", "a=1; Secure; SameSite=Lax"),
    ]
    body = "<script src=a.js integrity=sha256-x></script>"
    graded = grade(page("perfect", *fields, body=body).evidence(), Masker())
    assert graded.low == graded.high
    assert (graded.low.score, graded.low.grade, graded.steps) == (160, "A+", ())


def fix_of(test: str, *fields: tuple[str, str], body: str = "", **more):
    site = replace(page("x", *fields, body=body).evidence(), **more)
    return next(step for step in grade(site, Masker()).steps if step.test == test)


def test_the_policy_names_the_scripts_of_the_page():
    body = "<script>1</script><script src=https://cdn.test/a.js></script><script src=//other.test/b.js></script>"
    step = fix_of("content-security-policy", body=body)
    assert "script-src 'self' https://cdn.test https://other.test 'nonce-RANDOM';" in step.field.value
    assert "1 inline script" in step.fix
    assert "Report-Only" in step.fix


def test_the_policy_names_the_port_of_a_script_where_it_is_not_the_usual_one():
    body = "<script src=https://cdn.test:8443/a.js></script><script src=https://cdn.test:443/b.js></script>"
    value = str(fix_of("content-security-policy", body=body))
    assert "script-src 'self' https://cdn.test:8443 https://cdn.test;" in value


def test_a_policy_that_is_there_is_edited_and_not_replaced():
    sent = (
        "default-src 'self' https://api.test; script-src 'self' 'unsafe-inline' https: https://cdn.test; img-src http:"
    )
    step = fix_of("content-security-policy", ("Content-Security-Policy", sent))
    assert step.field.value == (
        "default-src 'self' https://api.test; script-src 'self' https://cdn.test 'nonce-RANDOM'; img-src https:"
    )
    assert "`https:`" in step.fix


def test_the_same_policy_said_strictly():
    step = fix_of(
        "content-security-policy", ("Content-Security-Policy", "default-src 'self'; script-src 'self' a.test")
    )
    assert step.field.value.startswith("default-src 'none'; script-src 'self' a.test; style-src 'self'; img-src 'self'")


def test_a_cookie_is_given_what_it_lacks_and_its_value_stays_masked():
    step = fix_of("cookies", ("Set-Cookie", "sessionid=3f9c2d71aa; Path=/; SameSite=Foo"), ("Set-Cookie", "b=2"))
    assert step.field.value == "sessionid=[masked 1]; Path=/; SameSite=Lax; Secure; HttpOnly"
    assert "1 other likewise" in step.fix


def test_scripts_are_named_in_full():
    step = fix_of("subresource-integrity", body="<script src=//cdn.test/a.js></script>")
    assert '`<script src="https://cdn.test/a.js" integrity="sha384-…" crossorigin="anonymous">`' in step.fix


def test_what_is_not_known_has_no_step():
    site = replace(page("x").evidence(), route=None, page=None, cookies_recorded=False)
    assert {"redirection", "subresource-integrity", "cookies"}.isdisjoint(s.test for s in grade(site, Masker()).steps)


@needs_real_captures
def test_steps_on_real_pages_lead_where_they_say():
    seen = 0
    for case in recorded(real_captures()):
        site = case.evidence()
        for name, (change, findings) in _taken(site).items():
            assert examine(change.site) == findings, (case.name, name)
            assert bounds(findings)[0] >= bounds(examine(site))[0]
            seen += 1
        graded = grade(site, Masker())
        assert (graded.together_low.score, graded.together_high.score) == _one_after_the_other(site), case.name
    assert seen > 50


def test_every_test_has_a_way_to_do_better():
    assert IMPROVEMENTS.keys() == TESTS.keys()
    for name in TESTS:
        worst = replace(
            page("x").evidence(),
            cookies=(SetCookie("sess=1", "shop.test"),),
            page=PageFacts((Script("//cdn.test/a.js"),)),
            route=(("http", "shop.test"),),
        )
        if name != "cross-origin-resource-sharing":
            assert name in _taken(worst)

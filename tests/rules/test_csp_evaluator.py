"""Our findings beside Google's csp-evaluator, where `CSP_EVALUATOR` says where its npm package is."""

import pytest

from benchmarks.csp_evaluator import compare, corpus, package

pytestmark = pytest.mark.skipif(
    package() is None, reason="CSP_EVALUATOR names no npm package csp_evaluator, or no node"
)


def test_nothing_it_finds_is_missed_without_a_reason():
    root = package()
    assert root is not None
    compared = compare(corpus(), root)
    missed = [f"{finding} in {each.policy}" for each in compared for finding in each.missed]
    assert not missed, "\n".join(missed[:10])
    assert len(compared) >= 300
    assert sum(each.both for each in compared) >= 1000

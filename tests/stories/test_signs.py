"""Tellers see by signs what they would tell of: whoever is shown everything tells the same."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from inspector import stories
from inspector.engine import Engine, Options
from inspector.explain import Explanation
from inspector.rules.catalogue import all_rules
from inspector.rules.example import parse_example
from inspector.stories import signs
from tests.conftest import needs_real_captures, real_captures

EXAMPLES = [text for rule in all_rules() for text in (rule.page.shows, rule.page.quiet)]


def told(*texts: str) -> list[object]:
    engine = Engine()
    for number, exchange in enumerate(exchange for text in texts for exchange in parse_example(text)):
        engine.observe(replace(exchange, index=number))
    return list(engine.finish())


@pytest.fixture
def everything(monkeypatch):
    """Makes every exchange have every sign from now on."""
    return lambda: monkeypatch.setattr(stories, "signs_of", lambda x: -1)


def test_the_stories_of_every_rules_examples_are_the_same_to_whoever_sees_everything(everything):
    by_signs = [told(text) for text in EXAMPLES]
    one_session = told(*EXAMPLES)
    assert len(one_session) > 50
    everything()
    assert [told(text) for text in EXAMPLES] == by_signs
    assert told(*EXAMPLES) == one_session


@needs_real_captures
def test_real_captures_have_the_same_stories_to_whoever_sees_everything(everything):
    def of_all() -> list[object]:
        explanation = Explanation([str(path) for path in real_captures()[:6]], Options())
        assert sum(1 for _ in explanation)
        return list(explanation.stories)

    by_signs = of_all()
    everything()
    assert of_all() == by_signs


def test_signs_are_distinct_bits():
    bits = [value for name, value in vars(signs).items() if name.isupper() and type(value) is int]
    assert len(bits) > 10
    assert sum(bits) == (1 << len(bits)) - 1

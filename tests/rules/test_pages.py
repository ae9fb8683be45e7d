"""Every rule's page is its test: the first example raises it, the second does not."""

import pytest

from inspector.engine import INTERNAL_ERROR, Engine
from inspector.rules.base import Rule
from inspector.rules.catalogue import all_rules
from inspector.rules.example import parse_example

RULES = all_rules()


def is_prose(text: str | None) -> bool:
    """Whether a sentence is one line as people read it: no break, no indentation of the source it stands in."""
    return text is None or text == " ".join(text.split())


def raised_by(text: str) -> set[str]:
    engine = Engine()
    reports = [engine.observe(exchange) for exchange in parse_example(text)]
    annotations = [annotation for one in (*reports, *engine.finish()) for annotation in one.annotations]
    told = {annotation.rule for annotation in annotations}
    assert INTERNAL_ERROR not in told, reports
    assert [a for a in annotations if not all(map(is_prose, (a.title, a.detail, a.fix, a.condition)))] == []
    return told


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_first_example_raises_the_rule(rule: Rule):
    assert rule.id in raised_by(rule.page.shows)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_second_example_does_not(rule: Rule):
    assert rule.id not in raised_by(rule.page.quiet)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_page_is_complete(rule: Rule):
    topic, slash, slug = rule.id.partition("/")
    assert topic
    assert slash
    assert slug
    assert rule.references, "a rule cites the section it rests on"
    assert all(reference.startswith("https://") for reference in rule.references)
    page = rule.page
    assert all((page.what, page.why, page.fix))
    assert not rule.title.endswith(".")

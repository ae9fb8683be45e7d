"""`inspector rules`, `inspector rule` and `inspector schema`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from inspector.cli import main
from inspector.report import schema
from inspector.rules.catalogue import all_rules, topics
from inspector.rules.example import parse_example


def run(*args: str, **extra):
    return CliRunner().invoke(main, args, **extra)


def test_rules_lists_every_rule_once():
    for columns in ("30", "80", "120"):
        shown = run("rules", env={"COLUMNS": columns}).stdout
        for rule in all_rules():
            assert shown.split().count(rule.id) == 1
        assert f"{len(all_rules())} rules" in shown


def test_rules_of_a_topic_and_as_json():
    topic = topics()[0]
    listed = json.loads(run("rules", "--only", topic, "--format", "json").stdout)
    assert [r["id"] for r in listed] == [
        r.id for r in sorted(all_rules(), key=lambda r: r.severity.rank) if r.topic == topic
    ]
    assert all(set(r) == {"id", "topic", "severity", "title", "references"} for r in listed)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
@pytest.mark.parametrize("columns", ["40", "100"])
def test_a_rules_page_has_its_two_exchanges_and_what_the_first_raises(rule, columns):
    result = run("rule", rule.id, env={"COLUMNS": columns})
    assert result.exit_code == 0, result.output
    shown = result.stdout
    assert rule.id in shown.splitlines()[0]
    before, after = (" ".join(part.split()) for part in shown.split("── One that does not"))
    assert f"{parse_example(rule.page.shows)[0].request.method} " in before
    assert f"{parse_example(rule.page.quiet)[0].request.method} " in after
    assert before.count(rule.id) >= 2, "the finding itself"
    assert all(reference in after for reference in rule.references)


def test_a_near_miss_is_suggested():
    rule = all_rules()[0].id
    assert rule in run("rule", rule[:-1]).stderr


def test_schema():
    assert json.loads(run("schema").stdout) == json.loads(json.dumps(schema()))

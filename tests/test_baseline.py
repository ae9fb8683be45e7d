"""Findings accepted before: written, edited, read, matched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.baseline import Accepted, Baseline, BaselineError, findings, read, write
from inspector.engine import Engine
from inspector.report import Report, Story, summarize, without_accepted
from inspector.rules.example import parse_example

TEXT = """
GET https://shop.test/items/7?page=2 HTTP/1.1

HTTP/1.1 302 Found
Server: shop
"""
REPORT = Engine().observe(parse_example(TEXT)[0])
FOUND = Accepted("status/missing-location", "https://shop.test/items/7", "GET")


def test_what_is_found_is_known_by_rule_method_and_url_without_query():
    assert FOUND in findings([REPORT], ())


@pytest.mark.parametrize(
    "entry",
    [
        FOUND,
        Accepted(FOUND.rule, "https://shop.test/items/*", "GET"),
        Accepted(FOUND.rule, "*"),
        Accepted(FOUND.rule, FOUND.url),
    ],
)
def test_accepted(entry: Accepted):
    assert FOUND in Baseline([entry])


@pytest.mark.parametrize(
    "entry",
    [
        Accepted("status/other", FOUND.url, "GET"),
        Accepted(FOUND.rule, "https://shop.test/items/8", "GET"),
        Accepted(FOUND.rule, FOUND.url, "POST"),
        Accepted(FOUND.rule, "https://other.test/*", "GET"),
    ],
)
def test_not_accepted(entry: Accepted):
    assert FOUND not in Baseline([entry])


def test_brackets_in_a_pattern_are_brackets():
    assert Accepted("a/b", "http://[::1]/x", "GET") in Baseline([Accepted("a/b", "http://[::1]/*")])
    assert Accepted("a/b", "http://:/x", "GET") not in Baseline([Accepted("a/b", "http://[::1]/*")])


def test_marked_ones_are_counted_apart_and_not_shown():
    marked = Baseline([FOUND]).mark(REPORT)
    accepted = [a for a in marked.annotations if a.accepted]
    assert [a.rule for a in accepted] == [FOUND.rule]
    summary = summarize([marked])
    assert summary.accepted == 1
    assert FOUND.rule not in summary.worst
    shown = without_accepted(Report("", (), (marked,), (), summary))
    assert not any(a.accepted for a in shown.exchanges[0].annotations)
    assert Baseline([]).mark(REPORT) is REPORT


def test_a_story_is_known_by_its_title():
    annotation = next(a for a in REPORT.annotations if a.rule == FOUND.rule)
    story = Story("redirect-chain", "From a to b", (0,), annotations=(annotation,))
    baseline = Baseline(findings((), [story]))
    assert baseline.mark_story(story).annotations[0].accepted


def test_what_people_wrote_survives_writing_again(tmp_path: Path):
    path = tmp_path / "accepted.json"
    by_hand = Accepted(FOUND.rule, "https://shop.test/items/*", why="old links")
    assert write(path, [FOUND, Accepted("a/b", "https://shop.test/", "GET")], Baseline([by_hand])) == 2
    assert set(read(path).accepted) == {by_hand, Accepted("a/b", "https://shop.test/", "GET")}
    assert write(path, [FOUND], read(path)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "other", "accepted": []}',
        '{"format": "inspector.baseline/1", "accepted": [{"rule": 1}]}',
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str):
    path = tmp_path / "accepted.json"
    path.write_text(text)
    with pytest.raises(BaselineError) as raised:
        read(path)
    assert "accepted.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read_or_written(tmp_path: Path):
    with pytest.raises(BaselineError, match="cannot be read"):
        read(tmp_path / "none.json")
    with pytest.raises(BaselineError, match="cannot be written"):
        write(tmp_path / "none" / "x.json", [FOUND])


def test_the_file_is_made_to_be_read(tmp_path: Path):
    path = tmp_path / "accepted.json"
    write(path, [FOUND])
    assert json.loads(path.read_text())["accepted"] == [{"rule": FOUND.rule, "url": FOUND.url, "method": "GET"}]
    assert path.read_text().endswith("}\n")

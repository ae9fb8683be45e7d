"""Building a story, and how the engine hands stories on."""

from __future__ import annotations

import pytest

from inspector import stories
from inspector.engine import INTERNAL_ERROR, MOST_STORIES, Engine, Options
from inspector.report import Severity, Story
from inspector.rules.base import Finding, story_rule
from inspector.rules.example import parse_example
from inspector.stories.signs import ANY
from inspector.stories.telling import LONGEST_LABEL, LONGEST_NAME, MOST_ARROWS, MOST_EXCHANGES, MOST_STEPS, Telling

(EXCHANGE,) = parse_example("GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nServer: x")

RULE = story_rule(
    "test/story",
    Severity.WARNING,
    "A story's own finding",
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-15.4",),
    what="x",
    why="x",
    fix="x",
    shows="x",
    quiet="x",
)


class Each:
    """Tells a story of every exchange, at once."""

    wants = ANY

    def observe(self, x):
        telling = Telling("test", "client", "server")
        telling.say("Asked.")
        telling.arrow("client", "server", "GET /", x.exchange.index)
        telling.found(RULE.annotation(Finding("Found.")))
        return [telling.story(f"Story of {x.exchange.index}")]

    def finish(self):
        return ()


class Faulty:
    wants = ANY

    def observe(self, x):
        raise RuntimeError("hostile traffic")

    def finish(self):
        raise RuntimeError("hostile traffic")


def engine(monkeypatch, *tellers, **options) -> Engine:
    monkeypatch.setattr(stories, "TELLERS", tellers)
    return Engine(Options(**options))


def test_arrows_belong_to_the_last_sentence_and_name_participants_in_order():
    telling = Telling("login", "browser", "shop.test")
    telling.say("One.")
    telling.say("Two.")
    telling.arrow("browser", "shop.test", "GET /", 4)
    telling.arrow("shop.test", "id.test", "POST /token", 2, failed=True)
    telling.about(9, 4)
    telling.fail()
    told = telling.story("A login")
    assert told.steps == ("One.", "Two.")
    assert [(a.step, a.exchange, a.failed) for a in told.arrows] == [(1, 4, False), (1, 2, True)]
    assert told.participants == ("browser", "shop.test", "id.test")
    assert told.exchanges == (4, 2, 9)
    assert told.failed


def test_an_arrow_before_anything_was_said_is_a_mistake_of_the_teller():
    with pytest.raises(ValueError, match="say one first"):
        Telling("login").arrow("a", "b", "x")


def test_what_nobody_would_read_is_left_out():
    telling = Telling("loop", "a" * 500)
    for number in range(3 * MOST_STEPS):
        telling.say("Again.")
        telling.arrow("a" * 500, "b", "x" * 500, number)
    told = telling.story("A loop")
    assert len(told.steps) == MOST_STEPS + 1
    assert told.steps[-1] == f"{2 * MOST_STEPS:,} more steps are left out here."
    assert len(told.arrows) == MOST_ARROWS
    assert all(a.step < len(told.steps) for a in told.arrows)
    assert len(told.exchanges) == min(3 * MOST_STEPS, MOST_EXCHANGES)
    assert {len(a.label) for a in told.arrows} == {LONGEST_LABEL}
    assert [len(name) for name in told.participants] == [LONGEST_NAME, 1]


def test_a_story_that_ends_is_handed_on_once(monkeypatch):
    one = engine(monkeypatch, Each)
    one.observe(EXCHANGE)
    (told,) = one.stories()
    assert told.annotations[0].rule == "test/story"
    assert told.annotations[0].severity is Severity.WARNING
    assert one.stories() == ()
    assert one.finish() == ()


def test_stories_nobody_asks_for_are_bounded(monkeypatch):
    one = engine(monkeypatch, Each)
    one._keep(Story("test", str(n), ()) for n in range(MOST_STORIES + 5))
    assert len(one.finish()) == MOST_STORIES


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, 1),
        ({"severity": Severity.ERROR}, 0),
        ({"only": frozenset({"cors"})}, 0),
        ({"only": frozenset({"test"})}, 1),
        ({"ignore": frozenset({"test/story"})}, 0),
    ],
)
def test_findings_of_a_story_obey_the_options(monkeypatch, options, kept):
    one = engine(monkeypatch, Each, **options)
    one.observe(EXCHANGE)
    (told,) = one.stories()
    assert len(told.annotations) == kept


def test_a_tellers_fault_is_told_and_stops_nothing(monkeypatch):
    one = engine(monkeypatch, Faulty, Each)
    report = one.observe(EXCHANGE)
    assert INTERNAL_ERROR in {a.rule for a in report.annotations}
    assert report.status == 200
    told, at_the_end = one.finish()
    assert told.title == "Story of 0"
    assert at_the_end.annotations[0].rule == INTERNAL_ERROR

"""Stories drawn: as columns, as a list, as Mermaid's text, and in short among everything else."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspector.render.console import AsciiWriter, make_console
from inspector.render.diagram import MOST_ARROWS, MOST_COLUMNS, draw, mermaid, mermaid_text
from inspector.render.layout import Canvas
from inspector.render.stories import draw as draw_in_short
from inspector.render.stories import draw_in_full, numbered
from inspector.report import Story
from inspector.stories.telling import Telling


def login(failed: bool = False) -> Story:
    telling = Telling("login", "browser", "shop.test", "id.test")
    telling.say("The shop sends the browser to the provider.")
    telling.arrow("browser", "shop.test", "GET /login", 4)
    telling.arrow("shop.test", "browser", "302 to id.test", 4)
    telling.say("The provider asks who it is.")
    telling.arrow("browser", "id.test", "GET /authorize", 5)
    telling.arrow("id.test", "id.test", "checks the password")
    telling.arrow("id.test", "browser", "302, code", 5)
    telling.say("The shop compares `state`.")
    telling.arrow("shop.test", "shop.test", "compares state", 6, failed=failed)
    return telling.story("A login")


def drawn(story: Story, width: int = 90, draw=draw, **options) -> list[str]:
    out = io.StringIO()
    canvas = Canvas(make_console("never", into=out, width=width))
    draw(canvas, story, 1, **options)
    canvas.flush()
    return out.getvalue().splitlines()


def test_participants_are_columns_and_arrows_go_between_them():
    lines = drawn(login(failed=True))
    columns = [place for place, sign in enumerate(lines[1]) if sign == "│"]
    assert len(columns) == 3
    for line in lines[1:]:
        assert line[columns[0]] == line[columns[2]] == "│"
        assert cell_len(line) <= 90
    assert re.fullmatch(r" +│─ 1 GET /login ─+ #4 ─►│ +│", lines[1])
    assert re.fullmatch(r" +│◄─ 1 302 to id.test ─+ #4 ─│ +│", lines[2])
    assert re.fullmatch(r" +│─ 2 GET /authorize ─+ #5 ─►│", lines[3])
    assert re.fullmatch(r" +│ +│ +2 checks the password ↺ │", lines[4])
    assert re.fullmatch(r" +│ +│ ✗ 3 compares state #6 +│", lines[6])


@pytest.mark.parametrize("width", range(24, 101, 4))
def test_any_width_holds(width):
    lines = drawn(login(), width)
    assert lines
    assert all(cell_len(line) <= width for line in lines)
    if width < 40:
        assert lines[0].strip() == "1 browser → shop.test: GET /login #4"[: len(lines[0].strip())]


def test_more_participants_than_columns_are_a_list():
    telling = Telling("login", *(f"p{n}.test" for n in range(MOST_COLUMNS + 1)))
    telling.say("One.")
    telling.arrow("p0.test", "p5.test", "GET /", 3, failed=True)
    assert drawn(telling.story("Many")) == ["  1 p0.test → p5.test: ✗ GET / #3"]


def test_wide_and_hostile_text_keeps_the_columns():
    telling = Telling("x", "ブラウザ", "ショップ.test\x1b[31m")
    telling.say("One.")
    telling.arrow("ブラウザ", "ショップ.test\x1b[31m", "GET /日本語\n\x1b[2J\u202e" * 9, 1)
    telling.arrow("ショップ.test\x1b[31m", "ブラウザ", "200", 1)
    lines = drawn(telling.story("Wide"), 60)
    assert len(lines) == 3
    assert len({cell_len(line) for line in lines[1:]}) == 1
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


def test_ascii_keeps_the_columns():
    out = io.StringIO()
    console = make_console("never", into=out, width=90)
    console.file = AsciiWriter(out)  # type: ignore[assignment]
    canvas = Canvas(console)
    draw(canvas, login(failed=True), 1)
    canvas.flush()
    lines = out.getvalue().splitlines()
    assert out.getvalue().isascii()
    assert len({len(line) for line in lines[1:]}) == 1


def test_many_arrows_are_cut():
    telling = Telling("x", "a", "b")
    telling.say("One.")
    for n in range(MOST_ARROWS + 3):
        telling.arrow("a", "b", "GET", n)
    assert drawn(telling.story("Many"))[-1].strip() == "and 3 more arrows"


NAME = st.text(min_size=1, max_size=30)


@given(st.lists(st.tuples(NAME, NAME, st.text(max_size=90), st.booleans()), max_size=8), st.integers(24, 110))
def test_nothing_breaks_the_drawing(arrows, width):
    telling = Telling("x", "a")
    telling.say("One.")
    for source, target, label, failed in arrows:
        telling.arrow(source, target, label, 1, failed=failed)
    story = telling.story("t")
    for line in drawn(story, width):
        assert cell_len(line) <= max(width, 24)
        assert line.isprintable()
    text = mermaid(story, 1)
    assert text.isprintable() or set(text) - set(filter(str.isprintable, text)) == {"\n"}


# -- Mermaid ----------------------------------------------------------------------------------------------------------


def test_mermaid_draws_arrows_by_what_they_are():
    assert mermaid(login(failed=True), 7).splitlines() == [
        "sequenceDiagram",
        "    title Story 7#58; A login",
        "    participant p1 as browser",
        "    participant p2 as shop.test",
        "    participant p3 as id.test",
        "    p1->>p2: 1 GET /login #35;4",
        "    p2-->>p1: 1 302 to id.test #35;4",
        "    p1->>p3: 2 GET /authorize #35;5",
        "    p3->>p3: 2 checks the password",
        "    p3-->>p1: 2 302, code #35;5",
        "    p2-xp2: 3 compares state #35;6",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;b#c", "a#59;b#35;c"),
        ("a\nb", "a#92;nb"),
        ('<b onclick="x">', "#60;b onclick#61;#34;x#34;#62;"),
        ("%%{init: {}}%%", "#37;#37;#123;init#58; #123;#125;#125;#37;#37;"),
        ("-->>", "#45;#45;#62;#62;"),
        ("`code`", "code"),
        ("\x1b[31m", "#92;x1b#91;31m"),
        ("日本", "日本"),
        ("", "#160;"),
    ],
)
def test_mermaid_shows_hostile_text_literally(text, written):
    assert mermaid_text(text) == written


@given(st.text(max_size=80))
def test_mermaid_text_has_no_syntax(text):
    assert not set(re.sub(r"#[0-9]+;", "", mermaid_text(text))) & set('#;:<>&"%{}-\n\r[]\\=`')


# -- among everything else --------------------------------------------------------------------------------------------


def test_in_short_there_are_a_few_steps_and_of_a_kind_a_few():
    telling = Telling("redirect-chain")
    for n in range(12):
        telling.say(f"Step {n}.")
    stories = [telling.story(f"Chain {n}") for n in range(9)]
    lines = drawn(numbered(stories), draw=draw_in_short, command="inspector explain x.har")
    text = "\n".join(lines)
    assert "1  Chain 0" in text
    assert "Step 11." in text
    assert "Step 2." not in text
    assert "9 more steps" in text
    assert "And more of them: 7 of redirect chain." in text
    assert "`--story N` shows one of them in full" in text


def test_in_full_steps_are_numbered_as_the_arrows_are():
    lines = drawn(login(), draw=lambda canvas, story, captures: draw_in_full(canvas, 3, story, captures))
    assert lines[0] == "3  A login"
    assert "  2  The provider asks who it is." in lines
    assert "  Exchanges #4, #5, #6" in lines


def test_in_short_a_long_step_is_cut_and_its_code_closed():
    telling = Telling("x")
    telling.say("GET `https://shop.test/" + "a b" * 200 + "` and more.")
    (step,) = [line for line in drawn(numbered([telling.story("Long")]), 100, draw=draw_in_short) if "…" in line]
    assert step.endswith("…`")

"""Evidence is drawn as compilers draw source lines."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from inspector.render import evidence
from inspector.render.console import make_console
from inspector.render.layout import Canvas
from inspector.report import Evidence


def drawn(*items: Evidence, width: int = 80) -> str:
    into = io.StringIO()
    canvas = Canvas(make_console("never", into=into, width=width))
    evidence.draw(canvas, items, "│ ", "")
    canvas.flush()
    return into.getvalue()


def test_the_mark_is_underlined_where_it_is():
    assert drawn(Evidence("response.field", "Cache-Control", "private, max-age=60", "max-age=60", "one minute")) == (
        "│ response  Cache-Control: private, max-age=60\n│                                   ^^^^^^^^^^ one minute\n"
    )


def test_without_a_mark_all_of_the_value_is_underlined():
    assert drawn(Evidence("response.field", "Vary", "*", None, "anything")) == (
        "│ response  Vary: *\n"
        "│                 ^ anything\n"
    )  # fmt: skip


def test_without_mark_and_label_the_value_is_quoted_and_may_wrap():
    assert drawn(Evidence("response.field", "Vary", "*")) == "│ response  Vary: *\n"
    long = drawn(Evidence("response.field", "Accept", ", ".join(["text/html"] * 20)), width=60)
    assert long.replace("\n", " ").count("text/html") == 20
    assert all(line.startswith("│ ") for line in long.splitlines())


def test_absence_is_said():
    assert drawn(Evidence("response.field", "Vary", None, None, "no cache can know")) == (
        "│ response  Vary: (absent)\n"
        "│                 ^^^^^^^^ no cache can know\n"
    )  # fmt: skip
    assert "Vary: (empty)" in drawn(Evidence("response.field", "Vary", ""))


def test_columns_are_aligned_and_other_exchanges_named():
    shown = drawn(
        Evidence("request.line", None, "GET https://a.test/"), Evidence("response.status", None, "200 OK", exchange=7)
    )
    assert shown == "│ request      GET https://a.test/\n│ #7 response  200 OK\n"


def test_wide_characters_shift_the_mark_by_two():
    shown = drawn(Evidence("url", None, "漢字x", "x", "here"))
    assert shown.splitlines()[1].index("^") == len("│ URL  ") + 4


def test_escapes_before_the_mark_shift_it_too():
    shown = drawn(Evidence("url", None, "\x1bx", "x", "here"))
    assert shown.splitlines() == ["│ URL  \\x1bx", "│          ^ here"]


@pytest.mark.parametrize("place", [0, 500, 1000])
def test_long_values_keep_the_mark_in_sight(place):
    value = "a" * place + "MARK" + "b" * (1000 - place)
    quoted, carets = drawn(Evidence("url", None, value, "MARK", "it")).splitlines()[:2]
    at = carets.index("^^^^")
    assert quoted[at : at + 4] == "MARK"
    assert cell_len(quoted) <= 80


@settings(deadline=None)
@given(
    st.text(st.characters(), max_size=120),
    st.text(st.characters(), min_size=1, max_size=40),
    st.text(st.characters(), max_size=120),
    st.integers(24, 120),
)
def test_what_is_underlined_is_the_mark(before, mark, after, width):
    value = before + mark + after
    shown = drawn(Evidence("url", None, value, mark, "label"), width=width)
    lines = shown.splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)
    assert any("^" in line for line in lines[1:])

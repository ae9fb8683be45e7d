"""Whatever a capture holds, a terminal sees printable characters on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.render.escape import clipped, visible

NASTY = "".join(
    map(
        chr,
        [
            *range(0x20),
            *range(0x7F, 0xA0),
            0xAD,
            0x061C,
            *range(0x200B, 0x2010),
            *range(0x2028, 0x202F),
            *range(0x2060, 0x2070),
            0x3164,
            0xFE0F,
            0xFEFF,
            0xD800,
            0xDFFF,
            0xE000,
            0xE0041,
            0xE0101,
            0x10FFFD,
        ],
    )
)
ANY = st.text(st.characters(), max_size=200) | st.text(st.sampled_from(NASTY + "aé漢🙂́"), max_size=60)


@given(ANY)
def test_only_printable_characters_come_out(text):
    shown = visible(text)
    assert shown.isprintable()
    assert not set(shown) & set(NASTY)


@given(ANY)
def test_it_is_stable_and_says_so_once(text):
    assert visible(visible(text)) == visible(text)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_plain_text_is_left_alone(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\r\nSet-Cookie: x", "a\\r\\nSet-Cookie: x"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066\u2069", "\\u2066\\u2069"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u200bb", "a\\u200bb"),
        ("\xa0", "\\xa0"),
        ("Zürich 漢字 🙂", "Zürich 漢字 🙂"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        ("[bold]not markup[/bold] :smile:", "[bold]not markup[/bold] :smile:"),
    ],
)
def test_escapes(text, shown):
    assert visible(text) == shown


def test_marks_do_not_pile_up():
    shown = visible("a" + "\u0316" * 50)
    assert shown.count("\u0316") == 4
    assert shown.count("\\u0316") == 46


def test_long_values_are_cut_in_the_middle_with_a_count():
    shown = clipped("a" * 1000 + "\x1b" * 10_485_760 + "z" * 1000, 2000)
    assert shown.startswith("a" * 1000)
    assert shown.endswith("z" * 666)
    assert "… 10,485,760 characters …" in shown
    assert shown.isprintable()
    assert len(shown) < 10_000


@given(ANY, st.integers(6, 50))
def test_a_cut_value_is_printable_and_short_ones_are_whole(text, limit):
    assert clipped(text, limit).isprintable()
    assert len(clipped("a" * len(text), limit)) <= limit + 24
    if len(text) <= limit:
        assert clipped(text, limit) == visible(text)

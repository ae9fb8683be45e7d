"""Sizes, times and cuts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inspector.render.layout import duration, fit, fit_left, fit_right, joined, plural, size


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_400, "12.4 kB"),
        (137_200, "137 kB"),
        (999_600, "1.0 MB"),
        (3_140_000, "3.1 MB"),
        (10**12, "1000 GB"),
    ],
)
def test_sizes(octets, shown):
    assert size(octets) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, ""),
        (0.04, "0.0 ms"),
        (0.4, "0.4 ms"),
        (34.2, "34 ms"),
        (999.6, "1.0 s"),
        (1300, "1.3 s"),
        (240_000, "4 min"),
    ],
)
def test_durations(milliseconds, shown):
    assert duration(milliseconds) == shown


def test_words_of_counting():
    assert (plural(1, "exchange"), plural(1204, "exchange"), plural(2, "entry")) == (
        "1 exchange",
        "1,204 exchanges",
        "2 entries",
    )
    assert (joined([]), joined(["a"]), joined(["a", "b", "c"])) == ("", "a", "a, b and c")


@given(st.text(st.characters(), max_size=300), st.integers(4, 60))
def test_a_fitted_text_fits_and_is_printable(text, width):
    shown = fit(text, width)
    assert cell_len(shown) <= width
    assert shown.isprintable()


@given(st.text("aé漢🙂", max_size=80), st.integers(0, 40))
def test_ends_kept(text, width):
    assert cell_len(fit_left(text, width)) <= width
    assert cell_len(fit_right(text, width)) <= width

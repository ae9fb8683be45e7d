"""Every entry of the guide is whole, says something sensible of its example, and survives hostile values."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspector.exchange import Fields
from inspector.fieldguide.base import Around
from inspector.fieldguide.guide import LONGEST, MOST_SAID, entries, entry_for, explain
from inspector.mask import _field_kind

ENTRIES = entries()
FAULTS = ("does not parse", "This value is not", "this guide does not know", "not registered")


def around(entry, value: str, message: str | None = None) -> Around:
    return Around(
        entry.name.lower().replace("*", "note"),
        message or ("request" if entry.on == "request" else "response"),
        1_714_561_200.0,
        "GET",
        200,
        "https://shop.test/cart",
        Fields.of([(entry.name, value), ("Date", "Wed, 01 May 2024 11:00:00 GMT")]),
        Fields.of([("Origin", "https://shop.test")]),
    )


def test_there_are_many():
    assert len(ENTRIES) >= 500
    assert len({entry.name.lower() for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry):
    assert entry.on in ("request", "response", "both")
    assert re.fullmatch(r"https?://[\x21-\x7e]+", entry.reference)
    assert re.fullmatch(r"[A-Z`].*\.", entry.meaning), entry.meaning
    assert len(entry.meaning) <= 160
    assert entry.example
    assert entry_for(entry.name.replace("*", "Note").upper()) is entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_its_example_is_read_as_what_it_is(entry):
    told = explain(entry.example, around(entry, entry.example))
    assert told.known
    assert told.meaning == entry.meaning
    if told.says is None:
        return
    assert re.fullmatch(r"[A-Z0-9`*:].*[.…]", told.says, re.DOTALL), told.says
    assert not any(fault in told.says for fault in FAULTS), told.says
    assert "  " not in told.says
    assert told.says.count("`") % 2 == 0, told.says
    assert "None" not in told.says


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="aZ09 ,;=:\"\\'()<>[]{}@?*/.-_%+&#\t", max_size=200),
    st.sampled_from(
        ("9" * 400, "-1", "1e999", "²", "٣", "@" * 40, '"' * 99, ",;=" * 99, "(" * 300, "[" * 300, "\ud800")
    ),
)


@settings(max_examples=30, deadline=None)
@given(value=HOSTILE)
@example("")
@example(" ")
@example("\u00a0")
def test_no_value_makes_any_entry_fail(value):
    for entry in ENTRIES:
        for message in ("request", "response") if entry.on == "both" else (entry.on,):
            told = explain(value, around(entry, value, message))
            assert told.says is None or 0 < len(told.says) <= MOST_SAID + 2, (entry.name, told.says)


def mutations(entry):
    """The entry's example with one thing changed: what a real server gets wrong."""
    return st.tuples(st.integers(0, len(entry.example)), st.integers(0, 4), HOSTILE).map(
        lambda cut: entry.example[: cut[0]] + cut[2] + entry.example[cut[0] + cut[1] :]
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damaged_example_makes_its_entry_fail(data):
    entry = data.draw(st.sampled_from(ENTRIES))
    value = data.draw(mutations(entry))
    explain(value, around(entry, value))


@pytest.mark.parametrize(
    "piece",
    [
        'a="',
        "a,",
        "<a>;",
        "1, ",
        "(a ",
        "{",
        "a;q=0.",
        "a=b;",
        "\\",
        '"a\\',
        "=",
        "a-",
        ".",
        " ",
        "Mozilla/5.0 (",
        "'",
        "a:",
    ],
)
def test_long_values_cost_little(piece):
    value = (piece * LONGEST)[:LONGEST]
    for entry in ENTRIES:
        began = time.process_time()
        explain(value, around(entry, value))
        assert time.process_time() - began < 0.4, entry.name


def test_a_huge_value_is_not_read():
    told = explain("a" * 10_000_000, around(entry_for("etag"), ""))
    assert told.says == "A value of 10,000,000 characters, too long to be read here."


SECRET = "s3cr3tValueThatNobodyMaySee42"


@pytest.mark.parametrize(
    "entry",
    [e for e in ENTRIES if _field_kind(e.name) in ("secret", "cookie", "set-cookie")],
    ids=lambda entry: entry.name,
)
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "sid={}", 'token="{}"', "a={}; b={}", "{0}:{0}"])
def test_secret_fields_are_never_quoted(entry, form):
    value = form.replace("{0}", SECRET).replace("{}", SECRET)
    told = explain(value, around(entry, value))
    # A cookie without a name is all value; a name is never a secret.
    assert SECRET not in (told.says or ""), told.says


@pytest.mark.parametrize(
    "form",
    [
        "https://user:{}@shop.test/path?token={}#access_token={}",
        "</path?token={}>; rel=next",
        "/path?token={}",
        "5; url=https://shop.test/?token={}",
        'x="https://shop.test/?token={}"',
        '{{"group":"a","max_age":1,"endpoints":[{{"url":"https://r.test/?token={}"}}]}}',
    ],
)
def test_what_a_url_may_hide_is_never_quoted(form):
    value = form.format(*[SECRET] * form.count("{}"))
    for entry in ENTRIES:
        told = explain(value, around(entry, value))
        if entry.name.lower() in ("cookie", "set-cookie"):
            continue  # what looks like a name there is one
        assert SECRET not in (told.says or ""), (entry.name, told.says)

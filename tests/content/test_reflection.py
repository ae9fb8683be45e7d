"""Where a value comes back in a page, as browsers parse it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.content.reflection import MOST_PLACES, ends_literal, literal_at, reflections


@pytest.mark.parametrize(
    ("page", "value", "context", "escapes"),
    [
        ("<p>Hi {}</p>", "<b>you</b>", "text", True),
        ("<p>Hi {}</p>", "I <3 you", "text", False),
        ("<p>Hi {}</p>", "it's", "text", False),
        ("<p>Hi {}</p>", "&lt;b&gt;", "text", False),
        ('<input value="{}">', 'x" onfocus=alert(1)', "attribute", True),
        ('<input value="{}">', "x' onfocus=alert(1)", "attribute", False),
        ("<input value='{}'>", "x' onfocus=alert(1)", "attribute", True),
        ('<input value="{}">', "<script>", "attribute", False),
        ("<input value={}>", "x onfocus=alert(1)", "attribute", True),
        ('<a href="{}">x</a>', "javascript:alert(1)", "url", False),
        ('<a href="/?q={}">x</a>', 'a"><b>', "url", True),
        ("<script>var q = '{}';</script>", "';alert(1);'", "script", True),
        ("<script>var q = '{}';</script>", '";alert(1);"', "script", False),
        ('<script>var q = "{}";</script>', "</script><script>", "script", True),
        ("<script>var q = `{}`;</script>", "${alert(1)}", "script", True),
        ('<script>var q = "{}";</script>', "${alert(1)}", "script", False),
        ("<script>// {}\n</script>", "x\nalert(1)", "script", True),
        ("<script>/* {} */</script>", "x */alert(1)/*", "script", True),
        ('<script>var a = "it\'s"; var q = "{}"</script>', "'+alert(1)+'", "script", False),
        ("<p onclick=\"show('{}')\">x</p>", "');alert(1);('", "handler", True),
        ("<!-- {} --><p>x</p>", "--><b>", "comment", True),
        ("<!-- {} --><p>x</p>", "<b>", "comment", False),
        ("<title>{}</title>", "</title><script>", "raw text", True),
        ("<title>{}</title>", "<b>bold</b>", "raw text", False),
        ("<textarea>{}</textarea>", "<script>alert(1)</script>", "raw text", False),
        ("<style>a{{color:{}}}</style>", "red</style><script>", "style", True),
        ("<div {}>x</div>", "onclick=alert(1)", "tag", True),
    ],
)
def test_contexts(page: str, value: str, context: str, escapes: bool):
    (there,) = reflections("<!doctype html>" + page.format(value), value)
    assert (there.context, there.escapes) == (context, escapes)


def test_what_is_encoded_or_absent_is_no_reflection():
    assert reflections("<p>&lt;b&gt;hi&lt;/b&gt;</p>", "<b>hi</b>") == ()
    assert reflections("", "x") == ()


def test_places_are_few():
    assert len(reflections("<p>'x'</p>" * 50, "'x'")) == MOST_PLACES


@pytest.mark.parametrize(
    ("code", "literal"),
    [
        ("var a = ", ""),
        ("var a = '", "'"),
        ("var a = 'it\\'s ", "'"),
        ("var a = 'b'; c = \"", '"'),
        ("a = `\n b ", "`"),
        ("a = 'unfinished\n b = ", ""),
        ("// it's\n b = ", ""),
        ("// it's ", "comment"),
        ('/* " */ b = ', ""),
        ('/* " ', "comment"),
    ],
)
def test_literals_of_scripts(code: str, literal: str):
    assert literal_at(code) == literal


def test_a_backslash_takes_the_quote_with_it():
    assert not ends_literal("\\'", "'")
    assert ends_literal("\\\\'", "'")


PIECES = st.sampled_from(
    ["<", ">", '"', "'", "`", "</script>", "<script>", "<!--", "-->", "a", " ", "=", "\\", "&lt;", "\0", "\ud800", "é"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25), st.lists(PIECES, min_size=1, max_size=6))
def test_nothing_raises(page: list[str], value: list[str]):
    text = "".join(value)
    for there in reflections("".join(page) + text + "".join(page), text):
        assert there.at >= 0

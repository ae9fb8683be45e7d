"""Media types as the standards parse and group them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.media_type import extract_media_type, groups, parse_media_type


def serialized(text: str) -> str | None:
    found = parse_media_type(text)
    if found is None:
        return None
    return ";".join([found.essence, *(f"{name}={value}" for name, value in found.parameters.items())])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text/html", "text/html"),
        (" \t\r\ntext/html \n", "text/html"),
        ("TEXT/HTML;CHARSET=GBK", "text/html;charset=GBK"),
        ("text/html;charset=gbk;charset=windows-1255", "text/html;charset=gbk"),
        ("text/html;charset=();charset=GBK", "text/html;charset=()"),
        ("text/html;charset =gbk", "text/html"),
        ("text/html ;charset=gbk", "text/html;charset=gbk"),
        ("text/html; charset=gbk", "text/html;charset=gbk"),
        ("text/html;charset= gbk", "text/html;charset= gbk"),
        ('text/html;charset= "gbk"', 'text/html;charset= "gbk"'),
        ("text/html;charset=\u000bgbk", "text/html"),
        ("text/html;charset='gbk'", "text/html;charset='gbk'"),
        ("text/html;test;charset=gbk", "text/html;charset=gbk"),
        ("text/html;test=;charset=gbk", "text/html;charset=gbk"),
        ("text/html;;;;charset=gbk", "text/html;charset=gbk"),
        ('text/html;charset="gbk"', "text/html;charset=gbk"),
        ('text/html;charset="gbk', "text/html;charset=gbk"),
        ('text/html;charset=gbk"', 'text/html;charset=gbk"'),
        ('text/html;charset="\\ gbk"', "text/html;charset= gbk"),
        ('text/html;charset="\\g\\b\\k"', "text/html;charset=gbk"),
        ('text/html;charset="gbk"x', "text/html;charset=gbk"),
        ('text/html;charset="";charset=GBK', "text/html;charset="),
        ('text/html;charset=";charset=foo";charset=GBK', "text/html;charset=;charset=foo"),
        ('text/html;charset="a\\', "text/html;charset=a\\"),
        ("text/html;test=\u00ff;charset=gbk", "text/html;test=\u00ff;charset=gbk"),
        ("text/html;test=\u0100;charset=gbk", "text/html;charset=gbk"),
        ("x/x;test", "x/x"),
        ('x/x;test="\\', "x/x;test=\\"),
        ("x/x;x= ", "x/x"),
        ("x/x;x=\t", "x/x"),
        ("x/x\n\r\t ;x=x", "x/x;x=x"),
        ("\n\r\t x/x;x=x\n\r\t ", "x/x;x=x"),
        ("x/x;bad={a}", "x/x;bad={a}"),
        ("x/x;{bad}=a;good=b", "x/x;good=b"),
        ("x/x;\u212a=1;k=2", "x/x;k=2"),
        ("x/x;k\u0130=1", "x/x"),
        ("x/\u212a", None),
        ("x/x;a=b;A=c", "x/x;a=b"),
        ('x/x;a="\\"";b=c', 'x/x;a=";b=c'),
        ('x/x;a="b;c=d', "x/x;a=b;c=d"),
        ("x/x;a=b ;c=d", "x/x;a=b;c=d"),
        ("x/x; =b;c=d", "x/x;c=d"),
        ("x/x;a==b", "x/x;a==b"),
        ("x/x,y/y", None),
        ("x/x\x0b", None),
        ("\x0cx/x", None),
        ("x/x;\x0ca=b", "x/x"),
        ("x/x;a=\x7f;b=c", "x/x;b=c"),
        ("x/x;a=\x80", "x/x;a=\x80"),
        ("!#$%&'*+-.^_`|~0/x", "!#$%&'*+-.^_`|~0/x"),
        ("", None),
        ("\t", None),
        ("/", None),
        ("bogus", None),
        ("bogus/", None),
        ("/bogus", None),
        ("bogus/bogus/bogus", None),
        ("bogus /bogus", None),
        ("bogus/ bogus", None),
        ("b(gus/bogus", None),
        ("text/html(;doesnot=matter", None),
        ("{/}", None),
        ("text/html,text/css", None),
    ],
)
def test_parse_a_mime_type(text: str, expected: str | None):
    assert serialized(text) == expected


@pytest.mark.parametrize(
    ("value", "essence", "charset"),
    [
        ("text/html;charset=utf-8", "text/html", "utf-8"),
        ("text/html;charset=gbk, text/html", "text/html", "gbk"),
        ("text/html;charset=gbk, text/plain", "text/plain", None),
        ("text/html;charset=gbk, text/plain, text/html", "text/html", None),
        ("text/plain;charset=gbk, text/html;charset=utf-8", "text/html", "utf-8"),
        ("text/html, */*", "text/html", None),
        ("text/html, */*;charset=gbk", "text/html", None),
        ("text/plain;charset=gbk;x=foo, text/plain", "text/plain", "gbk"),
        ("text/html, not a type", "text/html", None),
        ('text/html;" , text/plain"', "text/html", None),
        ("text/html;charset=gbk, text/html;charset=utf-8", "text/html", "utf-8"),
        ('text/html;charset=gbk, text/html;x=",text/plain"', "text/html", "gbk"),
        ("text/html;charset=gbk, */*, text/html", "text/html", "gbk"),
        ("text/html;charset=gbk, bogus, text/html", "text/html", "gbk"),
        ("text/html,", "text/html", None),
        (", text/html", "text/html", None),
        ('text/html;x=", text/plain', "text/html", None),
        ("text/html text/plain", None, None),
        ("TEXT/HTML;charset=a, text/html", "text/html", "a"),
        ("", None, None),
        ("*/*", None, None),
    ],
)
def test_extract_a_mime_type(value: str, essence: str | None, charset: str | None):
    found = extract_media_type(value)
    assert (found and found.essence) == essence
    if found is not None:
        assert found.parameters.get("charset") == charset


@pytest.mark.parametrize(
    ("essence", "expected"),
    [
        ("image/svg+xml", {"image", "XML", "scriptable"}),
        ("application/xhtml+xml", {"XML", "scriptable"}),
        ("text/html", {"HTML", "scriptable"}),
        ("application/pdf", {"scriptable"}),
        ("application/ogg", {"audio or video"}),
        ("application/zip", {"ZIP-based", "archive"}),
        ("application/epub+zip", {"ZIP-based"}),
        ("application/x-gzip", {"archive"}),
        ("application/gzip", set()),
        ("font/woff2", {"font"}),
        ("application/vnd.ms-fontobject", {"font"}),
        ("application/font-off", {"font"}),
        ("application/font-otf", set()),
        ("application/font-woff2", set()),
        ("text/javascript", {"JavaScript"}),
        ("text/javascript1.6", set()),
        ("application/vnd.api+json", {"JSON"}),
        ("text/json", {"JSON"}),
        ("application/x-json", set()),
        ("text/plain", set()),
    ],
)
def test_groups(essence: str, expected: set[str]):
    assert groups(essence) == expected


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(['"', "\\", ";", "=", "/", "a", " ", ","]), max_size=30).map("".join)
)
def test_nothing_raises(text: str):
    extract_media_type(text)
    found = parse_media_type(f"a/b;{text}")
    assert found is not None or "/" in text or "," in text or text.strip()

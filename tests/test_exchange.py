import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.exchange import Body, Field, Fields, decode_base64, header_text


def test_fields_keep_order_case_and_duplicates():
    fields = Fields.of([("Set-Cookie", "a=1"), ("X-Test", "1"), ("set-cookie", "b=2")])
    assert [line.name for line in fields] == ["Set-Cookie", "X-Test", "set-cookie"]
    assert fields.all("set-cookie") == ("a=1", "b=2")
    assert fields.named("x-test") == "X-Test"
    assert "x-test" in fields
    assert "X-Test" not in fields  # look-ups are by lower-case name


def test_lines_of_a_field_combine_as_the_standard_says():
    assert Fields.of([("Vary", "Origin"), ("Vary", "Accept")]).get("vary") == "Origin, Accept"
    assert Fields.of([]).get("vary") is None


def test_the_first_line_of_a_field_stands_by_itself():
    fields = Fields.of([("Expires", "0"), ("Age", "1"), ("expires", "-1")])
    assert fields.first == {"expires": "0", "age": "1"}
    assert fields.all("expires") == ("0", "-1")
    assert fields.all("age") == ("1",)
    assert fields.all("date") == ()


def test_lines_of_cookies_combine_as_http_2_has_it():
    fields = Fields.of([("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")])
    assert fields.get("cookie") == "a=1; b=2"
    assert fields.text == "a=1; b=2\ntrailers"


def test_field_sections_are_equal_by_their_lines():
    assert Fields.of([("Age", "1")]) == Fields.of([("Age", "1")])
    assert hash(Fields.of([("Age", "1")])) == hash(Fields.of([("Age", "1")]))
    assert Fields.of([("Age", "1")]) != Fields.of([("age", "1")])


def test_shapes_cannot_be_changed():
    with pytest.raises(AttributeError):
        Fields.of([]).lines = (Field("a", "b"),)  # type: ignore[misc]


def test_body_is_decoded_only_when_read():
    body = Body("full", source=msgspec.Raw(b'"caf\\u00e9"'))
    assert body.text == "café"
    assert body.data == "café".encode()


def test_base64_body():
    body = Body("full", source="aGk", base64=True)
    assert body.data == b"hi"
    assert body.text == "hi"


@pytest.mark.parametrize(
    ("text", "expected"), [("aGk=", b"hi"), ("aGk", b"hi"), (" aG\nk= ", b"hi"), ("", b""), ("!!", None), ("a", None)]
)
def test_base64_as_exporters_write_it(text, expected):
    assert decode_base64(text) == expected


def test_content_that_is_not_recorded_is_none_not_empty():
    assert Body("omitted", size=12).data is None
    assert Body("omitted", size=12).text is None


@given(st.binary())
def test_any_octets_become_text(raw):
    assert isinstance(header_text(raw), str)

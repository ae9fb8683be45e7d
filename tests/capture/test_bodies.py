"""What a HAR tells of content: here, a part, left out, none, or nobody knows."""

import base64

import pytest

from tests.capture.hars import MISSING, entry, har, one, opened


def content(**members):
    return {"response__content": {"mimeType": "text/plain", **members}, "response__bodySize": -1}


def field(name, value):
    return [{"name": name, "value": value}]


def body(tmp_path, **changes):
    return one(tmp_path, **changes).response.body


@pytest.mark.parametrize(
    ("changes", "state", "size"),
    [
        (content(size=5, text="hello"), "full", 5),
        (content(size=-1, text="hello"), "full", None),
        (content(size=0, text="hello"), "full", None),
        (content(size="5", text="hello"), "full", 5),
        (content(size=0, text=""), "empty", 0),
        (content(size=70, text=""), "omitted", 70),
        (content(size=70), "omitted", 70),
        (content(size=0), "empty", 0),
        (content(size=-1), "unknown", None),
        (content(), "unknown", None),
        (content(size=-1, text=None), "unknown", None),
        (content(size=-1) | {"response__bodySize": 0}, "empty", 0),
        (content(size=-1) | {"response__bodySize": 0, "_fromCache": "disk"}, "unknown", None),
        (content(size=-1) | {"response__bodySize": 12}, "omitted", None),
        (content(size=0) | {"response__bodySize": 12}, "omitted", None),
        (content(size=-1) | {"response__headers": field("Content-Length", "0")}, "empty", 0),
        (content(size=0) | {"response__headers": field("Content-Length", "99")}, "omitted", None),
        (content(size=0) | {"response__headers": field("Transfer-Encoding", "chunked")}, "unknown", None),
        (content(size=-1) | {"response__headers": field("Content-Length", "many")}, "unknown", None),
        (content(size=-1) | {"response__status": 204}, "empty", 0),
        (content(size=800) | {"response__status": 304}, "empty", 0),
        (content(size=-1) | {"response__status": 101}, "empty", 0),
        (content(size=800) | {"request__method": "HEAD"}, "empty", 0),
        (content(size=-1) | {"response__status": 404}, "unknown", None),
        (content(size=-1) | {"response__status": 302}, "unknown", None),
        ({"response__content": MISSING, "response__bodySize": -1}, "unknown", None),
        ({"response__content": None, "response__bodySize": -1}, "unknown", None),
        ({"response__content": {}, "response__bodySize": None}, "unknown", None),
    ],
)
def test_states_of_a_response_body(tmp_path, changes, state, size):
    found = body(tmp_path, **changes)
    assert (found.state, found.size) == (state, size)
    assert (found.data is not None) == (state == "full")


def test_what_a_304_brings_from_the_cache_is_kept(tmp_path):
    found = body(tmp_path, response__status=304)
    assert (found.state, found.text) == ("full", "hello")


@pytest.mark.parametrize(
    ("members", "transferred"),
    [
        ({"response__bodySize": 400, "response___transferSize": 500}, 400),
        ({"response__bodySize": -1, "response___transferSize": 500}, 500),
        ({"response__bodySize": -1, "response___transferSize": 500, "response__headersSize": 120}, 380),
        ({"response__bodySize": 0, "_fromCache": "disk"}, 0),
        ({"response__bodySize": None}, None),
        ({"response__bodySize": -1}, None),
    ],
)
def test_octets_on_the_wire(tmp_path, members, transferred):
    assert body(tmp_path, **members).transferred == transferred


def test_mitmproxys_sizes_count_before_decoding(tmp_path):
    found = body(tmp_path, creator={"name": "mitmproxy"}, **content(size=300, compression=700, text="x" * 1000))
    assert found.size == 1000
    found = body(tmp_path, creator={"name": "WebInspector"}, **content(size=1000, compression=700, text="x" * 1000))
    assert found.size == 1000


@pytest.mark.parametrize("encoding", ["base64", "BASE64"])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_base64_with_any_padding(tmp_path, encoding, cut):
    encoded = base64.b64encode(b"\x89PNG").decode()
    found = body(tmp_path, **content(size=4, text=encoded[: len(encoded) - cut], encoding=encoding))
    assert found.data == b"\x89PNG"


def test_base64_that_is_not_marked_is_left_alone(tmp_path):
    assert body(tmp_path, **content(size=8, text="iVBORw0=")).text == "iVBORw0="


def test_what_is_marked_base64_and_is_none_has_no_data(tmp_path):
    found = body(tmp_path, **content(size=4, text="%%%%", encoding="base64"))
    assert (found.state, found.data, found.text) == ("full", None, None)


@pytest.mark.parametrize(("media_type", "expected"), [("x-unknown", None), ("", None), (None, None), ("a/b", "a/b")])
def test_the_recorders_media_type(tmp_path, media_type, expected):
    assert (
        body(tmp_path, **content(size=5, text="hello") | {"response__content__mimeType": media_type}).media_type
        == expected
    )


def request_body(tmp_path, method="POST", **changes):
    return one(
        tmp_path, request__method=method, **{f"request__{name}": value for name, value in changes.items()}
    ).request.body


@pytest.mark.parametrize(
    ("method", "changes", "state"),
    [
        ("GET", {}, "empty"),
        ("GET", {"bodySize": -1}, "empty"),
        ("HEAD", {"bodySize": None}, "empty"),
        ("GET", {"bodySize": -1, "postData": {"mimeType": "", "text": ""}}, "empty"),
        ("GET", {"bodySize": -1, "headers": field("Transfer-Encoding", "chunked")}, "unknown"),
        ("POST", {"bodySize": -1}, "unknown"),
        ("POST", {"bodySize": 0}, "empty"),
        ("POST", {"bodySize": 9}, "omitted"),
        ("POST", {"bodySize": -1, "headers": field("Content-Length", "9")}, "omitted"),
        ("POST", {"bodySize": -1, "headers": field("Content-Length", "0")}, "empty"),
        ("POST", {"bodySize": 3, "postData": {"mimeType": "a/b", "text": None}}, "omitted"),
        ("POST", {"bodySize": -1, "postData": {"mimeType": "a/b", "text": ""}}, "unknown"),
        ("POST", {"bodySize": -1, "postData": {"mimeType": "a/b", "text": "", "params": []}}, "unknown"),
        ("POST", {"bodySize": 3, "postData": {"mimeType": "a/b", "text": "a=b"}}, "full"),
        ("POST", {"bodySize": 3, "postData": "a=b"}, "full"),
        ("POST", {"bodySize": 3, "_content": {"text": "YWJj", "encoding": "base64", "size": 3}}, "full"),
        ("POST", {"bodySize": -1, "_content": {"size": 3}}, "omitted"),
    ],
)
def test_states_of_a_request_body(tmp_path, method, changes, state):
    found = request_body(tmp_path, method, **changes)
    assert found.state == state
    assert (found.data is not None) == (state == "full")


def test_params_alone_become_a_form(tmp_path):
    params = [{"name": "user", "value": "a&b"}, {"name": "empty", "value": None}, {"name": "é", "value": "x y"}]
    found = request_body(tmp_path, postData={"mimeType": "application/x-www-form-urlencoded", "params": params})
    assert found.text == "user=a%26b&empty=&%C3%A9=x+y"


def test_params_of_a_multipart_form_are_not_its_octets(tmp_path):
    params = [{"name": "file", "fileName": "x.png", "value": "?"}]
    assert request_body(tmp_path, postData={"mimeType": "multipart/form-data", "params": params}).state == "omitted"


def test_sent_octets_of_http_toolkit(tmp_path):
    assert request_body(tmp_path, _content={"text": "YWJj", "encoding": "base64", "size": 3}).data == b"abc"


def test_octets_that_are_not_utf8_are_replaced(tmp_path):
    import json

    document = json.dumps(har(entry(**content(size=4, text="caf@")))).encode().replace(b"caf@", b"caf\xe9")
    (exchange,) = opened(tmp_path, document).exchanges()
    assert exchange.response.body.text == "caf\ufffd"

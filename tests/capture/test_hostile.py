"""Whatever a file holds, it is read, or refused with one line; and nothing in it goes uncounted."""

import copy
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.capture import CaptureError, open_capture
from tests.capture.hars import entry, har

SETTINGS = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])

FULL = har(
    entry(
        _initiator={"type": "script", "stack": {"callFrames": [{"url": "https://a.test/x.js", "lineNumber": 1}]}},
        _connectionId="1",
        _resourceType="fetch",
        serverIPAddress="[::1]",
        pageref="page_1",
        request__headers=[{"name": ":authority", "value": "a.test"}, {"name": "Cookie", "value": "a=b"}],
        request__postData={"mimeType": "a/b", "text": "x", "params": [{"name": "a", "value": "b"}]},
    ),
    entry(
        request__method="OPTIONS",
        request__headers=[{"name": "Access-Control-Request-Method", "value": "GET"}],
        _securityDetails={"protocol": "TLS 1.3", "sanList": ["a.test"], "validFrom": 1},
        _webSocketMessages=[{"type": "send", "time": 1.5, "opcode": 2, "data": "AA=="}],
        _webSocketClose={"code": 1000, "reason": ""},
    ),
    entry(response__status=0, response___error={"message": "x"}, response___transferSize=5, _fromCache="disk"),
    creator={"name": "WebInspector", "version": "1"},
    pages=[{"id": "page_1", "title": "x", "startedDateTime": "2024-05-01T12:00:00Z", "pageTimings": {"onLoad": 5}}],
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["\ud800", "\x1b[2J", "\0", "-1", "NaN", "https://[", "data:,", "2024-05-01", "[]", "{}"])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["name", "value", "url", "size", "text"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


def nodes(value, path=()):
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from nodes(value[name], (*path, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from nodes(item, (*path, position))


NODES = [path for path in nodes(FULL) if path]


@st.composite
def mutated(draw):
    document = copy.deepcopy(FULL)
    for path in draw(st.lists(st.sampled_from(NODES), min_size=1, max_size=4)):
        *parents, last = path
        target = document
        try:
            for step in parents:
                target = target[step]
            if draw(st.booleans()):
                target[last] = draw(anything)
            else:
                del target[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
    return document


def check(path, content):
    """Read a file to its end; what comes out is whole, counted, and can be written down."""
    path.write_bytes(content)
    try:
        capture = open_capture(path)
        exchanges = list(capture.exchanges())
        in_file_order = list(capture.exchanges("file"))
    except CaptureError as error:
        line = str(error)
        capture = None
    if capture is None:
        assert line.startswith(str(path))
        assert "\n" not in line
        return None
    info = capture.info()
    assert info.entries == len(exchanges) + len(info.skipped)
    indexes = [exchange.index for exchange in exchanges] + [skipped.index for skipped in info.skipped]
    assert sorted(indexes) == list(range(info.entries))
    assert [exchange.index for exchange in in_file_order] == sorted(exchange.index for exchange in exchanges)
    for exchange in exchanges:
        msgspec.json.encode(
            (exchange.request.url, exchange.request.fields.lines, exchange.timings, exchange.server, exchange.context)
        )
        msgspec.json.encode((exchange.websocket, exchange.failure))
        for message in (exchange.request, exchange.response):
            if message is not None:
                msgspec.json.encode(
                    (
                        message.fields.lines,
                        message.pseudo,
                        message.http_version,
                        message.body.size,
                        message.body.transferred,
                    )
                )
                assert (message.body.data is None) or isinstance(message.body.data, bytes)
                msgspec.json.encode(message.body.text)
                assert message.body.size is None or message.body.size >= 0
        for name in exchange.timings.__struct_fields__:
            phase = getattr(exchange.timings, name)
            assert phase is None or phase >= 0
    msgspec.json.encode(info)
    return info


@given(mutated())
@SETTINGS
def test_any_part_may_be_missing_or_anything(tmp_path, document):
    check(tmp_path / "x.har", json.dumps(document).encode())


@given(mutated(), st.data())
@SETTINGS
def test_any_entry_is_worth_reading_beside_a_broken_one(tmp_path, document, data):
    entries = document.get("log", {}).get("entries") if isinstance(document.get("log"), dict) else None
    if not isinstance(entries, list):
        return
    entries.append(entry())
    info = check(tmp_path / "x.har", json.dumps(document).encode())
    assert info is not None
    assert len(entries) - 1 not in [skipped.index for skipped in info.skipped]


TEXT = json.dumps(FULL).encode()


@given(st.integers(min_value=0, max_value=len(TEXT)))
@SETTINGS
def test_cut_anywhere(tmp_path, end):
    check(tmp_path / "x.har", TEXT[:end])


@given(
    st.lists(
        st.tuples(st.integers(min_value=0, max_value=len(TEXT) - 1), st.integers(min_value=0, max_value=255)),
        min_size=1,
        max_size=6,
    )
)
@SETTINGS
def test_any_octets_flipped(tmp_path, flips):
    content = bytearray(TEXT)
    for position, value in flips:
        content[position] = value
    check(tmp_path / "x.har", bytes(content))


@given(
    st.integers(min_value=0, max_value=len(TEXT)),
    st.binary(max_size=30) | st.sampled_from([b"}", b"{", b'"', b"]", b"[", b",", b"\\", b"}]}"]),
)
@SETTINGS
def test_anything_put_anywhere(tmp_path, position, piece):
    check(tmp_path / "x.har", TEXT[:position] + piece + TEXT[position:])


@given(st.binary(max_size=200))
@SETTINGS
def test_any_octets_at_all(tmp_path, content):
    check(tmp_path / "x.har", content)


@pytest.mark.parametrize(
    "magic",
    [
        b"\x1f\x8b",
        b"\x1f\x8b\x08",
        b"\x78\x9c",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0{",
        b"12:34:x",
        b"a(",
        b"[",
        b'{"log":{"entries":[',
        b'{"entries":',
    ],
)
@given(st.binary(max_size=100))
@SETTINGS
def test_any_octets_behind_a_known_beginning(tmp_path, magic, content):
    check(tmp_path / "x.har", magic + content)

"""Entries that do not fit the types, each kind met in the wild."""

import json

import pytest

from inspector.capture import har_tolerant
from tests.capture.hars import MISSING, entry, har, one, opened, read


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([{"name": "Accept", "value": "*/*"}, {"name": "X-N", "value": "5"}], id="objects"),
        pytest.param([["Accept", "*/*"], ["X-N", 5]], id="pairs"),
        pytest.param({"Accept": "*/*", "X-N": 5}, id="object"),
        pytest.param({"Accept": ["*/*"], "X-N": ["5"]}, id="object of lists"),
        pytest.param([{"Accept": "*/*"}, {"X-N": "5"}], id="single objects"),
        pytest.param(
            [
                {"name": "Accept", "value": {"type": "string", "value": "*/*"}},
                {"name": "X-N", "value": {"type": "string", "value": "5"}},
            ],
            id="nested values",
        ),
        pytest.param(["Accept: */*", "X-N: 5"], id="lines"),
        pytest.param("Accept: */*\r\nX-N: 5\r\n", id="text"),
        pytest.param(
            [{"name": "Accept", "value": "*/*"}, None, 7, {}, {"name": "X-N", "value": 5.0}], id="with rubbish"
        ),
    ],
)
def test_field_sections_of_every_shape(tmp_path, headers):
    fields = one(tmp_path, request__headers=headers, response__headers=headers)
    for found in (fields.request.fields, fields.response.fields):
        assert [(line.name, line.value) for line in found] == [("Accept", "*/*"), ("X-N", "5")]


@pytest.mark.parametrize("headers", [None, 5, "", [], {}, [[]], [None]])
def test_no_field_section(tmp_path, headers):
    assert len(one(tmp_path, request__headers=headers).request.fields) == 0


def test_a_field_without_a_value_is_empty(tmp_path):
    found = one(tmp_path, request__headers=[{"name": "X"}, {"name": "Y", "value": None}]).request.fields
    assert [(line.name, line.value) for line in found] == [("X", ""), ("Y", "")]


@pytest.mark.parametrize("cookies", [{}, {"a": "b"}, None, "a=b", 5, [None]])
def test_cookies_of_any_shape_do_no_harm(tmp_path, cookies):
    assert one(tmp_path, request__cookies=cookies, response__cookies=cookies).response.status == 200


def test_numbers_as_strings(tmp_path):
    exchange = one(
        tmp_path,
        time="30.5",
        response__status="404",
        response__bodySize="5",
        response__content__size="5",
        timings={"wait": "7", "connect": "", "ssl": "-1", "receive": "x"},
        _serverPort="8443",
    )
    assert (exchange.response.status, exchange.response.body.transferred, exchange.timings.total) == (404, 5, 30.5)
    assert (exchange.timings.wait, exchange.timings.connect, exchange.timings.tls, exchange.timings.receive) == (
        7,
        None,
        None,
        None,
    )
    assert exchange.server.port == 8443


@pytest.mark.parametrize(
    "moment", [1714564800, 1714564800.0, 1714564800000, "1714564800", {"value": "2024-05-01T12:00:00Z"}]
)
def test_moments_of_every_kind(tmp_path, moment):
    assert one(tmp_path, startedDateTime=moment).timings.started == 1714564800.0


@pytest.mark.parametrize("moment", [None, "", [], -1, True, {"x": 1}, 10**400])
def test_moments_that_are_none(tmp_path, moment):
    assert one(tmp_path, startedDateTime=moment).timings.started is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_cost_nothing_else(tmp_path, number):
    document = json.dumps(har(entry(time=12345.5), entry())).replace("12345.5", number)
    first, second = read(tmp_path, document.encode())
    assert first.timings.total is None
    assert first.response.body.text == "hello"
    assert second.timings.total == 30


def test_lone_surrogates_are_replaced(tmp_path):
    document = json.dumps(har(entry(comment="@@"), entry(response__content__text="@@"), entry()))
    document = document.replace('"@@"', '"\\ud800 \\ud83d\\ude00 \\udc00"')
    first, second, third = read(tmp_path, document.encode())
    assert first.context.comment == "\ufffd \U0001f600 \ufffd"
    assert second.response.body.text == "\ufffd \U0001f600 \ufffd"
    assert second.response.body.data.decode() == second.response.body.text
    assert third.response.body.text == "hello"


def test_raw_control_characters_in_strings(tmp_path):
    document = json.dumps(har(entry(comment="@@"), entry())).replace("@@", "a\tb\x00\x1b[31m")
    first, second = read(tmp_path, document.encode())
    assert first.context.comment == "a\tb\x00\x1b[31m"
    assert second.context.comment is None


def test_octets_that_are_not_utf8(tmp_path):
    document = json.dumps(har(entry(comment="@@"), entry())).encode().replace(b"@@", b"caf\xe9")
    first, _ = read(tmp_path, document)
    assert first.context.comment == "caf\ufffd"


@pytest.mark.parametrize("member", ["request", "response", "timings", "cache", "startedDateTime", "time"])
@pytest.mark.parametrize("value", [None, "x", 5, [], [1], {}, True])
def test_any_member_of_an_entry_may_be_anything(tmp_path, member, value):
    capture = opened(tmp_path, har(entry(**{member: value}), entry()))
    exchanges = list(capture.exchanges())
    skipped = capture.info().skipped
    assert len(exchanges) + len(skipped) == 2
    assert [exchange.index for exchange in exchanges] == ([1] if member == "request" else [0, 1])


@pytest.mark.parametrize("part", ["request", "response"])
def test_any_member_of_a_message_may_be_missing_or_null(tmp_path, part):
    for name in entry()[part]:
        for value in (MISSING, None, [], {}, 7, "x"):
            exchange = one(tmp_path, **{f"{part}__{name}": value})
            assert exchange.index == 0, (name, value)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "entry is not an object"),
        (5, "entry is not an object"),
        ([], "entry is not an object"),
        ({}, "entry has no request"),
        ({"request": None}, "entry has no request"),
        ({"request": "GET /"}, "entry has no request"),
        ({"request": {}}, "entry's request has neither method nor URL"),
    ],
)
def test_what_cannot_be_explained_is_skipped_with_its_reason(tmp_path, bad, reason):
    capture = opened(tmp_path, har(entry(), bad, entry()))
    assert [exchange.index for exchange in capture.exchanges()] == [0, 2]
    info = capture.info()
    assert info.entries == 3
    assert [(skipped.index, skipped.reason) for skipped in info.skipped] == [(1, reason)]


def test_a_method_that_is_not_recorded_is_not_guessed(tmp_path):
    assert one(tmp_path, request__method=None).request.method == ""


@pytest.mark.parametrize(
    ("document", "entries"),
    [
        pytest.param({"entries": [entry()]}, 1, id="no log"),
        pytest.param([entry(), entry()], 2, id="bare list"),
        pytest.param(entry(), 1, id="single entry"),
        pytest.param({"log": [entry()]}, 1, id="log is a list"),
        pytest.param({"log": {"entries": {"0": entry(), "1": entry()}}}, 2, id="entries are an object"),
        pytest.param({"log": {"entries": None}}, 0, id="entries are null"),
        pytest.param({"log": {"entries": "x"}}, 0, id="entries are text"),
        pytest.param({"log": {}}, 0, id="empty log"),
        pytest.param({"log": {"entries": []}}, 0, id="empty"),
        pytest.param({"log": {"entries": [], "creator": 5, "pages": "x", "browser": []}}, 0, id="rubbish around"),
    ],
)
def test_documents_of_every_shape(tmp_path, document, entries):
    capture = opened(tmp_path, document)
    assert len(list(capture.exchanges())) == entries == capture.entries


def test_a_single_entry_that_is_not_valid_json(tmp_path):
    (exchange,) = read(tmp_path, json.dumps(entry(time=12345.5)).replace("12345.5", "NaN").encode())
    assert exchange.timings.total is None


@pytest.mark.parametrize(
    ("creator", "shown"),
    [
        ({"name": "A", "version": "1"}, "A 1"),
        ({"name": "A"}, "A"),
        ({"name": "A", "version": 2.5}, "A 2.5"),
        ("A", "A"),
        ({}, None),
        (None, "Tester 1"),
        (5, None),
    ],
)
def test_creators_of_every_shape(tmp_path, creator, shown):
    assert opened(tmp_path, har(entry(), creator=creator)).creator == shown


def test_a_field_of_ten_megabytes(tmp_path):
    exchange = one(tmp_path, request__headers=[{"name": "Cookie", "value": "x" * 10_000_000}])
    assert len(exchange.request.fields.get("cookie")) == 10_000_000


def test_an_entry_nested_too_deeply_is_skipped(tmp_path):
    deep = json.dumps(har(entry(), entry(_x="@@"), entry())).replace('"@@"', "[" * 50_000 + "]" * 50_000)
    capture = opened(tmp_path, deep.encode())
    exchanges = list(capture.exchanges())
    info = capture.info()
    assert info.entries == len(exchanges) + len(info.skipped)
    assert 0 in [exchange.index for exchange in exchanges]


def test_numbers_too_large_to_report_are_unknown(tmp_path):
    exchange = one(
        tmp_path,
        response__bodySize=10**30,
        time=10**30,
        _connectionId=10**30,
        _serverPort=10**30,
        response__content__size=-(10**30),
    )
    assert (exchange.response.body.transferred, exchange.timings.total, exchange.server.port) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "x"),
        (5, "5"),
        (5.5, "5.5"),
        (True, "true"),
        (None, None),
        ([], None),
        (float("nan"), None),
        ({"value": 1}, "1"),
        ({"value": {"value": 1}}, None),
    ],
)
def test_text(value, expected):
    assert har_tolerant.text(value) == expected

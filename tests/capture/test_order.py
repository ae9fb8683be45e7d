import pytest

from inspector.capture.order import Place, causal_order
from tests.capture.hars import MISSING, entry, har, opened

URL = "https://api.test/cart"


def preflight(moment, url=URL, method="PUT", **changes):
    return entry(
        startedDateTime=f"2024-05-01T12:00:{moment}Z",
        time=5,
        request__method="OPTIONS",
        request__url=url,
        request__headers=[
            {"name": "Access-Control-Request-Method", "value": method},
            {"name": "Origin", "value": "https://shop.test"},
        ],
        response__status=204,
        **changes,
    )


def request(moment, url=URL, method="PUT", time=20, **changes):
    return entry(
        startedDateTime=f"2024-05-01T12:00:{moment}Z", time=time, request__method=method, request__url=url, **changes
    )


def indexes(tmp_path, *entries, order="causal"):
    return [exchange.index for exchange in opened(tmp_path, har(*entries)).exchanges(order)]


def test_entries_come_by_time(tmp_path):
    entries = [request("03"), request("01"), request("02")]
    assert indexes(tmp_path, *entries) == [1, 2, 0]
    assert indexes(tmp_path, *entries, order="file") == [0, 1, 2]


def test_equal_times_keep_the_files_order(tmp_path):
    assert indexes(tmp_path, *[request("01")] * 4) == [0, 1, 2, 3]


@pytest.mark.parametrize("missing", [MISSING, None, "never", -5])
def test_an_entry_without_a_time_stays_after_its_predecessor(tmp_path, missing):
    lost = entry(startedDateTime=missing)
    assert indexes(tmp_path, lost, request("03"), lost, request("01"), lost) == [0, 3, 4, 1, 2]


def test_offsets_are_reckoned_with(tmp_path):
    entries = [entry(startedDateTime="2024-05-01T12:00:00+00:00"), entry(startedDateTime="2024-05-01T13:30:00+02:00")]
    assert indexes(tmp_path, *entries) == [1, 0]


def test_a_preflight_comes_before_the_request_that_waits_for_it(tmp_path):
    assert indexes(tmp_path, request("01.000"), preflight("01.002")) == [1, 0]
    assert indexes(
        tmp_path, request("01.000", url=URL + "#top"), request("01.001", url="https://shop.test/"), preflight("01.002")
    ) == [2, 0, 1]


def test_a_preflight_is_recognised_by_its_type_too(tmp_path):
    sanitised = preflight("01.002", _resourceType="preflight")
    assert indexes(tmp_path, request("01.000"), sanitised) == [1, 0]


def test_what_is_in_order_stays_so(tmp_path):
    assert indexes(tmp_path, preflight("01.000"), request("01.010")) == [0, 1]


@pytest.mark.parametrize(
    "other",
    [
        request("01.000", method="DELETE"),
        request("01.000", url="https://api.test/other"),
        request("00.000", time=500),
    ],
)
def test_a_preflight_for_something_else_stays(tmp_path, other):
    assert indexes(tmp_path, other, preflight("01.200")) == [0, 1]


def test_an_options_request_that_asks_for_nothing_is_no_preflight(tmp_path):
    plain = entry(startedDateTime="2024-05-01T12:00:01.002Z", request__method="OPTIONS", request__url=URL)
    assert indexes(tmp_path, request("01.000"), plain) == [0, 1]


def test_each_request_has_its_own_preflight(tmp_path):
    assert indexes(
        tmp_path, request("01.000", time=900), request("01.001", time=900), preflight("01.002"), preflight("01.003")
    ) == [2, 0, 3, 1]


def test_a_later_preflight_does_not_go_before_a_request_that_had_one(tmp_path):
    entries = [preflight("01.000"), request("01.010", time=5000), preflight("02.000"), request("02.010")]
    assert indexes(tmp_path, *entries) == [0, 1, 2, 3]


def test_the_request_that_was_done_is_not_the_one(tmp_path):
    entries = [request("01.000", time=100), preflight("05.000"), request("05.010")]
    assert indexes(tmp_path, *entries) == [0, 1, 2]


def test_without_durations_nearness_decides():
    def places(gap):
        return [Place(100.0, None, "PUT", URL), Place(100.0 + gap, None, "OPTIONS", URL, True)]

    assert causal_order(places(1), lambda _: "PUT") == [1, 0]
    assert causal_order(places(600), lambda _: "PUT") == [0, 1]


def test_many_alike_take_no_longer_than_they_must():
    many = [Place(float(i), 10.0, "PUT" if i % 2 else "OPTIONS", URL, not i % 2) for i in range(20_000)]
    assert sorted(causal_order(many, lambda _: "PUT")) == list(range(20_000))


def test_a_preflight_belongs_to_what_a_service_worker_sends_on(tmp_path):
    page, worker = request("01.000", time=20), request("01.002", time=12)
    assert indexes(tmp_path, page, worker, preflight("01.003")) == [0, 2, 1]
    # with a preflight for each, they are two requests that happen to overlap
    assert indexes(tmp_path, page, worker, preflight("01.003"), preflight("01.004")) == [2, 0, 3, 1]

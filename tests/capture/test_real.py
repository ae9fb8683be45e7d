"""Real captures of many exporters, none of them made here."""

import json

import pytest

from inspector.capture import open_capture
from tests.conftest import needs_real_captures, real_captures


@needs_real_captures
@pytest.mark.parametrize("path", real_captures(), ids=lambda path: path.stem[:40])
def test_every_entry_of_every_real_capture_is_read(path):
    capture = open_capture(path)
    exchanges = list(capture.exchanges())
    info = capture.info()
    document = json.loads(path.read_bytes().decode("utf-8-sig"))
    entries = document["log"]["entries"] if "log" in document else [document]
    assert info.entries == len(entries) == len(exchanges)
    assert info.skipped == ()
    for exchange in exchanges:
        recorded = entries[exchange.index]
        if "url" in recorded["request"]:
            assert exchange.request.url == recorded["request"]["url"]
            assert exchange.request.method == recorded["request"]["method"]
            told = recorded["request"]["headers"]
            assert len(exchange.request.fields) + len(exchange.request.pseudo) >= len(told)
        status = recorded["response"]["status"]
        assert (exchange.response.status if exchange.response else None) == (status if status >= 100 else None)
        text = recorded["response"]["content"].get("text")
        if text and exchange.response:
            assert exchange.response.body.state == "full"
            assert exchange.response.body.data is not None
            if not exchange.response.body.base64:
                assert exchange.response.body.text == text
        assert exchange.timings.started is not None


@needs_real_captures
def test_times_never_go_back():
    for path in real_captures():
        exchanges = list(open_capture(path).exchanges())
        if (exchanges[0].context.recorder.creator or "").startswith("WebPagetest"):
            continue  # told in the order requests were sent, and begins with looking up and connecting
        started = [exchange.timings.started for exchange in exchanges]
        assert started == sorted(started), path.name


@needs_real_captures
def test_typed_and_tolerant_reading_agree(monkeypatch):
    from inspector.capture import har_file
    from inspector.capture.har_tolerant import entry_of, load

    def plain(exchange):
        bodies = [message.body for message in (exchange.request, exchange.response) if message is not None]
        return (
            exchange.request.method,
            exchange.request.url,
            exchange.request.fields,
            exchange.request.pseudo,
            exchange.request.http_version,
            exchange.response
            and (
                exchange.response.status,
                exchange.response.reason,
                exchange.response.fields,
                exchange.response.http_version,
            ),
            [(body.state, body.size, body.transferred, body.media_type, body.data) for body in bodies],
            exchange.timings,
            exchange.server,
            exchange.context,
            exchange.failure,
        )

    for path in real_captures():
        typed = [plain(exchange) for exchange in open_capture(path).exchanges()]
        with monkeypatch.context() as patch:
            patch.setattr(har_file.HarCapture, "_decode", lambda self, raw: entry_of(load(raw)))
            tolerant = [plain(exchange) for exchange in open_capture(path).exchanges()]
        assert typed == tolerant, path.name

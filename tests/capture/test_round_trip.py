"""What our own HAR writer writes, our reader reads back."""

import msgspec

from inspector.capture import open_capture
from inspector.capture.har_write import HarWriter, har_entry
from inspector.exchange import (
    TLS,
    Body,
    Certificate,
    Close,
    Connection,
    Context,
    Exchange,
    Failure,
    Field,
    Fields,
    Message,
    Recorder,
    Request,
    Response,
    Timings,
    WebSocket,
)
from tests.capture.hars import har, one, opened

EXCHANGE = Exchange(
    index=0,
    request=Request(
        "POST",
        "https://shop.test/cart?a=b",
        Fields.of([("content-type", "application/json"), ("cookie", "sid=1")]),
        "2",
        (Field(":authority", "shop.test"),),
        Body("full", 2, 2, "application/json", "{}"),
    ),
    context=Context(Recorder("proxy"), resource_type="fetch"),
    response=Response(
        200,
        "OK",
        Fields.of([("Content-Type", "image/png"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        "1.1",
        (),
        Body("truncated", 900, 900, "image/png", b"\x89PNG"),
        Fields.of([("Digest", "x")]),
    ),
    timings=Timings(1714564800.5, None, 2.0, 4.0, 6.0, 1.0, 15.0, 1.0, 29.0),
    client=Connection("c1", tls=TLS("TLSv1.3", alpn="h2"), encrypted=True),
    server=Connection(
        "s1",
        "192.0.2.1",
        8443,
        "tcp",
        True,
        True,
        tls=TLS("TLSv1.2", "AES", chain=(Certificate("CN=shop.test", "CN=CA", ("shop.test",)),)),
    ),
    websocket=WebSocket(
        (Message(True, 1714564801.0, True, "hi", 2), Message(False, 1714564802.0, False, b"\0", 1)),
        Close(1001, "bye", True),
        3,
    ),
    failure=Failure("stream reset by client"),
)


def test_an_exchange_survives(tmp_path):
    path = tmp_path / "x.har"
    with path.open("wb") as file:
        writer = HarWriter(file, "1.0")
        writer.add(EXCHANGE)
        writer.close()
    capture = open_capture(path)
    assert (capture.recorder.vantage, capture.recorder.cookies_recorded) == ("proxy", True)
    (read,) = capture.exchanges()
    assert read.request.fields == EXCHANGE.request.fields
    assert read.request.pseudo == EXCHANGE.request.pseudo
    assert (read.request.http_version, read.response.http_version) == ("2", "1.1")
    assert read.request.body.data == b"{}"
    assert (read.response.body.state, read.response.body.data, read.response.body.size) == (
        "truncated",
        b"\x89PNG",
        900,
    )
    assert read.response.fields == EXCHANGE.response.fields
    assert read.response.trailers == EXCHANGE.response.trailers
    assert read.timings == EXCHANGE.timings
    assert (read.client, read.server) == (EXCHANGE.client, EXCHANGE.server)
    assert read.websocket == EXCHANGE.websocket
    assert read.failure == EXCHANGE.failure
    assert read.context.resource_type == "fetch"


def test_an_unanswered_exchange_survives(tmp_path):
    failed = msgspec.structs.replace(EXCHANGE, response=None, websocket=None)
    (read,) = opened(tmp_path, har(har_entry(failed), creator={"name": "inspector proxy"})).exchanges()
    assert read.response is None
    assert read.failure == failed.failure


def test_a_broken_handshake_costs_itself_alone(tmp_path):
    exchange = one(tmp_path, _tls={"server": {"version": 5}, "client": []})
    assert exchange.server.tls is None
    assert exchange.response.status == 200

"""Connections on which nothing passes: mitmproxy ends them after a while, and is told to have done so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect
from websockets.sync.server import serve

from inspector.capture import open_capture
from inspector.engine import Engine
from tests.proxy.conftest import Stage, client, deaf
from tests.proxy.origin import Handler

SHORT = ("tcp_timeout=1",)
"""mitmproxy's limit for connections on which nothing passes, which is ten minutes by itself."""


def silent(begun: bytes = b"") -> Callable[[Handler], None]:
    """Sends at most the beginning of a response, then nothing, until the connection ends."""

    def answer(handler: Handler) -> None:
        handler.raw(begun)
        handler.rfile.read(1)

    return answer


@pytest.mark.parametrize(
    ("begun", "http2", "said"),
    [
        (b"", False, "had the whole request and did not begin to answer for 1 second"),
        (b"", True, "had the whole request and did not begin to answer for 1 second"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n",
            False,
            "had sent 200 and the beginning of its content; then nothing more came for 1 second",
        ),
    ],
)
def test_a_server_that_falls_silent(stage: Stage, begun: bytes, http2: bool, said: str) -> None:
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test"])) if http2 else None, silent(begun))
    proxy = stage.proxy(settings=SHORT, save=stage.directory / "x.mitm")
    with pytest.raises(httpx.RemoteProtocolError), client(proxy, http2=http2) as http:
        http.get(origin.url("/", "shop.test"))
    told = stage.told()
    proxy.stop()
    again = [Engine().observe(exchange) for exchange in open_capture(str(stage.directory / "x.mitm")).exchanges()]
    assert told in again[0].annotations
    assert told.rule == "proxy/idle", "the client did not give up: the proxy did"
    assert said in told.detail
    assert "`--set tcp_timeout=3600`" in (told.fix or "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_neither_accepts_nor_refuses(stage: Stage, scheme: str) -> None:
    port = stage.stack.enter_context(deaf())
    with pytest.raises(httpx.RemoteProtocolError), client(stage.proxy(settings=SHORT)) as http:
        http.get(f"{scheme}://shop.test:{port}/")
    told = stage.told()
    assert told.rule == "proxy/idle"
    assert f"`shop.test:{port}` neither accepted nor refused a connection for 1 second" in told.detail


def test_a_websocket_without_messages(stage: Stage) -> None:
    waiting = threading.Event()

    def accept(request: Any) -> None:
        waiting.wait(10)

    with serve(accept, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://shop.test:{server.socket.getsockname()[1]}/"
        with connect(url, proxy=stage.proxy(settings=SHORT).url) as talking, pytest.raises(ConnectionClosedError):
            talking.recv(timeout=10)
        waiting.set()
        server.shutdown()
    exchange, report = stage.sink.wait(lambda c: c.pairs)[0]
    told = stage.told()
    assert told.rule == "proxy/idle"
    assert told.detail.startswith("Neither side sent a message for 1 second")
    assert exchange.websocket is not None
    assert exchange.websocket.close is not None
    assert exchange.websocket.close.by_client is None
    assert "by the client" not in " ".join(a.detail for a in report.annotations)

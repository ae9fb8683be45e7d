"""A server and a client of HTTP/3 (RFC 9114) on loopback."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent


class _Server(QuicConnectionProtocol):
    def quic_event_received(self, event: QuicEvent) -> None:
        if not hasattr(self, "http"):
            self.http = H3Connection(self._quic)
        for each in self.http.handle_event(event):
            if isinstance(each, HeadersReceived) and each.stream_ended:
                self.http.send_headers(each.stream_id, [(b":status", b"200"), (b"content-type", b"text/plain")])
                self.http.send_data(each.stream_id, b"said over http/3", end_stream=True)
                self.transmit()


class _Client(QuicConnectionProtocol):
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.http = H3Connection(self._quic)
        self.content = b""
        self.ended = asyncio.get_running_loop().create_future()

    def ask(self, authority: str, path: str) -> None:
        stream = self._quic.get_next_available_stream_id()
        fields = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", authority.encode()),
            (b":path", path.encode()),
        ]
        self.http.send_headers(stream, fields, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        for each in self.http.handle_event(event):
            if isinstance(each, DataReceived):
                self.content += each.data
            if isinstance(each, HeadersReceived | DataReceived) and each.stream_ended and not self.ended.done():
                self.ended.set_result(None)


@contextmanager
def serving(chain: Path, key: Path) -> Iterator[int]:
    """A port on which every request is answered over HTTP/3."""
    ready: list[Any] = []
    started = threading.Event()
    stop = asyncio.Event()

    async def main() -> None:
        configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
        configuration.load_cert_chain(chain, key)
        server = await serve("127.0.0.1", 0, configuration=configuration, create_protocol=_Server)
        ready.extend((server._transport.get_extra_info("sockname")[1], asyncio.get_running_loop()))  # type: ignore[union-attr]
        started.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert started.wait(10)
    yield ready[0]
    ready[1].call_soon_threadsafe(stop.set)
    thread.join(10)


def get(port: int, authority: str, path: str, ca: Path) -> bytes:
    """The content of a response over HTTP/3, the server's certificate checked against `ca`."""

    async def main() -> bytes:
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=H3_ALPN, server_name=authority.partition(":")[0]
        )
        configuration.load_verify_locations(cafile=str(ca))
        configuration.verify_mode = ssl.CERT_REQUIRED
        async with connect("127.0.0.1", port, configuration=configuration, create_protocol=_Client) as made:
            talking = cast("_Client", made)
            talking.ask(authority, path)
            await asyncio.wait_for(talking.ended, 10)
            return talking.content

    return asyncio.run(main())

"""The eavesdropper: a relay on loopback between a client and a server that keeps every octet and changes none."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Literal, Self

from msgspec import Struct

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
"""Seconds that anything on this machine is waited for."""

Sender = Literal["client", "server"]


class Chunk(Struct, frozen=True):
    """What arrived in one piece: from whom, and when (seconds since the connection was made)."""

    sender: Sender
    at: float
    data: bytes


class Relay:
    """Listens on a free port of loopback and passes one connection on to `port`. Use it with ``with``.

    Raises (on entering):
        OSError: no port was to be had.
    """

    port: int

    def __init__(self, port: int) -> None:
        self._target = port
        self._chunks: list[Chunk] = []
        self._adding = threading.Lock()
        self._thread = threading.Thread(target=self._pass, name="relay", daemon=True)
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listening = socket.create_server((LOOPBACK, 0), backlog=1)
        self._listening.settimeout(PATIENCE)
        self._sockets.append(self._listening)
        self.port = self._listening.getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._sockets:
            _shut(each)
        self._thread.join()
        for each in self._sockets:
            each.close()

    def recording(self) -> tuple[Chunk, ...]:
        """All that passed, in order, once both sides have hung up."""
        self._thread.join(PATIENCE)
        with self._adding:
            return tuple(self._chunks)

    def _pass(self) -> None:
        try:
            client, _ = self._listening.accept()
        except OSError:
            return  # nobody came
        self._sockets.append(client)
        try:
            server = socket.create_connection((LOOPBACK, self._target), PATIENCE)
        except OSError:
            _shut(client)
            return
        self._sockets.append(server)
        for each in (client, server):
            each.settimeout(None)
        begun = time.monotonic()
        back = threading.Thread(target=self._pump, args=(server, client, "server", begun), daemon=True)
        back.start()
        self._pump(client, server, "client", begun)
        back.join()

    def _pump(self, source: socket.socket, sink: socket.socket, sender: Sender, begun: float) -> None:
        try:
            while data := source.recv(65_536):
                with self._adding:  # kept before it is passed on, so that an answer never precedes its question
                    self._chunks.append(Chunk(sender, time.monotonic() - begun, data))
                sink.sendall(data)
        except OSError:
            pass  # a side that refuses may cut the connection
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def sent_by(sender: Sender, recording: tuple[Chunk, ...]) -> bytes:
    """All octets of one side."""
    return b"".join(chunk.data for chunk in recording if chunk.sender == sender)


def without_tunnel(recording: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """What passed inside a tunnel: each side's octets after its head of CONNECT (RFC 9110, section 9.3.6)."""
    waiting: dict[Sender, bytes] = {"client": b"", "server": b""}
    passed: set[Sender] = set()
    kept = []
    for chunk in recording:
        if chunk.sender in passed:
            kept.append(chunk)
            continue
        waiting[chunk.sender] += chunk.data
        _, end, rest = waiting[chunk.sender].partition(b"\r\n\r\n")
        if end:
            passed.add(chunk.sender)
            if rest:
                kept.append(Chunk(chunk.sender, chunk.at, rest))
    return tuple(kept)


def _shut(each: socket.socket) -> None:
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass

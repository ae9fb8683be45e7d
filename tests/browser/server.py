"""A loopback server that answers with exactly the bytes a scenario asks for: raw HTTP/1.1 over TCP and TLS.

Every scenario registers replies under ``(method, host, path)``; ``*`` stands for any method. Nothing is added to a
reply but ``Content-Length`` (unless it is given), so each field is the scenario's own.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from inspector.trust.ca import Authority, spki_sha256

LOOPBACK = "127.0.0.1"


class Reply(NamedTuple):
    """What is sent back. `close` drops the connection without a byte instead."""

    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    close: bool = False


class Seen(NamedTuple):
    """A request as it arrived."""

    method: str
    scheme: str
    host: str
    path: str
    fields: tuple[tuple[str, str], ...]
    content: bytes

    def field(self, name: str) -> str | None:
        """The first value of a field (lower-case name)."""
        return next((value for key, value in self.fields if key.lower() == name), None)


Answer = Reply | Callable[[Seen], Reply]
NOT_FOUND = Reply(404, (("Content-Type", "text/plain"),), b"nothing here")
BLANK_PAGE = Reply(
    200,
    (("Content-Type", "text/html; charset=utf-8"),),
    b"<!doctype html><title>page</title><link rel=icon href=data:,>",
)


class Server:
    """Use with ``with``. `http` and `https` are the ports; `seen` are the requests in the order they arrived, `opened`
    counts the connections.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.seen: list[Seen] = []
        self.opened = {"http": 0, "https": 0}
        self._answers: dict[tuple[str, str, str], Answer] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None

    def answer(self, host: str, path: str, answer: Answer, method: str = "*") -> None:
        """Register what a path of a host answers to a method."""
        self._answers[method, host, path] = answer

    def __enter__(self) -> Server:
        self._directory = tempfile.TemporaryDirectory(prefix="inspector-harness-")
        authority = Authority.create_root("inspector test harness")
        issued = authority.issue(self.names)
        chain, key = issued.write(Path(self._directory.name), "server")
        self.spki = (spki_sha256(authority.certificate), spki_sha256(issued.certificate))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(chain, key)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        self._directory.cleanup()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda *_: None)  # clients that leave in the middle are no news
        plain = await asyncio.start_server(lambda r, w: self._talk("http", r, w), LOOPBACK, 0)
        secure = await asyncio.start_server(lambda r, w: self._talk("https", r, w), LOOPBACK, 0, ssl=self._tls)
        self.http = plain.sockets[0].getsockname()[1]
        self.https = secure.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        plain.close()
        secure.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # type: ignore[arg-type]
            task.cancel()

    async def _talk(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened[scheme] += 1
        try:
            while await self._exchange(scheme, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _exchange(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        fields = tuple((n, v.strip()) for n, _, v in (line.partition(":") for line in head[1:] if line))
        given = {name.lower(): value for name, value in fields}
        content = await _content(given, reader)
        host = urlsplit("//" + given.get("host", "")).hostname or ""
        seen = Seen(method, scheme, host, path.partition("?")[0], fields, content)
        self.seen.append(seen)
        answer = self._answers.get((method, host, seen.path)) or self._answers.get(("*", host, seen.path)) or NOT_FOUND
        reply = answer if isinstance(answer, Reply) else answer(seen)
        if reply.close:
            return False
        lines = [f"HTTP/1.1 {reply.status} {'OK' if reply.status == 200 else ''}".rstrip()]
        lines += [f"{name}: {value}" for name, value in reply.fields]
        bodiless = reply.status in (204, 304) or reply.status < 200
        if not bodiless and not any(name.lower() == "content-length" for name, _ in reply.fields):
            lines.append(f"Content-Length: {len(reply.content)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("utf-8"))
        if not bodiless and method != "HEAD":
            writer.write(reply.content)
        await writer.drain()
        return True


async def _content(fields: dict[str, str], reader: asyncio.StreamReader) -> bytes:
    if "chunked" in fields.get("transfer-encoding", ""):
        content = b""
        while size := int((await reader.readline()).partition(b";")[0], 16):
            content += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return content
    return await reader.readexactly(int(fields.get("content-length", 0)))

"""A small origin server whose every octet a test decides."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by path; keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    server: Origin

    def do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.content = self._chunked() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        self.server.seen.append((self.command, self.path, self.headers.items(), self.content))
        path = self.path.partition("?")[0]
        answer = self.server.answers.get(path) or self.server.answers.get(f"/{path.split('/')[1]}/")
        if answer is None:
            self.reply(404, b"nothing here")
        else:
            answer(self)

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = do_DELETE = do

    def _chunked(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def reply(self, status: int, content: bytes = b"", *fields: tuple[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Made"]
        lines += [f"{name}: {value}" for name, value in fields]
        lines += [f"Content-Length: {len(content)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + content)

    def raw(self, octets: bytes) -> None:
        self.wfile.write(octets)
        self.wfile.flush()

    def chunk(self, octets: bytes) -> None:
        self.raw(b"%x\r\n%s\r\n" % (len(octets), octets))

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Origin(ThreadingHTTPServer):
    """Listens on a free loopback port while the ``with`` block lasts."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answers: dict[str, Answer], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.seen: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        self.tls = tls
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that hang up are what some tests are about

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

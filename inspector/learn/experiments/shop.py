"""The two ends: a shop on loopback, plain or over TLS, and a client that says what it met."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from inspector.learn.experiments.relay import LOOPBACK, PATIENCE

HOST = "shop.test"
PASSWORD = "open sesame"
LOGIN = (
    f"POST /login HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 29\r\nConnection: close\r\n\r\nuser=ada&password=open+sesame"
).encode()
"""The request that every experiment sends: a login, with a password in it."""
WELCOME = b"Welcome back, Ada. Three parcels are on their way.\n"
_NO_CERTIFICATE = b"This door opens to those who show a certificate.\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer()

    def _answer(self) -> None:
        status, said, more = "200 OK", WELCOME, "Set-Cookie: sid=8f14e45f; Path=/; HttpOnly\r\n"
        if isinstance(self.connection, ssl.SSLSocket):
            more += "Strict-Transport-Security: max-age=31536000\r\n"
            # As many servers do: the handshake succeeds, and the answer says what was missing in it.
            if self.connection.context.verify_mode != ssl.CERT_NONE and not self.connection.getpeercert():
                status, said, more = "400 No client certificate", _NO_CERTIFICATE, ""
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(said)}\r\n{more}"
        self.wfile.write(f"{head}Connection: close\r\n\r\n".encode() + said)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads a log here."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    block_on_close = True

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.context = context

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: shake hands, answer, say goodbye."""
        request.settimeout(PATIENCE)
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)
            try:
                secure.unwrap()
            except OSError:
                pass  # a client that does not say goodbye

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that refuse are what this is for."""


class Shop:
    """The shop: answers every request with a welcome. Over TLS where a context is given. Use it with ``with``.

    Where the context asks clients for a certificate, those without are answered with a 400.

    Raises (on entering):
        OSError: no port was to be had.
    """

    port: int

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context

    def __enter__(self) -> Self:
        self._server = _Server(self._context)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="shop", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Met(Struct, frozen=True):
    """What a client met: an answer, or why there was none.

    `refused` is what its TLS library said, in its own words; `code` OpenSSL's number for a certificate's fault.
    `chain` is what it was shown (DER, the server's own first).
    """

    answer: bytes = b""
    refused: str | None = None
    code: int | None = None
    version: str | None = None
    cipher: str | None = None
    certificate: bytes | None = None
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """The first line of the answer."""
        return self.answer.partition(b"\r\n")[0].decode("latin-1")


def visit(
    port: int,
    context: ssl.SSLContext | None = None,
    *,
    name: str = HOST,
    request: bytes = LOGIN,
    proxy: int | None = None,
) -> Met:
    """Send one request to a server on loopback, as a plain client or over TLS, and read the answer to its end.

    `name` is whom to ask for; `proxy` the port of an HTTP proxy on loopback to go through (``CONNECT``).
    """
    begun = time.monotonic()
    version = cipher = certificate = None
    try:
        with socket.create_connection((LOOPBACK, proxy or port), PATIENCE) as connection:
            if proxy is not None:
                target = f"{name}:{port}"
                connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
                head = _until(connection, b"\r\n\r\n")
                if b" 200 " not in head.partition(b"\r\n")[0]:
                    return Met(head + _rest(connection), seconds=time.monotonic() - begun)
            if context is None:
                connection.sendall(request)
                return Met(_rest(connection), seconds=time.monotonic() - begun)
            with context.wrap_socket(connection, server_hostname=name) as secure:
                version, cipher = secure.version(), (secure.cipher() or ("",))[0]
                certificate = secure.getpeercert(binary_form=True)
                secure.sendall(request)
                answer = _rest(secure)
        return Met(answer, None, None, version, cipher, certificate, time.monotonic() - begun)
    except ssl.SSLCertVerificationError as error:
        said = error.verify_message.rstrip(".")
        return Met(refused=said, code=error.verify_code, seconds=time.monotonic() - begun)
    except OSError as error:
        said = getattr(error, "reason", None) or error.strerror or str(error)
        return Met(b"", said, None, version, cipher, certificate, time.monotonic() - begun)


def _until(connection: socket.socket, end: bytes) -> bytes:
    head = b""
    while end not in head and (data := connection.recv(1)):
        head += data
    return head


def _rest(connection: socket.socket) -> bytes:
    """Everything until the other side hangs up."""
    answer = b""
    while data := connection.recv(65_536):
        answer += data
    return answer

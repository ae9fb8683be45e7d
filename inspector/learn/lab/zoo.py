"""The zoo served: one TLS server on loopback that shows a different certificate for each name it is asked for (SNI).

    with ZooServer() as zoo:
        zoo.port
        zoo.root_path      # what to trust

Clients that send no name (by address) see the specimen for the address. OpenSSL's own minimum is lowered for the
specimens that are too weak for it: `SECLEVEL=0` serves them, and whoever looks decides.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from inspector.trust.ca import write_new
from inspector.trust.pem import to_pem
from inspector.trust.zoo import SPECIMENS, Specimen, Zoo, build

LOOPBACK = "127.0.0.1"


class ZooServer:
    """All certificates of a zoo on one port of this machine. Use it with ``with``, once.

    Raises (on entering):
        OSError: no port or no temporary directory was to be had.
    """

    port: int
    root_path: Path
    """The zoo's root certificate: trust it, and all but the broken ones are accepted."""

    def __init__(self, zoo: Zoo | None = None, *, port: int = 0) -> None:
        self._asked = port
        self.zoo = zoo or build()
        self._loop = asyncio.new_event_loop()
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def names(self) -> Mapping[str, str]:
        """Every specimen's host name and the address it stands for."""
        return {each.host: LOOPBACK for each in SPECIMENS}

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory(prefix="inspector-zoo-")  # mode 0700
        place = Path(self._directory.name)
        try:
            self.root_path = place / "zoo-root.pem"
            write_new(self.root_path, self.zoo.root.certificate_pem, mode=0o644)
            contexts = {each.host: self._context(each, place) for each in SPECIMENS}
            listening = socket.create_server((LOOPBACK, self._asked), backlog=64)
        except BaseException:
            self._directory.cleanup()
            raise
        self.port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listening, contexts), name="zoo", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        assert self._directory is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._directory.cleanup()

    def _context(self, specimen: Specimen, place: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        chain, key = self.zoo.issued[specimen.name].write(place, specimen.name)
        context.load_cert_chain(chain, key)
        return context

    def _run(self, listening: socket.socket, contexts: Mapping[str, ssl.SSLContext]) -> None:
        first = contexts[LOOPBACK]

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
            if name is None:
                return None
            context = contexts.get(name.lower())
            if context is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = context
            return None

        first.sni_callback = choose
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda *_: None)  # clients that refuse are what this is for
        start = asyncio.start_server(self._answer, sock=listening, ssl=first, ssl_handshake_timeout=5)
        server = self._loop.run_until_complete(start)
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            said = b"This is a page of the zoo. Its certificate is the interesting part.\n"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(said)}\r\nConnection: close"
            writer.write(f"{head}\r\n\r\n".encode() + said)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that looked at the certificate and left
        finally:
            writer.close()


def write_zoo(directory: Path, zoo: Zoo | None = None) -> Path:
    """Write a zoo as files: the root, the revocation list, and for each specimen its chain and key (mode 0600).

    Returns the directory. Raises `OSError`: it cannot be made, or it is not empty (`FileExistsError`).
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    made = zoo or build()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FileExistsError(17, "the directory is not empty", str(directory))
    write_new(directory / "root.pem", made.root.certificate_pem, mode=0o644)
    write_new(directory / "intermediate.crl", made.crl.public_bytes(Encoding.PEM), mode=0o644)
    stranger = made.keepers.stranger.certificate.public_bytes(Encoding.DER)
    write_new(directory / "stranger.pem", to_pem(stranger), mode=0o644)
    for specimen in SPECIMENS:
        made.issued[specimen.name].write(directory, specimen.name)
    return directory

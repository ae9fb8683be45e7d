"""The lab as a thing to start and stop: real servers on loopback, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from hypercorn.asyncio import serve
from hypercorn.config import Config, Sockets
from msgspec import Struct

from inspector.learn.lab.app import application
from inspector.learn.lab.origins import HOSTS, Host, Origins
from inspector.trust.ca import DAY, Authority, Validity, spki_sha256, write_new

LOOPBACK = "127.0.0.1"
_GRACE = 1.0  # seconds that open connections are given before they are cut

_log = logging.getLogger("inspector.learn.lab")
_log.addHandler(logging.NullHandler())


class LabAuthority(Struct, frozen=True):
    """The lab's certificate authority, as a client needs it. Its private key is in memory only."""

    name: str
    certificate_path: Path
    certificate_pem: bytes
    spki_sha256: tuple[str, ...]
    """Hashes of the servers' keys and the authority's own, for Chromium's --ignore-certificate-errors-spki-list."""

    def client_context(self) -> ssl.SSLContext:
        """A TLS context that trusts this authority and nothing else."""
        return ssl.create_default_context(cadata=self.certificate_pem.decode("ascii"))


class Lab:
    """A small flawed site on this machine, with one of everything worth explaining. Use it with ``with``.

    Inside, `origins` says where it is, `ca` what to trust, `host_rules` how its names are found. It listens on
    127.0.0.1 only, on ports the system chooses. A lab can be entered once.

    Raises (on entering):
        OSError: no port or no temporary directory was to be had.
        RuntimeError: this lab was entered before.
    """

    origins: Origins
    ca: LabAuthority

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._started = threading.Event()
        self._failure: BaseException | None = None

    @property
    def host_rules(self) -> Mapping[str, str]:
        """The lab's host names and the address each of them stands for."""
        return MappingProxyType({host.name: LOOPBACK for host in HOSTS})

    @property
    def chromium_arguments(self) -> tuple[str, ...]:
        """What a Chromium without a proxy has to be told to find the lab's names and to accept its certificates."""
        rules = ", ".join(f"MAP {name} {address}" for name, address in self.host_rules.items())
        return (
            f"--host-resolver-rules={rules}",
            f"--ignore-certificate-errors-spki-list={','.join(self.ca.spki_sha256)}",
        )

    def resolve(self, host: str) -> str | None:
        """The address of one of the lab's host names, ``None`` for any other."""
        return self.host_rules.get(host.lower().rstrip("."))

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("a lab can be entered once; make another one")
        self._directory = tempfile.TemporaryDirectory(prefix="inspector-lab-")  # mode 0700
        listening: dict[str, socket.socket] = {}
        try:
            for host in HOSTS:
                listening[host.key] = _listen()
            self.origins = Origins.at({key: sock.getsockname()[1] for key, sock in listening.items()})
            configs = self._configure(Path(self._directory.name), listening)
        except BaseException:
            for sock in listening.values():
                sock.close()
            self._directory.cleanup()
            raise
        # The sockets listen already, so whoever connects from now on is served as soon as the thread gets to it.
        self._thread = threading.Thread(target=self._run, args=(configs,), name="inspector-lab", daemon=True)
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        assert self._directory is not None
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._stopping.set)
            except RuntimeError:
                pass  # the loop ended by itself, because a server failed: said below
        self._thread.join()
        self._directory.cleanup()
        if self._failure is not None and error is None:
            raise self._failure

    def _configure(self, directory: Path, listening: Mapping[str, socket.socket]) -> dict[str, Config]:
        """Make the authority and the certificates, and one server configuration for each host."""
        names = sorted({host.name for host in HOSTS})
        # It can vouch for the lab's names alone, so that trusting it by accident puts no real site at risk.
        authority = Authority.create_root("HTTP inspector lab", validity=Validity.lasting(DAY), permitted=names)
        path = directory / "lab-ca.pem"
        write_new(path, authority.certificate_pem, mode=0o644)
        configs: dict[str, Config] = {}
        hashes = [spki_sha256(authority.certificate)]
        for host in HOSTS:
            config = _Listener(listening[host.key], host)
            if host.protocols:
                issued = authority.issue([host.name], validity=_last_day() if host.ends_soon else None)
                hashes.append(spki_sha256(issued.certificate))
                chain, key = issued.write(directory, host.key)
                config.certfile, config.keyfile = str(chain), str(key)
            configs[host.key] = config
        self.ca = LabAuthority("HTTP inspector lab", path, authority.certificate_pem, tuple(hashes))
        return configs

    def _run(self, configs: Mapping[str, Config]) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                self._loop.set_exception_handler(_note)
                runner.run(self._serve(configs))
        except BaseException as failure:  # handed to the thread that leaves the lab
            self._failure = failure
        finally:
            self._started.set()

    async def _serve(self, configs: Mapping[str, Config]) -> None:
        servers = [
            asyncio.create_task(
                serve(application(key, self.origins, self._stopping), config, shutdown_trigger=self._stopping.wait)  # type: ignore[arg-type]
            )
            for key, config in configs.items()
        ]
        self._started.set()
        stop = asyncio.create_task(self._stopping.wait())
        ended, _ = await asyncio.wait((*servers, stop), return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        _, hanging = await asyncio.wait(servers, timeout=_GRACE)
        for task in hanging:  # clients that would not let go
            task.cancel()
        for task, outcome in zip(servers, await asyncio.gather(*servers, return_exceptions=True), strict=True):
            if isinstance(outcome, OSError) and task not in ended:
                _log.debug("a connection broke while the lab stopped", exc_info=outcome)
            elif isinstance(outcome, Exception):
                raise outcome


class _Listener(Config):
    """A server configuration for a socket that listens already."""

    include_server_header = False
    errorlog = _log
    graceful_timeout = _GRACE / 2
    ssl_handshake_timeout = 2.0
    keep_alive_timeout = 30.0

    def __init__(self, listening: socket.socket, host: Host) -> None:
        self._listening = listening
        self.alpn_protocols = list(host.protocols)

    def create_sockets(self) -> Sockets:
        """The one socket, as the kind of server it is for."""
        own = [self._listening]
        return Sockets(own, [], []) if self.ssl_enabled else Sockets([], own, [])


def _listen() -> socket.socket:
    sock = socket.create_server((LOOPBACK, 0), backlog=128)
    # Inherited by every connection; without it each small answer waits 40 ms for an acknowledgement (Nagle).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


def _last_day() -> Validity:
    """Of a certificate made for 90 days, of which one is left."""
    now = dt.datetime.now(dt.UTC)
    return Validity(now - 89 * DAY, now + DAY)


def _note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Broken connections are everyday business in a lab: noted for whoever listens, never printed."""
    _log.debug("%s", context.get("message"), exc_info=context.get("exception"))

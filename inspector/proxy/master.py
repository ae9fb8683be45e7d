"""Running mitmproxy inside this process: start, say where, stop without a trace."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mitmproxy import addons, ctx, exceptions
from mitmproxy import options as mitm_options
from mitmproxy.master import Master
from mitmproxy.version import VERSION

from inspector.engine import Engine
from inspector.exchange import Recorder
from inspector.proxy.addon import InspectorAddon, Saver
from inspector.proxy.annotate import Annotator
from inspector.proxy.crash import CrashWatch
from inspector.proxy.dispatch import CachedAddonManager
from inspector.proxy.idle import note_idle_ends
from inspector.proxy.inside import Inside
from inspector.proxy.late_alert import hear_late_alerts
from inspector.proxy.modes import check_modes, check_settings, configuration, describe, for_clients
from inspector.proxy.notice import Notice, Sink
from inspector.proxy.options import (
    CA_CERTIFICATE,
    Listening,
    ProxyError,
    ProxyOptions,
    check_save,
    listen_trouble,
    mitmproxy_options,
    prepare_directory,
)
from inspector.proxy.other import Other
from inspector.proxy.progress import Progress
from inspector.proxy.save import FlowSaver, open_saver
from inspector.proxy.stream import Streaming
from inspector.proxy.upstream import LoopbackOnly, resolve_locally
from inspector.proxy.watch import Watcher
from inspector.trust.authority import note_use
from inspector.trust.stores.here import warning_at_start

RECORDER = Recorder(
    "proxy",
    creator=f"inspector (mitmproxy {VERSION})",
    vantage="proxy",
    cookies_recorded=True,
    preflights_recorded=True,
)

_STOPPING = 3.0  # seconds that connections are given to end
_one_at_a_time = threading.Lock()  # mitmproxy keeps its running instance in a module variable


class InspectorMaster(Master):
    """mitmproxy with its default add-ons and ours; without its terminal output and without ``sys.exit``."""

    def __init__(self, opts: mitm_options.Options, *extra: object, plain_dispatch: bool = False) -> None:
        super().__init__(opts)
        hear_late_alerts()
        note_idle_ends()
        if not plain_dispatch:
            CachedAddonManager.adopt(self.addons)
        self.addons.add(*addons.default_addons(), *extra)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Take back what `Master` did to the process, also where it never ran."""
        self._legacy_log_events.uninstall()


class Proxy:
    """One run of the proxy. `run` blocks; `stop` may be called from any thread or a signal handler.

    `inside` is started when clients can connect, and has ended when `run` returns; `status` is then what it exited
    with. `progress` is told of requests under way. Only one proxy runs in a process at a time, because mitmproxy keeps
    its state in a module.
    """

    def __init__(
        self, options: ProxyOptions, sink: Sink, inside: Inside | None = None, progress: Progress | None = None
    ) -> None:
        self.options = options
        self.status = 0
        self._inside = inside
        self._progress = progress
        self.engine = Engine(options.explain)
        self._sink = sink
        self._loop: asyncio.AbstractEventLoop | None = None
        self._master: InspectorMaster | None = None
        self._stopped = False

    def run(self, on_ready: Callable[[Listening], None] = lambda _: None) -> None:
        """Run until `stop`. `on_ready` is called once, when clients can connect.

        Raises:
            ProxyError: it could not start; nothing was left behind.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise ProxyError("a proxy is running in this process already")
        saver: Saver | None = None
        try:
            confdir = prepare_directory(self.options.confdir)
            check_settings(self.options.settings)
            check_modes(self.options.modes)
            self._note_use(confdir)
            settings = mitmproxy_options(self.options, confdir)
            saver = open_saver(check_save(self.options.save)) if self.options.save is not None else None
            self._loop = loop = asyncio.new_event_loop()
            loop.set_exception_handler(_ignore)
            if self.options.resolve:
                resolve_locally(loop, self.options.resolve)
            try:
                loop.run_until_complete(self._main(confdir, settings, saver, on_ready))
            finally:
                if self._inside is not None:
                    self.status = self._inside.end()
                _wind_up(loop)
        finally:
            self._loop = None
            if saver is not None:
                with suppress(OSError):
                    saver.close()
            _one_at_a_time.release()

    def _note_use(self, confdir: Path) -> None:
        """Say so where the authority was trusted for long without being used, and remember that it is used now."""
        warning = warning_at_start(confdir)
        if warning is not None:
            self._sink.notice(Notice("unsafe", warning))
        note_use(confdir)

    def stop(self) -> None:
        """Make `run` return soon. Does no harm when called twice, too early or too late."""
        self._stopped = True
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(self._ask_to_stop)

    def _ask_to_stop(self) -> None:
        if self._master is not None:
            self._master.should_exit.set()

    async def _main(
        self, confdir: Path, settings: dict[str, Any], saver: Saver | None, on_ready: Callable[[Listening], None]
    ) -> None:
        asked = self.options
        opts = mitm_options.Options(confdir=str(confdir), listen_host=asked.listen_host, listen_port=asked.port)

        def ready(listening: Listening) -> None:
            on_ready(listening)
            if self._inside is not None:
                if not listening.for_clients:
                    raise ProxyError("what runs inside needs a mode that it can be pointed at: regular or upstream:URL")
                self._inside.start(listening, self._sink.notice)

        start = _Start(asked, confdir / CA_CERTIFICATE, ready)
        listener = _StartLog()
        crashes = CrashWatch()
        extra: list[object] = [
            Watcher(),
            crashes,
            Streaming(asked.body_limit, asked.message_limit),
            InspectorAddon(
                Annotator(self.engine, RECORDER, marking=isinstance(saver, FlowSaver)),
                self._sink,
                saver,
                asked.hosts,
                progress=self._progress,
            ),
            Other(self._sink.notice),
            start,
        ]
        if asked.only_loopback:
            extra.append(LoopbackOnly(asked.resolve))
        root = logging.getLogger()
        root.addHandler(listener)
        crashes.attach()
        master: InspectorMaster | None = None
        try:
            self._master = master = InspectorMaster(opts, *extra, plain_dispatch=asked.plain_dispatch)
            start.failed = listener.first
            try:
                master.options.update(**settings)  # type: ignore[no-untyped-call]
                master.options.set(*asked.settings)
            except (exceptions.OptionsError, KeyError, TypeError) as error:
                raise ProxyError(_line(error)) from error
            start.release = lambda: root.removeHandler(listener)
            if asked.insecure:
                self._sink.notice(
                    Notice(
                        "unsafe",
                        "Servers' certificates are not checked (--insecure): the client is shown a valid-looking "
                        "certificate whoever answers.",
                    )
                )
            if not self._stopped:
                await master.run()
        finally:
            root.removeHandler(listener)
            crashes.detach()
            if master is not None:
                master.close()
            self._master = None
        if start.refused is not None:
            raise start.refused
        if start.failure is not None:
            raise ProxyError(start.failure)


class _Start:
    """An add-on, the last in the chain: finds out whether the start succeeded, and tells where."""

    name = "inspector-start"

    def __init__(self, asked: ProxyOptions, authority: Path, on_ready: Callable[[Listening], None]) -> None:
        self._asked = asked
        self._authority = authority
        self._on_ready = on_ready
        self.failure: str | None = None
        self.refused: ProxyError | None = None
        self.failed: Callable[[], str | None] = lambda: None
        self.release: Callable[[], None] = lambda: None

    def running(self) -> None:
        """Everything is set up, or something was logged instead."""
        servers = list(ctx.master.addons.get("proxyserver").servers)  # type: ignore[no-untyped-call]
        silent = [server for server in servers if not server.is_running]
        if silent or not servers:
            cause = silent[0].last_exception if silent else None
            self.failure = listen_trouble(cause, self._asked.listen_host, self._asked.port)
        else:
            self.failure = self.failed()
        self.release()
        if self.failure is not None:
            ctx.master.shutdown()  # type: ignore[no-untyped-call]
            return
        first = for_clients(servers) or servers[0]
        host, port = first.listen_addrs[0][:2] if first.listen_addrs else (self._asked.listen_host, 0)
        told = next((text for text in map(configuration, servers) if text), None)
        where = Listening(
            host, port, self._authority, tuple(map(describe, servers)), for_clients(servers) is not None, told
        )
        try:
            self._on_ready(where)
        except ProxyError as error:
            self.refused = error
            ctx.master.shutdown()  # type: ignore[no-untyped-call]

    async def done(self) -> None:
        """Stop listening at once, so that the port is free when the run is over."""
        for server in ctx.master.addons.get("proxyserver").servers:  # type: ignore[no-untyped-call]
            if server.is_running:
                with suppress(OSError):
                    await server.stop()


class _StartLog(logging.Handler):
    """Keeps the first error that mitmproxy logs while it starts: it does not raise them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._first: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error's message."""
        if self._first is None and record.name.startswith("mitmproxy") and not _harmless(record):
            self._first = record.getMessage()

    def first(self) -> str | None:
        """The first error, on one line."""
        return None if self._first is None else _line(self._first)


def _harmless(record: logging.LogRecord) -> bool:
    """Whether it is mitmproxy's list of TLS versions for a warning, which builds of OpenSSL without SSL 3 break."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "is_supported_version":
            return True
        trace = trace.tb_next
    return False


def _line(said: object) -> str:
    return " ".join(str(said).split()).removeprefix("Addon error: ")


def _ignore(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong while connections are cut is nobody's business; what matters was reported where it happened."""
    logging.getLogger(__name__).debug("%s", context.get("message"), exc_info=context.get("exception"))


def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cut what is still open and close the loop."""
    try:
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=_STOPPING))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


class RunningProxy:
    """A proxy in a thread of its own, for as long as the ``with`` block lasts.

        with RunningProxy(ProxyOptions(port=0), sink) as proxy:
            client = httpx.Client(proxy=proxy.url)

    Raises (on entering):
        ProxyError: it could not start.
    """

    def __init__(self, options: ProxyOptions, sink: Sink) -> None:
        self._proxy = Proxy(options, sink)
        self._ready = threading.Event()
        self._listening: Listening | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="inspector-proxy", daemon=True)

    @property
    def engine(self) -> Engine:
        """What explains the exchanges; ask it for the stories once the proxy has stopped."""
        return self._proxy.engine

    @property
    def listening(self) -> Listening:
        """Where it can be reached."""
        assert self._listening is not None, "the proxy is not running"
        return self._listening

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.listening.port

    @property
    def url(self) -> str:
        """For a client's proxy setting."""
        return self.listening.url

    @property
    def ca_certificate(self) -> Path:
        """The certificate its clients have to trust."""
        return self.listening.ca_certificate

    def stop(self) -> None:
        """Stop it before the block ends, and wait until everything that passed is explained and saved."""
        self._proxy.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._proxy.run(self._on_ready)
        except BaseException as failure:  # handed to the thread that entered, or leaves
            self._failure = failure
        finally:
            self._ready.set()

    def _on_ready(self, listening: Listening) -> None:
        self._listening = listening
        self._ready.set()

"""mitmproxy's own interfaces, its console and mitmweb, with our findings in them.

A flow's comment and sign say what was found, and the content view "Inspector" says it in full. Everything else is
theirs: keys, configuration file, colours.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from mitmproxy import ctx
from mitmproxy.tools import cmdline
from mitmproxy.tools.main import run

from inspector.proxy.inside import Inside
from inspector.proxy.modes import check_modes, check_settings, for_clients
from inspector.proxy.notice import Notice
from inspector.proxy.options import (
    CA_CERTIFICATE,
    Listening,
    ProxyError,
    ProxyOptions,
    mitmproxy_options,
    prepare_directory,
)
from inspector.proxy.script import Explainer
from inspector.proxy.stream import Streaming
from inspector.proxy.upstream import LoopbackOnly, resolve_locally
from inspector.proxy.watch import Watcher

Interface = Literal["console", "web"]


def run_ui(interface: Interface, options: ProxyOptions, inside: Inside | None = None) -> None:
    """Run one of mitmproxy's interfaces until the person ends it, with `inside` in it.

    Raises:
        ProxyError: it cannot start as asked; or what runs inside could not be started.
    """
    arguments = interface_arguments(options)
    if interface == "console" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ProxyError("mitmproxy's console needs a terminal; mitmweb does not: --ui web")
    start = _Inside(options, inside)
    extra: list[object] = [
        Watcher(),
        Streaming(options.body_limit, options.message_limit),
        Explainer("inspector-all", options=options.explain, hosts=options.hosts),
        start,
    ]
    if options.only_loopback:
        extra.append(LoopbackOnly(options.resolve))
    try:
        with suppress(SystemExit):  # how mitmproxy ends where it cannot start; it has said why
            run(*_tool(interface, extra), arguments)
    finally:
        if inside is not None:
            inside.end()
    if start.refused is not None:
        raise start.refused


def interface_arguments(options: ProxyOptions) -> list[str]:
    """Our options as arguments of mitmproxy's programs.

    Raises:
        ProxyError: one of them is not possible with an interface.
    """
    if options.save is not None and options.save.suffix.lower() != ".mitm":
        raise ProxyError(f"cannot save to {options.save}: with --ui, its name must end in .mitm")
    check_settings(options.settings)
    check_modes(options.modes)
    confdir = prepare_directory(options.confdir)
    settings = mitmproxy_options(options, confdir)
    settings |= {"confdir": str(confdir), "listen_host": options.listen_host}
    if options.port is not None:
        settings["listen_port"] = options.port
    if options.save is not None:
        settings["save_stream_file"] = str(options.save.expanduser())
    arguments = []
    for name, value in settings.items():
        for each in value if isinstance(value, list) else [value]:
            arguments += ["--set", f"{name}={str(each).lower() if isinstance(each, bool) else each}"]
    for setting in options.settings:
        arguments += ["--set", setting]
    return arguments


def _tool(interface: Interface, extra: list[object]) -> tuple[Any, Callable[..., Any]]:
    """The master class, with our add-ons, and the parser of its arguments."""
    if interface == "web":
        from mitmproxy.tools.web.master import WebMaster

        class Web(WebMaster):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                _add(self, extra)

        return Web, cmdline.mitmweb
    from mitmproxy.tools.console.master import ConsoleMaster

    class InConsole(ConsoleMaster):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            _add(self, extra)

    return InConsole, cmdline.mitmproxy


def _add(master: Any, extra: list[object]) -> None:
    """Add ours, and put them before mitmproxy's own saving, so that flows are saved with what was found."""
    master.addons.add(*extra)
    chain = master.addons.chain
    saving = chain.index(master.addons.get("save"))
    chain[:] = [*chain[:saving], *extra, *(each for each in chain[saving:] if each not in extra)]


class _Inside:
    """An add-on: prepares the loop, and starts what runs inside once clients can connect."""

    name = "inspector-inside"

    def __init__(self, options: ProxyOptions, inside: Inside | None) -> None:
        self._options = options
        self._inside = inside
        self.refused: ProxyError | None = None

    def running(self) -> None:
        """mitmproxy listens."""
        if self._options.resolve:
            resolve_locally(asyncio.get_running_loop(), self._options.resolve)
        if self._inside is None:
            return
        server = for_clients(ctx.master.addons.get("proxyserver").servers)  # type: ignore[no-untyped-call]
        try:
            if server is None:
                raise ProxyError("a browser inside needs a mode that it can be pointed at: regular or upstream:URL")
            host, port = server.listen_addrs[0][:2]
            authority = prepare_directory(self._options.confdir) / CA_CERTIFICATE
            self._inside.start(Listening(host, port, authority), _tell)
        except ProxyError as error:
            self.refused = error
            ctx.master.shutdown()  # type: ignore[no-untyped-call]


def _tell(notice: Notice) -> None:
    logging.getLogger("inspector").warning("%s", notice.text)

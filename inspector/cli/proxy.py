"""``inspector proxy``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspector.cli import Failed
from inspector.cli.options import color_option, rule_option, severity_option, topic_option
from inspector.report import Severity

if TYPE_CHECKING:
    from inspector.proxy.master import Proxy


@click.command("proxy", short_help="Explain live traffic through a local proxy.")
@click.option("--port", "-p", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free one.")
@click.option("--listen-host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep what passes: FILE.har or FILE.mitm."
)
@topic_option()
@rule_option()
@click.option("--host", multiple=True, metavar="GLOB", help="These hosts alone, as in '*.shop.test' (repeatable).")
@severity_option()
@click.option("--quiet", "-q", is_flag=True, help="Errors and warnings only, without the instructions.")
@click.option("--verbose", "-v", count=True, help="Every explanation; twice: verdicts step by step.")
@click.option("--reveal", is_flag=True, help="Show cookies, tokens and passwords instead of placeholders.")
@click.option(
    "--upstream-ca",
    type=click.Path(path_type=Path),
    metavar="PEM",
    help="Accept servers' certificates from the authorities in this file, not from the public ones.",
)
@click.option("--insecure", is_flag=True, help="Accept any certificate of a server. Only for servers of your own.")
@click.option(
    "--confdir",
    type=click.Path(path_type=Path),
    default=Path("~/.mitmproxy"),
    show_default=True,
    help="Where the proxy's certificate authority is kept. The default is shared with mitmproxy.",
)
@click.option(
    "--body-limit",
    type=click.IntRange(0, 1024),
    default=5,
    show_default=True,
    metavar="MIB",
    help="Content up to this size is kept and looked at, in MiB; of more, the beginning.",
)
@click.option("--plain-dispatch", is_flag=True, help="Do without the faster hook dispatch. For looking for faults.")
@color_option()
def proxy_command(
    port: int,
    listen_host: str,
    save: Path | None,
    only: frozenset[str],
    rules: frozenset[str],
    host: tuple[str, ...],
    severity: Severity,
    quiet: bool,
    verbose: int,
    reveal: bool,
    upstream_ca: Path | None,
    insecure: bool,
    confdir: Path,
    body_limit: int,
    plain_dispatch: bool,
    color: str,
) -> int:
    """Explain live traffic: every exchange that passes is annotated as it happens.

    Start it, set it as the proxy of a browser or a command, and read along. For HTTPS, the browser has to trust the
    proxy's certificate: http://mitm.it explains how, once the proxy is set. Ctrl-C ends it with a summary.

    Exit status: 0 when it was ended, 2 when it could not start.
    """
    from inspector.engine import Options
    from inspector.proxy.options import ProxyError, ProxyOptions, check_save

    options = ProxyOptions(
        port=port,
        listen_host=listen_host,
        confdir=confdir,
        upstream_ca=upstream_ca,
        insecure=insecure,
        hosts=host,
        save=save,
        body_limit=body_limit * 1024 * 1024,
        plain_dispatch=plain_dispatch,
        explain=Options(only=only, rules=rules, severity=severity, reveal=reveal, fields=verbose > 1),
    )
    try:
        if save is not None:
            check_save(save)  # before the second that loading mitmproxy takes
        from inspector.proxy.live import LiveView, Shown
        from inspector.proxy.master import Proxy
        from inspector.render.console import make_console
        from inspector.render.terminal import Terminal

        terminal = Terminal(make_console(color, sys.stdout), verbose=verbose)
        focused = bool(only or rules) or severity is not Severity.INFO
        view = LiveView(terminal, Shown(quiet, focused), lambda: proxy.stop())
        proxy = Proxy(options, view)
        with _ended_by_signals(proxy):
            proxy.run(lambda listening: view.header(listening, options))
            view.footer(proxy.engine.finish(), options)
    except ProxyError as error:
        raise Failed(str(error)) from None
    return 0


@contextmanager
def _ended_by_signals(proxy: Proxy) -> Iterator[None]:
    """Ctrl-C and a polite kill end the proxy; pressing again changes nothing, so that the summary is not lost."""

    def stop(*_: object) -> None:
        proxy.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        sys.stdout.flush()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else handler)

"""``inspector proxy``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import click

from inspector.cli import Failed
from inspector.cli.options import color_option, rule_option, severity_option, topic_option
from inspector.cli.settings import Settled, settings_options
from inspector.report import Severity

if TYPE_CHECKING:
    from inspector.proxy.inside import Inside
    from inspector.proxy.master import Proxy
    from inspector.proxy.options import ProxyOptions

_PORT = 8080
_BROWSERS = ("any", "chromium", "chrome", "firefox", "edge")
_SHELLS = ("auto", "sh", "fish", "powershell")


class _NotFound(Failed):
    """What a shell exits with where there is no such command."""

    exit_code = 127


class _NotExecutable(Failed):
    """What a shell exits with where a file cannot be run."""

    exit_code = 126


@click.command("proxy", short_help="Explain live traffic through a local proxy.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.option(
    "--browser",
    type=click.Choice(_BROWSERS),
    is_flag=False,
    flag_value="any",
    metavar="[NAME]",
    help="Open a browser with a throw-away profile that uses and trusts the proxy: chromium, chrome, firefox, edge or "
    "any (default). What follows `--` goes to the browser: a URL, its options.",
)
@click.option(
    "--print-env",
    type=click.Choice(_SHELLS),
    is_flag=False,
    flag_value="auto",
    metavar="[SHELL]",
    help="Print the variables that make programs use and trust the proxy, for sh, fish or powershell, and end.",
)
@click.option(
    "--port",
    "-p",
    type=click.IntRange(0, 65535),
    help=f"0: any free one. Default: {_PORT}; any free one for a browser or a command.",
)
@click.option("--listen-host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep what passes: FILE.har or FILE.mitm."
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what inspector says to a file. Default: standard output; standard error beside a command.",
)
@topic_option()
@rule_option()
@click.option("--host", multiple=True, metavar="GLOB", help="These hosts alone, as in '*.shop.test' (repeatable).")
@severity_option()
@settings_options
@click.option("--quiet", "-q", is_flag=True, help="Errors and warnings only, without the instructions.")
@click.option("--verbose", "-v", count=True, help="Every explanation; twice: verdicts step by step.")
@click.option("--reveal", is_flag=True, help="Show cookies, tokens and passwords instead of placeholders.")
@click.option(
    "--upstream-ca",
    type=click.Path(path_type=Path),
    metavar="PEM",
    help="Accept servers' certificates from the authorities in this file, not from the public ones and the system's.",
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
@click.option(
    "--resolve",
    multiple=True,
    metavar="HOST:ADDRESS",
    help="Look for a host at this address, whatever its name resolves to (repeatable).",
)
@click.option(
    "--ui",
    type=click.Choice(["console", "web"]),
    help="Run mitmproxy's own console, or mitmweb, with the findings in it.",
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    metavar="MODE",
    help="What to listen as, in mitmproxy's own terms: regular (default), reverse:URL, upstream:URL, socks5, "
    "transparent, local, wireguard, dns; with @PORT behind it (repeatable).",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set an option of mitmproxy (repeatable).")
@click.option(
    "--ignore-hosts", multiple=True, metavar="REGEX", help="Let these pass without looking in: host:port (repeatable)."
)
@click.option("--allow-hosts", multiple=True, metavar="REGEX", help="Look into these alone: host:port (repeatable).")
@click.option("--plain-dispatch", is_flag=True, help="Do without the faster hook dispatch. For looking for faults.")
@color_option()
def proxy_command(
    command: tuple[str, ...],
    browser: str | None,
    print_env: str | None,
    port: int | None,
    listen_host: str,
    save: Path | None,
    log: Path | None,
    only: frozenset[str],
    rules: frozenset[str],
    host: tuple[str, ...],
    severity: Severity,
    settled: Settled,
    quiet: bool,
    verbose: int,
    reveal: bool,
    upstream_ca: Path | None,
    insecure: bool,
    confdir: Path,
    body_limit: int,
    resolve: tuple[str, ...],
    ui: Literal["console", "web"] | None,
    modes: tuple[str, ...],
    settings: tuple[str, ...],
    ignore_hosts: tuple[str, ...],
    allow_hosts: tuple[str, ...],
    plain_dispatch: bool,
    color: str,
) -> int:
    """Explain live traffic: every exchange that passes is annotated as it happens.

    \b
    inspector proxy --browser                  a browser inside, ready to use
    inspector proxy -- curl https://shop.test  one command inside
    inspector proxy                            just the proxy: set it where you like

    With --browser and with a command, proxy and certificate are settled for that program alone, and nothing is changed
    on this machine. By itself, the proxy has to be set in the browser or tool, and for HTTPS its certificate be trusted
    there: http://mitm.it explains how, once the proxy is set. Ctrl-C ends it with a summary.

    Exit status: the command's own where one was given; else 0 when it was ended, 2 when it could not start.
    """
    from inspector.engine import Options
    from inspector.proxy.child import NoSuchCommand, NotExecutable
    from inspector.proxy.options import ProxyError, ProxyOptions, check_resolve, check_save

    if port is None:
        port = 0 if command or browser else None if modes else _PORT
    try:
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
            resolve=check_resolve(resolve),
            modes=modes,
            settings=settings,
            ignore_hosts=ignore_hosts,
            allow_hosts=allow_hosts,
            explain=Options(
                only, rules, settled.ignore, settled.own, settled.levels, severity, reveal, fields=verbose > 1
            ),
        )
        if print_env is not None:
            _print_environment(options, print_env)
            return 0
        if save is not None:
            check_save(save)  # before the second that loading mitmproxy takes
        if ui is not None:
            return _run_interface(options, command, browser, ui)
        with ExitStack() as stack:
            stream: TextIO = sys.stderr if command and not browser else sys.stdout
            if log is not None:
                stream = stack.enter_context(log.expanduser().open("w", encoding="utf-8", buffering=1))
            return _run(options, command, browser, stream, color, quiet, verbose)
    except NoSuchCommand as error:
        raise _NotFound(str(error)) from None
    except NotExecutable as error:
        raise _NotExecutable(str(error)) from None
    except ProxyError as error:
        raise Failed(str(error)) from None


def _run(
    options: ProxyOptions,
    command: tuple[str, ...],
    browser: str | None,
    stream: TextIO,
    color: str,
    quiet: bool,
    verbose: int,
) -> int:
    from inspector.proxy.browser import find
    from inspector.proxy.inside import BrowserInside, CommandInside

    found = find(browser) if browser is not None else None  # before the second that loading mitmproxy takes

    from inspector.proxy.live import LiveView, Shown
    from inspector.proxy.master import Proxy
    from inspector.proxy.progress import LiveProgress
    from inspector.render.console import is_terminal, make_console
    from inspector.render.terminal import Terminal

    inside: Inside | None = None
    if found is not None:
        inside = BrowserInside(found, command, lambda: proxy.stop())
    elif command:
        inside = CommandInside(command, lambda: proxy.stop())
    console = make_console(color, stream)
    terminal = Terminal(console, verbose=verbose)
    explain = options.explain
    focused = bool(explain.only or explain.rules) or explain.severity is not Severity.INFO
    shown = Shown(quiet, focused, _subject(found.kind.name if found else None, command))
    view = LiveView(terminal, shown, lambda: proxy.stop(), hide=lambda url: proxy.engine.masker.url(url))
    with ExitStack() as stack:
        progress = None
        if inside is None or found is not None:  # a command writes to the terminal itself
            progress = LiveProgress(console) if console.is_terminal and is_terminal(stream) and not quiet else None
        proxy = Proxy(options, view, inside, progress)
        with _signals(proxy, inside):
            if progress is not None:
                stack.enter_context(progress)
            proxy.run(lambda listening: view.header(listening, options))
            stack.close()
            view.footer(proxy.engine.finish(), options)
    return proxy.status


def _run_interface(
    options: ProxyOptions, command: tuple[str, ...], browser: str | None, ui: Literal["console", "web"]
) -> int:
    """One of mitmproxy's own interfaces, with a browser inside if one was asked for."""
    from inspector.proxy.browser import find
    from inspector.proxy.inside import BrowserInside
    from inspector.proxy.options import ProxyError

    if command and browser is None:
        raise ProxyError("a command and mitmproxy's interface would share one terminal: leave out --ui")
    found = find(browser) if browser is not None else None

    from inspector.proxy.ui import run_ui

    run_ui(ui, options, BrowserInside(found, command, lambda: None) if found is not None else None)
    return 0


def _subject(browser: str | None, command: tuple[str, ...]) -> str | None:
    """What the proxy is for, in a few words; ``None`` where it is for whoever comes."""
    return browser.capitalize() if browser is not None else command[0] if command else None


def _print_environment(options: ProxyOptions, shell: str) -> None:
    """Print the variables of a shell for a proxy on the port asked for, running now or later."""
    from inspector.proxy.environment import for_shell, prepare, shell_of
    from inspector.proxy.options import ProxyError, ensure_authority, listening_at, reason

    if options.port == 0:
        raise ProxyError("variables need a port that is known beforehand: name it with --port")
    authority = ensure_authority(options.confdir)
    directory = authority.parent / "inspector-env"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        listening = listening_at(options, authority)
        environment = prepare(listening.url, authority, directory, os.environ)
    except OSError as error:
        raise ProxyError(f"cannot write to {directory}: {reason(error)}") from error
    kind = shell_of(os.environ.get("SHELL")) if shell == "auto" else shell
    click.echo(for_shell(environment.variables, kind), nl=False)  # type: ignore[arg-type]


@contextmanager
def _signals(proxy: Proxy, inside: Inside | None) -> Iterator[None]:
    """Ctrl-C and a polite kill end the proxy, unless a command runs in it that they are passed on to.

    Pressing again changes nothing, so that the summary is not lost.
    """
    from inspector.proxy.child import forwarded_signals

    def handle(number: int, *_: object) -> None:
        if inside is None or not inside.signal(number):
            proxy.stop()

    caught = forwarded_signals() if inside is not None else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in caught}
    try:
        yield
    finally:
        sys.stdout.flush()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else handler)

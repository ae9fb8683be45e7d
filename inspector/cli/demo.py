"""``inspector demo``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inspector.cli import FAILED, Failed
from inspector.cli.options import color_option, severity_option, topic_option
from inspector.report import Severity


@click.command("demo", short_help="See all of it on a small flawed site on this machine.")
@topic_option()
@severity_option()
@click.option("--all", "everything", is_flag=True, help="Every exchange, not the ten most telling findings alone.")
@click.option("--verbose", "-v", count=True, help="Every explanation in full.")
@click.option(
    "--save", type=click.Path(path_type=Path), metavar="FILE", help="Keep the traffic: FILE.har or FILE.mitm."
)
@color_option()
def demo_command(
    only: frozenset[str], severity: Severity, everything: bool, verbose: int, save: Path | None, color: str
) -> int:
    """See all of it: a small flawed shop, the proxy in front of it, and a visitor walking through.

    Runs on this machine alone, needs no internet, takes a few seconds, and leaves nothing behind.

    Exit status: 0 when the visitor saw everything, 2 when something kept it from that.
    """
    from inspector.engine import Options
    from inspector.learn.demo import run
    from inspector.proxy.options import ProxyError, check_save
    from inspector.render.console import make_console
    from inspector.render.terminal import Terminal

    terminal = Terminal(make_console(color, sys.stdout), verbose=verbose, focused=bool(only))
    try:
        if save is not None:
            check_save(save)
        failures = run(
            terminal, Options(only=only, severity=severity), save, everything=everything or bool(only) or verbose > 0
        )
    except ProxyError as error:
        raise Failed(str(error)) from None
    if save is not None:
        click.echo(f"Saved to {save}. Read it again with: inspector explain {save}")
    for failure in failures:
        click.echo(f"inspector: {failure}", err=True)
    return FAILED if failures else 0

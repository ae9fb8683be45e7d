"""``inspector explain``."""

from __future__ import annotations

import gc
import io
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inspector.cli import FAILED, Failed
from inspector.cli.options import color_option, rule_option, severity_option, topic_option
from inspector.cli.settings import Settled, is_conformance, settings_options
from inspector.engine import Options
from inspector.explain import Explanation, Selection, collect, parse_entry, parse_status
from inspector.render.escape import clipped, visible
from inspector.report import Report, Severity

if TYPE_CHECKING:
    from inspector.baseline import Baseline


def _statuses(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    try:
        return tuple(parse_status(part.strip()) for value in values for part in value.split(","))
    except ValueError as error:
        raise Failed(str(error)) from None


def _entries(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int | None, int], ...]:
    try:
        return tuple(parse_entry(part.strip()) for value in values for part in value.split(","))
    except ValueError as error:
        raise Failed(str(error)) from None


@click.command("explain", no_args_is_help=True, short_help="Explain recordings: HAR files and mitmproxy flows.")
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@topic_option()
@rule_option()
@click.option("--host", multiple=True, metavar="GLOB", help="Exchanges with these hosts alone, as in '*.shop.test'.")
@click.option(
    "--status", multiple=True, metavar="CODE", callback=_statuses, help="404, 4xx, 400-499, or none for no response."
)
@click.option(
    "--entry", "-e", multiple=True, metavar="N", callback=_entries, help="Everything about entry N (1:N in capture 1)."
)
@severity_option()
@settings_options
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Findings accepted before are not shown and not counted.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what is found to a file of accepted findings.",
)
@click.option("--stories", is_flag=True, help="What several exchanges mean together, and nothing else.")
@click.option(
    "--story", "chosen", multiple=True, type=click.IntRange(1), metavar="N", help="Story N in full, with its diagram."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["terminal", "json", "mermaid"]),
    default="terminal",
    help="For a person, a program, or stories as Mermaid sequence diagrams.",
)
@click.option("--verbose", "-v", count=True, help="Every explanation, verdicts step by step, fields explained.")
@click.option("--fields", is_flag=True, help="Explain every field, its value included.")
@click.option("--conformance", is_flag=True, help="Ask httplint too (an optional extra), message by message.")
@click.option("--reveal", is_flag=True, help="Show cookies, tokens and passwords instead of placeholders.")
@color_option()
@click.option("--no-pager", is_flag=True, help="Never use a pager.")
def explain_command(
    captures: tuple[str, ...],
    only: frozenset[str],
    rules: frozenset[str],
    host: tuple[str, ...],
    status: tuple[tuple[int, int], ...],
    entry: tuple[tuple[int | None, int], ...],
    severity: Severity,
    settled: Settled,
    baseline: Path | None,
    write_baseline: Path | None,
    stories: bool,
    chosen: tuple[int, ...],
    form: str,
    verbose: int,
    fields: bool,
    conformance: bool,
    reveal: bool,
    color: str,
    no_pager: bool,
) -> int:
    """Explain recordings: what happened, why, and what to do about it.

    CAPTURE is a HAR file (plain, gzip or zip) or a mitmproxy flow file; - is standard input.

    Exit status: 0 when every capture was read, 2 when one could not be.
    """
    # What is kept here are trees without cycles: looking through them again and again finds nothing.
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 20)
    progress = _Progress()
    _check_conformance(conformance, only, rules)
    if form == "json" and (stories or chosen):
        raise Failed("--format json carries every story; --stories and --story choose for the other formats")
    explained = bool(verbose or fields)
    options = Options(
        only,
        rules,
        settled.ignore,
        settled.own,
        settled.levels,
        severity,
        reveal,
        fields=explained or bool(entry),
        explain_fields=explained,
        conformance=conformance,
    )
    selection = Selection(tuple(pattern.lower() for pattern in host), status, entry)
    accepted = _accepted(baseline or settled.baseline, write_baseline)
    explanation = Explanation(captures, options, selection, progress if progress.wanted else None, accepted)
    try:
        if write_baseline is not None:
            report = collect(explanation)
            progress.clear()
            _write_baseline(write_baseline, report, accepted)
        elif form == "json":
            from inspector.render.json import write

            write(explanation, sys.stdout.buffer)
        else:
            report = collect(explanation)
            progress.clear()
            if report.captures and (chosen or stories or form == "mermaid"):
                _print_stories(report, chosen, form, color, not no_pager)
            elif report.captures:
                _print(report, captures, verbose, fields, color, not no_pager, bool(entry), focused=bool(only or rules))
    finally:
        progress.clear()
    for failure in explanation.failures:
        click.echo(f"inspector: {visible(failure)}", err=True)
    return FAILED if explanation.failures else 0


def _check_conformance(asked: bool, only: frozenset[str], rules: frozenset[str]) -> None:
    """Raise `Failed` where httplint is asked for and not installed, or its notes are chosen without being asked for."""
    if not asked:
        if any(is_conformance(name) for name in only | rules):
            raise Failed("the topic conformance is httplint's: add --conformance")
        return
    from inspector.conformance import INSTALL, available

    if not available():
        raise Failed(f"--conformance needs httplint; to install it: {INSTALL}")


def _accepted(baseline: Path | None, writing: Path | None) -> Baseline | None:
    """The findings accepted before. A file that is about to be written need not be there yet."""
    if baseline is None:
        baseline = writing
    if baseline is None or (baseline == writing and not baseline.exists()):
        return None
    from inspector.baseline import BaselineError, read

    try:
        return read(baseline)
    except BaselineError as error:
        raise Failed(str(error)) from None


def _write_baseline(path: Path, report: Report, before: Baseline | None) -> None:
    from inspector.baseline import BaselineError, findings, write

    try:
        count = write(path, findings(report.exchanges, report.stories), before)
    except BaselineError as error:
        raise Failed(str(error)) from None
    click.echo(f"{count} accepted finding{'' if count == 1 else 's'} in {visible(str(path))}; use it with --baseline.")


def _print(
    report: Report,
    paths: tuple[str, ...],
    verbose: int,
    fields: bool,
    color: str,
    paged: bool,
    entries: bool,
    focused: bool,
) -> None:
    from inspector.render.console import is_terminal, make_console, page
    from inspector.render.terminal import Terminal

    if entries and not report.exchanges:
        raise Failed(f"there is no such entry; {_numbers(report)}")
    into = io.StringIO() if paged and is_terminal(sys.stdout) else None
    command = shlex.join(("inspector", "explain", *(visible(path) for path in paths)))
    terminal = Terminal(
        make_console(color, sys.stdout, into), verbose=verbose, fields=fields, focused=focused, command=command
    )
    if entries:
        terminal.entries(report)
    else:
        terminal.report(report)
    if into is not None:
        page(into.getvalue(), sys.stdout)


def _print_stories(report: Report, chosen: tuple[int, ...], form: str, color: str, paged: bool) -> None:
    from inspector.render.console import is_terminal, make_console, page
    from inspector.render.diagram import mermaid
    from inspector.render.terminal import Terminal

    count = len(report.stories)
    for number in chosen:
        if number > count:
            there_are = f"stories are numbered from 1 to {count}" if count else "there are none here"
            raise Failed(f"there is no story {number}; {there_are}")
    if form == "mermaid":
        numbers = sorted(set(chosen)) or range(1, count + 1)
        drawn = [mermaid(report.stories[number - 1], number, len(report.captures)) for number in numbers]
        click.echo("\n".join(drawn), nl=False)
        return
    into = io.StringIO() if paged and is_terminal(sys.stdout) else None
    Terminal(make_console(color, sys.stdout, into)).stories_alone(report, chosen)
    if into is not None:
        page(into.getvalue(), sys.stdout)


def _numbers(report: Report) -> str:
    counts = [capture.entries for capture in report.captures]
    if len(counts) == 1:
        return f"entries are numbered from 0 to {counts[0] - 1}" if counts[0] else "the capture has no entries"
    return "write CAPTURE:ENTRY, both counted from 0"


class _Progress:
    """A line on standard error for work that takes longer than a second, on a terminal alone; gone when done."""

    def __init__(self) -> None:
        self.wanted = sys.stderr.isatty()
        self._next = time.monotonic() + 1
        self._shown = False

    def __call__(self, path: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 0.2
            self._shown = True
            of = f" of {total:,}" if total else ""
            sys.stderr.write(f"\r\x1b[K{clipped(path, 60)}: {done:,}{of} exchanges")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

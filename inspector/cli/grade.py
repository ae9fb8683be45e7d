"""``inspector grade``."""

from __future__ import annotations

import sys

import click

from inspector.cli import FAILED
from inspector.cli.options import color_option


@click.command("grade", no_args_is_help=True, short_help="Grade the sites of recordings as Mozilla's Observatory does.")
@click.argument("captures", nargs=-1, required=True, metavar="CAPTURE...")
@click.option("--host", multiple=True, metavar="GLOB", help="Sites with these hosts alone, as in '*.shop.test'.")
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@click.option("--verbose", "-v", count=True, help="Every step that raises the grade, and the values judged.")
@click.option("--reveal", is_flag=True, help="Show cookies, tokens and passwords instead of placeholders.")
@color_option()
def grade_command(
    captures: tuple[str, ...], host: tuple[str, ...], form: str, verbose: int, reveal: bool, color: str
) -> int:
    """Grade the sites of recordings as Mozilla's HTTP Observatory does, and say what would raise the grade most.

    CAPTURE is a HAR file (plain, gzip or zip) or a mitmproxy flow file; - is standard input. Every site that a person
    went to gets a grade; what its pages load from elsewhere does not. What a recording does not show is not guessed:
    the grade is then a range.

    Exit status: 0 when every capture was read, 2 when one could not be.
    """
    from inspector.grade.captures import grade_captures
    from inspector.render.escape import visible

    report, failures = grade_captures(captures, tuple(pattern.lower() for pattern in host), reveal=reveal)
    if form == "json":
        import msgspec

        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.buffer.flush()
    elif report.captures:
        from inspector.render.console import make_console
        from inspector.render.grades import draw

        draw(make_console(color, sys.stdout), report, verbose=bool(verbose))
    for failure in failures:
        click.echo(f"inspector: {visible(failure)}", err=True)
    return FAILED if failures else 0

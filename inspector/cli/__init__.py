"""The command line. Commands are imported when they are used, so that each starts as fast as it can."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

_COMMANDS = {
    "explain": ("inspector.cli.explain", "explain_command", "Explain recordings: HAR files and mitmproxy flows."),
    "grade": ("inspector.cli.grade", "grade_command", "Grade recorded sites as Mozilla's Observatory does."),
    "proxy": ("inspector.cli.proxy", "proxy_command", "Explain live traffic through a local proxy."),
    "trust": ("inspector.cli.trust", "trust_group", "Certificates explained, and the proxy's authority looked after."),
    "demo": ("inspector.cli.demo", "demo_command", "See all of it on a small flawed site on this machine."),
    "learn": ("inspector.cli.learn", "learn_command", "Lessons on real sockets of this machine, one step at a time."),
    "rules": ("inspector.cli.rules", "rules_command", "List what can be found, by topic."),
    "rule": ("inspector.cli.rules", "rule_command", "Show one rule: its reasons and two example exchanges."),
    "fields": ("inspector.cli.fields", "fields_command", "List the fields that can be explained."),
    "field": ("inspector.cli.fields", "field_command", "Show what a field is for, and what a value of it says."),
    "addons": ("inspector.cli.addons", "addons_command", "Show where the add-ons for your own mitmproxy are."),
    "schema": ("inspector.cli.schema", "schema_command", "Print the JSON Schema of the report."),
}
"""Name → module, attribute, and the line that the help shows. In the order of the help."""

DEBUG = "INSPECTOR_DEBUG"
FAILED = 2
"""Exit status: the tool could not do its work."""


class Failed(click.ClickException):
    """The command cannot do what it was asked; the message is one line."""

    exit_code = FAILED


Commands = dict[str, tuple[str, str, str]]


class Lazily(click.Group):
    """A group that lists its commands without importing them: a table of module, attribute and line of help."""

    table: Commands = {}  # noqa: RUF012

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; ``None`` where there is none of that name."""
        if cmd_name not in self.table:
            return None
        module, attribute, _ = self.table[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant. Raises `Failed` with what comes close to an unknown one."""
        name = args[0]
        if name not in self.table:
            raise Failed(f"there is no command '{name}'; {self.hint(name)}")
        return super().resolve_command(ctx, args)

    def hint(self, name: str) -> str:
        """What somebody may have meant by a name that is no command."""
        from difflib import get_close_matches  # needed for a typing error alone

        close = get_close_matches(name, self.table, 2, 0.5)
        return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(self.table)}"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, _, told) in self.table.items()])


class LazyGroup(Lazily):
    """The program itself: it ends every failure with one line."""

    table = _COMMANDS

    def hint(self, name: str) -> str:
        """A recording in a command's place is one to explain."""
        if name.lower().endswith((".har", ".mitm")) or Path(name).is_file():
            return f"to explain a recording: inspector explain {name}"
        return super().hint(name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; when nobody reads its output any more, it has done its work."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_output()
            return 0
        return result

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit: 0 for success, 2 where the tool could not do its work."""
        try:
            result = super().main(*args, **{"prog_name": "inspector", **extra, "standalone_mode": False})
            code = result if isinstance(result, int) else 0
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            code = FAILED
        except click.ClickException as error:
            _say(error.format_message())
            code = error.exit_code
        except (KeyboardInterrupt, click.Abort):
            code = 130
        except OSError as error:
            if os.environ.get(DEBUG):
                raise
            name = f"{error.filename}: " if error.filename else ""
            _say(f"{name}{error.strerror or error}")
            code = FAILED
        except Exception as error:
            if os.environ.get(DEBUG):
                raise
            _say(f"internal error ({type(error).__name__}{_place(error)}); {DEBUG}=1 shows where it comes from")
            code = FAILED
        sys.exit(code)


def _say(message: str) -> None:
    """One line on standard error; what it quotes (a path, a value) may be hostile."""
    from inspector.render.escape import visible

    click.echo(f"inspector: {visible(message)}", err=True)


def _forget_output() -> None:
    """Nobody reads our output any more: leave quietly, also when the interpreter flushes at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _place(error: BaseException) -> str:
    """Where in this package an error came from. Its message is not shown: it may quote traffic, unmasked."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("inspector."):
            place = f" in {module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


@click.group(
    "inspector",
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(package_name="http-inspector", prog_name="inspector", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Why was this blocked, cached, redirected or refused?

    inspector explains HTTP traffic, live or recorded, with the evidence, the fix, and how sure it is.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())

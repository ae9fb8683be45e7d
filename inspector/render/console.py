"""Where text goes: whether it may be styled, how wide it may be, which characters it may use, and the pager."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import IO, Any, Literal, TextIO

from rich.console import Console

ColorChoice = Literal["auto", "always", "never"]

NARROWEST = 24
"""Columns below which nothing more is gained by breaking lines."""

_PLAIN_CHARACTERS = str.maketrans(
    {
        "✗": "x", "▲": "!", "●": "o", "·": "-", "✓": "+", "→": "->", "…": "...", "—": "-", "–": "-", "─": "-",
        "│": "|", "╭": ",", "╰": "`", "×": "x", "‘": "'", "’": "'", "“": '"', "”": '"', "≥": ">=", "≤": "<=",
        "►": ">", "◄": "<", "↺": "o",
    }
)  # fmt: skip


class AsciiWriter:
    """A text stream that writes ASCII alone: our own signs as look-alikes, everything else as an escape."""

    encoding = "ascii"

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`; returns how many characters of it were taken, which is all."""
        if not text.isascii():
            shown = text.translate(_PLAIN_CHARACTERS)
            self._stream.write(shown.encode("ascii", "backslashreplace").decode("ascii"))
        else:
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream beneath."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream beneath is a terminal."""
        return self._stream.isatty()


class _Console(Console):
    """A console that lets its caller deal with a closed pipe."""

    def on_broken_pipe(self) -> None:
        """Raise `BrokenPipeError` instead of leaving the program."""
        raise BrokenPipeError


def wants_style(choice: str, stream: IO[Any], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to style what goes to `stream`: the option first, then what the environment asks for.

    `NO_COLOR` (https://no-color.org) beats `CLICOLOR_FORCE` and `FORCE_COLOR`; without any of them a terminal that
    is not ``dumb`` is styled.
    """
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in ("", "0") for name in ("CLICOLOR_FORCE", "FORCE_COLOR")):
        return True
    return environ.get("TERM") != "dumb" and environ.get("CLICOLOR") != "0" and is_terminal(stream)


def is_terminal(stream: IO[Any]) -> bool:
    """Whether `stream` is a terminal; a closed one is not."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def speaks_unicode(stream: IO[Any]) -> bool:
    """Whether the stream's encoding has the characters we draw with."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().replace("_", "-").startswith("utf")


def make_console(
    color: str = "auto", stream: TextIO | None = None, into: IO[str] | None = None, width: int | None = None
) -> Console:
    """A console as `stream` (standard output by default) deserves it.

    `into` receives the text instead of `stream`, for a pager. Only the sixteen colours are used that follow the
    terminal's own palette. Markup, emoji names and highlighting are off: all text is taken literally.
    """
    stream = stream or sys.stdout
    styled = wants_style(color, stream)
    target: Any = into or stream
    if not speaks_unicode(stream):
        target = AsciiWriter(target)
    return _Console(
        file=target,
        width=max(width or shutil.get_terminal_size((80, 24)).columns, NARROWEST),
        force_terminal=styled,
        color_system="standard" if styled else None,
        no_color=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )


def page(text: str, stream: TextIO) -> None:
    """Print finished text: through a pager where it is taller than the terminal, else plainly."""
    if is_terminal(stream) and text.count("\n") >= shutil.get_terminal_size().lines and os.environ.get("PAGER") != "":
        import click

        os.environ.setdefault("LESS", "-FRX")
        click.echo_via_pager(text)
    else:
        stream.write(text)
        stream.flush()

"""Takes a person through a lesson, one step at a time, or runs all of it without anybody there."""

from __future__ import annotations

import os
import sys
from typing import Literal

from msgspec import Struct
from rich.text import Text

from inspector.learn.bench import Bench
from inspector.learn.lesson import Choice, Lesson, Question
from inspector.learn.page import QUIT, Leave, Page, Reader
from inspector.render.escape import clipped, visible

TRIES = 2
"""Answers that may be wrong before the right one is told."""

_ON = frozenset({"", "n", "next", "on", "go"})
_BACK = frozenset({"b", "back"})
_AGAIN = frozenset({"r", "again", "repeat"})
_HELP = frozenset({"?", "h", "help"})

_BETWEEN = (
    ("Enter", "on to the next step"),
    ("b", "back to the step before"),
    ("r", "this step again, its experiments too"),
    ("3", "to step 3, or any other"),
    ("q", "leave; so do Ctrl-C and Ctrl-D"),
)
_ASKED = (
    ("a, b …", "an answer by its letter, or by a word of it that no other answer has"),
    ("Enter", "no answer: the right one is told"),
    ("back, q", "to the step before; leave"),
)

Move = Literal["on", "back", "again", "quit"] | int
_STRIDES = {"on": 1, "back": -1, "again": 0}


class Result(Struct, frozen=True):
    """How a run ended: the step it was left at (from 1; ``None`` at its end), and what failed, a line each."""

    left_at: int | None
    failed: tuple[str, ...]


class Typist:
    """Reads from standard input. Where that is no terminal, what was read is shown, so that the output reads whole."""

    def read(self, prompt: str) -> str:
        """One line; octets that are no text become replacement characters. Raises `EOFError`.

        Not by `input`: a Ctrl-C between its prompt and its reading waits for a line.
        """
        print(prompt, end="", flush=True)
        line = sys.stdin.buffer.readline().decode("utf-8", "replace") if sys.stdin is not None else ""
        if not line:
            raise EOFError
        if not sys.stdin.isatty():
            print(visible(line.strip()).encode("ascii", "backslashreplace").decode("ascii"))
        return line.strip()


class Teacher:
    """One run of a lesson. Without a `reader` it runs to the end by itself and answers the questions."""

    def __init__(self, lesson: Lesson, page: Page, reader: Reader | None) -> None:
        self._lesson = lesson
        self._page = page
        self._reader = reader
        self._failed: list[str] = []

    def run(self, start: int = 1) -> Result:
        """Play the steps from number `start` on. Raises `KeyboardInterrupt`, with everything taken away, for Ctrl-C."""
        at, last, ended = start, len(self._lesson.steps), False
        interrupted: KeyboardInterrupt | None = None
        with Bench() as bench:
            while at <= last:
                try:
                    move = self._play(at, bench)
                except EOFError:
                    ended = True
                    break
                except KeyboardInterrupt as error:
                    interrupted = error
                    break
                if move == "quit":
                    break
                at = max(move if isinstance(move, int) else at + _STRIDES[move], 1)
        if at > last:
            return Result(None, tuple(self._failed))
        self._leave(at, ended)
        if interrupted is not None:
            raise interrupted
        return Result(at, tuple(self._failed))

    def _play(self, at: int, bench: Bench) -> Move:
        step, page = self._lesson.steps[at - 1], self._page
        if self._reader is not None:
            page.canvas.line("")  # after the prompt
        page.canvas.heading(f"{at} of {len(self._lesson.steps)} · {step.title}")
        page.canvas.flush()
        question = None
        try:
            question = step.play(page, bench)
        except (EOFError, KeyboardInterrupt):
            raise
        except Leave:
            return "quit"
        except Exception as error:  # what does not work on this machine must not end the lesson
            if os.environ.get("INSPECTOR_DEBUG"):
                raise
            told = clipped(str(error) or type(error).__name__, 300)
            self._failed.append(f"step {at} ({step.title}): {told}")
            page.gap()
            page.say(f"This experiment did not work on this machine: {told}. The lesson goes on without it.")
        if question is not None:
            move = self._put(question)
            if move != "on":
                return move
        return self._between(at)

    # -- questions -----------------------------------------------------------------------------------------------------

    def _put(self, question: Question) -> Move:
        page = self._page
        page.canvas.prose(question.text, "", "", "bold")
        for letter, offered in question.lettered:
            page.canvas.prose(offered.text, f"  {letter}  ", "     ")
        page.canvas.flush()
        if self._reader is None:
            self._tell(question)
            return "on"
        tries = 0
        while True:
            typed = self._reader.read("Your answer > ").casefold()
            choice = question.hear(typed)
            if choice is not None:
                tries += 1
                if choice.right:
                    self._judge("✓ Right. ", "bold green", choice)
                    return "on"
                self._judge("✗ No. ", "bold yellow", choice)
                if tries == TRIES:
                    self._tell(question)
                    return "on"
            elif typed in QUIT:
                return "quit"
            elif typed in _BACK:
                return "back"
            elif typed in _AGAIN:
                return "again"
            elif typed in _ON:
                self._tell(question)
                return "on"
            elif typed in _HELP:
                page.rows(_ASKED)
            else:
                letters = [letter for letter, _ in question.lettered]
                page.say(
                    f"That is none of the answers: type {', '.join(letters[:-1])} or {letters[-1]}, or a word of one. "
                    "Enter tells the right one."
                )

    def _judge(self, verdict: str, style: str, choice: Choice) -> None:
        self._page.canvas.prose(choice.because, "  ", "  ", lead=Text(verdict, style))
        self._page.gap()

    def _tell(self, question: Question) -> None:
        letter, choice = question.answer
        self._page.canvas.prose(
            f"{choice.text}. {choice.because}" if choice.text[-1] not in ".?" else f"{choice.text} {choice.because}",
            "  ",
            "  ",
            lead=Text(f"The answer is {letter}: ", "bold green"),
        )
        self._page.gap()

    # -- between steps -------------------------------------------------------------------------------------------------

    def _between(self, at: int) -> Move:
        if self._reader is None:
            return "on"
        last = len(self._lesson.steps)
        onward = "Enter: on" if at < last else "Enter: the end"
        while True:
            typed = self._reader.read(f"{onward}   b: back   q: quit   ?: help > ").casefold()
            if typed in _ON:
                return "on"
            if typed in _BACK:
                return "back"
            if typed in _AGAIN:
                return "again"
            if typed in QUIT:
                return "quit"
            if typed in _HELP:
                self._page.rows(_BETWEEN)
            elif typed.isdecimal() and 1 <= int(typed[:6]) <= last:
                return int(typed[:6])
            else:
                self._page.say(f"Nothing is called that here: Enter goes on, a number from 1 to {last} jumps, ? helps.")

    def _leave(self, at: int, ended: bool) -> None:
        page, last = self._page, len(self._lesson.steps)
        page.canvas.line("")
        page.say(
            f"{'The input ended' if ended else 'Left'} at step {at} of {last}; what the lesson started is ended and "
            f"removed. To go on from here: `inspector learn {self._lesson.name} --step {at}`"
            + (" (or `--auto`, which asks nothing)." if ended else ".")
        )

"""What a step of a lesson writes on: running text, octets, rows, and a line that the learner may type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from rich.text import Text

from inspector.render.escape import clipped, visible
from inspector.render.layout import PROSE_WIDTH, Canvas
from inspector.words import octets

_LONGEST_TYPED = 200


QUIT = frozenset({"q", "quit", "exit"})
"""What leaves a lesson, wherever it is typed."""


class Leave(Exception):
    """Somebody typed that they want to leave."""


class Reader(Protocol):
    """Where what a person types comes from."""

    def read(self, prompt: str) -> str:
        """Show `prompt` (ASCII) and return one line without its end. Raises `EOFError` when there are no more."""


class Page:
    """Writes to one terminal. What is shown is made safe here; it may come from anywhere.

    Without a `reader` nobody types, and whatever would be asked takes its default.
    """

    def __init__(self, canvas: Canvas, reader: Reader | None = None) -> None:
        self.canvas = canvas
        self._reader = reader

    @property
    def width(self) -> int:
        """Columns of running text."""
        return min(self.canvas.width, PROSE_WIDTH)

    def say(self, *paragraphs: str) -> None:
        """Running text; `code` in backticks. An empty line follows."""
        for paragraph in paragraphs:
            self.canvas.prose(paragraph)
        self.canvas.blank()
        self.canvas.flush()

    def aside(self, text: str) -> None:
        """A remark, set back: what is told and not shown, for example."""
        self.canvas.prose(text, "  ", style="dim")
        self.canvas.blank()
        self.canvas.flush()

    def rows(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Labels and what belongs to them, in two columns. An empty line follows."""
        rows = [(visible(label), text) for label, text in pairs]
        width = max((len(label) for label, _ in rows), default=0) + 2
        for label, text in rows:
            self.canvas.prose(text, f"  {label:<{width}}", " " * (width + 2))
        self.canvas.blank()
        self.canvas.flush()

    def lines(self, text: str, most: int = 12) -> None:
        """Text as it passed on the wire or was printed by a program: line by line, each in one line of the page."""
        shown = text.splitlines()
        for line in shown[:most]:
            self.canvas.line("  ", ("│ ", "dim"), (_cut(visible(line), self.width - 4), "cyan"))
        if len(shown) > most:
            self.canvas.line("  ", ("│ ", "dim"), (f"… {len(shown) - most} more lines", "dim"))
        self.canvas.blank()
        self.canvas.flush()

    def octets(self, label: str, data: bytes, said: str = "", most: int = 12) -> None:
        """Octets in hexadecimal, the first `most` of them, how many there are, and what they are."""
        more = " …" if len(data) > most else ""
        shown = Text.assemble((data[:most].hex(" ") + more, "cyan"))
        shown.append(f"  {octets(len(data))}" + (f", {clipped(said, 200)}" if said else ""), "dim")
        head = f"  {visible(label)}  "
        self.canvas.add(shown, head, " " * len(head), PROSE_WIDTH)
        self.canvas.flush()

    def points(self, *sentences: str) -> None:
        """Sentences one under the other, each with a mark before it. An empty line follows."""
        for sentence in sentences:
            self.canvas.prose(sentence, "  · ", "    ")
        self.canvas.blank()
        self.canvas.flush()

    def gap(self) -> None:
        """An empty line."""
        self.canvas.blank()
        self.canvas.flush()

    def typed(self, prompt: str, default: str) -> str:
        """A line of the learner's own, for an experiment. Enter, or nobody there, gives `default`.

        Raises:
            EOFError: the input has ended.
            Leave: it was a word that leaves the lesson.
        """
        if self._reader is None:
            self.canvas.line(f"{prompt} ", (default, "italic"))
            self.canvas.blank()
            self.canvas.flush()
            return default
        answer = self._reader.read(f"{prompt} (Enter: {default}) > ").strip()
        if answer.casefold() in QUIT:
            raise Leave
        self.canvas.line("")
        self.canvas.flush()
        return answer[:_LONGEST_TYPED] or default


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"

"""Lines of styled text: words wrapped to a width, `code` in backticks, sizes and times as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from inspector.patterns import compile_late
from inspector.render.escape import LONGEST, clipped, visible

PROSE_WIDTH = 100
"""Columns of running text at most: longer lines are hard to read, however wide the terminal."""

_CODE = compile_late(r"`([^`]+)`")


class Canvas:
    """Collects lines for one console and knows its width and whether styles show."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = console.width
        self.styled = console.color_system is not None
        self._lines: list[Text] = []
        self._open = False  # whether the last line, printed or not, has text

    def line(self, *parts: str | Text | tuple[str, str]) -> None:
        """Add one line as it is. Plain strings are ours; text from traffic must be made visible by the caller."""
        self._append(Text.assemble(*parts))

    def blank(self) -> None:
        """Add an empty line, unless the last one is empty or there is none yet."""
        if self._open:
            self._append(Text())

    def add(
        self, text: Text, indent: str | Text = "", hanging: str | Text | None = None, width: int | None = None
    ) -> None:
        """Wrap `text` and add its lines, the first after `indent`, the others after `hanging`."""
        rest = indent if hanging is None else hanging
        room = max(min(width or self.width, self.width) - max(_columns(indent), _columns(rest)), 12)
        for number, piece in enumerate(text.wrap(self.console, room, tab_size=1)):
            self._append(Text.assemble(indent if number == 0 else rest, piece))

    def _append(self, line: Text) -> None:
        line.rstrip()
        self._lines.append(line)
        self._open = bool(line.plain)

    def prose(
        self, text: str, indent: str = "", hanging: str | None = None, style: str = "", lead: Text | None = None
    ) -> None:
        """Add a paragraph of running text from a report, made safe, after an optional `lead`."""
        said = self.words(text, style)
        self.add(Text.assemble(lead, said) if lead is not None else said, indent, hanging, min(self.width, PROSE_WIDTH))

    def words(self, text: str, style: str = "", limit: int = LONGEST) -> Text:
        """Text of a report made safe. `Code` is styled where styles show and keeps its backticks where not."""
        shown = clipped(text, limit)
        if not self.styled or "`" not in shown:
            return Text(shown, style)
        said = Text(style=style)
        end = 0
        for match in _CODE.finditer(shown):
            said.append(shown[end : match.start()])
            said.append(match[1], "cyan")
            end = match.end()
        said.append(shown[end:])
        return said

    def heading(self, title: str) -> None:
        """A section's heading with a rule after it."""
        self.blank()
        rule = "─" * (min(self.width, PROSE_WIDTH) - cell_len(title) - 4)
        self.line(("── ", "dim"), (title, "bold"), (f" {rule}" if rule else "", "dim"))
        self.blank()

    def flush(self) -> None:
        """Print what has been collected."""
        lines, self._lines = self._lines, []
        if lines:
            self.console.print(*lines, sep="\n", soft_wrap=True)


def _columns(text: str | Text) -> int:
    return cell_len(text) if isinstance(text, str) else text.cell_len


def columns(left: Text, right: Text, width: int) -> Text:
    """`left`, and `right` flush with the right edge where both fit on one line; else `right` after `left`."""
    gap = width - left.cell_len - right.cell_len
    return Text.assemble(left, " " * max(gap, 2), right)


def fit(text: str, width: int) -> str:
    """Text from traffic in exactly one line of at most `width` columns, cut in its middle."""
    shown = visible(text[: width * 4]) if len(text) <= width * 4 else clipped(text, width * 2)
    if cell_len(shown) <= width:
        return shown
    tail = max(width // 3, 1)
    head = set_cell_size(shown, max(width - tail - 1, 1)).rstrip()
    return f"{head}…{_tail(shown, tail)}"


def fit_left(text: str, width: int) -> str:
    """The end of an already safe text, at most `width` columns."""
    return text if cell_len(text) <= width else f"…{_tail(text, width - 1)}"[: max(width, 0)]


def fit_right(text: str, width: int) -> str:
    """The beginning of an already safe text, at most `width` columns."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(width - 1, 0)).rstrip()}…"[: max(width, 0)]


def _tail(text: str, width: int) -> str:
    tail = text[-width:] if width > 0 else ""
    while tail and cell_len(tail) > width:
        tail = tail[1:]
    return tail


def joined(parts: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def plural(count: int, noun: str) -> str:
    """``1 exchange``, ``1,204 exchanges``."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def size(octets: int | None) -> str:
    """Octets as people read them: ``0 B``, ``812 B``, ``12.4 kB``, ``3.1 MB``; empty where unknown."""
    if octets is None:
        return ""
    if octets < 1000:
        return f"{octets} B"
    value = octets / 1000
    for unit in ("kB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"
        value /= 1000
    return ""


def duration(milliseconds: float | None) -> str:
    """A duration as people read it: ``0.4 ms``, ``34 ms``, ``1.3 s``, ``4 min``; empty where unknown."""
    if milliseconds is None:
        return ""
    if milliseconds < 1:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"

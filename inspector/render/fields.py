"""Field lines with what they say: message by message, or gathered by name over many exchanges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.style import Style
from rich.text import Text

from inspector.render.blocks import number
from inspector.render.escape import clipped
from inspector.render.layout import PROSE_WIDTH, Canvas, plural
from inspector.report import ExchangeReport, FieldLine, MessageFields

_LONGEST_NAME = 120
_LONGEST_VALUE = 1500
_SAMPLE = 100
"""Characters of a value that stands for several."""
_VALUES = 3
"""Values shown of one field when fields are gathered."""
_UNKNOWN = 40
"""Unknown names listed when fields are gathered."""


class FieldTeller:
    """Draws the field lines of exchanges, and says nothing twice: it refers to the exchange that had it first."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._told: dict[tuple[str, str | None], str] = {}

    def draw(self, canvas: Canvas, exchange: ExchangeReport, captures: int, indent: str) -> None:
        """Draw the lines an exchange's report has; explained where it explains them."""
        if exchange.fields is None:
            return
        here = number(exchange, captures)
        for title, lines in _messages(exchange.fields):
            canvas.line(indent, title)
            for line in lines:
                self._line(canvas, line, here, indent + "  ")

    def _line(self, canvas: Canvas, line: FieldLine, here: str, indent: str) -> None:
        shown = Text.assemble(_name(line), ": ", clipped(line.value, _LONGEST_VALUE))
        if line.meaning is None:
            canvas.add(shown, indent, f"{indent}    ")
            return
        name = line.name.lower()
        first = self._told.setdefault((name, line.says), here)
        again = name in self._names
        if again and (first != here or not line.says):
            shown.append(f"  (as on {first})" if first != here else "  (as above)", "dim")
        canvas.add(shown, indent, f"{indent}    ")
        if not again:
            self._names.add(name)
            lead = Text(f"{line.meaning} " if line.says else line.meaning, "dim")
            canvas.add(_said(canvas, lead, line.says), f"{indent}    ", None, PROSE_WIDTH)
        elif line.says and first == here:
            canvas.add(canvas.words(line.says), f"{indent}    ", None, PROSE_WIDTH)


def draw_field_names(canvas: Canvas, exchanges: Sequence[ExchangeReport], captures: int) -> None:
    """Draw the fields of many exchanges gathered by name, the most frequent first, with their commonest values."""
    found: dict[tuple[str, str], list[tuple[FieldLine, str]]] = {}
    for exchange in exchanges:
        if exchange.fields is not None:
            here = number(exchange, captures)
            for title, lines in _messages(exchange.fields):
                message = title.partition(" ")[0].lower()
                for line in lines:
                    found.setdefault((message, line.name.lower()), []).append((line, here))
    if not found:
        return
    total = sum(map(len, found.values()))
    named = {key: lines for key, lines in found.items() if lines[0][0].known}
    known = sum(map(len, named.values()))
    canvas.heading("Fields")
    share = "all" if known == total else f"{100 * known / total:.1f} %"
    canvas.prose(
        f"{plural(total, 'field line')} under {plural(len(found), 'name')}; {share} of the lines are explained."
    )
    for message in ("request", "response"):
        ours = sorted((key for key in named if key[0] == message), key=lambda key: (-len(named[key]), key[1]))
        for key in ours:
            _gathered(canvas, message, named[key])
    unknown = sorted((k for k in found if k not in named), key=lambda key: (-len(found[key]), key[1]))
    if unknown:
        canvas.blank()
        listed = [f"{clipped(found[key][0][0].name, 60)} ({len(found[key]):,})" for key in unknown[:_UNKNOWN]]
        more = f" and {len(unknown) - _UNKNOWN:,} more" if len(unknown) > _UNKNOWN else ""
        lead = Text.assemble(("Not known to this guide", "bold"), ", and not guessed at: ")
        canvas.add(lead.append(f"{', '.join(listed)}{more}", "dim"), "", "  ", PROSE_WIDTH)


def _gathered(canvas: Canvas, message: str, lines: Sequence[tuple[FieldLine, str]]) -> None:
    first = lines[0][0]
    says = Counter(line.says for line, _ in lines)
    values = len({line.value for line, _ in lines})
    canvas.blank()
    often = f"{message}, {plural(len(lines), 'line')}, {plural(values, 'value')}"
    canvas.line(_name(first), (f"  {often}", "dim"))
    canvas.prose(first.meaning or "", "  ")
    for said, times in says.most_common(_VALUES):
        sample, here = next((line, here) for line, here in lines if line.says == said)
        count = f"×{times:,} " if times > 1 else ""
        shown = Text.assemble((count, "dim"), clipped(sample.value, _SAMPLE), (f"  {here}", "dim"))
        canvas.add(shown, "    ", "      ")
        if said:
            canvas.add(canvas.words(said), "      ", None, PROSE_WIDTH)
    if len(says) > _VALUES:
        canvas.line((f"    and {plural(len(says) - _VALUES, 'more meaning')}", "dim"))


def _messages(fields: MessageFields) -> Iterator[tuple[str, tuple[FieldLine, ...]]]:
    """Each block of lines that there is, under its title."""
    yield from (
        (title, lines)
        for title, lines in (
            ("Request pseudo-fields", fields.request_pseudo),
            ("Request", fields.request),
            ("Request trailers", fields.request_trailers),
            ("Response pseudo-fields", fields.response_pseudo),
            ("Response", fields.response),
            ("Response trailers", fields.response_trailers),
        )
        if lines
    )


def _name(line: FieldLine) -> Text:
    """The field's name, linked to its definition where the terminal can."""
    shown = clipped(line.name, _LONGEST_NAME)
    return Text(shown, Style(bold=True, link=line.reference) if line.reference else "bold")


def _said(canvas: Canvas, lead: Text, says: str | None) -> Text:
    return Text.assemble(lead, canvas.words(says)) if says else lead

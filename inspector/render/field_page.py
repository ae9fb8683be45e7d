"""The guide to fields: the list of them, and one field's page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.style import Style
from rich.text import Text

from inspector.fieldguide.base import Entry
from inspector.fieldguide.guide import Explained
from inspector.render.escape import clipped
from inspector.render.layout import Canvas, plural

_WHERE = {"request": "in requests", "response": "in responses", "both": "in requests and responses"}
_WIDEST = 40


def catalogue(console: Console, entries: Sequence[Entry]) -> None:
    """Print fields with what they are for, one a paragraph."""
    canvas = Canvas(console)
    widest = min(max((len(entry.name) for entry in entries), default=0), _WIDEST)
    for entry in entries:
        name = Text(entry.name, Style(bold=True, link=entry.reference))
        if canvas.width >= widest + 40 and len(entry.name) <= widest:
            lead = Text.assemble(name, " " * (widest - len(entry.name) + 2))
            canvas.add(canvas.words(entry.meaning), lead, " " * lead.cell_len)
        else:
            canvas.line(name)
            canvas.add(canvas.words(entry.meaning), "  ")
    canvas.blank()
    canvas.line((f"{plural(len(entries), 'field')}. inspector field NAME [VALUE] explains one.", "dim"))
    canvas.flush()


def field(
    console: Console, entry: Entry | None, name: str, value: str | None, said: Sequence[tuple[str, Explained]]
) -> None:
    """Print one field: what it is for, what the value says (or its example), and where it is defined."""
    canvas = Canvas(console)
    title = clipped(name, 120) if entry is None or entry.name.endswith("*") else entry.name
    where = _WHERE[entry.on] if entry is not None else ""
    canvas.line((title, "bold"), (f"  {where}" if where else "", "dim"))
    if said:
        canvas.prose(said[0][1].meaning)
    text = value if value is not None else entry.example if entry is not None else None
    if text is not None and entry is not None:
        canvas.blank()
        lead = "" if value is not None else "For example "
        canvas.add(Text.assemble((lead, "dim"), (f"{title}: ", "bold"), clipped(text, 1500)), "  ", "      ")
        for message, told in said:
            here = Text(f"In a {message}: ", "dim") if len(said) > 1 else None
            canvas.prose(told.says or "The value says no more than that.", "      ", lead=here)
    if entry is not None:
        canvas.blank()
        canvas.line("Where it is written: ", Text(entry.reference, Style(link=entry.reference)))
    canvas.flush()

"""A story as a sequence diagram: participants as columns, a line for each arrow. As Mermaid's text, too."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from inspector.render.escape import clipped, visible
from inspector.render.layout import PROSE_WIDTH, Canvas, fit, fit_right
from inspector.report import Arrow, Story

MOST_COLUMNS = 5
"""Participants drawn as columns; more of them are told as a list."""
MOST_ARROWS = 80
_NARROWEST = 26
"""Columns between two lifelines below which labels that are too long are not cut any more."""
_LEAST = 12
"""Columns between two lifelines, however short the labels."""
_FEWEST = 8


def draw(canvas: Canvas, story: Story, captures: int, indent: str = "  ") -> None:
    """Add the diagram of a story; a numbered list where there are too many participants for the width."""
    arrows = story.arrows[:MOST_ARROWS]
    if not arrows:
        return
    lead = f"#{story.capture}:" if captures > 1 else "#"
    width = min(canvas.width, PROSE_WIDTH) - len(indent)
    lifelines = _lifelines(story, arrows, lead, width)
    if lifelines is None:
        _list(canvas, arrows, lead, indent)
    else:
        canvas.line(indent, _heads(story.participants, lifelines, width))
        places = dict(zip(story.participants, lifelines, strict=True))
        for arrow in arrows:
            canvas.line(indent, _row(arrow, places, lead))
    if len(story.arrows) > len(arrows):
        canvas.line((f"{indent}and {len(story.arrows) - len(arrows):,} more arrows", "dim"))


def _caption(arrow: Arrow) -> str:
    return f"{arrow.step + 1} {visible(arrow.label)}".strip()


def _exchange(arrow: Arrow, lead: str) -> str:
    return "" if arrow.exchange is None else f"{lead}{arrow.exchange}"


def _lifelines(story: Story, arrows: Sequence[Arrow], lead: str, width: int) -> list[int] | None:
    """The column of each participant's line; ``None`` where there is no room for them.

    Gaps take what the labels between neighbours need. What is too much for the width is taken from the widest.
    """
    names = [cell_len(clipped(name, 80)) for name in story.participants]
    count = len(names)
    if not 2 <= count <= MOST_COLUMNS:
        return None
    wanted = [max(_LEAST, (names[i] + names[i + 1]) // 2 + 3) for i in range(count - 1)]
    order = {name: place for place, name in enumerate(story.participants)}
    for arrow in arrows:
        first, last = sorted((order[arrow.source], order[arrow.target]))
        own = first == last
        first, last = (min(first, count - 2), min(first, count - 2) + 1) if own else (first, last)
        room = cell_len(_caption(arrow)) + len(_exchange(arrow, lead)) + 10
        lacking = room - sum(wanted[first:last])
        if lacking > 0:
            for place in range(first, last):
                wanted[place] += -(-lacking // (last - first))
    left, right = min(names[0] // 2, _LEAST), min(names[-1] // 2, _LEAST)
    room = width - left - right - 2
    least = [min(gap, _NARROWEST) for gap in wanted]
    if room < sum(least):
        return None
    while sum(wanted) > room:
        widest = max(range(count - 1), key=lambda place: wanted[place] - least[place])
        wanted[widest] -= max(min(wanted[widest] - least[widest], (sum(wanted) - room) // count), 1)
    lifelines = [left]
    for gap in wanted:
        lifelines.append(lifelines[-1] + gap)
    return lifelines


def _heads(names: Sequence[str], lifelines: Sequence[int], width: int) -> Text:
    """The participants' names, each over its line."""
    line = Text()
    for place, (name, column) in enumerate(zip(names, lifelines, strict=True)):
        before = column - lifelines[place - 1] if place else 2 * column + 1
        after = lifelines[place + 1] - column if place + 1 < len(lifelines) else before
        most = max(min(before, after, 2 * (column - line.cell_len)) - 1, _FEWEST)
        most = min(most, width - line.cell_len - 2)
        shown = fit(name, most)
        start = max(min(column - cell_len(shown) // 2, width - cell_len(shown)), line.cell_len + (2 if place else 0))
        line.append(" " * (start - line.cell_len))
        line.append(shown, "bold")
    return line


def _row(arrow: Arrow, places: dict[str, int], lead: str) -> Text:
    """One arrow between two lifelines, the others beside it."""
    source, target = places[arrow.source], places[arrow.target]
    lines = sorted(places.values())
    style = "bold red" if arrow.failed else ""
    exchange = _exchange(arrow, lead)
    if source != target:
        first, last = min(source, target), max(source, target)
        body = _shaft(_caption(arrow), exchange, last - first - 1, rightwards=target > source, failed=arrow.failed)
    else:
        place = lines.index(source)
        at_edge = place == len(lines) - 1
        first, last = (lines[place - 1], source) if at_edge else (source, lines[place + 1])
        body = _by_itself(_caption(arrow), exchange, last - first - 1, at_edge, arrow.failed)
    row = Text()
    for column in lines:
        if first < column < last:
            continue
        row.append(" " * (column - row.cell_len))
        row.append("│", "dim")
        if column == first:
            row.append(body, style)
    return row


def _shaft(caption: str, exchange: str, width: int, *, rightwards: bool, failed: bool) -> str:
    """``─ 1 GET /login ─── #12 ─►``, or the other way round, in exactly `width` columns."""
    end = f" {exchange} " if exchange else ""
    head = "✗" if failed else "►" if rightwards else "◄"
    shown = fit_right(caption, width - len(end) - 6)
    start, finish = (f"─ {shown} ", f"{end}─{head}") if rightwards else (f"{head}─ {shown} ", f"{end}─")
    return f"{start}{'─' * (width - cell_len(start) - len(finish))}{finish}"


def _by_itself(caption: str, exchange: str, width: int, at_edge: bool, failed: bool) -> str:
    """What a participant does by itself, beside its line, in exactly `width` columns."""
    head = "✗" if failed else "↺"
    shown = fit_right(f"{caption} {exchange}".rstrip(), width - 4)
    rest = " " * (width - cell_len(shown) - 3)
    return f"{rest}{shown} {head} " if at_edge else f" {head} {shown}{rest}"


def _list(canvas: Canvas, arrows: Sequence[Arrow], lead: str, indent: str) -> None:
    for arrow in arrows:
        exchange = _exchange(arrow, lead)
        own = arrow.source == arrow.target
        who = clipped(arrow.source, 40) if own else f"{clipped(arrow.source, 40)} → {clipped(arrow.target, 40)}"
        text = Text.assemble(
            (f"{arrow.step + 1} ", "dim"),
            (f"{who}: ", "bold"),
            ("✗ " if arrow.failed else "", "bold red"),
            (visible(arrow.label), "red" if arrow.failed else ""),
            (f" {exchange}" if exchange else "", "dim"),
        )
        canvas.add(text, indent, f"{indent}  ", PROSE_WIDTH)


# -- Mermaid ----------------------------------------------------------------------------------------------------------


def mermaid(story: Story, number: int, captures: int = 1) -> str:
    """The story as text for Mermaid (https://mermaid.js.org/syntax/sequenceDiagram.html), ending in a line break.

    Every character that could mean something to its parser, or to HTML, is written as an entity of its own syntax.
    """
    lead = f"#{story.capture}:" if captures > 1 else "#"
    lines = ["sequenceDiagram", f"    title Story {number}#58; {mermaid_text(story.title)}"]
    ids = {name: f"p{place}" for place, name in enumerate(story.participants, 1)}
    lines += [f"    participant {id} as {mermaid_text(name)}" for name, id in ids.items()]
    if story.arrows:
        for arrow in story.arrows:
            back = arrow.label[:1].isdigit() or arrow.label.startswith("answers")
            drawn = ("--x" if back else "-x") if arrow.failed else "-->>" if back else "->>"
            label = f"{_caption(arrow)} {_exchange(arrow, lead)}".rstrip()
            lines.append(f"    {ids[arrow.source]}{drawn}{ids[arrow.target]}: {mermaid_text(label)}")
    else:
        lines.append("    participant story as Story")
        lines += [f"    Note over story: {mermaid_text(step)}" for step in story.steps]
    return "\n".join(lines) + "\n"


def mermaid_text(text: str) -> str:
    """Text of a report as Mermaid shows it literally: letters, digits and a few signs as they are, the rest as
    ``#59;``, invisible characters as escapes; never empty.
    """
    shown = clipped(text.replace("`", ""), 300)
    written = "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in shown)
    return written or "#160;"


_PLAIN = frozenset(" /.,?()!+*|$~^@_'")

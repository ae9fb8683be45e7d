"""Evidence as compilers print source lines: the line quoted, the part that matters underlined, and what it means.

│ request   Origin: https://shop.test
│                   ^^^^^^^^^^^^^^^^^ this page asks
│ response  Access-Control-Allow-Origin: https://www.shop.test
│                                        ^^^^^^^^^^^^^^^^^^^^^ only this origin is admitted
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from inspector.render.escape import clipped, visible
from inspector.render.layout import Canvas, fit, fit_left, fit_right
from inspector.report import Evidence, Where

SPOKEN: dict[Where, str] = {
    "request.line": "request",
    "request.field": "request",
    "request.body": "request body",
    "response.status": "response",
    "response.field": "response",
    "response.body": "response body",
    "url": "URL",
    "connection": "connection",
    "tls": "TLS",
    "timing": "timing",
    "exchange": "exchange",
}
_LONGEST = 480
_LEAST_VALUE = 24
"""Columns a value needs beside its name; with fewer, it goes on a line of its own."""


def draw(canvas: Canvas, evidence: tuple[Evidence, ...], gutter: str, mark_style: str) -> None:
    """Add all evidence of one annotation, each line after `gutter`, its columns aligned."""
    tags = [_tag(item) for item in evidence]
    aligned = max((cell_len(tag) for tag in tags), default=0)
    for item, tag in zip(evidence, tags, strict=True):
        _draw_one(canvas, item, tag, aligned, gutter, mark_style)


def _tag(item: Evidence) -> str:
    where = SPOKEN[item.where]
    return where if item.exchange is None else f"#{item.exchange} {where}"


def _draw_one(canvas: Canvas, item: Evidence, tag: str, aligned: int, gutter: str, mark_style: str) -> None:
    side = Text.assemble((gutter, "dim"))
    name = f"{clipped(item.name, 80)}: " if item.name else ""
    before, mark, after = _parts(item)
    lead = cell_len(gutter) + aligned + 2
    if canvas.width - lead - cell_len(name) >= min(_LEAST_VALUE, cell_len(before + mark + after)):
        head = Text.assemble(side, (tag.ljust(aligned), "dim"), "  ", (name, "bold"))
    else:
        canvas.add(Text.assemble((f"{tag}  ", "dim"), (name.strip(), "bold")), gutter)
        head = Text.assemble(side, "  ")
    start = head.cell_len
    if not item.mark and not item.label and item.value:
        # Nothing in it is pointed at, so it may run over several lines.
        canvas.add(Text(clipped(item.value, _LONGEST)), head, gutter + " " * (start - cell_len(gutter)))
        return
    before, mark, after = _window(before, mark, after, max(canvas.width - start, 8))
    absent = item.value is None
    canvas.line(head, (before, ""), (mark, "dim italic" if absent else mark_style if item.mark else ""), (after, ""))
    if item.label:
        offset = start + cell_len(before)
        _underline(canvas, side, offset, max(cell_len(mark), 1), item.label, mark_style)


def _parts(item: Evidence) -> tuple[str, str, str]:
    """The value as before, mark and after, each safe to print. Without a mark all of it is the mark."""
    if item.value is None:
        return "", "(absent)", ""
    if not item.value:
        return "", "(empty)", ""
    if item.mark:
        before, found, after = item.value.partition(item.mark)
        if found:
            return visible(before[-400:]), clipped(found, 400), visible(after[:400])
    return "", clipped(item.value, 800), ""


def _window(before: str, mark: str, after: str, room: int) -> tuple[str, str, str]:
    """Cut the three parts to `room` columns so that the mark stays in sight."""
    if cell_len(before) + cell_len(mark) + cell_len(after) <= room:
        return before, mark, after
    if cell_len(mark) >= room - 2:
        return ("…" if before else ""), fit(mark, room - 2), ("…" if after else "")
    spare = room - cell_len(mark)
    ahead = min(cell_len(before), max(spare - cell_len(after), spare // 2))
    before = fit_left(before, ahead)
    return before, mark, fit_right(after, spare - cell_len(before)) if spare > cell_len(before) else ""


def _underline(canvas: Canvas, side: Text, offset: int, length: int, label: str, style: str) -> None:
    gap = " " * (offset - side.cell_len)
    carets = "^" * min(length, max(canvas.width - offset, 1))
    said = canvas.words(label)
    if offset + len(carets) + 1 + said.cell_len <= canvas.width:
        canvas.line(side, gap, (carets, style), " ", said)
        return
    canvas.line(side, gap, (carets, style))
    indent = offset if canvas.width - offset >= _LEAST_VALUE else side.cell_len + 2
    canvas.add(said, side.plain + " " * (indent - side.cell_len))

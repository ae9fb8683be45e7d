"""Stories: in short, a title and a few steps, among everything else; or in full, with the diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.text import Text

from inspector.render import diagram, waterfall
from inspector.render.blocks import annotation_block
from inspector.render.escape import clipped
from inspector.render.layout import PROSE_WIDTH, Canvas
from inspector.report import Story

_OF_A_KIND = 2
"""Stories of one kind told before the others of it are only counted."""
_GRAVE_OF_A_KIND = 8
"""The same for stories that failed; those with findings are always told."""
_STEPS = 4
_LONGEST_STEP = 180
"""Characters of a step in short."""
_NAMED = 40

Numbered = tuple[int | None, Story]


def numbered(stories: Iterable[Story]) -> list[Numbered]:
    """Stories with the numbers they are asked for by, from 1."""
    return [(number, story) for number, story in enumerate(stories, 1)]


def draw(canvas: Canvas, stories: Sequence[Numbered], captures: int, *, whole: bool = False, command: str = "") -> None:
    """Add stories under a heading; `whole` adds every one of them with every step.

    `command` is what was run; how to see one story in full is told with it.
    """
    if not stories:
        return
    canvas.heading("What belongs together")
    told: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for number, story in stories:
        most = _GRAVE_OF_A_KIND if story.failed else _OF_A_KIND
        if not whole and not story.annotations and told[story.kind] >= most:
            left_out[story.kind] += 1
            continue
        told[story.kind] += 1
        _draw_one(canvas, number, story, captures, whole)
    if left_out:
        counted = ", ".join(f"{count:,} of {clipped(kind.replace('-', ' '), 40)}" for kind, count in left_out.items())
        canvas.prose(f"And more of them: {counted}.", "", "  ", "dim")
    if command and any(number is not None for number, _ in stories):
        canvas.prose(
            "`--story N` shows one of them in full, with its diagram; `--stories` shows all of them.", "", "  ", "dim"
        )
    canvas.blank()


def draw_all(canvas: Canvas, stories: Sequence[Numbered], captures: int) -> None:
    """Add stories with every step, without a heading."""
    for number, story in stories:
        _draw_one(canvas, number, story, captures, whole=True)


def draw_in_full(canvas: Canvas, number: int | None, story: Story, captures: int) -> None:
    """Add one story with its diagram, every step numbered as in it, and its findings."""
    _title(canvas, number, story)
    if story.arrows:
        canvas.blank()
        diagram.draw(canvas, story, captures)
        canvas.blank()
    if story.timeline:
        waterfall.draw(canvas, story, whole=True)
        canvas.blank()
    width = len(str(len(story.steps)))
    for place, step in enumerate(story.steps, 1):
        canvas.prose(step, f"  {place:>{width}}  ", " " * (width + 4))
    _exchanges(canvas, story, captures)
    _findings(canvas, story)
    canvas.blank()


def draw_one(canvas: Canvas, story: Story, *, whole: bool) -> None:
    """Add one story by itself, marked as what it is among exchanges."""
    canvas.line(("── ", "dim"), (f"story: {clipped(story.kind.replace('-', ' '), 40)}", "dim"))
    _draw_one(canvas, None, story, 1, whole)


def _draw_one(canvas: Canvas, number: int | None, story: Story, captures: int, whole: bool) -> None:
    _title(canvas, number, story)
    waterfall.draw(canvas, story, whole=whole)
    steps = story.steps if whole or len(story.steps) <= _STEPS else story.steps[: _STEPS - 2]
    for step in steps:
        canvas.prose(step if whole else _cut(step), "  - ", "    ")
    left_out = len(story.steps) - len(steps) - 1
    if left_out >= 0:
        if left_out:
            canvas.line((f"    {left_out:,} more step{'' if left_out == 1 else 's'}", "dim"))
        canvas.prose(_cut(story.steps[-1]), "  - ", "    ")
    if not story.steps:
        _exchanges(canvas, story, captures)
    _findings(canvas, story)
    canvas.blank()


def _cut(step: str) -> str:
    """A step in short: cut between words, code closed again."""
    if len(step) <= _LONGEST_STEP:
        return step
    kept = step[:_LONGEST_STEP].rpartition(" ")[0] or step[:_LONGEST_STEP]
    return f"{kept} …{'`' if kept.count('`') % 2 else ''}"


def _title(canvas: Canvas, number: int | None, story: Story) -> None:
    lead = Text.assemble(
        (f"{number}  " if number is not None else "", "dim"), ("✗ " if story.failed else "", "bold red")
    )
    canvas.add(Text.assemble(lead, canvas.words(story.title, "bold")), "", " " * max(lead.cell_len, 2), PROSE_WIDTH)


def _exchanges(canvas: Canvas, story: Story, captures: int) -> None:
    if not story.exchanges:
        return
    lead = f"#{story.capture}:" if captures > 1 else "#"
    named = ", ".join(f"{lead}{index}" for index in story.exchanges[:_NAMED])
    more = f" and {len(story.exchanges) - _NAMED:,} more" if len(story.exchanges) > _NAMED else ""
    canvas.prose(f"Exchange{'' if len(story.exchanges) == 1 else 's'} {named}{more}", "  ", "    ", "dim")


def _findings(canvas: Canvas, story: Story) -> None:
    for annotation in story.annotations:
        annotation_block(canvas, annotation, "  ")

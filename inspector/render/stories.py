"""Stories in short: a title and its steps. Of many, some of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inspector.render.blocks import annotation_block
from inspector.render.escape import clipped
from inspector.render.layout import Canvas
from inspector.report import Story

_OF_A_KIND = 4
"""Stories of one kind told before the others of it are only counted; those with findings are always told."""
_STEPS = 10
_NAMED = 40


def draw(canvas: Canvas, stories: Sequence[Story], captures: int, *, whole: bool = False) -> None:
    """Add stories under a heading; `whole` adds every one of them with every step."""
    if not stories:
        return
    canvas.heading("What belongs together")
    told: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for story in stories:
        if not whole and not story.annotations and told[story.kind] >= _OF_A_KIND:
            left_out[story.kind] += 1
            continue
        told[story.kind] += 1
        _draw_one(canvas, story, captures, whole)
    if left_out:
        counted = ", ".join(f"{count:,} of {clipped(kind.replace('-', ' '), 40)}" for kind, count in left_out.items())
        canvas.prose(f"And more of them: {counted}; `-v` tells all.", "", "  ", "dim")
    canvas.blank()


def _draw_one(canvas: Canvas, story: Story, captures: int, whole: bool) -> None:
    canvas.prose(story.title, "", "  ", "bold")
    steps = story.steps if whole or len(story.steps) <= _STEPS else story.steps[: _STEPS - 2]
    for step in steps:
        canvas.prose(step, "  - ", "    ")
    if len(steps) < len(story.steps):
        canvas.line((f"    {len(story.steps) - len(steps) - 1:,} more steps", "dim"))
        canvas.prose(story.steps[-1], "  - ", "    ")
    if not story.steps:
        prefix = f"{story.capture}:" if captures > 1 else ""
        named = ", ".join(f"#{prefix}{index}" for index in story.exchanges[:_NAMED])
        more = f" and {len(story.exchanges) - _NAMED:,} more" if len(story.exchanges) > _NAMED else ""
        canvas.prose(f"exchanges {named}{more}", "  ")
    for annotation in story.annotations:
        annotation_block(canvas, annotation, "  ")
    canvas.blank()

"""Grades for a person at a terminal: the line of a summary, and the whole of one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from inspector.render.escape import clipped
from inspector.render.layout import PROSE_WIDTH, Canvas, plural
from inspector.report import Grade, GradeReport, GradeStep, GradeTest, Score

_LINES = 3
_STEPS = 3
_BESIDE = 66
"""Columns from which results stand beside their tests, not below."""


def lines(canvas: Canvas, grades: Sequence[Grade], command: str) -> None:
    """``Mozilla Observatory grade of https://shop.test: D+ (40 of 100)``, for the first sites."""
    for grade in grades[:_LINES]:
        said = Text.assemble(
            "Mozilla Observatory grade of ", clipped(grade.site, 120), ": ", *_score(grade.low, grade.high)
        )
        if command and grade is grades[0]:
            said.append_text(canvas.words(f"; `{command}` says why"))
        canvas.add(said, "", "  ")
    if len(grades) > _LINES:
        canvas.line((f"  and of {plural(len(grades) - _LINES, 'more site')}", "dim"))


def draw(console: Console, report: GradeReport, *, verbose: bool = False) -> None:
    """Print every grade: the tests, the best steps, what was assumed and where the Observatory errs."""
    canvas = Canvas(console)
    for grade in report.grades:
        _grade(canvas, grade, report, verbose)
        canvas.flush()
    for each in report.ungraded:
        canvas.blank()
        canvas.prose(f"{each.site} has no grade: {each.reason} (#{each.exchange} {each.url}).")
    if not report.grades and not report.ungraded:
        canvas.prose("No grade: no page that a person went to is recorded here.")
    canvas.flush()


def _score(low: Score, high: Score) -> list[str | Text | tuple[str, str]]:
    if low == high:
        return [(low.grade, f"bold {_style(low)}"), f" ({_points(low)})"]
    if low.grade == high.grade:
        return [(low.grade, f"bold {_style(low)}"), f" ({low.score} to {_points(high)})"]
    return [
        "at least ",
        (low.grade, f"bold {_style(low)}"),
        f" ({low.score}), at most ",
        (high.grade, f"bold {_style(high)}"),
        f" ({_points(high)})",
    ]


def _points(score: Score) -> str:
    return f"{score.score} of 100" if score.score <= 100 else f"{score.score} points"


def _style(score: Score) -> str:
    return {"A": "green", "B": "green", "C": "yellow", "D": "red", "F": "red"}[score.grade[0]]


def _grade(canvas: Canvas, grade: Grade, report: GradeReport, verbose: bool) -> None:
    canvas.blank()
    site = clipped(grade.site, 200)
    canvas.add(Text.assemble((site, "bold"), ": ", *_score(grade.low, grade.high)), "", "  ")
    capture = f"{clipped(report.captures[grade.capture].path, 200)}, " if len(report.captures) > 1 else ""
    page = f"{capture}page #{grade.exchange} {clipped(grade.url, 300)}"
    canvas.add(Text(f"{page}, by version {grade.algorithm} of the Observatory's algorithm", "dim"), "  ", "    ")
    canvas.blank()
    for test in grade.tests:
        _test(canvas, test, verbose)
    _steps(canvas, grade, verbose)
    if grade.assumed:
        canvas.heading("Assumed")
        for assumed in grade.assumed:
            canvas.prose(f"{assumed[:1].upper()}{assumed[1:]}.", "  ", "  ")
    canvas.heading("Weak spots of this scoring")
    for spot in grade.weak_spots:
        canvas.prose(spot, "  ", "  ")


def _test(canvas: Canvas, test: GradeTest, verbose: bool) -> None:
    glyph, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}[test.passed]
    word = {True: "pass", False: "fail", None: "open"}[test.passed]
    points = f"{test.modifier:+d}" if test.modifier is not None else f"{test.low:+d} to {test.high:+d}"
    points = points.replace("+0", "0")
    lead = Text.assemble(
        (f"{glyph} {word} ", style), f"{test.name:<30}", (f"{points:>10}", style if test.modifier else ""), "  "
    )
    said = test.says
    if test.detail:
        said = f"{said}. {test.detail}" if test.result is not None else test.detail
    if canvas.width >= _BESIDE + 20:
        canvas.add(canvas.words(said), lead, " " * lead.cell_len)
    else:
        canvas.line(lead)
        canvas.prose(said, "       ", "       ")
    if verbose:
        for evidence in test.evidence:
            name = f"{evidence.name}: " if evidence.name else ""
            shown = f"{name}{evidence.value}" if evidence.value is not None else f"{evidence.name} is not there"
            canvas.add(Text(clipped(shown, 1000), "dim"), "       ", "         ")


def _steps(canvas: Canvas, grade: Grade, verbose: bool) -> None:
    counted = [step for step in grade.steps if step.gain_high > 0]
    later = [step for step in grade.steps if step.gain_high <= 0]
    if not grade.steps:
        return
    canvas.heading("What raises it most")
    for place, step in enumerate(counted if verbose else counted[:_STEPS], 1):
        lead = Text.assemble(f"  {place}. ", (_gain(step), "bold"), " → ", *_reached(step), "  ", (step.test, "dim"))
        canvas.add(lead, "", "     ")
        canvas.prose(step.fix, "     ", "     ")
        if step.field is not None and f"`{step.field.name}: {step.field.value}`" not in step.fix:
            canvas.add(Text(clipped(f"{step.field.name}: {step.field.value}", 1000), "cyan"), "       ", "         ")
        canvas.blank()
    if later:
        names = ", ".join(step.test for step in later)
        canvas.prose(f"Worth points once nothing else leaves less than 90: {names}.", "  ", "  ")
        for step in later if verbose else ():
            canvas.prose(step.fix, "     ", "     ")
    if grade.together_low is not None and grade.together_high is not None and len(grade.steps) > 1:
        together = _score(grade.together_low, grade.together_high)
        canvas.add(Text.assemble(f"All {len(grade.steps)} steps together: ", *together), "  ", "    ", PROSE_WIDTH)
    if len(counted) > _STEPS and not verbose:
        canvas.line(("  -v shows every step", "dim"))


def _gain(step: GradeStep) -> str:
    low, high = sorted((step.gain_low, step.gain_high))
    return f"+{high}" if low == high else f"+{low} to +{high}"


def _reached(step: GradeStep) -> list[str | Text | tuple[str, str]]:
    if step.low == step.high:
        return [f"{step.low.grade} ({step.low.score})"]
    return [f"{step.low.grade} ({step.low.score}) to {step.high.grade} ({step.high.score})"]

"""``inspector learn``."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from inspector.cli import FAILED, Failed
from inspector.cli.options import color_option

if TYPE_CHECKING:
    from inspector.learn.lesson import Lesson


@click.command("learn", short_help="Lessons on real sockets of this machine, one step at a time.")
@click.argument("name", metavar="[LESSON]", required=False)
@click.option("--auto", is_flag=True, help="Run to the end without a prompt; the questions are answered too.")
@click.option("--step", type=click.IntRange(min=1), metavar="N", help="Begin at step N.")
@color_option()
def learn_command(name: str | None, auto: bool, step: int | None, color: str) -> int:
    """Learn by doing: a lesson runs experiments on this machine, shows what happened, and asks.

    Without LESSON, they are listed. LESSON may be a file of your own, FILE.py. Everything stays on this machine,
    nothing is installed, and nothing is left behind.

    Exit status: 0 when the lesson ended or was left, 2 when an experiment did not work here or there is no such
    lesson.
    """
    from inspector.learn import shelf

    if name is None:
        _list(shelf.every())
        return 0
    try:
        lesson = shelf.find(name)
    except shelf.NoLesson as error:
        raise Failed(str(error)) from None
    if step is not None and step > len(lesson.steps):
        raise Failed(f"the lesson {lesson.name} has {len(lesson.steps)} steps, and no step {step}")
    return _teach(lesson, auto, step or 1, color)


def _list(lessons: list[Lesson]) -> None:
    from inspector.words import count

    width = max(len(each.name) for each in lessons)
    for each in lessons:
        click.echo(f"  {each.name:<{width}}  {each.about}")
        click.echo(f"  {'':<{width}}  {count(len(each.steps), 'step')}, about {each.minutes} minutes")
    click.echo()
    click.echo(f"Begin with: inspector learn {lessons[0].name}    (--auto runs one without asking anything)")


def _teach(lesson: Lesson, auto: bool, start: int, color: str) -> int:
    from inspector.learn.page import Page
    from inspector.learn.teach import Teacher, Typist
    from inspector.render.console import make_console
    from inspector.render.layout import Canvas

    for name in ("SIGTERM", "SIGHUP"):  # not every system has both
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    reader = None if auto else Typist()
    page = Page(Canvas(make_console(color, sys.stdout)), reader)
    result = Teacher(lesson, page, reader).run(start)
    for failure in result.failed:
        click.echo(f"inspector: {failure}", err=True)
    return FAILED if result.failed else 0


def _end(number: int, _: object) -> None:
    """End as on Ctrl-C, with everything taken away."""
    raise SystemExit(128 + number)

"""Where lessons are found: those of this package, and a file of somebody's own."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path

from inspector.learn import lessons
from inspector.learn.lesson import Lesson


class NoLesson(Exception):
    """There is no such lesson, or the file is none; the message is one line."""


def names() -> list[str]:
    """The names of the lessons there are. A module with an underscore before its name is a part of one."""
    found = (module.name for module in pkgutil.iter_modules(lessons.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def every() -> list[Lesson]:
    """All lessons of this package, by name."""
    return [_lesson(importlib.import_module(f"{lessons.__name__}.{name}").__dict__, name) for name in names()]


def find(name: str) -> Lesson:
    """A lesson by its name, or from the Python file that `name` is the path of. The file is run.

    Raises:
        NoLesson: there is none of that name, or the file cannot be run or holds none.
    """
    if name.endswith(".py"):
        return _from_file(Path(name))
    if name not in names():
        raise NoLesson(f"there is no lesson '{name}'; the lessons are {', '.join(names())}, or a file FILE.py")
    return _lesson(importlib.import_module(f"{lessons.__name__}.{name}").__dict__, name)


def _from_file(path: Path) -> Lesson:
    if not path.is_file():
        raise NoLesson(f"{path} is no file")
    spec = importlib.util.spec_from_file_location(f"inspector_own_lesson_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise NoLesson(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        told = " ".join(str(error).split())[:200]
        raise NoLesson(f"{path} cannot be run: {type(error).__name__}: {told}") from None
    return _lesson(module.__dict__, str(path))


def _lesson(held: dict[str, object], where: str) -> Lesson:
    found = held.get("LESSON")
    if not isinstance(found, Lesson) or not found.steps:
        raise NoLesson(f"{where} holds no lesson: it must set LESSON = Lesson(...) with one step at least")
    return found

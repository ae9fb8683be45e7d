"""Rules from outside: a person's own file, or a package that offers some under the entry point ``inspector.rules``."""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from inspector.rules.base import Rule

GROUP = "inspector.rules"


class RulesError(Exception):
    """A file or package of rules cannot be used; the message is one line that names it."""


def load_file(path: Path) -> tuple[Rule, ...]:
    """The rules a Python file defines, in the order written. The file is run.

    Raises `RulesError` where it cannot be read or run, or defines no rule.
    """
    if not path.is_file():
        raise RulesError(f"{path} is no file")
    name = f"inspector_own_rules_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RulesError(f"{path} is not a Python file: its name does not end in .py")
    module = importlib.util.module_from_spec(spec)
    # Struct annotations and pickling look a class's module up by name while the file runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RulesError(f"{path}{_line(error, path)}: {type(error).__name__}: {_first_line(error)}") from None
    found = _rules_of(module)
    if not found:
        raise RulesError(f"{path} defines no rule; a rule is a function under `@rule(...)` of inspector.rules.base")
    return found


@lru_cache(maxsize=1)
def of_packages() -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules that installed packages offer, and one line for each package whose rules could not be loaded."""
    if not _offered():
        return (), ()
    from importlib.metadata import entry_points

    found: list[Rule] = []
    failed: list[str] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            module = point.load()
        except Exception as error:
            failed.append(f"the rules of {point.name} ({point.value}) were not loaded: {_first_line(error)}")
            continue
        rules = _rules_of(module) if isinstance(module, ModuleType) else ()
        if rules:
            found += rules
        else:
            failed.append(f"the entry point {point.name} ({point.value}) is no module with rules")
    return tuple(found), tuple(failed)


def _offered() -> bool:
    """Whether any installed distribution names our group.

    Looking into the files for the words takes a tenth of the time of importing what reads them properly, and there are
    hardly ever any.
    """
    heading = f"[{GROUP}]".encode()
    for directory in dict.fromkeys(sys.path):
        try:
            with os.scandir(directory or ".") as entries:
                described = [e.path for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for path in described:
            try:
                with open(os.path.join(path, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123
                    if heading in file.read():
                        return True
            except OSError:
                continue
    return False


def _rules_of(module: ModuleType) -> tuple[Rule, ...]:
    return tuple({value.id: value for value in vars(module).values() if isinstance(value, Rule)}.values())


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _line(error: BaseException, path: Path) -> str:
    """Where in the file it happened, as far as it is known."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f", line {error.lineno}"
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path.absolute()):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""

"""What a project settles about findings: which rules are off or count differently, where, and what it has accepted.

Read from ``inspector.toml``, or from ``[tool.inspector]`` in ``pyproject.toml``, in the working directory or the
nearest directory above it::

    ignore = ["client", "cookies/no-samesite"]
    baseline = "accepted-findings.json"
    rules = ["our_rules.py"]

    [levels]
    "security/*" = "note"
    "leak/server-version" = "off"

    [[hosts]]
    host = "*.analytics.test"
    levels = { "*" = "off" }
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from inspector.report import Severity
from inspector.words import listed

FILE = "inspector.toml"
PROJECT_FILE = "pyproject.toml"
Level = Literal["off", "info", "note", "warning", "error"]


class SettingsError(Exception):
    """The settings cannot be used; the message is one line that names the file."""


class HostLevels(Struct, frozen=True, forbid_unknown_fields=True):
    """Levels for the exchanges with hosts that match a shell-style pattern (lower case)."""

    host: str
    levels: dict[str, Level]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says. Patterns of rules are ids, ``topic/*``, or ``*``."""

    ignore: tuple[str, ...] = ()
    """Topics and rule ids that are not asked at all."""
    levels: dict[str, Level] = {}
    hosts: tuple[HostLevels, ...] = ()
    baseline: str | None = None
    """Path of the file of accepted findings, as written."""
    rules: tuple[str, ...] = ()
    """Paths of Python files with rules of one's own, as written."""


class Levels(Struct, frozen=True):
    """At which severity findings count, by rule and host: ``(host pattern, rule pattern, level)`` each.

    The most specific entry decides: one for a host before one for all, a rule's id before its topic before ``*``, and
    of equals the last. An explanation is raised by an entry that names its rule alone: a topic's level is for findings.
    """

    entries: tuple[tuple[str, str, Level], ...] = ()

    def of(self, rule: str, host: str, severity: Severity) -> Severity | None:
        """The severity a finding counts at; ``None`` where it is switched off."""
        level, named = _level(self.entries, rule, host)
        if level is None or (severity is Severity.INFO and not named and level != "off"):
            return severity
        return None if level == "off" else Severity(level)


@lru_cache(maxsize=8192)
def _level(entries: tuple[tuple[str, str, Level], ...], rule: str, host: str) -> tuple[Level | None, bool]:
    """The level that counts, and whether its entry names the rule by its id."""
    found, best = None, (-1, -1)
    for where, pattern, level in entries:
        if not fnmatchcase(rule, pattern) or not fnmatchcase(host, where):
            continue
        weight = (0 if where == "*" else 1, 0 if pattern == "*" else 1 if "*" in pattern else 2)
        if weight >= best:
            found, best = level, weight
    return found, best[1] == 2


NO_LEVELS = Levels()


def levels_of(settings: Settings) -> Levels:
    """The levels of a settings file in one list."""
    entries: list[tuple[str, str, Level]] = [("*", rule, level) for rule, level in settings.levels.items()]
    for host in settings.hosts:
        entries += [(host.host.lower(), rule, level) for rule, level in host.levels.items()]
    return Levels(tuple(entries))


def find(start: Path) -> Path | None:
    """The settings file that counts in directory `start`: the nearest, here or above; ``None`` without one.

    A ``pyproject.toml`` counts where it has ``[tool.inspector]``. Raises `SettingsError` for one that is no TOML.
    """
    for directory in (start, *start.parents):
        if (directory / FILE).is_file():
            return directory / FILE
        project = directory / PROJECT_FILE
        # Looking for the words first spares every other project the parsing.
        if project.is_file() and "tool.inspector" in _text(project) and _table(project) is not None:
            return project
    return None


def read(path: Path) -> Settings:
    """Read a settings file. Raises `SettingsError` where it cannot be read or holds what is not known."""
    table = _table(path)
    try:
        return msgspec.convert(table or {}, Settings)
    except msgspec.ValidationError as error:
        levels = listed(get_args(Level), "or") if "enum" in str(error) else ""
        raise SettingsError(f"{path}: {error}{f'; a level is {levels}' if levels else ''}") from None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    if path.name != PROJECT_FILE:
        return document
    tools = document.get("tool")
    table = tools.get("inspector") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}") from None

"""What a project settles in ``inspector.toml``, and what the command line adds: options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from inspector import settings as project
from inspector.cli import Failed
from inspector.rules.base import Rule
from inspector.settings import NO_LEVELS, Levels, Settings

_OWN = "inspector.own_rules"
_SETTINGS = "inspector.settings"


class Settled(Struct, frozen=True):
    """What is settled before a command runs. `baseline` is the file of accepted findings, if there is one."""

    ignore: frozenset[str] = frozenset()
    own: tuple[Rule, ...] = ()
    levels: Levels = NO_LEVELS
    baseline: Path | None = None


def is_conformance(name: str) -> bool:
    """Whether a topic or rule is httplint's, whose notes are known only once it is asked (`inspector.conformance`)."""
    return name.partition("/")[0] == "conformance"


def own_rules(ctx: click.Context) -> tuple[Rule, ...]:
    """The rules of one's own that this command line and its settings file name."""
    found: tuple[Rule, ...] = ctx.meta.get(_OWN, ())
    return found


def own_rules_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--rules FILE.py``, any number of times; the value is in `own_rules`."""
    return click.option(
        "--rules",
        "rule_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE.py",
        is_eager=True,
        expose_value=False,
        callback=_load_rules,
        help="Rules of your own beside the built-in ones (repeatable).",
    )


def config_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--config FILE``, else the nearest settings file; the rules of one's own that it names are in `own_rules`."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read_settings,
        help="Settings; without it the nearest inspector.toml or [tool.inspector] of a pyproject.toml.",
    )


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--rules``, ``--ignore`` and ``--config``; the command gets all of it as `settled`."""

    @wraps(command)
    def with_settled(*args: Any, ignore: frozenset[str], **kwargs: Any) -> Any:
        ctx = click.get_current_context()
        settings, path = ctx.meta[_SETTINGS]
        _check_names(settings, own_rules(ctx), path)
        _say_what_failed()
        settled = Settled(
            ignore | frozenset(settings.ignore),
            own_rules(ctx),
            project.levels_of(settings),
            path.parent / settings.baseline if settings.baseline else None,
        )
        return command(*args, settled=settled, **kwargs)

    ignore = click.option(
        "--ignore", multiple=True, metavar="NAME", callback=_check_ignored, help="Not this rule or topic (repeatable)."
    )
    return ignore(own_rules_option()(config_option()(with_settled)))


def _read_settings(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    try:
        path = value or project.find(Path.cwd())
        settings = project.read(path) if path is not None else Settings()
    except project.SettingsError as error:
        raise Failed(str(error)) from None
    ctx.meta[_SETTINGS] = (settings, path)
    if path is not None:
        _add_rules(ctx, tuple(path.parent / file for file in settings.rules))


def _load_rules(ctx: click.Context, parameter: click.Parameter, value: tuple[Path, ...]) -> None:
    _add_rules(ctx, value)


def _add_rules(ctx: click.Context, files: tuple[Path, ...]) -> None:
    if not files:
        return
    from inspector.rules.catalogue import all_rules
    from inspector.rules.own import RulesError, load_file

    own = ctx.meta.get(_OWN, ())
    try:
        for file in files:
            own = (*own, *load_file(file))
        all_rules(own)
    except (RulesError, ValueError) as error:
        raise Failed(str(error)) from None
    ctx.meta[_OWN] = own


def _check_ignored(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    from inspector.cli.options import known_rule, known_topic, split

    own = own_rules(ctx)
    return frozenset(
        name if is_conformance(name) else known_rule(name, own) if "/" in name else known_topic(name, own)
        for name in split(values)
    )


def _check_names(settings: Settings, own: tuple[Rule, ...], path: Path | None) -> None:
    """A name that matches nothing is a mistake worth a line, and no reason to stop: rules come and go with versions."""
    patterns = [*settings.ignore, *settings.levels, *(name for host in settings.hosts for name in host.levels)]
    if not patterns:
        return
    from fnmatch import filter as matching

    from inspector.rules.catalogue import all_rules

    rules = all_rules(own)
    names = [rule.id for rule in rules] + [rule.topic for rule in rules]
    for pattern in patterns:
        if not is_conformance(pattern) and not matching(names, pattern):
            click.echo(f"inspector: {path}: no rule matches '{pattern}'", err=True)


def _say_what_failed() -> None:
    from inspector.rules.own import of_packages

    for line in of_packages()[1]:
        click.echo(f"inspector: {line}", err=True)

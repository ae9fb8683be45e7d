"""Option values that several commands share: topics, rules, severities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from inspector.cli import Failed
from inspector.cli.settings import is_conformance, own_rules
from inspector.report import Severity
from inspector.rules.base import Rule

_Command = Callable[..., Any]
_Decorator = Callable[[_Command], _Command]


def check_topics(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    """Topics named once or more, commas allowed. Raises `Failed` that lists the topics there are."""
    asks = _may_ask_httplint(ctx)
    return frozenset(
        name if asks and is_conformance(name) else known_topic(name, own_rules(ctx)) for name in split(values)
    )


def check_rules(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    """Rule ids named once or more, commas allowed. Raises `Failed` with the ids that come close."""
    if not values:
        return frozenset()
    asks = _may_ask_httplint(ctx)
    return frozenset(
        name if asks and is_conformance(name) else known_rule(name, own_rules(ctx)) for name in split(values)
    )


def _may_ask_httplint(ctx: click.Context) -> bool:
    return any(parameter.name == "conformance" for parameter in ctx.command.params)


def known_topic(name: str, own: tuple[Rule, ...] = ()) -> str:
    """The topic itself where there is such a one. Raises `Failed` that lists the topics there are."""
    from inspector.rules.catalogue import topics

    return _known(name, topics(own), "topic")


def known_rule(name: str, own: tuple[Rule, ...] = ()) -> str:
    """The id itself where there is such a rule. Raises `Failed` with the ids that come close."""
    from inspector.rules.catalogue import all_rules

    ids = [rule.id for rule in all_rules(own)]
    if name in ids:
        return name
    if any(id.startswith(f"{name}/") for id in ids):
        raise Failed(f"'{name}' is a topic; `inspector rules --topic {name}` lists its rules")
    from difflib import get_close_matches  # needed for a typing error alone

    close = [id for id in ids if name and name in id][:3] or get_close_matches(name, ids, 3, 0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`inspector rules` lists them"
    raise Failed(f"there is no rule '{name}'; {hint}")


def _known(name: str, names: Iterable[str], what: str) -> str:
    if name in names:
        return name
    raise Failed(f"there is no {what} '{name}'; the {what}s are {', '.join(names)}")


def split(values: Iterable[str]) -> list[str]:
    """Names given once or more, commas between some, in lower case."""
    return [name.strip().lower() for value in values for name in value.split(",") if name.strip()]


def topic_option() -> _Decorator:
    """``--only TOPIC``, any number of times; gives a frozenset."""
    return click.option(
        "--only", multiple=True, metavar="TOPIC", callback=check_topics, help="This topic alone (repeatable)."
    )


def rule_option() -> _Decorator:
    """``--rule ID``, any number of times; gives a frozenset."""
    return click.option(
        "--rule", "rules", multiple=True, metavar="ID", callback=check_rules, help="This rule alone (repeatable)."
    )


def severity_option() -> _Decorator:
    """``--severity``, the least grave one shown; gives a `Severity`."""
    return click.option(
        "--severity",
        type=click.Choice([s.value for s in Severity]),
        default=Severity.INFO.value,
        callback=lambda ctx, parameter, value: Severity(value),
        help="The least grave findings shown: error, warning, note or info (default).",
    )


def color_option() -> _Decorator:
    """``--color auto|always|never``."""
    return click.option(
        "--color",
        "--colour",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colour: where it makes sense (default), always or never.",
    )

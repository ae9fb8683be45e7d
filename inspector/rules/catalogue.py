"""All rules there are: those of this package's modules, those that installed packages offer, and a person's own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import lru_cache

from inspector import rules
from inspector.rules.base import Rule


@lru_cache(maxsize=1)
def built_in() -> tuple[Rule, ...]:
    """The product's own rules, by topic module in alphabetical order and within one in the order written.

    Raises `ValueError` where two rules have one id.
    """
    found: list[Rule] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(rules.__path__)):
        values = vars(importlib.import_module(f"{rules.__name__}.{module}")).values()
        found += [value for value in values if isinstance(value, Rule)]
    return _without_clashes(found)


def all_rules(own: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """Every rule: the product's, those of installed packages, and `own`.

    Raises `ValueError` where two rules have one id.
    """
    from inspector.rules.own import of_packages

    return _without_clashes((*built_in(), *of_packages()[0], *own))


def _without_clashes(found: Iterable[Rule]) -> tuple[Rule, ...]:
    by_id: dict[str, Rule] = {}
    for rule in found:
        if by_id.setdefault(rule.id, rule) is not rule:
            raise ValueError(f"two rules are called {rule.id}")
    return tuple(by_id.values())


def topics(own: Iterable[Rule] = ()) -> tuple[str, ...]:
    """The topics there are rules in, in alphabetical order."""
    return tuple(sorted({rule.topic for rule in all_rules(own)}))


def rule_by_id(id: str, own: Iterable[Rule] = ()) -> Rule | None:
    """The rule with this id, or ``None``."""
    return next((rule for rule in all_rules(own) if rule.id == id), None)

"""All rules there are, found by looking through the modules of this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from inspector import rules
from inspector.rules.base import Rule


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by topic module in alphabetical order and within one in the order written.

    Raises `ValueError` where two rules have one id.
    """
    found: dict[str, Rule] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(rules.__path__)):
        for value in vars(importlib.import_module(f"{rules.__name__}.{module}")).values():
            if isinstance(value, Rule):
                if found.get(value.id, value) is not value:
                    raise ValueError(f"two rules are called {value.id}")
                found[value.id] = value
    return tuple(found.values())


def topics() -> tuple[str, ...]:
    """The topics there are rules in, in alphabetical order."""
    return tuple(sorted({rule.topic for rule in all_rules()}))


def rule_by_id(id: str) -> Rule | None:
    """The rule with this id, or ``None``."""
    return next((rule for rule in all_rules() if rule.id == id), None)

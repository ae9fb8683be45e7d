"""Preferences with weights: ``Accept`` and its relatives (RFC 9110, sections 12.4.2 and 12.5)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.fields.cache_control import split_list
from inspector.fields.parameters import parse_parameters
from inspector.patterns import compile_late

_QVALUE = compile_late(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


class Preference(Struct, frozen=True):
    """One member: what it names (lower case), its parameters besides ``q``, and its weight from 0 to 1.

    `valid` is false where the weight is not one the standard allows; the weight then counts as 1.
    """

    name: str
    weight: float
    parameters: tuple[tuple[str, str], ...] = ()
    valid: bool = True


@lru_cache(maxsize=1024)
def parse_preferences(value: str) -> tuple[Preference, ...]:
    """The members in the order of preference: greatest weight first, and as written where weights are equal."""
    found: list[Preference] = []
    for member in split_list(value):
        parsed = parse_parameters(member)
        weight, valid = 1.0, True
        text = parsed.parameters.get("q")
        if text is not None:
            valid = _QVALUE.fullmatch(text) is not None
            weight = float(text) if valid else 1.0
        rest = tuple((name, said) for name, said in parsed.parameters.items() if name != "q")
        found.append(Preference(parsed.value.lower(), weight, rest, valid))
    return tuple(sorted(found, key=lambda preference: -preference.weight))

"""The guide: which entry explains a field, and what is said of one line."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from msgspec import Struct

from inspector import fieldguide
from inspector.exchange import Fields
from inspector.fieldguide.base import Around, Entry, Message
from inspector.fieldguide.unknown import shape_of_name

LONGEST = 16_384
"""Characters of a value that is read."""
MOST_SAID = 900
"""Characters said of one value."""

_JUDGED_AS_ONE = frozenset(
    {
        "content-type",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
    }
)
"""Fields whose lines mean one thing together: none of them is read by itself."""


class Explained(Struct, frozen=True):
    """What is said of one field line. `known` is false where the guide has no entry; `meaning` then says just what
    follows from the name's shape. `says` is ``None`` where the value adds nothing."""

    meaning: str
    says: str | None
    reference: str | None
    known: bool


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """Every entry, by family in alphabetical order and within one in the order written.

    Raises `ValueError` where two entries have one name.
    """
    found: dict[str, Entry] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(fieldguide.__path__)):
        for value in vars(importlib.import_module(f"{fieldguide.__name__}.{module}")).values():
            if isinstance(value, tuple) and value and all(isinstance(entry, Entry) for entry in value):
                for entry in value:
                    if found.setdefault(entry.name.lower(), entry) is not entry:
                        raise ValueError(f"two entries are called {entry.name}")
    return tuple(found.values())


@lru_cache(maxsize=1)
def _by_name() -> tuple[dict[str, Entry], tuple[tuple[str, Entry], ...]]:
    exact = {entry.name.lower(): entry for entry in entries() if not entry.name.endswith("*")}
    beginnings = [(entry.name.lower()[:-1], entry) for entry in entries() if entry.name.endswith("*")]
    return exact, tuple(sorted(beginnings, key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=4096)
def entry_for(name: str) -> Entry | None:
    """The entry that explains a field, by its name in any case; ``None`` for an unknown one."""
    exact, beginnings = _by_name()
    name = name.lower()
    found = exact.get(name)
    if found is None:
        found = next((entry for start, entry in beginnings if name.startswith(start) and name != start), None)
    return found


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all entries."""
    return tuple(entry.name for entry in entries())


def explain(value: str, around: Around) -> Explained:
    """Explain one line, `around.name` being its field's name in lower case. Never raises for what a line holds."""
    entry = entry_for(around.name)
    if entry is None:
        return _unknown(around.name)
    lead, value = _whole(value, around)
    if len(value) > LONGEST:
        says = f"A value of {len(value):,} characters, too long to be read here."
    else:
        says = entry.read(value, around)
        if lead and says:
            says = f"{lead}: {says[0].lower() if says[1:2].islower() else says[0]}{says[1:]}"
        if len(says) > MOST_SAID:
            says = says[:MOST_SAID].rpartition(" ")[0] + " …"
    return Explained(entry.meaning, says or None, entry.reference, True)


def _whole(value: str, around: Around) -> tuple[str, str]:
    """What is read for a line of a field that browsers judge as one, and the words that say so."""
    if around.name not in _JUDGED_AS_ONE:
        return "", value
    lines = around.fields.all(around.name)
    if len(lines) < 2:
        return "", value
    if around.name == "strict-transport-security":
        return "Browsers read the first line alone", lines[0]
    return "All lines of the field together", ", ".join(lines)


def look_up(name: str, value: str | None, message: str | None = None) -> list[tuple[Message, Explained]]:
    """What is said of a field by itself, outside an exchange, for each kind of message it belongs in.

    Without a value, its entry's example is explained. `message` chooses one kind (``"request"``, ``"response"``).
    Kinds of which the same is said come once.
    """
    entry = entry_for(name)
    kinds: tuple[Message, ...] = ("request", "response")
    if message is not None:
        kinds = tuple(kind for kind in kinds if kind == message)
    elif entry is None:
        kinds = ("response",)
    elif entry.on != "both":
        kinds = tuple(kind for kind in kinds if kind == entry.on)
    text = value if value is not None else entry.example if entry is not None else ""
    found: list[tuple[Message, Explained]] = []
    for kind in kinds:
        fields = Fields.of([(name, text)])
        said = explain(text, Around(name.lower(), kind, fields=fields))
        if all(said != told for _, told in found):
            found.append((kind, said))
    return found


@lru_cache(maxsize=4096)
def _unknown(name: str) -> Explained:
    return Explained(shape_of_name(name, names()), None, None, False)

"""What the guide knows of a field: its meaning, the section that defines it, an example, and how its value is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from inspect import signature
from typing import Literal, cast

from msgspec import Struct

from inspector.exchange import NO_FIELDS, Fields
from inspector.fields.browser_date import read_date

Message = Literal["request", "response"]
On = Literal["request", "response", "both"]
REQUEST: On = "request"
RESPONSE: On = "response"
BOTH: On = "both"

RFC = "https://www.rfc-editor.org/rfc/rfc"
FETCH = "https://fetch.spec.whatwg.org/"
HTML = "https://html.spec.whatwg.org/multipage/"
MDN = "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/"


class Around(Struct, frozen=True, dict=True):
    """The exchange around a field line. `name` is the line's in lower case.

    `started` is when the request was sent, in seconds since 1970. `fields` are those of the message that holds the
    line, `other` those of the other message.
    """

    name: str = ""
    message: Message = "response"
    started: float | None = None
    method: str = "GET"
    status: int = 0
    url: str = ""
    fields: Fields = NO_FIELDS
    other: Fields = NO_FIELDS

    @cached_property
    def sent(self) -> float | None:
        """When this message was sent: a response's own ``Date`` where it has one, else when the exchange began."""
        if self.message == "response" and (date := self.fields.get("date")):
            said = read_date(date)
            if said is not None:
                return said
        return self.started


Plain = Callable[[str], str]
"""Reads a value that means the same wherever it stands."""
Placed = Callable[[str, Around], str]
"""Reads a value that means something in its exchange only: a date, say."""


class Row(Struct, frozen=True):
    """A field as the tables of the guide write it."""

    name: str
    on: On
    meaning: str
    reference: str
    example: str


class Entry(Struct, frozen=True):
    """One field the guide knows.

    `name` is written as its standard does; a trailing ``*`` stands for any ending. `meaning` is one sentence on what
    the field is for. The reader gives a sentence on one value, ``""`` where there is nothing to add to the meaning,
    and is total: a value that cannot be read is said to be so. It never quotes a secret.
    """

    name: str
    on: On
    meaning: str
    reference: str
    example: str
    plain: Plain | None = None
    placed: Placed | None = None

    def read(self, value: str, around: Around) -> str:
        """What this value says, as a sentence or several; ``""`` where there is nothing to add."""
        if self.placed is not None:
            return self.placed(value, around)
        return _read(self.plain, value) if self.plain is not None else ""


@lru_cache(maxsize=16_384)
def _read(reader: Plain, value: str) -> str:
    return reader(value)


def row(name: str, on: On, meaning: str, reference: str, example: str) -> Row:
    """A field for a table: see `Entry`."""
    return Row(name, on, meaning, reference, example)


def reads(*rows: Row) -> Callable[[Plain | Placed], tuple[Entry, ...]]:
    """Make a function the reader of some fields. It takes the value, or the value and an `Around`."""

    def decorate(reader: Plain | Placed) -> tuple[Entry, ...]:
        if len(signature(reader).parameters) == 2:
            placed = cast("Placed", reader)
            return tuple(Entry(r.name, r.on, r.meaning, r.reference, r.example, placed=placed) for r in rows)
        plain = cast("Plain", reader)
        return tuple(Entry(r.name, r.on, r.meaning, r.reference, r.example, plain=plain) for r in rows)

    return decorate


def known(*rows: Row) -> tuple[Entry, ...]:
    """Fields whose meaning says all there is to say."""
    return tuple(Entry(r.name, r.on, r.meaning, r.reference, r.example) for r in rows)

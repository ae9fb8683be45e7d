"""``Cache-Control`` (RFC 9111, section 5.2), read twice: as the standard asks recipients to, and as Chromium does.

The two differ for values that should not have been written so: Chromium knows a directive only in its plain form, so
``max-age="60"``, ``max-age =60`` and ``no-cache="set-cookie"`` say nothing to it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

# Cache-Control   = #cache-directive
# cache-directive = token [ "=" ( token / quoted-string ) ]
_TOKEN = compile_late(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
MOST_SECONDS = 2**31
"""A greater delta-seconds counts as this one (RFC 9111, section 1.2.2)."""

RESPONSE_DIRECTIVES = frozenset(
    {
        "max-age",
        "s-maxage",
        "no-cache",
        "no-store",
        "no-transform",
        "must-revalidate",
        "proxy-revalidate",
        "must-understand",
        "private",
        "public",
        "immutable",
        "stale-while-revalidate",
        "stale-if-error",
    }
)
REQUEST_DIRECTIVES = frozenset(
    {"max-age", "max-stale", "min-fresh", "no-cache", "no-store", "no-transform", "only-if-cached", "stale-if-error"}
)
IN_SECONDS = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "min-fresh", "max-stale"})


class Directive(Struct, frozen=True):
    """One directive: its name in lower case, its argument without quotes, and how it was written."""

    name: str
    argument: str | None
    quoted: bool
    text: str

    @property
    def seconds(self) -> int | None:
        """The argument as delta-seconds, quoted or not; ``None`` where it is none."""
        return delta_seconds(self.argument) if self.argument is not None else None


class CacheControl(Struct, frozen=True):
    """A parsed value. `directives` keeps every member in order, repetitions too."""

    directives: tuple[Directive, ...]
    names: frozenset[str]
    """The directives' names."""
    texts: frozenset[str]
    """The directives as they were written, in lower case."""

    def has(self, name: str) -> bool:
        """Whether the directive is there in any form."""
        return name in self.names

    def unqualified(self, name: str) -> bool:
        """Whether the directive is there without naming fields: ``private``, not ``private="set-cookie"``."""
        return name in self.names and "" in [d.argument or "" for d in self.directives if d.name == name]

    def seconds(self, name: str) -> int | None:
        """The first readable argument of a directive as the standard reads it: quoted or not."""
        if name in self.names:
            for d in self.directives:
                if d.name == name and (found := d.seconds) is not None:
                    return found
        return None

    def plain(self, name: str) -> bool:
        """Whether Chromium sees the directive: written alone, without an argument, in any case."""
        return name in self.texts

    def plain_seconds(self, name: str) -> int | None:
        """The number Chromium takes: from the first member that is the name, ``=`` and digits, perhaps among spaces."""
        if name not in self.names:
            return None
        start = name + "="
        for d in self.directives:
            if d.text.lower().startswith(start):
                found = delta_seconds(d.text[len(start) :].strip(" "))
                if found is not None:
                    return found
        return None


def delta_seconds(text: str) -> int | None:
    """``1*DIGIT`` as a number, at most `MOST_SECONDS`; ``None`` where it is anything else."""
    if not (text.isascii() and text.isdigit()):
        return None
    significant = text.lstrip("0")
    return MOST_SECONDS if len(significant) > 10 else min(int(significant or "0"), MOST_SECONDS)


def split_list(value: str) -> tuple[str, ...]:
    """A comma-separated value's members, trimmed, empty ones dropped; commas inside quotes do not separate."""
    if '"' not in value:
        return tuple([member for part in value.split(",") if (member := part.strip(" \t"))])
    members: list[str] = []
    start, quoted, escaped = 0, False, False
    for i, c in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            if c == "\\":
                escaped = True
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c == ",":
            members.append(value[start:i])
            start = i + 1
    members.append(value[start:])
    return tuple(member for part in members if (member := part.strip(" \t")))


def unquote(text: str) -> str | None:
    """The content of a quoted-string (RFC 9110, section 5.6.4), or ``None`` where it is not one."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return None
    inner = text[1:-1]
    if '"' not in inner and "\\" not in inner:
        return inner
    if re.fullmatch(r'(?:[^"\\]|\\.)*', inner, re.DOTALL) is None:
        return None
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


@lru_cache(maxsize=4096)
def parse_cache_control(value: str) -> CacheControl:
    """Parse a combined field value. Never raises: a member that is no directive keeps its text as its name."""
    directives = tuple([_directive(member) for member in split_list(value)])
    names, texts = [d.name for d in directives], [d.text.lower() for d in directives]
    return CacheControl(directives, frozenset(names), frozenset(texts))


def _directive(text: str) -> Directive:
    name, equals, argument = text.partition("=")
    name = name.strip(" \t").lower()
    if not equals:
        return Directive(name, None, False, text)
    argument = argument.strip(" \t")
    inner = unquote(argument)
    return Directive(name, argument if inner is None else inner, inner is not None, text)


def is_token(text: str) -> bool:
    """Whether a text is a token (RFC 9110, section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None

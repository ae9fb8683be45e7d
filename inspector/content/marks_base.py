"""What a mark is: something that rules look for in content, found by rare literals and confirmed where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

TEXTUAL = frozenset({"html", "script", "json", "xml", "text", "form", "none", "other"})
"""The kinds of content (see `inspector.content.kinds`) that are read for marks unless a mark says otherwise."""
SHOWN = frozenset({"html", "json", "xml", "text", "none"})
"""What a server writes for a reader, as opposed to code and files."""


class Mark(Struct, frozen=True):
    """One thing to look for.

    `id` is ``group/what``: rules ask by group. `literals` are what the scan looks for, case-sensitive and as rare as
    they come. Where one is found, `pattern` (without it the literal itself is enough) is matched from there, in a
    window of `after` octets; with `before`, it is searched for from that many octets ahead. The part named ``found``,
    else all of the match, is what `valid` then judges.
    """

    id: str
    name: str
    """What a person calls it, with its article: ``an AWS access key id``."""
    literals: tuple[str, ...]
    pattern: re.Pattern[bytes] | None = None
    before: int = 0
    after: int = 256
    kinds: frozenset[str] = TEXTUAL
    valid: Callable[[bytes], bool] | None = None

    @property
    def group(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

"""Makes text from traffic safe for a terminal. Everything a capture holds is hostile, the method and URL included.

What comes out has printable characters only: it cannot move the cursor, set a title, change a colour, reverse the
reading direction, hide characters or begin a line of its own. What was there stays visible as an escape
(``\\x1b``, ``\\u202e``), because it is worth seeing.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

LONGEST = 4000
"""Characters shown of one value at most; longer ones are cut in the middle."""

_NOT_WORTH_CUTTING = 24
"""Characters over the limit that take no more room than saying that they were left out."""

_MOST_COMBINING = 4
"""Marks stacked on one character; scripts need up to three, text that climbs over other lines uses dozens."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Printable as Python sees it, yet drawn as nothing at all: joiners, variation selectors, fillers, the Braille blank.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)


def visible(text: str) -> str:
    """`text` on one line, with everything but printable characters written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    stacked = _MOST_COMBINING  # a mark at the beginning would join whatever we print before it
    for character in text:
        if _combines(character):
            stacked += 1
            shown.append(character if stacked <= _MOST_COMBINING else _escape(character))
        else:
            stacked = 0
            shown.append(_shown(character))
    return "".join(shown)


def clipped(text: str, limit: int = LONGEST) -> str:
    """`visible`, with the middle of a value longer than `limit` characters replaced by how much was left out."""
    left_out = len(text) - limit
    if left_out <= _NOT_WORTH_CUTTING:
        return visible(text)
    tail = limit // 3
    return f"{visible(text[: limit - tail])} … {left_out:,} characters … {visible(text[len(text) - tail :])}"


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    return character if character.isprintable() and character not in _INVISIBLE else _escape(character)


@lru_cache(maxsize=4096)
def _combines(character: str) -> bool:
    return character > "\u02ff" and character not in _INVISIBLE and unicodedata.category(character) in ("Mn", "Me")


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return _SHORT.get(character) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

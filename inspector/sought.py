"""Many texts looked for in another: one after the other where they are few, all in one pass where they are not.

What a message carries may be looked for in each of its lines; a thousand cookies in a thousand lines would be a million
looks.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

FEW = 64
"""Texts that are found one after the other faster than all at once."""


class Sought:
    """Texts to look for, in the order they are given in."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts

    def within(self, text: str) -> list[str]:
        """Those of the texts that are somewhere in `text`, in order."""
        if len(self.texts) <= FEW:
            return [sought for sought in self.texts if sought in text]
        found = {place for place, _, _ in self._all_at_once.find_matches_as_indexes(_octets(text), overlapping=True)}
        return [self.texts[place] for place in sorted(found)]

    @cached_property
    def known(self) -> frozenset[str]:
        """The texts, to ask whether one is among them."""
        return frozenset(self.texts)

    @cached_property
    def _all_at_once(self) -> BytesAhoCorasick:
        from ahocorasick_rs import BytesAhoCorasick  # compiled, and seldom needed

        return BytesAhoCorasick([_octets(text) for text in self.texts])


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

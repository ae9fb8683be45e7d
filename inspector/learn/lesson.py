"""What a lesson is: steps that show something real, each with a question that checks itself.

A lesson is one file that ends in ``LESSON = Lesson(...)``; docs/lessons.md says how to write one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from inspector.learn.bench import Bench
from inspector.learn.page import Page

_WORD = re.compile(r"\w+")
_LETTERS = "abcde"


class Unexpected(Exception):
    """An experiment did not show what the lesson says it shows; the message is one line."""


class Choice(Struct, frozen=True):
    """One answer offered: its text, and why it is right or not, in a sentence or two."""

    text: str
    because: str
    right: bool = False


class Question(Struct, frozen=True):
    """A question with two to five answers to choose from, one of them right.

    Raises (on making):
        ValueError: there are fewer or more answers, or not just one of them is right.
    """

    text: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.choices) <= len(_LETTERS) or sum(each.right for each in self.choices) != 1:
            raise ValueError(f"a question has two to five answers, one of them right: {self.text}")

    @property
    def lettered(self) -> tuple[tuple[str, Choice], ...]:
        """Each answer with its letter."""
        return tuple(zip(_LETTERS, self.choices, strict=False))

    @property
    def answer(self) -> tuple[str, Choice]:
        """The right one, with its letter."""
        return next(pair for pair in self.lettered if pair[1].right)

    def hear(self, typed: str) -> Choice | None:
        """Which answer somebody means who types a letter, or words that stand in one answer alone."""
        words = _words(typed)
        if len(words) == 1:
            for letter, choice in self.lettered:
                if words == [letter]:
                    return choice
        meant = [choice for choice in self.choices if words and set(words) <= set(_words(choice.text))]
        exact = [choice for choice in meant if words == _words(choice.text)]
        found = exact or meant
        return found[0] if len(found) == 1 else None


class Step(Struct, frozen=True):
    """One screen of a lesson. `play` shows it, on the page and with what the bench holds, and may end in a question."""

    title: str
    play: Callable[[Page, Bench], Question | None]


class Lesson(Struct, frozen=True):
    """A lesson: its name on the command line, a line on what it is about, how long it takes a person, its steps."""

    name: str
    about: str
    minutes: int
    steps: tuple[Step, ...]


def ask(text: str, *choices: Choice) -> Question:
    """A question, its answers as arguments."""
    return Question(text, choices)


def right(text: str, because: str) -> Choice:
    """The right answer, and why it is."""
    return Choice(text, because, right=True)


def wrong(text: str, because: str) -> Choice:
    """An answer that is not right, and why not."""
    return Choice(text, because)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())

"""What a lesson's experiments stand on: servers, keys and files, made when first needed and taken away at the end.

    def shop(bench: Bench) -> Shop:
        return bench.enter(Shop(...))

    bench.have(shop)        # the same one in every step of the lesson

Since each step asks for what it needs, a lesson can begin at any of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Bench:
    """Keeps what was made for the steps of one run of a lesson. Use it with ``with``."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._made: dict[Callable[[Bench], Any], Any] = {}

    @cached_property
    def directory(self) -> Path:
        """A temporary directory that only this user can enter; removed at the end."""
        return Path(self.enter(tempfile.TemporaryDirectory(prefix="inspector-lesson-")))

    def have(self, make: Callable[[Bench], T]) -> T:
        """What `make` returns: called at the first time, remembered from then on."""
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Enter a context that lasts until the lesson ends; the last one entered is left first."""
        return self._held.enter_context(manager)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

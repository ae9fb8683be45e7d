"""Regular expressions that are compiled when they are first used.

A run meets few of the several hundred patterns there are, and compiling all of them took a fifth of the time before
the first word was printed.
"""

from __future__ import annotations

import re
from typing import Any, cast, overload


class _Pattern:
    """Stands for `re.Pattern`: compiles at the first look at a member, which it then has as its own."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._source = text, flags

    def __getattr__(self, name: str) -> Any:
        text, flags = self._source
        member = getattr(re.compile(text, flags), name)
        setattr(self, name, member)  # found without this detour from now on, at the speed of the pattern itself
        return member


@overload
def compile_late(text: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def compile_late(text: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def compile_late(text: str | bytes, flags: int = 0) -> re.Pattern[str] | re.Pattern[bytes]:
    """What `re.compile` gives, compiled when it is first used.

    Raises `re.error`, then, where the text is no pattern: `tests/test_patterns.py` compiles all of them.
    """
    return cast("re.Pattern[str]", _Pattern(text, flags))

"""Policies as the Observatory reads them, which is not how browsers do.

It splits no commas (several fields reach it joined into one), refuses a policy that repeats a directive, and merges
the policies of field and markup by comparing source expressions as strings. `inspector.fields.csp` reads policies as
browsers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from inspector.grade.evidence import WHITE
from inspector.patterns import compile_late

SHORTEST = 6
REPEATABLE = frozenset({"report-uri", "report-to"})
FORBIDDEN_IN_MARKUP = ("frame-ancestors", "report-uri", "sandbox")

_SPACE = compile_late(f"[{WHITE}]+")
_COLLATION = {c: n for n, c in enumerate(" _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz")}
"""The order of ASCII characters in Unicode's root collation, by which sources are sorted before they are compared."""
_PERCENT = compile_late("%(?![0-9A-Fa-f]{2})")
_ESCAPES = compile_late("(?:%[0-9A-Fa-f]{2})+")

Reading = dict[str, set[str]]
"""Directive → its sources, in lower case."""


class Refused(ValueError):
    """The Observatory takes this for no policy."""


class _Source:
    __slots__ = ("keep", "policy", "text")

    def __init__(self, text: str, policy: int) -> None:
        self.text = text
        self.policy = policy
        self.keep = policy == 0


def read(policies: Sequence[str]) -> tuple[Reading, bool]:
    """Read policies and merge them; also whether one repeats a directive that may be repeated.

    Raises `Refused` for a policy that is too short or repeats another directive.
    """
    frozen, repeated = _read(tuple(policies))
    return {name: set(sources) for name, sources in frozen}, repeated


@lru_cache(maxsize=256)
def _read(policies: tuple[str, ...]) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], bool]:
    texts = [policy.replace("\r", "").replace("\n", "").strip(WHITE) for policy in policies]
    if any(len(text) < SHORTEST for text in texts):
        raise Refused("it is too short to be a policy")
    merged: dict[str, list[_Source]] = {}
    repeated = False
    for number, text in enumerate(texts):
        seen: set[str] = set()
        for part in text.split(";"):
            name, *words = _SPACE.split(part.strip(WHITE))
            name = name.lower()
            if not name:
                continue
            if name in seen and name not in REPEATABLE:
                raise Refused(f"it repeats `{name}`")
            repeated = repeated or name in seen
            seen.add(name)
            if not words and name.endswith("-src"):
                words = ["'none'"]
            sources = [_Source(word.lower(), number) for word in words]
            if number:
                sources = [*merged.get(name, ()), *sources]
            merged[name] = _merge(sources)
            if number == 0 and len(texts) > 1:
                for source in merged[name]:
                    source.keep = False
    return tuple((name, tuple({s.text for s in kept}) or ("'none'",)) for name, kept in merged.items()), repeated


def _merge(sources: list[_Source]) -> list[_Source]:
    """Sources that only lengthen their neighbour go; of several policies, those stay that match their neighbour."""
    if len(sources) > 1:
        sources.sort(key=_collated)
    for before, source in pairwise(sources):
        if source.policy == before.policy:
            if source.text.startswith(before.text):
                source.keep = False
        elif _matches(before.text, source.text):
            source.keep = True
    return [source for source in sources if source.keep]


def _collated(source: _Source) -> tuple[int, ...]:
    return _weights(source.text)


@lru_cache(maxsize=512)
def _weights(text: str) -> tuple[int, ...]:
    return tuple([_COLLATION.get(c, ord(c) + 100) for c in text])


def _matches(a: str, b: str) -> bool:
    """Whether `b` is `a`, or lies under it where `a` ends with a slash. Raises `Refused` for a broken escape."""
    if not a:
        return True
    exact = not a.endswith("/")
    left, right = a.split("/"), b.split("/")
    if len(left) > len(right) or (exact and len(left) != len(right)):
        return False
    if not exact:
        left.pop()
    return all(_unescaped(x) == _unescaped(y) for x, y in zip(left, right, strict=False))


def _unescaped(text: str) -> str:
    if _PERCENT.search(text):
        raise Refused("it holds a broken percent-escape")
    try:
        return _ESCAPES.sub(lambda m: bytes.fromhex(m[0].replace("%", "")).decode("utf-8"), text)
    except UnicodeDecodeError:
        raise Refused("it holds a broken percent-escape") from None

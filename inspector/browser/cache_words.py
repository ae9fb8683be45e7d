"""Durations in words, for sentences about caching."""

from __future__ import annotations

from functools import lru_cache

_UNITS = (("year", 31_536_000), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@lru_cache(maxsize=4096)
def duration(seconds: float) -> str:
    """Seconds as words in at most two units: ``"1 hour"``, ``"2 days 3 hours"``, ``"less than a second"``."""
    if 0 < seconds < 1:
        return "less than a second"
    rest = int(seconds)
    parts: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(rest, size)
        if count:
            parts.append(f"{count:,} {name}{'' if count == 1 else 's'}")
            rest = left
            if len(parts) == 2:
                break
        elif parts:
            break  # "1 year 3 seconds" says no more than "1 year"
    return " ".join(parts) or "0 seconds"

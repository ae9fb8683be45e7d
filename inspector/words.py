"""Numbers in words: durations, sizes, moments, counts. Every sentence takes them from here, so that they agree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

_Unit = tuple[int, str, int, str]
"""Seconds and name of a unit, and of the next smaller one."""
_MINUTE: _Unit = 60, "minute", 1, "second"
_HOUR: _Unit = 3_600, "hour", 60, "minute"
_DAY: _Unit = 86_400, "day", 3_600, "hour"
_YEAR: _Unit = 86_400 * 365, "year", 86_400, "day"
_ONE_YEAR, _TWO_YEARS = _YEAR[0], 2 * _YEAR[0]


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 request``, ``2,400 requests``; `plural` for nouns that do not simply take an ``s``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


@lru_cache(maxsize=4096)
def duration(seconds: float) -> str:
    """A length of time in its largest unit, and the next one where it adds something: ``2 hours 30 minutes``.

    Below ten seconds, with one decimal; below one, in milliseconds.
    """
    if seconds < 0.9995:
        return "-" + duration(-seconds) if seconds < 0 else f"{abs(seconds) * 1000:.0f} ms"
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} seconds"
    whole = round(seconds)
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    if whole < 3_600:
        unit = _MINUTE
    elif whole < 86_400:
        unit = _HOUR
    elif whole >= _TWO_YEARS or whole == _ONE_YEAR:  # 400 days say more than 1 year 35 days
        unit = _YEAR
    else:
        unit = _DAY
    size, name, smaller, smaller_name = unit
    many, rest = divmod(whole, size)
    text = f"{many:,} {name}" if many == 1 else f"{many:,} {name}s"
    return f"{text} {count(rest // smaller, smaller_name)}" if many < 10 and rest >= smaller else text


def milliseconds(value: float) -> str:
    """A duration given in milliseconds: ``85 ms``, ``2.4 seconds``."""
    return duration(value / 1000)


def octets(number: int) -> str:
    """A size: ``512 bytes``, ``1.4 kB``, ``22 MB`` (powers of ten)."""
    if number < 1000:
        return count(number, "byte")
    size, unit = (
        (number / 1e3, "kB")
        if number < 999_500
        else (number / 1e6, "MB")
        if number < 999_500_000
        else (number / 1e9, "GB")
    )
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def moment(timestamp: float, near: float | None = None) -> str:
    """A point in time in UTC; without the date where it falls on the day of `near` (both seconds since 1970).

    Out-of-range timestamps give the bare number of seconds.
    """
    try:
        when = datetime.fromtimestamp(timestamp, UTC)
        same_day = near is not None and datetime.fromtimestamp(near, UTC).date() == when.date()
    except (ValueError, OverflowError, OSError):
        return f"{timestamp:.0f} seconds since 1970"
    return f"{when:%H:%M:%S} UTC" if same_day else f"{when.day} {when:%B %Y, %H:%M:%S} UTC"


def listed(items: Iterable[str], joiner: str = "and", most: int = 6) -> str:
    """``a, b and c``; beyond `most` the rest is counted: ``a, b and 7 more``."""
    all_items = list(items)
    if len(all_items) > most:
        all_items = [*all_items[: most - 1], f"{len(all_items) - most + 1} more"]
    if len(all_items) < 2:
        return "".join(all_items)
    return f"{', '.join(all_items[:-1])} {joiner} {all_items[-1]}"


def ticked(items: Iterable[str]) -> list[str]:
    """Each item as code: between backticks."""
    return [f"`{item}`" for item in items]

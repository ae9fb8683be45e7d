"""Dates in fields, as the standard writes them (RFC 9110, section 5.6.7)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from inspector.patterns import compile_late

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name.lower(): i for i, name in enumerate(_MONTH_NAMES, 1)}
_MONTH = "(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = r"(?P<time>\d\d:\d\d:\d\d)"

# IMF-fixdate    = Sun, 06 Nov 1994 08:49:37 GMT
# rfc850-date    = Sunday, 06-Nov-94 08:49:37 GMT
# asctime-date   = Sun Nov  6 08:49:37 1994
_WEEKDAYS = frozenset(f"{day}, " for day in _DAYS)
_RFC850 = compile_late(
    rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT", re.ASCII
)
_ASCTIME = compile_late(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>\d\d| \d) {_TIME} (?P<year>\d{{4}})", re.ASCII
)
# Two digits → seconds
_HOURS = {f"{number:02d}": number * 3600.0 for number in range(24)}
_MINUTES = {f"{number:02d}": number * 60.0 for number in range(60)}
_SECONDS = {f"{number:02d}": float(number) for number in range(61)}
_UNIX_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=8192)
def parse_http_date(value: str) -> float | None:
    """An HTTP-date in any of its three forms as seconds since 1970, or ``None`` where it is none.

    A day that does not exist is none. Two-digit years are read as browsers read them: 70 to 99 is the last century.
    """
    moment = parse_imf_fixdate(value)
    if moment is not None or len(value) < len("Sun Nov  6 08:49:37 1994"):
        return moment
    match = (_RFC850 if "day, " in value else _ASCTIME).fullmatch(value)
    if match is None:
        return None
    day, month, year, time = match.group("day", "month", "year", "time")
    return parse_imf_fixdate(f"Mon, {day.replace(' ', '0')} {month} {full_year(year):04d} {time} GMT")


def parse_imf_fixdate(value: str) -> float | None:
    """The one form of HTTP-date that may be generated as seconds since 1970, or ``None`` where a value is not that.

    Nearly every date has this form, and a recording holds thousands: its parts are looked up where they have to stand.
    """
    if value[25:] != " GMT" or value[16:23:3] != " ::" or value[:5] not in _WEEKDAYS:
        return None
    midnight = _midnight(value[5:16])
    if midnight is None:
        return None
    try:
        return midnight + _HOURS[value[17:19]] + _MINUTES[value[20:22]] + _SECONDS[value[23:25]]
    except KeyError:
        return None


@lru_cache(maxsize=2048)
def _midnight(text: str) -> float | None:
    """When a day such as ``06 Nov 1994`` begins, in seconds since 1970; ``None`` where there is no such day."""
    day, month, year = text[:2], text[3:6], text[7:]
    if text[2:7:4] != "  " or month not in _MONTH_NAMES or not (text.isascii() and (day + year).isdigit()):
        return None
    try:
        return (date(int(year), MONTHS[month.lower()], int(day)).toordinal() - _UNIX_EPOCH) * 86400.0
    except ValueError:
        return None


def format_http_date(seconds: float) -> str:
    """Seconds since 1970 as an IMF-fixdate. Raises `ValueError` outside the years 1 to 9999."""
    try:
        t = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no date: {seconds!r}") from error
    month = _MONTH_NAMES[t.month - 1]
    return f"{_DAYS[t.weekday()]}, {t.day:02d} {month} {t.year:04d} {t.hour:02d}:{t.minute:02d}:{t.second:02d} GMT"


def full_year(digits: str) -> int:
    """A year of two digits as browsers read it: 70 to 99 is the last century; a longer one as it is."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar, for any year (`datetime` ends at 9999)."""
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468

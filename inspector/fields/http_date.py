"""Dates in fields (RFC 9110, section 5.6.7): strictly as the standard writes them, leniently as browsers read them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from inspector.patterns import compile_late

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name.lower(): i for i, name in enumerate(_MONTH_NAMES, 1)}
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
    if moment is not None or len(value) < _SHORTEST:
        return moment
    match = (_RFC850 if "day, " in value else _ASCTIME).fullmatch(value)
    if match is None:
        return None
    day, month, year, time = match.group("day", "month", "year", "time")
    return parse_imf_fixdate(f"Mon, {day.replace(' ', '0')} {month} {_full_year(year):04d} {time} GMT")


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
        return (date(int(year), _MONTHS[month.lower()], int(day)).toordinal() - _UNIX_EPOCH) * 86400.0
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


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


# -- what browsers accept besides ------------------------------------------------------------------------------------

_ZONES = {"gmt": 0, "utc": 0, "ut": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
_ZONES |= {"pst": -8, "pdt": -7, "wet": 0, "met": 1, "eet": 2, "jst": 9}
_CLOCK = compile_late(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?:\.\d{1,9})?\s*(?P<half>[ap]m\b)?"
    r"(?:\s*(?P<zone>[A-Za-z]{1,4}\b|[+-]\d{2}:?\d{2}))?",
    re.ASCII | re.IGNORECASE,
)
_NAMED = compile_late(
    r"(?<![\d])(?P<day>\d{1,2})[\s-]+(?P<month>[A-Za-z]{3,9})[\s,-]+(?P<year>\d{2,5})(?![\d:])", re.ASCII
)
_NAMED_US = compile_late(
    r"(?P<month>[A-Za-z]{3,9})\s+(?P<day>\d{1,2})(?:,\s*|\s+)(?P<year>\d{4,5}|\d{2})(?![\d:])", re.ASCII
)
_ISO = compile_late(r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?!\d)", re.ASCII)
_SLASHED = compile_late(r"(?<!\d)(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})(?!\d)", re.ASCII)
_SHORTEST, _LONGEST = len("1/1/70"), 80


@lru_cache(maxsize=8192)
def read_date(value: str) -> float | None:
    """A date as browsers read one in ``Date``, ``Expires`` and ``Last-Modified``: any order and many notations.

    Seconds since 1970; ``None`` where a browser finds no date either. A day past the month's end runs on into the
    next month, and a time without a zone is UTC.
    """
    strict = parse_imf_fixdate(value)
    if strict is None:
        strict = parse_http_date(value)
    if strict is not None:
        return strict
    if not _SHORTEST <= len(value) <= _LONGEST:
        return None
    clock = _CLOCK.search(value)
    rest = value if clock is None else f"{value[: clock.start()].removesuffix('T')} {value[clock.end() :]}"
    match = _NAMED.search(rest) or _NAMED_US.search(rest) or _ISO.search(rest) or _SLASHED.search(rest)
    if match is None:
        return None
    month_text = match["month"]
    month = int(month_text) if month_text.isdigit() else _MONTHS.get(month_text[:3].lower(), 0)
    day, year = int(match["day"]), _full_year(match["year"])
    if not (1 <= month <= 12 and 1 <= day <= 31 and year >= 1):
        return None
    hour = minute = second = 0
    offset = 0.0
    if clock is not None:
        hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
        if clock["half"]:
            hour = hour % 12 + (12 if clock["half"].lower() == "pm" else 0)
        if hour > 24 or minute > 59 or second > 60:
            return None
        offset = _offset(clock["zone"])
    start = datetime(min(year, 9999), month, 1, tzinfo=UTC)
    since = timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second) - timedelta(hours=offset)
    return start.timestamp() + since.total_seconds()


def _offset(zone: str | None) -> float:
    if not zone:
        return 0
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        hours = int(digits[:2]) + int(digits[2:]) / 60
        return -hours if zone[0] == "-" else hours
    return _ZONES.get(zone.lower(), 0)

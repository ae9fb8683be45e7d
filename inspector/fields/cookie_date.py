"""Cookie dates: the forgiving algorithm of RFC 6265bis, section 5.1.1, as Chromium applies it.

An ``Expires`` attribute is not read as an HTTP date. It is cut into tokens, and whatever looks like a day, a month, a
year or a time of day is taken, in any order; weekday and zone are ignored, every date is UTC.
"""

from __future__ import annotations

from functools import lru_cache

from inspector.fields.http_date import days_since_epoch, parse_imf_fixdate
from inspector.patterns import compile_late

_TOKENS = compile_late(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache(maxsize=4096)
def parse_cookie_date(text: str) -> float | None:
    """The moment a cookie date names, in seconds since 1970 (UTC), or ``None`` where it names none.

    Chromium decides where it differs from the draft: a year may have one to five digits (the draft: two to four), a
    year before 1601 is a date in the past (the draft: no date), and a part of a time may have leading zeros.
    """
    # Nearly every one is an HTTP-date, perhaps with hyphens, which separate as spaces do. What only one of the two
    # grammars knows is left to the algorithm: a leap second, and years with leading zeros.
    usual = parse_imf_fixdate(text.replace("-", " "))
    if usual is not None and text[12] != "0" and text[23] != "6":
        return usual
    day = month = year = None
    time: tuple[int, int, int] | None = None
    for token in _TOKENS.findall(text):
        if not "0" <= token[0] <= "9":
            if month is None:
                month = _MONTHS.get(token[:3].lower())
        elif ":" in token:
            if time is None:
                time = _time(token)
        elif _digits(token):
            if day is None and len(token) <= 2:
                day = int(token)
            elif year is None and len(token) <= 5:
                year = int(token)
    if day is None or month is None or year is None or time is None:
        return None
    if 70 <= year <= 99:
        year += 1900
    elif year <= 69:
        year += 2000
    hour, minute, second = time
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS_IN_MONTH[month - 1] + leap or hour > 23 or minute > 59 or second > 59:
        return None
    return float(days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _time(token: str) -> tuple[int, int, int] | None:
    parts = token.split(":")
    if len(parts) != 3 or not all(_digits(part) and len(part) <= 32 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])

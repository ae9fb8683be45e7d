"""Dates as Chromium reads them in ``Date``, ``Expires`` and ``Last-Modified``: nearly anything.

The standard knows three forms (`inspector.fields.http_date`). A browser goes through the text word by word and takes
whatever looks like a part of a date, in any order: a month by its first three letters, a number by its length, a time
by its colons. What it does not know it passes over. Nothing is checked against the calendar: 31 April is 1 May, and
25:00 is an hour into the next day, and a month 0 is the December before.
"""

from __future__ import annotations

from functools import lru_cache

from inspector.fields.http_date import MONTHS, days_since_epoch, full_year, parse_http_date
from inspector.patterns import compile_late

_SHORTEST, _LONGEST = len("1/1/70"), 200
_MOST_YEAR = 32767
# Minutes from UTC. ``UTC`` and ``Z`` are not among them: a date without a zone is in UTC anyway.
_ZONES = {"gmt": 0, "ast": -240, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360}
_ZONES |= {"pst": -480, "pdt": -420, "nst": -210, "bst": 60, "met": 60, "eet": 120, "jst": 540}

_WORD_END = compile_late(r"[ \t,;\-+/()\[\]]|T(?=[0-9])")
_BETWEEN = compile_late(r"[ \t,;/()\[\]]*")
_NUMBER = compile_late(r"[0-9]+")
_CLOCK = compile_late(r"([0-9]{1,2}):([0-9]{1,2})(?![0-9])(?!:[0-9]{3})(?::([0-9]{1,2})|:)?(?:\.[0-9]*)?")
_HALF = compile_late(r"[ \t]*([AaPp])[Mm]")
_THREE = compile_late(r"([0-9]{4}|[0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4,5}|[0-9]{1,2})(?:(?=T[0-9])|(?![0-9A-Za-z]))")


@lru_cache(maxsize=8192)
def read_date(value: str) -> float | None:
    """The moment a field names, in seconds since 1970; ``None`` where a browser finds no date either.

    A date needs a day, a month and a year. Without a time it is midnight, without a zone UTC.
    """
    strict = parse_http_date(value)
    if strict is not None:
        return strict
    return _Reading(value).moment() if _SHORTEST <= len(value) <= _LONGEST else None


class _Reading:
    """What has been found in a text so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.day: int | None = None
        self.month: int | None = None
        self.year: int | None = None
        self.clock: tuple[int, int, int] | None = None
        self.zone: int | None = None
        self.offset: int | None = None

    def moment(self) -> float | None:
        """Read word after word, and put together what they gave."""
        text, at = self.text, 0
        while at < len(text):
            end = _WORD_END.search(text, self._word(at))
            if end is None:
                break
            at = self._next_word(end.start())
        if self.day is None or self.month is None or self.year is None or self.year > _MOST_YEAR:
            return None
        hour, minute, second = self.clock or (0, 0, 0)
        minutes = hour * 60 + minute - (self.zone or 0 if self.offset is None else self.offset)
        year, month = (self.year, self.month) if self.month else (self.year - 1, 12)
        return float((days_since_epoch(year, month, 1) + self.day - 1) * 86400 + minutes * 60 + second)

    def _next_word(self, at: int) -> int:
        """Where the word after a separator begins. A hyphen that can be no sign separates too."""
        text = self.text
        while True:
            found = _BETWEEN.match(text, at)
            at = at if found is None else found.end()
            if not text.startswith("-", at):
                break
            after_letter = self.year is None and _is_letter(text[at - 1 : at])
            if not after_letter and _is_digit(text[at + 1 : at + 2]):
                break
            at += 1
        return at + 1 if text.startswith("T", at) and _is_digit(text[at + 1 : at + 2]) else at

    def _word(self, at: int) -> int:
        """Take what the word that begins here says; where what was understood of it ends."""
        start = self.text[at]
        if start in "+-":
            return self._sign(at)
        if _is_digit(start):
            return self._number(at)
        word = self.text[at : at + 3].lower()
        if self.month is None and word in MONTHS:
            self.month = MONTHS[word]
        elif self.zone is None:
            self.zone = 0 if word[:2] == "ut" and not _is_letter(word[2:]) else _ZONES.get(word)
        return at

    def _sign(self, at: int) -> int:
        """``+0100``, ``-05``: a zone of its own, or added to ``GMT``."""
        if self.offset is None and not self.zone:
            digits = _NUMBER.match(self.text, at + 1)
            if digits is not None and len(digits[0]) in (1, 2, 4):
                hours, minutes = (digits[0][:2], digits[0][2:]) if len(digits[0]) == 4 else (digits[0], "0")
                self.offset = (int(hours) * 60 + int(minutes)) * (1 if self.text[at] == "+" else -1)
                self.zone = 0
        return at + 1

    def _number(self, at: int) -> int:
        text = self.text
        found = _NUMBER.match(text, at)
        assert found is not None
        digits, after = found[0], text[found.end() : found.end() + 1]
        if after == ":":
            return self._time(at)
        if after and after in "/-" and _is_digit(text[found.end() + 1 : found.end() + 2]):
            return self._three(at)
        if _is_letter(after):
            return at
        number = int(digits[:5])
        if len(digits) in (4, 5) or (len(digits) == 2 and (self.day is not None or number > 31)):
            if self.year is None:
                self.year = full_year(digits)
        elif len(digits) <= 2 and self.day is None:
            self.day = number
        return at

    def _time(self, at: int) -> int:
        text = self.text
        found = None if self.clock is not None else _CLOCK.match(text, at)
        if found is None:
            return at
        hour, minute, second = (int(part or 0) for part in found.groups())
        if text.startswith("Z", found.end()):
            self.zone = 0
        elif hour <= 12 and (half := _HALF.match(text, found.end())):
            hour = hour % 12 + (12 if half[1] in "Pp" else 0)
        self.clock = hour, minute, second
        return found.end()

    def _three(self, at: int) -> int:
        """``2027-01-05``, ``1/5/27`` or ``25/1/2027``: where it could be either, the month comes first."""
        found = None if self.month is not None else _THREE.match(self.text, at)
        if found is None:
            return at
        one, two, three = (int(part) for part in found.groups())
        if one > 31 or one == 0:
            if two <= 12 and three <= 31:
                self.year, self.month, self.day = full_year(found[1]), two, three
                return found.end()
            return at
        if one > 12:
            if two > 12:
                return found.end()
            one, two = two, one
        self.month, self.day, self.year = one, two, full_year(found[3])
        return found.end()


def _is_letter(text: str) -> bool:
    return text.isascii() and text.isalpha()


def _is_digit(text: str) -> bool:
    return text.isascii() and text.isdigit()

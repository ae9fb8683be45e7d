"""Cookies in words: what the cookie rules share. Values never appear, names are cut short."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from inspector.browser.cookies import MOST_LIFETIME
from inspector.browser.cookies_store import cookie_prefix
from inspector.browser.verdict import SetCookieVerdict, StoredAs
from inspector.fields.cookie_date import parse_cookie_date
from inspector.fields.set_cookie import SetCookie, parse_set_cookie
from inspector.patterns import compile_late
from inspector.report import Evidence
from inspector.subject import Subject
from inspector.words import duration, listed

DRAFT = "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-"
CHIPS = "https://datatracker.ietf.org/doc/html/draft-cutler-httpbis-partitioned-cookies"
_LONGEST_NAME = 40
_SESSION_NAME = compile_late(
    r"(?:^|[-_.:])(?:sess|session|sessid|sid|ssid|auth|token|jwt|login|logged_?in|remember(?:_?me)?|sso|identity|"
    r"credential|access_?token|refresh_?token|id_?token)(?:$|[-_.:\d])|sess(?:ion)?_?id|^connect\.sid$|session$|"
    r"^\.aspx?auth|^\.aspnetcore\.(?:identity|cookies)|^wordpress_(?:logged_in|sec)_|authtoken",
    re.IGNORECASE,
)
_FOR_SCRIPTS = compile_late(r"csrf|xsrf|consent|prefs?\b|lang|locale|theme|currency|antiforgery", re.IGNORECASE)


LEFT = ("stored", "depends", "unknown")
"""The outcomes that leave a cookie behind, as far as is known."""


class Line(Struct, frozen=True):
    """One ``Set-Cookie`` line: its text, what it says, and the verdict on it."""

    text: str
    cookie: SetCookie
    verdict: SetCookieVerdict
    deletes: bool
    """Whether it is written to delete, whatever becomes of it."""
    kept: bool
    """Whether it leaves a cookie behind, as far as is known (deletions and refusals do not)."""


def _line(text: str, verdict: SetCookieVerdict, now: float | None) -> Line:
    """A line and its verdict; `now` is the server's clock (``Date``), else the recording's."""
    cookie, outcome = parse_set_cookie(text), verdict.outcome
    if cookie.max_age is not None:
        deletes = cookie.max_age <= 0
    else:
        deletes = cookie.expires is not None and (cookie.expires <= (now or 0.0) or outcome == "expired")
    return Line(text, cookie, verdict, deletes, outcome in LEFT and not deletes)


def set_lines(x: Subject) -> tuple[Line, ...]:
    """The response's ``Set-Cookie`` lines with their verdicts, in order. Built once for an exchange."""
    return x.memo(_set_lines)


def kept_lines(x: Subject) -> tuple[Line, ...]:
    """Those of the lines that leave a cookie behind."""
    return x.memo(_kept_lines)


def _kept_lines(x: Subject) -> tuple[Line, ...]:
    return tuple([line for line in set_lines(x) if line.kept])


def session_lines(x: Subject) -> tuple[Line, ...]:
    """Those of the lines that leave a cookie behind which looks like one that signs its holder in."""
    return x.memo(_session_lines)


def _session_lines(x: Subject) -> tuple[Line, ...]:
    return tuple([line for line in kept_lines(x) if session_like(line.cookie)])


def _set_lines(x: Subject) -> tuple[Line, ...]:
    if not x.verdicts.set_cookies:
        return ()
    now = x.memo(_clock)
    return tuple(
        [
            _line(text, verdict, now)
            for text, verdict in zip(x.res.all("set-cookie"), x.verdicts.set_cookies, strict=False)
        ]
    )


def _clock(x: Subject) -> float | None:
    """The server's clock by its ``Date``, else the recording's."""
    date = x.res.get("date")
    return (parse_cookie_date(date) if date else None) or x.started


def refused(x: Subject, *codes: str) -> list[Line]:
    """The lines certainly refused for one of these reasons."""
    return [
        line
        for line in set_lines(x)
        if line.verdict.outcome == "blocked" and any(c in line.verdict.codes for c in codes)
    ]


@lru_cache(maxsize=2048)
def shown_name(name: str) -> str:
    """A cookie's name as code, cut short; words for a nameless cookie."""
    if not name:
        return "a cookie without a name"
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    return f"`{short.replace('`', 'ˋ')}`"


def names(cookies: Iterable[str]) -> str:
    """Cookie names in a sentence, each once."""
    return listed([shown_name(name) for name in dict.fromkeys(cookies)])


def names_of(lines: Iterable[Line]) -> str:
    """The names of the cookies of some lines, in a sentence."""
    return names(line.cookie.name for line in lines)


def number(cookies: int) -> str:
    """``1 cookie``, ``3 cookies``."""
    return f"{cookies} cookie{'' if cookies == 1 else 's'}"


def session_like(cookie: SetCookie) -> bool:
    """Whether a cookie looks like one that signs its holder in: by its name, or a JSON Web Token as its value."""
    named = _named_as_session(cookie.name)
    return named or (named is None and cookie.value.startswith("eyJ") and cookie.value.count(".") == 2)


def session_named(name: str) -> bool:
    """Whether a cookie's name alone says that it signs its holder in."""
    return bool(_named_as_session(name))


@lru_cache(maxsize=2048)
def _named_as_session(name: str) -> bool | None:
    """Whether a name is one of a session, or one of something that scripts are to read; ``None`` where of neither."""
    if _FOR_SCRIPTS.search(name):
        return False
    return True if _SESSION_NAME.search(name) else None


def line_evidence(x: Subject, line: Line, mark: str | None = None, label: str | None = None) -> Evidence:
    """A ``Set-Cookie`` line as evidence, value masked; `mark` is looked for without regard to case."""
    evidence = x.field_line("response.field", "set-cookie", line.text, label)
    if mark:
        at = (evidence.value or "").lower().find(mark.lower())
        if at >= 0:
            exact = (evidence.value or "")[at : at + len(mark)]
            return Evidence(evidence.where, evidence.name, evidence.value, exact, label)
    return evidence


def evidence_of(
    x: Subject, lines: list[Line], mark: str | None = None, label: str | None = None
) -> tuple[Evidence, ...]:
    """The first lines as evidence: at most five."""
    return tuple(line_evidence(x, line, mark, label) for line in lines[:5])


def attribute_text(line: Line, name: str) -> str:
    """An attribute as written in the line, its name in the line's own case; empty where it is not there."""
    for part in line.text.split(";")[1:]:
        if part.partition("=")[0].strip().lower() == name:
            return part.strip()
    return ""


def prefix_as_written(name: str) -> str:
    """The name prefix of a cookie as the draft spells it; empty where it has none."""
    found = cookie_prefix(name)
    return next((p for p in ("__Host-Http-", "__Http-", "__Host-", "__Secure-") if p.lower() == found), "")


def day(timestamp: float) -> str:
    """A date in words: ``14 March 2027``."""
    try:
        return _day(int(timestamp // 86_400))
    except (ValueError, OverflowError, OSError):
        return f"{timestamp:.0f} seconds after 1970"


@lru_cache(maxsize=1024)
def _day(days: int) -> str:
    when = datetime.fromtimestamp(days * 86_400, UTC)
    return f"{when.day} {when:%B %Y}"


def asked_lifetime(x: Subject, cookie: SetCookie) -> float | None:
    """Seconds the line itself asks for, before any cap; ``None`` for a session cookie or where no clock is known."""
    if cookie.max_age is not None:
        return cookie.max_age
    if cookie.expires is None:
        return None
    now = x.memo(_clock)
    return None if now is None else cookie.expires - now


def lifetime(x: Subject, line: Line) -> str:
    """How long a stored cookie lives: ``until 14 March 2027 (400 days: browsers cap it)``."""
    stored = line.verdict.stored_as
    if stored is None or stored.expires is None:
        return "until the browser is closed"
    asked = asked_lifetime(x, line.cookie)
    if asked is None:
        return f"until {day(stored.expires)}"
    if asked > MOST_LIFETIME:
        return f"until {day(stored.expires)} (400 days: browsers cap it)"
    if asked < 86_400:
        return f"for {duration(max(asked, 0))}"
    return f"until {day(stored.expires)} ({duration(asked)})"


def scope(stored: StoredAs) -> str:
    """Who gets a cookie: host or subdomains, and the path."""
    who = f"`{stored.domain}` alone" if stored.host_only else f"`{stored.domain}` and every host under it"
    return who if stored.path == "/" else f"{who}, below `{shorten(stored.path)}`"


@lru_cache(maxsize=64)
def flags(secure: bool, http_only: bool, same_site: str | None, partitioned: bool) -> str:
    """The flags a cookie was stored with, each after a comma."""
    text = ""
    if secure:
        text += ", `Secure`"
    if http_only:
        text += ", `HttpOnly`"
    if same_site:
        text += f", `SameSite={same_site}`"
    return f"{text}, `Partitioned`" if partitioned else text


def shorten(text: str, most: int = 60) -> str:
    """A piece of hostile text short enough for a sentence, safe between backticks."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short.replace("`", "ˋ")

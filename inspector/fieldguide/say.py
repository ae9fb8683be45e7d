"""How values are put into sentences: bounded quotations, URLs without their secrets, dates as distances in time."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from inspector.fieldguide.base import Around
from inspector.fields.browser_date import read_date
from inspector.fields.structured import Structured
from inspector.words import count, duration, listed, moment

QUOTED = 80
"""Characters of a quotation."""
_MOST_SECONDS = 10**11

_TOKEN = re.compile(r"(?<![\w-])(?>([\w-]*?)(?<!\w)(?=eyJ))eyJ[\w-]{5,}+\.[\w.-]*")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,14}://[^\s\"'<>,;]+", re.IGNORECASE)
_QUERY = re.compile(r"([?#])[^\s\"'<>?#]*=[^\s\"'<>]*")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


def quote(text: str, most: int = QUOTED) -> str:
    """A piece of a value between backticks: bounded, without its own backticks, tokens and URLs' queries left out."""
    text = text.strip()
    if len(text) > most * 4:
        text = text[: most * 4] + "…"
    if "eyJ" in text:
        text = _TOKEN.sub(r"\1[a JSON Web Token]", text)
    if "://" in text:
        text = _URL.sub(lambda match: bare_url(match[0]), text)
    if "=" in text and ("?" in text or "#" in text):
        text = _QUERY.sub(r"\1…", text)
    if len(text) > most:
        text = text[: most - 1] + "…"
    return f"`{text.replace('`', chr(0x2018))}`" if text else "an empty value"


def bare_url(url: str) -> str:
    """A URL without user information, query and fragment, which may hold secrets; what was left out is marked."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "[a URL]"
    host = parts.netloc.rpartition("@")[2]
    rest = f"{parts.path}{'?…' if parts.query else ''}{'#…' if parts.fragment else ''}"
    if parts.scheme and host:
        return f"{parts.scheme}://{host}{rest}"
    return f"//{host}{rest}" if host else f"{parts.scheme}:{rest}" if parts.scheme else rest


def url(text: str, most: int = 120) -> str:
    """A URL, absolute or relative, between backticks, as `bare_url` shows it."""
    return quote(bare_url(text[:4000]), most)


def quoted(items: Iterable[str], most: int = 6) -> str:
    """``a``, ``b`` and 3 more, each between backticks."""
    return listed((quote(item, 60) for item in items), most=most)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".:" else ".")


def sentences(*texts: str) -> str:
    """Those of the texts that say something, as sentences."""
    return " ".join(sentence(text) for text in texts if text)


def misfit(what: str, then: str = "so recipients ignore it") -> str:
    """That a value is not what it has to be, and what follows."""
    return f"This value is not {what}, {then}."


def odd(value: str) -> str:
    """That a value of no standard's is not of a form known here."""
    return f"What {quote(value, 60)} means here, this guide does not know." if value.strip() else "An empty value."


def unparsed(parsed: Structured, kind: str, then: str = "so recipients ignore the whole field") -> str:
    """That a structured field does not parse, and from where on."""
    if parsed.position is None:
        where = ""
    elif parsed.at is None:
        where = " (it ends too early)"
    else:
        where = f" (from character {parsed.position} on, {quote(parsed.at)})"
    return f"This value does not parse as a structured {kind}{where}, {then}."


def seconds(text: str) -> int | None:
    """A whole number of seconds written in digits alone, at most three thousand years; ``None`` for anything else."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text[:20]), _MOST_SECONDS) if len(text) <= 20 else _MOST_SECONDS


def number(text: str) -> int | None:
    """A whole number written in digits alone, of 18 digits at most; ``None`` for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def sized(octets: int) -> str:
    """A size exactly and, where it is large, roughly too: ``48,211 bytes (48 kB)``."""
    from inspector.words import octets as rough

    return count(octets, "byte") if octets < 10_000 else f"{count(octets, 'byte')} ({rough(octets)})"


def date(value: str) -> float | None:
    """A date as browsers read one, in seconds since 1970."""
    return read_date(value.strip())


def relative(when: float, around: Around, than: str = "") -> str:
    """How far a moment is from when this message was sent: ``3 days before this response was sent``."""
    if around.sent is None:
        return f"on {moment(when)}"
    what = than or f"this {around.message} was sent"
    apart = round(when - around.sent)
    if abs(apart) < 1:
        return f"the very second {what}"
    return f"{duration(abs(apart))} {'after' if apart > 0 else 'before'} {what}"


def plural_is(number: int, one: str, many: str) -> str:
    """`one` for one, `many` otherwise."""
    return one if number == 1 else many


@lru_cache(maxsize=2048)
def shape(value: str) -> str:
    """What an identifier looks like, without quoting it: ``a UUID``, ``32 hexadecimal digits``, ``41 characters``."""
    value = value.strip()
    if not value:
        return "nothing"
    bare = value.strip("{}\"'")
    if len(bare) == 36 and bare.count("-") == 4:
        try:
            version = uuid.UUID(bare).version
        except ValueError:
            version = None
        else:
            made = {
                1: ", which holds the time and the machine that made it",
                4: " made at random",
                7: ", which holds its time",
            }
            return f"a UUID{made.get(version or 0, '')}"
    if len(bare) >= 6 and _HEX.fullmatch(bare) and not bare.isdigit():
        return f"{len(bare)} hexadecimal digits"
    if bare.isascii() and bare.isdigit():
        return f"a number of {count(len(bare), 'digit')}"
    if value.endswith("=") and _BASE64.fullmatch(value):
        return f"{count(len(value) * 3 // 4 - value.count('='), 'byte')} in Base64"
    return count(len(value), "character")


def identity(value: str) -> str:
    """What an identifier's form gives away, as a sentence; ``""`` where that is nothing."""
    said = shape(value)
    return f"It is {said}." if said.startswith("a UUID") else ""


def yes(value: str) -> bool:
    """Whether a value is one of the ways to say yes."""
    return value.strip().lower() in ("1", "true", "yes", "on", "?1")

"""The ``Set-Cookie`` response field, one line of it, read as browsers read it (RFC 6265bis, section 5.6).

Where the draft leaves a choice, or Chromium differs, Chromium is followed. Nothing is judged here but what makes the
line unreadable: no content, too large, a control character.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from inspector.fields.cookie_date import parse_cookie_date
from inspector.patterns import compile_late

MOST_NAME_AND_VALUE = 4096
"""Octets of name and value together (section 5.7, step 5)."""
MOST_ATTRIBUTE_VALUE = 1024
"""Octets of an attribute's value; a longer one is ignored with its attribute (section 5.6, step 6)."""

SameSite = Literal["Strict", "Lax", "None"]
Unreadable = Literal["NoCookieContent", "NameValuePairExceedsMaxSize", "DisallowedCharacter"]

KNOWN_ATTRIBUTES = frozenset(
    {"domain", "path", "expires", "max-age", "secure", "httponly", "samesite", "partitioned", "priority"}
)
_CUTS = compile_late("[\x00\r\n]")
_CONTROL = compile_late("[\x00-\x1f\x7f]")
_INTEGER = compile_late(r"[+-]?[0-9]+")
_OVERFLOW = compile_late(r"(-?)\+?[0-9]{19,}")
_SAME_SITE: dict[str, SameSite] = {"strict": "Strict", "lax": "Lax", "none": "None"}
FOREVER = float("inf")


class SetCookie(Struct, frozen=True):
    """One ``Set-Cookie`` line. A nameless cookie has an empty `name`.

    `domain` and `path` are the attributes' values, ``None`` where absent. `max_age` and `expires` are ``None`` where
    absent or unreadable; `max_age` is in seconds, `expires` in seconds since 1970. `same_site` is ``None`` where
    absent or none of the three values. `error` is the ``Network.SetCookieBlockedReason`` of a line that is no cookie.
    """

    name: str
    value: str
    attributes: tuple[tuple[str, str], ...] = ()
    """Every attribute in order, names in lower case."""
    error: Unreadable | None = None
    domain: str | None = None
    path: str | None = None
    max_age_text: str | None = None
    max_age: float | None = None
    expires_text: str | None = None
    expires: float | None = None
    secure: bool = False
    http_only: bool = False
    same_site: SameSite | None = None
    same_site_text: str | None = None
    partitioned: bool = False
    ignored: tuple[str, ...] = ()
    """Names of attributes ignored because their value is too long."""
    attribute_names: frozenset[str] = frozenset()
    """The names of `attributes`."""

    @property
    def size(self) -> int:
        """Octets of name and value together, which is what the limit of 4096 counts."""
        return octets(self.name) + octets(self.value)


def octets(text: str) -> int:
    """How many octets a text is on the wire."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=4096)
def parse_set_cookie(line: str) -> SetCookie:
    """Read one line's value. Never raises: a line that is no cookie has `error` set."""
    pair, _, rest = line.partition(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(" \t"), value.strip(" \t")
    # in nearly every line nothing can be too long or a control character
    plain = len(line) <= MOST_ATTRIBUTE_VALUE and line.isascii() and line.isprintable()
    error = None if plain else _error(line, name, value)
    if error is not None:
        return SetCookie(name, value, error=error)
    if not name and not value:
        return SetCookie("", "", error="NoCookieContent")
    attributes = _attributes(rest)
    kept = dict(attributes)
    names = frozenset(kept)
    ignored: tuple[str, ...] = ()
    if not plain:
        if any(_CONTROL.search(key) or _CONTROL.search(text) for key, text in attributes):
            return SetCookie(name, value, attributes, error="DisallowedCharacter")
        ignored = tuple([key for key, text in attributes if octets(text) > MOST_ATTRIBUTE_VALUE])
        kept = {key: text for key, text in attributes if octets(text) <= MOST_ATTRIBUTE_VALUE}
    max_age, expires, same_site = kept.get("max-age"), kept.get("expires"), kept.get("samesite")
    return SetCookie(
        name,
        value,
        attributes,
        None,
        kept.get("domain"),
        kept.get("path"),
        max_age,
        None if max_age is None else parse_max_age(max_age),
        expires,
        None if expires is None else parse_cookie_date(expires),
        "secure" in kept,
        "httponly" in kept,
        None if same_site is None else _SAME_SITE.get(same_site.lower()),
        same_site,
        "partitioned" in kept,
        ignored,
        names,
    )


def _error(line: str, name: str, value: str) -> Unreadable | None:
    """Why a line with this name and value is no cookie whatever its attributes."""
    if _CUTS.search(line):
        return "DisallowedCharacter"
    if octets(name) + octets(value) > MOST_NAME_AND_VALUE:
        return "NameValuePairExceedsMaxSize"
    return "DisallowedCharacter" if _CONTROL.search(name) or _CONTROL.search(value) else None


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for part in text.split(";"):
        key, _, value = part.partition("=")
        key = key.strip(" \t")
        if key:
            found.append((key.lower(), value.strip(" \t")))
    return tuple(found)


@lru_cache(maxsize=1024)
def parse_max_age(text: str) -> float | None:
    """Seconds of a ``Max-Age`` value, possibly infinite; ``None`` where it is no number and is ignored.

    Chromium accepts a leading ``+`` (the draft does not), and takes a number beyond 64 bits as forever even with
    something after it.
    """
    if len(text) > MOST_ATTRIBUTE_VALUE:
        return None
    if len(text) < 19:
        return float(int(text)) if _INTEGER.fullmatch(text) else None
    overflow = _OVERFLOW.match(text)
    if overflow is None:
        return None
    digits = int(overflow[0])
    if -(2**63) <= digits < 2**63:
        return float(digits) if overflow[0] == text else None
    return -FOREVER if overflow[1] else FOREVER

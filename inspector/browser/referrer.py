"""What ``Referer`` a request gets (Referrer Policy, section 8.3, "Determine request's referrer")."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from inspector import url as urls
from inspector.fields.referrer_policy import DEFAULT

LONGEST = 4096

Form = Literal["none", "origin", "full"]


@lru_cache(maxsize=2048)
def stripped(url: str, origin_only: bool = False) -> str | None:
    """A URL as a referrer: without user name, password and fragment; ``None`` for those that are never sent."""
    parsed = urls.parse(url)
    if parsed.scheme not in ("http", "https") or parsed.origin == "null":
        return None
    if origin_only:
        return parsed.origin + "/"
    return parsed.origin + (parsed.path or "/") + (f"?{parsed.query}" if parsed.query else "")


@lru_cache(maxsize=4096)
def referrer(policy: str | None, source: str, target: str) -> str | None:
    """The value of ``Referer`` for a request from the document `source` to `target`, ``None`` for no field.

    `policy` is a known policy's name in lower case; ``None`` stands for the default. More than 4096 characters are
    cut down to the origin.
    """
    full = stripped(source)
    if full is None:
        return None
    origin = stripped(source, True)
    if len(full) > LONGEST:
        full = origin
    a, b = urls.parse(source), urls.parse(target)
    same = a.origin == b.origin
    downgrade = (a.secure or a.loopback) and not (b.secure or b.loopback)
    match policy or DEFAULT:
        case "no-referrer":
            return None
        case "origin":
            return origin
        case "unsafe-url":
            return full
        case "strict-origin":
            return None if downgrade else origin
        case "same-origin":
            return full if same else None
        case "origin-when-cross-origin":
            return full if same else origin
        case "no-referrer-when-downgrade":
            return None if downgrade else full
        case _:
            if same:
                return full
            return None if downgrade else origin


def form(value: str | None) -> Form:
    """What a ``Referer`` value tells: nothing, the origin, or the full address."""
    if not value:
        return "none"
    parsed = urls.parse(value)
    return "origin" if parsed.path in ("", "/") and not parsed.query else "full"

"""What a page may send across origins without asking first (Fetch, "CORS-safelisted method" and "request-header").

Values are judged as octets; a character beyond ASCII counts as the octets of its UTF-8 encoding, none of which is
unsafe by itself in ``Accept``, as in the standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from inspector.patterns import compile_late

SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})
SAFELISTED_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})

LONGEST_VALUE = 128
"""Octets that one safelisted value may have (Fetch, "CORS-safelisted request-header", step 2)."""

LONGEST_VALUES = 1024
"""Octets that all safelisted values together may have ("CORS-unsafe request-header names", step 5)."""

_UNSAFE = compile_late(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE = compile_late(r"[0-9A-Za-z *,\-.;=]*")
_SIMPLE_RANGE = compile_late(r"bytes=([0-9]+)-([0-9]*)", re.IGNORECASE)

# Client hints a script may set unasked, with values of their own kind: Chromium adds these to the standard's list.
_WHOLE, _DECIMALS = re.compile(r"[0-9]+"), re.compile(r"[0-9]+(?:\.[0-9]+)?")
_HINTS = {
    "dpr": _DECIMALS,
    "device-memory": _DECIMALS,
    "downlink": _DECIMALS,
    "viewport-width": _WHOLE,
    "width": _WHOLE,
    "rtt": _WHOLE,
    "ect": re.compile(r"slow-2g|2g|3g|4g"),
    "save-data": re.compile(r"(?i:on)"),
}

FORBIDDEN = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
"""Names no script can set, so that they never count (Fetch, "forbidden request-header")."""

BROWSERS_OWN = frozenset(
    {
        "user-agent",
        "cache-control",
        "pragma",
        "if-none-match",
        "if-modified-since",
        "if-range",
        "if-match",
        "if-unmodified-since",
        "upgrade-insecure-requests",
        "priority",
        "purpose",
        "x-moz",
        "x-client-data",
        "x-purpose",
        "early-data",
        "save-data",
        "last-event-id",
        "available-dictionary",
        "dictionary-id",
        "service-worker",
        "service-worker-navigation-preload",
        "ping-from",
        "ping-to",
        "attribution-reporting-eligible",
        "attribution-reporting-support",
        "use-as-dictionary",
        "alt-used",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "intervention",
        "dpr",
        "device-memory",
        "viewport-width",
        "width",
        "downlink",
        "rtt",
        "ect",
    }
)
"""Names that a browser (or a proxy on the way) also adds by itself: seeing one does not show that a page set it."""


_LOGINS = ("basic ", "digest ", "ntlm ", "negotiate ")


def _browsers(authorization: str) -> bool:
    """Whether a browser's own login dialogue can have made this ``Authorization`` value."""
    return authorization.lower().startswith(_LOGINS)


def is_safelisted_method(method: str) -> bool:
    """Whether a method needs no preflight (Fetch, "CORS-safelisted method"). Case-sensitive."""
    return method in SAFELISTED_METHODS


@lru_cache(maxsize=1024)
def is_forbidden(name: str) -> bool:
    """Whether no script can set a field of this name (lower case); such fields never need permission."""
    return name in FORBIDDEN or name.startswith(("sec-", "proxy-"))


@lru_cache(maxsize=2048)
def is_safelisted(name: str, value: str) -> bool:
    """Whether a field (name in lower case) may be sent without asking (Fetch, "CORS-safelisted request-header")."""
    return why_unsafe(name, value) is None


@lru_cache(maxsize=2048)
def why_unsafe(name: str, value: str) -> str | None:
    """Why a field a page set needs permission, in a few words; ``None`` where it is safelisted."""
    if name not in ("accept", "accept-language", "content-language", "content-type", "range"):
        hint = _HINTS.get(name)
        return None if hint is not None and hint.fullmatch(value) else f"field {name}"
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > LONGEST_VALUE:
        return f"field {name} of {size} octets, more than {LONGEST_VALUE}"
    if name in ("accept-language", "content-language"):
        return None if _LANGUAGE.fullmatch(value) else f"field {name} with a character outside its safe set"
    if name == "range":
        return None if is_simple_range(value) else f"field {name}: {value}"
    unsafe = _UNSAFE.search(value)
    if name == "content-type" and value.partition(";")[0].strip().lower() not in SAFELISTED_TYPES:
        return f"field content-type: {value}"
    return f"field {name} with the character {unsafe[0]!r}" if unsafe else None


def is_simple_range(value: str) -> bool:
    """Whether a ``Range`` is a single one with a first position (Fetch, "simple range header value")."""
    found = _SIMPLE_RANGE.fullmatch(value)
    return found is not None and (not found[2] or int(found[2]) >= int(found[1]))


def unsafe_names(fields: Iterable[tuple[str, str]]) -> list[str]:
    """The names that need permission (Fetch, "CORS-unsafe request-header names"), lower case, in order of the fields.

    `fields` are ``(lower-case name, value)`` pairs that the page set; forbidden names are passed over.
    """
    unsafe: list[str] = []
    safe: list[str] = []
    total = 0
    for name, value in fields:
        if is_forbidden(name):
            continue
        if is_safelisted(name, value):
            safe.append(name)
            total += len(value.encode("utf-8", "surrogatepass"))
        else:
            unsafe.append(name)
    if total > LONGEST_VALUES:
        unsafe += safe
    return list(dict.fromkeys(unsafe))


def reasons(method: str, fields: Iterable[tuple[str, str]], asked: Iterable[str] | None = None) -> tuple[str, ...]:
    """Why a request needs a preflight, each in a few words; empty where nothing visible calls for one.

    `asked` are the names of the preflight's ``Access-Control-Request-Headers``, where it was seen: they settle which
    of the fields the page set. Without it, fields that browsers also add by themselves are left out.
    """
    because = [] if is_safelisted_method(method) else [f"method {method}"]
    if asked is not None:
        values = dict(fields)
        for name in asked:
            value = values.get(name)
            because.append((why_unsafe(name, value) if value is not None else None) or f"field {name}")
        return tuple(because)
    total = 0
    for name, value in fields:
        if name in BROWSERS_OWN or is_forbidden(name) or (name == "authorization" and _browsers(value)):
            continue
        why = why_unsafe(name, value)
        if why is not None:
            because.append(why)
        else:
            total += len(value.encode("utf-8", "surrogatepass"))
    if total > LONGEST_VALUES:
        because.append(f"safelisted fields of {total} octets together, more than {LONGEST_VALUES}")
    return tuple(dict.fromkeys(because))

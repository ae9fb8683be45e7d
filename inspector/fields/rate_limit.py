"""Fields that tell how many requests a server still takes: ``RateLimit``, its drafts, and the ``X-RateLimit`` families.

``RateLimit`` and ``RateLimit-Policy`` are structured fields (draft-ietf-httpapi-ratelimit-headers, sections 3 and 4).
The others were never specified; each family means the same by limit, remaining and reset, and counts time its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct

from inspector.fields.http_date import parse_http_date
from inspector.patterns import compile_late

_BASES = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
_PARTS = ("", "-requests", "-tokens", "-second", "-minute", "-hour", "-day")
_WINDOWS = {"-second": 1, "-minute": 60, "-hour": 3600, "-day": 86_400}
STANDARD = ("ratelimit", "ratelimit-policy")
FIELDS = (
    *STANDARD,
    *(f"{base}{what}{part}" for base in _BASES for what in ("limit", "remaining", "reset") for part in _PARTS),
    "x-ratelimit-reset-after",
    "x-shopify-shop-api-call-limit",
)
"""Every field that is read here, in lower case."""


class Limit(Struct, frozen=True):
    """One limit, as far as the fields tell. ``None`` is not told.

    `reset` is the moment the count starts anew: in seconds from the response, or (`absolute`) since 1970. `window` is
    the length of a period in seconds. `fields` are the lower-case names it was read from.
    """

    name: str = ""
    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None
    absolute: bool = False
    window: int | None = None
    unit: str = "requests"
    fields: tuple[str, ...] = ()


_SPAN = compile_late(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")
_NUMBER = compile_late(r"\d{1,15}(?:\.\d{1,9})?")


@lru_cache(maxsize=512)
def parse_reset(value: str) -> tuple[float, bool] | None:
    """When a count starts anew: seconds, and whether since 1970 (else from now); ``None`` where it cannot be read.

    Read are seconds, seconds and milliseconds since 1970, spans (``6m0s``, ``250ms``), HTTP dates and ISO 8601.
    """
    value = value.strip()
    if _NUMBER.fullmatch(value):
        number = float(value)
        if number > 10**12:
            return number / 1000, True
        return number, number > 10**9
    span = _SPAN.fullmatch(value)
    if value and span is not None:
        days, hours, minutes, seconds, thousandths = (float(part or 0) for part in span.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds + thousandths / 1000, False
    date = parse_http_date(value)
    if date is not None:
        return date, True
    try:
        return datetime.fromisoformat(value).timestamp(), True
    except (ValueError, OverflowError, OSError):
        return None


def _count(value: str | None) -> int | None:
    """The first number of a value: some give ``100, 100;w=60``."""
    first = (value or "").partition(",")[0].partition(";")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and len(first) < 16 else None


@lru_cache(maxsize=512)
def parse_policy(value: str) -> dict[str, tuple[int | None, int | None, str]] | None:
    """``RateLimit-Policy``: name → quota, window in seconds, and unit; ``None`` where it cannot be read.

    Earlier drafts gave the quota in place of the name: ``100;w=60``.
    """
    members = _list(value)
    if members is None:
        return None
    found = {}
    for item, parameters in members:
        quota = item if isinstance(item, int) and not isinstance(item, bool) else _whole(parameters.get("q"))
        name = "" if isinstance(item, int) else str(item)
        found[name] = (quota, _whole(parameters.get("w")), str(parameters.get("qu", "requests")))
    return found


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _list(value: str) -> list[tuple[Any, dict[str, Any]]] | None:
    import http_sf  # pure Python, and the fields are rare

    try:
        members: Any = http_sf.parse(value.encode("latin-1"), tltype="list")
    except (ValueError, TypeError, IndexError, OverflowError, http_sf.StructuredFieldError):
        return None
    return [(item, parameters) for item, parameters in members if not isinstance(item, list)]


def _dictionary(value: str) -> dict[str, Any] | None:
    import http_sf

    try:
        members: Any = http_sf.parse(value.encode("latin-1"), tltype="dictionary")
    except (ValueError, TypeError, IndexError, OverflowError, http_sf.StructuredFieldError):
        return None
    return {name: member[0] for name, member in members.items()}


def _standard(fields: Mapping[str, str]) -> list[Limit]:
    value, policy = fields.get("ratelimit"), fields.get("ratelimit-policy")
    policies = parse_policy(policy) if policy else None
    names = tuple(name for name in STANDARD if name in fields)
    if value is None:
        told = (policies or {}).items()
        return [Limit(n, q, None, None, False, w, u, names) for n, (q, w, u) in told if q is not None]
    if "limit=" in value or "remaining=" in value:  # a draft of 2023
        held = _dictionary(value) or {}
        window = next((w for _, w, _ in (policies or {}).values() if w is not None), None)
        limit, left, reset = (_whole(held.get(key)) for key in ("limit", "remaining", "reset"))
        return [Limit("", limit, left, reset, False, window, "requests", names)] if held else []
    found = []
    for item, parameters in _list(value) or []:
        name = str(item)
        quota, window, unit = (policies or {}).get(name, (None, None, "requests"))
        left, reset = _whole(parameters.get("r")), _whole(parameters.get("t"))
        if quota is not None or left is not None or reset is not None:
            found.append(Limit(name, quota, left, reset, False, window, unit, names))
    return found


def limits(fields: Mapping[str, str]) -> tuple[Limit, ...]:
    """The limits a response tells of, from its fields (lower-case name → combined value)."""
    found = _standard(fields) if "ratelimit" in fields or "ratelimit-policy" in fields else []
    for base in _BASES:
        for part in _PARTS:
            names = tuple(n for what in ("limit", "remaining", "reset") if (n := f"{base}{what}{part}") in fields)
            if not names:
                continue
            reset = parse_reset(fields.get(f"{base}reset{part}", ""))
            if base == "x-ratelimit-" and not part and "x-ratelimit-reset-after" in fields:
                reset = parse_reset(fields["x-ratelimit-reset-after"]) or reset
            limit, left = _count(fields.get(f"{base}limit{part}")), _count(fields.get(f"{base}remaining{part}"))
            if limit is None and left is None and reset is None:
                continue
            found.append(
                Limit(
                    part[1:],
                    limit,
                    left,
                    reset[0] if reset else None,
                    bool(reset and reset[1]),
                    _WINDOWS.get(part),
                    "tokens" if part == "-tokens" else "requests",
                    names,
                )
            )
    bucket = fields.get("x-shopify-shop-api-call-limit", "").partition("/")
    used, size = _count(bucket[0]), _count(bucket[2])
    if used is not None and size is not None:
        found.append(Limit("", size, max(size - used, 0), fields=("x-shopify-shop-api-call-limit",)))
    return tuple(found)

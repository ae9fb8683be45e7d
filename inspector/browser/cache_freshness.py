"""How old a response is and how long it stays fresh (RFC 9111, section 4.2), as Chromium computes it.

Chromium differs from the standard in one point that matters: an ``Expires`` that is no date is as good as absent,
except ``0``; the standard has every invalid date mean "already expired".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from inspector.browser.cache_policy import Policy
from inspector.fields.browser_date import read_date

Basis = Literal["max-age", "s-maxage", "expires", "heuristic", "none"]
FOREVER = float("inf")
HEURISTIC_FRACTION = 10
"""A guessed lifetime is a tenth of the time since the last modification."""


def lifetime(policy: Policy, expires: str | None, modified: str | None, generated: float | None) -> tuple[float, Basis]:
    """How many seconds from its generation a browser's cache holds the response fresh, and what that rests on.

    `generated` is what ``Date`` says, else when the response was received (seconds since 1970). `FOREVER` is no limit.
    """
    if policy.validate is not None:
        return 0.0, "none"
    if policy.max_age is not None:
        return float(policy.max_age), "max-age"
    if expires is not None and (until := _expiry(expires)) is not None:
        return (0.0 if generated is None else max(0.0, until - generated)), "expires"
    if policy.guess and modified is not None and (guessed := _guess(modified, generated)) is not None:
        return guessed, "heuristic"
    return (FOREVER, "heuristic") if policy.forever else (0.0, "none")


def shared_lifetime(
    policy: Policy, expires: str | None, modified: str | None, generated: float | None
) -> tuple[float, Basis]:
    """The same for a shared cache that follows the standard to the letter (RFC 9111, section 4.2.1)."""
    if policy.shared_validate is not None:
        return 0.0, "none"
    if policy.shared_max_age is not None:
        return float(policy.shared_max_age), "s-maxage" if policy.shared_basis == "s-maxage" else "max-age"
    if expires is not None:
        until = read_date(expires)
        return (0.0 if until is None or generated is None else max(0.0, until - generated)), "expires"
    if policy.shared_guess and modified is not None and (guessed := _guess(modified, generated)) is not None:
        return guessed, "heuristic"
    return (FOREVER, "heuristic") if policy.forever else (0.0, "none")


def current_age(age: str | None, date: float | None, received: float | None, delay: float) -> float:
    """The response's age when it was received, in seconds (RFC 9111, section 4.2.3).

    `date` is what ``Date`` says, in seconds since 1970 like `received`; `delay` is the time from sending the request to
    receiving the response.
    """
    stated = age_value(age) if age is not None else None
    value = delay if stated is None else stated + delay
    if received is None or date is None:
        return value
    return max(received - date, value)


@lru_cache(maxsize=2048)
def age_value(value: str) -> int | None:
    """An ``Age`` value in seconds: the first member where several were sent, ``None`` where that is no number."""
    first = value.partition(",")[0].strip(" \t")
    return min(int(first), 2**31) if first.isascii() and first.isdigit() and len(first) < 4000 else None


def _expiry(value: str) -> float | None:
    """``Expires`` as Chromium reads it: ``0`` is long ago, anything else that is no date is nothing."""
    return 0.0 if value == "0" else read_date(value)


def _guess(modified: str, generated: float | None) -> float | None:
    since = read_date(modified)
    if since is None or generated is None or since > generated:
        return None
    return (generated - since) / HEURISTIC_FRACTION

"""``Retry-After``: when to ask again (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.fields.http_date import parse_http_date
from inspector.patterns import compile_late

_DELAY = compile_late(r"[0-9]+")


class RetryAfter(Struct, frozen=True):
    """Either a `delay` in seconds, counted from when the response is received, or a `date` in seconds since 1970."""

    delay: int | None = None
    date: float | None = None

    def at(self, received: float | None) -> float | None:
        """The moment meant, in seconds since 1970; ``None`` where it hangs on an unknown time of receipt."""
        if self.date is not None:
            return self.date
        return None if received is None or self.delay is None else received + self.delay


@lru_cache(maxsize=512)
def parse_retry_after(value: str) -> RetryAfter | None:
    """Read a field value: ``delay-seconds`` (digits alone) or an HTTP-date; ``None`` where it is neither."""
    value = value.strip()
    if _DELAY.fullmatch(value):
        return RetryAfter(delay=min(int(value[:12]), 10**10))
    date = parse_http_date(value)
    return None if date is None else RetryAfter(date=date)

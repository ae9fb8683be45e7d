"""Words that several status explanations share: where a redirect leads, when to ask again, who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.redirects import location_url
from inspector.fields.http_date import parse_http_date
from inspector.fields.rate_limit import parse_reset
from inspector.fields.retry_after import RetryAfter, parse_retry_after
from inspector.report import Evidence

if TYPE_CHECKING:
    from inspector.subject import Subject

SHORT = 140


def brief(text: str, most: int = SHORT) -> str:
    """A long value cut so that a sentence stays readable."""
    return text if len(text) <= most else text[: most - 1] + "…"


def target(x: Subject) -> str | None:
    """The absolute address in ``Location`` (RFC 9110, section 10.2.2), not masked; ``None`` where there is none."""
    value = x.res.first.get("location")
    return location_url(x.request.url, value) if value else None


def shown_target(x: Subject, *, query: bool = True) -> str:
    """Where ``Location`` leads, masked and short, in backticks; without the origin where it stays the same.

    Without `query` the query is only hinted at, as fits a title.
    """
    absolute = target(x) or ""
    url = urls.parse(absolute)
    text = absolute
    if url.origin == x.url.origin and url.origin != "null" and absolute.startswith(url.origin):
        text = absolute[len(url.origin) :] or "/"
    if not query and "?" in text:
        text = text.partition("?")[0] + "?…"
    return f"`{brief(x.masker.url(text), SHORT if query else 80)}`"


def received(x: Subject) -> float | None:
    """When the response was received, in seconds since 1970, as far as the recording tells; else its ``Date``."""
    timings = x.exchange.timings
    if timings.started is not None:
        return timings.started + (timings.total or 0) / 1000
    date = x.res.get("date")
    return parse_http_date(date) if date else None


def retry_after(x: Subject) -> RetryAfter | None:
    """The response's ``Retry-After``, read; ``None`` where it is absent or invalid."""
    value = x.res.get("retry-after")
    return parse_retry_after(value) if value is not None else None


def retry_words(x: Subject) -> str | None:
    """When to ask again: ``in 2 minutes, at 12:02:00 UTC``; ``None`` without a valid ``Retry-After``."""
    wait = retry_after(x)
    if wait is None:
        return None
    base = received(x)
    at = wait.at(base)
    if wait.delay is not None:
        if wait.delay == 0:
            return "at once"
        return f"in {words.duration(wait.delay)}" + (f", at {words.moment(at, base)}" if at is not None else "")
    assert at is not None
    if base is None:
        return f"at {words.moment(at)}"
    if at <= base:
        return f"at once (the date given, {words.moment(at)}, has passed)"
    return f"in {words.duration(at - base)}, at {words.moment(at, base)}"


_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_LIMITS = ("ratelimit", "ratelimit-policy", "ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")


def limit_fields(x: Subject) -> tuple[Evidence, ...]:
    """The rate-limit fields of the response, as evidence."""
    index = x.res.first
    return tuple(x.response_field(name) for name in (*_LIMITS, *_RESETS) if name in index)


def reset_words(x: Subject) -> str | None:
    """When the rate limit starts afresh, by a ``RateLimit-Reset`` field or one of its relatives; ``None`` without."""
    for name in _RESETS:
        read = parse_reset(x.res.get(name) or "")
        if read is not None:
            at, absolute = read
            return f"at {words.moment(at, received(x))}" if absolute else f"in {words.duration(at)}"
    return None

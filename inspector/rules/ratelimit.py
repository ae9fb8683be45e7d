"""Rate limits: how many requests a server still takes, read out; and clients that do not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import words
from inspector.fields.rate_limit import FIELDS, STANDARD, Limit, limits
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, response_field, rule, status
from inspector.rules.status_words import brief, received

if TYPE_CHECKING:
    from inspector.session.retries import Streak
    from inspector.subject import Subject

_DRAFT = "https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers"
_RETRY_AFTER = "https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"
_429 = "https://www.rfc-editor.org/rfc/rfc6585#section-4"


def told(x: Subject) -> tuple[Limit, ...]:
    """The limits the response tells of."""
    return x.memo(_told)


def _told(x: Subject) -> tuple[Limit, ...]:
    return limits({name: x.res.get(name) or "" for name in FIELDS if name in x.res.first})


def _amount(limit: Limit, number: int) -> str:
    unit = limit.unit if limit.unit.isascii() and limit.unit.replace("-", "").isalpha() else "requests"
    noun = unit.removesuffix("s") if unit.endswith("s") else unit
    return words.count(number, noun, noun + "s") if unit != "content-bytes" else words.octets(number)


def _again(x: Subject, limit: Limit) -> str | None:
    """When the count starts anew: ``in 5 minutes, at 12:05:00 UTC``."""
    if limit.reset is None:
        return None
    base = received(x)
    if not limit.absolute:
        at = f", at {words.moment(base + limit.reset, base)}" if base is not None and limit.reset > 0 else ""
        return f"in {words.duration(limit.reset)}{at}" if limit.reset > 0 else "now"
    if base is None:
        return f"at {words.moment(limit.reset)}"
    if limit.reset <= base:
        return f"at {words.moment(limit.reset, base)}, which has passed"
    return f"in {words.duration(limit.reset - base)}, at {words.moment(limit.reset, base)}"


def _sentence(x: Subject, limit: Limit) -> str:
    of = f" of {limit.limit:,}" if limit.limit is not None else ""
    per = f" in {words.duration(limit.window)}" if limit.window else ""
    name = f"`{brief(x.masker.text(limit.name), 30)}`: " if limit.name else ""
    if limit.remaining is not None:
        text = f"{name}{_amount(limit, limit.remaining)}{of} left{per}"
    elif limit.limit is not None:
        text = f"{name}at most {_amount(limit, limit.limit)}{per}"
    else:
        text = f"{name}no count is told"
    again = _again(x, limit)
    return text + (f"; the count starts anew {again}" if again else "")


def _evidence(x: Subject, found: tuple[Limit, ...]) -> tuple[Evidence, ...]:
    names = dict.fromkeys(name for limit in found for name in limit.fields)
    return tuple(x.response_field(name) for name in list(names)[:6])


@rule(
    "ratelimit/explained",
    Severity.INFO,
    "How many requests the server still takes",
    on=response_field(*FIELDS),
    references=(_DRAFT, _429),
    what="The response tells of a rate limit: how many requests there may be, how many are left, when it starts anew.",
    why="""
        A client that reads it slows down in time, and is never refused. `RateLimit` and `RateLimit-Policy` are on their
        way to a standard; the `X-RateLimit` families differ in how they count time: seconds from now, or since 1970.
        """,
    fix="Nothing is wrong. A server that adds such fields today best sends `RateLimit` and `RateLimit-Policy`.",
    shows="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 200 OK
        RateLimit-Policy: "default";q=100;w=60
        RateLimit: "default";r=42;t=18
        """,
    quiet="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 200 OK
        RateLimit: unlimited!
        """,
)
def explained(x: Subject) -> Finding | None:
    """Each limit in words, with the moment it starts anew."""
    found = told(x)
    if not found:
        return None
    detail = ". ".join(_capital(_sentence(x, limit)) for limit in found[:4]) + "."
    left = [limit for limit in found if limit.remaining is not None]
    tightest = min(left, key=lambda limit: (limit.remaining or 0) / (limit.limit or 10**9), default=None)
    title = None
    if tightest is not None and tightest.remaining is not None:
        of = f" of {tightest.limit:,}" if tightest.limit is not None else ""
        title = f"Rate limit: {_amount(tightest, tightest.remaining)}{of} left"
    elif found[0].limit is not None:
        per = f" in {words.duration(found[0].window)}" if found[0].window else ""
        title = f"Rate limit: {_amount(found[0], found[0].limit)}{per}"
    return Finding(detail, None, _evidence(x, found), title=title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@rule(
    "ratelimit/near-limit",
    Severity.NOTE,
    "The rate limit is nearly used up",
    on=response_field(*STANDARD, *(name for name in FIELDS if "remaining" in name or "shopify" in name)),
    references=(_DRAFT, _429),
    what="A tenth or less of the requests that the server takes is left.",
    why="When none is left, the server refuses (usually with 429) until the count starts anew.",
    fix="""
        The client spreads what is left over the time until then, asks for more at once (larger pages, batches), and
        keeps what it has: an unchanged answer asked for with `If-None-Match` counts less at some servers, or not at
        all.
        """,
    unless="Just before the count starts anew it is as it should be.",
    shows="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 200 OK
        X-RateLimit-Limit: 60
        X-RateLimit-Remaining: 0
        X-RateLimit-Reset: 1772370000
        """,
    quiet="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 200 OK
        X-RateLimit-Limit: 60
        X-RateLimit-Remaining: 41
        X-RateLimit-Reset: 1772370000
        """,
    once="origin",
)
def near_limit(x: Subject) -> Finding | None:
    """Answered still, and a tenth or nothing left."""
    if x.status >= 400:
        return None
    for limit in told(x):
        left, most = limit.remaining, limit.limit
        if left is None or (most is not None and most < 5) or left > (most or 0) // 10:
            continue
        again = _again(x, limit)
        if again == "now" or (again or "").endswith("passed"):
            continue
        rest = f" until the count starts anew {again}" if again else ""
        return Finding(
            f"The server takes no more{rest}: the next request is likely to be refused."
            if left == 0
            else f"{_amount(limit, left)} of {most:,} {'is' if left == 1 else 'are'} left{rest}.",
            "The client waits until then, or spreads what is left over the time.",
            _evidence(x, (limit,)),
            title="The rate limit is used up" if left == 0 else f"Rate limit: only {_amount(limit, left)} left",
        )
    return None


@rule(
    "ratelimit/retry-storm",
    Severity.WARNING,
    "Refused, and asked again without waiting",
    on=status(429, 503),
    references=(
        _RETRY_AFTER,
        _429,
        "https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/",
    ),
    what="""
        The same request was refused before (429 or 503), and it came again sooner than `Retry-After` asked for, or
        again and again at the same pace.
        """,
    why="""
        Clients that repeat at once keep an overloaded server from recovering, and many servers start the wait anew with
        each such request. With many clients it becomes a flood of their own making.
        """,
    fix="""
        Wait for as long as `Retry-After` says; without it, wait twice as long after each refusal, up to a minute or so,
        with some chance in it so that clients do not come back all at once. Give up after a few.
        """,
    unless="A person who reloads once is a note. Other addresses of the same server are counted apart.",
    shows="""
        # at: 2026-03-01T12:00:00Z
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Retry-After: 30
        ---
        # at: 2026-03-01T12:00:02Z
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Retry-After: 30
        """,
    quiet="""
        # at: 2026-03-01T12:00:00Z
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Retry-After: 30
        ---
        # at: 2026-03-01T12:00:31Z
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 429 Too Many Requests
        Retry-After: 30
        """,
)
def retry_storm(x: Subject) -> Finding | None:
    """The first early request is a note; the third, or the fifth refusal at an even pace, a warning. Each once."""
    streak = x.session.retries.streak(x)
    if streak is None or streak.count < 2:
        return None
    if streak.ahead > 0 and streak.early in (1, 3):
        return _early(x, streak)
    return _steady(x, streak) if streak.count == 5 and streak.early == 0 else None


def _early(x: Subject, streak: Streak) -> Finding:
    times = "" if streak.early == 1 else " It is the third request that did not wait."
    return Finding(
        f"An earlier refusal had asked to wait; this request came {words.duration(round(streak.ahead, 1))} too early "
        f"and was refused again.{times}",
        "The client waits for as long as `Retry-After` says before it asks again.",
        (x.request_line(), x.status_evidence(f"refusal number {streak.count}")),
        title=f"Asked again {words.duration(round(streak.ahead, 1))} before `Retry-After` was over",
        severity=Severity.NOTE if streak.early == 1 else None,
    )


def _steady(x: Subject, streak: Streak) -> Finding | None:
    gaps = streak.gaps
    if len(gaps) < 4 or gaps[-1] > 10 or gaps[-1] >= 1.5 * max(gaps[0], 0.05):
        return None
    return Finding(
        f"This is the fifth refusal in a row, and the client asks again every {words.duration(sum(gaps) / len(gaps))}: "
        "the wait does not grow.",
        "The client waits twice as long after each refusal, with some chance in it, and gives up after a few.",
        (x.request_line(), x.status_evidence("refusal number 5")),
        title=f"Refused five times, asked again every {words.duration(sum(gaps) / len(gaps))}",
        certainty="certain",
    )

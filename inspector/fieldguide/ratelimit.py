"""Limits and lifetimes: how often one may ask, when to ask again, when something ends."""

from __future__ import annotations

import re

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import date, misfit, quote, relative, seconds, sentence, sentences, unparsed
from inspector.fields.retry_after import parse_retry_after
from inspector.fields.structured import bare, parse_structured
from inspector.words import count, duration, listed, moment

_DRAFT = "https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/"
_GITHUB = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_EPOCH = 1_000_000_000
"""A reset greater than this is a moment, not a number of seconds: it would be more than thirty years."""


@reads(
    row(
        "RateLimit", RESPONSE, "What is left of the client's quota, and when more comes.", _DRAFT, '"default";r=50;t=30'
    ),
    row(
        "RateLimit-Policy", RESPONSE, "How much the client may ask for, in which time.", _DRAFT, '"default";q=100;w=60'
    ),
)
def ratelimit(value: str) -> str:
    """Structured lists; the first drafts' dictionaries too."""
    parsed = parse_structured(value, "list")
    if parsed.failed:
        old = re.findall(r"\b(limit|remaining|reset)=([0-9]{1,12})", value)
        if old:
            return sentences(f"In the form of an early draft: {listed(f'{name} {number}' for name, number in old)}")
        return unparsed(parsed, "list")
    said = []
    for member in parsed.value:
        name, parameters = bare(member)
        text = f"{quote(str(name), 30)}: " if isinstance(name, str) else ""
        if isinstance(name, int) and "w" in parameters:  # 100;w=60, an early draft
            parameters = {"q": name, **parameters}
        parts = []
        quota, window = parameters.get("q"), parameters.get("w")
        span = f" in {duration(min(window, 10**11))}" if isinstance(window, int) else ""
        if isinstance(quota, int):
            parts.append(f"{quota:,} units{span}")
        if isinstance(parameters.get("r"), int):
            parts.append(f"{parameters['r']:,} left")
        if isinstance(parameters.get("t"), int):
            parts.append(f"more in {duration(min(parameters['t'], 10**11))}")
        said.append(text + (", ".join(parts) or "no figures"))
    return sentences("; ".join(said)) if said else "It names no policy."


def _rows(kind: str, meaning: str, example: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((f"{start}-{kind}", meaning, example) for start in ("RateLimit", "X-RateLimit", "X-Rate-Limit"))


_COUNTED = (
    *_rows("Limit", "How many requests the client may make in a span of time; a convention.", "150"),
    *_rows("Remaining", "How many requests the client has left in this span of time; a convention.", "146"),
    ("X-RateLimit-Used", "How many requests the client has made in this span of time; GitHub's.", "4"),
)


@reads(
    *(
        row(name, RESPONSE, meaning, _GITHUB if "Used" in name else _DRAFT, example)
        for name, meaning, example in _COUNTED
    )
)
def counted(value: str, around: Around) -> str:
    """A number, perhaps with its span (``100, 100;w=60``)."""
    first = re.match(r"\s*(-?[0-9]{1,18})\b", value, re.ASCII)
    if first is None:
        return misfit("a number")
    many = int(first[1])
    if around.name.endswith("remaining"):
        if many <= 0:
            return "None: further requests are refused until the quota is filled again."
        return f"{count(many, 'request')}."
    span = re.search(r";\s*(?:w|window)=([0-9]{1,12})", value)
    return f"{count(many, 'request')}{f' in {duration(int(span[1]))}' if span else ''}."


@reads(
    *(
        row(name, RESPONSE, meaning, _DRAFT, example)
        for name, meaning, example in _rows("Reset", "When the quota is filled again; a convention.", "1521589680")
    )
)
def reset(value: str, around: Around) -> str:
    """Seconds from now, or a moment."""
    number = seconds(value)
    if number is None:
        when = date(value)
        return f"It is {relative(when, around)}." if when is not None else misfit("a number of seconds or a moment")
    if number >= _EPOCH * 1000:
        return f"It is {relative(number / 1000, around)} (the value counts milliseconds since 1970)."
    if number >= _EPOCH:
        return f"It is {relative(number, around)} (the value counts seconds since 1970)."
    return f"In {duration(number)}, if the value counts seconds." if number else "Now."


QUOTA = known(
    row("X-RateLimit-Resource", RESPONSE, "Which of GitHub's quotas this request counted against.", _GITHUB, "core")
)


@reads(
    row(
        "Retry-After",
        RESPONSE,
        "When to ask again, after a refusal (429), an outage (503) or a redirect.",
        f"{RFC}9110#section-10.2.3",
        "120",
    )
)
def retry_after(value: str, around: Around) -> str:
    """Seconds or a date."""
    parsed = parse_retry_after(value)
    if parsed is None:
        return misfit("a number of seconds or a date")
    if parsed.delay is not None:
        return "At once." if parsed.delay == 0 else f"In {duration(parsed.delay)}."
    assert parsed.date is not None
    return sentence(relative(parsed.date, around))


@reads(
    row(
        "Deprecation",
        RESPONSE,
        "Since when (or from when on) this resource should no longer be used.",
        f"{RFC}9745#section-2",
        "@1688169599",
    ),
    row(
        "Sunset",
        RESPONSE,
        "When this resource is expected to stop answering.",
        f"{RFC}8594#section-3",
        "Sat, 31 Dec 2033 23:59:59 GMT",
    ),
)
def ends(value: str, around: Around) -> str:
    """A moment: a structured date for one, an HTTP-date for the other."""
    if around.name == "deprecation":
        if value.strip() == "true":
            return "It should not; the value `true` is an early draft's."
        if re.fullmatch(r"@-?[0-9]{1,12}", value.strip()):
            when: float | None = float(value.strip()[1:])
        else:
            when = date(value)
            if when is None:
                return misfit("a structured date (`@` and seconds since 1970)")
    else:
        when = date(value)
    if when is None:
        return misfit("a date")
    return sentence(f"{moment(when)}{f', {relative(when, around)}' if around.sent is not None else ''}")


@reads(
    row(
        "Idempotency-Key",
        REQUEST,
        "A label for this attempt, so that the server does the thing once even if the request comes twice.",
        "https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/",
        '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
    )
)
def idempotency_key(value: str) -> str:
    """A structured string."""
    from inspector.fieldguide.say import shape

    parsed = parse_structured(value, "item")
    as_string = not parsed.failed and isinstance(bare(parsed.value)[0], str) and value.strip().startswith('"')
    return sentences(
        f"It is {shape(value)}",
        "" if as_string else "The draft asks for a structured string, in double quotes; many services take it bare",
    )

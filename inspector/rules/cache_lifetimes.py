"""Lifetimes nobody decided, or that waste what caches could do."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector.fields.cache_control import parse_cache_control
from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules.base import Finding, answered_with, response_field, response_value, rule, status
from inspector.subject import Subject
from inspector.words import duration

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110"
RFC9111 = "https://www.rfc-editor.org/rfc/rfc9111"
YEAR, MONTH = 31_536_000, 30 * 86_400


def _rules_out_a_guess(cache_control: str) -> bool:
    """Whether a `Cache-Control` states a lifetime, or a check that Chromium makes in place of a guess."""
    control = parse_cache_control(cache_control)
    return control.plain("no-cache") or control.plain("must-revalidate") or control.plain_seconds("max-age") is not None


@rule(
    "cache/heuristic",
    Severity.NOTE,
    "Reused by a guess: no field states a lifetime",
    on=response_field("last-modified"),
    without=response_value("cache-control", _rules_out_a_guess),
    references=(f"{RFC9111}#section-4.2.2",),
    what="""
    The response has `Last-Modified` but neither `max-age` nor `Expires`. Caches may then guess a lifetime; browsers
    take a tenth of the time since the last modification, Firefox a week at most.
    """,
    why="""
    A file untouched for a year is reused for 36 days without a question. When it changes, visitors keep the old one for
    as long, and nobody has ever decided that.
    """,
    fix="Send `Cache-Control: no-cache` for what may change at any time, or `max-age` with the lifetime that is meant.",
    shows="""
    GET https://shop.test/style.css HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Last-Modified: Sat, 01 Mar 2025 12:00:00 GMT
    Content-Type: text/css
    """,
    quiet="""
    GET https://shop.test/style.css HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Last-Modified: Sat, 01 Mar 2025 12:00:00 GMT
    Cache-Control: no-cache
    Content-Type: text/css
    """,
    once="origin",
)
def heuristic(x: Subject) -> Finding | None:
    """A guessed lifetime of an hour or more."""
    verdict = x.verdicts.cache
    if verdict is None or verdict.basis != "heuristic" or not verdict.lifetime or verdict.lifetime < 3600:
        return None
    guessed = duration(verdict.lifetime)
    firefox = " (Firefox a week at most)" if verdict.lifetime > _WEEK else ""
    return Finding(
        f"It was last modified {duration(verdict.lifetime * 10)} before it was sent, and a tenth of that is how long "
        f"browsers reuse it without asking: {guessed}{firefox}. The standard "
        "permits this guess where no lifetime is stated.",
        title=f"Reused for {guessed} by a guess: no field states a lifetime",
        fix="The server should send `Cache-Control: no-cache` (it is then checked with a short request each time), or "
        "`Cache-Control: max-age=<seconds>` with the lifetime that is meant.",
        evidence=(x.response_field("last-modified"), x.response_field("date"), x.response_field("cache-control")),
    )


_WEEK = 7 * 86_400
_STATIC = frozenset({"text/css", "text/javascript", "application/javascript", "application/x-javascript"})
_STATIC_KINDS = ("font/", "image/", "application/font", "application/x-font")
# A part of the path that is made from the content: eight or more hexadecimal digits, or letters and digits mixed,
# between separators and before the extension.
_FINGERPRINT = compile_late(
    r"[.\-_~/]([0-9a-f]{8,64}|(?=\w*\d\w*[A-Za-z])(?=\w*[A-Z])(?=\w*[a-z])\w{8,32})(?=[.\-_~][\w.\-]*$)", re.ASCII
)


# A database's object id, or words with a number among them (`GillSansW01Light`).
_NO_HASH = compile_late(r"[0-9a-f]{24}|(?:[A-Z]?[a-z]{3,}|[A-Z]?\d+)+", re.ASCII)


@lru_cache(maxsize=2048)
def fingerprint(path: str) -> str | None:
    """The part of a path that looks like a hash of the content, or ``None``. A date or a plain number is none."""
    last = path[path.rfind("/") :]
    match = _FINGERPRINT.search(last)
    if match is None or match[1].isdigit() or match[1].isalpha() or _NO_HASH.fullmatch(match[1]):
        return None
    return match[1]


@rule(
    "cache/static-uncached",
    Severity.NOTE,
    "A file named after its content is kept only briefly",
    on=status(200),
    also=answered_with("style", "script", "font", "image", "other"),
    references=("https://www.rfc-editor.org/rfc/rfc8246", "https://web.dev/articles/http-cache"),
    what="""
    The file's name contains what looks like a hash of its content, so a changed file gets a new name. Such a file
    can be
    kept for a year; this one is not stored, or is stale within a month.
    """,
    why="Every return of a visitor transfers or checks again what cannot have changed.",
    fix="Send `Cache-Control: public, max-age=31536000, immutable` for these files.",
    shows="""
    GET https://shop.test/assets/app.3f9c1b7a.js HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: max-age=600
    Content-Type: text/javascript
    """,
    quiet="""
    GET https://shop.test/assets/app.3f9c1b7a.js HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: public, max-age=31536000, immutable
    Content-Type: text/javascript
    """,
)
def static_uncached(x: Subject) -> Finding | None:
    """A fingerprinted script, style, font or image with a lifetime under a month."""
    verdict = x.verdicts.cache
    if verdict is None or (lifetime := verdict.lifetime) is None or lifetime >= MONTH or x.method != "GET":
        return None
    kind = x.media_type
    if kind not in _STATIC and not kind.startswith(_STATIC_KINDS):
        return None
    found = fingerprint(x.url.path)
    if found is None:
        return None
    if not verdict.stored:
        outcome = "it is not stored at all"
    elif lifetime == 0:
        outcome = "it is checked or fetched each time"
    else:
        outcome = f"it is fresh for {duration(lifetime)} only"
    return Finding(
        f"`{found}` in the name looks like a hash of the content, so this file never changes under its name, "
        f"yet {outcome}.",
        fix="The server should send `Cache-Control: public, max-age=31536000, immutable` for files with a hash "
        "in their name.",
        evidence=(x.response_field("cache-control"), x.request_line(mark=found, label="named after its content")),
        certainty="likely",
    )


@rule(
    "cache/no-validator",
    Severity.INFO,
    "No validator: once stale, it is transferred in full again",
    on=status(200),
    also=response_field("cache-control", "expires"),
    references=(f"{RFC9111}#section-4.3", f"{RFC9110}#section-8.8"),
    what="The response is cacheable, but has neither `ETag` nor `Last-Modified`, so a cache cannot ask “has it "
    "changed?”.",
    why="When its lifetime is over the whole content is sent again, even where nothing changed.",
    fix="Send an `ETag` (any string that changes with the content) or `Last-Modified`.",
    shows="""
    GET https://shop.test/list.json HTTP/2

    HTTP/2 200
    Cache-Control: max-age=60
    Content-Type: application/json
    Content-Length: 20000
    """,
    quiet="""
    GET https://shop.test/list.json HTTP/2

    HTTP/2 200
    Cache-Control: max-age=60
    Content-Type: application/json
    Content-Length: 20000
    ETag: "1"
    """,
    once="origin",
)
def no_validator(x: Subject) -> Finding | None:
    """A fresh response of some size that cannot be revalidated."""
    verdict = x.verdicts.cache
    if verdict is None or verdict.validators or not verdict.stored or not verdict.lifetime or verdict.lifetime >= YEAR:
        return None
    size = x.response.body.transferred if x.response is not None else None
    if size is None:
        stated = x.res.get("content-length")
        size = (
            int(stated) if stated is not None and stated.isascii() and stated.isdigit() and len(stated) < 19 else None
        )
    if size is None or size < 1000:
        return None
    return Finding(
        f"After {duration(verdict.lifetime)} it is fetched in full again ({size:,} bytes), as there is nothing "
        "to ask with.",
        fix="The server should send an `ETag`, so that an unchanged response costs a `304` without content.",
        evidence=(x.response_field("etag"), x.response_field("last-modified")),
    )

"""Caching fields that do not do what they seem to: `Pragma`, `Expires`, `Vary`, malformed validators and dates."""

from __future__ import annotations

from inspector.fields.browser_date import read_date
from inspector.fields.cache_control import parse_cache_control
from inspector.fields.etag import parse_etag
from inspector.fields.http_date import parse_http_date
from inspector.fields.vary import parse_vary
from inspector.report import Severity
from inspector.rules.base import Finding, response_field, response_value, rule, status
from inspector.session.cache import policy_of, served_from
from inspector.subject import Subject
from inspector.words import duration, listed

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110"
RFC9111 = "https://www.rfc-editor.org/rfc/rfc9111"
YEAR, MONTH = 31_536_000, 30 * 86_400


@rule(
    "cache/pragma-only",
    Severity.NOTE,
    "`Pragma: no-cache` is no instruction for a response",
    on=response_field("pragma"),
    without=response_field("cache-control"),
    references=(f"{RFC9111}#section-5.4",),
    what="The response says `Pragma: no-cache` and has no `Cache-Control`.",
    why="""
    `Pragma` is defined for requests alone. Chromium treats it as `Cache-Control: no-cache`; a shared cache may
    ignore it
    and keep the response for as long as it guesses.
    """,
    fix="Send `Cache-Control: no-cache` (check before reuse) or `Cache-Control: no-store` (keep no copy).",
    shows="""
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Pragma: no-cache
    """,
    quiet="""
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Pragma: no-cache
    Cache-Control: no-cache
    """,
    once="origin",
)
def pragma_only(x: Subject) -> Finding | None:
    """A response that relies on ``Pragma``."""
    if "no-cache" not in (x.res.get("pragma") or "").lower():
        return None
    expires = x.res.get("expires")
    if expires is not None and (read_date(expires) or 0) <= (x.started or 0):
        return None  # an old idiom that does what it should: expired for everybody
    return Finding(
        "Chromium takes `Pragma: no-cache` for `Cache-Control: no-cache`, but the standard defines it for "
        "requests only: "
        "a CDN or proxy may store this response and reuse it.",
        fix="The server should send `Cache-Control: no-cache`, or `no-store` where no copy may be kept.",
        evidence=(x.response_field("pragma"), x.response_field("cache-control")),
    )


def _is_no_date(expires: str) -> bool:
    return parse_http_date(expires) is None


def _limits_age(cache_control: str) -> bool:
    return parse_cache_control(cache_control).plain_seconds("max-age") is not None


@rule(
    "cache/expires-invalid",
    Severity.NOTE,
    "`Expires` does not say what it seems to",
    on=(
        *response_value("expires", _is_no_date),
        *response_value("cache-control", _limits_age),
        *status(304),  # whose `Cache-Control` may be that of the copy it confirms
    ),
    also=response_field("expires"),
    references=(f"{RFC9111}#section-5.3",),
    what="`Expires` is not a date, or `max-age` beside it says something quite different and wins.",
    why="""
    The standard has an invalid date mean "already expired". Chromium does so for `0` alone: with any other text that is
    no date, `-1` too, it acts as if the field were absent, and guesses a lifetime from `Last-Modified`.
    """,
    fix="Send `Cache-Control: no-cache` for “always check”, `Cache-Control: max-age=<seconds>` for a lifetime, "
    "and leave `Expires` out.",
    unless="`0` and `-1` beside a `Cache-Control` that says the same, or `Expires` in the past beside `no-store`.",
    shows="""
    GET https://shop.test/news HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Last-Modified: Sun, 01 Feb 2026 12:00:00 GMT
    Expires: -1
    """,
    quiet="""
    GET https://shop.test/news HTTP/2

    HTTP/2 200
    Date: Sun, 01 Mar 2026 12:00:00 GMT
    Cache-Control: no-cache
    Expires: -1
    """,
    once="origin",
)
def expires_invalid(x: Subject) -> Finding | None:
    """An ``Expires`` that is no date and has an effect, or one that ``max-age`` overrules."""
    verdict = x.verdicts.cache
    if verdict is None or verdict.basis == "expires" or not verdict.stored:
        return None  # where the lifetime rests on it, it was read as a date
    value = x.res.first["expires"]
    until = read_date(value)
    if until is None and value != "0":
        evidence = x.response_field("expires", label="no date")
        if verdict.basis == "heuristic" and verdict.lifetime:
            return Finding(
                f"`Expires: {x.shown('response', 'expires')}` is not a date. The standard reads it as “already "
                "expired”, "
                f"but Chromium ignores it and, going by `Last-Modified`, reuses this response for "
                f"{duration(verdict.lifetime)} without asking.",
                title=f"`Expires: {x.masker.text(value)[:40]}` does not stop Chromium from reusing this",
                fix="The server should send `Cache-Control: no-cache`, which every cache obeys.",
                evidence=(evidence, x.response_field("last-modified")),
            )
        if value == "-1" or verdict.basis != "none" or policy_of(x).validate is not None:
            return None
        return Finding(
            f"`Expires: {x.shown('response', 'expires')}` is not a date, so it gives no lifetime.",
            title="`Expires` is not a date",
            evidence=(evidence,),
        )
    date = x.res.first.get("date")
    if verdict.basis != "max-age" or verdict.lifetime is None or date is None:
        return None
    sent = read_date(date)
    if sent is None:
        return None
    says, means = max(0.0, (until or 0.0) - sent), verdict.lifetime
    if (says == 0) == (means == 0) or abs(says - means) < 60:
        return None
    if says == 0:
        detail = (
            f"`Expires` says “already expired”, but `max-age` is there and wins: it is fresh for {duration(means)}."
        )
    else:
        detail = f"`Expires` gives {duration(says)}, but `max-age=0` is there and wins: it is stale at once."
    return Finding(
        detail,
        title="`max-age` overrules `Expires`",
        severity=Severity.INFO if says == 0 else None,  # an old way to keep caches of HTTP/1.0 out
        fix="The server should leave `Expires` out, or make it agree with `max-age`.",
        evidence=(x.response_field("expires", label="has no effect"), x.response_field("cache-control")),
    )


def _splits(value: str) -> bool:
    return not {"*", "cookie", "user-agent"}.isdisjoint(parse_vary(value))


@rule(
    "cache/vary-star",
    Severity.WARNING,
    "`Vary` keeps a cacheable response from being reused",
    on=response_value("vary", _splits),
    references=(f"{RFC9110}#section-12.5.5", f"{RFC9111}#section-4.1"),
    what="""
    The response has a lifetime, yet its `Vary` field undoes it: `*` matches no later request, `Cookie` and `User-Agent`
    differ for almost everybody who asks a shared cache.
    """,
    why="Every request goes to the server after all, and the lifetime is never used.",
    fix="Name in `Vary` only the request fields the server really looks at, such as `Accept-Encoding`.",
    unless="The content truly differs by cookie: then `Cache-Control: private` says so better.",
    shows="""
    GET https://shop.test/list HTTP/2

    HTTP/2 200
    Cache-Control: max-age=3600
    Vary: *
    """,
    quiet="""
    GET https://shop.test/list HTTP/2

    HTTP/2 200
    Cache-Control: max-age=3600
    Vary: Accept-Encoding
    """,
    once="origin",
)
def vary_star(x: Subject) -> Finding | None:
    """``*`` on something fresh; cookies or the browser's name on something shared."""
    verdict = x.verdicts.cache
    if verdict is None or not verdict.stored or not verdict.lifetime:
        return None
    names = parse_vary(x.res.get("vary") or "")
    if "*" in names:
        evidence = (x.response_field("vary"), x.response_field("cache-control"))
        return Finding(
            f"It is fresh for {duration(verdict.lifetime)}, but `Vary: *` says that more than the request decided the "
            "answer, so no cache may reuse it without asking.",
            title="`Vary: *` makes the lifetime void",
            fix="The server should name the request fields that matter (`Vary: Accept-Encoding`), or send `no-cache`.",
            evidence=evidence,
        )
    many = [n for n in ("cookie", "user-agent") if n in names]
    if not many or not verdict.shared.stored:
        return None
    control = policy_of(x).directives
    if not (control.has("public") or control.has("s-maxage")):
        return None
    shown = listed([f"`{x.res.named('vary')}: {n}`" for n in many])
    return Finding(
        f"Shared caches are invited to store it, but {shown} splits their copies by a value that differs for nearly "
        "every visitor, so they will hardly ever have a match.",
        title="`Vary` leaves shared caches almost nothing to reuse",
        severity=Severity.NOTE,
        fix="The server should drop the name from `Vary` where the content does not depend on it, or else send "
        "`private`.",
        evidence=(x.response_field("vary"), x.response_field("cache-control")),
    )


@rule(
    "cache/validator-date",
    Severity.NOTE,
    "A validator or date is wrong",
    on=response_field("etag", "last-modified", "date"),
    references=(f"{RFC9110}#section-8.8.2", f"{RFC9110}#section-8.8.3", f"{RFC9110}#section-6.6.1"),
    what="`ETag` is not in quotes, `Last-Modified` is no date or lies after `Date`, or `Date` is far in the future.",
    why="""
    Caches compute freshness from these. A `Date` ahead of time makes responses live longer than meant; a validator that
    is not well-formed may be refused by a CDN or not match.
    """,
    fix='Put the entity tag in double quotes (`ETag: "abc"`), write dates as `Sun, 06 Nov 1994 08:49:37 GMT`, '
    "keep clocks right.",
    shows="""
    GET https://shop.test/a HTTP/2

    HTTP/2 200
    ETag: 3f9c1b7a
    """,
    quiet="""
    GET https://shop.test/a HTTP/2

    HTTP/2 200
    ETag: W/"3f9c1b7a"
    """,
    once="origin",
)
def validator_date(x: Subject) -> list[Finding]:
    """Malformed validators and dates."""
    index = x.res.first
    found: list[Finding] = []
    etag = index.get("etag")
    if etag and parse_etag(etag) is None:
        found.append(
            Finding(
                f"`{x.shown('response', 'etag')[:80]}` is not an entity tag: the value belongs in double "
                "quotes. Chromium "
                "sends it back as it is; other caches may drop it.",
                title="`ETag` is not well-formed",
                fix='The server should put the tag in double quotes: `ETag: "…"`, or `W/"…"` for a weak one.',
                evidence=(x.response_field("etag"),),
            )
        )
    date = read_date(index["date"]) if "date" in index else None
    value = index.get("last-modified")
    if value:
        modified = read_date(value)
        if modified is None:
            found.append(
                Finding(
                    f"`Last-Modified: {x.shown('response', 'last-modified')[:60]}` is not a date, so no cache "
                    "can use it.",
                    title="`Last-Modified` is not a date",
                    evidence=(x.response_field("last-modified"),),
                )
            )
        elif date is not None and modified > date + 60 and parse_http_date(value) is not None:
            found.append(
                Finding(
                    f"`Last-Modified` lies {duration(modified - date)} after `Date`: the content was changed "
                    "after it was "
                    "sent. No lifetime can be guessed from it.",
                    title="`Last-Modified` lies in the future",
                    evidence=(x.response_field("last-modified"), x.response_field("date")),
                )
            )
    started = x.started
    if date is not None and started is not None and date - started > 300:
        ahead = date - started - (x.exchange.timings.total or 0) / 1000
        # A whole number of half hours is a time zone written wrongly by the recorder, not a clock.
        if ahead > 300 and 120 < ahead % 1800 < 1680 and served_from(x) == "network":
            found.append(
                Finding(
                    f"`Date` is {duration(ahead)} ahead of the recorder's clock, so caches take the response "
                    "for younger "
                    "than it is.",
                    title="`Date` lies in the future",
                    certainty="likely",
                    condition="the recorder's clock is right",
                    evidence=(x.response_field("date"),),
                )
            )
    return found

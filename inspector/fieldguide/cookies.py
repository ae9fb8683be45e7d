"""Cookies (RFC 6265bis). Values are never quoted: names, counts and attributes are what is told."""

from __future__ import annotations

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import misfit, quote, quoted, sentences
from inspector.fields.cookie import parse_cookie
from inspector.fields.set_cookie import parse_set_cookie
from inspector.words import count, duration

_DRAFT = "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-"
_LONG = 86_400 * 400


@reads(
    row(
        "Cookie",
        REQUEST,
        "The cookies the browser holds for this URL, names and values and nothing else.",
        f"{_DRAFT}4.2",
        "sid=31d4d96e407aad42; theme=dark",
    )
)
def cookie(value: str) -> str:
    """How many, and their names."""
    pairs = parse_cookie(value)
    if not pairs:
        return "No cookie."
    names = [name for name, _ in pairs]
    named = list(dict.fromkeys(name for name in names if name))
    nameless = "" if len(named) == len(set(names)) else " and one without a name"
    double = len(names) != len(set(names))
    return sentences(
        f"{count(len(pairs), 'cookie')}: {quoted(named)}{nameless}"
        if named
        else f"{count(len(pairs), 'cookie')} without a name",
        "A name is there twice: two cookies for different paths or domains, told apart by their order alone"
        if double
        else "",
    )


@reads(
    row(
        "Set-Cookie",
        RESPONSE,
        "A cookie for the browser to keep and send back; one field line for each.",
        f"{_DRAFT}4.1",
        "sid=31d4d96e407aad42; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
    )
)
def set_cookie(value: str, around: Around) -> str:
    """The cookie's name, life, scope and guards."""
    c = parse_set_cookie(value)
    name = quote(c.name, 60) if c.name else "a cookie without a name"
    if c.error is not None:
        why = {
            "NoCookieContent": "it has neither name nor value",
            "NameValuePairExceedsMaxSize": "name and value are larger than 4,096 bytes together",
            "DisallowedCharacter": "it has a control character",
        }
        return sentences(f"no browser keeps it: {why[c.error]}")
    if c.max_age is not None:
        life = "deleted at once" if c.max_age <= 0 else f"kept for {_life(c.max_age)}"
    elif c.expires is not None:
        left = c.expires - around.sent if around.sent is not None else None
        if left is None:
            from inspector.words import moment

            life = f"kept until {moment(c.expires)}"
        else:
            life = (
                f"deleted at once (it expired {duration(-left)} before the response)"
                if left <= 0
                else f"kept for {_life(left)}"
            )
            if left < -_LONG:
                life = "deleted at once (its date has long passed)"
    else:
        life = "kept until the browser is closed"
    where = (
        f"sent to {quote(c.domain.lstrip('.'), 60)} and every host under it" if c.domain else "sent to this host alone"
    )
    if c.path and c.path != "/":
        where += f", for paths under {quote(c.path, 40)}"
    sites = {
        "Strict": "with requests from the same site alone",
        "Lax": "from other sites with plain navigations alone",
        "None": "with requests from any site",
    }
    site = (
        sites[c.same_site]
        if c.same_site
        else "from other sites with navigations alone, as browsers take a missing `SameSite`"
    )
    guards = [
        "over HTTPS alone" if c.secure else "over plain HTTP too",
        "hidden from scripts" if c.http_only else "readable by scripts",
    ]
    if c.partitioned:
        guards.append("kept apart for each top-level site (`Partitioned`)")
    return sentences(f"{name}: {life}; {where}; {site}; {', '.join(guards)}")


def _life(span: float) -> str:
    if span == float("inf") or span > _LONG:
        shown = "ever" if span > 86_400 * 365_000 else duration(span)
        return f"{shown}, which browsers cut to 400 days"
    return duration(span)


OLD = known(
    row(
        "Cookie2",
        REQUEST,
        "A second kind of cookie, from 2000, that browsers never took up.",
        f"{RFC}2965#section-3.3.5",
        '$Version="1"',
    ),
    row(
        "Set-Cookie2",
        RESPONSE,
        "A second kind of cookie, from 2000, that browsers never took up; they ignore it.",
        f"{RFC}2965#section-3.2",
        'sid="1"; Version="1"',
    ),
)


@reads(
    row(
        "Set-Login",
        RESPONSE,
        "Tells the browser whether the person is signed in at this identity provider (FedCM).",
        "https://w3c-fedid.github.io/login-status/",
        "logged-in",
    )
)
def set_login(value: str) -> str:
    """Signed in or out."""
    words = {"logged-in": "Signed in.", "logged-out": "Signed out."}
    return words.get(value.strip().strip('"')) or misfit("`logged-in` or `logged-out`")

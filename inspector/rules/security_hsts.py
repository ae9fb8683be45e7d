"""`Strict-Transport-Security`: values that browsers ignore, or that protect only briefly (RFC 6797)."""

from __future__ import annotations

from inspector.fields.hsts import parse_hsts
from inspector.report import Severity
from inspector.rules import security_texts as texts
from inspector.rules.base import Finding, response_field, response_value, rule, scheme
from inspector.subject import Subject
from inspector.url import ip_address
from inspector.words import duration, listed

RFC6797 = "https://www.rfc-editor.org/rfc/rfc6797"
HALF_YEAR, YEAR = 15_552_000, 31_536_000
_GOOD_HSTS = (
    "The server should send `Strict-Transport-Security: max-age=31536000`; add `includeSubDomains` only when every "
    "subdomain speaks https."
)


def _lacks_something(value: str) -> bool:
    """Whether a value is anything else than a year or more of https, as the preload list wants it if that is asked for.

    Browsers look at the first line alone; several are joined by a comma.
    """
    hsts = parse_hsts(value)
    sound = hsts.fault is None and (hsts.max_age or 0) >= YEAR and (hsts.include_subdomains or not hsts.preload)
    return not sound or "," in value


def _hsts_applies(x: Subject) -> bool:
    """Whether a browser looks at the field that came over https: only from a host that has a name."""
    return ip_address(x.url.host) is None


def _judged(x: Subject) -> bool:
    """Whether it is worth telling: the host is not this machine, and not a stranger to the page recorded."""
    return _hsts_applies(x) and not x.local and texts.of_the_page(x)


@rule(
    "security/hsts-invalid",
    Severity.WARNING,
    "`Strict-Transport-Security` is not well-formed and ignored",
    on=response_value("strict-transport-security", _lacks_something),
    also=scheme("https"),
    references=(f"{RFC6797}#section-6.1", f"{RFC6797}#section-8.1"),
    what="The value does not follow the grammar, so browsers ignore the whole field.",
    why="The host is not protected, although it looks as if it were.",
    fix="Send `Strict-Transport-Security: max-age=31536000; includeSubDomains`: semicolons between, each "
    "directive once.",
    unless="Quotes around the number, capitals, another order and unknown directives are all valid and not reported.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=31536000, includeSubDomains
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: INCLUDESUBDOMAINS; max-age="31536000"; x-own=1
    """,
    once="origin",
)
def hsts_invalid(x: Subject) -> Finding | None:
    """The first line of the field, the only one browsers look at, is faulty."""
    if not _hsts_applies(x):
        return None
    value = x.res.first["strict-transport-security"]
    fault = parse_hsts(value).fault
    if fault is None:
        return None
    return Finding(
        f"Browsers ignore the whole field: {x.masker.text(fault)}.",
        fix=_GOOD_HSTS,
        evidence=(x.field_line("response.field", "strict-transport-security", value, "ignored"),),
    )


@rule(
    "security/hsts-short",
    Severity.NOTE,
    "https is insisted on for less than half a year",
    on=response_value("strict-transport-security", _lacks_something),
    also=scheme("https"),
    references=(f"{RFC6797}#section-6.1.1", "https://hstspreload.org/#requirements"),
    what="`max-age` of `Strict-Transport-Security` is above zero and below 180 days.",
    why="Who comes back later than that starts over http again, unprotected.",
    fix="Raise `max-age` to 31536000 (one year) once https works everywhere.",
    unless="The field was introduced just now and the time is being raised step by step.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=86400
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=15552000
    """,
    once="origin",
)
def hsts_short(x: Subject) -> Finding | None:
    """A valid field with a short time."""
    hsts = parse_hsts(x.res.first["strict-transport-security"])
    if not _judged(x) or hsts.fault is not None or not hsts.max_age or hsts.max_age >= HALF_YEAR:
        return None
    time = duration(hsts.max_age)
    return Finding(
        f"Browsers use only https for `{x.url.host}` for {time} after each visit; who stays away longer starts "
        "over http.",
        title=f"https is insisted on for {time} only",
        fix=_GOOD_HSTS,
        evidence=(x.response_field("strict-transport-security", mark="max-age"),),
    )


@rule(
    "security/hsts-disabled",
    Severity.WARNING,
    "Browsers are told to forget that https is required",
    on=response_value("strict-transport-security", _lacks_something),
    also=scheme("https"),
    references=(f"{RFC6797}#section-6.1.1",),
    what="`Strict-Transport-Security` has `max-age=0`, which removes the host from the browser's list.",
    why="From now on requests over http are possible again, with all that can happen to them.",
    fix="Send a `max-age` above zero, unless https is being given up on purpose.",
    unless="The site really goes back to http.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=0
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=31536000
    """,
    once="origin",
)
def hsts_disabled(x: Subject) -> Finding | None:
    """``max-age=0``."""
    hsts = parse_hsts(x.res.first["strict-transport-security"])
    if not _hsts_applies(x) or hsts.fault is not None or hsts.max_age != 0:
        return None
    return Finding(
        f"`max-age=0` makes browsers forget that `{x.url.host}` is to be reached by https only.",
        fix=_GOOD_HSTS,
        evidence=(x.response_field("strict-transport-security", mark="max-age=0"),),
    )


@rule(
    "security/hsts-on-http",
    Severity.NOTE,
    "`Strict-Transport-Security` over http is ignored",
    on=response_field("strict-transport-security"),
    also=scheme("http"),
    references=(f"{RFC6797}#section-7.2", f"{RFC6797}#section-8.1"),
    what="The field came in a response over plain http.",
    why="Anybody on the way could have put it there, so browsers do not look at it. It protects nothing.",
    fix="Redirect http to https, and send the field there.",
    unless="The server also sends it over https, and the http answer is only the redirect to it.",
    shows="""
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Strict-Transport-Security: max-age=31536000
    """,
    quiet="""
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Strict-Transport-Security: max-age=31536000
    """,
    once="origin",
)
def hsts_on_http(x: Subject) -> Finding | None:
    """The field over http."""
    if x.local or not texts.of_the_page(x):
        return None
    redirects = 300 <= x.status < 400 and (x.res.get("location") or "").startswith("https:")
    return Finding(
        "Browsers heed this field over https only; here it came over http.",
        severity=Severity.INFO if redirects else None,
        fix="The server should redirect to https and send the field with its https responses.",
        evidence=(x.response_field("strict-transport-security", label="ignored over http"),),
    )


@rule(
    "security/hsts-preload-ineligible",
    Severity.NOTE,
    "`preload` is asked for, but the conditions are not met",
    on=response_value("strict-transport-security", _lacks_something),
    also=scheme("https"),
    references=("https://hstspreload.org/#requirements",),
    what="The field says `preload`, but `max-age` is below a year or `includeSubDomains` is missing.",
    why="The browsers' preload list does not take such a host, or removes it.",
    fix="Send `max-age=31536000; includeSubDomains; preload`, or leave `preload` out.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=31536000; preload
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Strict-Transport-Security: max-age=31536000; includeSubDomains; preload
    """,
    once="origin",
)
def hsts_preload_ineligible(x: Subject) -> Finding | None:
    """``preload`` without what it requires."""
    hsts = parse_hsts(x.res.first["strict-transport-security"])
    if not _judged(x) or hsts.fault is not None or not hsts.preload or not hsts.max_age:
        return None
    lacking = []
    if hsts.max_age < YEAR:
        lacking.append(f"`max-age` is {duration(hsts.max_age)} and has to be a year")
    if not hsts.include_subdomains:
        lacking.append("`includeSubDomains` is missing")
    if not lacking:
        return None
    return Finding(
        f"The preload list does not accept this: {listed(lacking)}.",
        fix="The server should send `max-age=31536000; includeSubDomains; preload`, or leave `preload` out. "
        "Trap: the list "
        "covers every subdomain, and leaving it takes months.",
        evidence=(x.response_field("strict-transport-security", mark="preload"),),
    )

"""Topic ``cookies``: what the requests carry, what they do not, and why not."""

from __future__ import annotations

from collections import defaultdict

from inspector.browser.verdict import CookieVerdict
from inspector.fields.cookie import parse_cookie
from inspector.fields.set_cookie import octets
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, cookies_judged, document, request_value, rule
from inspector.rules.cookies_words import DRAFT, names, number, shorten
from inspector.subject import Subject
from inspector.words import listed

_SET_HERE = """
    GET https://shop.test/login HTTP/2
    Sec-Fetch-Site: none
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Set-Cookie: sid=7f9c2ba4e88f827d; Path=/account; Secure; HttpOnly; SameSite=Lax
    ---
"""


@rule(
    "cookies/not-sent",
    Severity.INFO,
    "Not sent with this request",
    on=cookies_judged(),
    references=(DRAFT + "5.8.3", DRAFT + "5.1.4"),
    what="""
    A cookie set earlier in the recording is not sent with this request to the same site: its path, host, `Secure` or
    `SameSite` keeps it back.
    """,
    why="A server that misses the cookie answers as to a stranger: signed out, an empty basket, a refused form.",
    fix="Widen the attribute that keeps it back, if this request is meant to carry the cookie.",
    unless="Keeping cookies back is what these attributes are for.",
    shows=_SET_HERE
    + """
    GET https://shop.test/api/basket HTTP/2
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 401
    """,
    quiet=_SET_HERE
    + """
    GET https://shop.test/account/orders HTTP/2
    Cookie: sid=7f9c2ba4e88f827d
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    """,
)
def not_sent(x: Subject) -> list[Finding]:
    """Grouped by reason. Other hosts' cookies are told once an origin: that is how cookies are meant to work."""
    found: list[Finding] = []
    absent = [v for v in x.verdicts.cookies if v.outcome == "blocked" and not v.recorded and v.codes]
    if not absent:
        return found
    groups: dict[str, list[CookieVerdict]] = defaultdict(list)
    for verdict in absent:
        groups["DomainMismatch" if "DomainMismatch" in verdict.codes else verdict.codes[0]].append(verdict)
    for code, verdicts in groups.items():
        told_again = code in ("DomainMismatch", "NotOnPath", "SecureOnly")
        key = f"{x.url.origin} {','.join(sorted({v.name for v in verdicts}))}"
        if told_again and not x.session.first(f"cookies/not-sent {code}", key):
            continue
        detail, fix, title = _reason(x, code, verdicts)
        found.append(Finding(detail, fix, _evidence(x, code), title))
    return found


def _set_on(verdicts: list[CookieVerdict]) -> str:
    at = sorted({v.set_by for v in verdicts if v.set_by is not None})
    return f" (set on exchange{'' if len(at) == 1 else 's'} {listed(str(i) for i in at)})" if at else ""


def _reason(x: Subject, code: str, verdicts: list[CookieVerdict]) -> tuple[str, str | None, str]:
    who = names(v.name for v in verdicts)
    told = f"{who}{_set_on(verdicts)}"
    one = len({v.name for v in verdicts}) == 1
    is_not = "is" if one else "are"
    kept = x.session.jar.kept(x.url, [v.name for v in verdicts])
    paths = listed(dict.fromkeys(f"`{shorten(c.path)}`" for c in kept if c.path != "/"))
    hosts = listed(dict.fromkeys(f"`{c.domain}`" for c in kept))
    if code == "NotOnPath":
        path = shorten(x.url.path or "/")
        return (
            f"{told} {is_not} for {paths or 'another path'} and below; this request's path is `{path}`.",
            "If it is needed here, set it on the server with `Path=/`. `Path` protects nothing: any page of the host "
            "can "
            "reach it by way of the other path.",
            f"Not sent: {who} is for another path" if one else "Not sent: for another path",
        )
    if code == "DomainMismatch":
        return (
            f"{told} {is_not} for {hosts or 'another host'} alone, and this request goes to `{x.url.host}`.",
            "If it is needed on both hosts, set it on the server with `Domain` naming their common parent.",
            "Not sent: cookies of another host",
        )
    if code == "SecureOnly":
        return (
            f"{told} {is_not} `Secure`, and this request goes over `http:`.",
            f"Ask for `https://{x.url.host}` instead.",
            "Not sent: `Secure` cookies over `http:`",
        )
    if code == "UserPreferences":
        return (
            f"{told} would be a third-party cookie here, and this browser blocks those (its own "
            "`Sec-Fetch-Storage-Access` says so).",
            "On the server, add `Partitioned`, or have the page ask through the Storage Access API.",
            "Not sent: third-party cookies are blocked",
        )
    return _same_site(x, code, told, who, one)


def _same_site(x: Subject, code: str, told: str, who: str, one: bool) -> tuple[str, str | None, str]:
    schemeful = code.startswith("Schemeful")
    if schemeful:
        from_where = (
            "a page of the same domain, but of the other scheme (`http:` against `https:`), started this request"
        )
    elif x.is_navigation:
        from_where = "a page of another site led here"
    else:
        from_where = "a page of another site made this request"
    if code.endswith("Strict"):
        rule = "`SameSite=Strict` keeps it from whatever another site starts, a followed link too"
    elif code.endswith("SameSiteLax"):
        rule = "`SameSite=Lax` lets it cross sites only when a person follows a link to a new page (GET)"
    else:
        rule = "it has no `SameSite`, which Chromium takes as `Lax`: across sites it only goes with followed links"
    fix = (
        "Use `https:` on both sides."
        if schemeful
        else "If the other site is meant to have it sent, set it on the server with `SameSite=None; Secure`, and guard "
        "the request against cross-site forgery with a token."
    )
    return f"{told}: {from_where}, and {rule}.", fix, f"Not sent: `SameSite` keeps {who if one else 'cookies'} back"


def _evidence(x: Subject, code: str) -> tuple[Evidence, ...]:
    if code in ("NotOnPath", "DomainMismatch", "SecureOnly"):
        return (x.request_line(),)
    return tuple(x.request_field(n) for n in ("sec-fetch-site", "origin", "referer") if n in x.req)[:2]


@rule(
    "cookies/due-but-absent",
    Severity.INFO,
    "Expected with this request, but not in it",
    on=cookies_judged(),
    references=(DRAFT + "5.8.3",),
    what="""
    A cookie set earlier in the recording matches this request in every respect, and the recorded request does not carry
    it.
    """,
    why="""
    A script may have deleted it, the page may have asked with `credentials: 'omit'`, or the browser blocks it by a
    setting: the recording shows none of these.
    """,
    fix="Look in the browser's storage panel whether the cookie still exists at that moment.",
    shows="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Site: none
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Set-Cookie: sid=7f9c2ba4e88f827d; Path=/; Secure; HttpOnly; SameSite=Lax
    ---
    GET https://shop.test/api/basket HTTP/2
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 401
    """,
    quiet="""
    GET https://shop.test/ HTTP/2
    Sec-Fetch-Site: none
    Sec-Fetch-Mode: navigate
    Sec-Fetch-Dest: document

    HTTP/2 200
    Content-Type: text/html
    Set-Cookie: sid=7f9c2ba4e88f827d; Path=/; Secure; HttpOnly; SameSite=Lax
    ---
    GET https://shop.test/api/basket HTTP/2
    Cookie: sid=7f9c2ba4e88f827d
    Sec-Fetch-Site: same-origin
    Sec-Fetch-Mode: cors
    Sec-Fetch-Dest: empty

    HTTP/2 200
    """,
)
def due_but_absent(x: Subject) -> Finding | None:
    """Only where the recording keeps cookies."""
    missing = [v for v in x.verdicts.cookies if v.recorded is False and v.outcome in ("sent", "unknown")]
    if not missing or not x.session.first("cookies/due-but-absent", f"{x.url.origin} {missing[0].name}"):
        return None
    return Finding(
        f"{names(v.name for v in missing)}{_set_on(missing)} matches this request by host, path, `Secure` and "
        "`SameSite`, "
        "but the request was recorded without it. Deleted by a script meanwhile, left out on purpose "
        "(`credentials: 'omit'`) or blocked by a browser setting: the recording cannot tell.",
        evidence=(x.request_field("cookie"),),
        certainty="likely",
    )


def _may_be_large(value: str) -> bool:
    return len(value) > 1000 or value.count(";") >= 48


@rule(
    "cookies/header-size",
    Severity.NOTE,
    "Large `Cookie` field on every request",
    on=request_value("cookie", _may_be_large),
    references=(DRAFT + "6.1", "https://www.rfc-editor.org/rfc/rfc6585#section-5"),
    what="The `Cookie` field of the request is over 4 kB, or carries more than 50 cookies.",
    why="""
    It goes with every request to the host. Many servers refuse a request whose fields exceed 8 kB, with `431` or `400`,
    and then for that one person the site is down until they delete their cookies.
    """,
    fix="Keep data on the server, give cookies a narrower host or path, and serve static files from a host without "
    "cookies.",
    shows="GET https://shop.test/ HTTP/2\nCookie: basket=" + "0123456789abcdef" * 300 + "\n\nHTTP/2 200",
    quiet="GET https://shop.test/ HTTP/2\nCookie: basket=0123456789abcdef\n\nHTTP/2 200",
    once="origin",
    gravest=Severity.WARNING,
)
def header_size(x: Subject) -> Finding | None:
    """Over 4 kB a note, over 8 kB a warning."""
    value = "; ".join(x.req.all("cookie"))
    size = octets(value)
    if size <= 4096 and value.count(";") < 50:
        return None
    pairs = parse_cookie(value)
    largest = max(pairs, key=lambda pair: len(pair[1]), default=("", ""))
    detail = (
        f"The `Cookie` field carries {number(len(pairs))} in {size:,} bytes; the largest is {names([largest[0]])} with "
        f"{octets(largest[1]):,}."
    )
    if size > 8192:
        detail += " Many servers refuse requests whose fields exceed 8 kB, with `431` or `400`."
    return Finding(
        f"{detail} Every request to `{x.url.host}` carries them.",
        "On the server, keep the data in a store and an identifier in the cookie; narrow `Path` or drop `Domain` for "
        "those that few requests need.",
        (Evidence("request.field", x.req.named("cookie"), None, None, f"{size:,} bytes"),),
        severity=Severity.WARNING if size > 8192 else None,
    )


def _may_repeat_a_name(value: str) -> bool:
    """Whether a name comes twice, or a comma may stand where two lines of the field were joined."""
    pairs = parse_cookie(value)
    return len(dict(pairs)) != len(pairs) or ", " in value


@rule(
    "cookies/sent-twice",
    Severity.NOTE,
    "Two cookies of one name are sent",
    on=request_value("cookie", _may_repeat_a_name),
    references=(DRAFT + "5.8.3", DRAFT + "8.6"),
    what="The `Cookie` field carries the same name more than once: cookies of different paths or domains.",
    why="""
    The server cannot tell them apart. Most frameworks take the first (the one with the longer path), some the last, and
    a stale one can hide the one just set.
    """,
    fix="Set the cookie with one `Domain` and `Path` everywhere, and delete the others with theirs.",
    shows="""
    GET https://shop.test/account HTTP/2
    Cookie: sid=7f9c2ba4e88f827d; sid=0a1b2c3d4e5f6071

    HTTP/2 200
    """,
    quiet="""
    GET https://shop.test/account HTTP/2
    Cookie: sid=7f9c2ba4e88f827d; theme=dark

    HTTP/2 200
    """,
    once="origin",
)
def sent_twice(x: Subject) -> Finding | None:
    """Names that occur more than once."""
    pairs = parse_cookie("; ".join(x.req.all("cookie")))
    if len(dict(pairs)) == len(pairs):
        return None
    seen: dict[str, int] = defaultdict(int)
    for name, _ in pairs:
        seen[name] += 1
    twice = [name for name, many in seen.items() if many > 1 and name]
    if not twice:
        return None
    return Finding(
        f"The request carries {names(twice)} more than once. Such cookies differ in `Domain` or `Path`, which the "
        "server "
        "does not see: browsers put the longer path first, then the older cookie.",
        "On the server, set the cookie with one `Domain` and `Path` only, and delete the stray one with the `Domain` "
        "and "
        "`Path` it was set with.",
        (x.request_field("cookie", f"{twice[0]}="),),
    )


@rule(
    "cookies/not-recorded",
    Severity.INFO,
    "This recording has no cookies",
    on=document(),
    references=(DRAFT + "5.8.3",),
    what="The program that wrote the recording removed `Cookie` and `Set-Cookie`. Nothing can be said about cookies.",
    why="Their absence proves nothing here: neither that none were set, nor that none were sent.",
    fix="In Chrome, allow HAR export with sensitive data in DevTools' settings, and export again.",
    shows="""
    # cookies: removed
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    once="session",
)
def not_recorded(x: Subject) -> Finding | None:
    """Once a session."""
    if x.exchange.context.recorder.cookies_recorded is not False:
        return None
    return Finding(
        "The exporter removed `Cookie` and `Set-Cookie` from this recording, so which cookies were set, refused or "
        "sent is "
        "unknown throughout.",
        "In Chrome's DevTools, turn on `Allow to generate HAR with sensitive data` in the settings, then export again.",
    )

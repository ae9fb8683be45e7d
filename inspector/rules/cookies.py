"""Topic ``cookies``: what a browser does with each cookie a response sets, and why it refuses one."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache

from inspector.browser.cookies_store import prefix_violations
from inspector.report import Severity
from inspector.rules.base import (
    Finding,
    response_field,
    rule,
    set_cookie_attribute,
    set_cookie_blocked,
    set_cookie_judged,
)
from inspector.rules.cookies_words import (
    CHIPS,
    DRAFT,
    Line,
    attribute_text,
    evidence_of,
    flags,
    lifetime,
    line_evidence,
    names_of,
    number,
    prefix_as_written,
    refused,
    scope,
    set_lines,
    shorten,
    shown_name,
)
from inspector.site import is_public_suffix, registrable_domain
from inspector.subject import Subject
from inspector.words import listed, ticked

_SETS = response_field("set-cookie")
_LARGE = 256
"""Characters from which a line is measured: at four octets each they fill an attribute's 1024, the least limit."""
_ATTRIBUTES = ("`Secure`", "`HttpOnly`", "`Path=/`")
_NO_DOMAIN, _HTTPS = "the absence of `Domain`", "an `https:` URL"
"""What `prefix_violations` calls what a prefix demands."""


def _stored_phrase(x: Subject, line: Line) -> str:
    verdict, stored = line.verdict, line.verdict.stored_as
    name = shown_name(line.cookie.name)
    if verdict.outcome == "blocked":
        return f"{name}: refused" + (f" ({listed(ticked(verdict.codes))})" if verdict.codes else "")
    if line.deletes:
        return f"{name}: deleted"
    if stored is None:
        return f"{name}: not judged, as this answer did not come from the server"
    told = flags(stored.secure, stored.http_only, stored.same_site, stored.partitioned)
    text = f"{name}: for {scope(stored)}, {lifetime(x, line)}{told}"
    return f"{text}; {verdict.condition}" if verdict.outcome == "depends" else text


@rule(
    "cookies/set",
    Severity.INFO,
    "Cookies set",
    on=_SETS,
    references=(DRAFT + "5.7", DRAFT + "4.1.2"),
    what="The response sets cookies. For each: which hosts and paths get it back, how long it lives, and its flags.",
    why="""
    A cookie goes with every request its domain and path match, whoever starts the request, unless a flag says
    otherwise. Who gets it, and for how long, is decided by this one line.
    """,
    fix="Nothing needs fixing; other findings say where a line does not do what it seems to.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: __Host-sid=7f9c2ba4e88f827d; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600
    Set-Cookie: theme=dark; Domain=shop.test; Max-Age=63072000
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
)
def cookies_set(x: Subject) -> Finding | None:
    """One finding for all lines: a phrase each."""
    lines = set_lines(x)
    if not lines:
        return None
    phrases = [_stored_phrase(x, line) for line in lines]
    most = 12
    if len(phrases) > most:
        phrases = [*phrases[:most], f"and {len(phrases) - most} more"]
    outcomes = [line.verdict.outcome for line in lines]
    title = _outcomes(len(lines), outcomes.count("stored"), outcomes.count("expired"), outcomes.count("blocked"))
    return Finding(f"{'; '.join(phrases)}.", title=title)


@lru_cache(maxsize=256)
def _outcomes(lines: int, stored: int, deleted: int, refused: int) -> str:
    """How many cookies were set, and what became of them."""
    doubtful = lines - stored - deleted - refused
    parts = [
        text
        for many, text in (
            (stored, f"{stored} stored"),
            (deleted, f"{deleted} deleted"),
            (refused, f"{refused} refused"),
            (doubtful, f"{doubtful} in doubt"),
        )
        if many
    ]
    return f"{number(lines)} set" + (f": {listed(parts)}" if len(parts) > 1 or not stored else "")


@rule(
    "cookies/invalid-domain",
    Severity.ERROR,
    "Not stored: `Domain` is not this host's",
    on=set_cookie_blocked("InvalidDomain"),
    references=(DRAFT + "5.7", DRAFT + "5.1.3"),
    what="""
    `Domain` names a domain the host does not belong to, or a public suffix such as `com` or `github.io`, under which
    unrelated people register names. The browser drops the cookie (`InvalidDomain`).
    """,
    why="Otherwise any site could plant cookies on any other. The whole cookie is lost, not just the attribute.",
    fix="Name the host itself or a parent up to the registrable domain, or leave `Domain` out.",
    unless="",
    shows="""
    GET https://www.shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Domain=api.shop.test
    """,
    quiet="""
    GET https://www.shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Domain=shop.test
    """,
)
def invalid_domain(x: Subject) -> list[Finding]:
    """Grouped by the ``Domain`` value."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in refused(x, "InvalidDomain"):
        groups[(line.cookie.domain or "").lower()].append(line)
    return [_invalid_domain(x, domain, lines) for domain, lines in groups.items()]


def _invalid_domain(x: Subject, domain: str, lines: list[Line]) -> Finding:
    host, bare = x.url.host, domain.removeprefix(".")
    wanted = shorten(domain)
    if is_public_suffix(bare):
        why = f"`{shorten(bare)}` is a public suffix: unrelated sites share it, so no cookie may span it."
    elif bare.endswith("." + host):
        why = f"`{wanted}` lies below `{host}`, and a host can only name itself or its parents."
    elif not domain.isascii():
        why = "A `Domain` must be ASCII; an international name has to be written in its `xn--` form."
    elif any(c in domain for c in ':/"* '):
        why = f"`{wanted}` is not a bare host name: no scheme, port, path, quotes or wildcard belong there."
    else:
        why = f"`{host}` is neither `{wanted}` nor a host under it."
    site = registrable_domain(host)
    fix = f"On the server, leave `Domain` out to keep the cookie for `{host}` alone"
    if site is None or site == host:
        fix += "."
    else:
        fix += f", or write `Domain={site}` to share it with every host under `{site}`, less trusted ones too."
    return Finding(
        f"Browsers drop {names_of(lines)}: the line says `Domain={wanted}`, and the response came from `{host}`. {why}",
        fix,
        tuple(line_evidence(x, line, attribute_text(line, "domain"), f"the host is {host}") for line in lines[:5]),
    )


@rule(
    "cookies/prefix",
    Severity.ERROR,
    "Not stored: the name's prefix demands more",
    on=set_cookie_blocked("InvalidPrefix"),
    references=(DRAFT + "4.1.3", DRAFT + "5.7"),
    what="""
    A name beginning `__Secure-`, `__Host-`, `__Http-` or `__Host-Http-` (in any case) is a promise about the
    attributes. The line breaks it, and the browser drops the cookie (`InvalidPrefix`).
    """,
    why="""
    The server only gets the name back. The prefix lets it trust that the cookie came over TLS, from this very host or
    with `HttpOnly`, because a browser stores no other under such a name.
    """,
    fix="""
    `__Secure-` needs `Secure` over `https:`. `__Host-` needs `Secure`, `Path=/` and no `Domain`. `__Http-` needs
    `Secure` and `HttpOnly`. `__Host-Http-` needs all of them.
    """,
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: __Host-sid=7f9c2ba4e88f827d; Secure; Path=/; Domain=shop.test
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: __Host-sid=7f9c2ba4e88f827d; Secure; Path=/; HttpOnly
    """,
)
def prefix(x: Subject) -> list[Finding]:
    """One finding for each set of missing things."""
    groups: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in refused(x, "InvalidPrefix"):
        groups[prefix_violations(line.cookie, x.url)].append(line)
    found = []
    for missing, lines in groups.items():
        if missing == ("a name",):
            found.append(
                Finding(
                    "The line has no name before `=`, and its value begins like a cookie name prefix. Sent back it "
                    "would look like a cookie with that prefix, so browsers drop it.",
                    "Give the cookie its name before the `=`.",
                    evidence_of(x, lines),
                )
            )
            continue
        mark = attribute_text(lines[0], "domain") if _NO_DOMAIN in missing else None
        kind = prefix_as_written(lines[0].cookie.name)
        found.append(
            Finding(
                f"Browsers drop {names_of(lines)}: {_prefix_rule(missing, kind)}.",
                _prefix_fix(missing),
                evidence_of(x, lines, mark, "not allowed with this prefix" if mark else None),
            )
        )
    return found


def _prefix_rule(missing: tuple[str, ...], kind: str) -> str:
    """What the prefix asks for and the line, or the response it came with, does not fulfil."""
    lacks = [m for m in missing if m in _ATTRIBUTES]
    said = []
    if lacks:
        said.append(f"demands {listed(lacks)}, which the line lacks")
    if _NO_DOMAIN in missing:
        said.append("forbids `Domain`, which the line has")
    if _HTTPS in missing:
        said.append("demands `https:`, and the line came over `http:`")
    return f"a name that begins with `{kind}` {', and '.join(said)}"


def _prefix_fix(missing: tuple[str, ...]) -> str:
    add = [m for m in missing if m in _ATTRIBUTES]
    parts = []
    if add:
        parts.append(f"add {listed(add)}")
    if _NO_DOMAIN in missing:
        parts.append("remove `Domain`")
    if _HTTPS in missing:
        parts.append("set it from an `https:` URL")
    return f"On the server, {listed(parts)}; or use a name without the prefix, which promises less."


@rule(
    "cookies/secure-over-http",
    Severity.ERROR,
    "Not stored: `Secure` from an `http:` URL",
    on=set_cookie_blocked("SecureOnly"),
    references=(DRAFT + "5.7", DRAFT + "4.1.2.5"),
    what="A cookie with `Secure` came over plain HTTP. Browsers drop it (`SecureOnly`), loopback hosts excepted.",
    why="Anyone on the path could have written it, and the server would take it for one set over TLS.",
    fix="Redirect the page to `https:` and set the cookie there.",
    unless="On `localhost` and loopback addresses Chromium and Firefox accept it, Safari does not.",
    shows="""
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure
    """,
    quiet="""
    GET http://localhost:8000/ HTTP/1.1

    HTTP/1.1 200 OK
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure
    """,
)
def secure_over_http(x: Subject) -> Finding | None:
    """All such lines at once."""
    lines = refused(x, "SecureOnly")
    if not lines:
        return None
    return Finding(
        f"Browsers drop {names_of(lines)}: `Secure` is set, and the response came over `http:` from `{x.url.host}`, "
        "where anyone on the path could have written the line.",
        f"Answer `http:` with a redirect to `https://{x.url.host}/` and set the cookie there. Dropping `Secure` would "
        "store it too, and send it readable over every network on the way.",
        evidence_of(x, lines, "secure", "needs https:"),
    )


@rule(
    "cookies/none-without-secure",
    Severity.ERROR,
    "Not stored: `SameSite=None` without `Secure`",
    on=set_cookie_blocked("SameSiteNoneInsecure"),
    references=(DRAFT + "5.7", DRAFT + "4.1.2.7"),
    what="`SameSite=None` asks for sending across sites; browsers then demand `Secure` (`SameSiteNoneInsecure`).",
    why="A cookie that crosses sites over plain HTTP could be read and followed by anyone on the path.",
    fix="Add `Secure`. If the cookie need not cross sites, use `SameSite=Lax`.",
    unless="Firefox and Safari may still store it.",
    shows="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: w=1; SameSite=None
    """,
    quiet="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: w=1; SameSite=None; Secure
    """,
)
def none_without_secure(x: Subject) -> Finding | None:
    """All such lines at once."""
    lines = refused(x, "SameSiteNoneInsecure")
    if not lines:
        return None
    return Finding(
        f"Chromium-based browsers drop {names_of(lines)}: `SameSite=None` is only accepted together with `Secure`.",
        "On the server, add `Secure` to the line"
        + ("" if x.url.secure else ", and serve it over `https:`")
        + ". Where "
        "the cookie is only needed on its own site, write `SameSite=Lax` instead.",
        evidence_of(x, lines, "samesite=none", "needs Secure"),
    )


@rule(
    "cookies/partitioned-insecure",
    Severity.ERROR,
    "Not stored: `Partitioned` without `Secure`",
    on=set_cookie_attribute("partitioned"),
    references=(CHIPS,),
    what="`Partitioned` is only accepted with `Secure`, over TLS. The browser drops the cookie and names no reason.",
    why="In DevTools the cookie is simply absent: this refusal has no reason of its own there.",
    fix="Add `Secure`, and `SameSite=None` if the cookie is meant for use inside other sites' pages.",
    shows="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: w=1; SameSite=Lax; Partitioned
    """,
    quiet="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: w=1; SameSite=None; Secure; Partitioned
    """,
)
def partitioned_insecure(x: Subject) -> Finding | None:
    """Refused without a code of the protocol."""
    lines = [
        line
        for line in set_lines(x)
        if line.verdict.outcome == "blocked" and any(s.check == "Partitioned" for s in line.verdict.steps)
    ]
    if not lines:
        return None
    lacking = "`Secure` is missing" if not lines[0].cookie.secure else "the response came over `http:`"
    return Finding(
        f"Chromium drops {names_of(lines)}: `Partitioned` demands `Secure` over TLS, and {lacking}. DevTools shows no "
        "reason for it.",
        "On the server, write `SameSite=None; Secure; Partitioned`.",
        evidence_of(x, lines, "partitioned", "needs Secure"),
    )


@rule(
    "cookies/too-large",
    Severity.ERROR,
    "Not stored: larger than 4096 bytes",
    on=_SETS,
    references=(DRAFT + "5.7", DRAFT + "5.6"),
    what="""
    Name and value together are limited to 4096 bytes; a larger cookie is dropped whole (`NameValuePairExceedsMaxSize`).
    An attribute value over 1024 bytes is ignored with its attribute.
    """,
    why="The session, the basket or the setting in it is never stored, often only for users who have much of it.",
    fix="Keep the data on the server and an identifier in the cookie, or split off what is not needed on each request.",
    shows="GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nSet-Cookie: basket=" + "0123456789abcdef" * 260,
    quiet="GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nSet-Cookie: basket=" + "0123456789abcdef" * 100,
)
def too_large(x: Subject) -> list[Finding]:
    """Refused ones, ones that are nearly there, and attributes ignored for their length."""
    found: list[Finding] = []
    if max(map(len, x.res.all("set-cookie"))) < _LARGE:
        return found
    for line in set_lines(x):
        cookie, size = line.cookie, line.cookie.size
        name = shown_name(cookie.name)
        if cookie.error == "NameValuePairExceedsMaxSize":
            found.append(
                Finding(
                    f"Browsers drop {name}: name and value together are {size:,} bytes, {size - 4096:,} over the limit "
                    "of 4096.",
                    "Keep the data on the server and only an identifier in the cookie. Every request carries the "
                    "cookie, so a large one also slows all of them down.",
                    (line_evidence(x, line, None, f"{size:,} bytes"),),
                )
            )
        elif size >= 3900 and line.kept:
            found.append(
                Finding(
                    f"{name} has {size:,} bytes of name and value; from 4,097 on browsers drop the whole cookie.",
                    "Keep the data on the server and only an identifier in the cookie.",
                    (line_evidence(x, line, None, f"{size:,} of 4,096 bytes"),),
                    f"{4096 - size} bytes below the size at which it is dropped",
                    Severity.WARNING,
                )
            )
        if cookie.ignored:
            found.append(
                Finding(
                    f"Browsers ignore {listed(ticked(cookie.ignored))} of {name}: its value is over 1024 bytes. The "
                    "cookie is stored as if the attribute were not there.",
                    "Shorten the attribute's value.",
                    (line_evidence(x, line),),
                    "Attribute ignored: longer than 1024 bytes",
                    Severity.WARNING,
                )
            )
    return found


@rule(
    "cookies/unreadable",
    Severity.WARNING,
    "Not stored: the line is not a cookie",
    on=set_cookie_blocked("NoCookieContent", "DisallowedCharacter"),
    references=(DRAFT + "5.6", DRAFT + "5.7"),
    what="The line has neither name nor value (`NoCookieContent`), or a control character (`DisallowedCharacter`).",
    why="Nothing is stored, and the mistake that wrote such a line has usually lost a real cookie.",
    fix="Write `name=value` first; encode a value that may hold line breaks, tabs or other control characters.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: ; Path=/; HttpOnly
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sid=; Path=/; HttpOnly
    """,
)
def unreadable(x: Subject) -> list[Finding]:
    """The two kinds."""
    found = []
    empty = refused(x, "NoCookieContent")
    if empty:
        found.append(
            Finding(
                f"{'A line has' if len(empty) == 1 else f'{len(empty)} lines have'} neither a name nor a value before "
                "the first `;`, so there is nothing to store.",
                "On the server, look where the name and the value get lost: an empty variable, or a list of cookies "
                "joined with a stray separator.",
                evidence_of(x, empty),
            )
        )
    control = refused(x, "DisallowedCharacter")
    if control:
        found.append(
            Finding(
                f"Browsers drop {names_of(control)}: the line has a control character in it (a tab inside counts). It "
                "is refused whole, because such characters once cut cookies in two.",
                "On the server, percent-encode or Base64-encode the value.",
                evidence_of(x, control),
                title="Not stored: a control character in the line",
            )
        )
    return found


@rule(
    "cookies/overwrites-secure",
    Severity.ERROR,
    "Not stored: a `Secure` cookie of that name exists",
    on=set_cookie_blocked("OverwriteSecure"),
    references=(DRAFT + "5.7",),
    what="""
    A response over plain HTTP sets a cookie of the same name as a `Secure` cookie that was set over TLS, in overlapping
    domain and path. The browser keeps the `Secure` one (`OverwriteSecure`).
    """,
    why="Otherwise someone on the path could replace a session by their own with a forged `http:` answer.",
    fix="Set the cookie over `https:`, or under another name.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure; Path=/
    ---
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Set-Cookie: sid=0000000000000000; Path=/
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sid=7f9c2ba4e88f827d; Secure; Path=/
    ---
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Set-Cookie: visits=3; Path=/
    """,
)
def overwrites_secure(x: Subject) -> Finding | None:
    """All such lines at once."""
    lines = refused(x, "OverwriteSecure")
    if not lines:
        return None
    return Finding(
        f"The browser keeps the `Secure` {'cookie' if len(lines) == 1 else 'cookies'} {names_of(lines)} set over TLS "
        "earlier in this recording: a response over `http:` can neither replace nor delete it.",
        "Set the cookie from an `https:` URL, or use another name for what `http:` pages need.",
        evidence_of(x, lines),
    )


@rule(
    "cookies/deleted",
    Severity.INFO,
    "Cookie deleted",
    on=set_cookie_judged("expired"),
    references=(DRAFT + "5.7", DRAFT + "4.1.2.2"),
    what="""
    A cookie is deleted by setting it again with an expiry in the past. The browser finds the one to delete by name,
    domain and path; one of the same name elsewhere stays.
    """,
    why="A sign-out that names another `Path` or `Domain` than the sign-in did leaves the session cookie in place.",
    fix="Repeat `Domain` and `Path` exactly as the cookie was set with them.",
    shows="""
    GET https://shop.test/logout HTTP/2

    HTTP/2 200
    Set-Cookie: sid=; Max-Age=0; Path=/
    """,
    quiet="""
    GET https://shop.test/login HTTP/2

    HTTP/2 200
    Set-Cookie: sid=7f9c2ba4e88f827d; Max-Age=3600; Path=/
    """,
)
def deleted(x: Subject) -> list[Finding]:
    """What is deleted, and what was missed."""
    lines = [line for line in set_lines(x) if line.verdict.outcome == "expired"]
    named = Counter(line.cookie.name for line in set_lines(x))
    found = []
    plain = []
    for line in lines:
        left = x.session.jar.namesakes(line.cookie.name, line.verdict.stored_as)
        if not left or named[line.cookie.name] > 1:  # several lines of that name cover several places at once
            plain.append(line)
            continue
        stored = line.verdict.stored_as
        assert stored is not None
        kept = left[0]
        where = f"`{kept.domain}`{'' if kept.host_only else ' and its subdomains'}, path `{shorten(kept.path)}`"
        found.append(
            Finding(
                f"The line deletes {shown_name(line.cookie.name)} for {scope(stored)}, but the cookie of that name set "
                f"on exchange {kept.set_by} is for {where}. That one stays and is still sent.",
                "On the server, delete with the `Domain` and `Path` the cookie was set with: "
                f"`Path={shorten(kept.path)}{'' if kept.host_only else f'; Domain={kept.domain}'}; Max-Age=0`.",
                (line_evidence(x, line),),
                "Not the cookie that was set is deleted",
                Severity.WARNING,
            )
        )
    if plain:
        how = sorted({_deletion(line) for line in plain})
        found.append(
            Finding(
                f"{listed(how)} makes the browser delete {names_of(plain)}, if it has a cookie of that name with the "
                "same domain and path.",
                evidence=evidence_of(x, plain),
                title=f"{number(len(plain))} deleted",
            )
        )
    return found


def _deletion(line: Line) -> str:
    if line.cookie.max_age is not None:
        return f"`Max-Age={shorten(line.cookie.max_age_text or '', 20)}`"
    return "an `Expires` in the past"

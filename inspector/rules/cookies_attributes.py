"""Topic ``cookies``: the attributes a stored cookie lacks, or has wrong. Grouped: one finding a defect."""

from __future__ import annotations

import math
from collections import defaultdict

from inspector.browser.cookies import MOST_LIFETIME
from inspector.fields.set_cookie import KNOWN_ATTRIBUTES, SetCookie
from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules.base import (
    Finding,
    repeated_field,
    response_field,
    rule,
    scheme,
    set_cookie_attribute,
    set_cookie_judged,
)
from inspector.rules.cookies_words import (
    CHIPS,
    DRAFT,
    LEFT,
    Line,
    asked_lifetime,
    attribute_text,
    day,
    evidence_of,
    kept_lines,
    line_evidence,
    names_of,
    session_lines,
    set_lines,
    shorten,
    shown_name,
)
from inspector.subject import Subject
from inspector.words import duration, listed

_SETS = response_field("set-cookie")
_LEAVES = set_cookie_judged(*LEFT)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@rule(
    "cookies/no-secure",
    Severity.NOTE,
    "Set without `Secure`: also sent over `http:`",
    on=_LEAVES,
    also=scheme("https", "wss"),
    references=(DRAFT + "5.6.5", DRAFT + "8.3"),
    what="A cookie was set over `https:` without `Secure`. The browser also sends it with plain `http:` requests to "
    "the host.",
    why="""
    One `http:` link or image to this host is enough for anyone on the network to read the cookie; for a session cookie
    that means taking over the session.
    """,
    fix="Add `Secure`.",
    unless="""
    Where the host is covered by HSTS, the browser never asks it over `http:`; the cookie can still be overwritten
    from a
    host that is not covered.
    """,
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sessionid=7f9c2ba4e88f827d; HttpOnly; SameSite=Lax
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sessionid=7f9c2ba4e88f827d; HttpOnly; SameSite=Lax; Secure
    """,
)
def no_secure(x: Subject) -> Finding | None:
    """A warning for what looks like a session; for the rest a note, once an origin."""
    lines = [line for line in kept_lines(x) if not line.cookie.secure]
    if not lines or x.local:
        return None
    sessions = [line for line in session_lines(x) if not line.cookie.secure]
    hsts = "strict-transport-security" in x.res
    if not sessions and not x.session.first("cookies/no-secure", x.url.origin):
        return None
    shown = sessions or lines
    detail = (
        f"{_capital(names_of(shown))} {'was' if len(shown) == 1 else 'were'} set over `https:` without `Secure`, so "
        "the "
        f"browser also sends {'it' if len(shown) == 1 else 'them'} to `http://{x.url.host}`"
    )
    if hsts:
        detail += (
            ". `Strict-Transport-Security` on this response keeps browsers that saw it from asking over `http:`, which "
            "covers most of the gap."
        )
    else:
        detail += ", readable and changeable for anyone on the network."
    return Finding(
        detail,
        "On the server, add `Secure` to the line.",
        evidence_of(x, shown, None, "no Secure"),
        severity=Severity.WARNING if sessions and not hsts else Severity.NOTE,
    )


@rule(
    "cookies/no-httponly",
    Severity.WARNING,
    "Session cookie readable by scripts: no `HttpOnly`",
    on=_LEAVES,
    references=(DRAFT + "5.6.6", DRAFT + "4.1.2.6"),
    what="A cookie that looks like a session or a token has no `HttpOnly`: every script on the page can read it.",
    why="One injected script (XSS, a compromised third-party script) can send the session to someone else.",
    fix="Add `HttpOnly`.",
    unless="""
    Cookies that scripts must read (CSRF tokens for double submission, preferences, consent) are left alone, and so is
    everything whose name does not suggest a session.
    """,
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sessionid=7f9c2ba4e88f827d; Secure; SameSite=Lax
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: csrftoken=7f9c2ba4e88f827d; Secure; SameSite=Lax
    """,
)
def no_httponly(x: Subject) -> Finding | None:
    """Only for names or values that suggest a session."""
    lines = [line for line in session_lines(x) if not line.cookie.http_only]
    if not lines:
        return None
    token = all(line.cookie.value.startswith("eyJ") for line in lines)
    why = "holds a JSON Web Token" if token else "looks by its name like a session or a token"
    return Finding(
        f"{_capital(names_of(lines))} "
        f"{why if len(lines) == 1 else why.replace('holds', 'hold').replace('looks', 'look')}, "
        "and without `HttpOnly` any script on the page can read it with `document.cookie`.",
        "On the server, add `HttpOnly`. A script that needs to know who is signed in should ask the server, since it "
        "can "
        "then no longer read the cookie.",
        evidence_of(x, lines, None, "no HttpOnly"),
        certainty="likely",
    )


@rule(
    "cookies/no-samesite",
    Severity.NOTE,
    "No `SameSite`: browsers differ",
    on=_LEAVES,
    references=(DRAFT + "5.6.7", DRAFT + "4.1.2.7"),
    what="""
    No `SameSite` is set. Chromium-based browsers take that as `Lax` (and for two minutes also send the cookie with
    cross-site form posts); Firefox and Safari take it as `None`.
    """,
    why="The same cookie then protects against cross-site requests in one browser and not in the other.",
    fix="Say it: `SameSite=Lax` for most cookies, `SameSite=None; Secure` for one that other sites' pages need.",
    unless="Told once for each origin: 99 of 100 cookies on the web have no `SameSite`.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure; SameSite=Lax
    """,
    once="origin",
)
def no_samesite(x: Subject) -> Finding | None:
    """Once an origin, all cookies at once."""
    lines = [line for line in kept_lines(x) if line.cookie.same_site_text is None]
    if not lines:
        return None
    it = "it" if len(lines) == 1 else "them"
    return Finding(
        f"{_capital(names_of(lines))} {'has' if len(lines) == 1 else 'have'} no `SameSite`. Chromium-based browsers "
        f"take that as `Lax` and keep {it} from other sites' requests; Firefox and Safari take it as `None`, so that a "
        f"form that another site sends carries {it}.",
        "On the server, add `SameSite=Lax`; a cookie that must work inside other sites' pages needs "
        "`SameSite=None; Secure`.",
        evidence_of(x, lines[:3]),
    )


@rule(
    "cookies/samesite-invalid",
    Severity.NOTE,
    "`SameSite` has a value browsers do not know",
    on=set_cookie_attribute("samesite"),
    also=_LEAVES,
    references=(DRAFT + "5.6.7",),
    what="`SameSite` is neither `Strict`, `Lax` nor `None`. Browsers treat the cookie as if the attribute were "
    "missing.",
    why="Missing means `Lax` in Chromium and `None` in Firefox and Safari, whatever was intended.",
    fix="Write `SameSite=Strict`, `SameSite=Lax` or `SameSite=None; Secure`.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure; SameSite=Stric
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure; SameSite=strict
    """,
)
def samesite_invalid(x: Subject) -> Finding | None:
    """Grouped; the values named."""
    lines = [line for line in kept_lines(x) if line.cookie.same_site_text is not None and line.cookie.same_site is None]
    if not lines:
        return None
    values = listed(dict.fromkeys(f"`{shorten(attribute_text(line, 'samesite'), 40)}`" for line in lines))
    return Finding(
        f"{values} on {names_of(lines)} is none of `Strict`, `Lax` and `None`, so browsers act as if it were not "
        "there: "
        "`Lax` in Chromium, `None` in Firefox and Safari.",
        "On the server, write one of the three values.",
        tuple(line_evidence(x, line, attribute_text(line, "samesite")) for line in lines[:5]),
    )


@rule(
    "cookies/broad-domain",
    Severity.NOTE,
    "Session cookie shared with every subdomain",
    on=set_cookie_attribute("domain"),
    also=_LEAVES,
    references=(DRAFT + "4.1.2.3", DRAFT + "8.6"),
    what="A cookie that looks like a session has a `Domain`, so every host under that domain receives it.",
    why="The least cared-for of those hosts (a blog, a status page at a supplier) is then as good as the login.",
    fix="Leave `Domain` out, or name the cookie `__Host-…`, which keeps it to the host for certain.",
    unless="Where one login has to serve several subdomains this is the price of it.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sessionid=7f9c2ba4e88f827d; Domain=shop.test; Secure; HttpOnly; SameSite=Lax
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: sessionid=7f9c2ba4e88f827d; Secure; HttpOnly; SameSite=Lax
    """,
)
def broad_domain(x: Subject) -> Finding | None:
    """Session-like names only."""
    lines = [
        line for line in session_lines(x) if line.verdict.stored_as is not None and not line.verdict.stored_as.host_only
    ]
    if not lines:
        return None
    stored = lines[0].verdict.stored_as
    assert stored is not None
    return Finding(
        f"{_capital(names_of(lines))} {'goes' if len(lines) == 1 else 'go'} to `{stored.domain}` and every host under "
        "it, "
        f"because of `{attribute_text(lines[0], 'domain')}`.",
        f"On the server, leave `Domain` out to keep the cookie for `{x.url.host}`. If other hosts under "
        f"`{stored.domain}` read it today, they lose it then.",
        tuple(line_evidence(x, line, attribute_text(line, "domain"), "all subdomains") for line in lines[:5]),
    )


@rule(
    "cookies/lifetime",
    Severity.INFO,
    "Not kept as long as asked",
    on=set_cookie_attribute("max-age", "expires"),
    also=_LEAVES,
    references=(DRAFT + "5.5", DRAFT + "5.6.1", DRAFT + "5.6.2"),
    what="""
    `Max-Age` or `Expires` does not do what it says: over 400 days browsers cap it, a date or number that cannot be read
    makes a session cookie, and with both attributes `Max-Age` alone counts.
    """,
    why="The cookie lives shorter (or longer) than the server believes.",
    fix="One `Max-Age` in whole seconds, at most 34560000 (400 days), renewed on visits.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: theme=dark; Max-Age=63072000
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: theme=dark; Max-Age=31536000
    """,
)
def lifetime_differs(x: Subject) -> list[Finding]:
    """Capped, unreadable, contradictory: one finding each."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in kept_lines(x):
        reason = _lifetime_reason(x, line.cookie)
        if reason:
            groups[reason].append(line)
    found = []
    if (lines := groups.get("capped")) and x.session.first("cookies/lifetime capped", x.url.origin):
        stored = lines[0].verdict.stored_as
        until = f" (until {day(stored.expires)})" if stored is not None and stored.expires else ""
        asked = {asked_lifetime(x, line.cookie) or 0.0 for line in lines}
        seconds = asked.pop() if len(asked) == 1 else math.inf
        wanted = "more" if math.isinf(seconds) else duration(seconds)
        found.append(
            Finding(
                f"{_capital(names_of(lines))} {'asks' if len(lines) == 1 else 'ask'} for {wanted}; browsers keep a "
                f"cookie 400 days at most{until}.",
                "To keep it longer, set it again on later visits.",
                evidence_of(x, lines),
                "Lifetime capped at 400 days",
            )
        )
    if lines := groups.get("unreadable"):
        texts = listed(dict.fromkeys(f"`{shorten(_unread(line), 60)}`" for line in lines))
        found.append(
            Finding(
                f"{texts} cannot be read, so browsers ignore it and {names_of(lines)} lives until the browser is "
                "closed.",
                "On the server, write `Max-Age` as whole seconds, without quotes or units.",
                tuple(line_evidence(x, line, _unread(line)) for line in lines[:5]),
                "Lifetime unreadable: a session cookie",
                Severity.NOTE,
            )
        )
    if lines := groups.get("both"):
        found.append(
            Finding(
                f"{_capital(names_of(lines))} {'has' if len(lines) == 1 else 'have'} both `Max-Age` and `Expires`, "
                "more "
                "than a day apart. Browsers take `Max-Age` and ignore `Expires`.",
                "On the server, keep `Max-Age` and drop `Expires`.",
                evidence_of(x, lines),
                "`Max-Age` and `Expires` disagree: `Max-Age` counts",
            )
        )
    return found


def _unread(line: Line) -> str:
    return attribute_text(line, "max-age" if line.cookie.max_age_text is not None else "expires")


def _lifetime_reason(x: Subject, cookie: SetCookie) -> str | None:
    age, expires = cookie.max_age_text, cookie.expires_text
    if age is None and expires is None:
        return None
    if cookie.max_age is None and cookie.expires is None:
        # `Expires=0`, `-1`, `Session` are common ways to ask for just that
        written = age or expires or ""
        return "unreadable" if written.lower() not in ("", "0", "-1", "session") else None
    asked = asked_lifetime(x, cookie)
    both = cookie.max_age is not None and cookie.expires is not None and x.started is not None
    if both and abs((cookie.expires or 0) - (x.started or 0) - (cookie.max_age or 0)) > 86_400:
        return "both"
    return "capped" if asked is not None and asked > MOST_LIFETIME + 86_400 else None


_ATTRIBUTE_LIKE = compile_late(
    r"^(?:same-?_?site|samesit|http-?_?only|httponyl|http|sec|secured?|max_?age|maxage|expire|domains?|paths?|"
    r"partition|version|comment)$"
)
_UNDERSTOOD = KNOWN_ATTRIBUTES | {"version", "comment"}  # the last two do no harm
_UNJOINED = frozenset({"domain", "path", "samesite", "max-age"})
_FLAG_JOINED = compile_late(r"(?:secure|httponly|partitioned), *[\w!#$%&'*.^`|~+-]+$")
_JOINED = compile_late(r", *[\w!#$%&'*.^`|~+-]+=[^,;]*(?:;|$)")


@rule(
    "cookies/malformed",
    Severity.NOTE,
    "Part of the line does not do what it seems to",
    on=_SETS,
    references=(DRAFT + "4.1.1", DRAFT + "5.6"),
    what="""
    The line is accepted, but not as it reads: no name before `=`, an attribute browsers do not know, an attribute value
    in quotes (which become part of it), or several cookies joined by a comma.
    """,
    why="Browsers drop nothing here and report nothing; the part is ignored or becomes part of something else.",
    fix="One `Set-Cookie` line for each cookie, `name=value` first, then the attributes as the standard spells them.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure; Http-Only; SameSite=Lax
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: basket=42; Secure; HttpOnly; SameSite=Lax; Priority=High
    """,
)
def malformed(x: Subject) -> list[Finding]:
    """One finding a kind of mistake."""
    doubtful = [line for line in set_lines(x) if not _plain(line)]
    if not doubtful:
        return []
    groups: dict[str, list[tuple[Line, str]]] = defaultdict(list)
    for line in doubtful:
        for kind, text in _mistakes(line):
            groups[kind].append((line, text))
    return [_mistake(x, kind, found) for kind, found in groups.items()]


def _plain(line: Line) -> bool:
    """Whether there is a name, and all attributes are known, without quotes, and without commas but the date's."""
    cookie, after = line.cookie, line.text.partition(";")[2]
    return (
        cookie.name != ""
        and cookie.attribute_names <= _UNDERSTOOD
        and '"' not in after
        and ("," not in after or after.count(",") == (cookie.expires_text or "").count(","))
    )


def _mistakes(line: Line) -> list[tuple[str, str]]:
    cookie = line.cookie
    if cookie.error is not None:
        return []
    found = []
    if not cookie.name and line.kept:
        found.append(("nameless", ""))
    for position, (key, value) in enumerate(cookie.attributes):
        if key not in _UNDERSTOOD and (_ATTRIBUTE_LIKE.match(key) or key.rstrip(", ") in KNOWN_ATTRIBUTES):
            found.append(("unknown", attribute_text(line, key).partition("=")[0]))
        elif key in ("domain", "path", "samesite", "max-age") and value.startswith('"'):
            found.append(("quoted", attribute_text(line, key)))
        end = position + 1 == len(cookie.attributes)
        if _FLAG_JOINED.match(key) or (_JOINED.search(value) and (key in _UNJOINED or (end and key != "expires"))):
            found.append(("joined", attribute_text(line, key)))
    return found


def _mistake(x: Subject, kind: str, found: list[tuple[Line, str]]) -> Finding:
    lines = [line for line, _ in found]
    evidence = tuple(line_evidence(x, line, text or None) for line, text in found[:5])
    texts = listed(dict.fromkeys(f"`{shorten(text, 40)}`" for _, text in found if text))
    if kind == "nameless":
        return Finding(
            "The line has no name before `=`, so browsers store the text as a value without a name, and send it back "
            "without an `=`. All nameless cookies of a host and path are one.",
            "On the server, write `name=value`.",
            evidence,
            "A cookie without a name",
        )
    if kind == "unknown":
        return Finding(
            f"Browsers do not know {texts} on {names_of(lines)} and ignore it. The attributes are "
            "`Secure`, `HttpOnly`, `SameSite`, `Domain`, `Path`, `Max-Age`, `Expires` and `Partitioned`.",
            "On the server, spell the attribute as the standard does.",
            evidence,
            "Attribute ignored: misspelt",
        )
    if kind == "quoted":
        return Finding(
            f"The quotes in {texts} are taken as part of the value on {names_of(lines)}; attribute values are never "
            "quoted.",
            "On the server, remove the quotes.",
            evidence,
            "Attribute value in quotes",
        )
    return Finding(
        f"{_capital(names_of(lines))}: what follows the comma in {texts} looks like another cookie. Cookies cannot be "
        "joined by commas; browsers read it as part of the attribute and store one cookie.",
        "On the server (or the gateway that joined them), send one `Set-Cookie` line for each cookie.",
        evidence,
        "Several cookies on one line: only the first is stored",
        Severity.WARNING,
    )


@rule(
    "cookies/duplicate",
    Severity.NOTE,
    "Set twice in one response",
    on=_LEAVES,
    also=repeated_field(),
    references=(DRAFT + "4.1.1", DRAFT + "5.7"),
    what="One response sets the same cookie (name, domain and path) more than once. The last line wins.",
    why="Two parts of the server believe they own the cookie; which one comes last can change.",
    fix="Set each cookie once for a response.",
    unless="Lines that say exactly the same, and a deletion of the cookie before it is set anew.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: theme=dark; Path=/
    Set-Cookie: theme=light; Path=/
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: theme=; Path=/; Max-Age=0
    Set-Cookie: theme=light; Path=/
    """,
)
def duplicate(x: Subject) -> Finding | None:
    """Same name, domain, path and partition; different content; no deletion among them."""
    kept = kept_lines(x)
    if len({line.cookie.name for line in kept}) == len(kept):
        return None
    groups: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in kept:
        stored = line.verdict.stored_as
        if stored is not None:
            groups[line.cookie.name, stored.domain, stored.host_only, stored.path, stored.partitioned].append(line)
    twice = [lines for lines in groups.values() if len({line.text for line in lines}) > 1]
    if not twice:
        return None
    text = listed(f"{shown_name(lines[0].cookie.name)} {len(lines)} times" for lines in twice)
    return Finding(
        f"This response sets {text}, for the same domain and path. Browsers keep what the last line says.",
        "On the server, set each cookie in one place.",
        evidence_of(x, [line for lines in twice for line in lines]),
    )


@rule(
    "cookies/partitioned",
    Severity.INFO,
    "`Partitioned`: one cookie for each embedding site",
    on=set_cookie_attribute("partitioned"),
    also=_LEAVES,
    references=(CHIPS,),
    what="A `Partitioned` cookie is kept apart for each top-level site: the widget on `a.test` does not see the one "
    "from `b.test`.",
    why="Browsers that block third-party cookies let these through, as they cannot follow a person from site to site.",
    fix="Nothing needs fixing. One login shared by several sites needs the Storage Access API instead.",
    shows="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: __Host-w=1; Path=/; Secure; SameSite=None; Partitioned
    """,
    quiet="""
    GET https://widget.test/ HTTP/2

    HTTP/2 200
    Set-Cookie: __Host-w=1; Path=/; Secure; SameSite=None
    """,
    once="origin",
)
def partitioned(x: Subject) -> Finding | None:
    """Once an origin."""
    lines = [line for line in kept_lines(x) if line.cookie.partitioned]
    if not lines:
        return None
    return Finding(
        f"{_capital(names_of(lines))} {'is' if len(lines) == 1 else 'are'} kept separately for each site whose page "
        f"embeds `{x.url.host}`, so it also works where third-party cookies are blocked. A visit to `{x.url.host}` "
        "itself "
        "has yet another one.",
        evidence=evidence_of(x, lines, "partitioned"),
    )

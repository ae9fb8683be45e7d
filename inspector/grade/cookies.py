"""The test of cookies: those that a first visit to the page leaves in an empty jar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from inspector.fields.set_cookie import SetCookie as ParsedCookie
from inspector.fields.set_cookie import parse_set_cookie
from inspector.grade.chart import COOKIES, RESULTS, results_of
from inspector.grade.evidence import WHITE, Finding, SetCookie, SiteEvidence
from inspector.grade.header_tests import strict_transport_security
from inspector.site import is_public_suffix
from inspector.words import listed

NOT_COUNTED = frozenset({"heroku-session-affinity"})
_WORST_LAST = (
    "cookies-without-secure-flag-but-protected-by-hsts",
    "cookies-without-secure-flag",
    "cookies-session-without-secure-flag-but-protected-by-hsts",
    "cookies-samesite-flag-invalid",
    "cookies-anticsrf-without-samesite-flag",
    "cookies-session-without-httponly-flag",
    "cookies-session-without-secure-flag",
)
"""The Observatory's own order, which is not that of the points."""


class Cookie(Struct, frozen=True):
    """A cookie in the jar, with what its name makes the Observatory think of it."""

    parsed: ParsedCookie
    session: bool
    anti_csrf: bool


def jar_of(lines: Sequence[SetCookie]) -> tuple[Cookie, ...]:
    """The cookies that the Observatory's jar holds after these lines; expired ones stay in it."""
    jar: dict[tuple[str, str, str], Cookie] = {}
    for each in lines:
        parsed = parse_set_cookie(each.line)
        name = parsed.name
        if parsed.error is not None or not name or name in NOT_COUNTED:
            continue
        domain = (parsed.domain or "").strip().lstrip(".").lower()
        if domain and domain != each.host and (is_public_suffix(domain) or not each.host.endswith(f".{domain}")):
            continue
        if name.startswith("__Secure-") and not parsed.secure:
            continue
        if name.startswith("__Host-") and not (parsed.secure and not domain and parsed.path in (None, "/")):
            continue
        lower = name.lower()
        jar[domain or each.host, parsed.path or "", name] = Cookie(
            parsed, "login" in lower or "sess" in lower, "csrf" in lower
        )
    return tuple(jar.values())


def _faults(cookie: Cookie, hsts: bool) -> list[str]:
    parsed = cookie.parsed
    found: list[str] = []
    if not parsed.secure:
        found.append("cookies-without-secure-flag" + ("-but-protected-by-hsts" if hsts else ""))
        if parsed.same_site == "None":
            found.append("cookies-samesite-flag-invalid")
        if cookie.session:
            found.append("cookies-session-without-secure-flag" + ("-but-protected-by-hsts" if hsts else ""))
    if cookie.anti_csrf and parsed.same_site is None:
        found.append("cookies-anticsrf-without-samesite-flag")
    if cookie.session and not parsed.http_only:
        found.append("cookies-session-without-httponly-flag")
    return found


@lru_cache(maxsize=256)
def has_unknown_same_site(line: str) -> bool:
    """Whether a line says ``SameSite`` with a value that is none of the three (the Observatory looks at the text)."""
    for part in line.strip(WHITE).split(";"):
        name, _, value = part.strip(WHITE).partition("=")
        said = value.partition("=")[0].strip(WHITE).lower()
        if name.strip(WHITE).lower() == "samesite" and said not in ("lax", "strict", "none"):
            return True
    return False


def cookies(site: SiteEvidence) -> Finding:
    """Which of the Observatory's results the cookies have."""
    held = jar_of(site.cookies)
    if not held and not site.cookies_recorded:
        because = "Whoever recorded this left cookies out; a recording with them would tell."
        return Finding(results_of(COOKIES), because)
    unless = ""
    if site.cookies_before:
        named = listed([f"`{name}`" for name in site.cookies_before])
        unless = f"a first visit sets no other cookies (sent along here, set earlier or by a script: {named})"
    if not held:
        return Finding(("cookies-not-found",), "", "", unless=unless)
    hsts = strict_transport_security(site)
    protected = all(RESULTS[result].passed for result in hsts.results)
    faults = [(fault, cookie) for cookie in held for fault in _faults(cookie, protected)]
    if any(has_unknown_same_site(each.line) for each in site.cookies if each.with_page):
        faults.append(("cookies-samesite-flag-invalid", held[0]))
    if faults:
        worst = max((fault for fault, _ in faults), key=_WORST_LAST.index)
        because = f"Here: {_named([cookie for fault, cookie in faults if fault == worst])}."
        return Finding((worst,), because, "set-cookie", unless=unless)
    if all(cookie.parsed.same_site is not None for cookie in held):
        return Finding(("cookies-secure-with-httponly-sessions-and-samesite",), "", "set-cookie", unless=unless)
    loose = _named([cookie for cookie in held if cookie.parsed.same_site is None])
    because = f"`SameSite` is missing from {loose}."
    return Finding(("cookies-secure-with-httponly-sessions",), because, "set-cookie", unless=unless)


def _named(found: list[Cookie]) -> str:
    return listed([f"`{name}`" for name in dict.fromkeys(cookie.parsed.name for cookie in found)], most=4)

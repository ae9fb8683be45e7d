"""What would raise the grade: for each test, the site as it would be with one thing changed.

A change is carried out on the evidence and graded again, so what a step is said to gain is what it gains, effects on
other tests included.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from inspector.exchange import Field, Fields
from inspector.fields.set_cookie import parse_set_cookie
from inspector.grade import chart
from inspector.grade.cookies import NOT_COUNTED, has_unknown_same_site
from inspector.grade.evidence import Script, SetCookie, SiteEvidence
from inspector.grade.improve_csp import better_policy
from inspector.grade.sri import script_origin
from inspector.subject import display_name
from inspector.words import count

_SHORT = 60
"""Characters up to which a field's value stands in the sentence."""


class Change(Struct, frozen=True):
    """A changed site, the field that makes the change where one does, and what to do in words."""

    site: SiteEvidence
    fix: str
    field: Field | None = None


def _without(fields: Fields, name: str) -> tuple[Field, ...]:
    lines = fields.lines
    return tuple([line for line in lines if line.name.lower() != name]) if name in fields.by_name else lines


def _with_field(site: SiteEvidence, name: str, value: str) -> SiteEvidence:
    kept = _without(site.fields, name)
    return replace(site, fields=Fields.of_lines((*kept, Field(display_name(name), value))))


def _send(site: SiteEvidence, name: str, value: str, trap: str) -> Change:
    field = Field(display_name(name), value)
    shown = f"`{field.name}: {value}`" if len(value) <= _SHORT else f"`{field.name}` as given here,"
    return Change(_with_field(site, name, value), f"Server: send {shown} with the page. {trap}", field)


def _policy(site: SiteEvidence) -> Change | None:
    found = better_policy(site)
    if found is None:
        return None
    value, trap = found
    page = site.page and replace(site.page, policies=())
    return _send(replace(site, page=page), "content-security-policy", value, trap)


def _frame(site: SiteEvidence) -> Change | None:
    trap = "`SAMEORIGIN` is worth as much and lets the site's own pages frame it."
    return _send(site, "x-frame-options", "DENY", trap)


def _hsts(site: SiteEvidence) -> Change | None:
    value = "max-age=31536000"
    if not site.secure:
        host = site.host
        secure = replace(
            _with_field(site, "strict-transport-security", value),
            secure=True,
            url=f"https://{host}/",
            verified=None,
            route=(("http", host), ("https", host)),
        )
        fix = (
            f"Server: serve the site over HTTPS, answer `http://{host}/` with 301 to it, and send "
            f"`Strict-Transport-Security: {value}` there. Begin with a short `max-age`: browsers refuse plain HTTP "
            "for as long as it says."
        )
        return Change(secure, fix, Field("Strict-Transport-Security", value))
    if site.certificate_faulty:
        fixed = replace(_with_field(site, "strict-transport-security", value), verified=True)
        return Change(fixed, "Server: install a certificate that browsers trust; until then HSTS does not count.")
    trap = "Begin with a short `max-age`: browsers refuse plain HTTP for as long as it says."
    return _send(site, "strict-transport-security", value, trap)


def _nosniff(site: SiteEvidence) -> Change | None:
    trap = "Scripts and style sheets then need their right `Content-Type`."
    return _send(site, "x-content-type-options", "nosniff", trap)


def _referrer(site: SiteEvidence) -> Change | None:
    page = site.page and replace(site.page, referrer=None)
    trap = "It is what browsers do by default; saying it is worth the points."
    if site.page is not None and site.page.referrer is not None:
        trap = 'Take the `<meta name="referrer">` out of the markup: it comes after the field and wins.'
    return _send(replace(site, page=page), "referrer-policy", "strict-origin-when-cross-origin", trap)


def _embedder(site: SiteEvidence) -> Change | None:
    trap = "Images and frames of other sites are then fetched without cookies. Safari does not know this value."
    return _send(site, "cross-origin-embedder-policy", "credentialless", trap)


def _opener(site: SiteEvidence) -> Change | None:
    trap = "`same-origin` is worth as much, and cuts the tie to sign-in and payment pop-ups too."
    return _send(site, "cross-origin-opener-policy", "same-origin-allow-popups", trap)


def _resource(site: SiteEvidence) -> Change | None:
    trap = "Other sites can then no longer load this response as an image or script; on a page they seldom do."
    return _send(site, "cross-origin-resource-policy", "same-origin", trap)


def _sharing(site: SiteEvidence) -> Change | None:
    answers = tuple(replace(answer, allow_credentials=None) for answer in site.shared)
    fields = Fields.of_lines(_without(site.fields, "access-control-allow-credentials"))
    fix = (
        "Server: leave out `Access-Control-Allow-Credentials`, or check `Origin` against the origins that need it "
        "before repeating it in `Access-Control-Allow-Origin`."
    )
    return Change(replace(site, shared=answers, fields=fields), fix)


def _redirect(site: SiteEvidence) -> Change | None:
    host = site.host
    if not site.route or not site.secure:
        return None  # what is not known cannot be bettered; without HTTPS, that is the first step
    location = f"https://{host}/"
    route = (("http", host), ("https", host), *(hop for hop in site.route[1:] if hop[0] == "https" and hop[1] != host))
    verified = True if site.certificate_faulty else site.verified
    fix = f"Server: answer `http://{host}/` with 301 and `Location: {location}`, and lead elsewhere only from there."
    return Change(replace(site, route=route, verified=verified), fix, Field("Location", location))


def _cookie(site: SiteEvidence) -> Change | None:
    if not site.cookies:
        return None
    better = tuple(replace(each, line=_better_line(each)) for each in site.cookies)
    changed = [new.line for new, old in zip(better, site.cookies, strict=True) if new.line != old.line]
    if not changed:
        return None
    more = f" (and {count(len(changed) - 1, 'other')} likewise)" if len(changed) > 1 else ""
    fix = f"Server: set the cookie with its attributes, as shown{more}. `HttpOnly` keeps it from the page's scripts."
    if "httponly" not in changed[0].lower():
        fix = f"Server: set the cookie with its attributes, as shown{more}."
    return Change(replace(site, cookies=better), fix, Field("Set-Cookie", changed[0]))


def _better_line(cookie: SetCookie) -> str:
    line = cookie.line
    parsed = parse_set_cookie(line)
    if parsed.error is not None or parsed.name in NOT_COUNTED:
        return line
    lower = parsed.name.lower()
    if has_unknown_same_site(line) or parsed.same_site is None:
        kept = [part for part in line.split(";") if part.strip().partition("=")[0].strip().lower() != "samesite"]
        line = f"{';'.join(kept).rstrip('; ')}; SameSite=Lax"
    if not parsed.secure:
        line += "; Secure"
    if ("login" in lower or "sess" in lower) and not parsed.http_only:
        line += "; HttpOnly"
    return line


def _integrity(site: SiteEvidence) -> Change | None:
    if site.page is None:
        return None
    scripts: list[Script] = []
    shown = ""
    for script in site.page.scripts:
        own, secure = script_origin(script, site)
        if own or (secure and script.integrity):
            scripts.append(script)
            continue
        src = "https://" + script.src.partition("//")[2]
        scripts.append(Script(src, True))
        shown = shown or f'`<script src="{src}" integrity="sha384-…" crossorigin="anonymous">`'
    if not shown:
        return None
    fix = (
        f"Page: name the script in full and pin its content: {shown}. Pin only files that never change under their "
        "address; where the other side updates the file, the browser then refuses it. Serving it from the own site "
        "needs no `integrity`."
    )
    return Change(replace(site, page=replace(site.page, scripts=tuple(scripts))), fix)


IMPROVEMENTS: dict[str, Callable[[SiteEvidence], Change | None]] = {
    chart.CSP: _policy,
    chart.COOKIES: _cookie,
    chart.HSTS: _hsts,
    chart.REDIRECTION: _redirect,
    chart.SRI: _integrity,
    chart.XFO: _frame,
    chart.XCTO: _nosniff,
    chart.REFERRER: _referrer,
    chart.CORS: _sharing,
    chart.CORP: _resource,
    chart.COOP: _opener,
    chart.COEP: _embedder,
}
"""Test → how to do better in it, in the order in which all are taken together. ``None``: nothing to change."""

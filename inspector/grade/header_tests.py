"""The tests that read one response field each."""

from __future__ import annotations

from inspector.exchange import Fields
from inspector.fields.isolation import COEP, COOP, CORP
from inspector.grade.csp import policy_of
from inspector.grade.evidence import NO_MARKUP, WHITE, Finding, SiteEvidence
from inspector.patterns import compile_late
from inspector.words import duration

SIX_MONTHS = 15_552_000
OBSERVATORY_ORIGIN = "https://http-observatory.security.mozilla.org"
"""The origin in whose name the Observatory asks."""
_NUMBER = compile_late(f"[{WHITE}]*([+-]?[0-9]+)")
_PRIVATE = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})
_UNSAFE = frozenset({"origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"})


def value_of(fields: Fields, name: str, most: int = 256) -> str | None:
    """A field's value as most tests take it: lines joined, cut, in lower case; ``None`` where absent or empty."""
    value = fields.get(name)
    return value[:most].strip(WHITE).lower() if value else None


def strict_transport_security(site: SiteEvidence) -> Finding:
    """The test of HSTS. That the host may be on browsers' preload list is left to `Finding.unless`."""
    name = "strict-transport-security"
    if not site.secure:
        return Finding(("hsts-not-implemented-no-https",), "The page came over plain HTTP.", unless=_NO_HTTPS)
    if site.certificate_faulty:
        return Finding(("hsts-invalid-cert",), "The recorder found that the server's certificate does not hold.")
    value = site.fields.get(name)
    if value is None:
        return Finding(("hsts-not-implemented",), "", name, unless=_NOT_PRELOADED)
    value = value[:1024]
    if "," in value:
        because = "The value has a comma, as it has when the field is sent twice; the Observatory reads none of it."
        return Finding(("hsts-header-invalid",), because, name, unless=_NOT_PRELOADED)
    parts = [part.strip(WHITE).lower() for part in value.split(";")]
    ages = [part[8:128] for part in parts if part.startswith("max-age=")]
    if not ages:
        return Finding(("hsts-header-invalid",), "It has no `max-age`.", name, unless=_NOT_PRELOADED)
    seconds = seconds_of(ages[-1])
    if seconds is None:  # JavaScript's NaN is not less than anything
        because = "`max-age` is no number, which the Observatory takes for long enough."
        return Finding(("hsts-implemented-max-age-at-least-six-months",), because, name, unless=_NOT_PRELOADED)
    because = f"`max-age` is {duration(min(seconds, 10**12))}." if seconds >= 0 else "`max-age` is negative."
    if seconds < SIX_MONTHS:
        return Finding(("hsts-implemented-max-age-less-than-six-months",), because, name, unless=_NOT_PRELOADED)
    if {"preload", "includesubdomains"} <= set(parts) and seconds >= 31_536_000:
        because += " It asks to be preloaded; whether it is, the recording does not show."
        return Finding(("hsts-preloaded", "hsts-implemented-max-age-at-least-six-months"), because, name)
    return Finding(("hsts-implemented-max-age-at-least-six-months",), because, name, unless=_NOT_PRELOADED)


_NOT_PRELOADED = "the host is not on browsers' HSTS preload list, which is not looked up"
_NO_HTTPS = "the site has no HTTPS: the recording only shows it over plain HTTP"


def seconds_of(text: str) -> int | None:
    """A number as JavaScript's `parseInt` reads it, ``None`` where it finds none."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    return int(found[1]) if len(found[1]) < 20 else 10**20


def x_content_type_options(site: SiteEvidence) -> Finding:
    """The test of ``X-Content-Type-Options``: the whole value has to be ``nosniff``."""
    name = "x-content-type-options"
    value = value_of(site.fields, name)
    if value is None:
        return Finding(("x-content-type-options-not-implemented",), "", name)
    return Finding((f"x-content-type-options-{'nosniff' if value == 'nosniff' else 'header-invalid'}",), "", name)


def x_frame_options(site: SiteEvidence) -> Finding:
    """The test of ``X-Frame-Options``, which any ``frame-ancestors`` outdoes."""
    policy = policy_of(site)
    if policy is not None and "frame-ancestors" in policy:
        because = f"It is `{' '.join(sorted(policy['frame-ancestors']))}`."
        return Finding(("x-frame-options-implemented-via-csp",), because, "content-security-policy")
    name = "x-frame-options"
    value = value_of(site.fields, name, 1024)
    if value is None:
        return Finding(("x-frame-options-not-implemented",), "", name)
    if value in ("deny", "sameorigin"):
        return Finding(("x-frame-options-sameorigin-or-deny",), "", name)
    if value.startswith("allow-from"):
        return Finding(("x-frame-options-allow-from-origin",), "", name)
    return Finding(("x-frame-options-header-invalid",), "", name)


def referrer_policy(site: SiteEvidence) -> Finding:
    """The test of ``Referrer-Policy``: the last policy it knows, of the field and then the markup, counts."""
    name = "referrer-policy"
    sent, markup = site.fields.get(name), (site.page or NO_MARKUP).referrer
    if sent is None and markup is None:
        return Finding(("referrer-policy-not-implemented",), "", name)
    said = ", ".join(part for part in (sent, markup) if part is not None)
    known = [word for part in said.split(",") if (word := part.strip(WHITE).lower()) in _PRIVATE | _UNSAFE]
    field, quoted = (name, None) if sent is not None else ("", f'<meta name="referrer" content="{markup}">')
    if not known:
        return Finding(("referrer-policy-header-invalid",), "", field, quoted)
    because = f"What counts is `{known[-1]}`, in the markup." if markup is not None else ""
    result = "referrer-policy-private" if known[-1] in _PRIVATE else "referrer-policy-unsafe"
    return Finding((result,), because, field, quoted)


def cross_origin_resource_policy(site: SiteEvidence) -> Finding:
    """The test of ``Cross-Origin-Resource-Policy``."""
    return _one_of(site, "cross-origin-resource-policy", "corp", CORP)


def cross_origin_embedder_policy(site: SiteEvidence) -> Finding:
    """The test of ``Cross-Origin-Embedder-Policy``."""
    return _one_of(site, "cross-origin-embedder-policy", "coep", COEP)


def cross_origin_opener_policy(site: SiteEvidence) -> Finding:
    """The test of ``Cross-Origin-Opener-Policy``."""
    return _one_of(site, "cross-origin-opener-policy", "coop", COOP)


def _one_of(site: SiteEvidence, name: str, short: str, known: frozenset[str]) -> Finding:
    value = value_of(site.fields, name)
    if not value:
        return Finding((f"{short}-not-implemented",), "", name)
    if value in known:
        return Finding((f"{short}-implemented-with-{value}",), "", name)
    token, semicolon, _ = value.partition(";")
    if semicolon and (token := token.strip(WHITE)) in known and short != "corp":
        because = "Browsers read the value up to its parameters; whether the Observatory does is not published."
        return Finding((f"{short}-implemented-with-{token}", f"{short}-header-invalid"), because, name)
    return Finding((f"{short}-header-invalid",), "", name)


def cross_origin_resource_sharing(site: SiteEvidence) -> Finding:
    """The test of CORS: what an origin that nobody knows is told about the page."""
    name = "access-control-allow-origin"
    answers = [answer for answer in site.shared if answer.preflight] or list(site.shared)
    prefix = "cross-origin-resource-sharing-"
    for answer in answers:
        allowed = answer.allow_origin
        if allowed != answer.origin or (answer.allow_credentials or "").strip(WHITE).lower() != "true":
            continue
        if answer.origin == OBSERVATORY_ORIGIN:
            because = f"`{allowed}`, which no site has reason to know, was allowed, with credentials."
            return Finding((f"{prefix}implemented-with-universal-access",), because, name, allowed)
        because = (
            f"`{allowed}` was allowed, with credentials. Whether any other origin would be, which is what the "
            "Observatory tries, the recording does not show."
        )
        results = (f"{prefix}implemented-with-restricted-access", f"{prefix}implemented-with-universal-access")
        return Finding(results, because, name, allowed)
    said = [answer.allow_origin for answer in answers] if answers else [site.fields.get(name)]
    value = next((each for each in said if each), None)
    unless = "" if answers else "the page does not allow whichever origin asks: none asked in this recording"
    if value is None:
        return Finding((f"{prefix}not-implemented",), "", name, unless=unless)
    kind = "public" if value[:256].strip(WHITE) == "*" else "restricted"
    return Finding((f"{prefix}implemented-with-{kind}-access",), "", name, value, unless)

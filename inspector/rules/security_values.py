"""Security fields that are there and do not do what they should: values browsers ignore, or that protect little."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector.fields.csp import parse_csp
from inspector.fields.framing import admits_all, get_decode_split, is_nosniff, x_frame_options
from inspector.fields.isolation import PolicyValue, parse_coep, parse_coop, parse_corp, parse_permissions_policy
from inspector.fields.referrer_policy import DEFAULT, parse_referrer_policy
from inspector.report import Severity
from inspector.rules import security_texts as texts
from inspector.rules.base import Finding, response_field, response_value, rule
from inspector.subject import Subject
from inspector.words import listed


def _is_other(options: str) -> bool:
    return not is_nosniff(options)


@rule(
    "security/nosniff-invalid",
    Severity.NOTE,
    "`X-Content-Type-Options` has no effect",
    on=response_value("x-content-type-options", _is_other),
    references=("https://fetch.spec.whatwg.org/#determine-nosniff",),
    what="The first value of `X-Content-Type-Options` is not `nosniff`.",
    why="Browsers look at the first value only, and `nosniff` is the only one there is: the field does nothing.",
    fix="Send exactly `X-Content-Type-Options: nosniff`.",
    unless="`nosniff, nosniff` and capitals are valid.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    X-Content-Type-Options: no-sniff
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    X-Content-Type-Options: NoSniff, nosniff
    """,
    once="origin",
)
def nosniff_invalid(x: Subject) -> Finding | None:
    """A first value that is not ``nosniff``."""
    first = get_decode_split(x.res.get("x-content-type-options") or "")[0]
    return Finding(
        f"The first value is `{x.masker.text(first)[:60]}`; browsers know only `nosniff` and look no further."
        if first
        else "The first value is empty; browsers know only `nosniff` and look no further.",
        fix="The server should send `X-Content-Type-Options: nosniff`, once.",
        evidence=(x.response_field("x-content-type-options"),),
    )


def _different(options: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([value.lower() for value in get_decode_split(options)]))


def _is_doubtful(options: str) -> bool:
    """Whether an `X-Frame-Options` is unknown to browsers, or forbids all framing by contradicting itself."""
    outcome = x_frame_options(options)
    return (outcome == "none" or (outcome == "deny" and len(_different(options)) > 1)) and not admits_all(options)


@rule(
    "security/xfo-invalid",
    Severity.WARNING,
    "`X-Frame-Options` has a value browsers do not know",
    on=response_value("x-frame-options", _is_doubtful),
    references=("https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-x-frame-options-header",),
    what="The value is neither `DENY` nor `SAMEORIGIN`, or several different ones were sent.",
    why="""
    An unknown value (`ALLOW-FROM` is one) protects nothing. Different values together forbid framing altogether, to the
    page's own origin too.
    """,
    fix="Send one of `DENY` and `SAMEORIGIN` once; for particular sites use `Content-Security-Policy: "
    "frame-ancestors`.",
    unless="An enforced `frame-ancestors` is there: browsers then ignore `X-Frame-Options`.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    X-Frame-Options: ALLOW-FROM https://partner.test
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    X-Frame-Options: SAMEORIGIN, sameorigin
    """,
    once="origin",
)
def xfo_invalid(x: Subject) -> Finding | None:
    """An unknown value, or several different ones."""
    value = x.res.get("x-frame-options") or ""
    conflict = x_frame_options(value) == "deny"
    policy = x.res.get("content-security-policy")
    overruled = policy is not None and texts.framing(parse_csp(policy)) is not None
    matters = x.is_html and not overruled
    shown = x.shown("response", "x-frame-options")[:80]
    if conflict:
        detail = f"`{shown}` holds different values; browsers then let no page at all frame this one."
    else:
        detail = f"`{shown}` is no value browsers know, so any page may frame this one."
    if overruled:
        detail = f"`{shown}` is not valid, but `frame-ancestors` is there and decides alone."
    return Finding(
        detail,
        title="`X-Frame-Options` contradicts itself: nobody may frame this" if conflict and not overruled else None,
        severity=None if matters else Severity.INFO,
        fix="The server should send `Content-Security-Policy: frame-ancestors` with the origins that may frame "
        "the page "
        "(`'self' https://partner.test`), which replaces `X-Frame-Options`.",
        evidence=(x.response_field("x-frame-options"),),
    )


@rule(
    "security/referrer-policy-unsafe",
    Severity.NOTE,
    "Other sites are told more of this page's URL than by default",
    on=response_field("referrer-policy"),
    references=("https://www.w3.org/TR/referrer-policy/#referrer-policies",),
    what="The policy in effect is weaker than what browsers do without one.",
    why="Paths and queries often hold names, search words or tokens; every linked site and its logs then get them.",
    fix="Send `Referrer-Policy: strict-origin-when-cross-origin` (the default) or `same-origin`, or drop the field.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Referrer-Policy: unsafe-url
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Referrer-Policy: unsafe-url, strict-origin
    """,
    once="origin",
)
def referrer_policy_unsafe(x: Subject) -> Finding | None:
    """The last known policy tells more than the default does."""
    policy = parse_referrer_policy(x.res.get("referrer-policy") or "")
    if not x.is_html or policy not in (
        "unsafe-url",
        "no-referrer-when-downgrade",
        "origin-when-cross-origin",
        "origin",
    ):
        return None
    what = {
        "unsafe-url": "every site that is linked or loaded from here gets the full URL with its query, over http too",
        "no-referrer-when-downgrade": "every https site linked or loaded from here gets the full URL with its query",
    }.get(policy, "sites reached over http, and whoever reads along there, learn that the visitor was here")
    return Finding(
        f"`{policy}` is in effect: {what}.",
        severity=None if policy in ("unsafe-url", "no-referrer-when-downgrade") else Severity.INFO,
        fix=f"The server should send `Referrer-Policy: {DEFAULT}`, or leave the field out: that is the default.",
        evidence=(x.response_field("referrer-policy", mark=policy),),
    )


@rule(
    "security/referrer-policy-invalid",
    Severity.NOTE,
    "`Referrer-Policy` names no policy that exists",
    on=response_field("referrer-policy"),
    references=("https://www.w3.org/TR/referrer-policy/#parse-referrer-policy-from-header",),
    what="None of the values is a known policy, so the field is ignored.",
    why="The browser's default applies: other sites get the origin. A stricter policy that was meant is not in effect.",
    fix="Send one of the defined names, such as `Referrer-Policy: same-origin`.",
    unless="Unknown names before a known one are a legal fallback and not reported.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Referrer-Policy: never
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Referrer-Policy: some-future-policy, same-origin
    """,
    once="origin",
)
def referrer_policy_invalid(x: Subject) -> Finding | None:
    """No known name."""
    value = x.res.get("referrer-policy") or ""
    if parse_referrer_policy(value) is not None or not value.strip():
        return None
    return Finding(
        f"Browsers know no policy called `{x.masker.text(value)[:80]}` and apply the default, `{DEFAULT}`.",
        fix="The server should send a defined name, such as `Referrer-Policy: same-origin` or `no-referrer`.",
        evidence=(x.response_field("referrer-policy"),),
    )


_POWERFUL = frozenset(
    {
        "camera",
        "microphone",
        "geolocation",
        "usb",
        "serial",
        "bluetooth",
        "hid",
        "midi",
        "payment",
        "display-capture",
        "clipboard-read",
        "publickey-credentials-get",
        "xr-spatial-tracking",
        "local-fonts",
        "idle-detection",
    }
)


@rule(
    "security/permissions-policy-invalid",
    Severity.NOTE,
    "`Permissions-Policy` is not well-formed and ignored",
    on=response_field("permissions-policy"),
    references=(
        "https://www.w3.org/TR/permissions-policy/#permissions-policy-http-header-field",
        "https://www.rfc-editor.org/rfc/rfc9651",
    ),
    what="The value is not a structured dictionary, so browsers ignore all of it; often it is in the old "
    "`Feature-Policy` form. Or members of its lists, or features, are written so that browsers pass over them.",
    why="One wrong character voids the whole field: every feature keeps its default. A member that is passed over "
    "admits nobody, so the feature is missing where it was meant to work.",
    fix='Write `Permissions-Policy: camera=(), geolocation=(self "https://maps.test")`.',
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Permissions-Policy: camera 'none'; microphone 'none'
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Permissions-Policy: camera=(), microphone=(self)
    """,
    once="origin",
)
def permissions_policy_invalid(x: Subject) -> Finding | None:
    """A value that does not parse, members that mean nothing, or a name that is nearly a feature's."""
    value = x.res.get("permissions-policy") or ""
    parsed = parse_permissions_policy(value)
    fault = parsed.fault
    if fault is None:
        void = [(p.feature, name) for p in parsed.features for name in p.ignored if name != "none"]
        if not void:
            return _misspelt(x, tuple([p.feature for p in parsed.features]))
        feature, name = void[0]
        names = listed([f"`{x.masker.text(n)[:60]}`" for _, n in void])
        return Finding(
            f"In the list of `{x.masker.text(feature)[:40]}`, browsers pass over {names}: `self` and `*` "
            "stand without quotes, origins in double quotes and with their scheme.",
            title="`Permissions-Policy` has members that browsers pass over",
            fix='The server should write `geolocation=(self "https://maps.test")`.',
            evidence=(x.response_field("permissions-policy", mark=name),),
        )
    old = "'none'" in value or "'self'" in value or re.search(r"\w \*", value) is not None
    form = " It is written in the form of the older `Feature-Policy`." if old else ""
    return Finding(
        f"Browsers ignore the whole field, because {fault}.{form}",
        fix="The server should write each feature as `name=(…)` with commas between: "
        '`Permissions-Policy: camera=(), geolocation=(self "https://maps.test")`.',
        evidence=(x.response_field("permissions-policy"),),
    )


_FEATURES = (
    "accelerometer",
    "ambient-light-sensor",
    "autoplay",
    "battery",
    "bluetooth",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "idle-detection",
    "interest-cohort",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "sync-xhr",
    "usb",
    "web-share",
    "window-management",
    "xr-spatial-tracking",
)
"""Features that policies name often. There are many others, and they come and go: only what resembles one is told."""


@lru_cache(maxsize=512)
def _meant(features: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names that are nearly those of a feature the policy does not name, and which."""
    from difflib import get_close_matches  # needed where a policy has a name that is not listed here

    found = []
    for name in features:
        near = () if name in _FEATURES else get_close_matches(name, _FEATURES, n=1, cutoff=0.82)
        found += [(name, each) for each in near if each not in features]
    return tuple(found)


def _misspelt(x: Subject, features: tuple[str, ...]) -> Finding | None:
    found = _meant(features)
    if not found:
        return None
    name, meant = found[0]
    names = listed([f"`{x.masker.text(each)[:40]}`" for each, _ in found])
    return Finding(
        f"Browsers know no feature called {names} and pass over what is said of it; "
        f"{listed([f'`{each}`' for _, each in found])} would be one.",
        title="`Permissions-Policy` names a feature that is none",
        severity=Severity.INFO,
        certainty="likely",
        condition="it is a mistake in writing, and not a feature of a browser to come",
        fix=f"The server should write `{meant}` for `{x.masker.text(name)[:40]}`.",
        evidence=(x.response_field("permissions-policy", mark=name),),
    )


@rule(
    "security/permissions-policy-wildcard",
    Severity.INFO,
    "`*` does not limit a powerful feature",
    on=response_field("permissions-policy"),
    references=("https://www.w3.org/TR/permissions-policy/#allowlists",),
    what="`Permissions-Policy` has `*` for a feature such as camera or location.",
    why="""
    That is what holds without the field: the page may ask for it, and so may a frame of any origin whose element has it
    in `allow`. Frames without `allow` do not get it in either case. A list sees to it that no other frame ever does,
    one in injected markup included.
    """,
    fix="Name who needs it: `camera=(self)`, or nobody: `camera=()`.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Permissions-Policy: camera=*
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Permissions-Policy: camera=(self)
    """,
    once="origin",
)
def permissions_policy_wildcard(x: Subject) -> Finding | None:
    """``*`` for a powerful feature."""
    parsed = parse_permissions_policy(x.res.get("permissions-policy") or "")
    free = [f"`{p.feature}`" for p in parsed.features if "*" in p.allowed and p.feature in _POWERFUL]
    if not free:
        return None
    return Finding(
        f"{listed(free)}: `*` limits nothing. As without the field, a frame of any origin may ask for "
        f"{'it' if len(free) == 1 else 'them'} where its element has `allow`.",
        fix="The server should write `(self)` for what the page itself uses and `()` for what it does not.",
        evidence=(x.response_field("permissions-policy", mark="*"),),
    )


_ISOLATION = {
    "cross-origin-opener-policy": (
        parse_coop,
        "same-origin`, `same-origin-allow-popups`, `noopener-allow-popups` or `unsafe-none",
    ),
    "cross-origin-embedder-policy": (parse_coep, "require-corp`, `credentialless` or `unsafe-none"),
    "cross-origin-resource-policy": (parse_corp, "same-origin`, `same-site` or `cross-origin"),
}


@rule(
    "security/isolation-invalid",
    Severity.NOTE,
    "A cross-origin policy has a value browsers do not know",
    on=response_field(*_ISOLATION),
    references=(
        "https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-opener-policies",
        "https://html.spec.whatwg.org/multipage/browsers.html#coep",
        "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header",
    ),
    what="`Cross-Origin-Opener-Policy`, `-Embedder-Policy` or `-Resource-Policy` is misspelt, in quotes, or sent "
    "twice.",
    why="Browsers then act as if it was not there, without a word. Case matters in these values.",
    fix="Send one of the defined values, without quotes, in lower case, once.",
    shows="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Opener-Policy: "same-origin"
    """,
    quiet="""
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Cross-Origin-Opener-Policy: same-origin; report-to="coop"
    """,
    once="origin",
)
def isolation_invalid(x: Subject) -> list[Finding]:
    """Values that come to nothing."""
    found: list[Finding] = []
    for name, (parse, known) in _ISOLATION.items():
        if name not in x.res:
            continue
        value = x.res.get(name) or ""
        taken: PolicyValue = parse(value)
        if taken.fault is None:
            continue
        shown = x.res.named(name)
        found.append(
            Finding(
                f"`{shown}: {x.masker.text(value)[:60]}` is ignored: {taken.fault}.",
                title=f"`{shown}` is ignored",
                fix=f"The server should send `{known}`, in lower case, without quotes, once.",
                evidence=(x.response_field(name),),
            )
        )
    return found

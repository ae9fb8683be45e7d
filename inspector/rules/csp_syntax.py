"""Content Security Policy: what browsers cannot read or leave out of account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector.browser.csp import MOST_POLICIES, ignored_in_markup
from inspector.fields.csp import (
    DEPRECATED,
    KEYWORDS,
    KNOWN_DIRECTIVES,
    SOURCE_LISTS,
    CspPolicy,
    Keyword,
    Unreadable,
    parse_policy,
    parse_sources,
)
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, rule
from inspector.rules.csp_words import CSP, FIELD, TRIAL, code, held, limiting, quoted, where
from inspector.words import count, listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_BARE = compile_late(rf"(?:{'|'.join(sorted(KEYWORDS))}|nonce-.+|sha(?:256|384|512)-.+)", re.IGNORECASE)
_IPV6 = compile_late(r"(?:[a-z][a-z0-9+.-]*://)?\[", re.IGNORECASE)
_MOST = 3


@rule(
    "csp/syntax",
    Severity.WARNING,
    "Part of the policy cannot be read",
    on=document(),
    references=(CSP + "#parse-serialized-policy", CSP + "#framework-directive-source-list"),
    what="""A directive is unknown, a keyword lacks its quotes, a semicolon is missing, or characters outside ASCII
        (curly
        quotes, say) make browsers drop a directive.""",
    why="Browsers skip what they cannot read without an error, and the policy is another than the one that was meant.",
    fix="Correct the named piece; the browser's console lists what it skipped.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src self; frame-ancestor 'none'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'; frame-ancestors 'none'; trusted-types default; webrtc 'block'
    """,
    once="origin",
)
def syntax(x: Subject) -> Finding | None:
    """Everything in the policies, trial ones included, that browsers skip."""
    found = held(x)
    if found is None:
        return None
    texts = [text for field in (FIELD, TRIAL) for text in (x.res.get(field) or "").split(",")]
    faults: list[tuple[str, str]] = []
    for policy in (*(parse_policy(text) for text in texts), *found.markup):
        faults += _faults(x, policy)
    if not faults:
        return None
    said = [text for text, _ in faults]
    more = f" And {len(said) - _MOST} more." if len(said) > _MOST else ""
    return Finding(
        " ".join(said[:_MOST]) + more,
        fix="Correct " + listed([code(x, piece) for _, piece in dict.fromkeys(faults)], most=4) + " in the policy the "
        "server sends.",
        evidence=(_marked(x, faults[0][1]),),
    )


def _marked(x: Subject, piece: str) -> Evidence:
    for field in (FIELD, TRIAL):
        value = x.res.get(field)
        at = value.lower().find(piece.lower()) if value else -1
        if value and at >= 0:
            return x.response_field(field, mark=value[at : at + len(piece)])
    return where(x)


def _faults(x: Subject, policy: CspPolicy) -> list[tuple[str, str]]:
    """Each fault as a sentence, and the piece of the policy it is about."""
    faults: list[tuple[str, str]] = []
    for text in policy.dropped:
        why = "curly quotes" if any(mark in text for mark in "‘’“”") else "characters that are not ASCII"
        faults.append((f"{code(x, text)} holds {why}, so browsers drop the whole directive.", text))
    for name, values in policy.directives:
        if name not in KNOWN_DIRECTIVES:
            faults.append((_unknown(x, name), name))
        elif name in SOURCE_LISTS:
            faults += _value_faults(x, name, values)
        elif name != "trusted-types":  # whose values are names that the page chooses
            faults += [(_no_semicolon(x, v, name), v) for v in values if v.lower() in KNOWN_DIRECTIVES]
    return faults


def _unknown(x: Subject, name: str) -> str:
    if name.endswith(":") and name[:-1] in KNOWN_DIRECTIVES:
        return f"{code(x, name)} ends in a colon, which no directive has; browsers do not know it."
    if "'" in name or "." in name or ":" in name or name == "*":
        return (
            f"{code(x, name)} stands where a directive begins: a comma or semicolon before it ended the list "
            "it was for."
        )
    from difflib import get_close_matches  # needed where a policy has a name that is not known

    close = get_close_matches(name, sorted(KNOWN_DIRECTIVES - set(DEPRECATED)), 1, 0.75)
    return f"{code(x, name)} is no directive browsers know" + (f"; `{close[0]}` is." if close else ".")


def _no_semicolon(x: Subject, value: str, name: str) -> str:
    return (
        f"{code(x, value)} is a directive, but stands among the values of `{name}`: a semicolon is missing before it."
    )


def _value_faults(x: Subject, name: str, values: tuple[str, ...]) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    for value, source in zip(values, parse_sources(values), strict=True):
        if value.lower() in KNOWN_DIRECTIVES:
            faults.append((_no_semicolon(x, value, name), value))
        elif _BARE.fullmatch(value):
            bare = f"{code(x, value)} in `{name}` lacks its quotes, so it means a host of that name"
            faults.append((f"{bare}; the keyword is `'{x.masker.text(value)[:60]}'`.", value))
        elif isinstance(source, Unreadable) and not _IPV6.match(value) and not value.lower().startswith("'nonce-"):
            kind = "no keyword browsers know" if value.startswith("'") else "no source browsers can read"
            faults.append((f"{code(x, value)} in `{name}` is {kind}; it matches nothing.", value))
    return faults


@rule(
    "csp/duplicate-directive",
    Severity.WARNING,
    "A directive is there twice: only the first counts",
    on=document(),
    references=(CSP + "#parse-serialized-policy",),
    what="A directive appears more than once in one policy.",
    why="Browsers take the first and skip the others without an error, so that what they add or forbid has no effect.",
    fix="Put all sources into one directive.",
    unless="The repetition is in another policy (another field, or behind a comma): then both are in force.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'; img-src *; script-src https://cdn.shop.test
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self', script-src 'self' https://cdn.shop.test
    """,
    once="origin",
)
def duplicate(x: Subject) -> Finding | None:
    """Repeated directives in one policy."""
    found = held(x)
    policies = (*found.fields, *found.markup, *found.trial) if found is not None else ()
    names = list(dict.fromkeys(name for policy in policies for name in policy.duplicates))
    if not names:
        return None
    shown = listed([code(x, name) for name in names], most=4)
    return Finding(
        f"{shown} appears more than once in one policy. Browsers take the first and skip the rest.",
        fix=f"The server should put all sources of {shown} into the first one. Trap: several modules that each add "
        "their part usually need one place that joins them.",
        evidence=(quoted(x, names[0]),),
    )


@rule(
    "csp/none-with-others",
    Severity.NOTE,
    "`'none'` beside other sources means nothing",
    on=document(),
    references=(CSP + "#match-url-to-source-list",),
    what="A source list has `'none'` and other sources.",
    why="`'none'` forbids everything only where it stands alone; beside others browsers skip it, and the others count.",
    fix="Remove `'none'`, or everything else.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; object-src 'none' https://plugins.shop.test
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; object-src 'none'
    """,
    once="origin",
)
def none_with_others(x: Subject) -> Finding | None:
    """`'none'` that is not alone (``'report-sample'`` admits nothing, so it does no harm)."""
    for policy in limiting(x):
        for name, values in policy.directives:
            sources = parse_sources(values)
            if name not in SOURCE_LISTS or len(sources) < 2:
                continue
            others = [s for s in sources if not (isinstance(s, Keyword) and s.name in ("none", "report-sample"))]
            if others and any(isinstance(s, Keyword) and s.name == "none" for s in sources):
                shown = listed([code(x, s.text) for s in others], most=3)
                return Finding(
                    f"`{name}` has `'none'` and {shown}: browsers skip `'none'`, and the rest is allowed.",
                    fix=f"The server should send `{name} 'none'` alone, or leave `'none'` out.",
                    evidence=(quoted(x, name, "'none'"),),
                )
    return None


@rule(
    "csp/deprecated-directive",
    Severity.INFO,
    "The policy has directives of the past",
    on=document(),
    references=(CSP + "#changes-from-level-2",),
    what="A directive was in an earlier version of the standard, or in one browser, and is gone.",
    why="It has no effect in current browsers; something else does what it was for.",
    fix="Remove it, and use what took its place.",
    unless="`report-uri` stands beside `report-to`: not every browser knows the newer one yet.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; plugin-types application/pdf; referrer no-referrer
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; report-uri /csp; report-to csp
    """,
    once="origin",
)
def deprecated(x: Subject) -> Finding | None:
    """Directives that were."""
    names = list(dict.fromkeys(n for policy in limiting(x) for n, _ in policy.directives if n in DEPRECATED))
    if not names:
        return None
    return Finding(
        "; ".join(f"`{name}`: {DEPRECATED[name]}" for name in names) + ".",
        fix=f"Remove {listed([f'`{name}`' for name in names])} from the policy.",
        evidence=(quoted(x, names[0]),),
    )


@rule(
    "csp/meta-ignored",
    Severity.NOTE,
    "Part of the policy has no effect in the markup",
    on=document(),
    references=(
        CSP + "#meta-element",
        "https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-content-security-policy",
    ),
    what="""A policy in a `<meta>` has `frame-ancestors`, `sandbox` or `report-uri`; a `<meta>` names
        `Content-Security-Policy-Report-Only`; or a policy stands in the page's body.""",
    why="""Browsers leave these out when the policy comes in the markup, because it comes too late for them, and heed
        a policy in the page's head alone.""",
    fix="Send the policy as a field of the response.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <meta http-equiv="Content-Security-Policy" content="script-src 'self'; frame-ancestors 'none'">
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: frame-ancestors 'none'

    <meta http-equiv="Content-Security-Policy" content="script-src 'self'">
    """,
    once="origin",
)
def meta_ignored(x: Subject) -> Finding | None:
    """What a `<meta>` cannot say."""
    found = held(x)
    if found is None or x.html is None:
        return None
    names = list(dict.fromkeys(name for policy in found.markup for name in ignored_in_markup(policy)))
    late = x.html.http_equiv(FIELD, anywhere=True)[len(x.html.http_equiv(FIELD)) :]
    if late:
        return Finding(
            "A policy in a `<meta>` stands in the page's body, where browsers ignore it. An element that does not "
            "belong in the head ends the head, wherever `</head>` is written.",
            fix="The server should send the policy as a field of the response; or the page moves the `<meta>` to the "
            "beginning of its head.",
            evidence=(Evidence("response.body", "meta", x.masker.text(late[0])),),
        )
    trial = x.html.http_equiv(TRIAL, anywhere=True)
    if trial:
        return Finding(
            "`Content-Security-Policy-Report-Only` in a `<meta>` does nothing at all: browsers know it as a "
            "field alone.",
            fix="The server should send it as a field of the response.",
            evidence=(Evidence("response.body", "meta", x.masker.text(trial[0])),),
        )
    if not names:
        return None
    shown = listed([f"`{name}`" for name in names])
    return Finding(
        f"{shown} in the `<meta>` is left out by browsers; it works only as a field of the response.",
        fix=f"The server should send {shown} in a `Content-Security-Policy` field.",
        evidence=(quoted(x, names[0]),),
    )


@rule(
    "csp/many-policies",
    Severity.NOTE,
    "More policies than are compared here",
    on=document(),
    references=(CSP + "#should-block-request",),
    what=f"More than {MOST_POLICIES} policies come with a page, in its fields or in its markup.",
    why=f"""Every one of them has to allow what the page loads. What it loads is compared with the first {MOST_POLICIES}
        of each kind alone, so what a later one blocks is not told here.""",
    fix="""Send one policy. Look for what adds a policy to those that are there already, once for each request or each
        component, instead of setting it.""",
    shows=f"""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: {"img-src 'self', " * MOST_POLICIES}default-src 'self'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: img-src 'self', default-src 'self'
    """,
    once="origin",
)
def many_policies(x: Subject) -> Finding | None:
    """Where comparing stops."""
    found = held(x)
    most = max(map(len, (found.fields, found.markup, found.trial))) if found is not None else 0
    if most <= MOST_POLICIES:
        return None
    return Finding(
        f"{count(most, 'policy', 'policies')} come with this page, and each has to allow what the page loads. That is "
        f"compared with the first {MOST_POLICIES} here; what a later one blocks is not told.",
        fix="On the server, send one policy: find what adds a policy with each request or component instead of setting "
        "it.",
    )

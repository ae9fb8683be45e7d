"""Content Security Policy: the gaps a policy leaves for whoever can inject markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector.browser.csp_inline import has_keyword
from inspector.fields.csp import HostSource, Nonce, parse_sources
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, response_field, rule
from inspector.rules.csp_bypasses import Bypass, bypass_of
from inspector.rules.csp_words import CSP, FIELD, code, limiting, lists_for, quoted, where
from inspector.url import ip_address
from inspector.words import count, listed

if TYPE_CHECKING:
    from inspector.subject import Subject


@rule(
    "csp/no-base-uri",
    Severity.WARNING,
    "An injected `<base>` can redirect the page's scripts",
    on=document(),
    references=(CSP + "#directive-base-uri",),
    what="Scripts are allowed by nonce or hash, and `base-uri` is missing.",
    why="""An injected `<base href>` makes every relative address on the page point to another server, those of
        scripts that
        carry the right nonce included. `default-src` does not cover it.""",
    fix="Add `base-uri 'none'`, or `'self'` where the page has a `<base>` of its own.",
    unless="The list for scripts is an allowlist of origins: the other server is not on it.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'; object-src 'none'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'; object-src 'none'; base-uri 'none'
    """,
    once="origin",
)
def no_base_uri(x: Subject) -> Finding | None:
    """Nonces (or hashes with 'strict-dynamic') without `base-uri` in any policy."""
    policies = limiting(x)
    if any("base-uri" in policy for policy in policies):
        return None
    for name, sources in lists_for(policies, "script-src-elem"):
        nonces = bool(sources.nonces)
        hashes = sources.hashes and has_keyword(sources, "strict-dynamic")
        if nonces or hashes:
            how = "nonce" if nonces else "hash"
            return Finding(
                f"Scripts are allowed by {how}, wherever they come from. An injected `<base href>` decides where "
                "relative "
                "addresses lead, and `default-src` does not cover it.",
                fix="The server should add `base-uri 'none'` (or `'self'`, if the page has a `<base>` of its own).",
                evidence=(quoted(x, name),),
            )
    return None


@rule(
    "csp/no-form-action",
    Severity.NOTE,
    "Forms may be sent anywhere",
    on=document(),
    references=(CSP + "#directive-form-action",),
    what="The policy has no `form-action`, and `default-src` does not cover it.",
    why="""An injected form (or an injected `formaction`) sends what the visitor types, saved passwords included, to
        another
        server, without any script.""",
    fix="Add `form-action 'self'` and the sites that forms are really sent to.",
    unless="The page has no form; then it is told as an explanation.",
    shows="""
    # type: document
    GET https://shop.test/login HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'

    <form action=/login method=post><input name=user><input type=password name=pass></form>
    """,
    quiet="""
    # type: document
    GET https://shop.test/login HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; form-action 'self'

    <form action=/login method=post><input name=user><input type=password name=pass></form>
    """,
    once="origin",
)
def no_form_action(x: Subject) -> Finding | None:
    """A policy about content without `form-action`."""
    policies = limiting(x)
    if not lists_for(policies, "script-src-elem") or any("form-action" in policy for policy in policies):
        return None
    forms = len(x.html.forms) if x.html is not None else 0
    has = f"This page has {count(forms, 'form')}. " if forms else ""
    return Finding(
        f"{has}`form-action` is missing, and `default-src` does not stand in for it: an injected form may send "
        "what the "
        "visitor types to any server.",
        severity=None if forms else Severity.INFO,
        fix="The server should add `form-action 'self'`. Trap: in Chromium it also applies to where the answer "
        "redirects, so "
        "list sign-in and payment sites that forms end up at.",
        evidence=(where(x),),
    )


@rule(
    "csp/allowlist-bypass",
    Severity.WARNING,
    "The script allowlist names a host that anybody can use",
    on=document(),
    references=(CSP + "#directive-script-src", "https://research.google/pubs/pub45542/"),
    what="""The list for scripts admits a host that serves AngularJS, files anybody can publish, or answers whose first
        word the address chooses (JSONP).""",
    why="""An injected `<script src>` may name every address on a listed host. Where one of them does what the attacker
        wants, the list stops nothing.""",
    fix="Use nonces with `'strict-dynamic'` instead of hosts, or list the exact path of the script.",
    unless="`'strict-dynamic'` is there: browsers then leave hosts out of account.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' https://cdn.jsdelivr.net; object-src 'none'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' https://static.shop.test; object-src 'none'
    """,
    once="origin",
)
def allowlist_bypass(x: Subject) -> Finding | None:
    """Every allowlist for scripts has a source with a known way around it."""
    lists = lists_for(limiting(x), "script-src-elem")
    if not lists or any(has_keyword(sources, "strict-dynamic") for _, sources in lists):
        return None
    each: list[tuple[str, list[tuple[HostSource, Bypass]]]] = []
    for name, sources in lists:
        evals = has_keyword(sources, "unsafe-eval")
        each.append(
            (name, [(s, b) for s in sources if isinstance(s, HostSource) and (b := bypass_of(s, evals)) is not None])
        )
    if not all(found for _, found in each):
        return None
    name, found = min(each, key=lambda pair: len(pair[1]))
    ways: dict[str, list[str]] = {}
    for source, bypass in found:
        covers = f" (for `{bypass.host}`)" if bypass.host != source.host else ""
        ways.setdefault(bypass.what, []).append(code(x, source.text) + covers)
    said = "; ".join(f"{listed(sources, most=4)} {what}" for what, sources in ways.items())
    return Finding(
        f"In `{name}`, {said}. An injected script element may name it.",
        fix="Send `script-src 'nonce-<random>' 'strict-dynamic'` and put the nonce on your own script elements; "
        "then hosts "
        "play no part. Or serve those files from your own origin.",
        evidence=(quoted(x, name, found[0][0].text),),
        title=None if len(found) == 1 else f"The script allowlist names {len(found)} hosts that anybody can use",
    )


@rule(
    "csp/http-or-ip-source",
    Severity.NOTE,
    "The policy lists an insecure or numeric source",
    on=document(),
    references=(CSP + "#match-hosts", CSP + "#match-schemes"),
    what="A source is an http address in the policy of an https page, or an IP address.",
    why="""What comes over http can be changed on the way; an https page cannot load most of it anyway. IP addresses
        are no
        reliable names, and the standard lets none match but 127.0.0.1 (Chromium does compare IPv4 addresses).""",
    fix="List the https address, by name.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; img-src http://images.shop.test 192.0.2.7
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; img-src https://images.shop.test
    """,
    once="origin",
)
def http_or_ip(x: Subject) -> Finding | None:
    """Insecure and numeric sources, IPv6 addresses (outside the grammar) among them."""
    insecure: list[str] = []
    numeric: list[str] = []
    first: Evidence | None = None
    for policy in limiting(x):
        for name, values in policy.directives:
            if name == "report-uri":
                plain = [v for v in values if v.lower().startswith("http://")]
            else:
                hosts = [s for s in parse_sources(values) if isinstance(s, HostSource)]
                plain = [s.text for s in hosts if s.scheme in ("http", "ws")]
                found = [s.text for s in hosts if ip_address(s.host) is not None and s.host != "127.0.0.1"]
                found += [v for v in values if _IPV6.match(v)]
                numeric += found
                plain = [] if not x.url.secure else plain
                first = first or (quoted(x, name, found[0]) if found else None)
            insecure += plain
            first = first or (quoted(x, name, plain[0]) if plain else None)
    if not insecure and not numeric:
        return None
    said = []
    if insecure:
        shown = listed([code(x, text) for text in dict.fromkeys(insecure)], most=4)
        said.append(f"{shown} names http; it also admits https, so nothing is lost by naming that.")
    if numeric:
        shown = listed([code(x, text) for text in dict.fromkeys(numeric)], most=4)
        said.append(f"{shown} is an IP address: by the standard it matches nothing, and only some browsers compare it.")
    return Finding(
        " ".join(said),
        title=None
        if insecure and numeric
        else "The policy lists an http source"
        if insecure
        else "A source is an IP address",
        fix="The server should list the https address, by name.",
        evidence=(first or where(x),),
    )


_IPV6 = compile_late(r"(?:[a-z][a-z0-9+.-]*://)?\[[0-9a-f:.]+\]", re.IGNORECASE)
_PLACEHOLDER = compile_late(r"\{\{|\}\}|\$\{|\$[a-z_]|<%|%\w+%|#\{|__\w+__|\[\[", re.IGNORECASE)
_WELL_KNOWN = frozenset(
    {
        "2726c7f26c",
        "ednnf03nceiofn39fn3e9h3sdfa",
        "dhcnhd3khtmepgxwdayk9bsmqxjhguvv",
        "r4nd0m",
        "rand0m",
        "random",
        "416d1177-4d12-4e3b-b7c9-f6c409789fb8",
        "8ibtht3wuvfc",
        "abc123",
        "nonce",
        "test",
    }
)
_STRONG = 22
_SHORT = 8


@rule(
    "csp/nonce-weak",
    Severity.WARNING,
    "The policy's nonce can be guessed or repeats",
    on=response_field(FIELD),
    references=(CSP + "#security-nonces",),
    what="""A nonce is short, is a placeholder nobody filled in, is copied from documentation, is no base64, or is the
        same in two responses.""",
    why="""Whoever knows the nonce can put it on an injected script. It has to be new and unpredictable in every
        response:
        128 bits of randomness, 22 characters of base64.""",
    fix="Make it from 16 random bytes for each response, in base64.",
    unless="The two responses are one and the same out of a cache.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-abc123'; base-uri 'none'; object-src 'none'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'; base-uri 'none'; object-src 'none'
    """,
    once="origin",
)
def nonce_weak(x: Subject) -> Finding | None:
    """Nonces that are guessable, unusable, or seen before with another page."""
    for policy in limiting(x):
        for name, values in policy.directives:
            for source in parse_sources(values):
                if not source.text.lower().startswith("'nonce-"):
                    continue
                found = _fault(x, name, source.text, isinstance(source, Nonce))
                if found is not None:
                    return found
    return None


def _fault(x: Subject, name: str, text: str, readable: bool) -> Finding | None:
    value = text[7:].rstrip("'")
    shown, evidence = code(x, text), (quoted(x, name, text),)
    fix = "The server should make each response's nonce from 16 bytes of a cryptographic random source, in base64."
    if _PLACEHOLDER.search(value):
        return Finding(
            f"{shown} is a placeholder that nobody filled in: every response has the same, and it is no base64, "
            "so that it "
            "matches no script.",
            title="The policy's nonce is a placeholder",
            fix="Let the template engine (or the server's module for it) replace it with a fresh nonce in both places, "
            "the field and the elements. Trap: a cached page keeps its nonce.",
            evidence=evidence,
        )
    if not readable:
        return Finding(
            f"{shown} holds characters that are not in base64, so that browsers do not take it for a nonce: it "
            "matches no "
            "script.",
            title="The policy's nonce is no base64",
            fix=fix,
            evidence=evidence,
        )
    if value.lower() in _WELL_KNOWN:
        return Finding(
            f"{shown} stands in documentation and examples, so that everybody knows it.", fix=fix, evidence=evidence
        )
    before = _seen(x, value)
    if before is not None:
        return Finding(
            f"{shown} was the nonce of exchange {before} too, with another page: an injected script can carry it.",
            title="The policy's nonce is the same in two responses",
            fix=fix + " Trap: a cached page keeps its nonce; use hashes for pages that are cached.",
            evidence=evidence,
        )
    if len(value.rstrip("=")) < _STRONG:
        length = count(len(value.rstrip("=")), "character")
        return Finding(
            f"{shown} has {length}; 128 bits of randomness take {_STRONG} in base64.",
            title="The policy's nonce is short",
            severity=None if len(value) < _SHORT else Severity.NOTE,
            fix=fix,
            evidence=evidence,
        )
    return None


def _seen(x: Subject, nonce: str) -> int | None:
    """The exchange that had this nonce before with other content; remembers this one."""
    cache = x.verdicts.cache
    if x.status != 200 or x.response is None or (cache is not None and cache.served_from in ("cache", "revalidated")):
        return None
    digest = x.memo(_digest)
    ranks = x.session.told(f"csp nonce {x.url.origin} {nonce}").ranks
    before = min((index for other, index in ranks.items() if other != digest), default=None)
    ranks.setdefault(digest, x.exchange.index)
    return before


def _digest(x: Subject) -> str:
    """What tells this content from another; the address, where no content is recorded."""
    content = x.response.body.text if x.response is not None else None
    if not content:
        return x.url.text
    import hashlib  # which brings OpenSSL along

    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=8).hexdigest()

"""JSON Web Tokens (RFC 7519): what each says, and what in it should worry.

Signatures are not checked, because a recording has no keys; every sentence here is about what the token claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from inspector.content.tokens import Carried, tokens_of
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, carries_token, rule
from inspector.rules.jwt_words import RFC7519, RFC8725, algorithm, claim, kind, protected, times
from inspector.subject import Subject
from inspector.words import duration, listed, moment, ticked

LEEWAY = 60
"""Seconds by which clocks may differ before a time claim is held against a token (RFC 7519, section 4.1.4)."""
_DAY = 86_400

_VALID = (
    "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9."
    "eyJpc3MiOiJodHRwczovL2xvZ2luLnNob3AudGVzdCIsImF1ZCI6InNob3AiLCJzY29wZSI6Im9yZGVycyIsImlhdCI6MTc3MjM2NjA0MCwiZXhwIj"
    "oxNzcyMzY3MDAwfQ.c2ln"
)
_NONE = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxNyIsImV4cCI6MTc3MjM2NzAwMH0."
_OLD = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxNyIsImV4cCI6MTc3MjM1OTIwMH0.c2ln"
_ENDLESS = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxNyIsInNjb3BlIjoib3JkZXJzIn0.c2ln"
_TALKATIVE = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxNyIsInBhc3N3b3JkIjoiaHVudGVyMiIsImV4cCI6MTc3MjM2NzAwMH0.c2ln"
_STEERED = "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLy4uL2tleXMvcHVibGljIn0.eyJzdWIiOiIxNyIsImV4cCI6MTc3MjM2NzAwMH0.c2ln"


def _example(token: str, answer: str = "200") -> str:
    return f"""
    GET https://api.shop.test/orders HTTP/2
    Authorization: Bearer {token}

    HTTP/2 {answer}
    Content-Type: application/json
    """


def _new(x: Subject, about: str) -> Iterator[Carried]:
    """The tokens of an exchange that `about` has not been told of before: the same one goes with every request."""
    for carried in x.memo(tokens_of):
        if x.session.first(about, f"token {hash(carried.token.raw)}"):
            yield carried


def _evidence(x: Subject, carried: Carried, part: str | None = None, value: str | None = None) -> tuple[Evidence, ...]:
    shown = x.masker.secret(carried.token.raw)
    name = carried.name.partition(":")[0] or None
    found = Evidence(carried.where, name, shown)
    return (found,) if part is None else (found, Evidence(carried.where, part, value))


@rule(
    "jwt/explained",
    Severity.INFO,
    "What the token says",
    on=carries_token(),
    references=(RFC7519 + "3", RFC7519 + "4.1"),
    what="A JSON Web Token: a header, claims about somebody, and a signature, each written in base64.",
    why="""
    A token is signed, which keeps it from being changed, and not encrypted: whoever holds it reads all of it. Whoever
    holds it can usually also use it, until it expires.
    """,
    fix="Nothing to do. To see the claims in full, run with `--reveal` and decode the middle part.",
    shows=_example(_VALID),
    quiet=_example("mF_9.B5f-4.1JqM"),
)
def explained(x: Subject) -> Iterator[Finding]:
    """Each token once: kind, place, algorithm, issuer, audience, times, claims."""
    for carried in _new(x, "jwt/explained"):
        token = carried.token
        what = kind(carried)
        if token.claims is None:
            yield Finding(
                f"An encrypted {what} in {carried.place}: only its addressee can read the claims. The key is agreed by "
                f"{algorithm(token)}.",
                title="An encrypted token (JWE)",
                evidence=_evidence(x, carried),
                references=("https://www.rfc-editor.org/rfc/rfc7516#section-3",),
            )
            continue
        said = []
        if "iss" in token.claims:
            said.append(f"from `{claim(x.masker, token, 'iss')}`")
        if "aud" in token.claims:
            said.append(f"for `{claim(x.masker, token, 'aud')}`")
        permits = next((name for name in ("scope", "scp") if name in token.claims), None)
        if permits:
            said.append(f"permitting `{claim(x.masker, token, permits)}`")
        when = times(token, x.started)
        lead = f"The {what} in {carried.place}" + (f" is {listed(said)}" if said else " names no issuer or audience")
        rest = [name for name in token.claims if name not in ("iss", "aud", "exp", "iat", "nbf", permits)]
        others = f" It also says {listed(ticked(n[:40] for n in rest), most=8)}." if rest else ""
        yield Finding(
            f"{lead}{f', {when}' if when else ''}.{others} {protected(token)}, and it is not encrypted: everyone "
            "who sees it can read it.",
            title=f"{what[0].upper()}{what[1:]}: {when}" if when else None,
            evidence=_evidence(x, carried),
        )


@rule(
    "jwt/alg-none",
    Severity.ERROR,
    "A token without a signature",
    on=carries_token(),
    references=(RFC8725 + "2.1", RFC8725 + "3.1", RFC7519 + "6"),
    what="The token's header says `alg: none`, or its signature is empty.",
    why="Anyone can write such a token with any claims. A server that accepts it lets everyone in as anyone.",
    fix="""
    The server that issues it signs its tokens; the server that receives it is configured with the one algorithm it
    expects and refuses every other. A library told to accept "whatever the header says" is the usual cause.
    """,
    unless="The token only carries data that another mechanism protects, and nothing is decided by it.",
    shows=_example(_NONE),
    quiet=_example(_VALID),
)
def alg_none(x: Subject) -> Iterator[Finding]:
    """``none`` in any case, or nothing where the signature belongs."""
    for carried in x.memo(tokens_of):
        token = carried.token
        if token.claims is None or (token.signed and token.algorithm.lower() != "none"):
            continue
        if not x.session.first("jwt/alg-none", f"token {hash(token.raw)}"):
            continue
        accepted = carried.sent and 200 <= x.status < 300
        why = "`alg` is `none`" if token.algorithm.lower() == "none" else "its signature is empty"
        yield Finding(
            f"The {kind(carried)} in {carried.place} is not signed: {why}. "
            + (
                f"The server answered {x.status}; if the token decided that, anyone can write one and be anyone."
                if accepted
                else "Whoever accepts it accepts claims that anyone can write."
            ),
            fix="The server names the one algorithm it accepts (`RS256`, say) where it checks tokens, and refuses the "
            "rest; the issuer signs.",
            certainty="certain" if not accepted else "likely",
            condition="the token decides about access here" if accepted else None,
            evidence=_evidence(x, carried, "alg", token.algorithm or "(absent)"),
        )


@rule(
    "jwt/expired",
    Severity.WARNING,
    "The token's time is over, or has not come",
    on=carries_token(),
    references=(RFC7519 + "4.1.4", RFC7519 + "4.1.5"),
    what="`exp` is before the exchange, or `nbf` is after it, by more than a minute.",
    why="""
    A server that checks times refuses the token; one that accepts it does not check, and stolen tokens work for ever.
    """,
    fix="""
    Where it was refused, the client renews its token before it runs out (by a refresh token, say), and both machines
    keep their clocks right. Where it was accepted, the server starts to check `exp` and `nbf`.
    """,
    unless="The recording's clock is wrong: times are compared with when the exchange started.",
    shows=_example(_OLD, "401"),
    quiet=_example(_VALID),
)
def expired(x: Subject) -> Iterator[Finding]:
    """``exp`` passed or ``nbf`` not reached, beyond the leeway, in a request."""
    now = x.started
    if now is None:
        return
    for carried in x.memo(tokens_of):
        token = carried.token
        if not carried.sent:
            continue
        expires, begins = token.time("exp"), token.time("nbf")
        if expires is not None and now - expires > LEEWAY:
            which, said = "exp", f"expired {duration(now - expires)} before this request"
        elif begins is not None and begins - now > LEEWAY:
            which, said = "nbf", f"is not valid for another {duration(begins - now)}"
        else:
            continue
        outcome = "refused" if x.status in (401, 403) else "accepted" if 200 <= x.status < 300 else "other"
        if not x.session.first(f"jwt/expired {outcome}", f"token {hash(token.raw)}"):
            continue
        value = token.time(which) or 0.0
        then = {
            "refused": f", which is reason enough for the {x.status}.",
            "accepted": f", and the server answered {x.status} all the same: it may not check the time.",
            "other": ".",
        }[outcome]
        identity = kind(carried) == "ID token"
        yield Finding(
            f"The {kind(carried)} in {carried.place} {said}{then}",
            title="The token has expired" if which == "exp" else "The token is not valid yet",
            fix="The client gets a new token before this one runs out; the machines' clocks are compared."
            if outcome != "accepted"
            else "The server rejects tokens after their `exp`, with a minute of leeway at most.",
            severity=Severity.INFO if identity and outcome == "accepted" else None,
            certainty="likely" if outcome == "accepted" else "certain",
            condition="the token, and nothing else, decides about access here" if outcome == "accepted" else None,
            evidence=_evidence(x, carried, which, moment(value)),
        )


@rule(
    "jwt/no-exp",
    Severity.NOTE,
    "A token that stays valid for long, or for ever",
    on=carries_token(),
    references=(RFC7519 + "4.1.4", "https://www.rfc-editor.org/rfc/rfc9068#section-2.2"),
    what="An access token has no `exp`, or is valid for more than a day.",
    why="A signed token cannot be called back: whoever gets hold of it uses it until it expires.",
    fix="""
    The issuer gives access tokens minutes to an hour, and lets clients renew them with a refresh token it can revoke.
    """,
    unless="The server keeps a list of revoked tokens, or the token is only good for something harmless.",
    shows=_example(_ENDLESS),
    quiet=_example(_VALID),
)
def no_exp(x: Subject) -> Iterator[Finding]:
    """Bearer tokens of a request; ID and refresh tokens have reasons of their own to live long."""
    for carried in x.memo(tokens_of):
        token = carried.token
        if token.claims is None or not carried.sent or kind(carried) not in ("access token", "token"):
            continue
        expires, issued = token.time("exp"), token.time("iat")
        if expires is not None and x.started is not None and x.started - expires > LEEWAY:
            continue  # over already: `jwt/expired` tells
        life = None if expires is None or issued is None else expires - issued
        if (expires is not None and (life is None or life <= _DAY)) or not x.session.first(
            "jwt/no-exp", f"token {hash(token.raw)}"
        ):
            continue
        said = "has no `exp`: it never expires" if life is None else f"is valid for {duration(life)} from its making"
        yield Finding(
            f"The {kind(carried)} in {carried.place} {said}. Whoever gets hold of it can use it that long.",
            fix="The issuer sets `exp` to an hour or less after `iat`; the client renews with a refresh token.",
            evidence=_evidence(x, carried, "exp", "(absent)" if expires is None else moment(expires)),
        )


_SENSITIVE = compile_late(
    r"passw(?:or)?d|passwd|^pwd$|secret|private_?key|ssn|social_?security|card_?(?:number|no)|credit_?card|^pan$|^cvv$|"
    r"iban|api_?key|^pin$",
    re.IGNORECASE,
)


@rule(
    "jwt/sensitive-claims",
    Severity.WARNING,
    "A secret in a token that everyone can read",
    on=carries_token(),
    references=(RFC7519 + "12",),
    what="A claim is called like a password, a key, a card or a social security number, and has a value.",
    why="The claims are base64, not encryption: browser extensions, logs and anyone who sees the token read them.",
    fix="""
    The issuer leaves such claims out and lets the server look them up by `sub`; if they must travel, it encrypts (JWE).
    """,
    unless="The value only says that there is one (`true`), or is itself a reference.",
    shows=_example(_TALKATIVE),
    quiet=_example(_VALID),
)
def sensitive_claims(x: Subject) -> Iterator[Finding]:
    """Claim names, at the top level, with a value that is more than a flag."""
    for carried in x.memo(tokens_of):
        claims = carried.token.claims or {}
        names = [
            name
            for name, value in claims.items()
            if _SENSITIVE.search(name) and isinstance(value, str | int) and not isinstance(value, bool) and value
        ]
        if not names or not x.session.first("jwt/sensitive-claims", f"token {hash(carried.token.raw)}"):
            continue
        yield Finding(
            f"The {kind(carried)} in {carried.place} has {listed(ticked(n[:40] for n in names))}. Its claims are "
            "encoded, not encrypted: everyone who sees the token reads them.",
            fix="The issuer leaves it out; the server looks it up by `sub` when it needs it.",
            evidence=_evidence(x, carried, names[0][:40], x.masker.secret(str(claims[names[0]]))),
        )


_PATH_OR_QUERY = compile_late(r"\.\./|^/(?:etc|dev|proc|var)/|'|;|--|\bunion\b|\bselect\b|\|", re.IGNORECASE)


@rule(
    "jwt/header-risk",
    Severity.NOTE,
    "The token's header tells the server where its key is",
    on=carries_token(),
    references=(RFC8725 + "3.10", "https://www.rfc-editor.org/rfc/rfc7515#section-4.1"),
    what="The header has `jku`, `x5u` or `jwk`, or a `kid` that looks like a path or a query.",
    why="""
    Whoever sends a token writes its header. A server that fetches a key from the address in it, or looks one up by a
    `kid` without care, can be given the attacker's own key.
    """,
    fix="""
    The server takes keys only from a list of its own, and treats `kid` as a name to compare, never as a path or SQL.
    """,
    unless="`jku` is on the issuer's own host and the server checks exactly that.",
    shows=_example(_STEERED),
    quiet=_example(_VALID),
)
def header_risk(x: Subject) -> Iterator[Finding]:
    """Key references an attacker would write; one on the issuer's host is an explanation only."""
    for carried in x.memo(tokens_of):
        header, claims = carried.token.header, carried.token.claims or {}
        kid = header.get("kid")
        found: tuple[str, str] | None = None
        severity: Severity | None = None
        if isinstance(kid, str) and _PATH_OR_QUERY.search(kid):
            found, severity = ("kid", kid), Severity.WARNING
        elif "jwk" in header:
            # DPoP proofs carry their own key by design (RFC 9449, section 4.2).
            if str(header.get("typ", "")).lower() == "dpop+jwt":
                continue
            found = ("jwk", "a key of its own")
        else:
            for name in ("jku", "x5u"):
                if isinstance(header.get(name), str):
                    found = (name, header[name])
                    issuer = claims.get("iss")
                    if isinstance(issuer, str) and _host(issuer) and _host(issuer) == _host(header[name]):
                        severity = Severity.INFO
        if found is None or not x.session.first("jwt/header-risk", f"token {hash(carried.token.raw)}"):
            continue
        name, value = found
        what = {
            "kid": f"`kid` is `{x.masker.text(value)[:60]}`, which looks like a path or a query",
            "jwk": "the header brings a key of its own (`jwk`)",
        }.get(name, f"`{name}` points to `{x.masker.url(value)[:80]}`")
        yield Finding(
            f"In the {kind(carried)} in {carried.place}, {what}. Whoever sends a token writes its header, so a server "
            f"must "
            "not take the key from there.",
            severity=severity,
            fix="The server looks keys up in a list of its own and compares `kid` with the names in it.",
            evidence=_evidence(x, carried, name, x.masker.text(value)[:120]),
        )


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()

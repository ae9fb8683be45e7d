"""Credentials and personal data where they should not be: in what a server sends to everybody, in addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from inspector import url as urls
from inspector import words
from inspector.content.marks_secrets import jwt_parts
from inspector.content.scan import NONE, Hit, place, scan_url
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, mark, request_value, rule, url_query
from inspector.rules.found import content, cut, secret_at
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

_ISSUED = compile_late(rb"""["'](?:access|refresh|id|session|oauth)_?token["']\s*:\s*["']$""", re.IGNORECASE)
_OWASP_SECRETS = "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html"
_WITHDRAW = "Its owner withdraws it at the issuer first, since it must count as known, and then keeps it on the server."


def _issued(x: Subject, data: bytes, hit: Hit) -> bool:
    """A token handed to who asked for it, as token endpoints do, or that a redirect's own content repeats, which names
    the address it leads to.
    """
    if 300 <= x.status < 400 and data[hit.start : hit.end].decode("latin-1") in (x.res.get("location") or ""):
        return True
    return x.recorded_kind == "json" and _ISSUED.search(data[max(hit.start - 40, 0) : hit.start]) is not None


@rule(
    "leak/secret",
    Severity.ERROR,
    "A secret in plain sight",
    on=(*mark("secret", "key-hint"), *url_query()),
    references=("https://cwe.mitre.org/data/definitions/200.html", _OWASP_SECRETS),
    what="""
        The response, or the address that was asked for, contains a credential, known by the form its issuer gives it:
        prefix, length, alphabet, and its checksum where it has one.
        """,
    why="""
        Whoever loads the page has it, and so does every cache, log and archive it passed. Programs look for such forms
        all day and try what they find within minutes.
        """,
    fix="""
        Withdraw it at its issuer, and make a new one that stays on the server; let the server make the calls it is
        for. Taking it out of the page alone does not help: copies of the page remain.
        """,
    unless="""
        Keys that are made to be public (Google Maps, Stripe's `pk_…`, Firebase) are a note at most. Examples of
        documentation and placeholders are not reported. A token endpoint that hands a token to its owner is not either.
        """,
    shows="""
        GET https://shop.test/config.js HTTP/2

        HTTP/2 200
        Content-Type: text/javascript

        window.config = {"bot": "xoxb-1203941827-1203941827-a8Fk2Lq0Zr7Tn3Vb6Xc9Wd1e"};
        """,
    quiet="""
        GET https://docs.shop.test/setup.html HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <pre>AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE</pre>
        """,
)
def secret(x: Subject) -> list[Finding]:
    """Secrets of the response and of the request's address, the grave ones together, each hint by itself."""
    found: list[Finding] = []
    in_url = scan_url(x.request.url) if x.url.query or x.url.userinfo else NONE
    if not x.marks.groups and not in_url.groups:
        return found
    data = content(x) if x.marks.groups else b""
    hits = [hit for hit in x.marks.of("secret") if not _issued(x, data, hit)]
    if hits:
        found.append(_in_content(data, hits, x))
    if data and not hits:
        found += [_hint(x, data, hit) for hit in x.marks.of("key-hint")[:1] if not _issued(x, data, hit)]
    found += [_in_url(x, hit) for hit in in_url.of("secret")[:1]]
    return found


def _in_content(data: bytes, hits: list[Hit], x: Subject) -> Finding:
    first = hits[0]
    passing = all(data[hit.start : hit.start + 4] == b"ASIA" for hit in hits)
    more = f" and {words.count(len(hits) - 1, 'more secret')}" if len(hits) > 1 else ""
    detail = f"The content of this response holds {first.mark.name}{more}. Whoever can load this address has it."
    if passing:
        detail += " `ASIA` begins the id of a temporary key, which is good for some hours only."
    if first.mark.id == "secret/aws-access-key-id":
        detail += " The id alone opens nothing; the secret that belongs to it is often not far away."
    return Finding(
        detail,
        _WITHDRAW,
        tuple(secret_at(x, hit, hit.mark.name) for hit in hits[:3]),
        title=f"{_capital(first.mark.name)}{more} in the response",
        severity=Severity.NOTE if passing else None,
    )


_HINTS = {
    "key-hint/google-api": (
        "Maps and Firebase want it in the page. It is safe there while it is restricted to this site and to the "
        "interfaces it is for; without a restriction, others use it on its owner's account.",
        "In the Google Cloud console, restrict the key to this site (HTTP referrers) and to the APIs it calls.",
    ),
    "key-hint/stripe-test": (
        "It moves no real money. Where a test key is in a page, though, the live key is likely to follow the same way.",
        "The page gets the publishable key (`pk_…`); the secret key stays on the server.",
    ),
    "key-hint/jwt": (
        "Whoever has it is taken for the one it was issued to, until it expires; every script on the page can read it.",
        "Where the page needs no token of its own, the server keeps the session in an `HttpOnly` cookie.",
    ),
}


def _hint(x: Subject, data: bytes, hit: Hit) -> Finding:
    detail, fix = _HINTS[hit.mark.id]
    if hit.mark.id == "key-hint/jwt":
        parts = jwt_parts(data[hit.start : hit.end].decode("latin-1"))
        exp = parts[1].get("exp") if parts is not None else None
        if isinstance(exp, int | float):
            detail += f" This one expires at {words.moment(exp, x.started)}."
    return Finding(
        f"The content of this response holds {hit.mark.name}. {detail}",
        fix,
        (secret_at(x, hit),),
        title=f"{_capital(hit.mark.name)} in the response",
        severity=Severity.NOTE if hit.mark.id != "key-hint/google-api" else Severity.INFO,
        certainty="likely",
    )


def _in_url(x: Subject, hit: Hit) -> Finding:
    found = x.request.url.encode("utf-8", "surrogatepass")[hit.start : hit.end].decode("utf-8", "replace")
    return Finding(
        f"The address that was asked for holds {hit.mark.name}. Addresses are kept in histories, logs and `Referer`.",
        f"It is sent in a field of its own, such as `Authorization`. {_WITHDRAW}",
        (Evidence("url", None, cut(x, found), None, hit.mark.name),),
        title=f"{_capital(hit.mark.name)} in the address",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_PERSONAL = {
    "personal/card": "Of a card number, the issuer's digits at its beginning and the last four may be shown, no more "
    "(PCI DSS 4, 3.4.1).",
    "personal/ssn": "With a name and this number, others can act as that person.",
    "personal/iban": "A shop prints its own account number on purpose; a customer's is personal data.",
}


@rule(
    "leak/pii",
    Severity.WARNING,
    "Personal data in the response",
    on=mark("personal"),
    references=(
        "https://cwe.mitre.org/data/definitions/359.html",
        "https://www.pcisecuritystandards.org/document_library/",
    ),
    what="""
        The content of the response holds a number that is a payment card's (issuer, length and check digit agree), an
        IBAN (country, length and remainder agree) or a US social security number, and a word near it says so.
        """,
    why="Such numbers are sent on by caches, kept in logs, and read by every script on the page.",
    fix="The server sends what the page shows, such as the last four digits, and nothing more.",
    unless="Numbers that payment services and banks publish for tests are not reported.",
    shows="""
        GET https://shop.test/api/me HTTP/2

        HTTP/2 200
        Content-Type: application/json

        {"name": "Ada", "cardNumber": "4539 1488 0343 6467"}
        """,
    quiet="""
        GET https://shop.test/help/testing HTTP/2

        HTTP/2 200
        Content-Type: text/html

        <p>Card number for tests: 4111 1111 1111 1111</p>
        """,
)
def pii(x: Subject) -> Finding | None:
    """What was found, cut, with where it stands."""
    hits = x.marks.of("personal")
    if not hits:
        return None
    data = content(x)
    grave = [hit for hit in hits if hit.mark.id != "personal/iban"]
    first = (grave or list(hits))[0]
    shared = "public" in (x.res.get("cache-control") or "")
    return Finding(
        f"The content holds {first.mark.name}"
        + (f" and {words.count(len(hits) - 1, 'more number')} of that kind" if len(hits) > 1 else "")
        + f". {_PERSONAL[first.mark.id]}"
        + (" `Cache-Control: public` lets shared caches keep it." if shared else ""),
        None if first.mark.id == "personal/iban" else "The server sends at most the last four digits.",
        tuple(
            Evidence("response.body", place(data, hit.start), _number(x, data, hit), None, hit.mark.name)
            for hit in (grave or list(hits))[:3]
        ),
        title=f"{_capital(first.mark.name)} in the response",
        severity=None if grave else Severity.NOTE if x.recorded_kind == "json" else Severity.INFO,
        certainty="depends",
        condition="a leak if it belongs to a person, and that person is not the one who asked",
    )


def _number(x: Subject, data: bytes, hit: Hit) -> str:
    return cut(x, data[hit.start : hit.end].decode("latin-1"))


_CREDENTIAL = compile_late(
    r"(?:^|[_.-])(?:access_?token|id_?token|auth_?token|reset_?token|token|session_?id|jsessionid|phpsessid|sessid|"
    r"passw(?:or)?d|passwd|pwd|client_?secret|secret|api_?key|apikey|otp)$",
    re.IGNORECASE,
)
_EMAIL = compile_late(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+")


@lru_cache(maxsize=512)
def _told(referer: str) -> tuple[str, str] | None:
    """The parameter of a page's address that should not be told, and what it is; ``None`` without one."""
    if "=" not in referer:
        return None
    query = urls.parse(referer).query
    if not query:
        return None
    try:
        pairs = parse_qsl(query, max_num_fields=100)
    except ValueError:
        return None
    for name, value in pairs:
        if _CREDENTIAL.search(name) and len(value) >= 6:
            return name, "credential"
    return next(((name, "address") for name, value in pairs if _EMAIL.fullmatch(value)), None)


@rule(
    "leak/referrer",
    Severity.WARNING,
    "`Referer` tells another site a secret of the page's address",
    on=request_value("referer", _told),
    references=("https://www.w3.org/TR/referrer-policy/#information-leakage",),
    what="A request to another site carries the full address of the page, and a parameter in it is a credential.",
    why="""
        The other site, and whoever reads its logs, can use what stands there: open the reset link, take over the
        session. Browsers tell other sites the origin alone unless a page's policy asks for more.
        """,
    fix="""
        The page sends `Referrer-Policy: strict-origin-when-cross-origin` (or `same-origin`), and takes credentials out
        of its address once they are used.
        """,
    unless="Between addresses of one site nothing is told to anybody else.",
    shows="""
        # page: https://shop.test/reset?token=9f8e7d6c5b4a
        GET https://ads.example/pixel.gif HTTP/2
        Referer: https://shop.test/reset?token=9f8e7d6c5b4a

        HTTP/2 200
        Content-Type: image/gif
        """,
    quiet="""
        # page: https://shop.test/reset?token=9f8e7d6c5b4a
        GET https://ads.example/pixel.gif HTTP/2
        Referer: https://shop.test/

        HTTP/2 200
        Content-Type: image/gif
        """,
    once="origin",
)
def referrer(x: Subject) -> Finding | None:
    """A parameter with a credential's name, or an e-mail address, told to another site."""
    referer = x.req.get("referer") or ""
    told = _told(referer)
    if told is None or same_site(urls.parse(referer), x.url, schemeful=False):
        return None
    name, what = told
    named = f"`{name[:40]}`"
    if what == "address":
        detail = f"`Referer` tells `{x.url.host}` an e-mail address, in the page's parameter {named}."
    else:
        detail = f"`Referer` tells `{x.url.host}` the page's parameter {named}, which is a credential by its name."
    return Finding(
        f"{detail} The page's referrer policy sends its full address to other sites.",
        "The page sends `Referrer-Policy: strict-origin-when-cross-origin`, which tells other sites its origin alone.",
        (x.request_field("referer", name),),
        title=f"`Referer` tells another site {'an e-mail address' if what == 'address' else f'the parameter {named}'}",
        severity=Severity.NOTE if what == "address" else None,
        certainty="likely",
    )

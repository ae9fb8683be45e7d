"""What goes over the network unencrypted, or encrypted too weakly: pages, forms, TLS versions and certificates."""

from __future__ import annotations

import re
from functools import lru_cache

from inspector import url as urls
from inspector.exchange import TLS, Certificate
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    document,
    failed,
    handshake_recorded,
    recorded_content,
    request_field,
    rule,
    scheme,
)
from inspector.rules.cookies_words import session_named
from inspector.rules.status_words import brief
from inspector.site import private_host, same_site
from inspector.subject import Subject
from inspector.words import duration, listed, moment, ticked

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
RFC9325 = "https://www.rfc-editor.org/rfc/rfc9325#section-"
RFC5280 = "https://www.rfc-editor.org/rfc/rfc5280#section-"


@lru_cache(maxsize=256)
def _sessions(cookies: str) -> tuple[str, ...]:
    """The cookies of a `Cookie` field that are a session's by their names."""
    names = [pair.partition("=")[0].strip() for pair in cookies.split(";")]
    return tuple([name for name in names if session_named(name)])


def _own(x: Subject) -> bool:
    """Whether the request goes to the site of its page, as far as is known: no tracker, no frame of another site."""
    page = x.page_url
    return page is None or same_site(urls.parse(page), x.url, schemeful=False)


def _asks_password(x: Subject) -> bool:
    page = x.html
    return page is not None and any((e.get("type") or "").strip().lower() == "password" for e in page.having("input"))


@rule(
    "tls/plain-http",
    Severity.NOTE,
    "Without encryption",
    on=scheme("http"),
    also=(*document(), *request_field("cookie")),
    without=failed(),
    references=(RFC9110 + "4.2.2", RFC9110 + "17.9"),
    what="A page, or a request with a session's cookie, went over plain http.",
    why="Everybody on the way (who runs the wireless network, say) can read and change it, and take over the session.",
    fix="Serve it over https, redirect http there with 301 or 308, and send `Strict-Transport-Security` over https.",
    unless="Redirects to https are how it should be; this machine and private networks are left alone.",
    shows="""
    # type: document
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    """,
    quiet="""
    # type: document
    GET http://shop.test/ HTTP/1.1

    HTTP/1.1 301 Moved Permanently
    Location: https://shop.test/
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def plain_http(x: Subject) -> Finding | None:
    """Session cookies before pages; `Authorization` and password forms are the rules on credentials' to tell."""
    sessions = _sessions(x.req.get("cookie") or "")
    if not (sessions or x.is_document):
        return None
    if x.local or private_host(x.url.host) or x.exchange.context.served_from not in (None, "network"):
        return None
    host = brief(x.url.host, 80)
    fix = f"The server at `{host}` serves this over https alone, redirects http to it, and sends "
    fix += "`Strict-Transport-Security` there."
    if sessions and _own(x):
        return Finding(
            f"The request carries {listed(ticked(brief(name, 40) for name in sessions), most=3)} and is not encrypted: "
            "whoever reads it on the way can use the session.",
            title="A session's cookie over plain http",
            severity=Severity.WARNING,
            certainty="likely",
            condition="the cookie is what its name says, and signs its holder in",
            fix=fix + " Its cookies get `Secure`, so that browsers keep them off http.",
            evidence=(x.request_line("http:"), x.request_field("cookie")),
        )
    if not x.is_document or not 200 <= x.status < 300 or not _own(x) or _asks_password(x):
        return None  # a password's page is `auth/login-form-over-http`'s to tell
    return Finding(
        f"The page of `{host}` came over http: everybody on the way can read it and put something else into it.",
        title="A page without encryption",
        fix=fix,
        evidence=(x.request_line("http:"),),
    )


@rule(
    "tls/form-downgrade",
    Severity.ERROR,
    "A form of a secure page is sent without encryption",
    on=recorded_content("html"),
    also=document(),
    without=scheme("http"),
    references=("https://www.w3.org/TR/mixed-content/", RFC9110 + "4.2.2"),
    what="A form on an https page has an http address in `action` or `formaction`.",
    why="What the visitor types leaves the encrypted page in the open. Browsers warn before they send it.",
    fix="Write the `action` with `https:`, or as a path, which keeps the page's scheme.",
    unless="The page's policy has `upgrade-insecure-requests`, which makes browsers send it over https.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><form action="http://shop.test/order" method=post><input name=street></form>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><form action="/order" method=post><input name=street></form>
    """,
    once="origin",
)
def form_downgrade(x: Subject) -> Finding | None:
    """`action` and the `formaction` of its buttons; a search by GET is a warning."""
    page = x.html
    if page is None or not page.forms or x.url.scheme != "https":
        return None
    policies = (x.res.get("content-security-policy") or "", *page.http_equiv("content-security-policy"))
    if any("upgrade-insecure-requests" in policy.lower() for policy in policies):
        return None
    for position, form in enumerate(page.forms):
        controls = page.controls(position)
        actions = [form.get("action"), *(c.get("formaction") for c in controls)]
        for action in actions:
            if not action or not (there := urls.parse(page.resolve(x.request.url, action))).host:
                continue
            if there.scheme != "http" or there.loopback:
                continue
            method = (form.get("method") or "get").strip().lower()
            password = any((c.get("type") or "").strip().lower() == "password" for c in controls)
            what = "a password" if password else "what the visitor fills in"
            return Finding(
                f"The page came over https, and its form sends {what} to `{brief(x.masker.url(there.text), 100)}`, "
                "which is not encrypted. Browsers show a warning before they send it.",
                severity=None if method == "post" or password else Severity.WARNING,
                fix="The page writes the address with `https:`, or as a path.",
                evidence=(Evidence("response.body", "action", brief(x.masker.url(action), 100)),),
            )
    return None


_OLD = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"}
_KEY_TRANSPORT = compile_late(
    r"TLS_RSA_WITH_|(?:AES(?:128|256)|CAMELLIA(?:128|256)|ARIA(?:128|256)|SEED)-", re.IGNORECASE
)
"""Suites whose secret is encrypted to the server's key, in both spellings: OpenSSL's names leave RSA out, and tell the
agreement in all others. Chrome's exports (`AES_128_GCM`) do not say which it was."""
_BROKEN = compile_late(r"RC4|3DES|DES-CBC|DES_CBC|NULL|EXPORT|EXP-|anon|ADH|AECDH|MD5", re.IGNORECASE)


@rule(
    "tls/version-cipher",
    Severity.ERROR,
    "TLS in a version or with a cipher that is broken",
    on=scheme("https", "wss"),
    also=handshake_recorded(),
    references=("https://www.rfc-editor.org/rfc/rfc8996", RFC9325 + "3.1.1", RFC9325 + "4.1", RFC9325 + "4.2"),
    what="The connection to the server was made with TLS 1.1 or older, with a cipher such as RC4 or 3DES, or without "
    "forward secrecy.",
    why="""
        The first two have known attacks and are forbidden by the standards; browsers of today refuse the old versions.
        Without forward secrecy the secret of each connection is encrypted to the server's key: whoever gets that key,
        years later, reads everything that was recorded.
        """,
    fix="Let the server offer TLS 1.2 and 1.3 with their AEAD ciphers (AES-GCM, ChaCha20-Poly1305) and nothing else.",
    unless="The recording does not say what was negotiated.",
    shows="""
    # tls: TLSv1
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    """,
    quiet="""
    # tls: TLSv1.2
    GET https://shop.test/ HTTP/1.1

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def version_cipher(x: Subject) -> Finding | None:
    """What the server's side negotiated, not what a proxy and its client did."""
    tls = x.exchange.server.tls
    if tls is None or (tls.version is None and tls.cipher is None):
        return None
    old = tls.version in _OLD
    broken = tls.cipher is not None and _BROKEN.search(tls.cipher) is not None
    if not old and not broken:
        return _recorded_today(x, tls)
    name, value = ("version", tls.version) if old else ("cipher", tls.cipher)
    return Finding(
        f"The connection to `{brief(x.url.host, 80)}` uses `{brief(value or '', 60)}`"
        + (
            ", which RFC 8996 retired in 2021 and browsers refuse by now."
            if old
            else ", whose encryption can be broken, or which has none."
        ),
        title=f"The connection uses `{brief(value or '', 60)}`",
        fix="The server offers TLS 1.2 and 1.3 with AES-GCM or ChaCha20-Poly1305 alone. Trap: clients from before 2014 "
        "or so cannot connect any more.",
        evidence=(Evidence("tls", name, value),),
    )


def _recorded_today(x: Subject, tls: TLS) -> Finding | None:
    """A cipher without forward secrecy; from TLS 1.3 on there is none."""
    cipher = tls.cipher
    if cipher is None or tls.version == "TLSv1.3" or _KEY_TRANSPORT.match(cipher) is None:
        return None
    return Finding(
        f"With `{brief(cipher, 60)}` the client encrypts the secret of the connection to the key of "
        f"`{brief(x.url.host, 80)}`. Whoever records this today and gets that key in some years reads all of it.",
        title="A connection without forward secrecy",
        severity=Severity.WARNING,
        fix="The server offers TLS 1.3, and of TLS 1.2 suites whose names begin with `ECDHE` alone (`TLS_ECDHE_…`).",
        evidence=(Evidence("tls", "cipher", cipher),),
    )


_SOON = 14 * 86_400.0
_REFUSED = frozenset({"valid until", "valid from", "names"})
"""What browsers refuse for, whoever signed it."""
_WEAK_KEY = compile_late(r"RSA\s+(\d+)", re.IGNORECASE)
_RECORDERS = compile_late(
    r"mitmproxy|HTTP inspector on this machine|charles|fiddler|do_not_trust|portswigger|burp|proxyman|zed attack|owasp",
    re.IGNORECASE,
)


@rule(
    "tls/certificate",
    Severity.ERROR,
    "The server's certificate is not in order",
    on=scheme("https", "wss"),
    also=handshake_recorded(),
    without=failed(),
    references=(RFC5280 + "4.1.2.5", "https://www.rfc-editor.org/rfc/rfc9525#section-6.3", RFC9325 + "4.5"),
    what="The certificate has expired, is about to, is not valid yet, is for another name, or has a weak key or "
    "signature.",
    why="Browsers show a full-page warning instead of the site; somebody who looks away from it can be deceived.",
    fix="Renew it by a program that does so in time (ACME), for all names the server answers to.",
    unless="This machine, and certificates of programs that record traffic, are left alone. Where the handshake failed "
    "for it, `tls/upstream-expired` and its like tell why.",
    shows="""
    # tls: TLSv1.3
    # certificate: shop.test until 2026-03-05T00:00:00Z
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    """,
    quiet="""
    # tls: TLSv1.3
    # certificate: shop.test until 2026-05-05T00:00:00Z
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    """,
    once="origin",
    gravest=Severity.ERROR,
)
def certificate(x: Subject) -> Finding | None:
    """The leaf as it was shown; its times against the moment of the exchange, not against today."""
    tls = x.exchange.server.tls
    if tls is None or not tls.chain or x.local:
        return None
    leaf = tls.chain[0]
    if _RECORDERS.search(leaf.issuer):
        return None
    fault = _fault(x, leaf)
    if fault is None:
        return None
    title, detail, severity, evidence = fault
    if evidence.name in _REFUSED and severity is Severity.ERROR and "strict-transport-security" in x.res:
        detail += " They ignore its `Strict-Transport-Security` too: it counts where the certificate is in order alone."
    return Finding(
        detail,
        title=title,
        severity=severity,
        fix=f"The operator of `{brief(x.url.host, 80)}` renews the certificate, for this name, with an ECDSA key or an "
        "RSA key of 2048 bits or more, and lets a program (ACME) do so from then on.",
        evidence=(evidence,),
    )


def _fault(x: Subject, leaf: Certificate) -> tuple[str, str, Severity, Evidence] | None:
    now, host = x.started, brief(x.url.host, 80)
    if now is not None and leaf.not_after is not None and leaf.not_after - now < _SOON:
        left = leaf.not_after - now
        ends = moment(leaf.not_after)
        evidence = Evidence("tls", "valid until", ends)
        if left < 0:
            detail = (
                f"The certificate was valid until {ends}, {duration(-left)} before this exchange. Browsers refuse it."
            )
            return "The certificate has expired", detail, Severity.ERROR, evidence
        if leaf.not_before is not None and leaf.not_after - leaf.not_before < 2 * _SOON:
            return None  # made to live for days and renewed all the time
        detail = f"The certificate ends at {ends}, {duration(left)} after this exchange; browsers refuse it then."
        return f"The certificate ends in {duration(left)}", detail, Severity.WARNING, evidence
    if now is not None and leaf.not_before is not None and leaf.not_before > now + 60:
        begins = moment(leaf.not_before)
        return (
            "The certificate is not valid yet",
            f"The certificate begins at {begins}, after this exchange: one of two clocks is wrong, most likely. "
            "Browsers refuse it.",
            Severity.ERROR,
            Evidence("tls", "valid from", begins),
        )
    if leaf.names and not any(_covers(name.lower(), x.url.host) for name in leaf.names):
        return (
            "The certificate is for another name",
            f"The certificate is for {listed(ticked(brief(name, 60) for name in leaf.names), most=4)}, and the client "
            f"asked `{host}`. Browsers refuse it.",
            Severity.ERROR,
            Evidence("tls", "names", brief(", ".join(leaf.names), 200)),
        )
    key = _WEAK_KEY.search(leaf.key or "")
    if key is not None and int(key[1][:6]) < 2048:
        detail = f"The certificate's key is `{brief(leaf.key or '', 40)}`; less than 2048 bits can be broken."
        return "The certificate's key is too short", detail, Severity.ERROR, Evidence("tls", "key", leaf.key)
    if leaf.subject != leaf.issuer and re.search(r"sha-?1(?!\d)|md5", leaf.signature or "", re.IGNORECASE):
        detail = f"It is signed with `{brief(leaf.signature or '', 60)}`, for which forgeries have been made."
        evidence = Evidence("tls", "signature", leaf.signature)
        return "The certificate's signature is too weak", detail, Severity.ERROR, evidence
    return None


def _covers(name: str, host: str) -> bool:
    """RFC 9525, section 6.3: equal, or a wildcard as the whole first label."""
    if name == host or urls.ip_address(host) is not None:
        return name == host or urls.ip_address(name) == urls.ip_address(host)
    return name.startswith("*.") and host.partition(".")[2] == name[2:]

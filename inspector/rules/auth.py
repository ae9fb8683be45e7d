"""Credentials: how they are asked for, sent, and where they must not be (RFC 7617, RFC 7616, RFC 6750)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

from inspector.fields.challenges import parse_challenges
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import (
    Finding,
    request_content,
    request_field,
    response_field,
    response_value,
    rule,
    url_holds,
    url_parameter,
)
from inspector.site import same_site
from inspector.subject import Subject
from inspector.url import parse
from inspector.words import listed

RFC6750 = "https://www.rfc-editor.org/rfc/rfc6750#section-"
RFC7617 = "https://www.rfc-editor.org/rfc/rfc7617#section-"
_PARAMETER = compile_late(r"[?&;#]([^=&;#?]{1,60})=([^&;#]*)")

_SCHEMES = {
    "basic": "user name and password with every request, encoded but not encrypted",
    "digest": "a hash of the password and a challenge, so that the password itself does not travel",
    "bearer": "a token that whoever holds it can use",
    "negotiate": "Kerberos, or NTLM where that is not to be had, through the operating system's login",
    "ntlm": "Windows' challenge and answer, bound to one connection",
    "dpop": "a token bound to a key, with a proof of having that key on every request",
    "mutual": "a password-based proof in which both sides show that they know it",
    "hoba": "a signature by a key that the browser made for this site",
    "gnap": "a token of the Grant Negotiation and Authorization Protocol",
    "vapid": "a signature by a push service's application server",
    "scram-sha-256": "a salted proof of knowing the password",
}
"""Registered schemes (RFC 9110, section 16.4.1) and what each sends, to complete "asks for …"."""


@rule(
    "auth/challenge",
    Severity.INFO,
    "How the server wants to be authenticated to",
    on=response_field("www-authenticate", "proxy-authenticate"),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1",
        "https://www.rfc-editor.org/rfc/rfc9110#section-11.3",
    ),
    what="`WWW-Authenticate` (a proxy's: `Proxy-Authenticate`) names the schemes the server accepts.",
    why="""
    A client picks the strongest it knows and repeats the request with `Authorization`. For `Basic`, browsers ask.
    """,
    fix="Nothing to do: the client answers with one of them.",
    shows="""
    GET https://intranet.test/ HTTP/1.1

    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Negotiate, Basic realm="staff"
    """,
    quiet="""
    GET https://intranet.test/ HTTP/1.1

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def challenge(x: Subject) -> Finding | None:
    """The challenges in words; what cannot be read is `status/401-no-challenge`'s to tell."""
    name = "www-authenticate" if "www-authenticate" in x.res else "proxy-authenticate"
    challenges = parse_challenges(x.res.get(name) or "")
    if challenges is None:
        return None
    said = []
    for each in challenges:
        meaning = _SCHEMES.get(each.scheme.lower())
        realm = each.parameters.get("realm")
        said.append(
            f"`{each.scheme[:40]}`"
            + (f" for `{x.masker.text(realm)[:60]}`" if realm else "")
            + (f" ({meaning})" if meaning else " (not a registered scheme)")
        )
    error = next((c.parameters["error"] for c in challenges if "error" in c.parameters), None)
    meaning = {
        "invalid_token": " The token that was sent is expired, revoked or otherwise not valid.",
        "insufficient_scope": " The token that was sent is valid and does not permit this.",
        "invalid_request": " The request was malformed: a parameter is missing or given twice.",
    }.get(error or "", "")
    return Finding(
        f"The server asks for {listed(said, joiner='or')}.{meaning}",
        title=f"Bearer token refused: `{error[:40]}`" if error else None,
        evidence=(x.response_field(name, mark=error),),
        references=(RFC6750 + "3.1",) if meaning else (),
    )


@rule(
    "auth/basic-over-http",
    Severity.ERROR,
    "A password over plain http",
    on=(*request_field("authorization"), *response_field("www-authenticate")),
    references=(RFC7617 + "4",),
    what="`Basic` or `Digest` credentials are sent, or asked for, over http.",
    why="`Basic` is the password in base64. Everyone on the way reads it: the café's network, every proxy, every hop.",
    fix="Serve it over https alone: redirect http to https before any challenge, and send `Strict-Transport-Security`.",
    unless="The server is on this machine.",
    shows="""
    GET http://intranet.test/ HTTP/1.1
    Authorization: Basic YWxpY2U6c2VjcmV0MTIz

    HTTP/1.1 200 OK
    """,
    quiet="""
    GET https://intranet.test/ HTTP/1.1
    Authorization: Basic YWxpY2U6c2VjcmV0MTIz

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def basic_over_http(x: Subject) -> Finding | None:
    """Plain http and not loopback; a mere challenge is a warning, ``Digest`` sent is one too."""
    if x.url.scheme != "http" or x.local:
        return None
    sent = (x.req.get("authorization") or "").partition(" ")[0].lower()
    asked = {c.scheme.lower() for c in parse_challenges(x.res.get("www-authenticate") or "") or ()}
    if sent == "basic":
        return Finding(
            "The request carries user name and password in base64, over a connection that everyone on the way can "
            "read.",
            fix="The server answers http with a redirect to https and nothing else; the password is changed, since it "
            "has been seen.",
            evidence=(x.request_line(), x.request_field("authorization")),
        )
    if sent == "digest":
        return Finding(
            "The request proves knowledge of the password over a connection that everyone on the way can read. The "
            "password itself does not show, but it can be guessed from the hash, and the request be altered.",
            title="`Digest` credentials over plain http",
            severity=Severity.WARNING,
            fix="The server answers http with a redirect to https and nothing else.",
            evidence=(x.request_line(), x.request_field("authorization")),
        )
    if "basic" in asked:
        return Finding(
            "The server asks for user name and password over http: the answer will be readable to everyone on the way.",
            title="A password is asked for over plain http",
            severity=Severity.WARNING,
            fix="The server redirects http to https before it asks.",
            evidence=(x.request_line(), x.response_field("www-authenticate")),
        )
    return None


@rule(
    "auth/basic-decoded",
    Severity.INFO,
    "Who logs in with `Basic`",
    on=request_field("authorization", "proxy-authorization"),
    references=(RFC7617 + "2",),
    what="`Authorization: Basic` holds user name and password in base64: anyone can turn it back.",
    why="Base64 is a way of writing, not encryption. Only the connection protects it, so it must be https.",
    fix="Nothing to do over https. For anything with a login page, a session or a token is better: it can be revoked.",
    shows="""
    GET https://intranet.test/ HTTP/1.1
    Authorization: Basic YWxpY2U6c2VjcmV0MTIz

    HTTP/1.1 200 OK
    """,
    quiet="""
    GET https://intranet.test/ HTTP/1.1
    Authorization: Bearer mF_9.B5f-4.1JqM

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def basic_decoded(x: Subject) -> Finding | None:
    """The user's name, the password's placeholder; malformed credentials are a note."""
    name = "authorization" if "authorization" in x.req else "proxy-authorization"
    scheme, _, credentials = (x.req.get(name) or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
        user, colon, password = decoded.decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        user = colon = password = ""
    if not colon:
        return Finding(
            "The credentials are not base64 of `user:password`, so no server can read them.",
            title="`Basic` credentials that cannot be read",
            severity=Severity.NOTE,
            fix="The client encodes `user:password` (in UTF-8) with base64, padding included.",
            evidence=(x.request_field(name),),
        )
    return Finding(
        f"User `{x.masker.text(user)[:60]}`, password {x.masker.secret(password) or '(empty)'}. They are encoded, not "
        f"encrypted{'; the connection is, so only the two ends see them' if x.url.secure else ''}.",
        title=f"Logged in with `Basic` as `{x.masker.text(user)[:40]}`",
        evidence=(x.request_field(name),),
    )


_KEY_NAMES = frozenset({"api_key", "apikey", "api-key", "x-api-key"})
_TOKEN_NAMES = _KEY_NAMES | {
    "access_token",
    "id_token",
    "refresh_token",
    "auth_token",
    "authtoken",
    "jwt",
    "bearer",
    "client_secret",
    "session_token",
}
_SESSION_NAMES = frozenset(
    {"jsessionid", "phpsessid", "aspsessionid", "asp.net_sessionid", "sessionid", "session_id", "sessid", "sid"}
)
_PASSWORD_NAMES = frozenset({"password", "passwd", "pwd", "passwort", "pass", "user_password", "login_password"})


def _parameters(url: str) -> Iterator[tuple[str, str]]:
    for name, value in _PARAMETER.findall(url) if "=" in url else ():
        yield (unquote_plus(name) if "%" in name or "+" in name else name).lower(), value


def _random(value: str) -> bool:
    """Long and mixed enough to be a credential rather than a word, a number or a placeholder."""
    return len(value) >= 8 and len(set(value)) >= 6 and (any(c.isdigit() for c in value) or len(value) >= 20)


@lru_cache(maxsize=1024)
def _token_of(location: str) -> str | None:
    """The parameter of a redirect's address that is a credential, by name and value; ``None`` without one."""
    for name, value in _parameters(location):
        if name in _TOKEN_NAMES and name != "id_token" and _random(value):
            return name
    return None


@rule(
    "auth/token-in-url",
    Severity.ERROR,
    "A credential in the URL",
    on=(*url_parameter(*_TOKEN_NAMES), *response_value("location", _token_of)),
    references=(RFC6750 + "2.3", RFC6750 + "5.3"),
    what="A token or key is a parameter of the URL, or of the address redirected to.",
    why="""
    URLs are kept and passed on: in the history, in every server's and proxy's log, in `Referer`, in bookmarks and
    screenshots. A token found there works until it expires.
    """,
    fix="""
    The client sends it in a field: `Authorization: Bearer …`. A login hands over a code that works once, not a token
    (OAuth's authorization code with PKCE).
    """,
    unless="The URL itself is the permission, is signed, and expires soon (a storage provider's download link).",
    shows="""
    GET https://api.shop.test/orders?access_token=9f2c7b1e4d8a6053 HTTP/2

    HTTP/2 200
    Content-Type: application/json
    """,
    quiet="""
    GET https://bucket.test/report.pdf?X-Amz-Signature=9f2c7b1e4d8a6053&X-Amz-Expires=300 HTTP/2

    HTTP/2 200
    Content-Type: application/pdf
    """,
    once="origin",
)
def token_in_url(x: Subject) -> Finding | None:
    """Names that mean a credential, with a value that looks like one. API keys are notes."""
    for name, value in _parameters(x.request.url):
        if name in _TOKEN_NAMES and _random(value):
            key = name in _KEY_NAMES
            return Finding(
                f"`{name}` in the URL is a credential. It stays in the browser's history and in the logs of every "
                "server and proxy on the way.",
                severity=Severity.NOTE if key else None,
                title="An API key in the URL" if key else None,
                fix="The client sends it as `Authorization: Bearer …` (or the field the API names), not in the URL."
                + (" A key meant for browsers is restricted to its site by whoever issued it." if key else ""),
                evidence=(x.request_line(mark=name),),
            )
    handed_on = _token_of(x.res.get("location") or "")
    if handed_on is None:
        return None
    asked = dict(_parameters(x.request.url))
    if "client_id" in asked and "token" in unquote_plus(asked.get("response_type", "")).split():
        return None  # `oauth/implicit` tells why the token is there
    return Finding(
        f"The redirect's address carries `{handed_on}`. After `#` it is not sent to the server; it still lands in the "
        "history and can be read by every script of the page.",
        title="A credential in the redirect's address",
        severity=Severity.WARNING,
        fix="The authorization server answers with a code (`response_type=code` with PKCE), which the client "
        "exchanges.",
        evidence=(x.response_field("location", mark=handed_on),),
        references=("https://www.rfc-editor.org/rfc/rfc9700#section-2.1.2",),
    )


@rule(
    "auth/session-id-in-url",
    Severity.WARNING,
    "The session's id in the URL",
    on=url_parameter(*_SESSION_NAMES),
    references=(
        "https://owasp.org/www-project-web-security-testing-guide/stable/4-Web_Application_Security_Testing/"
        "06-Session_Management_Testing/04-Testing_for_Exposed_Session_Variables",
    ),
    what="A parameter such as `jsessionid`, `PHPSESSID` or `sid` carries a session's id.",
    why="Whoever gets the URL is logged in: from a log, from `Referer`, from a link that was shared.",
    fix="""
    Keep the session in a cookie with `Secure; HttpOnly; SameSite=Lax`, and turn URL sessions off in the framework.
    """,
    unless="The id belongs to something other than a login (a search, a chat widget).",
    shows="""
    GET https://shop.test/cart;jsessionid=0A1B2C3D4E5F67890?page=2 HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    """,
    quiet="""
    GET https://shop.test/cart?sid=7 HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html
    """,
    once="origin",
)
def session_id_in_url(x: Subject) -> Finding | None:
    """A session-like name with at least ten characters; an ambiguous name (``sid``) is a note. Not other sites' ids."""
    page = x.page_url
    if page and not x.is_document and not same_site(parse(page), x.url, schemeful=False):
        return None  # a number by which an advertiser or a statistics service counts
    if "EIO=" in x.url.query and "transport=" in x.url.query:
        return None  # Engine.IO's name for one connection, under Socket.IO; nobody is logged in by it
    for name, value in _parameters(x.request.url.replace(";jsessionid", "&jsessionid")):
        if name in _SESSION_NAMES and len(value) >= 10 and _random(value):
            if name in ("sid", "session_id") and x.status == 101 and "cookie" in x.req:
                continue  # a conversation's, as Jupyter's kernels have; who is there, the cookie says
            return Finding(
                f"`{name}` in the URL is a session's id: whoever gets this address, from a log or from `Referer`, can "
                "take the session over.",
                severity=Severity.NOTE if name in ("sid", "session_id") else None,
                certainty="likely",
                condition="it is the id of a logged-in session",
                fix="The server keeps the session in a cookie with `Secure; HttpOnly; SameSite=Lax` (in PHP "
                "`session.use_only_cookies=1`; in Java `<tracking-mode>COOKIE</tracking-mode>`).",
                evidence=(x.request_line(mark=name),),
            )
    return None


@rule(
    "auth/password-in-url",
    Severity.ERROR,
    "A password in the URL",
    on=url_parameter(*_PASSWORD_NAMES),
    references=(
        "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
        "https://www.rfc-editor.org/rfc/rfc9110#section-17.9",
    ),
    what="A parameter of the URL is called like a password and has a value.",
    why="It is now in the browser's history and in the logs of every server and proxy on the way, in plain text.",
    fix="The form is sent with `method=post`, the API takes it in the request's content. The password is changed.",
    shows="""
    GET https://shop.test/login?user=alice&password=hunter2 HTTP/1.1

    HTTP/1.1 200 OK
    """,
    quiet="""
    GET https://shop.test/login?user=alice&password= HTTP/1.1

    HTTP/1.1 200 OK
    """,
    once="origin",
)
def password_in_url(x: Subject) -> Finding | None:
    """A password-like name with a value."""
    for name, value in _parameters(x.request.url):
        if name in _PASSWORD_NAMES and value:
            return Finding(
                f"`{name}` is part of the URL: it is now in the browser's history and in the logs of every server and "
                "proxy on the way.",
                fix='The page\'s form gets `method="post"`; the password is changed, since it has been written down.',
                evidence=(x.request_line(mark=name),),
            )
    return None


@rule(
    "auth/password-over-http",
    Severity.ERROR,
    "A login form sent over plain http",
    on=request_content(),
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-17.9",),
    what="A form with a password was sent to an http address.",
    why="Everyone on the way can read it, and change what comes back.",
    fix="Serve the whole site over https: redirect http to https and send `Strict-Transport-Security`.",
    unless="The server is on this machine.",
    shows="""
    POST http://shop.test/login HTTP/1.1
    Content-Type: application/x-www-form-urlencoded

    user=alice&password=hunter2

    HTTP/1.1 302 Found
    Location: /account
    """,
    quiet="""
    POST https://shop.test/login HTTP/1.1
    Content-Type: application/x-www-form-urlencoded

    user=alice&password=hunter2

    HTTP/1.1 302 Found
    Location: /account
    """,
    once="origin",
)
def password_over_http(x: Subject) -> Finding | None:
    """A form or JSON field called like a password, with a value, over http, not on loopback."""
    if x.url.scheme != "http" or x.local:
        return None
    text = (x.request.body.text or "")[:100_000]
    match = _PASSWORD_SENT.search(text)
    if match is None:
        return None
    return Finding(
        f"The request's content has `{match['name']}`, and http sends it as it is: everyone on the way can read it.",
        fix="The server redirects http to https before it shows the form; the password is changed, since it has been "
        "sent in the open.",
        evidence=(x.request_line(), Evidence("request.body", match["name"], x.masker.secret(match["value"]))),
    )


_PASSWORD_SENT = compile_late(
    r"(?:^|[&{,]\s*)[\"']?(?P<name>[\w.\[\]-]{0,20}passw(?:or)?d|passwort|pwd|[\w.\[\]-]{0,20}_pass)[\"']?\s*[=:]\s*[\"']?"
    r"(?P<value>[^&\"'\s]{1,200})",
    re.IGNORECASE,
)


@rule(
    "auth/digest-weak",
    Severity.NOTE,
    "`Digest` in its weak form",
    on=(*response_field("www-authenticate"), *request_field("authorization")),
    references=(
        "https://www.rfc-editor.org/rfc/rfc7616#section-5.1",
        "https://www.rfc-editor.org/rfc/rfc7616#section-3.3",
    ),
    what="`Digest` with MD5, or without `qop`.",
    why="MD5 is tried out in billions a second; without `qop` an old answer can be sent again.",
    fix='Offer `algorithm=SHA-256, qop="auth"`, or better a login over https with a session.',
    shows="""
    GET https://intranet.test/ HTTP/1.1

    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Digest realm="staff", nonce="9f2c7b1e"
    """,
    quiet="""
    GET https://intranet.test/ HTTP/1.1

    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Digest realm="staff", nonce="9f2c7b1e", qop="auth", algorithm=SHA-256
    """,
    once="origin",
)
def digest_weak(x: Subject) -> Finding | None:
    """No ``qop`` or MD5 in a challenge that offers nothing better, or in an answer."""
    where = "response" if "www-authenticate" in x.res else "request"
    name = "www-authenticate" if where == "response" else "authorization"
    fields = x.res if where == "response" else x.req
    digests = [c for c in parse_challenges(fields.get(name) or "") or () if c.scheme.lower() == "digest"]
    if not digests:
        return None
    weak = [_weakness(c.parameters) for c in digests]
    if not all(weak):
        return None
    return Finding(
        f"`Digest` is used with {weak[0]}: the password can be guessed from what passes.",
        fix='The server offers `algorithm=SHA-256, qop="auth"`, or a login over https with a session instead.',
        evidence=(x.response_field(name) if where == "response" else x.request_field(name),),
    )


def _weakness(parameters: dict[str, str]) -> str:
    old = parameters.get("algorithm", "MD5").upper().startswith("MD5")
    return listed([*(["MD5"] if old else []), *(["no `qop`"] if "qop" not in parameters else [])])


def _has_at(location: str) -> bool:
    return "@" in location


@rule(
    "auth/userinfo",
    Severity.NOTE,
    "User name and password in the address",
    on=(*response_value("location", _has_at), *url_holds("@")),
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-4.2.4",),
    what="`Location`, or the address asked for, has credentials before the host (`https://user:password@host/`).",
    why="The standard forbids senders to make such URLs: they are logged, shown, and used to make addresses look like "
    "others.",
    fix="Redirect without them; the client logs in at the new address.",
    shows="""
    GET https://shop.test/old HTTP/1.1

    HTTP/1.1 302 Found
    Location: https://alice:hunter2@intranet.test/
    """,
    quiet="""
    GET https://shop.test/old HTTP/1.1

    HTTP/1.1 302 Found
    Location: https://intranet.test/@alice
    """,
)
def userinfo(x: Subject) -> Finding | None:
    """Userinfo in the address that was asked for, or redirected to."""
    asked = x.url.userinfo
    if asked:
        what = "a user name and a password" if asked.partition(":")[2] else "a user name"
        return Finding(
            f"The address has {what} before its host. The client sends them as `Authorization: Basic`; the address "
            "stays in histories, scripts and recordings such as this one.",
            severity=Severity.WARNING if asked.partition(":")[2] else None,
            fix="The caller leaves `user:password@` out of the address and gives the credentials by themselves "
            "(curl: `--user`, or `--netrc`).",
            evidence=(x.request_line(),),
        )
    match = re.match(r"https?://([^/?#@]+)@", x.res.get("location") or "", re.IGNORECASE)
    if match is None:
        return None
    what = "a user name and a password" if ":" in match[1] else "a user name"
    return Finding(
        f"The address redirected to has {what} before its host. They end up in logs and histories.",
        fix="The server leaves `user:password@` out of `Location`; the client logs in at the new address.",
        evidence=(x.response_field("location"),),
    )

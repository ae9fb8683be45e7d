"""Passwords on their way into the wrong hands: an application that asks for them, a page that anyone can change."""

from __future__ import annotations

from urllib.parse import parse_qs

from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, request_content, rule
from inspector.site import private_host
from inspector.subject import Subject


@rule(
    "oauth/password-grant",
    Severity.WARNING,
    "An application that takes the password itself",
    on=request_content(),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9700#section-2.4",
        "https://www.rfc-editor.org/rfc/rfc6749#section-4.3",
    ),
    what="A token is asked for with `grant_type=password`: the application hands over the person's name and password.",
    why="""
    The application sees the password, which the login of OAuth exists to avoid; a second factor, a passkey or a login
    at another provider cannot take part; and people learn to type their password anywhere. OAuth's security practice
    says that it must not be used.
    """,
    fix="""
    A person logs in at the authorization server (`response_type=code` with PKCE); a program that acts for itself asks
    with `grant_type=client_credentials`.
    """,
    unless="""
    The server refuses it (`unsupported_grant_type`, `unauthorized_client`): then only the client is to change. Where
    a page of the token endpoint's own origin sends it, as with FastAPI's password form, it is a note.
    """,
    shows="""
    POST https://login.shop.test/token HTTP/2
    Content-Type: application/x-www-form-urlencoded

    grant_type=password&username=alice&password=hunter2&client_id=shop

    HTTP/2 200
    Content-Type: application/json
    """,
    quiet="""
    POST https://login.shop.test/token HTTP/2
    Content-Type: application/x-www-form-urlencoded

    grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA&client_id=shop

    HTTP/2 200
    Content-Type: application/json
    """,
    once="origin",
)
def password_grant(x: Subject) -> Finding | None:
    """``grant_type=password`` in a form, beside a user name."""
    if x.method != "POST" or "form-urlencoded" not in (x.req.get("content-type") or ""):
        return None
    text = (x.request.body.text or "")[:10_000]
    if "grant_type=password" not in text:
        return None
    sent = parse_qs(text, keep_blank_values=True, max_num_fields=10_000)
    if sent.get("grant_type") != ["password"] or "username" not in sent:
        return None
    client = sent.get("client_id", [""])[0]
    who = f"The client `{x.masker.text(client)[:40]}`" if client else "A client"
    refused = 400 <= x.status < 500
    if not client and not refused and (x.fetch_site == "same-origin" or x.origin == x.url.origin):
        return Finding(
            "The site's own page sends name and password in the form that OAuth gives them (`grant_type=password`), as "
            "FastAPI's `OAuth2PasswordRequestForm` reads it. No other application sees the password, so it is a login "
            "by script; a second factor or a passkey has no place in it, and OAuth's security practice drops it.",
            fix="No application of others gets to use this address: those send people to an authorization server "
            "(`response_type=code` with PKCE).",
            title="The site's own login, in the form of OAuth's password grant",
            severity=Severity.NOTE,
            evidence=(x.request_line(), Evidence("request.body", "grant_type", "password")),
        )
    return Finding(
        f"{who} asks for a token with the person's own name and password (`grant_type=password`), so it has seen them; "
        "a second factor or a passkey cannot take part." + (f" The server answered {x.status}." if refused else ""),
        fix="The client sends people to the authorization server (`response_type=code` with PKCE), and the server "
        "stops offering this grant. A program that acts for itself uses `grant_type=client_credentials`.",
        severity=Severity.NOTE if refused else None,
        evidence=(x.request_line(), Evidence("request.body", "grant_type", "password")),
    )


@rule(
    "auth/login-form-over-http",
    Severity.ERROR,
    "A login form on a page that came over plain http",
    on=document(),
    references=("https://www.rfc-editor.org/rfc/rfc9110#section-17.9",),
    what="A page with a field for a password was loaded over http.",
    why="""
    Whoever stands on the way can change the page: send the form elsewhere, or read along while it is typed. That the
    form is sent to https does not help. Browsers mark such pages as not secure.
    """,
    fix="Redirect every http address to https and send `Strict-Transport-Security` there.",
    unless="The server is on this machine. In a private network, a router's own page say, it is a warning.",
    shows="""
    # type: document
    GET http://shop.test/login HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html

    <form method="post" action="/login"><input name="user"><input name="password" type="password"></form>
    """,
    quiet="""
    # type: document
    GET https://shop.test/login HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: text/html

    <form method="post" action="/login"><input name="user"><input name="password" type="password"></form>
    """,
    once="origin",
)
def login_form_over_http(x: Subject) -> Finding | None:
    """A password field in a page of an http address, not on loopback."""
    if x.url.scheme != "http" or x.local:
        return None
    page = x.html
    if page is None:
        return None
    field = next(
        (e for e in page.having("input") if e.attributes.get("type", "").strip().lower() == "password"),
        None,
    )
    if field is None:
        return None
    to = page.forms[field.form].attributes.get("action", "") if field.form is not None else ""
    target = page.resolve(x.url.text, to)
    safe = target.startswith("https:")
    where = f", to `{x.masker.url(target)[:100]}`" if to else ""
    return Finding(
        f"The page asks for a password and came over http: whoever stands on the way can change where the form is sent"
        f"{where}, or read what is typed."
        + (" That its target is https does not help, since the page itself is not protected." if safe else ""),
        fix="The server answers http with a redirect to the same address under https and nothing else, and sends "
        "`Strict-Transport-Security` there.",
        severity=Severity.WARNING if private_host(x.url.host) else None,
        evidence=(x.request_line(mark="http:"),),
    )

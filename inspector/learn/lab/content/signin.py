"""The shop's side of single sign-on: a page that logs in by itself, tickets, and SAML. `FAULTS` can be switched on.

https://shop.test:…/signin                                the ways there are, and every fault
https://shop.test:…/signin/start?fault=nonce-mismatch     one of them
"""

from __future__ import annotations

import secrets
import time
import zlib
from base64 import b64encode
from importlib.resources import files
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from inspector.content.saml import decode
from inspector.learn.lab.content.cookies import PIXEL
from inspector.learn.lab.content.identity import form_of
from inspector.learn.lab.content.single import NAMESPACES
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, NO_STORE, SCRIPT, Reply, Route, html

FAULTS: dict[str, dict[str, str]] = {
    "start": {
        "wrong-state": "the provider returns the `state` of another login",
        "missing-state": "the provider returns no `state`",
        "missing-nonce": "the ID token has no `nonce`",
        "nonce-mismatch": "the ID token has another login's `nonce`",
        "expired-token": "the ID token ended an hour ago",
        "clock-skew": "the ID token is from the future",
        "wrong-audience": "the ID token is for another client",
        "wrong-issuer": "the ID token is from another provider",
        "alg-none": "the ID token is not signed",
        "wrong-signature": "another key than the provider's signed the ID token",
        "unknown-key": "the ID token names a key that the provider does not publish",
        "redirect-uri-mismatch": "the page asks to be called back at an address with a slash too many",
        "access-denied": "the person says no",
        "strict-cookie": "the cookie of the login in progress is `SameSite=Strict`",
        "token-cors": "the token endpoint does not permit the page's origin",
        "implicit": "the page asks for a token at once, behind the `#`",
        "token-in-query": "the provider puts the token into the query",
        "token-referer": "the page copies its token into its query, and loads a picture of another site from there",
        "code-referer": "the page loads a picture of another site while the code is in its address",
        "code-reused": "the page brings its code twice",
        "pkce-mismatch": "the page brings another `code_verifier`",
        "pkce-ignored": "the page brings another `code_verifier`, and the provider does not mind",
        "no-pkce": "the page asks without PKCE",
        "no-state": "the page asks without `state`, `nonce` and PKCE",
    },
    "leave": {
        "no-id-token-hint": "the shop does not say whose logout it is",
        "logout-elsewhere": "the shop asks to be called back at an address with a slash too many",
        "logout-wrong-state": "the provider returns another logout's `state`",
        "logout-missing-state": "the provider returns no `state`",
        "logout-cookie-kept": "the shop ends the session and leaves its cookie in the browser",
        "logout-session-lives": "the shop ends nothing, so that the old cookie still opens everything",
        "front-channel-nameless": "the provider names no session, and the second client's cookie is `SameSite=Lax`",
        "front-channel-error": "the second client answers its logout address with an error",
        "front-channel-half": "the provider names the session, and not itself",
    },
    "cas": {
        "ticket-reused": "the page is loaded again, with the same ticket",
        "ticket-wrong-service": "the ticket is validated for another address than it was given for",
    },
    "saml": {
        "saml-unsigned": "nobody signed the response, and the shop does not mind",
        "saml-expired": "the assertion ended an hour ago",
        "saml-wrong-audience": "the assertion is for another service",
        "saml-wrong-request": "the response answers another request",
        "saml-denied": "the provider does not know the person",
        "saml-lax-cookie": "the cookie of the login in progress is `SameSite=Lax`, and the answer is a POST",
    },
}
"""For each way to log in its faults, and what each of them does wrong."""

_WAYS = {
    "start": "OpenID Connect, code with PKCE",
    "leave": "OpenID Connect, and log out again",
    "cas": "CAS tickets",
    "saml": "SAML 2.0",
}
_SCRIPT_TEXT = (files("inspector.learn.lab") / "assets" / "signin.js").read_text(encoding="utf-8")
_PAGE = html("Log in", '<p id="outcome"></p>\n<script src="/signin/client.js"></script>')


def _listing() -> str:
    parts = []
    for way, name in _WAYS.items():
        items = "".join(
            f'<li><a href="/signin/{way}?fault={fault}">{fault}</a>: {shows.replace("`", "")}</li>'
            for fault, shows in FAULTS[way].items()
        )
        parts.append(f'<h2><a href="/signin/{way}">{name}</a></h2>\n<ul>{items}</ul>')
    return html("Ways to log in", "\n".join(parts))


def _start(request: Request, origins: Origins) -> Response:
    site = "Strict" if request.query_params.get("fault") == "strict-cookie" else "Lax"
    cookie = f"login={secrets.token_hex(8)}; Path=/signin/back; Secure; HttpOnly; SameSite={site}"
    return Reply(200, (*HTML, *NO_STORE, ("set-cookie", cookie)), _PAGE).response(origins)


def _back(request: Request, origins: Origins) -> Response:
    if "login" not in request.cookies:
        return _unwelcome(400, "No login began in this browser.", origins)
    return Reply(200, (*HTML, *NO_STORE), _PAGE).response(origins)


def _cas(request: Request, origins: Origins) -> Response:
    """Sends whoever has no ticket to the provider, and leaves the ticket to the page's script."""
    if "ticket" in request.query_params:
        return Reply(200, (*HTML, *NO_STORE), _PAGE).response(origins)
    fault = request.query_params.get("fault")
    service = f"{origins.shop}/signin/cas" + (f"?{urlencode({'fault': fault})}" if fault else "")
    address = f"{origins.partner}/id/cas/login?{urlencode({'service': service})}"
    return Reply(302, (*NO_STORE, ("location", address))).response(origins)


def _saml(request: Request, origins: Origins) -> Response:
    """Asks by the redirect binding (SAML 2.0 bindings, section 3.4) and remembers what it asked in a cookie."""
    fault = request.query_params.get("fault", "")
    this = f"_{secrets.token_hex(8)}"
    xml = (
        f'<AuthnRequest {NAMESPACES} ID="{this}" Version="2.0" Destination="{origins.partner}/id/saml" '
        f'AssertionConsumerServiceURL="{origins.shop}/signin/acs"><a:Issuer>{origins.shop}</a:Issuer></AuthnRequest>'
    )
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    message = b64encode(deflater.compress(xml.encode()) + deflater.flush()).decode()
    asked = {"SAMLRequest": message} | ({"fault": fault} if fault else {})
    site = "Lax" if fault == "saml-lax-cookie" else "None"
    cookie = f"saml={this}; Path=/signin/acs; Secure; HttpOnly; SameSite={site}"
    location = ("location", f"{origins.partner}/id/saml?{urlencode(asked)}")
    return Reply(302, (*NO_STORE, location, ("set-cookie", cookie))).response(origins)


async def _acs(request: Request, origins: Origins) -> Response:
    """Takes a response that answers its own request in time, and looks for no signature: that is a fault of its own."""
    message = decode((await form_of(request)).get("SAMLResponse", ""), redirect=False)
    if message is None or message.in_response_to != request.cookies.get("saml"):
        return _unwelcome(403, "This answers nothing that this browser asked.", origins)
    if message.status != "Success":
        return _unwelcome(403, "The provider let nobody in.", origins)
    if message.audience != origins.shop or (message.not_after or 0) <= time.time():
        return _unwelcome(403, "This is for somebody else, or over.", origins)
    cookie = f"session={secrets.token_hex(8)}; Path=/signin/done; Secure; HttpOnly; SameSite=Lax"
    return Reply(303, (*NO_STORE, ("location", "/signin/done"), ("set-cookie", cookie))).response(origins)


def _unwelcome(status: int, why: str, origins: Origins) -> Response:
    return Reply(status, (*HTML, *NO_STORE), html("Not logged in", f'<p id="outcome">{why}</p>')).response(origins)


ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/signin",
        "login",
        "the ways to log in with the partner's account, and the faults each can have",
        Reply(200, HTML, _listing()),
    ),
    Route("shop", "/signin/start", "login", "OpenID Connect: a login begins in the page", handler=_start),
    Route("shop", "/signin/leave", "login", "OpenID Connect: a login that ends with a logout", handler=_start),
    Route(
        "shop",
        "/signin/client.js",
        "login",
        "a client without a server: PKCE, `state` and `nonce` made in the page, the ID token checked there",
        Reply(200, (*SCRIPT, *NO_STORE), _SCRIPT_TEXT),
    ),
    Route("shop", "/signin/back", "login", "OpenID Connect: the person comes back with a code", handler=_back),
    Route(
        "local",
        "/signin/count.svg",
        "login",
        "a counter of another site, which hears of the page by `Referer`",
        Reply(200, (("content-type", "image/svg+xml"), *NO_STORE), PIXEL),
    ),
    Route("shop", "/signin/cas", "login", "CAS: a login begins, and ends with a ticket", handler=_cas),
    Route("shop", "/signin/saml", "login", "SAML: the shop asks, in the address", handler=_saml),
    Route(
        "shop",
        "/signin/acs",
        "login",
        "SAML: the answer comes in a form, from another site",
        handler=_acs,
        methods=("POST",),
    ),
    Route(
        "shop",
        "/signin/done",
        "login",
        "where single sign-on ends",
        Reply(200, (*HTML, *NO_STORE), html("Logged in", '<p id="outcome">Logged in as Ada.</p>')),
    ),
)

"""Logins that go wrong: credentials in addresses, tokens without signature, single sign-on, forms for anybody.

Every key, token and password is made up; tokens are made when they are asked for, so that they are as old as they say.
"""

from __future__ import annotations

import base64
import time
from urllib.parse import quote, urlsplit, urlunsplit

import jwt
from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.content.protocol import BASIC_PASSWORD, BASIC_USER, token
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, TEXT, Reply, Route, html


def unsigned_token() -> str:
    """A token with ``alg: none`` (RFC 7519, section 6): whoever writes it says who they are."""
    return jwt.encode({"iss": "shop.test", "sub": "ada", "role": "admin", "exp": _in(300)}, "", algorithm="none")


def remembering_token() -> str:
    """A token without an end, and with something in it that is nobody's business."""
    claims = {"iss": "shop.test", "sub": "ada", "iat": _in(0), "password": BASIC_PASSWORD}
    return jwt.encode(claims, "a key everybody knows: this is a lab", algorithm="HS256")


def saml_response(origins: Origins) -> str:
    """An unsigned response of SAML 2.0, encoded for a form (Bindings, section 3.5.4)."""
    audience = f"<a:AudienceRestriction><a:Audience>{origins.shop}</a:Audience></a:AudienceRestriction>"
    xml = (
        '<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" '
        f'Destination="{origins.shop}/login/acs"><a:Issuer>{origins.partner}</a:Issuer><Status><StatusCode '
        'Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></Status><a:Assertion><a:Subject><a:NameID>ada</a:NameID>'
        f'</a:Subject><a:Conditions NotOnOrAfter="{_instant(300)}">{audience}</a:Conditions></a:Assertion></Response>'
    )
    return base64.b64encode(xml.encode()).decode()


def _in(seconds: int) -> int:
    return int(time.time()) + seconds


def _instant(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def _authorize(request: Request, origins: Origins) -> Response:
    """An authorization endpoint (RFC 6749, section 3.1) that takes whatever it is asked, but no unknown scope."""
    asked = request.query_params
    back = urlsplit(f"{origins.shop}/login/back")
    state = f"&state={quote(asked['state'])}" if "state" in asked else ""
    if asked.get("scope", "openid") != "openid":
        back = back._replace(query=f"error=invalid_scope&error_description=unknown+scope{state}")
    elif asked.get("response_type") == "token":
        back = back._replace(fragment=f"access_token={token(issued=time.time())}&token_type=Bearer{state}")
    else:
        back = back._replace(query=f"code=9f2c7b1e04d84c55{state}")
    return Reply(302, (*NO_STORE, ("location", urlunsplit(back)))).response(origins)


def _gullible(request: Request, origins: Origins) -> Response:
    """Reads a token's claims and never looks for its signature, as a library told not to verify does."""
    given = request.headers.get("authorization", "").partition(" ")[2]
    try:
        claims = jwt.decode(given, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        challenge = ("www-authenticate", 'Bearer realm="api"')
        return Reply(401, (*JSON, challenge), '{"error": "unauthorized"}').response(origins)
    orders = "[1, 2, 3]" if claims.get("role") == "admin" else "[]"
    return Reply(200, (*JSON, *NO_STORE), f'{{"orders": {orders}}}').response(origins)


def _remember(_: Request, origins: Origins) -> Response:
    cookie = f"token={remembering_token()}; Path=/login/remember; Secure; HttpOnly; SameSite=Lax"
    fields = (*HTML, *NO_STORE, ("set-cookie", cookie))
    return Reply(200, fields, html("Welcome back", "<p>You stay logged in.</p>")).response(origins)


def _stock(request: Request, origins: Origins) -> Response:
    expected = base64.b64encode(f"{BASIC_USER}:{BASIC_PASSWORD}".encode()).decode()
    if request.headers.get("authorization", "") == f"Basic {expected}":
        return Reply(200, (*JSON, *NO_STORE), '{"cups": 12}').response(origins)
    return Reply(401, (*TEXT, ("www-authenticate", 'Basic realm="Stock"')), "Who are you?\n").response(origins)


ROUTES: tuple[Route, ...] = (
    Route("shop_plain", "/stock", "login", "HTTP Basic over plain HTTP: everybody on the way reads it", handler=_stock),
    Route(
        "api",
        "/login/orders",
        "login",
        "a token in the address, where logs and histories keep it",
        Reply(200, (*JSON, *NO_STORE), '{"orders": []}'),
    ),
    Route(
        "shop",
        "/login/cart",
        "login",
        "a session's id in the address: whoever gets the link gets the session",
        Reply(200, (*HTML, *NO_STORE), html("Your cart", "<p>Two cups.</p>")),
    ),
    Route("api", "/login/unchecked", "login", "an API that takes a token without a signature", handler=_gullible),
    Route(
        "shop",
        "/login/remember",
        "login",
        "a token in a cookie that never ends, with a password in it",
        handler=_remember,
    ),
    Route(
        "account",
        "/authorize",
        "login",
        "OAuth: a login without `state` and PKCE, one that hands the token over in the address, one that fails",
        handler=_authorize,
    ),
    Route(
        "shop",
        "/login/back",
        "login",
        "where a login ends",
        Reply(200, (*HTML, *NO_STORE), html("Logged in", "<p>Hello.</p>")),
    ),
    Route(
        "shop",
        "/login/acs",
        "login",
        "SAML: a response nobody signed, taken all the same",
        Reply(303, (*NO_STORE, ("location", "@shop@/login/back"))),
        methods=("POST",),
    ),
    Route(
        "shop",
        "/login/profile",
        "login",
        "a form without a token, and a session cookie that goes along from every site",
        Reply(
            200,
            (
                *HTML,
                *NO_STORE,
                ("set-cookie", "sessionid=8f14e45fceea167a; Path=/login; Secure; HttpOnly; SameSite=None"),
            ),
            html(
                "Your profile",
                '<form method="post" action="/login/email"><input name="email"><button>Save</button></form>',
            ),
        ),
    ),
    Route(
        "shop",
        "/login/email",
        "login",
        "where that form goes: sent by another site's page, and carried out",
        Reply(200, (*HTML, *NO_STORE), html("Saved", "<p>Your new address is saved.</p>")),
        methods=("POST",),
    ),
)

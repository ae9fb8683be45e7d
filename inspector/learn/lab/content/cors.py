"""Cross-origin calls: which a browser lets the page read, which it blocks, and why (Fetch, "CORS protocol").

`CALLS` is what the shop's page does; the visitor and a real browser both work through it, and each entry says
what a browser makes of it, in the Chrome DevTools Protocol's own codes (``Network.CorsError``).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from inspector.learn.lab.route import JSON, TEXT, Fields, Reply, Route


class Call(Struct, frozen=True):
    """One ``fetch()`` of the shop's page. `error` is the ``Network.CorsError`` it ends with, or ``None``.

    `preflight` says whether a browser asks first, with ``OPTIONS``. `fields` are what the script itself sets.
    """

    name: str
    origin: str
    path: str
    method: str = "GET"
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    fields: Fields = ()
    content: str = ""
    preflight: bool = False
    error: str | None = None


_BODY = (("Content-Type", "application/json"),)

CALLS: tuple[Call, ...] = (
    Call("simple", "api", "/cors/simple"),
    Call("public", "partner", "/cors/public"),
    Call("credentialed", "api", "/cors/profile", credentials="include"),
    Call("preflighted", "api", "/cors/items/7", "PUT", "same-origin", _BODY, '{"stock": 3}', True),
    Call("unexposed-field", "api", "/cors/unexposed-field"),
    Call(
        "method-not-allowed",
        "api",
        "/cors/items/7",
        "DELETE",
        preflight=True,
        error="MethodDisallowedByPreflightResponse",
    ),
    Call(
        "header-not-allowed",
        "api",
        "/cors/orders",
        fields=(("X-Request-Id", "a1b2c3"),),
        preflight=True,
        error="HeaderDisallowedByPreflightResponse",
    ),
    Call(
        "wildcard-with-credentials",
        "api",
        "/cors/wildcard-credentials",
        credentials="include",
        error="WildcardOriginNotAllowed",
    ),
    Call(
        "credentials-not-allowed",
        "api",
        "/cors/credentials-not-allowed",
        credentials="include",
        error="InvalidAllowCredentials",
    ),
    Call("missing", "partner", "/cors/missing", error="MissingAllowOriginHeader"),
    Call("trailing-slash", "api", "/cors/trailing-slash", error="AllowOriginMismatch"),
    Call("two-origins", "api", "/cors/two-origins", error="MultipleAllowOriginValues"),
    Call("crash", "api", "/cors/crash", error="MissingAllowOriginHeader"),
    Call(
        "preflight-needs-login",
        "api",
        "/cors/needs-login",
        "PUT",
        fields=(*_BODY, ("Authorization", "Bearer lab")),
        content="{}",
        preflight=True,
        error="PreflightInvalidStatus",
    ),
    Call(
        "preflight-unanswered",
        "api",
        "/cors/no-options",
        "PUT",
        fields=_BODY,
        content="{}",
        preflight=True,
        error="PreflightMissingAllowOriginHeader",
    ),
    Call(
        "preflight-redirected",
        "api",
        "/cors/moved",
        "PUT",
        fields=_BODY,
        content="{}",
        preflight=True,
        error="PreflightDisallowedRedirect",
    ),
)

_SHOP = (("access-control-allow-origin", "@shop@"), ("vary", "Origin"))
_CREDENTIALS = (("access-control-allow-credentials", "true"),)


def _json(path: str, shows: str, fields: Fields, *, origin: str = "api", status: int = 200) -> Route:
    return Route(origin, path, "cors", shows, Reply(status, (*JSON, *fields), '{"ok": true}'))


def _preflight(path: str, shows: str, status: int, fields: Fields) -> Route:
    return Route("api", path, "cors", shows, Reply(status, fields), methods=("OPTIONS",))


_ITEMS = (
    *_SHOP,
    ("access-control-allow-methods", "GET, PUT"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-max-age", "600"),
)
_PUT = ("PUT",)

ROUTES: tuple[Route, ...] = (
    _json("/cors/simple", "a simple request, allowed: the page's own origin is named, with Vary", _SHOP),
    _json(
        "/cors/public",
        "a public resource for any site: `*`, without credentials",
        (("access-control-allow-origin", "*"),),
        origin="partner",
    ),
    _json("/cors/profile", "a request with cookies, allowed: exact origin and `true`", (*_SHOP, *_CREDENTIALS)),
    _preflight("/cors/items/7", "a preflight that allows GET and PUT, and Content-Type, for ten minutes", 204, _ITEMS),
    Route(
        "api",
        "/cors/items/7",
        "cors",
        "the request after a preflight that passed; DELETE on it fails in the preflight",
        Reply(200, (*JSON, *_SHOP), '{"stock": 3}'),
        methods=("PUT", "DELETE"),
    ),
    _json(
        "/cors/unexposed-field",
        "allowed, but the page cannot read `X-Total-Count`: it is not exposed",
        (*_SHOP, ("x-total-count", "42")),
    ),
    _preflight(
        "/cors/orders",
        "a preflight that does not allow the field the page sets (`X-Request-Id`)",
        204,
        (*_SHOP, ("access-control-allow-methods", "GET"), ("access-control-allow-headers", "content-type")),
    ),
    _json("/cors/orders", "what the page would have got, had the preflight passed", _SHOP),
    _json(
        "/cors/wildcard-credentials",
        "`*` together with credentials, which no browser accepts",
        (("access-control-allow-origin", "*"), *_CREDENTIALS),
    ),
    _json("/cors/credentials-not-allowed", "the origin is allowed, its cookies are not: no Allow-Credentials", _SHOP),
    _json("/cors/missing", "no Access-Control-Allow-Origin at all: the page may not read it", (), origin="partner"),
    _json(
        "/cors/trailing-slash",
        "an origin written with a trailing slash, which matches nothing",
        (("access-control-allow-origin", "@shop@/"), ("vary", "Origin")),
    ),
    _json(
        "/cors/two-origins",
        "two origins in one field: only one is allowed there",
        (("access-control-allow-origin", "@shop@, @www@"),),
    ),
    Route(
        "api",
        "/cors/crash",
        "cors",
        "a server error whose answer lost its CORS fields: the page is told CORS, the cause is the 500",
        Reply(500, TEXT, "Internal Server Error"),
    ),
    _preflight(
        "/cors/needs-login",
        "a preflight answered with 401: the server asks for a login that preflights never carry",
        401,
        (*_SHOP, ("access-control-allow-headers", "authorization, content-type"), ("www-authenticate", "Bearer")),
    ),
    Route(
        "api",
        "/cors/needs-login",
        "cors",
        "the request that preflight kept from being sent",
        Reply(200, (*JSON, *_SHOP), "{}"),
        methods=_PUT,
    ),
    _preflight("/cors/no-options", "a server that does not know OPTIONS: 404, and no CORS fields", 404, ()),
    Route(
        "api",
        "/cors/no-options",
        "cors",
        "allowed by itself, never asked: its preflight fails",
        Reply(200, (*JSON, *_SHOP), "{}"),
        methods=_PUT,
    ),
    _preflight(
        "/cors/moved",
        "a preflight that is redirected, which browsers do not follow",
        301,
        (("location", "@api@/cors/items/7"), *_SHOP),
    ),
    Route(
        "api",
        "/cors/moved",
        "cors",
        "a redirect of the request itself, never reached: its preflight is redirected too",
        Reply(308, (("location", "@api@/cors/items/7"), *_SHOP)),
        methods=_PUT,
    ),
)

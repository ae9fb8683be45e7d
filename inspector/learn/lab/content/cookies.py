"""Cookies: what a browser stores, what it refuses, and from where it sends them (RFC 6265bis)."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, SVG, TEXT, Reply, Route, html

PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def _show(request: Request, origins: Origins) -> Response:
    names = sorted(request.cookies)
    return Reply(200, (*JSON, *NO_STORE), json.dumps({"cookies": names})).response(origins)


def _sets(path: str, shows: str, cookie: str) -> Route:
    fields = (*TEXT, *NO_STORE, ("set-cookie", cookie))
    return Route("shop", path, "cookies", shows, Reply(200, fields, "Look at Set-Cookie.\n"))


ROUTES: tuple[Route, ...] = (
    _sets(
        "/cookies/good",
        "a session cookie as it should be: `__Host-`, Secure, HttpOnly, SameSite",
        "__Host-session=Zm9ydHktdHdv; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
    _sets("/cookies/no-flags", "a cookie without any attribute: readable by scripts, Lax by default", "theme=dark"),
    _sets(
        "/cookies/none-insecure",
        "`SameSite=None` without `Secure`: refused",
        "tracking=1; Path=/; SameSite=None",
    ),
    _sets(
        "/cookies/wrong-domain",
        "a `Domain` that is somebody else's: refused",
        "cart=3; Path=/; Domain=partner.example; Secure",
    ),
    _sets(
        "/cookies/host-prefix-with-domain",
        "`__Host-` with `Domain`, which that prefix forbids: refused",
        "__Host-id=7; Path=/; Domain=shop.test; Secure",
    ),
    _sets(
        "/cookies/secure-prefix-without-secure",
        "`__Secure-` without `Secure`: refused",
        "__Secure-id=7; Path=/",
    ),
    _sets(
        "/cookies/500-days",
        "a `Max-Age` of 500 days: browsers cut it to 400",
        "consent=yes; Path=/; Max-Age=43200000; Secure; SameSite=Lax",
    ),
    _sets(
        "/cookies/whole-site",
        "a `Domain` cookie: sent to every host under shop.test",
        "region=eu; Path=/; Domain=shop.test; Secure; SameSite=Lax",
    ),
    _sets(
        "/cookies/delete", "a cookie deleted: the same name and path, `Max-Age=0`", "theme=; Path=/cookies; Max-Age=0"
    ),
    Route("shop", "/cookies/show", "cookies", "names the cookies it received", handler=_show),
    Route(
        "partner",
        "/widget",
        "cookies",
        "a third-party frame with a partitioned cookie: one jar for each site that embeds it",
        Reply(
            200,
            (
                *HTML,
                *NO_STORE,
                ("set-cookie", "__Host-widget=9; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"),
            ),
            html("Widget", "<p>Another site, in a frame.</p>"),
        ),
    ),
    Route(
        "partner",
        "/pixel.svg",
        "cookies",
        "a third-party cookie, `SameSite=None; Secure`: stored where the browser still allows those",
        Reply(
            200,
            (
                *SVG,
                *NO_STORE,
                ("cross-origin-resource-policy", "cross-origin"),
                ("set-cookie", "uid=5d41; Path=/; Max-Age=31536000; Secure; SameSite=None"),
            ),
            PIXEL,
        ),
    ),
    Route(
        "partner",
        "/pixel-lax.svg",
        "cookies",
        "a third-party cookie that is `SameSite=Lax`: refused in this place",
        Reply(200, (*SVG, *NO_STORE, ("set-cookie", "uid-lax=5d41; Path=/; Secure; SameSite=Lax")), PIXEL),
    ),
    Route(
        "local",
        "/",
        "cookies",
        "a developer's server on plain-HTTP localhost, trustworthy enough for a `Secure` cookie in most browsers",
        Reply(
            200,
            (*HTML, *NO_STORE, ("set-cookie", "dev=1; Path=/; Secure; HttpOnly; SameSite=Lax")),
            html("Development server", "<p>http://localhost is potentially trustworthy.</p>"),
        ),
    ),
)

"""Redirects and forms: which method and content survive which status (RFC 9110, section 15.4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, Reply, Route, html

_FORM = html(
    "Order",
    '<form method="post" action="/form/see-other"><label>Amount <input name="amount" value="2"></label>'
    "<button>Order</button></form>",
)

_LOGIN = html(
    "Log in",
    '<form method="post" action="/login"><label>Name <input name="name"></label>'
    '<label>Password <input name="password" type="password"></label><button>Log in</button></form>',
)


def _to(status: int, location: str) -> Reply:
    return Reply(status, (("location", location),))


async def _echo(request: Request, origins: Origins) -> Response:
    content = (await request.body()).decode("utf-8", "replace")
    kind = request.headers.get("content-type", "")
    return Reply(200, (*JSON, *NO_STORE), _json(request.method, kind, content)).response(origins)


def _json(method: str, kind: str, content: str) -> str:
    import json

    return json.dumps({"method": method, "content-type": kind, "content": content})


ROUTES: tuple[Route, ...] = (
    Route("shop_plain", "/", "redirects", "plain HTTP sent on to HTTPS for good", _to(301, "@shop@/")),
    Route("shop_plain", "/start", "redirects", "hop 1 of 3: from HTTP to HTTPS", _to(301, "@shop@/start")),
    Route("shop", "/start", "redirects", "hop 2 of 3: from the bare domain to www", _to(301, "@www@/start")),
    Route("www", "/start", "redirects", "hop 3 of 3: to where the page lives now, relative", _to(302, "/welcome")),
    Route(
        "www",
        "/welcome",
        "redirects",
        "the end of a chain of three redirects that one could have been",
        Reply(200, (*HTML, *NO_STORE), html("Welcome", "<p>Four requests for one page.</p>")),
    ),
    Route("shop", "/loop/a", "redirects", "one half of a redirect loop", _to(302, "/loop/b")),
    Route("shop", "/loop/b", "redirects", "the other half of a redirect loop", _to(302, "/loop/a")),
    Route("shop", "/form", "forms", "a page with a form", Reply(200, HTML, _FORM)),
    Route(
        "shop",
        "/form/found",
        "redirects",
        "302 after POST: browsers go on with GET and drop the content",
        _to(302, "/form/thanks"),
        methods=("POST",),
    ),
    Route(
        "shop",
        "/form/see-other",
        "redirects",
        "303 after POST: the right answer, go on with GET",
        _to(303, "/form/thanks"),
        methods=("POST",),
    ),
    Route(
        "shop",
        "/form/temporary",
        "redirects",
        "307: the same method and content, sent again to another place",
        _to(307, "/form/echo"),
        methods=("POST",),
    ),
    Route(
        "shop",
        "/form/permanent",
        "redirects",
        "308: the same, for good",
        _to(308, "/form/echo"),
        methods=("POST",),
    ),
    Route(
        "shop",
        "/form/thanks",
        "forms",
        "the page after a form, safe to reload",
        Reply(200, HTML, html("Thank you", "")),
    ),
    Route("shop", "/form/echo", "forms", "says what it received: method and content", handler=_echo, methods=("POST",)),
    Route(
        "shop",
        "/beacon",
        "forms",
        "where `navigator.sendBeacon` reports to: 204, nobody reads the answer",
        Reply(204),
        methods=("POST",),
    ),
    Route(
        "shop_plain", "/login", "forms", "a password form on plain HTTP, readable on the way", Reply(200, HTML, _LOGIN)
    ),
    Route(
        "shop_plain",
        "/login",
        "forms",
        "a password in clear text; and a `Secure` cookie from plain HTTP, which browsers refuse",
        Reply(303, (("location", "@shop@/"), ("set-cookie", "login=8f2c; Path=/; Secure; HttpOnly; SameSite=Lax"))),
        methods=("POST",),
    ),
)

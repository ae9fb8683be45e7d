"""Logging out again with OpenID Connect: the shop's session, the provider's end of it, a second client that is told.

https://shop.test:…/signin/leave                                  logs in, and out again
https://shop.test:…/signin/leave?fault=logout-session-lives       one of the faults of `signin.FAULTS`
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from urllib.parse import urlencode

import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.content.identity import CLIENT, form_of
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, Fields, Reply, Route, html

MOST_SESSIONS = 64
_FOR_THE_SHOP: Fields = (
    ("access-control-allow-origin", "@shop@"),
    ("access-control-allow-credentials", "true"),
    ("vary", "Origin"),
)
_PAGE = html("Logged out", '<p id="outcome"></p>\n<script src="/signin/client.js"></script>')


def _sessions(request: Request) -> OrderedDict[str, str]:
    """The live sessions of the application that a request came to: their ID tokens by the cookie's value."""
    state = request.app.state
    if not hasattr(state, "sessions"):
        state.sessions = OrderedDict()
    found: OrderedDict[str, str] = state.sessions
    while len(found) > MOST_SESSIONS:
        found.popitem(last=False)
    return found


def _open(request: Request, id_token: str, same_site: str, path: str) -> tuple[str, str]:
    """A new session's cookie."""
    value = secrets.token_hex(16)
    _sessions(request)[value] = id_token
    return "set-cookie", f"session={value}; Path={path}; Secure; HttpOnly; SameSite={same_site}"


def _json(status: int, told: object, origins: Origins, fields: Fields = ()) -> Response:
    return Reply(status, (*JSON, *NO_STORE, *fields), msgspec.json.encode(told).decode()).response(origins)


async def _session(request: Request, origins: Origins) -> Response:
    """The shop's page brings its ID token, and has a session from then on."""
    token = (await form_of(request)).get("id_token", "")
    return _json(200, {"ok": True}, origins, (_open(request, token, "Lax", "/signin"),))


async def _console(request: Request, origins: Origins) -> Response:
    """The same at the second client, which will hear of the logout in a frame of the provider's page."""
    form = await form_of(request)
    site = "Lax" if form.get("fault") == "front-channel-nameless" else "None"
    opened = _open(request, form.get("id_token", ""), site, "/signin")
    return _json(200, {"ok": True}, origins, (*_FOR_THE_SHOP, opened))


def _me(request: Request, origins: Origins) -> Response:
    if request.cookies.get("session", "") in _sessions(request):
        return _json(200, {"name": "Ada"}, origins)
    return _json(401, {"error": "nobody is logged in"}, origins, (("www-authenticate", "Bearer"),))


def _logout(request: Request, origins: Origins) -> Response:
    """Ends the shop's session and sends the browser to the provider (RP-Initiated Logout, section 2)."""
    fault = request.query_params.get("fault", "")
    value = request.cookies.get("session", "")
    token = _sessions(request).get(value, "")
    if fault != "logout-session-lives":
        _sessions(request).pop(value, None)
    asked = {
        "id_token_hint": token,
        "client_id": CLIENT,
        "post_logout_redirect_uri": f"{origins.shop}/signin/left" + ("/" if fault == "logout-elsewhere" else ""),
        "state": request.query_params.get("state", ""),
        "fault": fault,
    }
    if fault == "no-id-token-hint":
        del asked["id_token_hint"]
    location = f"{origins.partner}/id/logout?{urlencode({n: v for n, v in asked.items() if v})}"
    clears = ("set-cookie", "session=; Path=/signin; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
    kept = fault in ("logout-cookie-kept", "logout-session-lives")
    return Reply(303, (*NO_STORE, ("location", location), *(() if kept else (clears,)))).response(origins)


def _end_session(request: Request, origins: Origins) -> Response:
    """Tells the other client in a frame, and goes back when it has heard (Front-Channel Logout, section 3)."""
    asked = request.query_params
    fault = asked.get("fault", "")
    back = asked.get("post_logout_redirect_uri", "")
    if back != f"{origins.shop}/signin/left":
        said = '<p id="outcome">This <code>post_logout_redirect_uri</code> is not registered.</p>'
        return Reply(400, (*HTML, *NO_STORE), html("Not logged out", said)).response(origins)
    given = {"state": "of-another-logout" if fault == "logout-wrong-state" else asked.get("state", "")}
    if fault == "logout-missing-state":
        del given["state"]
    about = {"iss": f"{origins.partner}/id", "sid": request.cookies.get("account", ""), "fault": fault}
    if fault.startswith("front-channel-") and fault != "front-channel-error":
        del about["iss"]
    if fault == "front-channel-nameless":
        del about["sid"]
    frame = f"{origins.api}/signin/front-channel-logout?{urlencode({n: v for n, v in about.items() if v})}"
    address = f"{back}?{urlencode(given)}" if given else back
    body = (
        f'<iframe src="{frame.replace("&", "&amp;")}" title="The console logs out"></iframe>\n'
        f"<script>const go = () => location.replace({msgspec.json.encode(address).decode()});\n"
        'document.querySelector("iframe").addEventListener("load", go);</script>'
    )
    clears = ("set-cookie", "account=; Path=/id; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
    return Reply(200, (*HTML, *NO_STORE, clears), html("Logging out", body)).response(origins)


def _sid(hint: str) -> str:
    """The session that an ID token of ours is from; no signature is looked at, as nothing hangs on it."""
    try:
        return str(jwt.decode(hint, options={"verify_signature": False})["sid"])
    except (jwt.PyJWTError, KeyError):
        return ""


def _gone(request: Request, origins: Origins) -> Response:
    """The second client hears that the login is over (Front-Channel Logout, section 2).

    Its cookie may not come along into a frame, so it ends the sessions that `sid` names, too.
    """
    if request.query_params.get("fault") == "front-channel-error":
        return Reply(500, (*HTML, *NO_STORE), html("Broken", "<p>Something is wrong here.</p>")).response(origins)
    sessions, sid = _sessions(request), request.query_params.get("sid")
    sessions.pop(request.cookies.get("session", ""), None)
    for value in [value for value, token in sessions.items() if sid and _sid(token) == sid]:
        del sessions[value]
    clears = ("set-cookie", "session=; Path=/signin; Max-Age=0; Secure; HttpOnly; SameSite=None")
    return Reply(200, (*HTML, *NO_STORE, clears), html("Logged out", "<p>You are logged out.</p>")).response(origins)


ROUTES: tuple[Route, ...] = (
    Route("shop", "/signin/session", "login", "a session for an ID token", handler=_session, methods=("POST",)),
    Route("shop", "/signin/me", "login", "who is logged in, and a 401 for strangers", handler=_me),
    Route(
        "shop", "/signin/logout", "login", "the shop logs out, and sends the browser to the provider", handler=_logout
    ),
    Route(
        "shop",
        "/signin/left",
        "login",
        "where the browser is sent back after the logout",
        Reply(200, (*HTML, *NO_STORE), _PAGE),
    ),
    Route("api", "/signin/session", "login", "a session at a second client", handler=_console, methods=("POST",)),
    Route(
        "api",
        "/signin/front-channel-logout",
        "login",
        "front-channel logout: a second client is told in a frame",
        handler=_gone,
    ),
    Route("partner", "/id/logout", "login", "OpenID Connect: the provider ends the session", handler=_end_session),
)

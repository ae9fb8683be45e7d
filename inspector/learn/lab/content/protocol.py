"""Beyond one plain answer: compression, slow and streamed answers, WebSocket, logging in, offers of HTTP/3."""

from __future__ import annotations

import asyncio
import base64
import binascii
import gzip
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import JSON, NO_STORE, TEXT, Fields, Reply, Route

SLOW = 0.2  # seconds
SUBPROTOCOL = "shop.v1"
BASIC_USER, BASIC_PASSWORD = "ada", "lovelace"
_JWT_KEY = b"a key everybody knows: this is a lab"
_CATALOGUE = json.dumps([{"id": n, "name": f"Tea number {n}", "price": n % 9 + 1} for n in range(2000)])

Sender = Callable[[dict[str, Any]], Awaitable[None]]


def _gzip(request: Request, origins: Origins) -> Response:
    fields = (*JSON, ("vary", "Accept-Encoding"))
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Reply(200, fields, _CATALOGUE).response(origins)
    packed = gzip.compress(_CATALOGUE.encode(), mtime=0)
    return Response(packed, 200, dict(fields) | {"content-encoding": "gzip"})


async def _slow(_: Request, origins: Origins) -> Response:
    await asyncio.sleep(SLOW)
    timing = f'db;desc="Orders";dur={SLOW * 900:.0f}, render;dur={SLOW * 100:.0f}'
    return Reply(200, (*JSON, *NO_STORE, ("server-timing", timing)), "[]").response(origins)


def _events(_: Request, origins: Origins) -> Response:
    async def events() -> AsyncIterator[str]:
        yield "retry: 60000\n\n"
        for number, status in enumerate(("packed", "sent", "delivered"), 1):
            yield f'id: {number}\nevent: order\ndata: {{"status": "{status}"}}\n\n'
            await asyncio.sleep(0.02)
        yield "event: end\ndata: \n\n"

    allowed = {"access-control-allow-origin": origins.shop, "vary": "Origin", "cache-control": "no-store"}
    return StreamingResponse(events(), 200, allowed, "text/event-stream")


async def _socket(socket: WebSocket) -> None:
    """Echo text and bytes until the other side closes. Takes the subprotocol it knows, if it is offered."""
    offered = socket.scope["subprotocols"]
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    while (message := await socket.receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await socket.send_text(message["text"])
        else:
            await socket.send_bytes(message["bytes"])


class _Trailers(Response):
    """Content whose digest is sent after it (RFC 9110, section 6.5; RFC 9530)."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content = b"Counted while it was sent.\n"
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        wanted = (b"te", b"trailers") in scope["headers"] and "http.response.trailers" in scope["extensions"]
        fields = [(b"content-type", b"text/plain"), (b"trailer", b"repr-digest")]
        await send({"type": "http.response.start", "status": 200, "headers": fields, "trailers": wanted})
        await send({"type": "http.response.body", "body": content})
        if wanted:
            trailers = [(b"repr-digest", f"sha-256=:{digest}:".encode())]
            await send({"type": "http.response.trailers", "headers": trailers})


def _trailers(_: Request, __: Origins) -> Response:
    return _Trailers()


def _basic(request: Request, origins: Origins) -> Response:
    """HTTP Basic (RFC 7617)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    if hmac.compare_digest(given.encode(), f"{BASIC_USER}:{BASIC_PASSWORD}".encode()):
        return Reply(200, (*JSON, *NO_STORE), '{"user": "ada"}').response(origins)
    challenge = 'Basic realm="Orders", charset="UTF-8"'
    return Reply(401, (*TEXT, ("www-authenticate", challenge)), "Who are you?\n").response(origins)


def token(*, issued: float, lifetime: int = 300) -> str:
    """A JSON Web Token of the lab (RFC 7519), signed with a key that is no secret. `issued` in seconds since 1970."""
    claims = {"iss": "shop.test", "sub": "ada", "iat": int(issued), "exp": int(issued) + lifetime}
    return jwt.encode(claims, _JWT_KEY, algorithm="HS256")


def _grant(_: Request, origins: Origins) -> Response:
    content = {"access_token": token(issued=time.time()), "token_type": "Bearer", "expires_in": 300}
    return Reply(200, (*JSON, *NO_STORE), json.dumps(content)).response(origins)


def _bearer(request: Request, origins: Origins) -> Response:
    """A bearer token (RFC 6750): missing, refused (and why), or accepted."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return _challenge(origins, 'Bearer realm="api"')
    try:
        jwt.decode(given, _JWT_KEY, algorithms=["HS256"])
    except jwt.ExpiredSignatureError:
        return _challenge(origins, 'Bearer realm="api", error="invalid_token", error_description="expired"')
    except jwt.InvalidTokenError:
        return _challenge(origins, 'Bearer realm="api", error="invalid_token", error_description="bad signature"')
    return Reply(200, (*JSON, *NO_STORE), '{"orders": []}').response(origins)


def _challenge(origins: Origins, challenge: str) -> Response:
    fields: Fields = (*JSON, ("www-authenticate", challenge))
    return Reply(401, fields, '{"error": "unauthorized"}').response(origins)


ROUTES: tuple[Route, ...] = (
    Route("api", "/compression/gzip", "compression", "a long list, packed where the client takes gzip", handler=_gzip),
    Route(
        "api",
        "/compression/none",
        "compression",
        "the same list unpacked, whatever the client takes: over a hundred kilobytes too many",
        Reply(200, JSON, _CATALOGUE),
    ),
    Route("api", "/slow", "protocol", "an answer that takes its time, and says on what (Server-Timing)", handler=_slow),
    Route("api", "/events", "streaming", "server-sent events: three, then the end", handler=_events),
    Route(
        "api", "/socket", "streaming", "a WebSocket that echoes, with the subprotocol `shop.v1`", conversation=_socket
    ),
    Route("cdn", "/trailers", "protocol", "a digest sent after the content, as a trailer (HTTP/2)", handler=_trailers),
    Route(
        "cdn",
        "/alt-svc",
        "protocol",
        "an offer to come back over HTTP/3 (Alt-Svc)",
        Reply(200, (*TEXT, ("alt-svc", 'h3=":443"; ma=86400')), "Also over HTTP/3, it says.\n"),
    ),
    Route("api", "/auth/basic", "authentication", "HTTP Basic: a challenge, then a password", handler=_basic),
    Route(
        "api",
        "/auth/token",
        "authentication",
        "hands out a bearer token, not to be stored",
        handler=_grant,
        methods=("POST",),
    ),
    Route("api", "/auth/bearer", "authentication", "a bearer token: missing, expired, or accepted", handler=_bearer),
)

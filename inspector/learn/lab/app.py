"""Turns the catalogue into one Starlette application for each origin."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as HttpRoute
from starlette.websockets import WebSocket

from inspector.learn.lab.catalogue import routes_of
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, Conversation, Reply, Route, html

_MISSING = Reply(404, HTML, html("Not found", "<p>There is no such page in this shop.</p>"))


def application(origin: str, origins: Origins, stopping: asyncio.Event) -> Starlette:
    """The application of one host key. Conversations end when `stopping` is set, so that the lab can stop.

    Raises:
        ValueError: a route of the catalogue has no way to answer, or several.
    """

    async def missing(_: Request, __: Exception) -> Response:
        return _MISSING.response(origins)

    return Starlette(
        routes=[_route(route, origins, stopping) for route in routes_of(origin)],
        exception_handlers={404: missing},
    )


def _route(route: Route, origins: Origins, stopping: asyncio.Event) -> BaseRoute:
    if sum(way is not None for way in (route.reply, route.handler, route.conversation)) != 1:
        raise ValueError(f"{route.path}: a route needs exactly one of reply, handler and conversation")
    if route.conversation is not None:
        return WebSocketRoute(route.path, _until(route.conversation, stopping))
    return HttpRoute(route.path, _endpoint(route, origins), methods=list(route.methods))


def _endpoint(route: Route, origins: Origins) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # Read to its end before answering: content that arrives after the answer, on a stream that is closed
        # by then, costs the whole HTTP/2 connection (RFC 9113, section 5.1).
        await request.body()
        if route.reply is not None:
            return route.reply.response(origins)
        assert route.handler is not None
        answer = route.handler(request, origins)
        return await answer if inspect.isawaitable(answer) else answer

    return endpoint


def _until(conversation: Conversation, stopping: asyncio.Event) -> Callable[[WebSocket], Awaitable[None]]:
    async def converse(socket: WebSocket) -> None:
        talk, stop = asyncio.ensure_future(conversation(socket)), asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait((talk, stop), return_when=asyncio.FIRST_COMPLETED)
            if not talk.done():
                await socket.close(1001, "the lab stops")  # "going away", RFC 6455, section 7.4.1
            else:
                talk.result()
        finally:
            talk.cancel()
            stop.cancel()

    return converse

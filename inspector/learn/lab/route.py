"""What a route of the lab is: where it lives, what it shows, and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from inspector.learn.lab.origins import Origins

TOPICS: tuple[str, ...] = (
    "page",
    "redirects",
    "cors",
    "caching",
    "cookies",
    "security",
    "injection",
    "leaks",
    "limits",
    "csp",
    "login",
    "api",
    "status",
    "delivery",
    "compression",
    "streaming",
    "authentication",
    "forms",
    "protocol",
)

Fields = tuple[tuple[str, str], ...]


class Reply(Struct, frozen=True):
    """A response that never changes. Origins are written ``@shop@`` in `fields` and `content`.

    `fields` keeps its order and its repeated names (two ``Set-Cookie`` lines stay two). ``Content-Length`` and
    ``Date`` are added; nothing else is, so that what a route leaves out stays out.
    """

    status: int = 200
    fields: Fields = ()
    content: str = ""

    def response(self, origins: Origins) -> Response:
        """The response with its origins filled in."""
        response = Response(origins.fill(self.content).encode(), self.status)
        for name, value in self.fields:
            response.headers.append(name, origins.fill(value))
        return response


Handler = Callable[[Request, Origins], Awaitable[Response] | Response]
Conversation = Callable[[WebSocket], Awaitable[None]]


class Route(Struct, frozen=True):
    """One thing to look at. `origin` is a key of `HOSTS`; `shows` is one line, for lists and lessons.

    Exactly one of `reply` (fixed), `handler` (computed from the request) and `conversation` (WebSocket) is set.
    """

    origin: str
    path: str
    topic: str
    shows: str
    reply: Reply | None = None
    handler: Handler | None = None
    conversation: Conversation | None = None
    methods: tuple[str, ...] = ("GET",)


def html(title: str, body: str, *, head: str = "") -> str:
    """A small complete HTML page. Title and body are ours, and trusted."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n{head}</head>\n'
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


HTML: Fields = (("content-type", "text/html; charset=utf-8"),)
TEXT: Fields = (("content-type", "text/plain; charset=utf-8"),)
JSON: Fields = (("content-type", "application/json"),)
SCRIPT: Fields = (("content-type", "text/javascript; charset=utf-8"),)
SVG: Fields = (("content-type", "image/svg+xml"),)
NO_STORE: Fields = (("cache-control", "no-store"),)

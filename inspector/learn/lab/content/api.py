"""An API and what its clients trip over: types, errors, two people at once, an address that goes away."""

from __future__ import annotations

import time
from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, Reply, Route, html

_VERSION = '"v3"'
_DAY = 86_400


def _item(request: Request, origins: Origins) -> Response:
    """Changes are taken with the right version or with none; with a wrong one they are refused (RFC 9110, 13.1.1)."""
    fields = (*JSON, ("etag", _VERSION))
    if request.method == "PUT" and request.headers.get("if-match", _VERSION) not in (_VERSION, "*"):
        problem = (("content-type", "application/problem+json"), ("etag", _VERSION))
        return Reply(412, problem, '{"title": "Somebody changed it meanwhile", "status": 412}').response(origins)
    return Reply(200, fields, '{"id": 7, "name": "cup"}').response(origins)


def _going_away(_: Request, origins: Origins) -> Response:
    """Deprecated for a month, gone in two (RFC 9745, RFC 8594)."""
    now = time.time()
    fields = (
        *JSON,
        ("deprecation", f"@{int(now) - 30 * _DAY}"),
        ("sunset", formatdate(now + 60 * _DAY, usegmt=True)),
        ("link", '<@api@/v2/items/7>; rel="successor-version"'),
    )
    return Reply(200, fields, '[{"id": 7, "name": "cup"}]').response(origins)


ROUTES: tuple[Route, ...] = (
    Route("api", "/v2/items/7", "api", "a thing with a version: changed without it, and with it", handler=_item),
    Route(
        "api",
        "/v2/items/7",
        "api",
        "the same thing, changed",
        handler=_item,
        methods=("PUT",),
    ),
    Route(
        "api",
        "/v2/items",
        "api",
        "JSON that its client calls a form, and an error in a format of its own",
        Reply(400, JSON, '{"error": "the field name is missing"}'),
        methods=("POST",),
    ),
    Route(
        "api",
        "/v2/stock",
        "api",
        "a page where JSON was asked for",
        Reply(200, HTML, html("Log in", "<p>Please log in first.</p>")),
    ),
    Route(
        "api",
        "/v2/items/9",
        "api",
        "an error in the standard form (`application/problem+json`)",
        Reply(404, (("content-type", "application/problem+json"),), '{"title": "No such item", "status": 404}'),
    ),
    Route("api", "/v2/broken", "api", "JSON with a comma too many", Reply(200, JSON, '{"items": [1, 2,]}')),
    Route("api", "/v1/items", "api", "an address that goes away, and says when", handler=_going_away),
)

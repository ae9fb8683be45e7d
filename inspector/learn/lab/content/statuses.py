"""An API with answers that are not quite right, and some that are (RFC 9110, section 15; RFC 6585)."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, TEXT, Fields, Reply, Route, html

_FILE = "".join(f"Line {number:02d} of the report.\n" for number in range(1, 41))
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")

# Made up: no file, name or address in it exists.
_TRACE = """Traceback (most recent call last):
  File "/srv/shop/app/orders.py", line 118, in place_order
    total = sum(item["price"] for item in basket)
  File "/srv/shop/app/orders.py", line 118, in <genexpr>
    total = sum(item["price"] for item in basket)
KeyError: 'price'
"""


def _status(
    status: int,
    shows: str,
    fields: Fields = (),
    content: str = "",
    *,
    methods: tuple[str, ...] = ("GET",),
    tail: str = "",
) -> Route:
    return Route("api", f"/status/{status}{tail}", "status", shows, Reply(status, fields, content), methods=methods)


def _later(_: Request, origins: Origins) -> Response:
    when = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    fields = (*TEXT, ("retry-after", format_datetime(when, usegmt=True)))
    return Reply(503, fields, "Back in two minutes.\n").response(origins)


def _file(request: Request, origins: Origins) -> Response:
    """A file in parts: a single byte range, or all of it (RFC 9110, section 14)."""
    whole = len(_FILE)
    fields = (*TEXT, ("accept-ranges", "bytes"), ("etag", '"report-3"'))
    wanted = _RANGE.match(request.headers.get("range", ""))
    if wanted is None or wanted[0] == "bytes=-":
        return Reply(200, fields, _FILE).response(origins)
    if wanted[1]:
        first, last = int(wanted[1]), min(int(wanted[2] or whole - 1), whole - 1)
    else:
        first, last = max(whole - int(wanted[2]), 0), whole - 1
    if first >= whole or first > last:
        return Reply(416, (*TEXT, ("content-range", f"bytes */{whole}"))).response(origins)
    part = (*fields, ("content-range", f"bytes {first}-{last}/{whole}"))
    return Reply(206, part, _FILE[first : last + 1]).response(origins)


ROUTES: tuple[Route, ...] = (
    Route(
        "api",
        "/status/200-with-an-error",
        "status",
        "200 for something that failed: the error is in the content, where no cache or client looks",
        Reply(200, JSON, '{"success": false, "error": "no such item", "code": 404}'),
    ),
    _status(
        201,
        "201 without Location: created, but where",
        JSON,
        '{"created": true}',
        methods=("POST",),
        tail="-no-location",
    ),
    _status(204, "204 after DELETE: done, nothing to say", methods=("DELETE",)),
    Route(
        "api",
        "/files/report.txt",
        "status",
        "a file in parts: 206 for a range, 416 for one past its end",
        handler=_file,
    ),
    _status(401, "401 without WWW-Authenticate: not how to log in", JSON, '{"error": "log in"}', tail="-no-challenge"),
    Route(
        "api",
        "/status/404-as-html",
        "status",
        "an HTML error page where the client asked for JSON",
        Reply(404, HTML, html("Not found", "<p>The page you are looking for is not here.</p>")),
    ),
    _status(
        405, "405 without Allow: not which methods it would take", TEXT, "No.\n", methods=("DELETE",), tail="-no-allow"
    ),
    _status(418, "418: a joke of 1998 that became reserved", TEXT, "I'm a teapot\n"),
    _status(429, "429 with Retry-After in seconds", (*JSON, ("retry-after", "30")), '{"error": "slow down"}'),
    _status(500, "500 that shows its stack trace to everyone", TEXT, _TRACE, tail="-stack-trace"),
    _status(
        502,
        "502 made by a gateway, not by the application: Via and Server say which",
        (*HTML, ("server", "nginx"), ("via", "1.1 edge-7.shop.test (nginx)")),
        html("502 Bad Gateway", "<hr>nginx"),
    ),
    Route("api", "/status/503", "status", "503 with Retry-After as a date", handler=_later),
    _status(599, "599: a number nobody has defined, read as 500", TEXT, "?\n"),
)

"""Caching: what is stored, how long it is fresh, how it is validated (RFC 9111)."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, SCRIPT, SVG, TEXT, Fields, Reply, Route, html

_STYLE = """body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { border: 1px solid #8888; padding: .2rem .6rem; text-align: left }
"""
_SCRIPT = "document.documentElement.dataset.enhanced = 'yes';\n"
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="64" height="64" role="img">'
    '<title>Shop</title><rect width="32" height="32" rx="6" fill="#155e75"/>'
    '<path d="M8 12h16l-2 12H10z M12 12a4 4 0 0 1 8 0" fill="none" stroke="#fff" stroke-width="2"/></svg>\n'
)
# A hundred days old when the lab starts, so that a tenth of its age, the usual heuristic, is ten days.
_LOGO_AGE = dt.timedelta(days=100)
_STYLE_TAG = '"style-7"'
_PRICES_TAG = 'W/"prices-19"'


def _validated(reply: Reply, tag: str) -> Response | None:
    """A 304 with the fields of the 200 that matter to a cache (RFC 9110, section 15.4.5)."""
    kept = {"cache-control", "date", "etag", "expires", "vary", "last-modified", "access-control-allow-origin"}
    return Response(None, 304, {name: value for name, value in reply.fields if name in kept} | {"etag": tag})


def _names(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag, compared weakly (RFC 9110, section 13.1.2)."""
    wanted = request.headers.get("if-none-match", "")
    strong = tag.removeprefix("W/")
    return wanted == "*" or any(each.strip().removeprefix("W/") == strong for each in wanted.split(","))


def _tagged(fields: Fields, content: str, tag: str, request: Request, origins: Origins) -> Response:
    reply = Reply(200, (*fields, ("etag", tag)), content)
    if _names(request, tag):
        return _validated(reply, tag) or reply.response(origins)
    return reply.response(origins)


def _style(request: Request, origins: Origins) -> Response:
    fields = (("content-type", "text/css; charset=utf-8"), ("cache-control", "no-cache"))
    return _tagged(fields, _STYLE, _STYLE_TAG, request, origins)


def _prices(request: Request, origins: Origins) -> Response:
    return _tagged((*JSON, ("cache-control", "private, max-age=0")), '{"tea": 4}', _PRICES_TAG, request, origins)


def _logo(request: Request, origins: Origins) -> Response:
    modified = _modified()
    fields = (("last-modified", format_datetime(modified, usegmt=True)),)
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        since = None
    if since is not None and since.tzinfo is not None and since >= modified:
        return Response(None, 304, dict(fields))
    return Reply(200, (*SVG, *fields), _LOGO).response(origins)


def _modified() -> dt.datetime:
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - _LOGO_AGE


def _language(request: Request, origins: Origins) -> Response:
    german = request.headers.get("accept-language", "").lower().startswith("de")
    fields = (
        *TEXT,
        ("content-language", "de" if german else "en"),
        ("cache-control", "public, max-age=600"),
        ("vary", "Accept-Language"),
    )
    return Reply(200, fields, "Guten Tag\n" if german else "Hello\n").response(origins)


ROUTES: tuple[Route, ...] = (
    Route(
        "cdn",
        "/assets/app.4f1d2a.js",
        "caching",
        "a name with a fingerprint: fresh for a year and immutable",
        Reply(200, (*SCRIPT, ("cache-control", "public, max-age=31536000, immutable")), _SCRIPT),
    ),
    Route(
        "cdn",
        "/assets/style.css",
        "caching",
        "`no-cache` with an ETag: stored, asked about each time; 304",
        handler=_style,
    ),
    Route(
        "cdn",
        "/assets/logo.svg",
        "caching",
        "only Last-Modified: the cache guesses how long (a tenth of its age)",
        handler=_logo,
    ),
    Route("shop", "/caching/prices", "caching", "stale at once, with a weak ETag to ask about; 304", handler=_prices),
    Route(
        "shop",
        "/caching/no-store",
        "caching",
        "a statement of account that no cache may keep",
        Reply(200, (*JSON, ("cache-control", "no-store")), '{"balance": 12.5}'),
    ),
    Route(
        "shop", "/caching/language", "caching", "`Vary: Accept-Language`: one copy for each language", handler=_language
    ),
    Route(
        "shop",
        "/caching/vary-everything",
        "caching",
        "`Vary: *`: stored perhaps, never reused",
        Reply(200, (*TEXT, ("cache-control", "max-age=600"), ("vary", "*")), "Never twice.\n"),
    ),
    Route(
        "shop",
        "/caching/stale-while-revalidate",
        "caching",
        "usable while it is being refreshed: `stale-while-revalidate` (RFC 5861)",
        Reply(200, (*JSON, ("cache-control", "max-age=1, stale-while-revalidate=60")), '{"weather": "mild"}'),
    ),
    Route(
        "shop",
        "/caching/private-marked-public",
        "caching",
        "somebody's own page marked `public`, with a cookie in it: a shared cache hands both to the next person",
        Reply(
            200,
            (*HTML, ("cache-control", "public, max-age=600"), ("set-cookie", "visitor=ada; Path=/; Secure")),
            html("Hello, Ada", "<p>Your last order: tea.</p>"),
        ),
    ),
    Route(
        "cdn",
        "/assets/from-a-shared-cache.json",
        "caching",
        "already old when it arrives: `Age` is above `max-age`, a browser finds it stale",
        Reply(
            200,
            (*JSON, ("cache-control", "public, max-age=60, s-maxage=600"), ("age", "120"), ("x-cache", "HIT")),
            "[1, 2, 3]",
        ),
    ),
)

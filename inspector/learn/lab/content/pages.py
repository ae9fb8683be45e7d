"""The shop's page: what a browser opens, and from which everything else follows."""

from __future__ import annotations

import json
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.content.cors import CALLS
from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, SCRIPT, Reply, Route

_ASSETS = files("inspector.learn.lab") / "assets"
_HOME = (_ASSETS / "home.html").read_text(encoding="utf-8")
_SCRIPT = (_ASSETS / "home.js").read_text(encoding="utf-8")
_CAREFUL = (("x-content-type-options", "nosniff"), ("referrer-policy", "strict-origin-when-cross-origin"))


def _calls(_: Request, origins: Origins) -> Response:
    listed = [msgspec.to_builtins(call) | {"url": origins.get(call.origin) + call.path} for call in CALLS]
    return Reply(200, (*JSON, ("cache-control", "no-cache")), json.dumps(listed)).response(origins)


ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/",
        "page",
        "the shop's home page: style sheet, scripts, images, a third-party frame, and the calls it makes",
        Reply(200, (*HTML, ("cache-control", "no-cache"), *_CAREFUL), _HOME),
    ),
    Route(
        "shop",
        "/home.js",
        "page",
        "the script that makes the page's calls and lists what became of them",
        Reply(200, (*SCRIPT, ("cache-control", "no-cache"), *_CAREFUL), _SCRIPT),
    ),
    Route("shop", "/calls.json", "page", "the list of cross-origin calls, for that script", handler=_calls),
)

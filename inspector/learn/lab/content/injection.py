"""Pages that put what the request says where it does not belong. They answer on loopback, and hold nothing to steal."""

from __future__ import annotations

import html as escaping
import re

from starlette.requests import Request
from starlette.responses import Response

from inspector.learn.lab.origins import Origins
from inspector.learn.lab.route import HTML, JSON, NO_STORE, SCRIPT, TEXT, Reply, Route, html

_SQL_ERROR = (
    "<p>You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the "
    "right syntax to use near '{}' at line 1</p>"
)
# Nobody's accounts: the file has this form on every Unix machine.
_USERS = "root:x:0:0:root:/root:/bin/sh\nshop:x:1000:1000:the shop:/srv/shop:/usr/sbin/nologin\n"
_FIELD = re.compile(r"[\r\n]+([\w-]+): *([^\r\n]*)")


def _search(request: Request, origins: Origins) -> Response:
    asked = request.query_params.get("q", "chairs")
    return Reply(200, (*HTML, *NO_STORE), html("Search", f"<p>Nothing found for {asked}</p>")).response(origins)


def _search_encoded(request: Request, origins: Origins) -> Response:
    asked = escaping.escape(request.query_params.get("q", "chairs"))
    return Reply(200, (*HTML, *NO_STORE), html("Search", f"<p>Nothing found for {asked}</p>")).response(origins)


def _item(request: Request, origins: Origins) -> Response:
    asked = request.query_params.get("id", "7")
    if "'" in asked:
        return Reply(500, HTML, html("Error", _SQL_ERROR.format(escaping.escape(asked)))).response(origins)
    return Reply(200, HTML, html("Item", "<p>A chair.</p>")).response(origins)


def _file(request: Request, origins: Origins) -> Response:
    climbs = ".." in request.query_params.get("name", "")
    return Reply(200, (*TEXT, *NO_STORE), _USERS if climbs else "Invoice 42\n").response(origins)


def _language(request: Request, origins: Origins) -> Response:
    """As a server that writes a parameter into its fields: what follows a line break becomes a field of its own."""
    asked = request.query_params.get("to", "en")
    written = tuple((match[1].lower(), match[2]) for match in _FIELD.finditer(asked))
    return Reply(200, (*JSON, *written), '{"language": "en"}').response(origins)


def _jsonp(request: Request, origins: Origins) -> Response:
    name = request.query_params.get("callback", "show")
    return Reply(200, (*SCRIPT, *NO_STORE), f'{name}({{"name": "Ada", "orders": 3}})').response(origins)


ROUTES: tuple[Route, ...] = (
    Route("shop", "/search", "injection", "a search that repeats what was searched for, as it is", handler=_search),
    Route("shop", "/search/encoded", "injection", "the same search, encoded as it should be", handler=_search_encoded),
    Route("shop", "/item", "injection", "an item looked up with a statement made of text", handler=_item),
    Route("shop", "/invoice", "injection", "a file named by a parameter, wherever it is", handler=_file),
    Route(
        "shop", "/language", "injection", "a parameter written into the fields, line breaks and all", handler=_language
    ),
    Route(
        "api", "/me.js", "injection", "data as a call of a function (JSONP), which any site can load", handler=_jsonp
    ),
)

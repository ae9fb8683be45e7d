"""How an API is used across several exchanges: told by the story of its conversation."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"

_ITEM = """
    # type: fetch
    # at: 2026-03-01T12:00:0{n}Z
    GET https://api.shop.test/orders/{n} HTTP/2

    HTTP/2 200
    Content-Type: application/json

    {{"id": {n}}}"""
_LIST = """
    # type: fetch
    GET https://api.shop.test/orders HTTP/2

    HTTP/2 200
    Content-Type: application/json

    [1, 2, 3, 4, 5, 6]"""

N_PLUS_ONE = story_rule(
    "api/n-plus-one",
    Severity.NOTE,
    "One request for each item of a list",
    references=(RFC9110 + "9.3.1",),
    what="After a list, its items were asked for one by one: five or more in a row within a few seconds.",
    why="Each request pays for its own way there and back; the time grows with the list, and so does the "
    "server's work.",
    fix="The API offers the items, or several of them, in one answer (`?ids=1,2,3`, `?include=…`), and the client "
    "asks for that.",
    unless="Items that are nearly always in a cache cost little, and HTTP/2 sends such requests side by side.",
    shows="\n    ---".join([_LIST, *(_ITEM.format(n=n) for n in range(1, 7))]),
    quiet="\n    ---".join([_LIST, *(_ITEM.format(n=n) for n in range(1, 4))]),
)

_PAGE = """
    # type: fetch
    GET https://api.shop.test/orders?cursor={} HTTP/2

    HTTP/2 200
    Content-Type: application/json
    Link: </orders?cursor={}>; rel="{}"

    [1, 2]"""

PAGES_LOOP = story_rule(
    "api/pages-in-a-circle",
    Severity.WARNING,
    "Pages that lead back to one that was there",
    references=("https://www.rfc-editor.org/rfc/rfc8288#section-3.3",),
    what='A page of a list names itself, or a page that came before it, as the next one (`Link` with `rel="next"`).',
    why="A client that follows the links until there is none goes round in circles, and reads the same items again "
    "and again.",
    fix='The server leaves `rel="next"` out of the last page. A cursor moves on with each page, also where a page is '
    "empty or several items have the same sort key.",
    unless="The list is one that has no end by design, such as changes to wait for.",
    shows="\n    ---".join([_PAGE.format("a", "b", "next"), _PAGE.format("b", "a", "next")]),
    quiet="\n    ---".join([_PAGE.format("a", "b", "next"), _PAGE.format("b", "a", "prev")]),
)

_GRAPHQL = """
    # type: fetch
    POST https://api.shop.test/graphql HTTP/2
    Content-Type: application/json

    {{"operationName": "Cart", "query": "query Cart {{ cart {{ total }} }}"}}

    HTTP/2 200
    Content-Type: application/json

    {}"""

ERROR_IN_200 = story_rule(
    "api/error-in-200",
    Severity.INFO,
    "An error inside a 200",
    references=(RFC9110 + "15.3.1", RFC9110 + "15"),
    what="A GraphQL or JSON-RPC answer has the status 200 and reports errors in its content.",
    why="Both protocols do this by design. Caches, monitoring and retry logic look at the status, and count a success.",
    fix="Code that calls the API looks at `errors` (or `error`) before `data` (`result`); monitoring counts them.",
    unless="A partial answer can be as intended: the page shows what it got.",
    shows=_GRAPHQL.format('{"data": null, "errors": [{"message": "no such cart"}]}'),
    quiet=_GRAPHQL.format('{"data": {"cart": {"total": 7}}}'),
)

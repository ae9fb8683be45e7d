"""What a shop should not show: keys, listings, sources, the inside of its network. All of it is made up.

Rate limits are here too: what a server tells of them, and what it looks like when a client does not listen.
"""

from __future__ import annotations

import zlib

from inspector.learn.lab.route import HTML, JSON, NO_STORE, SCRIPT, TEXT, Reply, Route, html

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def fake_token() -> str:
    """A token that nobody issued: GitHub's form with a checksum that is right, and what it is written in it."""
    body = "ThisIsAFakeTokenOfTheLabShop42"
    number, checksum = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        checksum = _DIGITS[digit] + checksum
    return f"ghp_{body}{checksum}"


_LISTING = (
    "<!doctype html><html><head><title>Index of /uploads/</title></head><body><h1>Index of /uploads/</h1><hr><pre>"
    '<a href="../">../</a>\n<a href="orders-2025.csv">orders-2025.csv</a>\n<a href="old-shop.zip">old-shop.zip</a>\n'
    "</pre><hr></body></html>\n"
)
_SCHEMA = (
    '{"data": {"__schema": {"types": [{"kind": "OBJECT", "name": "Query"}, {"kind": "OBJECT", "name": "Order"}, '
    '{"kind": "INPUT_OBJECT", "name": "Refund"}]}}}'
)
_POLICY = ("ratelimit-policy", '"hour";q=100;w=3600')

ROUTES: tuple[Route, ...] = (
    Route(
        "shop",
        "/scripts/config.js",
        "leaks",
        "a script with a token in it that was meant for the server",
        Reply(200, SCRIPT, f'window.config = {{"api": "@api@", "deploy": "{fake_token()}"}};\n'),
    ),
    Route(
        "shop",
        "/scripts/shop.js",
        "leaks",
        "a script that says where its source map is",
        Reply(200, SCRIPT, 'document.title += "!";\n//# sourceMappingURL=shop.js.map\n'),
    ),
    Route(
        "shop",
        "/scripts/shop.js.map",
        "leaks",
        "the source map, with the sources in it",
        Reply(
            200,
            JSON,
            '{"version": 3, "sources": ["shop.ts"], "sourcesContent": ["// the price, without tax"], "mappings": ""}\n',
        ),
    ),
    Route("shop", "/uploads/", "leaks", "a folder that lists its files", Reply(200, HTML, _LISTING)),
    Route(
        "shop",
        "/.git/config",
        "leaks",
        "a file of the repository, served with the site",
        Reply(200, TEXT, "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"),
    ),
    Route(
        "shop",
        "/old-cart.php",
        "leaks",
        "a program sent as text, because its handler is gone",
        Reply(200, HTML, '<?php $db = new PDO("mysql:host=db7", "shop", getenv("DB")); ?>\n'),
    ),
    Route(
        "shop",
        "/branches",
        "leaks",
        "a page with an address that exists inside the company alone",
        Reply(200, HTML, html("Branches", '<p><a href="http://10.20.0.7:8080/stock">Stock</a></p>')),
    ),
    Route(
        "api",
        "/me/payment",
        "leaks",
        "a whole card number where four digits would do",
        Reply(200, (*JSON, *NO_STORE), '{"name": "Ada", "cardNumber": "4539 1488 0343 6467"}'),
    ),
    Route(
        "api", "/graphql", "leaks", "a GraphQL API that describes itself", Reply(200, JSON, _SCHEMA), methods=("POST",)
    ),
    Route(
        "api",
        "/limits/items",
        "limits",
        "how many requests are left, as the coming standard tells it",
        Reply(200, (*JSON, _POLICY, ("ratelimit", '"hour";r=42;t=1800')), "[]"),
    ),
    Route(
        "api",
        "/limits/few-left",
        "limits",
        "the same in the fields of many APIs, with little left",
        Reply(
            200,
            (*JSON, ("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "1800")),
            "[]",
        ),
    ),
    Route(
        "api",
        "/limits/none-left",
        "limits",
        "refused until later, and asked again at once",
        Reply(429, (*JSON, _POLICY, ("ratelimit", '"hour";r=0;t=1800'), ("retry-after", "1800")), '{"error": "later"}'),
    ),
)

"""Tokens: what shows only over their whole life. Told by `inspector.stories.tokens`."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule
from inspector.rules.jwt_words import RFC7519

RFC6750 = "https://www.rfc-editor.org/rfc/rfc6750#section-"
RFC9700 = "https://www.rfc-editor.org/rfc/rfc9700#section-"


def _two(second: str) -> str:
    return f"""
GET https://api.shop.test/orders HTTP/2
Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA
Origin: https://shop.test

HTTP/2 200
Content-Type: application/json
---
GET https://{second} HTTP/2
Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA
Origin: https://shop.test

HTTP/2 200
Content-Type: application/json
"""


def _refresh(second: str) -> str:
    return f"""
POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA&client_id=app

HTTP/2 200
Content-Type: application/json

{{"access_token": "2YotnFZFEjr1zCsicMWpAA", "refresh_token": "8xLOxBtZp8aUkO5sQ1mBrw"}}
---
# at: 2026-03-01T12:10:00Z
POST https://id.example/token HTTP/2
Content-Type: application/x-www-form-urlencoded

grant_type=refresh_token&refresh_token={second}&client_id=app

HTTP/2 200
Content-Type: application/json

{{"access_token": "mF9B5f41JqMqwErt12345a", "refresh_token": "Qk3nW9sYt5hPz1cVb7mLxA"}}
"""


SEVERAL_SITES = story_rule(
    "auth/token-several-sites",
    Severity.NOTE,
    "The same token goes to more than one site",
    references=(RFC6750 + "5.2", RFC9700 + "2.3", RFC7519 + "4.1.3"),
    what="""One token is sent to hosts of different sites, the one that issued it not counted. Where the token's `aud`
        names addresses of one of them and not of the other, this is a warning.""",
    why="""Whoever receives a token can use it wherever it counts. A site that is sent another one's token can act there
        as the person, and so can whoever reads its logs.""",
    fix="""The client sends a token only to the hosts it was issued for: it adds `Authorization` for those origins, and
        not to every request. The authorization server issues one token for each service, with its own `aud`.""",
    unless="The sites belong together and the token is meant for all of them.",
    shows=_two("count.example/visit"),
    quiet=_two("stock.shop.test/items"),
)

REFRESH_AGAIN = story_rule(
    "oauth/refresh-token-again",
    Severity.WARNING,
    "A refresh token that was replaced still works",
    references=(RFC9700 + "4.14.2",),
    what="A refresh token was answered with a new one, and the old one is taken again later.",
    why="""Replacing refresh tokens is how a server notices that one was stolen: thief and client cannot both come with
        the newest. A server that goes on taking the old one will not notice.""",
    fix="""The authorization server refuses a refresh token that was replaced, with `invalid_grant`, and withdraws all
        that came from it. The client keeps the newest, in one place for all its tabs.""",
    unless="""The server takes the old one for a few seconds, so that a client whose answer was lost can ask again; or
        the person has the page open in several tabs that refresh at once. Of clients that prove who they are with a
        secret nothing is said: a stolen refresh token is of no use without it.""",
    shows=_refresh("tGzv3JOkF0XG5Qx2TlKWIA"),
    quiet=_refresh("8xLOxBtZp8aUkO5sQ1mBrw"),
)

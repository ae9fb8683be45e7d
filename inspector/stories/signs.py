"""What an exchange shows at a glance, by which a teller says what it wants to see.

Signs are bits of one number. They may promise too much and never too little: where a teller asks for `LOGIN`, every
exchange of a login has that sign, and some others have it too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.content.kinds import kind_of
from inspector.content.tokens import has_token
from inspector.stories.oidc_providers import KEY_SETS, METADATA

if TYPE_CHECKING:
    from inspector.exchange import Shape
    from inspector.subject import Subject

ANY = 1 << 0
"""Every exchange has it."""
POSTED = 1 << 1
"""The method is POST."""
CHANGES = 1 << 2
"""The method is PUT, PATCH or DELETE."""
SENDS = 1 << 3
"""The request says of what type its content is."""
AUTHORIZED = 1 << 4
"""The request has `Authorization`."""
REFERRED = 1 << 5
"""The request has `Referer`."""
COOKIES = 1 << 6
"""The request carries cookies, or there are some to judge for it."""
SETS_COOKIES = 1 << 7
"""The response sets cookies."""
LOCATED = 1 << 8
"""The response has `Location`."""
DENIED = 1 << 9
"""The status is 401 or 403."""
UPGRADED = 1 << 10
"""The status is 101, or messages of a WebSocket follow."""
STREAMED = 1 << 11
"""The response is an event stream."""
DATA = 1 << 12
"""The response is JSON, or gRPC."""
SCRIPT = 1 << 13
"""The response is a script."""
TOKEN = 1 << 14
"""Something looks like a token, or is called one in the URL."""
LOGIN = 1 << 15
"""The URL has a word that logins, logouts and sessions have in their URLs."""
PROVIDES = 1 << 16
"""The URL ends as those do under which OpenID providers tell of themselves."""
PREFLIGHT = 1 << 17
"""It is a CORS preflight, or one was needed for it."""

_PROVIDED = (METADATA, *KEY_SETS)
_OF_LOGINS = (
    "response_type=", "SAMLRe", "service=", "ticket=", "id_token_hint=", "post_logout_redirect_uri=", "sess", "SESS",
)  # fmt: skip
_BY_NAME = (
    ("content-type", SENDS),
    ("authorization", AUTHORIZED),
    ("referer", REFERRED),
    ("cookie", COOKIES),
)


def signs_of(x: Subject) -> int:
    """The signs of an exchange whose verdicts are known."""
    signs = _asked(x.method, x.req.shape) | _answered(x.status, x.media_type)
    url, verdicts = x.request.url, x.verdicts
    if "=" in url:
        if "access_token=" in url:
            signs |= TOKEN
        if any(map(url.__contains__, _OF_LOGINS)):
            signs |= LOGIN
    if url.endswith(_PROVIDED):
        signs |= PROVIDES
    if "location" in x.res.first:
        signs |= LOCATED
    if verdicts.cookies:
        signs |= COOKIES
    if verdicts.set_cookies:
        signs |= SETS_COOKIES
    cors = verdicts.cors
    if cors is not None and cors.preflight is not None:
        signs |= PREFLIGHT
    if x.exchange.websocket is not None:
        signs |= UPGRADED
    return signs | TOKEN if x.memo(has_token) else signs


@lru_cache(maxsize=1024)
def _asked(method: str, shape: Shape) -> int:
    """What the method and the names of the request's fields tell."""
    signs = POSTED if method == "POST" else CHANGES if method in ("PUT", "PATCH", "DELETE") else 0
    for name, sign in _BY_NAME:
        if name in shape.received:
            signs |= sign
    return signs | ANY


@lru_cache(maxsize=1024)
def _answered(status: int, media_type: str) -> int:
    """What status and media type tell."""
    signs = DENIED if status in (401, 403) else UPGRADED if status == 101 else 0
    kind = kind_of(media_type)
    if kind == "json" or media_type.startswith("application/grpc"):
        return signs | DATA
    if kind == "script":
        return signs | SCRIPT
    return signs | STREAMED if media_type == "text/event-stream" else signs

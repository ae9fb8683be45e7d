"""A browser's own word on a request it refused: error names → the code of a blocking verdict."""

from __future__ import annotations

from functools import lru_cache

from inspector.browser import corp, framing, orb
from inspector.patterns import compile_late

UNTOLD = "other"
"""A field of the response forbade it, and the name does not say which (``Network.BlockedReason``'s own value)."""

REDIRECT_SCHEME = "redirect-scheme"
REDIRECT_INVALID = "redirect-invalid"
REDIRECT_AMBIGUOUS = "redirect-ambiguous"
TOO_MANY_REDIRECTS = "too-many-redirects"
LOCAL_NETWORK = "local-network-access"
BAD_PORT = "bad-port"
BY_CLIENT = "blocked-by-client"
BY_ADMINISTRATOR = "blocked-by-administrator"

_CODES = {
    "ERR_BLOCKED_BY_ORB": orb.CODE,
    "ERR_BLOCKED_BY_RESPONSE": UNTOLD,
    "ERR_BLOCKED_BY_RESPONSE.NotSameOrigin": corp.NOT_SAME_ORIGIN,
    "ERR_BLOCKED_BY_RESPONSE.NotSameSite": corp.NOT_SAME_SITE,
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep": corp.BY_COEP,
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByDip": corp.BY_DIP,
    "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoepAndDip": corp.BY_BOTH,
    "ERR_BLOCKED_BY_CSP": "csp",
    "ERR_BLOCKED_BY_CLIENT": BY_CLIENT,
    "ERR_BLOCKED_BY_ADMINISTRATOR": BY_ADMINISTRATOR,
    "ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": LOCAL_NETWORK,
    "ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS": LOCAL_NETWORK,
    "ERR_UNSAFE_REDIRECT": REDIRECT_SCHEME,
    "ERR_INVALID_REDIRECT": REDIRECT_INVALID,
    "ERR_TOO_MANY_REDIRECTS": TOO_MANY_REDIRECTS,
    "ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION": REDIRECT_AMBIGUOUS,
    "ERR_UNSAFE_PORT": BAD_PORT,
    # Firefox
    "NS_ERROR_DOM_CORP_FAILED": UNTOLD,
    "NS_ERROR_DOM_COEP_FAILED": corp.NEEDS_COEP,
    "NS_ERROR_XFO_VIOLATION": framing.XFO,
    "NS_ERROR_CSP_FRAME_ANCESTOR_VIOLATION": framing.ANCESTORS,
    "NS_ERROR_CONTENT_BLOCKED": UNTOLD,
    "NS_ERROR_REDIRECT_LOOP": TOO_MANY_REDIRECTS,
    "NS_ERROR_PORT_ACCESS_NOT_ALLOWED": BAD_PORT,
}

_NAME = compile_late(r"(?:NS_)?(?:ERR|ERROR)_[A-Z_]+(?:\.[A-Za-z]+)?")


@lru_cache(maxsize=512)
def code_of(code: str | None, message: str) -> str | None:
    """The blocking code an error stands for; ``None`` where it is no refusal (a failed connection, say).

    `code` is the recorder's code where it has one, `message` its own words.
    """
    for text in (message, code or ""):
        found = _NAME.search(text)
        if found is not None:
            name = found[0]
            return _CODES.get(name) or _CODES.get(name.partition(".")[0])
    return None

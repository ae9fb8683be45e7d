"""Redirects a browser does not follow (Fetch, "HTTP-redirect fetch" and "location URL")."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from inspector import url as urls
from inspector.browser.redirects import location_url
from inspector.browser.refused import REDIRECT_AMBIGUOUS, REDIRECT_INVALID, REDIRECT_SCHEME
from inspector.patterns import compile_late

# Schemes no navigation is redirected to either; others are handed to the application that knows them.
_NEVER = frozenset({"about", "blob", "chrome", "data", "file", "filesystem", "javascript", "view-source"})
_NO_HOST = compile_late(r"(?:https?:)?//[/\\]*(?:[?#]|$)", re.IGNORECASE)
_PORT = compile_late(r"(?:https?:)?//[^/?#\\]*:([0-9]+)(?:[/?#\\]|$)", re.IGNORECASE)


class Refusal(NamedTuple):
    """Why a redirect is not followed: the code, and the scheme it leads to."""

    code: str
    scheme: str


@lru_cache(maxsize=1024)
def refusal(base: str, locations: tuple[str, ...], navigation: bool | None) -> Refusal | None:
    """Whether a redirect answered at `base` is refused for what its ``Location`` lines say.

    `navigation` is whether the request was one (``None``: unknown). Chromium and others differ from the standard in
    refusing several different ``Location`` lines.
    """
    if len(set(locations)) > 1:
        return Refusal(REDIRECT_AMBIGUOUS, "")
    location = locations[0].strip()
    if not location:
        return None
    port = _PORT.match(location)
    if _NO_HOST.match(location) or (port is not None and int(port[1]) > 65535):
        return Refusal(REDIRECT_INVALID, "")
    scheme = urls.parse(location_url(base, location)).scheme
    if scheme in ("http", "https", ""):
        return None
    if navigation is False or scheme in _NEVER:
        return Refusal(REDIRECT_SCHEME, scheme)
    return None

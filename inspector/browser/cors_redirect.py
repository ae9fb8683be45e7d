"""Redirects of requests made with CORS, hop by hop (Fetch, "HTTP-redirect fetch")."""

from __future__ import annotations

from functools import lru_cache

from inspector import url as urls
from inspector.browser.cors_check import Failure

REDIRECTS = frozenset({301, 302, 303, 307, 308})


@lru_cache(maxsize=1024)
def check_location(url: str, location: str, origin: str) -> Failure | None:
    """Whether a request of `origin` may follow the redirect from `url` to `location` (steps 7 to 10).

    A user name or password in the target is refused wherever origins are crossed: at this hop or at the next.
    """
    if "@" not in location:
        return None
    here, there = urls.parse(url), urls.parse(urls.join(url, location))
    if not there.userinfo or there.scheme not in ("http", "https"):
        return None
    if origin == here.origin == there.origin:
        return None
    return Failure("RedirectContainsCredentials")

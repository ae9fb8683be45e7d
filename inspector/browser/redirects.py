"""How a redirect is followed: Fetch, "HTTP-redirect fetch" and "location URL"."""

from __future__ import annotations

from functools import lru_cache

from inspector import url as urls

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The redirect statuses (Fetch, "redirect status"): those a client follows by itself."""

MOST_REDIRECTS = 20
"""After so many a browser gives up with a network error (Fetch, HTTP-redirect fetch, step 7)."""


@lru_cache(maxsize=2048)
def location_url(base: str, location: str) -> str:
    """``Location`` resolved against the request's URL; the URL's fragment is kept where `location` has none."""
    found = urls.join(base, location)
    fragment = urls.parse(base).fragment
    return f"{found}#{fragment}" if fragment and "#" not in found else found


def redirected_method(status: int, method: str) -> str:
    """The method a redirect is followed with.

    301 and 302 turn POST into GET and leave other methods alone; 303 turns everything but GET and HEAD into GET;
    307 and 308 keep the method. Where the method changes, the content is dropped.
    """
    if status in (301, 302) and method == "POST":
        return "GET"
    if status == 303 and method not in ("GET", "HEAD"):
        return "GET"
    return method

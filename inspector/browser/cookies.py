"""What a cookie is once it is kept, and the matching that decides where it goes (RFC 6265bis, sections 5.1 and 5.8)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.fields.set_cookie import SameSite
from inspector.site import registrable_domain
from inspector.url import Url, ip_address, is_loopback

LAX_ALLOW_UNSAFE_AGE = 120.0
"""Seconds for which Chromium sends a cookie without ``SameSite`` with a cross-site top-level POST ("Lax+POST")."""
MOST_LIFETIME = 400 * 86400.0
"""Seconds: the cap of RFC 6265bis, section 5.5."""


class JarCookie(Struct, frozen=True):
    """A cookie as kept. `value` is its secret and never leaves the jar.

    `expires` and `created` are seconds since 1970; `expires` is ``None`` for a session cookie. `partition` is the
    top-level site it is kept under, ``None`` for an unpartitioned cookie and ``""`` where that site is not known.
    `available` is when the response that set it had arrived.
    """

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool
    same_site: SameSite | None
    expires: float | None
    partition: str | None
    created: float | None
    available: float | None
    set_by: int
    doubt: str | None = None
    """Why it is not certain that it was stored at all: "blocked if …"."""

    @property
    def key(self) -> tuple[str, str, bool, str, str | None]:
        """What makes two cookies one: the later replaces the earlier (section 5.7, step 23)."""
        return self.name, self.domain, self.host_only, self.path, self.partition


@lru_cache(maxsize=4096)
def jar_site(host: str) -> str:
    """Under what a jar files a host's cookies: its registrable domain, or the host where it has none.

    A name with a dot at its end is another site's than the same name without, as Chromium has it.
    """
    site = registrable_domain(host)
    return host if site is None else f"{site}." if host.endswith(".") else site


def site_of(url: Url) -> str:
    """A URL's schemeful site, serialised (HTML, "obtain a site"); ``""`` for an opaque origin."""
    if url.origin == "null":
        return ""
    scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
    return f"{scheme}://{jar_site(url.host)}"


def trustworthy(url: Url) -> bool:
    """Whether ``Secure`` cookies go here: TLS, or loopback, which Chromium treats as potentially trustworthy."""
    return url.scheme in ("https", "wss") or is_loopback(url.host)


def domain_matches(host: str, cookie: JarCookie) -> bool:
    """Whether a host gets a cookie: the host itself, and names under it for a domain cookie (section 5.1.3)."""
    if host == cookie.domain:
        return True
    return not cookie.host_only and host.endswith("." + cookie.domain) and ip_address(host) is None


def path_matches(path: str, cookie_path: str) -> bool:
    """Whether a request path lies under a cookie's path (section 5.1.4); case matters, the query plays no part."""
    path = path or "/"
    return path.startswith(cookie_path) and (
        cookie_path.endswith("/") or len(path) == len(cookie_path) or path[len(cookie_path)] == "/"
    )


def default_path(path: str) -> str:
    """The path of a cookie that names none: the URL's directory (section 5.1.4)."""
    cut = path.rfind("/")
    return path[:cut] if cut > 0 and path.startswith("/") else "/"

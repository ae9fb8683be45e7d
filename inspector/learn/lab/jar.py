"""The visitor's cookie jar: as much of RFC 6265bis as a browser needs on the lab's pages."""

from __future__ import annotations

from msgspec import Struct

from inspector import site
from inspector.url import Url


class Cookie(Struct, frozen=True):
    """A stored cookie. `partition` is the site whose pages it is kept for (CHIPS), ``None`` for all."""

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    same_site: str
    partition: str | None


class Jar:
    """Stores cookies and says which ones go where. One visit's worth: expiry means deletion, not waiting."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str, str | None], Cookie] = {}

    def store(self, line: str, url: Url, *, same_site: bool, top_site: str) -> bool:
        """Take in one ``Set-Cookie`` line (section 5.7) received from `url`; whether it was accepted.

        `same_site` is false where the response is in a third-party place, `top_site` names the page's site.
        """
        name, value, found = _taken_apart(line)
        if not name:
            return False
        secure, same = "secure" in found, found.get("samesite", "").lower()
        domain = found.get("domain", "").lower().removeprefix(".")
        asked = found.get("path", "")
        path = asked if asked.startswith("/") else _default_path(url.path)
        trustworthy = url.secure or url.loopback
        if (
            (secure and not trustworthy)
            or (domain and not _domain_matches(url.host, domain))
            or (same == "none" and not secure)
            or (same != "none" and not same_site)
            or (name.startswith("__Host-") and not (secure and not domain and asked == "/"))
            or (name.startswith("__Secure-") and not secure)
        ):
            return False
        partition = top_site if "partitioned" in found and secure else None
        cookie = Cookie(name, value, domain or url.host, not domain, path, secure, same or "unset", partition)
        key = (cookie.name, cookie.domain, cookie.path, partition)
        self._cookies.pop(key, None)
        if not _expired(found.get("max-age", "")):
            self._cookies[key] = cookie
        return True

    def field(self, url: Url, *, same_site: bool, lax_allowed: bool, top_site: str, posted: bool = False) -> str | None:
        """The ``Cookie`` field value for a request (section 5.8.3), ``None`` if there is nothing to send.

        `lax_allowed` is true for a top-level navigation with a safe method, the one third-party place where
        ``SameSite=Lax`` cookies are sent. `posted` is true for a top-level navigation with any other method: Chromium
        sends cookies without ``SameSite`` there too in their first two minutes, which outlast a visit.
        """
        chosen = [
            cookie
            for cookie in self._cookies.values()
            if (url.host == cookie.domain if cookie.host_only else _domain_matches(url.host, cookie.domain))
            and _path_matches(url.path or "/", cookie.path)
            and (not cookie.secure or url.secure or url.loopback)
            and (
                same_site
                or cookie.same_site == "none"
                or (lax_allowed and cookie.same_site in ("lax", "unset"))
                or (posted and cookie.same_site == "unset")
            )
            and cookie.partition in (None, top_site)
        ]
        chosen.sort(key=lambda cookie: -len(cookie.path))  # longer paths first; the sort keeps age order
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in chosen) or None


def site_of(url: Url) -> str:
    """The site of a URL: scheme and registrable domain, or the host where there is none (HTML)."""
    return f"{url.scheme}://{site.registrable_domain(url.host) or url.host}"


def _taken_apart(line: str) -> tuple[str, str, dict[str, str]]:
    """Name, value and attributes (lower-case names, the last of a kind wins; section 5.6)."""
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    found = {}
    for attribute in attributes:
        key, _, given = attribute.partition("=")
        found[key.strip().lower()] = given.strip()
    return name.strip(), value.strip(), found


def _expired(max_age: str) -> bool:
    return max_age.lstrip("-").isdigit() and int(max_age) <= 0


def _domain_matches(host: str, domain: str) -> bool:
    if site.is_public_suffix(domain) and host != domain:
        return False
    return host == domain or host.endswith("." + domain)


def _path_matches(path: str, cookie_path: str) -> bool:
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")


def _default_path(path: str) -> str:
    return path.rpartition("/")[0] or "/"

"""URLs and origins, parsed once per distinct string (RFC 3986; origin as in HTML and RFC 6454)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import unquote_plus, urljoin, urlsplit

from msgspec import Struct

from inspector.patterns import compile_late

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


class Url(Struct, frozen=True):
    """A URL taken apart. `host` is lower case, without brackets; `port` is the effective one or ``None``.

    `origin` is the serialised origin (``https://shop.test``, default port left out) or ``"null"`` for opaque ones.
    """

    text: str
    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str
    userinfo: str
    origin: str

    @property
    def secure(self) -> bool:
        """Whether the scheme is one that runs over TLS."""
        return self.scheme in ("https", "wss")

    @property
    def loopback(self) -> bool:
        """Whether the host names this machine, so that browsers treat the origin as potentially trustworthy."""
        return is_loopback(self.host)


# Nearly every URL: a host name in lower case, no port, no user, and nothing that a parser would have to remove.
_PLAIN = compile_late(r"(https?)://([a-z0-9][a-z0-9.-]*)(/[!\"$->@-~]*)?(?:\?([!\"$-~]*))?(?:#([!-~]*))?")


@lru_cache(maxsize=4096)
def parse(text: str) -> Url:
    """Take a URL apart. Never raises: what cannot be read becomes empty parts and an opaque origin."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        scheme, host, path, query, fragment = plain.groups("")
        origin = f"{scheme}://{host}"
        return Url(text, scheme, host, DEFAULT_PORTS[scheme], path, query, fragment, "", origin)
    try:
        parts = urlsplit(text)
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    except ValueError:
        return Url(text, text.partition(":")[0].lower(), "", None, "", "", "", "", "null")
    try:
        port = parts.port
    except ValueError:
        port = None
    effective = port if port is not None else DEFAULT_PORTS.get(scheme)
    userinfo = parts.netloc.rpartition("@")[0]
    origin = serialize_origin(scheme, host, effective) if scheme in DEFAULT_PORTS and host else "null"
    return Url(text, scheme, host, effective, parts.path, parts.query, parts.fragment, userinfo, origin)


def serialize_origin(scheme: str, host: str, port: int | None) -> str:
    """``scheme://host[:port]``, the port left out where it is the scheme's default (HTML, "ASCII serialisation").

    A WebSocket's origin is compared as the page's http(s) origin, so ``ws`` and ``wss`` are kept as they are.
    """
    shown = f"[{host}]" if ":" in host else host
    if port is None or DEFAULT_PORTS.get(scheme) == port:
        return f"{scheme}://{shown}"
    return f"{scheme}://{shown}:{port}"


_PARAMETER_NAME = compile_late(r"[?&;#]([^=&;#?]{1,80})=")


def parameter_names(url: str) -> list[str]:
    """The names of the parameters in a URL's query and fragment, decoded and in lower case."""
    names: list[str] = _PARAMETER_NAME.findall(url.lower())
    if "%" in url or "+" in url:
        return [unquote_plus(name).lower() if "%" in name or "+" in name else name for name in names]
    return names


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host is loopback (127.0.0.0/8, ::1, localhost and names under it; Secure Contexts, section 3.1)."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address a host literally is, or ``None`` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def join(base: str, reference: str) -> str:
    """Resolve a reference (a ``Location``, say) against a base URL; the reference itself where that fails."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference

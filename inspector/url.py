"""URLs and origins, parsed once per distinct string (RFC 3986; origin as in HTML and RFC 6454)."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import quote, unquote_plus, urlsplit

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
    """Resolve a reference (a ``Location``, say) against a base URL; the reference itself where that fails.

    The result is written as browsers write URLs (see `resolve`), so that it is the address they go on to ask for.
    """
    try:
        return resolve(base, reference)
    except ValueError:
        return reference


# A URL that is written as browsers write it already, as far as `resolve` would change anything.
_WRITTEN = compile_late(
    r"(?:https?|wss?)://[a-z0-9][a-z0-9.-]*/(?!(?:[^?#]*/)?(?:\.|%2[Ee]))[!$-;=@-Z\[\]_a-z~]*(?:\?[!$-&(-;=?-Z\[-~]*)?"
)
_BREAKS = str.maketrans("", "", "\t\n\r")
_AROUND = "".join(map(chr, range(0x21)))
_SCHEME = compile_late(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_NEVER_IN_HOST = compile_late(r"[\x00-\x20%<>@\\^|]")
_DOT = compile_late(r"\.|%2e", re.IGNORECASE)
_DOUBLE_DOT = compile_late(r"(?:\.|%2e){2}", re.IGNORECASE)
# What stays as it is: everything printable but what the standard's percent-encode sets name, and `|` in a path, which
# Chromium encodes too.
_PATH = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#<>?^`{|}')
_QUERY = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in "\"#<>'")
_FRAGMENT = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"<>`')


@lru_cache(maxsize=4096)
def resolve(base: str, reference: str) -> str:
    """A reference as the absolute URL a browser makes of it (URL Standard, "basic URL parser" and "URL serialising").

    Host in lower case and Punycode, no default port, a path, no dot segments, and what may not stand in a URL percent
    encoded: ``https://Shop.test`` is ``https://shop.test/``. Raises `ValueError` for what is no URL.
    """
    found = _absolute(base, reference.strip(_AROUND).translate(_BREAKS))
    if _WRITTEN.fullmatch(found) is not None:
        return found
    parts = urlsplit(found)
    if parts.scheme not in DEFAULT_PORTS:
        return found
    host = parts.hostname or ""
    if not host or _NEVER_IN_HOST.search(host):
        raise ValueError("no host")
    if not host.isascii():
        import idna  # heavy, and few hosts need it

        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError("no host") from error
    user = parts.netloc.rpartition("@")[0]
    origin = serialize_origin(parts.scheme, host, parts.port)
    if user:
        origin = origin.replace("://", f"://{user}@", 1)
    head, hash_sign, _ = found.partition("#")
    query = f"?{quote(parts.query, _QUERY)}" if "?" in head else ""
    fragment = f"#{quote(parts.fragment, _FRAGMENT)}" if hash_sign else ""
    return origin + quote(_without_dots(parts.path), _PATH) + query + fragment


def _absolute(base: str, reference: str) -> str:
    """A reference put to a base, with its dot segments and whatever else is not as it will be written."""
    scheme = _SCHEME.match(reference)
    of_base = base.partition(":")[0].lower()
    if scheme is not None:
        name, rest = scheme[1].lower(), reference[scheme.end() :]
        if name not in DEFAULT_PORTS:
            return reference
        rest = _forward(rest)
        if name != of_base or rest.startswith("//"):
            return f"{name}://{rest.lstrip('/')}"
        reference = rest  # `https:page` is `page`
    if of_base not in DEFAULT_PORTS:
        raise ValueError("nothing to resolve against")
    reference = _forward(reference)
    if reference.startswith("//"):
        return f"{of_base}://{reference.lstrip('/')}"
    document = base.partition("#")[0]
    if not reference or reference.startswith("#"):
        return document + reference
    page = document.partition("?")[0]
    begin = page.find("/", len(of_base) + 3)
    if begin < 0:
        page, begin = page + "/", len(page)
    if reference.startswith("?"):
        return page + reference
    return page[:begin] + reference if reference.startswith("/") else page[: page.rindex("/") + 1] + reference


def _forward(reference: str) -> str:
    """Backslashes before a query or fragment, which browsers take for slashes, turned round."""
    if "\\" not in reference:
        return reference
    end = min((at for at in map(reference.find, "?#") if at >= 0), default=len(reference))
    return reference[:end].replace("\\", "/") + reference[end:]


def _without_dots(path: str) -> str:
    if not path or path == "/":
        return "/"
    if "." not in path and "%2" not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if _DOUBLE_DOT.fullmatch(segment):
            del kept[-1:]
        elif not _DOT.fullmatch(segment):
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)

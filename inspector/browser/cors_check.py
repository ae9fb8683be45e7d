"""The CORS check: may the page read this response (Fetch, "CORS check"), told in Chromium's order and codes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from inspector.patterns import compile_late
from inspector.url import ip_address


class Failure(NamedTuple):
    """A ``Network.CorsError`` value, and what DevTools names beside it (``failedParameter``)."""

    code: str
    parameter: str = ""


@lru_cache(maxsize=4096)
def check(allow_origin: str | None, allow_credentials: str | None, origin: str, include: bool) -> Failure | None:
    """The CORS check (Fetch, section 4.10). ``None`` where it passes.

    `allow_origin` and `allow_credentials` are the combined values of the response's fields, ``None`` where absent;
    `origin` is the serialised origin of the request (``"null"`` for an opaque one); `include` is whether the
    credentials mode is ``include``.
    """
    if allow_origin == "*":
        return Failure("WildcardOriginNotAllowed") if include else None
    if allow_origin is None:
        return Failure("MissingAllowOriginHeader")
    if allow_origin != origin:
        # One comparison decides; the rest tells what kind of mismatch it is, in the order Chromium looks.
        if " " in allow_origin or "," in allow_origin:
            return Failure("MultipleAllowOriginValues", allow_origin)
        if allow_origin != "null" and not is_url(allow_origin):
            return Failure("InvalidAllowOriginValue", allow_origin)
        return Failure("AllowOriginMismatch", allow_origin)
    if include and allow_credentials != "true":
        return Failure("InvalidAllowCredentials", allow_credentials or "")
    return None


_SCHEME = compile_late(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp"})
_FORBIDDEN_HOST = compile_late(r"[\x00-\x1f#/<>?@\[\\\]^|%\x7f]")
_FORBIDDEN_OPAQUE_HOST = compile_late(r"[\x00\t\n\r #/<>?@\[\\\]^|]")
_HEXADECIMAL, _OCTAL, _DECIMAL = (compile_late(f"[{digits}]*") for digits in ("0-9A-Fa-f", "0-7", "0-9"))
_PERCENT = compile_late(r"%([0-9A-Fa-f]{2})")


def is_url(text: str) -> bool:
    """Whether a text parses as an absolute URL (URL standard, "basic URL parser"), as far as origins need it."""
    found = _SCHEME.fullmatch(text)
    if found is None:
        return False
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        return True
    if scheme == "filesystem":
        return is_url(rest)
    if scheme in _SPECIAL:
        rest = rest.lstrip("/\\")
    elif rest.startswith("//"):
        rest = rest[2:]
    else:
        return True
    authority = re.split(r"[/?#\\]" if scheme in _SPECIAL else r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        address, bracket, port = authority[1:].partition("]")
        return (
            bool(bracket)
            and ":" in address
            and "%" not in address
            and ip_address(address) is not None
            and _is_port(port.removeprefix(":"))
        )
    host, _, port = authority.partition(":")
    if not _is_port(port):
        return False
    if scheme in _SPECIAL:
        return bool(host) and _is_host(host)
    return _FORBIDDEN_OPAQUE_HOST.search(host) is None


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and int(text) <= 65535)


def _is_host(host: str) -> bool:
    decoded = _PERCENT.sub(lambda m: chr(int(m[1], 16)), host)
    if " " in host or _FORBIDDEN_HOST.search(unicodedata.normalize("NFKC", decoded)):
        return False
    last = decoded.removesuffix(".").rpartition(".")[2]
    if last.isascii() and (last.isdigit() or _number(last) is not None):
        return _is_ipv4(decoded.removesuffix("."))
    return True


def _is_ipv4(text: str) -> bool:
    """Whether a host whose last label is a number is an address (URL standard, "IPv4 parser"): else it is no host."""
    numbers = [_number(part) for part in text.split(".")]
    known = [number for number in numbers if number is not None]
    if len(numbers) > 4 or len(known) < len(numbers):
        return False
    return all(number < 256 for number in known[:-1]) and known[-1] < 256 ** (5 - len(known))


def _number(text: str) -> int | None:
    for prefix, base, digits in (("0x", 16, _HEXADECIMAL), ("0", 8, _OCTAL), ("", 10, _DECIMAL)):
        if text.lower().startswith(prefix):
            rest = text[len(prefix) :]
            return (int(rest, base) if rest else 0) if digits.fullmatch(rest) and text else None
    return None

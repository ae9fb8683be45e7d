"""JSON Web Tokens wherever an exchange carries them, decoded without being verified (RFC 7519).

A recording has no keys, so what a token says is its claim, not a fact. Decoding is PyJWT's; it is imported when the
first token is met, since it brings `cryptography`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Struct

from inspector.patterns import compile_late
from inspector.report import Where

if TYPE_CHECKING:
    from inspector.exchange import Shape
    from inspector.subject import Subject

_TOKEN = compile_late(r"(?<![\w-])eyJ[\w-]{8,}\.(?:[\w-]*\.){1,3}[\w-]*")
_MOST = 8
"""Tokens of one exchange that are looked at."""
_LONGEST = 16_384
_CONTENT = 200_000
"""Octets of content in which tokens are looked for."""
_NAMED = compile_late(r"[\"']?([\w.-]{1,60})[\"']?\s*[:=]\s*[\"']?$")
_CREDENTIALS = ("authorization", "proxy-authorization", "x-amzn-oidc-data", "x-goog-iap-jwt-assertion")
_SENT = frozenset({"cookie", *_CREDENTIALS})
_ANSWERED = frozenset({"set-cookie", "location", "authorization"})


class Token(Struct, frozen=True, gc=False):
    """One decoded token. `claims` is ``None`` where they are encrypted (RFC 7516)."""

    raw: str
    header: dict[str, Any]
    claims: dict[str, Any] | None
    signed: bool
    """Whether there is a signature at all."""

    @property
    def algorithm(self) -> str:
        """The ``alg`` of its header as written; ``""`` without one."""
        alg = self.header.get("alg")
        return alg if isinstance(alg, str) else ""

    @property
    def asymmetric(self) -> bool:
        """Whether it is signed by an algorithm whose keys are public."""
        return self.signed and self.algorithm.startswith(("RS", "PS", "ES", "Ed"))

    def time(self, claim: str) -> float | None:
        """A NumericDate claim in seconds since 1970; ``None`` where it is missing or none."""
        value = (self.claims or {}).get(claim)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class Carried(Struct, frozen=True, gc=False):
    """A token and where in the exchange it is: a field, a cookie, a parameter, content."""

    token: Token
    where: Where
    name: str
    """Field, cookie or parameter name; in content the name before it, or ``""``."""
    sent: bool
    """In the request rather than in the response."""

    @property
    def place(self) -> str:
        """Where it is, in words."""
        name = f"`{self.name}`"
        return {
            "request.field": f"the request field {name}",
            "response.field": f"the response field {name}",
            "url": f"the URL's parameter {name}" if self.name else "the URL",
            "request.body": f"the request's content ({name})" if self.name else "the request's content",
            "response.body": f"the response's content ({name})" if self.name else "the response's content",
        }[self.where]


@lru_cache(maxsize=256)
def decode(raw: str) -> Token | None:
    """Decode one token; ``None`` where it is none. Its signature is not checked."""
    import jwt

    if len(raw) > _LONGEST:
        return None
    parts = raw.count(".")
    try:
        if parts == 4:
            return Token(raw, jwt.get_unverified_header(f"{raw.partition('.')[0]}.."), None, True)
        decoded = jwt.decode_complete(raw, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    header, claims = decoded["header"], decoded["payload"]
    if not isinstance(header, dict) or "alg" not in header:
        return None
    return Token(raw, header, claims, bool(decoded["signature"]))


def has_token(x: Subject) -> bool:
    """Whether something in the exchange looks like a token. Cheap: it decides whether rules on tokens are asked."""
    if "eyJ" in x.request.url:
        return True
    for name in _carriers(x.req.shape, True):
        if "eyJ" in x.req.by_name[name]:
            return True
    for name in _carriers(x.res.shape, False):
        if "eyJ" in x.res.by_name[name]:
            return True
    return x.recorded_kind == "json" and _in_content(x)


@lru_cache(maxsize=4096)
def _carriers(shape: Shape, sent: bool) -> tuple[str, ...]:
    """The fields of a message in which tokens are looked for."""
    wanted = _SENT if sent else _ANSWERED
    return tuple(wanted.intersection(shape.received))


def _in_content(x: Subject) -> bool:
    if x.recorded_kind == "json":
        source = x.response.body.source if x.response is not None else None
        if source is not None:
            head = source[:_CONTENT] if isinstance(source, str | bytes) else bytes(memoryview(source)[:_CONTENT])
            return ("eyJ" in head) if isinstance(head, str) else (b"eyJ" in head)
    return False


def tokens_of(x: Subject) -> tuple[Carried, ...]:
    """The tokens an exchange carries, each once for each place, at most eight."""
    found: dict[tuple[str, str, str], Carried] = {}

    def look(text: str, where: Where, name: str | None, sent: bool) -> None:
        for match in _TOKEN.finditer(text):
            if len(found) >= _MOST:
                return
            token = decode(match[0])
            if token is None:
                continue
            called = name
            if called is None:
                named = _NAMED.search(text, max(match.start() - 80, 0), match.start())
                called = named[1] if named else ""
            found.setdefault((match[0], where, called), Carried(token, where, called, sent))

    url = x.request.url
    if "eyJ" in url:
        for pair in re.split(r"[?&#;]", url)[1:]:
            name, _, value = pair.partition("=")
            look(unquote(value or name), "url", name if value else "", True)
        look(url.partition("?")[0].partition("#")[0], "url", "", True)
    for line in x.req:
        if "eyJ" in line.value and line.name.lower() in ("cookie", *_CREDENTIALS):
            if line.name.lower() == "cookie":
                for pair in line.value.split(";"):
                    name, _, value = pair.partition("=")
                    look(value, "request.field", f"Cookie: {name.strip()}", True)
            else:
                look(line.value, "request.field", line.name, True)
    for line in x.res:
        if "eyJ" in line.value:
            lower = line.name.lower()
            if lower == "set-cookie":
                name, _, value = line.value.partition(";")[0].partition("=")
                look(value, "response.field", f"Set-Cookie: {name.strip()}", False)
            elif lower in ("location", "authorization"):
                look(unquote(line.value), "response.field", line.name, False)
    if x.response is not None and _in_content(x):
        look((x.response.body.text or "")[:_CONTENT], "response.body", None, False)
    return tuple(found.values())

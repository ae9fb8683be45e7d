"""Where in one exchange a token is: which token, how it goes, and in which direction.

JSON Web Tokens are recognised by themselves, wherever they stand. A token that says nothing by itself (an opaque one)
is recognised by where it stands: in `Authorization` behind a scheme for tokens, in the URL's parameter `access_token`,
and in the JSON of an answer under a name that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Raw, Struct

from inspector.content.tokens import Carried, Token, decode, has_token, tokens_of
from inspector.patterns import compile_late
from inspector.rules.jwt_words import kind
from inspector.rules.status_words import target
from inspector.stories.oauth_grants import LARGEST, answered

if TYPE_CHECKING:
    from inspector.subject import Subject

How = Literal["authorization", "field", "cookie", "url", "fragment", "content"]

_SCHEMES = frozenset({"bearer", "token", "dpop", "jwt"})
_NAMED = compile_late(r"(?:(access|id|refresh|auth|session|bearer)[_-]?)?token|jwt", re.IGNORECASE)
_REFRESH = compile_late(r"refresh(?:[_-]?token)?", re.IGNORECASE)
_KINDS = {"access": "access token", "id": "ID token", "refresh": "refresh token"}
_ANSWERS = ("token", "auth", "login", "session", "signin", "sign-in")
"""What the path of an answer to a GET has where tokens are handed out so."""
SHORTEST = 12
"""Characters of the shortest value that is taken for a token without being one by its form."""


class Sighting(Struct, frozen=True, gc=False):
    """A token in one place of an exchange. `name` is the field's, cookie's, parameter's or member's."""

    raw: str
    kind: str
    """``access token``, ``ID token``, ``refresh token`` … or ``token`` where neither name nor claims tell."""
    how: How
    name: str
    sent: bool
    """In the request, and sent to the server: what stands behind ``#`` in a URL is not."""
    token: Token | None = None
    lasts: float | None = None
    """Seconds for which its issuer says it counts (``expires_in``)."""


def sightings(x: Subject) -> list[Sighting]:
    """The tokens of an exchange, in the order answer, request. Most exchanges cost a few look-ups."""
    asked, answer = x.req.first, x.res.first
    found: list[Sighting] = []
    if x.recorded_kind == "json" and (x.method == "POST" or any(part in x.url.path for part in _ANSWERS)):
        found += _in_answer(x)
    if x.memo(has_token):
        known = {one.raw for one in found}
        found += [_of(x, carried) for carried in x.memo(tokens_of) if carried.sent or carried.token.raw not in known]
    if "location" in answer and "access_token=" in answer["location"]:
        found += _in_address(target(x) or "", arriving=False)
    url = x.request.url
    if "access_token=" in url:
        found += _in_address(url, arriving=True)
    if "authorization" in asked:
        scheme, _, value = asked["authorization"].partition(" ")
        value = value.strip()
        if scheme.lower() in _SCHEMES and len(value) >= SHORTEST and not value.startswith("eyJ"):
            found.append(Sighting(value, "token", "authorization", "Authorization", sent=True))
    return found


def _of(x: Subject, carried: Carried) -> Sighting:
    name, raw = carried.name, carried.token.raw
    how: How = "field"
    if carried.where == "url":
        how = "fragment" if raw in x.url.fragment else "url"
    elif carried.where.endswith("body"):
        how = "content"
    elif name.lower() == "authorization":
        how = "authorization"
    elif name.startswith(("Cookie: ", "Set-Cookie: ")):
        how, name = "cookie", name.partition(": ")[2]
    elif name.lower() == "location":
        how = "fragment" if raw in (target(x) or "").partition("#")[2] else "url"
        name = ""
    return Sighting(raw, kind(carried), how, name, carried.sent and how != "fragment", carried.token)


def _in_address(address: str, *, arriving: bool) -> Iterator[Sighting]:
    """Opaque access tokens in an address's query and fragment."""
    before, _, fragment = address.partition("#")
    for text, how in ((before.partition("?")[2], "url"), (fragment, "fragment")):
        if "access_token=" not in text:
            continue
        try:
            pairs = dict(parse_qsl(text, max_num_fields=100))
        except ValueError:
            continue
        value = pairs.get("access_token", "")
        if len(value) >= SHORTEST and not value.startswith("eyJ"):
            place: How = "url" if how == "url" else "fragment"
            sent = arriving and place == "url"
            yield Sighting(value, "access token", place, "access_token", sent, None, _seconds(pairs.get("expires_in")))


def _in_answer(x: Subject) -> Iterator[Sighting]:
    """Tokens under names that say so, in the object an answer is, or in an object within it."""
    source = x.response.body.source if x.response is not None else None
    if source is None or not _speaks_of_tokens(source):
        return
    content = x.memo(answered)
    if content is None:
        return
    parts = _objects(content)
    data = content.get("data")
    within = _objects(data) if isinstance(data, dict) else []  # GraphQL names the field that was asked for
    for level in (content, *parts, *within):
        yield from _members(level)


def _objects(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in list(content.values())[:20] if isinstance(part, dict)]


def _members(content: dict[str, Any]) -> Iterator[Sighting]:
    for name, value in list(content.items())[:100]:
        if not isinstance(value, str) or len(value) < SHORTEST or " " in value:
            continue
        named = _NAMED.fullmatch(name)
        if named is None:
            continue
        token = decode(value) if value.startswith("eyJ") else None
        what = _KINDS.get((named[1] or "").lower(), "token")
        lasts = _seconds(content.get("expires_in")) if what == "access token" else None
        if token is not None and what == "token":
            what = kind(Carried(token, "response.body", name, False))
        yield Sighting(value, what, "content", name, False, token, lasts)


def brought_back(x: Subject, form: Mapping[str, str]) -> str:
    """The refresh token that a request brings for a new access token, by OAuth's form or as JSON; ``""`` if none."""
    if form:
        return form.get("refresh_token", "") if form.get("grant_type") == "refresh_token" else ""
    body = x.request.body
    if body.source is None or (body.size or 0) > LARGEST or "json" not in (x.req.get("content-type") or ""):
        return ""
    text = body.text or ""
    if "efresh" not in text:
        return ""
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    members = content.items() if isinstance(content, dict) else ()
    values = [value for name, value in members if _REFRESH.fullmatch(name) and isinstance(value, str)]
    return values[0] if values and len(values[0]) >= SHORTEST else ""


def _speaks_of_tokens(source: Raw | bytes | str) -> bool:
    if isinstance(source, str):
        text = source[:LARGEST]
        return "oken" in text or "jwt" in text
    head = bytes(memoryview(source)[:LARGEST])
    return b"oken" in head or b"jwt" in head


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdigit() and len(value) < 12:
        value = int(value)
    return float(value) if isinstance(value, int | float) and 0 < value < 1e10 else None

"""One call of an API, as few facts of it as the story of the conversation needs: which API and resource, what dialect.

A call is an exchange whose content is data in either direction, or whose method changes something. Which calls are of
one API is told by origin and the beginning of the path, up to a version or the word `api`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from inspector.browser.redirects import location_url
from inspector.content.kinds import kind_of
from inspector.fields.media_type import essence_of
from inspector.patterns import compile_late
from inspector.stories.api_pages import links_of

if TYPE_CHECKING:
    from inspector.exchange import Body
    from inspector.subject import Subject

Dialect = Literal["rest", "graphql", "grpc-web", "json-rpc", "jsonp"]

READ = 262_144
"""Octets of a content that are decoded to tell a dialect and its errors."""
_CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
_NEVER = frozenset({"OPTIONS", "CONNECT", "HEAD", "TRACE"})
_BASE = compile_late(
    r"^(?:/[\w.-]{1,40}){0,2}?/(?:v\d{1,3}(?:\.\d+)?|api(?:/v\d{1,3}(?:\.\d+)?)?|rest|graphql)(?=/|$)",
    re.ASCII | re.IGNORECASE,
)
_IDENTIFIER = compile_late(
    r"\d+|[0-9a-f]{8}-[0-9a-f-]{20,}|[0-9a-f]{16,}|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{12,}|[A-Z]{2,}-?\d+", re.ASCII
)
_CALLBACK = compile_late(r"[?&](?:callback|jsonp|cb)=([\w$.]{1,80})", re.ASCII)


class Call(Struct, gc=False):
    """One call. Times are seconds since 1970; texts are masked; `error` is an error told inside a success."""

    index: int
    method: str
    url: str
    path: str
    template: str
    status: int
    started: float | None
    ended: float | None
    dialect: Dialect = "rest"
    operation: str | None = None
    error: bool = False
    location: str | None = None
    conditional: str | None = None
    etag: str | None = None
    size: int | None = None
    paged: bool = False
    """Whether the answer links to other pages of its collection (RFC 8288)."""
    next_page: str | None = None
    """The absolute address it names as the next page, as sent."""
    remaining: int | None = None
    content: int | None = None
    """A number that stands for what was posted; ``None`` where nothing was, or it was not looked at."""
    page: str | None = None
    """The recorder's page it was made for."""


class _GraphQLRequest(Struct):
    query: str | None = None
    operationName: str | None = None


class _RpcRequest(Struct):
    jsonrpc: str | None = None
    method: str | None = None


class _Answer(Struct):
    """What GraphQL (`errors`) and JSON-RPC (`error`) answers have."""

    errors: list[msgspec.Raw] | None = None
    error: msgspec.Raw = msgspec.Raw()


_GRAPHQL = msgspec.json.Decoder(_GraphQLRequest | None)
_RPC = msgspec.json.Decoder(_RpcRequest | list[_RpcRequest] | None)
_ANSWER = msgspec.json.Decoder(_Answer | list[_Answer] | None)
_NAMED = compile_late(r"\b(query|mutation|subscription)\s+(\w{1,80})", re.ASCII)


@lru_cache(maxsize=2048)
def base_of(path: str) -> str:
    """The part of a path that names the API: ``/api/v2``, ``/v1``; ``""`` where none does."""
    match = _BASE.match(path)
    return match[0] if match else ""


@lru_cache(maxsize=4096)
def template_of(path: str) -> str:
    """A path with what looks like an identifier as ``{id}``."""
    return "/".join(["{id}" if part and _IDENTIFIER.fullmatch(part) else part for part in path.split("/")[:16]])


def call_of(x: Subject) -> Call | None:
    """The call that an exchange is; ``None`` where it is none."""
    method = x.method
    if method in _NEVER or x.url.scheme not in ("http", "https"):
        return None
    kind = x.content_kind
    grpc = x.media_type.startswith("application/grpc")
    jsonp = None
    if kind == "script":
        jsonp = _CALLBACK.search(x.request.url) if "?" in x.request.url else None
        if jsonp is None or not _calls(x, jsonp[1]):
            return None
    elif not (kind == "json" or method in _CHANGES or grpc or _says_json(x)):
        return None
    started, total = x.started, x.exchange.timings.total
    path = x.url.path
    shown = x.shown_url.partition("?")[0]
    call = Call(
        x.exchange.index,
        method,
        x.request.url,
        path,
        template_of(path),
        x.status,
        started,
        None if started is None or total is None else started + total / 1000,
        etag=x.res.get("etag"),
        size=x.response.body.size if x.response is not None else None,
    )
    if x.exchange.context.page is not None:
        call.page = x.exchange.context.page.id
    for name in ("if-match", "if-unmodified-since"):
        if name in x.req:
            call.conditional = x.req.named(name)
    if "location" in x.res.first and x.status == 201:
        call.location = location_url(x.request.url, x.res.all("location")[0])
    if "link" in x.res.first:
        call.paged, call.next_page = links_of(x)
    for name in ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"):
        value = x.res.get(name)
        if value is not None and value.isascii() and value.isdigit() and len(value) < 10:
            call.remaining = int(value)
            break
    if jsonp is not None:
        call.dialect, call.operation = "jsonp", jsonp[1]
    elif grpc:
        call.dialect, call.operation = "grpc-web", shown.rpartition("/")[2]
        status = x.res.get("grpc-status")
        call.error = status is not None and status != "0"
    elif method == "POST":
        _read(x, call)
    return call


def _says_json(x: Subject) -> bool:
    said = x.req.get("content-type")
    return said is not None and kind_of(essence_of(said)) == "json"


def _calls(x: Subject, name: str) -> bool:
    """Whether a script is nothing but a call of the function that the address names."""
    text = x.response.body.text if x.response is not None and x.response.body.source is not None else None
    if text is None:
        return False
    return text[:200].lstrip().removeprefix("/**/").lstrip().startswith(f"{name}(")


def _content(body: Body | None) -> bytes | None:
    if body is None or body.source is None or body.state != "full" or (body.size or 0) > READ:
        return None
    data = body.data
    return data if data is not None and len(data) <= READ else None


def _read(x: Subject, call: Call) -> None:
    """GraphQL and JSON-RPC: what is called, and whether the answer tells of an error."""
    content = _content(x.request.body)
    call.content = None if content is None else hash(content)
    if content is None or not (b'"query"' in content or b'"operationName"' in content or b'"jsonrpc"' in content):
        return
    try:
        if b'"jsonrpc"' in content:
            rpc = _RPC.decode(content)
            first = rpc[0] if isinstance(rpc, list) and rpc else rpc
            if not isinstance(first, _RpcRequest) or first.jsonrpc is None or first.method is None:
                return
            call.dialect, call.operation = "json-rpc", first.method[:80]
        else:
            asked = _GRAPHQL.decode(content)
            if asked is None or (asked.query is None and "graphql" not in call.path.lower()):
                return
            if asked.query is not None and "{" not in asked.query:
                return
            named = _NAMED.search(asked.query) if asked.query else None
            kind = named[1] if named else "query"
            call.dialect = "graphql"
            call.operation = f"{kind} {(asked.operationName or (named[2] if named else 'without a name'))[:80]}"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    answer = _content(x.response.body if x.response is not None else None)
    if x.status == 200 and answer is not None and b'"error' in answer:
        try:
            told = _ANSWER.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        answers = told if isinstance(told, list) else [told]
        call.error = any(_tells_of_error(one) for one in answers if one is not None)


def _tells_of_error(answer: _Answer) -> bool:
    return bool(answer.errors) or bytes(answer.error) not in (b"", b"null")

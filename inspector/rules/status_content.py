"""Content that contradicts the status: some where there must be none, an error inside a success."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from inspector.fields.statuses import RFC9110
from inspector.report import Severity
from inspector.rules.base import Finding, method, recorded_content, rule, status, status_class
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.subject import Subject


@rule(
    "status/body-forbidden",
    Severity.WARNING,
    "Content where the status forbids it",
    on=(*status(204, 205, 304), *method("HEAD")),
    references=(RFC9110 + "6.4.1", RFC9110 + "8.6", RFC9110 + "15.3.5"),
    what="A 204, 205, 304 or the response to a HEAD has content, or a 204 announces some with `Content-Length`.",
    why="""
        Such a response ends after its fields. Over HTTP/1.1 the recipient takes the surplus bytes for the beginning of
        the next response on the connection, which breaks it or lets somebody smuggle one in.
        """,
    fix="Send no content, and no `Content-Length` with a 204; or use `200`.",
    unless="""
        Browsers' recordings show the stored content with a 304, so what a browser recorded there is not taken for
        content on the wire. A 304 and a HEAD may carry the `Content-Length` the full response would have.
        """,
    shows="""
        DELETE https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 204 No Content
        Content-Length: 17
        """,
    quiet="""
        HEAD https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 200 OK
        Content-Length: 17
        """,
)
def body_forbidden(x: Subject) -> Finding | None:
    """Octets that crossed the wire, or a length that says so."""
    response = x.response
    if response is None:
        return None
    because = f"a {x.status}" if x.status in (204, 205, 304) else "the response to a HEAD"
    length = x.res.get("content-length")
    if x.status == 204 and length is not None and length.strip() not in ("0", ""):
        return Finding(
            f"A 204 has no content by definition, and this one announces `Content-Length: {brief(length, 20)}`. Some "
            "clients wait "
            "for those bytes, others read them as the next response.",
            "The server drops `Content-Length` from the 204, or sends the content with `200`.",
            (x.status_evidence(), x.response_field("content-length")),
            title="`204` announces content",
        )
    if x.exchange.context.recorder.vantage == "browser":
        return None
    transferred = response.body.transferred
    if transferred and response.body.data:
        return Finding(
            f"{because[0].upper()}{because[1:]} has no content by definition, and {transferred} bytes of it were "
            "recorded.",
            "The server ends the response after its fields.",
            (x.status_evidence(),),
        )
    return None


MOST_READ = 65_536


class _Outcome(msgspec.Struct):
    error: Any = None
    errors: Any = None
    success: Any = None
    status: Any = None
    data: Any = None
    jsonrpc: Any = None


@lru_cache(maxsize=64)
def _error_member(content: bytes) -> tuple[str, str] | None:
    """The member that reports a failure, as its name and kind (``plain``, ``graphql``, ``json-rpc``)."""
    try:
        read = msgspec.json.decode(content, type=_Outcome)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None

    if read.jsonrpc is not None:
        return ("error", "json-rpc") if read.error else None
    if read.errors:
        return ("errors", "graphql" if isinstance(read.errors, list) and read.data is not None else "plain")
    if read.error:
        return ("error", "plain")
    if read.success is False:
        return ("success", "plain")
    said = str(read.status)
    if said in ("error", "fail", "failed") or (len(said) == 3 and said.isdigit() and said >= "400"):
        return ("status", "plain")
    return None


@rule(
    "status/error-in-200",
    Severity.NOTE,
    "An error inside a successful status",
    on=status_class(2),
    also=recorded_content("json", "text", "other"),
    references=(RFC9110 + "15.3", "https://www.rfc-editor.org/rfc/rfc9457"),
    what="A 2xx response whose JSON content reports a failure (`error`, `errors`, `success: false`, `status` ≥ 400).",
    why="""
        Everything between server and program goes by the status: caches may store the error, monitoring counts a
        success, `fetch()` sets `response.ok`, and retries never happen.
        """,
    fix="Send a 4xx or 5xx with the same content; `application/problem+json` is the standard format for it.",
    unless="""
        GraphQL and JSON-RPC report errors inside a `200` by design; for them this is information. Batch responses
        (`207`) are not judged.
        """,
    shows="""
        GET https://api.shop.test/items/9 HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: application/json

        {"error": "no such item"}
        """,
    quiet="""
        GET https://api.shop.test/items/7 HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: application/json

        {"error": null, "name": "mug"}
        """,
)
def error_in_success(x: Subject) -> Finding | None:
    """Looks at small JSON objects only."""
    kind = x.media_type
    if "json" not in kind or x.response is None or x.status == 207:
        return None
    body = x.response.body
    if body.state != "full" or (body.size or 0) > MOST_READ:
        return None
    data = body.data
    if not data or len(data) > MOST_READ or data.lstrip()[:1] != b"{":
        return None
    found = _error_member(data)
    if found is None:
        return None
    member, protocol = found
    if protocol != "plain":
        name = "GraphQL" if protocol == "graphql" else "JSON-RPC"
        return Finding(
            f"The content has `{member}`: the operation failed, wholly or in part. {name} reports that inside a "
            f"`{x.status}` by design, so the status says only that the message itself was handled.",
            None,
            (x.status_evidence(),),
            title=f"{name} error inside a `{x.status}`",
            severity=Severity.INFO,
        )
    said = "has `success: false`" if member == "success" else f"reports a failure in `{member}`"
    return Finding(
        f"The status says success and the JSON content {said}. Caches, monitoring, retries and `response.ok` all go by "
        "the "
        "status.",
        "The server sends a 4xx (the request is at fault) or 5xx (the server is), with the same content.",
        (x.status_evidence(f"the content {said}"),),
        title=f"`{x.status}`, but the content {said}",
        certainty="likely",
    )

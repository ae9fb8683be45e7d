"""What a HAR entry tells of the content of its two messages → `Body`, without decoding it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from msgspec import Raw

from inspector.capture.har_schema import Content, PostData, RequestEntry, ResponseEntry, SentContent
from inspector.capture.values import count
from inspector.exchange import EMPTY_BODY, UNKNOWN_BODY, Body, BodyState, Fields

SideFiles = Callable[[str], bytes | None]
"""Gives the content of a file a recording keeps beside it, by name; ``None`` where it is not there."""

_QUOTE = 34


def has_text(raw: Raw) -> bool | None:
    """Whether a ``text`` member holds a non-empty string; ``None`` where it holds none (missing, null, no string)."""
    if not raw:
        return None
    view = memoryview(raw)
    if view[0] != _QUOTE:
        return None
    return len(view) > 2


def _is_base64(encoding: str | None) -> bool:
    return encoding is not None and encoding.lower() == "base64"


def _declared_length(fields: Fields) -> int | None:
    value = fields.get("content-length")
    if value is None:
        return None
    first = value.partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and len(first) < 16 else None


def _media_type(text: str | None) -> str | None:
    return text if text and text != "x-unknown" else None


def response_body(
    response: ResponseEntry, fields: Fields, method: str, size_is_encoded: bool, cached: bool, files: SideFiles | None
) -> Body:
    """The content of a response.

    `size_is_encoded` says that the exporter's ``content.size`` counts octets before decoding (mitmproxy's does);
    `cached` that nothing came over the wire.
    """
    content = response.content
    size = media_type = None
    status = count(response.status)
    transferred = _transferred(response)
    contentless = method == "HEAD" or status in (204, 304) or (status is not None and 100 <= status < 200)
    if content is not None:
        size = _decoded_size(content, size_is_encoded)
        media_type = _media_type(content.mime_type)
        kept = has_text(content.text)
        if kept:
            state: BodyState = "truncated" if content.truncated else "full"
            return Body(state, size or None, transferred, media_type, content.text, _is_base64(content.encoding))
        if content.file and files is not None:
            data = files(content.file)
            if data is not None:
                return Body("full", len(data), transferred, media_type, data)
        if content.file and not contentless:
            return Body("omitted", size or None, transferred, media_type)
    if contentless:
        return EMPTY_BODY if media_type is None else Body("empty", 0, 0, media_type)
    state = _missing_state(response, fields, size, cached)
    if state == "empty":
        return EMPTY_BODY if media_type is None else Body("empty", 0, 0, media_type)
    return Body(state, size or None, transferred or None, media_type)


def _decoded_size(content: Content, size_is_encoded: bool) -> int | None:
    size = count(content.size)
    if size is not None and size_is_encoded and content.compression is not None:
        return count(size + content.compression)
    return size


def _transferred(response: ResponseEntry) -> int | None:
    size = count(response.body_size)
    if size:
        return size
    total = count(response.transfer_size)
    if total:
        # Chrome counts the field section too, where it knows its size.
        fields = count(response.headers_size)
        return total - fields if fields and total >= fields else total
    return size if size is not None else total


def _missing_state(response: ResponseEntry, fields: Fields, size: int | None, cached: bool) -> BodyState:
    """What a missing text means: content that was not kept, no content, or nobody knows."""
    if size:
        return "omitted"
    declared = _declared_length(fields)
    wire = count(response.body_size)
    if wire or declared:
        return "omitted"
    if declared == 0:
        return "empty"
    if size == 0:
        # A size of nothing beside a content coding or chunks is an exporter that did not look.
        contradicted = "transfer-encoding" in fields or "content-encoding" in fields
        return "unknown" if contradicted and wire != 0 else "empty"
    if wire == 0 and not cached:
        return "empty"
    # Exporters that leave content out on purpose say so in a comment.
    return "omitted" if response.content is not None and response.content.comment else "unknown"


def request_body(request: RequestEntry, fields: Fields, files: SideFiles | None) -> Body:
    """The content of a request."""
    wire = count(request.body_size)
    data = request.post_data
    media_type = None
    if data is not None:
        media_type = _media_type(data.mime_type)
        found = _posted(data, wire, media_type, files)
        if found is not None:
            return found
    if request.content is not None:
        found = _sent(request.content, wire, media_type)
        if found is not None:
            return found
    declared = _declared_length(fields)
    if wire or declared:
        return Body("omitted", None, wire or declared, media_type)
    if wire == 0 or declared == 0:
        return EMPTY_BODY
    if request.method in ("GET", "HEAD") and "transfer-encoding" not in fields:
        return EMPTY_BODY
    return UNKNOWN_BODY if media_type is None else Body(media_type=media_type)


def _posted(data: PostData, wire: int | None, media_type: str | None, files: SideFiles | None) -> Body | None:
    if has_text(data.text):
        state: BodyState = "truncated" if data.truncated else "full"
        return Body(state, None, wire or None, media_type, data.text, _is_base64(data.encoding))
    if data.file:
        kept = files(data.file) if files is not None else None
        if kept is not None:
            return Body("full", len(kept), wire or None, media_type, kept)
        return Body("omitted", None, wire or None, media_type)
    if data.params:
        if media_type is not None and media_type.lower().startswith("multipart/"):
            return Body("omitted", None, wire or None, media_type)  # its delimiters are not in the params
        pairs = [(param.name or "", param.value or "") for param in data.params]
        return Body("full", None, wire or None, media_type, urlencode(pairs, errors="replace"))
    return None


def _sent(content: SentContent, wire: int | None, media_type: str | None) -> Body | None:
    size = count(content.size)
    if has_text(content.text):
        return Body("full", size or None, wire or None, media_type, content.text, _is_base64(content.encoding))
    return Body("omitted", size, wire or None, media_type) if size else None

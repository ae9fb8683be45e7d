"""A HAR entry that does not fit the types, normalised into the very structs that typed decoding gives.

Two steps, each as forgiving as JSON on the web demands: `load` gets *some* value out of the octets of one entry
(``NaN``, lone surrogates, raw control characters, octets that are not UTF-8), `entry_of` makes an `Entry` of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from inspector.capture import har_schema as schema
from inspector.exchange import Field
from inspector.patterns import compile_late

_SURROGATE = compile_late("[\ud800-\udfff]")


class Unreadable(ValueError):
    """The octets are not JSON by any reading; the message says why, for a person."""


def load(raw: Raw | bytes | memoryview) -> Any:
    """Any value out of the JSON text of one entry.

    Raises:
        Unreadable: it is not JSON.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(bytes(raw).decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(":")[0].lower()
        raise Unreadable(f"entry is not valid JSON ({reason})") from None


def entry_of(value: Any) -> schema.Entry:
    """An entry of any shape as an `Entry`; what cannot be read of it is left out. Never raises for a dict."""
    value = _put_back(value)
    return schema.Entry(
        request=_request(value.get("request")),
        response=_response(value.get("response")),
        started=_moment(value.get("startedDateTime")),
        time=number(value.get("time")),
        timings=_timings(value.get("timings")),
        pageref=text(value.get("pageref")),
        connection=text(value.get("connection")),
        server_address=text(value.get("serverIPAddress")),
        comment=text(value.get("comment")),
        initiator=_initiator(value.get("_initiator")),
        initiator_type=text(value.get("_initiator_type")),
        initiator_line=number(value.get("_initiator_line")),
        priority=text(value.get("_priority")),
        resource_type=text(value.get("_resourceType")),
        request_type=text(value.get("_request_type")),
        connection_id=text(value.get("_connectionId")),
        connection_reused=truth(value.get("_connectionReused")),
        socket=text(value.get("_socket")),
        from_cache=_flag(value.get("_fromCache")),
        fetch_type=text(value.get("_fetchType")),
        was_pushed=truth(value.get("_was_pushed")),
        all_start=number(value.get("_all_start")),
        load_start=number(value.get("_load_start")),
        server_port=text(value.get("_serverPort")),
        ip_address=text(value.get("_ip_addr")),
        protocol=text(value.get("_protocol")),
        frame=text(value.get("_frameref")),
        frame_id=text(value.get("_frameId")),
        api_request=truth(value.get("_apiRequest")),
        was_fulfilled=truth(value.get("_wasFulfilled")),
        was_aborted=truth(value.get("_wasAborted")),
        failure_text=text(value.get("_failureText")),
        error=_error(value.get("_error")),
        error_side=text(value.get("_errorSide")),
        security_details=_security(value.get("_securityDetails")),
        messages=_messages(value.get("_webSocketMessages")),
        messages_dropped=number(value.get("_webSocketMessagesDropped")),
        close=_close(value.get("_webSocketClose")),
        client_connection=text(value.get("_clientConnectionId")),
        tls=_encoded(value.get("_tls")),
    )


def _put_back(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry whose request has its own members inside ``postData``, and the entry's in itself (met in the wild)."""
    request = entry.get("request")
    if not isinstance(request, dict) or "url" in request:
        return entry
    data = request.get("postData")
    if not isinstance(data, dict) or not isinstance(data.get("url"), str):
        return entry
    astray = {name: request[name] for name in ("startedDateTime", "time", "connection", "cache") if name in request}
    return {**astray, **entry, "request": {**data, **request}}


def clean(string: str) -> str:
    """A string without lone surrogates, which no output could be encoded with: pairs are joined, the rest replaced."""
    if _SURROGATE.search(string) is None:
        return string
    return string.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text(value: Any) -> str | None:
    """A string out of a string, a number, or an object that holds one as its ``value`` (WebDriver BiDi)."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**64 else None
    if isinstance(value, float):
        return f"{value:.15g}" if math.isfinite(value) else None
    if isinstance(value, dict) and "value" in value and not isinstance(value["value"], dict):
        return text(value["value"])
    return None


def number(value: Any) -> float | None:
    """A number out of a number or a string of one; ``None`` for anything else, NaN and infinities."""
    if isinstance(value, str) and len(value) < 64:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def truth(value: Any) -> bool | None:
    """A truth value out of a boolean, a number or their strings."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false", "no", "null", "none")
    if isinstance(value, bool | int | float):
        return bool(value)
    return None


def _flag(value: Any) -> str | bool | None:
    return text(value) if isinstance(value, str) else truth(value)


def _moment(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("value")
    return text(value)


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _raw(value: Any) -> Raw:
    if isinstance(value, dict):
        value = value.get("value")
    return Raw(msgspec.json.encode(clean(value))) if isinstance(value, str) else schema.NOTHING


def _encoded(value: Any) -> Raw:
    """An object back as JSON text, for what is decoded only when it is needed."""
    try:
        return Raw(msgspec.json.encode(value)) if isinstance(value, dict) else schema.NOTHING
    except (ValueError, OverflowError, RecursionError):
        return schema.NOTHING


def fields(value: Any) -> tuple[Field, ...]:
    """Field lines out of a list of objects or pairs, an object (name → value or values), or a raw field section."""
    lines: list[Field] = []
    for name, content in _pairs(value):
        if isinstance(content, list):
            lines.extend(Field(name, text(item) or "") for item in content)
        else:
            lines.append(Field(name, text(content) or ""))
    return tuple(lines)


def _pairs(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, content in value.items():
            yield clean(name), content
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and ("name" in item or "value" in item):
                name = text(item.get("name"))
                if name:
                    yield name, item.get("value")
            elif isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
                yield clean(item[0]), item[1]
            elif isinstance(item, dict) and len(item) == 1:
                yield from _pairs(item)
            elif isinstance(item, str):
                yield from _line(item)
    elif isinstance(value, str):
        for line in value.splitlines():
            yield from _line(line)


def _line(line: str) -> Iterable[tuple[str, str]]:
    name, colon, content = line.partition(":")
    if colon and name.strip():
        yield clean(name.strip()), content.strip()


def _request(value: Any) -> schema.RequestEntry | None:
    if not isinstance(value, dict):
        return None
    trailers = value.get("_trailers")
    sent = _object(value.get("_content"))
    return schema.RequestEntry(
        method=text(value.get("method")),
        url=text(value.get("url")),
        http_version=text(value.get("httpVersion")),
        headers=fields(value.get("headers")),
        body_size=number(value.get("bodySize")),
        post_data=_post_data(value.get("postData")),
        content=schema.SentContent(_raw(sent.get("text")), number(sent.get("size")), text(sent.get("encoding")))
        if sent is not None
        else None,
        priority=text(value.get("_priority")),
        initial_priority=text(value.get("_initialPriority")),
        trailers=fields(trailers) if trailers is not None else None,
    )


def _post_data(value: Any) -> schema.PostData | None:
    if isinstance(value, str):
        return schema.PostData(text=_raw(value))
    if not isinstance(value, dict):
        return None
    params = value.get("params")
    return schema.PostData(
        mime_type=text(value.get("mimeType")),
        text=_raw(value.get("text")),
        params=[schema.Param(line.name, line.value) for line in fields(params)] if params else None,
        encoding=text(value.get("encoding")),
        file=text(value.get("_file")),
        truncated=truth(value.get("_truncated")),
    )


def _response(value: Any) -> schema.ResponseEntry | None:
    if not isinstance(value, dict):
        return None
    status = value.get("status")
    known = number(status)
    reason = text(value.get("statusText"))
    if known is None and isinstance(status, str):
        reason = reason or clean(status)  # status "error": all there is is its word
    trailers = value.get("_trailers")
    return schema.ResponseEntry(
        status=known,
        status_text=reason,
        http_version=text(value.get("httpVersion")),
        headers=fields(value.get("headers")),
        content=_content(value.get("content")),
        headers_size=number(value.get("headersSize")),
        body_size=number(value.get("bodySize")),
        transfer_size=number(value.get("_transferSize")),
        error=_error(value.get("_error")),
        failure_text=text(value.get("_failureText")),
        from_service_worker=truth(value.get("_fetchedViaServiceWorker")),
        from_disk_cache=truth(value.get("fromDiskCache")),
        from_disk_cache_too=truth(value.get("_fromDiskCache")),
        remote_address=text(value.get("_remoteAddress")),
        security_details=_security(value.get("_securityDetails")),
        trailers=fields(trailers) if trailers is not None else None,
    )


def _content(value: Any) -> schema.Content | None:
    if isinstance(value, str):
        return schema.Content(text=_raw(value))
    if not isinstance(value, dict):
        return None
    return schema.Content(
        size=number(value.get("size")),
        compression=number(value.get("compression")),
        mime_type=text(value.get("mimeType")),
        text=_raw(value.get("text")),
        encoding=text(value.get("encoding")),
        comment=text(value.get("comment")),
        file=text(value.get("_file")),
        truncated=truth(value.get("_truncated")),
    )


def _timings(value: Any) -> schema.TimingsEntry | None:
    if not isinstance(value, dict):
        return None
    names = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
    return schema.TimingsEntry(*(number(value.get(name)) for name in names))


def _initiator(value: Any) -> schema.InitiatorEntry | str | None:
    if not isinstance(value, dict):
        return text(value)
    return schema.InitiatorEntry(
        type=text(value.get("type")),
        url=text(value.get("url")),
        line=number(value.get("lineNumber")),
        request_id=text(value.get("requestId")),
        stack=_encoded(value.get("stack")),
    )


def _error(value: Any) -> schema.FailureObject | str | None:
    if isinstance(value, dict):
        return schema.FailureObject(text(value.get("message")), text(value.get("text")), text(value.get("code")))
    return None if isinstance(value, bool) else text(value)


def _security(value: Any) -> schema.SecurityDetails | None:
    if not isinstance(value, dict):
        return None
    names = value.get("sanList")
    return schema.SecurityDetails(
        protocol=text(value.get("protocol")),
        cipher=text(value.get("cipher")),
        subject=text(value.get("subjectName")),
        names=[clean(name) for name in names if isinstance(name, str)] if isinstance(names, list) else None,
        issuer=text(value.get("issuer")),
        valid_from=number(value.get("validFrom")),
        valid_to=number(value.get("validTo")),
    )


def _messages(value: Any) -> list[schema.SocketMessage] | None:
    if not isinstance(value, list):
        return None
    return [
        schema.SocketMessage(
            type=text(item.get("type")),
            time=number(item.get("time")),
            opcode=number(item.get("opcode")),
            data=text(item.get("data")),
        )
        for item in value
        if isinstance(item, dict)
    ]


def _close(value: Any) -> schema.SocketClose | None:
    if not isinstance(value, dict):
        return None
    return schema.SocketClose(number(value.get("code")), text(value.get("reason")), truth(value.get("_byClient")))


def page_of(value: Any) -> schema.PageEntry | None:
    """A page of any shape; ``None`` where it has no id."""
    if not isinstance(value, dict):
        return None
    id_ = text(value.get("id"))
    if id_ is None:
        return None
    timings = _object(value.get("pageTimings")) or {}
    return schema.PageEntry(
        id=id_,
        title=text(value.get("title")),
        started=_moment(value.get("startedDateTime")),
        timings=schema.PageTimings(number(timings.get("onContentLoad")), number(timings.get("onLoad"))),
        url=text(value.get("_url")),
        url_too=text(value.get("_URL")),
    )


def program_of(value: Any) -> schema.Program | None:
    """A ``creator`` or ``browser`` of any shape."""
    if isinstance(value, str):
        return schema.Program(clean(value))
    if not isinstance(value, dict):
        return None
    return schema.Program(text(value.get("name")), text(value.get("version")))

"""One HAR entry → one `Exchange`."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

import msgspec
from msgspec import Raw, Struct

from inspector.capture import values
from inspector.capture.har_body import SideFiles, request_body, response_body
from inspector.capture.har_connection import Connections, connection_of, with_handshakes
from inspector.capture.har_fields import fields_of
from inspector.capture.har_schema import (
    Entry,
    FailureObject,
    InitiatorEntry,
    RequestEntry,
    ResponseEntry,
    Stack,
    TimingsEntry,
)
from inspector.exchange import (
    UNKNOWN_CONNECTION,
    Close,
    Connection,
    Context,
    Exchange,
    Failure,
    Field,
    Fields,
    Initiator,
    Message,
    Page,
    Recorder,
    Request,
    Response,
    ServedFrom,
    Side,
    Timings,
    WebSocket,
    decode_base64,
)

_phases = attrgetter("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
_stack = msgspec.json.Decoder(Stack).decode


class Unusable(ValueError):
    """An entry that cannot be explained; the message says why, for a person."""


class File(Struct):
    """What the entries of one file share."""

    recorder: Recorder
    client_recorder: Recorder
    """For entries that a browser automation's own HTTP client sent (Playwright's ``_apiRequest``)."""
    pages: Mapping[str, Page]
    files: SideFiles | None = None
    raw_sizes: bool = False
    """``content.size`` counts octets before decoding, and ``connect`` leaves ``ssl`` out (mitmproxy)."""
    connections: Connections = msgspec.field(default_factory=Connections)


def exchange_of(entry: Entry, index: int, file: File) -> Exchange:
    """One decoded entry as an `Exchange`.

    Raises:
        Unusable: there is no request in it.
    """
    request = entry.request
    if request is None:
        raise Unusable("entry has no request")
    method = request.method or ""
    url = request.url or ""
    if not method and not url:
        raise Unusable("entry's request has neither method nor URL")

    fields, pseudo = fields_of(request.headers)
    if "://" not in url[:24]:
        url = _absolute(url, fields, pseudo)
    answer = entry.response
    served = _served_from(entry, answer, file.recorder)
    client_version = values.http_version(request.http_version)
    server_version, wire = client_version, request.http_version
    response = None
    failure = _failure(entry, answer)
    if answer is not None:
        server_version = values.http_version(answer.http_version) or values.http_version(entry.protocol)
        wire = answer.http_version if server_version else wire
        # HTTP/2 and HTTP/3 are spoken by both ends of a connection; 1.0 and 1.1 need not be.
        if client_version is None and server_version in ("2", "3"):
            client_version = server_version
        elif server_version is None and client_version in ("2", "3"):
            server_version = client_version
        status = answer.status
        if status is not None and 100 <= status <= 999:
            response = _response(answer, int(status), server_version, method, served, file)
        elif failure is None:
            failure = _no_response(answer)
    sent = Request(
        method=method,
        url=url,
        fields=fields,
        http_version=client_version,
        pseudo=pseudo,
        body=request_body(request, fields, file.files),
        trailers=fields_of(request.trailers)[0] if request.trailers is not None else None,
    )
    timings = _timings(entry, file.raw_sizes)
    server = connection_of(entry, url, wire, served, timings, file.connections)
    client = Connection(id=entry.client_connection) if entry.client_connection else UNKNOWN_CONNECTION
    if entry.tls:
        client, server = with_handshakes(client, server, entry.tls)
    return Exchange(
        index=index,
        request=sent,
        context=_context(entry, request, served, file),
        response=response,
        timings=timings,
        client=client,
        server=server,
        websocket=_websocket(entry) if entry.messages is not None or entry.close is not None else None,
        failure=failure,
    )


def _absolute(url: str, fields: Fields, pseudo: tuple[Field, ...]) -> str:
    """A URL without an authority completed from the pseudo-fields, where they tell it (RFC 9113, section 8.3.1)."""
    if not url.startswith("/") and url not in ("", "*"):
        return url
    told = {line.name: line.value for line in pseudo}
    scheme, authority = told.get(":scheme"), told.get(":authority") or fields.get("host")
    if not scheme or not authority:
        return url
    path = url if url.startswith("/") and url != "/" else told.get(":path", url)
    return f"{scheme}://{authority}{path}"


def _response(
    answer: ResponseEntry, status: int, version: str | None, method: str, served: ServedFrom | None, file: File
) -> Response:
    fields, pseudo = fields_of(answer.headers)
    return Response(
        status=status,
        reason="" if version in ("2", "3") else answer.status_text,
        fields=fields,
        http_version=version,
        pseudo=pseudo,
        body=response_body(
            answer,
            fields,
            method,
            file.raw_sizes,
            served is not None and served not in ("network", "push"),
            file.files,
        ),
        trailers=fields_of(answer.trailers)[0] if answer.trailers is not None else None,
    )


def _served_from(entry: Entry, answer: ResponseEntry | None, recorder: Recorder) -> ServedFrom | None:
    if answer is not None and answer.from_service_worker:
        return "service-worker"
    if entry.from_cache:
        return _CACHES.get(str(entry.from_cache).lower(), "cache")
    if entry.fetch_type:
        return _FETCH_TYPES.get(entry.fetch_type.lower())
    if answer is None:
        return None
    if answer.from_disk_cache or answer.from_disk_cache_too:
        return "disk-cache"
    if (
        answer.transfer_size == 0
        and answer.status == 200
        and (answer.http_version or "").lower() == "unknown"
        and answer.content is not None
        and (answer.content.size or 0) > 0
    ):
        return "cache"  # what Chrome exported before it named its caches: content, and nothing of it transferred
    if answer.transfer_size == 0 and (recorder.creator or "").startswith("Playwright") and not entry.was_fulfilled:
        return _not_transferred(entry, answer.status or 0)
    if entry.was_pushed and entry.was_pushed != "0":
        return "push"
    if answer.transfer_size or recorder.vantage in ("proxy", "client"):
        return "network" if answer.status is not None and answer.status >= 100 else None
    return None


def _not_transferred(entry: Entry, status: float) -> ServedFrom | None:
    """Where what Playwright recorded came from, if nothing of it was transferred, which it says in no other way: a
    cached answer names the server it once came from and has no wait; one of a service worker names no server, as do
    the browser's own redirects (to HTTPS, say).
    """
    if status < 200 or 300 <= status < 400:
        return None
    if not entry.server_address:
        return "service-worker"
    waited = entry.timings.wait if entry.timings is not None else None
    return "cache" if waited is None or waited < 0 else None


_CACHES: dict[str, ServedFrom] = {
    "memory": "memory-cache",
    "memory cache": "memory-cache",
    "memory-cache": "memory-cache",
    "disk": "disk-cache",
    "disk cache": "disk-cache",
    "disk-cache": "disk-cache",
}
_FETCH_TYPES: dict[str, ServedFrom] = {
    "network load": "network",
    "memory cache": "memory-cache",
    "disk cache": "disk-cache",
    "service worker": "service-worker",
}


def _failure(entry: Entry, answer: ResponseEntry | None) -> Failure | None:
    error, text, aborted = entry.error, entry.failure_text, entry.was_aborted is True
    if answer is not None:
        error = answer.error or error
        text = answer.failure_text or text
    if not (error or text or aborted):
        return None
    code = None
    if isinstance(error, FailureObject):
        code = error.code
        error = error.message or error.text or error.code
    message = error or text
    if not message:
        return Failure("aborted", side="client") if aborted else None
    side = _SIDES.get(entry.error_side or "", "client" if aborted else None)
    return Failure(message, values.failure_code(message) or code, side)


_SIDES: dict[str, Side] = {"client": "client", "server": "server", "recorder": "recorder"}


def _no_response(answer: ResponseEntry) -> Failure | None:
    status = answer.status
    if status is None:
        return Failure(answer.status_text) if answer.status_text else None
    if answer.status_text:
        return Failure(answer.status_text)
    return Failure(f"no response (recorded as status {status:.15g})")


def _timings(entry: Entry, exclusive_connect: bool) -> Timings:
    started = entry.started
    begun = values.timestamp(started) if started else None
    total = values.duration(entry.time)
    phases: TimingsEntry | None = entry.timings
    if phases is None:
        return Timings(started=begun, total=total)
    longest = values.LONGEST
    blocked, dns, connect, tls, send, wait, receive = [
        phase if phase is not None and 0 <= phase < longest else None for phase in _phases(phases)
    ]
    if begun is not None and entry.load_start is not None:
        before = _before_sending(entry)
        begun -= before / 1000
        waited = before - (dns or 0.0) - (connect or 0.0)
        if waited > 0:
            blocked, total = (blocked or 0.0) + waited, None if total is None else total + waited
    url = entry.request.url if entry.request is not None else None
    if not tls or (url and url[:5].lower() in ("http:", "ws://")):
        tls = None  # no handshake takes no time (Fiddler writes 0 for none), and Playwright writes times where none was
    if connect is not None and tls is not None and not exclusive_connect and tls <= connect:
        connect -= tls
    return Timings(begun, blocked, dns, connect, tls, send, wait, receive, total)


def _before_sending(entry: Entry) -> float:
    """Milliseconds from the beginning of an entry of WebPagetest to the moment its request was sent, which is what
    `startedDateTime` holds there. `time` is the sum of the phases, without waiting between them.
    """
    try:
        before = float(entry.load_start or 0) - float(entry.all_start or 0)
    except ValueError:
        return 0.0
    return before if entry.all_start is not None and 0 < before < values.LONGEST else 0.0


def _context(entry: Entry, request: RequestEntry, served: ServedFrom | None, file: File) -> Context:
    initiator = _initiator(entry)
    kind = entry.resource_type or entry.request_type
    if not kind and initiator is not None and initiator.type == "preflight":
        kind = "preflight"
    return Context(
        file.client_recorder if entry.api_request else file.recorder,
        kind.lower() if kind else None,
        initiator,
        file.pages.get(entry.pageref) if entry.pageref else None,
        entry.frame or entry.frame_id or None,
        entry.priority or request.priority or request.initial_priority or None,
        served,
        entry.comment or None,
    )


def _initiator(entry: Entry) -> Initiator | None:
    told = entry.initiator
    if isinstance(told, InitiatorEntry):
        url, line = told.url, told.line
        if not url and told.stack:
            url, line = _first_frame(told.stack)
        # The DevTools protocol counts lines from 0, people and every other exporter from 1.
        number = values.count(line)
        return Initiator(told.type or None, url or None, number + 1 if number is not None else None)
    if not told and not entry.initiator_type:
        return None
    try:
        line = float(entry.initiator_line or -1)
    except ValueError:
        line = None
    return Initiator(entry.initiator_type or None, told or None, values.count(line))


def _first_frame(stack: Raw) -> tuple[str | None, float | None]:
    for _ in range(8):
        try:
            decoded = _stack(stack)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            break
        for frame in decoded.frames or ():
            if frame.url:
                return frame.url, frame.line
        if not decoded.parent:
            break
        stack = decoded.parent
    return None, None


def _websocket(entry: Entry) -> WebSocket:
    messages = []
    close = None
    if entry.close is not None:
        told = entry.close
        close = Close(values.count(told.code), told.reason or None, told.by_client)
    for frame in entry.messages or ():
        kind = (frame.type or "").lower()
        if kind not in ("send", "receive", "request", "response", "sent", "received"):
            continue
        data = frame.data
        text = frame.opcode != 2
        content: str | bytes | None = data
        if not text and data is not None:
            decoded = decode_base64(data)
            content = decoded if decoded is not None else data
        if frame.opcode is not None and frame.opcode >= 8:
            continue  # control frames are no messages
        messages.append(
            Message(
                from_client=kind in ("send", "request", "sent"),
                time=values.epoch(frame.time) if frame.time is not None else None,
                text=text,
                content=content,
                size=len(content.encode("utf-8", "replace")) if isinstance(content, str) else _length(content),
            )
        )
    return WebSocket(tuple(messages), close, values.count(entry.messages_dropped) or 0)


def _length(content: bytes | None) -> int | None:
    return None if content is None else len(content)

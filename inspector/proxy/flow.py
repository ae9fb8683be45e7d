"""A flow of mitmproxy as an `Exchange`: the same conversion for live flows and for flows read from a file.

mitmproxy itself is not imported here. What a flow cannot say is left unknown.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from inspector.exchange import (
    EMPTY_BODY,
    NO_FIELDS,
    TLS,
    Body,
    Certificate,
    Close,
    Connection,
    Context,
    Exchange,
    Failure,
    Field,
    Fields,
    HttpVersion,
    Message,
    Recorder,
    Request,
    Response,
    Timings,
    WebSocket,
    header_text,
)
from inspector.fields.media_type import essence_of
from inspector.proxy.certificate import read_chain, read_der
from inspector.proxy.content import all_known, codings, decode
from inspector.proxy.facts import Facts, read_facts
from inspector.proxy.failure import failure_of, idle_end, tunnel_failed
from inspector.url import DEFAULT_PORTS

if TYPE_CHECKING:
    from mitmproxy import connection, http
    from mitmproxy import websocket as ws

_VERIFY_FAILED = "Certificate verify failed: "


def exchange_from_flow(flow: http.HTTPFlow, index: int, recorder: Recorder) -> Exchange:
    """Everything a flow knows about one exchange.

    `index` is its position in the capture, from 0. Works at any point of a flow's life from the request's fields on.
    A response that mitmproxy made up itself (the 502 of a failed connection) is no response of the server: the
    exchange then has none, and a `Failure` instead. Raises nothing that depends on what the traffic holds.
    """
    facts = read_facts(flow)
    request = _request(flow, facts)
    failure = failure_of(flow)
    response = _response(flow, facts, failure) if flow.response is not None and not tunnel_failed(flow) else None
    return Exchange(
        index=index,
        request=request,
        context=Context(recorder, resource_type=_resource_type(flow, request.fields)),
        response=response,
        timings=_timings(flow, facts),
        client=client_connection(flow.client_conn, facts),
        server=_server(flow, facts),
        websocket=_websocket(flow, facts) if flow.websocket is not None else None,
        failure=failure,
    )


# -- messages --------------------------------------------------------------------------------------------------------


def _request(flow: http.HTTPFlow, facts: Facts) -> Request:
    data = flow.request.data
    version = http_version(data.http_version)
    fields = _fields(data.headers.fields, version)
    method = header_text(data.method)
    return Request(
        method=method,
        url=target_uri(flow),
        fields=fields,
        http_version=version,
        pseudo=_request_pseudo(data, method) if version in ("2", "3") else (),
        body=_body(data, fields, facts.request_size, facts.request_prefix, data.timestamp_end is not None),
        trailers=_trailers(data, version),
    )


def _response(flow: http.HTTPFlow, facts: Facts, failure: Failure | None) -> Response:
    assert flow.response is not None
    data = flow.response.data
    ended = failure is None and data.timestamp_end is not None
    version = http_version(data.http_version)
    fields = _fields(data.headers.fields, version)
    return Response(
        status=data.status_code,
        reason=header_text(data.reason),
        fields=fields,
        http_version=version if flow.server_conn.timestamp_start is not None else None,
        pseudo=(Field(":status", str(data.status_code)),) if version in ("2", "3") else (),
        body=_body(data, fields, facts.response_size, facts.response_prefix, ended),
        trailers=_trailers(data, version) if ended else None,
    )


@lru_cache(maxsize=64)
def http_version(raw: bytes) -> HttpVersion | None:
    """An HTTP version as mitmproxy names it (``HTTP/2.0``), in our terms (``2``); ``None`` where it names none."""
    name, slash, number = raw.decode("latin-1").strip().partition("/")
    if not slash or name.upper() != "HTTP" or not number:
        return None
    return {"2.0": "2", "3.0": "3"}.get(number, number)


@lru_cache(maxsize=4096)
def _short_field(name: bytes, value: bytes) -> Field:
    return Field(header_text(name), header_text(value).strip(" \t"))


def _field(line: tuple[bytes, bytes]) -> Field:
    name, value = line
    if len(value) <= 256:  # most lines of one site repeat on every message
        return _short_field(name, value)
    return Field(header_text(name), header_text(value).strip(" \t"))


def _fields(lines: tuple[tuple[bytes, bytes], ...], version: HttpVersion | None) -> Fields:
    """The field lines in order, as received.

    Cookie pairs that HTTP/2 and HTTP/3 split over several lines are joined, as they must be before anything but
    those versions reads them (RFC 9113, section 8.2.3).
    """
    if not lines:
        return NO_FIELDS
    found = tuple(map(_field, lines))
    if version in ("2", "3"):
        crumbs = [line for line in found if line.name == "cookie"]
        if len(crumbs) > 1:
            whole = Field("cookie", "; ".join(line.value for line in crumbs))
            kept = [line for line in found if line.name != "cookie" or line is crumbs[0]]
            kept[kept.index(crumbs[0])] = whole
            found = tuple(kept)
    return Fields.of_lines(found)


def _request_pseudo(data: http.RequestData, method: str) -> tuple[Field, ...]:
    """The pseudo-fields, rebuilt: mitmproxy takes them apart and does not keep their order (RFC 9113, 8.3.1)."""
    scheme, authority, path = data.scheme, data.authority, data.path
    return tuple(
        Field(name, value)
        for name, value in (
            (":method", method),
            (":scheme", header_text(scheme)),
            (":authority", header_text(authority)),
            (":path", header_text(path)),
        )
        if value
    )


def _trailers(data: http.MessageData, version: HttpVersion | None) -> Fields | None:
    if data.trailers is not None:
        return _fields(data.trailers.fields, version)
    return NO_FIELDS if data.timestamp_end is not None else None


def _body(data: http.MessageData, fields: Fields, size: int | None, prefix: bytes | None, ended: bool) -> Body:
    """The content: nothing, whole, a prefix (streamed, cut short, or too large once decoded), or only its size."""
    content_type = fields.get("content-type")
    media_type = (essence_of(content_type) or None) if content_type else None
    raw = data.content
    complete = ended
    if raw is None:
        if size is None:
            # cut short while mitmproxy was still collecting: how much there was is not known
            return Body("omitted" if ended else "unknown", None, None, media_type)
        if size == 0 and ended:
            return EMPTY_BODY
        if prefix is None:
            return Body("omitted", None, size, media_type)
        raw, complete = prefix, ended and len(prefix) == size
    elif not raw:
        return EMPTY_BODY
    transferred = size if size is not None else len(raw)
    encoding = fields.get("content-encoding")
    applied = codings(encoding) if encoding else ()
    if not applied:
        return Body("full" if complete else "truncated", transferred, transferred, media_type, raw)
    decoded = decode(raw, applied)
    if decoded.data is None:
        return Body("omitted", None, transferred, media_type, undecodable=complete and all_known(applied))
    if complete and decoded.complete:
        return Body("full", len(decoded.data), transferred, media_type, decoded.data)
    return Body("truncated", None, transferred, media_type, decoded.data)


# -- the target ------------------------------------------------------------------------------------------------------


def target_uri(flow: http.HTTPFlow) -> str:
    """The target URI (RFC 9110, section 7.1): what the client asked for, not where mitmproxy went.

    The authority is the request's own (``:authority``, ``Host``), except where a plain-HTTP client gave the whole URI
    to the proxy, which then overrides ``Host`` (RFC 9112, section 3.2.2). For ``CONNECT`` it is ``host:port``.
    """
    data = flow.request.data
    if data.method == b"CONNECT":
        return f"[{data.host}]:{data.port}" if ":" in data.host else f"{data.host}:{data.port}"
    authority = data.authority
    if not authority and not (data.scheme == b"http" and flow.client_conn.proxy_mode.type_name == "regular"):
        for name, value in data.headers.fields:
            if name.lower() == b"host":
                authority = value
                break
    path = data.path
    return _prefix(data.scheme, authority, data.host, data.port) + ("" if path == b"*" else header_text(path))


@lru_cache(maxsize=1024)
def _prefix(scheme: bytes, authority: bytes, host: str, port: int) -> str:
    name = header_text(scheme)
    stated = header_text(authority).strip(" \t")
    if stated:
        shown, colon, digits = stated.rpartition(":")
        if colon and digits.isdigit() and str(DEFAULT_PORTS.get(name)) == digits:
            stated = shown
        return f"{name}://{stated}"
    shown = f"[{host}]" if ":" in host else host
    return f"{name}://{shown}" if DEFAULT_PORTS.get(name) == port else f"{name}://{shown}:{port}"


_TYPE_OF_DESTINATION = {
    "document": "document",
    "iframe": "document",
    "frame": "document",
    "fencedframe": "document",
    "style": "stylesheet",
    "script": "script",
    "worker": "script",
    "sharedworker": "script",
    "serviceworker": "script",
    "audioworklet": "script",
    "paintworklet": "script",
    "image": "image",
    "font": "font",
    "audio": "media",
    "video": "media",
    "track": "texttrack",
    "manifest": "manifest",
    "empty": "fetch",
}


def _resource_type(flow: http.HTTPFlow, fields: Fields) -> str | None:
    """DevTools' resource type, where the request itself tells: never a guess from the response."""
    if flow.websocket is not None:
        return "websocket"
    if flow.request.data.method == b"OPTIONS" and "access-control-request-method" in fields and "origin" in fields:
        return "preflight"
    destination = fields.get("sec-fetch-dest")
    if destination is None:
        return None
    if destination == "empty" and fields.get("accept") == "text/event-stream":
        return "eventsource"
    return _TYPE_OF_DESTINATION.get(destination)


# -- time ------------------------------------------------------------------------------------------------------------


def _timings(flow: http.HTTPFlow, facts: Facts) -> Timings:
    """When and how long, in milliseconds.

    Connecting counts for the exchange that is first on its connection. mitmproxy does not time the name look-up
    apart: `connect` contains it. `tls` is the handshake alone where our hooks timed it; mitmproxy's own times include
    waiting for the client.
    """
    request, response, server = flow.request.data, flow.response, flow.server_conn
    start, sent = request.timestamp_start, request.timestamp_end
    first, end = (response.data.timestamp_start, response.data.timestamp_end) if response else (None, None)
    connect = tls = None
    inside = server.timestamp_start is not None and start is not None and server.timestamp_start >= start
    if facts.server_use == 1 or (facts.server_use is None and inside):
        connect = _ms(server.timestamp_start, server.timestamp_tcp_setup)
        tls = facts.server_tls
        if tls is None and inside:
            tls = _ms(server.timestamp_tcp_setup, server.timestamp_tls_setup)
    wait = _ms(sent, first)
    if wait is not None and inside:
        wait = max(0.0, wait - (connect or 0.0) - (tls or 0.0))
    finish = end
    if flow.websocket is not None and flow.websocket.timestamp_end is not None:
        finish = flow.websocket.timestamp_end
    if finish is None and flow.error is not None:
        finish = flow.error.timestamp
    return Timings(
        started=start,
        connect=connect,
        tls=tls,
        send=_ms(start, sent),
        wait=wait,
        receive=_ms(first, end),
        total=_ms(start, finish),
    )


def _ms(start: float | None, end: float | None) -> float | None:
    if not start or not end:
        return None
    return round(max(0.0, end - start) * 1000, 3)


# -- connections -----------------------------------------------------------------------------------------------------


def client_connection(conn: connection.Client, facts: Facts) -> Connection:
    """The client's connection to the proxy. Its chain is what the proxy showed: the certificate made for the host."""
    tls = None
    if conn.timestamp_tls_setup is not None:
        shown = read_chain((conn.mitmcert,)) if conn.mitmcert is not None else None
        authority = read_der(facts.authority) if facts.authority is not None else None
        tls = msgspec.structs.replace(_handshake(conn, shown), authority=authority)
    return Connection(
        conn.id,
        conn.peername[0] if conn.peername else None,
        conn.peername[1] if conn.peername else None,
        _transport(conn),
        tls is not None,
        facts.client_use > 1 if facts.client_use is not None else None,
        conn.timestamp_start,
        tls,
    )


def _server(flow: http.HTTPFlow, facts: Facts) -> Connection:
    conn = flow.server_conn
    if conn.timestamp_start is None:  # nobody was connected to: the proxy answered, or failed before
        return Connection()
    error = conn.error or ""
    rejected = error.startswith(_VERIFY_FAILED)
    verify_error = error.removeprefix(_VERIFY_FAILED) if rejected else (facts.verify_error or None)
    tls = None
    if conn.timestamp_tls_setup is not None or rejected:
        verified = False if verify_error else (True if facts.verify_error == "" else None)
        handshake = _handshake(conn, read_chain(conn.certificate_list))
        tls = msgspec.structs.replace(handshake, verified=verified, verify_error=verify_error)
    peer = conn.peername or conn.address
    return Connection(
        conn.id,
        conn.peername[0] if conn.peername else None,
        peer[1] if peer else None,
        _transport(conn),
        conn.tls,
        facts.server_use > 1 if facts.server_use is not None else None,
        conn.timestamp_start,
        tls,
    )


def _handshake(conn: connection.Connection, chain: tuple[Certificate, ...] | None) -> TLS:
    """What a connection's handshake settled, with the chain that was shown."""
    return TLS(conn.tls_version, conn.cipher, _text(conn.alpn), _offers(conn), conn.sni, chain)


def _transport(conn: connection.Connection) -> Literal["tcp", "quic"]:
    return "quic" if conn.transport_protocol == "udp" else "tcp"


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else header_text(raw)


def _offers(conn: connection.Connection) -> tuple[str, ...]:
    return _offer_texts(tuple(conn.alpn_offers))


@lru_cache(maxsize=256)
def _offer_texts(offers: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(header_text(offer) for offer in offers)


# -- WebSockets ------------------------------------------------------------------------------------------------------


def _websocket(flow: http.HTTPFlow, facts: Facts) -> WebSocket:
    data = flow.websocket
    assert data is not None
    close = None
    if data.closed_by_client is not None or data.close_code is not None:
        # mitmproxy says that the client closed what it ended itself
        by_client = data.closed_by_client if idle_end(flow) is None else None
        close = Close(data.close_code, data.close_reason, by_client)
    return WebSocket(tuple(map(_message, data.messages)), close, facts.messages_dropped)


def _message(message: ws.WebSocketMessage) -> Message:
    text = message.is_text
    content: str | bytes = message.content.decode("utf-8", "replace") if text else message.content
    return Message(message.from_client, message.timestamp, text, content, len(message.content))

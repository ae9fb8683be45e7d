"""What is read of a HAR file (HAR 1.1 and 1.2, and what exporters add), as typed structs.

Everything may be missing. What most exporters get right is typed strictly, so that decoding is fast and members
that nobody reads are skipped without being built; an entry that does not fit is normalised by `har_tolerant` into
these same structs.
"""

from __future__ import annotations

from msgspec import Raw, Struct, field

from inspector.exchange import TLS, Field

NOTHING = Raw()
"""A member that is not there."""

Number = float | None
Text = str | None


class Content(Struct, gc=False):
    """``response.content``. `text` stays undecoded until somebody reads it."""

    size: Number = None
    compression: Number = None
    mime_type: Text = field(name="mimeType", default=None)
    text: Raw = NOTHING
    encoding: Text = None
    comment: Text = None
    file: Text = field(name="_file", default=None)
    truncated: bool | None = field(name="_truncated", default=None)


class Param(Struct, gc=False):
    """One of ``postData.params``."""

    name: Text = None
    value: Text = None
    file_name: Text = field(name="fileName", default=None)


class PostData(Struct, gc=False):
    """``request.postData``."""

    mime_type: Text = field(name="mimeType", default=None)
    text: Raw = NOTHING
    params: list[Param] | None = None
    encoding: Text = None
    file: Text = field(name="_file", default=None)
    truncated: bool | None = field(name="_truncated", default=None)


class SentContent(Struct, gc=False):
    """HTTP Toolkit's ``request._content``."""

    text: Raw = NOTHING
    size: Number = None
    encoding: Text = None


class RequestEntry(Struct, gc=False):
    """``entry.request``."""

    method: Text = None
    url: Text = None
    http_version: Text = field(name="httpVersion", default=None)
    headers: tuple[Field, ...] = ()
    body_size: Number = field(name="bodySize", default=None)
    post_data: PostData | None = field(name="postData", default=None)
    content: SentContent | None = field(name="_content", default=None)
    priority: Text = field(name="_priority", default=None)
    initial_priority: Text = field(name="_initialPriority", default=None)
    trailers: tuple[Field, ...] | None = field(name="_trailers", default=None)


class FailureObject(Struct, gc=False):
    """An ``_error`` that is an object."""

    message: Text = None
    text: Text = None
    code: Text = None


class SecurityDetails(Struct, gc=False):
    """``_securityDetails`` of Playwright and of the DevTools protocol."""

    protocol: Text = None
    cipher: Text = None
    subject: Text = field(name="subjectName", default=None)
    names: list[str] | None = field(name="sanList", default=None)
    issuer: Text = None
    valid_from: Number = field(name="validFrom", default=None)
    valid_to: Number = field(name="validTo", default=None)


class ResponseEntry(Struct, gc=False):
    """``entry.response``."""

    status: Number = None
    status_text: Text = field(name="statusText", default=None)
    http_version: Text = field(name="httpVersion", default=None)
    headers: tuple[Field, ...] = ()
    content: Content | None = None
    headers_size: Number = field(name="headersSize", default=None)
    body_size: Number = field(name="bodySize", default=None)
    transfer_size: Number = field(name="_transferSize", default=None)
    error: FailureObject | Text = field(name="_error", default=None)
    failure_text: Text = field(name="_failureText", default=None)
    from_service_worker: bool | None = field(name="_fetchedViaServiceWorker", default=None)
    from_disk_cache: bool | None = field(name="fromDiskCache", default=None)
    from_disk_cache_too: bool | None = field(name="_fromDiskCache", default=None)
    remote_address: Text = field(name="_remoteAddress", default=None)
    security_details: SecurityDetails | None = field(name="_securityDetails", default=None)
    trailers: tuple[Field, ...] | None = field(name="_trailers", default=None)


class TimingsEntry(Struct, gc=False):
    """``entry.timings``."""

    blocked: Number = None
    dns: Number = None
    connect: Number = None
    ssl: Number = None
    send: Number = None
    wait: Number = None
    receive: Number = None


class InitiatorEntry(Struct, gc=False):
    """Chrome's ``_initiator``. `stack` stays undecoded: it is long and rarely needed."""

    type: Text = None
    url: Text = None
    line: Number = field(name="lineNumber", default=None)
    request_id: Text = field(name="requestId", default=None)
    stack: Raw = NOTHING


class Frame(Struct, gc=False):
    """A call frame of a stack."""

    url: Text = None
    line: Number = field(name="lineNumber", default=None)


class Stack(Struct, gc=False):
    """A call stack of the DevTools protocol; `parent` is the asynchronous one it was started from."""

    frames: list[Frame] | None = field(name="callFrames", default=None)
    parent: Raw = NOTHING


class SocketMessage(Struct, gc=False):
    """One of ``_webSocketMessages``."""

    type: Text = None
    time: Number = None
    opcode: Number = None
    data: Text = None


class SocketClose(Struct, gc=False):
    """HTTP Toolkit's ``_webSocketClose``, and ours."""

    code: Number = None
    reason: Text = None
    by_client: bool | None = field(name="_byClient", default=None)


class Handshakes(Struct, gc=False):
    """Our own ``_tls``: the handshakes of both sides of a proxy."""

    client: TLS | None = None
    server: TLS | None = None


class Entry(Struct, gc=False):
    """One of ``log.entries``."""

    request: RequestEntry | None = None
    response: ResponseEntry | None = None
    started: Text = field(name="startedDateTime", default=None)
    time: Number = None
    timings: TimingsEntry | None = None
    pageref: Text = None
    connection: Text = None
    server_address: Text = field(name="serverIPAddress", default=None)
    comment: Text = None
    initiator: InitiatorEntry | Text = field(name="_initiator", default=None)
    initiator_type: Text = field(name="_initiator_type", default=None)
    initiator_line: str | float | None = field(name="_initiator_line", default=None)
    priority: Text = field(name="_priority", default=None)
    resource_type: Text = field(name="_resourceType", default=None)
    request_type: Text = field(name="_request_type", default=None)
    connection_id: str | int | None = field(name="_connectionId", default=None)
    connection_reused: bool | None = field(name="_connectionReused", default=None)
    socket: str | int | None = field(name="_socket", default=None)
    from_cache: str | bool | None = field(name="_fromCache", default=None)
    fetch_type: Text = field(name="_fetchType", default=None)
    was_pushed: str | int | bool | None = field(name="_was_pushed", default=None)
    all_start: str | float | None = field(name="_all_start", default=None)
    load_start: str | float | None = field(name="_load_start", default=None)
    """WebPagetest: when it began to look the host up, and when it sent the request. Milliseconds."""
    server_port: str | int | None = field(name="_serverPort", default=None)
    ip_address: Text = field(name="_ip_addr", default=None)
    protocol: Text = field(name="_protocol", default=None)
    frame: Text = field(name="_frameref", default=None)
    frame_id: Text = field(name="_frameId", default=None)
    api_request: bool | None = field(name="_apiRequest", default=None)
    was_fulfilled: bool | None = field(name="_wasFulfilled", default=None)
    """By a script of Playwright, in the server's place."""
    was_aborted: bool | None = field(name="_wasAborted", default=None)
    failure_text: Text = field(name="_failureText", default=None)
    error: FailureObject | Text = field(name="_error", default=None)
    error_side: Text = field(name="_errorSide", default=None)
    security_details: SecurityDetails | None = field(name="_securityDetails", default=None)
    messages: list[SocketMessage] | None = field(name="_webSocketMessages", default=None)
    messages_dropped: Number = field(name="_webSocketMessagesDropped", default=None)
    close: SocketClose | None = field(name="_webSocketClose", default=None)
    client_connection: Text = field(name="_clientConnectionId", default=None)
    tls: Raw = field(name="_tls", default=NOTHING)


class HeadRequest(Struct, gc=False):
    """What ordering needs of a request."""

    method: Text = None
    url: Text = None


class Head(Struct, gc=False):
    """What ordering needs of an entry."""

    request: HeadRequest | None = None
    started: str | float | None = field(name="startedDateTime", default=None)
    time: Number = None
    resource_type: Text = field(name="_resourceType", default=None)


class Log(Struct, gc=False):
    """``log``: each part on its own, so that one broken part costs itself alone."""

    entries: list[Raw]
    creator: Raw = NOTHING
    browser: Raw = NOTHING
    pages: Raw = NOTHING


class Har(Struct, gc=False):
    """A whole file."""

    log: Log


class WholeLog(Struct, gc=False):
    """``log`` with every entry decoded at once."""

    entries: list[Entry]
    creator: Raw = NOTHING
    browser: Raw = NOTHING
    pages: Raw = NOTHING


class WholeHar(Struct, gc=False):
    """A whole file of the usual kind, decoded at once."""

    log: WholeLog


class LooseLog(Struct, gc=False):
    """A ``log`` (or something without one) whose ``entries`` are not a list."""

    log: Raw = NOTHING
    entries: Raw = NOTHING
    request: Raw = NOTHING
    creator: Raw = NOTHING
    browser: Raw = NOTHING
    pages: Raw = NOTHING


class Program(Struct, gc=False):
    """``creator`` and ``browser``."""

    name: Text = None
    version: Text = None


class PageTimings(Struct, gc=False):
    """``page.pageTimings``."""

    content_loaded: Number = field(name="onContentLoad", default=None)
    loaded: Number = field(name="onLoad", default=None)


class PageEntry(Struct, gc=False):
    """One of ``log.pages``."""

    id: Text = None
    title: Text = None
    started: Text = field(name="startedDateTime", default=None)
    timings: PageTimings | None = field(name="pageTimings", default=None)
    url: Text = field(name="_url", default=None)
    url_too: Text = field(name="_URL", default=None)

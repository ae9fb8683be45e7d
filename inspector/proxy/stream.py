"""Letting large and endless bodies through as they come, and long conversations from filling the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.proxy.facts import FACTS, note_fact

if TYPE_CHECKING:
    from mitmproxy import http

PREFIX = 64 * 1024
"""Octets kept of a body that is too large to keep."""

BODY_LIMIT = 5 * 1024 * 1024
"""Octets of a body kept by default."""

MESSAGE_LIMIT = 1000
"""WebSocket messages kept of one conversation: the latest."""


class BodyTap:
    """A function for mitmproxy's ``message.stream``: returns each chunk as it is.

    A body of up to `limit` octets is kept whole, of a larger one only its first `PREFIX`. `size` is what passed.
    """

    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._kept = bytearray()
        self._whole = True

    def __call__(self, chunk: bytes) -> bytes:
        """Take note of a chunk (``b""`` ends the body) and pass it on."""
        self.size += len(chunk)
        if not self._whole:
            return chunk
        self._kept += chunk[: max(self._limit, PREFIX) - len(self._kept)]
        if self.size > self._limit:
            self._whole = False
            del self._kept[PREFIX:]
        return chunk

    @property
    def whole(self) -> bytes | None:
        """Everything that passed, or ``None`` where that was too much to keep."""
        return bytes(self._kept) if self._whole else None

    @property
    def prefix(self) -> bytes:
        """The beginning of what passed."""
        return bytes(self._kept)


class Streaming:
    """Streams every body whose length is not known to be small, so that it arrives as it was sent.

    mitmproxy collects a body before it forwards any of it, which holds event streams and downloads back. Small bodies
    are still collected: that is faster. A streamed body that turns out to be at most `limit` octets is put into the
    flow afterwards, as if it had been collected; of a larger one the flow gets the size and the beginning.
    """

    name = "inspector-streaming"

    def __init__(self, limit: int = BODY_LIMIT, messages: int = MESSAGE_LIMIT) -> None:
        self._limit = limit
        self._messages = messages
        self._kept: dict[str, int] = {}  # octets of WebSocket messages kept, by flow

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Decide how the request's content travels."""
        length = _content_length(flow.request)
        if length is None:
            chunked = any(name.lower() == b"transfer-encoding" for name, _ in flow.request.data.headers.fields)
            endless = chunked or flow.request.data.http_version[5:6] in (b"2", b"3")
        else:
            endless = length > self._limit
        if endless and flow.request.stream is False:
            flow.request.stream = BodyTap(self._limit)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Decide how the response's content travels."""
        response = flow.response
        if response is None or response.data.status_code in (101, 204, 304) or response.stream is not False:
            return
        length = _content_length(response)
        if length is None or length > self._limit:
            response.stream = BodyTap(self._limit)

    def request(self, flow: http.HTTPFlow) -> None:
        """Put a streamed request's content into the flow."""
        settle(flow, flow.request, "request")

    def response(self, flow: http.HTTPFlow) -> None:
        """Put a streamed response's content into the flow."""
        if flow.response is not None:
            settle(flow, flow.response, "response")

    def error(self, flow: http.HTTPFlow) -> None:
        """Keep what had passed of both contents when the exchange broke."""
        settle(flow, flow.request, "request", flow.request.data.timestamp_end is not None)
        if flow.response is not None:
            settle(flow, flow.response, "response", False)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Forget the oldest messages of a long conversation."""
        if flow.websocket is None:
            return
        messages = flow.websocket.messages
        kept = self._kept.get(flow.id, 0) + len(messages[-1].content)
        dropped = 0
        while len(messages) > 1 and (len(messages) > self._messages or kept > self._limit):
            kept -= len(messages.pop(0).content)
            dropped += 1
        self._kept[flow.id] = kept
        if dropped:
            known = flow.metadata.get(FACTS, {}).get("messages_dropped", 0)
            note_fact(flow, "messages_dropped", known + dropped)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Forget a conversation's count."""
        self._kept.pop(flow.id, None)


def settle(flow: http.HTTPFlow, message: http.Message, which: str, ended: bool = True) -> None:
    """Move what a tap saw of a message into the flow. `which` is ``"request"`` or ``"response"``."""
    tap = message.stream
    if not isinstance(tap, BodyTap) or message.data.content is not None:
        return
    whole = tap.whole
    if ended and whole is not None:
        message.data.content = whole
        return
    note_fact(flow, f"{which}_size", tap.size)
    note_fact(flow, f"{which}_prefix", tap.prefix[:PREFIX])


def _content_length(message: http.Message) -> int | None:
    for name, value in message.data.headers.fields:
        if len(name) == 14 and name.lower() == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else None
    return None

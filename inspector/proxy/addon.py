"""The add-on at the heart of the proxy: every exchange that ends is explained, shown and saved."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from inspector.exchange import Exchange
from inspector.proxy.annotate import Annotator
from inspector.proxy.handshake import flow_from_handshake, flow_from_silence
from inspector.proxy.notice import Notice, Sink
from inspector.proxy.progress import Progress
from inspector.proxy.stream import BodyTap, settle
from inspector.render.escape import clipped
from inspector.report import ExchangeReport

if TYPE_CHECKING:
    from mitmproxy import connection, http, tls


_HOSTS = 5000
"""Hosts that are remembered as spoken with."""

_MOMENT = 1.0
"""Seconds within which a client that left without a request comes back if it only had a connection to spare."""


class Saver(Protocol):
    """Where exchanges are kept."""

    def add(self, exchange: Exchange, report: ExchangeReport, flow: http.HTTPFlow) -> None:
        """Keep one. Raises OSError where it cannot be written."""

    def close(self) -> None:
        """Complete the file."""


class InspectorAddon:
    """Explains what passes. Put it behind `Watcher` and `Streaming`.

    The response is forwarded first: a flow that ended is put in line here and explained as soon as the event loop has
    nothing else to send for it. Explaining never fails (see `Annotator`), and a sink or a file that does is reported
    once and left alone.
    """

    name = "inspector"

    def __init__(
        self,
        annotator: Annotator,
        sink: Sink,
        saver: Saver | None = None,
        hosts: tuple[str, ...] = (),
        own_host: str = "mitm.it",
        progress: Progress | None = None,
    ) -> None:
        self._annotator = annotator
        self._sink = sink
        self._saver = saver
        self._hosts = tuple(host.lower() for host in hosts)
        self._own_host = own_host
        self._progress = progress
        self._ended: deque[http.HTTPFlow] = deque()
        self._open: dict[str, http.HTTPFlow] = {}  # conversations and streams that have not ended
        self._scheduled = False
        self._tunnels: dict[str, http.HTTPFlow] = {}  # the CONNECT of each open client connection
        self._silent: dict[str, connection.Server] = {}  # clients inside TLS that have not sent a request yet
        self._spoken: OrderedDict[str, None] = OrderedDict()  # hosts that an exchange was had with
        self._troubled = False

    # -- hooks ---------------------------------------------------------------------------------------------------

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Remember what is streamed, and tell at once of an event stream, which may never end."""
        response = flow.response
        if response is None or not isinstance(response.stream, BodyTap) or not self._wanted(flow):
            return
        self._open[flow.id] = flow
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            self._opened(flow, "event stream")

    def response(self, flow: http.HTTPFlow) -> None:
        """An exchange is complete, unless it only now becomes a conversation."""
        if flow.websocket is None:
            self._end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange failed."""
        self._end(flow)

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        """A tunnel could not be made."""
        self._end(flow)

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """A conversation began."""
        if self._wanted(flow):
            self._open[flow.id] = flow
            self._opened(flow, "WebSocket")

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """A conversation ended."""
        self._end(flow)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """A tunnel is asked for: its fields say who the client is, should it not get further."""
        self._tunnels[flow.client_conn.id] = flow

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """A client hung up during the handshake."""
        try:
            tunnel = self._tunnels.get(data.context.client.id)
            self._end(flow_from_handshake(data, tunnel.request.headers if tunnel is not None else None))
        except Exception as error:
            self._fault(error)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """A client is inside; what it asks for comes next."""
        self._silent[data.context.client.id] = data.context.server

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """It asks."""
        self._silent.pop(flow.client_conn.id, None)
        self._spoken[flow.request.data.host] = None
        if len(self._spoken) > _HOSTS:
            self._spoken.popitem(last=False)
        if self._progress is not None and self._wanted(flow):
            try:
                url = self._annotator.engine.masker.url(flow.request.pretty_url)
                self._progress.began(flow.id, flow.request.method, url)
            except Exception as error:
                self._fault(error)

    def client_disconnected(self, client: connection.Client) -> None:
        """A client that leaves without a word may be one that does not accept our certificate, or one with a
        connection to spare: which it was shows when it comes back, so it is given a moment."""
        tunnel = self._tunnels.pop(client.id, None)
        server = self._silent.pop(client.id, None)
        if server is None:
            return
        headers = tunnel.request.headers if tunnel is not None else None
        try:
            flow = flow_from_silence(client, server, headers)
            if flow.request.data.host not in self._spoken:
                asyncio.get_running_loop().call_later(_MOMENT, self._still_silent, flow)
        except Exception as error:
            self._fault(error)

    def _still_silent(self, flow: http.HTTPFlow) -> None:
        if flow.request.data.host not in self._spoken:
            self._end(flow)

    def done(self) -> None:
        """The proxy ends: explain what waits, then what is still open, and complete the file."""
        self._drain()
        for flow in list(self._open.values()):
            if flow.websocket is None and flow.response is not None:
                settle(flow, flow.response, "response", ended=False)
            self._ended.append(flow)
        self._drain()
        if self._saver is not None:
            try:
                self._saver.close()
            except Exception as error:
                self._fault(error)
            self._saver = None

    # -- in line -------------------------------------------------------------------------------------------------

    def _end(self, flow: http.HTTPFlow) -> None:
        if self._progress is not None:
            self._progress.over(flow.id)
        if not self._wanted(flow):
            return
        self._ended.append(flow)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._drain)

    def _drain(self) -> None:
        self._scheduled = False
        while self._ended:
            flow = self._ended.popleft()
            self._open.pop(flow.id, None)
            annotated = self._annotator.annotate(flow)
            try:
                self._sink.exchange(annotated.exchange, annotated.report)
                for story in annotated.stories:
                    self._sink.story(story)
            except Exception as error:
                self._fault(error)
            self._keep(annotated.exchange, annotated.report, flow)

    def _keep(self, exchange: Exchange, report: ExchangeReport, flow: http.HTTPFlow) -> None:
        if self._saver is None:
            return
        try:
            self._saver.add(exchange, report, flow)
        except Exception as error:  # a full disk must not break a page
            self._saver = None
            self._tell(Notice("trouble", f"Saving stopped: {clipped(str(error), 300)}. Traffic is not affected."))

    # -- who and what --------------------------------------------------------------------------------------------

    def _wanted(self, flow: http.HTTPFlow) -> bool:
        host = flow.request.data.host
        if host == self._own_host:
            return False
        return not self._hosts or self._matches(flow.request.pretty_host) or self._matches(host)

    def _matches(self, host: str) -> bool:
        host = host.lower()
        return any(fnmatchcase(host, pattern) for pattern in self._hosts)

    def _opened(self, flow: http.HTTPFlow, what: str) -> None:
        try:
            url = self._annotator.engine.masker.url(flow.request.pretty_url)
            self._tell(Notice("opened", f"{what} opened: {clipped(url, 200)}", flow.request.pretty_host))
        except Exception as error:
            self._fault(error)

    def _tell(self, notice: Notice) -> None:
        try:
            self._sink.notice(notice)
        except Exception as error:
            self._fault(error)

    def _fault(self, error: Exception) -> None:
        """Something of ours failed where nothing can be printed any more, or not again: say it once, if at all."""
        if self._troubled:
            return
        self._troubled = True
        try:
            self._sink.notice(Notice("trouble", f"A fault of inspector's own: {clipped(repr(error), 300)}"))
        except Exception:  # the sink itself is broken; the traffic goes on
            return

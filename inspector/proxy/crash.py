"""Noticing that mitmproxy itself failed while it handled a connection, so that nobody else is blamed for it.

It logs such a failure and then leaves the connection as it is, with a client that waits in vain (trailer fields of
HTTP/1 do that). The add-on reads the log, marks the exchange, and ends the client's connection.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from inspector.proxy.facts import note_fact

if TYPE_CHECKING:
    from mitmproxy import connection, http

_LOGGER = "mitmproxy.proxy.server"
_MOST = 200


class CrashWatch(logging.Handler):
    """An add-on, to be put before the one that explains; and a log handler while it is `attach`ed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.name = "inspector-crashes"
        self._failed: OrderedDict[Any, str] = OrderedDict()  # the client's address → the error's name

    def attach(self) -> None:
        """Begin to read the log."""
        logging.getLogger(_LOGGER).addHandler(self)

    def detach(self) -> None:
        """Stop reading it."""
        logging.getLogger(_LOGGER).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a failure, and end the connection it happened on."""
        client = getattr(record, "client", None)
        if client is None or not record.exc_info or "has crashed" not in record.msg:
            return
        error = record.exc_info[1]
        self._failed[client] = type(error).__name__
        if len(self._failed) > _MOST:
            self._failed.popitem(last=False)
        try:
            _hang_up(client)
        except Exception:  # an internal of mitmproxy that is not as expected: then the client waits, as without us
            logging.getLogger(__name__).debug("a connection could not be ended", exc_info=True)

    def response(self, flow: http.HTTPFlow) -> None:
        """An exchange that ended all the same."""
        self._note(flow)

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget a connection. Its exchanges have ended: this hook is the last."""
        self._failed.pop(client.peername, None)

    def error(self, flow: http.HTTPFlow) -> None:
        """An exchange that ended because of it."""
        self._note(flow)

    def _note(self, flow: http.HTTPFlow) -> None:
        if self._failed and flow.live and flow.client_conn.peername in self._failed:
            note_fact(flow, "crashed", self._failed[flow.client_conn.peername])


def _hang_up(client: Any) -> None:
    from mitmproxy import ctx

    for handler in ctx.master.addons.get("proxyserver").connections.values():  # type: ignore[no-untyped-call]
        if handler.client.peername == client:
            reading = handler.transports[handler.client].handler
            if reading is not None:
                reading.cancel("mitmproxy has failed")  # what mitmproxy does with idle connections

"""A client that hung up during the TLS handshake: what it looks like as an exchange, and what to tell the person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspector.exchange import Context, Exchange, Failure, Recorder, Request, Timings
from inspector.proxy.facts import NO_FACTS
from inspector.proxy.flow import client_connection
from inspector.proxy.notice import Notice
from inspector.render.escape import clipped

if TYPE_CHECKING:
    from mitmproxy import connection, tls


def exchange_from_handshake(data: tls.TlsData, recorder: Recorder) -> Exchange:
    """The failed handshake as an exchange: a ``CONNECT`` that got no further (RFC 9110, section 9.3.6)."""
    client = data.context.client
    host, port = _destination(data)
    return Exchange(
        0,
        Request("CONNECT", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        Context(recorder),
        timings=Timings(started=client.timestamp_start),
        client=client_connection(client, NO_FACTS),
        failure=Failure(client.error or "The TLS handshake with the client failed.", side="client"),
    )


def notice_from_handshake(data: tls.TlsData, authority: Path) -> Notice:
    """What happened and what to do about it. `authority` is the file of the proxy's own CA certificate."""
    host, _ = _destination(data)
    shown = clipped(host, 120)
    said = data.context.client.error or ""
    remedy = (
        f"Open http://mitm.it in that client, through this proxy, and install the certificate; for one command, point "
        f"it to {authority} (curl: --cacert)."
    )
    if "does not trust" in said:
        return Notice(
            "untrusted",
            f"{shown}: the client does not trust this proxy's certificate authority and hung up, so there is nothing "
            f"to see. {remedy}",
            host,
        )
    if "disconnected during the handshake" in said or "may not trust" in said:
        return Notice(
            "untrusted",
            f"{shown}: the client hung up during the TLS handshake. If it does so every time, it does not trust this "
            f"proxy's certificate authority, or accepts only certificates it knows (pinning). {remedy}",
            host,
        )
    return Notice("tls", f"{shown}: the TLS handshake with the client failed: {clipped(said, 300)}", host)


def _destination(data: tls.TlsData) -> tuple[str, int]:
    client: connection.Client = data.context.client
    address = data.context.server.address or client.sockname
    return (client.sni or address[0], address[1])

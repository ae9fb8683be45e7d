"""What a HAR entry tells of the connection it used."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Raw, Struct

from inspector.capture import values
from inspector.capture.har_schema import Entry, Handshakes, SecurityDetails
from inspector.exchange import TLS, Certificate, Connection, ServedFrom, Timings
from inspector.url import parse

_handshakes = msgspec.json.Decoder(Handshakes).decode


class Connections(Struct):
    """The connections of one file."""

    given_as_port: bool = False
    """``connection`` is the server's port (Firefox, Firebug)."""
    seen: set[str] = msgspec.field(default_factory=set)
    """Their ids so far."""


def connection_of(
    entry: Entry, url: str, version: str | None, served: ServedFrom | None, timings: Timings, connections: Connections
) -> Connection:
    """The server's connection: where it went, how, and whether it was there before."""
    target = parse(url[:2048])  # scheme and port are in front; a data: URL may be megabytes
    answer = entry.response
    text = entry.server_address or entry.ip_address or (answer.remote_address if answer is not None else None)
    peer, port = values.address(text)
    port = values.port(entry.server_port) or port
    id_, from_member = _connection_id(entry)
    if from_member and id_ is not None and (connections.given_as_port or id_ == str(target.port)):
        port = port or values.port(id_)
        id_ = None
    reused = entry.connection_reused
    if reused is None and id_ is not None:
        if timings.connect or timings.tls:
            reused = False
        elif id_ in connections.seen:
            reused = True
    if id_ is not None:
        connections.seen.add(id_)
    scheme = target.scheme
    encrypted = True if target.secure else False if scheme in ("http", "ws") else None
    details = entry.security_details or (answer.security_details if answer is not None else None)
    transport: Literal["tcp", "quic"] | None = None
    if served is None or served in ("network", "push"):
        transport = values.transport(version)
    return Connection(
        id=id_,
        peer=peer,
        port=port,
        transport=transport,
        encrypted=encrypted,
        reused=reused,
        tls=_tls(details) if details is not None else None,
    )


def _connection_id(entry: Entry) -> tuple[str | None, bool]:
    """The connection's id, and whether it is from ``connection``, where some exporters put a port."""
    if entry.connection_id is not None:
        return values.connection_id(str(entry.connection_id)), False
    if entry.socket is not None:
        socket = values.connection_id(str(entry.socket))
        # WebPageTest counts sockets anew in every run, and a run is a page.
        return (f"{entry.pageref}/{socket}" if socket is not None and entry.pageref else socket), False
    return values.connection_id(entry.connection), True


def _tls(details: SecurityDetails) -> TLS | None:
    certificate = None
    if details.subject or details.issuer:
        certificate = Certificate(
            subject=details.subject or "",
            issuer=details.issuer or "",
            names=tuple(details.names or ()),
            not_before=details.valid_from,
            not_after=details.valid_to,
        )
    version = values.tls_version(details.protocol)
    if certificate is None and version is None and not details.cipher:
        return None
    return TLS(version, details.cipher or None, chain=(certificate,) if certificate is not None else None)


def with_handshakes(client: Connection, server: Connection, told: Raw) -> tuple[Connection, Connection]:
    """Both sides' connections with the handshakes that our own recordings keep."""
    try:
        both = _handshakes(told)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return client, server
    if both.client is not None:
        client = msgspec.structs.replace(client, encrypted=True, tls=both.client)
    if both.server is not None:
        server = msgspec.structs.replace(server, tls=both.server)
    return client, server

"""What an eavesdropper can name in a recording of TLS: records and handshake messages by their plain headers.

RFC 5246 (TLS 1.2) and RFC 8446 (TLS 1.3): a record is its kind, a version, a length and a fragment; a handshake
message its kind, a length and a body. Nothing here knows a key.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from msgspec import Struct

from inspector.learn.experiments.relay import Chunk, Sender

CHANGE, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
RECORD_KINDS = {CHANGE: "ChangeCipherSpec", ALERT: "Alert", HANDSHAKE: "Handshake", DATA: "Application data"}
HANDSHAKES = {
    1: "ClientHello", 2: "ServerHello", 4: "NewSessionTicket", 8: "EncryptedExtensions", 11: "Certificate",
    12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify",
    16: "ClientKeyExchange", 20: "Finished", 24: "KeyUpdate",
}  # fmt: skip
_HEADER = 5
SERVER_NAME, ALPN, EXTENDED_MASTER_SECRET, SUPPORTED_VERSIONS, KEY_SHARE = 0, 16, 23, 43, 51


class Record(Struct, frozen=True):
    """One record: from whom, its kind, and its fragment. `encrypted` is told from the order of records alone."""

    sender: Sender
    kind: int
    header: bytes
    fragment: bytes
    encrypted: bool

    @property
    def data(self) -> bytes:
        """Header and fragment, as they were on the wire."""
        return self.header + self.fragment


class Message(Struct, frozen=True):
    """One message as the eavesdropper sees it. `data` is a handshake message, or the whole record if encrypted."""

    sender: Sender
    name: str
    data: bytes
    encrypted: bool

    @property
    def body(self) -> bytes:
        """A handshake message without its header (kind and length, four octets)."""
        return self.data[4:]


class Hello(Struct, frozen=True):
    """What a ClientHello or ServerHello says in the clear: its random, the cipher suite chosen, its extensions."""

    random: bytes
    suite: int | None
    extensions: dict[int, bytes]

    @property
    def server_name(self) -> str | None:
        """The host asked for (RFC 6066, section 3): a list's length, a kind and the name's length come before it."""
        found = self.extensions.get(SERVER_NAME)
        return found[5:].decode("ascii", "replace") if found and len(found) > 5 else None

    @property
    def key_share(self) -> bytes | None:
        """The first share of a key agreement, the public half of a key made for this connection (section 4.2.8)."""
        found = self.extensions.get(KEY_SHARE)
        if not found:
            return None
        return found[4:] if self.suite is not None else found[6 : 6 + int.from_bytes(found[4:6])]


def records(recording: Sequence[Chunk]) -> list[Record]:
    """Cut a recording into records, in the order in which they were complete. A cut-off one at the end is left out."""
    waiting: dict[Sender, bytes] = {"client": b"", "server": b""}
    changed: set[Sender] = set()
    found: list[Record] = []
    for chunk in recording:
        rest = waiting[chunk.sender] + chunk.data
        while len(rest) >= _HEADER and len(rest) >= _HEADER + (size := int.from_bytes(rest[3:5])):
            kind = rest[0]
            encrypted = kind == DATA or (chunk.sender in changed and kind != CHANGE)
            found.append(Record(chunk.sender, kind, rest[:_HEADER], rest[_HEADER : _HEADER + size], encrypted))
            if kind == CHANGE:
                changed.add(chunk.sender)
            rest = rest[_HEADER + size :]
        waiting[chunk.sender] = rest
    return found


def messages(recording: Sequence[Chunk]) -> list[Message]:
    """Name every message of a recording, as far as nothing needs a key."""
    found: list[Message] = []
    for record in records(recording):
        name = RECORD_KINDS.get(record.kind, f"kind {record.kind}")
        if record.encrypted:
            name = "Finished" if record.kind == HANDSHAKE else name
            found.append(Message(record.sender, name, record.data, True))
        elif record.kind == HANDSHAKE:
            found += [Message(record.sender, *each, False) for each in handshakes(record.fragment)]
        else:
            told = f"Alert: {alert(record.fragment)}" if record.kind == ALERT else name
            found.append(Message(record.sender, told, record.fragment, False))
    return found


def handshakes(fragment: bytes) -> list[tuple[str, bytes]]:
    """The handshake messages of a fragment: name, and octets with the header."""
    found = []
    while len(fragment) >= 4:
        size = 4 + int.from_bytes(fragment[1:4])
        found.append((HANDSHAKES.get(fragment[0], f"handshake {fragment[0]}"), fragment[:size]))
        fragment = fragment[size:]
    return found


def alert(fragment: bytes) -> str:
    """An alert in words (RFC 8446, section 6): ``unknown_ca``, ``close_notify`` …"""
    number = fragment[1] if len(fragment) == 2 else -1
    try:
        return ssl.AlertDescription(number).name.removeprefix("ALERT_DESCRIPTION_").lower()
    except ValueError:
        return {116: "certificate_required", 120: "no_application_protocol"}.get(number, f"number {number}")


def hello(message: bytes) -> Hello:
    """Read a ClientHello or ServerHello (RFC 8446, sections 4.1.2 and 4.1.3), header included."""
    client = message[0] == 1
    random, at = message[6:38], 38
    at += 1 + message[at]  # session id
    suite = None
    if client:
        at += 2 + int.from_bytes(message[at : at + 2])  # cipher suites
        at += 1 + message[at]  # compression methods
    else:
        suite, at = int.from_bytes(message[at : at + 2]), at + 3
    extensions, at = {}, at + 2
    while at + 4 <= len(message):
        kind, size = int.from_bytes(message[at : at + 2]), int.from_bytes(message[at + 2 : at + 4])
        extensions[kind] = message[at + 4 : at + 4 + size]
        at += 4 + size
    return Hello(random, suite, extensions)

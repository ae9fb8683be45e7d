"""Opens a recording of TLS with what somebody may have: the server's private RSA key, or a client's key log.

TLS 1.2 with RSA key exchange (RFC 5246, section 8.1.1; RFC 7627; AES-GCM by RFC 5288) opens with the server's key.
TLS 1.3 (RFC 8446, sections 5.2 and 7) does not: it needs secrets that the two ends make for one connection and forget,
which a client may write down in a key log.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from msgspec import Struct

from inspector.learn.experiments.records import (
    ALERT,
    CHANGE,
    DATA,
    EXTENDED_MASTER_SECRET,
    HANDSHAKE,
    alert,
    handshakes,
    hello,
    messages,
    records,
)
from inspector.learn.experiments.relay import Chunk, Sender

RSA_AES_128_GCM = 0x009C
_SUITES_13: dict[int, tuple[type[AESGCM | ChaCha20Poly1305], int, hashes.HashAlgorithm]] = {
    0x1301: (AESGCM, 16, hashes.SHA256()),
    0x1302: (AESGCM, 32, hashes.SHA384()),
    0x1303: (ChaCha20Poly1305, 32, hashes.SHA256()),
}
_NONCE = 12


class NotOpened(Exception):
    """The recording cannot be opened with what there is; the message says why, in one line."""


class Opened(Struct, frozen=True):
    """One message in the clear: from whom, what it is, its octets."""

    sender: Sender
    name: str
    data: bytes


class OpenedWithKey(Struct, frozen=True):
    """A TLS 1.2 recording, opened: the secret as it was sent and as the key gave it back, and what was said."""

    sealed: bytes
    premaster: bytes
    said: tuple[Opened, ...]


def application_data(said: Sequence[Opened], sender: Sender) -> bytes:
    """All that one side's application said."""
    return b"".join(each.data for each in said if each.sender == sender and each.name == "Application data")


def open_with_server_key(recording: Sequence[Chunk], key: rsa.RSAPrivateKey) -> OpenedWithKey:
    """Open a recording with the server's private key alone.

    Raises:
        NotOpened: the secret of this connection was not sent encrypted to that key.
    """
    seen = {message.name: message for message in messages(recording) if not message.encrypted}
    if "ServerHello" not in seen or "ClientHello" not in seen:
        raise NotOpened("this is no handshake of TLS")
    exchange = seen.get("ClientKeyExchange")
    ours, theirs = hello(seen["ClientHello"].data), hello(seen["ServerHello"].data)
    if exchange is None:
        raise NotOpened("there is no ClientKeyExchange in it: no secret was encrypted to the server's key")
    if theirs.suite != RSA_AES_128_GCM:
        raise NotOpened("its secret was agreed on, not encrypted to the server's key")
    sealed = exchange.body[2:]
    try:
        premaster = key.decrypt(sealed, padding.PKCS1v15())
    except ValueError as error:
        raise NotOpened("this is not the key that the secret was encrypted to") from error
    # Libraries answer a wrong key with random octets, so that nobody learns from errors; a version comes first.
    if len(premaster) != 48 or premaster[:2] != b"\x03\x03":
        raise NotOpened("this is not the key that the secret was encrypted to")
    if EXTENDED_MASTER_SECRET in theirs.extensions:
        transcript = b""
        for record in records(recording):
            if record.kind == CHANGE:
                break
            transcript += record.fragment
        master = _prf(premaster, b"extended master secret", hashlib.sha256(transcript).digest(), 48)
    else:
        master = _prf(premaster, b"master secret", ours.random + theirs.random, 48)
    block = _prf(master, b"key expansion", theirs.random + ours.random, 40)
    keys = {"client": (block[:16], block[32:36]), "server": (block[16:32], block[36:40])}
    numbers: dict[Sender, int] = {"client": 0, "server": 0}
    said = []
    for record in records(recording):
        if not record.encrypted:
            continue
        secret, salt = keys[record.sender]
        explicit, sealed_text = record.fragment[:8], record.fragment[8:]
        number = numbers[record.sender].to_bytes(8)
        numbers[record.sender] += 1
        associated = number + record.header[:3] + (len(sealed_text) - 16).to_bytes(2)
        plain = AESGCM(secret).decrypt(salt + explicit, sealed_text, associated)
        said += _named(record.sender, record.kind, plain)
    return OpenedWithKey(sealed, premaster, tuple(said))


def open_with_key_log(recording: Sequence[Chunk], log: str) -> tuple[Opened, ...]:
    """Open a TLS 1.3 recording with a client's key log (the lines that ``SSLKEYLOGFILE`` makes programs write).

    Raises:
        NotOpened: the log has no secrets of this connection, or the cipher is not one known here.
    """
    seen = {message.name: message for message in messages(recording) if not message.encrypted}
    if "ServerHello" not in seen or "ClientHello" not in seen:
        raise NotOpened("this is no handshake of TLS")
    random = hello(seen["ClientHello"].data).random.hex()
    suite = _SUITES_13.get(hello(seen["ServerHello"].data).suite or 0)
    secrets = {
        label: bytes.fromhex(secret)
        for label, owner, secret in (line.split() for line in log.splitlines() if line.count(" ") == 2)
        if owner == random
    }
    if suite is None or not secrets:
        raise NotOpened("the key log holds no secrets of this connection")
    cipher, length, digest = suite
    phases = {
        "client": ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"],
        "server": ["SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"],
    }
    numbers: dict[Sender, int] = {"client": 0, "server": 0}
    said: list[Opened] = []
    for record in records(recording):
        if record.kind != DATA:
            continue
        secret = secrets.get(phases[record.sender][0])
        if secret is None:
            continue
        key, salt = _expand(secret, "key", length, digest), _expand(secret, "iv", _NONCE, digest)
        nonce = (int.from_bytes(salt) ^ numbers[record.sender]).to_bytes(_NONCE)
        numbers[record.sender] += 1
        inner = cipher(key).decrypt(nonce, record.fragment, record.header).rstrip(b"\0")
        found = _named(record.sender, inner[-1], inner[:-1])
        said += found
        if any(each.name == "Finished" for each in found):  # from here on, the keys for application data
            phases[record.sender].pop(0)
            numbers[record.sender] = 0
    return tuple(said)


def _named(sender: Sender, kind: int, plain: bytes) -> list[Opened]:
    if kind == HANDSHAKE:
        return [Opened(sender, name, data) for name, data in handshakes(plain)]
    name = f"Alert: {alert(plain)}" if kind == ALERT else "Application data"
    return [Opened(sender, name, plain)]


def _prf(secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246, section 5)."""
    made, chained = b"", label + seed
    while len(made) < length:
        chained = hmac.digest(secret, chained, "sha256")
        made += hmac.digest(secret, chained + label + seed, "sha256")
    return made[:length]


def _expand(secret: bytes, label: str, length: int, digest: hashes.HashAlgorithm) -> bytes:
    """HKDF-Expand-Label without context (RFC 8446, section 7.1)."""
    name = b"tls13 " + label.encode("ascii")
    info = length.to_bytes(2) + bytes([len(name)]) + name + b"\0"
    return HKDFExpand(digest, length, info).derive(secret)

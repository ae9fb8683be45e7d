"""The WebSocket handshake and its closing codes (RFC 6455, sections 4 and 7.4)."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_NEVER = "The number itself is never sent."
CLOSE_CODES = {
    1000: ("normal closure", "The purpose of the connection is fulfilled."),
    1001: ("going away", "The page was left, or the server is shutting down."),
    1002: ("protocol error", "The other side broke a rule of the protocol."),
    1003: (
        "unsupported data",
        "The other side sent a kind of data this one does not take, binary data for one.",
    ),
    1005: ("no code given", f"The close frame held no code. {_NEVER}"),
    1006: (
        "abnormal closure",
        f"The connection ended without a close frame: network lost, server crashed, or a proxy timed out. {_NEVER}",
    ),
    1007: ("invalid data", "A text message was not valid UTF-8."),
    1008: ("policy violation", "A message broke a policy of the other side; often authorisation that failed."),
    1009: ("message too big", "A message was larger than the other side takes."),
    1010: ("extension missing", "The client expected an extension the server did not agree to."),
    1011: ("internal error", "The server met a condition it did not expect."),
    1012: ("service restart", "The server restarts; the client may connect again."),
    1013: ("try again later", "The server is overloaded."),
    1014: ("bad gateway", "A gateway got an invalid answer from the server behind it."),
    1015: ("TLS handshake failed", _NEVER),
}
"""Registered codes: name and meaning (IANA, "WebSocket Close Code Number Registry")."""


def close_words(code: int) -> tuple[str, str]:
    """Name and meaning of a close code; of its range where it is not registered."""
    known = CLOSE_CODES.get(code)
    if known is not None:
        return known
    if 3000 <= code <= 3999:
        return "a code registered by a library or framework", ""
    if 4000 <= code <= 4999:
        return "the application's own code", "What it means, only this application's documentation tells."
    return "a reserved code", "No side may send it."


@lru_cache(maxsize=256)
def accept_for(key: str) -> str | None:
    """The ``Sec-WebSocket-Accept`` that answers a ``Sec-WebSocket-Key``; ``None`` where that is not 16 octets."""
    try:
        if len(base64.b64decode(key.strip(), validate=True)) != 16:
            return None
    except (binascii.Error, ValueError):
        return None
    import hashlib  # which brings OpenSSL along

    digest = hashlib.sha1((key.strip() + _GUID).encode("ascii"), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


@lru_cache(maxsize=256)
def tokens(value: str) -> tuple[str, ...]:
    """The tokens of a comma-separated value, parameters left out, in order."""
    return tuple(part for item in value.split(",") if (part := item.partition(";")[0].strip()))

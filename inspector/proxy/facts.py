"""What our hooks learn about a flow and mitmproxy has no place for, kept in the flow's metadata.

Everything is of a type that mitmproxy can save, so a flow file written by the proxy says as much when it is read
again as it said live. The values come back from a file that anybody may have written: readers check types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from mitmproxy import http

FINDINGS = "inspector"
"""Metadata key: the annotations, as a list of plain objects (the report's own shape)."""

FACTS = "inspector_facts"
"""Metadata key: the facts below, as one plain object."""


class Facts(Struct, frozen=True, omit_defaults=True):
    """Facts about one flow. Times are milliseconds; ``None`` is unknown.

    `client_use` and `server_use` count the exchanges of each connection, 1 being its first. `verify_error` is ``""``
    where the server's certificate was checked and found good. A `*_prefix` is the start of a streamed body, of
    `*_size` octets in all. `crashed` is the name of the error with which mitmproxy itself failed. `authority` is the
    certificate (DER) of the proxy's authority, where that signed what the client was shown.
    """

    client_use: int | None = None
    server_use: int | None = None
    client_tls: float | None = None
    server_tls: float | None = None
    verify_error: str | None = None
    request_size: int | None = None
    request_prefix: bytes | None = None
    response_size: int | None = None
    response_prefix: bytes | None = None
    messages_dropped: int = 0
    crashed: str | None = None
    authority: bytes | None = None


NO_FACTS = Facts()
_NAMES = Facts.__struct_fields__
_TYPES: dict[str, type | tuple[type, ...]] = {
    "client_use": int,
    "server_use": int,
    "client_tls": (int, float),
    "server_tls": (int, float),
    "verify_error": str,
    "request_size": int,
    "request_prefix": bytes,
    "response_size": int,
    "response_prefix": bytes,
    "messages_dropped": int,
    "crashed": str,
    "authority": bytes,
}


def read_facts(flow: http.HTTPFlow) -> Facts:
    """The facts in a flow's metadata; those that are missing or of a wrong type are left at their defaults."""
    stored = flow.metadata.get(FACTS)
    if not stored or not isinstance(stored, dict):
        return NO_FACTS
    return Facts(**{name: stored[name] for name in _NAMES if name in stored and isinstance(stored[name], _TYPES[name])})


def note_fact(flow: http.HTTPFlow, name: str, value: Any) -> None:
    """Put one fact into a flow's metadata. `name` is a field of `Facts`."""
    flow.metadata.setdefault(FACTS, {})[name] = value

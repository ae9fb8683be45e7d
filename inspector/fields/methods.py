"""Request methods: the IANA registry (RFC 9110, section 16.1.1), what is safe and what is idempotent."""

from __future__ import annotations

from msgspec import Struct

_RFC = "https://www.rfc-editor.org/rfc/rfc"


class Method(Struct, frozen=True):
    """One registered method. Names are case-sensitive (RFC 9110, section 9.1)."""

    name: str
    safe: bool
    idempotent: bool
    reference: str


METHODS: dict[str, Method] = {
    name: Method(name, safe, idempotent, _RFC + section)
    for name, safe, idempotent, section in (
        ("ACL", False, True, "3744#section-8.1"),
        ("BASELINE-CONTROL", False, True, "3253#section-12.6"),
        ("BIND", False, True, "5842#section-4"),
        ("CHECKIN", False, True, "3253#section-4.4"),
        ("CHECKOUT", False, True, "3253#section-4.3"),
        ("CONNECT", False, False, "9110#section-9.3.6"),
        ("COPY", False, True, "4918#section-9.8"),
        ("DELETE", False, True, "9110#section-9.3.5"),
        ("GET", True, True, "9110#section-9.3.1"),
        ("HEAD", True, True, "9110#section-9.3.2"),
        ("LABEL", False, True, "3253#section-8.2"),
        ("LINK", False, True, "2068#section-19.6.1.2"),
        ("LOCK", False, False, "4918#section-9.10"),
        ("MERGE", False, True, "3253#section-11.2"),
        ("MKACTIVITY", False, True, "3253#section-13.5"),
        ("MKCALENDAR", False, True, "4791#section-5.3.1"),
        ("MKCOL", False, True, "4918#section-9.3"),
        ("MKREDIRECTREF", False, True, "4437#section-6"),
        ("MKWORKSPACE", False, True, "3253#section-6.3"),
        ("MOVE", False, True, "4918#section-9.9"),
        ("OPTIONS", True, True, "9110#section-9.3.7"),
        ("ORDERPATCH", False, True, "3648#section-7"),
        ("PATCH", False, False, "5789#section-2"),
        ("POST", False, False, "9110#section-9.3.3"),
        ("PRI", True, True, "9113#section-3.4"),
        ("PROPFIND", True, True, "4918#section-9.1"),
        ("PROPPATCH", False, True, "4918#section-9.2"),
        ("PUT", False, True, "9110#section-9.3.4"),
        ("REBIND", False, True, "5842#section-6"),
        ("REPORT", True, True, "3253#section-3.6"),
        ("SEARCH", True, True, "5323#section-2"),
        ("TRACE", True, True, "9110#section-9.3.8"),
        ("UNBIND", False, True, "5842#section-5"),
        ("UNCHECKOUT", False, True, "3253#section-4.5"),
        ("UNLINK", False, True, "2068#section-19.6.1.3"),
        ("UNLOCK", False, True, "4918#section-9.11"),
        ("UPDATE", False, True, "3253#section-7.1"),
        ("UPDATEREDIRECTREF", False, True, "4437#section-7"),
        ("VERSION-CONTROL", False, True, "3253#section-3.5"),
    )
}
"""The registered methods by name, ``*`` (which is reserved) left out."""

_QUERY = Method("QUERY", True, True, "https://datatracker.ietf.org/doc/draft-ietf-httpbis-safe-method-w-body/")

KNOWN: dict[str, Method] = {**METHODS, _QUERY.name: _QUERY}
"""The registered methods, and ``QUERY``, which is deployed ahead of its registration."""


def is_safe(method: str) -> bool:
    """Whether a method is defined as safe: it asks for no change (RFC 9110, section 9.2.1)."""
    known = KNOWN.get(method)
    return known is not None and known.safe

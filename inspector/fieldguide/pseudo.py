"""Pseudo-fields of HTTP/2 and HTTP/3: HTTP/1.1's request line and status line as fields (RFC 9113, section 8.3)."""

from __future__ import annotations

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, reads, row
from inspector.fieldguide.say import quote, url
from inspector.fields.methods import KNOWN
from inspector.fields.statuses import REGISTERED


@reads(row(":method", REQUEST, "What is to be done with the target.", f"{RFC}9113#section-8.3.1", "GET"))
def method(value: str) -> str:
    """A method and its nature."""
    known = KNOWN.get(value)
    if known is None:
        return f"{quote(value, 30)} is no registered method."
    if known.safe:
        return "Safe: it asks for no change, and may be repeated."
    if known.idempotent:
        return "Not safe, but idempotent: twice has the effect of once."
    return "Neither safe nor idempotent: done twice, it may have twice the effect."


@reads(
    row(":scheme", REQUEST, "The scheme of the target's URL.", f"{RFC}9113#section-8.3.1", "https"),
    row(":authority", REQUEST, "Which site is asked; in HTTP/1.1, `Host`.", f"{RFC}9113#section-8.3.1", "shop.test"),
    row(
        ":protocol",
        REQUEST,
        "What to speak on this stream after `CONNECT`, such as `websocket`.",
        f"{RFC}8441#section-4",
        "websocket",
    ),
)
def part(value: str) -> str:
    """A part of the URL."""
    return f"{quote(value.rpartition('@')[2], 80)}." if value else "Empty."


@reads(row(":path", REQUEST, "Path and query of the target's URL.", f"{RFC}9113#section-8.3.1", "/cart?item=12"))
def path(value: str) -> str:
    """A path, and how many parameters it has."""
    _, mark, query = value.partition("?")
    if value == "*":
        return "`*`: the server as a whole."
    many = sum(1 for p in query.split("&") if p)
    return f"{url(value)}{f', with {many:,} query parameter' + ('s' if many != 1 else '') if mark and many else ''}."


@reads(
    row(
        ":status",
        RESPONSE,
        "The status code; HTTP/2 and HTTP/3 have no reason phrase beside it.",
        f"{RFC}9113#section-8.3.2",
        "200",
    )
)
def status(value: str) -> str:
    """A code's name and meaning."""
    known = REGISTERED.get(int(value)) if value.isascii() and value.isdigit() and len(value) == 3 else None
    return (
        f"{known.name}: {known.says[0].lower()}{known.says[1:]}"
        if known
        else f"{quote(value, 20)} is no registered status code."
    )

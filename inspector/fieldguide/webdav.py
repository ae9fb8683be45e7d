"""WebDAV: files on a server edited over HTTP (RFC 4918 and its kin)."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, reads, row
from inspector.fieldguide.say import misfit, number, quote, quoted, sentence, url
from inspector.fields.tokens import split_list
from inspector.words import count, duration


@reads(row("DAV", RESPONSE, "Which parts of WebDAV the server has.", f"{RFC}4918#section-10.1", "1, 2"))
def dav(value: str) -> str:
    """Compliance classes."""
    words = {
        "1": "editing",
        "2": "locks",
        "3": "the revised standard of 2007",
        "access-control": "access control",
        "calendar-access": "calendars",
        "addressbook": "address books",
    }
    members = split_list(value)
    said = [words.get(member.lower()) or quote(member, 40) for member in members[:8]]
    return sentence(", ".join(said)) if said else "None."


@reads(row("Depth", REQUEST, "How far down the tree of collections the request goes.", f"{RFC}4918#section-10.2", "1"))
def depth(value: str) -> str:
    """0, 1 or infinity."""
    words = {
        "0": "The resource alone.",
        "1": "The resource and what is directly in it.",
        "infinity": "Everything below.",
    }
    return words.get(value.strip().lower()) or misfit("`0`, `1` or `infinity`")


@reads(
    row(
        "Destination",
        REQUEST,
        "Where to copy or move the resource.",
        f"{RFC}4918#section-10.3",
        "https://files.test/b.txt",
    )
)
def destination(value: str) -> str:
    """A URL."""
    return f"{url(value)}."


@reads(row("Overwrite", REQUEST, "Whether what is at the destination may be replaced.", f"{RFC}4918#section-10.6", "F"))
def overwrite(value: str) -> str:
    """T or F."""
    return {"T": "It may.", "F": "It may not: a 412 instead."}.get(value.strip().upper()) or misfit("`T` or `F`")


@reads(
    row("Timeout", REQUEST, "How long the client would like its lock to hold.", f"{RFC}4918#section-10.7", "Second-600")
)
def timeout(value: str) -> str:
    """Seconds or infinity."""
    said = []
    for member in split_list(value)[:4]:
        span = number(member.lower().removeprefix("second-")) if member.lower().startswith("second-") else None
        said.append(
            duration(span) if span is not None else "for ever" if member.lower() == "infinite" else quote(member, 30)
        )
    return sentence(", or else ".join(said)) if said else misfit("`Second-…` or `Infinite`")


@reads(
    row(
        "If",
        REQUEST,
        "Conditions on locks and versions; the lock tokens in it prove that the client holds them.",
        f"{RFC}4918#section-10.4",
        "(<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>)",
    ),
    row(
        "Lock-Token",
        BOTH,
        "Which lock is meant.",
        f"{RFC}4918#section-10.5",
        "<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>",
    ),
)
def lock(value: str) -> str:
    """How many tokens."""
    tokens = value.count("<")
    return "" if tokens == 1 else f"It names {count(tokens, 'token')}."


@reads(
    row(
        "MS-Author-Via",
        RESPONSE,
        "How Microsoft's programs may edit files on this server.",
        "https://learn.microsoft.com/openspecs/sharepoint_protocols/ms-wdvme/",
        "DAV",
    )
)
def author_via(value: str) -> str:
    """Protocols."""
    return f"By {quoted(split_list(value))}." if value.strip() else "Empty."

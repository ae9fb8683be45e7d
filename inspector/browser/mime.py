"""The media type a browser takes a response for (Fetch, "extract a MIME type"), and what kinds there are."""

from __future__ import annotations

from functools import lru_cache

from inspector.fields.framing import get_decode_split
from inspector.fields.tokens import is_token

# MIME Sniffing, "JavaScript MIME type".
JAVASCRIPT = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
        "text/javascript1.0",
        "text/javascript1.1",
        "text/javascript1.2",
        "text/javascript1.3",
        "text/javascript1.4",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "text/x-javascript",
    }
)


@lru_cache(maxsize=1024)
def extracted(content_type: str) -> str:
    """The essence of the last valid member of a combined ``Content-Type``, in lower case; ``""`` where none is.

    ``*/*`` is no type.
    """
    found = ""
    for member in get_decode_split(content_type):
        essence = member.partition(";")[0].strip(" \t").lower()
        kind, slash, subtype = essence.partition("/")
        if slash and is_token(kind) and is_token(subtype) and essence != "*/*":
            found = essence
    return found


def is_json(essence: str) -> bool:
    """MIME Sniffing, "JSON MIME type"."""
    return essence.endswith("+json") or essence in ("application/json", "text/json")


def is_xml(essence: str) -> bool:
    """MIME Sniffing, "XML MIME type"."""
    return essence.endswith("+xml") or essence in ("application/xml", "text/xml")

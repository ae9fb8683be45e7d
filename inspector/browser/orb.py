"""Opaque Response Blocking as Chromium does it: responses a page may not embed are kept from its process.

The proposal (Fetch pull request 1755, "opaque-response-safelist check") ends with a parse as JavaScript, which
Chromium replaces by looking at the content's beginning. Which types are looked at, and what is looked for, follows
Chromium's behaviour, measured in `tests/browser`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from inspector.fields.media_type import is_json, is_xml
from inspector.patterns import compile_late

CODE = "orb"
LOOKED_AT = 1024

Kind = Literal["never", "protected", "open", "sniffed"]

_OFFICE = "application/vnd.openxmlformats-officedocument."
NEVER = frozenset(
    {
        "application/gzip",
        "application/msexcel",
        "application/mspowerpoint",
        "application/msword",
        "application/msword-template",
        "application/pdf",
        "application/vnd.ces-quickpoint",
        "application/vnd.ces-quicksheet",
        "application/vnd.ces-quickword",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        "application/vnd.ms-word",
        "application/vnd.ms-word.document.12",
        "application/vnd.ms-word.document.macroenabled.12",
        "application/vnd.msword",
        _OFFICE + "presentationml.presentation",
        _OFFICE + "presentationml.template",
        _OFFICE + "spreadsheetml.sheet",
        _OFFICE + "spreadsheetml.template",
        _OFFICE + "wordprocessingml.document",
        _OFFICE + "wordprocessingml.template",
        "application/vnd.presentation-openxml",
        "application/vnd.presentation-openxmlm",
        "application/vnd.spreadsheet-openxml",
        "application/vnd.wordprocessing-openxml",
        "application/x-gzip",
        "application/x-protobuf",
        "application/x-protobuffer",
        "application/zip",
        "multipart/byteranges",
        "multipart/signed",
        "text/csv",
        "text/event-stream",
    }
)
"""Types nothing on a page can embed: blocked without a look at the content."""


@lru_cache(maxsize=1024)
def kind_of(essence: str) -> Kind:
    """How a media type (lower case, ``""`` where there is none) is treated.

    ``never``: always blocked. ``protected``: blocked with `nosniff`, else if the content confirms the type.
    ``open``: never blocked. ``sniffed``: blocked if the content is HTML, XML or JSON.
    """
    if essence in NEVER:
        return "never"
    if not essence or essence in ("text/css", "image/svg+xml", "application/dash+xml"):
        return "open"
    if essence.startswith(("audio/", "video/")):
        return "open"
    if essence in ("text/html", "text/plain") or is_json(essence) or is_xml(essence):
        return "protected"
    return "sniffed"


_START = rb"(?:\xef\xbb\xbf)?[ \t\r\n]*"
_HTML = compile_late(_START + rb"<(?:!doctype html|script|html|head|iframe|h1|div|font|table|a|style|title|b|p)", re.I)
_XML = compile_late(_START + rb"<\?xml")
_JSON = compile_late(_START + rb'\{[ \t\r\n]*"(?:[^"\\]|\\.)*"[ \t\r\n]*:', re.S)
_GUARDS = (b")]}'", b"{}&&", b"{} &&", b"for(;;);", b"while(1);")


def confirmed(data: bytes) -> str | None:
    """What the beginning of some content proves it to be: ``HTML``, ``XML``, ``JSON`` …; ``None`` for nothing.

    "JSON behind a guard" begins with what keeps it from running as a script (``)]}'``, ``for(;;);``).
    """
    beginning = data[:LOOKED_AT]
    if _HTML.match(beginning):
        return "HTML"
    if _XML.match(beginning):
        return "XML"
    if _JSON.match(beginning):
        return "JSON"
    return "JSON behind a guard" if beginning.startswith(_GUARDS) else None

"""Media types as browsers read them (MIME Sniffing, sections 4.4 and 4.6; Fetch, "extract a MIME type")."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.fields.framing import get_decode_split
from inspector.fields.tokens import is_token
from inspector.patterns import compile_late

_WHITESPACE = "\t\n\r "
_QUOTABLE = compile_late(r"[\t\x20-\x7e\x80-\xff]*")
LONGEST = 8192

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
"""Essences of a JavaScript MIME type."""

_FONTS = frozenset(
    {
        "application/font-cff",
        "application/font-off",
        "application/font-sfnt",
        "application/font-ttf",
        "application/font-woff",
        "application/vnd.ms-fontobject",
        "application/vnd.ms-opentype",
    }
)
_ARCHIVES = frozenset({"application/x-rar-compressed", "application/zip", "application/x-gzip"})


class MediaType(Struct, frozen=True):
    """A media type: `type` and `subtype` in lower case, parameters in order, their names in lower case."""

    type: str
    subtype: str
    parameters: dict[str, str]

    @property
    def essence(self) -> str:
        """``type/subtype``."""
        return f"{self.type}/{self.subtype}"


@lru_cache(maxsize=2048)
def parse_media_type(text: str) -> MediaType | None:
    """Parse a MIME type (MIME Sniffing, section 4.4); ``None`` is the standard's failure.

    Of more than `LONGEST` characters nothing is read.
    """
    text = text[:LONGEST].strip(_WHITESPACE)
    kind, slash, rest = text.partition("/")
    if not slash or not is_token(kind):
        return None
    subtype, semicolon, rest = rest.partition(";")
    subtype = subtype.rstrip(_WHITESPACE)
    if not is_token(subtype):
        return None
    return MediaType(kind.lower(), subtype.lower(), _parameters(rest) if semicolon else {})


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position, end = 0, len(text)
    while position < end:
        while position < end and text[position] in _WHITESPACE:
            position += 1
        begin = position
        while position < end and text[position] not in ";=":
            position += 1
        name = text[begin:position]
        if position >= end:
            break
        position += 1
        if text[position - 1] == ";":
            continue
        if position >= end:
            break
        if text[position] == '"':
            value, position = _quoted(text, position + 1)
            stop = text.find(";", position)
            position = end if stop < 0 else stop
        else:
            stop = text.find(";", position)
            stop = end if stop < 0 else stop
            value, position = text[position:stop].rstrip(_WHITESPACE), stop
            if not value:
                position += 1
                continue
        position += 1
        if is_token(name) and _QUOTABLE.fullmatch(value):
            found.setdefault(name.lower(), value)
    return found


def _quoted(text: str, position: int) -> tuple[str, int]:
    """Collect an HTTP quoted string (Fetch, section 2.2), from behind its opening quote; the position after it."""
    value: list[str] = []
    while position < len(text):
        character = text[position]
        position += 1
        if character == '"':
            break
        if character == "\\" and position < len(text):
            character = text[position]
            position += 1
        value.append(character)
    return "".join(value), position


@lru_cache(maxsize=2048)
def extract_media_type(content_type: str) -> MediaType | None:
    """The media type of a combined ``Content-Type`` value (Fetch, "extract a MIME type"); ``None`` is failure.

    The last valid member counts; it takes over the charset of members before it that have the same essence.
    """
    charset: str | None = None
    essence: str | None = None
    found: MediaType | None = None
    for member in get_decode_split(content_type):
        media_type = parse_media_type(member)
        if media_type is None or media_type.essence == "*/*":
            continue
        found = media_type
        if found.essence != essence:
            charset, essence = found.parameters.get("charset"), found.essence
        elif "charset" not in found.parameters and charset is not None:
            found = MediaType(found.type, found.subtype, {**found.parameters, "charset": charset})
    return found


@lru_cache(maxsize=2048)
def essence_of(content_type: str) -> str:
    """The essence of what `extract_media_type` finds; ``""`` for failure."""
    found = extract_media_type(content_type)
    return "" if found is None else found.essence


def is_json(essence: str) -> bool:
    """A JSON MIME type."""
    return essence.endswith("+json") or essence in ("application/json", "text/json")


def is_xml(essence: str) -> bool:
    """An XML MIME type."""
    return essence.endswith("+xml") or essence in ("application/xml", "text/xml")


@lru_cache(maxsize=1024)
def groups(essence: str) -> frozenset[str]:
    """The groups of MIME Sniffing, section 4.6, that a type in lower case belongs to.

    ``image``, ``audio or video``, ``font``, ``ZIP-based``, ``archive``, ``XML``, ``HTML``, ``scriptable``,
    ``JavaScript`` and ``JSON``; a type may be in several.
    """
    kind = essence.partition("/")[0]
    html, xml = essence == "text/html", is_xml(essence)
    members = {
        "image": kind == "image",
        "audio or video": kind in ("audio", "video") or essence == "application/ogg",
        "font": kind == "font" or essence in _FONTS,
        "ZIP-based": essence.endswith("+zip") or essence == "application/zip",
        "archive": essence in _ARCHIVES,
        "XML": xml,
        "HTML": html,
        "scriptable": html or xml or essence == "application/pdf",
        "JavaScript": essence in JAVASCRIPT,
        "JSON": is_json(essence),
    }
    return frozenset(name for name, member in members.items() if member)

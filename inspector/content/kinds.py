"""What kind of content a media type names, as far as rules on content tell kinds apart."""

from __future__ import annotations

from functools import lru_cache

from inspector.fields.media_type import JAVASCRIPT

KINDS = ("html", "script", "style", "json", "xml", "text", "form", "image", "font", "media", "none", "other")
"""``none`` is content without a media type: a browser would guess."""

_BY_TYPE = {
    "": "none",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/css": "style",
    **dict.fromkeys(JAVASCRIPT, "script"),
    "application/json": "json",
    "text/json": "json",
    "text/x-json": "json",
    "application/x-json": "json",
    "application/x-ndjson": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "form",
    "application/font-woff": "font",
    "application/font-woff2": "font",
    "application/vnd.ms-fontobject": "font",
    "application/ogg": "media",
}


@lru_cache(maxsize=1024)
def kind_of(essence: str) -> str:
    """One of `KINDS` for a media type in lower case without parameters (MIME Sniffing, section 4.6)."""
    known = _BY_TYPE.get(essence)
    if known is not None:
        return known
    top = essence.partition("/")[0]
    if top in ("image", "font"):
        return top
    if top in ("audio", "video"):
        return "media"
    if essence.endswith("+json"):
        return "json"
    if essence.endswith("+xml"):
        return "xml"
    return "text" if top == "text" else "other"

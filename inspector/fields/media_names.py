"""Media types and content codings in words."""

from __future__ import annotations

from functools import lru_cache

_NAMES = {
    "*/*": "anything",
    "text/html": "an HTML page",
    "application/xhtml+xml": "an XHTML page",
    "text/plain": "plain text",
    "text/css": "a style sheet",
    "text/javascript": "a script",
    "application/javascript": "a script (under a name `text/javascript` has replaced)",
    "application/x-javascript": "a script (under a name `text/javascript` has replaced)",
    "application/ecmascript": "a script (under a name `text/javascript` has replaced)",
    "application/json": "JSON",
    "text/json": "JSON (under a name that was never registered)",
    "application/ld+json": "linked data in JSON",
    "application/problem+json": "an error described in JSON (RFC 9457)",
    "application/manifest+json": "a web application's manifest",
    "application/graphql-response+json": "a GraphQL response",
    "application/xml": "XML",
    "text/xml": "XML",
    "application/rss+xml": "an RSS feed",
    "application/atom+xml": "an Atom feed",
    "application/soap+xml": "a SOAP message",
    "application/octet-stream": "bytes of no stated kind",
    "binary/octet-stream": "bytes of no stated kind (an unregistered name)",
    "application/pdf": "a PDF document",
    "application/zip": "a ZIP archive",
    "application/gzip": "a gzip archive",
    "application/wasm": "a WebAssembly module",
    "application/x-www-form-urlencoded": "a form's fields, as in a URL's query",
    "multipart/form-data": "a form's fields, each in a part of its own (as file uploads need)",
    "multipart/byteranges": "several parts of a representation",
    "multipart/mixed": "several parts of different kinds",
    "application/reports+json": "reports from the Reporting API",
    "application/csp-report": "a report of a content security policy violated",
    "text/event-stream": "a stream of server-sent events",
    "text/ping": "a hyperlink audit ping",
    "text/vtt": "video subtitles",
    "text/csv": "comma-separated values",
    "text/markdown": "Markdown",
    "text/x-component": "a React server component or an Internet Explorer behaviour",
    "application/grpc": "gRPC",
    "application/grpc-web": "gRPC-Web",
    "application/grpc-web+proto": "gRPC-Web",
    "application/grpc-web-text": "gRPC-Web in Base64",
    "application/x-protobuf": "Protocol Buffers",
    "application/dns-message": "a DNS message",
    "application/x-ndjson": "JSON, one value a line",
    "application/signed-exchange": "a signed exchange",
    "application/vnd.apple.mpegurl": "an HLS playlist",
    "application/x-mpegurl": "an HLS playlist",
    "application/dash+xml": "a DASH manifest",
    "application/x-shockwave-flash": "a Flash film",
    "application/font-woff": "a font (under a name `font/woff` has replaced)",
    "application/font-woff2": "a font (under a name `font/woff2` has replaced)",
    "application/x-font-woff": "a font (under a name `font/woff` has replaced)",
    "application/vnd.ms-fontobject": "an embedded OpenType font",
    "image/svg+xml": "an SVG image",
    "image/x-icon": "an icon",
    "image/vnd.microsoft.icon": "an icon",
    "image/jpeg": "a JPEG image",
    "image/jpg": "a JPEG image (under a name that was never registered)",
    "image/png": "a PNG image",
    "image/gif": "a GIF image",
    "image/webp": "a WebP image",
    "image/avif": "an AVIF image",
    "image/jxl": "a JPEG XL image",
    "image/apng": "an animated PNG image",
    "video/mp2t": "a piece of an MPEG transport stream",
}
_KINDS = {
    "image": ("images", "an image ({})"),
    "audio": ("sound", "sound ({})"),
    "video": ("video", "video ({})"),
    "font": ("fonts", "a font ({})"),
    "text": ("text", "text ({})"),
    "model": ("models", "a 3D model ({})"),
    "application": ("application data", ""),
    "message": ("messages", "a message ({})"),
    "multipart": ("content in parts", "content in parts ({})"),
}
_SUFFIXES = {"json": "JSON", "xml": "XML", "zip": "a ZIP archive", "cbor": "CBOR", "protobuf": "Protocol Buffers"}

CODINGS = {
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
    "compress": "LZW (`compress`)",
    "br": "Brotli",
    "zstd": "Zstandard",
    "dcb": "Brotli with a shared dictionary",
    "dcz": "Zstandard with a shared dictionary",
    "sdch": "SDCH, which browsers gave up in 2017",
    "identity": "no compression",
    "exi": "Efficient XML Interchange",
    "aes128gcm": "AES-GCM encryption with a 128-bit key",
    "*": "any other",
}
"""Content codings (IANA registry), and what browsers sent besides."""


@lru_cache(maxsize=512)
def media_words(essence: str) -> str | None:
    """What a media type (lower case, no parameters) is, in words; ``None`` where only its name could be said."""
    known = _NAMES.get(essence)
    if known is not None:
        return known
    kind, slash, subtype = essence.partition("/")
    names = _KINDS.get(kind)
    if not slash or names is None or not subtype:
        return None
    if subtype == "*":
        return f"any {names[0]}"
    base, plus, suffix = subtype.rpartition("+")
    if plus and base and suffix in _SUFFIXES:
        return f"{_SUFFIXES[suffix]} of the kind `{base[:60]}`"
    return names[1].format(subtype[:60].removeprefix("x-")) or None

"""Whether content is what the response says it is: its type, its encoding, and the name it is saved under."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from inspector.exchange import Body, decode_base64
from inspector.fields.framing import is_nosniff
from inspector.fields.media_type import extract_media_type
from inspector.fields.parameters import parse_parameters
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, answered_with, document, recorded_content, response_field, rule, status
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import octets

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
RFC6266 = "https://www.rfc-editor.org/rfc/rfc6266#section-"
SNIFFING = "https://mimesniff.spec.whatwg.org/#"
_LARGEST = 1_048_576
_PRESCAN = 1024
"""Bytes of a page in which its encoding has to be named (HTML, section 4.2.5.4)."""


@rule(
    "content/type-missing",
    Severity.NOTE,
    "Content without `Content-Type`",
    on=answered_with("none"),
    also=status(200),
    references=(RFC9110 + "8.3", SNIFFING + "determining-the-computed-mime-type-of-a-resource"),
    what="A response has content, and no `Content-Type`, or one that is no media type, says what it is.",
    why="The receiver has to guess from the first bytes: a text may be taken for a page, or a page for a download.",
    fix="The server sends `Content-Type` with everything that has content; for text with its `charset`.",
    unless="There is no content, or the recording leaves response fields out.",
    shows="""
    # type: document
    GET https://shop.test/about HTTP/1.1

    HTTP/1.1 200 OK
    Server: nginx

    <p>About us</p>
    """,
    quiet="""
    GET https://shop.test/ping HTTP/1.1

    HTTP/1.1 200 OK
    Content-Length: 0
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def type_missing(x: Subject) -> Finding | None:
    """Only where content is known to have come, over the network, and other fields are recorded."""
    response = x.response
    if (
        response is None
        or x.method in ("HEAD", "CONNECT")
        or not len(x.res)
        or x.exchange.context.served_from not in (None, "network")
    ):
        return None
    size = response.body.size or response.body.transferred or 0
    if response.body.state not in ("full", "truncated", "omitted") or size < 8:
        return None
    matters = x.is_navigation or x.destination in ("script", "style", "iframe", "document")
    options = x.res.get("x-content-type-options")
    guess = (
        "and `nosniff` forbids browsers to guess: a script or style is not used, a page is shown as plain text."
        if options is not None and is_nosniff(options)
        else "so browsers guess from its first bytes, and other clients treat it as they like."
    )
    value = x.res.get("content-type")
    lacking, title = "no `Content-Type`", None
    if value is not None and not value.strip():
        lacking, title = "an empty `Content-Type`", "`Content-Type` is empty"
    elif value is not None:
        shown = brief(x.shown("response", "content-type"), 60)
        lacking, title = f"`{shown}` for a `Content-Type`, which is no media type", "`Content-Type` is no media type"
    return Finding(
        f"The response has {octets(size)} of content and {lacking}, {guess}",
        title=title,
        fix=f"The server at `{brief(x.url.host, 80)}` sends `Content-Type` here, such as `text/html; charset=utf-8` "
        "or `application/json`.",
        evidence=(x.response_field("content-type", label="missing" if value is None else "says no type"),),
        severity=Severity.WARNING if matters else None,
    )


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"wOF2", "a font"),
    (b"wOFF", "a font"),
    (b"OTTO\x00", "a font"),
    (b"\x00\x01\x00\x00", "a font"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"OggS\x00", "an Ogg file"),
    (b"\x1aE\xdf\xa3", "a WebM file"),
    (b"MThd\x00\x00\x00\x06", "a MIDI file"),
    (b"\x00asm", "a WebAssembly module"),
)
_INSIDE = (
    (8, b"WEBPVP", "a WebP image"),
    (8, b"WAVE", "a WAVE file"),
    (8, b"AVI ", "an AVI file"),
    (4, b"ftyp", "an MP4 file"),
)
_PAGE = compile_late(r"\s*+(?:(?><!--.*?-->)\s*+)*+(?:<!doctype\s+html\b|<html[\s>])", re.IGNORECASE | re.DOTALL)
_NAMES = {"script": "a script", "style": "a stylesheet", "image": "an image", "font": "a font"}


@rule(
    "content/type-mismatch",
    Severity.WARNING,
    "The content is not what `Content-Type` says",
    on=recorded_content("html", "script", "style", "image", "font", "text"),
    also=status(200, 203, 206),
    references=(SNIFFING + "sniffing-in-a-browsing-context", RFC9110 + "8.3"),
    what="The content begins as another kind than the declared type: a page instead of a script, say.",
    why="Browsers parse what they are told. A page read as a script is a syntax error; JSON served as a page can be "
    "made to run markup that somebody else put into it.",
    fix="Send the type the content has. A page where a script, style or image was asked for is mostly an error page "
    "with status 200: let the server answer 404.",
    unless="Images under another image's type are not told: browsers look at the content there.",
    shows="""
    # type: script
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Content-Type: text/javascript

    <!doctype html><title>Shop</title>
    """,
    quiet="""
    # type: script
    GET https://shop.test/app.js HTTP/2

    HTTP/2 200
    Content-Type: text/javascript

    document.write("<!doctype html>")
    """,
    once="origin",
)
def type_mismatch(x: Subject) -> Finding | None:
    """Signatures that nothing else begins with (MIME Sniffing, section 6 and 7.1); JSON only where it parses whole."""
    response, kind = x.response, x.recorded_kind
    if response is None or (response.body.size or 0) > _LARGEST or (x.status == 206 and not _from_start(x)):
        return None
    body = response.body
    if kind in ("image", "font") and _begins_with_signature(body):
        return None  # images and fonts under another's type are taken as what they are
    octets_kept = (body.base64 or isinstance(body.source, bytes)) and x.method != "HEAD"
    name = _signature((body.data or b"")[:16]) if octets_kept else None
    if name is not None:
        return _other_signature(x, kind or "", name)
    if kind in _NAMES:
        text = (body.text or "")[:2000]
        if "svg" in x.media_type or not _PAGE.match(text.removeprefix("\ufeff")):
            return None
        wanted = _NAMES[kind]
        return Finding(
            f"`Content-Type` says `{x.media_type[:60]}`, and the content begins as an HTML page: whoever asked for "
            f"{wanted} cannot use it. It mostly is an error page, or the start page a server sends for every unknown "
            "path.",
            title=f"A page declared as {wanted}",
            fix=f"Look at the address first. The server at `{brief(x.url.host, 80)}` answers 404 for what it does not "
            "have, and calls its pages `text/html`.",
            evidence=(x.response_field("content-type"), _start(x, text.lstrip().splitlines()[0])),
        )
    if kind != "html" or body.state != "full" or x.is_navigation:
        return None
    return _json_as_page(x, (body.text or "").strip())


def _begins_with_signature(body: Body) -> bool:
    """Whether content that is kept in base64 has a signature, told from its beginning without decoding the rest."""
    source = body.source
    if not body.base64 or source is None or isinstance(source, bytes):
        return False
    head = source[:32] if isinstance(source, str) else str(memoryview(source)[1:33], "latin-1")
    data = decode_base64(head)
    return data is not None and _signature(data[:16]) is not None


def _other_signature(x: Subject, kind: str, name: str) -> Finding | None:
    """Octets that are no text, declared as one. Images and fonts under another's type are taken as what they are."""
    if kind in ("image", "font") or (name == "a gzip archive" and "content-encoding" in x.res):
        return None
    return Finding(
        f"`Content-Type` says `{x.media_type[:60]}`, and the content begins with the signature of {name}. "
        "Opened by itself it shows as unreadable text.",
        title=f"{name[0].upper()}{name[1:]} declared as `{x.media_type[:60]}`",
        fix="The server sends the type the file has; web servers go by the file name's ending.",
        severity=Severity.NOTE,
        evidence=(x.response_field("content-type"),),
    )


@lru_cache(maxsize=256)
def _signature(data: bytes) -> str | None:
    """What begins with these octets (MIME Sniffing, section 6), for signatures that no text begins with."""
    name = next((name for magic, name in _MAGIC if data.startswith(magic)), None)
    return name or next((name for at, magic, name in _INSIDE if data[at : at + len(magic)] == magic), None)


def _json_as_page(x: Subject, text: str) -> Finding | None:
    if text[:1] not in ("{", "[") or text[-1:] not in ("}", "]") or len(text) < 8 or not _is_json(text):
        return None
    return Finding(
        f"The content is JSON, and `Content-Type` says `{x.media_type}`. Opened by itself it is shown as a page, "
        "and a value with markup in it, from a name somebody chose, becomes part of that page and can run scripts.",
        title="JSON declared as a page",
        fix="The server sends `Content-Type: application/json` (PHP and some frameworks say `text/html` unless told) "
        "with `X-Content-Type-Options: nosniff`. Trap: a client that goes by the old type has to be changed with it.",
        severity=Severity.NOTE,
        evidence=(x.response_field("content-type"),),
    )


def _is_json(text: str) -> bool:
    import msgspec

    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True


def _from_start(x: Subject) -> bool:
    return (x.res.get("content-range") or "").replace(" ", "").lower().startswith("bytes0-")


def _start(x: Subject, text: str) -> Evidence:
    return Evidence("response.body", None, x.masker.text(brief(text, 100)))


@rule(
    "content/charset",
    Severity.NOTE,
    "The page's character encoding is not stated",
    on=recorded_content("html"),
    also=document(),
    without=status(204, 304, 301, 302, 303, 307, 308),
    references=(
        "https://html.spec.whatwg.org/multipage/semantics.html#charset",
        "https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding",
    ),
    what="A page with letters beyond ASCII names its encoding nowhere, too late, or two different ones.",
    why="A browser that is not told guesses from the content and the visitor's language: some see `Ã¤` where others "
    "see `ä`.",
    fix="Send `Content-Type: text/html; charset=utf-8`, or `<meta charset=utf-8>` as the first thing in `<head>`.",
    unless="The page is pure ASCII, which every guess reads alike, or begins with a byte order mark.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><title>Café</title>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html

    <!doctype html><meta charset=utf-8><title>Café</title>
    """,
    once="origin",
)
def charset(x: Subject) -> Finding | None:
    """In the order of HTML's encoding sniffing: byte order mark, field, `meta` in the first 1024 bytes."""
    response = x.response
    if response is None or not x.is_html or x.media_type != "text/html":
        return None
    text = response.body.text or ""
    if not text or text.startswith("\ufeff") or text.isascii():
        return None
    said = extract_media_type(x.res.get("content-type") or "")
    header = "" if said is None else said.parameters.get("charset", "")
    raw = text[: _PRESCAN * 8]
    found = _META.search(_COMMENT.sub(_blank, raw))
    meta = found[1].strip() if found else ""
    evidence = (x.response_field("content-type"),)
    if header:
        if not meta or found is None or _same_encoding(header, meta):
            return None
        return Finding(
            f"`Content-Type` says `{brief(header, 40)}`, the page's `meta` says `{brief(meta, 40)}`. The field wins: "
            f"browsers read the page as `{brief(header, 40)}`, while a saved copy, which has no field, is read as "
            f"`{brief(meta, 40)}`.",
            title="`Content-Type` and `meta` name different encodings",
            fix="Name the encoding the page is really written in, in both places; `utf-8` for everything new.",
            evidence=(*evidence, Evidence("response.body", None, brief(found[0], 100))),
        )
    if not meta or found is None:
        if response.body.state != "full" and len(text) < _PRESCAN:
            return None
        return Finding(
            "The page has characters beyond ASCII, and neither `Content-Type` nor a `meta` at its beginning says how "
            "they are encoded. The browser guesses.",
            fix="The server sends `Content-Type: text/html; charset=utf-8`, if that is what the page is written in.",
            evidence=evidence,
        )
    at = len(text[: found.end()].encode("utf-8", "replace"))
    if at <= _PRESCAN:
        return None
    return Finding(
        f"The `meta` with the encoding ends {at:,} bytes into the page; browsers have to look at the first "
        f"{_PRESCAN:,} only. One that has begun by then starts over, or guesses.",
        title="The encoding is named too late in the page",
        fix=f"The page has `<meta charset={brief(meta, 40)}>` as the first thing in `<head>`, or the server says it "
        "in `Content-Type`.",
        severity=Severity.INFO,
        evidence=(*evidence, Evidence("response.body", None, brief(found[0], 100))),
    )


_META = compile_late(r"<meta\b[^>]{0,200}?\bcharset\s*=\s*[\"']?\s*([^\s\"'/>;]{1,40})", re.IGNORECASE)
_COMMENT = compile_late(r"<!--.*?-->", re.DOTALL)


def _blank(match: re.Match[str]) -> str:
    """Spaces as long as what was matched, so that places stay where they are."""
    return " " * len(match[0])


@lru_cache(maxsize=256)
def _same_encoding(a: str, b: str) -> bool:
    """Whether two labels name one encoding (Encoding, section 4.2); unknown labels are given the benefit."""
    try:
        return _encoding(a) == _encoding(b)
    except LookupError:
        return True


# As which larger set browsers read a smaller one (Encoding, section 4.2), in Python's names.
_LARGER = {
    "ascii": "cp1252",
    "big5hkscs": "big5",
    "euc_kr": "cp949",
    "gb2312": "gbk",
    "iso8859-1": "cp1252",
    "iso8859-11": "cp874",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "utf-16": "utf-16-le",
}


def _encoding(label: str) -> str:
    name = codecs.lookup(label.strip().lower()).name
    return _LARGER.get(name, name)


@rule(
    "content/download-name",
    Severity.NOTE,
    "The name for the download does not come out as meant",
    on=response_field("content-disposition"),
    references=(
        RFC6266 + "4.3",
        "https://www.rfc-editor.org/rfc/rfc6266#appendix-D",
        "https://www.rfc-editor.org/rfc/rfc8187#section-3.2",
    ),
    what="`Content-Disposition` has a file name that clients read differently: spaces without quotes, letters beyond "
    "ASCII without `filename*`, percent signs, or a path.",
    why="The person finds a file that is called otherwise, has lost its ending, or is called `download`.",
    fix="""
    Send both forms: `attachment; filename="Jahr.pdf"; filename*=UTF-8''J%C3%A4hr.pdf`, the first in ASCII and in
    quotes, the second percent-encoded and without quotes. Leave paths out.
    """,
    shows="""
    GET https://shop.test/bill HTTP/2

    HTTP/2 200
    Content-Type: application/pdf
    Content-Disposition: attachment; filename=Bill of March.pdf
    """,
    quiet="""
    GET https://shop.test/bill HTTP/2

    HTTP/2 200
    Content-Type: application/pdf
    Content-Disposition: attachment; filename="Bill of March.pdf"
    """,
    once="origin",
)
def download_name(x: Subject) -> Finding | None:
    """RFC 6266, section 4.3 and RFC 8187, section 3.2."""
    value = x.res.get("content-disposition") or ""
    parameters = parse_parameters(value).parameters
    plain, extended = parameters.get("filename"), parameters.get("filename*")
    if extended is not None and not _EXTENDED.fullmatch(extended):
        fault = "`filename*` has to be `UTF-8''` and then the name percent-encoded, without quotes: as it is, clients "
        fault += "ignore it"
        fault += " and use `filename`" if plain else ""
    elif not plain or extended is not None:
        return None
    elif "/" in plain or "\\" in plain:
        fault = "The name has a path in it: browsers keep the last part or replace the separators"
    elif not plain.isascii():
        fault = "`filename` has letters beyond ASCII, whose encoding the field cannot tell: clients guess, and some "
        fault += "show other letters"
    elif _PERCENT.search(plain):
        fault = "`filename` is percent-encoded: Chromium decodes that, Firefox and others save the name with its `%` "
        fault += "signs"
    elif " " in plain and not _QUOTED.search(value):
        fault = "The name has spaces and no quotes, which is no valid value: clients that read it strictly stop at the "
        fault += f"first space, and save `{brief(plain.partition(' ')[0], 60)}`"
    else:
        return None
    return Finding(
        f"{fault}.",
        fix='The server writes the field with a library: `filename="…"` in ASCII and quotes, and '
        "`filename*=UTF-8''…` for everything else.",
        evidence=(x.response_field("content-disposition"),),
    )


_EXTENDED = compile_late(r"[A-Za-z0-9!#$%&+^_`{}~-]+'[A-Za-z0-9-]*'(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9!#$&+.^_`|~-])+")
_PERCENT = compile_late(r"%(?:20|[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f])")
_QUOTED = compile_late(r"filename\s*=\s*\"", re.IGNORECASE)

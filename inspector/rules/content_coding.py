"""How content was coded for its way: not compressed, compressed twice, or in a coding the client did not ask for."""

from __future__ import annotations

import zlib
from functools import lru_cache

from inspector.fields.quality import parse_preferences
from inspector.fields.tokens import split_list
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, method, recorded_content, response_field, rule, status
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import listed, octets, ticked

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
_TEXTS = ("html", "script", "style", "json", "xml", "text")
_WORTH = 1400
"""Bytes that fit one packet: less is not faster for being smaller."""
_SAMPLE = 200_000
_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}
_GZIP = b"\x1f\x8b\x08"
_CODES = ("CONTENT_DECODING_FAILED", "NS_ERROR_INVALID_CONTENT_ENCODING")
_COMPRESSIONS = ("gzip", "x-gzip", "br", "zstd", "deflate")


@rule(
    "content/not-compressed",
    Severity.NOTE,
    "Text sent uncompressed",
    on=recorded_content(*_TEXTS, "image"),
    also=status(200),
    without=(*response_field("content-encoding"),),
    references=(RFC9110 + "8.4", RFC9110 + "12.5.3"),
    what="A text came as it is, although the client offered to take it compressed (`Accept-Encoding`).",
    why="Text shrinks to a quarter or so: less to wait for, most of all on slow connections.",
    fix="Let the server compress text types (nginx `gzip on; gzip_types …`, or Brotli), or serve files compressed "
    "beforehand.",
    unless="Small content, `Cache-Control: no-transform`, content that hardly shrinks, and this machine's servers are "
    "not told. Pages that repeat what a request says next to a secret are better left uncompressed (BREACH).",
    shows="GET https://shop.test/list.json HTTP/2\nAccept-Encoding: gzip, br\n\n"
    "HTTP/2 200\nContent-Type: application/json\n\n[" + ", ".join(['{"name": "cup", "price": 7}'] * 200) + "]",
    quiet="GET https://shop.test/list.json HTTP/2\nAccept-Encoding: gzip, br\n\n"
    'HTTP/2 200\nContent-Type: application/json\n\n[{"name": "cup", "price": 7}]',
    once="origin",
)
def not_compressed(x: Subject) -> Finding | None:
    """What was transferred has to be known and as large as the content; the saving is measured on the content."""
    response = x.response
    if response is None or x.local or x.exchange.context.served_from not in (None, "network"):
        return None
    body, kind = response.body, x.content_kind
    size, transferred = body.size or 0, body.transferred
    if size < _WORTH or body.state != "full" or (kind == "image" and x.media_type != "image/svg+xml"):
        return None
    if transferred is None or transferred < 0.95 * size or "no-transform" in (x.res.get("cache-control") or ""):
        return None
    offered = [p.name for p in parse_preferences(x.req.get("accept-encoding") or "") if p.weight > 0]
    taken = [name for name in offered if name in _COMPRESSIONS]
    if not taken:
        return None
    sample = (body.data or b"")[:_SAMPLE]
    if not sample or sample[:2] == b"\x1f\x8b":
        return None
    share = len(zlib.compress(sample, 6)) / len(sample)
    saved = round(size * (1 - share))
    if share > 0.8 or saved < 1000:
        return None
    return Finding(
        f"{octets(size)} came uncompressed, although the client takes {listed(ticked(taken))}. With gzip it would be "
        f"about {octets(round(size * share))}.",
        fix=f"The server at `{brief(x.url.host, 80)}` compresses `{x.media_type}` and sends "
        f"`Content-Encoding: {'br' if 'br' in taken else taken[0]}` with `Vary: Accept-Encoding`. Trap: without "
        "`Vary` a cache gives the compressed form to clients that cannot read it.",
        title=f"{octets(size)} of text sent uncompressed",
        evidence=(x.request_field("accept-encoding"), x.response_field("content-encoding")),
    )


@rule(
    "content/encoding-mismatch",
    Severity.WARNING,
    "`Content-Encoding` is not what the client can undo",
    on=response_field("content-encoding"),
    without=(*status(304, 204), *method("HEAD", "CONNECT")),
    references=(RFC9110 + "8.4", RFC9110 + "12.5.3"),
    what="The content is not coded as the field says, was coded twice, or in a way the client did not offer to undo.",
    why="The client undoes what `Content-Encoding` says, once each. What is left over shows as unreadable bytes.",
    fix="One place compresses, the application or the server in front of it, and only as `Accept-Encoding` allows.",
    unless="A file that is itself an archive (`application/gzip`) is left alone, and so is a request without "
    "`Accept-Encoding`, which permits every coding.",
    shows="""
    GET https://shop.test/app.js HTTP/2
    Accept-Encoding: gzip

    HTTP/2 200
    Content-Type: text/javascript
    Content-Encoding: br
    """,
    quiet="""
    GET https://shop.test/app.js HTTP/2
    Accept-Encoding: gzip, br

    HTTP/2 200
    Content-Type: text/javascript
    Content-Encoding: br
    """,
    once="origin",
    gravest=Severity.ERROR,
)
def encoding_mismatch(x: Subject) -> Finding | None:
    """Content that cannot be decoded; a coding left in it; one that a weight of 0, or a list without it, excludes."""
    response = x.response
    codings = _codings(x.res.get("content-encoding") or "")
    if response is None or not codings:
        return None
    body = response.body
    if body.undecodable or x.exchange.failure is not None:
        failed = _failed(x, codings)
        if failed is not None:
            return failed
    octets_kept = body.base64 or isinstance(body.source, bytes)
    if octets_kept and body.state == "full" and x.content_kind in _TEXTS:
        raw = body.transferred is not None and body.transferred == body.size
        signature = "gzip" in codings and (body.data or b"")[:3] == _GZIP
        if signature and raw and not _inflates(body.data or b""):
            return _undecodable(
                x, codings, "the bytes, recorded as they came, begin as gzip and go on as something else"
            )
        if signature and not raw:
            return Finding(
                "With `Content-Encoding` undone, the content still begins with the signature of gzip: it was "
                "compressed twice and named once, and clients show the bytes that are left.",
                title="Compressed twice",
                severity=Severity.ERROR,
                fix="Either the application compresses or the server in front of it, not both.",
                evidence=(x.response_field("content-encoding"),),
            )
    wanted = x.req.get("accept-encoding")
    coding = None if wanted is None else _not_offered(codings, wanted)
    if coding is None:
        return None
    return Finding(
        f"The content is coded with `{coding}`, and the request's `Accept-Encoding` does not offer it. A client "
        "that cannot undo it shows unreadable bytes or fails.",
        title=f"Coded with `{coding}`, which was not asked for",
        fix="The server uses a coding that `Accept-Encoding` names. If a cache answered: the response needs "
        "`Vary: Accept-Encoding`, so that copies are kept apart.",
        evidence=(x.request_field("accept-encoding"), x.response_field("content-encoding")),
    )


def _failed(x: Subject, codings: tuple[str, ...]) -> Finding | None:
    """What the recorder itself could not decode."""
    failure, response = x.exchange.failure, x.response
    if failure is not None and any(code in (failure.code or failure.message) for code in _CODES):
        return _undecodable(x, codings, "the browser could not undo that and gave the response up", failure.message)
    if response is not None and response.body.undecodable:
        return _undecodable(x, codings, "the bytes that came are nothing of the kind")
    return None


def _undecodable(x: Subject, codings: tuple[str, ...], what: str, error: str | None = None) -> Finding:
    named = listed(ticked(brief(coding, 40) for coding in codings))
    told = (Evidence("exchange", "error", x.masker.text(error)[:120]),) if error is not None else ()
    return Finding(
        f"`Content-Encoding` says {named}, and {what}. Whoever asked for this gets an error instead of the content.",
        title=f"The content cannot be decoded as {named}",
        severity=Severity.ERROR,
        fix="The server sends `Content-Encoding` with content that it has compressed, and only then. Usual causes: "
        "an application that sets the field by itself while nothing compresses, a proxy that decompresses and leaves "
        "the field, warnings printed into a compressed page.",
        evidence=(x.response_field("content-encoding"), *told),
    )


def _inflates(data: bytes) -> bool:
    """Whether the beginning of gzip data is in order; what was cut short is."""
    try:
        zlib.decompressobj(31).decompress(data[:_SAMPLE], _SAMPLE)
    except zlib.error:
        return False
    return True


@lru_cache(maxsize=256)
def _codings(value: str) -> tuple[str, ...]:
    """The content codings of a ``Content-Encoding``, in lower case, by their present names."""
    return tuple([_ALIASES.get(c.lower(), c.lower()) for c in split_list(value)])


@lru_cache(maxsize=512)
def _not_offered(codings: tuple[str, ...], wanted: str) -> str | None:
    """The first coding that an ``Accept-Encoding`` does not permit; ``None`` where all are permitted."""
    weights = {_ALIASES.get(p.name, p.name): p.weight for p in parse_preferences(wanted)}
    for coding in codings:
        if coding == "identity" or weights.get(coding, weights.get("*", 0.0)) > 0:
            continue
        if coding in ("gzip", "br", "zstd", "deflate", "compress", "dcb", "dcz"):
            return coding  # `utf-8` and the like are no coding at all, and ignored by clients
    return None

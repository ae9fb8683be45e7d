"""gRPC over HTTP/2 and gRPC-Web: its request fields and trailers."""

from __future__ import annotations

import re
from urllib.parse import unquote

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, known, reads, row
from inspector.fieldguide.say import misfit, quote, sentence
from inspector.fields.media_names import CODINGS
from inspector.fields.tokens import split_list
from inspector.words import duration, listed

_SPEC = "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md"

_CODES = {
    0: ("OK", "the call succeeded"),
    1: ("CANCELLED", "the caller gave it up"),
    2: ("UNKNOWN", "an error of which no more is known"),
    3: ("INVALID_ARGUMENT", "the caller gave something that is wrong in itself"),
    4: ("DEADLINE_EXCEEDED", "it took longer than the caller would wait"),
    5: ("NOT_FOUND", "what was asked for does not exist"),
    6: ("ALREADY_EXISTS", "what was to be made exists already"),
    7: ("PERMISSION_DENIED", "the caller is known and may not"),
    8: ("RESOURCE_EXHAUSTED", "a quota or a store is used up"),
    9: ("FAILED_PRECONDITION", "the system is not in the state that this needs"),
    10: ("ABORTED", "it collided with something else"),
    11: ("OUT_OF_RANGE", "it went past the end"),
    12: ("UNIMPLEMENTED", "the server does not have this method"),
    13: ("INTERNAL", "something that must hold does not"),
    14: ("UNAVAILABLE", "the service is not there just now; a retry may help"),
    15: ("DATA_LOSS", "data is lost or damaged for good"),
    16: ("UNAUTHENTICATED", "the caller is not known"),
}
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}


@reads(
    row(
        "grpc-status",
        RESPONSE,
        "How the call ended; it comes after the content, and the HTTP status is 200 all the same.",
        _SPEC,
        "0",
    )
)
def status(value: str) -> str:
    """A gRPC status code."""
    text = value.strip()
    known = _CODES.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else None
    return (
        f"{text}, `{known[0]}`: {known[1]}."
        if known
        else misfit("one of the codes 0 to 16", "which counts as `UNKNOWN`")
    )


@reads(row("grpc-message", RESPONSE, "What went wrong, in words for people.", _SPEC, "no%20such%20order"))
def message(value: str) -> str:
    """Percent-encoded text."""
    return f"{quote(unquote(value[:2000]), 120)}." if value.strip() else "Empty."


@reads(row("grpc-timeout", REQUEST, "How long the caller will wait.", _SPEC, "5S"))
def timeout(value: str) -> str:
    """A number and a unit."""
    match = re.fullmatch(r"([0-9]{1,8})([HMSmun])", value.strip(), re.ASCII)
    if match is None:
        return misfit("a number of at most eight digits and a unit (`5S`)")
    span = int(match[1]) * _UNITS[match[2]]
    return (
        f"{duration(span)}."
        if span >= 0.001 or span == 0
        else f"{match[1]} {'microseconds' if match[2] == 'u' else 'nanoseconds'}."
    )


@reads(
    row("grpc-encoding", BOTH, "How each message is compressed.", _SPEC, "gzip"),
    row(
        "grpc-accept-encoding",
        BOTH,
        "Which compressions of messages the sender can undo.",
        _SPEC,
        "identity,deflate,gzip",
    ),
)
def encoding(value: str) -> str:
    """Codings."""
    names = split_list(value)
    said = [CODINGS.get(name.lower()) or quote(name, 30) for name in names]
    return sentence(listed(said)) if said else "It names none."


NOTES = known(
    row(
        "grpc-status-details-bin",
        RESPONSE,
        "More on what went wrong, for programs (a `google.rpc.Status` in Base64).",
        "https://github.com/grpc/grpc/blob/master/src/proto/grpc/status/status.proto",
        "CAUSCW5vdCBmb3VuZA",
    ),
    row(
        "grpc-previous-rpc-attempts",
        BOTH,
        "How often the call had been tried before.",
        "https://github.com/grpc/proposal/blob/master/A6-client-retries.md",
        "1",
    ),
    row(
        "grpc-tags-bin",
        BOTH,
        "Labels for statistics, in Base64.",
        "https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md",
        "AAAEdGVzdAR0ZXN0",
    ),
    row(
        "grpc-trace-bin",
        BOTH,
        "Which trace the call belongs to, in Base64.",
        "https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md",
        "AAAR8QG3oJ0bR7eCFc0F1hLMAQAAAAAAAAABAgE=",
    ),
    row(
        "X-Grpc-Web",
        REQUEST,
        "That the call comes from a browser, by gRPC-Web.",
        "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md",
        "1",
    ),
    row(
        "X-User-Agent",
        REQUEST,
        "What the client library calls itself, since scripts cannot set `User-Agent` (gRPC-Web and others).",
        "https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md",
        "grpc-web-javascript/0.1",
    ),
)

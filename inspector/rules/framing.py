"""How messages are framed: lengths that contradict each other, fields a version forbids, invalid fields."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.exchange import Shape
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity, Where
from inspector.rules.base import (
    Finding,
    always,
    http_version,
    repeated_field,
    request_field,
    request_value,
    response_field,
    response_value,
    rule,
)
from inspector.rules.status_words import brief
from inspector.subject import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspector.exchange import Fields
    from inspector.subject import Subject

HTTP1 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
HTTP = "https://www.rfc-editor.org/rfc/rfc9110#section-"


def _sides(x: Subject) -> Iterator[tuple[str, Where, Fields, str | None]]:
    """Request and response: name, evidence place, fields, and the version that side was sent in."""
    yield "request", "request.field", x.req, x.client_version
    if x.response is not None:
        yield "response", "response.field", x.res, x.server_version


@rule(
    "protocol/te-and-cl",
    Severity.ERROR,
    "`Transfer-Encoding` together with `Content-Length`",
    on=request_field("transfer-encoding") + response_field("transfer-encoding"),
    also=request_field("content-length") + response_field("content-length"),
    references=(HTTP1 + "6.1", HTTP1 + "6.3"),
    what="An HTTP/1.1 message carries both fields, which each say in their own way where it ends.",
    why="""
        A recipient has to go by `Transfer-Encoding`. If one on the way goes by the other, the two disagree on where
        the next
        message begins: request smuggling and response splitting live on that.
        """,
    fix=(
        "Send one of them: `Content-Length` where the size is known, else chunked. A gateway that finds both closes "
        "the connection."
    ),
    unless="In recordings of browsers the length may come from the recorder; there it is a warning.",
    shows="""
        POST http://shop.test/orders HTTP/1.1
        Transfer-Encoding: chunked
        Content-Length: 6

        HTTP/1.1 200 OK
        """,
    quiet="""
        GET http://shop.test/orders HTTP/1.1

        HTTP/1.1 200 OK
        Transfer-Encoding: chunked
        """,
)
def te_and_cl(x: Subject) -> Iterator[Finding]:
    """On one side, in HTTP/1.x or an unknown version."""
    for side, where, fields, version in _sides(x):
        if version in ("2", "3") or "transfer-encoding" not in fields or "content-length" not in fields:
            continue
        browser = x.exchange.context.recorder.vantage == "browser"
        yield Finding(
            f"The {side} says `Transfer-Encoding: {brief(x.shown(side, 'transfer-encoding'), 40)}` and "
            f"`Content-Length: {brief(x.shown(side, 'content-length'), 40)}`. The first wins; whoever on the way goes "
            "by the second "
            "finds the end of the message somewhere else.",
            f"The {'client' if side == 'request' else 'server'} sends only one of the two.",
            (
                x.field_line(where, "transfer-encoding", fields.get("transfer-encoding") or "", "this one counts"),
                x.field_line(where, "content-length", fields.get("content-length") or "", "must not be there"),
            ),
            title=f"Two ways to find the end of the {side}",
            severity=Severity.WARNING if browser else None,
            certainty="likely" if browser else "certain",
        )


def _is_list(value: str) -> bool:
    return "," in value


@rule(
    "protocol/duplicate-content-length",
    Severity.ERROR,
    "Several `Content-Length` values",
    on=request_value("content-length", _is_list) + response_value("content-length", _is_list),
    references=(HTTP + "8.6", HTTP1 + "6.3"),
    what="A message has more than one `Content-Length`.",
    why="""
        Differing values make it uncertain where the message ends; clients refuse such a response, and parties that pick
        different ones can be played off against each other.
        """,
    fix="Send the field once. Often a framework and the server in front of it both add it.",
    unless="The same value repeated is harmless to most recipients: a note.",
    shows="""
        GET http://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Length: 12
        Content-Length: 13
        """,
    quiet="""
        GET http://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Length: 12
        """,
)
def duplicate_content_length(x: Subject) -> Iterator[Finding] | None:
    """Several lines, or a list in one."""
    asked, answered = x.req.get("content-length"), x.res.get("content-length")
    if asked and "," in asked:
        return _lengths(x)
    if answered and "," in answered:
        return _lengths(x)
    return None


def _lengths(x: Subject) -> Iterator[Finding]:
    for side, where, fields, _ in _sides(x):
        lines = fields.all("content-length")
        values = (
            [value.strip() for line in lines for value in line.split(",")]
            if len(lines) > 1 or (lines and "," in lines[0])
            else []
        )
        if len(values) < 2:
            continue
        same = len(set(values)) == 1
        evidence = tuple(x.field_line(where, "content-length", brief(line, 60)) for line in lines)
        if same:
            yield Finding(
                f"The {side} has `Content-Length: {brief(values[0], 20)}` {len(values)} times. Recipients may take it "
                "as one or refuse "
                "the message.",
                "Send it once.",
                evidence,
                title="`Content-Length` repeated with one value",
                severity=Severity.NOTE,
            )
        else:
            listing = ", ".join(f"`{brief(v, 20)}`" for v in values[:5])
            yield Finding(
                f"The {side} gives {len(values)} lengths that differ: {listing}. Where it ends is uncertain, and "
                "clients refuse it.",
                "Send `Content-Length` once, with the number of bytes of the content.",
                evidence,
                title=f"`Content-Length` contradicts itself in the {side}",
            )


_CONNECTION_SPECIFIC = ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade")
_SUSPECT = frozenset({*_CONNECTION_SPECIFIC, "te"})


@rule(
    "protocol/connection-in-h2",
    Severity.WARNING,
    "Connection fields where the version forbids them",
    on=http_version("2", "3"),
    also=request_field(*_CONNECTION_SPECIFIC, "te") + response_field(*_CONNECTION_SPECIFIC, "te"),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2",
        "https://www.rfc-editor.org/rfc/rfc9114#section-4.2",
    ),
    what=(
        "`Connection`, `Keep-Alive`, `Proxy-Connection`, `Transfer-Encoding` or `Upgrade` in an HTTP/2 or HTTP/3 "
        "message."
    ),
    why="""
        These fields steer an HTTP/1.1 connection and mean nothing in the newer versions, which count a message with
        them as
        malformed: strict clients (Safari, many libraries) end the stream with a protocol error.
        """,
    fix="Let the server or gateway remove them when it translates from HTTP/1.1.",
    unless="""
        `TE: trailers` is allowed. A browser's own request is not judged, because recorders add fields to it that were
        never sent.
        """,
    shows="""
        GET https://shop.test/ HTTP/2

        HTTP/2 200
        Connection: keep-alive
        """,
    quiet="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Connection: keep-alive
        """,
)
def connection_in_h2(x: Subject) -> Iterator[Finding] | None:
    """Judged on the side that spoke the version; a browser's request is never wrong here."""
    if x.exchange.context.served_from not in (None, "network"):
        return None
    browser = x.exchange.context.recorder.vantage == "browser"
    if _SUSPECT.isdisjoint(x.res.first) and (browser or _SUSPECT.isdisjoint(x.req.first)):
        return None
    return _connection_fields(x, browser)


def _connection_fields(x: Subject, browser: bool) -> Iterator[Finding]:
    for side, where, fields, version in _sides(x):
        if version not in ("2", "3") or (side == "request" and browser):
            continue
        found = [name for name in _CONNECTION_SPECIFIC if name in fields.first]
        if "te" in fields.first and (fields.get("te") or "").strip().lower() != "trailers":
            found.append("te")
        if not found:
            continue
        names = ", ".join(f"`{fields.named(name)}`" for name in found)
        who = "client" if side == "request" else "server"
        yield Finding(
            f"The {side} came as HTTP/{version} and has {names}, which that version forbids. Lenient clients ignore "
            f"{'it' if len(found) == 1 else 'them'}; strict ones treat the message as malformed and end the stream.",
            f"The {who}, or the gateway that translates from HTTP/1.1, removes {names}.",
            tuple(x.field_line(where, name, fields.get(name) or "") for name in found),
            title=f"{names} in HTTP/{version}",
            certainty="likely" if browser else "certain",
        )


_NOT_IN_NAMES = compile_late(r"[^!#$%&'*+.^_`|~0-9A-Za-z\n-]")


@rule(
    "protocol/invalid-field",
    Severity.WARNING,
    "A field line breaks the syntax",
    on=always(),
    references=(HTTP + "5.1", HTTP + "5.5"),
    what="A field name holds characters that are not allowed in one, or a value holds CR, LF or NUL.",
    why="""
        Recipients refuse the message, drop the line, or read it in different ways; a line break that comes from user
        input
        lets that user add fields of their own (header injection).
        """,
    fix="Use letters, digits and hyphens in names; strip or encode line breaks before a value is set.",
    unless="Lines that a browser's recorder has evidently cut apart, and a browser's own requests, are not judged.",
    shows="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        X Cache: hit
        """,
    quiet="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        X-Cache: hit
        """,
)
def invalid_field(x: Subject) -> Iterator[Finding] | None:
    """A quick look over names and values; details only where it finds something."""
    browser = x.exchange.context.recorder.vantage == "browser"
    for fields in (x.res,) if browser else (x.req, x.res):
        text = fields.text
        if "\r" in text or "\0" in text or text.count("\n") >= (len(fields.by_name) or 1):
            return _invalid(x)
        if _a_name_is_invalid(fields.shape):
            return _invalid(x)
    return None


@lru_cache(maxsize=2048)
def _a_name_is_invalid(shape: Shape) -> bool:
    """Whether one of the names is empty or holds what a name must not."""
    return "" in shape.names or _NOT_IN_NAMES.search("\n".join(shape.names)) is not None


_RECORDERS_WORK = compile_late(r"[=;,/:\"\[\]{}]")
"""In a browser's recording, such characters in a name are left from a line the recorder cut apart wrongly."""


def _invalid(x: Subject) -> Iterator[Finding]:
    browser = x.exchange.context.recorder.vantage == "browser"
    for side, where, fields, _ in _sides(x):
        if browser and side == "request":
            continue
        for line in fields.lines:
            if browser and _RECORDERS_WORK.search(line.name):
                continue
            bad = _NOT_IN_NAMES.search(line.name) or "\n" in line.name or not line.name
            control = next((n for c, n in (("\n", "LF"), ("\r", "CR"), ("\0", "NUL")) if c in line.value), None)
            if not bad and control is None:
                continue
            name = brief(line.name.partition("=")[0], 60)  # what follows may be a cookie's value
            what = f"its value holds {control}" if control else "its name holds a character no field name may have"
            if not line.name:
                what = "its name is empty"
            yield Finding(
                f"The {side}'s field `{name}` is invalid: {what}. Recipients differ in whether they refuse the "
                "message, drop the "
                "line or read it as something else.",
                "Send names of letters, digits and hyphens, and values without line breaks.",
                (Evidence(where, name, brief(x.masker.field(line.name, line.value), 200)),),
                title=f"Invalid field line `{name}`",
                certainty="likely",
                condition="unless the recorder itself joined or changed the line",
            )
            break


_SINGLETONS = frozenset(
    {
        "age",
        "authorization",
        "content-disposition",
        "content-location",
        "content-range",
        "content-type",
        "date",
        "etag",
        "expires",
        "from",
        "host",
        "if-modified-since",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "location",
        "max-forwards",
        "origin",
        "range",
        "referer",
        "retry-after",
        "server",
        "user-agent",
    }
)


@lru_cache(maxsize=2048)
def _repeated_singletons(shape: Shape) -> tuple[str, ...]:
    """The fields that may appear once and appear more often, in order."""
    wrong = _SINGLETONS & shape.repeated
    return tuple([name for name in shape.received if name in wrong]) if wrong else ()


@rule(
    "protocol/singleton-duplicated",
    Severity.NOTE,
    "A field that may appear once appears twice",
    on=repeated_field(),
    references=(HTTP + "5.3", HTTP + "5.5"),
    what=(
        "A field that has one value by definition (`Content-Type`, `Location`, `ETag`, `Date` …) is there more than "
        "once."
    ),
    why="""
        Which one counts is not defined: some take the first, some the last, some join them into a value that means
        nothing.
        Chromium refuses a response with two different `Location` or `Content-Disposition` values.
        """,
    fix="Send it once. Usually the application and the server in front of it both set it.",
    unless="""
        List fields (`Cache-Control`, `Vary`, `Accept` …) and `Set-Cookie` may be repeated. A browser's own request does
        not repeat fields; where its recording does, the recorder did it.
        """,
    shows="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Type: text/html
        Content-Type: application/json
        """,
    quiet="""
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Vary: Accept
        Vary: Origin
        """,
)
def singleton_duplicated(x: Subject) -> Iterator[Finding] | None:
    """Each singleton field with more than one line, on either side."""
    browser = x.exchange.context.recorder.vantage == "browser"
    if not _repeated_singletons(x.res.shape) and (browser or not _repeated_singletons(x.req.shape)):
        return None
    return _duplicated(x, browser)


def _duplicated(x: Subject, browser: bool) -> Iterator[Finding]:
    for side, where, fields, _ in _sides(x):
        if browser and side == "request":
            continue
        for name in _repeated_singletons(fields.shape):
            values = fields.all(name)
            same = len(set(values)) == 1
            field = display_name(name)
            fatal = not same and name in ("location", "host")
            yield Finding(
                f"The {side} has `{field}` {len(values)} times"
                + (
                    ", each time with the same value."
                    if same
                    else ", with different values: which counts is not defined."
                )
                + (" Servers have to refuse a request with two `Host` fields." if name == "host" else "")
                + (" Chromium refuses such a redirect." if fatal and name == "location" else ""),
                f"The {'client' if side == 'request' else 'server'} sends `{field}` once.",
                tuple(x.field_line(where, name, value) for value in values[:4]),
                title=f"`{field}` appears {len(values)} times",
                severity=Severity.WARNING if not same and name in ("location", "host", "content-type") else None,
            )

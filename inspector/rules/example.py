"""Exchanges written as plain HTTP text: what rule pages show and what their tests run.

    # page: https://shop.test/
    GET https://api.shop.test/items HTTP/2
    Origin: https://shop.test

    HTTP/2 200
    Content-Type: application/json

    {"ok": true}

The target is absolute, so that the scheme is known. Lines beginning with ``#`` before the request line say what the
wire does not: ``type`` (resource type), ``page`` (URL of the page), ``initiator`` (URL), ``at`` (start, ISO 8601),
``wait``, ``connect`` and ``duration`` (ms), ``connection`` (id), ``server`` (address), ``from`` (served from),
``error``, ``client`` (HTTP version between client and recorder), ``tls``, ``alpn``, ``client-tls`` (the version on the
client's side of a proxy), ``certificate`` (``NAME until ISO 8601``), ``cookies`` (``removed``: the exporter left them
out), ``recorder`` (``proxy``: it stood in between) and ``side`` (whose doing an error was). Exchanges are separated by
a line ``---``. A missing response part means that none arrived.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from textwrap import dedent
from typing import cast

import msgspec

from inspector.exchange import (
    EMPTY_BODY,
    TLS,
    UNKNOWN_CONNECTION,
    Body,
    Certificate,
    Connection,
    Context,
    Exchange,
    Failure,
    Field,
    Fields,
    Initiator,
    Page,
    Recorder,
    Request,
    Response,
    ServedFrom,
    Side,
    Timings,
)
from inspector.url import parse

EXAMPLE_START = 1_772_366_400.0
"""When examples happen unless they say so: 2026-03-01T12:00:00Z. Each further exchange is a second later."""

RECORDER = Recorder(kind="har", creator="example", vantage="browser", cookies_recorded=True, preflights_recorded=True)


def parse_example(text: str, recorder: Recorder = RECORDER) -> list[Exchange]:
    """Read exchanges from example text. Raises `ValueError` where the text is not one."""
    blocks = re.split(r"(?m)^---[ \t]*$", dedent(text).strip("\n"))
    return [_exchange(i, block.strip("\n"), recorder) for i, block in enumerate(blocks)]


def _exchange(index: int, block: str, recorder: Recorder) -> Exchange:
    lines = block.split("\n")
    said: dict[str, str] = {}
    while lines and lines[0].startswith("#"):
        key, _, value = lines.pop(0)[1:].partition(":")
        said[key.strip()] = value.strip()
    split = next((i for i, line in enumerate(lines) if line.startswith("HTTP/")), len(lines))
    request_line = lines[0].split(" ") if lines else []
    if len(request_line) != 3:
        raise ValueError(f"not a request line: {lines[0] if lines else ''!r}")
    method, url, version = request_line
    fields, pseudo, content = _message(lines[1:split])
    encrypted = parse(url).secure
    request = Request(method, url, fields, said.get("client") or _version(version), pseudo, _body(content, EMPTY_BODY))
    response = None
    if split < len(lines):
        status_line = lines[split].split(" ", 2)
        fields, pseudo, content = _message(lines[split + 1 :])
        nothing = EMPTY_BODY if method == "HEAD" or status_line[1] in ("204", "304") else Body()
        response = Response(
            int(status_line[1]),
            status_line[2] if len(status_line) > 2 else "",
            fields,
            _version(status_line[0]),
            pseudo,
            _body(content, nothing),
        )
    if said.get("recorder") == "proxy":
        recorder = msgspec.structs.replace(recorder, kind="proxy", vantage="proxy")
    if said.get("cookies") == "removed":
        recorder = msgspec.structs.replace(recorder, cookies_recorded=False)
    started = datetime.fromisoformat(said["at"]).astimezone(UTC).timestamp() if "at" in said else EXAMPLE_START + index
    page = said.get("page")
    initiator = said.get("initiator")
    duration, wait, connect = said.get("duration"), said.get("wait"), said.get("connect")
    shown = _chain(said["certificate"]) if "certificate" in said else None
    tls = None
    if shown is not None or "tls" in said or "alpn" in said:
        tls = TLS(version=said.get("tls"), alpn=said.get("alpn"), chain=shown)
    error, side = said.get("error"), cast("Side | None", said.get("side"))
    return Exchange(
        index,
        request,
        Context(
            recorder,
            resource_type=said.get("type"),
            initiator=Initiator(url=initiator) if initiator else None,
            page=Page("page", url=page, title=page) if page else None,
            served_from=cast("ServedFrom | None", said.get("from")),
        ),
        response,
        Timings(
            started=started,
            connect=float(connect) if connect else None,
            wait=float(wait) if wait else None,
            total=float(duration) if duration else None,
        ),
        client=Connection(tls=TLS(said.get("client-tls")))
        if recorder.vantage == "proxy" and encrypted
        else UNKNOWN_CONNECTION,
        server=Connection(id=said.get("connection"), peer=said.get("server"), encrypted=encrypted, tls=tls),
        failure=Failure(error, error if error.startswith("net::") else None, side) if error else None,
    )


def _chain(text: str) -> tuple[Certificate]:
    name, _, until = text.partition(" until ")
    ends = datetime.fromisoformat(until).astimezone(UTC).timestamp()
    return (Certificate(name, "Example CA", (name,), not_before=ends - 90 * 86_400, not_after=ends),)


def _message(lines: list[str]) -> tuple[Fields, tuple[Field, ...], str]:
    blank = lines.index("") if "" in lines else len(lines)
    fields: list[Field] = []
    pseudo: list[Field] = []
    for line in lines[:blank]:
        name, colon, value = line[1:].partition(":")
        if not colon:
            raise ValueError(f"not a field line: {line!r}")
        (pseudo if line.startswith(":") else fields).append(Field(line[0] + name, value.strip()))
    return Fields.of_lines(tuple(fields)), tuple(pseudo), "\n".join(lines[blank + 1 :]).strip("\n")


def _body(content: str, nothing: Body) -> Body:
    if not content:
        return nothing
    size = len(content.encode())
    return Body("full", size, size, source=content)


def _version(text: str) -> str | None:
    number = text.removeprefix("HTTP/")
    return {"2.0": "2", "3.0": "3", "?": None}.get(number, number)

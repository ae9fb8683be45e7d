"""Exchanges → a HAR 1.2 file, entry by entry.

What HAR has no place for goes into members that begin with an underscore, under the names browsers and other tools
use already where there are such: ``_error``, ``_resourceType``, ``_connectionId``, ``_webSocketMessages``,
``_securityDetails``, ``_trailers``. Ours are ``_inspector`` (the findings), ``_tls`` and ``_truncated``.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

import msgspec

from inspector.exchange import TLS, Body, Exchange, Fields, Message, Request, Response, Timings, WebSocket
from inspector.report import Annotation
from inspector.url import parse

CREATOR = "inspector proxy"

_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml", "image/svg")
_TEXT_SUFFIXES = ("+json", "+xml", "/json", "/xml", "/javascript", "/ecmascript", "x-www-form-urlencoded", "x-ndjson")
_FAILED_CODE = "net::ERR_FAILED"


class HarWriter:
    """Writes a HAR file that is complete and valid after every entry.

    `file` is open for writing octets, empty and seekable; each entry is one write, over the end of the one before. A
    reader that comes in the middle of one finds a document that lacks its end, never a half-overwritten entry.
    """

    def __init__(self, file: BinaryIO, version: str | None = None) -> None:
        self._file = file
        head = {"name": CREATOR, "version": version if version is not None else _own_version()}
        self._file.write(b'{"log":{"version":"1.2","creator":' + msgspec.json.encode(head) + b',"pages":[],"entries":[')
        self._end = self._file.tell()
        self._first = True
        self._file.write(_TAIL)
        self._file.flush()

    def add(self, exchange: Exchange, annotations: Iterable[Annotation] = ()) -> None:
        """Append one entry. Raises OSError where it cannot be written, ValueError where the file is closed."""
        entry = encode(har_entry(exchange, annotations))
        separator = b"\n" if self._first else b",\n"
        whole = separator + entry + _TAIL
        self._file.seek(self._end)
        written = 0
        while written < len(whole):  # an unbuffered file may take less at once
            written += self._file.write(whole[written:])
        self._file.flush()
        self._end += len(separator) + len(entry)
        self._first = False

    def close(self) -> None:
        """Close the file. Raises OSError."""
        self._file.close()


_TAIL = b"\n]}}\n"


def encode(entry: dict[str, Any]) -> bytes:
    """An entry as JSON octets; text that UTF-8 cannot hold (lone surrogates) is escaped, as JSON allows."""
    try:
        return msgspec.json.encode(entry)
    except UnicodeEncodeError:
        return json.dumps(entry, ensure_ascii=True, default=str).encode("ascii")


def har_entry(exchange: Exchange, annotations: Iterable[Annotation] = ()) -> dict[str, Any]:
    """One exchange as a HAR entry: plain objects ready for JSON."""
    timings, total = _timings(exchange.timings)
    entry: dict[str, Any] = {
        "startedDateTime": _moment(exchange.timings.started),
        "time": total,
        "request": _request(exchange.request),
        "response": _response(exchange.response, exchange),
        "cache": {},
        "timings": timings,
    }
    server = exchange.server
    if server.peer is not None:
        entry["serverIPAddress"] = server.peer
    if server.port is not None:
        entry["_serverPort"] = server.port
    if server.id is not None:
        entry["connection"] = entry["_connectionId"] = server.id
    if server.reused is not None:
        entry["_connectionReused"] = server.reused
    tls = {side: _tls(conn.tls) for side, conn in (("client", exchange.client), ("server", server)) if conn.tls}
    if tls:
        entry["_tls"] = tls
    if server.tls is not None and server.tls.chain:
        entry["_securityDetails"] = _security_details(server.tls)
    if exchange.client.id is not None:
        entry["_clientConnectionId"] = exchange.client.id
    context = exchange.context
    if context.resource_type is not None:
        entry["_resourceType"] = context.resource_type
    if context.comment is not None:
        entry["comment"] = context.comment
    if exchange.failure is not None and exchange.failure.side is not None:
        entry["_errorSide"] = exchange.failure.side
    if exchange.websocket is not None:
        _add_websocket(entry, exchange.websocket)
    found = [msgspec.to_builtins(annotation) for annotation in annotations]
    if found:
        entry["_inspector"] = found
    return entry


# -- messages --------------------------------------------------------------------------------------------------------


def _request(request: Request) -> dict[str, Any]:
    made: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": _version(request.http_version),
        "cookies": _request_cookies(request.fields),
        "headers": _headers(request.pseudo, request.fields),
        "queryString": _query(request.url),
        "headersSize": -1,
        "bodySize": _count(request.body.transferred),
    }
    if request.body.state in ("full", "truncated"):
        text, encoded = _text(request.body, request.fields)
        posted: dict[str, Any] = {"mimeType": request.fields.get("content-type") or "", "text": text}
        if encoded:
            posted["encoding"] = "base64"
        if request.body.state == "truncated":
            posted["_truncated"] = True
        made["postData"] = posted
    if request.trailers:
        made["_trailers"] = _lines(request.trailers)
    return made


def _response(response: Response | None, exchange: Exchange) -> dict[str, Any]:
    failure = exchange.failure
    if response is None:
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "unknown",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 0,
            "_error": failure.code or failure.message if failure is not None else _FAILED_CODE,
        }
    made: dict[str, Any] = {
        "status": response.status,
        "statusText": response.reason or "",
        "httpVersion": _version(response.http_version),
        "cookies": _response_cookies(response.fields),
        "headers": _headers(response.pseudo, response.fields),
        "content": _content(response),
        "redirectURL": response.fields.get("location") or "",
        "headersSize": -1,
        "bodySize": _count(response.body.transferred),
    }
    if response.trailers:
        made["_trailers"] = _lines(response.trailers)
    if failure is not None:
        made["_error"] = failure.code or failure.message
    return made


def _content(response: Response) -> dict[str, Any]:
    body = response.body
    made: dict[str, Any] = {
        "size": _count(body.size),
        "mimeType": response.fields.get("content-type") or body.media_type or "x-unknown",
    }
    if body.state in ("full", "truncated"):
        made["text"], encoded = _text(body, response.fields)
        if encoded:
            made["encoding"] = "base64"
        if body.size is not None and body.transferred is not None and body.transferred < body.size:
            made["compression"] = body.size - body.transferred
        if body.state == "truncated":
            made["_truncated"] = True
            made["comment"] = "only the beginning was kept"
    elif body.state == "omitted":
        made["comment"] = "the content was not kept"
    return made


def _text(body: Body, fields: Fields) -> tuple[str, bool]:
    """The content as HAR keeps it: text as it is where it is text in UTF-8, anything else in base64."""
    data = body.data
    if data is None:
        return "", False
    claimed = (fields.get("content-type") or body.media_type or "").partition(";")[0].strip().lower()
    if claimed.startswith(_TEXT_TYPES) or claimed.endswith(_TEXT_SUFFIXES):
        try:
            return data.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(data).decode("ascii"), True


def _headers(pseudo: Iterable[Any], fields: Fields) -> list[dict[str, str]]:
    return [{"name": line.name, "value": line.value} for line in (*pseudo, *fields)]


def _lines(fields: Fields) -> list[dict[str, str]]:
    return _headers((), fields)


def _request_cookies(fields: Fields) -> list[dict[str, str]]:
    pairs = (part.partition("=") for line in fields.all("cookie") for part in line.split(";"))
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in pairs if name.strip()]


def _response_cookies(fields: Fields) -> list[dict[str, Any]]:
    cookies: list[dict[str, Any]] = []
    for line in fields.all("set-cookie"):
        pair, *attributes = line.split(";")
        name, _, value = pair.partition("=")
        cookie: dict[str, Any] = {"name": name.strip(), "value": value.strip()}
        for attribute in attributes:
            key, _, setting = attribute.partition("=")
            key = key.strip().lower()
            if key in ("path", "domain"):
                cookie[key] = setting.strip()
            elif key == "httponly":
                cookie["httpOnly"] = True
            elif key == "secure":
                cookie["secure"] = True
            elif key == "samesite":
                cookie["sameSite"] = setting.strip()
        cookies.append(cookie)
    return cookies


def _query(url: str) -> list[dict[str, str]]:
    query = parse(url).query
    if not query:
        return []
    try:
        return [{"name": name, "value": value} for name, value in parse_qsl(query, True, errors="replace")]
    except ValueError:  # more parameters than anybody meant
        return []


def _version(version: str | None) -> str:
    if version is None:
        return "unknown"
    return f"HTTP/{version}" if version[:1].isdigit() else version


def _count(number: int | None) -> int:
    return -1 if number is None else number


# -- around them -----------------------------------------------------------------------------------------------------


def _moment(started: float | None) -> str:
    try:
        moment = dt.datetime.fromtimestamp(started or 0.0, dt.UTC)
    except (OverflowError, OSError, ValueError):
        moment = dt.datetime.fromtimestamp(0.0, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _timings(timings: Timings) -> tuple[dict[str, float], float]:
    """HAR's phases (``connect`` contains ``ssl``; -1 did not happen) and ``time``, their sum as HAR defines it."""
    connect, tls = timings.connect, timings.tls
    if tls is not None:
        connect = (connect or 0.0) + tls
    known = (timings.blocked, timings.dns, connect, timings.send, timings.wait, timings.receive)
    phases = {
        "blocked": _phase(timings.blocked),
        "dns": _phase(timings.dns),
        "connect": _phase(connect),
        "ssl": _phase(tls),
        "send": timings.send or 0.0,
        "wait": timings.wait or 0.0,
        "receive": timings.receive or 0.0,
    }
    if timings.wait is None and timings.total is not None:
        return phases, timings.total
    return phases, round(sum(phase for phase in known if phase is not None), 3)


def _phase(duration: float | None) -> float:
    return -1 if duration is None else duration


def _tls(tls: TLS) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(tls)
    for certificate in made.get("chain") or ():
        certificate.pop("der", None)  # a kilobyte each, again and again
    return {name: value for name, value in made.items() if value is not None}


def _security_details(tls: TLS) -> dict[str, Any]:
    assert tls.chain
    leaf = tls.chain[0]
    made = {
        "protocol": tls.version.replace("TLSv", "TLS ") if tls.version else None,
        "cipher": tls.cipher,
        "subjectName": leaf.subject,
        "sanList": list(leaf.names),
        "issuer": leaf.issuer,
        "validFrom": leaf.not_before,
        "validTo": leaf.not_after,
    }
    return {name: value for name, value in made.items() if value is not None}


def _add_websocket(entry: dict[str, Any], websocket: WebSocket) -> None:
    entry["_webSocketMessages"] = [_message(message) for message in websocket.messages if message.content is not None]
    if websocket.dropped:
        entry["_webSocketMessagesDropped"] = websocket.dropped
    if websocket.close is not None:
        close = websocket.close
        entry["_webSocketClose"] = {"code": close.code, "reason": close.reason, "_byClient": close.by_client}


def _message(message: Message) -> dict[str, Any]:
    content = message.content
    data = base64.b64encode(content).decode("ascii") if isinstance(content, bytes) else content
    return {
        "type": "send" if message.from_client else "receive",
        "time": message.time if message.time is not None else 0,
        "opcode": 1 if message.text else 2,
        "data": data,
    }


def _own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("http-inspector")
    except PackageNotFoundError:
        return "0"

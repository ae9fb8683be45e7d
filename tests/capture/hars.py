"""Small HAR files of our own making."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inspector.capture import Capture, open_capture
from inspector.exchange import Exchange


def entry(**changes: Any) -> dict[str, Any]:
    """A complete, valid entry; keyword arguments replace members, ``request__url=…`` members of members."""
    made: dict[str, Any] = {
        "startedDateTime": "2024-05-01T12:00:00.000Z",
        "time": 30,
        "request": {
            "method": "GET",
            "url": "https://shop.test/",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Accept", "value": "*/*"}],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "text/plain"}],
            "cookies": [],
            "content": {"size": 5, "mimeType": "text/plain", "text": "hello"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 5,
        },
        "cache": {},
        "timings": {"blocked": 1, "dns": 2, "connect": 10, "ssl": 6, "send": 1, "wait": 15, "receive": 1},
    }
    for path, value in changes.items():
        target = made
        *parents, last = path.split("__")
        for name in parents:
            target = target[name]
        if value is MISSING:
            target.pop(last, None)
        else:
            target[last] = value
    return made


MISSING = object()


def har(*entries: Any, creator: Any = None, **log: Any) -> dict[str, Any]:
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Tester", "version": "1"} if creator is None else creator,
            "entries": list(entries),
            **log,
        }
    }


def write(folder: Path, content: Any, name: str = "x.har") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def opened(folder: Path, content: Any, name: str = "x.har") -> Capture:
    return open_capture(write(folder, content, name))


def read(folder: Path, content: Any) -> list[Exchange]:
    capture = opened(folder, content)
    exchanges = list(capture.exchanges())
    info = capture.info()
    assert info.entries == len(exchanges) + len(info.skipped)
    return exchanges


def one(folder: Path, creator: Any = None, **changes: Any) -> Exchange:
    """The only exchange of a file with one entry, changed as told."""
    (exchange,) = read(folder, har(entry(**changes), creator=creator))
    return exchange

"""Small HAR files, written by the tests that need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def fields(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def entry(url: str, status: int = 200, **more: Any) -> dict[str, Any]:
    return {
        "startedDateTime": more.pop("started", "2026-03-01T12:00:00Z"),
        "time": 12.5,
        "request": {
            "method": more.pop("method", "GET"),
            "url": url,
            "httpVersion": "HTTP/2",
            "headers": fields(*more.pop("request", ())),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": status,
            "statusText": more.pop("reason", ""),
            "httpVersion": "HTTP/2",
            "headers": fields(*more.pop("response", ())),
            "cookies": [],
            "content": {"size": 2, "mimeType": "text/plain", "text": more.pop("text", "hi")},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 2,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12, "receive": 0.5},
        **more,
    }


def har(folder: Path, *entries: Any, name: str = "x.har") -> Path:
    path = folder / name
    path.write_text(
        json.dumps({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": list(entries)}})
    )
    return path

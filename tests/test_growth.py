"""What much of one thing costs: work is counted, not timed, and must grow with the recording and not with its square.

A capture comes from anywhere, and one message may hold sixteen thousand of whatever a message can hold. Each recording
here has many of one thing; with four times as many, explaining it may take little more than four times the steps.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspector.engine import Options
from inspector.explain import Explanation
from inspector.render.json import write
from inspector.session import jar

FEWER, MORE = 120, 480
MOST_GROWTH = 5.5
"""Four times is linear; sixteen would be quadratic."""

Entry = dict[str, Any]
HTML = ("Content-Type", "text/html")
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{:06d}In0.c2lnbmF0dXJl"
_TOOL = 4
_EVENTS = (sys.monitoring.events.PY_START, sys.monitoring.events.PY_RESUME, sys.monitoring.events.JUMP)


def entry(
    url: str = "https://a.test/",
    *,
    at: int = 0,
    method: str = "GET",
    status: int = 200,
    req: list[tuple[str, str]] | None = None,
    res: list[tuple[str, str]] | None = None,
    body: str = "",
    post: str | None = None,
    **more: object,
) -> Entry:
    kind = dict(res or ()).get("Content-Type", "")
    request: Entry = {"method": method, "url": url, "httpVersion": "HTTP/1.1", "headers": _lines(req)}
    if post is not None:
        request["postData"] = {"mimeType": FORM[1], "text": post}
    return {
        "startedDateTime": f"2026-01-01T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}Z",
        "time": 1,
        "request": request,
        "response": {
            "status": status,
            "httpVersion": "HTTP/1.1",
            "headers": _lines(res),
            "content": {"size": len(body), "mimeType": kind, "text": body},
        },
        **more,
    }


def _lines(pairs: list[tuple[str, str]] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs or ()]


def page(body: str = "", *fields: tuple[str, str], **more: object) -> Entry:
    return entry(res=[HTML, *fields], body=body, _resourceType="document", **more)


def unsent(number: int) -> Entry:
    asked = entry(
        f"https://b{number}.test/x.png",
        req=[("Referer", "https://a.test/")],
        _resourceType="image",
        _initiator={"type": "parser", "url": "https://a.test/"},
    )
    return {**asked, "response": {"status": 0, "headers": [], "content": {"size": 0}}}


def each(count: int, text: str, between: str = "") -> str:
    return between.join([text.format(number) for number in range(count)])


CSP = "Content-Security-Policy"
MANY: dict[str, Callable[[int], list[Entry]]] = {
    "lines of one field": lambda n: [entry(res=[("X-A", f"v{i}") for i in range(n)])],
    "fields nobody knows": lambda n: [entry(res=[(f"made-up-{i}", "v") for i in range(n)])],
    "cookies of a request": lambda n: [entry(req=[("Cookie", each(n, "a{0}=secret{0}x", "; "))])],
    "lines of cookies": lambda n: [entry(req=[("Cookie", f"a{i}=secret{i}x") for i in range(n)])],
    "cookies set by one response": lambda n: [
        entry(
            "https://a.test/login",
            method="POST",
            post="user=a&password=secret123x",
            req=[FORM],
            res=[HTML, *[("Set-Cookie", f"session{i}=secret{i}x; SameSite=None") for i in range(n)]],
        )
    ],
    "cookies set one after the other": lambda n: [
        entry(at=i, res=[("Set-Cookie", f"a{i}=secret{i}x; Path=/{i}")]) for i in range(n)
    ],
    "credentials": lambda n: [entry(req=[("Authorization", f"Bearer secret{i}x") for i in range(n)])],
    "secret parameters": lambda n: [entry("https://a.test/?" + each(n, "token{0}=secret{0}x", "&"))],
    "fields of a form": lambda n: [entry(method="POST", req=[FORM], post=each(n, "password{0}=secret{0}x", "&"))],
    "sources and scripts": lambda n: [
        page(each(n, '<script src="https://b{0}.test/"></script>'), (CSP, "script-src " + each(n, "a{0}.test", " ")))
    ],
    "sources and requests": lambda n: [
        page("", (CSP, "img-src " + each(n, "a{0}.test", " "))),
        *[unsent(i) for i in range(n)],
    ],
    "policies and requests": lambda n: [
        page("", (CSP, each(n, "img-src * a{0}.test", ", "))),
        *[unsent(i) for i in range(n)],
    ],
    "policies and scripts": lambda n: [
        page("<script>a()</script><img src=/a>" * n, (CSP, each(n, "img-src * a{0}.test", ", ")))
    ],
    "hashes and inline scripts": lambda n: [
        page(each(n, "<script>a({0})</script>"), (CSP, "script-src " + each(n, "'sha256-{0:043d}='", " ")))
    ],
    "directives": lambda n: [page("", (CSP, each(n, "made-up-{0} a", "; ")))],
    "forms": lambda n: [page("<form method=post action=http://a.test/><input type=password name=a></form>" * n)],
    "controls deep in a form": lambda n: [page("<form>" + "<div>" * n + "<input name=a>" * n)],
    "preloads": lambda n: [page(each(n, '<link rel=preload as=script href="/{0}.js">'))],
    "redirects of one chain": lambda n: [
        entry(f"https://a.test/{i}", at=i, status=302, res=[("Location", f"/{i + 1}")]) for i in range(n)
    ],
    "redirects round and round": lambda n: [entry(at=i, status=302, res=[("Location", "/")]) for i in range(n)],
    "preflights": lambda n: [
        entry(
            f"https://a.test/{i}",
            at=i,
            method="OPTIONS",
            req=[("Origin", "https://b.test"), ("Access-Control-Request-Method", "PUT")],
        )
        for i in range(n)
    ],
    "tokens": lambda n: [
        entry(f"https://a{i}.test/", at=i, req=[("Authorization", "Bearer " + TOKEN.format(i))]) for i in range(n)
    ],
    "logins": lambda n: [
        entry(
            "https://a.test/login",
            at=i,
            method="POST",
            status=302,
            req=[FORM],
            post=f"user=a&password=secret{i}x",
            res=[("Location", "/home"), ("Set-Cookie", f"session=secret{i}x; HttpOnly")],
        )
        for i in range(n)
    ],
    "origins": lambda n: [
        entry(f"https://a{i}.test/", at=i, res=[HTML, ("Set-Cookie", f"sid=secret{i}x")], _resourceType="document")
        for i in range(n)
    ],
    "variants of one address": lambda n: [
        entry(
            at=i,
            req=[("Accept-Language", f"a{i}")],
            res=[("Cache-Control", "max-age=600"), ("Vary", "Accept-Language")],
        )
        for i in range(n)
    ],
    "messages of a WebSocket": lambda n: [
        entry(
            "wss://a.test/",
            status=101,
            req=[("Upgrade", "websocket"), ("Connection", "Upgrade")],
            _resourceType="websocket",
            _webSocketMessages=[
                {"type": "send", "time": 1767225600 + i / 10, "opcode": 1, "data": f'{{"id":{i}}}'} for i in range(n)
            ],
        )
    ],
    "connections": lambda n: [
        entry(f"https://a{i}.test/", at=i, connection=str(i), serverIPAddress="192.0.2.1") for i in range(n)
    ],
    "calls of an API": lambda n: [
        entry(f"https://a.test/api/items/{i}", at=i, req=[("Accept", JSON[1])], res=[JSON], body=f'{{"id":{i}}}')
        for i in range(n)
    ],
    "broken entries": lambda n: [{"request": i} for i in range(n)],
}


def steps(path: Path) -> int:
    """Calls of functions and turns of loops that explaining a capture takes, each line of each message included."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    monitoring = sys.monitoring
    monitoring.use_tool_id(_TOOL, "growth")
    try:
        for event in _EVENTS:
            monitoring.register_callback(_TOOL, event, step)
        monitoring.set_events(_TOOL, sum(_EVENTS))
        write(Explanation([str(path)], Options(fields=True, explain_fields=True)), io.BytesIO())
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.free_tool_id(_TOOL)
    return count


@pytest.mark.parametrize("what", MANY)
def test_work_grows_with_the_recording(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jar, "MOST_PER_SITE", 10)  # a full jar is gone through for each request
    taken = {}
    for count in (10, FEWER, MORE):  # the first meets what is only done once
        path = tmp_path / f"{count}.har"
        log = {"version": "1.2", "creator": {"name": "a", "version": "1"}, "entries": MANY[what](count)}
        path.write_text(json.dumps({"log": log}))
        taken[count] = steps(path)
    assert taken[MORE] / taken[FEWER] <= MOST_GROWTH

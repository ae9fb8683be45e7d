"""Who asked, and WebSockets."""

from __future__ import annotations

import pytest

from inspector.engine import Engine, Options
from inspector.exchange import Close, Exchange, Message, WebSocket
from inspector.report import Annotation, Severity
from inspector.rules.example import parse_example


def told(text: str, topic: str) -> list[Annotation]:
    engine = Engine(Options(only=frozenset({topic})))
    (exchange,) = parse_example(text)
    return list(engine.observe(exchange).annotations)


def fetch(dest: str, mode: str, site: str = "same-origin", *more: str) -> str:
    return "\n".join((f"Sec-Fetch-Dest: {dest}", f"Sec-Fetch-Mode: {mode}", f"Sec-Fetch-Site: {site}", *more))


@pytest.mark.parametrize(
    ("head", "fields", "name", "certainty"),
    [
        ("GET", fetch("document", "navigate", "none", "Sec-Fetch-User: ?1"), "outside any page", "certain"),
        ("GET", fetch("document", "navigate", "same-origin", "Sec-Fetch-User: ?1"), "user activated", "certain"),
        ("POST", fetch("document", "navigate"), "a form", "certain"),
        ("GET", fetch("document", "navigate", "cross-site"), "without a user's action", "likely"),
        ("GET", fetch("iframe", "navigate", "cross-site"), "a frame", "certain"),
        ("GET", fetch("empty", "cors", "same-origin", "Accept: */*"), "`fetch()` or XMLHttpRequest", "likely"),
        ("GET", fetch("empty", "cors", "same-origin", "Accept: application/json, text/plain, */*"), "Axios", "likely"),
        (
            "GET",
            fetch("empty", "cors", "same-origin", "X-Requested-With: XMLHttpRequest", "Accept: text/html, */*; q=0.01"),
            "jQuery",
            "likely",
        ),
        ("POST", fetch("empty", "no-cors", "cross-site", "Content-Type: text/plain"), "sendBeacon", "likely"),
        ("POST", fetch("empty", "cors", "same-origin", "Content-Type: text/ping"), "`ping`", "certain"),
        ("GET", fetch("empty", "cors", "same-origin", "Accept: text/event-stream"), "EventSource", "likely"),
        ("GET", fetch("serviceworker", "same-origin"), "service worker", "certain"),
        ("GET", fetch("script", "no-cors", "same-origin", "Sec-Purpose: prefetch"), None, None),
        (
            "GET",
            fetch("document", "navigate", "same-origin", "Sec-Purpose: prefetch;prerender"),
            "prerender",
            "certain",
        ),
        ("GET", fetch("websocket", "websocket"), "WebSocket", "certain"),
        ("OPTIONS", "Origin: https://a.test\nAccess-Control-Request-Method: PUT", "preflight", "certain"),
        ("GET", fetch("image", "no-cors"), None, None),
        ("GET", "User-Agent: curl/8.9.1\nAccept: */*", "curl", "likely"),
        ("GET", "User-Agent: Wget/1.21.4", "Wget", "likely"),
        ("GET", "User-Agent: python-requests/2.32.3", "Requests", "likely"),
        ("GET", "User-Agent: python-httpx/0.28.1", "HTTPX", "likely"),
        ("GET", "User-Agent: okhttp/4.12.0", "OkHttp", "likely"),
        ("GET", "User-Agent: Go-http-client/2.0", "Go's", "likely"),
        ("GET", "User-Agent: Java-http-client/21", "Java", "likely"),
        ("GET", "User-Agent: node\nAccept: */*", "undici", "likely"),
        ("GET", "User-Agent: PostmanRuntime/7.40.0", "Postman", "likely"),
        ("GET", "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://x)", "Googlebot", "likely"),
        ("GET", "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0 Safari/537.36", None, None),
        ("GET", "Accept: */*", None, None),
    ],
)
def test_who_asked(head, fields, name, certainty):
    found = told(f"{head} https://shop.test/x HTTP/2\n{fields}\n\nHTTP/2 200\n", "client")
    if name is None:
        assert found == []
        return
    (said,) = found
    assert name in said.title
    assert said.certainty == certainty
    assert said.evidence


@pytest.mark.parametrize(
    ("kind", "initiator", "name", "certainty"),
    [
        ("xhr", "https://shop.test/axios.min.js", "Axios, over XMLHttpRequest", "likely"),
        ("fetch", "https://shop.test/app.js", "`fetch()`", "certain"),
        ("xhr", "https://shop.test/jquery-3.7.1.js", "jQuery, over XMLHttpRequest", "likely"),
        ("ping", "https://shop.test/a.js", "sendBeacon", "certain"),
        ("image", "https://shop.test/axios.min.js", None, None),
    ],
)
def test_what_the_recorder_adds(kind, initiator, name, certainty):
    text = f"# type: {kind}\n# initiator: {initiator}\nGET https://shop.test/x HTTP/2\nAccept: */*\n\nHTTP/2 200\n"
    found = told(text, "client")
    assert [(name in a.title, a.certainty) for a in found] == ([(True, certainty)] if name else [])


HANDSHAKE = """
GET https://chat.test/live HTTP/1.1
Connection: Upgrade
Upgrade: websocket
Origin: https://chat.test
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Protocol: v1, v2

{0}
"""
OPEN = "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: "
GOOD = f"{OPEN}s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def ws(response: str) -> list[Annotation]:
    return told(HANDSHAKE.format(response), "websocket")


@pytest.mark.parametrize(
    ("response", "rule"),
    [
        (GOOD, None),
        (f"{OPEN}AAAA", "handshake-invalid"),
        (GOOD.replace("Upgrade: websocket", "Upgrade: h2c"), "handshake-invalid"),
        (GOOD.replace("Connection: Upgrade", "Connection: close"), "handshake-invalid"),
        (f"{GOOD}\nSec-WebSocket-Protocol: v2", None),
        (f"{GOOD}\nSec-WebSocket-Protocol: V2", "not-offered"),
        (f"{GOOD}\nSec-WebSocket-Extensions: permessage-deflate", "not-offered"),
        ("HTTP/1.1 403 Forbidden", "upgrade-failed"),
        ("HTTP/1.1 200 OK\nContent-Type: text/html", "upgrade-failed"),
        ("HTTP/1.1 302 Found\nLocation: /login", "upgrade-failed"),
    ],
)
def test_handshakes(response, rule):
    found = {a.rule for a in ws(response)} - {"websocket/conversation"}
    assert found == ({f"websocket/{rule}"} if rule else set())


def test_a_refused_origin_is_shown():
    (said,) = ws("HTTP/1.1 403 Forbidden")
    assert "`Origin`" in said.detail
    assert [e.value for e in said.evidence if e.name == "Origin"] == ["https://chat.test"]


def test_the_conversation_and_its_end():
    (exchange,) = parse_example(HANDSHAKE.format(GOOD))
    messages = (
        Message(True, 1.0, content="hello", size=5),
        Message(False, 3.0, content="world!", size=6),
        Message(False, 4.0, content=None, size=1400),
    )
    socket = WebSocket(messages, Close(1006, None, None), dropped=2)
    changed = Exchange(0, exchange.request, exchange.context, exchange.response, websocket=socket)
    (said,) = Engine(Options(only=frozenset({"websocket"}))).observe(changed).annotations
    assert said.title == "WebSocket: 5 messages, closed with 1006 (abnormal closure)"
    assert said.severity is Severity.NOTE
    assert "The client sent 1 message (5 bytes), the server 2 messages (1.4 kB), over 3 seconds" in said.detail
    assert "2 more were seen and not kept" in said.detail


def test_insecure_only_off_this_machine():
    text = "GET ws://{0}/live HTTP/1.1\nUpgrade: websocket\n\nHTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n"
    assert "websocket/insecure" in {a.rule for a in told(text.format("chat.test"), "websocket")}
    assert "websocket/insecure" not in {a.rule for a in told(text.format("localhost:8080"), "websocket")}

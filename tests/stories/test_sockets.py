"""WebSocket conversations and event streams."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from inspector.engine import Engine, Options
from inspector.exchange import Close, Message, WebSocket
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example
from inspector.stories.sockets import read_events

HANDSHAKE = """
    GET wss://chat.shop.test/live HTTP/1.1
    Connection: Upgrade
    Upgrade: websocket
    Sec-WebSocket-Version: 13
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
    Sec-WebSocket-Protocol: chat.v1
    Origin: {origin}
    Cookie: sessionid=8f14e45fceea167a

    HTTP/1.1 101 Switching Protocols
    Connection: Upgrade
    Upgrade: websocket
    Sec-WebSocket-Accept: {accept}
    Sec-WebSocket-Protocol: chat.v1
    """
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def told(*exchanges) -> list[Story]:
    engine = Engine(Options())
    for one in exchanges:
        engine.observe(one)
    return [story for story in engine.finish() if story.kind in ("websocket", "event-stream")]


def conversation(socket: WebSocket | None, origin: str = "https://shop.test", accept: str = ACCEPT) -> Story:
    (made,) = parse_example(HANDSHAKE.format(origin=origin, accept=accept))
    (story,) = told(msgspec.structs.replace(made, websocket=socket))
    return story


def message(at: float, content: str, from_client: bool = False) -> Message:
    return Message(from_client, EXAMPLE_START + at, True, content, len(content))


def test_a_conversation_from_handshake_to_close():
    said = (message(0, "hello", True), message(1, "x" * 100), message(90, "y" * 10))
    story = conversation(WebSocket(said, Close(1001, "bye", True)))
    assert story.title == "WebSocket to `wss://chat.shop.test/live`: 3 messages, closed with 1001 (going away)"
    text = "\n".join(story.steps)
    assert "`Sec-WebSocket-Accept` answers the client's key" in text
    assert "The subprotocol is `chat.v1`." in story.steps
    assert "The client sent 1 message (5 bytes), the server 2 messages (110 bytes), over 1 minute 30 seconds." in text
    assert "The longest silence took 1 minute 29 seconds" in text
    assert "once a second instead would have taken 90 requests" in text
    assert "Whether the server would refuse another site's page" in text
    assert not story.failed
    assert [a.label for a in story.arrows][2:4] == ["text, 5 bytes +0 ms", "text, 100 bytes +1 second"]


def test_what_fails_is_marked():
    assert conversation(WebSocket((), Close(1006))).failed
    wrong = conversation(None, accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert wrong.failed
    assert "does not answer the client's key" in wrong.steps[0]


def test_another_sites_page_and_no_close():
    story = conversation(WebSocket((message(0, "a"),)), origin="https://evil.example")
    assert "another site, and cookies came along" in "\n".join(story.steps)
    assert story.title.endswith("never closed in this recording")


def test_an_event_stream_that_reconnects():
    stream = """
    # type: eventsource
    # at: 2026-03-01T12:00:{at}Z
    # duration: 5000
    GET https://shop.test/news HTTP/1.1
    Accept: text/event-stream
    {field}

    HTTP/1.1 200
    Content-Type: text/event-stream

    retry: 3000
    id: 7
    data: one
    {blank}
    event: price
    data: two
    {blank}
    data: cut off
    """
    made = []
    for n, (at, field) in enumerate((("00", "X-A: b"), ("08", "Last-Event-ID: 7"), ("20", "X-A: b"))):
        text = stream.format(at=at, field=field, blank="")
        (one,) = parse_example(text)
        made.append(msgspec.structs.replace(one, index=n))
    (story,) = told(*made)
    assert story.title == "Event stream from `https://shop.test/news`: 3 connections, 6 events"
    assert "2 events came (`price`) in 5 seconds. The server asks to wait 3 seconds" in story.steps[0]
    assert "It connects again, 3 seconds after the stream had ended, and says in `Last-Event-ID`" in story.steps[1]
    assert "without `Last-Event-ID`: what came in between is lost" in story.steps[2]


@given(st.text(alphabet="data:evntiry \r\n0123456789\ufeff", max_size=200))
def test_no_stream_is_too_strange(text: str):
    events, kinds, _, _ = read_events(text)
    assert events <= text.count("data")
    assert len(kinds) <= events

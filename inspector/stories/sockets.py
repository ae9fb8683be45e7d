"""The story of a WebSocket conversation, and of an event stream with its reconnections."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector import url as urls
from inspector import words
from inspector.exchange import Fields, WebSocket
from inspector.fields.websocket import accept_for, close_words
from inspector.report import Story
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.stories.signs import ANY, STREAMED, UPGRADED
from inspector.stories.telling import Telling

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_DRAWN = 16
"""Messages of one conversation that are drawn."""
MOST_STREAMS = 100
MOST_CONNECTS = 200
READ = 1_000_000
"""Characters of a stream's content that are read."""
_SILENCE = 60.0
"""Seconds without a message after which proxies commonly close a connection."""
_CLOSED_BADLY = frozenset({1002, 1003, 1006, 1007, 1008, 1009, 1010, 1011, 1014, 1015})


class _Connect(Struct, frozen=True):
    """One connection of an event stream."""

    index: int
    status: int
    started: float | None
    took: float | None
    last_id: bool
    events: int | None
    kinds: tuple[str, ...] = ()
    retry: int | None = None
    ids: bool = False


class SocketStories:
    """A story for each WebSocket that was opened, as its exchange ends; and one for each event stream's address."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, tuple[str, list[_Connect]]] = OrderedDict()

    @property
    def wants(self) -> int:
        """Beginnings; when there are streams, all that might go to their addresses."""
        return ANY if self._streams else UPGRADED | STREAMED

    def observe(self, x: Subject) -> tuple[Story, ...]:
        """Take an exchange in; a WebSocket's conversation is complete with it."""
        if x.status == 101:
            if "websocket" in (x.res.get("upgrade") or x.req.get("upgrade") or "websocket").lower():
                return (_conversation(x),)
        elif x.exchange.websocket is not None:
            if x.exchange.websocket.messages or (x.method == "CONNECT" and x.status == 200):
                return (_conversation(x),)
        elif x.media_type == "text/event-stream" or (self._streams and x.request.url in self._streams):
            self._stream(x)
        return ()

    def finish(self) -> tuple[Story, ...]:
        """The event streams."""
        told = tuple(_tell_stream(url, shown, found) for url, (shown, found) in self._streams.items())
        self._streams.clear()
        return told

    def _stream(self, x: Subject) -> None:
        url = x.request.url
        if url not in self._streams:
            if len(self._streams) >= MOST_STREAMS:
                return
            self._streams[url] = (x.shown_url, [])
        found = self._streams[url][1]
        if len(found) < MOST_CONNECTS:
            found.append(_connect(x))


def _size(fields: Fields) -> int:
    return sum(len(line.name) + len(line.value) + 4 for line in fields)


def _conversation(x: Subject) -> Story:
    host = x.url.host or "server"
    telling = Telling("websocket", "browser" if x.origin else "client", host)
    client = "browser" if x.origin else "client"
    index, socket = x.exchange.index, x.exchange.websocket
    shown = brief(x.shown_url.partition("?")[0], 100)
    _handshake(x, telling, client, host)
    _origin(x, telling)
    if socket is None:
        telling.say("The recording keeps none of its messages, and not how it ended.")
        telling.about(index)
        return telling.story(f"WebSocket to `{shown}` opened")
    _messages(x, socket, telling, client, host)
    ended = _close(x, socket, telling, client, host)
    total = len(socket.messages) + socket.dropped
    return telling.story(f"WebSocket to `{shown}`: {words.count(total, 'message')}, {ended}")


def _handshake(x: Subject, telling: Telling, client: str, host: str) -> None:
    index = x.exchange.index
    key, accept = x.req.get("sec-websocket-key"), x.res.get("sec-websocket-accept")
    expected = accept_for(key) if key else None
    text = "The client asks to go on as a WebSocket, and the server agrees (101)."
    wrong = expected is not None and accept is not None and accept.strip() != expected
    if x.status != 101:
        text = f"The WebSocket was opened ({x.status or 'no status recorded'})."
    elif wrong:
        text += " Its `Sec-WebSocket-Accept` does not answer the client's key, so the client has to close."
        telling.fail()
    elif expected is not None and accept is not None:
        text += " Its `Sec-WebSocket-Accept` answers the client's key."
    telling.say(text)
    telling.arrow(client, host, f"{x.method} Upgrade: websocket", index)
    telling.arrow(host, client, str(x.status or "?"), index, failed=wrong)
    agreed: list[str] = []
    offered, chosen = x.req.get("sec-websocket-protocol"), x.res.get("sec-websocket-protocol")
    if chosen:
        agreed.append(f"the subprotocol is `{brief(x.shown('response', 'sec-websocket-protocol'), 60)}`")
    elif offered:
        agreed.append("the client offered a subprotocol and the server chose none")
    if "permessage-deflate" in (x.res.get("sec-websocket-extensions") or ""):
        agreed.append("messages are compressed (`permessage-deflate`)")
    if agreed:
        text = "; ".join(agreed)
        telling.say(f"{text[0].upper()}{text[1:]}.")


def _origin(x: Subject, telling: Telling) -> None:
    """What the handshake can show of the server's check of `Origin`, the only guard against other sites' pages."""
    origin, cookie = x.origin, "cookie" in x.req
    if origin is None or "://" not in origin:
        return
    there = urls.parse(origin)
    shown = brief(there.origin, 80)
    if same_site(there, x.url, schemeful=False):
        if cookie:
            telling.say(
                f"`Origin` is `{shown}`, the server's own site, and cookies came along. Whether the server would "
                "refuse another site's page, which would bring the same cookies, this handshake cannot show."
            )
    elif cookie:
        telling.say(
            f"`Origin` is `{shown}`, another site, and cookies came along: the server talks to that site's page as the "
            "visitor. It has to mean to; no other guard applies to WebSockets."
        )
    else:
        telling.say(f"`Origin` is `{shown}`, another site; no cookie came along.")


def _length(content: str | bytes | None, size: int | None) -> int:
    if size is not None:
        return size
    return len(content) if content is not None else 0


def _messages(x: Subject, socket: WebSocket, telling: Telling, client: str, host: str) -> None:
    messages = socket.messages
    if not messages:
        telling.say("No message was recorded on it.")
        return
    sizes = [_length(m.content, m.size) for m in messages]
    sent = [n for n, m in zip(sizes, messages, strict=True) if m.from_client]
    got = [n for n, m in zip(sizes, messages, strict=True) if not m.from_client]
    times = [m.time for m in messages if m.time is not None]
    span = max(times) - min(times) if len(times) > 1 else 0.0
    text = (
        f"The client sent {words.count(len(sent), 'message')} ({words.octets(sum(sent))}), the server "
        f"{words.count(len(got), 'message')} ({words.octets(sum(got))})"
    )
    text += f", over {words.duration(span)}." if span >= 0.001 else "."
    if socket.dropped:
        text += f" {socket.dropped:,} more were seen and not kept."
    telling.say(text)
    began = min(times) if times else None
    for message, size in list(zip(messages, sizes, strict=True))[:MOST_DRAWN]:
        at = f" +{words.duration(message.time - began)}" if message.time is not None and began is not None else ""
        label = f"{'text' if message.text else 'binary'}, {words.octets(size)}{at}"
        source, target = (client, host) if message.from_client else (host, client)
        telling.arrow(source, target, label, x.exchange.index)
    gaps = [b - a for a, b in pairwise(times)]
    if gaps and max(gaps) >= _SILENCE:
        telling.say(
            f"The longest silence took {words.duration(max(gaps))}. Many proxies close a connection after a minute "
            "without traffic; pings keep it open, and recordings do not show them."
        )
    each = _size(x.req) + _size(x.res)
    if got and span >= 5 and each:
        polls = int(span)
        telling.say(
            f"Asking once a second instead would have taken {words.count(polls, 'request')} and about "
            f"{words.octets(polls * each)} of fields alone, estimated from this handshake's {words.octets(each)}; the "
            f"messages here took {words.octets(sum(sizes))} and a few bytes of framing each. News would have "
            "come up to a second later."
        )


def _close(x: Subject, socket: WebSocket, telling: Telling, client: str, host: str) -> str:
    close, index = socket.close, x.exchange.index
    if close is None or close.code is None:
        telling.say("No close was recorded: it was open when the recording ended, or ended without being noticed.")
        telling.about(index)
        return "never closed in this recording"
    name, meaning = close_words(close.code)
    by = "" if close.by_client is None else " by the client" if close.by_client else " by the server"
    reason = f', giving the reason "{brief(x.masker.text(close.reason), 100)}"' if close.reason else ""
    telling.say(f"It was closed{by} with {close.code} ({name}){reason}. {meaning}".strip())
    source, target = (client, host) if close.by_client else (host, client)
    bad = close.code in _CLOSED_BADLY
    telling.arrow(source, target, f"close {close.code}", index, failed=bad)
    if bad:
        telling.fail()
    return f"closed with {close.code} ({name})"


def _connect(x: Subject) -> _Connect:
    timings = x.exchange.timings
    body = x.response.body if x.response is not None else None
    text = body.text if body is not None and body.source is not None and x.media_type == "text/event-stream" else None
    last_id = "last-event-id" in x.req
    took = None if timings.total is None else timings.total / 1000
    if text is None:
        return _Connect(x.exchange.index, x.status, x.started, took, last_id, None)
    events, kinds, retry, ids = read_events(text[:READ])
    return _Connect(x.exchange.index, x.status, x.started, took, last_id, events, kinds, retry, ids)


def read_events(text: str) -> tuple[int, tuple[str, ...], int | None, bool]:
    """The events of a stream (HTML, section 9.2.6): how many, their types, the last `retry` in ms, if any has an id.

    A block without `data` is no event; neither is one that the stream's end cuts off.
    """
    events, retry, ids = 0, None, False
    kinds: dict[str, None] = {}
    kind, data = "message", False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").split("\n"):
        if not line:
            if data:
                events += 1
                if len(kinds) < 20:
                    kinds[kind] = None
            kind, data = "message", False
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data = True
        elif name == "event":
            kind = value[:60] or "message"
        elif name == "id":
            ids = True
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 10:
            retry = int(value)
    return events, tuple(kinds), retry, ids


def _tell_stream(url: str, shown: str, found: list[_Connect]) -> Story:
    host = urls.parse(url).host or "server"
    telling = Telling("event-stream", "browser", host)
    known = [one.events for one in found if one.events is not None]
    for number, one in enumerate(found):
        text = "The client asks for the event stream" if number == 0 else "It connects again"
        before = found[number - 1] if number else None
        if before is not None and None not in (before.started, before.took, one.started):
            waited = (one.started or 0) - (before.started or 0) - (before.took or 0)
            if waited >= 0:
                text += f", {words.duration(waited)} after the stream had ended"
        text += (
            ", and says in `Last-Event-ID` where it was."
            if one.last_id
            else ", without `Last-Event-ID`: what came in between is lost to it."
            if number and found[number - 1].status == 200 and found[number - 1].ids
            else "."
        )
        if one.status == 204:
            text += " The server answers 204, which tells it to stop asking."
        elif one.status != 200:
            text += f" The server answers {one.status or 'nothing'}, after which `EventSource` gives up."
        elif one.events is not None:
            text += f" {words.count(one.events, 'event')} came"
            named = [kind for kind in one.kinds if kind != "message"]
            text += f" ({words.listed(words.ticked(brief(kind, 40) for kind in named), most=4)})" if named else ""
            text += f" in {words.duration(one.took)}." if one.took else "."
            if one.retry is not None:
                text += f" The server asks to wait {words.milliseconds(one.retry)} before connecting again (`retry`)."
        telling.say(text)
        telling.arrow("browser", host, "GET text/event-stream", one.index)
        failed = one.status not in (200, 204)
        telling.arrow(host, "browser", str(one.status or "nothing"), one.index, failed=failed)
        if failed:
            telling.fail()
    if not known:
        telling.say("The recording keeps no content of the stream, so its events cannot be counted.")
    elif len(found) > 1 and not any(one.ids for one in found):
        telling.say("No event has an `id`, so a client that connects again cannot say what it has seen.")
    title = f"Event stream from `{brief(shown.partition('?')[0], 100)}`: {words.count(len(found), 'connection')}"
    if known:
        title += f", {words.count(sum(known), 'event')}"
    return telling.story(title)

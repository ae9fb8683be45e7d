"""A server that gives exactly the fields asked for, and a real Chromium that requests each URL twice.

What a cache did is read off the server: whether it saw a second request, and which conditional fields it carried.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.browser.har_export import EVENTS, Event, Hop, hops


@dataclass(frozen=True)
class Scenario:
    """One response, and the two requests made for it.

    In field values ``{now}``, ``{now-60}``, ``{now+60}`` become HTTP-dates that many seconds off.
    """

    name: str
    fields: tuple[tuple[str, str], ...] = ()
    status: int = 200
    method: str = "GET"
    first: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] = field(default_factory=dict)
    second_mode: str = "default"
    second_method: str = "GET"
    between: str | None = None
    """Method of an unsafe request for the same URL between the two."""
    content: str = "x" * 40
    version: str = "1.1"


@dataclass
class Seen:
    """What the server saw of one URL, and what it answered first."""

    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    started: float = 0.0
    second_count: str = ""
    """Which of the server's answers the page got at its second request."""

    @property
    def outcome(self) -> str:
        """``fresh``, ``revalidate``, ``stale-while-revalidate`` or ``none``, as the cache verdict calls them."""
        later = self.requests[1:]
        if not later:
            return "fresh"
        if self.second_count == "1":
            return "stale-while-revalidate"
        _, fields = later[-1]
        return "revalidate" if "if-none-match" in fields or "if-modified-since" in fields else "none"

    @property
    def conditions(self) -> frozenset[str]:
        """The conditional fields of the second request."""
        return frozenset(n for n in ("if-none-match", "if-modified-since") for r in self.requests[1:] if n in r[1])


def filled(value: str, now: float) -> str:
    """A field value with its dates put in."""
    while "{now" in value:
        before, _, rest = value.partition("{now")
        offset, _, after = rest.partition("}")
        value = before + formatdate(now + int(offset or 0), usegmt=True) + after
    return value


class CacheLab:
    """The server of scenarios. Use as a context manager; `seen` fills while a browser makes requests."""

    def __init__(self, scenarios: list[Scenario]) -> None:
        self.scenarios = scenarios
        self.seen: dict[int, Seen] = defaultdict(Seen)
        self.arrived = threading.Condition()
        lab = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                lab.answer(self)

            do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                """A browser that resets a connection it is done with is no error."""
                if not isinstance(sys.exception(), ConnectionError):
                    super().handle_error(request, client_address)

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> CacheLab:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request: the page, a redirect's target, or a scenario's own fields."""
        length = int(handler.headers.get("content-length") or 0)
        if length:
            handler.rfile.read(length)
        path = handler.path.strip("/")
        if path.startswith("target?"):
            fields = [("Cache-Control", "no-store"), ("X-Count", path.partition("?")[2])]
            self.send(handler, 200, fields, "the target")
            return
        if not path.startswith("s/"):
            self.send(handler, 200, [("Content-Type", "text/html"), ("Cache-Control", "no-store")], "<!doctype html>")
            return
        number = int(path[2:])
        scenario, seen = self.scenarios[number], self.seen[number]
        now = time.time()
        between = handler.command != "GET" and handler.command == scenario.between
        if not between:
            with self.arrived:
                seen.requests.append((handler.command, {n.lower(): v for n, v in handler.headers.items()}))
                self.arrived.notify_all()
        fields = [(n, filled(v, now)) for n, v in scenario.fields]
        if len(seen.requests) == 1 and not between:
            seen.answered, seen.started = fields, now
        if scenario.status in (301, 302, 303, 307, 308):
            fields = [*fields, ("Location", f"/target?{len(seen.requests)}")]
        if between:
            self.send(handler, 200, [], "done")
            return
        handler.protocol_version = f"HTTP/{scenario.version}"
        self.send(handler, scenario.status, [*fields, ("X-Count", str(len(seen.requests)))], scenario.content)

    def settle(self, most: float = 1.0) -> None:
        """Wait for the revalidations that go on behind a stale answer, at most so many seconds."""
        waiting = [
            self.seen[i]
            for i, s in enumerate(self.scenarios)
            if any("stale-while-revalidate" in value for _, value in s.fields) and self.seen[i].requests
        ]
        with self.arrived:
            self.arrived.wait_for(lambda: all(len(seen.requests) > 1 for seen in waiting), most)

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, status: int, fields: list[tuple[str, str]], content: str) -> None:
        body = b"" if status in (204, 205, 304) else content.encode()
        handler.log_request = lambda *_: None  # type: ignore[method-assign,assignment]
        handler.send_response_only(status)
        for name, value in fields:
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)


_RUN = """
async scenarios => {
  const say = async response => { try { return await response.text() } catch (error) { return '' } };
  const one = async s => {
    const url = '/s/' + s.number, out = {number: s.number};
    const content = m => (m === 'GET' || m === 'HEAD') ? undefined : 'a=b';
    try { await say(await fetch(url, {method: s.method, headers: s.first, body: content(s.method)})) }
    catch (error) { out.first = String(error) }
    if (s.between) await say(await fetch(url, {method: s.between, body: content(s.between)}));
    try {
      const response = await fetch(url, {method: s.second_method, headers: s.second, cache: s.second_mode,
                                         body: content(s.second_method)});
      out.count = response.headers.get('x-count');
      await say(response);
    } catch (error) { out.second = String(error) }
    return out;
  };
  const results = [];
  const queue = [...scenarios];
  await Promise.all(Array.from({length: 6}, async () => {
    while (queue.length) results.push(await one(queue.shift()));
  }));
  return results;
}
"""


def listen(session: Any, events: list[Event]) -> None:
    """Append a page's network events to a list."""
    for name in EVENTS:
        session.on(f"Network.{name}", lambda event, name=name: events.append((name, event)))
    session.send("Network.enable")


def run(scenarios: list[Scenario], page: Any) -> tuple[CacheLab, dict[int, list[Hop]]]:
    """Let a Playwright page request every scenario twice.

    The lab returned holds what the server saw; beside it are the requests as the browser recorded them.
    """
    events: list[Event] = []
    listen(page.context.new_cdp_session(page), events)
    with CacheLab(scenarios) as lab:
        page.goto(lab.origin + "/")
        told = page.evaluate(
            _RUN,
            [
                {
                    "number": i,
                    "method": s.method,
                    "first": s.first,
                    "second": s.second,
                    "second_mode": s.second_mode,
                    "second_method": s.second_method,
                    "between": s.between,
                }
                for i, s in enumerate(scenarios)
            ],
        )
        for result in told:
            lab.seen[result["number"]].second_count = result.get("count") or ""
        lab.settle()
        page.wait_for_timeout(50)
        recorded: dict[int, list[Hop]] = defaultdict(list)
        for hop in hops(events):
            number = hop.url.rpartition("/s/")[2]
            if number.isdigit():
                recorded[int(number)].append(hop)
        return lab, recorded

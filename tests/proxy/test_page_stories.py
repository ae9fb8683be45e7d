"""A page's load in a proxy that runs: told when the page is complete, or when the proxy ends."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import httpx
import pytest

from inspector.exchange import Exchange
from inspector.proxy.live import LiveView, Shown
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyOptions
from inspector.render.console import make_console
from inspector.render.terminal import Terminal
from inspector.report import ExchangeReport, Story
from inspector.stories import page_parts
from tests.proxy.conftest import Collected
from tests.proxy.origin import Origin
from tests.proxy.test_cli import running

PAGE = b"<!doctype html><link rel=stylesheet href=/style.css><script src=/app.js></script><p>Cups"
HTML = ("Content-Type", "text/html")
NAVIGATES = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Accept": "text/html"}
ANSWERS = {
    "/": lambda handler: handler.reply(200, PAGE, HTML),
    "/next": lambda handler: handler.reply(200, b"<!doctype html><p>Mugs", HTML),
    "/style.css": lambda handler: handler.reply(200, b"p{}", ("Content-Type", "text/css")),
    "/app.js": lambda handler: handler.reply(200, b"run()", ("Content-Type", "text/javascript")),
}


def load(http: httpx.Client, origin: Origin) -> None:
    """A page as a browser asks for it."""
    page = origin.url("/")
    http.get(page, headers=NAVIGATES)
    for path, kind in (("/style.css", "style"), ("/app.js", "script")):
        http.get(origin.url(path), headers={"Referer": page, "Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "no-cors"})


class Printed(Collected):
    """Keeps everything, and prints it as the live view does."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = io.StringIO()
        self.view = LiveView(Terminal(make_console("never", self.stream, width=100)), Shown())

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        self.view.exchange(exchange, report)
        super().exchange(exchange, report)

    def story(self, story: Story) -> None:
        self.view.story(story)
        super().story(story)


def test_a_page_is_told_when_it_is_complete(confdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_parts, "QUIET", 0.1)
    sink = Printed()
    options = ProxyOptions(port=0, confdir=confdir)
    with (
        Origin(ANSWERS) as origin,
        RunningProxy(options, sink) as proxy,
        httpx.Client(proxy=proxy.url, trust_env=False, timeout=10) as http,
    ):
        load(http, origin)
        sink.wait(lambda s: len(s.pairs) == 3)
        assert sink.stories == [], "more may come"
        for further in range(4, 500):  # the person goes on: what comes after the quiet ends the page
            http.get(origin.url("/next"), headers=NAVIGATES)
            sink.wait(lambda s, further=further: len(s.pairs) == further)
            if sink.stories:
                break
        (story, *_) = sink.stories
        assert len(sink.pairs) < 499, "it is told while the proxy runs"
    assert story.kind == "page-load"
    assert story.exchanges == (0, 1, 2)
    assert {bar.label for bar in story.timeline} == {origin.url(path) for path in ("/", "/style.css", "/app.js")}
    assert [arrow.exchange for arrow in story.arrows][:2] == [0, 0]
    assert any("2 further exchanges: 1 stylesheet and 1 script" in step for step in story.steps)
    printed = sink.stream.getvalue()
    assert f"Page load of `{origin.url('/')}`: 3 exchanges" in printed
    assert printed.index("app.js") < printed.index("Page load of")


def test_and_at_the_end_where_nothing_came_after_it(confdir: Path) -> None:
    with (
        Origin(ANSWERS) as origin,
        running(confdir, "--color", "never") as proxy,
        httpx.Client(proxy=proxy.url, trust_env=False, timeout=10) as http,
    ):
        load(http, origin)
        before = proxy.line_with("/app.js")
        os.kill(proxy.process.pid, signal.SIGINT)
        out, err = proxy.process.communicate(timeout=20)
    assert err == ""
    assert "Page load" not in before
    assert f"Page load of `{origin.url('/')}`: 3 exchanges" in " ".join(out.split())

"""A real Chromium against a loopback server: what the browser did, and what `inspector` says of its recording.

    with Harness(["shop.test", "api.shop.test"]) as lab:
        lab.server.answer("api.shop.test", "/x", Reply(200, (("Access-Control-Allow-Origin", "*"),)))
        run = lab.run("https", "shop.test", "await fetch(urls.api + '/x')")
        run.hops[-1].cors_error, run.explain()

Certificates are trusted by the hashes of their keys alone, never by switching verification off. The browser's own
background traffic and its checks of local networks are switched off, as every server here is loopback.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.report import ExchangeReport
from tests.browser.cache_lab import listen
from tests.browser.har_export import Event, Hop, har, hops
from tests.browser.server import BLANK_PAGE, Server
from tests.chromium import CHROMIUM, LOOPBACK, switches

_OFF = (
    *LOOPBACK,
    "IsolateSandboxedIframes",  # a sandboxed frame of its own process would be a log of its own
)


class Run:
    """What happened while one script ran in a page: the requests, in order, and the script's result."""

    def __init__(self, log: list[Hop], result: Any, page_url: str) -> None:
        self.hops = log
        self.result = result
        self.page_url = page_url

    def har(self, sanitised: bool = False) -> dict[str, Any]:
        """The recording as Chrome's DevTools would export it."""
        return har(self.hops, title=self.page_url, sanitised=sanitised)

    def explain(self, sanitised: bool = False) -> list[ExchangeReport]:
        """What `inspector` says of that recording; one report for each of `hops`, in their order."""
        return explain(self.har(sanitised))


def explain(document: dict[str, Any]) -> list[ExchangeReport]:
    """Run a HAR document through a file, the reader and the engine; reports in the order of its entries.

    Entries that say at which `_position` they stood are reported on in that order.
    """
    with tempfile.TemporaryDirectory(prefix="inspector-har-") as directory:
        path = Path(directory) / "recording.har"
        path.write_text(json.dumps(document), "utf-8")
        engine = Engine()
        reports = [engine.observe(exchange) for exchange in open_capture(path).exchanges()]
    entries = document["log"]["entries"]
    return sorted(reports, key=lambda report: entries[report.index].get("_position", report.index))


class Harness:
    """Chromium and a server for some host names. Use with ``with``; starting takes about a second.

    `flags` are further switches of Chromium, in which ``{http}`` and ``{https}`` stand for the server's ports.
    """

    def __init__(self, names: Sequence[str], *, flags: Sequence[str] = ()) -> None:
        self.server = Server(names)
        self._flags = flags

    def __enter__(self) -> Harness:
        self.server.__enter__()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *self.switches(),
                *(flag.format(http=self.server.http, https=self.server.https) for flag in self._flags),
            ],
        )
        for name in self.server.names:
            self.server.answer(name, "/page", BLANK_PAGE)
        self._pages: dict[str, tuple[Page, list[Event]]] = {}
        self._context = self._browser.new_context()
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()
        self.server.__exit__()

    def switches(self) -> list[str]:
        """What Chromium has to be told to find the server and to accept its certificates."""
        return switches(
            "--host-resolver-rules=MAP * 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={','.join(self.server.spki)}",
            "--no-proxy-server",
            off=_OFF,
        )

    def origin(self, scheme: str, host: str) -> str:
        """The origin of a host of the server under a scheme."""
        return f"{scheme}://{host}:{self.server.https if scheme == 'https' else self.server.http}"

    def fresh(self) -> None:
        """Forget everything: cookies, caches, pages."""
        self._context.close()
        self._context = self._browser.new_context()
        self._pages = {}

    def blank(self) -> tuple[Page, list[Event]]:
        """A new tab that nothing was loaded in, and the list its network events are appended to."""
        tab = self._context.new_page()
        events: list[Event] = []
        listen(self._context.new_cdp_session(tab), events)
        return tab, events

    def settle(self, tab: Page, events: list[Event], quiet: float = 1.0) -> None:
        """Wait until every request of a tab has come to an end, at most `quiet` seconds."""
        until = time.monotonic() + quiet
        tab.wait_for_timeout(30)
        while not all(hop.complete for hop in hops(events)) and time.monotonic() < until:
            tab.wait_for_timeout(10)
        tab.wait_for_timeout(10)

    def page(self, scheme: str, host: str, path: str = "/page") -> tuple[Page, list[Event]]:
        """A page of a host and the list its network events are appended to; kept until `fresh`."""
        url = self.origin(scheme, host) + path
        if url not in self._pages:
            page, events = self.blank()
            page.goto(url)
            self._pages[url] = page, events
        return self._pages[url]

    def run(
        self,
        scheme: str,
        host: str,
        script: str,
        argument: Any = None,
        *,
        path: str = "/page",
        quiet: float = 5.0,
        expect: int = 1,
    ) -> Run:
        """Run the body of an async function in a page and record the requests it makes.

        `script` finds `argument` as ``arg``; its result or exception text is the run's `result`. Waits until at
        least `expect` requests were issued and every one has come to an end, at most `quiet` seconds.
        """
        page, events = self.page(scheme, host, path)
        start = len(events)
        wrapped = f"async arg => {{ try {{ return await (async () => {{ {script} }})(); }} catch (e) {{ return String(e); }} }}"
        result = page.evaluate(wrapped, argument)
        until = time.monotonic() + quiet
        while True:
            log = hops(events[start:])
            if len(log) >= expect and all(hop.complete for hop in log):
                break
            if time.monotonic() > until:
                break
            page.wait_for_timeout(5)
        page.wait_for_timeout(5)  # ExtraInfo events of a request may come just after its end
        return Run(hops(events[start:]), result, page.url)

"""Cookies in a real Chromium: one tab walks through a scenario, and what it did with each cookie is read off.

The browser's answers come from the DevTools protocol: `blockedCookies` of a response, `associatedCookies` of a request,
and the cookie store itself.
"""

from __future__ import annotations

import json
import tempfile
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.cache_lab import filled, listen
from tests.browser.cookie_scenarios import HOSTS, Scenario, Visit
from tests.browser.har_export import Event, Hop, har, hops
from tests.browser.harness import Harness
from tests.browser.server import Reply, Seen
from tests.chromium import CHROMIUM

PAGE = b"<!doctype html><title>page</title><link rel=icon href=data:,>"

SCRIPTS = {
    "link": "url => { location.href = url }",
    "noreferrer": """url => { const a = document.createElement('a'); a.rel = 'noreferrer'; a.href = url;
        document.body.append(a); a.click() }""",
    "post": """url => { const f = document.createElement('form'); f.method = 'post'; f.action = url;
        document.body.append(f); f.submit() }""",
    "image": "url => new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = url })",
    "fetch": "url => fetch(url).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-include": "url => fetch(url, {credentials: 'include'}).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-no-cors": "url => fetch(url, {mode: 'no-cors', credentials: 'include'}).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-put": "url => fetch(url, {method: 'PUT', credentials: 'include'}).then(r => r.text()).then(() => 1, () => 0)",
    "xhr": """url => new Promise(done => { const x = new XMLHttpRequest(); x.withCredentials = true;
        x.onloadend = done; x.open('GET', url); x.send() })""",
    "frame": """url => new Promise(done => { const f = document.createElement('iframe'); f.onload = done; f.src = url;
        document.body.append(f) })""",
    "script": """url => new Promise(done => { const s = document.createElement('script'); s.onload = s.onerror = done;
        s.src = url; document.head.append(s) })""",
    "beacon": "url => navigator.sendBeacon(url, 'x')",
    "replace": "url => { location.replace(url) }",
    "open": "url => { open(url, '_self') }",
    "meta": """url => { const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = '0;url=' + url;
        document.head.append(m) }""",
    "form-get": """url => { const f = document.createElement('form'); f.action = url; document.body.append(f); f.submit() }""",
    "fetch-same-origin": "url => fetch(url, {credentials: 'same-origin'}).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-omit": "url => fetch(url, {credentials: 'omit'}).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-no-cors-omit": "url => fetch(url, {mode: 'no-cors', credentials: 'omit'}).then(r => r.text()).then(() => 1, () => 0)",
    "fetch-put-omit": "url => fetch(url, {method: 'PUT', credentials: 'omit'}).then(r => r.text()).then(() => 1, () => 0)",
    "keepalive": "url => fetch(url, {method: 'POST', body: 'x', keepalive: true, credentials: 'include'}).then(() => 1, () => 0)",
    "xhr-plain": """url => new Promise(done => { const x = new XMLHttpRequest(); x.onloadend = done; x.open('GET', url); x.send() })""",
    "frame-post": """url => { const i = document.createElement('iframe'), f = document.createElement('form'); i.name = f.target = 'n';
        f.method = 'post'; f.action = url; document.body.append(i, f);
        const loaded = new Promise(done => i.onload = done); f.submit(); return Promise.race([loaded, new Promise(d => setTimeout(d, 800))]) }""",
    "object": """url => new Promise(done => { const o = document.createElement('object'); o.onload = o.onerror = done; o.data = url;
        document.body.append(o); setTimeout(done, 800) })""",
    "script-anonymous": """url => new Promise(done => { const s = document.createElement('script'); s.crossOrigin = 'anonymous';
        s.onload = s.onerror = done; s.src = url; document.head.append(s) })""",
    "script-credentials": """url => new Promise(done => { const s = document.createElement('script'); s.crossOrigin = 'use-credentials';
        s.onload = s.onerror = done; s.src = url; document.head.append(s) })""",
    "module": """url => new Promise(done => { const s = document.createElement('script'); s.type = 'module';
        s.onload = s.onerror = done; s.src = url; document.head.append(s) })""",
    "style": """url => new Promise(done => { const l = document.createElement('link'); l.rel = 'stylesheet';
        l.onload = l.onerror = done; l.href = url; document.head.append(l) })""",
    "font": "url => new FontFace('x', `url(${url})`).load().then(() => 1, () => 0)",
    "video": """url => new Promise(done => { const v = document.createElement('video'); v.onerror = done; v.src = url;
        document.body.append(v); setTimeout(done, 800) })""",
    "event-source": """url => new Promise(done => { const e = new EventSource(url); e.onerror = () => { e.close(); done() } })""",
    "event-source-credentials": """url => new Promise(done => { const e = new EventSource(url, {withCredentials: true});
        e.onerror = () => { e.close(); done() } })""",
    "prefetch": """url => new Promise(done => { const l = document.createElement('link'); l.rel = 'prefetch'; l.href = url;
        l.onload = l.onerror = done; document.head.append(l); setTimeout(done, 800) })""",
    "preload": """url => new Promise(done => { const l = document.createElement('link'); l.rel = 'preload'; l.as = 'script'; l.href = url;
        l.onload = l.onerror = done; document.head.append(l); setTimeout(done, 800) })""",
    "image-anonymous": """url => new Promise(done => { const i = new Image(); i.crossOrigin = 'anonymous';
        i.onload = i.onerror = done; i.src = url })""",
    "image-credentials": """url => new Promise(done => { const i = new Image(); i.crossOrigin = 'use-credentials';
        i.onload = i.onerror = done; i.src = url })""",
    "frame-in-frame": """url => new Promise(done => { const f = document.createElement('iframe'); f.srcdoc = `<iframe src="${url}"></iframe>`;
        f.onload = done; document.body.append(f) })""",
    "sandboxed": """url => new Promise(done => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts';
        f.srcdoc = `<script>fetch('${url}', {credentials: 'include'}).catch(() => 0).finally(() => parent.postMessage(1, '*'))</` + 'script>';
        onmessage = done; document.body.append(f) })""",
    "manifest": """url => new Promise(done => { const l = document.createElement('link'); l.rel = 'manifest'; l.href = url;
        document.head.append(l); setTimeout(done, 300) })""",
    "ping": """url => { const a = document.createElement('a'); a.href = '#x'; a.ping = url; document.body.append(a); a.click() }""",
}


class Walk:
    """What happened: every request in order, the recording, and the cookies the browser held at the end."""

    def __init__(self, log: list[Hop], main_frame: str, stored: list[dict[str, Any]]) -> None:
        self.hops = log
        self.stored = stored
        self._main_frame = main_frame

    def har(self) -> dict[str, Any]:
        """As DevTools export it: a page for each top-level navigation, titled with its URL."""
        pages: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        segment: list[Hop] = []
        for hop in [*self.hops, None]:
            begins = hop is None or (
                hop.sent.get("type") == "Document"
                and hop.sent.get("frameId") == self._main_frame
                and "redirectResponse" not in hop.sent
            )
            if begins and segment:
                documents = [h for h in segment if h.sent.get("type") == "Document"]
                chain = [h for h in documents if h.id == segment[0].id] or segment[:1]
                part = har(segment, page=f"page_{len(pages) + 1}", title=chain[-1].url)["log"]
                pages += part["pages"]
                entries += part["entries"]
                segment = []
            if hop is not None:
                segment.append(hop)
        log = har(self.hops)["log"] | {"pages": pages, "entries": entries}
        return {"log": log}


class CookieLab(Harness):
    """The harness with third-party cookies let through or blocked (which Debian's Chromium does by itself)."""

    def __init__(self, *, third_party: bool) -> None:
        super().__init__(HOSTS)
        self._third_party = third_party
        self._own: BrowserContext | None = None

    def __enter__(self) -> CookieLab:
        super().__enter__()
        if self._third_party:
            self._profile = tempfile.TemporaryDirectory(prefix="inspector-profile-")
            preferences = Path(self._profile.name) / "Default" / "Preferences"
            preferences.parent.mkdir()
            allowing = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
            preferences.write_text(json.dumps(allowing))
            self._own = self._playwright.chromium.launch_persistent_context(
                self._profile.name,
                executable_path=CHROMIUM,
                args=self.switches(),
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()
            self._profile.cleanup()
        super().__exit__()

    def walk(self, scenario: Scenario) -> Walk:
        """Walk a fresh tab with an empty cookie store through a scenario."""
        context = self._own or self._browser.new_context()
        context.clear_cookies()
        page = context.new_page()
        session = context.new_cdp_session(page)
        events: list[Event] = []
        listen(session, events)
        main_frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        try:
            for visit in scenario.visits:
                self._visit(page, visit, events)
            stored = session.send("Network.getAllCookies")["cookies"]
        finally:
            page.close()
            if context is not self._own:
                context.close()
        return Walk(hops(events), main_frame, stored)

    def url(self, scheme: str, host: str, path: str) -> str:
        """A URL of the server."""
        return self.origin(scheme, host) + path

    def _visit(self, page: Page, visit: Visit, events: list[Event]) -> None:
        url = self.url(visit.scheme, visit.host, visit.path)
        self.server.answer(visit.host, visit.path, self._answer(visit.lines, None, visit.date))
        start = url
        if visit.via is not None:
            scheme, host = visit.via
            start = self.url(scheme, host, f"/via{visit.path}")
            self.server.answer(host, f"/via{visit.path}", self._answer((), url))
        before = len(events)
        if visit.how == "address":
            page.goto(start)
        else:
            page.evaluate(SCRIPTS[visit.how], start)
        _settle(page, events, before)

    def _answer(self, lines: tuple[str, ...], location: str | None, date: int | None = None) -> Any:
        now = time.time()
        cookies = tuple(("Set-Cookie", filled(line, now)) for line in lines)
        if date is not None:
            cookies = (("Date", formatdate(now + date, usegmt=True)), *cookies)

        def answer(seen: Seen) -> Reply:
            fields = [("Content-Type", "text/html"), ("Cache-Control", "no-store"), *cookies]
            origin = seen.field("origin")
            if origin is not None:
                fields += [
                    ("Access-Control-Allow-Origin", origin),
                    ("Access-Control-Allow-Credentials", "true"),
                    ("Access-Control-Allow-Methods", "PUT"),
                ]
            if location is not None and seen.method != "OPTIONS":
                return Reply(302, (*fields, ("Location", location)))
            return Reply(200, tuple(fields), PAGE)

        return answer


def _settle(page: Page, events: list[Event], before: int, most: float = 5.0) -> None:
    """Wait until every request since `before` has come to its end."""
    until = time.monotonic() + most
    while time.monotonic() < until:
        page.wait_for_timeout(10)
        log = hops(events[before:])
        if log and all(hop.complete for hop in log):
            page.wait_for_timeout(10)
            if len(hops(events[before:])) == len(log):
                return

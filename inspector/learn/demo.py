"""The demo: the lab, a proxy in front of it and a visitor, told chapter by chapter.

Nothing leaves this machine and nothing stays on it: the proxy makes its own certificate authority in a temporary
directory, refuses every server that is not on loopback, and takes a free port.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from inspector.engine import Options
from inspector.exchange import Exchange
from inspector.learn.lab import HOSTS, ROUTES, Lab, Origins
from inspector.learn.lab.client import Step
from inspector.learn.lab.visitor import visit
from inspector.learn.telling import Telling
from inspector.proxy.live import Tally
from inspector.proxy.master import RunningProxy
from inspector.proxy.notice import Notice
from inspector.proxy.options import ProxyOptions
from inspector.render.escape import clipped
from inspector.render.layout import Canvas
from inspector.render.terminal import Terminal
from inspector.report import ExchangeReport, Story
from inspector.url import parse

CHAPTERS = {
    "page": "A page loads: redirect to HTTPS, style sheet, scripts, image",
    "cookies": "Cookies: kept, refused, deleted, third-party",
    "cors": "Cross-origin calls: which the browser lets through, which not, and why",
    "redirects": "Redirects: a chain, and a loop",
    "forms": "Forms: what each redirect does to a POST",
    "caching": "Caching: what is reused, what is asked about again, what is never kept",
    "security": "Security fields: a page without, a page with, and what gets blocked",
    "injection": "Injection: what the request says comes back as markup, in fields, in a statement",
    "leaks": "Leaks: a key, a listing, sources, a card number",
    "limits": "Rate limits: what is left, and a client that does not wait",
    "csp": "Content Security Policy: with holes, too strict for its page, on trial",
    "login": "Logins: credentials in addresses, tokens nobody signed, single sign-on, a form for anybody",
    "api": "An API: wrong types, errors, two people at once, an address that goes away",
    "status": "Statuses: an API that says the wrong thing",
    "delivery": "Delivery: what content is called, and what a page fetches ahead",
    "compression": "Compression",
    "authentication": "Authentication: Basic and Bearer",
    "streaming": "Streams: server-sent events and a WebSocket",
    "protocol": "Protocol: HTTP versions, trailers, an offer of HTTP/3, a server that is not there",
}
"""The lab's topics and how the demo announces them."""

_NEXT = (
    ("inspector demo --all", "every exchange of this visit, with all that was found"),
    ("inspector proxy", "the same for your own browser or tool"),
    ("inspector explain FILE.har", "a recording of yours"),
    ("inspector rule cors/preflight-method", "a rule: why it matters, two examples"),
)


class Narrator:
    """The proxy's sink: prints each exchange under its chapter, with what it is there to show."""

    def __init__(self, terminal: Terminal, origins: Origins, everything: bool) -> None:
        self._everything = everything
        self.telling = Telling()
        self._terminal = terminal
        self._canvas = Canvas(terminal.console)
        self._routes = {(origins.get(route.origin), route.path): route for route in ROUTES}
        self._chapter = self._next = ""
        self.tally = Tally()
        self.trouble: list[str] = []
        self.stories: list[Story] = []

    def chapter(self, topic: str) -> None:
        """What comes from now on belongs to this topic. Called on the visitor's thread."""
        self._next = topic

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        """Print one exchange, under a new heading where a chapter begins."""
        self.tally.add(report)
        canvas = self._canvas
        if not self._everything:
            self.telling.add(report)
            if self._next != self._chapter:
                self._chapter = self._next
                canvas.line(f"  {CHAPTERS.get(self._chapter, self._chapter.capitalize())}")
                canvas.flush()
            return
        if self._next != self._chapter:
            self._chapter = self._next
            canvas.line("")
            canvas.heading(CHAPTERS.get(self._chapter, self._chapter.capitalize()))
        else:
            canvas.line("")
        url = parse(exchange.request.url)
        route = self._routes.get((_http(url.origin), url.path))
        if route is not None:
            canvas.prose(f"{route.shows[0].upper()}{route.shows[1:]}", "", "", "italic")
        canvas.flush()
        self._terminal.exchange(report)

    def story(self, story: Story) -> None:
        """Keep it for the end of the visit."""
        self.stories.append(story)

    def notice(self, notice: Notice) -> None:
        """Keep what went wrong; what is only worth a line to somebody who waits is not shown."""
        if notice.kind in ("trouble", "unsafe"):
            self.trouble.append(notice.text)


def run(terminal: Terminal, options: Options, save: Path | None = None, *, everything: bool = False) -> tuple[str, ...]:
    """Run the demo and print what tells the most, or `everything`.

    Returns what failed, one line each; nothing if all went as it should.

    Raises:
        ProxyError: the proxy could not start.
        OSError: no port or no temporary directory was to be had.
    """
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="inspector-demo-") as confdir:
        narrator = Narrator(terminal, lab.origins, everything)
        settings = ProxyOptions(
            port=0,
            confdir=Path(confdir),
            upstream_ca=lab.ca.certificate_path,
            resolve=lab.host_rules,
            only_loopback=True,
            save=save,
            explain=options,
        )
        with RunningProxy(settings, narrator) as proxy:
            _introduce(Canvas(terminal.console), lab, proxy)
            context = ssl.create_default_context(cafile=proxy.ca_certificate)
            steps = visit(lab, proxy.url, verify=context, on_chapter=narrator.chapter, limit=60)
            proxy.stop()
            narrator.stories += proxy.engine.finish()
    _conclude(terminal, narrator, everything)
    return tuple(narrator.trouble) + tuple(_failed(step) for step in steps if step.error)


def _introduce(canvas: Canvas, lab: Lab, proxy: RunningProxy) -> None:
    canvas.prose(
        "A shop with flaws runs on this machine, and a visitor walks through it behind inspector's proxy:", "", ""
    )
    for host in HOSTS:
        canvas.prose(f"{lab.origins.get(host.key)}  {host.role}", "  ", "      ")
    canvas.prose(f"{proxy.url}  the proxy, with a certificate authority made for this run", "  ", "      ")
    canvas.blank()
    canvas.flush()


def _conclude(terminal: Terminal, narrator: Narrator, everything: bool) -> None:
    for story in narrator.stories:
        narrator.tally.add(story)
    canvas = Canvas(terminal.console)
    if everything:
        canvas.line("")
        canvas.flush()
        terminal.stories(narrator.stories)
    else:
        canvas.line("")
        narrator.telling.draw(canvas)
        canvas.blank()
        canvas.flush()
    terminal.summary(narrator.tally.summary())
    canvas.heading("Next")
    for command, told in _NEXT:
        canvas.line(f"  {command:<38}", (told, "dim"))
    canvas.flush()


def _failed(step: Step) -> str:
    return f"{step.title}: {clipped(step.error or '', 300)}"


def _http(origin: str) -> str:
    return origin.replace("wss:", "https:", 1).replace("ws:", "http:", 1)

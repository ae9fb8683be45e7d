"""Who recorded a HAR file, and what that makes of the things it does not show."""

from __future__ import annotations

import re
from collections.abc import Buffer, Iterable
from typing import Literal

from inspector.capture.har_schema import Entry, Program
from inspector.exchange import Recorder
from inspector.patterns import compile_late

Vantage = Literal["browser", "proxy", "client"]

_VANTAGES: tuple[tuple[Vantage, tuple[str, ...]], ...] = (
    (
        "proxy",
        (
            "charles",
            "fiddler",
            "mitmproxy",
            "http toolkit",
            "proxyman",
            "burp",
            "browsermob",
            "zap",
            "reqable",
            "whistle",
            "http-inspector",
            "inspector proxy",
            "httpdebugger",
            "anyproxy",
        ),
    ),
    ("client", ("insomnia", "postman", "k6", "capture-har", "hoppscotch", "bruno", "httpie", "flutter", "curl")),
    (
        "browser",
        (
            "webinspector",
            "webkit web inspector",
            "firefox",
            "firebug",
            "chrome",
            "browsertime",
            "webpagetest",
            "http archive",
            "playwright",
            "puppeteer",
            "splash",
            "phantomjs",
            "httpwatch",
            "internet explorer",
            "f12 developer tools",
            "microsoft edge",
            "safari",
            "sitespeed",
            "selenium",
        ),
    ),
)


def vantage_of(creator: Program | None, browser: Program | None) -> Vantage | None:
    """Where the program that wrote a recording stood; ``None`` for programs nobody here has met."""
    name = (creator.name or "").lower() if creator is not None else ""
    for vantage, names in _VANTAGES:
        if any(known in name for known in names):
            return vantage
    return "browser" if browser is not None and browser.name else None


def describe(program: Program | None) -> str | None:
    """A program's name and version in one line."""
    if program is None:
        return None
    words = [word for word in (program.name, program.version) if word]
    return " ".join(words) or None


def recorder_of(creator: Program | None, browser: Program | None, cookies: bool | None) -> Recorder:
    """The `Recorder` of a HAR file; `cookies` is whether cookies are recorded (`cookies_recorded`)."""
    name = (creator.name or "").lower() if creator is not None else ""
    vantage = vantage_of(creator, browser)
    preflights = None
    if "playwright" in name:
        preflights = False
    elif "webinspector" in name or vantage == "proxy":
        preflights = True
    return Recorder(
        kind="har",
        creator=describe(creator),
        browser=describe(browser),
        vantage=vantage,
        cookies_recorded=cookies,
        preflights_recorded=preflights,
    )


_CREDENTIALS = frozenset({"cookie", "set-cookie", "authorization", "proxy-authorization"})
_CHROME = compile_late(r"(?:Chrome|Chromium|HeadlessChrome)/(\d{2,4})\.")
_SANITISED_SINCE = 130
_ENOUGH = 3

SANITISED_NOTE = (
    "This recording was exported without cookies and credentials: Chrome leaves `Cookie`, `Set-Cookie` and "
    "`Authorization` out of its default export (since version 130), so their absence proves nothing here. "
    "“Export HAR (with sensitive data)” keeps them."
)


class Sample:
    """What the first entries of a file show of its exporter's treatment of cookies and credentials."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.credentials = False
        self.responses = 0
        self.chrome: int | None = None
        self.connection_ids = False
        for entry in entries:
            self._look(entry)
            if self.credentials:
                return  # which settles the one question there is

    def _look(self, entry: Entry) -> None:
        if entry.connection_id is not None:
            self.connection_ids = True
        answer = entry.response
        if answer is not None:
            if answer.status is not None and answer.status >= 100 and not entry.from_cache:
                self.responses += 1
            self.credentials = self.credentials or any(h.name.lower() in _CREDENTIALS for h in answer.headers)
        for line in entry.request.headers if entry.request is not None else ():
            name = line.name.lower()
            if name in _CREDENTIALS:
                self.credentials = True
            elif name == "user-agent":
                found = _CHROME.search(line.value[:512])
                if found:
                    self.chrome = int(found[1])


# Each begins with a literal, which is searched for at the speed of memory. Quotes inside JSON strings are escaped,
# so what ends in one bare is a name or a value, and a field's name where a name stands.
_TAILS = (compile_late(rb'ookie"'), compile_late(rb'OOKIE"'), compile_late(rb'uthorization"'))
_BEFORE = compile_late(rb'"name"\s*:\s*"(?:set-c|c|proxy-a|a)$', re.IGNORECASE)
_COOKIE_LIST = compile_late(rb'"cookies"\s*:\s*\[\s*\{')


def _holds_credentials(document: Buffer) -> bool:
    view = memoryview(document)
    for tail in _TAILS:
        for found in tail.finditer(document):
            if _BEFORE.search(view[max(0, found.start() - 64) : found.start()]):
                return True
    return _COOKIE_LIST.search(document) is not None


def cookies_recorded(creator: Program | None, vantage: Vantage | None, sample: Sample, document: Buffer) -> bool | None:
    """Whether an exporter records cookies and credentials at all; ``None`` where it cannot be told.

    Chrome's default export removes them since version 130 and says so nowhere: a file of such a version that holds
    several responses and not one cookie or credential counts as that.
    """
    if sample.credentials or vantage == "proxy":
        return True
    if creator is None or "webinspector" not in (creator.name or "").lower():
        return None
    recent = sample.chrome >= _SANITISED_SINCE if sample.chrome is not None else sample.connection_ids
    if not recent or sample.responses < _ENOUGH:
        return None
    return _holds_credentials(document)

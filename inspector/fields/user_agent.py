"""``User-Agent``: what a client calls itself (RFC 9110, section 10.1.5). A claim, and read as no more than that."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from inspector.patterns import compile_late

LONGEST = 1000

# The first that is found names the browser: those that carry others' tokens come before the ones they carry.
_BROWSERS = (
    ("Edg", "Microsoft Edge"),
    ("EdgA", "Microsoft Edge"),
    ("EdgiOS", "Microsoft Edge"),
    ("Edge", "Microsoft Edge (the old one)"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("YaBrowser", "Yandex Browser"),
    ("UCBrowser", "UC Browser"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("FxiOS", "Firefox on iOS"),
    ("CriOS", "Chrome on iOS"),
    ("HeadlessChrome", "headless Chrome"),
    ("Firefox", "Firefox"),
    ("Chromium", "Chromium"),
    ("Chrome", "Chrome"),
)
_PLATFORMS = (
    ("Windows NT 10.0", "Windows 10 or 11"),
    ("Windows NT 6.3", "Windows 8.1"),
    ("Windows NT 6.2", "Windows 8"),
    ("Windows NT 6.1", "Windows 7"),
    ("Windows NT", "Windows"),
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("X11; Linux", "Linux"),
    ("X11; Ubuntu", "Linux"),
    ("Linux", "Linux"),
)
_BOT = compile_late(r"\b([\w-]{0,40}(?:bot|spider|crawler)\b[\w-]{0,20})(?:/([\w.]{1,20}))?", re.IGNORECASE)
_PRODUCT = compile_late(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,60})(?:/([\w.+-]{1,40}))?")


class UserAgent(Struct, frozen=True):
    """What the words claim: a browser's or program's name, its version, a platform; ``None`` where they do not say."""

    name: str | None
    version: str | None = None
    platform: str | None = None
    browser: bool = False
    robot: bool = False


@lru_cache(maxsize=1024)
def read_user_agent(value: str) -> UserAgent:
    """Read the products and the comment of a value. Never raises; what is not known is left out."""
    value = value[:LONGEST]
    platform = next((said for mark, said in _PLATFORMS if mark in value), None)
    if robot := _BOT.search(value):
        return UserAgent(robot[1], robot[2], None, robot=True)
    if value.startswith(("Mozilla/", "Opera/")):
        for token, name in _BROWSERS:
            if f"{token}/" in value and (match := re.search(rf"\b{token}/([0-9]{{1,4}})", value)):
                return UserAgent(name, match[1], platform, browser=True)
        if "Safari/" in value and (match := re.search(r"\bVersion/([0-9]{1,3}(?:\.[0-9]{1,3})?)", value)):
            return UserAgent("Safari", match[1], platform, browser=True)
        if match := re.search(r"\bMSIE ([0-9]{1,2})", value) or re.search(r"Trident/.{0,80}rv:([0-9]{1,2})", value):
            return UserAgent("Internet Explorer", match[1], platform, browser=True)
        return UserAgent(None, None, platform)
    product = _PRODUCT.match(value)
    return UserAgent(product[1], product[2], platform) if product is not None else UserAgent(None)

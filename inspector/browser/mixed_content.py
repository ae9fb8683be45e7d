"""Mixed content: what an https page may not load over http (Mixed Content, sections 4 and 5.1)."""

from __future__ import annotations

from inspector.url import Url, ip_address

CODE = "mixed-content"

UPGRADED = frozenset({"image", "audio", "video", "media"})
"""Destinations whose URL is rewritten to https (section 4.1, "upgrade a mixed content request")."""


def is_mixed(page: Url, target: Url) -> bool:
    """Whether a page's request for `target` is mixed content: a secure page, an address that is not.

    Loopback addresses count as secure (Secure Contexts, section 3.1).
    """
    return page.scheme == "https" and target.scheme in ("http", "ws") and not target.loopback


def is_upgraded(destination: str, target: Url) -> bool:
    """Whether such a request is not refused but sent over https instead: images, audio and video, by host name."""
    return destination in UPGRADED and ip_address(target.host) is None

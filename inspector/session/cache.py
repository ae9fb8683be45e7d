"""A browser's cache rebuilt from the capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.verdict import CacheVerdict

if TYPE_CHECKING:
    from inspector.subject import Subject


class Cache:
    """Remembers what was stored, to tell what a later exchange was."""

    def judge(self, x: Subject) -> CacheVerdict | None:
        """The caching verdict on an exchange; ``None`` where there is nothing to store or reuse."""
        return None

"""What a browser would have refused for reasons other than CORS, and what it must remember to know that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.verdict import BlockVerdict

if TYPE_CHECKING:
    from inspector.subject import Subject


class Blocking:
    """Remembers documents (their policies) and HSTS hosts."""

    def judge(self, x: Subject) -> BlockVerdict | None:
        """The blocking verdict on an exchange; ``None`` where nothing of the kind applies."""
        return None

"""Which connections were opened to which origin, and what was spoken on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.subject import Subject


class Connections:
    """Counts exchanges and connections an origin."""

    def observe(self, x: Subject) -> None:
        """Take note of one exchange."""

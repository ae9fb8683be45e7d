"""What the checks of a chain look at, and words they share."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from inspector.trust.facts import Facts
from inspector.trust.links import Link, Path
from inspector.trust.names import NameMatch

DAY = 86_400
RFC5280 = "https://www.rfc-editor.org/rfc/rfc5280#section-"
BASELINE = "https://cabforum.org/working-groups/server/baseline-requirements/requirements/"


class Question(Struct, frozen=True):
    """What the checks look at. `at` is the moment judged, in seconds since 1970.

    `public` says whether the path ends in an authority that browsers ship; ``None`` where it ends in none that is
    known. `stapled` says whether an OCSP answer came with the handshake; ``None`` where no handshake was seen.
    """

    path: Path
    sent: int
    host: str | None
    name: NameMatch | None
    at: float
    public: bool | None
    stapled: bool | None = None
    revoked: frozenset[tuple[str, str]] = frozenset()
    """(issuer's full name, serial in hex) of certificates that a revocation list names."""

    @property
    def leaf(self) -> Facts:
        """The server's own certificate."""
        return self.path.links[0].facts


def day(timestamp: float) -> str:
    """A date, UTC, in words."""
    try:
        when = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{timestamp:.0f} seconds since 1970"
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def role(link: Link) -> str:
    """What a link above the server's certificate is, in a word."""
    return "authority" if link.anchored or link.voucher.kind == "itself" else "intermediate"

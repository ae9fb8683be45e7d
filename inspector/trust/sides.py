"""A proxied connection has two chains, side by side: what the server presented, and what the client was shown."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from inspector.trust.explain import Explained
from inspector.trust.facts import Facts
from inspector.trust.question import day
from inspector.words import count, duration, listed, ticked


class Row(Struct, frozen=True):
    """One property of both server certificates."""

    what: str
    presented: str
    shown: str

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.presented == self.shown


class Sides(Struct, frozen=True):
    """Both chains compared: property by property, and how a client could have noticed, in sentences.

    `intercepted` is false where the client was shown the very certificate that the server presented.
    """

    intercepted: bool
    rows: tuple[Row, ...]
    noticed_by: tuple[str, ...]


_ROWS: tuple[tuple[str, Callable[[Facts], str]], ...] = (
    ("subject", lambda f: f.subject),
    ("names", lambda f: listed(f.names, most=5) or "none"),
    ("issuer", lambda f: f.issuer),
    ("valid from", lambda f: day(f.not_before)),
    ("valid until", lambda f: day(f.not_after)),
    ("made for", lambda f: duration(f.lifetime)),
    ("serial", lambda f: f.serial),
    ("key", lambda f: str(f.key)),
    ("key's SHA-256", lambda f: f.spki_sha256[:16] + "…"),
    ("signature", lambda f: f.signature),
    ("timestamps", lambda f: count(len(f.scts), "log") if f.scts else "none"),
    ("checked by issuer", lambda f: f.checked or "not said"),
    ("SHA-256", lambda f: f.sha256[:16] + "…"),
)


def compare(presented: Explained, shown: Explained) -> Sides:
    """Compare what the server presented with what the client was shown."""
    theirs, ours = presented.path.links[0].facts, shown.path.links[0].facts
    rows = tuple(Row(what, read(theirs), read(ours)) for what, read in _ROWS)
    if theirs.sha256 == ours.sha256:
        return Sides(False, rows, ())
    return Sides(True, rows, tuple(_noticed(presented, shown, theirs, ours)))


def _noticed(presented: Explained, shown: Explained, theirs: Facts, ours: Facts) -> list[str]:
    said = []
    if theirs.issuer_full != ours.issuer_full:
        said.append(
            f"The issuer: the browser's certificate viewer shows `{ours.issuer}` where the server's own says "
            f"`{theirs.issuer}`. The client accepts that only because somebody put this authority into its store."
        )
    else:
        said.append(
            f"Both say that `{ours.issuer}` issued them, but the keys differ: one of the two is not what it says, and "
            "the signature tells which."
        )
    said.append(
        "The key: a client that pins the server's key (many mobile apps, browsers for a few hosts of their own "
        "makers) hangs up, because the key it was shown is another. Browsers switch pins off for authorities that a "
        "person added."
    )
    if theirs.scts and not ours.scts:
        said.append(
            f"Transparency: the server's certificate carries the promises of {count(len(theirs.scts), 'log')} to "
            "publish it; the one shown carries none, and stands in no log that the owner of the name could watch."
        )
    if any(finding.code == "key-reuse" for finding in shown.findings):
        said.append(
            "The authority's key: what the client was shown has the same key as the authority that signed it, which no "
            "public authority does."
        )
    if set(theirs.names) != set(ours.names):
        left = sorted(set(theirs.names) - set(ours.names))
        said.append(
            "The names: "
            + (f"{listed(ticked(left), most=4)} is missing from the one shown. " if len(left) == 1 else "")
            + (f"{listed(ticked(left), most=4)} are missing from the one shown. " if len(left) > 1 else "")
            + "A proxy lists the names it was told or saw, which need not be all."
        )
    if ours.not_before > theirs.not_before + 3600:
        said.append(
            f"The age: the one shown begins on {day(ours.not_before)}, the server's own on {day(theirs.not_before)}. A "
            "proxy makes its certificates when they are first needed."
        )
    refused = presented.verdict.outcome == "refused" and not any(f.refusal for f in shown.findings if f.link == 0)
    if refused:
        said.append(
            f"What it could not notice: the server's own chain would have been refused ({presented.verdict.code}), "
            "and the proxy showed one without that fault. Behind a proxy, whether the server is genuine is the "
            "proxy's decision."
        )
    said.append(
        "A client certificate: a server that asks for one cannot get it through a proxy that reads along, because the "
        "client signs the handshake it saw, and the server sees another."
    )
    return said

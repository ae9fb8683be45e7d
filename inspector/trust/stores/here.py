"""Which stores there are, here or in another file system, and what to say of trust that nobody uses."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inspector.trust.authority import AuthorityError, Held, find, idle
from inspector.trust.stores.base import Store
from inspector.trust.stores.java import java_stores
from inspector.trust.stores.nss import nss_stores
from inspector.trust.stores.system import system_store
from inspector.words import duration

ROOT = Path("/")


def stores_of(root: Path, certificate_file: Path | None) -> list[Store]:
    """Every store of this machine, or of the file system below `root`, with the homes that are in it.

    `certificate_file` is the authority's, for tools that take nothing else.
    """
    homes = [Path.home()] if root == ROOT else [root / "root", *sorted((root / "home").glob("*"))]
    system = system_store(root, Path.home(), certificate_file or Path("mitmproxy-ca-cert.pem"))
    return [*([system] if system is not None else []), *nss_stores(homes), *java_stores(root)]


def unused_warning(held: Held, trusting: Iterable[Store]) -> str | None:
    """What to say of an authority that the system trusts and nobody has used for a month; ``None``: nothing."""
    unused = idle(held)
    if unused is None or not any(store.name == "system" for store in trusting):
        return None
    return (
        f"This machine trusts the authority everywhere, and it was not used for {duration(unused)}. Until it is "
        "removed, whoever gets hold of its key can impersonate any site here: `inspector trust uninstall`."
    )


def warning_at_start(confdir: Path, root: Path = ROOT) -> str | None:
    """`unused_warning` for the authority in a directory. The store is looked at only after long disuse."""
    try:
        held = find(confdir)
    except AuthorityError:
        return None  # refused elsewhere, with its own words
    if held is None or idle(held) is None:
        return None
    system = system_store(root, Path.home(), held.certificate_file)
    return unused_warning(held, [system] if system is not None and system.holds(held.stored) else [])

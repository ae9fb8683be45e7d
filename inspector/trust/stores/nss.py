"""NSS databases: where Firefox, and Chromium on Linux, keep the authorities that a person added.

Reading is done in the SQLite file itself; changing is left to NSS's own `certutil`. An undo restores the very octets
the database had, as long as nothing else has changed it since.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from inspector.trust.stores.base import Authority, Do, Plan, Run, Store, StoreError

PLACES = (
    (".pki/nssdb", "Chromium and Chrome"),
    (".local/share/pki/nssdb", "Chromium and Chrome"),
    ("snap/chromium/current/.pki/nssdb", "Chromium (snap)"),
    (".mozilla/firefox/*", "Firefox"),
    ("snap/firefox/common/.mozilla/firefox/*", "Firefox (snap)"),
    (".var/app/org.mozilla.firefox/.mozilla/firefox/*", "Firefox (Flatpak)"),
    ("Library/Application Support/Firefox/Profiles/*", "Firefox"),
    ("AppData/Roaming/Mozilla/Firefox/Profiles/*", "Firefox"),
)
_FILES = ("cert9.db", "key4.db")
_UNDO = "inspector-undo"

# Columns are "a" and the attribute's number in hex (PKCS #11): CKA_VALUE, CKA_LABEL, CKA_CERT_SHA1_HASH, and NSS's
# CKA_TRUST_SERVER_AUTH, whose value here is CKT_NSS_TRUSTED_DELEGATOR.
_LABEL_OF = "SELECT a3 FROM nssPublic WHERE a11 = ?"
_TRUSTED = "SELECT 1 FROM nssPublic WHERE ace5363b4 = ? AND ace536358 = x'ce534352'"


class NssStore(Store):
    """One database. `directory` holds its ``cert9.db``."""

    name = "nss"

    def __init__(self, directory: Path, owner: str) -> None:
        self.directory = directory
        self.title = f"{owner}'s certificate database"
        self.where = str(directory / "cert9.db")
        self._undo = directory / _UNDO

    def holds(self, authority: Authority) -> bool | None:
        """Whether it is in the database and trusted to vouch for servers."""
        try:
            with closing(self._open()) as database:
                if database.execute(_LABEL_OF, (authority.der,)).fetchone() is None:
                    return False
                return database.execute(_TRUSTED, (bytes.fromhex(authority.sha1),)).fetchone() is not None
        except sqlite3.Error:
            return None

    def plan_install(self, authority: Authority) -> Plan:
        """Import it, trusted for servers and for nothing else."""
        if self.holds(authority):
            return self.nothing("it is trusted there already")
        _need_certutil()
        command = ("certutil", "-A", "-d", f"sql:{self.directory}", "-n", authority.label, "-t", "C,,")
        return self.plan(
            Do(f"keep a copy of {' and '.join(_FILES)} in {self._undo}, to be restored by uninstall", self._keep),
            Run(command, "adds it, trusted to vouch for web servers (C) and for nothing else", authority.pem),
            Do(f"note in {self._undo} what the database is like after that", self._seal),
        )

    def plan_uninstall(self, authority: Authority) -> Plan:
        """Restore the copy where nothing has changed since; else delete the certificate, under whatever name it is."""
        if self._unchanged():
            return self.plan(
                Do(f"put {' and '.join(_FILES)} in {self.directory} back as they were before install", self._restore),
            )
        labels = self._labels(authority)
        if labels is None:
            raise StoreError(f"{self.where} is not a database that can be read")
        steps = [
            Run(("certutil", "-D", "-d", f"sql:{self.directory}", "-n", label), "deletes it and the trust in it")
            for label in labels
        ]
        if self._undo.exists():
            return self.plan(*steps, Do(f"remove {self._undo}", self._forget))
        if not steps:
            return self.nothing("it is not there")
        _need_certutil()
        return self.plan(*steps)

    # -- the copy that undoes --------------------------------------------------------------------------------------

    def _keep(self) -> None:
        self._forget()
        self._undo.mkdir(mode=0o700)
        for name in _FILES:
            copy = self._undo / name
            copy.touch(mode=0o600)
            copy.write_bytes((self.directory / name).read_bytes())

    def _seal(self) -> None:
        (self._undo / "after").write_text("".join(f"{digest}\n" for digest in self._digests()), "ascii")

    def _digests(self) -> list[str]:
        return [hashlib.sha256((self.directory / name).read_bytes()).hexdigest() for name in _FILES]

    def _unchanged(self) -> bool:
        """Whether the database is still what install left, so that restoring loses nothing."""
        try:
            return (self._undo / "after").read_text("ascii").split() == self._digests()
        except (OSError, UnicodeDecodeError):
            return False

    def _restore(self) -> None:
        """Write the old octets into the same files, under SQLite's own lock, so that a browser that runs notices."""
        for name in _FILES:
            file, before = self.directory / name, (self._undo / name).read_bytes()
            try:
                with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as database:
                    database.execute("BEGIN EXCLUSIVE")
                    with file.open("r+b") as raw:
                        raw.write(before)
                        raw.truncate(len(before))
                        raw.flush()
                    database.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise StoreError(f"{file} is in use: close the browser and try again ({error})") from error
        self._forget()

    def _forget(self) -> None:
        shutil.rmtree(self._undo, ignore_errors=True)

    def _labels(self, authority: Authority) -> list[str] | None:
        try:
            with closing(self._open()) as database:
                found = database.execute(_LABEL_OF, (authority.der,)).fetchall()
        except sqlite3.Error:
            return None
        return [bytes(label).decode("utf-8", "replace") for (label,) in found if label]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{Path(self.where).absolute().as_uri()}?mode=ro", uri=True, timeout=2)


def nss_stores(homes: Iterable[Path]) -> Iterator[NssStore]:
    """Every database in these home directories."""
    for home in homes:
        for place, owner in PLACES:
            for directory in sorted(home.glob(place)):
                if (directory / "cert9.db").is_file():
                    profile = f" (profile {directory.name})" if "*" in place else ""
                    yield NssStore(directory, f"{owner}{profile}")


def _need_certutil() -> None:
    if shutil.which("certutil") is None:
        raise StoreError(
            "NSS's certutil is missing (Debian: libnss3-tools, Fedora: nss-tools, macOS: brew install nss), so the "
            "browser's database cannot be changed; its own settings can import the certificate"
        )

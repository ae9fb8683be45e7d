"""Java's keystores of trusted authorities (`cacerts`), changed with `keytool`."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from inspector.trust.pem import certificates_in
from inspector.trust.stores.base import Authority, Plan, Run, Store, StoreError, run

PASSWORD = "changeit"
_JKS = b"\xfe\xed\xfe\xed"
_ENTRY = re.compile(
    rb"Alias name: (?P<alias>.*?)\r?\n.*?(?P<pem>-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----)", re.S
)


class JavaStore(Store):
    """One keystore."""

    name = "java"
    title = "Java's keystore"

    def __init__(self, keystore: Path) -> None:
        self._keystore = keystore
        self.where = str(keystore)

    def holds(self, authority: Authority) -> bool | None:
        """Whether it is among the trusted certificates. Old keystores are read as they are, others by `keytool`."""
        try:
            content = self._keystore.read_bytes()
        except OSError:
            return None
        if authority.der in content:
            return True
        if content.startswith(_JKS):
            return False
        try:
            return bool(self._aliases(authority))
        except StoreError:
            return None

    def plan_install(self, authority: Authority) -> Plan:
        """``keytool -importcert``."""
        if self.holds(authority):
            return self.nothing("it is trusted there already")
        _need_keytool()
        command = ("keytool", "-importcert", "-noprompt", "-trustcacerts", "-alias", authority.label, *self._store())
        return self.plan(Run(command, "adds it, for every program that this Java runs", authority.pem))

    def plan_uninstall(self, authority: Authority) -> Plan:
        """``keytool -delete``, under whatever alias it is: Debian's own hook gives it another."""
        _need_keytool()
        commands = [("keytool", "-delete", "-alias", alias, *self._store()) for alias in self._aliases(authority)]
        if not commands:
            return self.nothing("it is not there")
        return self.plan(*(Run(command, "deletes it") for command in commands))

    def _aliases(self, authority: Authority) -> list[str]:
        listed = run(("keytool", "-J-Duser.language=en", "-list", "-rfc", *self._store()))
        return [
            entry["alias"].decode("utf-8", "replace")
            for entry in _ENTRY.finditer(listed)
            if authority.der in certificates_in(entry["pem"])
        ]

    def _store(self) -> tuple[str, ...]:
        return ("-keystore", self.where, "-storepass", PASSWORD)


def java_stores(root: Path) -> Iterator[JavaStore]:
    """Every keystore of the Javas below `root`, each file once, however many links lead to it."""
    candidates = [*sorted((root / "usr/lib/jvm").glob("*/lib/security/cacerts")), root / "etc/ssl/certs/java/cacerts"]
    if root == Path("/"):
        home = os.environ.get("JAVA_HOME")
        java = shutil.which("java")
        candidates += [Path(home) / "lib/security/cacerts"] if home else []
        candidates += [Path(java).resolve().parent.parent / "lib/security/cacerts"] if java else []
    seen: set[Path] = set()
    for candidate in candidates:
        place = candidate.resolve()
        if place.is_file() and place not in seen and (root == Path("/") or place.is_relative_to(root.resolve())):
            seen.add(place)
            yield JavaStore(place)


def _need_keytool() -> None:
    if shutil.which("keytool") is None:
        raise StoreError(
            "there is no keytool on this machine, so Java's keystore cannot be changed; it comes with a JDK"
        )

"""The system's own store, changed with the system's own tool."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from msgspec import Struct

from inspector.trust.pem import certificates_in
from inspector.trust.stores.base import Authority, Plan, Remove, Run, Store, StoreError, Write, run


class Distribution(Struct, frozen=True):
    """How one family of distributions keeps its store: a directory for own authorities, and a tool that takes them up.

    `removes` are the tool's arguments after a certificate was taken away.
    """

    title: str
    directory: str
    suffix: str
    tool: str
    adds: tuple[str, ...]
    removes: tuple[str, ...]
    bundle: str


DEBIAN = Distribution(
    "Debian's store (also Ubuntu, Alpine)",
    "usr/local/share/ca-certificates",
    ".crt",
    "usr/sbin/update-ca-certificates",
    (),
    # Without it the links of what was taken away stay behind.
    ("--fresh",),
    "etc/ssl/certs/ca-certificates.crt",
)
FEDORA = Distribution(
    "Fedora's store (also RHEL, CentOS)",
    "etc/pki/ca-trust/source/anchors",
    ".pem",
    "usr/bin/update-ca-trust",
    ("extract",),
    ("extract",),
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
)
SUSE = Distribution(
    "SUSE's store",
    "etc/pki/trust/anchors",
    ".pem",
    "usr/sbin/update-ca-certificates",
    (),
    (),
    "var/lib/ca-certificates/ca-bundle.pem",
)
ARCH = Distribution(
    "Arch's store",
    "etc/ca-certificates/trust-source/anchors",
    ".crt",
    "usr/bin/update-ca-trust",
    (),
    (),
    "etc/ca-certificates/extracted/tls-ca-bundle.pem",
)
DISTRIBUTIONS = (FEDORA, SUSE, ARCH, DEBIAN)


def distribution_of(root: Path) -> Distribution | None:
    """Which family a file system is of: told by the directories it has, the most telling first."""
    for each in DISTRIBUTIONS:
        if (root / each.directory).parent.is_dir() and each is not DEBIAN:
            return each
    debian = (root / "etc/ssl/certs").is_dir() and (root / "usr/share/ca-certificates").is_dir()
    return DEBIAN if debian or (root / DEBIAN.tool).exists() else None


class LinuxStore(Store):
    """A Linux system's store, of this machine or of a file system below `root`.

    In another root, its own tool runs there (`chroot`); where it has none and is of Debian's kind, this machine's does.
    """

    name = "system"

    def __init__(self, root: Path, distribution: Distribution) -> None:
        self._root = root
        self._kind = distribution
        self.title = distribution.title
        self.where = str(root / distribution.bundle)

    def holds(self, authority: Authority) -> bool | None:
        """Whether it is in the bundle that programs read."""
        try:
            return authority.der in certificates_in(Path(self.where).read_bytes())
        except OSError:
            return None

    def plan_install(self, authority: Authority) -> Plan:
        """Put the certificate among the machine's own, and have the tool take it up."""
        if self.holds(authority):
            return self.nothing("it is trusted there already")
        command = self._command(self._kind.adds)
        return self.plan(
            Write(self._file(authority), authority.pem),
            Run(command, f"adds it to {self.where}, for every program that uses the system's store"),
        )

    def plan_uninstall(self, authority: Authority) -> Plan:
        """Take the certificate away, wherever among the machine's own it is, and have the tool notice."""
        own = self._root / self._kind.directory
        files = [self._file(authority), *sorted(own.glob("*"))] if own.is_dir() else []
        found = [file for file in dict.fromkeys(files) if _is(file, authority)]
        if not found and not self.holds(authority):
            return self.nothing("it is not trusted there")
        if not found:
            raise StoreError(
                f"{self.where} holds it, but not from {own}: it was installed another way and has to go the same way"
            )
        command = self._command(self._kind.removes)
        return self.plan(*map(Remove, found), Run(command, f"makes {self.where} anew without it"))

    def _file(self, authority: Authority) -> Path:
        return self._root / self._kind.directory / f"{authority.label}{self._kind.suffix}"

    def _command(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        tool, root = self._kind.tool, self._root
        if root == Path("/"):
            if shutil.which(f"/{tool}") is None:
                raise StoreError(
                    f"there is no /{tool} on this machine (on Debian, it is in the package ca-certificates)"
                )
            return (f"/{tool}", *arguments)
        if (root / tool).exists():
            return ("chroot", str(root), f"/{tool}", *arguments)
        if self._kind is DEBIAN and shutil.which(f"/{tool}"):
            places = {
                "--certsconf": "etc/ca-certificates.conf",
                "--certsdir": "usr/share/ca-certificates",
                "--localcertsdir": self._kind.directory,
                "--etccertsdir": "etc/ssl/certs",
                "--hooksdir": "etc/ca-certificates/update.d",
            }
            told = [part for option, place in places.items() for part in (option, str(root / place))]
            return (f"/{tool}", *arguments, *told)
        raise StoreError(f"there is no {root / tool} to change the store of {root} with")


def _is(file: Path, authority: Authority) -> bool:
    try:
        return file.is_file() and authority.der in certificates_in(file.read_bytes())
    except OSError:
        return False


class MacStore(Store):
    """The login keychain of macOS: this user's trust, without an administrator's password for the rest."""

    name = "system"
    title = "the login keychain"

    def __init__(self, home: Path, file: Path) -> None:
        self._keychain = home / "Library/Keychains/login.keychain-db"
        self._file = file
        self.where = str(self._keychain)

    def holds(self, authority: Authority) -> bool | None:
        """Whether it is in the keychain."""
        try:
            found = run(("security", "find-certificate", "-a", "-p", self.where))
        except StoreError:
            return None
        return authority.der in certificates_in(found)

    def plan_install(self, authority: Authority) -> Plan:
        """``security add-trusted-cert``; macOS asks for the password itself."""
        if self.holds(authority):
            return self.nothing("it is there already")
        command = ("security", "add-trusted-cert", "-r", "trustRoot", "-k", self.where, str(self._file))
        return self.plan(Run(command, "adds it to your login keychain, trusted for Safari, Chrome and most programs"))

    def plan_uninstall(self, authority: Authority) -> Plan:
        """Take back the trust, then the certificate."""
        if self.holds(authority) is False:
            return self.nothing("it is not there")
        return self.plan(
            Run(("security", "remove-trusted-cert", str(self._file)), "takes back the trust"),
            Run(
                ("security", "delete-certificate", "-Z", authority.sha1.upper(), self.where), "removes the certificate"
            ),
        )


class WindowsStore(Store):
    """The current user's root store of Windows."""

    name = "system"
    title = "the user's root store of Windows"
    where = "Cert:\\CurrentUser\\Root"

    def __init__(self, file: Path) -> None:
        self._file = file

    def holds(self, authority: Authority) -> bool | None:
        """Whether it is in the store."""
        try:
            run(("certutil", "-user", "-store", "Root", authority.sha1))
        except StoreError as error:
            return None if "there is no" in str(error) else False
        return True

    def plan_install(self, authority: Authority) -> Plan:
        """``certutil -user -addstore``; Windows shows a warning of its own."""
        if self.holds(authority):
            return self.nothing("it is there already")
        command = ("certutil", "-user", "-addstore", "Root", str(self._file))
        return self.plan(Run(command, "adds it for this user: Edge, Chrome and most programs trust it"))

    def plan_uninstall(self, authority: Authority) -> Plan:
        """``certutil -user -delstore``."""
        if self.holds(authority) is False:
            return self.nothing("it is not there")
        return self.plan(Run(("certutil", "-user", "-delstore", "Root", authority.sha1), "removes it for this user"))


def system_store(root: Path, home: Path, file: Path) -> Store | None:
    """The store of this machine, or of a Linux file system below `root`; ``None`` where it is of no known kind.

    `file` is the authority's certificate on disk, for tools that want one.
    """
    if root == Path("/") and sys.platform == "darwin":
        return MacStore(home, file)
    if root == Path("/") and sys.platform == "win32":
        return WindowsStore(file)
    kind = distribution_of(root)
    return LinuxStore(root, kind) if kind is not None else None

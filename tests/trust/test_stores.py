"""Installing and removing an authority, with the real tools, in a file system of their own: nothing here changes this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli import main
from inspector.trust.authority import Held, rotate
from inspector.trust.pem import certificates_in
from inspector.trust.stores.base import Plan, Run, StoreError, Write, apply
from inspector.trust.stores.java import JavaStore
from inspector.trust.stores.nss import NssStore, nss_stores
from inspector.trust.stores.system import ARCH, DEBIAN, FEDORA, SUSE, LinuxStore, distribution_of

DEBIAN_TOOL = Path("/usr/sbin/update-ca-certificates")
MOZILLA = Path("/usr/share/ca-certificates/mozilla")

needs_debian = pytest.mark.skipif(
    not DEBIAN_TOOL.exists() or not MOZILLA.is_dir() or shutil.which("openssl") is None,
    reason="no update-ca-certificates here (Debian's ca-certificates and openssl)",
)
needs_certutil = pytest.mark.skipif(shutil.which("certutil") is None, reason="no certutil here (libnss3-tools)")
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="no keytool here (a JDK)")
needs_chroot = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("ldd") is None, reason="chroot needs root"
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return rotate(tmp_path_factory.mktemp("confdir") / "ca")


def snapshot(root: Path) -> dict[str, str]:
    """Every file and link below a directory, with its content's hash or its target, and its mode."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        else:
            found[name] = "directory"
    return found


def debian_root(root: Path) -> Path:
    """A file system as Debian's ca-certificates leaves it, with a few authorities."""
    for place in ("etc/ssl/certs", "usr/local/share/ca-certificates", "etc/ca-certificates/update.d", "tmp"):
        (root / place).mkdir(parents=True)
    shipped = root / "usr/share/ca-certificates/mozilla"
    shipped.mkdir(parents=True)
    chosen = sorted(MOZILLA.glob("*.crt"))[:6]
    for each in chosen:
        shutil.copy(each, shipped)
    (root / "etc/ca-certificates.conf").write_text("".join(f"mozilla/{each.name}\n" for each in chosen))
    return root


def ask(*arguments: str, **extra: str) -> Result:
    return CliRunner().invoke(main, ["trust", *arguments], **extra)  # type: ignore[arg-type]


# -- Debian ----------------------------------------------------------------------------------------------------------


@needs_debian
def test_debian_install_and_uninstall_leave_the_store_as_it_was(tmp_path: Path, held: Held):
    root = debian_root(tmp_path / "root")
    command = LinuxStore(root, DEBIAN)._command(())
    subprocess.run(command, check=True, capture_output=True)  # as the package's own installation does
    before = snapshot(root)
    options = ("--confdir", str(held.directory), "--root", str(root), "--store", "system")

    shown = ask("install", *options, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert snapshot(root) == before
    assert f"write {root}/usr/local/share/ca-certificates/inspector-{held.facts.sha256[:12]}.crt" in shown.output
    assert "run /usr/sbin/update-ca-certificates --certsconf" in shown.output

    declined = ask("install", *options, input="n\n")
    assert declined.exit_code == 2
    assert snapshot(root) == before

    installed = ask("install", *options, "--yes")
    assert installed.exit_code == 0, installed.output
    bundle = certificates_in((root / "etc/ssl/certs/ca-certificates.crt").read_bytes())
    assert held.der in bundle
    assert len(bundle) == 7
    assert LinuxStore(root, DEBIAN).holds(held.stored)
    # OpenSSL finds it in the directory of links, as every program does that reads the system's store
    file = next((root / "usr/local/share/ca-certificates").glob("*.crt"))
    checked = subprocess.run(
        ["openssl", "verify", "-no-CAfile", "-CApath", root / "etc/ssl/certs", file], capture_output=True, check=False
    )
    assert checked.stdout.rstrip().endswith(b"OK"), checked
    again = ask("install", *options, "--yes")
    assert "nothing to do: it is trusted there already" in again.output

    removed = ask("uninstall", *options, "--yes")
    assert removed.exit_code == 0, removed.output
    assert snapshot(root) == before
    assert "nothing to do" in ask("uninstall", *options, "--yes").output


@needs_debian
@needs_chroot
def test_in_a_root_with_its_own_tools_those_are_used(tmp_path: Path, held: Held):
    root = debian_root(tmp_path / "root")
    tools = [
        "sh",
        "sed",
        "find",
        "sort",
        "ln",
        "mktemp",
        "readlink",
        "basename",
        "openssl",
        "wc",
        "rm",
        "chmod",
        "mv",
        "cat",
        "run-parts",
        "test",
        "touch",
    ]
    needed = {DEBIAN_TOOL}
    for tool in tools:
        found = shutil.which(tool)
        assert found is not None
        needed.add(Path(found))
        linked = subprocess.run(["ldd", found], capture_output=True, text=True, check=False).stdout
        needed |= {Path(word) for word in linked.split() if word.startswith("/")}
    for each in needed:
        place = root / str(each).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(each, place)
    if not (root / "bin/sh").exists():
        (root / "bin").mkdir(exist_ok=True)
        shutil.copy(root / str(shutil.which("sh")).lstrip("/"), root / "bin/sh")
    (root / "dev").mkdir()
    (root / "dev/null").touch()
    subprocess.run(["chroot", root, "/usr/sbin/update-ca-certificates"], check=True, capture_output=True)
    before = snapshot(root / "etc") | snapshot(root / "usr/local")
    options = ("--confdir", str(held.directory), "--root", str(root), "--store", "system")
    assert f"run chroot {root} /usr/sbin/update-ca-certificates" in ask("install", *options, "--dry-run").output
    installed = ask("install", *options, "--yes")
    assert installed.exit_code == 0, installed.output
    assert held.der in certificates_in((root / "etc/ssl/certs/ca-certificates.crt").read_bytes())
    link = root / f"etc/ssl/certs/inspector-{held.facts.sha256[:12]}.pem"
    assert str(link.readlink()).startswith("/usr/local/share/ca-certificates/")  # right inside, where it counts
    removed = ask("uninstall", *options, "--yes")
    assert removed.exit_code == 0, removed.output
    assert snapshot(root / "etc") | snapshot(root / "usr/local") == before


@needs_debian
def test_what_was_copied_by_hand_under_another_name_is_found(tmp_path: Path, held: Held):
    root = debian_root(tmp_path / "root")
    store = LinuxStore(root, DEBIAN)
    (root / "usr/local/share/ca-certificates/mitmproxy.crt").write_bytes(held.stored.pem)
    subprocess.run(store._command(()), check=True, capture_output=True)
    assert store.holds(held.stored)
    apply(store.plan_uninstall(held.stored))
    assert store.holds(held.stored) is False
    assert not list((root / "etc/ssl/certs").glob("mitmproxy*"))


@pytest.mark.parametrize(
    ("kind", "command"),
    [(FEDORA, "update-ca-trust extract"), (SUSE, "update-ca-certificates"), (ARCH, "update-ca-trust")],
    ids=["fedora", "suse", "arch"],
)
def test_other_distributions_are_planned_with_their_own_tool(tmp_path: Path, held: Held, kind, command: str):
    (tmp_path / kind.directory).mkdir(parents=True)
    (tmp_path / kind.tool).parent.mkdir(parents=True)
    (tmp_path / kind.tool).touch(mode=0o755)
    assert distribution_of(tmp_path) == kind
    plan = LinuxStore(tmp_path, kind).plan_install(held.stored)
    write, run = plan.steps
    assert isinstance(write, Write)
    assert write.path.parent == tmp_path / kind.directory
    assert isinstance(run, Run)
    assert " ".join(run.argv).endswith(command)


def test_a_failed_step_leaves_nothing_behind(tmp_path: Path):
    plan = Plan("a store", "", (Write(tmp_path / "new.crt", b"x"), Run(("false",), "fails")))
    with pytest.raises(StoreError, match="false failed"):
        apply(plan)
    assert list(tmp_path.iterdir()) == []


# -- NSS -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> NssStore:
    directory = tmp_path / "home/someone/.mozilla/firefox/abc.default"
    directory.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "-d", f"sql:{directory}", "--empty-password"], check=True)
    (store,) = nss_stores([tmp_path / "home/someone"])
    return store


def content(store: NssStore) -> list[list[str]]:
    return [list(sqlite3.connect(store.directory / name).iterdump()) for name in ("cert9.db", "key4.db")]


@needs_certutil
def test_an_nss_database_is_byte_identical_after_uninstall(database: NssStore, held: Held, tmp_path: Path):
    before = snapshot(tmp_path)
    options = ("--confdir", str(held.directory), "--root", str(tmp_path), "--store", "nss")
    shown = ask("install", *options, "--dry-run")
    assert f"certutil -A -d sql:{database.directory}" in shown.output
    assert snapshot(tmp_path) == before
    assert ask("install", *options, "--yes").exit_code == 0
    assert database.holds(held.stored)
    listed = subprocess.run(
        ["certutil", "-L", "-d", f"sql:{database.directory}"], capture_output=True, text=True, check=True
    )
    assert f"{held.stored.label}" in listed.stdout
    assert "C,," in listed.stdout
    assert ask("uninstall", *options, "--yes").exit_code == 0
    assert snapshot(tmp_path) == before


@needs_certutil
def test_what_a_browser_added_meanwhile_is_kept(database: NssStore, held: Held, tmp_path: Path):
    apply(database.plan_install(held.stored))
    other = rotate(tmp_path / "other").stored
    added = ["certutil", "-A", "-d", f"sql:{database.directory}", "-n", "theirs", "-t", "C,,"]
    subprocess.run(added, input=other.pem, check=True)
    apply(database.plan_uninstall(held.stored))
    assert database.holds(held.stored) is False
    assert database.holds(other)
    assert not (database.directory / "inspector-undo").exists()


@needs_certutil
def test_a_certificate_without_trust_does_not_count_and_any_name_is_found(database: NssStore, held: Held):
    empty = content(database)
    added = ["certutil", "-A", "-d", f"sql:{database.directory}", "-n", "by hand", "-t"]
    subprocess.run([*added, ",,"], input=held.stored.pem, check=True)
    assert database.holds(held.stored) is False
    subprocess.run(["certutil", "-D", "-d", f"sql:{database.directory}", "-n", "by hand"], check=True)
    subprocess.run([*added, "C,,"], input=held.stored.pem, check=True)
    assert database.holds(held.stored)
    apply(database.plan_uninstall(held.stored))
    assert content(database) == empty


def test_a_database_that_is_none_is_said_so(tmp_path: Path, held: Held):
    (tmp_path / "cert9.db").write_bytes(b"not a database")
    store = NssStore(tmp_path, "Firefox")
    assert store.holds(held.stored) is None
    with pytest.raises(StoreError, match="not a database"):
        store.plan_uninstall(held.stored)


# -- Java ------------------------------------------------------------------------------------------------------------


def keystore(place: Path, kind: str, certificate: Path) -> Path:
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-alias", "theirs", "-file", certificate, "-keystore", place, "-storepass",
         "changeit", "-storetype", kind], check=True, capture_output=True,
    )  # fmt: skip
    return place


@needs_keytool
def test_a_java_keystore(tmp_path: Path, held: Held):
    other = rotate(tmp_path / "other")
    store = JavaStore(keystore(tmp_path / "cacerts", "JKS", other.certificate_file))
    assert store.holds(other.stored)
    assert store.holds(held.stored) is False
    apply(store.plan_install(held.stored))
    assert store.holds(held.stored)
    apply(store.plan_uninstall(held.stored))
    assert store.holds(held.stored) is False
    assert store.holds(other.stored)


@needs_keytool
def test_a_java_keystore_whose_certificates_are_encrypted_is_read_by_keytool(tmp_path: Path, held: Held):
    store = JavaStore(keystore(tmp_path / "cacerts", "PKCS12", held.certificate_file))
    assert store.holds(held.stored)

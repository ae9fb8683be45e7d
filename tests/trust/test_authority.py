"""The proxy's authority on disk: made, kept private, replaced, exported, used by the real proxy."""

from __future__ import annotations

import os
import re
import ssl
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import pkcs12

from inspector.cli import main
from inspector.learn.lab import Lab
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyError, ProxyOptions
from inspector.trust.authority import (
    AuthorityError,
    Held,
    check_private,
    find,
    idle,
    note_use,
    retired,
    rotate,
)  # fmt: skip
from inspector.trust.guide import filled
from inspector.trust.pem import certificates_in
from inspector.trust.stores.here import unused_warning, warning_at_start
from inspector.trust.stores.system import DEBIAN, LinuxStore
from tests.proxy.conftest import Collected

MONTH = 31 * 86_400


def ask(*arguments: str, **extra: str) -> Result:
    return CliRunner().invoke(main, ["trust", *arguments], **extra)  # type: ignore[arg-type]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    return rotate(tmp_path / "ca", days=30, only_names=["shop.test", "partner.example"])


def test_a_new_one_is_private_short_lived_and_limited(held: Held):
    assert held.directory.stat().st_mode & 0o077 == 0
    assert (held.directory / "mitmproxy-ca.pem").stat().st_mode & 0o777 == 0o600
    assert (held.directory / "mitmproxy-ca.p12").stat().st_mode & 0o777 == 0o600
    assert held.facts.permitted == ("shop.test", "partner.example")
    assert "0.0.0.0/0" in held.facts.excluded
    assert 29 < held.facts.lifetime / 86_400 <= 30
    assert held.facts.path_length == 0
    assert find(held.directory) is not None


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_key_that_others_can_read_is_refused_with_the_fix(held: Held):
    key = held.directory / "mitmproxy-ca.pem"
    key.chmod(0o640)
    with pytest.raises(AuthorityError, match=rf"chmod 600 {key}"):
        check_private(held.directory)
    with (
        pytest.raises(ProxyError, match="others on this machine can read"),
        RunningProxy(ProxyOptions(port=0, confdir=held.directory), Collected()),
    ):
        pass
    shown = ask("status", "--confdir", str(held.directory))
    assert shown.exit_code == 2
    assert shown.stdout == ""
    assert shown.stderr.count("\n") == 1
    key.chmod(0o600)
    check_private(held.directory)


def test_rotate_asks_and_keeps_the_old_certificate_but_not_its_key(held: Held):
    options = ("--confdir", str(held.directory))
    declined = ask("rotate", *options, input="n\n")
    assert declined.exit_code == 2
    assert find(held.directory).der == held.der  # type: ignore[union-attr]
    made = ask("rotate", *options, "--yes", "--days", "7", "--only-names", "example.test,10.0.0.0/8")
    assert made.exit_code == 0, made.output
    new = find(held.directory)
    assert new is not None
    assert new.der != held.der
    assert new.facts.permitted == ("example.test", "10.0.0.0/8")
    assert [old.der for old in retired(held.directory)] == [held.der]
    kept = [file for file in held.directory.rglob("*") if file.is_file() and b"PRIVATE KEY" in file.read_bytes()]
    assert kept == [held.directory / "mitmproxy-ca.pem"]
    bad = ask("rotate", *options, "--yes", "--only-names", "not a name")
    assert bad.exit_code == 2
    assert "not a name" in bad.stderr


@pytest.mark.parametrize("form", ["pem", "der", "p12"])
def test_what_is_exported_never_holds_the_key(held: Held, tmp_path: Path, form: str):
    target = tmp_path / "out"
    assert ask("export", "--confdir", str(held.directory), "--format", form, "--output", str(target)).exit_code == 0
    content = target.read_bytes()
    assert b"PRIVATE KEY" not in content
    if form == "p12":
        key, certificate, others = pkcs12.load_key_and_certificates(content, None)
        assert key is None
        assert certificate is not None or others
    else:
        assert certificates_in(content) == [held.der]


def test_disuse_is_told_only_where_the_system_trusts_it(held: Held, tmp_path: Path):
    root = tmp_path / "root"
    (root / "etc/ssl/certs").mkdir(parents=True)
    (root / "usr/share/ca-certificates").mkdir(parents=True)
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(held.stored.pem)
    assert warning_at_start(held.directory, root) is None  # just made
    note_use(held.directory)
    month_ago = time.time() - MONTH
    os.utime(held.directory / "inspector-last-used", (month_ago, month_ago))
    told = warning_at_start(held.directory, root)
    assert told is not None
    assert "31 days" in told
    shown = ask("status", "--confdir", str(held.directory), "--root", str(root))
    assert "31 days" in shown.output
    assert "✓ trusted" in shown.output
    bundle.write_bytes(b"")
    assert warning_at_start(held.directory, root) is None
    stale = find(held.directory)
    assert stale is not None
    assert idle(stale) is not None
    assert unused_warning(stale, []) is None
    bundle.write_bytes(held.stored.pem)
    note_use(held.directory)
    assert warning_at_start(held.directory, root) is None
    assert LinuxStore(root, DEBIAN).holds(held.stored)


def test_the_real_proxy_runs_on_it_and_its_limits_hold(held: Held, lab: Lab):
    options = ProxyOptions(
        port=0, confdir=held.directory, upstream_ca=lab.ca.certificate_path, resolve=lab.host_rules, only_loopback=True
    )
    with RunningProxy(options, Collected()) as proxy:
        trust = ssl.create_default_context(cafile=held.certificate_file)
        with httpx.Client(proxy=proxy.url, verify=trust, trust_env=False) as client:
            assert client.get(f"{lab.origins.shop}/").status_code == 200
        with (
            httpx.Client(proxy=proxy.url, verify=trust, trust_env=False) as client,
            pytest.raises(httpx.ConnectError, match="subtree"),
        ):
            client.get(lab.origins.shop.replace("shop.test", "localhost") + "/")
        shop = lab.origins.shop.removeprefix("https://")
        good = ask("verify", shop, "--confdir", str(held.directory), "--proxy", proxy.url)
        assert good.exit_code == 0, good.output
        assert "✓ accepted" in good.output
        bad = ask(
            "verify", shop.replace("shop.test", "localhost"), "--confdir", str(held.directory), "--proxy", proxy.url
        )
        assert bad.exit_code == 1, bad.output
        assert "Its authority may not speak for this name" in bad.output
    assert (find(held.directory) or held).last_used is not None
    nobody = ask("verify", shop, "--confdir", str(held.directory), "--proxy", proxy.url)
    assert nobody.exit_code == 2
    assert "cannot connect to the proxy" in nobody.stderr


def test_every_guide_can_be_read(held: Held):
    listed = ask("guide", "--confdir", str(held.directory)).output
    for name in ["windows", "macos", "linux", "ios", "android", "firefox", "java", "node", "python", "docker"]:
        assert name in listed
        shown = ask("guide", name, "--confdir", str(held.directory))
        assert shown.exit_code == 0
        assert "Undo it" in shown.output
        assert "CERT " not in shown.output
        assert not re.search(r"\w/\S*mitmproxy-ca-cert\.pem\w", shown.output), "no path inside a word"
    assert ask("guide", "amiga").exit_code == 2


def test_a_guides_variables_keep_their_names():
    path = "/home/ada/my files/ca.pem"
    assert filled("$ SSL_CERT_FILE=BUNDLE x", path) == "$ SSL_CERT_FILE=BUNDLE x"
    assert filled("$ NODE_EXTRA_CA_CERTS=CERT node x.js", path) == f'$ NODE_EXTRA_CA_CERTS="{path}" node x.js'
    assert filled("Import: CERT", path) == f"Import: {path}"

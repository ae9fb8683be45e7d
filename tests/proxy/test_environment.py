"""The variables for programs, and the files they name."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.proxy.environment import for_shell, prepare, shell_of, system_bundle
from inspector.trust.ca import Authority

URL = "http://127.0.0.1:8080"


@pytest.fixture
def own(tmp_path: Path, authority: Authority) -> Path:
    file = tmp_path / "own.pem"
    file.write_bytes(authority.certificate_pem)
    return file


def count(file: str) -> int:
    return Path(file).read_text().count("BEGIN CERTIFICATE")


def test_both_cases_and_nobody_left_out(own: Path, tmp_path: Path) -> None:
    made = prepare(URL, own, tmp_path, {}).variables
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        assert made[name] == made[name.lower()] == URL
    assert made["NO_PROXY"] == made["no_proxy"] == ""


def test_bundles_add_to_the_systems(own: Path, tmp_path: Path) -> None:
    made = prepare(URL, own, tmp_path, {}).variables
    bundle = made["SSL_CERT_FILE"]
    assert count(bundle) == system_bundle().count("BEGIN CERTIFICATE") + 1
    assert made["REQUESTS_CA_BUNDLE"] == made["CURL_CA_BUNDLE"] == made["GIT_SSL_CAINFO"] == bundle
    assert count(made["NODE_EXTRA_CA_CERTS"]) == 1, "this one comes on top by itself"
    ssl.create_default_context(cafile=bundle)


def test_what_was_set_before_is_kept(own: Path, tmp_path: Path, authority: Authority) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(Authority.create_root("company").certificate_pem)
    before = {
        "REQUESTS_CA_BUNDLE": str(company),
        "NODE_EXTRA_CA_CERTS": str(company),
        "SSL_CERT_FILE": "/no/such/file",
        "NODE_OPTIONS": "--max-old-space-size=99",
        "JAVA_TOOL_OPTIONS": "-Xmx9m",
        "https_proxy": "http://corp.test:3128",
    }
    made = prepare(URL, own, tmp_path, before)
    assert made.replaced == ("http://corp.test:3128",)
    assert company.read_text() in Path(made.variables["SSL_CERT_FILE"]).read_text()
    assert count(made.variables["NODE_EXTRA_CA_CERTS"]) == 2
    assert made.variables["NODE_OPTIONS"].startswith("--max-old-space-size=99 --require ")
    assert made.variables["JAVA_TOOL_OPTIONS"].startswith("-Xmx9m -D")


def test_directories_with_odd_names(own: Path, tmp_path: Path) -> None:
    odd = tmp_path / """a b'"c"""
    odd.mkdir()
    made = prepare(URL, own, odd, {}).variables
    printed = subprocess.run(
        ["sh", "-c", f'{for_shell(made, "sh")}\nprintf %s "$SSL_CERT_FILE"'], capture_output=True, text=True
    )
    assert printed.stdout == made["SSL_CERT_FILE"]
    if shutil.which("node"):
        done = subprocess.run(
            ["node", "-e", "console.log(1)"], env={**made, "PATH": "/usr/bin:/bin"}, capture_output=True
        )
        assert done.stdout == b"1\n", done.stderr


def test_shells() -> None:
    variables = {"A": "it's \\ $x"}
    assert for_shell(variables, "sh") == "export A='it'\"'\"'s \\ $x'\n"
    assert for_shell(variables, "fish") == "set -gx A 'it\\'s \\\\ $x'\n"
    assert for_shell(variables, "powershell") == "$env:A = 'it''s \\ $x'\n"
    assert [shell_of(p) for p in ("/usr/bin/fish", "/bin/zsh", None, r"C:\pwsh.exe")] == [
        "fish",
        "sh",
        "sh",
        "powershell",
    ]


def test_print_env_needs_no_running_proxy(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inspector", "proxy", "--confdir", str(tmp_path / "ca"), "--print-env", "sh"]
    done = subprocess.run([*command, "--port", "8181"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "export HTTPS_PROXY=http://127.0.0.1:8181\n" in done.stdout
    checked = subprocess.run(
        ["sh", "-c", f'{done.stdout}\ntest -s "$SSL_CERT_FILE" && test -s "$NODE_EXTRA_CA_CERTS"'], check=False
    )
    assert checked.returncode == 0
    unknown = subprocess.run([*command, "--port", "0"], capture_output=True, text=True)
    assert unknown.returncode == 2
    assert "--port" in unknown.stderr

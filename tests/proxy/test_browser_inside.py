"""``inspector proxy --browser``: real browsers, headless, with nothing prepared on the machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspector.learn.lab import Lab
from inspector.proxy.browser import KINDS, Browser, Profile, find
from inspector.proxy.options import Listening, ProxyError
from tests.conftest import needs_chromium

needs_firefox = pytest.mark.skipif(
    shutil.which("firefox") is None or shutil.which("certutil") is None, reason="no firefox, or no certutil of NSS"
)


@contextmanager
def browsing(
    name: str, lab: Lab, confdir: Path, tmp_path: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`inspector proxy --browser NAME` with a home and a temporary directory of its own."""
    home = tmp_path / "home"
    home.mkdir()
    temporary = Path(tempfile.mkdtemp())  # Chromium puts a socket there, whose path must be short
    command = [sys.executable, "-m", "inspector", "proxy", "--browser", name, "--confdir", str(confdir)]
    command += ["--upstream-ca", str(lab.ca.certificate_path), "--save", str(tmp_path / "x.har"), "--color", "never"]
    for host, address in lab.host_rules.items():
        command += ["--resolve", f"{host}:{address}"]
    with subprocess.Popen(
        [*command, "--", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(temporary)},
    ) as process:
        try:
            yield process, temporary
        finally:
            if process.poll() is None:
                process.kill()
            shutil.rmtree(temporary)


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    assert process.stderr is not None
    raise AssertionError(f"it ended without {text!r}:\n{said}\n{process.stderr.read()}")


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def stores(home: Path) -> list[Path]:
    """Certificate databases below a home directory that have heard of the proxy's authority."""
    return [file for file in home.rglob("*.db") if b"mitmproxy" in file.read_bytes()]


@pytest.mark.browser
@needs_chromium
def test_chromium_is_inside_and_trusts(lab: Lab, confdir: Path, tmp_path: Path) -> None:
    with browsing("chromium", lab, confdir, tmp_path, "--headless=new", f"{lab.origins.shop}/") as (process, temporary):
        said = wait_for(
            process, "/calls.json"
        )  # the page's own calls run: it was loaded, not a warning about certificates
        browser = children(process.pid)
        assert [each.name for each in temporary.glob("inspector-browser-*")]
        os.kill(browser[0], signal.SIGKILL)
        out, err = process.communicate(timeout=30)
    said += out
    assert process.returncode == 0, err
    assert "with Chromium inside" in said
    assert "tls/client-distrusts" not in said
    assert list(temporary.glob("inspector-*")) == [], "the profile is gone, although the browser was killed"
    assert stores(tmp_path / "home") == []
    entries = json.loads((tmp_path / "x.har").read_bytes())["log"]["entries"]
    home = next(e for e in entries if e["request"]["url"] == f"{lab.origins.shop}/")
    assert home["response"]["status"] == 200
    assert any(e["_resourceType"] == "script" for e in entries if "_resourceType" in e)
    own = [e["request"]["url"] for e in entries if "google" in e["request"]["url"]]
    assert own == [], "the browser asks nothing of its own accord"


@pytest.mark.browser
@needs_firefox
def test_firefox_is_inside_and_trusts(lab: Lab, confdir: Path, tmp_path: Path) -> None:
    with browsing("firefox", lab, confdir, tmp_path, "--headless", f"{lab.origins.shop}/") as (process, temporary):
        said = wait_for(process, "/calls.json")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    said += out
    assert process.returncode == 0, err
    assert "tls/client-distrusts" not in said
    assert list(temporary.glob("inspector-*")) == []
    assert stores(tmp_path / "home") == []


def test_what_is_found_is_named(tmp_path: Path) -> None:
    program = tmp_path / "firefox"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find("firefox", str(tmp_path)).program == str(program)
    assert find("any", str(tmp_path)).kind.name == "firefox"
    with pytest.raises(ProxyError, match="edge was not found on this machine; found here: firefox"):
        find("edge", str(tmp_path))
    with pytest.raises(ProxyError, match="no browser was found on this machine"):
        find("any", str(tmp_path / "empty"))


def test_what_is_given_comes_last_and_wins(lab: Lab) -> None:
    browser = Browser(KINDS[0], "chromium")
    listening = Listening("127.0.0.1", 8080, lab.ca.certificate_path)
    with Profile(browser, listening, ["--lang=fr"]) as profile:
        directory = profile.directory
        assert directory.stat().st_mode & 0o777 == 0o700
        assert profile.command[-2:] == ["--lang=fr", "about:blank"]
        assert "--proxy-bypass-list=<-loopback>" in profile.command
        assert not any(argument == "--ignore-certificate-errors" for argument in profile.command), (
            "no HTTP cache with it"
        )
    assert not directory.exists()
    with Profile(browser, listening, ["https://shop.test/"]) as profile:
        assert profile.command[-1] == "https://shop.test/"


def test_a_browser_that_gives_up_is_told(confdir: Path, tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho 'cannot open display' >&2\nexit 1\n")
    program.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "proxy", "--browser", "chromium", "--confdir", str(confdir)],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PATH": f"{tmp_path}:/bin:/usr/bin"},
    )
    assert done.returncode == 0
    assert "Chromium ended with status 1: cannot open display" in done.stdout

"""Commands inside the proxy, as a person runs them: real programs, verification on, against a server on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.proxy.environment import prepare
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyOptions
from inspector.trust.ca import Authority
from tests.proxy.conftest import Collected, server_context
from tests.proxy.origin import Handler, Origin

PYTHON = "import urllib.request; print(urllib.request.urlopen('{url}').read().decode())"
FETCH = "fetch('{url}').then(r => r.text()).then(t => console.log(t))"
HTTPS = "require('https').get('{url}', r => r.pipe(process.stdout))"
HTTP = "require('http').get('{plain}', r => r.pipe(process.stdout))"
JAVA = """
public class Get {
    public static void main(String[] given) throws Exception {
        System.out.println(new String(new java.net.URL(given[0]).openStream().readAllBytes()));
    }
}
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inside")


@pytest.fixture(scope="module")
def repository(directory: Path) -> Path:
    """A bare git repository, ready for plain file transfer."""
    work = directory / "work"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b"}
    environment |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    for command in (
        ["git", "init", "-q", "-b", "main", str(work)],
        ["git", "-C", str(work), "commit", "-q", "--allow-empty", "-m", "x"],
        ["git", "-C", str(work), "update-server-info"],
    ):
        subprocess.run(command, check=True, env=environment)
    return work / ".git"


@pytest.fixture(scope="module")
def origin(authority: Authority, directory: Path, repository: Path) -> Iterator[Origin]:
    files = {f"/git/{file.relative_to(repository)}": file for file in repository.rglob("*") if file.is_file()}

    def serve(file: Path):  # type: ignore[no-untyped-def]
        return lambda handler: handler.reply(200, file.read_bytes())

    def said(handler: Handler) -> None:
        handler.reply(200, b"said over tls")

    answers = {path: serve(file) for path, file in files.items()}
    answers["/tls/"] = said
    with Origin(answers, server_context(authority, directory, "shop.test", "localhost")) as running:
        yield running


@pytest.fixture(scope="module")
def plain() -> Iterator[Origin]:
    with Origin({"/plain": lambda handler: handler.reply(200, b"said over plain")}) as running:
        yield running


@pytest.fixture(scope="module")
def sink() -> Collected:
    return Collected()


@pytest.fixture(scope="module")
def proxy(confdir: Path, authority: Authority, directory: Path, sink: Collected) -> Iterator[RunningProxy]:
    root = directory / "root.pem"
    root.write_bytes(authority.certificate_pem)
    names = {"shop.test": "127.0.0.1"}
    options = ProxyOptions(port=0, confdir=confdir, upstream_ca=root, resolve=names, only_loopback=True)
    with RunningProxy(options, sink) as running:
        yield running


def inside(proxy: RunningProxy, tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the environment that `inspector proxy -- COMMAND` gives it."""
    made = prepare(proxy.url, proxy.ca_certificate, tmp_path, {**os.environ, **variables}).variables
    environment = {**os.environ, **variables, **made}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def run(confdir: Path, tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``inspector proxy``."""
    (tmp_path / "tmp").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "inspector", "proxy", "--confdir", str(confdir), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), **variables},
    )


def program(name: str, *arguments: str) -> object:
    missing = shutil.which(name) is None
    return pytest.param((name, *arguments), marks=pytest.mark.skipif(missing, reason=f"no {name} here"), id=name)


@pytest.mark.parametrize(
    "command",
    [
        program("curl", "-sS", "{url}"),
        program("wget", "-qO-", "{url}"),
        pytest.param((sys.executable, "-c", PYTHON), id="python"),
        pytest.param((sys.executable, "-c", "import httpx; print(httpx.get('{url}').text)"), id="httpx"),
        program("node", "-e", FETCH),
        program("node", "-e", HTTPS),
    ],
)
def test_programs_come_through_and_verify(
    proxy: RunningProxy, sink: Collected, origin: Origin, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = f"{origin.url('/tls', 'shop.test')}/{tmp_path.name}"
    done = inside(proxy, tmp_path, *(part.replace("{url}", url) for part in command))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "said over tls"
    assert done.stderr == ""
    assert sink.wait(lambda c: url in [exchange.request.url for exchange in c.exchanges])


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_git(proxy: RunningProxy, sink: Collected, origin: Origin, tmp_path: Path) -> None:
    done = inside(proxy, tmp_path, "git", "ls-remote", origin.url("/git", "shop.test"))
    assert done.returncode == 0, done.stderr
    assert "refs/heads/main" in done.stdout
    assert any("/git/info/refs" in exchange.request.url for exchange in sink.exchanges)


@pytest.mark.skipif(shutil.which("java") is None, reason="no java here")
def test_java(proxy: RunningProxy, sink: Collected, origin: Origin, tmp_path: Path) -> None:
    source = tmp_path / "Get.java"
    source.write_text(JAVA)
    url = origin.url("/tls/java", "shop.test")
    done = inside(proxy, tmp_path, "java", str(source), url)
    assert done.stdout.strip() == "said over tls", done.stderr
    assert url in [exchange.request.url for exchange in sink.exchanges]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_servers_of_this_machine_are_not_left_out(
    proxy: RunningProxy, sink: Collected, plain: Origin, tmp_path: Path
) -> None:
    url = plain.url("/plain", "localhost")
    done = inside(proxy, tmp_path, "node", "-e", HTTP.replace("{plain}", url), NO_PROXY="localhost")
    assert (done.returncode, done.stdout) == (0, "said over plain"), done.stderr
    assert url in [exchange.request.url for exchange in sink.exchanges]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
@pytest.mark.parametrize("script", [FETCH, HTTPS])
def test_node_still_checks_certificates(
    proxy: RunningProxy, origin: Origin, tmp_path: Path, authority: Authority, script: str
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority.create_root("somebody else").certificate_pem)
    made = prepare(proxy.url, other, tmp_path, os.environ).variables
    command = ["node", "-e", script.replace("{url}", origin.url("/tls", "shop.test"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **made})
    assert done.returncode != 0
    assert "certificate" in done.stderr


def test_the_whole_way(confdir: Path, authority: Authority, origin: Origin, directory: Path, tmp_path: Path) -> None:
    """The command line itself: output apart, the log where it was asked for, nothing left behind."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate_pem)
    fetch = [sys.executable, "-c", PYTHON.replace("{url}", origin.url("/tls", "shop.test"))]
    given = ["--upstream-ca", str(root), "--resolve", "shop.test:127.0.0.1", "--color", "never"]
    done = run(confdir, tmp_path, *given, "--", *fetch, HTTPS_PROXY="http://me:sesame@corp.test:3128")
    assert (done.returncode, done.stdout.strip()) == (0, "said over tls"), done.stderr
    assert "#0 GET https://shop.test" in done.stderr
    assert "http://corp.test:3128" in done.stderr, "a proxy that was set before is told"
    assert "sesame" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing is left behind"
    log = tmp_path / "said.txt"
    done = run(confdir, tmp_path, *given, "--log", str(log), "--", *fetch)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "said over tls", "")
    assert "#0 GET https://shop.test" in log.read_text()


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("sh", "-c", "kill -TERM $$"), 128 + signal.SIGTERM),
        (("no-such-command",), 127),
        (("/etc/passwd",), 126),
    ],
)
def test_the_exit_status_is_the_commands(confdir: Path, tmp_path: Path, command: tuple[str, ...], status: int) -> None:
    done = run(confdir, tmp_path, "--quiet", "--", *command)
    assert done.returncode == status
    assert done.stdout == ""
    assert list((tmp_path / "tmp").iterdir()) == []
    if status in (126, 127):
        assert done.stderr.startswith(f"inspector: {command[0]}: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(confdir: Path, tmp_path: Path, number: signal.Signals) -> None:
    script = "import signal, sys, time\n" + "".join(
        f"signal.signal(signal.{n}, lambda *_: (print('{n}', flush=True), sys.exit(7)))\n"
        for n in ("SIGINT", "SIGTERM", "SIGUSR1")
    )
    script += "print('ready', flush=True)\nsignal.pause()"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "inspector",
            "proxy",
            "-q",
            "--confdir",
            str(confdir),
            "--",
            sys.executable,
            "-c",
            script,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=20)
    assert out == f"{number.name}\n"
    assert process.returncode == 7, err

"""``inspector proxy`` as a person runs it: a process of its own, signals, closed pipes."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from inspector.learn.lab import Lab
from tests.proxy.conftest import Collected  # noqa: F401  (its module's fixtures are used here)
from tests.proxy.origin import Handler, Origin


def command(confdir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "inspector", "proxy", "--confdir", str(confdir), *arguments]


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.head = process.stdout.readline()
        self.url = "http://" + self.head.split(" on ")[1].split(". ")[0]

    def line_with(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if text in line:
                return line
        raise AssertionError(f"the output ended without {text!r}: {self.process.stderr and self.process.stderr.read()}")


@contextmanager
def running(confdir: Path, *arguments: str) -> Iterator[Running]:
    with subprocess.Popen(
        command(confdir, "-p", "0", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_with_a_connection_open(confdir: Path, times: int, number: signal.Signals) -> None:
    def endless(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        handler.rfile.read(1)  # until the proxy hangs up

    with (
        Origin({"/events": endless, "/": lambda handler: handler.reply(200, b"x")}) as origin,
        running(confdir) as proxy,
        httpx.Client(proxy=proxy.url, trust_env=False) as http,
    ):
        assert http.get(origin.url()).status_code == 200
        with http.stream("GET", origin.url("/events")) as stream:
            next(stream.iter_raw())
            for _ in range(times):
                os.kill(proxy.process.pid, number)
            out, err = proxy.process.communicate(timeout=20)
    assert proxy.process.returncode == 0
    assert err == ""
    assert "event stream opened" in out
    assert "/events" in out.partition("event stream opened")[2], "what was still open is told at the end"
    assert "2 exchanges" in out


def test_the_header_says_what_to_do_next(confdir: Path) -> None:
    with running(confdir) as proxy:
        os.kill(proxy.process.pid, signal.SIGINT)
        assert proxy.process.stdout is not None
        told = proxy.head + proxy.process.stdout.read()
    assert "listening on 127.0.0.1:" in told
    assert "http://mitm.it" in told
    assert "Ctrl-C" in told
    assert f"curl -x {proxy.url} --cacert {confdir}/mitmproxy-ca-cert.pem" in told
    assert "0 exchanges" in told


def test_exchanges_appear_as_they_end(confdir: Path, lab: Lab) -> None:
    with (
        Origin({"/": lambda handler: handler.reply(200, b"x")}) as origin,
        running(confdir, "--color", "never") as proxy,
        httpx.Client(proxy=proxy.url, trust_env=False) as http,
    ):
        http.get(origin.url("/?token=sesame12"))
        line = proxy.line_with("GET")
        assert "200" in line
        assert "sesame12" not in line, "secrets are masked"
        with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2]))) as raw:
            raw.sendall(b"GET http://127.0.0.1:%d/\x1b]0;title\x07 HTTP/1.1\r\nHost: x\r\n\r\n" % origin.port)
            assert b" 404 " in raw.recv(4096)
        line = proxy.line_with("404")
        assert "\x1b" not in line
        assert "title" in line


def test_a_client_that_does_not_trust_it_is_explained(confdir: Path, lab: Lab) -> None:
    port = lab.origins.local.rpartition(":")[2]
    with running(confdir, "-q") as proxy:
        with socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 60) as client:
            client.sendall(b"CONNECT localhost:%b HTTP/1.1\r\n\r\n" % port.encode())
            assert b" 200 " in client.recv(4096)
            context = ssl.create_default_context()
            tls = context.wrap_socket(client, server_hostname="localhost", do_handshake_on_connect=False)
            with tls:
                with pytest.raises(ssl.SSLCertVerificationError):
                    tls.do_handshake()
                tls.shutdown(socket.SHUT_WR)  # hanging up at once could overtake the alert that tells the reason
                while tls.recv(4096):
                    pass
        assert "CONNECT" in proxy.line_with("localhost")
        assert "does not trust the proxy's authority" in proxy.line_with("✗ error")


def test_mitm_it_is_served_and_not_explained(confdir: Path) -> None:
    with running(confdir) as proxy:
        with httpx.Client(proxy=proxy.url, trust_env=False) as http:
            page = http.get("http://mitm.it/")
            assert page.status_code == 200
            assert "certificate" in page.text.lower()
        os.kill(proxy.process.pid, signal.SIGINT)
        out, _ = proxy.process.communicate(timeout=20)
    assert "0 exchanges" in out


def test_nobody_reads_the_output_any_more(confdir: Path) -> None:
    with Origin({"/": lambda handler: handler.reply(200, b"x")}) as origin, running(confdir) as proxy:
        assert proxy.process.stdout is not None
        while proxy.process.stdout.readline().strip():
            pass  # to the end of the header
        proxy.process.stdout.close()
        with httpx.Client(proxy=proxy.url, trust_env=False) as http:
            assert http.get(origin.url()).status_code == 200
        assert proxy.process.wait(timeout=20) == 0
        assert proxy.process.stderr is not None
        assert proxy.process.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "PORT"], "in use"),
        (["-p", "0", "--save", "x.txt"], ".har"),
        (["-p", "0", "--save", "/no/such/place/x.har"], "cannot write"),
        (["-p", "0", "--upstream-ca", "/no/such.pem"], "cannot read"),
        (["-p", "0", "--listen-host", "203.0.113.9"], "not an address of this machine"),
        (["-p", "0", "--only", "nonsense"], "no topic"),
        (["-p", "70000"], "70000"),
    ],
)
def test_what_cannot_start_says_so_in_one_line(confdir: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [port if argument == "PORT" else argument for argument in arguments]
        done = subprocess.run(command(confdir, *given), capture_output=True, text=True, timeout=30, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("inspector: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_load_mitmproxy() -> None:
    code = "import sys\nfrom inspector.cli import main\ntry:\n main(['proxy', '--help'])\nexcept SystemExit: pass\nassert 'mitmproxy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30).returncode == 0

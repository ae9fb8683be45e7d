"""mitmproxy's own console and mitmweb, with the findings in them: started as a person starts them."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from inspector.proxy.options import ProxyError, ProxyOptions
from tests.proxy.origin import Handler, Origin

pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
fcntl = pytest.importorskip("fcntl", reason="no terminals to size here")
termios = pytest.importorskip("termios", reason="no terminals to size here")


def leaky(handler: Handler) -> None:
    handler.reply(200, b"hello", ("Access-Control-Allow-Origin", "*, null"), ("Content-Type", "text/plain"))


def command(confdir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "inspector", "proxy", "--confdir", str(confdir), *arguments]


class Screen:
    """A terminal that a program runs in."""

    def __init__(self, arguments: list[str]) -> None:
        self._own, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.process = subprocess.Popen(
            arguments, stdin=other, stdout=other, stderr=other, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}
        )
        os.close(other)
        self.text = ""

    def wait_for(self, text: str, seconds: float = 40) -> None:
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} did not appear in:\n{self.text[-3000:]}"
            assert self.process.poll() is None, self.text
            if select.select([self._own], [], [], 0.2)[0]:
                self.text += os.read(self._own, 65536).decode("utf-8", "replace")

    def press(self, keys: str) -> None:
        os.write(self._own, keys.encode())


def test_the_console(confdir: Path) -> None:
    with Origin({"/": leaky}) as origin:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        screen = Screen(command(confdir, "--ui", "console", "-p", str(port)))
        try:
            screen.wait_for(str(port))
            with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False) as http:
                http.get(origin.url(), headers={"Origin": "https://shop.test"})
            screen.wait_for(f":{origin.port}")
            screen.press("\r")  # into the flow
            screen.press("\t\t")  # to its details
            screen.wait_for("inspector:")
            screen.press("qq")
            screen.press("y")
            screen.process.wait(20)
        finally:
            screen.process.kill()
            screen.process.wait()


def test_mitmweb(confdir: Path, tmp_path: Path) -> None:
    saved = tmp_path / "x.mitm"
    arguments = ["--ui", "web", "-p", "0", "--set", "web_port=0", "--set", "web_open_browser=false"]
    with (
        Origin({"/": leaky}) as origin,
        subprocess.Popen(
            command(confdir, *arguments, "--save", str(saved)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = ""
            while not (re.search(r"listening at (\S*?):(\d+)\.", said) and "/?token=" in said):
                line = process.stdout.readline()
                assert line, said
                said += line
            port = re.search(r"listening at \S*?:(\d+)\.", said)
            assert port is not None
            with httpx.Client(proxy=f"http://127.0.0.1:{port[1]}", trust_env=False) as http:
                http.get(origin.url(), headers={"Origin": "https://shop.test"})
            os.kill(process.pid, signal.SIGTERM)
            process.wait(20)
        finally:
            process.kill()
    from mitmproxy.io import FlowReader

    with saved.open("rb") as file:
        flow = next(iter(FlowReader(file).stream()))
    assert flow.comment.startswith("inspector: ")
    assert flow.marked
    assert json.dumps(flow.metadata["inspector"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ui", "console"], "terminal"),
        (["--ui", "web", "--", "true"], "share one terminal"),
        (["--ui", "web", "--save", "x.har"], ".mitm"),
        (["--ui", "web", "--set", "emudhra_key=x"], "not passed on"),
    ],
)
def test_what_is_not_possible_says_so(confdir: Path, arguments: list[str], said: str) -> None:
    done = subprocess.run(
        command(confdir, *arguments), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_options_are_handed_on(tmp_path: Path) -> None:
    from inspector.proxy.ui import interface_arguments

    options = ProxyOptions(
        port=0,
        confdir=tmp_path,
        modes=("regular", "socks5@0"),
        ignore_hosts=("a", "b"),
        settings=("http2=false",),
        insecure=True,
    )
    made = interface_arguments(options)
    for expected in (
        "mode=regular",
        "mode=socks5@0",
        "ignore_hosts=b",
        "ssl_insecure=true",
        "listen_port=0",
        "http2=false",
    ):
        assert expected in made
    with pytest.raises(ProxyError, match="is not a mode"):
        interface_arguments(ProxyOptions(modes=("nonsense",)))


def test_requests_under_way_are_drawn_on_a_terminal(confdir: Path) -> None:
    go_on = threading.Event()

    def slow(handler: Handler) -> None:
        go_on.wait(30)
        handler.reply(200, b"x")

    with Origin({"/slow": slow}) as origin:
        screen = Screen(command(confdir, "-p", "0", "--color", "always"))
        try:
            screen.wait_for("Press Ctrl-C")
            port = re.search(r"on \S*?127\.0\.0\.1:(\d+)", screen.text)
            assert port is not None
            asking = threading.Thread(
                target=lambda: httpx.get(
                    origin.url("/slow"), proxy=f"http://127.0.0.1:{port[1]}", trust_env=False, timeout=30
                )
            )
            asking.start()
            screen.wait_for("1 request under way")
            assert "200" not in screen.text
            go_on.set()
            screen.wait_for("200 Made")
            asking.join()
            os.kill(screen.process.pid, signal.SIGINT)
            screen.wait_for("1 exchange")
        finally:
            go_on.set()
            screen.process.kill()
            screen.process.wait()

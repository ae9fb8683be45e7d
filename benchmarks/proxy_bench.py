"""Requests a second through `inspector proxy`, which explains every exchange, and through plain `mitmdump -q`.

    python -m benchmarks.proxy_bench [--bursts 8] [--seconds 2] [--connections 8] [--fields typical]

All proxies run at the same time in processes of their own and are loaded in turn, in short bursts, by `wrk`; a round
begins with a different one each time. What is compared is one round's results with each other, so that a machine that
is slow for a minute is slow for all of them; the median of the ratios is what counts, and the spread is shown beside
it. The origin is a loop that writes octets made beforehand; it is measured too, to show that it is not the bottleneck.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

BODY = b"hello, world"
PLAIN = (("Content-Type", "text/plain"),)
TYPICAL = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "public, max-age=600, stale-while-revalidate=60"),
    ("ETag", '"5f3c-11"'),
    ("Last-Modified", "Tue, 03 Mar 2026 10:00:00 GMT"),
    ("Vary", "Accept-Encoding"),
    ("Date", "Tue, 03 Mar 2026 11:00:00 GMT"),
    ("Server", "example"),
    ("Set-Cookie", "sid=k3j5h2k3j4h5; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("Access-Control-Allow-Origin", "https://shop.test"),
    ("Content-Security-Policy", "default-src 'self'; script-src 'self' 'unsafe-inline'"),
)
REQUEST = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Origin", "https://shop.test"),
    ("Referer", "https://shop.test/"),
    ("Sec-Fetch-Dest", "empty"),
    ("Sec-Fetch-Mode", "cors"),
    ("Sec-Fetch-Site", "cross-site"),
    ("Cookie", "sid=k3j5h2k3j4h5; theme=dark"),
)
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_BAD = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")


class _Origin(asyncio.Protocol):
    """Answers every request (they have no content) with the same octets."""

    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.tail = b""

    def data_received(self, data: bytes) -> None:
        data = self.tail + data
        *requests, self.tail = data.split(b"\r\n\r\n")
        self.transport.write(self.answer * len(requests))


def _serve(ready: Connection, fields: tuple[tuple[str, str], ...]) -> None:
    async def main() -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        _Origin.answer = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
        server = await asyncio.get_running_loop().create_server(_Origin, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def origin(fields: tuple[tuple[str, str], ...]) -> Iterator[int]:
    """A port that answers, in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(there, fields), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


@contextmanager
def proxy(command: list[str]) -> Iterator[int]:
    """A proxy's port, read from the line it prints; the rest of its output is read and dropped."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            found = re.search(r"listening (?:at|on) \S*?:(\d+)", line)
            if found:
                break
        else:
            raise SystemExit(f"{command[0]} did not start")
        drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()
        drain.wait()
        process.stdout.close()


def burst(
    url: str, through: int | None, seconds: float, connections: int, fields: tuple[tuple[str, str], ...]
) -> float:
    """Requests a second. Through a proxy, wrk is given the proxy's address and a script that asks for the whole URL."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'wrk.path = "{url if through else "/"}"\n')
        script.write(f'wrk.headers["Host"] = "{url.split("/")[2]}"\n')
        script.writelines(f'wrk.headers["{name}"] = "{value}"\n' for name, value in fields)
        script.flush()
        target = f"http://127.0.0.1:{through}/" if through else url
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", script.name, target],
            capture_output=True,
            text=True,
            check=True,
        )
    if _BAD.search(done.stdout):
        raise SystemExit(f"not every request was answered:\n{done.stdout}")
    rate = _RATE.search(done.stdout)
    assert rate, done.stdout
    return float(rate[1])


def main() -> None:
    """Run it and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bursts", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--fields", choices=["plain", "typical"], default="typical")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: https://github.com/wg/wrk")
    sent, received = (REQUEST, TYPICAL) if given.fields == "typical" else ((), PLAIN)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        confdir = str(Path(directory) / "ca")
        own = [sys.executable, "-u", "-m", "inspector", "proxy", "-p", "0", "--confdir", confdir]
        commands = {
            "inspector proxy": own,
            "inspector proxy, plain dispatch": [*own, "--plain-dispatch"],
            "inspector proxy, explaining nothing": [*own, "--host", "nobody.test"],
            "mitmdump -q": [
                sys.executable, "-u", "-c", _MITMDUMP, "-p", "0", "--listen-host", "127.0.0.1", "--set",
                f"confdir={confdir}", "--set", "flow_detail=0",
            ],
        }  # fmt: skip
        url = f"http://127.0.0.1:{stack.enter_context(origin(received))}/"
        ports: dict[str, int | None] = {name: stack.enter_context(proxy(command)) for name, command in commands.items()}
        ports["origin alone"] = None
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for port in ports.values():
            burst(url, port, 1, given.connections, sent)  # warm up
        names = list(ports)
        for number in range(given.bursts):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                rates[name].append(burst(url, ports[name], given.seconds, given.connections, sent))
    base = rates["mitmdump -q"]
    print(f"{given.bursts} bursts of {given.seconds:g} s, {given.connections} connections, {given.fields} fields")
    print(f"{'':38}{'req/s':>8}  {'to mitmdump -q (median, range)':>32}")
    for name, measured in rates.items():
        ratios = [one / other for one, other in zip(measured, base, strict=True)]
        spread = f"{statistics.median(ratios):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{name:38}{statistics.median(measured):8.0f}  {spread:>32}")


# `mitmdump -q` does not say where it listens; this is the same program, and prints that one line.
_MITMDUMP = """
import sys
from mitmproxy import ctx
from mitmproxy.addons import termlog
from mitmproxy.tools import dump, main

class Where:
    def running(self):
        print("listening on %s:%d" % ctx.master.addons.get("proxyserver").listen_addrs()[0][:2], flush=True)

class Quiet(dump.DumpMaster):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.addons.add(Where())

dump.DumpMaster = Quiet
main.mitmdump(["-q", *sys.argv[1:]])
"""

if __name__ == "__main__":
    main()

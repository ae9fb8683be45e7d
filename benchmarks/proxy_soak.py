"""A soak: many requests through `inspector proxy`, every exchange explained, nothing lost or altered, memory flat.

    python -m benchmarks.proxy_soak [--requests 20000] [--connections 50] [--tls] [--plot FILE.svg]

The origin answers each path with content made of the path, of many sizes and kinds (length given, chunked, compressed,
with cookies, redirects, errors); each client compares what arrives by hash with what the path must give, and the
origin does the same with what it is sent. A client begins a new connection after a hundred requests. With ``--tls``
both sides of the proxy are inside TLS, and client and proxy check the certificates they are shown. The proxy's memory
is read after each hundredth of the run; it must not grow after the first quarter. The proxy prints what it prints to a
file, as in real use.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import random
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import httpx

from inspector.trust.ca import Authority

_HOST = "soak.test"
_EACH = 100
"""Requests of one connection."""
_SIZES = (0, 12, 400, 3_000, 20_000, 90_000)
_GROWTH = 0.10
"""By how much memory may be larger at the end than after the first quarter: the spread of what is under way."""


def content(number: int) -> bytes:
    """The content of path number `number`: repeatable, of one of several sizes."""
    chance = random.Random(number)
    return chance.randbytes(_SIZES[number % len(_SIZES)])


class Origin:
    """Answers over HTTP/1.1 with keep-alive, and checks what it is sent."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.served = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                number = int(path.rpartition("/")[2].partition("?")[0])
                length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
                sent = await reader.readexactly(int(length[1])) if length else b""
                if head.startswith("POST") and sent != content(number + 1):
                    self.wrong.append(f"the request {path} arrived with other content")
                self.served += 1
                writer.write(self.answer(number))
                await writer.drain()
        writer.close()

    def answer(self, number: int) -> bytes:
        """The response to a path, as octets."""
        body = content(number)
        fields = ["Content-Type: application/octet-stream", "Cache-Control: max-age=60", f'ETag: "{number}"']
        kind = number % 7
        status = "200 OK"
        if kind == 1:
            body = gzip.compress(body, 1, mtime=0)
            fields.append("Content-Encoding: gzip")
        elif kind == 2:
            fields.append(f"Set-Cookie: visit={number}; Path=/; HttpOnly; SameSite=Lax")
        elif kind == 3:
            status = "302 Found"
            fields.append(f"Location: /to/{number + 1}")
        elif kind == 4:
            status = "404 Not Found"
        elif kind == 5:
            fields.append("Access-Control-Allow-Origin: https://other.test")
        if kind == 6:
            fields.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in _parts(body)) + b"0\r\n\r\n"
        else:
            fields.append(f"Content-Length: {len(body)}")
        return (
            f"HTTP/1.1 {status}\r\n{chr(10).join(fields)}\r\n\r\n".replace("\n", "\r\n").replace("\r\r", "\r").encode()
            + body
        )


def _parts(body: bytes) -> list[bytes]:
    return [body[start : start + 5_000] for start in range(0, len(body), 5_000)]


def memory(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found
    return int(found[1]) / 1024


async def load(
    base: str, through: httpx.Proxy, trusted: ssl.SSLContext, pid: int, requests: int, connections: int
) -> tuple[list[str], list[float]]:
    """Send the requests; gives what was wrong, and the proxy's memory over time."""
    wrong: list[str] = []
    curve: list[float] = []
    numbers = iter(range(requests))
    done = 0

    async def ask(http: httpx.AsyncClient, own: int, number: int) -> None:
        nonlocal done
        url = f"{base}/{own}/{number}?q={number % 300}"
        fields = {"Origin": "https://shop.test", "Cookie": f"sid={own}", "Referer": "https://shop.test/"}
        try:
            if number % 5 == 0:
                answer = await http.post(url, content=content(number + 1), headers=fields)
            else:
                answer = await http.get(url, headers=fields)
        except httpx.HTTPError as error:
            wrong.append(f"{url}: {error!r}")
        else:
            if hashlib.sha256(answer.content).digest() != hashlib.sha256(content(number)).digest():
                wrong.append(f"{url}: other content arrived")
        done += 1
        if done % max(requests // 100, 1) == 0:
            curve.append(memory(pid))

    async def client(own: int) -> None:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        while (first := next(numbers, None)) is not None:
            async with httpx.AsyncClient(
                proxy=through, verify=trusted, trust_env=False, timeout=120, limits=limits
            ) as http:
                await ask(http, own, first)
                for number in islice(numbers, _EACH - 1):
                    await ask(http, own, number)

    await asyncio.gather(*(client(own) for own in range(connections)))
    return wrong, curve


def plot(curve: list[float], file: Path, requests: int) -> None:
    """Draw memory over requests as a small SVG."""
    top = max(curve) * 1.1
    points = " ".join(
        f"{40 + 560 * i / (len(curve) - 1):.1f},{210 - 190 * each / top:.1f}" for i, each in enumerate(curve)
    )
    file.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 240" font-family="sans-serif" font-size="11">'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>'
        '<path d="M40 20V210H600M180 20V210" fill="none" stroke="#999"/>'
        f'<text x="4" y="24">{top:.0f} MiB</text><text x="184" y="30">first quarter</text>'
        f'<text x="520" y="228">{requests:,} requests</text></svg>\n'
    )


def secured(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """What the origin needs to speak TLS, and the authority that the proxy has to trust for it."""
    authority = Authority.create_root("soak")
    trusted = directory / "authority.pem"
    trusted.write_bytes(authority.certificate_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue([_HOST]).write(directory, "origin"))
    return context, trusted


async def run(requests: int, connections: int, tls: bool, picture: Path | None) -> int:
    """Run it; 0 if all is well."""
    origin = Origin()
    with tempfile.TemporaryDirectory() as directory, (Path(directory) / "said.txt").open("w+") as said:
        context, trusted = secured(Path(directory)) if tls else (None, None)
        server = await asyncio.start_server(origin, "127.0.0.1", 0, backlog=256, ssl=context)
        port = server.sockets[0].getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "inspector",
            "proxy",
            "-p",
            "0",
            "--confdir",
            f"{directory}/ca",
            "--color",
            "never",
            "--resolve",
            f"{_HOST}:127.0.0.1",
            *(("--upstream-ca", str(trusted)) if trusted else ()),
        ]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            while not (found := re.search(r"listening on \S*?:(\d+)", Path(said.name).read_text())):
                if process.poll() is not None:
                    raise SystemExit(f"the proxy did not start: {Path(said.name).read_text()}")
                await asyncio.sleep(0.1)
            begun = time.monotonic()
            base = f"{'https' if tls else 'http'}://{_HOST}:{port}"
            through = httpx.Proxy(f"http://127.0.0.1:{found[1]}")
            shown = ssl.create_default_context(cafile=f"{directory}/ca/mitmproxy-ca-cert.pem")
            wrong, curve = await load(base, through, shown, process.pid, requests, connections)
            took = time.monotonic() - begun
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.wait, 60)
        finally:
            process.kill()
        told = Path(said.name).read_text()
    wrong += origin.wrong
    counted = f"{requests:,} exchanges" in told
    quarter = len(curve) // 4
    settled = sum(curve[quarter : quarter + 10]) / len(curve[quarter : quarter + 10])
    end = sum(curve[-10:]) / len(curve[-10:])
    how = f"{requests:,} requests{' inside TLS' * tls} from {connections} connections"
    print(f"{how} in {took:.0f} s: {requests / took:.0f} a second")
    print(f"served by the origin: {origin.served:,}; explained by the proxy: {'all' if counted else 'not all'}")
    print(f"lost or altered: {len(wrong)}")
    print(
        f"memory: {curve[0]:.0f} MiB at the start, {settled:.0f} after a quarter, {end:.0f} at the end, "
        f"{max(curve):.0f} at most"
    )
    for each in wrong[:10]:
        print(f"  {each}")
    if picture is not None:
        plot(curve, picture, requests)
    flat = end <= settled * (1 + _GROWTH)
    print("memory is flat" if flat else "memory grows")
    return 0 if flat and counted and not wrong and origin.served == requests else 1


def main() -> int:
    """Read the command line and run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--tls", action="store_true", help="inside TLS on both sides of the proxy")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    return asyncio.run(run(given.requests, given.connections, given.tls, given.plot))


if __name__ == "__main__":
    sys.exit(main())

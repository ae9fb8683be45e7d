"""mitmproxy's modes and options, and what passes that is not HTTP/1."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import httpx
import msgspec
import pytest

from inspector.learn.lab import Lab
from inspector.proxy import environment
from inspector.proxy.master import RunningProxy
from inspector.proxy.modes import check_settings
from inspector.proxy.options import ProxyError, ProxyOptions
from inspector.trust.ca import Authority
from tests.proxy import http3
from tests.proxy.conftest import Collected, client, server_context
from tests.proxy.origin import Handler, Origin


def fine(handler: Handler) -> None:
    handler.reply(200, b"fine")


def free() -> int:
    """A port nobody listens on: mitmproxy takes several modes for one address if all leave the port to the system."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until(raw: socket.socket, end: bytes) -> bytes:
    """What arrives, up to and with `end`."""
    received = b""
    while end not in received:
        part = raw.recv(4096)
        assert part, received
        received += part
    return received


def test_reverse(options: ProxyOptions, sink: Collected) -> None:
    with Origin({"/": fine}) as origin:
        reverse = msgspec.structs.replace(options, modes=(f"reverse:http://127.0.0.1:{origin.port}@0",))
        with RunningProxy(reverse, sink) as proxy:
            assert httpx.get(f"http://127.0.0.1:{proxy.port}/", trust_env=False).text == "fine"
            assert not proxy.listening.for_clients
    assert sink.nth().request.url == origin.url()


def test_several_at_once_and_socks(options: ProxyOptions, sink: Collected) -> None:
    both = msgspec.structs.replace(options, modes=(f"socks5@{free()}", "regular@0"))
    with Origin({"/": fine}) as origin, RunningProxy(both, sink) as proxy:
        assert client(proxy).get(origin.url()).text == "fine"
        socks = next(each for each in proxy.listening.servers if "SOCKS" in each)
        assert len(proxy.listening.servers) == 2
        with socket.create_connection(("127.0.0.1", int(socks.rpartition(":")[2])), timeout=10) as raw:
            raw.sendall(b"\x05\x01\x00")
            assert raw.recv(2) == b"\x05\x00"
            raw.sendall(b"\x05\x01\x00\x01" + socket.inet_aton("127.0.0.1") + struct.pack("!H", origin.port))
            assert raw.recv(10)[:2] == b"\x05\x00"
            raw.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            until(raw, b"fine")
    assert [exchange.request.url for exchange in sink.exchanges] == [origin.url(), "http://shop.test/"]


def test_upstream(options: ProxyOptions, sink: Collected, confdir: Path) -> None:
    command = [sys.executable, "-m", "inspector", "proxy", "-p", "0", "--confdir", str(confdir), "--color", "never"]
    with Origin({"/": fine}) as origin, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as next_proxy:
        assert next_proxy.stdout is not None
        address = next_proxy.stdout.readline().split(" on ")[1].split(". ")[0]
        through = msgspec.structs.replace(options, modes=(f"upstream:http://{address}",))
        with RunningProxy(through, sink) as proxy:
            assert client(proxy).get(origin.url()).text == "fine"
        next_proxy.terminate()
        assert f"GET {origin.url()}" in next_proxy.stdout.read()
    assert sink.nth().request.url == origin.url()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modes": ("nonsense",)}, "is not a mode"),
        ({"modes": ("reverse:",)}, "is not a mode"),
        ({"settings": ("no_such_option=1",)}, "no_such_option"),
        ({"settings": ("http2=perhaps",)}, "perhaps|boolean|http2"),
        ({"settings": ("http2",)}, "NAME=VALUE"),
        ({"settings": ("emudhra_sign=true",)}, "somebody else's"),
        ({"settings": (" EMUDHRA_CERT =x",)}, "somebody else's"),
    ],
)
def test_what_cannot_be_set(
    options: ProxyOptions, sink: Collected, changes: dict[str, tuple[str, ...]], said: str
) -> None:
    bad = msgspec.structs.replace(options, **changes)
    with pytest.raises(ProxyError, match=said), RunningProxy(bad, sink):
        pass


def test_options_of_mitmproxy(options: ProxyOptions, sink: Collected) -> None:
    assert check_settings(["http2=false"]) == ("http2=false",)
    changed = msgspec.structs.replace(options, settings=("modify_headers=/~s/X-Marked/yes", "anticache=true"))
    with Origin({"/": fine}) as origin, RunningProxy(changed, sink) as proxy:
        assert client(proxy).get(origin.url()).headers["x-marked"] == "yes"


def test_hosts_that_pass_untouched(
    options: ProxyOptions, sink: Collected, authority: Authority, tmp_path: Path
) -> None:
    """A client that trusts the server's own authority alone gets through: nobody looks in."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate_pem)
    ignoring = msgspec.structs.replace(options, ignore_hosts=("^shop\\.test:",))
    with (
        Origin({"/": fine}, server_context(authority, tmp_path, "shop.test")) as origin,
        RunningProxy(ignoring, sink) as proxy,
        httpx.Client(proxy=proxy.url, verify=ssl.create_default_context(cafile=root), trust_env=False) as http,
    ):
        assert http.get(origin.url("/", "shop.test")).text == "fine"
    assert sink.pairs == []


def test_what_the_system_trusts_is_trusted(
    options: ProxyOptions, sink: Collected, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's own authority in the system's store works through the proxy as it does without."""
    system = tmp_path / "system.pem"
    system.write_bytes(authority.certificate_pem)
    monkeypatch.setattr(environment, "_SYSTEM_BUNDLES", (str(system),))
    own = msgspec.structs.replace(
        options, upstream_ca=None, confdir=tmp_path / "ca", resolve={"shop.test": "127.0.0.1"}
    )
    with (
        Origin({"/": fine}, server_context(authority, tmp_path, "shop.test")) as origin,
        RunningProxy(own, sink) as proxy,
        client(proxy) as http,
    ):
        assert http.get(origin.url("/", "shop.test")).text == "fine"


# -- everything that goes through ------------------------------------------------------------------------------------


def test_plain_tcp_is_told_as_what_it_is(options: ProxyOptions, sink: Collected) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(10)
                connection.sendall(b"220 mail.test ESMTP\r\n")
                connection.sendall(connection.recv(100).upper())

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        with RunningProxy(options, sink) as proxy:
            with (
                socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw,
                raw.makefile("rb") as lines,
            ):
                raw.sendall(f"CONNECT shop.test:{port} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
                assert b" 200 " in lines.readline()
                assert lines.readline() == b"\r\n"
                assert lines.readline() == b"220 mail.test ESMTP\r\n"
                raw.sendall(b"ehlo me\r\n")
                assert lines.readline() == b"EHLO ME\r\n"
            notice = sink.wait(lambda c: c.notices)[0]
    assert notice.kind == "other"
    assert f"TCP with shop.test:{port}, not HTTP: 9 bytes sent, 30 bytes received" in notice.text


def test_udp_and_dns(options: ProxyOptions, sink: Collected) -> None:
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04shop\x04test\x00\x00\x01\x00\x01"
    answer = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + query[12:]
    answer += b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            for _ in range(2):
                data, peer = server.recvfrom(1000)
                server.sendto(answer if data == query else data.upper(), peer)

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        modes = (f"reverse:dns://127.0.0.1:{port}@{free()}", f"reverse:udp://127.0.0.1:{port}@0")
        with RunningProxy(msgspec.structs.replace(options, modes=modes), sink) as proxy:
            ports = [int(each.rpartition(":")[2]) for each in proxy.listening.servers]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(10)
                asking.sendto(query, ("127.0.0.1", ports[0]))
                assert asking.recv(1000)[:2] == b"\x12\x34"
                asking.sendto(b"hello", ("127.0.0.1", ports[1]))
                assert asking.recv(1000) == b"HELLO"
    told = [notice.text for notice in sink.notices]
    assert any(text.startswith("DNS: A of shop.test: ") and "127.0.0.1" in text for text in told), told
    assert any(text.startswith("UDP with 127.0.0.1:") for text in told), told


def test_grpc_trailers(options: ProxyOptions, sink: Collected, authority: Authority, tmp_path: Path) -> None:
    """A unary gRPC call: HTTP/2 on both sides, its status in the trailers."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate_pem)
    context = server_context(authority, tmp_path, "shop.test")
    context.set_alpn_protocols(["h2"])

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with context.wrap_socket(connection, server_side=True) as secure:
            machine = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            machine.initiate_connection()
            secure.sendall(machine.data_to_send())
            while data := secure.recv(65536):
                for event in machine.receive_data(data):
                    if isinstance(event, h2.events.StreamEnded):
                        machine.send_headers(
                            event.stream_id, [(":status", "200"), ("content-type", "application/grpc")]
                        )
                        machine.send_data(event.stream_id, b"\0\0\0\0\x02\x08\x01")
                        machine.send_headers(
                            event.stream_id, [("grpc-status", "5"), ("grpc-message", "not found")], end_stream=True
                        )
                secure.sendall(machine.data_to_send())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        own = msgspec.structs.replace(options, upstream_ca=root)
        with RunningProxy(own, sink) as proxy, client(proxy, http2=True) as http:
            url = f"https://shop.test:{listening.getsockname()[1]}/shop.Items/Get"
            fields = {"content-type": "application/grpc", "te": "trailers"}
            assert http.post(url, content=b"\0\0\0\0\0", headers=fields).status_code == 200
    response = sink.nth().response
    assert response is not None
    assert response.trailers is not None
    assert response.trailers.get("grpc-status") == "5"
    assert response.body.data == b"\0\0\0\0\x02\x08\x01"


def test_expect_100_continue(options: ProxyOptions, sink: Collected) -> None:
    """The client waits for 100 before it sends; the proxy says it, and the exchange is whole."""
    with (
        Origin({"/": fine}) as origin,
        RunningProxy(options, sink) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw,
    ):
        head = f"POST {origin.url()} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        raw.sendall(head.encode())
        assert b" 100 " in raw.recv(100)
        raw.sendall(b"hello")
        until(raw, b"fine")
    exchange = sink.nth()
    assert (exchange.request.body.data, origin.seen[0][3]) == (b"hello", b"hello")
    assert exchange.response is not None
    assert exchange.response.status == 200


def test_http_3(options: ProxyOptions, sink: Collected, authority: Authority, tmp_path: Path) -> None:
    """On both sides, as a reverse proxy: what mitmproxy can do with HTTP/3."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate_pem)
    chain, key = authority.issue(["shop.test", "127.0.0.1"]).write(tmp_path, "h3")
    with http3.serving(chain, key) as port:
        own = msgspec.structs.replace(options, modes=(f"reverse:http3://127.0.0.1:{port}@0",), upstream_ca=root)
        with RunningProxy(own, sink) as proxy:
            assert http3.get(proxy.port, "shop.test", "/items", proxy.ca_certificate) == b"said over http/3"
    exchange = sink.nth()
    assert (exchange.request.http_version, exchange.response and exchange.response.http_version) == ("3", "3")
    assert (exchange.client.transport, exchange.server.transport) == ("quic", "quic")
    assert exchange.request.url == f"https://127.0.0.1:{port}/items"


def test_curl_through_all_of_it(options: ProxyOptions, sink: Collected, lab: Lab) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    with RunningProxy(options, sink) as proxy:
        done = subprocess.run(
            ["curl", "-sS", "--http2", "-x", proxy.url, "--cacert", str(proxy.ca_certificate), f"{lab.origins.shop}/"],
            capture_output=True,
            timeout=30,
        )
    assert done.returncode == 0, done.stderr
    assert sink.nth().request.http_version == "2"

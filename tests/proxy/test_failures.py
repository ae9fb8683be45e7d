"""When it fails, it explains: each failure is staged on loopback, passes the real proxy, and its explanation is read."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.proxy.environment import prepare
from inspector.report import Severity
from inspector.trust.ca import DAY, Authority, Issued, Validity
from tests.proxy.conftest import Stage, client, deaf
from tests.proxy.origin import Handler

NOW = dt.datetime.now(dt.UTC)


def rsa_leaf(root: Authority, bits: int, name: str = "shop.test") -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(65537, bits)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return made, key


# -- the server's certificate ----------------------------------------------------------------------------------------


def expired(root: Authority) -> Issued:
    return root.issue(["shop.test"], validity=Validity(NOW - 30 * DAY, NOW - 3 * DAY))


def not_yet(root: Authority) -> Issued:
    return root.issue(["shop.test"], validity=Validity(NOW + DAY, NOW + 2 * DAY))


def self_signed(root: Authority) -> Issued:
    alone = Authority.create_root("shop.test")
    return Issued(alone.certificate, alone.key)


def own_chain(root: Authority) -> Issued:
    other = Authority.create_root("company root")
    issued = other.issue(["shop.test"])
    return Issued(issued.certificate, issued.key, (other.certificate,))


def no_intermediate(root: Authority) -> Issued:
    issued = root.create_intermediate("between").issue(["shop.test"])
    return Issued(issued.certificate, issued.key)


@pytest.mark.parametrize(
    ("issue", "rule", "said"),
    [
        (expired, "tls/upstream-expired", "3 days"),
        (not_yet, "tls/upstream-not-yet-valid", "clock"),
        (lambda root: root.issue(["*.shop.test", "www.other.test"]), "tls/upstream-wrong-name", "`*.shop.test`"),
        (lambda root: root.issue([]), "tls/upstream-wrong-name", "lists no name at all"),
        (self_signed, "tls/upstream-self-signed", "vouches for itself"),
        (own_chain, "tls/upstream-self-signed", "company root"),
        (lambda root: Authority.create_root("nobody").issue(["shop.test"]), "tls/upstream-unknown-issuer", "nobody"),
        (no_intermediate, "tls/upstream-unknown-issuer", "without an intermediate"),
        (
            lambda root: root.issue(["shop.test"], usages=[ExtendedKeyUsageOID.CLIENT_AUTH]),
            "tls/upstream-unfit",
            "purpose",
        ),
        (
            lambda root: Authority.create_root("x", permitted=["other.test"]).issue(["shop.test"]),
            "tls/upstream-unknown-issuer",
            "knows no authority",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" in value else "",
)
def test_certificates_of_servers(stage: Stage, issue: Callable[[Authority], Issued], rule: str, said: str) -> None:
    origin = stage.origin(stage.tls(issue(stage.root)))
    assert stage.get(origin.url("/", "shop.test")).status_code == 502
    told = stage.told()
    assert told.rule == rule
    assert said in told.detail, told.detail
    assert "shop.test" in told.detail
    assert told.severity is Severity.ERROR
    assert told.fix
    assert {evidence.name for evidence in told.evidence} >= {"error", "issuer"}, "the chain that was refused is shown"


def test_a_weak_key(stage: Stage) -> None:
    certificate, key = rsa_leaf(stage.root, 1024)
    chain = stage.directory / "weak.pem"
    chain.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(chain)
    origin = stage.origin(context)
    stage.get(origin.url("/", "shop.test"), settings=("ciphers_server=DEFAULT:@SECLEVEL=2",))
    told = stage.told()
    assert told.rule == "tls/upstream-weak"
    assert "RSA 1024" in told.detail


# -- no TLS, or none in common ---------------------------------------------------------------------------------------


def test_plain_http_behind_https(stage: Stage) -> None:
    origin = stage.origin(None)
    stage.get(origin.url("/", "shop.test").replace("http:", "https:"))
    told = stage.told()
    assert told.rule == "tls/upstream-not-tls"
    assert "http://" in (told.fix or "")


def test_no_version_in_common_with_the_server(stage: Stage) -> None:
    context = stage.tls(stage.root.issue(["shop.test"]), maximum_version=ssl.TLSVersion.TLSv1_2)
    stage.get(stage.origin(context).url("/", "shop.test"), settings=("tls_version_server_min=TLS1_3",))
    told = stage.told()
    assert told.rule == "tls/upstream-no-common"
    assert "TLS version" in told.detail


def test_no_cipher_in_common_with_the_server(stage: Stage) -> None:
    context = stage.tls(stage.root.issue(["shop.test"]), maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # its key is not RSA, so that nothing fits
    stage.get(stage.origin(context).url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "tls/upstream-no-common"
    assert "handshake failure" in told.detail


def test_the_server_wants_a_client_certificate(stage: Stage) -> None:
    context = stage.tls(stage.root.issue(["shop.test"]), maximum_version=ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(cadata=stage.root.certificate_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    stage.get(stage.origin(context).url("/", "shop.test"))
    told = stage.told()
    assert told.rule in ("tls/upstream-wants-certificate", "tls/upstream-no-common"), "OpenSSL's alert for it is either"
    assert "client certificate" in f"{told.detail} {told.fix}"


@pytest.mark.parametrize("time", range(3))
def test_the_server_wants_one_after_the_handshake(stage: Stage, time: int) -> None:
    context = stage.tls(stage.root.issue(["shop.test"]), minimum_version=ssl.TLSVersion.TLSv1_3)
    context.load_verify_locations(cadata=stage.root.certificate_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    stage.get(stage.origin(context).url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "tls/upstream-wants-certificate"
    assert "`certificate required`" in told.detail


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with each connection as it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def alert(code: int) -> Callable[[socket.socket], None]:
    """A fatal TLS alert (RFC 8446, section 6) in answer to whatever comes."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, code]))
        connection.recv(1)

    return talk


@pytest.mark.parametrize(
    ("code", "rule", "said"),
    [
        (112, "tls/upstream-unknown-name", "unrecognized name"),
        (70, "tls/upstream-no-common", "TLS version"),
        (44, "tls/upstream-revoked", "revoked"),
        (116, "tls/upstream-wants-certificate", "certificate required"),
        (80, "tls/upstream-handshake", "internal error"),
    ],
)
def test_alerts_of_servers(stage: Stage, code: int, rule: str, said: str) -> None:
    port = stage.stack.enter_context(speaking(alert(code)))
    stage.get(f"https://shop.test:{port}/")
    told = stage.told()
    assert told.rule == rule, told
    assert said in told.detail


# -- the network -----------------------------------------------------------------------------------------------------


def test_a_name_nobody_has(stage: Stage) -> None:
    stage.get("http://gone.test/", only_loopback=False)  # leads to gone.invalid, which no name server knows
    told = stage.told()
    assert told.rule == "proxy/name-not-found"
    assert "`gone.test`" in told.detail


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_listens(stage: Stage, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with suppress(httpx.ProxyError):
        stage.get(f"{scheme}://shop.test:{port}/")
    told = stage.told()
    assert told.rule == "proxy/refused"
    assert f"`shop.test:{port}`" in told.detail


def test_a_server_that_hangs_up(stage: Stage) -> None:
    def reset(handler: Handler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    stage.get(stage.origin(None, reset).url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "proxy/reset"
    assert "The connection was new" in told.detail


def test_a_response_cut_short(stage: Stage) -> None:
    def cut(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        handler.close_connection = True

    stage.get(stage.origin(None, cut).url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "proxy/cut-short", told


def test_not_http(stage: Stage) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        connection.recv(1)

    port = stage.stack.enter_context(speaking(talk))
    stage.get(f"http://shop.test:{port}/")
    told = stage.told()
    assert told.rule == "proxy/protocol-error", told
    assert f"`shop.test:{port}`" in told.detail


def test_the_way_back_to_the_proxy(stage: Stage) -> None:
    proxy = stage.proxy()
    client(proxy).get(f"http://127.0.0.1:{proxy.port}/")
    assert stage.told().rule == "proxy/loop"


def test_elsewhere_than_here(stage: Stage) -> None:
    stage.get("http://192.0.2.1/")
    assert stage.told().rule == "proxy/fence"


@contextmanager
def refusing_proxy(status: bytes) -> Iterator[int]:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        connection.recv(1)

    with speaking(talk) as port:
        yield port


@pytest.mark.parametrize(
    ("status", "said"),
    [(b"407 Proxy Authentication Required", "upstream_auth"), (b"403 Forbidden", "policy forbids")],
)
def test_the_next_proxy_refuses(stage: Stage, status: bytes, said: str) -> None:
    port = stage.stack.enter_context(refusing_proxy(status))
    with suppress(httpx.ProxyError):
        stage.get("https://shop.test:8443/", modes=(f"upstream:http://127.0.0.1:{port}",))
    told = stage.told()
    assert told.rule == "proxy/upstream-proxy", told
    assert said in f"{told.detail} {told.fix}"


def test_a_stream_that_is_reset(stage: Stage) -> None:
    context = stage.tls(stage.root.issue(["shop.test"]))
    context.set_alpn_protocols(["h2"])

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            machine = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            machine.initiate_connection()
            secure.sendall(machine.data_to_send())
            while data := secure.recv(65536):
                for event in machine.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        machine.reset_stream(event.stream_id, 2)  # INTERNAL_ERROR
                secure.sendall(machine.data_to_send())

    port = stage.stack.enter_context(speaking(talk))
    with client(stage.proxy(), http2=True) as http:
        http.get(f"https://shop.test:{port}/")
    told = stage.told()
    assert told.rule == "proxy/stream-error", told
    assert told.detail.startswith("The server most likely reset"), "mitmproxy says it was the client"
    assert "INTERNAL_ERROR" in told.title


# -- mitmproxy's own limits are not the origin's ---------------------------------------------------------------------


def test_trailers_of_http_1(stage: Stage) -> None:
    def trailers(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        handler.chunk(b"some")
        handler.raw(b"0\r\nX-Sum: 4\r\n\r\n")

    with pytest.raises(httpx.RemoteProtocolError):  # at once: without us the client would wait for ever
        stage.get(stage.origin(None, trailers).url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "proxy/own-fault"
    assert "did nothing wrong" in told.detail
    assert "trailer" in told.detail


def test_an_informational_response_over_http_1(stage: Stage) -> None:
    def hints(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        handler.reply(200, b"the real one")

    with suppress(httpx.HTTPError):
        client(
            stage.proxy(),
        ).get(stage.origin(None, hints).url("/", "shop.test"), timeout=1)
    _, report = stage.sink.wait(lambda c: c.pairs)[0]
    told = [a for a in report.annotations if a.rule == "proxy/own-fault"]
    assert told, report
    assert "did nothing wrong" in told[0].detail


# -- the client ------------------------------------------------------------------------------------------------------


def test_a_client_that_does_not_trust_the_proxy(stage: Stage) -> None:
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test"])))
    proxy = stage.proxy()
    asked = httpx.Proxy(proxy.url, headers={"User-Agent": "curl/8.5.0"})
    with httpx.Client(proxy=asked, trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(origin.url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "tls/client-distrusts"
    assert "`shop.test`" in told.detail
    assert "unknown ca" in told.detail
    assert "--cacert" in (told.fix or ""), "what to do is said for this client"


def test_a_client_that_pins(stage: Stage) -> None:
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test", "other.test"])))
    proxy = stage.proxy()
    agent = {"User-Agent": "ShopApp/3.1"}
    with client(proxy, headers=agent) as http:
        http.get(origin.url("/", "other.test"))
    asked = httpx.Proxy(proxy.url, headers=agent)
    with httpx.Client(proxy=asked, trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(origin.url("/", "shop.test"))
    told = stage.told(1)
    assert told.rule == "tls/client-pins"
    assert "`other.test`" in told.detail
    assert "--ignore-hosts" in (told.fix or "")


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_node_that_does_not_trust_the_proxy(stage: Stage, tmp_path: Path) -> None:
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test"])))
    proxy = stage.proxy()
    made = prepare(proxy.url, proxy.ca_certificate, tmp_path, {}).variables
    environment = {**os.environ, **made, "NODE_EXTRA_CA_CERTS": ""}
    script = f"fetch('{origin.url('/', 'shop.test')}').catch(e => process.exit(3))"
    assert subprocess.run(["node", "-e", script], env=environment, timeout=30).returncode == 3
    told = stage.told()
    assert told.rule in ("tls/client-distrusts", "tls/client-left"), "its alert may be overtaken by its hanging up"
    assert "NODE_EXTRA_CA_CERTS" in (told.fix or "")


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_client_that_leaves_after_the_handshake(stage: Stage, comes_back: bool) -> None:
    """Apps that pin check after the handshake and leave; browsers leave connections to spare, and come back."""
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test"])))
    proxy = stage.proxy()
    context = ssl.create_default_context(cafile=proxy.ca_certificate)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw:
        raw.sendall(f"CONNECT shop.test:{origin.port} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
        assert b" 200 " in raw.recv(4096)
        with context.wrap_socket(raw, server_hostname="shop.test"):
            pass
    if comes_back:
        with client(proxy) as http:
            http.get(origin.url("/", "shop.test"))
            http.get(origin.url("/", "shop.test"))
        proxy.stop()
        assert [exchange.request.method for exchange in stage.sink.exchanges] == ["GET", "GET"]
    else:
        told = stage.told()
        assert told.rule == "tls/client-left"
        assert told.certainty == "unknown"


def test_no_version_in_common_with_the_client(stage: Stage) -> None:
    origin = stage.origin(stage.tls(stage.root.issue(["shop.test"])))
    proxy = stage.proxy(settings=("tls_version_client_min=TLS1_3",))
    context = ssl.create_default_context(cafile=proxy.ca_certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(proxy=proxy.url, verify=context, trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(origin.url("/", "shop.test"))
    told = stage.told()
    assert told.rule == "tls/client-no-common", told
    assert "TLS version" in told.title


def test_a_client_that_gives_up(stage: Stage) -> None:
    asked = threading.Event()

    def slow(handler: Handler) -> None:
        asked.set()
        handler.rfile.read(1)

    origin = stage.origin(None, slow)
    proxy = stage.proxy()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw:
        raw.sendall(f"GET {origin.url('/', 'shop.test')} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode())
        assert asked.wait(10)
    told = stage.told()
    assert told.rule == "proxy/client-gone"
    assert told.severity is Severity.INFO


def test_a_client_that_gives_up_while_the_proxy_connects(stage: Stage) -> None:
    port = stage.stack.enter_context(deaf())
    with pytest.raises(httpx.ReadTimeout):
        client(stage.proxy()).get(f"http://shop.test:{port}/", timeout=0.3)
    told = stage.told()
    assert told.rule == "proxy/client-gone"
    assert f"had no connection to `shop.test:{port}` yet" in told.detail


def test_a_request_that_is_not_http(stage: Stage) -> None:
    origin = stage.origin(None)
    proxy = stage.proxy()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw:
        raw.sendall(f"GET {origin.url('/')} HTTP/1.1\r\nHost: x\r\nBroken\x01Name : y\r\n\r\n".encode())
        assert b" 400 " in raw.recv(4096)
    assert stage.told().rule == "proxy/client-protocol"


# -- and later -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["har", "mitm"])
def test_failures_are_told_the_same_when_read_again(stage: Stage, suffix: str) -> None:
    file = stage.directory / f"x.{suffix}"
    bad = stage.origin(stage.tls(expired(stage.root)))
    good = stage.origin(stage.tls(stage.root.issue(["shop.test", "other.test"])))
    with socket.create_server(("127.0.0.1", 0)) as closing:
        closed = closing.getsockname()[1]
    proxy = stage.proxy(save=file)
    agent = {"User-Agent": "ShopApp/3.1"}
    with client(proxy, headers=agent) as http:
        http.get(bad.url("/", "shop.test"))
        http.get(f"http://shop.test:{closed}/")
        http.get(good.url("/", "other.test"))
    asked = httpx.Proxy(proxy.url, headers=agent)
    with httpx.Client(proxy=asked, trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(good.url("/", "shop.test"))
    stage.sink.wait(lambda c: len(c.pairs) == 4)
    proxy.stop()
    rules = [{a.rule for a in report.annotations} for _, report in stage.sink.pairs]
    assert [bool(r & {"tls/upstream-expired", "proxy/refused", "tls/client-pins"}) for r in rules] == [1, 1, 0, 1]
    capture = open_capture(str(file))
    engine = Engine()
    again = [engine.observe(exchange) for exchange in capture.exchanges(order="file")]
    assert capture.info().skipped == ()
    assert [report.annotations for report in again] == [report.annotations for _, report in stage.sink.pairs]

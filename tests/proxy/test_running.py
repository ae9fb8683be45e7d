"""The proxy on loopback: real sockets, real TLS on both sides."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import random
import socket
import ssl
import threading
from pathlib import Path

import httpx
import msgspec
import pytest
import websockets
from websockets.asyncio.client import connect

from inspector.engine import INTERNAL_ERROR
from inspector.learn.lab import Lab
from inspector.learn.lab.visitor import visit
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyError, ProxyOptions
from inspector.rules import base, catalogue
from inspector.trust.ca import DAY, Authority, Validity
from tests.proxy.conftest import Collected, client, server_context
from tests.proxy.origin import Handler, Origin


def test_the_lab_through_the_proxy(proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    steps = visit(lab, proxy.url, verify=ssl.create_default_context(cafile=proxy.ca_certificate))
    proxy.stop()
    assert [step.error for step in steps if step.error and "redirect loop" not in step.error] == []
    by_url = {exchange.request.url: exchange for exchange in sink.exchanges}
    home = next(exchange for exchange in sink.exchanges if exchange.request.url == f"{lab.origins.shop}/")
    assert (home.request.http_version, home.response and home.response.http_version) == ("2", "2")
    assert [line.name for line in home.request.pseudo] == [":method", ":scheme", ":authority", ":path"]
    assert home.server.tls is not None
    assert home.server.tls.verified is True
    assert home.server.tls.alpn == "h2"
    assert home.server.tls.chain
    assert home.server.tls.chain[0].names == ("shop.test",)
    assert home.client.tls is not None
    assert home.client.tls.chain
    assert "mitmproxy" in home.client.tls.chain[0].issuer, "the certificate the client was shown is the proxy's"
    plain = by_url[f"{lab.origins.shop_plain}/"]
    assert (plain.request.http_version, plain.server.encrypted, plain.client.encrypted) == ("1.1", False, False)
    packed = by_url[f"{lab.origins.api}/compression/gzip"]
    assert packed.response is not None
    assert packed.response.body.state == "full"
    assert packed.response.body.size == len(packed.response.body.data or b"")
    trailers = by_url[f"{lab.origins.cdn}/trailers"]
    assert trailers.response is not None
    assert trailers.response.trailers, "HTTP/2 trailers are kept"
    preflights = [x for x in sink.exchanges if x.context.resource_type == "preflight"]
    assert len(preflights) >= 5
    assert [report.index for _, report in sink.pairs] == list(range(len(sink.pairs)))
    chains = [story for story in sink.stories if story.kind == "redirect-chain"]
    assert chains, "a chain is told as it ends"
    assert all(story.arrows for story in chains)


def test_connection_reuse_and_handshake_times(proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    with client(proxy) as http:
        http.get(f"{lab.origins.api}/slow")
        http.get(f"{lab.origins.api}/slow")
    first, second = sink.nth(0), sink.nth(1)
    assert (first.server.reused, second.server.reused) == (False, True)
    assert (first.client.reused, second.client.reused) == (False, True)
    assert first.server.id == second.server.id
    assert first.timings.tls is not None
    assert 0 < first.timings.tls < 5000
    assert second.timings.tls is None
    assert second.timings.connect is None
    assert first.timings.total is not None
    assert first.timings.total > 0


def test_an_event_stream_passes_event_by_event(proxy: RunningProxy, sink: Collected) -> None:
    arrived = threading.Event()

    def events(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        handler.chunk(b"data: one\n\n")
        assert arrived.wait(10), "the first event did not get through while the stream was open"
        handler.chunk(b"data: two\n\n")
        handler.raw(b"0\r\n\r\n")

    with (
        Origin({"/events": events}) as origin,
        client(proxy) as http,
        http.stream("GET", origin.url("/events")) as stream,
    ):
        parts = stream.iter_raw()
        assert next(parts) == b"data: one\n\n"
        assert sink.wait(lambda c: c.notices)[0].kind == "opened"
        arrived.set()
        assert b"".join(parts) == b"data: two\n\n"
    exchange = sink.nth()
    assert exchange.response is not None
    assert exchange.response.body.data == b"data: one\n\ndata: two\n\n", "a small stream is kept whole all the same"
    assert exchange.response.body.state == "full"


def test_a_large_body_streams_and_is_not_kept(options: ProxyOptions, sink: Collected) -> None:
    size = 8 * 1024 * 1024
    halfway = threading.Event()
    block = os.urandom(1024) * 1024

    def large(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        handler.raw(block)
        assert halfway.wait(10), "nothing arrived while the body was being sent"
        for _ in range(size // len(block) - 1):
            handler.raw(block)

    small = msgspec.structs.replace(options, body_limit=1024 * 1024)
    with (
        Origin({"/large": large}) as origin,
        RunningProxy(small, sink) as proxy,
        client(proxy) as http,
        http.stream("GET", origin.url("/large")) as stream,
    ):
        received = hashlib.sha256()
        for part in stream.iter_raw():
            received.update(part)
            halfway.set()
    assert received.digest() == hashlib.sha256(block * 8).digest()
    body = sink.nth().response
    assert body is not None
    assert (body.body.state, body.body.size, body.body.transferred) == ("truncated", size, size)
    assert body.body.data == block[: 64 * 1024]


def test_a_large_upload_streams(options: ProxyOptions, sink: Collected) -> None:
    small = msgspec.structs.replace(options, body_limit=10_000)
    content = os.urandom(300_000)
    with (
        Origin({"/up": lambda handler: handler.reply(200, b"ok")}) as origin,
        RunningProxy(small, sink) as proxy,
        client(proxy) as http,
    ):
        http.post(origin.url("/up"), content=content)
        http.post(origin.url("/up"), content=iter([b"a" * 700, b"b" * 800]))  # chunked
    assert origin.seen[0][3] == content
    assert origin.seen[1][3] == b"a" * 700 + b"b" * 800
    assert sink.nth(0).request.body.state == "truncated"
    assert sink.nth(0).request.body.transferred == len(content)
    assert sink.nth(1).request.body.data == b"a" * 700 + b"b" * 800
    assert sink.nth(1).request.body.state == "full"


def test_websocket_echo(proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    async def talk() -> None:
        url = lab.origins.api.replace("https:", "wss:") + "/socket"
        context = ssl.create_default_context(cafile=proxy.ca_certificate)
        async with connect(url, proxy=proxy.url, ssl=context, subprotocols=[websockets.Subprotocol("echo")]) as socket:
            await socket.send("hello")
            assert "hello" in str(await socket.recv())
            await socket.send(b"\x00\xff")
            assert b"\x00\xff" in bytes(await socket.recv(decode=False))

    asyncio.run(talk())
    exchange = sink.nth()
    assert exchange.response is not None
    assert exchange.response.status == 101
    assert exchange.context.resource_type == "websocket"
    assert exchange.websocket is not None
    sent = [message for message in exchange.websocket.messages if message.from_client]
    assert [(message.text, message.content) for message in sent] == [(True, "hello"), (False, b"\x00\xff")]
    assert exchange.websocket.close is not None
    assert exchange.websocket.close.code == 1000


def test_a_conversation_that_is_still_open_is_told_at_the_end(options: ProxyOptions, sink: Collected, lab: Lab) -> None:
    with RunningProxy(options, sink) as proxy:

        async def talk() -> None:
            url = lab.origins.api.replace("https:", "wss:") + "/socket"
            context = ssl.create_default_context(cafile=proxy.ca_certificate)
            socket = await connect(url, proxy=proxy.url, ssl=context)
            await socket.send("still here")
            await socket.recv()
            await asyncio.to_thread(proxy.stop)
            await socket.close()

        asyncio.run(talk())
    exchange = sink.nth()
    assert exchange.websocket is not None
    assert exchange.websocket.messages[0].content == "still here"


def test_what_passes_is_not_changed(options: ProxyOptions, lab: Lab) -> None:
    """The same requests with and without annotating: what both sides receive is the same, octet for octet."""
    chance = random.Random(7)
    content = chance.randbytes(40_000)

    def odd(handler: Handler) -> None:
        handler.reply(
            203, gzip.compress(content, mtime=0), ("Content-Encoding", "gzip"), ("X-ODD", "\xe9 v"), ("x-odd", "2"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"),
        )  # fmt: skip

    def collect(origin: Origin, url: str) -> list[object]:
        origin.seen.clear()
        received: list[object] = []
        with httpx.Client(proxy=url, trust_env=False) as http:
            for method, path in (("GET", "/odd?x=%41&y"), ("POST", "/odd"), ("HEAD", "/none"), ("GET", "/missing")):
                with http.stream(
                    method, origin.url(path), content=content if method == "POST" else None, headers={"X-A": "1"}
                ) as response:
                    received += [response.status_code, response.headers.raw, b"".join(response.iter_raw())]
        return [received, list(origin.seen)]

    class Deaf:
        def exchange(self, *_: object) -> None: ...

        def notice(self, *_: object) -> None: ...

    with Origin({"/odd": odd, "/none": lambda handler: handler.reply(200)}) as origin:
        with RunningProxy(options, Deaf()) as proxy:
            annotated = collect(origin, proxy.url)
        nothing_told = msgspec.structs.replace(options, hosts=("no.such.host",), plain_dispatch=True)
        with RunningProxy(nothing_told, Deaf()) as proxy:
            plain = collect(origin, proxy.url)
    assert annotated == plain
    assert annotated[1]


def test_a_rule_that_fails_does_not_break_traffic(
    options: ProxyOptions, sink: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspector import rule_index

    known = catalogue.all_rules()
    broken = msgspec.structs.replace(known[0], check=_explode, on=base.always())
    monkeypatch.setattr(rule_index, "all_rules", lambda *_: (broken, *known[1:]))
    rule_index.index_for.cache_clear()
    try:
        with (
            Origin({"/": lambda handler: handler.reply(200, b"fine")}) as origin,
            RunningProxy(options, sink) as proxy,
            client(proxy) as http,
        ):
            assert http.get(origin.url()).text == "fine"
    finally:
        rule_index.index_for.cache_clear()
    annotations = sink.pairs[0][1].annotations
    assert [a.rule for a in annotations if a.rule == INTERNAL_ERROR] == [INTERNAL_ERROR]


def _explode(*_: object) -> None:
    raise RuntimeError("a rule with a fault")


@pytest.mark.parametrize("where", ["convert", "sink"])
def test_faults_of_ours_never_reach_traffic(
    options: ProxyOptions,
    sink: Collected,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    where: str,
) -> None:
    from inspector.proxy import annotate

    if where == "convert":
        monkeypatch.setattr(annotate, "exchange_from_flow", _explode)
    else:
        monkeypatch.setattr(sink, "exchange", _explode)
    with (
        Origin({"/": lambda handler: handler.reply(200, b"fine")}) as origin,
        RunningProxy(options, sink) as proxy,
        client(proxy) as http,
    ):
        assert http.get(origin.url()).text == "fine"
        assert http.get(origin.url()).text == "fine"
    if where == "convert":
        assert [[a.rule for a in report.annotations] for _, report in sink.pairs] == [[INTERNAL_ERROR]] * 2
    else:
        assert [notice.kind for notice in sink.notices] == ["trouble"], "said once"
    assert capfd.readouterr().err == ""


# -- what fails ------------------------------------------------------------------------------------------------------


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_nobody_listens(proxy: RunningProxy, sink: Collected) -> None:
    port = _closed_port()
    with client(proxy) as http:
        assert http.get(f"http://127.0.0.1:{port}/").status_code == 502
        with pytest.raises(httpx.ProxyError):
            http.get(f"https://127.0.0.1:{port}/")
    plain, tunnel = sink.nth(0), sink.nth(1)
    for exchange in (plain, tunnel):
        assert exchange.response is None, "the proxy's own 502 is no response of the server"
        assert exchange.failure is not None
        assert exchange.failure.side == "server"
        assert "Connect call failed" in exchange.failure.message
    assert (tunnel.request.method, tunnel.request.url) == ("CONNECT", f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("names", "validity", "said"),
    [
        (("wrong.test",), None, "hostname mismatch"),
        (
            ("shop.test",),
            Validity.lasting(DAY, start=Validity.lasting(DAY).start - 30 * DAY),
            "certificate has expired",
        ),
    ],
)
def test_a_bad_certificate_is_kept(
    options: ProxyOptions,
    sink: Collected,
    authority: Authority,
    tmp_path: Path,
    names: tuple[str, ...],
    validity: Validity | None,
    said: str,
) -> None:
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate_pem)
    context = server_context(authority, tmp_path, *names, validity=validity)
    own = msgspec.structs.replace(options, upstream_ca=root)
    with Origin({}, context) as origin, RunningProxy(own, sink) as proxy, client(proxy) as http:
        assert http.get(origin.url("/", "shop.test")).status_code == 502
    exchange = sink.nth()
    assert exchange.failure is not None
    assert exchange.failure.side == "server"
    assert said in exchange.failure.message
    tls = exchange.server.tls
    assert tls is not None
    assert (tls.verified, tls.verify_error) == (False, said)
    assert tls.chain
    assert tls.chain[0].names == names, "the chain that was rejected is what a person wants to see"


def test_insecure_says_so_and_what_checking_would_have_found(
    options: ProxyOptions, sink: Collected, authority: Authority, tmp_path: Path
) -> None:
    context = server_context(authority, tmp_path, "shop.test")
    own = msgspec.structs.replace(options, insecure=True)
    with (
        Origin({"/": lambda handler: handler.reply(200, b"x")}, context) as origin,
        RunningProxy(own, sink) as proxy,
        client(proxy) as http,
    ):
        assert http.get(origin.url("/", "shop.test")).status_code == 200
    assert sink.notices[0].kind == "unsafe"
    tls = sink.nth().server.tls
    assert tls is not None
    assert tls.verified is False
    assert tls.verify_error
    assert "issuer" in tls.verify_error or "verify" in tls.verify_error or "self-signed" in tls.verify_error


def test_a_client_that_does_not_trust_the_proxy(proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    for _ in range(2):
        with httpx.Client(proxy=proxy.url, trust_env=False) as http, pytest.raises(httpx.ConnectError):
            http.get(f"{lab.origins.shop}/")
    sink.wait(lambda c: len(c.pairs) == 2)
    exchange, report = sink.pairs[0]
    assert exchange.request.method == "CONNECT"
    assert exchange.request.url == lab.origins.shop.removeprefix("https://")
    assert exchange.failure is not None
    assert exchange.failure.side == "client"
    assert [a.rule for a in report.annotations] == ["tls/client-distrusts"]


def test_elsewhere_is_refused(proxy: RunningProxy, sink: Collected) -> None:
    with client(proxy) as http:
        assert http.get("http://198.51.100.7/").status_code == 502
    failure = sink.nth().failure
    assert failure is not None
    assert "this machine only" in failure.message


def test_a_response_cut_short(proxy: RunningProxy, sink: Collected) -> None:
    def cut(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nonly this")
        handler.close_connection = True

    with Origin({"/cut": cut}) as origin, client(proxy) as http:
        http.get(origin.url("/cut"))
    exchange = sink.nth()
    assert exchange.failure is not None
    assert exchange.failure.side == "server"


def test_only_chosen_hosts(options: ProxyOptions, sink: Collected, lab: Lab) -> None:
    chosen = msgspec.structs.replace(options, hosts=("api.*",))
    with RunningProxy(chosen, sink) as proxy, client(proxy, http2=True) as http:
        http.get(f"{lab.origins.shop}/")
        http.get(f"{lab.origins.api}/slow")
        http.get(f"{lab.origins.partner}/widget")
    assert [exchange.request.url for exchange in sink.exchanges] == [f"{lab.origins.api}/slow"]


# -- starting and stopping -------------------------------------------------------------------------------------------


def test_failed_starts_leave_nothing_behind(options: ProxyOptions, sink: Collected, tmp_path: Path) -> None:
    import logging

    handlers = list(logging.getLogger().handlers)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = msgspec.structs.replace(options, port=port)
        for _ in range(3):
            with pytest.raises(ProxyError, match=f"port {port} on 127.0.0.1 is in use"), RunningProxy(busy, sink):
                pass
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "mitmproxy-ca.pem").touch(mode=0o600)
    (broken / "mitmproxy-ca.pem").write_text("no key at all")
    for bad, said in (
        (msgspec.structs.replace(options, confdir=blocked / "ca"), "certificate authority"),
        (msgspec.structs.replace(options, confdir=broken), "no usable key"),
        (msgspec.structs.replace(options, upstream_ca=tmp_path / "none.pem"), "cannot read"),
        (msgspec.structs.replace(options, save=tmp_path / "no" / "x.har"), "cannot write"),
        (msgspec.structs.replace(options, save=tmp_path / "x.txt"), r"\.har"),
    ):
        with pytest.raises(ProxyError, match=said) as raised, RunningProxy(bad, sink):
            pass
        assert "\n" not in str(raised.value)
    assert logging.getLogger().handlers == handlers
    assert "inspector-proxy" not in {thread.name for thread in threading.enumerate()}
    with (
        Origin({"/": lambda handler: handler.reply(200, b"ok")}) as origin,
        RunningProxy(options, sink) as proxy,
        client(proxy) as http,
    ):
        assert http.get(origin.url()).text == "ok"
        port = proxy.port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the port is closed again"


def test_one_at_a_time(proxy: RunningProxy, options: ProxyOptions, sink: Collected) -> None:
    with pytest.raises(ProxyError, match="already"), RunningProxy(options, sink):
        pass


def test_a_new_directory_is_for_its_owner_alone(options: ProxyOptions, sink: Collected, tmp_path: Path) -> None:
    own = msgspec.structs.replace(options, confdir=tmp_path / "deep" / "ca")
    with RunningProxy(own, sink) as proxy:
        assert proxy.ca_certificate.is_file()
    assert (tmp_path / "deep" / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "deep" / "ca" / "mitmproxy-ca.pem").stat().st_mode & 0o077 == 0

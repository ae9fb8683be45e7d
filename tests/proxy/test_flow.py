"""Flows to exchanges, where a proxy on loopback would not show the difference."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import flow as mitm_flow
from mitmproxy import http
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from inspector.exchange import Recorder
from inspector.proxy.annotate import findings_of, mark
from inspector.proxy.facts import FACTS
from inspector.proxy.flow import exchange_from_flow, http_version
from inspector.report import Annotation, Severity

RECORDER = Recorder("mitmproxy", "test")


def made(**response: object) -> http.HTTPFlow:
    flow = tflow.tflow(resp=True)
    flow.request.headers = http.Headers([(b"Host", b"shop.test")])
    for name, value in response.items():
        setattr(flow.response, name, value)
    return flow


def reread(flow: http.HTTPFlow) -> http.HTTPFlow:
    file = io.BytesIO()
    FlowWriter(file).add(flow)
    file.seek(0)
    again = next(iter(FlowReader(file).stream()))
    assert isinstance(again, http.HTTPFlow)
    return again


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        (b"HTTP/1.1", "1.1"), (b"HTTP/1.0", "1.0"), (b"HTTP/2.0", "2"), (b"HTTP/2", "2"), (b"HTTP/3", "3"),
        (b"HTTP/0.9", "0.9"), (b"", None), (b"ICY", None), (b"HTTP/", None), (b"\xff/\xff", None),
    ],
)  # fmt: skip
def test_versions(raw: bytes, version: str | None) -> None:
    assert http_version(raw) == version


def test_fields_as_received_and_cookie_crumbs_joined() -> None:
    flow = made()
    assert flow.response is not None
    flow.request.data.http_version = b"HTTP/2.0"
    flow.request.data.authority = b"shop.test"
    flow.request.headers = http.Headers(
        [(b"accept", b"*/*"), (b"cookie", b"a=1"), (b"x", b"\xff\xfe"), (b"cookie", b"b=2"), (b"cookie", b"c=3")]
    )
    flow.response.headers = http.Headers([(b"Set-COOKIE", b" a=1 "), (b"set-cookie", "é=ü".encode()), (b"X", b"")])
    exchange = exchange_from_flow(flow, 0, RECORDER)
    assert [(f.name, f.value) for f in exchange.request.fields] == [
        ("accept", "*/*"),
        ("cookie", "a=1; b=2; c=3"),
        ("x", "\xff\xfe"),
    ]
    assert [(f.name, f.value) for f in exchange.request.pseudo][2] == (":authority", "shop.test")
    assert exchange.response is not None
    assert [(f.name, f.value) for f in exchange.response.fields] == [
        ("Set-COOKIE", "a=1"),
        ("set-cookie", "é=ü"),
        ("X", ""),
    ]


@pytest.mark.parametrize(
    ("scheme", "host", "port", "field", "mode", "url"),
    [
        ("https", "10.0.0.1", 443, b"shop.test", "transparent", "https://shop.test/p?q"),
        ("https", "shop.test", 8443, b"shop.test:8443", "regular", "https://shop.test:8443/p?q"),
        ("https", "shop.test", 443, b"shop.test:443", "regular", "https://shop.test/p?q"),
        ("http", "shop.test", 80, b"other.test", "regular", "http://shop.test/p?q"),
        ("http", "::1", 8000, b"", "regular", "http://[::1]:8000/p?q"),
        ("https", "::1", 8000, b"[::1]:8000", "regular", "https://[::1]:8000/p?q"),
    ],
)
def test_target_uri(scheme: str, host: str, port: int, field: bytes, mode: str, url: str) -> None:
    from mitmproxy.proxy import mode_specs

    flow = made()
    flow.client_conn.proxy_mode = mode_specs.ProxyMode.parse(mode)
    data = flow.request.data
    data.scheme, data.host, data.port, data.path, data.authority = scheme.encode(), host, port, b"/p?q", b""
    data.headers = http.Headers([(b"Host", field)] if field else [])
    assert exchange_from_flow(flow, 0, RECORDER).request.url == url


def test_options_for_the_whole_server_and_connect() -> None:
    flow = made()
    flow.request.data.path, flow.request.data.method = b"*", b"OPTIONS"
    assert exchange_from_flow(flow, 0, RECORDER).request.url == "http://address:22"
    flow.request.data.method = b"CONNECT"
    assert exchange_from_flow(flow, 0, RECORDER).request.url == "address:22"


def body_of(flow: http.HTTPFlow) -> tuple[str, int | None, int | None, bytes | None]:
    response = exchange_from_flow(flow, 0, RECORDER).response
    assert response is not None
    return response.body.state, response.body.size, response.body.transferred, response.body.data


def test_bodies() -> None:
    packed = gzip.compress(b"content " * 100, mtime=0)
    coded = http.Headers([(b"Content-Encoding", b"gzip"), (b"Content-Type", b"text/plain; charset=x")])
    assert body_of(made(raw_content=packed, headers=coded)) == ("full", 800, len(packed), b"content " * 100)
    assert body_of(made(raw_content=b"")) == ("empty", 0, 0, None)
    assert body_of(made(raw_content=None)) == ("omitted", None, None, None), "streamed, and nobody counted"
    assert body_of(made(raw_content=b"not gzip", headers=coded))[:3] == ("omitted", None, 8)
    for coding, undecodable in ((b"gzip", True), (b"utf-8", False), (b"utf-8, gzip", False)):
        response = exchange_from_flow(
            made(raw_content=b"not gzip", headers=http.Headers([(b"Content-Encoding", coding)])), 0, RECORDER
        ).response
        assert response is not None
        assert response.body.undecodable is undecodable
    state, size, transferred, data = body_of(made(raw_content=packed[:-12], headers=coded))
    assert (state, size, transferred) == ("truncated", None, len(packed) - 12)
    assert data is not None
    assert (b"content " * 100).startswith(data)
    streamed = made(raw_content=None)
    streamed.metadata[FACTS] = {"response_size": 10_000_000, "response_prefix": b"begin"}
    assert body_of(streamed) == ("truncated", 10_000_000, 10_000_000, b"begin")
    assert body_of(reread(streamed)) == body_of(streamed)


def test_facts_from_a_stranger_are_not_believed_blindly() -> None:
    flow = made(raw_content=None)
    flow.metadata[FACTS] = {"response_size": "many", "response_prefix": 7, "client_use": None, "surplus": [1]}
    assert body_of(flow) == ("omitted", None, None, None)
    flow.metadata[FACTS] = ["not", "even", "an", "object"]
    assert body_of(flow) == ("omitted", None, None, None)


@pytest.mark.parametrize(
    ("message", "side"),
    [
        ("Client disconnected.", "client"),
        ("server closed connection", "server"),
        ("Certificate verify failed: hostname mismatch", "server"),
        ("Connection killed.", "recorder"),
        ("stream reset by client (CANCEL)", None),
        ("something new", None),
    ],
)
def test_who_ended_it(message: str, side: str | None) -> None:
    flow = tflow.tflow()
    flow.client_conn.alpn = flow.server_conn.alpn = b"h2"
    flow.error = mitm_flow.Error(message)
    failure = exchange_from_flow(flow, 0, RECORDER).failure
    assert failure is not None
    assert (failure.message, failure.side) == (message, side)


def test_a_reset_is_blamed_only_where_one_side_can_have_sent_it() -> None:
    flow = tflow.tflow()
    flow.error = mitm_flow.Error("stream reset by client (INTERNAL_ERROR)")
    flow.client_conn.alpn, flow.server_conn.alpn = b"http/1.1", b"h2"
    failure = exchange_from_flow(flow, 0, RECORDER).failure
    assert failure is not None
    assert failure.side == "server", "only the server speaks HTTP/2 here, whatever mitmproxy says"


def test_early_hints_taken_for_the_response() -> None:
    exchange = exchange_from_flow(made(status_code=103), 0, RECORDER)
    assert exchange.failure is not None
    assert exchange.failure.side == "recorder"


def test_resource_types() -> None:
    def typed(*fields: tuple[bytes, bytes], method: bytes = b"GET") -> str | None:
        flow = made()
        flow.request.headers, flow.request.data.method = http.Headers(fields), method
        return exchange_from_flow(flow, 0, RECORDER).context.resource_type

    assert typed() is None
    assert typed((b"Sec-Fetch-Dest", b"image")) == "image"
    assert typed((b"sec-fetch-dest", b"empty"), (b"accept", b"text/event-stream")) == "eventsource"
    assert typed((b"sec-fetch-dest", b"something-new")) is None
    asked = ((b"Origin", b"https://a.test"), (b"Access-Control-Request-Method", b"PUT"))
    assert typed(*asked, method=b"OPTIONS") == "preflight"


def test_marks_survive_saving_and_merge() -> None:
    flow = made()
    one = Annotation("cors/x", Severity.ERROR, "Blocked\x1b[31m", "because", references=("https://a.test",))
    two = Annotation("cache/y", Severity.WARNING, "Not stored", "because")
    mark(flow, (two,))
    assert flow.marked == ":orange_circle:"
    mark(flow, (one,))
    mark(flow, (one,))
    again = reread(flow)
    assert again.marked == ":red_circle:"
    assert again.comment == "inspector: [error] Blocked\\x1b[31m (cors/x); [warning] Not stored (cache/y)"
    assert [f["rule"] for f in findings_of(again)] == ["cache/y", "cors/x"]
    assert findings_of(again)[1]["references"] == ["https://a.test"]


def test_a_persons_own_comment_and_sign_stay() -> None:
    flow = made()
    flow.comment, flow.marked = "mine", ":tada:"
    mark(flow, (Annotation("cors/x", Severity.ERROR, "Blocked", "because"),))
    assert (flow.comment, flow.marked) == ("mine", ":tada:")
    assert findings_of(flow)


@given(
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40)), max_size=6),
    st.binary(max_size=60),
    st.binary(max_size=10),
    st.binary(max_size=40),
    st.integers(0, 999),
)
def test_hostile_messages_never_raise(
    fields: list[tuple[bytes, bytes]], content: bytes, method: bytes, path: bytes, status: int
) -> None:
    flow = made(headers=http.Headers(fields), raw_content=content, status_code=status)
    flow.request.headers = http.Headers(fields)
    flow.request.data.method, flow.request.data.path, flow.request.data.authority = method, path, content[:20]
    exchange = exchange_from_flow(flow, 3, RECORDER)
    assert exchange.index == 3
    if method != b"CONNECT":
        assert exchange.response is not None
        assert len(exchange.response.fields) == len(fields)

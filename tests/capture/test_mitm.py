"""Flow files, written by mitmproxy's own writer."""

import subprocess
import sys
from pathlib import Path

import pytest
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow, tutils

from inspector.capture import CaptureError, open_capture

START = 1_714_564_800.0


def http(path, started, method="GET", headers=()):
    request = tutils.treq(
        method=method.encode(),
        path=path.encode(),
        host="shop.test",
        timestamp_start=START + started,
        timestamp_end=START + started + 0.01,
    )
    for name, value in headers:
        request.headers[name] = value
    response = tutils.tresp(timestamp_start=START + started + 0.02, timestamp_end=START + started + 0.03)
    return tflow.tflow(req=request, resp=response)


def write(path: Path, *flows) -> Path:
    with path.open("wb") as stream:
        writer = FlowWriter(stream)
        for flow in flows:
            writer.add(flow)
    return path


def test_flows_become_exchanges(tmp_path):
    path = write(tmp_path / "x.mitm", http("/a", 0), http("/b", 1))
    capture = open_capture(path)
    assert (capture.format, capture.creator, capture.entries, capture.recorder.vantage) == (
        "mitmproxy",
        "mitmproxy",
        2,
        "proxy",
    )
    first, second = capture.exchanges()
    assert first.request.url.endswith("/a")
    assert (second.index, second.response.status, second.response.body.data) == (1, 200, b"message")
    assert first.context.recorder.kind == "mitmproxy"
    assert capture.info().skipped == ()


def test_flows_are_recognised_by_content_and_from_a_pipe(tmp_path):
    path = write(tmp_path / "x.har", http("/a", 0))
    program = "from inspector.capture import open_capture\nfor e in open_capture('-').exchanges(): print(e.request.url)"
    done = subprocess.run([sys.executable, "-c", program], input=path.read_bytes(), capture_output=True, check=True)
    assert done.stdout.strip().endswith(b"/a")


def test_flows_are_written_as_they_end_and_read_as_they_began(tmp_path):
    preflight = http("/c", 1.001, "OPTIONS", [("Access-Control-Request-Method", "PUT")])
    path = write(tmp_path / "x.mitm", preflight, http("/b", 2), http("/a", 0), http("/c", 1.05, "PUT"))
    capture = open_capture(path)
    assert [exchange.index for exchange in capture.exchanges()] == [2, 0, 3, 1]
    assert [exchange.index for exchange in capture.exchanges("file")] == [0, 1, 2, 3]


def test_flows_that_are_not_http_are_skipped_with_a_reason(tmp_path):
    path = write(tmp_path / "x.mitm", tflow.ttcpflow(), http("/a", 0), tflow.tudpflow(), tflow.tdnsflow())
    capture = open_capture(path)
    assert [exchange.index for exchange in capture.exchanges()] == [1]
    info = capture.info()
    assert info.entries == 4
    assert [(skipped.index, skipped.reason) for skipped in info.skipped] == [
        (0, "TCP flow is not HTTP"),
        (2, "UDP flow is not HTTP"),
        (3, "DNS flow is not HTTP"),
    ]


def test_websockets_and_failures(tmp_path):
    path = write(tmp_path / "x.mitm", tflow.twebsocketflow(), tflow.tflow(err=True))
    socket, failed = open_capture(path).exchanges("file")
    assert [message.content for message in socket.websocket.messages] == [b"hello binary", "hello text", "it's me"]
    assert failed.response is None
    assert failed.failure.message


@pytest.mark.parametrize("lost", [1, 100, 900])
def test_a_file_cut_short_gives_what_is_complete(tmp_path, lost):
    path = write(tmp_path / "x.mitm", http("/a", 0), http("/b", 1), http("/c", 2))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - lost])
    capture = open_capture(path)
    assert [exchange.index for exchange in capture.exchanges()] == [0, 1]
    info = capture.info()
    assert [(skipped.index, skipped.reason) for skipped in info.skipped] == [(2, "flow is cut short")]
    assert info.notes[0].startswith("The file is cut short: 2 of its flows are complete")


def test_a_damaged_flow_costs_itself_alone(tmp_path):
    path = write(tmp_path / "x.mitm", http("/a", 0), http("/b", 1), http("/c", 2))
    path.write_bytes(path.read_bytes().replace(b"2:/b,", b"2:/b]"))
    capture = open_capture(path)
    assert [exchange.index for exchange in capture.exchanges()] == [0, 2]
    (skipped,) = capture.info().skipped
    assert skipped.index == 1
    assert skipped.reason.startswith("flow c")
    assert "\n" not in skipped.reason


def test_digits_alone_are_no_flow_file(tmp_path):
    path = tmp_path / "x.mitm"
    path.write_bytes(b"12345")
    with pytest.raises(CaptureError, match="not a recording"):
        open_capture(path)


def test_reading_a_har_file_imports_nothing_heavy(tmp_path):
    from tests.capture.hars import entry, har
    from tests.capture.hars import write as write_har

    path = write_har(tmp_path, har(entry()))
    program = (
        "import sys\nfrom inspector.capture import open_capture\nlist(open_capture(sys.argv[1]).exchanges())\n"
        "print(sorted({'mitmproxy', 'cryptography', 'httpx', 'starlette', 'rich', 'zipfile', 'tempfile'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"

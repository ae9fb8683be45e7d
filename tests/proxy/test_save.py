"""What is saved can be read again, says as much as it did live, and survives a sudden end."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.exchange import Exchange
from inspector.learn.lab import Lab
from inspector.learn.lab.visitor import visit
from inspector.proxy.annotate import findings_of
from inspector.proxy.master import RunningProxy
from inspector.proxy.options import ProxyOptions
from inspector.report import ExchangeReport
from tests.proxy.conftest import Collected, client
from tests.proxy.origin import Origin


def _visited(options: ProxyOptions, sink: Collected, lab: Lab, file: Path) -> None:
    with RunningProxy(msgspec.structs.replace(options, save=file), sink) as proxy:
        visit(lab, proxy.url, verify=ssl.create_default_context(cafile=proxy.ca_certificate))


def _read(file: Path) -> list[Exchange]:
    capture = open_capture(str(file))
    exchanges = list(capture.exchanges(order="file"))
    assert capture.info().skipped == ()
    return exchanges


def _plain(exchange: Exchange) -> dict[str, object]:
    """What every form of saving keeps."""
    response = exchange.response
    return {
        "request": (exchange.request.method, exchange.request.url, exchange.request.http_version),
        "fields": [(f.name, f.value) for f in exchange.request.fields],
        "sent": exchange.request.body.data,
        "response": response and (response.status, response.reason, response.http_version),
        "response fields": response and [(f.name, f.value) for f in response.fields],
        "content": response and response.body.data,
        "trailers": response and [(f.name, f.value) for f in response.trailers or ()],
        "type": exchange.context.resource_type,
        "connection": (exchange.server.id, exchange.server.peer, exchange.server.reused),
        "messages": exchange.websocket and [(m.from_client, m.text, m.content) for m in exchange.websocket.messages],
        "certificate": exchange.server.tls and exchange.server.tls.chain and exchange.server.tls.chain[0].names,
    }


def test_a_flow_file_says_as_much_as_the_traffic_did(
    options: ProxyOptions, sink: Collected, lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "x.mitm"
    _visited(options, sink, lab, file)
    assert file.stat().st_mode & 0o777 == 0o600
    again = _read(file)
    assert len(again) == len(sink.exchanges) > 50
    for exchange, live in zip(again, sink.exchanges, strict=True):
        same = msgspec.structs.replace(exchange, context=live.context)
        assert same == live
        assert exchange.context.resource_type == live.context.resource_type

    from mitmproxy.io import FlowReader

    with file.open("rb") as opened:
        for flow, (_, report) in zip(FlowReader(opened).stream(), sink.pairs, strict=True):
            assert [f["rule"] for f in findings_of(flow)] == [a.rule for a in report.annotations]
            assert bool(flow.comment) == bool(report.annotations)


def test_a_har_file_says_as_much_as_har_can(options: ProxyOptions, sink: Collected, lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "x.HAR"
    _visited(options, sink, lab, file)
    document = json.loads(file.read_bytes())
    again = _read(file)
    assert len(again) == len(sink.exchanges) > 50
    for exchange, live in zip(again, sink.exchanges, strict=True):
        expected = _plain(live)
        if live.websocket is not None or (live.request.body.state == "empty"):
            expected["sent"] = None
        if not expected["content"]:
            expected["content"] = None
        found = _plain(exchange)
        if not found["content"]:
            found["content"] = None
        assert found == expected
    for entry, (_, report) in zip(document["log"]["entries"], sink.pairs, strict=True):
        assert [f["rule"] for f in entry.get("_inspector", [])] == [a.rule for a in report.annotations]
        timings = entry["timings"]
        assert entry["time"] >= 0
        assert all(timings[name] >= 0 for name in ("send", "wait", "receive"))
        assert timings["connect"] == -1 or timings["connect"] >= timings["ssl"]
    assert open_capture(str(file)).recorder.vantage == "proxy"


@pytest.mark.parametrize("suffix", ["har", "mitm"])
def test_what_is_read_again_is_judged_the_same(
    options: ProxyOptions, sink: Collected, lab: Lab, tmp_path: Path, suffix: str
) -> None:
    """The lab's whole traffic gives the same findings live and from either file."""
    _visited(options, sink, lab, tmp_path / f"x.{suffix}")
    engine = Engine()
    for exchange, (_, live) in zip(_read(tmp_path / f"x.{suffix}"), sink.pairs, strict=True):
        report: ExchangeReport = engine.observe(exchange)
        assert report.annotations == live.annotations
        if suffix == "mitm":  # HAR keeps milliseconds, so that a cookie's moment of expiry is rounded
            assert report.verdicts == live.verdicts


def test_a_har_file_is_whole_at_every_moment(options: ProxyOptions, sink: Collected, tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    saving = msgspec.structs.replace(options, save=file)
    with (
        Origin({"/": lambda handler: handler.reply(200, b"x" * 1000)}) as origin,
        RunningProxy(saving, sink) as proxy,
        client(proxy) as http,
    ):
        assert json.loads(file.read_bytes())["log"]["entries"] == []
        for number in range(3):
            http.get(origin.url())
            sink.wait(lambda c, number=number: len(c.pairs) > number)
            http.get(origin.url("/missing"))  # by the time this is through, the one before is written
            entries = json.loads(file.read_bytes())["log"]["entries"]
            assert len(entries) > number


@pytest.mark.parametrize("suffix", ["har", "mitm"])
def test_a_killed_proxy_leaves_what_passed(options: ProxyOptions, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.{suffix}"
    command = [
        sys.executable,
        "-m",
        "inspector",
        "proxy",
        "-p",
        "0",
        "--confdir",
        str(options.confdir),
        "--save",
        str(file),
    ]
    with (
        Origin({"/": lambda handler: handler.reply(200, b"x" * 1000)}) as origin,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        address = process.stdout.readline().split(" on ")[1].split(". ")[0]
        import httpx

        with httpx.Client(proxy=f"http://{address}", trust_env=False) as http:
            for _ in range(5):
                assert http.get(origin.url()).status_code == 200
        while not process.stdout.readline().count("/missing"):
            with httpx.Client(proxy=f"http://{address}", trust_env=False) as http:
                http.get(origin.url("/missing"))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(_read(file)) >= 5


def test_a_full_disk_does_not_stop_traffic(options: ProxyOptions, sink: Collected) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")

    class Full:
        def add(self, *_: object) -> None:
            with Path("/dev/full").open("wb", buffering=0) as file:
                file.write(b"x")

        def close(self) -> None: ...

    from inspector.proxy import master

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(master, "open_saver", lambda path: Full())
        with (
            Origin({"/": lambda handler: handler.reply(200, b"ok")}) as origin,
            RunningProxy(msgspec.structs.replace(options, save=Path("x.har")), sink) as proxy,
            client(proxy) as http,
        ):
            assert http.get(origin.url()).text == "ok"
            assert http.get(origin.url()).text == "ok"
    assert [notice.kind for notice in sink.notices] == ["trouble"]
    assert "No space left" in sink.notices[0].text
    assert len(sink.pairs) == 2

"""The add-ons in people's own mitmproxy: real mitmdump, real traffic, saved flows read again."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from mitmproxy import contentviews, http
from mitmproxy.addons.script import Script
from mitmproxy.io import FlowReader
from mitmproxy.test import taddons, tflow

from inspector.capture import open_capture
from inspector.cli.addons import addons_command, addons_directory
from inspector.engine import Engine
from inspector.proxy.annotate import findings_of, mark
from inspector.proxy.script import InspectorView, explain
from inspector.report import Annotation, Evidence, Severity
from inspector.rules.catalogue import topics
from tests.conftest import ROOT
from tests.proxy.origin import Handler, Origin

ADDONS = sorted((ROOT / "addons").glob("*.py"))
MITMDUMP = Path(sys.executable).parent / "mitmdump"


def test_one_for_everything_and_one_a_topic() -> None:
    assert [file.stem for file in ADDONS] == [
        "annotate", "cache", "client", "cookies", "cors", "http_version", "security", "status",
    ]  # fmt: skip


@pytest.mark.parametrize("file", ADDONS, ids=lambda file: file.stem)
def test_they_hold_no_rule(file: Path) -> None:
    tree = ast.parse(file.read_text())
    assert ast.get_docstring(tree)
    kinds = [type(node) for node in tree.body[1:]]
    assert kinds == [ast.ImportFrom, ast.Assign]


@pytest.mark.parametrize("file", ADDONS, ids=lambda file: file.stem)
def test_their_topics_exist(file: Path) -> None:
    call = ast.parse(file.read_text()).body[-1]
    assert isinstance(call, ast.Assign)
    assert isinstance(call.value, ast.Call)
    named = {ast.literal_eval(argument) for argument in call.value.args}
    assert named <= set(topics())


@contextmanager
def mitmdump(confdir: Path, *arguments: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Runs it; gives its proxy URL and a function that ends it and returns everything it printed."""
    process = subprocess.Popen(
        [str(MITMDUMP), "--listen-host", "127.0.0.1", "-p", "0", "--set", f"confdir={confdir}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HOME": str(confdir)},
    )
    assert process.stdout is not None
    seen: list[str] = []
    try:
        for line in process.stdout:
            seen.append(line)
            if "listening at" in line:
                break
        else:
            raise AssertionError("".join(seen))
        address = line.rpartition("listening at ")[2].strip().rstrip(".")
        rest: list[str] = []
        reader = threading.Thread(target=lambda: rest.extend(process.stdout or ()))
        reader.start()

        def end() -> str:
            process.send_signal(signal.SIGINT)
            process.wait(20)
            reader.join()
            return "".join(seen + rest)

        yield f"http://{address}", end
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


PREFLIGHT = {
    "Origin": "https://shop.test",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "x-token",
    "Sec-Fetch-Mode": "cors",
}


def refuse(handler: Handler) -> None:
    handler.reply(204, b"", ("Access-Control-Allow-Origin", "https://other.test"))


def test_a_silent_server_in_mitmdump(tmp_path: Path) -> None:
    """What mitmproxy ends itself is not the client's doing: told so at once, and from the saved flow."""
    saved = tmp_path / "x.mitm"
    arguments = ("-s", str(ROOT / "addons/annotate.py"), "-w", str(saved), "--set", "tcp_timeout=1")
    with Origin({"/": lambda handler: handler.rfile.read(1)}) as origin, mitmdump(tmp_path, *arguments) as (url, end):
        with pytest.raises(httpx.RemoteProtocolError), httpx.Client(proxy=url, trust_env=False, timeout=20) as client:
            client.get(origin.url())
        assert "(proxy/idle)" in end()
    (exchange,) = open_capture(str(saved)).exchanges()
    assert "proxy/idle" in [a.rule for a in Engine().observe(exchange).annotations]


def test_a_failing_preflight_in_mitmdump(tmp_path: Path) -> None:
    file = tmp_path / "x.mitm"
    with (
        Origin({"/items": refuse}) as origin,
        mitmdump(tmp_path / "c", "-s", str(ROOT / "addons" / "cors.py"), "-w", str(file)) as (url, end),
    ):
        with httpx.Client(proxy=url, trust_env=False) as client:
            assert client.options(origin.url("/items"), headers=PREFLIGHT).status_code == 204
        printed = end()
    assert "Traceback" not in printed
    with file.open("rb") as opened:
        (flow,) = FlowReader(opened).stream()
    assert isinstance(flow, http.HTTPFlow)
    found = findings_of(flow)
    assert {f["rule"].partition("/")[0] for f in found} == {"cors"}
    worst = [f for f in found if f["severity"] == "error"]
    assert worst, found
    assert flow.marked == ":red_circle:"
    assert flow.comment.startswith("inspector: [error] ")
    assert worst[0]["rule"] in flow.comment
    assert worst[0]["rule"] in printed, "mitmdump does not print comments, so the log says it"
    assert flow.response is not None
    assert flow.response.headers["Access-Control-Allow-Origin"] == "https://other.test", "nothing was changed"
    shown = contentviews_text(flow)
    assert worst[0]["title"] in shown


def contentviews_text(flow: http.HTTPFlow) -> str:
    return InspectorView().prettify(b"", contentviews.Metadata(flow=flow))


def test_all_of_them_together_and_silent(tmp_path: Path) -> None:
    file = tmp_path / "x.mitm"
    scripts = [argument for addon in ADDONS for argument in ("-s", str(addon))]
    with (
        Origin({"/items": refuse}) as origin,
        mitmdump(tmp_path / "c", *scripts, "-w", str(file), "--set", "inspector_log=off") as (url, end),
    ):
        pass_through = httpx.Client(proxy=url, trust_env=False)
        with pass_through:
            pass_through.options(origin.url("/items"), headers=PREFLIGHT)
        printed = end()
    assert "Traceback" not in printed
    assert "[error]" not in printed
    with file.open("rb") as opened:
        (flow,) = FlowReader(opened).stream()
    assert isinstance(flow, http.HTTPFlow)
    told = [(f["rule"], f["title"], f["detail"]) for f in findings_of(flow)]
    assert len(told) == len(set(told)) > 0, "what two of them say is there once"


def test_the_view_is_registered_and_escapes() -> None:
    flow = tflow.tflow(resp=True)
    mark(
        flow,
        (
            Annotation(
                "cors/x", Severity.ERROR, "Blocked\x1b[31m", "Because.", "Do this.",
                (Evidence("response.field", "Vary", None), Evidence("url", None, "https://a.test")),
                ("https://fetch.spec.whatwg.org/",), "depends", "credentials are sent",
            ),
        ),
    )  # fmt: skip
    text = contentviews_text(flow)
    assert text.splitlines() == [
        "[error] Blocked\\x1b[31m  (cors/x)",
        "Because.",
        "Depends: credentials are sent",
        "  response.field: Vary: (absent)",
        "  https://a.test",
        "Fix: Do this.",
        "  https://fetch.spec.whatwg.org/",
    ]

    async def load() -> None:
        with taddons.context() as context:
            for addon in explain("cors"):
                context.master.addons.add(addon)
            assert "inspector" in contentviews.registry
            result = contentviews.prettify_message(flow.response, flow, "inspector")
            assert "Blocked" in result.text

    asyncio.run(load())


def test_metadata_that_is_not_ours_is_no_finding() -> None:
    flow = tflow.tflow(resp=True)
    strange: list[Any] = ["a", {"rule": 1, "evidence": "x", "references": 3}, None]
    flow.metadata["inspector"] = strange
    assert "(1)" in contentviews_text(flow)
    flow.metadata["inspector"] = "text"
    assert "Nothing" in contentviews_text(flow)


def test_reloading_a_script_does_no_harm() -> None:
    async def run() -> None:
        with taddons.context() as context:
            script = Script(str(ROOT / "addons" / "annotate.py"), True)
            context.master.addons.add(script)
            script.loadscript()
            script.loadscript()
            names = [addon.name for addon in script.ns.addons]
            assert names == ["inspector-all-watcher", "inspector-all"]
            assert "inspector-all" in context.master.addons.lookup
            script.done()

    asyncio.run(run())


def test_inspector_addons_prints_paths() -> None:
    listed = CliRunner().invoke(addons_command, [])
    assert listed.exit_code == 0
    for file in ADDONS:
        assert str(file) in listed.output
    one = CliRunner().invoke(addons_command, ["http-version"])
    assert Path(one.output.strip()) == addons_directory() / "http_version.py"
    wrong = CliRunner().invoke(addons_command, ["nope"])
    assert wrong.exit_code == 2
    assert "there is no add-on 'nope'" in wrong.output

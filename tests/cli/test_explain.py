"""The command line as a person and a program meet it: in this process and as a real one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner

from inspector import explain as explain_module
from inspector.cli import main
from inspector.engine import Options
from inspector.explain import Selection, explain, parse_entry, parse_status
from inspector.rules.catalogue import all_rules, topics
from tests.conftest import needs_real_captures, real_captures
from tests.render.hars import entry, har

SHOP = (
    entry("https://shop.test/", request=[("Cookie", "sid=3f9c2d71aa")]),
    entry("https://api.shop.test/items", 404),
    entry("https://cdn.test:8443/app.js", 503, method="POST"),
)


def run(*args: object, **extra):
    return CliRunner().invoke(main, [str(a) for a in args], **extra)


def process(*args: object, env: dict[str, str] | None = None, **extra) -> subprocess.CompletedProcess[bytes]:
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "INSPECTOR_DEBUG")}
    return subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, args)],
        capture_output=True,
        env={**clean, **(env or {})},
        timeout=60,
        **extra,
    )


@pytest.fixture
def shop(tmp_path):
    return har(tmp_path, *SHOP)


def urls(result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [e["url"] for e in json.loads(result.stdout)["exchanges"]]


def test_explains_a_capture(shop):
    result = run("explain", shop)
    assert result.exit_code == 0
    assert "3 exchanges" in result.stdout
    assert "GET https://api.shop.test/items" in result.stdout
    assert not result.stderr


def test_no_arguments_is_a_request_for_help():
    result = run("explain")
    assert result.exit_code == 2
    assert "Usage: inspector explain" in result.stderr
    assert run().exit_code == 0
    assert "explain " in run().stdout
    assert "explain " in run("-h").stdout


def test_version():
    assert run("--version").stdout.startswith("inspector 0.")


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["--host", "*.shop.test"], ["/items"]),
        (["--host", "shop.test", "--host", "API.shop.test"], ["/", "/items"]),
        (["--host", "cdn.test:8443"], ["/app.js"]),
        (["--status", "404"], ["/items"]),
        (["--status", "5xx,404"], ["/items", "/app.js"]),
        (["--status", "400-502"], ["/items"]),
        (["--status", "none"], []),
        (["--entry", "1"], ["/items"]),
        (["--entry", "#2", "-e", "0:0"], ["/", "/app.js"]),
        (["--entry", "0", "--status", "404"], []),
    ],
)
def test_selection(shop, options, paths):
    found = urls(run("explain", shop, "--format", "json", *options))
    assert [url.partition("test")[2].removeprefix(":8443") for url in found] == paths


def test_unselected_exchanges_are_still_observed(tmp_path, monkeypatch):
    seen = []
    observe = explain_module.Engine.observe
    monkeypatch.setattr(
        explain_module.Engine,
        "observe",
        lambda self, x, capture=0: (seen.append(x.index), observe(self, x, capture))[1],
    )
    explain([str(har(tmp_path, *SHOP))], Options(), Selection(entries=((None, 2),)))
    assert seen == [0, 1, 2]


def test_topics_and_rules_choose(shop):
    topic = topics()[0]
    document = json.loads(run("explain", shop, "--format", "json", "--only", topic).stdout)
    assert {a["rule"].partition("/")[0] for e in document["exchanges"] for a in e["annotations"]} <= {topic}
    rule = all_rules()[0].id
    document = json.loads(run("explain", shop, "--format", "json", "--rule", rule).stdout)
    assert {a["rule"] for e in document["exchanges"] for a in e["annotations"]} <= {rule}


def test_severity_chooses(shop):
    document = json.loads(run("explain", shop, "--format", "json", "--severity", "warning").stdout)
    assert {a["severity"] for e in document["exchanges"] for a in e["annotations"]} <= {"error", "warning"}


def test_an_entry_shows_everything_about_it(shop):
    result = run("explain", shop, "--entry", "0")
    assert "  Request\n    Cookie: sid=[masked 1]" in result.stdout
    assert "3f9c2d71aa" not in result.stdout
    assert "https://api.shop.test" not in result.stdout
    assert "Cookie: sid=3f9c2d71aa" in run("explain", shop, "--entry", "0", "--reveal").stdout


def test_standard_input(shop):
    result = process("explain", "-", input=shop.read_bytes())
    assert result.returncode == 0
    assert b"standard input" in result.stdout
    assert b"3 exchanges" in result.stdout


# -- failures: one line, exit 2, nothing lost -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["explain", "nope.har"], "nope.har"),
        (["explain", "x", "--only", "colours"], "the topics are"),
        (["explain", "x", "--rule", "status/404-explaind"], "there is no rule 'status/404-explaind'"),
        (["explain", "x", "--status", "9"], "write 404, 4xx, 400-499"),
        (["explain", "x", "--entry", "one"], "'one' is not an entry"),
        (["explain", "x", "--severity", "fatal"], "'fatal' is not one of"),
        (["explain", "x", "--nonsense"], "--nonsense"),
        (["explain", "x", "--status", "500-400"], "400 comes before 500"),
        (["nonsense"], "there is no command 'nonsense'; there are explain, grade, proxy"),
        (["explian"], "did you mean explain"),
        (["shop.har"], "to explain a recording: inspector explain shop.har"),
        (["trust", "shwo"], "did you mean show"),
        (["rule", "no/such"], "there is no rule 'no/such'"),
        (["rule", "cors"], "`inspector rules --topic cors` lists its rules"),
        (["rule", "cors/allow"], "did you mean cors/allow-origin-missing or"),
        (["rules", "--only", "x"], "the topics are"),
        (["explain", "\x1b]0;owned\x07.har"], "\\x1b]0;owned\\x07.har"),
    ],
)
def test_one_line_and_exit_2(args, said):
    result = run(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("inspector: ")
    assert said in line
    assert line.isprintable()


def test_an_unknown_topic_lists_those_there_are():
    assert ", ".join(topics()) in run("explain", "x", "--only", "colours").stderr


def test_a_file_that_cannot_be_read_does_not_stop_the_others(shop, tmp_path):
    broken = tmp_path / "broken.har"
    broken.write_text("hello")
    for form in ("terminal", "json"):
        result = run("explain", broken, shop, tmp_path / "missing.har", "--format", form)
        assert result.exit_code == 2
        assert "https://api.shop.test/items" in result.stdout
        assert [line.startswith("inspector: ") for line in result.stderr.splitlines()] == [True, True]


def test_a_report_about_nothing_says_why(shop, tmp_path):
    empty = tmp_path / "empty.har"
    empty.write_text('{"log": {"entries": []}}')
    assert "0 exchanges\nNothing was recorded." in run("explain", empty).stdout
    filtered = run("explain", shop, "--host", "elsewhere.test").stdout
    assert "0 exchanges\nNone of the 3 entries is one that was asked for by `--host`" in filtered
    broken = tmp_path / "broken.har"
    broken.write_text('{"log": {"entries": [7]}}')
    assert "skipped 1 of 1" in run("explain", broken).stdout
    assert "asked for" not in run("explain", broken).stdout


def test_no_such_entry(shop):
    result = run("explain", shop, "--entry", "99")
    assert result.exit_code == 2
    assert result.stderr == "inspector: there is no such entry; entries are numbered from 0 to 2\n"


def test_faults_of_our_own_are_one_line_without_traffic(shop, monkeypatch):
    def fails(self, exchange, capture=0):
        raise ValueError("secret 3f9c2d71aa")

    monkeypatch.setattr(explain_module.Engine, "observe", fails)
    result = run("explain", shop)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "internal error (ValueError in inspector.explain, line " in line
    assert "INSPECTOR_DEBUG=1" in line
    assert "3f9c2d71aa" not in line
    debugged = run("explain", shop, env={"INSPECTOR_DEBUG": "1"})
    assert isinstance(debugged.exception, ValueError)


def test_a_full_disk_is_said(shop):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "inspector", "explain", str(shop)], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr == b"inspector: No space left on device\n"


@pytest.mark.parametrize("form", ["terminal", "json"])
def test_a_closed_pipe_ends_quietly(tmp_path, form):
    many = har(tmp_path, *(entry(f"https://a.test/{i}", 404) for i in range(3000)))
    child = subprocess.Popen(
        [sys.executable, "-m", "inspector", "explain", str(many), "--format", form, "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert len(child.stdout.read(10)) == 10
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(60) == 0


# -- terminals --------------------------------------------------------------------------------------------------


def on_a_terminal(*args: object, env: dict[str, str] | None = None) -> bytes:
    """Run with a pseudo-terminal of 80 by 24 as standard input and output."""
    leader, follower = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "PAGER", "LESS")}
    child = subprocess.Popen(
        [sys.executable, "-m", "inspector", *map(str, args)],
        stdin=follower,
        stdout=follower,
        stderr=subprocess.PIPE,
        env={**clean, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **(env or {})},
    )
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    assert child.stderr is not None
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == 0, errors
    assert errors == b""
    return shown


def test_piped_output_is_plain_and_a_terminals_is_styled(shop):
    assert b"\x1b" not in process("explain", shop).stdout
    assert b"\x1b[" in process("explain", shop, "--color", "always").stdout
    assert b"\x1b[" in process("explain", shop, env={"FORCE_COLOR": "1"}).stdout
    assert b"\x1b[" in on_a_terminal("explain", shop, "--no-pager")
    assert b"\x1b" not in on_a_terminal("explain", shop, "--no-pager", env={"NO_COLOR": "1"})
    assert b"\x1b" not in on_a_terminal("explain", shop, "--no-pager", env={"TERM": "dumb"})
    assert b"\x1b" not in on_a_terminal("explain", shop, "--no-pager", "--color", "never")


def test_the_pager_is_used_when_needed(tmp_path):
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\nexec cat\n")
    pager.chmod(0o755)
    env = {"PAGER": str(pager)}
    few = har(tmp_path, entry("https://a.test/"), name="few.har")
    many = har(tmp_path, *(entry(f"https://a.test/{i}") for i in range(60)), name="many.har")
    assert b"PAGED" in on_a_terminal("explain", many, env=env)
    assert b"a.test/59" in on_a_terminal("explain", many, env=env)
    assert b"PAGED" not in on_a_terminal("explain", many, "--no-pager", env=env)
    assert b"PAGED" not in on_a_terminal("explain", many, "--format", "json", env=env)
    assert b"PAGED" not in on_a_terminal("explain", few, "--severity", "error", env=env)
    assert b"a.test/59" in on_a_terminal("explain", many, env={"PAGER": ""})


def test_the_width_is_the_terminals(shop):
    wide = process("explain", shop, env={"COLUMNS": "40"}).stdout.decode()
    assert (
        max(len(line) for line in wide.splitlines() if not line.strip().startswith(("http", "inspector ", "#"))) <= 40
    )


def test_colours_of_the_environment_do_not_reach_json(shop):
    assert json.loads(process("explain", shop, "--format", "json", env={"FORCE_COLOR": "1"}).stdout)


def test_hostile_bytes_in_a_capture_print_harmlessly(tmp_path):
    hostile = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202e<script>"
    path = har(
        tmp_path,
        *(
            entry(
                f"https://a.test/{hostile}",
                status,
                method=f"G{hostile}",
                reason=hostile,
                request=[(f"X-{hostile}", hostile), ("Origin", hostile), ("Cookie", hostile)],
                response=[
                    ("Set-Cookie", f"a={hostile}; Domain={hostile}"),
                    ("Access-Control-Allow-Origin", hostile),
                    ("Cache-Control", hostile),
                    ("Location", hostile),
                    ("Content-Type", hostile),
                    ("X-Long", "\x1b" * 10_485_760),
                ],
                _error=hostile,
                _resourceType=hostile,
            )
            for status in (200, 302, 401, 404)
        ),
    )
    for options in ([], ["-v"], ["--entry", "0", "--reveal"]):
        result = run("explain", path, *options)
        assert result.exit_code == 0, result.stderr
        assert all(line.isprintable() for line in result.stdout.split("\n"))
        assert "\\x1b]0;owned\\x07" in result.stdout
    assert "characters …" in result.stdout


# -- start-up and real captures ---------------------------------------------------------------------------------


def test_explaining_imports_nothing_heavy(shop):
    code = (
        "import sys; sys.argv[1:] = ['explain', sys.argv[1]]\n"
        "from inspector.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'mitmproxy', 'cryptography', 'httpx', 'starlette', 'playwright', 'asyncio', 'jsonschema', 'ssl'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(shop)], capture_output=True, timeout=60, text=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


@needs_real_captures
@pytest.mark.parametrize("path", real_captures(), ids=lambda path: path.stem)
def test_real_captures_are_explained(path):
    check_explained(path)


@needs_real_captures
@pytest.mark.parametrize("path", real_captures()[::3], ids=lambda path: path.stem)
def test_real_captures_are_explained_at_length(path):
    check_explained(path, "-v")


def check_explained(path, *options):
    result = run("explain", path, *options)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "inspector/internal-error" not in result.stdout
    assert all(line.isprintable() for line in result.stdout.split("\n"))


# -- values of options ------------------------------------------------------------------------------------------


def test_statuses():
    assert [parse_status(text) for text in ("404", "4xx", "5XX", "400-499", "none")] == [
        (404, 404),
        (400, 499),
        (500, 599),
        (400, 499),
        (0, 0),
    ]
    for text in ("", "x", "4", "0xx", "400-", "４０４"):
        with pytest.raises(ValueError, match="is not a status"):
            parse_status(text)


def test_entries():
    assert [parse_entry(text) for text in ("0", "#12", "1:12", "#1:12")] == [(None, 0), (None, 12), (1, 12), (1, 12)]
    for text in ("", "-1", "a", "1:", "1:2:3", "9999999999"):
        with pytest.raises(ValueError, match="is not an entry"):
            parse_entry(text)


def test_stories_alone_one_in_full_and_as_mermaid(tmp_path):
    path = tmp_path / "chain.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": CHAIN}}))
    alone = run("explain", "--stories", str(path)).stdout
    assert "1  1 redirect from `http://shop.test/a`" in alone
    assert "Exchanges" not in alone
    full = run("explain", "--story", "1", str(path)).stdout
    assert "│─ 1 http: GET /a" in full
    assert run("explain", "--format", "mermaid", str(path)).stdout.startswith("sequenceDiagram\n    title Story 1#58;")
    short = run("explain", str(path)).stdout
    assert "`--story N` shows one of them in full" in short


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--story", "9"], "there is no story 9; stories are numbered from 1 to 2"),
        (["--format", "json", "--stories"], "--format json carries every story"),
    ],
)
def test_a_story_that_is_not_there_is_one_line(tmp_path, options, said):
    path = tmp_path / "chain.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": CHAIN}}))
    result = run("explain", *options, str(path))
    assert result.exit_code == 2
    assert said in result.stderr


def _hop(url: str, status: int, location: str = "") -> dict:
    fields = [{"name": "Location", "value": location}] if location else []
    return {
        "startedDateTime": "2026-03-01T12:00:00Z",
        "time": 5,
        "_resourceType": "document",
        "request": {"method": "GET", "url": url, "httpVersion": "HTTP/1.1", "headers": []},
        "response": {"status": status, "httpVersion": "HTTP/1.1", "headers": fields, "content": {"size": 0}},
    }


CHAIN = [_hop("http://shop.test/a", 301, "https://shop.test/a"), _hop("https://shop.test/a", 200)]

"""httplint's notes beside our own: told where asked for, quiet, masked, and chosen like everything else."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspector import conformance
from inspector.cli import main
from inspector.conformance import available
from inspector.engine import Engine, Options
from inspector.exchange import Recorder
from inspector.report import Severity
from inspector.rules.example import parse_example
from inspector.settings import Levels
from tests.conftest import needs_real_captures, real_captures
from tests.render.hars import entry, har

needs_httplint = pytest.mark.skipif(not available(), reason="httplint is not installed (the extra `conformance`)")

TOPIC = frozenset({"conformance"})
DATED = [("Date", "Sun, 01 Mar 2026 12:00:00 GMT")]


def told(text, options=None, **recorder):
    engine = Engine(options or Options(conformance=True, only=TOPIC))
    by = Recorder(kind="har", **recorder)
    return [a for x in parse_example(text, by) for a in engine.observe(x).annotations]


def exchange(*response: str, request: str = "GET https://shop.test/ HTTP/1.1", status: str = "200 OK") -> str:
    lines = [request, "Host: shop.test", "User-Agent: x", "", f"HTTP/1.1 {status}"]
    return "\n".join([*lines, "Date: Sun, 01 Mar 2026 12:00:00 GMT", *response])


def run(*args: object):
    return CliRunner().invoke(main, [str(a) for a in args])


@needs_httplint
def test_a_bad_value_is_told_with_its_line():
    (one,) = told(exchange("Cache-Control: private", "Cache-Control: max-age=soon"))
    assert (one.rule, one.severity) == ("conformance/cc-bad-value-type", Severity.WARNING)
    assert [(e.where, e.name, e.value) for e in one.evidence] == [("response.field", "Cache-Control", "max-age=soon")]
    assert "<" not in one.title + one.detail
    assert one.detail.endswith("says this of the response's field `Cache-Control`.")


@needs_httplint
@pytest.mark.parametrize(
    "text",
    [
        exchange("Cache-Control: max-age=60", "Content-Type: text/html", "X-Content-Type-Options: nosniff"),
        exchange("Cache-Control: no-store, no-cache, must-revalidate", "Vary: *"),
        exchange("Content-Length: 5000", request="HEAD https://shop.test/ HTTP/1.1"),
        exchange(request="GET https://shop.test/#part HTTP/1.1"),
        exchange(request="GET https://shop.test/a|b{c} HTTP/1.1"),
        exchange("Strict-Transport-Security: max-age=60; preload"),
        exchange(status="404 Not Found"),
        exchange("Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Expires=Wed, 01 Apr 2026 12:00:00 GMT"),
    ],
)
def test_nothing_is_told_of_what_is_in_order_or_better_said_by_ours(text):
    assert told(text) == []


@needs_httplint
def test_content_codings_that_were_undone_are_not_missed():
    text = exchange("Content-Encoding: gzip", "Content-Length: 3", "", "hello").replace(
        "User-Agent: x", "User-Agent: x\nAccept-Encoding: gzip"
    )
    assert told(text) == []


@needs_httplint
def test_a_user_agent_is_missed_only_where_the_wire_was_seen():
    text = exchange().replace("User-Agent: x\n", "")
    assert [a.rule for a in told(text, vantage="proxy")] == ["conformance/missing-user-agent"]
    assert told(text, vantage="browser") == []


@needs_httplint
def test_once_an_origin_and_field():
    text = exchange("ETag: abc")
    other = exchange("ETag: abc").replace("https://shop.test/", "https://cdn.test/")
    assert [a.rule for a in told("\n---\n".join([text, text, other]))] == ["conformance/bad-syntax"] * 2


@needs_httplint
def test_secrets_are_masked_in_what_it_quotes():
    secret = "s3cr3tvalue99"
    text = exchange(f"Set-Cookie: sid={secret}; {secret}=1; Max-Age=x").replace(
        "User-Agent: x", f'User-Agent: x\nCookie: sid={secret}\nX-Api-Key: "{secret}'
    )
    found = told(text)
    assert {a.rule for a in found} >= {"conformance/set-cookie-unknown-attribute"}
    assert secret not in repr(found)
    assert secret in repr(told(text, Options(conformance=True, only=TOPIC, reveal=True)))


@needs_httplint
def test_after_our_own_and_only_where_asked_for():
    text = exchange("ETag: abc", "Content-Type: text/html")
    ours = told(text, Options())
    both = told(text, Options(conformance=True))
    assert both[: len(ours)] == ours
    assert [a.rule for a in both[len(ours) :]] == ["conformance/bad-syntax"]
    assert told(text, Options(conformance=True, only=frozenset({"cors"}))) == []
    assert told(text, Options(conformance=True, rules=frozenset({"conformance/bad-date-syntax"}))) == []


@needs_httplint
def test_severities_and_what_is_ignored_are_settled_as_for_rules():
    text = exchange("ETag: abc")

    def one(**options):
        return [a.severity.value for a in told(text, Options(conformance=True, only=TOPIC, **options))]

    assert one() == ["note"]
    assert one(severity=Severity.WARNING) == []
    assert one(ignore=TOPIC) == one(ignore=frozenset({"conformance/bad-syntax"})) == []
    assert one(levels=Levels((("*", "conformance/*", "error"),))) == ["error"]
    assert one(levels=Levels((("shop.test", "conformance/*", "off"),))) == []


@needs_httplint
def test_a_fault_of_httplint_is_said_and_stops_nothing(monkeypatch):
    from httplint import HttpResponseLinter

    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(HttpResponseLinter, "process_headers", fails)
    (one,) = told(exchange("ETag: abc"))
    assert (one.rule, "`ZeroDivisionError`" in one.detail) == ("conformance/not-checked", True)


@needs_httplint
@needs_real_captures
def test_real_captures_are_checked_and_stay_quiet():
    exchanges = annotations = 0
    for path in real_captures()[::4]:
        from inspector.capture import open_capture

        engine = Engine(Options(conformance=True, only=TOPIC))
        for x in open_capture(str(path)).exchanges():
            found = engine.observe(x).annotations
            assert "conformance/not-checked" not in [a.rule for a in found]
            exchanges, annotations = exchanges + 1, annotations + len(found)
    assert annotations < exchanges / 3


@needs_httplint
def test_the_command_line_and_a_baseline(tmp_path):
    shop = har(tmp_path, entry("https://shop.test/", response=[*DATED, ("ETag", "abc")], request=[("User-Agent", "x")]))
    base = tmp_path / "accepted.json"

    def rules(*more):
        result = run("explain", shop, "--format", "json", *more)
        assert result.exit_code == 0, result.output
        return {(a["rule"], a["accepted"]) for a in json.loads(result.stdout)["exchanges"][0]["annotations"]}

    assert not any(rule.startswith("conformance/") for rule, _ in rules())
    assert rules("--conformance", "--only", "conformance") == {("conformance/bad-syntax", False)}
    assert rules("--conformance", "--rule", "conformance/bad-syntax") == {("conformance/bad-syntax", False)}
    assert rules("--conformance", "--only", "conformance", "--ignore", "conformance/bad-syntax") == set()
    assert run("explain", shop, "--conformance", "--write-baseline", base).exit_code == 0
    assert rules("--conformance", "--only", "conformance", "--baseline", base) == {("conformance/bad-syntax", True)}


@needs_httplint
def test_the_commands_that_lead_on_can_be_run(tmp_path):
    shop = har(tmp_path, entry("https://shop.test/", response=[("ETag", "abc")]))
    shown = run("explain", shop, "--conformance", "--only", "conformance").stdout
    assert "inspector rule" not in shown
    assert "--conformance --entry 0" in shown


def test_the_topic_without_the_option_is_one_line(tmp_path):
    result = run("explain", har(tmp_path, entry("https://shop.test/")), "--only", "conformance")
    assert (result.exit_code, result.stderr) == (
        2,
        "inspector: the topic conformance is httplint's: add --conformance\n",
    )


def test_without_the_extra_the_command_says_how_to_install_it(tmp_path):
    # A finder that knows no httplint stands for an environment without it.
    code = (
        "import sys, importlib.machinery as m; find = m.PathFinder.find_spec; "
        "m.PathFinder.find_spec = lambda name, *a: None if name == 'httplint' else find(name, *a); "
        "from inspector.cli import main; main(sys.argv[1:])"
    )
    shop = har(tmp_path, entry("https://shop.test/"))
    done = subprocess.run(
        [sys.executable, "-c", code, "explain", str(shop), "--conformance"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "inspector: --conformance needs httplint; to install it: pip install 'http-inspector[conformance]'\n"
    )


@needs_httplint
def test_every_note_that_is_treated_in_a_way_of_its_own_exists_in_the_httplint_installed():
    """A renamed note would be told again where ours says it better, or at a severity it does not deserve."""
    for module in pkgutil.walk_packages(import_module("httplint").__path__, "httplint."):
        import_module(module.name)
    names, left = set(), [import_module("httplint.note").Note]
    while left:
        below = left.pop().__subclasses__()
        names |= {each.__name__ for each in below}
        left += below
    source = ast.parse(Path(conformance.__file__).read_text("utf-8"))
    written = {
        node.value for node in ast.walk(source) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    treated = {text for text in written if re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+_?|[A-Z]+_", text)}
    assert treated >= {*conformance._SAID_BETTER, *conformance._LIGHTER, "FIELD_DEPRECATED"}
    beginnings = tuple(conformance._SAID_BETTER)
    stale = {text for text in treated if text not in names and text not in beginnings}
    stale |= {start for start in beginnings if not any(name.startswith(start) for name in names)}
    assert stale == set()

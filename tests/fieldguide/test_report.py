"""Explanations in the report, at the terminal and in the two commands."""

import io
import json
import subprocess
import sys

import jsonschema
import pytest
from click.testing import CliRunner

from inspector.cli import main
from inspector.engine import Engine, Options
from inspector.exchange import Context, Exchange, Field, Fields, Recorder, Request, Response, Timings
from inspector.explain import Explanation
from inspector.fieldguide.guide import entries, look_up
from inspector.render import field_page
from inspector.render.console import make_console
from inspector.report import schema
from tests.conftest import needs_real_captures, real_captures

TOKEN = "t0kenThatMustNotShow99"


def exchange(index: int = 0, **extra) -> Exchange:
    return Exchange(
        index,
        Request(
            "GET",
            f"https://shop.test/?access_token={TOKEN}",
            Fields.of([("Accept-Language", "de"), ("Authorization", f"Bearer {TOKEN}"), ("X-Odd", TOKEN)]),
            pseudo=(Field(":method", "GET"),),
        ),
        Context(Recorder("har")),
        Response(
            200,
            fields=Fields.of([("Server", "nginx"), ("Location", f"/a?access_token={TOKEN}"), *extra.get("more", ())]),
            trailers=Fields.of([("Server-Timing", "db;dur=5")]),
        ),
        Timings(started=1_714_561_200.0),
    )


def fields_of(explain: bool, **extra):
    told = Engine(Options(fields=True, explain_fields=explain, **extra)).observe(exchange()).fields
    assert told is not None
    return told


def test_lines_carry_their_explanation_where_it_was_asked_for():
    language = fields_of(True).request[0]
    assert language.says == "Wants German."
    assert language.known is True
    assert language.reference == "https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4"
    plain = fields_of(False).request[0]
    assert (plain.name, plain.value) == ("Accept-Language", "de")
    assert plain.meaning is plain.says is plain.reference is plain.known is None
    assert Engine().observe(exchange()).fields is None


def test_pseudo_fields_and_trailers_are_lines_too():
    told = fields_of(True)
    assert told.request_pseudo[0].says == "Safe: it asks for no change, and may be repeated."
    assert told.response_trailers[0].says == "`db` took 5 ms."
    assert told.response_pseudo == told.request_trailers == ()


@pytest.mark.parametrize("reveal", [False, True])
def test_no_explanation_holds_a_secret(reveal):
    told = fields_of(True, reveal=reveal)
    for line in (*told.request, *told.response):
        assert TOKEN not in f"{line.meaning} {line.says}", line


@pytest.fixture
def har(tmp_path):
    def write(count: int) -> str:
        entries = [
            {
                "startedDateTime": "2024-05-01T11:00:00Z",
                "time": 5,
                "request": {
                    "method": "GET",
                    "url": f"https://shop.test/{number}",
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "Accept-Language", "value": "de"}],
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/1.1",
                    "headers": [
                        {"name": "Server", "value": "nginx"},
                        {"name": "Content-Length", "value": str(number)},
                        {"name": "X-Odd\x1b[2J", "value": "\x1b]0;owned\x07"},
                        {"name": "X-Frame-Options", "value": "\x1b[31mDENY\u202e"},
                    ],
                    "content": {"size": 0, "mimeType": "text/html"},
                },
            }
            for number in range(count)
        ]
        path = tmp_path / f"{count}.har"
        path.write_text(
            json.dumps({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}})
        )
        return str(path)

    return write


def run(*args: str) -> str:
    result = CliRunner().invoke(main, args, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_carries_them_and_fits_the_schema(har):
    report = json.loads(run("explain", har(2), "--fields", "--format", "json"))
    jsonschema.validate(report, schema())
    line = report["exchanges"][0]["fields"]["response"][0]
    assert line["name"] == "Server"
    assert line["says"] == "The web server nginx."
    plain = json.loads(run("explain", har(2), "--entry", "0", "--format", "json"))
    assert plain["exchanges"][0]["fields"]["response"][0] == {"name": "Server", "value": "nginx"}


def test_a_meaning_is_told_once_and_a_line_explained_before_is_referred_to(har):
    for shown in (run("explain", har(3), "--fields"), run("explain", har(3), "-v")):
        assert shown.count("The web server nginx.") == 1
        assert shown.count("Server: nginx  (as on #0)") == 2
        assert shown.count("How many bytes of content follow") == 1
        assert "1 byte." in shown
        assert "2 bytes." in shown
    alone = run("explain", har(3), "--entry", "1")
    assert "Server: nginx" in alone
    assert "The web server nginx." not in alone
    assert "The web server nginx." in run("explain", har(3), "--entry", "1", "--fields")


def test_many_exchanges_have_their_fields_gathered_by_name(har):
    shown = run("explain", har(30), "--fields").partition("── Fields")[2]
    assert "150 field lines under 5 names; 80.0 % of the lines are explained." in shown
    assert "Server  response, 30 lines, 1 value" in shown
    assert "×30 nginx  #0" in shown
    assert "and 27 more meanings" in shown
    assert "Not known to this guide" in shown
    assert "── Fields" not in run("explain", har(30))


@pytest.mark.parametrize("args", [("--fields",), ("-v",), ("--entry", "0", "--fields")])
@pytest.mark.parametrize("count", [1, 30])
def test_nothing_of_it_reaches_the_terminal_raw(har, args, count):
    shown = run("explain", har(count), "--no-pager", *args)
    assert not {c for c in shown if not c.isprintable()} - {"\n"}
    assert "\u202e" not in shown


def test_a_field_has_a_page():
    shown = run("field", "etag", 'W/"x"')
    assert shown.startswith("ETag  in responses\n")
    assert "A weak one" in shown
    assert "https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3" in shown
    assert run("field", 'ETag: W/"x"') == shown
    assert "For example" in run("field", "etag")
    both = run("field", "Cache-Control", "no-cache")
    assert "In a request: " in both
    assert "In a response: " in both
    assert "In a request: " not in run("field", "Cache-Control", "no-cache", "--in", "response")
    assert "Not known to this guide" in run("field", "X-Frobnicate", "1")
    assert TOKEN not in run("field", f"Authorization: Bearer {TOKEN}")
    assert TOKEN not in run("field", f"Authorization: Bearer {TOKEN}", "--format", "json")
    told = json.loads(run("field", "DNT", "1", "--format", "json"))
    assert told["explained"][0]["says"] == "Asks not to be tracked."
    assert not {c for c in run("field", "X-\x1b[2J", "\x1b") if not c.isprintable()} - {"\n"}


def test_every_field_has_a_page_and_none_is_wider_than_the_terminal():
    for entry in entries():
        name = entry.name.replace("*", "Note")
        into = io.StringIO()
        field_page.field(make_console("never", into=into, width=100), entry, name, None, look_up(name, None))
        shown = into.getvalue()
        assert " ".join(entry.meaning.split()) in " ".join(shown.split())
        assert entry.reference in shown
        assert all(len(line) <= 100 for line in shown.splitlines() if "http" not in line)


def test_fields_are_listed():
    shown = run("fields")
    assert all(entry.name in shown for entry in entries())
    assert f"{len(entries())} fields." in shown
    found = json.loads(run("fields", "websocket", "KEY", "--format", "json"))
    assert [each["name"] for each in found] == ["Sec-WebSocket-Accept", "Sec-WebSocket-Key"]


def test_the_guide_is_loaded_only_when_asked_for(har):
    code = (
        "import sys; from inspector.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('inspector.fieldguide.c')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, "explain", har(1)], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@needs_real_captures
def test_most_lines_of_real_captures_are_explained():
    options = Options(fields=True, explain_fields=True)
    known = total = 0
    for report in Explanation([str(path) for path in real_captures()], options):
        assert report.fields is not None
        for line in (*report.fields.request, *report.fields.response, *report.fields.request_pseudo):
            total += 1
            known += line.known is True
            assert "could not" not in (line.says or "")
    assert known / total > 0.985

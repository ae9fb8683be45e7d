"""``inspector grade``, and the grade in ``inspector explain``."""

from __future__ import annotations

import json

import jsonschema
import pytest
from click.testing import CliRunner

from inspector.cli import main
from tests.render.hars import entry, har

HTML = ("Content-Type", "text/html")
DOCUMENT = ("Sec-Fetch-Dest", "document")


def run(*args: object, **extra):
    return CliRunner().invoke(main, [str(a) for a in args], **extra)


@pytest.fixture
def shop(tmp_path):
    return har(
        tmp_path,
        entry("http://shop.test/", 301, request=[DOCUMENT], response=[("Location", "https://shop.test/")]),
        entry(
            "https://shop.test/",
            request=[DOCUMENT],
            response=[HTML, ("Set-Cookie", "sessionid=3f9c2d71aa; Path=/"), ("X-Frame-Options", "DENY")],
            text="<p>x",
        ),
        entry("https://bank.test/", request=[DOCUMENT], response=[HTML, ("X-Frame-Options", "\x1b[2Jforged")]),
        entry("https://gone.test/", 404, request=[DOCUMENT], response=[HTML]),
    )


def test_a_grade_with_its_tests_steps_and_weak_spots(shop):
    result = run("grade", shop, env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    out = result.stdout
    assert "https://shop.test: F (10 of 100)" in out
    assert "✗ fail strict-transport-security" in out
    assert "✓ pass redirection" in out
    assert "1. +40 → C (50)  cookies" in out
    assert "Set-Cookie: sessionid=[masked 1]; Path=/; SameSite=Lax; Secure; HttpOnly" in out
    assert "All 8 steps together: A+" in out
    assert "The Observatory looks at one response of a site" in out
    assert "https://gone.test has no grade: the Observatory does not score a page with status 404" in out
    assert "3f9c2d71aa" not in out


def test_what_is_not_recorded_makes_a_range(shop):
    out = run("grade", shop, "--host", "bank.*", env={"COLUMNS": "100"}).stdout
    assert "https://bank.test: at least F (" in out
    assert "? open redirection" in out
    assert "a visit that begins there would tell" in " ".join(out.split())
    assert "shop.test" not in out.replace("bank.test", "")


def test_hostile_values_do_no_harm(shop):
    out = run("grade", shop, "-v", env={"COLUMNS": "60"}).stdout
    assert "\x1b" not in out
    assert "\\x1b[2Jforged" in out
    assert max(map(len, out.splitlines())) <= 60


def test_json_keeps_its_schema(shop):
    result = run("grade", shop, "--format", "json")
    report = json.loads(result.stdout)
    schema = json.loads(run("schema", "grade").stdout)
    jsonschema.validate(report, schema)
    assert report["schema"] == "inspector.grade/1"
    assert [each["site"] for each in report["grades"]] == ["https://shop.test", "https://bank.test"]
    assert report["grades"][0]["low"] == report["grades"][0]["high"] == {"score": 10, "grade": "F"}
    assert report["ungraded"][0]["url"] == "https://gone.test/"
    assert "3f9c2d71aa" not in result.stdout
    assert "3f9c2d71aa" in run("grade", shop, "--format", "json", "--reveal").stdout


def test_explain_carries_the_grades(shop):
    out = run("explain", shop, env={"COLUMNS": "200"}).stdout
    assert f"Mozilla Observatory grade of https://shop.test: F (10 of 100); `inspector grade {shop}` says why" in out
    report = json.loads(run("explain", shop, "--format", "json").stdout)
    assert report["grades"] == json.loads(run("grade", shop, "--format", "json").stdout)["grades"]


def test_explain_keeps_quiet_where_something_else_was_asked_for(shop, tmp_path):
    assert "Observatory" not in run("explain", shop, "--only", "cors").stdout
    assert "Observatory" not in run("explain", shop, "--severity", "error").stdout
    assert "shop.test: F" not in run("explain", shop, "--host", "bank.test").stdout
    api = har(tmp_path, entry("https://api.test/x", response=[("Content-Type", "application/json")]), name="api.har")
    assert "Observatory" not in run("explain", api).stdout
    assert run("grade", api).stdout == "No grade: no page that a person went to is recorded here.\n"


def test_many_sites_take_a_few_lines(tmp_path):
    pages = [entry(f"https://s{n}.test/", request=[DOCUMENT], response=[HTML]) for n in range(5)]
    out = run("explain", har(tmp_path, *pages)).stdout
    assert out.count("Mozilla Observatory grade") == 3
    assert "and of 2 more sites" in out


def test_what_cannot_be_read_is_one_line(shop, tmp_path):
    result = run("grade", tmp_path / "none.har", shop)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "https://shop.test: F" in result.stdout
    assert run("grade").exit_code == 2

"""`--ignore`, `--rules`, `--config`, `--baseline`: what a project settles, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspector.cli import main
from tests.rules.test_own import DOCUMENTED

HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "test", "version": "1"},
        "entries": [
            {
                "startedDateTime": "2026-03-01T12:00:00Z",
                "time": 5,
                "request": {"method": "GET", "url": f"https://{host}/", "httpVersion": "HTTP/1.1", "headers": []},
                "response": {
                    "status": 302,
                    "statusText": "Found",
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": "X-Trace-Id", "value": "17"}],
                    "content": {"size": 0, "mimeType": ""},
                },
            }
            for host in ("shop.test", "cdn.test")
        ],
    }
}
RULE = "status/missing-location"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop.har").write_text(json.dumps(HAR))
    (tmp_path / "our_rules.py").write_text(DOCUMENTED[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def told(*args: str) -> dict[str, list[str]]:
    """Rule → severities, of a JSON report."""
    done = run("explain", "shop.har", "--format", "json", *args)
    assert done.exit_code == 0, done.output
    found: dict[str, list[str]] = {}
    for exchange in json.loads(done.stdout)["exchanges"]:
        for annotation in exchange["annotations"]:
            if not annotation["accepted"]:
                found.setdefault(annotation["rule"], []).append(annotation["severity"])
    return found


def test_without_settings_the_rule_speaks(project: Path):
    assert told()[RULE] == ["warning", "warning"]


@pytest.mark.parametrize("name", [RULE, "status"])
def test_ignore(project: Path, name: str):
    assert RULE not in told("--ignore", name)


def test_ignoring_what_is_not_there_is_an_error(project: Path):
    done = run("explain", "shop.har", "--ignore", "status/missing-locatoin")
    assert done.exit_code == 2
    assert "did you mean status/missing-location" in done.output


def test_a_file_of_settings_is_found(project: Path):
    (project / "inspector.toml").write_text(
        f"[levels]\n'{RULE}' = 'error'\n[[hosts]]\nhost = 'cdn.*'\nlevels = {{ '*' = 'off' }}\n"
    )
    assert told() == told("--host", "shop.test")
    assert told()[RULE] == ["error"]


def test_another_file_of_settings(project: Path):
    (project / "inspector.toml").write_text("[levels]\n'*' = 'off'\n")
    (project / "loud.toml").write_text("ignore = ['client']\n")
    assert not told()
    assert told("--config", "loud.toml")[RULE] == ["warning", "warning"]


def test_names_that_match_nothing_are_told(project: Path):
    (project / "inspector.toml").write_text("[levels]\n'statsu/*' = 'off'\n")
    done = run("explain", "shop.har")
    assert done.exit_code == 0
    assert "no rule matches 'statsu/*'" in done.stderr


def test_broken_settings_end_it_in_one_line(project: Path):
    (project / "inspector.toml").write_text("levels = 3")
    done = run("explain", "shop.har")
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("how", ["option", "settings"])
def test_own_rules(project: Path, how: str):
    args: list[str] = []
    if how == "option":
        args = ["--rules", "our_rules.py"]
    else:
        (project / "inspector.toml").write_text("rules = ['our_rules.py']\n")
    assert told(*args)["ours/trace-id"] == ["warning", "warning"]
    assert told(*args, "--only", "ours").keys() == {"ours/trace-id"}
    assert "ours/trace-id" not in told(*args, "--ignore", "ours")
    assert "ours/trace-id" in run("rules", *args, "--topic", "ours").output
    page = run("rule", "ours/trace-id", *args)
    assert page.exit_code == 0
    assert "cannot be found in the logs" in " ".join(page.output.split())


def test_own_rules_that_cannot_be_loaded(project: Path):
    (project / "bad.py").write_text("import no_such_module_at_all")
    done = run("explain", "shop.har", "--rules", "bad.py")
    assert done.exit_code == 2
    assert done.output.strip().startswith("inspector: bad.py, line 1: ModuleNotFoundError")


def test_a_baseline_is_written_and_then_counts(project: Path):
    wrote = run("explain", "shop.har", "--write-baseline", "accepted.json")
    assert wrote.exit_code == 0
    assert "accepted.json" in wrote.output
    assert not {rule for rule, severities in told("--baseline", "accepted.json").items() if set(severities) != {"info"}}
    shown = run("explain", "shop.har", "--baseline", "accepted.json").output
    assert "accepted before, not shown" in shown
    assert RULE not in shown
    report = json.loads(run("explain", "shop.har", "--baseline", "accepted.json", "--format", "json").stdout)
    assert report["summary"]["accepted"] >= 2
    assert any(a["accepted"] for a in report["exchanges"][0]["annotations"])


def test_a_baseline_that_is_not_there(project: Path):
    done = run("explain", "shop.har", "--baseline", "none.json")
    assert done.exit_code == 2
    assert "none.json cannot be read" in done.output

"""Rules from outside: the example of the documentation, a person's file, a package's entry point; and what goes wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.engine import Engine, Options
from inspector.rules.base import Rule
from inspector.rules.catalogue import all_rules, built_in
from inspector.rules.example import parse_example
from inspector.rules.own import RulesError, load_file
from tests.conftest import ROOT

DOCUMENTED = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own-rules.md").read_text(), re.DOTALL)


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    path = tmp_path / "our_rules.py"
    path.write_text(DOCUMENTED[0])
    return path


def raised(own: tuple[Rule, ...], text: str) -> set[str]:
    engine = Engine(Options(own=own))
    return {a.rule for exchange in parse_example(text) for a in engine.observe(exchange).annotations}


def test_the_documented_rule_does_what_its_page_says(documented: Path):
    own = load_file(documented)
    assert [rule.id for rule in own] == ["ours/trace-id"]
    assert "ours/trace-id" in raised(own, own[0].page.shows)
    assert "ours/trace-id" not in raised(own, own[0].page.quiet)


def test_the_documented_test_passes(documented: Path):
    (documented.parent / "test_ours.py").write_text(DOCUMENTED[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(documented.parent / "test_ours.py")],
        cwd=documented.parent,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{documented.parent}:{ROOT}", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_own_rules_stand_beside_the_built_in_ones(documented: Path):
    own = load_file(documented)
    assert set(all_rules(own)) >= {*built_in(), *own}


def test_an_id_that_is_taken_is_an_error(documented: Path):
    documented.write_text(DOCUMENTED[0].replace("ours/trace-id", built_in()[0].id))
    with pytest.raises(ValueError, match=built_in()[0].id):
        all_rules(load_file(documented))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "defines no rule"),
        ("def f(:\n", "line 1: SyntaxError"),
        ("import os\n\nraise RuntimeError('not\\ntoday')\n", "line 3: RuntimeError: not"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path: Path, text: str, said: str):
    path = tmp_path / "ours.py"
    path.write_text(text)
    with pytest.raises(RulesError) as error:
        load_file(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_no_file_and_no_python(tmp_path: Path):
    with pytest.raises(RulesError, match="is no file"):
        load_file(tmp_path)
    path = tmp_path / "ours.txt"
    path.write_text("x = 1")
    with pytest.raises(RulesError, match=r"\.py"):
        load_file(path)


PACKAGE = """
import importlib.metadata
from inspector.rules.own import of_packages
rules, failed = of_packages()
print([rule.id for rule in rules])
print(failed)
from inspector.engine import Engine
from inspector.rules.example import parse_example
print(sorted({a.rule for x in parse_example(rules[0].page.shows) for a in Engine().observe(x).annotations}))
"""


def test_a_package_offers_rules_by_entry_point(documented: Path):
    """A real distribution on the path, as an installer would lay it out, beside one whose module is broken."""
    metadata = documented.parent / "ours-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[inspector.rules]\nbroken = no_such_module_at_all\nempty = this\nours = our_rules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", PACKAGE],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{documented.parent}:{ROOT}"},
        check=True,
    )
    rules, failed, told = [line for line in done.stdout.splitlines() if line.startswith(("[", "("))]
    assert rules == "['ours/trace-id']"
    assert "broken (no_such_module_at_all)" in failed
    assert "empty (this)" in failed
    assert "ours/trace-id" in told

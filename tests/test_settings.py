"""What a project settles: read, found, applied; mistakes told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.report import Severity
from inspector.settings import HostLevels, Settings, SettingsError, find, levels_of, read


def written(directory: Path, text: str, name: str = "inspector.toml") -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path):
    path = written(
        tmp_path,
        """
        ignore = ["client"]
        baseline = "accepted.json"
        rules = ["ours.py"]
        [levels]
        "security/*" = "note"
        [[hosts]]
        host = "*.cdn.test"
        levels = { "*" = "off" }
        """,
    )
    assert read(path) == Settings(
        ("client",), {"security/*": "note"}, (HostLevels("*.cdn.test", {"*": "off"}),), "accepted.json", ("ours.py",)
    )


def test_the_nearest_file_counts(tmp_path: Path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    outer = written(tmp_path, "")
    assert find(inner) == outer
    project = written(tmp_path / "a", "[tool.inspector]\nignore = ['cors']\n", "pyproject.toml")
    assert find(inner) == project
    assert read(project).ignore == ("cors",)
    own = written(inner, "")
    assert find(inner) == own


def test_a_project_file_without_our_table_does_not_count(tmp_path: Path):
    written(tmp_path, "")
    inner = tmp_path / "a"
    inner.mkdir()
    written(inner, "# see tool.inspector\n[tool.ruff]\n", "pyproject.toml")
    assert find(inner) == tmp_path / "inspector.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ignore = ", "is not valid TOML"),
        ("ignore = 'cors'", "Expected `array`"),
        ("[levels]\n'cors/*' = 'loud'", "a level is off, info, note, warning or error"),
        ("levles = {}", "unknown field `levles`"),
    ],
)
def test_mistakes_are_one_line_that_names_the_file(tmp_path: Path, text: str, said: str):
    with pytest.raises(SettingsError) as raised:
        read(written(tmp_path, text))
    assert said in str(raised.value)
    assert "inspector.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unreadable_files(tmp_path: Path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read(tmp_path / "none.toml")
    (tmp_path / "inspector.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not text in UTF-8"):
        read(tmp_path / "inspector.toml")


LEVELS = levels_of(
    Settings(
        levels={"*": "info", "cors/*": "warning", "cors/vary-origin": "off"},
        hosts=(HostLevels("*.CDN.test", {"cors/*": "note"}), HostLevels("a.cdn.test", {"cors/*": "error"})),
    )
)


@pytest.mark.parametrize(
    ("rule", "host", "level"),
    [
        ("cache/heuristic", "shop.test", Severity.INFO),
        ("cors/max-age", "shop.test", Severity.WARNING),
        ("cors/vary-origin", "shop.test", None),
        ("cors/vary-origin", "b.cdn.test", Severity.NOTE),
        ("cors/max-age", "a.cdn.test", Severity.ERROR),
    ],
)
def test_the_most_specific_level_decides(rule: str, host: str, level: Severity | None):
    assert LEVELS.of(rule, host, Severity.NOTE) is level


def test_a_topics_level_is_for_findings_and_a_rules_own_for_its_explanations_too():
    levels = levels_of(
        Settings(
            levels={"cors/explained": "note", "cache/*": "off"},
            hosts=(HostLevels("shop.test", {"cors/*": "error", "cache/*": "warning"}),),
        )
    )
    assert levels.of("cors/max-age", "shop.test", Severity.NOTE) is Severity.ERROR
    assert levels.of("cors/max-age", "shop.test", Severity.INFO) is Severity.INFO
    assert levels.of("cors/explained", "api.test", Severity.INFO) is Severity.NOTE
    assert levels.of("cache/explained", "shop.test", Severity.INFO) is Severity.INFO
    assert levels.of("cache/explained", "api.test", Severity.INFO) is None


def test_no_entry_leaves_the_severity():
    assert levels_of(Settings()).of("cors/max-age", "shop.test", Severity.ERROR) is Severity.ERROR


@given(st.text(), st.text())
def test_strange_names_match_nothing_and_raise_nothing(rule: str, host: str):
    LEVELS.of(rule, host, Severity.NOTE)

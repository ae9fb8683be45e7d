"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a machine that is busy is no finding
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
REAL_CAPTURES = ROOT.parent / "shared" / "hars"


def real_captures() -> list[Path]:
    """Paths of the real HAR files, empty where they are not on this machine."""
    return sorted(REAL_CAPTURES.glob("*.har"))


needs_real_captures = pytest.mark.skipif(not real_captures(), reason="no real captures beside this checkout")
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on PATH")

_SLOW = ("browser", "proxy", "learn", "trust")
"""Directories of tests with real browsers, proxies and servers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first: where several processes run the tests, none is left with one of them at the end."""

    below = str(ROOT / "tests") + os.sep

    def place(item: pytest.Item) -> int:
        top = str(item.path).removeprefix(below).partition(os.sep)[0]
        return _SLOW.index(top) if top in _SLOW else len(_SLOW)

    items.sort(key=place)

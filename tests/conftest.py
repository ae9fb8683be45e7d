"""Fixtures shared by all tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REAL_CAPTURES = ROOT.parent / "shared" / "hars"


def real_captures() -> list[Path]:
    """Paths of the real HAR files, empty where they are not on this machine."""
    return sorted(REAL_CAPTURES.glob("*.har"))


needs_real_captures = pytest.mark.skipif(not real_captures(), reason="no real captures beside this checkout")
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on PATH")

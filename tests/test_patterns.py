"""Patterns that are compiled late: every one of them compiles, and behaves as one that was compiled at once."""

from __future__ import annotations

import importlib.util
import pkgutil
import re

import pytest

from inspector import patterns


def test_it_behaves_as_a_compiled_pattern() -> None:
    late, early = patterns.compile_late(r"(?P<n>\d+)", re.ASCII), re.compile(r"(?P<n>\d+)", re.ASCII)
    for text in ("a 12 b 3", "", "x"):
        assert late.findall(text) == early.findall(text)
        assert late.sub("#", text) == early.sub("#", text)
    found = late.search("a 12")
    assert found is not None
    assert found["n"] == "12"
    assert late.pattern == early.pattern
    assert late.flags == early.flags
    assert patterns.compile_late(rb"\d").split(b"1a2") == [b"", b"a", b""]


def test_a_broken_one_says_so_when_it_is_used() -> None:
    broken = patterns.compile_late("(")
    with pytest.raises(re.error):
        broken.search("")


def test_every_pattern_of_the_product_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str | bytes, int]] = []
    real = patterns._Pattern.__init__

    def noted(self: patterns._Pattern, text: str | bytes, flags: int) -> None:
        made.append((text, flags))
        real(self, text, flags)

    monkeypatch.setattr(patterns._Pattern, "__init__", noted)
    names = ["capture", "fields", "browser", "content", "rules", "session", "grade", "render"]
    for package in names:
        parent = importlib.import_module(f"inspector.{package}")
        for module in pkgutil.iter_modules(parent.__path__, f"{parent.__name__}."):
            spec = importlib.util.find_spec(module.name)
            assert spec is not None
            assert spec.loader is not None
            fresh = importlib.util.module_from_spec(spec)  # beside the one the other tests hold
            spec.loader.exec_module(fresh)
    assert len(made) > 100
    for text, flags in made:
        re.compile(text, flags)

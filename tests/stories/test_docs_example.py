"""The example of docs/stories.md is what it says."""

from __future__ import annotations

import io
import re

from inspector.engine import Engine
from inspector.render.console import make_console
from inspector.render.diagram import mermaid
from inspector.render.terminal import Terminal
from inspector.report import SCHEMA, Report, Summary
from inspector.rules.example import parse_example
from tests.conftest import ROOT


def blocks() -> dict[str, str]:
    text = (ROOT / "docs" / "stories.md").read_text(encoding="utf-8")
    return dict(re.findall(r"```(http|text|mermaid)\n(.*?)\n```", text, re.DOTALL))


def test_the_example():
    shown = blocks()
    engine = Engine()
    for exchange in parse_example(shown["http"]):
        engine.observe(exchange)
    told = [story for story in engine.finish() if story.kind == "redirect-chain"]
    out = io.StringIO()
    terminal = Terminal(make_console("never", into=out, width=94))
    terminal.stories_alone(Report(SCHEMA, (), (), tuple(told), Summary()), [1])
    assert out.getvalue().strip("\n") == shown["text"]
    assert mermaid(told[0], 1).strip("\n") == shown["mermaid"]

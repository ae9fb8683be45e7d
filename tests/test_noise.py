"""Real captures get few lines, and no rule warns of everything."""

from __future__ import annotations

import statistics

import pytest

from benchmarks.noise import count, explained, main, table
from inspector.engine import Engine
from inspector.report import Severity
from inspector.rules.example import parse_example
from tests.conftest import needs_real_captures, real_captures

TEXT = """\
# type: document
GET https://shop.test/ HTTP/2

HTTP/2 500
Content-Type: text/html

<p>
"""


def test_each_rule_counts_once_an_exchange_and_explanations_do_not():
    report = Engine().observe(parse_example(TEXT)[0])
    noise = count([report, report])
    found = [a for a in report.annotations if a.severity is not Severity.INFO]
    assert noise.lines == [len(found)] * 2
    assert noise.rules["status/5xx-explained"] == {Severity.WARNING: 2}
    assert noise.warned == 1.0
    assert f"median {len(found)}" in table(noise)


def test_nothing_to_count_is_said(tmp_path, capsys: pytest.CaptureFixture[str]):
    empty = tmp_path / "empty.har"
    empty.write_text('{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}')
    assert main([str(empty)]) == 2
    assert capsys.readouterr().err == "no captures: name some\n"


@needs_real_captures
def test_real_captures_are_not_drowned():
    noise = count(explained(sorted(real_captures())))
    assert statistics.median(noise.lines) <= 2
    assert noise.warned < 0.05

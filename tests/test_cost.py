"""What explaining costs, counted and not timed: rules asked for nothing, and modules imported for nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.rule_index import RuleIndex
from inspector.rules.catalogue import all_rules
from inspector.rules.example import parse_example
from tests.conftest import needs_real_captures, real_captures

HEAVY = (
    "mitmproxy",
    "cryptography",
    "httpx",
    "starlette",
    "hypercorn",
    "asyncio",
    "email",
    "http.client",
    "httplint",
    "importlib.metadata",
    "jinja2",
    "rich.markdown",
    "urllib.request",
    "xml",
)
"""Modules that explaining an everyday exchange has no use for, and that take their time to import."""


MOST_ASKED = 0.09
"""Of all rules, how many are asked about an exchange in the mean."""


@pytest.fixture
def asked(monkeypatch):
    """Counts exchanges and the rules that were asked about them."""
    counts = [0, 0]
    candidates = RuleIndex.candidates

    def counting(self, x, spent=0):
        found = candidates(self, x, spent)
        counts[0] += 1
        counts[1] += len(found)
        return found

    monkeypatch.setattr(RuleIndex, "candidates", counting)
    return counts


def test_few_rules_are_asked_about_an_exchange_that_shows_one(asked):
    for one in all_rules():
        engine = Engine()
        for x in parse_example(one.page.shows):
            engine.observe(x)
    exchanges, rules = asked
    assert rules / exchanges / len(all_rules()) <= MOST_ASKED, "a rule's triggers are too wide"


@needs_real_captures
def test_few_rules_are_asked_about_an_exchange_of_real_captures(asked):
    for path in real_captures()[::4]:
        engine = Engine()
        for x in open_capture(str(path)).exchanges():
            engine.observe(x)
    exchanges, rules = asked
    assert rules / exchanges / len(all_rules()) <= MOST_ASKED, "a rule's triggers are too wide"


def test_explaining_imports_nothing_heavy(tmp_path):
    har = tmp_path / "one.har"
    har.write_text(
        '{"log":{"version":"1.2","creator":{"name":"a","version":"1"},"entries":[{"startedDateTime":'
        '"2026-03-01T12:00:00.000Z","time":5,"request":{"method":"GET","url":"https://shop.test/","httpVersion":"h2",'
        '"headers":[]},"response":{"status":200,"httpVersion":"h2","headers":[{"name":"content-type","value":'
        '"text/html"},{"name":"cache-control","value":"max-age=60"}],"content":{"size":5,"text":"hello"}}}]}}'
    )
    code = (
        "import sys\n"
        "from inspector.cli import main\n"
        f"sys.argv = ['inspector', 'explain', '--format', 'json', {str(har)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '"exchanges":1' in run.stdout
    assert run.stderr.strip() == ""

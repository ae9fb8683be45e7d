"""Makes the README's picture: real output, drawn by rich. Run it with ``make picture``.

The demo's traffic is recorded and explained again. The lab's ports are new at each run, so they are taken out of the
recording: otherwise every picture would differ from the one before.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console

from inspector.engine import Options
from inspector.explain import Selection, explain
from inspector.learn.demo import run
from inspector.render.terminal import Terminal

PICTURE = Path(__file__).parent / "picture.svg"
WIDTH = 96
_PORT = re.compile(rb"(\.test|\.example|localhost):\d{4,5}")


def main() -> None:
    """Record, explain, draw."""
    with tempfile.TemporaryDirectory() as directory:
        capture = Path(directory) / "shop.har"
        run(Terminal(Console(file=io.StringIO(), width=WIDTH)), Options(), capture)
        capture.write_bytes(_PORT.sub(rb"\1", capture.read_bytes()))
        report = explain([str(capture)], Options(), Selection())
        failed = next(
            exchange
            for exchange in report.exchanges
            if exchange.verdicts.cors is not None and exchange.verdicts.cors.outcome == "blocked"
        )
        chosen = explain([str(capture)], Options(), Selection(entries=((None, failed.index),)))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    Terminal(console).entries(replace(chosen, stories=()))
    PICTURE.write_text(console.export_svg(title=f"inspector explain shop.har --entry {failed.index}"), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()

"""What looking through content costs: ``python -m benchmarks.scan_bench``.

A script of 5 MB, a page of 30 kB, and contents made to be slow, each scanned for every mark there is. Beside them, the
ways that were not taken: one regular expression over the literals, and looking for them one by one.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from inspector.content.marks import MARKS
from inspector.content.scan import Hits, scan

MEGABYTES = 5


def milliseconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Median of the processor time of some rounds, after one that does not count."""
    work()
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times) * 1000


def script(size: int = MEGABYTES * 1_000_000) -> bytes:
    """Real scripts where installed packages have some (mitmweb's), repeated up to `size`; made-up code elsewhere."""
    import mitmproxy

    found = sorted(Path(mitmproxy.__file__).parent.rglob("*.js"))
    text = b"\n".join(path.read_bytes() for path in found)
    if not text:
        chance = random.Random(1)
        words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=chance.randint(1, 9))) for _ in range(500)]
        text = b"".join(chance.choice(words) + chance.choice(b"(){}=;,.+\n").to_bytes() for _ in range(200_000))
    return (text * (size // len(text) + 1))[:size]


def page(size: int = 30_000) -> bytes:
    """A page as shops have them."""
    item = (
        b'<li class="card product"><a href="/item/%d?ref=list"><img src="/img/%d.webp" alt="">Chair no. %d</a>'
        b'<span class="price" data-sku="SKU-%d">EUR 49.90</span></li>\n'
    )
    rows = b"".join(item % (n, n, n, n) for n in range(size // 150))
    return (
        b'<!doctype html><html lang="en"><head><title>Chairs</title></head><body><ul>' + rows[:size] + b"</ul></body>"
    )


def decoys(size: int = MEGABYTES * 1_000_000) -> dict[str, bytes]:
    """Contents full of what marks begin with, and never what they are."""
    every = b" ".join(literal.encode() for mark in MARKS for literal in mark.literals)
    repeat = {
        "every literal": every + b" ",
        "one literal": b"AKIA",
        "tokens": b"eyJ" + b"a" * 300 + b".",
        "traces": b" at a.b.c",
    }
    return {name: (text * (size // len(text) + 1))[:size] for name, text in repeat.items()}


def main() -> None:
    def say(what: str, spent: float, of: str = "") -> None:
        sys.stdout.write(f"{what}: {spent:.2f} ms{of}\n")

    big, small = script(), page()
    literals = [literal.encode() for mark in MARKS for literal in mark.literals]
    say(
        f"scan, {MEGABYTES} MB script, {len(MARKS)} marks, {len(literals)} literals",
        milliseconds(lambda: scan(big, "script")),
    )
    say("scan, 5 MB as a page", milliseconds(lambda: scan(big, "html")))
    say("scan, 30 kB page", milliseconds(lambda: scan(small, "html"), 200))
    found: list[Hits] = []
    for name, data in decoys().items():
        say(f"scan, 5 MB of {name}", milliseconds(lambda data=data: found.append(scan(data, "html")), 3))
    part = big[:1_000_000]
    pattern = re.compile(b"|".join(map(re.escape, literals)))
    say(
        "not taken: one regular expression",
        milliseconds(lambda: sum(1 for _ in pattern.finditer(part)), 1),
        " for 1 MB",
    )
    say("not taken: one by one", milliseconds(lambda: [part.find(each) for each in literals], 1), " for 1 MB")


if __name__ == "__main__":
    main()

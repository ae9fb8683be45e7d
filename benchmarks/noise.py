"""How much is said: ``python -m benchmarks.noise [FILE …]``, over the real captures beside the checkout by default.

For each topic and rule the number of exchanges on which it is an error, a warning or a note, and their share of all;
then how many lines that are no explanations an exchange gets. A rule is told once an exchange here, however often it
speaks, because that is how a person meets it.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from benchmarks.capture_bench import REAL
from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.report import ExchangeReport, Severity

FINDINGS = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


class Noise(Struct):
    """What was counted: by rule the exchanges of each severity, and the lines of every exchange."""

    rules: dict[str, Counter[Severity]]
    lines: list[int]

    @property
    def warned(self) -> float:
        """The largest share of exchanges that one rule warns of, or calls an error."""
        worst = max((c[Severity.ERROR] + c[Severity.WARNING] for c in self.rules.values()), default=0)
        return worst / len(self.lines) if self.lines else 0.0


def count(reports: Iterable[ExchangeReport]) -> Noise:
    """Count what is said of each exchange. Explanations (info) do not count."""
    noise = Noise(defaultdict(Counter), [])
    for report in reports:
        gravest: dict[str, Severity] = {}
        lines = 0
        for annotation in report.annotations:
            if annotation.severity is Severity.INFO:
                continue
            lines += 1
            before = gravest.get(annotation.rule, annotation.severity)
            gravest[annotation.rule] = min(before, annotation.severity, key=lambda severity: severity.rank)
        noise.lines.append(lines)
        for rule, severity in gravest.items():
            noise.rules[rule][severity] += 1
    return noise


def explained(paths: Iterable[Path]) -> Iterable[ExchangeReport]:
    """The reports on captures, each with an engine of its own."""
    for path in paths:
        engine = Engine()
        for exchange in open_capture(path).exchanges():
            yield engine.observe(exchange)


def table(noise: Noise) -> str:
    """The counts as text: topics with their rules, those that speak most first."""
    total = len(noise.lines)
    topics: dict[str, Counter[Severity]] = defaultdict(Counter)
    for rule, counts in noise.rules.items():
        topics[rule.partition("/")[0]] += counts
    rows = [f"{'':<36}{'error':>8}{'warning':>9}{'note':>8}{'of all':>9}"]
    for topic, sums in sorted(topics.items(), key=lambda item: -item[1].total()):
        rows.append(_row(topic, sums, total))
        mine = ((rule, counts) for rule, counts in noise.rules.items() if rule.startswith(f"{topic}/"))
        rows += [_row(f"  {rule}", counts, total) for rule, counts in sorted(mine, key=lambda item: -item[1].total())]
    spread = Counter(min(lines, 5) for lines in noise.lines)
    shares = ", ".join(f"{'5 or more' if n == 5 else n}: {many / total:.1%}" for n, many in sorted(spread.items()))
    rows += [
        "",
        f"{total:,} exchanges. Lines of an exchange that are no explanations: median "
        f"{statistics.median(noise.lines):g}, most {max(noise.lines)} ({shares}).",
        f"The rule that warns most does so on {noise.warned:.2%} of exchanges.",
    ]
    return "\n".join(rows)


def _row(name: str, counts: Counter[Severity], total: int) -> str:
    numbers = [counts[severity] for severity in FINDINGS]
    return f"{name:<36}{numbers[0] or '':>8}{numbers[1] or '':>9}{numbers[2] or '':>8}{counts.total() / total:>9.2%}"


def main(arguments: list[str]) -> int:
    """Print the table; 2 where there is nothing to count."""
    paths = [Path(each) for each in arguments] or sorted(REAL.glob("*.har"))
    noise = count(explained(paths))
    if not noise.lines:
        sys.stderr.write("no captures: name some\n")
        return 2
    sys.stdout.write(table(noise) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

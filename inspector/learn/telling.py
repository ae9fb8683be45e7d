"""The ten findings of the demo that tell the most, and in one line per topic what else was seen."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from inspector.render.blocks import exchange_line, finding_body, number, title_line
from inspector.render.layout import PROSE_WIDTH, Canvas
from inspector.report import Annotation, ExchangeReport

TELLING = (
    "cors/preflight-method",
    "cookies/prefix",
    "cache/hit-explained",
    "redirect/method-change",
    "csp/blocks-content",
    "security/hsts-missing",
    "jwt/expired",
    "xss/reflected",
    "auth/password-over-http",
    "protocol/no-h2",
)
"""One for each question people come with: why was my call blocked, my cookie lost, my change not seen, my POST a GET,
my script not run, my token refused; and what stands open: no HSTS, markup let in, a password in the clear; and which
version of HTTP was spoken, and why."""


class Telling:
    """Keeps the first occurrence of each telling rule, and counts the rules of all topics."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[ExchangeReport, Annotation]] = {}
        self._topics: dict[str, Counter[str]] = {}

    def add(self, report: ExchangeReport) -> None:
        """Take in one exchange."""
        for annotation in report.annotations:
            topic, _, name = annotation.rule.partition("/")
            self._topics.setdefault(topic, Counter())[name] += 1
            if annotation.rule in TELLING:
                self._first.setdefault(annotation.rule, (report, annotation))

    def draw(self, canvas: Canvas) -> None:
        """Print them: a block each, then a line per topic."""
        canvas.heading("The ten most telling things")
        for rule in TELLING:
            if rule in self._first:
                exchange, annotation = self._first[rule]
                title_line(canvas, annotation)
                exchange_line(canvas, exchange, f"{number(exchange, 1)} ", "  ")
                finding_body(canvas, annotation, "  ")
                canvas.blank()
        canvas.heading("Seen in all, by topic")
        for topic, names in sorted(self._topics.items()):
            said = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in names.most_common())
            canvas.add(Text(said), Text(f"  {topic:<10} ", "bold"), " " * 13, PROSE_WIDTH)

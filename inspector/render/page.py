"""The catalogue of rules, and one rule's page."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from rich.console import Console
from rich.style import Style
from rich.text import Text

from inspector.engine import Engine, Options
from inspector.references import title as title_of
from inspector.render.blocks import GLYPHS, STYLES, finding_body, rule_link, title_line
from inspector.render.escape import visible
from inspector.render.layout import Canvas, plural
from inspector.report import Annotation
from inspector.rules.base import Rule
from inspector.rules.catalogue import built_in
from inspector.rules.example import parse_example


def catalogue(console: Console, rules: Sequence[Rule]) -> None:
    """Print rules by topic, the gravest of each first: severity, id, title."""
    canvas = Canvas(console)
    widest = max((len(rule.id) for rule in rules), default=0)
    topic = ""
    for rule in rules:
        if rule.topic != topic:
            topic = rule.topic
            canvas.heading(topic)
        mark = Text(f"{GLYPHS[rule.severity]} {rule.severity:<8}", STYLES[rule.severity])
        id = rule_link(rule.id, rule.references)
        if canvas.width >= widest + 40:
            lead = Text.assemble(mark, id, " " * (widest - len(rule.id) + 2))
            canvas.add(canvas.words(rule.title), lead, " " * lead.cell_len)
        else:
            canvas.line(mark, id)
            canvas.add(canvas.words(rule.title), "  ")
    canvas.blank()
    canvas.line((f"{plural(len(rules), 'rule')}. `inspector rule ID` explains one.".replace("`", ""), "dim"))
    canvas.flush()


def rule(console: Console, rule: Rule) -> None:
    """Print one rule's page, with what its first example raises."""
    canvas = Canvas(console)
    canvas.line((f"{GLYPHS[rule.severity]} {rule.severity} ", STYLES[rule.severity]), (rule.id, "bold"))
    canvas.prose(rule.title, style="bold")
    page = rule.page
    for title, text in (
        ("What it means", page.what),
        ("Why it matters", page.why),
        ("What to do", page.fix),
        ("When it is not a problem", page.unless),
    ):
        if text:
            canvas.heading(title)
            _paragraphs(canvas, text)
    canvas.heading("An exchange that shows it")
    _example(canvas, page.shows)
    canvas.blank()
    for annotation in _raised(rule):
        title_line(canvas, annotation, indent="  ")
        finding_body(canvas, annotation, "    ")
    canvas.heading("One that does not")
    _example(canvas, page.quiet)
    canvas.heading("Where it is written")
    for reference in rule.references:
        if name := title_of(reference):
            canvas.prose(name, "  ")
        canvas.line("  ", Text(reference, Style(link=reference)))
    canvas.flush()


def _paragraphs(canvas: Canvas, text: str) -> None:
    """Running text; lines that begin with a dash or are indented keep their place."""
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if any(line.startswith((" ", "- ", "* ")) for line in lines):
            for line in lines:
                indent = " " * (len(line) - len(line.lstrip()))
                canvas.prose(line.strip(), f"  {indent}", f"  {indent}  ")
        else:
            canvas.prose(" ".join(line.strip() for line in lines), "  ")
        canvas.blank()


def _example(canvas: Canvas, text: str) -> None:
    for line in dedent(text).strip("\n").split("\n"):
        shown = visible(line)
        if line.startswith("#") or line == "---":
            canvas.add(Text(shown, "dim"), "    ", "      ")
        elif line.startswith("HTTP/") or " HTTP/" in line:
            canvas.add(Text(shown, "bold"), "    ", "      ")
        else:
            name, colon, value = shown.partition(": ")
            canvas.add(Text.assemble((name, "cyan"), f"{colon}{value}") if colon else Text(shown), "    ", "      ")


def _raised(rule: Rule) -> list[Annotation]:
    engine = Engine(Options(rules=frozenset({rule.id}), own=() if rule in built_in() else (rule,)))
    told = [a for exchange in parse_example(rule.page.shows) for a in engine.observe(exchange).annotations]
    return told + [a for story in engine.finish() for a in story.annotations]

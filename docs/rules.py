"""Writes ``docs/rules/``: the catalogue, a page a topic. ``make docs`` runs it; a test checks that it was run."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

from inspector.references import title
from inspector.rules.base import Rule
from inspector.rules.catalogue import built_in

HERE = Path(__file__).parent / "rules"


def pages() -> dict[str, str]:
    """File name → text, for every page."""
    topics: dict[str, list[Rule]] = {}
    for rule in sorted(built_in(), key=lambda rule: (rule.topic, rule.severity.rank)):
        topics.setdefault(rule.topic, []).append(rule)
    made = {f"{topic}.md": _topic(topic, rules) for topic, rules in topics.items()}
    return {"README.md": _index(topics), **made}


def _index(topics: dict[str, list[Rule]]) -> str:
    lines = [
        "# The rules",
        "",
        f"{len(built_in())} rules in {len(topics)} topics. `inspector rule ID` shows the same pages in the terminal,",
        "with what the first example raises. This folder is made from the rules themselves by `make docs`.",
    ]
    for topic, rules in topics.items():
        lines += ["", f"## [{topic}]({topic}.md)", "", "| severity | rule | |", "| --- | --- | --- |"]
        lines += [f"| {r.severity} | [{r.id}]({topic}.md#{_anchor(r)}) | {_cell(r.title)} |" for r in rules]
    return "\n".join(lines) + "\n"


def _topic(topic: str, rules: list[Rule]) -> str:
    return "\n".join([f"# {topic}", "", *(line for rule in rules for line in _rule(rule))]).rstrip() + "\n"


def _rule(rule: Rule) -> list[str]:
    page = rule.page
    lines = [f"## {rule.id}", "", f"**{rule.severity}** · {rule.title}", ""]
    for heading, text in (
        ("What it means", page.what),
        ("Why it matters", page.why),
        ("What to do", page.fix),
        ("When it is not a problem", page.unless),
    ):
        if text:
            lines += [f"**{heading}.** {text}", ""]
    for heading, example in (("An exchange that shows it:", page.shows), ("One that does not:", page.quiet)):
        lines += [heading, "", "```http", dedent(example).strip("\n").rstrip(), "```", ""]
    lines += [f"- <{url}>{f' ({title(url)})' if title(url) else ''}" for url in rule.references]
    return [*lines, ""]


def _anchor(rule: Rule) -> str:
    return rule.id.replace("/", "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write what changed, remove what no longer belongs."""
    made = pages()
    HERE.mkdir(exist_ok=True)
    for old in HERE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(made)} pages in {HERE.name}/\n")


if __name__ == "__main__":
    main()

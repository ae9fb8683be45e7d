"""``inspector rules`` and ``inspector rule``."""

from __future__ import annotations

import sys

import click

from inspector.cli.options import color_option, known_rule, topic_option


@click.command("rules")
@topic_option()
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@color_option()
def rules_command(only: frozenset[str], form: str, color: str) -> None:
    """List what can be found, by topic."""
    from inspector.rules.catalogue import all_rules

    rules = sorted((r for r in all_rules() if not only or r.topic in only), key=lambda r: (r.topic, r.severity.rank))
    if form == "json":
        import msgspec

        listed = [
            {"id": r.id, "topic": r.topic, "severity": r.severity, "title": r.title, "references": r.references}
            for r in rules
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(listed)))
        return
    from inspector.render import page
    from inspector.render.console import make_console

    page.catalogue(make_console(color, sys.stdout), rules)


@click.command("rule", no_args_is_help=True)
@click.argument("id", metavar="ID")
@color_option()
def rule_command(id: str, color: str) -> None:
    """Show one rule: what it finds, why it matters, the fix, and two example exchanges."""
    from inspector.render import page
    from inspector.render.console import make_console
    from inspector.rules.catalogue import rule_by_id

    rule = rule_by_id(known_rule(id))
    assert rule is not None
    page.rule(make_console(color, sys.stdout), rule)

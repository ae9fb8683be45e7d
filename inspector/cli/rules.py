"""``inspector rules`` and ``inspector rule``."""

from __future__ import annotations

import sys

import click

from inspector.cli.options import check_topics, color_option, known_rule
from inspector.cli.settings import config_option, own_rules, own_rules_option


@click.command("rules")
@click.option(
    "--topic", "--only", multiple=True, metavar="TOPIC", callback=check_topics, help="This topic alone (repeatable)."
)
@own_rules_option()
@config_option()
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@color_option()
@click.pass_context
def rules_command(ctx: click.Context, topic: frozenset[str], form: str, color: str) -> None:
    """List what can be found, by topic."""
    from inspector.rules.catalogue import all_rules

    chosen = (r for r in all_rules(own_rules(ctx)) if not topic or r.topic in topic)
    rules = sorted(chosen, key=lambda r: (r.topic, r.severity.rank))
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
@own_rules_option()
@config_option()
@color_option()
@click.pass_context
def rule_command(ctx: click.Context, id: str, color: str) -> None:
    """Show one rule: what it finds, why it matters, the fix, and two example exchanges."""
    from inspector.render import page
    from inspector.render.console import make_console
    from inspector.rules.catalogue import rule_by_id

    own = own_rules(ctx)
    rule = rule_by_id(known_rule(id, own), own)
    assert rule is not None
    page.rule(make_console(color, sys.stdout), rule)

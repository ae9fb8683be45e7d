"""``inspector schema``."""

from __future__ import annotations

import json

import click


@click.command("schema")
def schema_command() -> None:
    """Print the JSON Schema (2020-12) of what `inspector explain --format json` prints."""
    from inspector.report import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))

"""``inspector schema``."""

from __future__ import annotations

import json
from typing import Literal

import click


@click.command("schema")
@click.argument("of", type=click.Choice(["report", "grade"]), default="report")
def schema_command(of: Literal["report", "grade"]) -> None:
    """Print the JSON Schema (2020-12) of what `inspector explain --format json` prints, or `inspector grade`."""
    from inspector.report import schema

    click.echo(json.dumps(schema(of), indent=2, ensure_ascii=False))

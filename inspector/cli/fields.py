"""``inspector fields`` and ``inspector field``."""

from __future__ import annotations

import sys

import click

from inspector.cli.options import color_option


@click.command("fields")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@color_option()
def fields_command(words: tuple[str, ...], form: str, color: str) -> None:
    """List the fields that can be explained; those whose name or meaning has every WORD, where words are given."""
    from inspector.fieldguide.guide import entries

    wanted = [word.lower() for word in words]
    found = [e for e in entries() if all(word in f"{e.name} {e.meaning}".lower() for word in wanted)]
    found.sort(key=lambda entry: entry.name.lower())
    if form == "json":
        import msgspec

        listed = [
            {"name": e.name, "messages": _messages(e.on), "meaning": e.meaning, "reference": e.reference} for e in found
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(listed)))
        return
    from inspector.render import field_page
    from inspector.render.console import make_console

    field_page.catalogue(make_console(color, sys.stdout), found)


@click.command("field", no_args_is_help=True)
@click.argument("name", metavar="NAME")
@click.argument("value", metavar="[VALUE]", required=False)
@click.option(
    "--in", "message", type=click.Choice(["request", "response"]), help="Where it stands, for fields that differ."
)
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@color_option()
def field_command(name: str, value: str | None, message: str | None, form: str, color: str) -> None:
    """Show what a field is for, and what a value of it says.

    A whole line works too: inspector field 'Cache-Control: max-age=60'.
    """
    from inspector.fieldguide.guide import entry_for, look_up
    from inspector.mask import Masker

    if value is None and ":" in name[1:]:
        end = name.index(":", 1)
        name, value = name[:end], name[end + 1 :]
    name, value = name.strip(), value.strip() if value is not None else None
    entry = entry_for(name)
    said = look_up(name, value, message)
    shown = Masker().field(name, value) if value is not None else None
    if form == "json":
        import msgspec

        told = [
            {"message": where, "meaning": e.meaning, "says": e.says, "reference": e.reference, "known": e.known}
            for where, e in said
        ]
        click.echo(msgspec.json.format(msgspec.json.encode({"name": name, "value": shown, "explained": told})))
        return
    from inspector.render import field_page
    from inspector.render.console import make_console

    field_page.field(make_console(color, sys.stdout), entry, name, shown, said)


def _messages(on: str) -> list[str]:
    return ["request", "response"] if on == "both" else [on]

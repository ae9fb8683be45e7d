"""``inspector addons``."""

from __future__ import annotations

import ast
from pathlib import Path

import click

import inspector
from inspector.cli import Failed


def addons_directory() -> Path:
    """Where the add-ons are: inside an installed package, or beside it in a checkout.

    Raises:
        Failed: this installation has none.
    """
    package = Path(inspector.__file__).parent
    for directory in (package / "_addons", package.parent / "addons"):
        if (directory / "annotate.py").is_file():
            return directory
    raise Failed("the add-ons are missing from this installation; install http-inspector again")


@click.command("addons", short_help="Show where the add-ons for your own mitmproxy are.")
@click.argument("name", required=False)
def addons_command(name: str | None) -> int:
    """Show where the add-ons for your own mitmproxy are, or the path of the one called NAME.

    \b
    For example:  mitmweb -s "$(inspector addons cors)"
    """
    directory = addons_directory()
    files = {file.stem: file for file in sorted(directory.glob("*.py")) if not file.stem.startswith("_")}
    if name is not None:
        wanted = name.strip().lower().replace("-", "_").removesuffix(".py")
        if wanted not in files:
            raise Failed(f"there is no add-on '{name}'; there are {', '.join(files)}")
        click.echo(files[wanted])
        return 0
    for file in files.values():
        click.echo(f"{file}\n    {_told(file)}")
    click.echo(
        '\nUse one in mitmproxy, mitmweb or mitmdump of this environment:  mitmweb -s "$(inspector addons cors)"'
    )
    return 0


def _told(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]

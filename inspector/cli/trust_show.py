"""``inspector trust show`` and ``inspector trust lab``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from inspector.cli import Failed
from inspector.cli.options import color_option


def _moment(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> float | None:
    return value.replace(tzinfo=UTC).timestamp() if value is not None else None


@click.command("show", no_args_is_help=True)
@click.argument("target", metavar="HOST[:PORT]|CAPTURE|FILE.pem")
@click.option("--name", metavar="HOST", help="Judge for this host name, and ask the server for it (SNI).")
@click.option("--ca", type=click.Path(path_type=Path), metavar="FILE", help="Trust the authorities in this file alone.")
@click.option(
    "--store",
    type=click.Choice(["system", "mozilla"]),
    default="system",
    show_default=True,
    help="Whom to trust: this system's store, or Mozilla's list.",
)
@click.option("--proxy", metavar="URL", help="Ask through this proxy too, and compare: http://127.0.0.1:8080.")
@click.option("--address", metavar="IP", help="Connect here instead of looking the host up.")
@click.option("--crl", type=click.Path(path_type=Path), metavar="FILE", help="A revocation list to look into.")
@click.option("--at", type=click.DateTime(), callback=_moment, help="Judge at this moment (UTC), not now.")
@click.option("--format", "form", type=click.Choice(["terminal", "json"]), default="terminal", help="For whom.")
@color_option()
def show_command(
    target: str,
    name: str | None,
    ca: Path | None,
    store: str,
    proxy: str | None,
    address: str | None,
    crl: Path | None,
    at: float | None,
    form: str,
    color: str,
) -> None:
    """Explain a certificate chain, link by link, and whether a browser would accept it.

    TARGET is a server (a TLS handshake shows what it sends), a recording (each chain in it; .mitm files of the proxy
    keep both: the server's and the one the client was shown), or a file of certificates.

    Exit status: 0 when there was something to explain, whatever the verdict; 2 when not.
    """
    from inspector.render import trust as render
    from inspector.render.console import make_console
    from inspector.trust.anchors import AnchorError, certifi_anchors, from_file, system_anchors
    from inspector.trust.sources import Asked, SourceError, cases

    try:
        anchors = from_file(ca) if ca is not None else certifi_anchors() if store == "mozilla" else system_anchors()
        asked = Asked(anchors, name, proxy, address, crl.read_bytes() if crl is not None else None, at)
        found = cases(target, asked)
    except (AnchorError, SourceError) as error:
        raise Failed(str(error)) from None
    if form == "json":
        click.echo(render.as_json(found))
    else:
        render.print_cases(make_console(color, sys.stdout), found)


@click.command("lab", no_args_is_help=True)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
def lab_command(directory: Path) -> None:
    """Make a zoo of certificates to study: a root, intermediates, and some thirty, each broken in one way.

    They are made anew into DIR, which must be empty or missing; keys are readable by you alone, and nothing trusts
    them. `inspector trust serve` shows them over TLS.
    """
    from inspector.learn.lab.zoo import write_zoo
    from inspector.trust.zoo import SPECIMENS

    place = write_zoo(directory.expanduser())
    width = max(len(each.name) for each in SPECIMENS)
    for each in SPECIMENS:
        click.echo(f"{each.name:<{width}}  {each.wrong}")
    click.echo()
    click.echo(f"In {place}: root.pem is the authority, NAME.pem a chain, NAME.key its key. Explain one with")
    click.echo(f"  inspector trust show {place}/expired.pem --name expired.zoo.test --ca {place}/root.pem")


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default: any free one.")
def serve_command(port: int) -> None:
    """Serve the zoo on this machine: one certificate for each name, until Ctrl-C."""
    import signal
    import threading

    from inspector.learn.lab.zoo import ZooServer
    from inspector.trust.zoo import SPECIMENS

    ended = threading.Event()
    with ZooServer(port=port) as server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        width = max(len(each.host) for each in SPECIMENS)
        for each in SPECIMENS:
            click.echo(f"{each.host:<{width}}  {each.wrong}")
        click.echo()
        click.echo(f"On port {server.port} of 127.0.0.1; its root is {server.root_path}. Look at one with")
        click.echo(f"  inspector trust show expired.zoo.test:{server.port} --address 127.0.0.1 --ca {server.root_path}")
        click.echo("Ctrl-C ends it and removes every key.")
        sys.stdout.flush()
        ended.wait()

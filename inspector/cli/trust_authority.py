"""``inspector trust export``, ``rotate``, ``verify`` and ``guide``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inspector.cli import Failed
from inspector.cli.options import color_option
from inspector.cli.trust_stores import confdir_option, held_authority


@click.command("export")
@confdir_option()
@click.option("--format", "form", type=click.Choice(["pem", "der", "p12"]), default="pem", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write here; to standard output if not given.")
def export_command(confdir: Path, form: str, output: Path | None) -> None:
    """Write the authority's certificate, for a device or program that shall trust it. Never its key."""
    from inspector.trust.authority import exported

    held = held_authority(confdir)
    if held is None:
        raise Failed(f"there is no authority in {confdir.expanduser()} yet: `inspector trust rotate` makes one")
    content = exported(held, form)
    if output is not None:
        output.expanduser().write_bytes(content)
        return
    if form != "pem" and sys.stdout.isatty():
        raise Failed(f"{form} is binary: give a file with --output, or redirect the output")
    sys.stdout.buffer.write(content)


@click.command("rotate")
@confdir_option()
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long it is valid.")
@click.option(
    "--only-names",
    metavar="NAME,…",
    default="",
    help="The only names (and all below them) and networks it can vouch for, as in example.test,10.0.0.0/8.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask. For scripts.")
def rotate_command(confdir: Path, days: int, only_names: str, yes: bool) -> None:
    """Make a new authority, and destroy the key of the old one. Whoever trusted the old one has to trust the new.

    With --only-names, trusting it puts no other site at risk: clients refuse whatever else it signs.
    """
    from inspector.trust.authority import AuthorityError, find, rotate
    from inspector.trust.names import reference_host
    from inspector.trust.question import day
    from inspector.trust.stores.here import stores_of
    from inspector.words import listed, ticked

    names = [name.strip() for name in only_names.split(",") if name.strip()]
    try:
        names = [name if "/" in name else reference_host(name) for name in names]
        for name in names:
            if "/" in name:
                import ipaddress

                ipaddress.ip_network(name)
    except ValueError as error:
        raise Failed(f"--only-names: {error}") from None
    old = None
    try:
        old = find(confdir)
    except AuthorityError as error:
        click.echo(f"The present one is not usable: {error}")
    place = confdir.expanduser()
    if old is not None:
        holding = [store.title for store in stores_of(Path("/"), old.certificate_file) if store.holds(old.stored)]
        click.echo(f"This destroys the key of {old.facts.subject}, SHA-256 {old.facts.sha256[:16]}…, for good.")
        if holding:
            click.echo(f"Trusted by {listed(holding)}: `inspector trust uninstall` still finds it there afterwards.")
    if (old is not None or (place / "mitmproxy-ca.pem").exists()) and not yes and not click.confirm("Go on?"):
        raise Failed("nothing was changed")
    new = rotate(confdir, days=days, only_names=names)
    click.echo(f"{new.facts.subject}, valid until {day(new.facts.not_after)}, in {place}")
    click.echo(f"It vouches for {listed(ticked(names)) if names else 'any name'}.")
    click.echo(f"SHA-256 {new.facts.sha256}")


@click.command("verify", no_args_is_help=True)
@click.argument("host", metavar="HOST[:PORT]")
@confdir_option()
@click.option("--proxy", default="http://127.0.0.1:8080", show_default=True, metavar="URL", help="The running proxy.")
@color_option()
def verify_command(host: str, confdir: Path, proxy: str, color: str) -> int:
    """Shake hands with a host through the proxy, trusting the proxy's authority and nothing else.

    Exit status: 0 when a client with this trust accepts, 1 when it refuses, 2 when there was no handshake.
    """
    from inspector.render import trust as render
    from inspector.render.console import make_console
    from inspector.trust.anchors import Anchors
    from inspector.trust.sources import Asked, SourceError, through_proxy

    held = held_authority(confdir)
    if held is None:
        raise Failed(f"there is no authority in {confdir.expanduser()} yet: the proxy makes one when it first starts")
    anchors = Anchors(f"the proxy's authority alone ({held.certificate_file})", (held.der,))
    try:
        case = through_proxy(host, Asked(anchors, proxy=proxy))
    except SourceError as error:
        raise Failed(str(error)) from None
    assert case.shown is not None
    render.print_cases(make_console(color, sys.stdout), [case])
    return 0 if case.shown.verdict.outcome == "accepted" else 1


@click.command("guide")
@click.argument("platform", required=False, default="")
@confdir_option()
@color_option()
def guide_command(platform: str, confdir: Path, color: str) -> None:
    """How to have a system, browser or language trust the proxy's authority, and how to undo it.

    PLATFORM is one of windows, macos, linux, ios, android, firefox, java, node, python, docker.
    """
    from inspector.render.console import make_console
    from inspector.render.layout import Canvas
    from inspector.trust.guide import GUIDES, filled

    canvas = Canvas(make_console(color, sys.stdout))
    guide = GUIDES.get(platform.lower())
    if platform and guide is None:
        raise Failed(f"there is no guide for '{platform}'; there are {', '.join(GUIDES)}")
    if guide is None:
        for name, each in GUIDES.items():
            canvas.prose(each.title, f"{name:<9}", " " * 9)
        canvas.blank()
        canvas.prose("`inspector trust guide NAME` shows one.")
        canvas.flush()
        return
    file = str(confdir.expanduser() / "mitmproxy-ca-cert.pem")
    canvas.line((guide.title, "bold"))
    for heading, paragraphs in (("Trust it", guide.steps), ("Undo it", guide.undo), ("What to know", guide.know)):
        if paragraphs:
            canvas.heading(heading)
            for number, text in enumerate(paragraphs, 1):
                command = text.startswith("$ ")
                shown = filled(text, file)
                if command:
                    canvas.line("     ", (shown[2:], "cyan"))
                else:
                    lead = f"  {number}. " if heading != "What to know" else "  · "
                    canvas.prose(shown, lead.replace(f"{number}.", "-") if heading != "What to know" else lead, "    ")
    canvas.flush()

"""``inspector trust status``, ``install`` and ``uninstall``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inspector.cli import Failed
from inspector.cli.options import color_option

if TYPE_CHECKING:
    from inspector.trust.authority import Held
    from inspector.trust.stores.base import Authority, Plan, Store

CONFDIR = Path("~/.mitmproxy")


def confdir_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--confdir``, where the authority is."""
    return click.option(
        "--confdir",
        type=click.Path(path_type=Path),
        default=CONFDIR,
        show_default=True,
        help="Where the proxy's certificate authority is kept.",
    )


_root = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("/"),
    help="Another file system than this machine's: a container's, say.",
)
_store = click.option(
    "--store",
    "names",
    type=click.Choice(["system", "nss", "java"]),
    multiple=True,
    help="This kind alone (repeatable): the system's, browsers' databases (NSS), Java's. All, if not given.",
)
_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask. For scripts.")
_dry = click.option("--dry-run", is_flag=True, help="Print exactly what would change, and change nothing.")


@click.command("status")
@confdir_option()
@_root
@color_option()
def status_command(confdir: Path, root: Path, color: str) -> None:
    """Show the proxy's authority: where it is, until when, when it was used, and which stores trust it."""
    from inspector.render.console import make_console
    from inspector.render.layout import Canvas
    from inspector.trust.authority import retired
    from inspector.trust.question import day
    from inspector.trust.stores.here import stores_of, unused_warning
    from inspector.words import duration, listed, ticked

    held = held_authority(confdir)
    canvas = Canvas(make_console(color, sys.stdout))
    if held is None:
        canvas.prose(f"There is no authority in {confdir.expanduser()} yet. The proxy makes one when it first starts.")
        canvas.flush()
        return
    facts = held.facts
    allowed = (
        listed(ticked(facts.permitted)) if facts.permitted else "any name: whoever has its key can impersonate any site"
    )
    stores = stores_of(root, held.certificate_file)
    holding = [(store, store.holds(held.stored)) for store in stores]
    used = "never noted" if held.last_used is None else f"{day(held.last_used)}"
    canvas.line((facts.subject, "bold"))
    for label, text in (
        ("certificate", str(held.certificate_file)),
        ("key", f"{held.directory / 'mitmproxy-ca.pem'}, readable by its owner alone"),
        ("SHA-256", facts.sha256),
        ("valid until", day(facts.not_after)),
        ("vouches for", allowed),
        ("last used", used),
    ):
        canvas.prose(text, f"  {label:<13}", " " * 15)
    canvas.heading("Stores on this machine" if root == Path("/") else f"Stores below {root}")
    for store, answer in holding:
        mark = "✓ trusted    " if answer else "  not trusted" if answer is False else "● not known  "
        canvas.prose(f"{store.title}, {store.where}", f"  {mark}  ", " " * 17)
    if not holding:
        canvas.prose("None that this program knows.", "  ")
    for old in retired(confdir):
        places = [store.title for store in stores if store.holds(old)]
        if places:
            canvas.blank()
            canvas.prose(
                f"An authority that was replaced, `{old.subject}` ({old.sha256[:16]}…), is still trusted by "
                f"{listed(places)}. `inspector trust uninstall` removes it too.",
                "▲ ",
                "  ",
            )
    warning = unused_warning(held, [store for store, answer in holding if answer])
    if warning:
        canvas.blank()
        canvas.prose(warning, "▲ ", "  ")
    passed = time.time() - facts.not_after
    if passed > 0:
        canvas.blank()
        canvas.prose(f"It expired {duration(passed)} ago: `inspector trust rotate` makes a new one.", "▲ ", "  ")
    canvas.flush()


@click.command("install")
@confdir_option()
@_store
@_root
@_dry
@_yes
def install_command(confdir: Path, names: tuple[str, ...], root: Path, dry_run: bool, yes: bool) -> None:
    """Have this machine trust the proxy's authority. Shows every change first, and asks.

    A browser opened by the proxy itself and a command run through it need none of this. `inspector trust uninstall`
    takes all of it back.
    """
    held = held_authority(confdir)
    if held is None:
        raise Failed(
            f"there is no authority in {confdir.expanduser()} yet: `inspector trust rotate` or the proxy makes one"
        )
    stores = _chosen(root, held, names)
    plans = _plans(stores, lambda store: store.plan_install(held.stored))
    _carry_out(
        plans, dry_run, yes, "Whoever has the key of this authority can then impersonate any site to this machine."
    )
    if not dry_run:
        click.echo("Take it back with `inspector trust uninstall`.")


@click.command("uninstall")
@confdir_option()
@_store
@_root
@_dry
@_yes
def uninstall_command(confdir: Path, names: tuple[str, ...], root: Path, dry_run: bool, yes: bool) -> None:
    """Have this machine forget the proxy's authority, and those it replaced. Shows every change first, and asks."""
    from inspector.trust.authority import retired

    held = held_authority(confdir)
    wanted: list[Authority] = [*([held.stored] if held is not None else []), *retired(confdir)]
    if not wanted:
        raise Failed(f"there is no authority in {confdir.expanduser()}, so there is nothing to look for")
    stores = _chosen(root, held, names)
    for number, authority in enumerate(wanted):
        if number and not any(store.holds(authority) for store in stores):
            continue
        plans = _plans(stores, lambda store, which=authority: store.plan_uninstall(which))  # type: ignore[misc]
        _carry_out(plans, dry_run, yes, None)


# -- parts -----------------------------------------------------------------------------------------------------------


def held_authority(confdir: Path) -> Held | None:
    """The authority in a directory. Raises `Failed` with one line where it may not be used."""
    from inspector.trust.authority import AuthorityError, find

    try:
        return find(confdir)
    except AuthorityError as error:
        raise Failed(str(error)) from None


def _chosen(root: Path, held: Held | None, names: tuple[str, ...]) -> list[Store]:
    from inspector.trust.stores.here import stores_of

    file = held.certificate_file if held is not None else None
    chosen = [store for store in stores_of(root, file) if not names or store.name in names]
    if not chosen:
        what = f"of the kind {', '.join(names)} " if names else ""
        raise Failed(f"there is no store {what}here that this program knows")
    return chosen


def _plans(stores: Sequence[Store], ask: Callable[[Store], Plan]) -> list[Plan]:
    from inspector.trust.stores.base import StoreError

    plans = []
    for store in stores:
        try:
            plans.append(ask(store))
        except StoreError as error:
            plans.append(store.nothing(f"cannot be changed: {error}"))
    return plans


def _carry_out(plans: Sequence[Plan], dry_run: bool, yes: bool, warning: str | None) -> None:
    from inspector.render.escape import visible
    from inspector.trust.stores.base import Run, StoreError, apply

    for plan in plans:
        click.echo(f"{plan.store}, {visible(plan.where)}")
        if not plan.steps:
            click.echo(f"  nothing to do: {visible(plan.why)}")
        for step in plan.steps:
            click.echo(f"  {visible(str(step))}")
            if isinstance(step, Run):
                click.echo(f"      {step.does}")
    work = [plan for plan in plans if plan.steps]
    if dry_run or not work:
        return
    if warning:
        click.echo(warning)
    if not yes and not click.confirm("Go on?", default=False):
        raise Failed("nothing was changed")
    failed = []
    for plan in work:
        try:
            apply(plan)
        except StoreError as error:
            failed.append(f"{plan.store}: {error}")
        else:
            click.echo(f"done: {plan.store}")
    if failed:
        raise Failed("; ".join(failed))

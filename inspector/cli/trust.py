"""``inspector trust``: the group. Each command is imported when it is used."""

from __future__ import annotations

import click

from inspector.cli import Lazily

_COMMANDS = {
    "status": ("inspector.cli.trust_stores", "status_command", "Show the proxy's authority and who trusts it."),
    "install": ("inspector.cli.trust_stores", "install_command", "Have this machine trust it."),
    "uninstall": ("inspector.cli.trust_stores", "uninstall_command", "Have this machine forget it."),
    "verify": ("inspector.cli.trust_authority", "verify_command", "Try it: a handshake through the proxy."),
    "guide": ("inspector.cli.trust_authority", "guide_command", "How to trust it by hand, and how to undo that."),
    "export": ("inspector.cli.trust_authority", "export_command", "Write its certificate, never its key."),
    "rotate": ("inspector.cli.trust_authority", "rotate_command", "Make a new one, and destroy the old key."),
    "show": ("inspector.cli.trust_show", "show_command", "Explain a chain: of a server, a recording, or a file."),
    "lab": ("inspector.cli.trust_show", "lab_command", "Make a zoo of broken certificates to study."),
    "serve": ("inspector.cli.trust_show", "serve_command", "Serve that zoo on this machine."),
}


class _TrustGroup(Lazily):
    """The commands above."""

    table = _COMMANDS


@click.group("trust", cls=_TrustGroup)
def trust_group() -> None:
    """Certificates, and the proxy's own authority: what it is, who trusts it, how to stop that.

    An authority that your system trusts can speak for any site. `install` shows what it will change and asks first;
    `uninstall` takes it all back.
    """

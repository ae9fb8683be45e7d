"""What the proxy listens as: mitmproxy's modes by its own names, and which of its options may be set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from inspector.proxy.options import ProxyError

_FOR_CLIENTS = ("regular", "upstream")
"""Modes whose address is set as the HTTP proxy of a client."""

_REFUSED = "emudhra"
"""Options of some versions that sign with an embedded private key of a publicly trusted authority. That key is somebody
else's: certificates made with it would be accepted by people who never agreed to be looked into."""


def check_settings(settings: Iterable[str]) -> tuple[str, ...]:
    """``name=value`` settings that may be passed on to mitmproxy.

    Raises:
        ProxyError: one has no value, or is for an option that is never passed on.
    """
    checked = []
    for setting in settings:
        name, equals, _ = setting.partition("=")
        if not equals:
            raise ProxyError(f"'{setting}' sets nothing: write NAME=VALUE, as in http2=false")
        if name.strip().lower().startswith(_REFUSED):
            raise ProxyError(
                f"{name.strip()} is not passed on: it signs with the private key of somebody else's authority"
            )
        checked.append(setting)
    return tuple(checked)


def check_modes(modes: Sequence[str]) -> tuple[str, ...]:
    """Modes as mitmproxy understands them (``regular``, ``reverse:https://shop.test@8443`` …).

    Raises:
        ProxyError: one is none of its modes, or is incomplete.
    """
    from mitmproxy.proxy.mode_specs import ProxyMode

    for mode in modes:
        try:
            ProxyMode.parse(mode)
        except ValueError as error:
            raise ProxyError(
                f"'{mode}' is not a mode of mitmproxy ({error}); there are regular, reverse:URL, upstream:URL, socks5, "
                "transparent, local, wireguard, dns"
            ) from None
    return tuple(modes)


def describe(server: Any) -> str:
    """What one server instance of mitmproxy is and where it listens, in a few words."""
    where = ", ".join(f"{address[0]}:{address[1]}" for address in server.listen_addrs)
    return f"{server.mode.description}{f' on {where}' if where else ''}"


def for_clients(servers: Iterable[Any]) -> Any | None:
    """The first server that can be set as a client's HTTP proxy, ``None`` where there is none."""
    return next((server for server in servers if server.mode.type_name in _FOR_CLIENTS and server.listen_addrs), None)


def configuration(server: Any) -> str | None:
    """What a WireGuard client needs, ``None`` for other servers."""
    if server.mode.type_name != "wireguard":
        return None
    text: str | None = server.client_conf()
    return text

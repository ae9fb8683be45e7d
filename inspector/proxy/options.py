"""What the proxy is asked to do, and whether it can: everything that may be refused is refused before it starts."""

from __future__ import annotations

import errno
import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from inspector import engine
from inspector.proxy.stream import BODY_LIMIT, MESSAGE_LIMIT

PORT = 8080
CA_CERTIFICATE = "mitmproxy-ca-cert.pem"
_TRUSTED = "inspector-trusted.pem"
SAVE_SUFFIXES = (".har", ".mitm")


class ProxyError(Exception):
    """The proxy cannot do its work. The message is one line for the person who started it."""


class ProxyOptions(Struct, frozen=True, kw_only=True):
    """How to run the proxy.

    `port` 0 lets the system choose, ``None`` leaves it to each mode's default. `confdir` holds the certificate
    authority and is mitmproxy's own by default, so that who trusts that one already has nothing to do. `upstream_ca` is
    a PEM file of the authorities to accept servers' certificates from, instead of the public ones and the system's;
    `insecure` accepts any. `hosts` are patterns such as ``*.shop.test`` of the hosts to explain (all, if empty); the
    others pass unseen. `save` is a ``.har`` or ``.mitm`` file.

    `modes` are mitmproxy's own specifications of what to listen as (a regular proxy, if empty), `settings` its options
    as ``name=value``. Connections to hosts that `ignore_hosts` names (regular expressions for ``host:port``), or that
    `allow_hosts` does not, pass without being looked into.

    `resolve` gives host names an address without changing the port; `only_loopback` refuses every server that is not
    on this machine.
    """

    port: int | None = PORT
    listen_host: str = "127.0.0.1"
    confdir: Path = Path("~/.mitmproxy")
    upstream_ca: Path | None = None
    insecure: bool = False
    hosts: tuple[str, ...] = ()
    save: Path | None = None
    body_limit: int = BODY_LIMIT
    message_limit: int = MESSAGE_LIMIT
    modes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    ignore_hosts: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    plain_dispatch: bool = False
    resolve: Mapping[str, str] = msgspec.field(default_factory=dict)
    only_loopback: bool = False
    explain: engine.Options = engine.EVERYTHING


class Listening(Struct, frozen=True):
    """Where a running proxy can be reached, and the certificate its clients have to trust.

    `servers` says of each mode what it is and where; `for_clients` is whether the address can be set as a client's
    HTTP proxy. `configuration` is what a WireGuard client needs.
    """

    host: str
    port: int
    ca_certificate: Path
    servers: tuple[str, ...] = ()
    for_clients: bool = True
    configuration: str | None = None

    @property
    def url(self) -> str:
        """For a client's proxy setting."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


def prepare_directory(confdir: Path) -> Path:
    """Make sure that the directory for the certificate authority is there: new ones are for their owner alone.

    Raises:
        ProxyError: it cannot be made, or not be used.
    """
    directory = confdir.expanduser()
    try:
        if not directory.is_dir():
            directory.mkdir(mode=0o700, parents=True)
        certificate = directory / "mitmproxy-ca.pem"
        if certificate.exists():
            _check_private(directory)
            _check_authority(certificate)
        else:
            probe = directory / ".inspector-probe"
            probe.touch(mode=0o600)
            probe.unlink()
    except OSError as error:
        raise ProxyError(f"cannot keep the certificate authority in {directory}: {reason(error)}") from error
    return directory


def ensure_authority(confdir: Path) -> Path:
    """The file of the authority's certificate; a new authority is made where there is none yet.

    Raises:
        ProxyError: it cannot be made.
    """
    directory = prepare_directory(confdir)
    certificate = directory / CA_CERTIFICATE
    if not certificate.exists():
        from mitmproxy import certs

        try:
            certs.CertStore.from_store(directory, "mitmproxy", 2048)
        except OSError as error:
            raise ProxyError(f"cannot keep the certificate authority in {directory}: {reason(error)}") from error
    return certificate


def listening_at(options: ProxyOptions, authority: Path) -> Listening:
    """Where a proxy with these options can be reached: an address that stands for all is no address to connect to."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(options.listen_host, options.listen_host)
    return Listening(host, options.port or PORT, authority)


def check_resolve(pairs: Sequence[str]) -> dict[str, str]:
    """``HOST:ADDRESS`` pairs as a mapping.

    Raises:
        ProxyError: one is not a host and an IP address.
    """
    found = {}
    for pair in pairs:
        host, _, address = pair.partition(":")
        try:
            found[host] = str(ipaddress.ip_address(address.strip("[]")))
        except ValueError:
            raise ProxyError(f"'{pair}' is not a host and an address; write shop.test:127.0.0.1") from None
    return found


def _check_private(directory: Path) -> None:
    from inspector.trust.authority import AuthorityError, check_private

    try:
        check_private(directory)
    except AuthorityError as error:
        raise ProxyError(str(error)) from error


def _check_authority(file: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    content = file.read_bytes()
    try:
        load_pem_private_key(content, None)
        load_pem_x509_certificate(content)
    except (ValueError, TypeError) as error:
        raise ProxyError(
            f"{file} holds no usable key and certificate; move it away to have a new authority made"
        ) from error


def check_upstream_ca(path: Path) -> Path:
    """See that a file holds certificates to trust.

    Raises:
        ProxyError: it cannot be read or holds none.
    """
    file = path.expanduser()
    try:
        ssl.create_default_context(cafile=file)
    except (ssl.SSLError, ValueError) as error:
        raise ProxyError(f"{file} holds no certificate authority in PEM form") from error
    except OSError as error:
        raise ProxyError(f"cannot read {file}: {reason(error)}") from error
    return file


def _trusted_here(confdir: Path) -> Path:
    """A file with the public authorities and those this system trusts besides, as a company's network may need.

    mitmproxy by itself knows the public ones alone, so that what works without the proxy would fail through it.

    Raises:
        ProxyError: it cannot be written.
    """
    import certifi

    from inspector.proxy.environment import system_bundle

    file = confdir / _TRUSTED
    try:
        content = f"{Path(certifi.where()).read_text('utf-8')}\n{system_bundle()}"
        if not file.exists() or file.read_text("utf-8") != content:
            file.write_text(content, "utf-8")
    except OSError as error:
        raise ProxyError(f"cannot write {file}: {reason(error)}") from error
    return file


def check_save(path: Path) -> Path:
    """See that a file to save to has a name that says in which form.

    Raises:
        ProxyError: it has not.
    """
    if path.suffix.lower() not in SAVE_SUFFIXES:
        raise ProxyError(f"cannot save to {path}: its name must end in .har (any tool reads it) or .mitm (mitmproxy)")
    return path.expanduser()


def listen_trouble(error: BaseException | None, host: str, port: int | None) -> str:
    """Why a socket could not be opened to listen, in one line."""
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"port {port} on {host} is in use already; take another with --port, or --port 0 for any free one"
    if code in (errno.EACCES, errno.EPERM):
        return f"not allowed to listen on port {port}; take one from 1024 up with --port"
    if code == errno.EADDRNOTAVAIL:
        return f"cannot listen on {host}: it is not an address of this machine"
    text = " ".join(str(error).split()) if error is not None else "no reason was given"
    return f"cannot listen on {host}:{port}: {text}"


def reason(error: OSError) -> str:
    """The system's words for an error, without number and path."""
    return error.strerror or str(error)


def mitmproxy_options(options: ProxyOptions, confdir: Path) -> dict[str, Any]:
    """The options of mitmproxy that follow from ours; what a person sets by name comes on top (`modes`)."""
    settings: dict[str, Any] = {"ssl_insecure": options.insecure}
    if options.modes:
        settings["mode"] = list(options.modes)
    if options.ignore_hosts:
        settings["ignore_hosts"] = list(options.ignore_hosts)
    if options.allow_hosts:
        settings["allow_hosts"] = list(options.allow_hosts)
    if options.upstream_ca is not None:
        settings["ssl_verify_upstream_trusted_ca"] = str(check_upstream_ca(options.upstream_ca))
    else:
        settings["ssl_verify_upstream_trusted_ca"] = str(_trusted_here(confdir))
    return settings

"""Where chains to explain come from: a host, a file of certificates, a recording."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from inspector.exchange import TLS, Certificate, Connection, Exchange
from inspector.report import Severity
from inspector.trust.anchors import Anchors
from inspector.trust.explain import Explained, Handshake, explain_chain
from inspector.trust.facts import BadCertificate
from inspector.trust.findings import Finding
from inspector.trust.names import NameMatch, match_name, reference_host
from inspector.trust.pem import certificates_in, holds_private_key
from inspector.trust.sides import Sides, compare
from inspector.url import parse

_RECORDING = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]|\d+:|\x1f\x8b|PK\x03\x04")
"""How recordings begin, which may well have certificates quoted in them: JSON, a netstring, gzip, zip."""

MOST_CASES = 50
"""Distinct chains shown of one recording."""


class SourceError(Exception):
    """There is nothing to explain; the message is one line."""


class Recorded(Struct, frozen=True):
    """What a recording says of a certificate that it does not hold: names and dates at best."""

    certificate: Certificate
    name: NameMatch | None
    expired: bool | None


class Case(Struct, frozen=True):
    """One chain, or the two of a proxied connection.

    `presented` is what the server sent, `shown` what the client got from a proxy instead. `recorded` is all there is
    where a recording keeps no certificates.
    """

    title: str
    source: str
    presented: Explained | None = None
    shown: Explained | None = None
    sides: Sides | None = None
    recorded: Recorded | None = None
    verify_error: str | None = None
    """Why the recording proxy refused the server, in its own words."""
    notes: tuple[str, ...] = ()


class Asked(Struct, frozen=True):
    """What all cases have in common. `name` asks for another name than the target's own."""

    anchors: Anchors
    name: str | None = None
    proxy: str | None = None
    address: str | None = None
    crl: bytes | None = None
    at: float | None = None

    def moment(self, recorded: float | None = None) -> float:
        """When to judge: as asked, else when it was recorded, else now."""
        if self.at is not None:
            return self.at
        return recorded if recorded is not None else time.time()


def cases(target: str, asked: Asked) -> list[Case]:
    """Everything there is to explain about a target.

    Args:
        target: a file with certificates, a recording, or ``HOST``, ``HOST:PORT`` or a URL.
        asked: whom to trust, and how to ask.

    Raises:
        SourceError: there is no such thing, or nothing in it.
    """
    path = Path(target)
    if path.is_file():
        content = _content(path)
        ders = [] if _RECORDING.match(content) else certificates_in(content)
        return [_file_case(path, ders, asked)] if ders else _capture_cases(target, asked)
    if "/" in target and "//" not in target:
        raise SourceError(f"there is no file {target}")
    return [_host_case(target, asked)]


# -- files -----------------------------------------------------------------------------------------------------------


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4_000_000)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from error


def _file_case(path: Path, ders: Sequence[bytes], asked: Asked) -> Case:
    notes = []
    if holds_private_key(_content(path)):
        notes.append(
            "A private key is in the same file. It is not needed to look at certificates and was not read; see that "
            "nobody else can read the file."
        )
    explained = _explain(ders, asked, asked.name, asked.moment(), Handshake(), str(path))
    return Case(path.name, f"{len(ders)} in the file {path}", explained, notes=tuple(notes))


def _explain(
    ders: Sequence[bytes],
    asked: Asked,
    host: str | None,
    at: float,
    handshake: Handshake,
    where: str,
    known: Sequence[bytes] = (),
) -> Explained:
    from inspector.trust.crl import BadCrl, revoked_by

    try:
        revoked = revoked_by(asked.crl, [*ders, *asked.anchors.ders]) if asked.crl is not None else None
        return explain_chain(ders, asked.anchors, at, host, handshake, revoked, known)
    except (BadCertificate, BadCrl) as error:
        raise SourceError(f"{where}: {error}") from error
    except ValueError as error:
        raise SourceError(str(error)) from error


# -- hosts -----------------------------------------------------------------------------------------------------------


def host_and_port(text: str) -> tuple[str, int]:
    """``shop.test``, ``shop.test:8443``, ``[::1]:443`` or a URL as host and port, 443 if none. Raises `SourceError`."""
    bare = text.count(":") > 1 and "[" not in text and "://" not in text  # an IPv6 address as it is
    target = parse(text if "://" in text else f"https://[{text}]" if bare else f"https://{text}")
    try:
        return reference_host(target.host), target.port or 443
    except ValueError as error:
        raise SourceError(f"'{text}' is neither a file, a host, nor a URL") from error


def _host_case(target: str, asked: Asked) -> Case:
    from inspector.trust.fetch import FetchError, fetch_chain

    host, port = host_and_port(target)
    title = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    name = asked.name or host
    notes = []
    presented = shown = None
    at = asked.moment()
    try:
        direct = fetch_chain(host, port, name=name, address=asked.address)
        presented = _explain(direct.chain, asked, name, at, direct.handshake, title)
    except FetchError as error:
        if asked.proxy is None:
            raise SourceError(str(error)) from error
        notes.append(f"Without the proxy, {error}; so what the server itself presents is not known.")
    if asked.proxy is not None:
        try:
            through = fetch_chain(host, port, name=name, proxy=asked.proxy)
        except FetchError as error:
            raise SourceError(str(error)) from error
        shown = _explain(through.chain, asked, name, at, through.handshake, title)
    source = "a TLS handshake just now" + (", and one through the proxy" if shown is not None else "")
    return Case(title, source, presented, shown, _sides(presented, shown), notes=tuple(notes))


def through_proxy(target: str, asked: Asked) -> Case:
    """What a client of the proxy `asked.proxy` is shown for a host. Raises `SourceError`."""
    from inspector.trust.fetch import FetchError, fetch_chain

    host, port = host_and_port(target)
    title = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        through = fetch_chain(host, port, name=asked.name or host, proxy=asked.proxy)
    except FetchError as error:
        raise SourceError(str(error)) from error
    shown = _explain(through.chain, asked, asked.name or host, asked.moment(), through.handshake, title)
    return Case(title, f"a TLS handshake just now, through the proxy {asked.proxy}", shown=shown)


def _sides(presented: Explained | None, shown: Explained | None) -> Sides | None:
    return compare(presented, shown) if presented is not None and shown is not None else None


# -- recordings ------------------------------------------------------------------------------------------------------


class _Group(Struct):
    exchange: Exchange
    host: str
    port: int
    indexes: list[int]


def _capture_cases(target: str, asked: Asked) -> list[Case]:
    from inspector.capture import CaptureError, open_capture

    try:
        capture = open_capture(target)
        groups = _groups(capture.exchanges("file"))
    except CaptureError as error:
        raise SourceError(str(error)) from error
    if not groups:
        raise SourceError(f"{target} records no TLS connection: nothing in it says anything about certificates")
    found = [_recorded_case(group, asked) for group in groups[:MOST_CASES]]
    if len(groups) > MOST_CASES:
        left = f"{len(groups) - MOST_CASES} more chains are in the recording; narrow it down to see them."
        found[-1] = _with_note(found[-1], left)
    return found


def _with_note(case: Case, note: str) -> Case:
    return replace(case, notes=(*case.notes, note))


def _groups(exchanges: Iterator[Exchange]) -> list[_Group]:
    """Exchanges of one host that showed the same certificates are one."""
    groups: dict[object, _Group] = {}
    for exchange in exchanges:
        if not (_chain(exchange.server.tls) or _chain(exchange.client.tls)):
            continue
        host, port = _destination(exchange)
        key = (host, port, _chain(exchange.server.tls), _chain(exchange.client.tls))
        group = groups.get(key)
        if group is None:
            groups[key] = _Group(exchange, host, port, [exchange.index])
        else:
            group.indexes.append(exchange.index)
    return list(groups.values())


def _chain(tls: TLS | None) -> tuple[Certificate, ...]:
    return (tls.chain or ()) if tls is not None else ()


def _destination(exchange: Exchange) -> tuple[str, int]:
    url = exchange.request.url
    if exchange.request.method == "CONNECT" and "://" not in url:
        url = f"https://{url}"
    target = parse(url)
    return target.host, target.port or 443


def _recorded_case(group: _Group, asked: Asked) -> Case:
    exchange = group.exchange
    title = f"{group.host}:{group.port}"
    name = asked.name or group.host
    at = asked.moment(exchange.timings.started)
    presented = _recorded_chain(exchange.server, asked, name, at)
    shown = _by_the_proxy(_recorded_chain(exchange.client, asked, name, at))
    notes = []
    if presented is None and shown is None:
        return _names_only(exchange, title, name, at, group.indexes)
    if presented is None:
        notes.append("The recording keeps what the client was shown and not what the server presented.")
    if shown is not None and _authority(exchange.client.tls) is None:
        notes.append(
            "Of what the client was shown, the recording keeps the server's certificate alone, not the proxy's "
            "authority that signed it."
        )
    tls = exchange.server.tls
    return Case(
        title,
        _entries(group.indexes),
        presented,
        shown,
        _sides(presented, shown),
        verify_error=tls.verify_error if tls is not None else None,
        notes=tuple(notes),
    )


def _recorded_chain(side: Connection, asked: Asked, name: str, at: float) -> Explained | None:
    ders = [each.der for each in _chain(side.tls) if each.der]
    if not ders or side.tls is None:
        return None
    authority = _authority(side.tls)
    handshake = Handshake(side.tls.version, side.tls.cipher, side.tls.alpn or None)
    try:
        return _explain(ders, asked, name, at, handshake, name, (authority,) if authority is not None else ())
    except SourceError:
        return None


def _authority(tls: TLS | None) -> bytes | None:
    """The certificate of the proxy's authority, where the recording has it."""
    return tls.authority.der if tls is not None and tls.authority is not None else None


_UNKNOWN = ("missing-issuer", "untrusted-root")


def _by_the_proxy(shown: Explained | None) -> Explained | None:
    """What the client was shown, where the store that was asked lacks the proxy's authority: not the server's fault."""
    if shown is None or all(finding.code not in _UNKNOWN for finding in shown.findings):
        return shown
    recorded = any(finding.code == "untrusted-root" for finding in shown.findings)
    issuer = shown.path.links[-1].voucher.by
    authority = Finding(
        "proxy-authority",
        Severity.NOTE,
        "Signed by the proxy's own authority",
        f"The proxy made this certificate up and signed it as `{issuer}`, which is "
        f"{'in the recording and ' if recorded else ''}not in the store that was asked. A "
        "client accepts it once that authority is in its own store, and refuses it before.",
        "Nothing, if this is your proxy. To judge it as its clients do, name the proxy's certificate with `--ca`.",
        "ERR_CERT_AUTHORITY_INVALID",
        link=len(shown.path.links) - 1,
    )
    findings = tuple(authority if finding.code in _UNKNOWN else finding for finding in shown.findings)
    verdict = shown.verdict
    if verdict.code == authority.refusal:
        verdict = replace(verdict, because=f"{authority.title}, which the store that was asked does not hold.")
    return replace(shown, findings=findings, verdict=verdict)


def _names_only(exchange: Exchange, title: str, name: str, at: float, indexes: list[int]) -> Case:
    certificate = (_chain(exchange.server.tls) or _chain(exchange.client.tls))[0]
    match = None
    if certificate.names:
        try:
            addresses = [each for each in certificate.names if re.fullmatch(r"[0-9.]+|[0-9a-f:]*:[0-9a-f:]*", each)]
            others = [each for each in certificate.names if each not in addresses]
            match = match_name(reference_host(name), others, addresses)
        except ValueError:
            pass
    expired = at > certificate.not_after if certificate.not_after is not None else None
    return Case(title, _entries(indexes), recorded=Recorded(certificate, match, expired))


def _entries(indexes: list[int]) -> str:
    shown = ", ".join(map(str, indexes[:6]))
    if len(indexes) == 1:
        return f"entry {shown} of the recording"
    return f"entries {shown}{f' and {len(indexes) - 6} more' if len(indexes) > 6 else ''} of the recording"

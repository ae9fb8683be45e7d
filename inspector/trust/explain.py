"""A chain explained: what was sent, who vouches for whom, what stands out, the verdict. Octets in, plain shapes out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from inspector.trust.anchors import Anchors
from inspector.trust.checks import findings
from inspector.trust.facts import BadCertificate, Facts, read_facts
from inspector.trust.findings import Finding
from inspector.trust.links import Path, follow
from inspector.trust.names import NameMatch, match_name, reference_host
from inspector.trust.question import Question
from inspector.trust.verdict import Verdict, judge, verify


class Handshake(Struct, frozen=True):
    """What the handshake settled besides the chain, where there was one. ``None`` is unknown."""

    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    stapled: bool | None = None
    """Whether an OCSP answer was stapled to it."""


class Explained(Struct, frozen=True):
    """One chain, explained. `at` is the moment it was judged at (seconds since 1970), `anchors` whom to trust."""

    host: str | None
    at: float
    anchors: str
    sent: int
    unreadable: tuple[str, ...]
    """Why some of what was sent could not be read."""
    path: Path
    name: NameMatch | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    handshake: Handshake = Handshake()
    revocation_checked: bool = False
    """Whether a revocation list of one of the chain's authorities was looked into."""


def explain_chain(
    sent: Sequence[bytes],
    anchors: Anchors,
    at: float,
    host: str | None = None,
    handshake: Handshake = Handshake(),  # noqa: B008
    revoked: frozenset[tuple[str, str]] | None = None,
    known: Sequence[bytes] = (),
) -> Explained:
    """Explain what a server sent.

    Args:
        sent: its certificates as DER, its own first.
        anchors: whom to trust.
        at: the moment to judge at, seconds since 1970.
        host: the host that was asked for; ``None`` leaves the names unjudged.
        handshake: what else is known of the connection.
        revoked: issuer and serial of revoked certificates, from `crl.revoked_by`; ``None`` where nobody looked.
        known: further certificates that may have signed; that they are known makes them neither sent nor trusted.

    Raises:
        BadCertificate: the first certificate cannot be read.
        ValueError: `host` is neither a host name nor an address.
    """
    if not sent:
        raise BadCertificate("no certificate was sent")
    reference = reference_host(host) if host is not None else None
    leaf = read_facts(sent[0])
    readable = [sent[0]]
    unreadable = []
    for number, der in enumerate(sent[1:], 2):
        try:
            read_facts(der)
        except BadCertificate as error:
            unreadable.append(f"Certificate {number} of {len(sent)} is {error}")
        else:
            readable.append(der)
    path = follow(readable, anchors, known)
    name = None
    if reference is not None:
        name = match_name(reference, leaf.dns_names, leaf.addresses, leaf.common_name, leaf.has_names)
    top = path.links[-1]
    question = Question(
        path=path,
        sent=len(sent),
        host=reference,
        name=name,
        at=at,
        public=top.facts.sha256 in anchors.public if top.anchored else None,
        stapled=handshake.stapled,
        revoked=revoked or frozenset(),
    )
    found = findings(question)
    asked = reference or _representative(leaf)
    refused = verify(readable, asked, anchors, at) if asked is not None else None
    return Explained(
        host=reference,
        at=at,
        anchors=anchors.name,
        sent=len(sent),
        unreadable=tuple(unreadable),
        path=path,
        name=name,
        verdict=judge(found, refused, reference, leaf),
        findings=found,
        handshake=handshake,
        revocation_checked=revoked is not None,
    )


def _representative(leaf: Facts) -> str | None:
    """A name to verify a certificate for where nobody said which: the first it lists that can be one."""
    for name in leaf.names:
        try:
            return reference_host(name.replace("*.", "any.", 1))
        except ValueError:
            continue
    return None

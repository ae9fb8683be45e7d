"""Who vouches for whom: the certificates a server sent, put in order up to an authority, every signature checked.

This is for explaining, so it goes as far as it can: it follows names and signatures even where a verifier would have
stopped (expired, not allowed to sign). Whether the chain is good is `verdict`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cryptography import x509
from msgspec import Struct

from inspector.trust.anchors import Anchors
from inspector.trust.facts import Facts, Signature, issuer_name, load, read_facts, signed_by, subject_name

LONGEST = 12
"""Links followed at most; real chains have two to four."""

Source = Literal["sent", "store", "known"]


class Voucher(Struct, frozen=True):
    """Who signed a certificate, as far as that could be found out.

    ``itself``: it is signed with its own key. ``sent``, ``store`` and ``known``: by a certificate that the server sent,
    by one of the trusted store, by one known from elsewhere. ``nobody``: the issuer named is nowhere. `signature` is
    what checking it gave; ``bad`` with a `by` means that a certificate of the right name did not make this signature.
    """

    kind: Literal["itself", "sent", "store", "known", "nobody"]
    by: str
    signature: Signature | None


class Link(Struct, frozen=True):
    """One certificate of the path. `position` is its place among those sent, from 0; ``None``: it was not sent."""

    facts: Facts
    position: int | None
    voucher: Voucher
    anchored: bool
    """It is itself one of the trusted authorities."""


class Path(Struct, frozen=True):
    """The links from the server's certificate upwards, and the positions of what was sent and is not part of it."""

    links: tuple[Link, ...]
    unused: tuple[int, ...]
    in_order: bool
    """Each certificate that was sent certifies the one before it (RFC 8446, section 4.4.2)."""

    @property
    def anchored(self) -> bool:
        """Whether it reaches a trusted authority."""
        return self.links[-1].anchored

    @property
    def root(self) -> Link | None:
        """The last link, where it is an authority at the top: trusted, or signed by itself."""
        last = self.links[-1]
        return last if last.anchored or last.voucher.kind == "itself" else None


class _Candidate(Struct, frozen=True):
    der: bytes
    position: int | None
    source: Source


def follow(sent: Sequence[bytes], anchors: Anchors, known: Sequence[bytes] = ()) -> Path:
    """Build the path from the first certificate of `sent` (DER) upwards.

    A trusted issuer is preferred to one that was sent, and a good signature to the right name alone. `sent` must hold
    one certificate at least, all of them readable (`facts.read_facts`). `known` are certificates that were neither sent
    nor are trusted, and may be the ones that signed.
    """
    trusted = set(anchors.ders)
    links: list[Link] = []
    current = _Candidate(sent[0], 0, "sent")
    seen = {current.der}
    while True:
        cert, anchored = load(current.der), current.der in trusted
        facts = read_facts(current.der)
        above: _Candidate | None = None
        if facts.self_signed:
            voucher = Voucher("itself", facts.subject, "good")
        elif anchored:  # trusted as it is: nobody has to vouch for it
            voucher = Voucher("store", facts.issuer, None)
        else:
            name = issuer_name(cert)
            named = _named(name, sent, anchors, known) if name is not None else []
            above, voucher = _issuer(cert, facts, named, seen)
        links.append(Link(facts, current.position, voucher, anchored))
        if above is None or anchored or len(links) == LONGEST:
            break
        seen.add(above.der)
        current = above
    used = [link.position for link in links if link.position is not None]
    unused = tuple(index for index in range(len(sent)) if index not in used and sent[index] not in seen)
    return Path(tuple(links), unused, used == list(range(len(used))))


def _named(name: bytes, sent: Sequence[bytes], anchors: Anchors, known: Sequence[bytes]) -> list[_Candidate]:
    """Certificates of a name, in the order in which they are preferred."""
    return [
        *(_Candidate(der, None, "store") for der in anchors.named(name)),
        *(_Candidate(der, index, "sent") for index, der in enumerate(sent) if subject_name(load(der)) == name),
        *(_Candidate(der, None, "known") for der in known if subject_name(load(der)) == name),
    ]


def _issuer(
    cert: x509.Certificate, facts: Facts, candidates: Sequence[_Candidate], seen: set[bytes]
) -> tuple[_Candidate | None, Voucher]:
    checked = [(each, signed_by(cert, load(each.der))) for each in candidates if each.der not in seen]
    for wanted in ("good", "unchecked"):
        for candidate, signature in checked:
            if signature == wanted:
                return candidate, Voucher(candidate.source, read_facts(candidate.der).subject, signature)
    if checked:
        candidate, signature = checked[0]
        # The name fits and the signature does not: another authority of that name, or a forgery. Nobody to follow.
        return None, Voucher(candidate.source, read_facts(candidate.der).subject, signature)
    return None, Voucher("nobody", facts.issuer, None)

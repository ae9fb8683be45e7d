"""What became of certificates after they were issued: revocation, publication, and how the server sends them."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.report import Severity
from inspector.trust.findings import Finding
from inspector.trust.question import RFC5280, Question


def revocation(q: Question) -> Iterator[Finding]:
    """Is a certificate on a revocation list that was given, and is a promised OCSP answer there?"""
    for place, link in enumerate(q.path.links):
        if (link.facts.issuer_full, link.facts.serial) in q.revoked:
            yield Finding(
                "revoked",
                Severity.ERROR,
                "Its authority has taken it back",
                f"The revocation list of `{link.facts.issuer}` names the serial number `{link.facts.serial}`, and the "
                "list's own signature is good. Not every client looks: Chrome and Safari know revocations of public "
                "authorities from lists of their own, Firefox asks OCSP or CRLite, and most tools ask nobody.",
                "The server's operator makes a new key and has a new certificate issued; the old key counts as stolen.",
                "ERR_CERT_REVOKED",
                link=place,
                reference=f"{RFC5280}5",
            )
    if q.leaf.must_staple and q.stapled is False:
        yield Finding(
            "must-staple",
            Severity.WARNING,
            "The OCSP answer it promises is missing",
            "The certificate says that the server always staples an OCSP answer to the handshake (`status_request` "
            "in its TLS features), and none came. Firefox refuses such a handshake, Chrome does not look.",
            "The server's operator switches on OCSP stapling, or has the certificate issued without the promise; most "
            "authorities have given up OCSP.",
            refused_by="Firefox",
            link=0,
            reference="https://www.rfc-editor.org/rfc/rfc7633",
        )


def transparency(q: Question) -> Iterator[Finding]:
    """Was the certificate promised to be published, where browsers demand it?"""
    if q.public and not q.leaf.scts:
        yield Finding(
            "no-timestamps",
            Severity.WARNING,
            "No certificate timestamps in it",
            "Chrome and Safari want certificates of public authorities to be published in transparency logs, and see "
            "it by the logs' signed timestamps. This certificate carries none; they may still come with the "
            "handshake or the OCSP answer, which were not looked at for them.",
            "The server's operator gets a certificate with embedded timestamps: every public authority adds them "
            "unless asked not to.",
            refused_by="Chrome and Safari, unless the timestamps come another way",
            link=0,
            reference="https://www.rfc-editor.org/rfc/rfc6962#section-3.3",
        )


def tidiness(q: Question) -> Iterator[Finding]:
    """Was exactly what is needed sent, in order?"""
    spare = len(q.path.unused)
    root = q.path.links[-1]
    sent_root = root.position not in (None, 0) and root.voucher.kind == "itself"
    if q.path.in_order and not spare:
        if sent_root and q.path.anchored:
            yield Finding(
                "untidy",
                Severity.NOTE,
                "The root is sent along",
                f"`{root.facts.subject}` is sent though every client that trusts it has it already, and no other "
                "gains by it. It costs about a kilobyte in every handshake.",
                "The server's operator leaves the root out of the chain file.",
                link=len(q.path.links) - 1,
                reference="https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",
            )
        return
    said = []
    if not q.path.in_order:
        said.append("the certificates are not in the order in which they vouch for each other")
    if spare:
        said.append(f"{spare} of the {q.sent} certificates sent {'has' if spare == 1 else 'have'} no part in the chain")
    if sent_root and q.path.anchored:
        said.append("the root is sent, which every client that trusts it has already")
    yield Finding(
        "untidy",
        Severity.NOTE,
        "The chain is sent untidily",
        f"{' and '.join(said)[0].upper()}{' and '.join(said)[1:]}. Browsers sort it out; some older TLS clients, "
        "which read the list from the top, do not.",
        "The server's operator writes the chain file anew: its own certificate first, then each one that signed the "
        "one before, without the root.",
        reference="https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",
    )

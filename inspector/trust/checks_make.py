"""How the certificates of a chain are made: signatures, keys, purposes, authority."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.report import Severity
from inspector.trust.facts import ANY_PURPOSE, CERT_SIGN, SERVER_AUTH
from inspector.trust.findings import Finding
from inspector.trust.question import BASELINE, RFC5280, Question, role
from inspector.words import listed, ticked


def signatures(q: Question) -> Iterator[Finding]:
    """Is a signature on the path made with a broken hash? The top's own does not count: it is trusted, not proven."""
    for place, link in enumerate(q.path.links):
        if link.anchored or link.voucher.kind == "itself":
            continue
        if link.voucher.signature == "unchecked" and link.facts.hash not in ("md5", "md2"):
            yield Finding(
                "unknown-signature",
                Severity.ERROR,
                "A signature that cannot be checked",
                f"`{link.facts.subject}` is signed with `{link.facts.signature}`, which is no algorithm that its "
                "issuer's key and today's clients have in common. A signature that nobody can check vouches for "
                "nothing.",
                "The authority signs it again with ECDSA or RSA, and SHA-256.",
                "ERR_CERT_INVALID",
                link=place,
                reference=f"{RFC5280}4.1.1.2",
            )
        if link.facts.hash in ("sha1", "md5", "md2"):
            name = link.facts.hash.upper().replace("SHA1", "SHA-1")
            yield Finding(
                "weak-signature",
                Severity.ERROR,
                f"Signed with {name}",
                f"`{link.facts.subject}` is signed with `{link.facts.signature}`. Two different texts with the same "
                f"{name} can be made, so a signature on one is a signature on the other: a harmless request to the "
                "authority could turn into a certificate for somebody else's name. All browsers have refused it "
                "since 2017.",
                "The authority signs it again with SHA-256; for a private one, that is a default to change in its "
                "configuration (`default_md = sha256`).",
                "ERR_CERT_INVALID",
                link=place,
                reference="https://www.rfc-editor.org/rfc/rfc9155",
            )


def keys(q: Question) -> Iterator[Finding]:
    """Is a key on the path too weak, or of a kind that clients do not use?"""
    for place, link in enumerate(q.path.links):
        key = link.facts.key
        if key.kind == "RSA" and key.bits is not None and key.bits < 2048:
            tiny = key.bits < 1024
            yield Finding(
                "weak-key",
                Severity.ERROR if tiny or q.public else Severity.WARNING,
                f"An RSA key of {key.bits} bits",
                f"`{link.facts.subject}` has an RSA key of {key.bits} bits. 829 bits have been factored in public, "
                "and 1024 are within reach of those with means. OpenSSL (at the security level distributions set), "
                "Python, Go and Java want 2048; Chrome still takes 1024 from an authority that you added.",
                "Make a new key (EC P-256, or RSA with 2048 bits or more) and have the certificate issued for that.",
                "ERR_CERT_WEAK_KEY" if tiny or q.public else None,
                refused_by="OpenSSL, and what is built on it",
                link=place,
                reference=BASELINE,
            )
        elif key.kind == "EC" and key.curve not in ("P-256", "P-384", "P-521"):
            yield Finding(
                "weak-key",
                Severity.ERROR,
                f"A key on the curve {key.curve}",
                f"`{link.facts.subject}` has a key on `{key.curve}`. Browsers offer P-256, P-384 and, some, P-521: "
                "with another curve the handshake finds no signature that both sides can make, and ends before any "
                "certificate is judged.",
                "Make a new key on P-256 and have the certificate issued for that.",
                "ERR_SSL_VERSION_OR_CIPHER_MISMATCH" if place == 0 else "ERR_CERT_INVALID",
                link=place,
                reference="https://www.rfc-editor.org/rfc/rfc8446#section-4.2.3",
            )
        elif key.kind in ("Ed25519", "Ed448", "DSA"):
            yield Finding(
                "weak-key",
                Severity.ERROR,
                f"A key of the kind {key.kind}",
                f"`{link.facts.subject}` has a key of the kind {key.kind}, which browsers do not take in certificates, "
                "however good it is otherwise.",
                "Make a new key (EC P-256, or RSA with 2048 bits or more) and have the certificate issued for that.",
                "ERR_SSL_VERSION_OR_CIPHER_MISMATCH" if place == 0 else "ERR_CERT_INVALID",
                link=place,
                reference=BASELINE,
            )
    shared = [
        place for place, link in enumerate(q.path.links[1:], 1) if link.facts.spki_sha256 == q.leaf.spki_sha256 != ""
    ]
    if shared:
        authority = q.path.links[shared[0]].facts.subject
        yield Finding(
            "key-reuse",
            Severity.WARNING,
            "The server has the authority's own key",
            f"The server's certificate and `{authority}` have the same public key. Whoever runs this server can sign "
            "certificates in the authority's name. No public authority does this; intercepting proxies do (mitmproxy "
            "uses one key for its authority and all it makes up), which makes it a sign of one.",
            "If this is your own proxy, this is how it works. Otherwise: make a key for the server alone, and treat "
            "the authority's as given away.",
            link=0,
        )


def purposes(q: Question) -> Iterator[Finding]:
    """Is the certificate made for a server, and its key for a handshake?"""
    for place, link in enumerate(q.path.links):
        allowed = link.facts.purposes
        if allowed is None or SERVER_AUTH in allowed or (ANY_PURPOSE in allowed and not q.public):
            continue
        if link.anchored and place:
            continue
        whose = "The certificate" if place == 0 else f"The {role(link)} `{link.facts.subject}`"
        yield Finding(
            "wrong-purpose",
            Severity.ERROR,
            f"{whose} is not for servers",
            f"Its extended key usage allows {listed(allowed)}, and a TLS server needs {SERVER_AUTH} (`serverAuth`).",
            "Have it issued with `serverAuth`; authorities call that a server or TLS profile.",
            "ERR_CERT_INVALID",
            link=place,
            reference=f"{RFC5280}4.2.1.12",
        )
    usages = q.leaf.usages
    if usages is not None and "digital signature" not in usages:
        encipher = "key encipherment" in usages and q.leaf.key.kind == "RSA"
        yield Finding(
            "wrong-key-usage",
            Severity.ERROR,
            "Its key may not sign",
            f"Key usage allows {listed(usages) or 'nothing'}, and the server proves who it is with a signature in "
            "every handshake of TLS 1.3, and of TLS 1.2 with forward secrecy."
            + (" Only the old RSA key exchange would do with this." if encipher else ""),
            "Have it issued with the key usage `digitalSignature`.",
            "ERR_SSL_KEY_USAGE_INCOMPATIBLE",
            link=0,
            reference=f"{RFC5280}4.2.1.3",
        )


def authorities(q: Question) -> Iterator[Finding]:
    """May each certificate above sign the one below it?"""
    if q.leaf.ca and len(q.path.links) > 1:
        yield Finding(
            "authority-as-leaf",
            Severity.WARNING,
            "An authority's certificate used by a server",
            "Its basic constraints say that it may sign other certificates. If this server is broken into, the "
            "intruder can vouch for any name the authority may. Firefox refuses it; Chrome accepts it from an "
            "authority that you added.",
            "Issue the server a certificate of its own, with `CA:FALSE`, and take the authority's key off the server.",
            refused_by="Firefox",
            link=0,
            reference=f"{RFC5280}4.2.1.9",
        )
    below = 0  # intermediates between this authority and the server's certificate; self-issued ones do not count
    for place, link in enumerate(q.path.links[1:], 1):
        facts = link.facts
        can_sign = facts.usages is None or CERT_SIGN in facts.usages
        if facts.ca is not True or not can_sign:
            if link.anchored and facts.ca is None:
                continue  # a root of version 1, trusted as it is
            yield Finding(
                "not-an-authority",
                Severity.ERROR,
                "Signed by one who may not sign",
                f"`{facts.subject}` signed the certificate below it, and "
                + (
                    "is not an authority (`CA:FALSE`, or no basic constraints)"
                    if facts.ca is not True
                    else "its key usage does not allow signing certificates"
                )
                + ". Were this accepted, everybody with a certificate for one name could make them for all.",
                "The certificate has to come from an authority. If this one is meant to be one, reissue it with "
                "`CA:TRUE` and the key usage `keyCertSign`.",
                "ERR_CERT_INVALID",
                link=place,
                reference=f"{RFC5280}4.2.1.9",
            )
        elif facts.path_length is not None and below > facts.path_length:
            yield Finding(
                "path-too-long",
                Severity.ERROR,
                "More intermediates than its authority allows",
                f"`{facts.subject}` has a path length of {facts.path_length}: that many authorities may stand between "
                f"it and a server, and here there {'is 1' if below == 1 else f'are {below}'}.",
                "Have the server's certificate issued further up, or reissue the authority with a greater path length.",
                "ERR_CERT_INVALID",
                link=place,
                reference=f"{RFC5280}4.2.1.9",
            )
        if not facts.self_issued:
            below += 1


def critical(q: Question) -> Iterator[Finding]:
    """Is there a critical extension that nobody knows?"""
    for place, link in enumerate(q.path.links):
        if link.facts.critical_unknown and not (link.anchored and place):
            yield Finding(
                "critical-extension",
                Severity.ERROR,
                "It demands to be understood, and is not",
                f"`{link.facts.subject}` has the extension {listed(ticked(link.facts.critical_unknown))} marked as "
                "critical. A client that does not know a critical extension must refuse the certificate.",
                "The authority issues it with that extension not critical, or without it.",
                "ERR_CERT_INVALID",
                link=place,
                reference=f"{RFC5280}4.2",
            )
        if link.facts.unreadable:
            yield Finding(
                "unreadable",
                Severity.WARNING,
                "Not all of it can be read",
                f"In `{link.facts.subject}`, {listed(link.facts.unreadable)} cannot be read, so nothing is said about "
                "it.",
                "Whoever made it should look at how: strict clients refuse what they cannot parse.",
                link=place,
            )

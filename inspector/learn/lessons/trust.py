"""The lesson on trust: a chain of certificates taken apart, and what a client makes of each way of breaking it.

The zoo serves the certificates, a real client asks for them, and `trust show`'s own code says what a browser would do.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING

from inspector.learn.bench import Bench
from inspector.learn.experiments.relay import LOOPBACK
from inspector.learn.experiments.shop import Met, visit
from inspector.learn.experiments.stand import trusting, zoo
from inspector.learn.lesson import Lesson, Question, Step, Unexpected, ask, right, wrong
from inspector.learn.page import Page

if TYPE_CHECKING:
    from inspector.trust.anchors import Anchors
    from inspector.trust.explain import Explained

_GET = b"GET / HTTP/1.1\r\nHost: zoo.test\r\nConnection: close\r\n\r\n"
_OPENS = {"accepted": "opens", "depends": "opens (others do not)"}

# -- what the steps stand on -----------------------------------------------------------------------------------------


def anchors(bench: Bench) -> Anchors:
    """Whom to trust: the zoo's root alone."""
    from inspector.trust.anchors import from_file

    return from_file(bench.have(zoo).root_path)


def user(bench: Bench) -> ssl.SSLContext:
    """A client as Python programs have it; it trusts the zoo's root alone."""
    return trusting(bench.have(zoo).root_path.read_bytes())


def sent(bench: Bench, host: str) -> tuple[bytes, ...]:
    """The certificates that the server sends for a host, DER."""
    from inspector.trust.fetch import fetch_chain

    return fetch_chain(host, bench.have(zoo).port, address=LOOPBACK).chain


def explained(bench: Bench, host: str) -> Explained:
    """The chain of a host as `trust show` explains it."""
    from inspector.trust.explain import explain_chain

    return explain_chain(sent(bench, host), bench.have(anchors), time.time(), host)


def met(bench: Bench, host: str, context: ssl.SSLContext | None = None) -> Met:
    """What a client meets there."""
    return visit(bench.have(zoo).port, context or bench.have(user), name=host, request=_GET)


def animals(page: Page, bench: Bench, *names: str, accepted: tuple[str, ...] = ()) -> None:
    """Ask for specimens and show what came of it; those in `accepted` are expected to be let in by this client."""
    from inspector.trust.zoo import SPECIMENS

    known = {each.name: each for each in SPECIMENS}
    rows = []
    for name in names:
        one = known[name]
        here, seen = met(bench, one.host), explained(bench, one.host)
        if (here.refused is None) != (name in accepted):
            raise Unexpected(f"{name}: {here.refused or 'the client accepted it'}")
        verdict = f"`{seen.verdict.code}`" if seen.verdict.code else _OPENS[seen.verdict.outcome]
        rows.append((name, one.wrong))
        rows.append(("", f"this client: {here.refused or 'opens'}; Chromium: {verdict}"))
    page.rows(rows)


# -- a chain ---------------------------------------------------------------------------------------------------------


def who_says_so(page: Page, bench: Bench) -> Question:
    """A chain that is in order."""
    host = "good.zoo.test"
    chain = explained(bench, host)
    if chain.verdict.outcome != "accepted" or len(chain.path.links) != 3:
        raise Unexpected("the good chain is not accepted")
    page.say(
        "A padlock says one thing: somebody whom your computer trusts has signed that this key belongs to this name. "
        "That statement is a certificate. A server on this machine has just shown its own; from the bottom up:"
    )
    rows = []
    for number, link in enumerate(reversed(chain.path.links)):
        came = "from the client's store" if link.position is None else f"sent by the server, as {link.position + 1}."
        vouched = "by itself" if link.voucher.kind == "itself" else f"by `{link.voucher.by}`"
        if link.anchored:
            vouched = "by itself, which proves nothing; the client trusts it because it is in its store"
        rows.append((("root", "intermediate", "leaf")[number], f"`{link.facts.subject}`, {came}"))
        rows.append(("", f"vouched for {vouched}"))
    page.rows(rows)
    page.say(
        "The root vouches for the intermediate, the intermediate for the server (the leaf). Why not the root itself? "
        "Its key is kept in a safe, switched off. If the intermediate's key is lost, it is replaced, and nobody has to "
        "touch the stores of all the world's computers."
    )
    return ask(
        "Which of the three does the server not send?",
        right("the root", "A client believes it because it has it already. One that was sent would prove nothing."),
        wrong("the intermediate", "It is sent: the client knows the root only, and needs the link between."),
        wrong("the leaf", "It is sent first: without it there would be no key to talk to."),
    )


def inside(page: Page, bench: Bench) -> Question:
    """What a certificate is made of."""
    from inspector.trust.facts import load, read_facts
    from inspector.trust.question import day

    der = sent(bench, "good.zoo.test")[0]
    certificate, facts = load(der), read_facts(der)
    page.say("A certificate is a form with a signature under it, a few hundred bytes (X.509, in DER). Two parts of it:")
    page.octets("all of it    ", der)
    page.octets("the statement", certificate.tbs_certificate_bytes, "what is signed")
    page.octets("the signature", certificate.signature, facts.signature)
    page.gap()
    page.say("And what the statement says, in words:")
    page.rows(
        [
            ("names", ", ".join(facts.names) + " (subject alternative names)"),
            ("issuer", facts.issuer),
            ("valid", f"{day(facts.not_before)} to {day(facts.not_after)}"),
            ("public key", f"{facts.key}, SHA-256 `{facts.spki_sha256[:16]}…`"),
            ("for", ", ".join(facts.purposes or ()) + "; the key: " + ", ".join(facts.usages or ())),
            ("may vouch", "yes" if facts.ca else "no: it is no authority"),
        ]
    )
    return ask(
        "A certificate is public, anybody can copy this one. Why can a thief not pose as the server with it?",
        wrong("it is encrypted", "It is not; you have just read it."),
        right("the private key is not in it", "In each handshake the server signs something new with that key."),
        wrong("it is bound to the server's address", "There is only a name in it. The address may change every day."),
    )


def by_hand(page: Page, bench: Bench) -> Question:
    """A signature checked, and a flipped octet."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from inspector.trust.facts import load

    leaf, above = (load(der) for der in sent(bench, "good.zoo.test")[:2])
    key, statement = above.public_key(), leaf.tbs_certificate_bytes
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unexpected("the intermediate's key is of another kind")
    page.say("Is the signature good? A client does not ask anybody; it calculates. The statement is hashed:")
    page.octets("SHA-256          ", _sha256(statement))
    page.octets("signature        ", leaf.signature, "from the certificate")
    page.octets(
        "intermediate key ",
        key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
        "from the one above",
    )
    key.verify(leaf.signature, statement, ec.ECDSA(hashes.SHA256()))
    page.gap()
    page.say("The three belong together: checked, good. Now one letter of the name is changed, `good` into `gold`:")
    forged = statement.replace(b"good.zoo.test", b"gold.zoo.test")
    page.octets("SHA-256          ", _sha256(forged), "another one altogether")
    try:
        key.verify(leaf.signature, forged, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        page.lines("InvalidSignature: the intermediate's key did not sign this")
    else:
        raise Unexpected("the changed statement was accepted")
    page.say(
        "To make it good again takes the intermediate's private key. That is all there is to it: from the leaf to the "
        "root, each key checks the statement below."
    )
    return ask(
        "What does a client need to check this signature?",
        wrong("the internet", "Nobody was asked. It was done on this machine, in a fraction of a millisecond."),
        wrong("the intermediate's private key", "That makes signatures. Checking one takes the public key."),
        right("the certificate above it", "The public key in there is what checks. And the root is in the store."),
    )


def _sha256(data: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(data).digest()


def the_root(page: Page, bench: Bench) -> Question:
    """The same server, with and without the root in the store."""
    here, host = bench.have(zoo), "good.zoo.test"
    stranger = met(bench, host, trusting(here.zoo.keepers.stranger.certificate_pem))
    friend = met(bench, host)
    if stranger.refused is None or friend.refused is not None:
        raise Unexpected("the store made no difference")
    root = here.zoo.root.certificate
    root.verify_directly_issued_by(root)
    page.say("The root has signed itself, and that signature is good, as everybody's signature under itself is:")
    page.octets("root's signature", root.signature, "checked with the root's own key: good")
    page.gap()
    page.say("The same server and the same chain, for two clients that differ in their store alone:")
    page.rows(
        [
            ("has the zoo's root", friend.status),
            ("has another root", f"certificate verify failed: {stranger.refused}"),
        ]
    )
    page.say(
        "So trust begins with a list. A store is a file, or a few: certificates that somebody decided to believe. For "
        "most people that was the maker of the browser or of the system."
    )
    return ask(
        "Why should anybody believe a root?",
        wrong("its signature is good", "Anybody can sign themselves. It took a millisecond to make this one."),
        right("somebody put it into the store", "No calculation leads there. It is a decision, yours or your maker's."),
        wrong("it costs a lot of money", "The zoo's was free, and this client believes it."),
    )


# -- each thing that a client checks ---------------------------------------------------------------------------------


def names(page: Page, bench: Bench) -> Question:
    """The name asked for against the names listed."""
    page.say(
        "The chain is good. Is it for the host that was asked for? The client compares it with the names listed "
        "(subject alternative names, SAN), and a `*` stands for one whole label, the first:"
    )
    animals(
        page,
        bench,
        "good-wildcard",
        "wrong-name",
        "wildcard-depth",
        "no-san",
        "address-as-name",
        accepted=("good-wildcard", "no-san"),
    )
    page.say(
        "`no-san` has its name in the common name, where everybody looked before there was a list. Browsers have "
        "stopped (Chrome in 2017); this client still does, where there is no list at all."
    )
    return ask(
        "A certificate lists `*.shop.test`. Which host is it good for?",
        right("api.shop.test", "One label in place of the star."),
        wrong("shop.test itself", "The star stands for a label, and there is none. List both names."),
        wrong("v2.api.shop.test", "Two labels. The star stands for one."),
    )


def dates(page: Page, bench: Bench) -> Question:
    """Validity."""
    page.say("A certificate says from when until when it counts. Every link of the chain has to be within its time:")
    animals(page, bench, "expired", "not-yet-valid", "expired-intermediate")
    page.say(
        "What counts is the client's clock. The end is there because keys get lost and names change hands: what "
        "nobody renews is forgotten by itself."
    )
    return ask(
        "A laptop's battery was empty, and its clock says 2015. What does it make of a good certificate?",
        wrong("it opens as ever", "It is outside its time, for this clock."),
        right("it is not yet valid", "Whenever every site at once shows a date error, the clock is the first suspect."),
        wrong("it is expired", "For a clock that is behind, the beginning is still to come."),
    )


def missing(page: Page, bench: Bench) -> Question:
    """A missing intermediate, an unknown root."""
    page.say("Two servers that a client cannot follow up to its root, one by a slip, and one because it is a stranger:")
    animals(page, bench, "missing-intermediate", "untrusted-root")
    here = bench.have(zoo)
    between = here.zoo.keepers.intermediate.certificate_pem
    mended = trusting(here.root_path.read_bytes(), between)
    # A chain may end in what the store holds only if that is a root; the intermediate is just at hand.
    mended.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    helped = met(bench, "missing-intermediate.zoo.test", mended)
    if helped.refused is not None:
        raise Unexpected(f"with the intermediate at hand: {helped.refused}")
    page.say("A client that has the intermediate from elsewhere can follow the first one after all:")
    page.lines(helped.status)
    page.say(
        "That is why this fault hides: browsers remember intermediates, or fetch them, and the site opens. `curl`, "
        "apps and other servers do not, and fail. To them both look the same: there is no way up."
    )
    return ask(
        "A site opens in every browser, and `curl` says `unable to get local issuer certificate`. Who mends it?",
        wrong("whoever uses curl, with -k", "That checks nothing any more, and lets everybody in the middle in."),
        right("the server: it sends the whole chain", "Leaf, then intermediates. It is one file in its settings."),
        wrong("the authority", "It gave out both certificates. The server sends one of them only."),
    )


def oneself(page: Page, bench: Bench) -> Question:
    """Self-signed, and a forged signature."""
    page.say("Two that claim to be somebody. The first vouches for itself, the second borrows a name:")
    animals(page, bench, "self-signed", "forged-signature")
    link = explained(bench, "forged-signature.zoo.test").path.links[0]
    if link.voucher.signature != "bad":
        raise Unexpected("the forged signature is good")
    page.say(
        f"The second says that `{link.voucher.by}` signed it, and even sends that certificate along. But the signature "
        "was made by another key, and that is what is calculated. Names can be written by anybody."
    )
    page.aside(
        "A self-signed certificate is no worse as a lock: the connection is encrypted as well as any other. What it "
        "lacks is anybody who says with whom."
    )
    return ask(
        "Your own server at home has a self-signed certificate. What is a good way to trust it?",
        wrong("click the warning away each time", "Then a stranger's is clicked away one day, too: it looks the same."),
        right("add this one certificate to your store", "You decide once, for one key, and are warned if it changes."),
        wrong("switch checking off in your tools", "For every host, then, and not for this one alone."),
    )


def limits(page: Page, bench: Bench) -> Question:
    """What an authority may vouch for."""
    page.say("An authority's certificate also says how far its word reaches. Three that went beyond:")
    animals(page, bench, "outside-constraints", "path-too-long", "leaf-as-authority")
    page.say(
        "Name constraints bind an authority to names. The path length says how many more may follow below it. And most "
        "important: a certificate for a server is no authority, whatever its key can calculate."
    )
    return ask(
        "Without the last rule, what could anybody do who has a certificate for a small site?",
        right(
            "vouch for every other site",
            "The signature would be good. Internet Explorer forgot to look at this in 2002, and so did others since.",
        ),
        wrong("nothing, the names would not fit", "They could sign a statement with any name in it."),
        wrong("read that site's traffic", "That they could anyway: it is their site."),
    )


def purposes(page: Page, bench: Bench) -> Question:
    """What a certificate and its key may be used for."""
    page.say("A certificate says what it is for, and what its key may do:")
    animals(page, bench, "wrong-purpose", "wrong-key-usage", "critical-unknown", accepted=("wrong-key-usage",))
    page.say(
        "Clients are not equally strict: OpenSSL lets the second pass, a browser does not. The third has an extension "
        "that nobody knows, marked critical: who does not understand it has to refuse. So new rules can be introduced "
        "without old clients ignoring them."
    )
    return ask(
        "Why is a certificate for e-mail no good for a website, if the name and the signature are right?",
        wrong("its key is too weak", "It can be the very same kind of key."),
        right("it was checked for another purpose", "Who proves to own a mailbox has not proved to own the site."),
        wrong("browsers cannot read it", "They read it well, and see what it is for."),
    )


def weak(page: Page, bench: Bench) -> Question:
    """Weak hashes and keys."""
    page.say("All of this rests on calculations that nobody can undo. For these two, somebody can, or soon will:")
    animals(page, bench, "sha1", "rsa-1024")
    page.say(
        "Two documents with one SHA-1 hash were made in 2017, and in 2020 two with beginnings of one's choice, for "
        "some ten thousands of dollars of computing. A signature under the one is good under the other. And an RSA "
        "key is as good as the work of finding its two primes: 829 bits were done in 2020, and 1024 are no longer out "
        "of reach."
    )
    page.say("Neither opens a recording of TLS 1.3. Both may let somebody else pose as the server.")
    return ask(
        "An authority signs a harmless certificate with SHA-1. Why is that a danger to other sites?",
        right("its signature may fit a second statement", "One with another name, prepared by whoever asked for it."),
        wrong("the traffic of the site can be read", "The hash signs the certificate. It encrypts nothing."),
        wrong("SHA-1 is slow", "It is quick, which is no help to anybody here."),
    )


def unseen(page: Page, bench: Bench) -> Question:
    """What clients do not look at."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from inspector.trust.crl import revoked_by
    from inspector.trust.facts import read_facts

    page.say("And what most clients do not look at. This one opens all three; `inspector trust show` has its doubts:")
    animals(
        page,
        bench,
        "revoked",
        "must-staple",
        "too-long-lived",
        accepted=("revoked", "must-staple", "too-long-lived"),
    )
    chain = sent(bench, "revoked.zoo.test")
    listed = revoked_by(bench.have(zoo).zoo.crl.public_bytes(Encoding.DER), chain) or frozenset()
    facts = read_facts(chain[0])
    if (facts.issuer_full, facts.serial) not in listed:
        raise Unexpected("the revocation list does not name it")
    page.say("The authority took the first one back: its serial number is on the authority's signed list (CRL).")
    page.rows([("serial", facts.serial), ("on the list", "yes; nobody asked for the list")])
    page.say(
        "Asking at each visit is slow, tells the authority who reads what, and is passed over when nobody answers. So "
        "browsers carry digests of such lists, and public authorities give shorter lives: 398 days, 200 since March "
        "2026, 47 from 2029."
    )
    return ask(
        "What does a short life do that a revocation list does not?",
        wrong("it makes the key stronger", "The key is the same."),
        right("it works without anybody asking", "A clock is enough. What was stolen ends by itself, and soon."),
        wrong("it costs less", "Renewing is work; it has to be automatic."),
    )


def stores(page: Page, _: Bench) -> Question:
    """Stores, this machine's too."""
    from inspector.trust.anchors import certifi_anchors, system_anchors

    page.say("Back to the list that everything begins with. On this machine (read, nothing else):")
    lists = dict.fromkeys((system_anchors(), certifi_anchors()))
    page.rows((each.name, f"{len(each.ders)} authorities") for each in lists)
    page.say(
        "Every one of them can vouch for every name. Firefox, Java and many tools have lists of their own, which is "
        "why one trusts what another refuses. A proxy that is to read along is one more, in one list or in all."
    )
    page.rows(
        [
            ("inspector trust status", "the proxy's authority, and which lists have it"),
            ("inspector trust install --dry-run", "what would change, and nothing does"),
            ("inspector trust guide firefox", "the same by hand, and how to undo it"),
            ("inspector trust show HOST", "who vouches for a site, link by link"),
        ]
    )
    return ask(
        "How many of these authorities have to be dishonest for a false certificate for your bank?",
        right("one", "Any. Hence transparency logs, and CAA records, and hence care with what one adds."),
        wrong("all of them", "One good chain is enough for a client."),
        wrong("the one your bank uses", "A client does not know which one that is, unless it pins it."),
    )


LESSON = Lesson(
    "trust",
    "Certificates and authorities, link by link: what each is for, and thirty ways to break one.",
    30,
    (
        Step("Who says so?", who_says_so),
        Step("Inside a certificate", inside),
        Step("A signature, checked by hand", by_hand),
        Step("The root, and the store", the_root),
        Step("Names", names),
        Step("Dates", dates),
        Step("A link is missing", missing),
        Step("Vouching for oneself", oneself),
        Step("How far an authority's word reaches", limits),
        Step("What it is for", purposes),
        Step("Weak", weak),
        Step("What nobody looks at", unseen),
        Step("Stores", stores),
    ),
)

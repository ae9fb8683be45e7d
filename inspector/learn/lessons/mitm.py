"""The lesson on the man in the middle: what encryption does, what it does not, and what certificates are there for.

Every handshake is made on loopback by real programs, and read off the socket. cryptography, mitmproxy and the zoo are
imported where they are used, so that listing the lessons stays quick.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.learn.bench import Bench
from inspector.learn.experiments.stand import (
    Recording,
    authority,
    both_trusted,
    client,
    met_or_not,
    middle,
    overheard,
    plain_shop,
    recorded_12,
    recorded_13,
    server_key,
    shop,
)
from inspector.learn.lesson import Lesson, Question, Step, Unexpected, ask, right, wrong
from inspector.learn.lessons import _defences
from inspector.learn.page import Page

if TYPE_CHECKING:
    from inspector.trust.anchors import Anchors

# -- encryption ------------------------------------------------------------------------------------------------------


def postcard(page: Page, bench: Bench) -> Question:
    """Plain HTTP."""
    from inspector.learn.experiments.relay import sent_by

    met, recording = overheard(bench.have(plain_shop).port, None)
    met_or_not(met, True, "the plain login")
    page.say(
        "A client on this machine has just logged in at a shop on this machine, over plain HTTP. Between the two stood "
        "a relay, as every access point, provider and router on the way does. It passed each octet on and kept a copy. "
        "The client's side:"
    )
    page.lines(sent_by("client", recording).decode())
    page.say("And the shop's answer, with the cookie that is as good as the password for as long as it lasts:")
    page.lines(sent_by("server", recording).decode())
    return ask(
        "Who could have read this on its way through the internet?",
        wrong("only a criminal who breaks in", "Nothing had to be broken: the relay does its everyday work and looks."),
        right("everybody whose machine passes it on", "A postcard is read by whoever carries it, and leaves no trace."),
        wrong("nobody but the shop", "The copy above was made in between, and neither end could notice."),
    )


def one_key(page: Page, _: Bench) -> Question:
    """Symmetric encryption."""
    import os

    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    text = page.typed("A sentence of yours to lock:", "The key is under the mat.").encode()
    key, nonce = AESGCM.generate_key(128), os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, text, None)
    page.say("Symmetric encryption has one key, which locks and opens. This is AES in the mode that TLS uses (GCM):")
    page.octets("your text ", text)
    page.octets("the key   ", key, "made by chance just now")
    page.octets("locked    ", sealed, "your text and a tag of 16")
    page.octets("opened    ", AESGCM(key).decrypt(nonce, sealed, None), "the same key again")
    try:
        AESGCM(key).decrypt(nonce, bytes([sealed[0] ^ 1]) + sealed[1:], None)
    except InvalidTag:
        page.octets("changed   ", bytes([sealed[0] ^ 1]) + sealed[1:], "one bit flipped: it does not open")
    page.gap()
    page.say("The tag is a checksum that needs the key. Whoever changes a bit without the key is noticed.")
    return ask(
        "You and a shop you never dealt with want to talk like this. What is missing?",
        wrong("a longer key", "128 bits are plenty: trying them all would take longer than the sun has left."),
        wrong("a faster computer", "This takes microseconds, for both of you."),
        right(
            "a way to get the key to the shop",
            "Sent along, it is read along. Until 1976 the only answer was to meet beforehand.",
        ),
    )


def two_keys(page: Page, bench: Bench) -> Question:
    """Asymmetric encryption and signatures."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    private = bench.have(server_key)
    public = private.public_key()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    text = page.typed("A short message of yours:", "Meet me at nine.").encode()[:190]
    sealed, signature = public.encrypt(text, oaep), private.sign(text, pss, hashes.SHA256())
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    page.say(
        "Asymmetric cryptography has two keys that belong together. The shop made this pair (RSA, 2048 bits). It hands "
        "the public one to everybody, and shows the private one to nobody."
    )
    page.octets("public key ", public.public_bytes(*form))
    page.octets("locked     ", sealed, "with the public key, by anybody")
    page.octets("opened     ", private.decrypt(sealed, oaep), "with the private key, by the shop alone")
    page.gap()
    page.say("It works the other way round too: what the private key signs, the public key checks.")
    page.octets("signature  ", signature, "with the private key")
    public.verify(signature, text, pss, hashes.SHA256())
    page.octets("checked    ", text, "with the public key: good")
    try:
        public.verify(signature, text + b"!", pss, hashes.SHA256())
    except InvalidSignature:
        page.octets("checked    ", text + b"!", "with a `!` more: that was not signed")
    page.gap()
    return ask(
        "Everybody has the public key. What can they not do with it?",
        wrong("lock a message for the shop", "That is what it is for; no secret is needed to lock."),
        right("read what others locked with it", "It locks, and does not open again. Only the private key does."),
        wrong("check the shop's signature", "They can: checking needs the public key only. Signing needs the other."),
    )


def why_both(page: Page, bench: Bench) -> Question:
    """What each costs."""
    import os

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    private = bench.have(server_key)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    page.say("If the public key is safe to hand out, why not lock everything with it? The same machine, both ways:")
    megabyte, cipher = os.urandom(1_000_000), AESGCM(AESGCM.generate_key(128))
    begun = time.perf_counter()
    for _ in range(10):
        cipher.encrypt(bytes(12), megabyte, None)
    fast = 10 / (time.perf_counter() - begun)
    block = private.public_key().encrypt(bytes(190), oaep)
    begun = time.perf_counter()
    for _ in range(40):
        private.decrypt(block, oaep)
    slow = 40 * 190 / 1e6 / (time.perf_counter() - begun)
    try:
        private.public_key().encrypt(bytes(191), oaep)
    except ValueError:
        most = "190 bytes at a time; 191 are refused"
    page.rows(
        [
            ("AES-GCM, one key", f"{fast:,.0f} MB a second, of any length"),
            ("RSA, two keys", f"{slow:.2f} MB a second when opening, {most}, and each block grows to 256"),
            ("the difference", f"AES is {fast / slow:,.0f} times as fast here"),
        ]
    )
    page.say(
        "So the slow one is used once, for something short; the fast one for all the rest. Nearly everything that is "
        "called encrypted works like this: TLS, encrypted mail, messengers."
    )
    return ask(
        "What is the short thing that is worth locking with the slow pair?",
        right("the key of the fast cipher", "16 bytes, once. After that both ends have the same key and AES does it."),
        wrong("the password", "It would be safe, and the page, the cookie and the rest would still be postcards."),
        wrong("the first kilobyte", "It would not fit, and what comes after it would be readable."),
    )


# -- two handshakes --------------------------------------------------------------------------------------------------


def listed(page: Page, recording: Recording) -> None:
    """The messages of a recording, one a line, with their first octets."""
    from inspector.learn.experiments.records import messages

    for each in messages(recording):
        arrow = "client →" if each.sender == "client" else "← server"
        name = f"{arrow}  {each.name:<18}{'locked  ' if each.encrypted else 'readable'}"
        page.octets(name, each.data, most=8)
    page.gap()


def handshake_12(page: Page, bench: Bench) -> Question:
    """TLS 1.2 with RSA key exchange."""
    page.say(
        "The handshake that textbooks tell: TLS 1.2 with RSA key exchange. The same login, and what the relay kept. "
        "The client picks 48 bytes by chance, locks them with the public key from the certificate and sends them: "
        "`ClientKeyExchange`. Both ends make their AES keys out of those, and everything after is locked."
    )
    listed(page, bench.have(recorded_12))
    page.say("The certificate passes in the clear. `Finished` proves to each end that the other has the same keys.")
    return ask(
        "The eavesdropper has all of it. What keeps the login from being read?",
        wrong("the certificate is secret", "It is in the list, readable: anybody may see it. It holds a public key."),
        right(
            "only the shop's private key opens ClientKeyExchange",
            "All secrets of this connection hang on that one message, and that one key. Remember this for the next "
            "step.",
        ),
        wrong("the messages are too short", "Length protects nothing here."),
    )


def opened_later(page: Page, bench: Bench) -> Question:
    """The recording is opened with the server's key."""
    from inspector.learn.experiments.opened import application_data, open_with_server_key

    recording = bench.have(recorded_12)
    opened = open_with_server_key(recording, bench.have(server_key))
    page.say(
        "Years later the shop sells an old disk, and its private key is still on it. The eavesdropper kept the "
        "recording. This opens it, with that key and nothing else:"
    )
    page.octets("ClientKeyExchange", opened.sealed, "locked")
    page.octets("opened           ", opened.premaster, "the version, then chance")
    page.gap()
    page.say(
        "From these 48 bytes and the two randoms in the hellos follow all keys (RFC 5246, section 8.1). With them:"
    )
    page.lines(application_data(opened.said, "client").decode())
    return ask(
        "The key was stolen today. Which recordings does it open?",
        wrong("those made from today on", "The recording above was made before, and it opened."),
        right("all that were ever made", "One key for all connections, past ones too. There is no forward secrecy."),
        wrong("none without the password", "The password came out of it."),
    )


def agreement(page: Page, _: Bench) -> Question:
    """Diffie-Hellman on a curve."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    ada, store = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    one, other = ada.exchange(store.public_key()), store.exchange(ada.public_key())
    if one != other:
        raise Unexpected("the two secrets differ")
    page.say(
        "Two people can agree on a secret while everybody listens. Each makes a pair of keys for this one talk, sends "
        "the public half, and combines the own private half with what came. (Diffie and Hellman, 1976; here on the "
        "curve that most connections use, X25519.)"
    )
    page.octets("client sends   ", ada.public_key().public_bytes_raw())
    page.octets("server sends   ", store.public_key().public_bytes_raw())
    page.gap()
    page.octets("client combines", one, "its private half, the server's public one")
    page.octets("server combines", other, "its private half, the client's public one")
    page.gap()
    page.say("The same 32 bytes, which never passed between them. Afterwards both forget their private halves.")
    return ask(
        "The eavesdropper kept both public halves. Why is that not enough?",
        right(
            "combining needs a private half",
            "Getting one from its public half is what nobody knows how to do. (A large quantum computer would; that is "
            "why browsers now combine this with ML-KEM.)",
        ),
        wrong("the halves are encrypted", "They pass in the clear; you see them above."),
        wrong("there is not enough time", "Time helps nobody here: no key is sent, now or later."),
    )


def handshake_13(page: Page, bench: Bench) -> Question:
    """TLS 1.3."""
    from inspector.learn.experiments.records import hello, messages

    recording, _ = bench.have(recorded_13)
    page.say("TLS 1.3, as nearly every browser speaks it today. The same login, with that agreement in the hellos:")
    listed(page, recording)
    first, second = messages(recording)[:2]
    for name, message in (("client's half", first), ("server's half", second)):
        page.octets(name, hello(message.data).key_share or b"")
    page.gap()
    page.say(
        "After one message each, both have a secret, and the rest is locked and called application data. "
        "(`ChangeCipherSpec` does nothing: it is there for old boxes on the way that expect TLS 1.2.)"
    )
    return ask(
        "In TLS 1.2 the certificate was in the list. Where is it now?",
        wrong("TLS 1.3 needs none", "It does: otherwise nobody would know whose half this was. Soon more on that."),
        right("in a locked record", "The longest one of the server's. An eavesdropper no longer sees who is shown."),
        wrong("in the ServerHello", "That holds the version, the cipher and the server's half."),
    )


def nothing_opens(page: Page, bench: Bench) -> Question:
    """Forward secrecy."""
    from inspector.learn.experiments.opened import NotOpened, open_with_key_log, open_with_server_key

    recording, log = bench.have(recorded_13)
    page.say("The old disk again: the shop's private key, and a recording of TLS 1.3. The same program as before says:")
    try:
        open_with_server_key(recording, bench.have(server_key))
    except NotOpened as error:
        page.lines(f"not opened: {error}")
    else:
        raise Unexpected("the recording opened with the server's key")
    page.say(
        "That is forward secrecy. Can it be opened at all? The client was asked to write its secrets down (as browsers "
        "do when `SSLKEYLOGFILE` is set; that is how one debugs one's own traffic). With that file, it opens:"
    )
    for each in open_with_key_log(recording, log)[:5]:
        arrow = "client →" if each.sender == "client" else "← server"
        page.octets(f"{arrow}  {each.name:<20}", each.data, most=8)
    page.gap()
    page.say("`CertificateVerify` is where the shop's private key was used: it signs the handshake, and opens nothing.")
    return ask(
        "What would somebody who stole the shop's key yesterday be able to do?",
        wrong("read last year's recordings", "Not one: those secrets were made for one connection and forgotten."),
        wrong("nothing at all", "The key still says who the shop is."),
        right(
            "pose as the shop from now on",
            "With its key and certificate, whoever stands in the way can sign as the shop. Hence revocation, and "
            "certificates that live for weeks.",
        ),
    )


def still_seen(page: Page, bench: Bench) -> Question:
    """What an eavesdropper sees of HTTPS."""
    from inspector.learn.experiments.records import hello, messages, records
    from inspector.learn.experiments.relay import sent_by
    from inspector.words import octets

    recording, _ = bench.have(recorded_13)
    found = records(recording)
    locked = {
        side: [len(each.fragment) for each in found if each.sender == side and each.kind == 23]
        for side in ("client", "server")
    }
    for hidden in (b"password", b"/login", b"sid="):
        if any(hidden in each.data for each in recording):
            raise Unexpected(f"{hidden.decode()} could be read")
    page.say("What the relay still knows of the login over TLS 1.3, without any key:")
    page.rows(
        [
            ("whom", "an address and a port: every router on the way needs them"),
            ("which host", f"`{hello(messages(recording)[0].data).server_name}`, in the ClientHello (SNI)"),
            (
                "how much",
                f"{octets(len(sent_by('client', recording)))} there, {octets(len(sent_by('server', recording)))} back",
            ),
            ("in which pieces", f"client {locked['client']}, server {locked['server']} (bytes of each locked record)"),
            ("when", f"over {recording[-1].at * 1000:.0f} ms, each record to the microsecond"),
        ]
    )
    page.say(
        "And what it does not know: path, fields, cookie, password, page. We looked for `password`, `/login` and "
        "`sid=` in the recording; they are not there."
    )
    page.aside(
        "Told, not shown: sizes and times are a fingerprint. A page with its images has a pattern that can be "
        "recognised. Encrypted Client Hello hides the name as well, where both sides have it."
    )
    return ask(
        "Somebody reads news about an illness over HTTPS. What does the provider know for certain?",
        wrong("which article", "The path is locked. The sizes might let it guess."),
        right("which site, when, and how much", "The name is in the hello, and lengths are not hidden."),
        wrong("nothing", "An address, a name, times and sizes are a lot."),
    )


# -- in the middle ---------------------------------------------------------------------------------------------------


def two_agreements(page: Page, _: Bench) -> Question:
    """Why encryption without certificates does not help."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    ada, store, mallory = (X25519PrivateKey.generate() for _ in range(3))
    first, second = ada.exchange(mallory.public_key()), store.exchange(mallory.public_key())
    sealed = ChaCha20Poly1305(first).encrypt(bytes(12), b"password=open+sesame", None)
    read = ChaCha20Poly1305(mallory.exchange(ada.public_key())).decrypt(bytes(12), sealed, None)
    again = ChaCha20Poly1305(mallory.exchange(store.public_key())).encrypt(bytes(12), read, None)
    arrived = ChaCha20Poly1305(second).decrypt(bytes(12), again, None)
    page.say(
        "An eavesdropper is out of it. But what if the relay does not only listen? It takes each half, and passes on "
        "one of its own instead:"
    )
    page.octets("client's half  ", ada.public_key().public_bytes_raw(), "taken")
    page.octets("shop's half    ", store.public_key().public_bytes_raw(), "taken")
    page.octets("given to both  ", mallory.public_key().public_bytes_raw(), "the relay's own")
    page.gap()
    page.octets("client locks   ", sealed, "with a secret it shares with the relay")
    page.lines(read.decode())
    page.octets("relay locks    ", again, "anew, with the secret it shares with the shop")
    page.octets("shop opens     ", arrived, "all in order, it seems")
    page.gap()
    page.say("Both ends have perfect encryption, with somebody who reads along. This is the man in the middle.")
    return ask(
        "What would have told the client?",
        wrong("a stronger cipher", "It is as strong as can be. It is locked for the wrong one."),
        right(
            "proof of whose half it is",
            "A signature over the handshake, by a key that belongs to `shop.test`. And who says to whom a key belongs? "
            "A certificate, signed by somebody the client knows.",
        ),
        wrong("a second look at the octets", "They look like any other: chance."),
    )


def untrusted(page: Page, bench: Bench) -> Question:
    """A proxy whose authority the client does not trust."""
    from inspector.learn.experiments.middle import error_of
    from inspector.learn.experiments.opened import open_with_key_log
    from inspector.learn.experiments.records import messages
    from inspector.learn.experiments.relay import without_tunnel

    proxy, user, log = bench.have(middle), client(bench), bench.directory / "refused.log"
    user.keylog_filename = str(log)
    since = proxy.overheard.count
    met, recording = overheard(bench.have(shop).port, user, proxy.port)
    met_or_not(met, False, "the client accepted the proxy's certificate")
    inner = without_tunnel(recording)
    # OpenSSL sends this alert in the clear, because it has not switched to its keys yet; others lock it.
    sent = [(each.sender, each.name, each.data) for each in messages(inner)]
    sent += [(each.sender, each.name, each.data) for each in open_with_key_log(inner, log.read_text("ascii"))]
    alerts = [(name, data) for sender, name, data in sent if sender == "client" and name.startswith("Alert")]
    if not alerts:
        raise Unexpected("the client sent no alert")
    heard = proxy.overheard.next(since)
    found = error_of(heard[1]) if heard is not None else None
    page.say(
        f"Now for real: inspector's own proxy runs on port {proxy.port}, with an authority made for this lesson. The "
        "client sends it `CONNECT shop.test`, and begins TLS through the tunnel. The proxy cannot show the shop's "
        "certificate, because it lacks the key to sign with. So it shows one that it has just made. The client says:"
    )
    page.lines(f"certificate verify failed: {met.refused} (OpenSSL's error {met.code})")
    page.say("Then it hangs up, and says why in an alert, which the relay kept:")
    page.octets(f"client →  {alerts[0][0]}", alerts[0][1], "fatal (2), and the reason's number")
    page.gap()
    if found is not None:
        page.say(f"And this is what the proxy makes of it (`{found.rule}`):")
        page.say(f"{found.title}. {found.detail}")
    return ask(
        "How far did the password get?",
        wrong("to the proxy, and no further", "The proxy saw a host's name and an alert."),
        right(
            "it never left the client",
            "The certificate is checked before the first octet of the request is sent. That is the point of it.",
        ),
        wrong("to the shop, encrypted", "The client talked to the proxy only, and hung up on it."),
    )


def trusted(page: Page, bench: Bench) -> Question:
    """The same with the proxy's authority trusted."""
    proxy, user = bench.have(middle), bench.have(both_trusted)
    since = proxy.overheard.count
    met, recording = overheard(bench.have(shop).port, user, proxy.port)
    met_or_not(met, True, "the client did not accept the proxy")
    heard = proxy.overheard.next(since, lambda x: x.response is not None)
    if heard is None:
        raise Unexpected("the proxy heard nothing")
    body = heard[0].request.body.data or b""
    page.say(
        "One thing is changed: the client is given the proxy's certificate as one more authority to trust "
        f"(`{Path(proxy.ca_path).name}`, which is what `inspector trust install` puts into a store). The same request:"
    )
    page.lines(f"{met.version}, {met.cipher}\n{met.status}\n{met.answer.splitlines()[-1].decode()}")
    page.say("No warning, a padlock, the best of ciphers. And this is what the proxy read:")
    page.lines(f"{heard[0].request.method} {heard[0].request.url}\n{body.decode()}")
    if any(b"open+sesame" in each.data for each in recording):
        raise Unexpected("the password passed in the clear")
    page.say(
        "There are two encrypted connections now, one on each side of the proxy; in between all is in the clear. For "
        "an eavesdropper on either wire, the password is still locked."
    )
    return ask(
        "What made the difference?",
        wrong("the proxy broke the encryption", "Nothing was broken. The client locked the request for the proxy."),
        wrong(
            "the shop gave its key to the proxy", "The shop knows nothing of it; to the shop, the proxy is a client."
        ),
        right(
            "the client trusts one more authority",
            "Whoever it trusts may say who anybody is. That is why an authority's private key is worth so much.",
        ),
    )


def both_chains(page: Page, bench: Bench) -> Question:
    """What the server presented, and what the client was shown."""
    from inspector.learn.experiments.relay import LOOPBACK
    from inspector.trust.explain import explain_chain
    from inspector.trust.fetch import fetch_chain
    from inspector.trust.sides import compare

    proxy, port = bench.have(middle), bench.have(shop).port
    anchors, now = _anchors(bench), time.time()
    direct = fetch_chain("shop.test", port, address=LOOPBACK)
    through = fetch_chain("shop.test", port, proxy=proxy.url)
    sides = compare(*(explain_chain(each.chain, anchors, now, "shop.test") for each in (direct, through)))
    page.say(
        "Both certificates, side by side, and how a client could have noticed; `inspector trust show HOST --proxy URL` "
        "tells more of both:"
    )
    wanted = ("subject", "names", "issuer", "valid from", "key", "key's SHA-256", "signature", "SHA-256")
    room = (page.width - 22) // 2
    page.lines(
        "\n".join(
            [f"{'':<16}{'the shop presented':<{room}}the client was shown"]
            + [
                f"{'=' if row.same else '≠'} {row.what:<14}{row.presented[: room - 2]:<{room}}{row.shown[:room]}"
                for row in sides.rows
                if row.what in wanted
            ]
        )
    )
    page.points(*(each for each in sides.noticed_by if each.startswith(("The issuer:", "The key:"))))
    return ask(
        "The proxy copies the names. What can it not copy?",
        wrong("the validity", "It could write any dates it likes."),
        right("the key", "It would need the private half. So it uses a key of its own, and that shows."),
        wrong("the subject", "A name is text; anybody can write it into a certificate."),
    )


def _anchors(bench: Bench) -> Anchors:
    from inspector.trust.anchors import Anchors, from_file

    file = bench.directory / "ours.pem"
    file.write_bytes(bench.have(authority).certificate_pem + bench.have(middle).ca_path.read_bytes())
    return Anchors("the lesson's authority and the proxy's", from_file(file).ders)


LESSON = Lesson(
    "mitm",
    "What encryption does, what a man in the middle can do, and each defence at work.",
    40,
    (
        Step("A postcard: plain HTTP", postcard),
        Step("One key: symmetric encryption", one_key),
        Step("Two keys: asymmetric encryption", two_keys),
        Step("Why both", why_both),
        Step("A handshake of the textbooks: TLS 1.2 with RSA", handshake_12),
        Step("The same recording, years later", opened_later),
        Step("Agreeing on a secret in public", agreement),
        Step("A handshake of today: TLS 1.3", handshake_13),
        Step("The same disk, and nothing opens: forward secrecy", nothing_opens),
        Step("What an eavesdropper still sees of HTTPS", still_seen),
        Step("Somebody in the middle", two_agreements),
        Step("A proxy that nobody trusts", untrusted),
        Step("A proxy that is trusted", trusted),
        Step("Two certificates, side by side", both_chains),
        *_defences.STEPS,
    ),
)

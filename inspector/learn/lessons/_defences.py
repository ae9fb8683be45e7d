"""The second half of the lesson on the man in the middle: what stands against him, each defence at work."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from inspector.learn.bench import Bench
from inspector.learn.experiments.stand import (
    authority,
    both_trusted,
    certificate,
    client,
    met_or_not,
    middle,
    overheard,
    serving,
    shop,
    trusting,
    zoo,
)
from inspector.learn.lesson import Question, Step, Unexpected, ask, right, wrong
from inspector.learn.page import Page


def checked(page: Page, bench: Bench) -> Question:
    """Name, dates, issuer; and who checks them behind a proxy."""
    from inspector.learn.experiments.middle import error_of
    from inspector.learn.experiments.shop import visit

    animals, proxy = bench.have(zoo), bench.have(middle)
    user = trusting(animals.root_path.read_bytes(), proxy.ca_path.read_bytes())
    page.say("First defence: a client checks the certificate. A server on this machine shows three broken ones:")
    rows = []
    for name, what in (
        ("wrong-name.zoo.test", "made for other hosts"),
        ("expired.zoo.test", "good until two days ago"),
        ("untrusted-root.zoo.test", "signed by an authority that this client does not know"),
    ):
        met = visit(animals.port, user, name=name)
        met_or_not(met, False, f"the client accepted {name}")
        rows.append((name, f"{what}. The client: {met.refused}"))
    page.rows(rows)
    page.say("Now the expired one again, by way of the proxy. To the client, the proxy shows a fresh one of its own:")
    since = proxy.overheard.count
    met = visit(animals.port, user, name="expired.zoo.test", proxy=proxy.port)
    heard = proxy.overheard.next(since)
    found = error_of(heard[1]) if heard is not None else None
    if met.status.endswith("200 OK"):
        raise Unexpected("the proxy accepted an expired certificate")
    page.lines(met.status or met.refused or "the proxy hung up")
    if found is not None:
        page.say(f"The proxy checked in the client's place, and refused: {found.title.lower()}.")
    page.say("With `--insecure` it would not have, and the client could not have known.")
    return ask(
        "Behind a proxy that reads along, who decides whether the server is genuine?",
        right(
            "the proxy", "The client sees the proxy's certificate only. A proxy that is careless is so for everybody."
        ),
        wrong("the client", "It never saw the server's certificate."),
        wrong("the server", "It says who it is. Whether that is so, somebody else has to check."),
    )


def hsts(page: Page, bench: Bench) -> Question:
    """HTTP Strict Transport Security."""
    from inspector.learn.experiments.records import messages
    from inspector.learn.experiments.relay import sent_by
    from inspector.learn.experiments.shop import Shop
    from inspector.session.hsts import HstsList
    from inspector.url import parse

    known, url = HstsList(), parse("http://shop.test/login")

    def visitor() -> ssl.SSLContext | None:
        """A browser's choice: TLS where the host is known to want it, whatever was typed (RFC 6797, section 8.3)."""
        return client(bench) if known.find(url.host, time.time()) is not None else None

    with Shop() as impostor:  # answers in the shop's place, without TLS
        met, recording = overheard(impostor.port, visitor())
        sent = sent_by("client", recording).decode().splitlines()
        page.say(
            "A certificate is checked only where there is TLS. Somebody types `shop.test`, the browser begins with "
            "`http://`, and whoever stands in the way answers in its place. There is nothing to check:"
        )
        page.lines(f"{sent[0]} … {sent[-1]}\n{met.status}")
        secure = overheard(bench.have(shop).port, client(bench))[0]
        field = next(line for line in secure.answer.decode().splitlines() if line.lower().startswith("strict-"))
        known.note(parse("https://shop.test/"), field.partition(":")[2].strip(), time.time(), 0)
        page.say("Now the client has been at the real shop once, over HTTPS, and read this in the answer:")
        page.lines(field)
        met, recording = overheard(impostor.port, visitor())
    met_or_not(met, False, "the impostor was believed")
    first = messages(recording)[0]
    page.say("`http://shop.test` is typed again, and becomes `https://` before anything is sent. The impostor gets:")
    page.octets(f"client →  {first.name}", first.data)
    page.gap()
    page.say(f"It has no certificate for that name and answers in plain HTTP; the client gives up (`{met.refused}`).")
    page.aside(
        "Told, not shown: for such a host a browser's warning has no button to go on (RFC 6797, section 12.1), so "
        "nobody can click the defence away. And the first visit ever is still open, unless the name is on the list "
        "that browsers ship (hstspreload.org)."
    )
    return ask(
        "When does HSTS protect a visitor?",
        wrong("from the first visit on, always", "The browser has to have heard the field once, or to ship the name."),
        right("after one good visit over HTTPS", "Until `max-age` runs out, and each visit starts it anew."),
        wrong(
            "whenever the server sends it over HTTP", "Sent over plain HTTP it is ignored: anybody could have sent it."
        ),
    )


def pinning(page: Page, bench: Bench) -> Question:
    """A client that knows the key it wants."""
    from inspector.learn.experiments.shop import visit
    from inspector.trust.ca import spki_sha256
    from inspector.trust.facts import load

    port, user = bench.have(shop).port, bench.have(both_trusted)
    pin = spki_sha256(bench.have(certificate).certificate)
    page.say("Some apps do not leave it to authorities. They carry the hash of the key that their server must show:")
    page.lines(f"pin-sha256: {pin}")
    rows = []
    for where, proxy in (("directly", None), ("through the proxy", bench.have(middle).port)):
        met = visit(port, user, proxy=proxy)
        if met.certificate is None:
            raise Unexpected(f"no certificate was shown {where}: {met.refused}")
        shown = spki_sha256(load(met.certificate))
        verdict = "the pin: it goes on" if shown == pin else "another one: the app hangs up"
        rows.append((where, f"signed by somebody it trusts; key `{shown[:16]}…`, {verdict}"))
        if (shown == pin) != (proxy is None):
            raise Unexpected("the pin matched where it should not, or the other way round")
    page.rows(rows)
    page.say(
        "Both certificates are valid to this client; it trusts both authorities. The pin asks another question: not "
        "whether somebody vouches for this key, but whether it is the one."
    )
    page.aside(
        "Told, not shown: browsers let an authority that a person has added go past pins, and have given up pins for "
        "websites (HPKP): sites locked themselves out. `inspector proxy` explains a client that pins as such."
    )
    return ask(
        "The shop gets a new key. What happens to the apps with the old pin?",
        right("they refuse the shop itself", "Hence a second, spare pin, and apps that can be updated in time."),
        wrong("nothing, the new certificate is valid", "Valid does not matter to a pin. The key is another."),
        wrong("they ask their user", "An app that asks has no pin: people say yes."),
    )


def transparency(page: Page, bench: Bench) -> Question:
    """Certificate transparency."""
    from inspector.learn.experiments.shop import Shop, visit
    from inspector.learn.experiments.transparency import Log, promises_kept, with_promises
    from inspector.trust.facts import load, read_facts

    logs, issuer = (Log(), Log()), bench.have(authority)
    published = with_promises(issuer, bench.have(certificate), logs)
    user, proxy = bench.have(both_trusted), bench.have(middle)
    page.say(
        "What if an authority that all browsers trust vouches for the wrong one, by mistake or under pressure? Since "
        "2018 browsers ask for its certificates to be in public logs. Here are two logs, made for this step. The "
        "authority shows them the certificate, each signs a promise to publish it (an SCT), and both go into it:"
    )
    with Shop(serving(bench, published)) as server:
        direct, through = (visit(server.port, user, proxy=each) for each in (None, proxy.port))
    if direct.certificate is None or through.certificate is None:
        raise Unexpected("a client refused where it should not")
    for log in logs:
        page.octets("log", log.id, f"has an entry for {log.entries[0][0]}", most=12)
    page.gap()
    rows = []
    above = {"the shop's": issuer.certificate, "the proxy's": load(_der(proxy.ca_path))}
    counts = []
    for (whose, parent), met in zip(above.items(), (direct, through), strict=True):
        der = met.certificate or b""
        counts.append(promises_kept(load(der), parent, logs))
        rows.append(
            (whose, f"{len(read_facts(der).scts)} promises in it, {counts[-1]} with a good signature of a known log")
        )
    if counts != [2, 0]:
        raise Unexpected(f"the promises were {counts}, not 2 and 0")
    page.rows(rows)
    page.say(
        "The proxy has no log that would sign for it. A client that demands two promises refuses it, whoever it "
        "trusts; and the shop, which watches the logs for its name, would find an entry that it never asked for."
    )
    page.aside(
        "Told, not shown: browsers demand this of the authorities they ship (Chromium: "
        "`ERR_CERTIFICATE_TRANSPARENCY_REQUIRED`), and not of one that you added. It guards against authorities."
    )
    return ask(
        "Why does Chromium still accept this proxy, once you trust its authority?",
        right(
            "it is your own authority", "Logs are demanded of public ones. What you add is held to be your decision."
        ),
        wrong("the proxy forges the promises", "It would need the logs' private keys."),
        wrong("it does not look at promises", "It does, at those of every authority it ships."),
    )


def _der(pem: Path) -> bytes:
    from inspector.trust.pem import certificates_in

    return certificates_in(pem.read_bytes())[0]


def client_certificates(page: Page, bench: Bench) -> Question:
    """Mutual TLS through a proxy."""
    from cryptography.x509.oid import ExtendedKeyUsageOID

    from inspector.learn.experiments.shop import Shop, visit

    issuer, proxy = bench.have(authority), bench.have(middle)
    staff = serving(bench, bench.have(certificate))
    staff.verify_mode = ssl.CERT_OPTIONAL
    staff.load_verify_locations(cadata=issuer.certificate_pem.decode("ascii"))
    ada = issuer.issue(["ada.test"], usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
    files = ada.write(bench.directory, f"ada-{time.monotonic_ns()}")
    user = bench.have(both_trusted)
    carrying = trusting(issuer.certificate_pem, proxy.ca_path.read_bytes())
    carrying.load_cert_chain(*files)
    page.say("A door that asks back: this server wants a certificate of its client too (mutual TLS). Three tries:")
    rows = []
    with Shop(staff) as server:
        for what, context, port in (
            ("without a certificate", user, None),
            ("with Ada's certificate", carrying, None),
            ("with hers, by the proxy", carrying, proxy.port),
        ):
            met = visit(server.port, context, proxy=port)
            met_or_not(met, what.startswith("with Ada"), what)
            rows.append((what, f"{met.status}: {met.answer.splitlines()[-1].decode()}"))
    page.rows(rows)
    page.say(
        "Ada's certificate did not help through the proxy. A client proves that a certificate is its own by signing "
        "the handshake it is in. There are two handshakes here, with different keys in them: a signature in the one "
        "says nothing in the other, and the proxy lacks Ada's key to make a second."
    )
    return ask(
        "Could the proxy pass Ada's signature on to the server?",
        wrong(
            "yes, it is the same person",
            "The signature covers every message of one handshake, and the server saw others.",
        ),
        right("no, it was made over another handshake", "So mutual TLS keeps out even a proxy that is trusted by all."),
        wrong("yes, with --insecure", "That is about what the proxy accepts, and here the server refuses."),
    )


def remains(page: Page, _: Bench) -> Question:
    """What to take away."""
    page.say("What you have seen, in five lines:")
    page.rows(
        [
            ("encryption", "keeps everybody out but the one at the other end, whoever that is"),
            ("a certificate", "says who it is; the client believes it because of somebody it trusts"),
            ("a proxy", "reads along where the client trusts its authority, and nowhere else"),
            ("it shows", "in the issuer and in the key; pins, client certificates and logs are stricter than trust"),
            ("the weak place", "is the list of those you trust. Look at it before you add to it"),
        ]
    )
    page.say(
        "Everything was on this machine: the authorities and keys of this lesson go away now. Where to go from here:"
    )
    page.rows(
        [
            ("inspector learn trust", "certificates, taken apart one by one"),
            ("inspector proxy --browser", "be the man in the middle of your own browser, for a session"),
            ("inspector trust status", "which authority the proxy has here, and who trusts it"),
            ("inspector trust show HOST", "who vouches for a site you use"),
        ]
    )
    return ask(
        "Somebody asks you to install a certificate, so that the network works. What do you allow?",
        wrong("the network to see which sites you visit", "That it could see before, by their names."),
        right(
            "whoever has its key to read all you do there",
            "Every site, every password, without a warning. At work that may be the rule; then it is good to know.",
        ),
        wrong("a faster connection", "It has nothing to do with speed."),
    )


STEPS = (
    Step("Defence: name, dates, issuer", checked),
    Step("Defence: HTTPS only (HSTS)", hsts),
    Step("Defence: a key one knows (pinning)", pinning),
    Step("Defence: everybody can look (transparency)", transparency),
    Step("Defence: the server asks back (client certificates)", client_certificates),
    Step("What remains", remains),
)

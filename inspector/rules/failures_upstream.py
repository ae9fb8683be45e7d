"""Servers that a recording proxy could not make a TLS connection with: what is wrong with the certificate, or no match.

The proxy checks servers' certificates as a browser would, against the public authorities and the system's, or those it
was given. What it refuses, a browser would refuse too, with a warning of its own instead of the proxy's 502.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from inspector import words
from inspector.report import Severity
from inspector.rules import failure_kinds as kinds
from inspector.rules.base import Finding, Rule, failure, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspector.subject import Subject

RFC5280 = "https://www.rfc-editor.org/rfc/rfc5280#section-"
RFC8446 = "https://www.rfc-editor.org/rfc/rfc8446#section-"
RFC9525 = "https://www.rfc-editor.org/rfc/rfc9525#section-"
BASELINE = "https://cabforum.org/working-groups/server/baseline-requirements/requirements/"

_EXAMPLE = """
        # recorder: proxy
        # side: server
        # error: {}
        GET https://shop.test/ HTTP/1.1
        """
_OTHER = _EXAMPLE.format("[Errno 111] Connect call failed ('192.0.2.7', 443)")
_INSECURE = "To look at it all the same, for a server of your own: `--insecure`."


def _refused(error: str) -> str:
    return _EXAMPLE.format(f"Certificate verify failed: {error}")


def _rule(
    slug: str, title: str, references: tuple[str, ...], what: str, why: str, fix: str, shows: str
) -> Callable[[Callable[[Subject], Finding]], Rule]:
    """A rule of this module: asked where an exchange failed, speaks where the failure is of its kind."""

    def decorate(tell: Callable[[Subject], Finding]) -> Rule:
        def check(x: Subject) -> Finding | None:
            return _final(x, slug, tell(x)) if kinds.kind_of(x) == slug else None

        return rule(
            f"tls/{slug}",
            Severity.ERROR,
            title,
            on=failure(),
            references=references,
            what=what,
            why=why,
            fix=fix,
            shows=shows,
            quiet=_OTHER,
        )(check)

    return decorate


_CERTIFICATE = frozenset(
    {
        "upstream-expired",
        "upstream-not-yet-valid",
        "upstream-wrong-name",
        "upstream-self-signed",
        "upstream-unknown-issuer",
        "upstream-weak",
        "upstream-revoked",
        "upstream-unfit",
    }
)


def _final(x: Subject, slug: str, found: Finding) -> Finding:
    """With what HSTS makes of a certificate's fault: a warning that nobody can pass (RFC 6797, section 12.1)."""
    known = x.session.blocking.hsts.find(x.url.host, x.started) if slug in _CERTIFICATE else None
    if known is None:
        return found
    whose = kinds.host(x) if known.host == x.url.host.rstrip(".") else f"`{known.host}`, for its subdomains too,"
    more = (
        f" Earlier in this recording {whose} asked for https alone (`Strict-Transport-Security`): a browser that "
        "heeded it shows no way past its warning."
    )
    return structs.replace(found, detail=found.detail + more)


def _finding(x: Subject, detail: str, fix: str, mark: str | None = None, title: str | None = None) -> Finding:
    return Finding(detail, fix, (kinds.message(x, mark), *kinds.certificate_evidence(x)), title)


@_rule(
    "upstream-expired",
    "The server's certificate has expired",
    (RFC5280 + "4.1.2.5",),
    what="The certificate of the server, or one above it, is past its last day, so the proxy did not go on.",
    why="""
        After that day nobody vouches for the key any more: the authority no longer says whether it was stolen. Browsers
        show a warning over the whole page, and one that has seen `Strict-Transport-Security` lets nobody past it.
        """,
    fix="Whoever runs the server renews the certificate and lets a program do it from now on (ACME).",
    shows=_refused("certificate has expired"),
)
def expired(x: Subject) -> Finding:
    """Since when, and whether it is the leaf."""
    shown = kinds.presented(x)
    started = x.started
    detail = f"The certificate that {kinds.host(x)} showed is past its last day"
    if shown is not None and shown.not_after is not None:
        if started is None or shown.not_after < started:
            ago = f", {words.duration(started - shown.not_after)} ago" if started is not None else ""
            detail = f"The certificate that {kinds.host(x)} showed was valid until {words.moment(shown.not_after)}{ago}"
        else:
            detail = (
                f"{kinds.host(x)} showed a certificate that is valid, below an authority's certificate that is past "
                f"its "
                "last day"
            )
    return _finding(
        x,
        f"{detail}. The proxy refused it and answered 502 in the server's place; a browser would show a warning.",
        f"Whoever runs the server renews the certificate, and reloads the server: many keep the old file in memory. "
        f"If the date here is wrong instead, set this machine's clock. {_INSECURE}",
        "expired",
    )


@_rule(
    "upstream-not-yet-valid",
    "The server's certificate is not valid yet",
    (RFC5280 + "4.1.2.5",),
    what="The certificate's first day is still to come, by this machine's clock.",
    why="Nearly always one of two clocks is wrong: that of this machine, or that of the machine that made it.",
    fix="Set this machine's clock; else make the certificate anew on a machine whose clock is right.",
    shows=_refused("certificate is not yet valid"),
)
def not_yet_valid(x: Subject) -> Finding:
    """From when."""
    shown = kinds.presented(x)
    start = shown.not_before if shown is not None else None
    since = f"{words.moment(start)} on" if start is not None else "a later day on"
    return _finding(
        x,
        f"The certificate that {kinds.host(x)} showed is valid from {since}. By this machine's clock that is "
        "still to come, "
        "so the proxy refused it.",
        f"Check this machine's clock first. If it is right, make the certificate anew. {_INSECURE}",
        "not yet valid",
    )


@_rule(
    "upstream-wrong-name",
    "The server's certificate is for another name",
    (RFC9525 + "6", RFC5280 + "4.2.1.6"),
    what="None of the names in the certificate is the host that was asked for.",
    why="""
        The name is what ties a certificate to the place one meant to go: any site's owner has a valid certificate, for
        its own name. Only the subject alternative names count; the common name has been ignored for years.
        """,
    fix="Get a certificate that lists the host, or ask for the host by a name the certificate has.",
    shows=_refused("hostname mismatch"),
)
def wrong_name(x: Subject) -> Finding:
    """Asked for, and listed."""
    shown = kinds.presented(x)
    names = shown.names if shown is not None else None
    listed = f"it is for {words.listed(words.ticked(names))}" if names else "it lists no name at all"
    if names is None:
        listed = "it is for others"
    first = next((name for name in names or () if not name.startswith("*")), None)
    other = f", or ask for `{first}`" if first else ""
    return _finding(
        x,
        f"{kinds.host(x)} was asked for, and the certificate that came does not list it: {listed}. The proxy refused "
        "it.",
        f"Whoever runs the server gets a certificate whose subject alternative names list {kinds.host(x)}{other}. A "
        "wildcard stands for one label: `*.shop.test` covers `www.shop.test`, not `shop.test` or `a.b.shop.test`. "
        f"{_INSECURE}",
        "mismatch",
    )


@_rule(
    "upstream-self-signed",
    "The server's certificate is signed by itself alone",
    (RFC5280 + "6.1",),
    what="The chain ends in a certificate that signed itself and is not among the trusted authorities.",
    why="""
        Anybody can make such a certificate, for any name. It is common on development machines, appliances and behind
        company proxies, and indistinguishable from an attacker's until somebody compares fingerprints.
        """,
    fix="Give the proxy that certificate (or its authority's) to trust: `--upstream-ca FILE.pem`.",
    shows=_refused("self-signed certificate"),
)
def self_signed(x: Subject) -> Finding:
    """The leaf itself, or the root it came with."""
    failed = x.exchange.failure
    inside = failed is not None and "in certificate chain" in failed.message
    chain = x.exchange.server.tls.chain if x.exchange.server.tls is not None else None
    root = chain[-1].subject if inside and chain else None
    if inside:
        what = f"The chain that {kinds.host(x)} showed ends in an authority of its own"
        what += f" (`{root[:100]}`)" if root else ""
        what += ", which the proxy does not know"
    else:
        what = f"The certificate that {kinds.host(x)} showed vouches for itself: nobody else signed it"
    return _finding(
        x,
        f"{what}. The proxy refused it, as a browser would.",
        "If the server is yours, give its certificate, or the authority's, to the proxy: `--upstream-ca FILE.pem` (it "
        "then takes the place of the public authorities). A company network that puts its own authority into every "
        f"chain hands out the file. {_INSECURE}",
        "self-signed certificate",
        "The chain ends in an authority the proxy does not know" if inside else None,
    )


@_rule(
    "upstream-unknown-issuer",
    "The issuer of the server's certificate is not known",
    (RFC5280 + "6.1", RFC8446 + "4.4.2"),
    what="No path leads from the server's certificate to an authority the proxy trusts.",
    why="""
        Either the server leaves out an intermediate certificate (browsers often hide that, because they remember or
        fetch it; curl, Java and this proxy do not), or the authority is a private one.
        """,
    fix="The server sends its whole chain; for a private authority, `--upstream-ca FILE.pem`.",
    shows=_refused("unable to get local issuer certificate"),
)
def unknown_issuer(x: Subject) -> Finding:
    """Missing intermediate, or a private authority."""
    tls = x.exchange.server.tls
    chain = tls.chain if tls is not None and tls.chain else ()
    who = (
        f"`{chain[-1].issuer[:100]}`, and the proxy knows no authority of that name"
        if chain
        else "an unknown authority"
    )
    alone = len(chain) == 1
    sent = "It sent that one certificate alone, without an intermediate. " if alone else ""
    return _finding(
        x,
        f"The certificate that {kinds.host(x)} showed is signed by {who}. {sent}The proxy refused the connection.",
        "If it is a public authority, whoever runs the server adds the intermediate certificate (the authority's "
        '"chain" or "fullchain" file). That it works in a browser proves nothing: browsers fetch what is missing. If '
        f"the authority is private, give it to the proxy: `--upstream-ca FILE.pem`. {_INSECURE}",
        "issuer certificate",
    )


@_rule(
    "upstream-weak",
    "The server's certificate or key is too weak",
    (BASELINE, RFC8446 + "4.2.3"),
    what="A key too short, or a signature by an algorithm that can be forged (SHA-1, MD5).",
    why="An attacker with enough computers could make a second certificate, or the key, that nobody can tell apart.",
    fix="A new certificate with an EC P-256 key, or RSA of 2048 bits and more, signed with SHA-256 or better.",
    shows=_refused("EE certificate key too weak"),
)
def weak(x: Subject) -> Finding:
    """Which part, as far as it was seen."""
    shown = kinds.presented(x)
    facts = [fact for fact in ((shown.key, shown.signature) if shown is not None else ()) if fact]
    has = f" (its leaf: {', '.join(f'`{fact}`' for fact in facts)})" if facts else ""
    return _finding(
        x,
        f"What {kinds.host(x)} showed{has} is weaker than TLS libraries accept today, so the handshake ended there.",
        "Whoever runs the server gets a certificate with an EC P-256 or RSA 2048 key, signed with SHA-256; if it is an "
        f"authority's certificate that is weak, the whole chain has to be replaced. {_INSECURE}",
    )


@_rule(
    "upstream-revoked",
    "A certificate was revoked",
    (RFC5280 + "5", RFC8446 + "6.2"),
    what="The other side, or the check, says that a certificate was taken back before its last day.",
    why="""
        Revocation means that the authority no longer stands for the key, usually because it leaked. Neither this proxy
        nor most clients ask for it on each connection, so that it is rarely seen here at all.
        """,
    fix="A new key and a new certificate; the revoked one cannot be rescued.",
    shows=_EXAMPLE.format("OpenSSL Error([('SSL routines', '', 'sslv3 alert certificate revoked')])"),
)
def revoked(x: Subject) -> Finding:
    """By whom."""
    theirs = kinds.alert(x) is not None
    detail = (
        f"{kinds.host(x)} says that the client certificate it was shown is revoked"
        if theirs
        else f"The certificate that {kinds.host(x)} showed is revoked"
    )
    return _finding(
        x, f"{detail}, and the handshake ended.", "Make a new key and have a new certificate issued for it."
    )


@_rule(
    "upstream-unfit",
    "The server's certificate is not fit for this",
    (RFC5280 + "6.1", RFC5280 + "4.2.1.12"),
    what="The chain breaks one of the rules for certificates: purpose, constraints, an issuer that is no authority.",
    why="These rules keep a certificate that was issued for one purpose from being used for another.",
    fix="A certificate for servers (`serverAuth`), issued by an authority that may issue for this name.",
    shows=_refused("unsuitable certificate purpose"),
)
def unfit(x: Subject) -> Finding:
    """OpenSSL's own word for the rule."""
    failed = x.exchange.failure
    said = failed.message.partition(": ")[2] if failed is not None else ""
    return _finding(
        x,
        f"The certificate that {kinds.host(x)} showed may not be used like this: {said[:120]}. The proxy refused it.",
        "Whoever runs the server gets one that is issued for servers, by an authority that may vouch for this name. "
        f"{_INSECURE}",
        said or None,
    )


@_rule(
    "upstream-not-tls",
    "The server does not speak TLS here",
    (RFC8446 + "5.1",),
    what="The answer to the first TLS message was not TLS: another protocol listens on that port.",
    why="Usually plain HTTP is served on the port, and the URL says https; or a proxy in between answered in plain "
    "text.",
    fix="Use `http://`, or the port that has TLS; or switch TLS on in the server.",
    shows=_EXAMPLE.format("The remote server does not speak TLS."),
)
def not_tls(x: Subject) -> Finding:
    """Scheme against port."""
    return _finding(
        x,
        f"The proxy began a TLS handshake with {kinds.target(x)}, because the URL says https, and what came back was "
        "not TLS. Most likely plain HTTP is served there.",
        "Ask for `http://` on this port, or find the port that has TLS (often 443 or 8443). Whoever runs the server "
        "switches TLS on for it: in nginx, `listen … ssl`.",
    )


@_rule(
    "upstream-no-common",
    "Proxy and server have no TLS version or cipher in common",
    (RFC8446 + "4.1.1", RFC8446 + "6.2"),
    what="The server ended the handshake because nothing that was offered suits it, or the other way round.",
    why="""
        A server that knows only old versions, or insists on a cipher nobody offers any more, cannot be reached by
        modern clients. The same alert, `handshake failure`, comes from a server that wants a client certificate.
        """,
    fix="The server enables TLS 1.2 and 1.3 with current ciphers.",
    shows=_EXAMPLE.format("OpenSSL Error([('SSL routines', '', 'sslv3 alert handshake failure')])"),
)
def no_common(x: Subject) -> Finding:
    """Version or cipher, as far as the alert tells."""
    failed = x.exchange.failure
    said = failed.message.lower() if failed is not None else ""
    version = "version" in said or "unsupported protocol" in said
    protocol = "application protocol" in said
    what = "TLS version" if version else "application protocol (ALPN)" if protocol else "TLS cipher or signature"
    alert = kinds.alert(x)
    by = f"The server ended the handshake with the alert `{alert}`" if alert else "The handshake ended"
    maybe = "" if version or protocol else " Some servers say the same when they want a client certificate."
    return _finding(
        x,
        f"{by}: the proxy and {kinds.host(x)} have no {what} in common.{maybe}",
        "Whoever runs the server enables TLS 1.2 and 1.3 with current ciphers. For an old server that cannot, lower "
        "what the proxy accepts for this run: `--set tls_version_server_min=TLS1` and `--set "
        'ciphers_server="ALL:@SECLEVEL=0"`. A client certificate is given with `--set client_certs=FILE.pem`.',
        title=f"No {what} in common with the server" if not version else "No TLS version in common with the server",
    )


@_rule(
    "upstream-wants-certificate",
    "The server wants a client certificate",
    (RFC8446 + "4.4.2", RFC8446 + "6.2"),
    what="The server asked the proxy, which is its client, for a certificate, and refused what it got or the lack of "
    "it.",
    why="""
        With client certificates (mutual TLS) the server knows who calls. A proxy in between has no access to the key of
        the client behind it, so that it has to be given one of its own: that is what they protect from.
        """,
    fix="Give the proxy the client's certificate and key: `--set client_certs=FILE.pem`.",
    shows=_EXAMPLE.format("OpenSSL Error([('SSL routines', '', 'tlsv13 alert certificate required')])"),
)
def wants_certificate(x: Subject) -> Finding:
    """Which alert."""
    return _finding(
        x,
        f"{kinds.host(x)} ended the handshake with the alert `{kinds.alert(x)}`: it wants a client certificate, and "
        f"the "
        "proxy's was missing or not to its liking. The client's own cannot pass through a proxy.",
        "Put certificate and key into one PEM file and give it to the proxy: `--set client_certs=FILE.pem`. Or let "
        "this "
        "host pass untouched: `--ignore-hosts`.",
    )


@_rule(
    "upstream-unknown-name",
    "The server knows no host of this name",
    ("https://www.rfc-editor.org/rfc/rfc6066#section-3",),
    what="The server ended the handshake with `unrecognized name`: the name in SNI is none of its own.",
    why="One address serves many names; the name in the handshake chooses the certificate. This one is not among them.",
    fix="Check the name and where it leads; add it to the server's configuration.",
    shows=_EXAMPLE.format("OpenSSL Error([('SSL routines', '', 'tlsv1 unrecognized name')])"),
)
def unknown_name(x: Subject) -> Finding:
    """The name sent."""
    tls = x.exchange.server.tls
    sent = tls.sni if tls is not None and tls.sni else None
    named = f"`{sent}`" if sent else kinds.host(x)
    return _finding(
        x,
        f"The server that {kinds.host(x)} leads to says that it serves no host of the name {named} (alert "
        "`unrecognized name`).",
        "Check the spelling and what the name resolves to (`--resolve` counts too). Whoever runs the server adds the "
        "name to its configuration.",
    )


@_rule(
    "upstream-handshake",
    "The TLS handshake with the server failed",
    (RFC8446 + "6.2",),
    what="The handshake ended in a way that has no explanation of its own here.",
    why="The words of the TLS library name the step; a server's log often names the reason.",
    fix="Look into the server's log at the same moment, and try `openssl s_client -connect HOST:443`.",
    shows=_EXAMPLE.format("OpenSSL Error([('SSL routines', '', 'tlsv1 alert internal error')])"),
)
def handshake(x: Subject) -> Finding:
    """What is known: the alert."""
    alert = kinds.alert(x)
    by = f"{kinds.host(x)} ended it with the alert `{alert}`" if alert else f"it ended with {kinds.host(x)}"
    return _finding(
        x,
        f"The proxy's TLS handshake with the server did not succeed: {by}.",
        f"The server's log at this moment names the reason, or `openssl s_client -connect "
        f"{kinds.target(x).strip('`')}` "
        "shows it.",
    )

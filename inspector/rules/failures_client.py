"""Clients that would not go on with the recording proxy: they do not trust it, they pin, they have nothing in common.

Which of these it is shows in the TLS alert the client sends (RFC 8446, section 6.2), if it sends one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector.report import Evidence, Severity
from inspector.rules import failure_kinds as kinds
from inspector.rules.base import Finding, failure, rule
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.subject import Subject

RFC8446 = "https://www.rfc-editor.org/rfc/rfc8446#section-"
PINNING = "https://www.rfc-editor.org/rfc/rfc7469#section-2"

_EXAMPLE = """
        # recorder: proxy
        # side: client
        # error: {}
        CONNECT shop.test:443 HTTP/1.1
        User-Agent: curl/8.5.0
        """
_DISTRUST = "The client does not trust the proxy's certificate for shop.test (tlsv1 alert unknown ca)"
_LEFT = "The client disconnected during the handshake."

_ADVICE: tuple[tuple[str, str], ...] = (
    (r"curl/", "for curl, `--cacert FILE`, or start it inside: `inspector proxy -- curl …`"),
    (r"git/", "for git, `git -c http.sslCAInfo=FILE …`, or start it inside: `inspector proxy -- git …`"),
    (r"Firefox/", "in Firefox, Settings, Certificates, Authorities, Import; or `inspector proxy --browser firefox`"),
    (r"Edg/", "use `inspector proxy --browser edge`, or install the certificate in the system's store"),
    (r"Chrome/|Chromium", "use `inspector proxy --browser chromium`, or install the certificate in the system's store"),
    (r"Java/|okhttp|Apache-HttpClient", "for Java, a truststore: `-Djavax.net.ssl.trustStore=…`; on Android, apps "
     "trust certificates a person installed only where their network security configuration says so"),
    (r"node|undici|axios", "for Node.js, `NODE_EXTRA_CA_CERTS=FILE`"),
    (r"python|httpx|aiohttp|urllib", "for Python, `SSL_CERT_FILE` and `REQUESTS_CA_BUNDLE`, naming a bundle with both"),
    (r"Go-http-client", "for Go, `SSL_CERT_FILE=BUNDLE`"),
    (r"CFNetwork|Darwin", "on Apple systems, install the certificate and switch it on (Certificate Trust Settings)"),
)  # fmt: skip
_ANY = (
    "Start the program inside, where that is settled: `inspector proxy -- COMMAND` or `inspector proxy --browser`. Or "
    "give it the proxy's certificate to trust (http://mitm.it, opened through the proxy, has it for every system)"
)


def _fix(x: Subject) -> str:
    agent = x.req.get("user-agent") or ""
    for pattern, advice in _ADVICE:
        if re.search(pattern, agent):
            return f"{_ANY}; {advice}."
    return f"{_ANY}."


def _who(x: Subject) -> str:
    agent = x.req.get("user-agent")
    return f"The client (`{brief(x.shown('request', 'user-agent'), 60)}`)" if agent else "The client"


def _evidence(x: Subject) -> tuple[Evidence, ...]:
    agent = (x.request_field("user-agent"),) if "user-agent" in x.req else ()
    return (kinds.message(x, kinds.alert(x)), *agent)


@rule(
    "tls/client-distrusts",
    Severity.ERROR,
    "The client does not trust the proxy's authority",
    on=failure(),
    references=(RFC8446 + "6.2",),
    what="The client was shown the certificate the proxy made for the host, did not accept it, and hung up.",
    why="""
        That is TLS doing its work: whoever sits in between has to show a certificate, and the client only accepts one
        from an authority it knows. Until it knows the proxy's, there is nothing to see of what it wanted to send.
        """,
    fix=f"{_ANY}.",
    unless="Clients that pin certificates refuse on purpose, whatever is installed.",
    shows=_EXAMPLE.format(_DISTRUST),
    quiet=_EXAMPLE.format(_LEFT),
)
def distrusts(x: Subject) -> Finding | None:
    """Told by the alert, unless the same client trusts the proxy elsewhere."""
    if kinds.kind_of(x) != "client-distrusts" or x.session.clients.trusts_at(x) is not None:
        return None
    alert = kinds.alert(x)
    by = f" with the alert `{alert}`" if alert else ""
    return Finding(
        f"{_who(x)} refused the certificate that the proxy made for {kinds.host(x)} and ended the handshake{by}: it "
        f"does "
        "not know the proxy's certificate authority. The server had no part in this.",
        _fix(x),
        _evidence(x),
    )


@rule(
    "tls/client-pins",
    Severity.WARNING,
    "The client accepts only a certificate it knows here",
    on=failure(),
    references=(PINNING, RFC8446 + "6.2"),
    what="A client that trusts the proxy for other hosts refuses its certificate for this one.",
    why="""
        Apps of banks and many others carry the key, or the authority, that their own server must show (pinning): it
        protects from exactly what an inspecting proxy does. Nothing that is installed on the machine changes that.
        """,
    fix="Let the host pass untouched (`--ignore-hosts`), or use a build of the app without pinning.",
    unless="A client may also have one store of authorities for some requests and another one for others.",
    shows="""
        # recorder: proxy
        GET https://partner.example/ HTTP/1.1
        User-Agent: ShopApp/3.1

        HTTP/1.1 200 OK
        ---
        # recorder: proxy
        # side: client
        # error: The client does not trust the proxy's certificate for shop.test (sslv3 alert bad certificate)
        CONNECT shop.test:443 HTTP/1.1
        User-Agent: ShopApp/3.1
        """,
    quiet=_EXAMPLE.format(_DISTRUST),
)
def pins(x: Subject) -> Finding | None:
    """Refuses here what it accepts elsewhere."""
    if kinds.kind_of(x) != "client-distrusts":
        return None
    elsewhere = x.session.clients.trusts_at(x)
    if elsewhere is None:
        return None
    return Finding(
        f"{_who(x)} refused the proxy's certificate for {kinds.host(x)}, and accepted the one for `{elsewhere}`: it "
        "trusts the proxy's authority, but for this host it insists on a certificate or key of its own (pinning).",
        f"Let the host pass without being looked into: `--ignore-hosts '^{re.escape(kinds.host(x).strip('`'))}:'`. To "
        f"see "
        "inside, the app itself has to allow it: a debug build, or its switch for pinning.",
        _evidence(x),
        certainty="likely",
    )


@rule(
    "tls/client-left",
    Severity.NOTE,
    "The client left during or after the TLS handshake",
    on=failure(),
    references=(RFC8446 + "6.2",),
    what="The client closed the connection before it had sent a request, without saying why.",
    why="""
        Two very different things look like this. Browsers open connections to spare and drop those they do not need.
        And clients that check the certificate after the handshake, as apps with pinning do, leave like this when they
        do not accept it.
        """,
    fix="Nothing where exchanges with the host do appear. Where none does, give the client the certificate to trust.",
    shows=_EXAMPLE.format(_LEFT),
    quiet=_EXAMPLE.format(_DISTRUST),
)
def left(x: Subject) -> Finding | None:
    """A connection to spare, where the client is known to trust the proxy; else one of two things."""
    if kinds.kind_of(x) != "client-left":
        return None
    elsewhere = x.session.clients.trusts_at(x)
    if elsewhere is not None:
        return Finding(
            f"{_who(x)} closed a connection to {kinds.host(x)} that it had not used. It accepted the proxy's "
            f"certificate "
            f"for `{elsewhere}`, so that this is most likely a connection to spare.",
            None,
            _evidence(x),
            title="A connection was closed unused",
            severity=Severity.INFO,
            certainty="likely",
        )
    return Finding(
        f"{_who(x)} closed its connection to {kinds.host(x)} in the TLS handshake or right after it, without an alert "
        f"and "
        "without a request. Either it was a connection to spare, or it does not accept the proxy's certificate and "
        "says "
        "so by leaving, as apps with pinning do.",
        f"If exchanges with this host appear, nothing. If not: {_fix(x)[0].lower()}{_fix(x)[1:]}",
        _evidence(x),
        certainty="unknown",
        condition="whether the client ever sends a request to this host",
    )


@rule(
    "tls/client-no-common",
    Severity.ERROR,
    "Client and proxy have no TLS version or cipher in common",
    on=failure(),
    references=(RFC8446 + "4.1.1",),
    what="The client offers only TLS versions or ciphers that the proxy does not accept.",
    why="Old clients (TLS 1.0, 1.1) are refused by default, as today's servers refuse them.",
    fix="Update the client; for one that cannot be, lower what the proxy accepts: `--set tls_version_client_min=TLS1`.",
    shows=_EXAMPLE.format("Client and mitmproxy cannot agree on a TLS version to use."),
    quiet=_EXAMPLE.format(_LEFT),
)
def no_common(x: Subject) -> Finding | None:
    """Version, or cipher."""
    if kinds.kind_of(x) != "client-no-common":
        return None
    failed = x.exchange.failure
    cipher = failed is not None and "cipher" in failed.message
    what = "cipher" if cipher else "TLS version"
    setting = '`--set ciphers_client="ALL:@SECLEVEL=0"`' if cipher else "`--set tls_version_client_min=TLS1`"
    return Finding(
        f"{_who(x)} offered no {what} that the proxy accepts, so the handshake for {kinds.host(x)} ended before it "
        f"began. "
        "Whether the server would have accepted it is not known.",
        f"Update the client. For one that cannot be, lower what the proxy accepts for this run: {setting}.",
        _evidence(x),
        title=f"No {what} in common with the client",
    )


@rule(
    "tls/client-handshake",
    Severity.ERROR,
    "The TLS handshake with the client failed",
    on=failure(),
    references=(RFC8446 + "6.2",),
    what="The handshake between client and proxy ended in a way that has no explanation of its own here.",
    why="The words of the TLS library name the step at which it ended; the client's own log often names the reason.",
    fix="Look at what the client says; if it is about trust, give it the proxy's certificate.",
    shows=_EXAMPLE.format(
        "The client may not trust the proxy's certificate for shop.test (OpenSSL Error([('', '', 'x')]))"
    ),
    quiet=_EXAMPLE.format(_LEFT),
)
def handshake(x: Subject) -> Finding | None:
    """What is known: the alert."""
    if kinds.kind_of(x) != "client-handshake":
        return None
    alert = kinds.alert(x)
    by = f" with the alert `{alert}`" if alert else ""
    return Finding(
        f"{_who(x)} and the proxy did not come to an end of the handshake for {kinds.host(x)}{by}. The server had no "
        f"part "
        "in this.",
        f"What the client itself says about it comes first. {_fix(x)}",
        _evidence(x),
        certainty="likely" if alert is None else "certain",
    )

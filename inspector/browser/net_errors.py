"""Why a request got no response: Chromium's ``net::ERR_…`` names and other recorders' messages, in words.

Chromium's names are those of its ``net/base/net_error_list.h``, which developers see in DevTools and in recordings.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, cast

from msgspec import Struct

from inspector.patterns import compile_late

REFERENCE = "https://chromium.googlesource.com/chromium/src/+/main/net/base/net_error_list.h"

Family = Literal["stopped", "blocked", "dns", "connection", "tls", "proxy", "protocol", "redirect", "cache", "unknown"]
"""``stopped``: the client itself gave up. ``blocked``: the browser, an extension or a policy refused."""


class NetError(Struct, frozen=True):
    """What one error means: `outcome` completes a title ("No response: …"), `says` is a sentence or two, and
    `next` what to look at, in the actor's terms."""

    family: Family
    outcome: str
    says: str
    next: str | None = None


# name, without net::ERR_ | family | outcome; then what it means; after ">" what to look at
_ERRORS = """
ABORTED | stopped | the client cancelled it
    The client gave the request up before a response was complete: the page was left, the element was removed,
    script called `abort()`, a newer navigation replaced it, or it became a download. The server is not at
    fault.
FAILED | blocked | the browser reports a network error
    `net::ERR_FAILED` is what Chromium records when the browser itself ends a request without a more exact name;
    a failed CORS check or preflight looks like this.
  > Look at the preflight (`OPTIONS`) of the same URL, if there is one, and at the browser's console.
BLOCKED_BY_CLIENT | blocked | blocked inside the browser
    Something in the browser stopped the request, most often an ad blocker or another extension. Nothing is
    wrong with the server: it never saw the request, or the browser withholds what it answered.
  > Try again in a window without extensions.
BLOCKED_BY_ADMINISTRATOR | blocked | blocked by policy
    A policy set by the administrator of this browser forbids the address. Nothing is wrong with the server: it
    never saw the request, or the browser withholds what it answered.
BLOCKED_BY_RESPONSE | blocked | blocked by a field of the response
    A response arrived, and one of its fields forbids its use here: `Cross-Origin-Resource-Policy`,
    `Cross-Origin-Embedder-Policy`, `X-Frame-Options` or `frame-ancestors`.
BLOCKED_BY_ORB | blocked | blocked by Opaque Response Blocking
    A cross-origin response was asked for without CORS, and it is none of the types (image, script, style,
    media) that may be embedded so; Chromium hides it from the page's process.
  > The server sends the right `Content-Type`, or the page asks with CORS (`crossorigin`) and the server allows
  > it.
BLOCKED_BY_CSP | blocked | blocked by the page's Content-Security-Policy
    The page's own policy does not list this address for this kind of request. Nothing is wrong with the server:
    it never saw the request, or the browser withholds what it answered.
  > Add the origin to the directive that the browser's console names, in the page's `Content-Security-Policy`.
BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS | blocked | blocked: a public page asked for a local address
    A page from the public network asked for an address in the local network, which needs the user's permission.
NAME_NOT_RESOLVED | dns | the host name does not resolve
    The DNS has no address for `{host}`, or none was to be had.
  > Check the name's spelling, and its DNS records.
DNS_TIMED_OUT | dns | the DNS did not answer
    No DNS server answered in time for `{host}`.
ICANN_NAME_COLLISION | dns | the host name collides with a new top-level domain
    `{host}` resolves to 127.0.53.53, which marks a private name that has become a public one.
INTERNET_DISCONNECTED | connection | this machine is offline
    The machine had no network connection.
NETWORK_CHANGED | connection | the network changed
    The machine switched networks (Wi-Fi, VPN) while the request was under way.
NETWORK_IO_SUSPENDED | stopped | the machine went to sleep
    Network traffic was suspended meanwhile.
CONNECTION_REFUSED | connection | nothing listens on that port
    The machine at `{host}` answered that port {port} is closed: the server is not running there, or a firewall
    rejects the connection.
  > Start the server, or correct the port.
CONNECTION_RESET | connection | the connection was reset
    The other side, or something in between, tore the TCP connection down without a response.
  > Look into the server's log at this time: crashed worker, limit reached, or a firewall on the way.
CONNECTION_CLOSED | connection | the connection was closed
    The server closed the connection before it had sent a response.
CONNECTION_ABORTED | connection | the connection broke
    The connection was aborted before a response.
CONNECTION_FAILED | connection | no connection
    No connection to `{host}`, port {port}, came about.
CONNECTION_TIMED_OUT | connection | the server cannot be reached
    `{host}` did not answer the attempt to connect to port {port} at all: it is down, or a firewall drops the
    packets.
ADDRESS_UNREACHABLE | connection | no route to the server
    There is no network route to the address of `{host}`.
ADDRESS_INVALID | connection | the address is invalid
    `{host}`, port {port}, is no address to connect to.
UNSAFE_PORT | blocked | the port is on the browsers' blocklist
    Browsers refuse port {port}, because another protocol than HTTP lives there (Fetch, "bad port").
  > Run the server on another port.
TIMED_OUT | connection | it took too long
    The operation did not finish in time.
EMPTY_RESPONSE | protocol | the server sent nothing
    The server accepted the connection and closed it without sending a single byte.
  > Look into the server's log: a crash, or plain HTTP spoken to a port where TLS is expected (or the reverse).
INCOMPLETE_CHUNKED_ENCODING | protocol | the response was cut off
    The connection ended before the last chunk of a `Transfer-Encoding: chunked` response: the server died while
    writing, or something in between gave up.
CONTENT_LENGTH_MISMATCH | protocol | the response was cut off
    Fewer bytes arrived than `Content-Length` announced.
  > The server's `Content-Length` is wrong, or it died while writing.
CONTENT_DECODING_FAILED | protocol | the content does not decode
    The content is not in the coding that `Content-Encoding` names, or it is damaged.
  > Often something compresses twice, or a proxy unpacks without removing the field.
INVALID_RESPONSE | protocol | not a valid HTTP response
    What the server sent is not HTTP.
INVALID_HTTP_RESPONSE | protocol | not a valid HTTP response
    What the server sent is not HTTP.
INVALID_CHUNKED_ENCODING | protocol | invalid chunks
    The chunked coding of the response is broken.
RESPONSE_HEADERS_TOO_BIG | protocol | the response's fields are too large
    Chromium takes at most 256 kB of response fields.
RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH | protocol | two different `Content-Length` values
    Where a response ends is ambiguous, so it is refused.
RESPONSE_HEADERS_MULTIPLE_LOCATION | protocol | two different `Location` values
    Where the redirect leads is ambiguous, so it is refused.
RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION | protocol | two different `Content-Disposition` values
    What to do with the content is ambiguous, so the response is refused; often an unquoted file name has a
    comma.
HTTP2_PROTOCOL_ERROR | protocol | HTTP/2 was broken
    One side broke a rule of HTTP/2, so the stream or the connection ended. Behind a proxy it is often a field
    that HTTP/2 forbids, or a response longer or shorter than its `Content-Length`.
HTTP2_SERVER_REFUSED_STREAM | protocol | the server refused the stream
    The server did not process the request; it can be sent again.
HTTP2_PING_FAILED | connection | the HTTP/2 connection is dead
    No answer came to a PING frame.
HTTP2_INADEQUATE_TRANSPORT_SECURITY | tls | TLS too weak for HTTP/2
    HTTP/2 was negotiated over a TLS version or cipher that HTTP/2 forbids.
HTTP_1_1_REQUIRED | protocol | the server wants HTTP/1.1
    The server refused the stream for HTTP/2.
QUIC_PROTOCOL_ERROR | protocol | HTTP/3 failed
    The QUIC connection failed; a network that hinders UDP is a common cause.
QUIC_HANDSHAKE_FAILED | protocol | HTTP/3 failed
    The QUIC handshake did not complete.
TOO_MANY_REDIRECTS | redirect | too many redirects
    The browser followed 20 redirects and gave up. Usually two addresses point to each other, or a page
    redirects until a cookie is there that never gets stored.
UNSAFE_REDIRECT | redirect | unsafe redirect
    The redirect leads to a scheme the browser does not follow to (`file:`, `data:` …).
INVALID_REDIRECT | redirect | invalid redirect
    The address in `Location` cannot be used.
CACHE_MISS | cache | not in the cache
    The request was allowed to be answered from the cache only, and it is not there (going back to the result of
    a form, or `only-if-cached`).
CACHE_READ_FAILURE | cache | the cache could not be read
    A fault of the browser's own cache.
FILE_NOT_FOUND | unknown | no such file
    The local file does not exist.
ACCESS_DENIED | blocked | access denied
    The operating system or the browser denied access.
INSUFFICIENT_RESOURCES | stopped | the browser ran out of resources
    Too many requests were pending at once, or memory ran out.
UNKNOWN_URL_SCHEME | unknown | unknown scheme
    The browser has no idea what `{scheme}:` is.
DISALLOWED_URL_SCHEME | blocked | disallowed scheme
    The browser does not load `{scheme}:` here.
INVALID_URL | unknown | invalid URL
    The address cannot be read as a URL.
INVALID_AUTH_CREDENTIALS | unknown | authentication failed
    The server rejected the credentials.
TUNNEL_CONNECTION_FAILED | proxy | the proxy opened no tunnel
    The proxy answered the `CONNECT` request for `{host}` with an error.
  > Ask the proxy: its log names the reason (address forbidden, DNS, no connection).
PROXY_CONNECTION_FAILED | proxy | the proxy cannot be reached
    The browser is set to use a proxy, and nothing answers at its address.
PROXY_AUTH_REQUESTED | proxy | the proxy wants credentials
    The proxy asked for a sign-in.
PROXY_CERTIFICATE_INVALID | proxy | the proxy's certificate is invalid
    The TLS proxy is not trusted.
SOCKS_CONNECTION_FAILED | proxy | the SOCKS proxy failed
    The SOCKS proxy opened no connection.
SSL_PROTOCOL_ERROR | tls | no TLS could be agreed
    The TLS handshake broke. Often port {port} does not speak TLS at all, or the client was asked for something
    it does not have.
SSL_VERSION_OR_CIPHER_MISMATCH | tls | no common TLS version or cipher
    The server offers no TLS version or cipher suite this browser still accepts, or has no certificate for
    `{host}`.
  > Enable TLS 1.2 or 1.3 on the server, and give it a certificate for this name.
SSL_UNRECOGNIZED_NAME_ALERT | tls | the server does not know this name
    The server refused the handshake because it does not serve `{host}`.
SSL_CLIENT_AUTH_CERT_NEEDED | tls | a client certificate is needed
    The server demands a certificate of the client (mutual TLS).
BAD_SSL_CLIENT_AUTH_CERT | tls | the client certificate was rejected
    The server does not accept the client's certificate, or got none.
SSL_PINNED_KEY_NOT_IN_CERT_CHAIN | tls | the certificate is not the pinned one
    The chain holds none of the keys pinned for `{host}`.
SSL_KEY_USAGE_INCOMPATIBLE | tls | wrong key usage
    The certificate's key may not be used so.
CERT_AUTHORITY_INVALID | tls | the certificate's issuer is not trusted
    The server's certificate does not lead to a certificate authority this client trusts: self-signed, issued by
    a private authority (a proxy's, for example), or an intermediate certificate is missing.
  > The server sends the whole chain; for a private authority, this client has to be told to trust it. Look at the
  > certificate chain the server sends.
CERT_COMMON_NAME_INVALID | tls | the certificate is for another name
    `{host}` is not among the names (Subject Alternative Name) of the server's certificate.
  > Get a certificate that names the host. Look at the certificate chain the server sends.
CERT_DATE_INVALID | tls | the certificate has expired or is not yet valid
    The client's clock is outside the certificate's time of validity.
  > Renew the certificate; if it is valid, the client's clock is wrong. Look at the certificate chain the server
  > sends.
CERT_REVOKED | tls | the certificate is revoked
    Its issuer has withdrawn it.
  > Look at the certificate chain the server sends.
CERT_INVALID | tls | the certificate is invalid
    The certificate has errors.
  > Look at the certificate chain the server sends.
CERT_WEAK_SIGNATURE_ALGORITHM | tls | the certificate's signature is too weak
    It is signed with SHA-1 or older.
  > Look at the certificate chain the server sends.
CERT_WEAK_KEY | tls | the certificate's key is too weak
    Its key is too short.
  > Look at the certificate chain the server sends.
CERT_VALIDITY_TOO_LONG | tls | the certificate is valid for too long
    Browsers limit how long a public certificate may last.
  > Look at the certificate chain the server sends.
CERT_CONTAINS_ERRORS | tls | the certificate has errors
    It cannot be read.
  > Look at the certificate chain the server sends.
CERT_NAME_CONSTRAINT_VIOLATION | tls | the issuer may not sign for this name
    Its name constraints exclude `{host}`.
  > Look at the certificate chain the server sends.
CERTIFICATE_TRANSPARENCY_REQUIRED | tls | the certificate is not publicly logged
    Chromium demands Certificate Transparency.
  > Look at the certificate chain the server sends.
ECH_NOT_NEGOTIATED | tls | Encrypted Client Hello failed
    The server did not accept ECH.
CLIENT_DISTRUSTS_PROXY | tls | the client does not trust the proxy's certificate
    To read HTTPS, the proxy shows the client a certificate of its own making for `{host}`; this client does not
    trust the proxy's certificate authority and broke the handshake off.
  > Make the client trust the proxy's authority (`http://mitm.it`, opened through the proxy, says how). An app that
  > pins certificates cannot
  > be persuaded that way.
"""


def _read(table: str) -> dict[str, NetError]:
    found: dict[str, NetError] = {}
    says: list[str] = []
    then: list[str] = []
    for line in reversed(table.strip().split("\n")):
        if line.startswith("  > "):
            then.insert(0, line[4:])
        elif line.startswith(" "):
            says.insert(0, line.strip())
        else:
            name, family, outcome = line.split(" | ")
            found[name] = NetError(cast("Family", family), outcome, " ".join(says), " ".join(then) or None)
            says, then = [], []
    return found


_TABLE = _read(_ERRORS)

_MESSAGES = """
CLIENT_DISTRUSTS_PROXY = does not trust the proxy's certificate
CERT_DATE_INVALID = certificate has expired|not yet valid|SEC_ERROR_EXPIRED
CERT_COMMON_NAME_INVALID = hostname mismatch|IP address mismatch|BAD_CERT_DOMAIN
CERT_AUTHORITY_INVALID = self[- ]signed certificate|unable to get (local )?issuer|unknown[_ ]ca|UNKNOWN_ISSUER
ABORTED = NS_BINDING_ABORTED|NS_ERROR_ABORT|cancell?ed|aborted|client disconnected|stream reset by client
NAME_NOT_RESOLVED = NS_ERROR_UNKNOWN_HOST|name or service not known|nodename nor servname|getaddrinfo
NAME_NOT_RESOLVED = could not resolve|no address associated|ENOTFOUND
CONNECTION_REFUSED = NS_ERROR_CONNECTION_REFUSED|ECONNREFUSED|connection refused|errno 111|connect call failed
CONNECTION_RESET = NS_ERROR_NET_RESET|ECONNRESET|reset by peer
TIMED_OUT = NS_ERROR_NET_TIMEOUT|ETIMEDOUT|timed? ?out
CONNECTION_CLOSED = NS_ERROR_NET_INTERRUPT|server (unexpectedly )?(closed|disconnected)|connection (was )?closed
TOO_MANY_REDIRECTS = NS_ERROR_REDIRECT_LOOP|too many redirects
PROXY_CONNECTION_FAILED = NS_ERROR_PROXY_CONNECTION_REFUSED
INTERNET_DISCONNECTED = NS_ERROR_OFFLINE|offline
BLOCKED_BY_CLIENT = NS_ERROR_CONTENT_BLOCKED|blocked by (an )?extension|blocked by client
BLOCKED_BY_CSP = \\bCSP\\b|Content.Security.Policy
FAILED = \\bCORS\\b
SSL_PROTOCOL_ERROR = wrong version number|\\bSSL|\\bTLS\\b|handshake
"""

_BY_MESSAGE = tuple(
    (compile_late(pattern, re.IGNORECASE), name)
    for name, _, pattern in (line.partition(" = ") for line in _MESSAGES.strip().split("\n"))
)

_NAME = compile_late(r"ERR_([A-Z0-9_]+)")


@lru_cache(maxsize=512)
def net_error(code: str | None, message: str) -> tuple[str | None, NetError | None]:
    """The name (without ``net::ERR_``) and the meaning of what a recorder says; ``None`` for what is not known.

    `code` is the recorder's code where it has one, `message` its own words.
    """
    match = _NAME.search(code or "") or _NAME.search(message)
    if match:
        return match[1], _TABLE.get(match[1])
    for pattern, name in _BY_MESSAGE:
        if pattern.search(message) or (code and pattern.search(code)):
            return None, _TABLE[name]
    return None, None


def known_errors() -> tuple[str, ...]:
    """Every Chromium error name there is a text for, without ``net::ERR_``."""
    return tuple(name for name in _TABLE if name != "CLIENT_DISTRUSTS_PROXY")

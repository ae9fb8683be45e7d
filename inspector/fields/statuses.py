"""Status codes: every code of the IANA registry, the ones vendors use without registering, and the five classes.

The registry is "Hypertext Transfer Protocol (HTTP) Status Code Registry"; names are as registered today (RFC 9110
renamed several: 413 is *Content Too Large*, 422 *Unprocessable Content*). A client that meets a code it does not
know treats it as the x00 code of its class (RFC 9110, section 15).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

REGISTRY = "https://www.iana.org/assignments/http-status-codes/http-status-codes.xhtml"
RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
SEMANTICS = RFC9110 + "15"


class Status(Struct, frozen=True):
    """One status code. `owner` is the vendor whose private code it is, ``None`` for a registered one.

    `says` is what it means in general, in one or two sentences; `reference` is the section that defines it.
    """

    code: int
    name: str
    reference: str
    says: str
    owner: str | None = None


class StatusClass(Struct, frozen=True):
    """What the first digit of a status code means (RFC 9110, section 15)."""

    name: str
    says: str
    reference: str


CLASSES = {
    1: StatusClass("Informational", "an interim answer: the final response is still to come", RFC9110 + "15.2"),
    2: StatusClass("Successful", "the request was received, understood and accepted", RFC9110 + "15.3"),
    3: StatusClass("Redirection", "the client has to do something more to complete the request", RFC9110 + "15.4"),
    4: StatusClass("Client Error", "the server puts the fault in the request", RFC9110 + "15.5"),
    5: StatusClass("Server Error", "the server failed to fulfil a request it does not call wrong", RFC9110 + "15.6"),
}

_RFC_EDITOR = "https://www.rfc-editor.org/rfc/"

# code | name | section, under https://www.rfc-editor.org/rfc/ unless it is a whole URL; then what it means
_REGISTERED = """
100 | Continue | rfc9110#section-15.2.1
    The server has looked at the fields of the request and wants the content; the final response follows.
101 | Switching Protocols | rfc9110#section-15.2.2
    The server accepts the protocol the client offered in `Upgrade`; what follows on this connection is no
    HTTP/1.1.
102 | Processing | rfc2518#section-10.1
    The server has the whole request and is still working on it. Later WebDAV standards dropped this code.
103 | Early Hints | rfc8297#section-2
    The server sends `Link` fields ahead of the final response, so that the client can start to fetch or
    connect.
104 | Upload Resumption Supported | https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-resumable-upload
    The server can resume this upload if it breaks, and names the resource to resume at in `Location`.
    Registered temporarily, while the draft is worked on.
200 | OK | rfc9110#section-15.3.1
    The request succeeded.
201 | Created | rfc9110#section-15.3.2
    The request made a new resource: the one `Location` names, or without it the one that was requested.
202 | Accepted | rfc9110#section-15.3.3
    The request was taken for later processing. Nothing is done yet, and HTTP has no way to tell the outcome
    later.
203 | Non-Authoritative Information | rfc9110#section-15.3.4
    The request succeeded, and a proxy on the way has transformed the origin server's `200` response.
204 | No Content | rfc9110#section-15.3.5
    The request succeeded and there is no content to send. A browser stays on the page it shows.
205 | Reset Content | rfc9110#section-15.3.6
    The request succeeded; the client should reset the view it was sent from, a form for example. It has no
    content.
206 | Partial Content | rfc9110#section-15.3.7
    The server sends the part of the representation the `Range` field asked for.
207 | Multi-Status | rfc4918#section-11.1
    WebDAV: the content is an XML document that holds a status of its own for each of several resources.
208 | Already Reported | rfc5842#section-7.1
    WebDAV, inside a `207` document: this resource was listed before under another binding and is not repeated.
226 | IM Used | rfc3229#section-10.4.1
    The content is a difference against a version the client has (delta encoding, named by `IM`), not the whole.
300 | Multiple Choices | rfc9110#section-15.4.1
    There are several representations, each with its own address; the client or its user picks one.
301 | Moved Permanently | rfc9110#section-15.4.2
    The resource has a new permanent address, in `Location`; links should be changed to it.
302 | Found | rfc9110#section-15.4.3
    The resource is under another address for now, in `Location`; the old address stays the one to use.
303 | See Other | rfc9110#section-15.4.4
    The answer is to be had with a GET from the address in `Location`, whatever method this request used.
304 | Not Modified | rfc9110#section-15.4.5
    The copy the client holds is still good. The response carries no content; the client uses its stored one.
305 | Use Proxy | rfc9110#section-15.4.6
    Deprecated: it told the client to repeat the request through the proxy in `Location`. Clients ignore that,
    because anybody on the way could have sent it.
306 | (Unused) | rfc9110#section-15.4.7
    Reserved: an early draft used it ("Switch Proxy"); no standard defines it today.
307 | Temporary Redirect | rfc9110#section-15.4.8
    The resource is under another address for now, in `Location`; method and content are sent again unchanged.
308 | Permanent Redirect | rfc9110#section-15.4.9
    The resource has a new permanent address, in `Location`; method and content are sent again unchanged.
400 | Bad Request | rfc9110#section-15.5.1
    The server will not process the request because it finds it malformed or misleading.
401 | Unauthorized | rfc9110#section-15.5.2
    The request lacks valid credentials. The server does not know who asks; signing in can change the answer.
402 | Payment Required | rfc9110#section-15.5.3
    Reserved for future use. APIs use it for quotas, expired subscriptions and failed payments.
403 | Forbidden | rfc9110#section-15.5.4
    The server understood the request and refuses it. The same credentials will not get another answer.
404 | Not Found | rfc9110#section-15.5.5
    The server has nothing at this address, or does not want to say that it has. It may be so only for now.
405 | Method Not Allowed | rfc9110#section-15.5.6
    The server knows the method, and this resource does not support it; `Allow` lists what it does support.
406 | Not Acceptable | rfc9110#section-15.5.7
    There is no representation that suits the request's `Accept`, `Accept-Language` or `Accept-Encoding`, and
    the server does not want to send another.
407 | Proxy Authentication Required | rfc9110#section-15.5.8
    A proxy on the way wants credentials: `Proxy-Authenticate` says how, `Proxy-Authorization` carries them.
408 | Request Timeout | rfc9110#section-15.5.9
    The server waited for the rest of the request and gave up. The client may send it again on a new connection.
409 | Conflict | rfc9110#section-15.5.10
    The request contradicts the resource's present state, an edit based on an old version for example.
410 | Gone | rfc9110#section-15.5.11
    The resource was here, is gone for good, and links to it should be removed.
411 | Length Required | rfc9110#section-15.5.12
    The server wants to know the size first: send the request again with a `Content-Length`.
412 | Precondition Failed | rfc9110#section-15.5.13
    A condition in the request's own fields (`If-Match`, `If-Unmodified-Since` …) is false, so nothing was done.
413 | Content Too Large | rfc9110#section-15.5.14
    The request's content is larger than the server is willing to take.
414 | URI Too Long | rfc9110#section-15.5.15
    The request's target is longer than the server is willing to read.
415 | Unsupported Media Type | rfc9110#section-15.5.16
    The server does not take content of this type or coding with this method at this address.
416 | Range Not Satisfiable | rfc9110#section-15.5.17
    None of the ranges asked for overlaps what there is; `Content-Range: bytes */N` tells the size.
417 | Expectation Failed | rfc9110#section-15.5.18
    The server cannot meet what the request's `Expect` field demands.
418 | (Unused) | rfc9110#section-15.5.19
    Reserved: it was an April Fools' joke ("I'm a teapot", RFC 2324) and is kept free because it was deployed as
    one. Sites use it to turn robots away.
421 | Misdirected Request | rfc9110#section-15.5.20
    The connection leads to a server that does not answer for this host. The client may ask again on another
    one.
422 | Unprocessable Content | rfc9110#section-15.5.21
    The content's type and syntax are right, and what it says cannot be done: validation failed.
423 | Locked | rfc4918#section-11.3
    WebDAV: the resource is locked, and the request did not show its lock.
424 | Failed Dependency | rfc4918#section-11.4
    WebDAV: this action depended on another one of the same request, and that one failed.
425 | Too Early | rfc8470#section-5.2
    The request came in TLS early data (0-RTT), which an attacker can replay; the server wants it after the
    handshake.
426 | Upgrade Required | rfc9110#section-15.5.22
    The server refuses this protocol; `Upgrade` names the one to switch to.
428 | Precondition Required | rfc6585#section-3
    The server insists on a conditional request (`If-Match`), so that nobody's change is overwritten unseen.
429 | Too Many Requests | rfc6585#section-4
    This client has sent too many requests in a given time (rate limiting).
431 | Request Header Fields Too Large | rfc6585#section-5
    The request's field lines, or one of them, are larger than the server is willing to read.
451 | Unavailable For Legal Reasons | rfc7725#section-3
    Access is denied because of a legal demand; a `Link` with `rel="blocked-by"` names who enforces it.
500 | Internal Server Error | rfc9110#section-15.6.1
    The server met a condition it did not expect: usually an exception nobody caught.
501 | Not Implemented | rfc9110#section-15.6.2
    The server does not know the method, or supports it for no resource at all.
502 | Bad Gateway | rfc9110#section-15.6.3
    A gateway passed the request on and got an invalid answer, or none it could use, from the server behind it.
503 | Service Unavailable | rfc9110#section-15.6.4
    The server cannot handle the request for now, because of overload or maintenance.
504 | Gateway Timeout | rfc9110#section-15.6.5
    A gateway passed the request on and got no answer in time from the server behind it.
505 | HTTP Version Not Supported | rfc9110#section-15.6.6
    The server refuses the major version of HTTP the request used.
506 | Variant Also Negotiates | rfc2295#section-8.1
    The server is misconfigured: the variant its content negotiation chose negotiates itself.
507 | Insufficient Storage | rfc4918#section-11.5
    WebDAV: the server has no room left to store what the request needs.
508 | Loop Detected | rfc5842#section-7.2
    WebDAV: the server met an endless loop while walking a collection with `Depth: infinity`. Nothing was done.
510 | Not Extended | rfc2774#section-7
    Obsolete: the request did not declare an extension the server demanded.
511 | Network Authentication Required | rfc6585#section-6
    The network itself wants a sign-in first (a captive portal, in a hotel say). It does not come from the site
    asked.
"""

_VENDOR_PAGES = {
    "cloudflare": "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/",
    "nginx": "https://nginx.org/en/docs/http/ngx_http_core_module.html",
    "nginx_ssl": "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors",
    "elb": "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
    "shopify": "https://shopify.dev/docs/api/usage/response-codes",
}

# code | name | page | whose code it is; then what it means
_VENDOR = """
218 | This is fine | https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#proxyerroroverride | Apache
    Lets an error page pass through unchanged where `ProxyErrorOverride` would replace it.
419 | Page Expired | https://laravel.com/docs/csrf | Laravel
    The form's CSRF token is missing or no longer valid: the session ended, or the token was not sent.
420 | Enhance Your Calm | rfc9110#section-15 | the old Twitter API
    Rate limited; today's registered code for it is `429`. The Spring framework once used it for "Method
    Failure".
430 | Request Header Fields Too Large | shopify | Shopify
    Shopify's shops answer so to requests they take for malicious, and formerly to requests beyond their rate
    limit.
440 | Login Time-out | rfc9110#section-15 | Microsoft IIS
    The session has expired; the client has to sign in again.
444 | No Response | nginx | nginx
    nginx closes the connection without sending anything. It exists in nginx's log only; a client never receives
    it, unless something else wrote it.
449 | Retry With | rfc9110#section-15 | Microsoft IIS
    The request lacks information; it should be sent again with it.
450 | Blocked by Windows Parental Controls | rfc9110#section-15 | Microsoft Windows
    Parental controls on the client's machine block this page. It does not come from the site.
460 | Client Closed Connection | elb | AWS Elastic Load Balancing
    The client closed the connection before the load balancer's idle timeout ran out. Seen in its log.
463 | Too Many Forwarded Addresses | elb | AWS Elastic Load Balancing
    The request's `X-Forwarded-For` names more than 30 addresses.
464 | Incompatible Protocol | elb | AWS Elastic Load Balancing
    The request's HTTP version does not fit the one the target group is configured for.
494 | Request Header Too Large | nginx | nginx
    The request's fields exceed `large_client_header_buffers`. nginx usually shows it to clients as `400`.
495 | SSL Certificate Error | nginx_ssl | nginx
    The client's TLS certificate did not pass verification. nginx usually shows it to clients as `400`.
496 | SSL Certificate Required | nginx_ssl | nginx
    The client presented no TLS certificate where one is demanded. nginx usually shows it to clients as `400`.
497 | HTTP Request Sent to HTTPS Port | nginx_ssl | nginx
    Plain HTTP was spoken to a port where nginx expects TLS. nginx usually shows it to clients as `400`.
498 | Invalid Token | rfc9110#section-15 | Esri ArcGIS
    The access token has expired or is otherwise invalid.
499 | Client Closed Request | nginx | nginx
    The client closed the connection before nginx had an answer. It belongs in nginx's log; Esri's ArcGIS sends
    the same number for "Token Required".
509 | Bandwidth Limit Exceeded | rfc9110#section-15 | Apache with cPanel
    The hosting account has used up its traffic for the month.
520 | Web Server Returned an Unknown Error | cloudflare | Cloudflare
    The origin server behind Cloudflare answered with something that is empty, unexpected or not HTTP.
521 | Web Server Is Down | cloudflare | Cloudflare
    The origin server refused Cloudflare's connection: it is down, or a firewall blocks Cloudflare's addresses.
522 | Connection Timed Out | cloudflare | Cloudflare
    Cloudflare got no TCP connection to the origin server in time.
523 | Origin Is Unreachable | cloudflare | Cloudflare
    Cloudflare found no route to the origin server: often a wrong or outdated DNS record.
524 | A Timeout Occurred | cloudflare | Cloudflare
    Cloudflare is connected to the origin server and waited for its response in vain (by default 100 seconds).
525 | SSL Handshake Failed | cloudflare | Cloudflare
    The TLS handshake between Cloudflare and the origin server failed.
526 | Invalid SSL Certificate | cloudflare | Cloudflare
    Cloudflare could not verify the origin server's certificate (encryption mode "Full (strict)").
527 | Railgun Error | cloudflare | Cloudflare
    The connection between Cloudflare and the origin's Railgun broke. The product has been discontinued.
529 | Site Is Overloaded | rfc9110#section-15 | some APIs
    The service is overloaded; the request may be sent again later.
530 | Origin Error | cloudflare | Cloudflare
    Cloudflare could not reach the origin; the page it sends holds a 1xxx error that says why (often DNS).
    Pantheon uses the number for a frozen site.
540 | Temporarily Disabled | shopify | Shopify
    The address is temporarily disabled.
561 | Unauthorized | elb | AWS Elastic Load Balancing
    The identity provider reported an error when the load balancer signed the user in.
598 | Network Read Timeout | rfc9110#section-15 | some proxies
    An informal convention: the proxy's read from the server behind it timed out.
599 | Network Connect Timeout | rfc9110#section-15 | some proxies
    An informal convention: the proxy's connection to the server behind it timed out.
783 | Unexpected Token | shopify | Shopify
    The request's JSON has a syntax error.
999 | Request Denied | rfc9110#section-15 | LinkedIn
    The request was taken for a robot's and refused.
"""


def _read(table: str) -> dict[int, Status]:
    found: dict[int, Status] = {}
    says: list[str] = []
    for line in reversed(table.strip().split("\n")):
        if line.startswith(" "):
            says.append(line.strip())
            continue
        code, name, page, *owner = line.split(" | ")
        page = _VENDOR_PAGES.get(page, page)
        reference = page if page.startswith("https:") else _RFC_EDITOR + page
        found[int(code)] = Status(int(code), name, reference, " ".join(reversed(says)), owner[0] if owner else None)
        says = []
    return dict(reversed(found.items()))


REGISTERED = _read(_REGISTERED)
VENDOR = _read(_VENDOR)


@lru_cache(maxsize=1024)
def status_of(code: int) -> Status | None:
    """The registered meaning of a code, else the vendor's, else ``None``."""
    return REGISTERED.get(code) or VENDOR.get(code)


def class_of(code: int) -> StatusClass | None:
    """The class of a code (RFC 9110, section 15); ``None`` outside 100–599."""
    return CLASSES.get(code // 100)


@lru_cache(maxsize=1024)
def status_name(code: int) -> str:
    """``404 Not Found``; the bare number where the code has no name."""
    known = status_of(code)
    return f"{code} {known.name}" if known is not None else str(code)

"""What proxies say of the client they forward for: useful where the proxy is trusted, a claim where it is not."""

from __future__ import annotations

import ipaddress

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, known, reads, row
from inspector.fieldguide.say import misfit, odd, quote, sentence, sentences
from inspector.fields.cache_control import split_list
from inspector.fields.languages import region_words
from inspector.fields.parameters import read_parameters
from inspector.words import count

_MDN = "https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/"


_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


def _address(text: str) -> str:
    """An address, with what is special about it."""
    text = text.strip().strip('"')
    bare = text.partition("%")[0]
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return quote(text, 50)
    if address.is_loopback:
        return f"{quote(text, 50)} (the proxy's own machine)"
    if any(address in network for network in _PRIVATE):
        return f"{quote(text, 50)} (a private network's)"
    return quote(text, 50)


@reads(
    row(
        "X-Forwarded-For",
        REQUEST,
        "The client's address as the proxies on the way saw it, each adding whom it got the request from.",
        f"{_MDN}X-Forwarded-For",
        "203.0.113.195, 198.51.100.178",
    )
)
def forwarded_for(value: str) -> str:
    """Addresses, client first."""
    hops = split_list(value)
    if not hops:
        return "Empty."
    if len(hops) == 1:
        return f"The client is {_address(hops[0])}, as the proxy says; the client itself may have made it up."
    return sentences(
        f"The client is said to be {_address(hops[0])}, passed on by {count(len(hops) - 1, 'proxy', 'proxies')}, "
        f"the last of them {_address(hops[-1])}",
        "Only what one's own proxies added, at the end, can be believed",
    )


@reads(
    row(
        "Forwarded",
        REQUEST,
        "The same as the `X-Forwarded-` fields, as a standard: for whom, by whom, host and scheme.",
        f"{RFC}7239#section-4",
        'for=192.0.2.60;proto=https;by=203.0.113.43, for="[2001:db8::1]"',
    )
)
def forwarded(value: str) -> str:
    """Elements, the client's first."""
    said = []
    for element in split_list(value)[:4]:
        pairs = read_parameters(element)
        parts = []
        if "for" in pairs:
            parts.append(f"for {_address(pairs['for'])}")
        if "by" in pairs:
            parts.append(f"by {_address(pairs['by'])}")
        if "proto" in pairs:
            parts.append(f"over {quote(pairs['proto'], 20)}")
        if "host" in pairs:
            parts.append(f"to {quote(pairs['host'], 60)}")
        if parts:
            said.append("forwarded " + " ".join(parts))
    return sentence("; then ".join(said)) if said else misfit("a list of elements (`for=…;proto=…`)")


@reads(
    row(
        "X-Forwarded-Proto",
        REQUEST,
        "Whether the client used HTTP or HTTPS towards the proxy.",
        f"{_MDN}X-Forwarded-Proto",
        "https",
    ),
    row(
        "Front-End-Https",
        REQUEST,
        "Whether the client used HTTPS towards the proxy; Microsoft's.",
        f"{_MDN}X-Forwarded-Proto",
        "on",
    ),
    row(
        "X-Forwarded-Ssl",
        REQUEST,
        "Whether the client used HTTPS towards the proxy; a convention.",
        f"{_MDN}X-Forwarded-Proto",
        "on",
    ),
    row(
        "Fastly-SSL",
        REQUEST,
        "That the client used HTTPS towards Fastly.",
        "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-SSL/",
        "1",
    ),
    row(
        "CF-Visitor",
        REQUEST,
        "Whether the client used HTTP or HTTPS towards Cloudflare.",
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-visitor",
        '{"scheme":"https"}',
    ),
)
def scheme(value: str) -> str:
    """HTTP or HTTPS."""
    said = value.strip().lower()
    if "https" in said or said in ("on", "1"):
        return "HTTPS."
    if "http" in said or said in ("off", "0"):
        return "HTTP, not encrypted."
    return odd(value)


AS_ASKED = known(
    row(
        "X-Forwarded-Host",
        REQUEST,
        "Which host the client asked for, before the proxy changed `Host`.",
        f"{_MDN}X-Forwarded-Host",
        "shop.test",
    ),
    row(
        "X-Forwarded-Port",
        REQUEST,
        "Which port the client asked at.",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html",
        "443",
    ),
    row(
        "X-Forwarded-Prefix",
        REQUEST,
        "Which part of the path the proxy took off, for links to be made with it.",
        "https://doc.traefik.io/traefik/middlewares/http/stripprefix/",
        "/shop",
    ),
    row(
        "X-Forwarded-Server",
        REQUEST,
        "The name of the proxy that forwarded the request.",
        "https://httpd.apache.org/docs/current/mod/mod_proxy.html#x-headers",
        "front1.shop.test",
    ),
    row(
        "X-Original-URL",
        REQUEST,
        "The URL before a proxy rewrote it; some servers act on it, which lets clients slip past rules of the proxy.",
        "https://learn.microsoft.com/iis/extensions/url-rewrite-module/url-rewrite-module-configuration-reference",
        "/admin",
    ),
    row(
        "X-Rewrite-URL",
        REQUEST,
        "The URL before a proxy rewrote it; some servers act on it, which lets clients slip past rules of the proxy.",
        "https://learn.microsoft.com/iis/extensions/url-rewrite-module/url-rewrite-module-configuration-reference",
        "/admin",
    ),
)


@reads(
    row(
        "X-Real-IP",
        REQUEST,
        "The client's address as the proxy in front (nginx, often) saw it.",
        "https://nginx.org/en/docs/http/ngx_http_realip_module.html",
        "203.0.113.195",
    ),
    row(
        "True-Client-IP",
        REQUEST,
        "The client's address as the CDN in front (Akamai, Cloudflare) saw it.",
        "https://techdocs.akamai.com/property-mgr/docs/origin-server",
        "203.0.113.195",
    ),
    row(
        "CF-Connecting-IP",
        REQUEST,
        "The client's address as Cloudflare saw it.",
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-connecting-ip",
        "203.0.113.195",
    ),
    row(
        "Fastly-Client-IP",
        REQUEST,
        "The client's address as Fastly saw it.",
        "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP/",
        "203.0.113.195",
    ),
    row(
        "X-Envoy-External-Address",
        REQUEST,
        "The client's address as Envoy takes it to be.",
        "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-envoy-external-address",
        "203.0.113.195",
    ),
    row(
        "X-Azure-ClientIP",
        REQUEST,
        "The client's address as Azure Front Door saw it.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "203.0.113.195",
    ),
    row(
        "X-Azure-SocketIP",
        REQUEST,
        "The address of whoever connected to Azure Front Door: the client or a proxy before it.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "203.0.113.195",
    ),
    row(
        "X-Client-IP",
        "both",
        "The client's address as a proxy saw it; a convention, and in a response an echo of it.",
        f"{_MDN}X-Forwarded-For",
        "203.0.113.195",
    ),
    row(
        "X-ClientIP",
        "both",
        "The client's address as a proxy saw it; a convention, and in a response an echo of it.",
        f"{_MDN}X-Forwarded-For",
        "203.0.113.195",
    ),
    row(
        "X-Cluster-Client-IP",
        REQUEST,
        "The client's address as a load balancer saw it; a convention.",
        f"{_MDN}X-Forwarded-For",
        "203.0.113.195",
    ),
)
def client_address(value: str) -> str:
    """One address."""
    said = _address(value)
    return f"{said}." if said.endswith(")") else ""


@reads(
    row(
        "CF-IPCountry",
        "both",
        "The country Cloudflare places the client's address in.",
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-ipcountry",
        "AT",
    ),
    row(
        "CloudFront-Viewer-Country",
        REQUEST,
        "The country Amazon CloudFront places the client's address in.",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html",
        "AT",
    ),
    row(
        "X-Vercel-IP-Country",
        REQUEST,
        "The country Vercel places the client's address in.",
        "https://vercel.com/docs/headers/request-headers#x-vercel-ip-country",
        "AT",
    ),
    row(
        "X-AppEngine-Country",
        REQUEST,
        "The country Google's App Engine places the client's address in.",
        "https://cloud.google.com/appengine/docs/standard/reference/request-headers",
        "AT",
    ),
    row(
        "X-GeoIP-Country-Code",
        "both",
        "The country a look-up by the client's address gave; a convention.",
        "https://nginx.org/en/docs/http/ngx_http_geoip_module.html",
        "AT",
    ),
)
def country(value: str) -> str:
    """A country's code."""
    special = {"XX": "Not known.", "T1": "The Tor network.", "ZZ": "Not known."}
    code = value.strip().upper()
    words = region_words(code)
    return special.get(code) or (f"{words[0].upper()}{words[1:]}." if words else f"{quote(value, 30)}.")


PASSED = known(
    row(
        "CDN-Loop",
        REQUEST,
        "Which CDNs the request has passed, so that one that meets its own name can break the loop.",
        f"{RFC}8586#section-2",
        "cloudflare, fastly",
    ),
    row(
        "CF-Worker",
        REQUEST,
        "Whose Cloudflare Worker made this request.",
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-worker",
        "shop.test",
    ),
    row(
        "CF-EW-Via",
        REQUEST,
        "How often the request went through Cloudflare Workers, to break loops.",
        "https://developers.cloudflare.com/fundamentals/reference/http-headers/#cf-ew-via",
        "15",
    ),
    row(
        "Fastly-FF",
        REQUEST,
        "That the request comes from another Fastly server, and which.",
        "https://www.fastly.com/documentation/reference/http/http-headers/Fastly-FF/",
        "cache-fra1235-FRA",
    ),
    row(
        "X-Azure-FDID",
        REQUEST,
        "Which Azure Front Door sent the request, for the server to refuse those of others.",
        "https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
        "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1",
    ),
)


NAMES = known(
    row(
        "X-Original-Host",
        REQUEST,
        "Which host the client asked for, before Azure's gateway changed `Host`.",
        "https://learn.microsoft.com/azure/application-gateway/how-application-gateway-works",
        "shop.test",
    ),
    row(
        "X-WAP-Profile",
        REQUEST,
        "Where the phone's abilities are described, as mobile networks had it before smartphones.",
        "https://www.openmobilealliance.org/release/UAProf/",
        '"http://wap.maker.test/phone.xml"',
    ),
    row(
        "X-Redirect-By",
        RESPONSE,
        "Which part of the application ordered the redirect; WordPress's.",
        "https://developer.wordpress.org/reference/functions/wp_redirect/",
        "WordPress",
    ),
)

"""Who made a response: the origin server, or somebody in front of it. From the fields that give intermediaries away."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector.fields.via import parse_proxy_status, parse_via
from inspector.report import Evidence

if TYPE_CHECKING:
    from inspector.subject import Subject

_MARKS = (
    ("cf-ray", "Cloudflare"),
    ("x-amz-cf-id", "Amazon CloudFront"),
    ("x-azure-ref", "Azure Front Door"),
    ("x-vercel-id", "Vercel"),
    ("x-nf-request-id", "Netlify"),
    ("fly-request-id", "Fly.io"),
    ("x-fastly-request-id", "Fastly"),
    ("x-akamai-request-id", "Akamai"),
    ("x-github-request-id", "GitHub"),
    ("x-varnish", "Varnish"),
)
"""Fields that only one product adds."""

_SERVERS = (
    ("cloudflare", "Cloudflare"),
    ("cloudfront", "Amazon CloudFront"),
    ("awselb", "AWS Elastic Load Balancing"),
    ("amazons3", "Amazon S3"),
    ("akamai", "Akamai"),
    ("google frontend", "Google's front end"),
    ("gws", "Google's web server"),
    ("openresty", "OpenResty (nginx)"),
    ("nginx", "nginx"),
    ("apache", "Apache"),
    ("envoy", "Envoy"),
    ("istio", "Envoy (Istio)"),
    ("caddy", "Caddy"),
    ("haproxy", "HAProxy"),
    ("traefik", "Traefik"),
    ("varnish", "Varnish"),
    ("litespeed", "LiteSpeed"),
    ("bigip", "an F5 BIG-IP"),
    ("microsoft-httpapi", "Windows' HTTP.sys"),
    ("microsoft-iis", "Microsoft IIS"),
    ("mitmproxy", "the recording proxy itself (mitmproxy)"),
)

INTERMEDIARIES = frozenset(
    {
        "Cloudflare",
        "Amazon CloudFront",
        "AWS Elastic Load Balancing",
        "Akamai",
        "Google's front end",
        "Envoy",
        "HAProxy",
    }
    | {
        "Envoy (Istio)",
        "Traefik",
        "Varnish",
        "Fastly",
        "Azure Front Door",
        "Vercel",
        "Netlify",
        "Fly.io",
        "an F5 BIG-IP",
    }
)
"""Products that stand in front of an origin server rather than being one."""


class Answerer(Struct, frozen=True):
    """Who answered: a `name`, the field it is read from, and whether the product stands in front of the origin."""

    name: str
    field: str
    front: bool


@lru_cache(maxsize=512)
def _by_server(value: str) -> str | None:
    lower = value.lower()
    for mark, name in _SERVERS:
        if mark in lower:
            return name
    return None


def answerer(x: Subject) -> Answerer | None:
    """Who the response's own fields show to have handled it last; ``None`` where nothing tells.

    `Proxy-Status` with an error is the surest: its author made the response (RFC 9209). Next come the marks of
    CDNs, then ``Server``, then the nearest hop of ``Via``.
    """
    index = x.res.first
    if "proxy-status" in index:
        for status in reversed(parse_proxy_status(x.res.get("proxy-status") or "")):
            if status.error:
                return Answerer(status.by, "proxy-status", True)
    for field, name in _MARKS:
        if field in index:
            return Answerer(name, field, name in INTERMEDIARIES)
    server = index.get("server")
    if server:
        name_or_none = _by_server(server)
        if name_or_none:
            return Answerer(name_or_none, "server", name_or_none in INTERMEDIARIES)
    if "via" in index:
        hops = parse_via(x.res.get("via") or "")
        if hops:
            return Answerer(f"the intermediary that calls itself `{x.masker.text(hops[-1].by)}`", "via", True)
    if server:
        return Answerer(f"`{x.masker.field('server', server)[:60]}`", "server", False)
    return None


PROXY_ERRORS = {
    "dns_timeout": "the DNS did not answer in time",
    "dns_error": "the DNS answered with an error",
    "destination_not_found": "it found no server to pass the request to",
    "destination_unavailable": "it holds the server behind it for unavailable",
    "destination_ip_prohibited": "it may not connect to that address",
    "destination_ip_unroutable": "there is no route to that address",
    "connection_refused": "the server behind it refused the connection",
    "connection_terminated": "the server behind it closed the connection before the response was complete",
    "connection_timeout": "the connection to the server behind it was not made in time",
    "connection_read_timeout": "the server behind it sent nothing in time",
    "connection_write_timeout": "the server behind it did not take the request in time",
    "connection_limit_reached": "it has no connections left",
    "tls_protocol_error": "TLS to the server behind it failed",
    "tls_certificate_error": "it does not accept the certificate of the server behind it",
    "tls_alert_received": "the server behind it ended the TLS handshake",
    "http_request_error": "it holds the request itself for faulty",
    "http_request_denied": "its configuration denies the request",
    "http_response_incomplete": "the response of the server behind it was incomplete",
    "http_response_timeout": "the response of the server behind it did not end in time",
    "http_protocol_error": "the server behind it broke HTTP",
    "http_upgrade_failed": "the upgrade to another protocol failed",
    "proxy_internal_response": "it made this response itself",
    "proxy_internal_error": "it had an internal error",
    "proxy_configuration_error": "it is misconfigured",
    "proxy_loop_detected": "the request came back to it in a loop",
}
"""Error types of ``Proxy-Status`` in words (RFC 9209, section 2.3)."""


def proxy_error(x: Subject) -> str | None:
    """What a ``Proxy-Status`` field gives as the cause, as a sentence; ``None`` where there is none."""
    value = x.res.get("proxy-status")
    if not value:
        return None
    for status in reversed(parse_proxy_status(value)):
        if status.error:
            cause = PROXY_ERRORS.get(status.error)
            meaning = f": {cause}" if cause else ""
            hop = f" The server behind it is `{x.masker.text(status.next_hop)}`." if status.next_hop else ""
            return f"`Proxy-Status` gives the cause as `{status.error}`{meaning}.{hop}"
    return None


def answerer_evidence(x: Subject, who: Answerer | None) -> tuple[Evidence, ...]:
    """The field that gives the answerer away."""
    return () if who is None else (x.response_field(who.field),)

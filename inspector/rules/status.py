"""Status codes: what each means for the exchange at hand, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from inspector.browser import refused
from inspector.browser.net_errors import REFERENCE as NET_ERRORS
from inspector.browser.net_errors import net_error
from inspector.browser.redirects import REDIRECTS
from inspector.fields.statuses import RFC9110, SEMANTICS, class_of, status_name, status_of
from inspector.report import Evidence, Severity
from inspector.rules import status_errors as errors
from inspector.rules import status_success as success
from inspector.rules.base import Finding, failed, responded, rule, status_class, unregistered_status
from inspector.rules.failure_kinds import kind_of
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.subject import Subject

EXPLAINED: dict[int, Callable[[Subject], Finding]] = {
    101: success.switching,
    103: success.early_hints,
    200: success.ok,
    201: success.created,
    202: success.accepted,
    204: success.no_content,
    206: success.partial,
    **dict.fromkeys(REDIRECTS, success.redirect),
    304: success.not_modified,
    400: errors.bad_request,
    401: errors.unauthorized,
    403: errors.forbidden,
    404: errors.not_found,
    405: errors.method_not_allowed,
    406: errors.not_acceptable,
    407: errors.proxy_unauthorized,
    409: errors.conflict,
    410: errors.gone,
    412: errors.precondition_failed,
    413: errors.too_large,
    414: errors.uri_too_long,
    415: errors.unsupported_media_type,
    416: errors.range_not_satisfiable,
    421: errors.misdirected,
    422: errors.unprocessable,
    425: errors.too_early,
    426: errors.upgrade_required,
    428: errors.precondition_required,
    429: errors.too_many,
    431: errors.fields_too_large,
    451: errors.legal,
    501: errors.not_implemented,
    502: errors.gateway,
    503: errors.unavailable,
    504: errors.gateway,
    505: errors.version_not_supported,
    511: errors.network_authentication,
}
"""The statuses that are explained with the values of the exchange; the others get the sentences of the registry."""


@lru_cache(maxsize=1024)
def _general(code: int, reason: str) -> Finding:
    """A status nothing of the exchange adds to: its registered meaning, a vendor's, or that of its class."""
    known, kind = status_of(code), class_of(code)
    evidence = (Evidence("response.status", None, f"{code} {reason}".strip()),)
    if known is not None and known.owner is None:
        return Finding(known.says, None, evidence, status_name(code), references=(known.reference,))
    rest = (
        f"Clients that do not know it treat it as `{code // 100}00`: {kind.says}."
        if kind is not None
        else "It lies outside 100 to 599, so clients treat it as a server error."
    )
    if known is not None:
        detail = f"{code} is not registered; it is {known.owner}'s own code. {known.says} {rest}"
        return Finding(
            detail, None, evidence, f"{status_name(code)} ({known.owner})", references=(known.reference, SEMANTICS)
        )
    detail = f"{code} is not a registered status code, and no well-known vendor's. {rest}"
    title = (
        f"{code}: an unregistered {kind.name.lower()} status" if kind is not None else f"{code}: no valid status code"
    )
    return Finding(detail, None, evidence, title, references=(SEMANTICS,))


@rule(
    "status/explained",
    Severity.INFO,
    "What this status means here",
    on=responded(),
    references=(SEMANTICS,),
    what="""
        Every status code in words, with the values of the exchange: which condition a `304` answers, where a redirect
        leads and what becomes of the method, which part of how much a `206` holds, when to ask again after a `429`.
        """,
    why="""
        The number tells a program what to do; the reason is spread over fields of both messages. A status of a vendor's
        own (Cloudflare's 52x, nginx's 499) is in no standard at all.
        """,
    fix="Nothing needs fixing; this explains.",
    unless="Exchanges without a response have no status: see `status/no-response`.",
    shows="""
        GET https://cdn.shop.test/film.mp4 HTTP/2
        Range: bytes=0-1023

        HTTP/2 206
        Content-Type: video/mp4
        Content-Range: bytes 0-1023/146515
        """,
    quiet="""
        # error: net::ERR_CONNECTION_REFUSED
        GET https://cdn.shop.test/film.mp4 HTTP/2
        """,
)
def explained(x: Subject) -> Finding | None:
    """One sentence or a few on the status, by the table above."""
    function = EXPLAINED.get(x.status)
    if function is not None:
        return function(x)
    reason = x.response.reason if x.response is not None else None
    return _general(x.status, reason or "")


@rule(
    "status/unknown-code",
    Severity.NOTE,
    "Status code that is not registered",
    on=unregistered_status(),
    references=(SEMANTICS, RFC9110 + "16.2.1"),
    what="The status code is neither in the IANA registry nor one of a vendor's that is well known.",
    why="""
        A client falls back to the x00 code of the class, so what the special number wants to say is lost on it; caches,
        gateways and monitoring may treat it differently from each other.
        """,
    fix="Send the registered code that comes closest, and put the detail into the content (RFC 9457, problem details).",
    unless="Codes of known vendors (Cloudflare 520 to 530, nginx 444 and 499, IIS 440 …) are explained instead.",
    shows="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 475 Nope
        """,
    quiet="""
        GET https://api.shop.test/items HTTP/1.1

        HTTP/1.1 525 SSL handshake failed
        """,
)
def unknown_code(x: Subject) -> Finding | None:
    """A code with no known meaning."""
    code = x.status
    if status_of(code) is not None:
        return None
    kind = class_of(code)
    if kind is None:
        return Finding(
            f"{code} lies outside 100 to 599, the range of status codes. Clients are to treat it as a server error, "
            "and many libraries refuse it outright.",
            "Send a registered code: `500` for a failure, `200` for a success.",
            (x.status_evidence(),),
            title=f"{code} is no valid status code",
            severity=Severity.WARNING,
            references=(SEMANTICS,),
        )
    return Finding(
        f"No standard and no well-known vendor defines {code}, so clients act as if it were `{code // 100}00`: "
        f"{kind.says}.",
        f"Send `{code // 100}00` or the registered code that comes closest, and the detail in the content.",
        (x.status_evidence(),),
        title=f"{code} is not a registered status code",
    )


# What is known of these without a response is the recorder's word alone.
_ONLY_HERE = frozenset(
    {
        refused.UNTOLD,
        refused.REDIRECT_SCHEME,
        refused.REDIRECT_INVALID,
        refused.REDIRECT_AMBIGUOUS,
        refused.TOO_MANY_REDIRECTS,
        refused.BAD_PORT,
        refused.BY_CLIENT,
        refused.BY_ADMINISTRATOR,
    }
)


def _refused(x: Subject) -> bool:
    """Whether the browser refused it for a reason that another rule explains."""
    cors, block = x.verdicts.cors, x.verdicts.block
    if cors is not None and cors.outcome == "blocked":
        return True
    return block is not None and block.outcome == "blocked" and block.code not in _ONLY_HERE


@rule(
    "status/no-response",
    Severity.WARNING,
    "No response arrived",
    on=failed(),
    references=(NET_ERRORS,),
    what="The request ended without a response; what its recorder says about that is put into words.",
    why="""
        A status 0 stands for very different things: a name that does not resolve, a certificate that is not trusted, a
        request an ad blocker stopped, a page that was left. Only some of them are anybody's fault.
        """,
    fix="It depends on the cause, which the finding names.",
    unless="""
        Requests the client itself gave up, and entries served from a cache without a status, are information. What the
        browser refused is told by the rule of what it refused it for.
        """,
    shows="""
        # error: net::ERR_NAME_NOT_RESOLVED
        GET https://imgaes.shop.test/logo.png HTTP/2
        """,
    quiet="""
        GET https://images.shop.test/logo.png HTTP/2

        HTTP/2 200
        Content-Type: image/png
        """,
)
def no_response(x: Subject) -> Finding | None:
    """Why there is none, as far as the recorder tells."""
    exchange = x.exchange
    failure, served_from = exchange.failure, exchange.context.served_from
    if kind_of(x) is not None:
        return None  # a recording proxy saw more than this rule knows, and has rules of its own
    if _refused(x):
        return None  # a rule of what refused it tells more
    if served_from is not None and (failure is None or failure.code is None):
        if served_from == "push":
            return Finding(
                "The recorder kept no status, and says that the server pushed this (HTTP/2) before it was asked for.",
                title="Pushed by the server; no status recorded",
                severity=Severity.INFO,
                references=("https://www.rfc-editor.org/rfc/rfc9113#section-8.4",),
            )
        return Finding(
            "The recorder kept no status, and says that the response came from the client's own cache "
            f"(`{served_from}`): no "
            "server was asked. It is not a failure.",
            title="Served from a cache; no status recorded",
            severity=Severity.INFO,
            references=(SEMANTICS,),
        )
    if failure is None or failure.message.startswith("no response ("):
        unknown = "The recording has no response for this request and does not say why."
        if exchange.context.recorder.vantage == "browser":
            unknown += (
                " The browser may have blocked or cancelled it, it may have been unfinished when recording stopped, or "
            )
            unknown += "it came from a cache."
        return Finding(
            unknown,
            None,
            title="No response recorded",
            severity=Severity.NOTE,
            certainty="unknown",
            references=(SEMANTICS,),
        )
    message = brief(x.masker.text(failure.message), 200)
    name, known = net_error(failure.code, failure.message)
    shown = f"net::ERR_{name}" if name else (failure.code or message)
    evidence = (Evidence("exchange", "error", brief(shown, 200)),)
    said = f" The recorder's words: `{message}`." if message != shown else ""
    if known is None:
        return Finding(
            f"The recorder says `{brief(shown, 200)}` and nothing else is known about the cause." + said,
            None,
            evidence,
            title="No response",
            certainty="unknown",
        )
    url = x.url
    says = known.says
    for key, value in (("{host}", url.host or "this host"), ("{port}", str(url.port)), ("{scheme}", url.scheme)):
        says = says.replace(key, brief(value, 100))
    severity = {"stopped": Severity.INFO, "cache": Severity.INFO, "blocked": Severity.WARNING}.get(
        known.family, Severity.ERROR
    )
    if name in ("BLOCKED_BY_CLIENT", "BLOCKED_BY_ADMINISTRATOR"):
        severity = Severity.NOTE
    return Finding(
        says + said,
        known.next,
        evidence,
        title=f"No response: {known.outcome}",
        severity=severity,
        certainty="certain" if name else "likely",
    )


@rule(
    "status/5xx-explained",
    Severity.WARNING,
    "The server failed",
    on=status_class(5),
    references=(RFC9110 + "15.6", "https://www.rfc-editor.org/rfc/rfc9209#section-2.3"),
    what="""
        The server side failed: who made the error response, as far as `Via`, `Server`, `Proxy-Status` and the marks of
        CDNs show, and where to look next.
        """,
    why="""
        A 5xx often does not come from the application. `502` and `504` are made by the gateway in front of it, `503` by
        either, and the 52x codes by Cloudflare; looking into the wrong log costs hours.
        """,
    fix="Look where the finding says. For clients: repeat idempotent requests with growing pauses, never a POST.",
    shows="""
        GET https://shop.test/basket HTTP/2

        HTTP/2 502
        Server: cloudflare
        CF-Ray: 8f1c2d3e4f5a6b7c-FRA
        """,
    quiet="""
        GET https://shop.test/basket HTTP/2

        HTTP/2 200
        Content-Type: text/html
        """,
)
def server_error(x: Subject) -> Finding | None:
    """Who produced it and where to look."""
    return errors.who_failed(x)

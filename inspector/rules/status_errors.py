"""What a 4xx or 5xx status means for the exchange it belongs to: one small function a status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import words
from inspector.fields.challenges import Challenge, parse_challenges
from inspector.fields.ranges import parse_content_range
from inspector.fields.statuses import REGISTERED
from inspector.report import Evidence
from inspector.rules.answered_by import answerer, answerer_evidence, proxy_error
from inspector.rules.base import Finding
from inspector.rules.status_success import told
from inspector.rules.status_words import brief, limit_fields, reset_words, retry_words

if TYPE_CHECKING:
    from inspector.subject import Subject


def _present(x: Subject, side: str, *names: str) -> list[Evidence]:
    """Evidence for those of the fields that are there."""
    if side == "request":
        return [x.request_field(name) for name in names if name in x.req]
    return [x.response_field(name) for name in names if name in x.res]


# -- who may: 401, 403, 407, 451 ------------------------------------------------------------------------------------

_SCHEMES = {
    "basic": "`Basic` (name and password, readable by whoever sees the request)",
    "bearer": "`Bearer` (a token, as OAuth 2.0 issues them)",
    "digest": "`Digest` (name and password, sent as a hash)",
    "negotiate": "`Negotiate` (Kerberos or NTLM: the operating system's sign-in)",
    "ntlm": "`NTLM` (the Windows sign-in)",
    "dpop": "`DPoP` (a token bound to a key of the client)",
    "aws4-hmac-sha256": "`AWS4-HMAC-SHA256` (a signature over the request)",
}


def _challenge_words(x: Subject, challenge: Challenge) -> str:
    said = _SCHEMES.get(challenge.scheme.lower(), f"`{challenge.scheme}`")
    realm = challenge.parameters.get("realm")
    return f"{said} for the realm `{brief(x.masker.text(realm), 60)}`" if realm else said


def unauthorized(x: Subject) -> Finding:
    """401: with which credentials it came, and what the server asks for."""
    sent = "authorization" in x.req
    cookie = "cookie" in x.req
    value = x.res.get("www-authenticate")
    challenges = parse_challenges(value) if value else None
    evidence = [*_present(x, "request", "authorization"), *_present(x, "response", "www-authenticate")]
    if sent:
        scheme = (x.req.get("authorization") or "").partition(" ")[0]
        begin = f"The request carried `Authorization: {scheme} …`, and the server does not accept it: "
        begin += "expired, revoked, mistyped, or meant for another service."
    elif cookie:
        begin = "The request carried cookies but no `Authorization`; to the server that is nobody signed in."
    elif x.exchange.context.recorder.cookies_recorded is False:
        begin = "The server does not know who asks. The recording leaves out credentials, so none may have been sent."
    else:
        begin = "The request carried no credentials, and the server wants to know who asks."
    if challenges:
        asked = words.listed([_challenge_words(x, c) for c in challenges], "or")
        begin += f" It asks for {asked}."
        problem = next((c.parameters["error"] for c in challenges if "error" in c.parameters), None)
        if problem:
            begin += f" The reason it gives is `{brief(x.masker.text(problem), 60)}`."
        if any(c.scheme.lower() in ("basic", "digest") for c in challenges) and x.is_navigation:
            begin += " A browser opens its sign-in window for that."
    elif value:
        begin += " Its `WWW-Authenticate` field cannot be read."
    else:
        begin += " It does not say how to sign in: there is no `WWW-Authenticate` field."
    begin += " (`403` would say: known, and not allowed.)"
    outcome = "the credentials were not accepted" if sent else "credentials are missing"
    return told(x, outcome, begin, *evidence)


def proxy_unauthorized(x: Subject) -> Finding:
    """407."""
    value = x.res.get("proxy-authenticate")
    challenges = parse_challenges(value) if value else None
    asked = f" It asks for {words.listed([_challenge_words(x, c) for c in challenges], 'or')}." if challenges else ""
    detail = (
        f"A proxy on the way wants credentials before it passes the request on; the origin server never saw it.{asked}"
    )
    return told(x, "the proxy wants credentials", detail, *_present(x, "response", "proxy-authenticate"))


def forbidden(x: Subject) -> Finding:
    """403: against 401, and who refuses."""
    who = answerer(x)
    known = "authorization" in x.req or "cookie" in x.req
    detail = "The server understood the request and refuses it"
    if "authorization" in x.req:
        detail += " in spite of its `Authorization`: whoever that is, is not allowed to do this."
    elif known:
        detail += ". The request carried cookies; whether one of them signs somebody in is not visible."
    else:
        detail += "."
    detail += " Sending the same again will not help (`401` would ask for other credentials)."
    if "cf-mitigated" in x.res:
        detail += " `Cf-Mitigated` shows that Cloudflare's bot protection answered, not the site."
        return told(x, "refused by bot protection", detail, *_present(x, "response", "cf-mitigated"))
    if "x-csrf-token" in x.req or "x-xsrf-token" in x.req or (x.method == "POST" and known):
        detail += " For a state-changing request, a CSRF check that failed is one of the usual causes."
    evidence: tuple[Evidence, ...] = ()
    if who is not None and who.front:
        detail += f" The answer came through {who.name}, whose own rules (firewall, bots, country) can refuse too."
        evidence = answerer_evidence(x, who)
    return told(x, "refused", detail, *_present(x, "request", "authorization"), *evidence)


def legal(x: Subject) -> Finding:
    """451."""
    if "x-ms-location" in x.res:
        return told(
            x,
            "used by Microsoft Exchange for a redirect",
            "Exchange ActiveSync uses this number in its own sense: the mailbox is to be had at the server that "
            "`X-MS-Location` names. The registered meaning (denied for legal reasons) does not apply.",
            x.response_field("x-ms-location"),
        )
    detail = "Access is denied because of a legal demand."
    if 'rel="blocked-by"' in (x.res.get("link") or "") or "rel=blocked-by" in (x.res.get("link") or ""):
        detail += ' `Link` names who enforces it (`rel="blocked-by"`).'
    else:
        detail += ' Who enforces it is not said; a `Link` with `rel="blocked-by"` would.'
    return told(x, "denied by legal demand", detail, *_present(x, "response", "link"))


# -- what is there: 404, 405, 410 -----------------------------------------------------------------------------------


def not_found(x: Subject) -> Finding:
    """404."""
    path = x.url.path or "/"
    detail = f"The server has nothing at `{brief(x.masker.url(path), 100)}`, or does not want to say that it has."
    kind = x.exchange.context.resource_type
    if path == "/favicon.ico":
        detail += " Browsers ask for this icon by themselves when the page names no other."
    elif path.endswith(".map"):
        detail += " It is a source map, which only developer tools ask for."
    elif x.destination in ("script", "style", "image", "font") or kind in ("script", "stylesheet", "image", "font"):
        what = {"style": "style sheet", "stylesheet": "style sheet"}.get(
            x.destination or kind or "", x.destination or kind
        )
        detail += (
            f" The page goes without this {what}; often a build renamed the file and a page still has the old name."
        )
    elif x.is_preflight:
        detail += " It knows the address by other methods, perhaps: this was the browser's question before the request."
    elif x.method not in ("GET", "HEAD"):
        detail += f" With {x.method} that can also mean that the item it is about does not exist."
    detail += " It may be there later; `410` would say that it is gone for good."
    return told(x, "nothing at this address", detail, x.request_line())


def gone(x: Subject) -> Finding:
    """410."""
    return told(
        x,
        "removed for good",
        "The resource was at this address and will not come back; links to it should be removed, and search engines "
        "drop it sooner than after a `404`.",
    )


def allowed_methods(value: str) -> tuple[str, ...]:
    """The methods an ``Allow`` field lists."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def method_not_allowed(x: Subject) -> Finding:
    """405: what is allowed, and whether the method used is among it."""
    value = x.res.get("allow")
    method = brief(x.method, 30)
    if value is None:
        detail = f"This resource does not support {method}, and the response does not say what it supports (`Allow`)."
        return told(x, f"not {method}", detail, x.request_line())
    allowed = allowed_methods(value)
    evidence = (x.request_line(method), x.response_field("allow"))
    if not allowed:
        return told(x, f"not {method}", "`Allow` is empty: this resource supports no method at all for now.", *evidence)
    listing = words.listed(words.ticked(brief(a, 30) for a in allowed), "and", 10)
    if x.method in allowed:
        detail = (
            f"The server refuses {method} here, and in the same response lists it in `Allow` ({listing}). "
            "One of the two is wrong: often a router answers for all methods at once, or a gateway refused."
        )
        return told(x, f"{method} is refused and listed as allowed", detail, *evidence)
    detail = f"This resource does not support {method}. It supports {listing}."
    if x.method.upper() in allowed:
        detail += f" Methods are case-sensitive: `{method}` is not `{x.method.upper()}`."
    elif x.method == "OPTIONS" and x.is_preflight:
        detail += " This was a CORS preflight, which a server has to answer before any other method gets through."
    elif x.method == "POST" and set(allowed) <= {"GET", "HEAD", "OPTIONS"}:
        detail += " A POST to a static file or to an address one `/` off commonly ends here."
    return told(x, f"not {method}", detail, *evidence)


# -- what was sent: 400, 406, 409, 411–417, 422, 425, 426, 428, 431 ---------------------------------------------------


def bad_request(x: Subject) -> Finding:
    """400."""
    detail = "The server finds the request malformed and will not process it."
    cookie = x.req.get("cookie")
    kind = x.req.get("content-type") or ""
    if cookie and len(cookie) > 7000:
        detail += f" The `Cookie` field alone has {words.octets(len(cookie))}; many servers stop at 8 kB."
    elif x.method in ("POST", "PUT", "PATCH") and "json" in kind:
        detail += (
            " For an API that usually means its JSON: syntax, a missing member, or a wrong type. The response's "
            "content may say which."
        )
    elif x.method in ("POST", "PUT", "PATCH") and not kind and x.request.body.size:
        detail += " The content was sent without a `Content-Type`, so the server had to guess how to read it."
    else:
        detail += " The response's content may say what is wrong."
    return told(x, "the request is malformed", detail)


def not_acceptable(x: Subject) -> Finding:
    """406."""
    fields = _present(x, "request", "accept", "accept-language", "accept-encoding")
    detail = "Nothing the server has suits what the request accepts"
    accept = x.req.get("accept")
    detail += f": `Accept: {brief(x.shown('request', 'accept'), 80)}`." if accept else "."
    detail += " A server may as well send what it has; some firewalls use `406` to turn away clients they do not like."
    return told(x, "no representation suits", detail, *fields)


def conflict(x: Subject) -> Finding:
    """409."""
    return told(
        x,
        "contradicts the present state",
        f"The {x.method} contradicts what the resource is like now: the item exists already, or was changed since the "
        "client "
        "last read it. Read it again, merge, and send again.",
    )


def precondition_failed(x: Subject) -> Finding:
    """412."""
    names = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since")
    evidence = _present(x, "request", *names)
    detail = "A condition in the request is false, so nothing was done."
    if "if-match" in x.req:
        detail = (
            f"`If-Match: {x.shown('request', 'if-match')}` says: only if this is still the current version. It no "
            "longer is; "
            "somebody changed it, and the condition kept that change from being overwritten."
        )
    elif (x.req.get("if-none-match") or "").strip() == "*":
        detail = "`If-None-Match: *` says: only if nothing is here yet. There is something, so nothing was made."
    elif "if-unmodified-since" in x.req:
        detail = f"`If-Unmodified-Since: {x.shown('request', 'if-unmodified-since')}`: it has been modified since."
    return told(x, "a condition was false", detail, *evidence)


def too_large(x: Subject) -> Finding:
    """413."""
    size = x.request.body.size or x.request.body.transferred
    sent = f" ({words.octets(size)})" if size else ""
    detail = f"The request's content{sent} exceeds what the server takes."
    who = answerer(x)
    if who is not None and "nginx" in who.name.lower():
        detail += " nginx takes 1 MB unless `client_max_body_size` says otherwise."
        return told(x, "the content is too large", detail, *answerer_evidence(x, who))
    when = retry_words(x)
    if when:
        detail += f" The limit is temporary: try again {when}."
    return told(x, "the content is too large", detail)


def uri_too_long(x: Subject) -> Finding:
    """414."""
    detail = (
        f"The request's URL has {words.count(len(x.request.url), 'character')}, more than the server reads (often "
        "8,000)."
    )
    return told(x, "the URL is too long", detail + " Data of that size belongs into the content of a POST.")


def unsupported_media_type(x: Subject) -> Finding:
    """415."""
    kind = x.req.get("content-type")
    accepts = _present(x, "response", "accept-post", "accept-patch", "accept", "accept-encoding")
    if kind:
        detail = f"The server does not take `{brief(x.shown('request', 'content-type'), 80)}` with {x.method} here."
    else:
        detail = f"The {x.method} has no `Content-Type`, and the server does not take content of a type it is not told."
    if accepts:
        detail += f" It takes `{accepts[0].value}` (`{accepts[0].name}`)."
    return told(x, "not this type of content", detail, x.request_field("content-type"), *accepts[:1])


def range_not_satisfiable(x: Subject) -> Finding:
    """416."""
    asked, value = x.req.get("range"), x.res.get("content-range")
    size = parse_content_range(value) if value else None
    detail = f"The request wanted `Range: {x.shown('request', 'range')}`" if asked else "The range asked for"
    detail += ", and nothing of that exists" if asked else " does not exist"
    if size is not None and size.complete is not None:
        detail += f": the whole has {words.count(size.complete, 'byte')}"
        if size.complete:
            detail += f", so the last position is {size.complete - 1}"
    detail += ". A client that resumed a download has it complete, or the file has become shorter."
    return told(
        x, "the range lies outside", detail, *_present(x, "request", "range"), *_present(x, "response", "content-range")
    )


def misdirected(x: Subject) -> Finding:
    """421."""
    return told(
        x,
        "wrong connection for this host",
        f"The connection leads to a server that does not answer for `{x.url.host}`. HTTP/2 and HTTP/3 clients use one "
        "connection for several hosts when the certificate covers them and the address is the same; this one is not "
        "meant "
        "to be shared. The client asks again on a new connection.",
    )


def unprocessable(x: Subject) -> Finding:
    """422."""
    return told(
        x,
        "validation failed",
        "The content could be read and says something that cannot be done: a value out of range, a missing entry, a "
        "broken "
        "rule. The response's content usually lists what.",
    )


def too_early(x: Subject) -> Finding:
    """425."""
    marked = _present(x, "request", "early-data")
    detail = (
        "The request came in TLS early data (0-RTT), before the handshake was complete. Such data can be recorded and "
    )
    detail += f"sent again by an attacker, so the server does not do a {x.method} on it. "
    if marked:
        detail += "`Early-Data: 1` was added by the gateway that ended TLS. "
    return told(x, "wait for the handshake", detail + "The client sends it again afterwards by itself.", *marked)


def upgrade_required(x: Subject) -> Finding:
    """426."""
    value = x.res.get("upgrade")
    to = f"`{x.shown('response', 'upgrade')}`" if value else "another protocol, without naming it in `Upgrade`"
    detail = f"The server refuses this request over the protocol used and wants {to}."
    if value and "websocket" in value.lower():
        detail += " This address is a WebSocket endpoint: it wants a WebSocket handshake, not a plain request."
    return told(x, f"wants {to if value else 'another protocol'}", detail, *_present(x, "response", "upgrade"))


def precondition_required(x: Subject) -> Finding:
    """428."""
    return told(
        x,
        "the request must be conditional",
        f"The server does no {x.method} here without a condition, lest somebody's change be overwritten unseen: read "
        "the "
        "resource, take its `ETag`, and send that in `If-Match`.",
    )


def fields_too_large(x: Subject) -> Finding:
    """431."""
    if not len(x.req):
        return told(x, "the request's fields are too large", REGISTERED[431].says)
    largest = max(x.req, key=lambda line: len(line.value))
    total = sum(len(line.name) + len(line.value) + 4 for line in x.req)
    detail = (
        f"The request's fields have {words.octets(total)} together; the largest, `{brief(largest.name, 60)}`, has "
        f"{words.octets(len(largest.value))}."
    )
    if largest.name.lower() == "cookie":
        detail += " Deleting this site's cookies lets the visitor in again; the site should set fewer or smaller ones."
    return told(x, "the request's fields are too large", detail)


# -- not now: 408, 429, 503 -------------------------------------------------------------------------------------------


def too_many(x: Subject) -> Finding:
    """429: when to ask again."""
    when = retry_words(x)
    reset = None if when else reset_words(x)
    if when:
        detail = (
            f"This client has asked too often. `Retry-After: {x.shown('response', 'retry-after')}` tells it to ask "
            f"again {when}."
        )
        outcome = f"ask again {when}"
    elif reset:
        detail = (
            "This client has asked too often. There is no `Retry-After`; by its rate-limit fields the count starts "
            f"anew {reset}."
        )
        outcome = f"the limit resets {reset}"
    else:
        detail = "This client has asked too often, and the response does not say when to ask again (`Retry-After`)."
        outcome = "asked too often"
    return told(x, outcome, detail, *_present(x, "response", "retry-after"), *limit_fields(x))


def unavailable(x: Subject) -> Finding:
    """503: for how long."""
    when = retry_words(x)
    if when:
        detail = (
            "The server cannot serve for now, and expects to again: `Retry-After: "
            f"{x.shown('response', 'retry-after')}` "
            f"means ask again {when}."
        )
        return told(x, f"ask again {when}", detail, *_present(x, "response", "retry-after"))
    detail = (
        "The server cannot serve for now (overload, maintenance, no backend that is alive). For how long is not said."
    )
    return told(x, "not for now", detail)


def gateway(x: Subject) -> Finding:
    """502 and 504: who the gateway is and what it says."""
    who = answerer(x)
    name = who.name if who is not None else "A gateway that does not name itself"
    name = name[0].upper() + name[1:] if name[0].isalpha() else name
    if x.status == 502:
        detail = f"{name} passed the request on and got no valid answer from the server behind it."
    else:
        wait = x.exchange.timings.wait
        detail = f"{name} passed the request on and got no answer in time from the server behind it."
        if wait is not None and wait >= 1000:
            detail += f" It gave up after about {words.milliseconds(wait)}."
    cause = proxy_error(x)
    if cause:
        detail += " " + cause
    outcome = (
        "no valid answer from behind the gateway" if x.status == 502 else "no answer in time from behind the gateway"
    )
    return told(x, outcome, detail, *answerer_evidence(x, who))


def not_implemented(x: Subject) -> Finding:
    """501."""
    detail = (
        f"The server does not know the method {brief(x.method, 30)}, or supports it for no resource (`405` would mean: "
        "not for this one)."
    )
    return told(x, f"{brief(x.method, 30)} is not supported at all", detail, x.request_line())


def version_not_supported(x: Subject) -> Finding:
    """505."""
    used = f"HTTP/{x.client_version}" if x.client_version else "the version used"
    return told(x, f"{used} is refused", f"The server refuses the major version of HTTP of this request: {used}.")


def network_authentication(x: Subject) -> Finding:
    """511."""
    return told(
        x,
        "the network wants a sign-in",
        f"The answer does not come from `{x.url.host}` but from the network in between (a captive portal, in a hotel "
        "or a "
        "train), which wants a sign-in first. Its content must not be taken for the site's.",
    )


# -- who failed: any 5xx ------------------------------------------------------------------------------------------

_NEXT = {
    500: "Read the application's log at this time: it names the cause, which a response to visitors should not.",
    501: "Send a method the server implements.",
    502: "Look at the server behind the gateway: is it running, does it answer on that port, does it end early? The "
    "gateway's own error log names what it met.",
    503: "Look at load and health checks; a load balancer sends it when no server behind it is healthy.",
    504: "Find out what the server behind the gateway was doing all that time, or raise the gateway's timeout.",
    505: "Use a version of HTTP the server speaks.",
    507: "Make room on the server.",
    508: "Break the loop among the collection's bindings.",
    511: "Sign in to the network, then ask again.",
    520: "Look at the origin server and Cloudflare's way to it: is it running, does its firewall admit Cloudflare's "
    "addresses, is its DNS record right, is its certificate valid?",
}
_CLOUDFLARE_ORIGIN = range(520, 531)


def who_failed(x: Subject) -> Finding | None:
    """Any 5xx: who made the response, and where to look next. Of a 501 to a preflight its CORS finding tells."""
    status = x.status
    if status == 501 and x.is_preflight:
        return None
    who = answerer(x)
    evidence = (x.status_evidence(), *answerer_evidence(x, who))
    if status == 511:
        made = "A network in between made this response, not the site."
    elif who is None:
        trace = x.marks.of("trace")
        if trace:
            made = f"The application made this response: its content shows {trace[0].mark.name}."
        else:
            made = "The response does not show who made it: the application, or a gateway in front of it."
    elif status in _CLOUDFLARE_ORIGIN and who.name == "Cloudflare":
        made = "Cloudflare made this response; the fault lies with the origin server behind it, or the way there."
    elif status in (502, 504):
        made = f"A `{status}` is made by a gateway; by its fields that is {who.name}, not the application."
    elif who.front:
        made = f"The response came through {who.name}, which may have made it or passed it on."
    else:
        made = f"By `{x.res.named(who.field)}`, the response comes from {who.name}."
        made += " That is often a gateway in front of the application." if "nginx" in who.name.lower() else ""
    cause = proxy_error(x)
    again = (
        ""
        if x.method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")
        else f" {x.method} is not idempotent: whether it took effect is unknown, so repeating it can do it twice."
    )
    fix = _NEXT.get(status) or _NEXT[520 if status in _CLOUDFLARE_ORIGIN else 500]
    if who is None:
        title = f"{status}: the server failed"
    else:
        passed_on = who.front and status not in (502, 504) and status not in _CLOUDFLARE_ORIGIN
        title = f"{status}, by way of {who.name}" if passed_on else f"{status} from {who.name}"
    return Finding(f"{made} {cause}{again}" if cause else made + again, fix, evidence, title=title)

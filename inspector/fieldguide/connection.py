"""Framing, the connection and what else can be spoken on it (RFC 9110, section 7; RFC 9112; RFC 7838)."""

from __future__ import annotations

import re

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import bare_url, misfit, number, quote, quoted, seconds, sentence, sentences, unparsed
from inspector.fields.alt_svc import parse_alt_svc
from inspector.fields.media_names import CODINGS
from inspector.fields.parameters import read_parameters
from inspector.fields.quality import parse_preferences
from inspector.fields.structured import bare, parse_structured
from inspector.fields.tokens import split_list
from inspector.fields.via import parse_via
from inspector.url import parse
from inspector.words import count, duration, listed

_PROTOCOLS = {
    "h2": "HTTP/2",
    "h3": "HTTP/3",
    "http/1.1": "HTTP/1.1",
    "h2c": "HTTP/2 without TLS",
    "quic": "Google's QUIC",
}


@reads(
    row(
        "Host",
        REQUEST,
        "Which site is asked, since one address can serve many; in HTTP/2 and HTTP/3 `:authority` takes its place.",
        f"{RFC}9110#section-7.2",
        "shop.test",
    )
)
def host(value: str, around: Around) -> str:
    """A host, perhaps with a port."""
    target = parse(around.url)
    asked = value.strip().lower()
    if not asked:
        return "An empty value: the target has no host."
    if not target.host:
        return ""
    shown = target.origin.partition("//")[2]
    if asked in (target.host, f"{target.host}:{target.port}", shown):
        return "The same as in the URL."
    return f"The URL says {quote(shown or target.host)}, so the two differ: the server goes by this one."


@reads(
    row(
        "Connection",
        BOTH,
        "What holds for this connection alone: whether it stays open, and which other fields end here.",
        f"{RFC}9110#section-7.6.1",
        "keep-alive",
    ),
    row(
        "Proxy-Connection",
        BOTH,
        "A mistake of the nineties for `Connection`, sent to proxies; servers should not see it.",
        f"{RFC}9112#appendix-C.2.2",
        "keep-alive",
    ),
)
def connection(value: str, around: Around) -> str:
    """Connection options."""
    options = [option.lower() for option in split_list(value)]
    said = []
    if "close" in options:
        said.append("the connection is closed after this response, and the next request needs a new one")
    if "keep-alive" in options:
        said.append("the connection stays open for further requests, which is what HTTP/1.1 does anyway")
    if "upgrade" in options:
        said.append("this side would speak another protocol on it, named in `Upgrade`")
    others = [option for option in options if option not in ("close", "keep-alive", "upgrade")]
    if others:
        said.append(f"the fields {quoted(others)} end at the next hop")
    return sentences(*said)


@reads(
    row(
        "Keep-Alive",
        BOTH,
        "How long an idle connection is kept, and for how many more requests.",
        f"{RFC}2068#section-19.7.1.1",
        "timeout=5, max=100",
    )
)
def keep_alive(value: str) -> str:
    """``timeout`` and ``max``."""
    parameters = read_parameters(value.replace(",", ";"))
    said = []
    timeout, most = seconds(parameters.get("timeout", "")), number(parameters.get("max", ""))
    if timeout is None:
        timeout = seconds(value)
    if timeout is not None:
        said.append(f"after {duration(timeout)} without a request the connection may be closed")
    if most is not None:
        said.append(f"it takes {count(most, 'more request')}")
    return sentence(" and ".join(said)) if said else misfit("`timeout=…` or `max=…`", "so it says nothing")


@reads(
    row(
        "Transfer-Encoding",
        BOTH,
        "How the content is framed on this connection where its length was not known beforehand; HTTP/1.1 alone.",
        f"{RFC}9112#section-6.1",
        "chunked",
    ),
    row(
        "TE",
        REQUEST,
        "Which framings besides `chunked` the client takes, and whether fields may follow the content.",
        f"{RFC}9110#section-10.1.4",
        "trailers",
    ),
)
def transfer_encoding(value: str, around: Around) -> str:
    """Transfer codings."""
    names = (
        [preference.name for preference in parse_preferences(value)]
        if around.name == "te"
        else split_list(value.lower())
    )
    words = {"chunked": "in chunks, each with its own length", "trailers": "fields after the content (trailers)"}
    said = [words.get(name) or CODINGS.get(name) or quote(name, 30) for name in names]
    if not said:
        return (
            "None besides `chunked`."
            if around.name == "te"
            else misfit("a transfer coding", "and the message must be refused")
        )
    if around.name == "te":
        return f"The client takes {listed(said)}."
    both = "content-length" in around.fields
    return sentences(
        f"the content comes {', then '.join(said)}",
        "`Content-Length` is there too; this field wins, and a mismatch is how requests are smuggled" if both else "",
    )


@reads(
    row(
        "Trailer",
        BOTH,
        "Which fields will follow after the content.",
        f"{RFC}9110#section-6.6.2",
        "Server-Timing",
    )
)
def trailer(value: str) -> str:
    """Field names."""
    names = split_list(value)
    return f"After the content: {quoted(names)}." if names else "It names none."


@reads(
    row(
        "Upgrade",
        BOTH,
        "Another protocol to go on with on this connection: an offer in a request, accepted by a 101.",
        f"{RFC}9110#section-7.8",
        "websocket",
    )
)
def upgrade(value: str, around: Around) -> str:
    """Protocol names."""
    words = {
        "websocket": "WebSocket",
        "h2c": "HTTP/2 without TLS",
        "h2": "HTTP/2",
        "tls": "TLS",
        "connect-udp": "UDP through a proxy",
    }
    said = [words.get(name.partition("/")[0].lower()) or quote(name, 30) for name in split_list(value)]
    if not said:
        return misfit("a protocol's name")
    if around.message == "request":
        return sentence(
            f"the client offers {listed(said, 'or')}{', and the server switched (101)' if around.status == 101 else ''}"
        )
    if around.status == 101:
        return f"From here on the connection speaks {listed(said)}."
    return f"The server could also speak {listed(said, 'or')}; it does not switch with this response."


@reads(
    row(
        "Via",
        BOTH,
        "Which intermediaries the message passed, the first one first.",
        f"{RFC}9110#section-7.6.3",
        "1.1 vegur, 1.1 varnish (Varnish/6.0)",
    )
)
def via(value: str) -> str:
    """Hops, in order."""
    hops = parse_via(value)
    if not hops:
        return misfit("a list of intermediaries (`1.1 name`)")
    said = []
    for hop in hops[:5]:
        comment = f" ({quote(hop.comment, 40)})" if hop.comment else ""
        said.append(f"{quote(hop.by, 60)}{comment}, which got it over {hop.protocol[:20]}/{hop.version[:10]}")
    more = f"; and {len(hops) - 5} more" if len(hops) > 5 else ""
    return f"{count(len(hops), 'intermediary', 'intermediaries')}: {'; then '.join(said)}{more}."


@reads(
    row(
        "Max-Forwards",
        REQUEST,
        "How many intermediaries a `TRACE` or `OPTIONS` may still pass.",
        f"{RFC}9110#section-7.6.2",
        "10",
    )
)
def max_forwards(value: str) -> str:
    """A number of hops."""
    hops = number(value)
    if hops is None:
        return misfit("a whole number")
    return (
        "Whoever gets it next answers it."
        if hops == 0
        else f"At most {count(hops, 'more intermediary', 'more intermediaries')}."
    )


@reads(
    row(
        "Expect",
        REQUEST,
        "What the client wants to be sure of before it sends the content.",
        f"{RFC}9110#section-10.1.1",
        "100-continue",
    )
)
def expect(value: str) -> str:
    """``100-continue``."""
    if value.strip().lower() == "100-continue":
        return "The client holds the content back until a 100 comes or a while has passed; a refusal costs no upload."
    return misfit("`100-continue`, the one expectation there is", "and a server may answer 417")


@reads(
    row(
        "Alt-Svc",
        RESPONSE,
        "Where and with which protocol the same origin can also be reached; the browser may switch for later requests.",
        f"{RFC}7838#section-3",
        'h3=":443"; ma=86400',
    )
)
def alt_svc(value: str) -> str:
    """Alternatives in order of preference."""
    parsed = parse_alt_svc(value)
    if parsed is None:
        return misfit('a list of alternatives (`h3=":443"`)')
    if parsed.clear:
        return "The browser forgets every alternative it was told of."
    spans = {alternative.max_age for alternative in parsed.alternatives}
    said = []
    for alternative in parsed.alternatives[:4]:
        protocol = alternative.protocol
        words = _PROTOCOLS.get(protocol) or (
            f"a draft of HTTP/3 ({quote(protocol, 20)})" if protocol.startswith("h3-") else quote(protocol, 30)
        )
        where = (
            f"at {quote(alternative.host, 60)} port {alternative.port}"
            if alternative.host
            else f"at port {alternative.port}"
        )
        said.append(f"{words} {where}{f' (for {duration(alternative.max_age)})' if len(spans) > 1 else ''}")
    span = f", remembered for {duration(spans.pop())}" if len(spans) == 1 else ""
    return sentence(f"{listed(said, 'or', 5)}{span}")


@reads(
    row(
        "Alternate-Protocol",
        RESPONSE,
        "What Google's servers offered QUIC with until `Alt-Svc` replaced it in 2016; browsers pass over it.",
        f"{RFC}7838#section-3",
        "443:quic,p=1",
    )
)
def alternate_protocol(value: str) -> str:
    """A port and a protocol."""
    port, colon, rest = value.partition(":")
    protocol, _, share = rest.partition(",")
    if not colon or not port.strip().isdigit():
        return misfit("a port and a protocol (`443:quic`)")
    part = re.fullmatch(r"\s*p=([01](?:\.[0-9]{1,4})?)\s*", share)
    chance = f", for {float(part[1]) * 100:g} % of clients" if part is not None else ""
    words = _PROTOCOLS.get(protocol.strip().lower()) or quote(protocol, 30)
    return f"{words} at port {port.strip()[:6]}{chance}."


@reads(
    row(
        "Alt-Used",
        REQUEST,
        "Which alternative service (from `Alt-Svc`) the client reached the origin by.",
        f"{RFC}7838#section-5",
        "alt.shop.test:443",
    )
)
def alt_used(value: str, around: Around) -> str:
    """A host and port."""
    same = value.partition(":")[0].lower() == parse(around.url).host
    return "The origin's own host, on another protocol or port." if same else f"Reached by {quote(value, 60)}."


@reads(
    row(
        "HTTP2-Settings",
        REQUEST,
        "The client's HTTP/2 settings with an upgrade from HTTP/1.1; taken out of HTTP/2 in 2022, since browsers "
        "never did it.",
        f"{RFC}7540#section-3.2.1",
        "AAMAAABkAAQCAAAAAAIAAAAA",
    )
)
def http2_settings(value: str) -> str:
    """A SETTINGS frame in Base64."""
    bytes_ = len(value.strip().rstrip("=")) * 3 // 4
    return f"{count(bytes_ // 6, 'setting')}." if bytes_ % 6 == 0 and bytes_ else misfit("a SETTINGS frame in Base64")


@reads(
    row(
        "Early-Data",
        REQUEST,
        "That the request came in TLS early data (0-RTT) at a gateway: it may be a replay, and can be answered 425.",
        f"{RFC}8470#section-5.1",
        "1",
    )
)
def early_data(value: str) -> str:
    """``1``."""
    return "" if value.strip() == "1" else misfit("`1`, the one value there is")


_URGENCY = {
    0: "the most urgent",
    1: "very urgent",
    2: "more urgent than usual",
    3: "as urgent as usual",
    4: "less urgent than usual",
    5: "hardly urgent",
    6: "for when there is time",
    7: "background work, the least urgent",
}


@reads(
    row(
        "Priority",
        BOTH,
        "How urgent the response is among those that share the connection (HTTP/2 and HTTP/3).",
        f"{RFC}9218#section-4",
        "u=1, i",
    )
)
def priority(value: str) -> str:
    """Urgency and whether a part is of use."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary", "so it is as urgent as usual")
    urgency = bare(parsed.value.get("u", 3))[0]
    valid = isinstance(urgency, int) and not isinstance(urgency, bool) and urgency in _URGENCY
    parts = bare(parsed.value.get("i", False))[0] is True
    said = f"urgency {urgency} of 0 to 7: {_URGENCY[urgency]}" if valid else "as urgent as usual"
    return sentences(
        said,
        "`i`: parts of it are of use as they come, so it may take turns with others" if parts else "",
        "" if valid else "`u` is no number from 0 to 7",
    )


@reads(
    row(
        "X-Firefox-Spdy",
        RESPONSE,
        "No field of the server's: Firefox writes into its recordings which protocol was spoken.",
        "https://bugzilla.mozilla.org/show_bug.cgi?id=1161214",
        "h2",
    )
)
def firefox_spdy(value: str) -> str:
    """A protocol's name."""
    return f"Spoken was {_PROTOCOLS.get(value.strip().lower()) or quote(value, 20)}."


@reads(
    row(
        "Status",
        RESPONSE,
        "The status code once more: a CGI script's way to set it, which some servers let through; nothing acts on it.",
        f"{RFC}3875#section-6.3.3",
        "200 OK",
    )
)
def status(value: str, around: Around) -> str:
    """A status code."""
    code = value.strip()[:3]
    if not code.isdigit():
        return misfit("a status code")
    if around.status and code != str(around.status):
        return f"It says {code}, and the response's status is {around.status}, which alone counts."
    return "The same as the response's own."


@reads(
    row(
        "X-HTTP-Method-Override",
        REQUEST,
        "The method that is meant, for clients or proxies that can do `GET` and `POST` alone; a convention.",
        "https://learn.microsoft.com/odata/webapi/override-http-method",
        "PATCH",
    ),
    row(
        "X-Method-Override",
        REQUEST,
        "The method that is meant, for clients that can do `GET` and `POST` alone; a convention.",
        "https://expressjs.com/en/resources/middleware/method-override.html",
        "DELETE",
    ),
)
def method_override(value: str, around: Around) -> str:
    """A method."""
    return f"Sent as {quote(around.method, 20)}, meant as {quote(value, 20)}, if the server goes by it."


@reads(
    row(
        "Origin-Agent-Cluster",
        RESPONSE,
        "Whether the browser may keep the pages of this origin apart from those of its sister hosts.",
        "https://html.spec.whatwg.org/multipage/browsers.html#origin-agent-cluster",
        "?1",
    )
)
def origin_agent_cluster(value: str) -> str:
    """A structured boolean."""
    parsed = parse_structured(value, "item")
    said = None if parsed.failed else bare(parsed.value)[0]
    if said is True:
        return "Kept apart by origin; `document.domain` can no longer be set."
    if said is False:
        return "Not kept apart: pages of the same site share, and `document.domain` may be set."
    return unparsed(parsed, "boolean", "so the browser's default holds") if parsed.failed else misfit("`?1` or `?0`")


TUNNELS = known(
    row(
        "Capsule-Protocol",
        BOTH,
        "That what follows on this stream is framed in capsules, as for UDP or IP through a proxy.",
        f"{RFC}9297#section-3.4",
        "?1",
    ),
)


@reads(
    row(
        "Referer",
        REQUEST,
        "The page (or style sheet) that made the client ask for this; how much of its URL is told, `Referrer-Policy` "
        "decides.",
        f"{RFC}9110#section-10.1.3",
        "https://shop.test/cart",
    )
)
def referer(value: str, around: Around) -> str:
    """A URL, or its origin alone."""
    came, target = parse(value), parse(around.url)
    if not came.host:
        return f"{quote(bare_url(value[:4000]))} is no absolute URL with a host." if value else "An empty value."
    short = came.path in ("", "/") and not came.query
    if came.origin == target.origin:
        return "A page of the same origin."
    told = "of which just the origin is told (or its front page)" if short else "whose full address is told"
    return f"A page of another origin, {quote(came.origin, 80)}, {told}."

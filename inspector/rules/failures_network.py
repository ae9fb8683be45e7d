"""Exchanges that a recording proxy could not bring to an end: names, connections, broken messages, and its own limits.

Each says which side it was. What mitmproxy itself gets wrong is told as that: the origin is not to blame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import words
from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules import failure_kinds as kinds
from inspector.rules.base import Finding, Rule, failure, rule
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspector.subject import Subject

RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"
RFC9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
RFC9113 = "https://www.rfc-editor.org/rfc/rfc9113#section-"
RFC9293 = "https://www.rfc-editor.org/rfc/rfc9293#section-"
RFC8297 = "https://www.rfc-editor.org/rfc/rfc8297#section-2"
RFC1034 = "https://www.rfc-editor.org/rfc/rfc1034#section-3.7"

_FOR = compile_late(r"Nothing passed for (\d{1,9}) s")
_EXAMPLE = """
        # recorder: proxy
        # side: {}
        # error: {}
        GET https://shop.test/ HTTP/1.1
        """
_OTHER = _EXAMPLE.format("server", "Certificate verify failed: certificate has expired")


def _rule(
    slug: str,
    title: str,
    reference: str,
    what: str,
    why: str,
    fix: str,
    error: str,
    *,
    side: str = "server",
    severity: Severity = Severity.ERROR,
    shows: str | None = None,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[[Subject], Finding]], Rule]:
    """A rule of this module: asked where an exchange failed, speaks where the failure is of its kind (or of `also`)."""
    speaks = {slug, *also}

    def decorate(tell: Callable[[Subject], Finding]) -> Rule:
        def check(x: Subject) -> Finding | None:
            return tell(x) if kinds.kind_of(x) in speaks else None

        return rule(
            f"proxy/{slug}",
            severity,
            title,
            on=failure(),
            references=(reference,),
            what=what,
            why=why,
            fix=fix,
            shows=shows or _EXAMPLE.format(side, error),
            quiet=_OTHER,
        )(check)

    return decorate


def _finding(x: Subject, detail: str, fix: str | None, title: str | None = None) -> Finding:
    return Finding(detail, fix, (kinds.message(x),), title)


@_rule(
    "name-not-found",
    "The host name does not resolve",
    RFC1034,
    what="The name system has no address for the host, as this machine asks it.",
    why="The request never left. A typing error is the usual cause; then a name that only exists inside another "
    "network.",
    fix="Check the spelling; for a host of your own without a public name, `--resolve HOST:ADDRESS`.",
    error="[Errno -2] Name or service not known",
)
def name_not_found(x: Subject) -> Finding:
    """The name."""
    return _finding(
        x,
        f"The proxy found no address for {kinds.host(x)}, so nothing was sent. No server had a part in this.",
        "Check the spelling. If the name is one of another network (a VPN, a company's own name server), connect to it "
        "first. For a host of your own, tell the proxy where it is: `--resolve HOST:ADDRESS`.",
    )


@_rule(
    "refused",
    "The connection was refused",
    RFC9293 + "3.5.2",
    what="The machine answered that nobody listens on that port.",
    why="The machine is there; the program that should answer is not running, or listens on another port or address.",
    fix="Start the server, or correct the port; a server bound to `localhost` is reachable from its own machine alone.",
    error="[Errno 111] Connect call failed ('192.0.2.7', 443)",
)
def refused(x: Subject) -> Finding:
    """Where."""
    return _finding(
        x,
        f"Nobody listens on {kinds.target(x)}: the machine was reached and refused the connection.",
        "Start the server, or correct host and port. In a container, `localhost` is the container itself; a server "
        "that "
        "listens on `::1` alone is not found on `127.0.0.1`.",
    )


@_rule(
    "timeout",
    "The server did not answer in time",
    RFC9293 + "3.8.3",
    what="Nothing came back from that address at all.",
    why="Silence, unlike a refusal, usually means that a firewall drops the packets, or that the address is wrong.",
    fix="Check address and firewall; from the same machine, `nc -vz HOST PORT` shows the same.",
    error="[Errno 110] Connect call failed ('192.0.2.7', 443)",
)
def timeout(x: Subject) -> Finding:
    """Where."""
    return _finding(
        x,
        f"{kinds.target(x)} did not answer: neither accepted nor refused. A firewall that drops packets looks like "
        f"this, "
        "and so does an address nobody has.",
        "Check the address the name resolves to, and what is in between (firewall, security group, VPN).",
    )


@_rule(
    "unreachable",
    "There is no way to that address",
    RFC9293 + "3.9.2.2",
    what="This machine, or a router on the way, has no route to the address.",
    why="Often IPv6: the name has an IPv6 address and this network has no IPv6. Or a VPN is not connected.",
    fix="Connect to the network the server is in, or ask for its other address.",
    error="[Errno 101] Network is unreachable",
)
def unreachable(x: Subject) -> Finding:
    """Where."""
    return _finding(
        x,
        f"No route leads from this machine to {kinds.target(x)}.",
        "Connect to the network the server is in (VPN). If the name has IPv6 and IPv4 addresses and only one kind "
        "works "
        "here, `--resolve HOST:ADDRESS` chooses.",
    )


@_rule(
    "reset",
    "The server closed the connection without a response",
    RFC9112 + "9.6",
    what="The connection was made, the request sent, and the server hung up instead of answering.",
    why="""
        A crash of the process that handled the request, a worker that was restarted, or a connection the server had
        just given up as idle when the request came.
        """,
    fix="Look into the server's log at that moment; clients repeat safe requests once on a new connection.",
    error="server closed connection",
)
def reset(x: Subject) -> Finding:
    """Fresh or kept connection."""
    reused = x.exchange.server.reused
    kept = (
        " The connection had been used before: servers close idle ones, and a request can cross that on its way. "
        if reused
        else " The connection was new, so that it was not given up as idle. "
        if reused is False
        else " "
    )
    return _finding(
        x,
        f"{kinds.host(x)} accepted the connection and the request, then hung up without a response.{kept}".rstrip(),
        "The server's log at this moment: a crash, a restart, a limit. A client may repeat a GET by itself, a POST "
        "only "
        "if doing it twice does no harm.",
    )


@_rule(
    "cut-short",
    "The response was cut short",
    RFC9112 + "8",
    what="The response began, and the connection ended before its end.",
    why="What arrived is not the whole: caches may not keep it as complete, and a client must not take it for such.",
    fix="Look into the server's log: a crash while sending, a timeout of a proxy in front, a wrong `Content-Length`.",
    error="server closed connection",
    shows="""
        # recorder: proxy
        # side: server
        # error: HTTP/1 protocol error: peer closed connection without sending complete message body
        GET https://shop.test/ HTTP/1.1

        HTTP/1.1 200 OK
        Content-Length: 1000

        only this
        """,
)
def cut_short(x: Subject) -> Finding:
    """What was announced, and what came."""
    body = x.response.body if x.response is not None else None
    came = f" after {body.transferred:,} octets" if body is not None and body.transferred is not None else ""
    announced = x.res.get("content-length")
    evidence = [kinds.message(x)]
    if announced is not None:
        evidence.append(x.response_field("content-length", None, "announced"))
    return Finding(
        f"{kinds.host(x)} sent {x.status} and the beginning of the content, then the connection ended{came}. The proxy "
        "passed on what there was.",
        "The server's log at this moment: a crash while sending, a timeout of a proxy in front of it, or a "
        "`Content-Length` that is larger than the content.",
        tuple(evidence),
    )


@_rule(
    "protocol-error",
    "The server's answer is not valid HTTP",
    RFC9112 + "2",
    what="What came back breaks the grammar of HTTP, so that no response could be read from it.",
    why="Another protocol may listen there, or the program writes its status line or fields wrongly.",
    fix="Look at the raw answer with `nc` or `openssl s_client`; correct the program that writes it.",
    error="HTTP/1 protocol error: unexpected server response: b'SSH-2.0-OpenSSH_9.2'",
)
def protocol_error(x: Subject) -> Finding:
    """The words name the octets."""
    http2 = (x.exchange.failure.message if x.exchange.failure is not None else "").startswith("HTTP/2")
    version = "HTTP/2" if http2 else "HTTP/1"
    return _finding(
        x,
        f"What {kinds.target(x)} sent back cannot be read as {version}, so the proxy closed the connection.",
        "Check that the port is one for HTTP. If it is, the program behind it writes an invalid status line or field: "
        "its framework writes valid ones when it is left to.",
    )


@_rule(
    "stream-error",
    "The HTTP/2 stream was reset",
    RFC9113 + "5.4.2",
    what="One of the sides ended this one stream with `RST_STREAM`, and left the connection open.",
    why="""
        The code says why: `REFUSED_STREAM` means that nothing was done and the request may be repeated,
        `INTERNAL_ERROR`
        that the server failed, `CANCEL` that somebody lost interest.
        """,
    fix="By the code; servers name the reason in their log.",
    error="stream reset by client (INTERNAL_ERROR)",
)
def stream_error(x: Subject) -> Finding:
    """The code in words; which side, as far as it can be told: mitmproxy always says "client"."""
    failed = x.exchange.failure
    said = failed.message if failed is not None else ""
    code = said.partition("(")[2].rstrip(")").strip()
    side = failed.side if failed is not None else None
    sure = side in ("server", "client")
    if side is None and code in _CODES_OF_SERVERS:
        side = "server"
    who = {"server": "The server", "client": "The client"}.get(side or "", "One side")
    meaning = _STREAM_CODES.get(code)
    told = f" (`{code}`: {meaning})" if meaning else f" (`{code}`)" if code else ""
    unsure = (
        ""
        if sure
        else " Both sides speak HTTP/2, and the proxy's engine says `by client` whichever it was: that it was the "
        "server follows from the code alone."
        if side == "server"
        else " Both sides speak HTTP/2, and the proxy's engine says `by client` whichever it was."
    )
    return Finding(
        f"{who} {'' if sure or side is None else 'most likely '}reset the stream of this request{told}; other requests "
        f"on the connection go on.{unsure}",
        _STREAM_FIXES.get(code, "The server's log, and the client's, at this moment."),
        (kinds.message(x),),
        title=f"HTTP/2 stream reset: `{brief(code, 40)}`" if code else None,
        severity=Severity.INFO if code == "CANCEL" and side != "server" else None,
        certainty="certain" if sure else "likely",
    )


_CODES_OF_SERVERS = ("INTERNAL_ERROR", "REFUSED_STREAM", "ENHANCE_YOUR_CALM", "HTTP_1_1_REQUIRED")
"""Codes that clients have no use for."""

_STREAM_CODES = {
    "NO_ERROR": "nothing was wrong; the rest was not needed",
    "PROTOCOL_ERROR": "the other side broke a rule of HTTP/2",
    "INTERNAL_ERROR": "it failed inside",
    "FLOW_CONTROL_ERROR": "more was sent than allowed",
    "STREAM_CLOSED": "something came for a stream that had ended",
    "REFUSED_STREAM": "nothing was done with the request; it may be repeated",
    "CANCEL": "it is no longer needed",
    "ENHANCE_YOUR_CALM": "too much is asked of it",
    "HTTP_1_1_REQUIRED": "it wants this request over HTTP/1.1",
}
_STREAM_FIXES = {
    "REFUSED_STREAM": "Repeat the request. If it happens often, open fewer streams at a time.",
    "ENHANCE_YOUR_CALM": "Send fewer requests at a time; the server limits them.",
    "HTTP_1_1_REQUIRED": "Switch HTTP/2 off for this run: `--set http2=false`.",
    "CANCEL": "Nothing, if the page went elsewhere; else look at who gave up, and why so soon.",
}


@_rule(
    "loop",
    "The request leads back to the proxy itself",
    RFC9110 + "7.6",
    what="The address that was asked for is the proxy's own.",
    why="""
        The proxy would ask itself for ever. It happens when its address is opened like a web page, when its own address
        is its upstream, or when a transparent redirect catches the proxy's own connections.
        """,
    fix="Set the address as a *proxy* in the client and ask for the site; check upstream and redirect rules.",
    error="Connection killed: Request destination unknown. Unable to figure out where this request should be "
    "forwarded to.",
)
def loop(x: Subject) -> Finding:
    """The proxy's own address."""
    return _finding(
        x,
        f"{kinds.target(x)} is the proxy itself, so that the request would go round for ever. It was stopped.",
        "Do not open the proxy's address like a site: set it as the proxy of the client, then ask for the site. With "
        "`--mode upstream:`, name another proxy; with `--mode transparent`, leave the proxy's own connections out of "
        "the "
        "redirect.",
    )


@_rule(
    "upstream-proxy",
    "The next proxy refused to connect",
    RFC9110 + "9.3.6",
    what="The proxy this one sends everything through (`--mode upstream:`) did not open the tunnel.",
    why="`407` asks for a user and password; `403` is a policy; `502` and `504` say that *it* could not reach the "
    "server.",
    fix="For 407, `--set upstream_auth=USER:PASSWORD`; for the others, ask who runs that proxy.",
    error="Upstream proxy 192.0.2.9:3128 refused HTTP CONNECT request: 407 Proxy Authentication Required",
)
def upstream_proxy(x: Subject) -> Finding:
    """By its status."""
    status = kinds.refused_connect(x)
    if status == 407:
        return _finding(
            x,
            "The proxy this one goes through wants to know who asks (407): no user and password were sent, or wrong "
            "ones. The server was not reached.",
            "Give them with `--set upstream_auth=USER:PASSWORD`. It does Basic alone; for NTLM or Kerberos put a "
            "helper "
            "such as cntlm in between.",
            "The next proxy wants a password",
        )
    means = {
        403: "its policy forbids this host or port",
        502: "it could not reach the server",
        504: "the server did not answer it",
    }
    why = f": {means[status]}" if status in means else ""
    return _finding(
        x,
        f"The proxy this one goes through refused to open a tunnel to {kinds.target(x)}"
        f"{f' ({status}{why})' if status else ''}. The server was not reached from here.",
        "The log of that proxy names the reason; whoever runs it can allow the host and port.",
    )


@_rule(
    "fence",
    "The proxy is kept to this machine",
    RFC9110 + "7.6",
    what="The proxy was started so that it connects to servers on this machine only.",
    why="The demo and lessons run like this: nothing they do leaves the machine.",
    fix="Nothing, if that is what is wanted.",
    error="Connection killed: inspector connects to this machine only",
    side="recorder",
    severity=Severity.INFO,
)
def fence(x: Subject) -> Finding:
    """Which host."""
    return _finding(x, f"{kinds.host(x)} is not on this machine, and this proxy connects nowhere else.", None)


@_rule(
    "idle",
    "The proxy closed a connection on which nothing passed",
    RFC9112 + "9.5",
    what="For as long as the proxy waits (`tcp_timeout`, 600 seconds by itself), neither side sent anything.",
    why="""
        Without the proxy the two might have waited longer: a slow answer, an event stream or WebSocket that is silent
        between its messages. Other proxies and load balancers on the way have such limits too, often of a minute.
        """,
    fix="A longer limit, `--set tcp_timeout=3600`; better, a server that sends something now and then.",
    error="Nothing passed for 600 s; mitmproxy closed the connection",
    side="recorder",
    severity=Severity.WARNING,
)
def idle(x: Subject) -> Finding:
    """Who was silent, and in the middle of what."""
    failure = x.exchange.failure
    found = _FOR.search(failure.message) if failure is not None else None
    limit = int(found[1]) if found is not None else None
    waited = f"for {words.duration(limit)}" if limit is not None else "for a long time"
    host = kinds.host(x)
    if x.exchange.websocket is not None:
        silent = f"Neither side sent a message {waited}"
        better = "The server, or the page, sends a message or a ping more often than that."
    elif x.status:
        silent = f"{host} had sent {x.status} and the beginning of its content; then nothing more came {waited}"
        better = "The server sends something now and then (into an event stream a comment line, `:`)."
    elif x.exchange.timings.send is None and x.method != "CONNECT":
        silent = f"The client had begun its request; then nothing more came {waited}"
        better = "Look at what holds the client up."
    elif x.exchange.server.peer is None:
        return _finding(
            x,
            f"{kinds.target(x)} neither accepted nor refused a connection {waited}, and the proxy gave up. A firewall "
            "that drops packets looks like this, and so does an address nobody has.",
            "Check the address the name resolves to, and what is in between (firewall, security group, VPN).",
        )
    else:
        silent = f"{host} had the whole request and did not begin to answer {waited}"
        better = "The server answers sooner; for work that takes minutes, with 202 and an address to ask at later."
    longer = max(3600, 6 * limit) if limit is not None else 3600
    return _finding(
        x,
        f"{silent}, so the proxy closed the connection. To the client it looks as if the server had hung up.",
        f"{better} To wait longer here: `--set tcp_timeout={longer}`. Trap: other proxies and load balancers on the "
        "way have such limits too, often of a minute.",
    )


@_rule(
    "client-gone",
    "The client gave up",
    RFC9110 + "9.2.2",
    what="The client closed the connection, or cancelled the request, before the response was there.",
    why="A page was left, a timeout ran out, a script aborted. The server may have done the work all the same.",
    fix="Nothing, unless the client's timeout is too short for this server.",
    error="client disconnected",
    side="client",
    severity=Severity.INFO,
)
def client_gone(x: Subject) -> Finding:
    """After how long."""
    timings = x.exchange.timings
    after = f" after {timings.total:,.0f} ms" if timings.total is not None else ""
    asked = timings.send is not None or x.method == "CONNECT"
    if x.status or not asked:
        then = "before the exchange was complete. Nothing is known to be wrong with the server."
    elif x.exchange.server.peer is None:
        then = (
            f"while the proxy had no connection to {kinds.target(x)} yet: that takes as long where an address is never "
            "answered, as behind a firewall that drops packets."
        )
    else:
        then = f"while it waited: {kinds.host(x)} had the whole request and had not begun to answer."
    return _finding(x, f"The client closed its connection{after}, {then}", None)


@_rule(
    "client-protocol",
    "The client's request is not valid HTTP",
    RFC9112 + "2",
    what="What the client sent breaks the grammar of HTTP; the proxy answered 400 and sent nothing on.",
    why="Lenient servers accept what others refuse; two that read one message differently can be played against each "
    "other.",
    fix="Correct the client.",
    error="HTTP/1 protocol error: Invalid header name",
    side="client",
)
def client_protocol(x: Subject) -> Finding:
    """The words name the place."""
    return _finding(
        x,
        "What the client sent is not valid HTTP, so that the proxy sent nothing on. The server had no part in this.",
        "Correct the program that writes the request; a library writes valid ones.",
    )


@_rule(
    "own-fault",
    "The proxy itself failed",
    RFC9112 + "7.1.2",
    what="mitmproxy, which does the proxying, cannot handle what passed. Neither client nor server is at fault.",
    why="""
        Known limits: trailer fields of HTTP/1 responses end the exchange, an informational response other than 101 over
        HTTP/1 is taken for the final one. Seen without a proxy, the same exchange may be perfectly good.
        """,
    fix="Compare with the same request without the proxy; let the host pass untouched with `--ignore-hosts`.",
    error="mitmproxy failed inside: NotImplementedError",
    side="recorder",
    severity=Severity.WARNING,
    also=("own-trailers", "own-early-response", "own-limit", "own-killed"),
)
def own_fault(x: Subject) -> Finding:
    """Which limit it was."""
    kind = kinds.kind_of(x)
    past = "To get past it here: HTTP/2 on the server's side, or `--ignore-hosts` for this host."
    if kind == "own-trailers" and "chunked" in (x.res.get("transfer-encoding") or ""):
        return Finding(
            "The server ended a chunked response with trailer fields, which HTTP/1.1 allows and mitmproxy does not "
            "handle over HTTP/1: it stopped, and the client waited in vain. The server did nothing wrong.",
            past,
            (kinds.message(x),),
            title="The proxy cannot pass on trailers of HTTP/1",
            references=(RFC9112 + "7.1.2",),
        )
    if kind == "own-early-response":
        return Finding(
            f"The server sent an informational {x.status or '1xx'} first, as HTTP allows; over HTTP/1 mitmproxy takes "
            f"it "
            "for the final response, and the real one was lost. The server did nothing wrong.",
            past,
            (kinds.message(x), *_status(x)),
            title="The proxy lost the response after an informational one",
            references=(RFC8297, RFC9110 + "15.2"),
        )
    if kind == "own-limit":
        return _finding(
            x,
            "The content is larger than the proxy was told to let pass (`--set body_size_limit`).",
            "Raise or drop that option.",
            "The proxy's own limit",
        )
    if kind == "own-killed":
        return _finding(
            x,
            "Somebody, or a rule, at this proxy ended the exchange. Neither client nor server is at fault.",
            None,
            "Ended at the proxy",
        )
    return _finding(
        x,
        "mitmproxy, which does the proxying, failed with an error of its own while it handled this exchange. Neither "
        "client nor server is at fault.",
        "Please report it, with the capture if it can be shared. To get past it: `--ignore-hosts` for this host.",
    )


def _status(x: Subject) -> tuple[Evidence, ...]:
    return (x.status_evidence(),) if x.status else ()

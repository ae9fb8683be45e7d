"""The WebSocket handshake (RFC 6455, section 11.3)."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, reads, row
from inspector.fieldguide.say import misfit, quote, quoted, sentence
from inspector.fields.parameters import parse_parameters
from inspector.fields.tokens import split_list
from inspector.fields.websocket import accept_for
from inspector.words import listed


@reads(
    row(
        "Sec-WebSocket-Key",
        REQUEST,
        "A number made at random, which the server has to answer for, as proof that it means WebSocket. No secret.",
        f"{RFC}6455#section-11.3.1",
        "dGhlIHNhbXBsZSBub25jZQ==",
    ),
)
def key(value: str, around: Around) -> str:
    """16 octets in Base64, and the answer to them."""
    due = accept_for(value)
    if due is None:
        return misfit("16 bytes in Base64", "so the handshake fails")
    answer = around.other.get("sec-websocket-accept")
    if answer is None:
        return f"The right answer in `Sec-WebSocket-Accept` is {quote(due)}."
    return (
        "Answered rightly."
        if answer.strip() == due
        else f"The right answer would be {quote(due)}; the server gave another."
    )


@reads(
    row(
        "Sec-WebSocket-Accept",
        RESPONSE,
        "The answer to `Sec-WebSocket-Key`: a hash of it with a fixed text.",
        f"{RFC}6455#section-11.3.3",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ),
)
def accept(value: str, around: Around) -> str:
    """Right or wrong."""
    asked = around.other.get("sec-websocket-key")
    if asked is None:
        return ""
    due = accept_for(asked)
    return (
        "It is the right one."
        if value.strip() == due
        else "It is not the right one, so the client fails the connection."
    )


@reads(
    row(
        "Sec-WebSocket-Version",
        BOTH,
        "Which version of the protocol is spoken; in a response, those the server knows.",
        f"{RFC}6455#section-11.3.5",
        "13",
    ),
)
def version(value: str) -> str:
    """13."""
    versions = split_list(value)
    if versions == ("13",):
        return "13, the one of the standard."
    return f"{quoted(versions)}; the standard's is 13." if versions else misfit("a version")


@reads(
    row(
        "Sec-WebSocket-Protocol",
        BOTH,
        "What the messages mean: subprotocols offered in order of preference, and the one the server took.",
        f"{RFC}6455#section-11.3.4",
        "graphql-transport-ws",
    ),
)
def protocol(value: str, around: Around) -> str:
    """Names of subprotocols."""
    words = {
        "graphql-transport-ws": "GraphQL (the newer of two ways)",
        "graphql-ws": "GraphQL (the older of two ways)",
        "mqtt": "MQTT",
        "wamp.2.json": "WAMP in JSON",
        "stomp": "STOMP",
        "v12.stomp": "STOMP 1.2",
        "soap": "SOAP",
        "xmpp": "XMPP",
        "sip": "SIP",
        "ocpp1.6": "OCPP 1.6 (charging stations)",
    }
    said = [
        f"{quote(name, 40)}{f', {words[name.lower()]}' if name.lower() in words else ''}" for name in split_list(value)
    ]
    if not said:
        return "It names none."
    return f"Taken: {said[0]}." if around.message == "response" else f"Offered: {listed(said, 'or')}."


@reads(
    row(
        "Sec-WebSocket-Extensions",
        BOTH,
        "Extensions of the protocol offered, and those the server took.",
        f"{RFC}6455#section-11.3.2",
        "permessage-deflate; client_max_window_bits",
    ),
)
def extensions(value: str, around: Around) -> str:
    """Compression, nearly always."""
    said = []
    for member in split_list(value):
        parsed = parse_parameters(member)
        name = parsed.value.lower()
        text = "messages compressed (`permessage-deflate`)" if name == "permessage-deflate" else quote(name, 40)
        if name == "permessage-deflate" and "server_no_context_takeover" in parsed.parameters:
            text += ", each by itself on the server's side"
        if name == "x-webkit-deflate-frame":
            text = "frames compressed, as old WebKit did"
        said.append(text)
    if not said:
        return "It names none."
    return sentence(f"{'taken' if around.message == 'response' else 'offered'}: {listed(said, 'or')}")

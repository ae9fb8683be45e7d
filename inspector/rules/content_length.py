"""Content that is shorter or longer than `Content-Length` promised."""

from __future__ import annotations

from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, failure, recorded_by, response_field, rule
from inspector.subject import Subject
from inspector.words import octets

_CODE = "CONTENT_LENGTH_MISMATCH"


@rule(
    "content/length-mismatch",
    Severity.WARNING,
    "The content is not as long as `Content-Length` says",
    on=response_field("content-length"),
    also=(*failure(), *recorded_by("proxy")),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9110#section-8.6",
        "https://www.rfc-editor.org/rfc/rfc9112#section-8",
    ),
    what="Fewer or more bytes came than the field announced.",
    why="""
    Over HTTP/1.1 the field says where the response ends. Too few bytes are an incomplete response, which browsers
    refuse; with too many, the rest is taken for the beginning of the next one.
    """,
    fix="""
    Let the server compute the field, after compression and whatever else changes the content. A worker that was killed,
    a timeout of the gateway or a full disk cut responses short.
    """,
    unless="A response to `HEAD` and a 304 carry the length the full response would have.",
    shows="""
    # error: net::ERR_CONTENT_LENGTH_MISMATCH
    GET https://shop.test/film.mp4 HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: video/mp4
    Content-Length: 104857600
    """,
    quiet="""
    GET https://shop.test/logo.svg HTTP/1.1

    HTTP/1.1 200 OK
    Content-Type: image/svg+xml
    Content-Length: 6

    <svg/>
    """,
)
def length_mismatch(x: Subject) -> Finding | None:
    """The browser's own error, or octets counted on the wire by a proxy that kept all of them.

    What a browser's recording calls a size is not compared: exporters count decoded content, or nothing.
    """
    if x.method == "HEAD" or x.status in (204, 304) or x.status < 200:
        return None
    said = (x.res.get("content-length") or "").strip()
    if not said.isdecimal() or len(said) > 18:
        return None
    failure, response = x.exchange.failure, x.response
    came = None if response is None else response.body.transferred
    announced = f"`Content-Length` announces {octets(int(said))}"
    if failure is not None and _CODE in (failure.code or failure.message):
        detail = f"{announced}, and the connection ended before they had come: the browser refuses the rest."
    elif (
        response is not None
        and failure is None  # which has a rule of its own: `proxy/cut-short`, or the client was gone
        and x.exchange.context.recorder.vantage == "proxy"
        and response.body.state == "full"
        and came is not None
        and came != int(said)
        and "transfer-encoding" not in x.res
    ):
        detail = f"{announced}, and {octets(came)} came."
    else:
        return None
    return Finding(
        detail,
        fix="The server computes the field last, after compression; its log at this moment tells what cut the response "
        "short (a killed worker, a gateway's timeout).",
        evidence=(
            x.response_field("content-length"),
            Evidence("exchange", "error", x.masker.text(failure.message)[:120]) if failure else x.status_evidence(),
        ),
    )

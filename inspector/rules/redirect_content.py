"""Content that a redirect carries although nobody is to see it."""

from __future__ import annotations

import re
from html import unescape

from inspector.patterns import compile_late
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, recorded_content, rule, status
from inspector.rules.status_words import brief
from inspector.subject import Subject
from inspector.words import octets

_ALLOWED = 300
"""Characters of text beside the address: what servers write into a redirect by themselves is shorter."""
_LONGEST = 1_000_000
_HEAD = compile_late(r"<head\b")
_HEAD_END = compile_late(r"</head\s*+>")
# What is not closed goes on to the end.
_UNSEEN = compile_late(
    r"<(script|style)\b.*?(?:</\1\s*+>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)
_LOGIN = compile_late(r"(?:^|[/._-])(?:log-?in|sign-?in|auth(?:enticate)?|sso|session)(?:$|[/?._#-])", re.IGNORECASE)


@rule(
    "redirect/big-body",
    Severity.NOTE,
    "A redirect that carries a page",
    on=recorded_content("html", "text", "json", "xml"),
    also=status(301, 302, 303, 307, 308),
    references=(
        "https://cwe.mitre.org/data/definitions/698.html",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.4",
    ),
    what="A response that leads elsewhere has far more content than a line on where to go.",
    why="""
    Browsers follow the redirect and show none of it, so nobody notices; whoever does not follow it (curl, a scanner)
    reads it. Mostly the code went on after it had sent the redirect: a page that was to be kept from those who have not
    signed in is then delivered to them all the same.
    """,
    fix="End the handler where it redirects (`return`, in PHP `exit;` after `header('Location: …')`).",
    unless="The usual few lines with the new address.",
    shows="GET https://shop.test/admin/orders HTTP/1.1\n\n"
    "HTTP/1.1 302 Found\nLocation: /login\nContent-Type: text/html\n\n"
    "<h1>Orders</h1>" + "<p>Order 17, Ada Byron, 12 Garden Street, two cups and a kettle</p>" * 8,
    quiet="""
    GET https://shop.test/admin/orders HTTP/1.1

    HTTP/1.1 302 Found
    Location: /login
    Content-Type: text/html

    <html><body><h1>Found</h1><p>The document has moved <a href="/login">here</a>.</p></body></html>
    """,
    once="origin",
    gravest=Severity.WARNING,
)
def big_body(x: Subject) -> Finding | None:
    """Text left when markup and the address are taken out; a warning where the redirect leads to a login."""
    response = x.response
    location = x.res.get("location")
    if response is None or not location or x.exchange.context.served_from not in (None, "network"):
        return None
    text = response.body.text or ""
    if len(text) <= _ALLOWED or len(text) > _LONGEST:
        return None
    if x.recorded_kind == "html":
        text = unescape(_UNSEEN.sub(" ", _without_head(text)))
    left = " ".join(text.replace(location, "").split())
    if len(left) <= _ALLOWED:
        return None
    login = _LOGIN.search(location) is not None
    where = "to a login" if login else "elsewhere"
    size = octets(response.body.size or len(text))
    reads = "Whoever does not follow it reads that without having signed in." if login else "Browsers show none of it."
    return Finding(
        f"The response redirects {where} and carries {size} of content all the same. {reads}",
        title="A page is sent along with the redirect to the login" if login else None,
        severity=Severity.WARNING if login else None,
        certainty="likely" if login else "certain",
        condition="the content is what the login is to protect" if login else None,
        fix="The code ends where it redirects (`return`; in PHP `exit;` after `header('Location: …')`).",
        evidence=(
            x.status_evidence(),
            x.response_field("location"),
            Evidence("response.body", None, x.masker.text(brief(left, 100))),
        ),
    )


def _without_head(text: str) -> str:
    lower = text.lower()
    begin = _HEAD.search(lower)
    end = _HEAD_END.search(lower, begin.end()) if begin is not None else None
    return text if begin is None or end is None else f"{text[: begin.start()]} {text[end.end() :]}"

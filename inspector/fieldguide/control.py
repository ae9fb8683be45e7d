"""Where to go and what to do next: redirects, methods, preferences, pages of results."""

from __future__ import annotations

import re

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, reads, row
from inspector.fieldguide.say import misfit, odd, quote, quoted, seconds, sentence, sentences, url
from inspector.words import count, duration, listed


@reads(
    row(
        "Prefer",
        REQUEST,
        "What the client would like, if the server does not mind.",
        f"{RFC}7240#section-2",
        "respond-async, wait=10",
    ),
    row(
        "Preference-Applied",
        RESPONSE,
        "Which of the client's preferences the server went by.",
        f"{RFC}7240#section-3",
        "return=representation",
    ),
)
def prefer(value: str) -> str:
    """Registered preferences in words."""
    words = {
        "return=representation": "the resource itself in the answer",
        "return=minimal": "as little as possible in the answer",
        "respond-async": "an answer at once, with the work done later (202)",
        "handling=strict": "errors reported rather than passed over",
        "handling=lenient": "errors passed over where possible",
    }
    said = []
    for part in value.split(",")[:8]:
        text = part.strip().lower().replace('"', "").partition(";")[0].strip()
        wait = re.fullmatch(r"wait\s*=\s*([0-9]{1,9})", text)
        if wait:
            said.append(f"an answer within {duration(int(wait[1]))}")
        elif text:
            said.append(words.get(re.sub(r"\s*=\s*", "=", text)) or quote(text, 40))
    return sentence(listed(said)) if said else "It names none."


@reads(
    row(
        "X-Total-Count",
        RESPONSE,
        "How many items there are in all, of which this response has a page; a convention.",
        "https://jsonapi.org/format/#fetching-pagination",
        "240",
    ),
    row(
        "X-WP-Total",
        RESPONSE,
        "How many items there are in all; WordPress's.",
        "https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/",
        "240",
    ),
    row(
        "X-WP-TotalPages",
        RESPONSE,
        "How many pages of items there are; WordPress's.",
        "https://developer.wordpress.org/rest-api/using-the-rest-api/pagination/",
        "24",
    ),
)
def total(value: str, around: Around) -> str:
    """A number."""
    found = seconds(value)
    noun = "page" if around.name.endswith("pages") else "item"
    return misfit("a whole number") if found is None else f"{count(found, noun)}."


@reads(
    row(
        "Location",
        RESPONSE,
        "Where to go instead (3xx), or where the new resource is (201).",
        f"{RFC}9110#section-10.2.2",
        "/cart/12",
    ),
)
def location(value: str, around: Around) -> str:
    """A URL, resolved, and how it differs from the one asked for."""
    from inspector.url import join, parse

    if not value.strip():
        return "Empty, so there is nowhere to go."
    here, target = parse(around.url), parse(join(around.url, value[:4000]))
    what = {201: "The new resource is", 202: "The state of the work is told"}.get(around.status, "Goes")
    lead = f"{what} {'at' if around.status in (201, 202) else 'to'} {url(value)}"
    if not (here.host and target.host):
        return sentences(lead)
    if target.origin == here.origin:
        note = "the same origin"
    elif target.host == here.host and here.scheme == "http" and target.scheme == "https":
        note = "the same host, over HTTPS"
    elif target.host == here.host:
        note = "the same host, as another origin"
    else:
        note = "another host"
    return sentences(f"{lead}: {note}")


@reads(
    row(
        "Non-Authoritative-Reason",
        RESPONSE,
        "No field on the wire: Chromium made this redirect itself, and records why.",
        "https://developer.chrome.com/docs/devtools/network/reference",
        "HSTS",
    )
)
def own_redirect(value: str) -> str:
    """Chromium's reasons."""
    words = {
        "hsts": "The host is one for HTTPS alone (`Strict-Transport-Security`), so nothing was sent over HTTP.",
        "delegate": "A part of the browser asked for it, an extension or a setting.",
    }
    return words.get(value.strip().lower()) or odd(value)


@reads(
    row(
        "Refresh",
        RESPONSE,
        "Makes the browser load a page after a while; from Netscape, and never a field of HTTP's standard.",
        "https://html.spec.whatwg.org/multipage/document-lifecycle.html#the-refresh-header",
        "5; url=/next",
    ),
)
def refresh(value: str) -> str:
    """Seconds and a URL."""
    match = re.match(
        r"\s*([0-9]{1,9})(?:\.[0-9.]*)?\s*(?:[;,]\s*(?:url\s*=\s*)?(.*))?$", value, re.IGNORECASE | re.DOTALL
    )
    if match is None:
        return misfit("a number of seconds, perhaps with `url=`")
    after = int(match[1])
    where = url(match[2].strip("'\" ")) if match[2] and match[2].strip() else "the same page"
    return f"{'At once' if after == 0 else f'After {duration(after)}'}: {where}."


@reads(
    row("Allow", RESPONSE, "Which methods this resource takes.", f"{RFC}9110#section-10.2.1", "GET, HEAD, PUT"),
    row(
        "Public",
        RESPONSE,
        "Which methods the server takes at all; taken out of HTTP in 1999.",
        f"{RFC}2068#section-14.35",
        "OPTIONS, GET, HEAD",
    ),
)
def allow(value: str, around: Around) -> str:
    """Methods."""
    names = [name for part in value.split(",") if (name := part.strip())]
    if not names:
        return "None: the resource is closed for now."
    used = around.method
    refused = around.status == 405 and used not in names
    return sentences(quoted(names, 8), f"{quote(used, 20)} is not among them: hence the 405" if refused else "")

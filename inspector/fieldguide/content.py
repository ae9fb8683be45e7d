"""What the content is: type, coding, length, place, and digests of it (RFC 9110, section 8; RFC 9530)."""

from __future__ import annotations

from urllib.parse import unquote

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import misfit, number, quote, quoted, sentence, sentences, sized, unparsed, url
from inspector.fields.framing import get_decode_split
from inspector.fields.languages import language_words
from inspector.fields.media_names import CODINGS, media_words
from inspector.fields.media_type import extract_media_type, is_json
from inspector.fields.parameters import parse_parameters
from inspector.fields.structured import bare, parse_structured
from inspector.fields.tokens import split_list
from inspector.words import count, listed


@reads(
    row(
        "Content-Type",
        BOTH,
        "What the content is, so that the recipient knows what to do with it.",
        f"{RFC}9110#section-8.3",
        "text/html; charset=utf-8",
    )
)
def content_type(value: str, around: Around) -> str:
    """A media type and its parameters."""
    parsed = extract_media_type(value)
    if parsed is None:
        guess = (
            "a browser guesses from the content instead" if around.message == "response" else "the server has to guess"
        )
        return misfit("a media type (a kind, a slash and a subtype)", guess)
    kind, essence, parameters = parsed.type, parsed.essence, parsed.parameters
    words = media_words(essence)
    said = f"The content is {words}" if words else f"The content is of the type {quote(essence)}"
    charset = parameters.get("charset")
    rest = []
    if charset is not None and is_json(essence):
        rest.append("JSON is UTF-8 always (RFC 8259), so its `charset` says nothing")
    elif charset is not None:
        ending = "" if charset.lower() in ("utf-8", "utf8") else ", not in UTF-8 as the web is today"
        said += f", its characters encoded in {quote(charset, 40)}{ending if ending and kind == 'text' else ''}"
    elif kind == "text" and around.message == "response" and essence in ("text/html", "text/plain"):
        rest.append("No `charset` is named, so a browser looks in the content for the encoding or guesses")
    if kind == "multipart":
        boundary = "boundary" in parameters
        rest.append(
            "Its parts are separated by the `boundary` given"
            if boundary
            else "The `boundary` that separates its parts is missing"
        )
    if len(get_decode_split(value)) > 1:
        rest.append("There are several values; browsers take the last that is a media type, others may take the first")
    return sentences(said, *rest)


@reads(
    row(
        "Content-Encoding",
        BOTH,
        "How the content was compressed for the way; the recipient undoes it before use.",
        f"{RFC}9110#section-8.4",
        "br",
    )
)
def content_encoding(value: str) -> str:
    """Content codings in the order applied."""
    names = [name.lower() for name in split_list(value)]
    if not names:
        return "An empty value: the content is as it is."
    words = [CODINGS.get(name, "") for name in names]
    if unknown := [name for name, said in zip(names, words, strict=True) if not said or name == "*"]:
        return f"{quoted(unknown, 3)} is no registered coding; a browser that meets it cannot show the content."
    if names == ["identity"]:
        return "Not compressed; `identity` belongs in `Accept-Encoding` alone and says nothing here."
    if len(words) == 1:
        return f"Compressed with {words[0]}."
    return f"Compressed several times: with {', then '.join(words)}. Undone from the last to the first."


@reads(
    row(
        "Content-Length",
        BOTH,
        "How many bytes of content follow, as they travel (compressed, where they are).",
        f"{RFC}9110#section-8.6",
        "48211",
    )
)
def content_length(value: str, around: Around) -> str:
    """A number of octets."""
    members = set(split_list(value))
    octets = number(members.pop()) if len(members) == 1 else None
    if octets is None:
        return misfit("a whole number", "and a message whose length is in doubt must be refused")
    said = "No content" if octets == 0 else sized(octets)
    if around.message == "response" and around.status == 304:
        return sentences(f"{said}: the length the content has that is not sent again with a 304")
    if around.message == "response" and around.method == "HEAD":
        return sentences(f"{said}: the length a `GET` would bring; a response to `HEAD` has no content")
    return sentences(said)


@reads(
    row(
        "Content-Language",
        BOTH,
        "The natural language the content is meant for.",
        f"{RFC}9110#section-8.5",
        "de-AT",
    )
)
def content_language(value: str) -> str:
    """Language tags."""
    tags = split_list(value)
    if not tags:
        return misfit("a language tag")
    return f"For readers of {listed(language_words(tag) or quote(tag, 30) for tag in tags)}."


@reads(
    row(
        "Content-Location",
        BOTH,
        "The URL at which exactly this representation can be had.",
        f"{RFC}9110#section-8.7",
        "/report.en.html",
    )
)
def content_location(value: str) -> str:
    """A URL."""
    return f"This very representation is at {url(value)}." if value.strip() else misfit("a URL")


@reads(
    row(
        "Content-Disposition",
        BOTH,
        "Whether the content is shown or saved, and under which file name.",
        f"{RFC}6266#section-4",
        'attachment; filename="report.pdf"',
    )
)
def content_disposition(value: str) -> str:
    """A disposition type and a file name."""
    parsed = parse_parameters(value)
    kind = parsed.value.lower()
    extended = parsed.parameters.get("filename*", "")
    charset, _, encoded = extended.partition("'")
    latin = charset.lower() == "iso-8859-1"
    decoded = unquote(encoded.partition("'")[2], "iso-8859-1" if latin else "utf-8", "replace")
    name = decoded or parsed.parameters.get("filename", "")
    named = f" under the name {quote(name, 60)}" if name else ""
    if kind == "inline":
        return f"Shown in the page or tab as usual{f', and saved{named} where a person saves it' if named else ''}."
    if kind == "form-data":
        return sentence(f"a part of a form{f', the file {quote(name, 60)}' if name else ''}")
    if kind == "attachment" or (kind and "=" not in kind):
        other = "" if kind == "attachment" else f"{quote(kind, 30)} is no known type, and counts as `attachment`: "
        return sentence(f"{other}{'o' if other else 'O'}ffered for saving{named}, not shown")
    return misfit("`inline` or `attachment`", "so browsers go by the media type alone")


FROM_MAIL = known(
    row(
        "Content-Transfer-Encoding",
        BOTH,
        "A field of e-mail that HTTP does not have; nothing acts on it here.",
        f"{RFC}9112#appendix-B.5",
        "binary",
    ),
    row(
        "MIME-Version",
        BOTH,
        "The version of MIME the message was made by; HTTP messages are no MIME, and nothing acts on it.",
        f"{RFC}9112#appendix-B.1",
        "1.0",
    ),
)


_DIGESTS = {
    "sha-256": "SHA-256",
    "sha-512": "SHA-512",
    "md5": "MD5 (broken: it shows accidents, not attacks)",
    "sha": "SHA-1 (broken: it shows accidents, not attacks)",
    "unixsum": "`unixsum` (a checksum against accidents alone)",
    "unixcksum": "`unixcksum` (a checksum against accidents alone)",
    "adler": "Adler-32 (a checksum against accidents alone)",
    "crc32c": "CRC-32C (a checksum against accidents alone)",
    "crc32": "CRC-32 (a checksum against accidents alone)",
}


@reads(
    row(
        "Content-Digest",
        BOTH,
        "A digest of the content of this very message, to notice that it was damaged on the way.",
        f"{RFC}9530#section-2",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    ),
    row(
        "Repr-Digest",
        BOTH,
        "A digest of the whole representation, also where this message has a part of it or none.",
        f"{RFC}9530#section-3",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    ),
)
def digest(value: str) -> str:
    """A structured dictionary of byte sequences by algorithm."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary of byte sequences")
    said = []
    for name, member in parsed.value.items():
        content, _ = bare(member)
        algorithm = _DIGESTS.get(name) or f"{quote(name, 30)}, which is not registered,"
        if isinstance(content, bytes):
            said.append(f"by {algorithm} ({count(len(content), 'byte')})")
        else:
            said.append(f"by {algorithm} whose value is no byte sequence")
    return f"Digests {listed(said)}." if said else "It names none."


@reads(
    row(
        "Want-Content-Digest",
        BOTH,
        "Which digests of the content the sender would like in the answer.",
        f"{RFC}9530#section-4",
        "sha-256=10, sha-512=3",
    ),
    row(
        "Want-Repr-Digest",
        BOTH,
        "Which digests of the representation the sender would like in the answer.",
        f"{RFC}9530#section-4",
        "sha-256=10",
    ),
)
def want_digest(value: str) -> str:
    """A structured dictionary of weights by algorithm."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary of whole numbers")
    weights = {name: bare(member)[0] for name, member in parsed.value.items()}
    good = sorted(((w, n) for n, w in weights.items() if isinstance(w, int) and not isinstance(w, bool)), reverse=True)
    wanted = [_DIGESTS.get(name, quote(name, 30)) for weight, name in good if weight > 0]
    return f"Best first: {listed(wanted)}." if wanted else "It wants none."


@reads(
    row(
        "Digest",
        BOTH,
        "A digest of the representation, by a standard that `Repr-Digest` has replaced.",
        f"{RFC}3230#section-4.3.2",
        "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    ),
    row(
        "Want-Digest",
        BOTH,
        "Which digests the sender would like, by a standard that `Want-Repr-Digest` has replaced.",
        f"{RFC}3230#section-4.3.1",
        "sha-256, sha;q=0.3",
    ),
)
def old_digest(value: str) -> str:
    """Algorithm names, with values or weights."""
    names = [part.partition("=")[0].partition(";")[0].strip().lower() for part in split_list(value)]
    return f"By {listed(_DIGESTS.get(name) or quote(name, 30) for name in names)}." if names else misfit("a digest")


@reads(
    row(
        "Content-MD5",
        BOTH,
        "An MD5 digest of the content in Base64, to notice damage; taken out of HTTP in 2014 because parts made it "
        "ambiguous.",
        f"{RFC}7231#appendix-B",
        "Q2hlY2sgSW50ZWdyaXR5IQ==",
    )
)
def content_md5(value: str) -> str:
    """16 octets in Base64."""
    import base64
    import binascii

    try:
        size = len(base64.b64decode(value.strip(), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    return "" if size == 16 else misfit("16 bytes in Base64, as an MD5 digest has", "so it shows nothing")


@reads(
    row(
        "Signature",
        BOTH,
        "Cryptographic signatures over parts of this message, one a label.",
        f"{RFC}9421#section-4.2",
        "sig1=:P0wLUszWQjoi54udOtydf9IWTfNhy+r53jGFj9XZuP4uKwxyJo1RSHi+oEF1FuX6O29d+lbxwwBao1BAgadijw==:",
    )
)
def signature(value: str) -> str:
    """A structured dictionary of byte sequences."""
    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary of byte sequences", "so there is no signature to verify")
    said = []
    for label, member in parsed.value.items():
        content, _ = bare(member)
        size = count(len(content), "byte") if isinstance(content, bytes) else "not the bytes it has to be"
        said.append(f"{quote(label, 30)} ({size})")
    return f"{count(len(said), 'signature')}: {listed(said)}." if said else "No signature."


@reads(
    row(
        "Signature-Input",
        BOTH,
        "What each signature covers, and when and with which key it was made.",
        f"{RFC}9421#section-4.1",
        'sig1=("@method" "@authority" "content-digest");created=1618884473;keyid="test-key"',
    ),
    row(
        "Accept-Signature",
        BOTH,
        "What the sender would like to see signed in the answer.",
        f"{RFC}9421#section-5.1",
        'sig1=("@status" "content-digest");keyid="test-key"',
    ),
)
def signature_input(value: str) -> str:
    """A structured dictionary of inner lists."""
    from inspector.words import duration, moment

    parsed = parse_structured(value, "dictionary")
    if parsed.failed:
        return unparsed(parsed, "dictionary of inner lists", "so there is no signature to verify")
    said = []
    for label, member in parsed.value.items():
        content, parameters = bare(member)
        covered = [str(bare(item)[0]) for item in content] if isinstance(content, list) else []
        text = f"{quote(label, 30)} covers {quoted(covered) if covered else 'no part of the message'}"
        created, expires = parameters.get("created"), parameters.get("expires")
        if isinstance(created, int):
            text += f", made {moment(created)}"
            if isinstance(expires, int) and expires >= created:
                text += f" and valid for {duration(expires - created)}"
        if "alg" in parameters:
            text += f", by {quote(str(parameters['alg']), 40)}"
        said.append(text)
    return sentences(*said) if said else "It names none."


NOTES = known(
    row(
        "Content-Script-Type",
        RESPONSE,
        "The language of scripts in event attributes, from HTML 4; browsers pay no attention to it.",
        "https://www.w3.org/TR/html401/interact/scripts.html#default-script",
        "text/javascript",
    ),
    row(
        "Content-Style-Type",
        RESPONSE,
        "The language of style attributes, from HTML 4; browsers pay no attention to it.",
        "https://www.w3.org/TR/html401/present/styles.html#default-style",
        "text/css",
    ),
)


@reads(
    row(
        "Content-Range",
        BOTH,
        "Which part of the whole this message carries.",
        f"{RFC}9110#section-14.4",
        "bytes 0-65535/323985",
    )
)
def content_range(value: str) -> str:
    """A part of a representation, in numbers."""
    from inspector.fields.ranges import parse_content_range

    parsed = parse_content_range(value)
    if parsed is None:
        return misfit("a range (`bytes first-last/whole`)")
    unit = "byte" if parsed.unit == "bytes" else "unit"
    if parsed.size is None or parsed.first is None:
        return f"No part: what was asked for lies outside the {count(parsed.complete or 0, unit)} there are."
    part = f"{count(parsed.size, unit)}, from number {parsed.first:,} on (counted from 0)"
    if parsed.complete is None:
        return f"{part}, of a whole whose length is not known."
    if parsed.size == parsed.complete:
        return f"All {count(parsed.complete, unit)}: the part is the whole."
    return f"{part}, of {parsed.complete:,}: {100 * parsed.size / parsed.complete:.2g} % of the whole."


@reads(
    row(
        "Range",
        REQUEST,
        "Which part of the whole the client wants: to resume a download, or to jump within a video.",
        f"{RFC}9110#section-14.2",
        "bytes=65536-131071",
    )
)
def range_(value: str) -> str:
    """Ranges of octets."""
    from inspector.fields.ranges import parse_range

    parsed = parse_range(value)
    if parsed is None:
        return misfit("a range of bytes", "so a server answers with the whole")
    said = []
    for part in parsed:
        if part.suffix is not None:
            said.append(f"the last {count(part.suffix, 'byte')}")
        elif part.last is None:
            said.append(
                "everything from the first byte on"
                if part.first == 0
                else f"everything after the first {count(part.first or 0, 'byte')}"
            )
        else:
            said.append(f"{count(part.last - (part.first or 0) + 1, 'byte')} from number {part.first:,} on")
    return sentence(f"{listed(said)}, counted from 0")


@reads(
    row(
        "Accept-Ranges",
        RESPONSE,
        "Whether the server can send parts of this resource, so that downloads resume and videos jump.",
        f"{RFC}9110#section-14.3",
        "bytes",
    )
)
def accept_ranges(value: str) -> str:
    """Range units."""
    units = [unit.lower() for unit in split_list(value)]
    if units == ["none"]:
        return "It cannot: every request brings the whole."
    if "bytes" in units:
        return "It can send any range of bytes."
    return f"Ranges in {quoted(units)}, which is no unit browsers ask for." if units else misfit("a range unit")

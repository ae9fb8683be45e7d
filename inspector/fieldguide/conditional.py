"""Validators and conditions: send it only if it changed (RFC 9110, sections 8.8 and 13)."""

from __future__ import annotations

from inspector.fieldguide.base import REQUEST, RESPONSE, RFC, Around, reads, row
from inspector.fieldguide.say import date, misfit, quote, relative, sentences
from inspector.fields.etag import EntityTag, parse_entity_tags, parse_etag
from inspector.words import count, listed


def _tag(tag: EntityTag) -> str:
    return quote(str(tag), 60)


@reads(
    row(
        "ETag",
        RESPONSE,
        "An opaque label of this version of the resource; a later request can ask whether it is still the current one.",
        f"{RFC}9110#section-8.8.3",
        'W/"67ab43"',
    )
)
def etag(value: str) -> str:
    """An entity tag, strong or weak."""
    tag = parse_etag(value)
    if tag is None:
        missing = " (the double quotes are missing)" if value and '"' not in value else ""
        return misfit(f"an entity tag{missing}", "so recipients may ignore it")
    if tag.weak:
        return "A weak one: versions under it mean the same but may differ in their bytes, so it cannot join ranges."
    return "A strong one: under it the content is the same to the byte."


@reads(
    row(
        "If-None-Match",
        REQUEST,
        "Asks for the content only if none of these versions is the current one; else a 304 saves sending it.",
        f"{RFC}9110#section-13.1.2",
        '"67ab43", "54ed21"',
    ),
    row(
        "If-Match",
        REQUEST,
        "Asks to act only on one of these versions; else a 412, so that nobody's change is overwritten unseen.",
        f"{RFC}9110#section-13.1.1",
        '"67ab43"',
    ),
)
def match(value: str, around: Around) -> str:
    """Entity tags, and what came of the condition."""
    unless = around.name == "if-none-match"
    if value.strip() == "*":
        return "Only if there is no version yet." if unless else "Only if there is a version at all."
    tags = parse_entity_tags(value)
    if tags is None:
        return misfit("a list of entity tags (in double quotes)", "so no version matches it")
    said = (
        f"The client has {_tag(tags[0])}"
        if len(tags) == 1
        else f"The client has {count(len(tags), 'version')}: {listed(map(_tag, tags[:4]))}"
    )
    if unless and around.status == 304:
        return sentences(f"{said}, and the 304 says that it is the current one")
    if unless and around.status == 200:
        return sentences(f"{said}, and the 200 brings another, or the server did not compare")
    if not unless and around.status == 412:
        return sentences(f"{said}, which is no longer the current one: hence the 412")
    return sentences(said)


@reads(
    row(
        "If-Modified-Since",
        REQUEST,
        "Asks for the content only if it changed after this moment; else a 304 saves sending it.",
        f"{RFC}9110#section-13.1.3",
        "Mon, 07 Nov 1994 08:12:31 GMT",
    ),
    row(
        "If-Unmodified-Since",
        REQUEST,
        "Asks to act only if nothing changed after this moment; else a 412.",
        f"{RFC}9110#section-13.1.4",
        "Mon, 07 Nov 1994 08:12:31 GMT",
    ),
)
def since(value: str, around: Around) -> str:
    """A moment, and what came of the condition."""
    when = date(value)
    if when is None:
        return misfit("a date")
    said = f"The moment is {relative(when, around)}"
    if around.name == "if-modified-since":
        if "if-none-match" in around.fields:
            return sentences(said, "`If-None-Match` is there too and decides alone")
        if around.status == 304:
            return sentences(said, "The 304 says that nothing changed since")
        if around.status == 200:
            return sentences(said, "The 200 brings the content: it changed since, or the server did not compare")
    elif around.status == 412:
        return sentences(said, "The 412 says that it changed since")
    return sentences(said)


@reads(
    row(
        "If-Range",
        REQUEST,
        "Asks for a part only if the version is still this one, and else for the whole.",
        f"{RFC}9110#section-13.1.5",
        '"67ab43"',
    )
)
def if_range(value: str, around: Around) -> str:
    """An entity tag or a date."""
    tag = parse_etag(value)
    if tag is not None and tag.weak:
        return f"{_tag(tag)} is weak and never matches here, so the whole is sent."
    if tag is not None:
        said = f"The part is wanted if the version is still {_tag(tag)}"
    elif (when := date(value)) is not None:
        said = f"The part is wanted if nothing changed since {relative(when, around)}"
    else:
        return misfit("an entity tag or a date", "so the whole is sent")
    came = {206: "The 206 says that it is", 200: "The 200 brings the whole: it is not, or the server does not do parts"}
    return sentences(said, came.get(around.status, ""))

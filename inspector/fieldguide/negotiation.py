"""Content negotiation: what a client would like (RFC 9110, section 12.5), and what a server says it takes."""

from __future__ import annotations

from collections.abc import Callable

from inspector.fieldguide.base import BOTH, REQUEST, RESPONSE, RFC, Around, known, reads, row
from inspector.fieldguide.say import misfit, quote, quoted, sentences
from inspector.fields.languages import language_words
from inspector.fields.media_names import CODINGS, media_words
from inspector.fields.quality import Preference, parse_preferences
from inspector.fields.tokens import split_list
from inspector.fields.vary import parse_vary
from inspector.words import listed

_MOST_RANKS = 4


def _media(preference: Preference) -> str:
    name = preference.name
    if preference.parameters:
        name += "".join(f";{key}={value}" for key, value in preference.parameters)
    words = media_words(preference.name) if not preference.parameters else None
    return f"{words} ({quote(name, 60)})" if words and not words.endswith(")") else words or quote(name, 60)


def _ranked(preferences: tuple[Preference, ...], words: Callable[[Preference], str]) -> str:
    """The preferences in words, best first, those of equal weight together; the refused ones at the end."""
    ranks: dict[float, list[str]] = {}
    for preference in preferences:
        ranks.setdefault(preference.weight, []).append(words(preference))
    refused = ranks.pop(0.0, None)
    said: list[str] = []
    for position, (weight, names) in enumerate(list(ranks.items())[:_MOST_RANKS]):
        names = list(dict.fromkeys(names))
        if position == 0:
            lead = "Wants most" if len(ranks) > 1 else "Wants"
            said.append(f"{lead} {listed(names, 'or')}{'' if weight == 1 else f' (weight {weight:g})'}")
        else:
            said.append(f"then {listed(names, 'or')} with weight {weight:g}")
    if len(ranks) > _MOST_RANKS:
        said.append("then others")
    if refused:
        said.append(f"never {listed(refused, 'or')}")
    broken = [preference.name for preference in preferences if not preference.valid]
    return sentences(
        ", ".join(said),
        f"The weight of {quoted(broken, 3)} is no number from 0 to 1 with three decimals, so it may be ignored"
        if broken
        else "",
    )


@reads(
    row(
        "Accept",
        REQUEST,
        "Which media types the client would like, and how much.",
        f"{RFC}9110#section-12.5.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    )
)
def accept(value: str) -> str:
    """Media ranges, ranked."""
    preferences = parse_preferences(value)
    if not preferences:
        return "An empty value: the client would take anything."
    if all(preference.name == "*/*" for preference in preferences):
        return "Any media type will do."
    return _ranked(preferences, _media)


@reads(
    row(
        "Accept-Encoding",
        REQUEST,
        "Which compressions the client can undo, so that the server may use one.",
        f"{RFC}9110#section-12.5.3",
        "gzip, deflate, br, zstd",
    )
)
def accept_encoding(value: str, around: Around) -> str:
    """Content codings, ranked."""
    preferences = parse_preferences(value)
    wanted = [p.name for p in preferences if p.weight]
    if not preferences or wanted == ["identity"]:
        return "The client asks for content that is not compressed."

    def coding(preference: Preference) -> str:
        return CODINGS.get(preference.name) or f"{quote(preference.name, 40)}, which is no registered coding"

    ranked = _ranked(preferences, coding).replace("Wants most", "Can undo, best first,").replace("Wants", "Can undo", 1)
    if around.url.startswith("http:") and not {"br", "zstd"} & set(wanted):
        return f"{ranked} Browsers offer Brotli over HTTPS alone, and this is plain HTTP."
    return ranked


@reads(
    row(
        "Accept-Language",
        REQUEST,
        "Which languages the person prefers, from the browser's settings.",
        f"{RFC}9110#section-12.5.4",
        "de-AT,de;q=0.9,en;q=0.7",
    )
)
def accept_language(value: str) -> str:
    """Language ranges, ranked and named."""
    if value.strip() == "*":
        return "Any language will do."
    return _ranked(parse_preferences(value), lambda p: language_words(p.name) or quote(p.name, 30))


@reads(
    row(
        "Accept-Charset",
        REQUEST,
        "Which character encodings the client prefers; deprecated, since everything is UTF-8.",
        f"{RFC}9110#section-12.5.2",
        "utf-8, iso-8859-1;q=0.5",
    ),
)
def accept_charset(value: str) -> str:
    """Charsets, ranked."""
    return _ranked(parse_preferences(value), lambda p: "any other" if p.name == "*" else quote(p.name, 40))


@reads(
    row(
        "Accept-Patch",
        RESPONSE,
        "Which patch formats the resource takes in a `PATCH` request.",
        f"{RFC}5789#section-3.1",
        "application/json-patch+json",
    ),
    row(
        "Accept-Post",
        RESPONSE,
        "Which media types the resource takes in a `POST` request.",
        "https://www.w3.org/TR/ldp/#header-accept-post",
        "text/turtle, application/ld+json",
    ),
)
def accepted_by_server(value: str) -> str:
    """Media types a server takes."""
    members = split_list(value)
    return f"Takes {quoted(members)}." if members else "Names none."


@reads(
    row(
        "Vary",
        RESPONSE,
        "Which request fields this response was chosen by; a cache reuses it only for requests that agree in them.",
        f"{RFC}9110#section-12.5.5",
        "Accept-Encoding, Origin",
    )
)
def vary(value: str) -> str:
    """Names of request fields."""
    names = parse_vary(value)
    if not names:
        return "An empty value, which is the same as none."
    if "*" in names:
        return "`*`: something besides the request's fields played a part, so no stored copy matches a later request."
    shown = [name.strip() for name in dict.fromkeys(split_list(value))]
    reused = f"A stored copy is reused for requests with the same {quoted(shown)}"
    hints = []
    if "user-agent" in names:
        hints.append("`User-Agent` differs with almost every browser version, so that shared caches hold many copies")
    if "cookie" in names:
        hints.append("`Cookie` differs with every visitor, so that a shared cache hardly ever reuses one")
    return sentences(reused, *hints)


@reads(
    row(
        "TCN",
        RESPONSE,
        "How transparent content negotiation chose this response, an experiment of 1998 that Apache still speaks.",
        f"{RFC}2295#section-8.5",
        "choice",
    )
)
def tcn(value: str) -> str:
    """The kinds of transparently negotiated responses."""
    meanings = {
        "choice": "the server chose this variant itself",
        "list": "the server sends the list of variants instead of one",
        "adhoc": "the server chose in a way of its own",
    }
    said = [meanings[member.lower()] for member in split_list(value) if member.lower() in meanings]
    return sentences(*said) if said else misfit("one of the kinds RFC 2295 knows")


@reads(
    row(
        "Accept-Datetime",
        REQUEST,
        "A past moment for which the client wants to see the resource as it was (Memento, as web archives use it).",
        f"{RFC}7089#section-2.1.1",
        "Thu, 31 May 2007 20:35:00 GMT",
    ),
    row(
        "Memento-Datetime",
        RESPONSE,
        "The past moment whose state of the resource this response shows (Memento, as web archives use it).",
        f"{RFC}7089#section-2.1.1",
        "Thu, 31 May 2007 20:35:00 GMT",
    ),
)
def memento(value: str) -> str:
    """A moment in the past."""
    from inspector.fieldguide.say import date
    from inspector.words import moment

    when = date(value)
    return misfit("a date") if when is None else f"The state of {moment(when)}."


ALTERNATIVES = known(
    row(
        "Alternates",
        RESPONSE,
        "The variants there are of this resource, with their qualities; from the same experiment as `TCN`.",
        f"{RFC}2295#section-8.3",
        '{"paper.1" 0.9 {type text/html}}',
    ),
    row(
        "Negotiate",
        BOTH,
        "What transparent content negotiation the client can do; an experiment of 1998.",
        f"{RFC}2295#section-8.4",
        "trans, vlist",
    ),
)

"""Privacy wishes, and what crawlers may do."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, RESPONSE, reads, row
from inspector.fieldguide.say import misfit, quote, sentence
from inspector.fields.parameters import read_parameters
from inspector.fields.tokens import split_list
from inspector.words import count, listed


@reads(
    row(
        "P3P",
        RESPONSE,
        "A site's privacy promises in code, from 2002; Internet Explorer let third-party cookies pass by it, nothing "
        "reads it now.",
        "https://www.w3.org/TR/P3P11/#compact_policies",
        'CP="NOI DSP COR"',
    )
)
def p3p(value: str) -> str:
    """A compact policy."""
    compact = read_parameters(value.replace(",", ";")).get("cp", "")
    tokens = compact.split()
    real = [token for token in tokens if len(token) in (3, 4) and token[:3].isupper()]
    if tokens and len(real) < len(tokens) / 2:
        return f"{quote(compact, 60)} is no policy but words, there to please Internet Explorer."
    return sentence(f"a compact policy of {count(len(tokens), 'code')}") if tokens else ""


@reads(
    row(
        "DNT",
        BOTH,
        "Whether the person asks not to be tracked; nobody was bound by it, and `Sec-GPC` has taken its place.",
        "https://www.w3.org/TR/tracking-dnt/#dnt-header-field",
        "1",
    )
)
def dnt(value: str) -> str:
    """0 or 1."""
    words = {"1": "Asks not to be tracked.", "0": "Allows tracking."}
    return words.get(value.strip()[:1]) or misfit("`1` or `0`")


@reads(
    row(
        "Tk",
        RESPONSE,
        "How the server answers `DNT`.",
        "https://www.w3.org/TR/tracking-dnt/#Tk-header-defn",
        "N",
    )
)
def tk(value: str) -> str:
    """A tracking status."""
    words = {
        "N": "It does not track.",
        "T": "It tracks.",
        "C": "It tracks with consent.",
        "P": "It tracks and asks for consent later.",
        "D": "It disregards the wish.",
        "U": "Its status has just changed.",
        "!": "Under construction.",
        "?": "It depends.",
        "G": "It is a gateway to several parties.",
    }
    return words.get(value.strip()[:1]) or misfit("one of the registered statuses")


@reads(
    row(
        "Sec-GPC",
        BOTH,
        "The person's wish not to have their data sold or shared (Global Privacy Control), which some laws make "
        "binding.",
        "https://www.w3.org/TR/gpc/",
        "1",
    )
)
def gpc(value: str) -> str:
    """``1``."""
    return "" if value.strip() == "1" else misfit("`1`, the one value there is")


@reads(
    row(
        "X-Robots-Tag",
        RESPONSE,
        "What search engines may do with this; a wish that the large ones follow.",
        "https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag#xrobotstag",
        "noindex, nofollow",
    )
)
def robots(value: str) -> str:
    """Directives for crawlers."""
    words = {
        "noindex": "not to list it",
        "nofollow": "not to follow its links",
        "none": "neither to list it nor to follow its links",
        "noarchive": "to keep no copy to show",
        "nosnippet": "to show no extract",
        "noimageindex": "not to list its images",
        "notranslate": "to offer no translation",
        "all": "anything",
        "index": "to list it",
        "follow": "to follow its links",
    }
    said = [words.get(member.lower()) or quote(member, 40) for member in split_list(value)]
    return f"Asks them {listed(said)}." if said else "It asks nothing."

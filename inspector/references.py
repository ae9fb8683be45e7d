"""What a reference points to: the name of the document and the title of the section.

The sections of every standard that is cited are listed in ``references.json``, taken from the documents themselves, so
that a test notices a section that does not exist and a reader sees what each is about. A standard cited for the first
time is added to that file with its sections; other pages are listed without any.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

_FILE = Path(__file__).with_name("references.json")


class Document(Struct, frozen=True):
    """A document that is cited. `name` is short (``RFC 9110``) and may be empty; `sections` is fragment → title."""

    name: str
    sections: dict[str, str]


@lru_cache(maxsize=1)
def documents() -> dict[str, Document]:
    """Every document, by its URL without fragment."""
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, Document])


def resolves(url: str) -> bool:
    """Whether a reference points to a document that is listed and, where its sections are, to one of them."""
    page, _, fragment = url.partition("#")
    document = documents().get(page)
    if document is None:
        return False
    return not fragment or not document.sections or fragment in document.sections


def title(url: str) -> str:
    """``RFC 9110, section 15.4.2: 301 Moved Permanently``; ``""`` where nothing is known of the reference."""
    page, _, fragment = url.partition("#")
    document = documents().get(page)
    if document is None or not document.name:
        return ""
    section = document.sections.get(fragment, "")
    kind, dash, number = fragment.partition("-")
    place = f", {kind} {number}" if dash and kind in ("section", "appendix") and section else ""
    return f"{document.name}{place}{': ' if section else ''}{section}"

"""What a response tells a browser to fetch or to connect to before it is needed, and what its markup then uses.

Resource hints come as `Link` fields and as `link` elements (HTML, section 4.6.7). A preload is used by a request of
the same address, destination, mode and credentials mode (HTML, "consume a preloaded resource").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from inspector.content.html import Element, HtmlPage, runs_script
from inspector.fields.link import parse_link

HINTS = ("preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch")
MOST = 200
"""Hints of one kind of source that are read."""

CorsMode = Literal["none", "anonymous", "use-credentials"]


class Hint(Struct, frozen=True):
    """One hint: its relation (of `HINTS`), its address as written, and its attributes as written.

    `position` is the place of the `link` element among the page's elements, ``None`` for a `Link` field. `images` says
    whether `imagesrcset` names the addresses, `conditional` whether it counts for some screens alone (`media`).
    """

    relation: str
    target: str
    destination: str = ""
    crossorigin: str | None = None
    type: str = ""
    images: bool = False
    conditional: bool = False
    position: int | None = None

    @property
    def by_field(self) -> bool:
        """Whether a `Link` field gives it."""
        return self.position is None


class Use(Struct, frozen=True):
    """One thing that the markup loads: by which element, for which destination, from where, in which mode."""

    element: Element
    destination: str
    target: str
    mode: CorsMode
    position: int
    module: bool = False


def mode_of(crossorigin: str | None) -> CorsMode:
    """The CORS settings attribute's state (HTML, section 2.5.4)."""
    if crossorigin is None:
        return "none"
    return "use-credentials" if crossorigin.strip().lower() == "use-credentials" else "anonymous"


def hints_of(link: str | None, page: HtmlPage | None) -> tuple[Hint, ...]:
    """The hints of a response's combined `Link` field and of its markup, those of the field first."""
    found: list[Hint] = []
    for by_field in (parse_link(link) or ())[:MOST] if link else ():
        said = by_field.parameters
        found += [
            Hint(
                relation,
                by_field.target,
                said.get("as", "").strip().lower(),
                said.get("crossorigin"),
                said.get("type", ""),
                "imagesrcset" in said,
                "media" in said,
            )
            for relation in by_field.relations
            if relation in HINTS
        ]
    if page is not None:
        for position, element in enumerate(page.elements):
            if element.tag == "link" and len(found) < 2 * MOST:
                found += [_of_element(element, relation, position) for relation in _relations(element)]
    return tuple(found)


def _relations(element: Element) -> list[str]:
    said = element.get("rel")
    return [relation for relation in said.lower().split() if relation in HINTS] if said else []


def _of_element(element: Element, relation: str, position: int) -> Hint:
    return Hint(
        relation,
        element.get("href") or "",
        (element.get("as") or "").strip().lower(),
        element.get("crossorigin"),
        element.get("type") or "",
        element.get("imagesrcset") is not None,
        element.get("media") is not None,
        position,
    )


def uses_of(page: HtmlPage) -> Iterator[Use]:
    """The scripts, styles and images a page's markup loads, in document order."""
    for position, element in enumerate(page.elements):
        tag = element.tag
        if tag == "script":
            source = element.get("src")
            if source and runs_script(element):
                module = (element.get("type") or "").strip().lower() == "module"
                mode = mode_of(element.get("crossorigin"))
                yield Use(
                    element, "script", source, "anonymous" if module and mode == "none" else mode, position, module
                )
        elif tag == "link":
            source = element.get("href")
            if source and is_stylesheet(element):
                yield Use(element, "style", source, mode_of(element.get("crossorigin")), position)
        elif tag == "img" and (source := element.get("src")):
            yield Use(element, "image", source, mode_of(element.get("crossorigin")), position)


def is_stylesheet(link: Element) -> bool:
    """Whether a `link` element loads a stylesheet that is in use from the beginning."""
    relations = (link.get("rel") or "").lower().split()
    return "stylesheet" in relations and "alternate" not in relations

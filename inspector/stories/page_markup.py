"""What a document's markup says of its load: what blocks it, what it hints at, what it uses. A few facts, kept."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import msgspec
from msgspec import Struct

from inspector import url as urls
from inspector.content.hints import Hint, is_stylesheet, mode_of, uses_of
from inspector.content.html import Element, HtmlPage, runs_script
from inspector.rules.hints import hints

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_HINTS = 60
MOST_BLOCKING = 200
MOST_USES = 4_000
LOOKED_THROUGH = 2_000_000
"""Characters of one file that are looked through for the names hints wait for."""
_MOST_OF_IT = 0.6
"""Characters against octets: a page in a script of several octets a character has fewer of them."""
_TELLING = re.compile(r"[A-Za-z0-9_]{6,}")
_FOR_OTHER_MEDIA = re.compile(r"^\s*(print|speech|not\s+all|\(max-width:\s*[01]px\))\s*$", re.IGNORECASE)


class Hinted(Struct, frozen=True):
    """One hint with its absolute address. `late`: the markup before it already loads the same."""

    hint: Hint
    url: str
    origin: str
    used: bool = False
    """Whether the markup has an element that takes what it fetches."""
    used_as: str | None = None
    """The destination the markup uses the address for, where it differs from the hint's `as`."""
    other_mode: bool = False
    """Whether the markup uses the address in another mode than the hint's."""
    late: bool = False
    names: tuple[str, ...] = ()
    """Parts of the file's name by which a script or stylesheet that uses it can be told."""


class Blocking(Struct, frozen=True):
    """An external stylesheet or script of the head that rendering waits for."""

    url: str
    kind: str


class Markup(Struct, frozen=True):
    """`blocking` are in document order. `awaited` are names that contents of other files may mention."""

    blocking: tuple[Blocking, ...] = ()
    hinted: tuple[Hinted, ...] = ()
    awaited: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    """Of the awaited names, those that inline scripts and styles hold."""
    icons: frozenset[str] = frozenset()
    """The page's icons, which the load event does not wait for."""
    truncated: bool = False
    known: bool = True
    """Whether the markup was recorded; else only `Link` fields are known."""

    def named_in(self, text: str) -> frozenset[str]:
        """Of the awaited names, those a file's content holds."""
        text = text[:LOOKED_THROUGH]
        return frozenset(name for name in self.awaited if name in text)


def markup_of(x: Subject) -> Markup:
    """Read a document's markup, or its `Link` fields alone where its content is not recorded."""
    page = x.html
    url = x.request.url
    given = x.memo(hints)[:MOST_HINTS]
    if page is None or not _whole(x, page):
        return Markup(hinted=tuple(_bare(hint, url) for hint in given), known=False)
    uses: dict[str, list[tuple[str, str, int]]] = {}
    for count, use in enumerate(uses_of(page)):
        if count >= MOST_USES:
            break
        uses.setdefault(page.resolve(url, use.target), []).append((use.destination, use.mode, use.position))
    first: dict[str, int] = {}
    for there, found in uses.items():
        origin = urls.parse(there).origin
        first[origin] = min(first.get(origin, found[0][2]), found[0][2])
    hinted = tuple(_hinted(hint, page, url, uses, first) for hint in given)
    awaited = frozenset(name for one in hinted for name in one.names)
    markup = Markup(_blocking(page, url), hinted, awaited, frozenset(), _icons(page, url), page.truncated)
    if awaited:
        inline = "\n".join(
            [e.text for e in page.elements if e.text]
            + [v for e in page.elements if e.tag != "link" for n, v in e.attributes.items() if n in _MENTIONS]
        )
        markup = msgspec.structs.replace(markup, named=markup.named_in(inline))
    return markup


def _whole(x: Subject, page: HtmlPage) -> bool:
    """Whether the recording has the document's markup: some exporters keep a beginning, or a note instead."""
    body = x.response.body if x.response is not None else None
    if body is None or body.text is None or (not page.elements and "<" not in body.text[:1000]):
        return False
    return body.size is None or len(body.text) > body.size * _MOST_OF_IT


_MENTIONS = frozenset({"style", "src", "srcset", "data-src", "data-srcset", "poster", "href", "data"})


def _bare(hint: Hint, url: str) -> Hinted:
    there = _join(url, hint.target)
    return Hinted(hint, there, urls.parse(there).origin)


def _join(url: str, reference: str) -> str:
    try:
        return urljoin(url, reference.strip()).partition("#")[0]
    except ValueError:
        return ""


def _hinted(
    hint: Hint, page: HtmlPage, url: str, uses: dict[str, list[tuple[str, str, int]]], first: dict[str, int]
) -> Hinted:
    there = (page.resolve(url, hint.target) if not hint.by_field else _join(url, hint.target)).partition("#")[0]
    origin = urls.parse(there).origin
    if hint.relation in ("preconnect", "dns-prefetch"):
        place = first.get(origin)
        late = place is not None and hint.position is not None and place < hint.position
        return Hinted(hint, there, origin, late=late)
    if hint.relation == "prefetch":
        return Hinted(hint, there, origin)
    module = hint.relation == "modulepreload"
    destination = "script" if module else hint.destination
    mode = mode_of(hint.crossorigin)
    if module and mode == "none":
        mode = "anonymous"
    found = uses.get(there, [])
    same = [use for use in found if use[0] == destination]
    used = any(use[1] == mode for use in same)
    as_other = next((use[0] for use in found if use[0] != destination), None) if not same else None
    late = bool(same) and hint.position is not None and min(use[2] for use in same) < hint.position
    names = () if found else telling_names(there)
    return Hinted(hint, there, origin, used, as_other, bool(same) and not used, late, names)


@lru_cache(maxsize=256)
def telling_names(url: str) -> tuple[str, ...]:
    """Parts of a file's name that something which loads it has to contain: the name, and its long parts (hashes)."""
    name = urls.parse(url).path.rpartition("/")[2]
    if not name:
        return ()
    return tuple(dict.fromkeys([name[:120], *_TELLING.findall(name.rpartition(".")[0])[:4]]))


def _blocking(page: HtmlPage, url: str) -> tuple[Blocking, ...]:
    """The external stylesheets and scripts of the head that a browser waits for before it paints."""
    found: dict[str, Blocking] = {}
    for element in page.elements[: page.head]:
        reference, kind = None, ""
        if (
            element.tag == "link"
            and is_stylesheet(element)
            and _applies(element)
            and "disabled" not in element.attributes
        ):
            reference, kind = element.get("href"), "stylesheet"
        elif element.tag == "script" and runs_script(element) and not _deferred(element):
            reference, kind = element.get("src"), "script"
        if reference and len(found) < MOST_BLOCKING:
            there = page.resolve(url, reference).partition("#")[0]
            found.setdefault(there, Blocking(there, kind))
    return tuple(found.values())


def _icons(page: HtmlPage, url: str) -> frozenset[str]:
    return frozenset(
        [page.resolve(url, link.get("href") or "") for link in page.links if "icon" in (link.get("rel") or "").lower()]
    )


def _applies(link: Element) -> bool:
    return _FOR_OTHER_MEDIA.match(link.get("media") or "") is None


def _deferred(script: Element) -> bool:
    attributes = script.attributes
    if "async" in attributes or "defer" in attributes or "nomodule" in attributes:
        return True
    return (attributes.get("type") or "").strip().lower() == "module"

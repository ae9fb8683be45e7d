"""An HTML page as its rules need it: the elements that load, link, submit or run something, in document order.

Parsed by lexbor as browsers parse it (HTML, section 13.2). What is inert in a browser is left out: comments, the
content of `template`, and the content of `noscript`, which a browser that runs scripts never sees.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from inspector import url as urls
from inspector.content.event_handlers import is_handler
from inspector.fields.media_type import JAVASCRIPT
from inspector.patterns import compile_late

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

LIMIT = 2_000_000
"""Characters of a page that are read."""
MOST_ELEMENTS = 50_000

_TAGS = frozenset(
    {
        "script",
        "style",
        "link",
        "meta",
        "base",
        "title",
        "img",
        "image",
        "picture",
        "source",
        "track",
        "audio",
        "video",
        "iframe",
        "frame",
        "embed",
        "object",
        "applet",
        "a",
        "area",
        "form",
        "input",
        "button",
        "select",
        "textarea",
        "use",
    }
)
_WITH_TEXT = frozenset({"script", "style", "title"})
_MAY_HAVE_INLINE_CODE = compile_late(r"[\s\"'/](?:on[a-z]{3,30}|style)\s*=", re.IGNORECASE)
_NOSCRIPT = compile_late(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<(script|style|textarea|title)\b.*?(?:</\1|\Z)|"
    r"(<noscript\b[^>]*(?:>|\Z)).*?(?=</noscript|\Z)",  # what is not closed goes on to the end of the page
    re.IGNORECASE | re.DOTALL,
)


class Element(Struct, frozen=True, gc=False):
    """One start tag. `tag` and attribute names are in lower case; an attribute without a value is ``""``.

    `text` is the content of `script`, `style` and `title`; ``""`` for every other element. `form` is the position in
    `HtmlPage.forms` of the form around it, ``None`` outside any.
    """

    tag: str
    attributes: dict[str, str]
    text: str = ""
    form: int | None = None

    def get(self, name: str) -> str | None:
        """An attribute's value; ``None`` where the element does not have it."""
        return self.attributes.get(name)

    @property
    def handlers(self) -> tuple[tuple[str, str], ...]:
        """Inline event handlers: attribute name and its script."""
        return tuple([pair for pair in self.attributes.items() if is_handler(self.tag, pair[0])])


class HtmlPage(Struct, frozen=True, dict=True):
    """What a page's markup says. `truncated`: the markup was cut by the recording or by `LIMIT`.

    `head` is how many of the elements come before the page's body.

    Scripts add to a page what is not in here; a page that shows nothing of something may still do it.
    """

    elements: tuple[Element, ...] = ()
    truncated: bool = False
    head: int = 0

    def having(self, *tags: str) -> tuple[Element, ...]:
        """The elements with one of these tags, in document order."""
        return tuple([e for e in self.elements if e.tag in tags])

    @cached_property
    def scripts(self) -> tuple[Element, ...]:
        """`script` elements, data blocks (JSON, import maps) among them: see `runs_script`."""
        return self.having("script")

    @cached_property
    def links(self) -> tuple[Element, ...]:
        """`link` elements."""
        return self.having("link")

    @cached_property
    def metas(self) -> tuple[Element, ...]:
        """`meta` elements."""
        return self.having("meta")

    @cached_property
    def forms(self) -> tuple[Element, ...]:
        """`form` elements; `Element.form` of others counts in here."""
        return self.having("form")

    def controls(self, form: int) -> tuple[Element, ...]:
        """The controls (`input`, `button`, `select`, `textarea`) inside a form, by its position in `forms`."""
        return self._controls.get(form, ())

    @cached_property
    def _controls(self) -> dict[int, tuple[Element, ...]]:
        found: dict[int, list[Element]] = {}
        for element in self.elements:
            if element.form is not None and element.tag in _CONTROLS:
                found.setdefault(element.form, []).append(element)
        return {form: tuple(controls) for form, controls in found.items()}

    @cached_property
    def base(self) -> str | None:
        """The `href` of the first `base` element that has one (HTML, section 4.2.3)."""
        return next((e.attributes["href"] for e in self.elements if e.tag == "base" and "href" in e.attributes), None)

    @cached_property
    def title(self) -> str:
        """The first `title`, its white space collapsed; ``""`` without one."""
        return next((" ".join(e.text.split()) for e in self.elements if e.tag == "title"), "")

    def http_equiv(self, name: str, *, anywhere: bool = False) -> tuple[str, ...]:
        """The `content` of every `<meta http-equiv=NAME>` (lower case) of the page's head, in order.

        A policy in the page's body is ignored (HTML, section 4.2.5.3); `anywhere` gives those too.
        """
        return tuple(
            e.attributes["content"]
            for e in (self.metas if anywhere else self.elements[: self.head])
            if e.tag == "meta"
            and e.attributes.get("http-equiv", "").strip().lower() == name
            and "content" in e.attributes
        )

    def resolve(self, page: str, reference: str) -> str:
        """The absolute URL of a reference in this page, whose own URL is `page`; ``""`` where it makes none."""
        try:
            return urls.resolve(urls.resolve(page, self.base) if self.base else page, reference)
        except ValueError:
            return ""


_CONTROLS = frozenset({"input", "button", "select", "textarea"})
_SCRIPT_TYPES = JAVASCRIPT | {"", "module"}


def script_type(script: Element) -> str:
    """What a `script` element says it is, in lower case; ``""`` for a classic script that says nothing."""
    kind = script.get("type")
    if kind is None:
        language = script.get("language")
        return f"text/{language.lower()}" if language else ""
    return kind.strip().lower()


def runs_script(script: Element) -> bool:
    """Whether a `script` element holds or loads code that a browser of today runs, and is no data block.

    HTML, "prepare the script element": a classic script with `nomodule` is for browsers without modules.
    """
    kind = script_type(script)
    return kind in _SCRIPT_TYPES and (kind == "module" or "nomodule" not in script.attributes)


_CANDIDATE = compile_late(r"([^\s,]\S*)(?:(?<=,)|[^,]*(?:,|$))")


def srcset_addresses(srcset: str) -> tuple[str, ...]:
    """The addresses of a `srcset` (HTML, "parse a srcset attribute"): a comma within an address is part of it."""
    return tuple([found.rstrip(",") for found in _CANDIDATE.findall(srcset)])


@lru_cache(maxsize=8)
def parse_html(text: str, truncated: bool = False) -> HtmlPage:
    """Read a page's markup. Never raises for what the text holds; at most `LIMIT` characters of it are read."""
    from selectolax.lexbor import LexborHTMLParser

    if len(text) > LIMIT:
        text, truncated = text[:LIMIT], True
    markup = text
    if "noscript" in text or "NOSCRIPT" in text:
        markup = _NOSCRIPT.sub(_without_noscript, text)
    inline_code = _MAY_HAVE_INLINE_CODE.search(markup) is not None
    # Surrogates cannot be encoded for the parser, and a page cannot contain them.
    parser = LexborHTMLParser(markup.encode("utf-8", "replace"))
    root = parser.root
    elements: list[Element] = []
    forms = 0
    within: dict[int, int | None] = {}
    """The form that each node is, or is in, as far as that was asked for."""
    head: int | None = None
    for node in root.traverse() if root is not None else ():
        tag = node.tag
        if tag is None or tag.startswith("-"):
            continue
        tag = tag.lower()
        if tag not in _TAGS:
            if head is None and tag in ("body", "frameset"):
                head = len(elements)
            if not inline_code:
                continue
            attributes = node.attributes
            if not any(name.startswith("on") or name == "style" for name in attributes):
                continue
        else:
            attributes = node.attributes
        around = None
        if tag == "form":
            within[node.mem_id] = forms
            forms += 1
        elif tag in _CONTROLS and forms:
            around = _form_around(node, within)
        elements.append(
            Element(
                tag,
                {name: value or "" for name, value in attributes.items()},
                (node.text(deep=False) or "") if tag in _WITH_TEXT else "",
                around,
            )
        )
        if len(elements) >= MOST_ELEMENTS:
            truncated = True
            break
    return HtmlPage(tuple(elements), truncated, len(elements) if head is None else head)


def _form_around(node: LexborNode, within: dict[int, int | None]) -> int | None:
    """The form a node is in; notes in `within` what that says of the nodes between."""
    passed: list[int] = []
    parent = node.parent
    while parent is not None and parent.mem_id not in within:
        passed.append(parent.mem_id)
        parent = parent.parent
    found = None if parent is None else within[parent.mem_id]
    within.update(dict.fromkeys(passed, found))
    return found


def _without_noscript(match: re.Match[str]) -> str:
    return match[2] if match[2] is not None else match[0]

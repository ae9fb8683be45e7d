"""What a page's markup uses and its policies forbid: CSP3, sections 4.1 to 4.3, 6.3 and 6.4, element by element."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from msgspec import Struct

from inspector import url as urls
from inspector.browser.csp import (
    MOST_POLICIES,
    Asked,
    base_uri_violates,
    form_action_violates,
    in_markup,
    should_be_blocked,
)
from inspector.browser.csp_directives import InlineType, governing
from inspector.browser.csp_inline import has_keyword, inline_violates, is_nonceable, sha256_source
from inspector.content.html import Element, HtmlPage, runs_script, script_type, srcset_addresses
from inspector.fields.csp import CspPolicy, parse_policy
from inspector.patterns import compile_late

MOST = 500
"""Elements of a page that are compared with its policies."""

_META = "content-security-policy"
_LINKS = frozenset({"a", "area", "form"})
_FRAMES = frozenset({"iframe", "frame"})
_BREAKS = {9: None, 10: None, 13: None}  # which a URL's parser takes out
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
# Addresses that keep a link from leading anywhere: nobody misses what they do.
_NOTHING = compile_late(
    r"javascript:\s*+(?:void\s*+(?:\(\s*+\d*+\s*+\)|0)|undefined|null|false|//.*+)?[\s;]*+", re.IGNORECASE
)

# A candidate that leaves nothing for `src` to be chosen for.
_FOR_EVERY_SCREEN = compile_late(r"\s(?:1x|[0-9]+w)\s*(?:,|$)")

IMPORT_MAP = "import map"
SPECULATION = "set of speculation rules"
BASE = "`<base>`"
FORM = "form"
ADDRESS = "`javascript:` address"
SCRIPT = "inline script"
HANDLER = "event handler"

_NOUNS = {
    "script": "script",
    "style": "style sheet",
    "image": "image",
    "iframe": "frame",
    "embed": "`<embed>`",
    "object": "`<object>`",
    "audio": "audio file",
    "video": "video",
    "track": "text track",
    "manifest": "manifest",
}


class Used(Struct, frozen=True):
    """Something the page's markup uses and a policy forbids: its kind in words, the directive, and what it is.

    `what` is an absolute address, the hash source that would allow inline code, or an attribute's name.
    """

    kind: str
    directive: str
    what: str


class _Place(Struct, frozen=True):
    """Where an element stands: the policies in force there, the page's own address, and its base address."""

    policies: tuple[CspPolicy, ...]
    own: str
    base: str

    def resolve(self, reference: str) -> str:
        return urls.join(self.base, reference.strip())

    def forbids_inline(self, kind: InlineType, text: str, nonce: str | None = None) -> str | None:
        """The directive of the first policy that forbids inline code."""
        for policy in self.policies:
            found = inline_violates(policy, kind, text, nonce)
            if found is not None:
                return found
        return None


def forbidden(html: HtmlPage, policies: tuple[CspPolicy, ...], own: str, *, markup: bool) -> Iterator[Used]:
    """Go through a page at `own`: what its elements use and one of the first `MOST_POLICIES` policies forbids.

    `policies` came with the response. `markup`: those in the page's `<meta>` elements count too, each for what comes
    after it.
    """
    refused = _refused_base(html, policies, own, markup)
    base = own if refused is not None or not html.base else urls.join(own, html.base.strip())
    policies = policies[:MOST_POLICIES]
    inside, chosen = "", False
    for number, element in enumerate(html.elements[:MOST]):
        tag = element.tag
        if tag == "meta" and markup and number < html.head and len(policies) < MOST_POLICIES:
            policies += declared(element)
        if not policies:
            continue
        if refused is not None and tag == "base" and "href" in element.attributes:
            yield refused
            refused = None
        if tag in ("audio", "video", "picture"):
            inside, chosen = tag, False
        elif tag not in ("source", "track", "img"):
            inside = ""
        place = _Place(policies, own, base)
        yield from _inline(element, place)
        if not (tag == "img" and inside == "picture" and chosen):
            yield from _loaded(element, inside, place)
        chosen = chosen or tag == "source"
        if tag == "img":
            inside = ""  # a `picture` has one, and it is the last thing in there
        if tag in ("form", "button", "input"):
            yield from _sent(html, element, place)


def declared(element: Element) -> tuple[CspPolicy, ...]:
    """The policy of a `<meta>` as it is in force; none of any other."""
    if (element.get("http-equiv") or "").strip().lower() != _META:
        return ()
    policy = in_markup(parse_policy(element.get("content") or ""))
    return (policy,) if policy.directives else ()


def _refused_base(html: HtmlPage, policies: tuple[CspPolicy, ...], own: str, markup: bool) -> Used | None:
    """The page's first `<base>` with an address, where a policy refuses it, so that it has no effect."""
    if html.base is None:
        return None
    before: list[CspPolicy] = []
    for number, element in enumerate(html.elements):
        if element.tag == "meta" and markup and number < html.head:
            before += declared(element)
        if element.tag == "base" and "href" in element.attributes:
            break
    url = urls.join(own, html.base.strip())
    if any(base_uri_violates(policy, url, own) is not None for policy in (*policies, *before)):
        return Used(BASE, "base-uri", url)
    return None


# -- inline code ------------------------------------------------------------------------------------------------------


def _inline(element: Element, place: _Place) -> Iterator[Used]:
    tag = element.tag
    if tag == "script" and not {"src", "href", "xlink:href"} & element.attributes.keys() and element.text.strip():
        yield from _script(element, place)
    if tag == "style" and element.text.strip():
        found = place.forbids_inline("style", element.text, _nonce(element))
        if found:
            yield Used("inline style", found, sha256_source(element.text))
    for name, text in element.handlers:
        found = place.forbids_inline("script attribute", text)
        if found:
            yield Used(HANDLER, found, name)
    style = element.get("style")
    if style and style.strip():
        found = place.forbids_inline("style attribute", style)
        if found:
            yield Used("`style` attribute", found, "style")
    name = "href" if tag in ("a", "area") else "src" if tag in _FRAMES else "action" if tag == "form" else ""
    reference = (element.get(name) or "").strip().translate(_BREAKS) if name else ""
    if reference[:11].lower() == "javascript:" and (tag not in _LINKS or not _NOTHING.fullmatch(reference)):
        found = place.forbids_inline("navigation", quote(reference, _PRINTABLE))
        if found:
            yield Used(ADDRESS, found, name)


def _script(element: Element, place: _Place) -> Iterator[Used]:
    kind = script_type(element)
    policies = place.policies
    if kind == "speculationrules":
        noun = SPECULATION
        policies = tuple(p for p in policies if not _admits_speculation(p))
    elif kind == "importmap":
        noun = IMPORT_MAP
    elif runs_script(element):
        noun = SCRIPT
    else:
        return
    found = _Place(policies, place.own, place.base).forbids_inline("script", element.text, _nonce(element))
    if found:
        yield Used(noun, found, sha256_source(element.text))


def _admits_speculation(policy: CspPolicy) -> bool:
    found = governing(policy, "script-src-elem")
    return found is not None and has_keyword(found[1], "inline-speculation-rules")


def _nonce(element: Element) -> str | None:
    return element.get("nonce") if is_nonceable(element.attributes) else None


# -- addresses --------------------------------------------------------------------------------------------------------


def _loaded(element: Element, inside: str, place: _Place) -> Iterator[Used]:
    if "disabled" in element.attributes or element.get("loading") == "lazy":
        return
    nonce, integrity = _nonce(element) or "", element.get("integrity") or ""
    for destination, references in _references(element, inside):
        addresses = [url for reference in references if (url := _judged(place, reference))]
        if not addresses or len(addresses) < len(references):
            continue
        found = None
        for url in addresses:
            asked = Asked(url, destination, False, nonce, integrity, True)
            found = should_be_blocked(place.policies, asked, place.own)
            if found is None or found.condition is not None:
                break
        else:
            if found is not None:
                yield Used(_NOUNS[destination], found.directive, addresses[0])


def _judged(place: _Place, reference: str) -> str | None:
    """The absolute address, where a policy is certain to see it as it is written."""
    url = place.resolve(reference)
    if not url.startswith(("http:", "https:", "data:")):
        return None
    if place.own.startswith("https:") and url.startswith("http:"):
        return None  # mixed content, whose address may be rewritten before any policy sees it
    return url


def _references(element: Element, inside: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What an element loads: the destination, and the addresses of which the browser chooses one."""
    tag, get = element.tag, element.attributes.get
    src, srcset = get("src"), get("srcset")
    match tag:
        case "script" if runs_script(element) and (address := src or get("href") or get("xlink:href")):
            yield "script", (address,)
        case "link" if href := get("href"):
            relations = (get("rel") or "").lower().split()
            if "stylesheet" in relations:
                yield "style", (href,)
            elif "manifest" in relations:
                yield "manifest", (href,)
        case "img" | "source" if srcset and inside not in ("audio", "video"):
            plain = (src,) if src and tag == "img" and not _FOR_EVERY_SCREEN.search(srcset) else ()
            yield "image", srcset_addresses(srcset) + plain
        case "img" if src:
            yield "image", (src,)
        case "input" if src and (get("type") or "").strip().lower() == "image":
            yield "image", (src,)
        case "image" if address := get("href") or get("xlink:href"):
            yield "image", (address,)
        case "source" if src and inside in ("audio", "video"):
            yield inside, (src,)
        case "track" if src:
            yield "track", (src,)
        case "audio" | "video":
            if src:
                yield tag, (src,)
            if tag == "video" and (poster := get("poster")):
                yield "image", (poster,)
        case "iframe" | "frame" if src and "srcdoc" not in element.attributes:
            yield "iframe", (src,)
        case "embed" if src:
            yield "embed", (src,)
        case "object" if data := get("data"):
            yield "object", (data,)


def _sent(html: HtmlPage, element: Element, place: _Place) -> Iterator[Used]:
    """Where a form goes that names another address than the page's own, which scripts send by themselves."""
    tag, get = element.tag, element.attributes.get
    action = get("action") if tag == "form" else get("formaction") if element.form is not None else None
    form = element if tag == "form" else html.forms[element.form] if element.form is not None else None
    methods = (get("formmethod"), form.get("method") if form is not None else None)
    if not action or not action.strip() or any((m or "").strip().lower() == "dialog" for m in methods):
        return
    url = _judged(place, action)
    if url is None or not url.startswith("http") or url.partition("#")[0] == place.own.partition("#")[0]:
        return
    if any(form_action_violates(policy, url, place.own) is not None for policy in place.policies):
        yield Used(FORM, "form-action", url)

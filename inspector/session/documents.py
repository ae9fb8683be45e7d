"""Documents seen, with the policies a browser applies to what they embed. Bounded."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from inspector import url as urls
from inspector.browser.address_space import AddressSpace, address_space
from inspector.fields.isolation import parse_coep
from inspector.fields.referrer_policy import parse_meta_referrer, parse_referrer_policy
from inspector.patterns import compile_late
from inspector.session.csp import PagePolicies, policies_of

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_DOCUMENTS = 500
MOST_EACH = 8

_LOOKED_AT = 16_384
_META = compile_late(r"\bname\s*=\s*[\"']?referrer\b", re.IGNORECASE)

Embedding = Literal["require-corp", "credentialless"]


class Document(Struct, frozen=True):
    """One document: where it is, and what it demands of the resources it embeds.

    `coep` is its ``Cross-Origin-Embedder-Policy`` where that is in force (``None``: not), `isolation` its
    ``Document-Isolation-Policy``. `nested` is whether it was loaded into a frame, `standards` whether it is laid out
    in standards mode, `space` the address space it came from; ``None`` is unknown. `policies` are its Content
    Security Policies, ``None`` without any.
    """

    url: str
    origin: str
    index: int
    coep: Embedding | None = None
    isolation: bool = False
    referrer_policy: str | None = None
    nested: bool | None = None
    standards: bool | None = None
    space: AddressSpace | None = None
    policies: PagePolicies | None = None

    @property
    def demands(self) -> tuple[Embedding | None, bool]:
        """What it asks of embedded resources."""
        return self.coep, self.isolation


class Documents:
    """Remembers documents by URL and by origin; the least recently loaded are forgotten first."""

    def __init__(self) -> None:
        self._by_url: OrderedDict[str, Document] = OrderedDict()
        self._by_origin: OrderedDict[str, list[Document]] = OrderedDict()
        self.demanding = False
        """Whether any document ever demanded something of what it embeds."""
        self.trying = False
        """Whether any document ever came with a trial policy (``Content-Security-Policy-Report-Only``)."""

    def remember(self, x: Subject) -> None:
        """Keep a document's policies. To be called for documents only."""
        url, get = x.url, x.res.get
        if url.origin == "null":
            return
        coep, isolation = None, False
        if url.secure or url.loopback:  # elsewhere both policies are ignored (HTML, "secure context")
            value = get("cross-origin-embedder-policy")
            found = parse_coep(value).value if value else None
            coep = found if found in ("require-corp", "credentialless") else None
            isolation = (get("document-isolation-policy") or "").partition(";")[0].strip() == "isolate-and-require-corp"
        if coep or isolation:
            self.demanding = True
        if "content-security-policy-report-only" in x.res.first:
            self.trying = True
        policy = get("referrer-policy")
        beginning = _beginning(x)
        said = x.req.get("sec-fetch-dest")
        document = Document(
            _bare(url.text),
            url.origin,
            x.exchange.index,
            coep,  # type: ignore[arg-type]
            isolation,
            _meta_referrer(x, beginning) or (parse_referrer_policy(policy) if policy else None),
            None if said is None else said != "document",
            _standards_mode(beginning),
            address_space(x.exchange.server.peer or url.host),
            policies_of(x),
        )
        self._by_url.pop(document.url, None)
        self._by_url[document.url] = document
        if len(self._by_url) > MOST_DOCUMENTS:
            self._by_url.popitem(last=False)
        kept = self._by_origin.pop(url.origin, [])
        self._by_origin[url.origin] = [*[d for d in kept if d.url != document.url][-MOST_EACH:], document]
        if len(self._by_origin) > MOST_DOCUMENTS:
            self._by_origin.popitem(last=False)

    def at(self, url: str) -> Document | None:
        """The document last loaded from a URL."""
        return self._by_url.get(_bare(url))

    def of_origin(self, origin: str) -> tuple[Document, ...]:
        """The documents of an origin that are remembered, the last loaded last."""
        return tuple(self._by_origin.get(origin, ()))

    def embedder(self, x: Subject) -> Document | None:
        """The document on whose behalf a request was made; ``None`` where that is not certain.

        ``Referer`` names it, in full or by origin. Where it names only an origin, the recorder's page decides, or
        all documents of that origin have to agree on what they demand.
        """
        page = x.exchange.context.page
        page_url = page.url if page is not None else None
        referer = x.req.get("referer")
        if not referer:
            return self._by_url.get(_bare(page_url)) if page_url else None
        found = self._by_url.get(_bare(referer))
        if found is not None:
            return found
        origin = urls.parse(referer).origin
        if page_url and urls.parse(page_url).origin == origin:
            found = self._by_url.get(_bare(page_url))
            if found is not None:
                return found
        kept = self._by_origin.get(origin)
        if not kept or any(d.demands != kept[-1].demands for d in kept):
            return None
        return kept[-1]


def _bare(url: str) -> str:
    return url.partition("#")[0]


def _beginning(x: Subject) -> str:
    """The beginning of an HTML document's markup; empty where it is not recorded."""
    response = x.response
    if response is None or not x.is_html or response.body.state not in ("full", "truncated"):
        return ""
    return (response.body.text or "")[:_LOOKED_AT]


def _standards_mode(beginning: str) -> bool | None:
    """Whether an HTML document begins with a modern doctype, so that its layout is not in quirks mode."""
    text = beginning[:1024].lstrip("\ufeff \t\r\n").lower()
    while text.startswith("<!--"):
        text = text.partition("-->")[2].lstrip()
    if text.startswith("<!doctype html>"):
        return True
    return None if text.startswith(("<!doctype", "<?xml")) or not text else False


def _meta_referrer(x: Subject, beginning: str) -> str | None:
    """The policy of the last valid ``<meta name=referrer>``, which overrides the field's."""
    if _META.search(beginning) is None or x.html is None:
        return None
    found = None
    for meta in x.html.metas:
        if (meta.get("name") or "").lower() == "referrer":
            found = parse_meta_referrer(meta.get("content") or "") or found
    return found

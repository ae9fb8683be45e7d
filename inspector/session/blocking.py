"""What a browser would have refused for reasons other than CORS, and what it must remember to know that.

The algorithms are pure functions in `inspector.browser`; here they are given what the session knows: the documents
that embed things, the hosts that asked for https, the redirects a request came through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector.browser import corp, framing, mixed_content, nosniff, orb
from inspector.browser.address_space import address_space, is_more_local
from inspector.browser.arrival import reached_page
from inspector.browser.corp import Relation
from inspector.browser.cors_request import chromium_version, page_origin
from inspector.browser.redirect_refusal import refusal
from inspector.browser.redirects import MOST_REDIRECTS, REDIRECTS
from inspector.browser.refused import LOCAL_NETWORK, TOO_MANY_REDIRECTS, UNTOLD, code_of
from inspector.browser.verdict import BlockVerdict, Step
from inspector.fields.framing import is_nosniff
from inspector.fields.media_type import JAVASCRIPT, essence_of
from inspector.session.csp import judge_unsent
from inspector.session.documents import Document, Documents
from inspector.session.hsts import HstsList
from inspector.site import same_site

if TYPE_CHECKING:
    from inspector.subject import Subject

HSTS = "hsts"
INTERNAL_REDIRECT = "internal-redirect"

_ORB_SINCE = 115
"""The Chromium version from which on a blocked response is an error for the element that asked."""
_UNSENT = frozenset({None, "net::ERR_FAILED", "net::ERR_ABORTED"})
_BY_RESPONSE = corp.CODES | {corp.NEEDS_COEP, framing.XFO, framing.ANCESTORS}
_NOT_EMBEDDED = frozenset({"document", "empty", "report", "webidentity"})
_PLAIN_KINDS = frozenset({"image", "script", "stylesheet", "media", "imageset"})
"""Resource types that are requested without CORS unless an ``Origin`` field shows otherwise."""


class Blocking:
    """Remembers documents (their policies) and HSTS hosts, and judges exchanges with them. Bounded."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.hsts = HstsList()

    def judge(self, x: Subject) -> BlockVerdict | None:
        """The blocking verdict on an exchange; ``None`` where nothing of the kind applies."""
        if x.status == 0 or x.exchange.failure is not None:
            verdict = self._failed(x)
        else:
            verdict = self._answered(x)
        if x.status:
            fields = x.res.first
            if "strict-transport-security" in fields:
                self.hsts.note(x.url, fields["strict-transport-security"], x.started, x.exchange.index)
            if x.is_document and x.status not in REDIRECTS and (verdict is None or verdict.outcome != "blocked"):
                self.documents.remember(x)
        return verdict

    # -- a browser's own word ---------------------------------------------------------------------------------------

    def _failed(self, x: Subject) -> BlockVerdict | None:
        failure = x.exchange.failure
        found = self._answered(x) if x.status else self._unanswered(x)
        told = code_of(failure.code, failure.message) if failure is not None else None
        if failure is None or told is None:
            return found
        word = Step("the browser's own word", f"`{failure.code or failure.message[:80]}`", "fail")
        agrees = found is not None and (found.code == told or (told == UNTOLD and found.code in _BY_RESPONSE))
        if found is not None and agrees and found.outcome in ("blocked", "depends"):
            return BlockVerdict("blocked", found.code, None, (*found.steps, word))
        return BlockVerdict("blocked", told, None, (word,))

    def _unanswered(self, x: Subject) -> BlockVerdict | None:
        failure = x.exchange.failure
        if (failure is not None and failure.code not in _UNSENT) or x.exchange.server.peer:
            return None
        forbidden = judge_unsent(x, self.documents)
        if forbidden is not None and forbidden.outcome == "blocked":
            return forbidden
        return self._unsent(x) or forbidden

    def _unsent(self, x: Subject) -> BlockVerdict | None:
        context = x.exchange.context
        kind = x.destination or context.resource_type
        if kind == "other" and context.initiator is not None and context.initiator.type in ("parser", "script"):
            kind = "prefetch"
        page = _page(x)
        if page is not None and kind and kind not in ("document", "other") and mixed_content.is_mixed(page, x.url):
            if mixed_content.is_upgraded(kind, x.url):
                return None
            steps = (
                Step("the page is secure", f"`{page.origin}`", "pass"),
                Step("so is what it loads", f"`{x.url.origin}`, for {kind}; never sent", "fail"),
            )
            return BlockVerdict("blocked", mixed_content.CODE, None, steps)
        target = address_space(x.url.host)
        if target is None or target == "public" or page is None:
            return None
        document = self.documents.embedder(x)
        space = document.space if document is not None else None
        if space is None or not is_more_local(target, space):
            return None
        step = Step("the address is as public as the page", f"{target}; the page's: {space}", "unknown")
        secure = page.secure or page.loopback
        condition = "the user has not allowed this page to reach the local network"
        if not secure:
            condition = "the browser has Local Network Access checks, which refuse pages that are not https"
        return BlockVerdict("depends", LOCAL_NETWORK, condition, (step,))

    # -- with a response --------------------------------------------------------------------------------------------

    def _answered(self, x: Subject) -> BlockVerdict | None:
        verdict, redirects = None, False
        if x.status in REDIRECTS:
            fields = x.res.first
            if "non-authoritative-reason" in fields:
                return self._internal(x)
            redirects = "location" in fields
            verdict = self._redirect(x) if redirects else None
        if verdict is None and x.status != 304 and x.exchange.context.served_from != "service-worker":
            verdict = self._by_destination(x, redirects)
        if x.url.scheme == "http" and (verdict is None or verdict.outcome == "allowed"):
            return self._plain(x) or verdict
        return verdict

    def _by_destination(self, x: Subject, redirects: bool) -> BlockVerdict | None:
        destination = x.destination
        if destination is None or destination == "document":
            return self._embedded(x) if "cross-origin-resource-policy" in x.res.first else None
        if destination in framing.DESTINATIONS:
            return None if redirects else self._framed(x)
        verdict = None
        if self.documents.demanding or "cross-origin-resource-policy" in x.res.first:
            verdict = self._embedded(x)
            if verdict is not None and verdict.outcome != "allowed":
                return verdict
        if redirects:
            return verdict
        if x.req.get("sec-fetch-mode") == "no-cors" and destination not in _NOT_EMBEDDED:
            found = self._opaque(x)
            if found is not None:
                return found
        if destination in nosniff.DESTINATIONS and 200 <= x.status < 300:
            found = self._typed(x, destination)
            if found is not None:
                return found
        return verdict

    def _embedded(self, x: Subject) -> BlockVerdict | None:
        """CORP for a request without CORS, and COEP for a worker."""
        mode = x.mode
        get = x.res.get
        if mode == "same-origin" and x.destination == "worker":
            document = self.documents.embedder(x)
            coep = document.coep if document is not None else None
            return corp.check_frame(get("cross-origin-embedder-policy"), coep)
        doubt = None
        if mode is None:
            if x.origin is not None or x.exchange.context.resource_type not in _PLAIN_KINDS:
                return None
            doubt = "the browser knows `Cross-Origin-Resource-Policy`, as those of today do"
        elif mode != "no-cors":
            return None
        relation, certain = self._relation(x)
        if relation is None:
            return None
        document = self.documents.embedder(x) if self.documents.demanding else None
        coep, isolation = document.demands if document is not None else (None, False)
        verdict = corp.check(get("cross-origin-resource-policy"), relation, coep, isolation, False)
        if verdict is None or verdict.outcome != "blocked":
            return verdict
        if delivered(x):
            return _arrived(verdict)
        if not certain:
            doubt = doubt or "the page that asked is of another origin"
        return _doubted(x, verdict, doubt)

    def _framed(self, x: Subject) -> BlockVerdict | None:
        """A document for a frame: what the page around it demands, and whether it may be framed at all."""
        get = x.res.get
        disposition = get("content-disposition")
        if x.status in (204, 205) or (disposition is not None and disposition.lower().startswith("attachment")):
            return None  # nothing is shown in the frame
        found = None
        if self.documents.demanding:
            document = self.documents.embedder(x)
            if document is not None and document.coep is not None:
                found = self._under_policy(x, document)
                if found is not None and found.outcome != "allowed":
                    return found
        policy, options = get("content-security-policy"), get("x-frame-options")
        if policy is None and options is None:
            return found
        ancestors, complete = self._ancestors(x)
        verdict = framing.judge(policy, options, x.url.text, ancestors, complete)
        if verdict is None:
            return found
        return _arrived(verdict) if verdict.outcome in ("blocked", "depends") and delivered(x) else verdict

    def _under_policy(self, x: Subject, document: Document) -> BlockVerdict | None:
        get, coep = x.res.get, document.coep
        relation, certain = self._relation(x)
        verdict = None
        if relation is not None and relation != "same-origin":
            verdict = corp.check(get("cross-origin-resource-policy"), relation, coep, False, True)
        if verdict is None or verdict.outcome == "allowed":
            verdict = corp.check_frame(get("cross-origin-embedder-policy"), coep)
        if verdict is None or verdict.outcome != "blocked":
            return verdict
        if delivered(x):
            return _arrived(verdict)
        doubt = None if certain else "the page around the frame is of another origin"
        if x.exchange.context.recorder.vantage != "browser":
            doubt = "the frame does not have the attribute `credentialless`, which exempts it"
        return _doubted(x, verdict, doubt)

    def _opaque(self, x: Subject) -> BlockVerdict | None:
        """Opaque Response Blocking."""
        site = x.fetch_site
        if site not in ("cross-site", "same-site") or x.response is None:
            return None
        content_type = x.res.get("content-type")
        essence = essence_of(content_type) if content_type else ""
        kind = orb.kind_of(essence)
        if kind == "open" or (kind == "sniffed" and essence.startswith(("image/", "font/"))):
            return None
        body = x.response.body
        options = x.res.get("x-content-type-options")
        step, condition = None, None
        if kind == "never":
            step = Step("the type can be embedded", f"`{essence}` never can", "fail")
        elif kind == "protected" and options is not None and is_nosniff(options):
            step = Step("the type can be embedded", f"`{essence}` with `nosniff` cannot", "fail")
        elif delivered(x):
            return None
        elif body.state in ("full", "truncated") and body.data:
            proof = orb.confirmed(body.data)
            if proof is None:
                return None
            step = Step("the content can be embedded", f"it begins as {proof}", "fail")
        elif reached_page(x) is False and not self._mistyped(x):
            step = Step("the content can be embedded", "no: Chrome kept the response from the page", "fail")
        elif kind == "protected" and body.state == "omitted" and not body.size and _announced(x):
            step = Step("the content can be embedded", "it is not in the recording", "unknown")
            condition = f"the content is what `{essence}` says"
        else:
            return None
        relation, certain = self._relation(x)
        if relation == "same-origin" or "sec-purpose" in x.req or "purpose" in x.req:
            return None
        verdict = BlockVerdict("depends" if condition else "blocked", orb.CODE, condition, (step,))
        if delivered(x):
            return _arrived(verdict)
        version = chromium_version(x.req.get("user-agent") or "")
        if version is None or version < _ORB_SINCE:
            condition = condition or "the browser has Opaque Response Blocking, as Chromium of today does"
        elif not certain:
            condition = condition or "the page that asked is of another origin"
        return _doubted(x, verdict, condition)

    def _mistyped(self, x: Subject) -> bool:
        """Whether a script or style sheet is refused for its media type alone."""
        destination = x.destination or ""
        return destination in nosniff.DESTINATIONS and self._typed(x, destination) is not None

    def _typed(self, x: Subject, destination: str) -> BlockVerdict | None:
        """The media type of scripts and style sheets."""
        media_type = x.media_type
        if media_type == "text/css" if destination == "style" else media_type in JAVASCRIPT:
            return None
        standards = None
        if destination == "style" and media_type:
            document = self.documents.embedder(x)
            standards = document.standards if document is not None else None
        get = x.res.get
        return nosniff.judge(destination, get("content-type"), get("x-content-type-options"), x.mode, standards)

    def _redirect(self, x: Subject) -> BlockVerdict | None:
        navigation = x.is_navigation if x.mode is not None or x.destination is not None else None
        refused = refusal(x.url.text, x.res.all("location"), navigation)
        if refused is not None:
            saw = f"`{refused.scheme}:`" if refused.scheme else f"`{x.shown('response', 'location')[:120]}`"
            return BlockVerdict("blocked", refused.code, None, (Step("the browser follows the redirect", saw, "fail"),))
        hops = x.session.redirects.follow(x)
        if len(hops) > MOST_REDIRECTS:
            step = Step(f"at most {MOST_REDIRECTS} redirects in a row", f"this is number {len(hops)}", "fail")
            return BlockVerdict("blocked", TOO_MANY_REDIRECTS, None, (step,))
        return None

    def _internal(self, x: Subject) -> BlockVerdict:
        """A redirect that no server sent: Chromium records its own rewriting of a URL as one."""
        reason = x.res.get("non-authoritative-reason") or ""
        code = HSTS if reason.upper() == "HSTS" else INTERNAL_REDIRECT
        known = self.hsts.find(x.url.host, x.started) if code == HSTS else None
        by = f"; exchange {known.index} made it so" if known is not None else ""
        step = Step("a server sent this redirect", f"no, the browser itself did: `{reason[:60]}`{by}", "skip")
        return BlockVerdict("allowed", code, None, (step,))

    def _plain(self, x: Subject) -> BlockVerdict | None:
        """Requests over http that a browser of today sends otherwise, or did not send at all."""
        page = _page(x)
        if page is not None and mixed_content.is_mixed(page, x.url) and _is_subresource(x):
            kind = x.destination or x.media_type
            steps = (
                Step("the page is secure", f"`{page.origin}`", "pass"),
                Step("so is what it loads", f"`{x.url.origin}`, for {kind}; it was sent all the same", "skip"),
            )
            return BlockVerdict("allowed", mixed_content.CODE, None, steps)
        known = self.hsts.find(x.url.host, x.started)
        if known is not None and not x.url.loopback:
            saw = f"exchange {known.index}, `{known.host}`; it was sent over http all the same"
            return BlockVerdict("allowed", HSTS, None, (Step("the host asked for https", saw, "skip"),))
        return None

    # -- who asks ---------------------------------------------------------------------------------------------------

    def _relation(self, x: Subject) -> tuple[Relation | None, bool]:
        """How the asking page's origin and the URL relate, and whether that is certain.

        ``Sec-Fetch-Site`` tells it, except after redirects, for which it sums up the whole chain.
        """
        site = x.fetch_site
        if site in ("same-origin", "none"):
            return "same-origin", True
        redirected = len(x.session.redirects.follow(x)) > 1
        if site in ("same-site", "cross-site") and not _continues(x) and not redirected:
            return ("same-site" if site == "same-site" else "cross-site"), True
        origin = page_origin(x) if x.origin in (None, "null") else x.origin
        if origin is None:
            return None, False
        page = x.exchange.context.page
        agreed = page is None or not page.url or urls.parse(page.url).origin == origin
        asking = urls.parse(origin)
        if origin == x.url.origin:
            return "same-origin", agreed
        return ("same-site" if same_site(asking, x.url) else "cross-site"), agreed and site is not None

    def _ancestors(self, x: Subject) -> tuple[tuple[str, ...], bool]:
        """The origins certain to be around a frame, and whether there are no others."""
        page = x.exchange.context.page
        top = urls.parse(page.url).origin if page is not None and page.url else "null"
        known = [] if top == "null" else [top]
        referer = x.req.get("referer")
        if not referer:
            return tuple(known), False
        origin = urls.parse(referer).origin
        if origin == top:
            return tuple(known), True
        document = self.documents.embedder(x)
        if document is not None and document.nested is False and not known:
            return (origin,), True
        return tuple(known), False


def delivered(x: Subject) -> bool:
    """Whether a browser's own recording shows that the page's process was given content.

    What Chromium counts for a refused frame is the page it shows there instead, so its size has to be the response's.
    """
    response = x.response
    if response is None or x.exchange.failure is not None or x.exchange.context.recorder.vantage != "browser":
        return False
    size, length = response.body.size, x.res.get("content-length")
    if size and x.is_document and length is not None and length.isdigit() and "content-encoding" not in x.res:
        return int(length) == size
    return bool(size)


def _arrived(verdict: BlockVerdict) -> BlockVerdict:
    step = Step("the browser kept the content from the page", "no: this browser's recording holds content", "pass")
    return BlockVerdict("allowed", None, None, (*verdict.steps, step))


def _doubted(x: Subject, verdict: BlockVerdict, condition: str | None) -> BlockVerdict:
    if condition is None or reached_page(x) is False:  # the latter: it was refused, and nothing else explains it
        return verdict
    return BlockVerdict("depends", verdict.code, condition, verdict.steps)


def _announced(x: Subject) -> bool:
    length = x.res.get("content-length")
    return length is not None and length.strip() not in ("", "0")


def _continues(x: Subject) -> bool:
    initiator = x.exchange.context.initiator
    return initiator is not None and initiator.type == "redirect"


def _page(x: Subject) -> urls.Url | None:
    """The page on whose behalf something was requested: the recorder's, else the request's own ``Origin``."""
    page = x.exchange.context.page
    url = page.url if page is not None else None
    url = url or x.origin
    return urls.parse(url) if url and url != "null" else None


def _is_subresource(x: Subject) -> bool:
    destination = x.destination
    if destination is not None:
        return destination not in ("document", "report")
    kind = x.exchange.context.resource_type
    if kind is not None:
        return kind in ("media", "websocket")
    media_type = x.media_type
    return media_type.startswith("image/") or media_type == "text/css" or media_type in JAVASCRIPT

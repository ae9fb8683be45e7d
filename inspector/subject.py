"""One exchange as the rules see it: the exchange, its verdicts, and what is read from it, parsed once and lazily."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from inspector import url as urls
from inspector.browser.verdict import NO_VERDICTS, Verdicts
from inspector.content.html import HtmlPage, parse_html
from inspector.content.kinds import kind_of
from inspector.content.scan import NONE, SCANNED, Hits, scan
from inspector.exchange import NO_FIELDS, Exchange, Fields
from inspector.fields.media_type import essence_of
from inspector.mask import Masker, secrets_of
from inspector.report import Evidence, Where
from inspector.sought import Sought

if TYPE_CHECKING:
    from inspector.session import Session

_DOCUMENT_DESTINATIONS = frozenset({"document", "iframe", "frame", "embed", "object", "fencedframe"})
_HTML = frozenset({"text/html", "application/xhtml+xml"})


class Subject:
    """What a rule is given. Everything here is read-only to rules.

    `req` and `res` are the field sections (empty where there is no response), `status` is 0 without a response.
    """

    def __init__(self, exchange: Exchange, session: Session, masker: Masker) -> None:
        self.exchange = exchange
        self.session = session
        self.masker = masker
        self._quoted = session.quoted
        self._memo: dict[object, Any] = {}
        self._shown_url: str | None = None
        self.verdicts: Verdicts = NO_VERDICTS
        self.request = request = exchange.request
        self.response = response = exchange.response
        self.method = request.method
        self.req: Fields = request.fields
        self.client_version = request.http_version
        """The HTTP version the client spoke."""
        self.server_version: str | None = None
        """The HTTP version the server spoke."""
        self.started = exchange.timings.started
        """When the exchange started, in seconds since 1970."""
        recorded = False
        if response is None:
            self.res, self.status = NO_FIELDS, 0
        else:
            self.res, self.status, self.server_version = response.fields, response.status, response.http_version
            recorded = response.body.source is not None
        self.url = urls.parse(request.url)
        get = request.fields.get
        self.mode = get("sec-fetch-mode")
        """The request mode where the client says so (``Sec-Fetch-Mode``)."""
        self.fetch_site = get("sec-fetch-site")
        """``Sec-Fetch-Site``: how initiator and target relate, where the client says so."""
        self.origin = get("origin")
        """The request's ``Origin`` field."""
        self.is_preflight = (
            self.method == "OPTIONS" and self.origin is not None and get("access-control-request-method") is not None
        )
        """Whether this is a CORS preflight (Fetch, "CORS-preflight request")."""
        kind, said = exchange.context.resource_type, get("sec-fetch-dest")
        self.destination: str | None = said or _DESTINATION_OF_TYPE.get(kind or "")
        """The request's destination (Fetch): ``Sec-Fetch-Dest``, else what the recorder's resource type implies.

        ``"empty"`` is `fetch()` and XMLHttpRequest. ``None`` is unknown.
        """
        self.is_navigation: bool = self.mode == "navigate" if self.mode is not None else kind == "document"
        """Whether a top-level or nested navigation made this request, as far as it is known."""
        content_type = self.res.get("content-type")
        self.media_type = essence_of(content_type) if content_type else ""
        """The response's media type in lower case without parameters (RFC 9110, section 8.3); ``""`` if none."""
        self.content_kind = kind_of(self.media_type)
        """The kind of content the response's media type names (see `inspector.content.kinds`)."""
        self.recorded_kind = self.content_kind if recorded else None
        """The kind of the response's content; ``None`` where it is not recorded."""
        self.is_html = self.media_type in _HTML
        """Whether the response says it is HTML."""
        self.is_document: bool = (
            self.status != 0
            and not self.is_preflight
            and (
                said in _DOCUMENT_DESTINATIONS
                if said
                else self.is_html
                and kind not in _NOT_DOCUMENT_TYPES
                and not get("x-requested-with")
                and (kind == "document" or _asks_for_html(get("accept")))
            )
        )
        """Whether the response is shown as a document: by `Sec-Fetch-Dest`, else by resource and media type."""

    def memo[T](self, compute: Callable[[Subject], T]) -> T:
        """What `compute` makes of this subject, computed once: for what several rules of a topic share."""
        memo = self._memo
        if compute in memo:
            return memo[compute]  # type: ignore[no-any-return]
        found = memo[compute] = compute(self)
        return found

    # -- what kind of exchange this is --------------------------------------------------------------------------

    @cached_property
    def marks(self) -> Hits:
        """What is marked in the response's content, all of it looked for at once; nothing where none is recorded."""
        response, kind = self.response, self.recorded_kind
        if response is None or kind not in SCANNED:
            return NONE
        data = response.body.data
        return scan(data, kind) if data else NONE

    @cached_property
    def html(self) -> HtmlPage | None:
        """The page's markup, parsed once; ``None`` where the response is not HTML or its content is not recorded."""
        response = self.response
        if response is None or not self.is_html or response.body.source is None:
            return None
        text = response.body.text
        return None if text is None else parse_html(text, response.body.state == "truncated")

    @cached_property
    def page_url(self) -> str | None:
        """URL of the page that made the request, where known: the recorder's page, else ``Referer``, else initiator."""
        context = self.exchange.context
        if context.page is not None and context.page.url:
            return context.page.url
        referer = self.req.get("referer")
        if referer:
            return referer
        return context.initiator.url if context.initiator is not None else None

    @property
    def local(self) -> bool:
        """Whether the host is loopback, where browsers and common sense relax rules about transport."""
        return self.url.loopback

    @cached_property
    def secrets(self) -> Sought:
        """The secrets that the exchange carries, which nothing that is told may show; none where they are revealed."""
        return Sought(() if self.masker.reveal else secrets_of(self.exchange))

    # -- quoting: every value shown goes through here, so that secrets are masked ---------------------------------

    def shown(self, where: str, name: str) -> str:
        """A field's combined value, masked. `where` is ``"request"`` or ``"response"``, `name` in lower case."""
        fields = self.req if where == "request" else self.res
        return self.masker.field(name, fields.get(name) or "")

    @property
    def shown_url(self) -> str:
        """The request's URL, masked."""
        shown = self._shown_url
        if shown is None:
            shown = self._shown_url = self.masker.url(self.request.url)
        return shown

    def request_field(self, name: str, mark: str | None = None, label: str | None = None) -> Evidence:
        """Evidence: a request field (lower-case name), its absence shown as a value of ``None``."""
        return self._field("request.field", self.req, name, mark, label)

    def response_field(self, name: str, mark: str | None = None, label: str | None = None) -> Evidence:
        """Evidence: a response field (lower-case name), its absence shown as a value of ``None``."""
        return self._field("response.field", self.res, name, mark, label)

    def _field(self, where: Where, fields: Fields, name: str, mark: str | None, label: str | None) -> Evidence:
        value = fields.get(name)
        if value is None:
            return _absent(where, name, mark, label)
        key = (where, fields.named(name), value, mark, label)
        quoted = self._quoted
        found = quoted.get(key)
        if found is None:
            if len(quoted) > 4096:
                quoted.clear()
            found = quoted[key] = Evidence(where, key[1], self.masker.field(name, value), mark, label)
        return found

    def field_line(self, where: Where, name: str, value: str, label: str | None = None) -> Evidence:
        """Evidence: one line of a field that has several (a ``Set-Cookie``, say)."""
        fields = self.req if where == "request.field" else self.res
        return Evidence(where, fields.named(name), self.masker.field(name, value), None, label)

    def status_evidence(self, label: str | None = None) -> Evidence:
        """Evidence: the status code and reason phrase."""
        reason = self.response.reason if self.response is not None else None
        return Evidence("response.status", None, f"{self.status} {reason or ''}".strip(), None, label)

    def request_line(self, mark: str | None = None, label: str | None = None) -> Evidence:
        """Evidence: method and URL."""
        return Evidence("request.line", None, f"{self.method} {self.shown_url}", mark, label)


def _asks_for_html(accept: str | None) -> bool:
    return accept is None or "text/html" in accept or "application/xhtml" in accept


_DESTINATION_OF_TYPE = {
    "document": "document",
    "stylesheet": "style",
    "script": "script",
    "image": "image",
    "font": "font",
    "fetch": "empty",
    "xhr": "empty",
    "eventsource": "empty",
    "ping": "empty",
    "manifest": "manifest",
    "texttrack": "track",
}
_NOT_DOCUMENT_TYPES = frozenset(
    {
        "stylesheet",
        "script",
        "image",
        "imageset",
        "font",
        "fetch",
        "xhr",
        "eventsource",
        "ping",
        "beacon",
        "manifest",
        "texttrack",
        "media",
        "websocket",
        "preflight",
        "csp-violation-report",
        "cspviolationreport",
    }
)


@lru_cache(maxsize=512)
def _absent(where: Where, name: str, mark: str | None, label: str | None) -> Evidence:
    return Evidence(where, display_name(name), None, mark, label)


_SPECIAL_NAMES = {
    "etag": "ETag",
    "www-authenticate": "WWW-Authenticate",
    "dnt": "DNT",
    "te": "TE",
    "x-xss-protection": "X-XSS-Protection",
    "content-md5": "Content-MD5",
    "nel": "NEL",
    "sourcemap": "SourceMap",
}


@lru_cache(maxsize=512)
def display_name(name: str) -> str:
    """A field's name as the standards write it, from its lower-case form."""
    return _SPECIAL_NAMES.get(name) or "-".join(part.capitalize() for part in name.split("-"))

"""What httplint says of an exchange's two messages, as annotations of the topic ``conformance``.

httplint is an optional extra, and its notes are told only where they are asked for: it reads each message by itself
and judges its syntax against the standards, field by field, where our rules ask what came of an exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from inspector.exchange import Field, Fields
from inspector.report import Annotation, Severity
from inspector.subject import Subject, display_name

if TYPE_CHECKING:
    from httplint import AnyMessageLinterProtocol, HttpRequestLinter, HttpResponseLinter, Note

    from inspector.engine import Options

TOPIC = "conformance"
INSTALL = "pip install 'http-inspector[conformance]'"
NOT_CHECKED = f"{TOPIC}/not-checked"

_SEVERITIES = {"bad": Severity.WARNING, "warning": Severity.NOTE}
"""httplint's levels that are told. "info" and "good" describe what is in order, which is not what is asked for here."""

_SAID_BETTER = (
    # what caches store and for how long is a verdict, with the clock of the recording
    "STORE_",
    "FRESH_",
    "FRESHNESS_",
    "STALE_",
    "DATE_INCORRECT",
    "AGE_PENALTY",
    "UNNECESSARY_",
    "VARY_ASTERISK",
    "VARY_COMPLEX",
    "VARY_HOST",
    "VARY_USER_AGENT",
    "CC_CONFLICTING",
    "CHECK_",
    # what a document's security fields allow is weighed by the topics `security`, `csp` and `cookies`
    "CSP_UNSAFE_",
    "CSP_WIDE_OPEN",
    "CSP_HTTP_URI",
    "HSTS_INVALID",
    "HSTS_MAX_AGE_ZERO",
    "HSTS_NO_SUBDOMAINS",
    "HSTS_PRELOAD_NOT_SUITABLE",
    "HSTS_SHORT_MAX_AGE",
    "SET_COOKIE_LIFETIME_TOO_LONG",
    "SET_COOKIE_NOT_SECURE",
    "COEP_UNSAFE_NONE",
    "COOP_UNSAFE_NONE",
    "REFERRER_POLICY_UNSAFE",
    "REFERER_SECURE_TO_",
    # Fetch ignores these fields outside preflights; nothing forbids them
    "CORS_PREFLIGHT_ONLY",
    # an answer is no fault of the message that carries it
    "STATUS_BAD_REQUEST",
    "STATUS_URI_TOO_LONG",
    "STATUS_VERSION_NOT_SUPPORTED",
    "STATUS_IM_A_TEAPOT",
)
_LIGHTER = frozenset({"REQUEST_HDR_IN_RESPONSE", "RESPONSE_HDR_IN_REQUEST", "DATE_CLOCKLESS_BAD_HDR"})
"""Notes of the level "bad" on what every recipient gets along with."""

_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_MOST_KEYS = 1000
_LONGEST = 240

Side = Literal["request", "response"]


def available() -> bool:
    """Whether httplint is installed. It is not imported by asking."""
    return find_spec("httplint") is not None


class _Said(Struct, frozen=True):
    """A note that may be told: httplint's own, whose message it is about, and the field lines."""

    note: Note
    rule: str
    severity: Severity
    side: Side
    field: str
    """The field it is about, in lower case; empty where it is about something else."""
    lines: tuple[Field, ...]
    reference: str | None


class Conformance:
    """Asks httplint, and tells what was asked for: once an origin for each note and field.

    Raises `ImportError` where httplint is not installed (see `available`).
    """

    def __init__(self, options: Options) -> None:
        from httplint import HttpRequestLinter, HttpResponseLinter

        self._request: type[HttpRequestLinter] = HttpRequestLinter
        self._response: type[HttpResponseLinter] = HttpResponseLinter
        self._options = options

    def annotations(self, x: Subject) -> list[Annotation]:
        """What is told of one exchange, gravest first, values masked. Never raises for what the exchange holds."""
        if x.url.scheme not in _SCHEMES or (self._options.only and TOPIC not in self._options.only):
            return []
        told: list[Annotation] = []
        try:
            for said in self._notes(x):
                severity = self._settled(x, said.rule, said.severity)
                if severity is not None and _first(x, said, severity):
                    told.append(_annotation(x, said, severity))
        except Exception as error:  # httplint reads hostile traffic as we do, and must not stop the report either
            severity = self._settled(x, NOT_CHECKED, Severity.NOTE)
            if severity is not None:
                told.append(_not_checked(severity, error))
        told.sort(key=lambda annotation: annotation.severity.rank)
        return told

    def _settled(self, x: Subject, rule: str, severity: Severity) -> Severity | None:
        """The severity a note is told with; ``None`` where it was not asked for."""
        options = self._options
        if (options.rules and rule not in options.rules) or not options.ignore.isdisjoint((TOPIC, rule)):
            return None
        settled = options.levels.of(rule, x.url.host, severity)
        return settled if settled is not None and settled.at_least(options.severity) else None

    def _notes(self, x: Subject) -> Iterator[_Said]:
        request = self._lint_request(x)
        yield from _told(x, request, "request")
        if x.response is not None:
            yield from _told(x, self._lint_response(x, request), "response")

    def _lint_request(self, x: Subject) -> HttpRequestLinter:
        # Content is recorded with its codings undone, so that no statement on its length or coding would hold.
        linter = self._request(no_content=True)
        linter.base_uri = _target(x)
        linter.process_request_topline(_octets(x.method), _octets(_target(x)), _octets(x.client_version or ""))
        linter.process_headers(_lines(x.req))
        linter.finish_content(True, _lines(x.request.trailers))
        return linter

    def _lint_response(self, x: Subject, request: HttpRequestLinter) -> HttpResponseLinter:
        linter = self._response(no_content=True)
        linter.base_uri = _target(x)
        linter.is_head_response = x.method == "HEAD"
        if len(x.req):  # a recording without the request's fields cannot show what was not asked for
            linter.request = request
        response = x.response
        assert response is not None
        linter.process_response_topline(
            _octets(x.server_version or ""), b"%03d" % x.status, _octets(response.reason or "")
        )
        linter.process_headers(_lines(x.res))
        linter.finish_content(True, _lines(response.trailers))
        return linter


def _target(x: Subject) -> str:
    """The target as httplint takes it: absolute, without the fragment, which recordings keep and nobody sends."""
    if x.method == "CONNECT":
        return f"{x.url.host}:{x.url.port}"
    return x.request.url.partition("#")[0]


def _sent(fields: Fields | None) -> list[Field]:
    """The field lines without what recorders put among them: request and status lines, parts of a cut `Set-Cookie`."""
    return [
        line
        for line in fields or ()
        if not line.name.startswith("HTTP/") and " /" not in line.name and "=" not in line.name
    ]


def _lines(fields: Fields | None) -> list[tuple[bytes, bytes]]:
    return [(_octets(line.name), _octets(line.value)) for line in _sent(fields)]


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _told(x: Subject, linter: AnyMessageLinterProtocol, side: Side) -> Iterator[_Said]:
    notes = list(linter.notes)
    while notes:
        note = notes.pop(0)
        notes[:0] = note.subnotes
        name = type(note).__name__
        severity = _SEVERITIES.get(note.level.value)
        if severity is None or name.startswith(_SAID_BETTER):
            continue
        lines = _lines_of(x, note, side)
        field = lines[0].name.lower() if lines else ""
        if name == "FIELD_DEPRECATED" and (side == "request" or field == "pragma"):
            continue  # browsers send `Pragma` when a page is reloaded; of a response another note says it
        if name in _LIGHTER or (name == "BAD_DATE_SYNTAX" and field == "expires"):
            severity = Severity.NOTE  # `Expires: 0` is no date, and means what was meant (RFC 9111, section 5.3)
        if name == "MISSING_USER_AGENT" and x.exchange.context.recorder.vantage != "proxy":
            continue  # a browser sends one; where its recording has none, the recording is to blame
        handler = linter.headers.handlers.get(field)
        reference = _reference(getattr(handler, "reference", None))
        yield _Said(note, f"{TOPIC}/{name.lower().replace('_', '-')}", severity, side, field, lines, reference)


def _reference(url: object) -> str | None:
    """The section that httplint names for a field, where it names one that can be opened safely."""
    if not isinstance(url, str) or "%" in url:
        return None
    url = url.replace("http://httpwg.org/", "https://httpwg.org/")
    return url if url.startswith("https://") else None


def _lines_of(x: Subject, note: Note, side: Side) -> tuple[Field, ...]:
    """The field lines a note is about: one by its place, or all of a field's; none where it is about something else."""
    lines = _sent(x.req if side == "request" else x.res)
    kind, _, which = note.subject.partition("-")
    if kind == "offset" and which.isdecimal():
        return tuple(lines[int(which) : int(which) + 1])
    return tuple([line for line in lines if line.name.lower() == which.lower()]) if kind in ("field", "header") else ()


def _first(x: Subject, said: _Said, severity: Severity) -> bool:
    """Whether this note was not told of the same field for the origin yet, or less gravely; remembers that it is."""
    ranks = x.session.told(x.url.origin).ranks
    key = said.rule if len(ranks) >= _MOST_KEYS else f"{said.rule} {said.side} {said.field[:80]}"
    if ranks.get(key, Severity.INFO.rank + 1) <= severity.rank:
        return False
    ranks[key] = severity.rank
    return True


def _annotation(x: Subject, said: _Said, severity: Severity) -> Annotation:
    about = f"field `{display_name(said.field)}`" if said.field else _OTHER_SUBJECTS.get(said.note.subject, "fields")
    where: Literal["request.field", "response.field"] = "request.field" if said.side == "request" else "response.field"
    return Annotation(
        said.rule,
        severity,
        _title(x, said),
        f"httplint, which holds each message by itself against the standards, says this of the {said.side}'s {about}.",
        evidence=tuple(x.field_line(where, said.field, line.value) for line in said.lines[:3]),
        references=(said.reference,) if said.reference else (),
    )


_OTHER_SUBJECTS = {"uri": "target URI", "status": "status"}


def _title(x: Subject, said: _Said) -> str:
    """httplint's summary, masked. It quotes parts of values: a part that masking hides in the field is hidden here."""
    note, masker = said.note, x.masker
    raw = "\n".join(line.value for line in said.lines).lower()
    shown = "\n".join(masker.field(line.name, line.value) for line in said.lines).lower()
    if raw != shown:
        for name, value in list(note.vars.items()):
            if isinstance(value, str) and value.lower() in raw and value.lower() not in shown:
                note.vars[name] = masker.secret(value)
    summary = masker.scrub(masker.text(note.summary), x.secrets).removesuffix(".")
    return summary if len(summary) <= _LONGEST else f"{summary[: _LONGEST - 1]}…"


def _not_checked(severity: Severity, error: Exception) -> Annotation:
    return Annotation(
        NOT_CHECKED,
        severity,
        "httplint could not check this exchange",
        f"It failed with `{type(error).__name__}`. The traffic need not be at fault, and every other finding here "
        "stands.",
    )

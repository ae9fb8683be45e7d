"""What a rule is: a function, the page that explains it, and what an exchange must have for it to be asked.

A topic is a module of this package; a rule is a function in it under the `rule` decorator. Nothing else has to be
touched to add one: `inspector.rules.catalogue` finds it, the engine indexes it by its triggers, `inspector rule`
prints its page, and the tests run its two examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from inspector.report import Annotation, Certainty, Evidence, Severity

if TYPE_CHECKING:
    from inspector.subject import Subject

Trigger = tuple[str, object]
"""What an exchange must have: see the functions below, and `Rule` for how a rule combines them."""


ValueTest = Callable[[str], object]
"""Says by its result's truth whether a field's value is one that a rule is to be asked about."""


def always() -> tuple[Trigger, ...]:
    """Every exchange. Costly: prefer anything narrower."""
    return (("always", None),)


def responded() -> tuple[Trigger, ...]:
    """Exchanges with a response."""
    return (("responded", True),)


def failed() -> tuple[Trigger, ...]:
    """Exchanges that ended without a response."""
    return (("responded", False),)


def status(*codes: int) -> tuple[Trigger, ...]:
    """Responses with one of these status codes."""
    return tuple(("status", code) for code in codes)


def status_class(*classes: int) -> tuple[Trigger, ...]:
    """Responses whose status code begins with one of these digits."""
    return tuple(("class", digit) for digit in classes)


def failure() -> tuple[Trigger, ...]:
    """Exchanges that failed, with or without a response."""
    return (("failure", True),)


def method(*names: str) -> tuple[Trigger, ...]:
    """Requests with one of these methods (case-sensitive, as methods are)."""
    return tuple(("method", name) for name in names)


def scheme(*names: str) -> tuple[Trigger, ...]:
    """Requests for URLs of one of these schemes."""
    return tuple(("scheme", name) for name in names)


def request_field(*names: str) -> tuple[Trigger, ...]:
    """Requests that carry one of these fields (lower-case names)."""
    return tuple(("request", name) for name in names)


def response_field(*names: str) -> tuple[Trigger, ...]:
    """Responses that carry one of these fields (lower-case names)."""
    return tuple(("response", name) for name in names)


def document() -> tuple[Trigger, ...]:
    """Responses that are (or would be shown as) documents."""
    return (("document", True),)


def cors(*outcomes: str) -> tuple[Trigger, ...]:
    """Exchanges whose CORS verdict has one of these outcomes; with none given, any CORS verdict at all."""
    return tuple(("cors", outcome) for outcome in outcomes or ("allowed", "blocked", "depends", "unknown"))


def blocking(*outcomes: str) -> tuple[Trigger, ...]:
    """Exchanges whose blocking verdict has one of these outcomes (default: blocked and depends)."""
    return tuple(("block", outcome) for outcome in outcomes or ("blocked", "depends"))


def cookies_judged() -> tuple[Trigger, ...]:
    """Exchanges with a verdict on a cookie set or due."""
    return (("cookies", True),)


def set_cookie_blocked(*codes: str) -> tuple[Trigger, ...]:
    """Responses with a ``Set-Cookie`` line whose verdict carries one of these ``Network.SetCookieBlockedReason``."""
    return tuple(("set-cookie", code) for code in codes)


def set_cookie_judged(*outcomes: str) -> tuple[Trigger, ...]:
    """Responses with a ``Set-Cookie`` line whose verdict has one of these outcomes (``"stored"``, ``"expired"`` …)."""
    return tuple(("set-cookie outcome", outcome) for outcome in outcomes)


def set_cookie_attribute(*names: str) -> tuple[Trigger, ...]:
    """Responses with a ``Set-Cookie`` line that has one of these attributes (lower-case names)."""
    return tuple(("set-cookie attribute", name) for name in names)


def request_content() -> tuple[Trigger, ...]:
    """Requests that carry content, recorded or not."""
    return (("content", True),)


def recorded_content(*kinds: str) -> tuple[Trigger, ...]:
    """Responses whose content is recorded and of one of these kinds (see `inspector.content.kinds`), by their media
    type: ``"html"``, ``"script"``, ``"style"``, ``"json"``, ``"xml"``, ``"text"``, ``"image"`` …
    """
    return tuple(("recorded", kind) for kind in kinds)


def answered_with(*kinds: str) -> tuple[Trigger, ...]:
    """Responses whose media type is of one of these kinds, recorded content or not (see `recorded_content`)."""
    return tuple(("kind", kind) for kind in kinds)


def mark(*groups: str) -> tuple[Trigger, ...]:
    """Responses in whose recorded content a mark of one of these groups was found (see `inspector.content.marks`)."""
    return tuple(("mark", group) for group in groups)


def carries_token() -> tuple[Trigger, ...]:
    """Exchanges with what looks like a JSON Web Token in the URL, a credential field, a cookie or JSON content."""
    return (("token", True),)


def url_query() -> tuple[Trigger, ...]:
    """Requests for URLs that have a query."""
    return (("query", True),)


def url_parameter(*names: str) -> tuple[Trigger, ...]:
    """Requests for URLs with a parameter of one of these names (decoded, in lower case)."""
    return tuple(("parameter", name) for name in names)


def request_value(name: str, holds: ValueTest) -> tuple[Trigger, ...]:
    """Requests with this field (lower-case name) whose value, lines joined by a comma, passes the test.

    The test is a pure function of the value, and is asked once for each value there is.
    """
    return (("request value", (name, holds)),)


def response_value(name: str, holds: ValueTest) -> tuple[Trigger, ...]:
    """Responses with this field (lower-case name) whose value passes the test: see `request_value`."""
    return (("response value", (name, holds)),)


def url_holds(*terms: str) -> tuple[Trigger, ...]:
    """Requests for URLs that hold one of these terms (lower case) as they are written, whatever their case."""
    return (("url", terms),)


def repeated_field() -> tuple[Trigger, ...]:
    """Exchanges in which either message has more than one line of the same field."""
    return (("repeated", True),)


def unregistered_status() -> tuple[Trigger, ...]:
    """Responses with a status code that is not in the IANA registry."""
    return (("registered status", False),)


def unregistered_method() -> tuple[Trigger, ...]:
    """Requests with a method that is not in the IANA registry, as written."""
    return (("registered method", False),)


def recorded_by(*vantages: str) -> tuple[Trigger, ...]:
    """Exchanges recorded from one of these places (`Recorder.vantage`: ``"browser"``, ``"proxy"``, ``"client"``)."""
    return tuple(("vantage", vantage) for vantage in vantages)


def http_version(*versions: str) -> tuple[Trigger, ...]:
    """Exchanges in which either side spoke one of these versions (``"1.1"``, ``"2"`` …)."""
    return tuple(("version", version) for version in versions)


SLOW = 800.0
"""Milliseconds."""
SMALL = 500_000
"""Octets."""


def slow() -> tuple[Trigger, ...]:
    """Exchanges that took `SLOW` or longer, in all or waiting for the answer."""
    return (("slow", True),)


def small_content() -> tuple[Trigger, ...]:
    """Exchanges without a response, or with content of at most `SMALL` octets as they crossed the wire, or decoded
    where that is unknown.
    """
    return (("small", True),)


def handshake_recorded() -> tuple[Trigger, ...]:
    """Exchanges of which the recording tells what the TLS handshake with the server settled."""
    return (("handshake", True),)


class Finding(Struct, frozen=True):
    """What a rule found in one exchange. What is ``None`` here is taken from the rule.

    Texts are plain, `code` in backticks; every value quoted from traffic goes through the subject's evidence and
    `shown` helpers, which mask secrets.
    """

    detail: str
    fix: str | None = None
    evidence: tuple[Evidence, ...] = ()
    title: str | None = None
    severity: Severity | None = None
    certainty: Certainty = "certain"
    condition: str | None = None
    references: tuple[str, ...] = ()


Found = Finding | Iterable[Finding] | None
Check = Callable[["Subject"], Found]


class Page(Struct, frozen=True):
    """A rule's page. `shows` and `quiet` are exchanges in plain HTTP text (see `inspector.rules.example`)."""

    what: str
    why: str
    fix: str
    unless: str
    shows: str
    quiet: str


Once = Literal["exchange", "origin", "session"]
"""How often a rule speaks: for every exchange, once an origin, or once a session, and then again only where what it
found is graver than what it has told there.
"""


class Rule(Struct, frozen=True):
    """One thing worth telling: what it is called, when it is asked, how it is decided, and its page.

    It is asked when any trigger in `on` is met and none in `without`; and where it has an `also`, any of those too.
    """

    id: str
    severity: Severity
    title: str
    on: tuple[Trigger, ...]
    references: tuple[str, ...]
    written: Page
    """The page as it stands in the source, indented; `page` is the one to read."""
    check: Check
    once: Once = "exchange"
    also: tuple[Trigger, ...] = ()
    without: tuple[Trigger, ...] = ()
    gravest: Severity = Severity.INFO
    """No finding of the rule is graver than this; what has been told so for an origin is not looked for there again."""

    @property
    def page(self) -> Page:
        """The rule's page."""
        raw = self.written
        return Page(_clean(raw.what), _clean(raw.why), _clean(raw.fix), _clean(raw.unless), raw.shows, raw.quiet)

    @property
    def topic(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    def annotation(self, finding: Finding, severity: Severity | None = None) -> Annotation:
        """A finding completed with the rule's own constants; `severity` is what a project settled on, if it did."""
        return Annotation(
            self.id,
            severity or finding.severity or self.severity,
            finding.title or self.title,
            finding.detail,
            finding.fix,
            finding.evidence,
            finding.references or self.references,
            finding.certainty,
            finding.condition,
        )


def rule(
    id: str,
    severity: Severity,
    title: str,
    *,
    on: tuple[Trigger, ...],
    also: tuple[Trigger, ...] = (),
    without: tuple[Trigger, ...] = (),
    references: tuple[str, ...],
    what: str,
    why: str,
    fix: str,
    shows: str,
    quiet: str,
    unless: str = "",
    once: Once = "exchange",
    gravest: Severity | None = None,
) -> Callable[[Check], Rule]:
    """Make a function a rule. The function takes a `Subject` and returns what it found: one, several, or nothing.

    `on`, `also` and `without` say when it is asked (see `Rule`): what they can say costs nothing, what is left to the
    function costs a call. `gravest` is for a rule that is told once and whose findings can be graver than `severity`.

    `what`, `why`, `fix` and `unless` ("when it is not a problem") are the rule's page; `shows` and `quiet` are one
    exchange for which the rule speaks and one for which it does not.
    """

    def decorate(check: Check) -> Rule:
        page = Page(what, why, fix, unless, shows, quiet)
        return Rule(id, severity, title, on, references, page, check, once, also, without, gravest or severity)

    return decorate


def story_rule(
    id: str,
    severity: Severity,
    title: str,
    *,
    references: tuple[str, ...],
    what: str,
    why: str,
    fix: str,
    shows: str,
    quiet: str,
    unless: str = "",
) -> Rule:
    """A rule of which a story tells, for what shows only in several exchanges together.

    It has no triggers, so that it is never asked about an exchange: the teller (see `inspector.stories`) decides, and
    gives its story `RULE.annotation(Finding(…))`. `shows` and `quiet` are exchanges separated by ``---``.
    """
    return rule(
        id,
        severity,
        title,
        on=(),
        references=references,
        what=what,
        why=why,
        fix=fix,
        shows=shows,
        quiet=quiet,
        unless=unless,
    )(_told_by_a_story)


def _told_by_a_story(x: Subject) -> Found:
    return None


def _clean(text: str) -> str:
    return cleandoc(text).strip()

"""The result: one documented, versioned model. Every renderer and every test reads it.

``inspector.report/1`` is a contract: things are added to it, nothing in it is changed without a new version.
The JSON Schema is generated from these very types (`schema`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct

from inspector.browser.verdict import NO_VERDICTS, Verdicts

SCHEMA = "inspector.report/1"
GRADE_SCHEMA = "inspector.grade/1"


class Severity(StrEnum):
    """How much a finding matters: broken, likely defect, hygiene, explanation."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    INFO = "info"

    def __init__(self, _: str) -> None:
        self.rank: int = len(type(self).__members__)
        """0 for error to 3 for info."""

    def at_least(self, other: Severity) -> bool:
        """Whether this severity is as grave as `other` or graver."""
        return self.rank <= other.rank


Certainty = Literal["certain", "likely", "depends", "unknown"]

Where = Literal[
    "request.line",
    "request.field",
    "request.body",
    "response.status",
    "response.field",
    "response.body",
    "url",
    "connection",
    "tls",
    "timing",
    "exchange",
]


class Evidence(Struct, frozen=True, gc=False):
    """One thing the finding rests on, quoted from the exchange, secrets masked.

    `mark` is the part of `value` that matters (a substring) and `label` says in a few words what it means; a
    renderer draws them under the line as compilers do. `exchange` is set where it comes from another exchange.
    """

    where: Where
    name: str | None = None
    value: str | None = None
    mark: str | None = None
    label: str | None = None
    exchange: int | None = None


class Annotation(Struct, frozen=True, gc=False):
    """One thing told about one exchange.

    `title` names the thing and the outcome; `detail` says what happened here and why; `fix` who sets what to what.
    `certainty` is how sure this is; `condition` completes it where it is not certain. Texts are plain, with
    `code` in backticks.
    """

    rule: str
    severity: Severity
    title: str
    detail: str
    fix: str | None = None
    evidence: tuple[Evidence, ...] = ()
    references: tuple[str, ...] = ()
    certainty: Certainty = "certain"
    condition: str | None = None
    accepted: bool = False
    """Whether the project's file of accepted findings has it; such a finding is not counted."""


class FieldLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """A field line as received, secrets masked; explained where explanations were asked for.

    `meaning` is what the field is for, `says` what this value says (absent where it adds nothing), `reference` the
    section that defines the field. `known` is false where the field is not one the guide knows: `meaning` then says
    so, and what follows from the name's shape alone.
    """

    name: str
    value: str
    meaning: str | None = None
    says: str | None = None
    reference: str | None = None
    known: bool | None = None


class MessageFields(Struct, frozen=True, gc=False, omit_defaults=True):
    """The field lines of both messages; in the report only where they were asked for."""

    request: tuple[FieldLine, ...] = ()
    response: tuple[FieldLine, ...] = ()
    request_pseudo: tuple[FieldLine, ...] = ()
    """Pseudo-fields (HTTP/2, HTTP/3), where the recording has them."""
    response_pseudo: tuple[FieldLine, ...] = ()
    request_trailers: tuple[FieldLine, ...] = ()
    """Fields that came after the content."""
    response_trailers: tuple[FieldLine, ...] = ()


class HttpVersions(Struct, frozen=True, gc=False):
    """What was spoken on each side, ``None`` where unknown."""

    client: str | None = None
    server: str | None = None


class ExchangeReport(Struct, frozen=True, gc=False):
    """Everything said about one exchange. `status` is ``None`` where no response arrived."""

    index: int
    capture: int
    method: str
    url: str
    status: int | None
    verdicts: Verdicts = NO_VERDICTS
    annotations: tuple[Annotation, ...] = ()
    reason: str | None = None
    http_version: HttpVersions = HttpVersions()
    resource_type: str | None = None
    media_type: str | None = None
    page: str | None = None
    started: float | None = None
    duration: float | None = None
    """Milliseconds."""
    size: int | None = None
    """Octets of response content on the wire."""
    error: str | None = None
    fields: MessageFields | None = None


class Arrow(Struct, frozen=True, gc=False):
    """One thing that went from one participant of a story to another; `source` and `target` are equal for what a
    participant does by itself.

    `step` is the place in the story's `steps` of the sentence that tells of it, `label` what went, in a few words, and
    `exchange` the index of the exchange it went in.
    """

    step: int
    source: str
    target: str
    label: str
    exchange: int | None = None
    failed: bool = False


class Bar(Struct, frozen=True, gc=False, omit_defaults=True):
    """One exchange of a story's waterfall. Times are milliseconds; `start` counts from the story's beginning.

    `phases` has those that are known of ``blocked``, ``dns``, ``connect``, ``tls``, ``send``, ``wait`` and ``receive``,
    in this order. `initiator` is the exchange that led to it, `critical` whether it lies on the path that took longest,
    `blocking` whether nothing could be painted before it had come.
    """

    exchange: int
    label: str
    kind: str
    start: float
    duration: float
    phases: dict[str, float] = {}
    initiator: int | None = None
    size: int | None = None
    """Octets on the wire."""
    critical: bool = False
    blocking: bool = False


class Moment(Struct, frozen=True, gc=False):
    """Something that happened in the time of a story's waterfall, in milliseconds from its beginning."""

    name: str
    at: float


class Story(Struct, frozen=True, gc=False):
    """What several exchanges mean together.

    `steps` are sentences, in order. `participants` and `arrows` draw the same: see `Arrow`. `failed` says that what the
    story is about did not come off.
    """

    kind: str
    title: str
    exchanges: tuple[int, ...]
    steps: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    capture: int = 0
    participants: tuple[str, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    failed: bool = False
    timeline: tuple[Bar, ...] = ()
    """The waterfall of a page load, in the order the exchanges began."""
    moments: tuple[Moment, ...] = ()


class Skipped(Struct, frozen=True, gc=False):
    """An entry of a capture that could not be explained; `index` is ``None`` where its place is not known."""

    index: int | None
    reason: str


class PageInfo(Struct, frozen=True, gc=False):
    """A page of a capture. Times in milliseconds after `started` (seconds since 1970)."""

    id: str
    title: str | None = None
    url: str | None = None
    started: float | None = None
    content_loaded: float | None = None
    loaded: float | None = None


class CaptureInfo(Struct, frozen=True, gc=False):
    """One file read. `entries` counts what the file holds: explained + skipped = entries."""

    path: str
    format: str
    creator: str | None = None
    entries: int = 0
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader should know of the recording as a whole (cut short, cookies removed by the exporter …)."""
    pages: tuple[PageInfo, ...] = ()


class Summary(Struct, frozen=True, gc=False):
    """Counts over all exchanges reported; `worst` names the gravest rules, most frequent first.

    `accepted` findings are in none of the other counts.
    """

    exchanges: int = 0
    error: int = 0
    warning: int = 0
    note: int = 0
    info: int = 0
    worst: tuple[str, ...] = ()
    accepted: int = 0


class Score(Struct, frozen=True, gc=False):
    """Points of the Observatory (0 to 165, and 100 is what a grade of A+ takes) and the grade they are."""

    score: int
    grade: str


class GradeTest(Struct, frozen=True, gc=False):
    """One test of Mozilla's HTTP Observatory.

    `result` is the Observatory's own code, `modifier` its points and `passed` its verdict; all ``None`` where the
    recording does not show enough, and `possible` then has the codes it may be. `low` and `high` bound the points.
    `says` is the result in a few words, `detail` what decided it here.
    """

    name: str
    result: str | None
    modifier: int | None
    passed: bool | None
    says: str
    detail: str | None = None
    possible: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    evidence: tuple[Evidence, ...] = ()


class GradeStep(Struct, frozen=True, gc=False):
    """One change by itself: what it adds to the low and the high end of the score, and the grade it leads to.

    `field` is the field to send, where the change is one. A gain of 0 is a bonus that does not count yet: bonuses
    count where nothing else leaves less than 90 points.
    """

    test: str
    gain_low: int
    gain_high: int
    low: Score
    high: Score
    fix: str
    field: FieldLine | None = None


class Grade(Struct, frozen=True, gc=False):
    """A site's grade by Mozilla's HTTP Observatory, computed from the recording.

    `low` and `high` are equal where the recording shows everything. `steps` come with the greatest gain first;
    `together_low` and `together_high` are where all of them lead. `assumed` completes "this holds if …" for what
    cannot be seen; `weak_spots` says where the Observatory judges this site otherwise than browsers do.
    """

    capture: int
    exchange: int
    """The page that was graded."""
    site: str
    url: str
    algorithm: int
    low: Score
    high: Score
    tests: tuple[GradeTest, ...]
    steps: tuple[GradeStep, ...] = ()
    together_low: Score | None = None
    together_high: Score | None = None
    assumed: tuple[str, ...] = ()
    weak_spots: tuple[str, ...] = ()


class Ungraded(Struct, frozen=True, gc=False):
    """A site whose recorded pages get no grade, and why."""

    capture: int
    exchange: int
    site: str
    url: str
    reason: str


class GradeReport(Struct, frozen=True, gc=False):
    """What `inspector grade --format json` prints."""

    schema: str
    captures: tuple[CaptureInfo, ...]
    grades: tuple[Grade, ...]
    ungraded: tuple[Ungraded, ...] = ()


class Report(Struct, frozen=True, gc=False):
    """What `inspector explain --format json` prints."""

    schema: str
    captures: tuple[CaptureInfo, ...]
    exchanges: tuple[ExchangeReport, ...]
    stories: tuple[Story, ...]
    summary: Summary
    grades: tuple[Grade, ...] = ()


def summarize(exchanges: Iterable[ExchangeReport], stories: Iterable[Story] = ()) -> Summary:
    """Count annotations by severity over exchanges and stories."""
    rules: dict[tuple[int, str], int] = {}
    total = accepted = informative = 0
    info = Severity.INFO

    def findings() -> Iterator[tuple[Annotation, ...]]:
        nonlocal total
        for exchange in exchanges:
            total += 1
            yield exchange.annotations
        for story in stories:
            yield story.annotations

    for told in findings():
        for annotation in told:
            severity = annotation.severity
            if annotation.accepted:
                accepted += 1
            elif severity is info:
                informative += 1
            else:
                key = (severity.rank, annotation.rule)
                rules[key] = rules.get(key, 0) + 1
    counts = [0, 0, 0, informative]
    for (rank, _), number in rules.items():
        counts[rank] += number
    worst = sorted(rules, key=lambda key: (key[0], -rules[key], key[1]))
    return Summary(
        exchanges=total,
        error=counts[Severity.ERROR.rank],
        warning=counts[Severity.WARNING.rank],
        note=counts[Severity.NOTE.rank],
        info=counts[Severity.INFO.rank],
        worst=tuple([rule for _, rule in worst[:5]]),
        accepted=accepted,
    )


def without_accepted(report: Report) -> Report:
    """The report without the findings a project has accepted; the summary still counts them."""
    if not report.summary.accepted:
        return report

    def rest(annotations: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        return tuple(a for a in annotations if not a.accepted)

    replace = msgspec.structs.replace
    return replace(
        report,
        exchanges=tuple(replace(x, annotations=rest(x.annotations)) for x in report.exchanges),
        stories=tuple(replace(s, annotations=rest(s.annotations)) for s in report.stories),
    )


def schema(of: Literal["report", "grade"] = "report") -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report, or of grades alone, generated from the types above."""
    shape, name = (Report, SCHEMA) if of == "report" else (GradeReport, GRADE_SCHEMA)
    generated = msgspec.json.schema(shape)
    generated["$defs"][shape.__name__]["properties"]["schema"] = {"const": name}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"inspector {of}, version 1",
        **generated,
    }

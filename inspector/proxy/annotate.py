"""One flow in, its report out, and the flow marked so that every tool of mitmproxy shows what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from inspector.engine import INTERNAL_ERROR, Engine
from inspector.exchange import Context, Exchange, Recorder, Request
from inspector.proxy.facts import FINDINGS
from inspector.proxy.flow import exchange_from_flow, target_uri
from inspector.render.escape import clipped
from inspector.report import Annotation, ExchangeReport, Severity, Story

if TYPE_CHECKING:
    from mitmproxy import http

MARKERS = {
    Severity.ERROR: ":red_circle:",
    Severity.WARNING: ":orange_circle:",
    Severity.NOTE: ":large_blue_circle:",
}
"""mitmproxy's names of the signs it puts beside a flow; plain explanations get none."""

_SIGNATURE = "inspector: "
_MOST_IN_COMMENT = 6


class Annotated(Struct, frozen=True):
    """A flow's exchange, what was said about it, and the stories that ended with it."""

    exchange: Exchange
    report: ExchangeReport
    stories: tuple[Story, ...] = ()


class Annotator:
    """Explains flows one at a time, in the order they end. Nothing that happens here may reach the traffic.

    `marking` puts what was found on the flow as well. It costs a quarter of explaining, so only where it will be seen.
    """

    def __init__(self, engine: Engine, recorder: Recorder, marking: bool = True) -> None:
        self.engine = engine
        self.recorder = recorder
        self._marking = marking
        self._count = 0

    def annotate(self, flow: http.HTTPFlow) -> Annotated:
        """Explain a flow. Never raises: a fault of ours becomes one finding that says so."""
        index = self._count
        self._count += 1
        exchange: Exchange | None = None
        try:
            exchange = exchange_from_flow(flow, index, self.recorder)
            report = self.engine.observe(exchange)
            if self._marking:
                mark(flow, report.annotations)
        except Exception as error:
            return self._faulty(flow, index, exchange, error)
        return Annotated(exchange, report, self.engine.stories())

    def _faulty(self, flow: http.HTTPFlow, index: int, exchange: Exchange | None, error: Exception) -> Annotated:
        if exchange is None:
            url = target_uri(flow)
            exchange = Exchange(index, Request(flow.request.method, url), Context(self.recorder))
        annotation = Annotation(
            INTERNAL_ERROR,
            Severity.NOTE,
            "This exchange could not be judged",
            f"A fault of inspector's own: `{type(error).__name__}`. The traffic is not at fault and was not changed.",
            "Please report it, with the capture if it can be shared.",
        )
        masker = self.engine.masker
        status = exchange.response.status if exchange.response is not None else None
        report = ExchangeReport(
            index, 0, exchange.request.method, masker.url(exchange.request.url), status, annotations=(annotation,)
        )
        return Annotated(exchange, report)


def mark(flow: http.HTTPFlow, annotations: tuple[Annotation, ...]) -> None:
    """Put findings on a flow: as data into its metadata, in words into its comment, as a sign beside it.

    Findings of other add-ons stay. A comment or a sign that is not ours stays too.
    """
    if not annotations:
        return
    found = findings_of(flow)
    known = {(f.get("rule"), f.get("title"), f.get("detail")) for f in found}
    added = [a for a in annotations if (a.rule, a.title, a.detail) not in known]
    if not added:
        return
    found.extend(plain(a) for a in added)
    flow.metadata[FINDINGS] = found
    listed = sorted((_rank(f), str(f.get("rule")), str(f.get("title"))) for f in found)
    if not flow.comment or flow.comment.startswith(_SIGNATURE):
        flow.comment = _comment(listed)
    gravest = listed[0][0]
    if gravest < len(_BY_RANK) and (not flow.marked or flow.marked in MARKERS.values()):
        flow.marked = MARKERS.get(_BY_RANK[gravest], flow.marked)


def plain(annotation: Annotation) -> dict[str, Any]:
    """An annotation as an object of the report's JSON, made of what mitmproxy can save; empty members left out."""
    made: dict[str, Any] = msgspec.to_builtins(annotation)
    kept = {name: value for name, value in made.items() if value not in (None, ())}
    for name in ("evidence", "references"):
        if name in kept:
            kept[name] = list(kept[name])
    return kept


def findings_of(flow: http.HTTPFlow) -> list[dict[str, Any]]:
    """The findings a flow carries; an empty list where there are none or where they are not ours."""
    found = flow.metadata.get(FINDINGS)
    return [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []


_BY_RANK = tuple(sorted(Severity, key=lambda severity: severity.rank))
_RANKS = {str(severity): severity.rank for severity in Severity}


def _rank(finding: dict[str, Any]) -> int:
    return _RANKS.get(str(finding.get("severity")), len(_BY_RANK))


def _comment(listed: list[tuple[int, str, str]]) -> str:
    parts = [f"[{_BY_RANK[rank]}] {clipped(title, 160)} ({rule})" for rank, rule, title in listed if rank < 3]
    if not parts:
        parts = [f"{clipped(title, 160)} ({rule})" for _, rule, title in listed]
    more = len(parts) - _MOST_IN_COMMENT
    if more > 0:
        parts = [*parts[:_MOST_IN_COMMENT], f"and {more} more"]
    return _SIGNATURE + "; ".join(parts)

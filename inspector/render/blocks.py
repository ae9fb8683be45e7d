"""The pieces a report is printed from: an exchange's line, a finding, a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from rich.style import Style
from rich.text import Text

from inspector.render import evidence
from inspector.render.escape import clipped, visible
from inspector.render.layout import Canvas, columns, duration, size
from inspector.report import Annotation, ExchangeReport, Severity

GLYPHS = {Severity.ERROR: "✗", Severity.WARNING: "▲", Severity.NOTE: "●", Severity.INFO: "·"}
STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold blue",
    Severity.INFO: "dim",
}
_CERTAINTY = {"likely": "Likely", "depends": "Depends", "unknown": "Not known"}
_STATUS_STYLES = {1: "cyan", 2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_LONGEST_URL = 300


def rule_link(rule: str, references: Sequence[str] = ()) -> Text:
    """A rule's id, linked to the section it rests on where the terminal can and the link is one of ours."""
    target = references[0] if references else ""
    shown = visible(rule)
    if target.startswith("https://") and target.isascii() and target.isprintable() and " " not in target:
        return Text(shown, Style(dim=True, link=target))
    return Text(shown, "dim")


def number(exchange: ExchangeReport, captures: int) -> str:
    """How an exchange is called: ``#12``, or ``#1:12`` where there are several captures."""
    return f"#{exchange.index}" if captures <= 1 else f"#{exchange.capture}:{exchange.index}"


def phrase(exchange: ExchangeReport) -> str:
    """The status with its reason phrase, the standard one where the version has none; safe to print."""
    if exchange.status is None:
        return f"no response: {clipped(exchange.error, 120)}" if exchange.error else "no response"
    reason = exchange.reason
    if not reason:
        try:
            reason = HTTPStatus(exchange.status).phrase
        except ValueError:
            reason = ""
    return f"{exchange.status} {clipped(reason, 60)}".strip()


def status_style(status: int | None) -> str:
    """The colour of a status class; red where there was no response."""
    return "red" if status is None else _STATUS_STYLES.get(status // 100, "")


def version(exchange: ExchangeReport) -> str:
    """What was spoken: ``h2``, ``h1.1``, or ``h2/h1.1`` where the two sides differ; empty where unknown."""
    spoken = exchange.http_version
    client, server = _version(spoken.client), _version(spoken.server)
    return client if client == server or not server else f"{client}/{server}" if client else server


def _version(text: str | None) -> str:
    if text is None:
        return ""
    return f"h{text}" if text[:1].isdigit() else clipped(text, 12)


def exchange_line(exchange: ExchangeReport, lead: str = "") -> Text:
    """``GET https://shop.test/ → 200 OK  h2  text/html  12 kB  34 ms``."""
    line = Text(lead, "dim")
    line.append(f"{clipped(exchange.method, 24)} ", "bold")
    line.append(clipped(exchange.url, _LONGEST_URL))
    line.append(" → ")
    line.append(phrase(exchange), f"bold {status_style(exchange.status)}".strip())
    facts = (
        version(exchange),
        clipped(exchange.media_type, 60) if exchange.media_type else "",
        size(exchange.size),
        duration(exchange.duration),
    )
    line.append("".join(f"  {fact}" for fact in facts if fact), "dim")
    return line


def title_line(canvas: Canvas, annotation: Annotation, note: str = "", indent: str = "") -> None:
    """A finding's first line: glyph, severity, title, and at the right edge the rule's id."""
    severity = annotation.severity
    style = STYLES[severity]
    head = Text.assemble((f"{GLYPHS[severity]} {severity} ", style))
    title = canvas.words(annotation.title, "bold" if severity is not Severity.INFO else "")
    left = Text.assemble(head, title, (note, "dim"))
    right = rule_link(annotation.rule, annotation.references)
    room = min(canvas.width, 110) - len(indent)
    if left.cell_len + right.cell_len + 2 <= room:
        canvas.line(indent, columns(left, right, room))
    else:
        canvas.add(left, indent, f"{indent}  ", room + len(indent))
        canvas.line(f"{indent}  ", right)


def finding_body(canvas: Canvas, annotation: Annotation, indent: str, *, quote: bool = True) -> None:
    """What is under a finding's title: evidence, detail, certainty, fix and reference."""
    if quote and annotation.evidence:
        evidence.draw(canvas, annotation.evidence, f"{indent}│ ", STYLES[annotation.severity])
    canvas.prose(annotation.detail, indent)
    if annotation.certainty != "certain":
        lead = Text(f"{_CERTAINTY[annotation.certainty]}: ", "bold magenta")
        canvas.prose(annotation.condition or "the recording does not show enough to be sure.", indent, lead=lead)
    if annotation.fix:
        canvas.prose(annotation.fix, indent, f"{indent}  ", lead=Text("Fix: ", "bold green"))


def references(canvas: Canvas, annotation: Annotation, indent: str) -> None:
    """The sections a finding rests on, one a line."""
    for reference in annotation.references:
        shown = clipped(reference, 300)
        style = Style(dim=True, link=reference) if shown == reference else Style(dim=True)
        canvas.line(indent, Text(shown, style))


def tally(found: Iterable[tuple[Severity, int]], *, words: bool = True, zero: bool = False) -> Text:
    """``✗ 1 error  ▲ 3 warnings``, or ``✗1 ▲3`` without words."""
    parts: list[Text] = []
    for severity, count in found:
        if not count and not zero:
            continue
        noun = f" {severity}{'' if count == 1 or severity is Severity.INFO else 's'}" if words else ""
        space = " " if words else ""
        parts.append(Text(f"{GLYPHS[severity]}{space}{count:,}{noun}", STYLES[severity] if count else "dim"))
    return Text("  " if words else " ").join(parts)


def moment(seconds: float) -> str:
    """A time as ``2026-03-01 12:00:00 UTC``; the bare number where the calendar ends."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s after 1970"

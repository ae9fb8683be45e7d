"""The pieces a report is printed from: an exchange's line, a finding, a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from inspector.render import evidence
from inspector.render.escape import clipped
from inspector.render.layout import PROSE_WIDTH, Canvas, columns, duration, fit, size
from inspector.report import Annotation, Certainty, ExchangeReport, Severity

GLYPHS = {Severity.ERROR: "✗", Severity.WARNING: "▲", Severity.NOTE: "●", Severity.INFO: "·"}
STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold blue",
    Severity.INFO: "dim",
}
_CERTAINTY: dict[Certainty, tuple[str, str]] = {
    "likely": ("Likely", "the recording points to it, without proving it."),
    "depends": ("Depends", "on something the recording does not show."),
    "unknown": ("Not known", "the recording does not show enough to tell."),
}
_STATUS_STYLES = {1: "cyan", 2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_LEAST_URL = 30
_LONGEST_URL = 1000


def rule_link(rule: str, references: Sequence[str] = ()) -> Text:
    """A rule's id, linked to the section it rests on where the terminal can and the link is one of ours."""
    target = references[0] if references else ""
    shown = clipped(rule, 80)
    if target.startswith("https://") and target.isascii() and target.isprintable() and " " not in target:
        return Text(shown, Style(dim=True, link=target))
    return Text(shown, "dim")


def number(exchange: ExchangeReport, captures: int) -> str:
    """How an exchange is called: ``#12``, or ``#1:12`` where there are several captures."""
    return f"#{exchange.index}" if captures <= 1 else f"#{exchange.capture}:{exchange.index}"


def phrase(exchange: ExchangeReport) -> str:
    """The status with its reason phrase, the standard one where the version has none; safe to print."""
    if exchange.status is None:
        error = clipped(exchange.error or "", 120)
        return error if error.startswith("no response") else f"no response: {error}".removesuffix(": ")
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


def outcome(exchange: ExchangeReport) -> Text:
    """``→ 200 OK  h2  text/html  12 kB  34 ms``."""
    line = Text("→ ")
    line.append(phrase(exchange), f"bold {status_style(exchange.status)}".strip())
    facts = (
        version(exchange) if exchange.status is not None else "",
        clipped(exchange.media_type, 60) if exchange.media_type else "",
        size(exchange.size),
        duration(exchange.duration),
    )
    line.append("".join(f"  {fact}" for fact in facts if fact), "dim")
    return line


def exchange_line(
    canvas: Canvas, exchange: ExchangeReport, lead: str = "", indent: str = "", limit: int | None = None
) -> None:
    """What was asked and what came of it, on one line or two, the URL cut in its middle where it must be.

    With `limit`, that many characters of the URL are shown over as many lines as they take.
    """
    asked = Text.assemble((lead, "dim"), (f"{clipped(exchange.method, 24)} ", "bold"))
    came = outcome(exchange)
    room = canvas.width - len(indent) - asked.cell_len
    whole = clipped(exchange.url, limit or _LONGEST_URL)
    if cell_len(whole) + came.cell_len + 1 <= room:
        canvas.line(indent, asked, whole, " ", came)
        return
    if limit:
        canvas.add(asked.append(whole), indent, f"{indent}   ")
    else:
        canvas.line(indent, asked, fit(exchange.url, max(room, 8)))
    canvas.add(came, f"{indent}   ", f"{indent}     ")


def live_line(canvas: Canvas, exchange: ExchangeReport) -> None:
    """The same with its number, on one line, the URL cut in its middle where it must be."""
    asked = Text.assemble((f"{number(exchange, 1)} ", "dim"), (f"{clipped(exchange.method, 24)} ", "bold"))
    came = outcome(exchange)
    room = canvas.width - asked.cell_len - came.cell_len - 1
    if room >= min(len(exchange.url), _LEAST_URL):
        canvas.line(asked, fit(exchange.url, room), " ", came)
    else:
        canvas.line(asked, fit(exchange.url, max(canvas.width - asked.cell_len, _LEAST_URL)))
        canvas.add(came, "  ", "    ")


def title(canvas: Canvas, annotation: Annotation, note: str = "", times: int = 1) -> Text:
    """Glyph, severity, how often, and title."""
    severity = annotation.severity
    said = canvas.words(annotation.title, "bold" if severity is not Severity.INFO else "")
    often = f" ×{times:,}" if times > 1 else ""
    return Text.assemble((f"{GLYPHS[severity]} {severity}{often}  ", STYLES[severity]), said, (note, "dim"))


def title_line(canvas: Canvas, annotation: Annotation, note: str = "", indent: str = "", *, name: bool = True) -> None:
    """A finding in short: its title, and the rule's id at the right edge; without `name` only where it fits there."""
    left = title(canvas, annotation, note)
    right = rule_link(annotation.rule, annotation.references)
    room = min(canvas.width, PROSE_WIDTH) - len(indent)
    if left.cell_len + right.cell_len + 2 <= room:
        canvas.line(indent, columns(left, right, room))
    else:
        canvas.add(left, indent, f"{indent}  ", room + len(indent))
        if name:
            canvas.line(f"{indent}  ", right)


def finding_body(canvas: Canvas, annotation: Annotation, indent: str, *, quote: bool = True) -> None:
    """What is under a finding's title: evidence, detail, certainty, fix and reference."""
    if quote and annotation.evidence:
        evidence.draw(canvas, annotation.evidence, f"{indent}│ ", STYLES[annotation.severity])
    canvas.prose(annotation.detail, indent)
    if annotation.certainty != "certain":
        word, otherwise = _CERTAINTY[annotation.certainty]
        canvas.prose(annotation.condition or otherwise, indent, f"{indent}  ", lead=Text(f"{word}: ", "bold magenta"))
    if annotation.fix:
        canvas.prose(annotation.fix, indent, f"{indent}  ", lead=Text("Fix: ", "bold green"))


def sources(canvas: Canvas, annotation: Annotation, indent: str, most: int = 9) -> None:
    """The rule's id and the sections it rests on, `most` of them: on one line where they fit."""
    line = rule_link(annotation.rule, annotation.references)
    for reference in annotation.references[:most]:
        shown = clipped(reference, 300)
        link = Text(shown, Style(dim=True, link=reference) if shown == reference else Style(dim=True))
        if len(indent) + line.cell_len + link.cell_len + 2 <= canvas.width:
            line = Text.assemble(line, "  ", link)
        else:
            canvas.line(indent, line)
            line = link
    canvas.line(indent, line)


def annotation_block(canvas: Canvas, annotation: Annotation, indent: str) -> None:
    """A finding with everything under it."""
    canvas.add(title(canvas, annotation), indent, f"{indent}  ")
    finding_body(canvas, annotation, f"{indent}  ")
    sources(canvas, annotation, f"{indent}  ")


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

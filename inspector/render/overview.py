"""The beginning and the end of a report: what was read, the summary, what to run next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.text import Text

from inspector.render.blocks import GLYPHS, number, tally
from inspector.render.escape import clipped
from inspector.render.grouping import RuleGroups
from inspector.render.layout import PROSE_WIDTH, Canvas, duration, plural
from inspector.report import CaptureInfo, ExchangeReport, Report, Severity, Summary

_PAGES = 5
_SKIPPED = 5
_WORST = 3
_TITLES = 4
_ROOMY = 60


def captures(canvas: Canvas, report: Report) -> None:
    """Each capture: its name, who wrote it, its pages, what was skipped and what to know of it."""
    on_page: dict[tuple[int, str | None], int] = {}
    for exchange in report.exchanges:
        key = (exchange.capture, exchange.page)
        on_page[key] = on_page.get(key, 0) + 1
    for index, capture in enumerate(report.captures):
        _capture(canvas, capture, index if len(report.captures) > 1 else None)
        for page in capture.pages[:_PAGES]:
            count = on_page.get((index, page.id), 0)
            name = page.title or page.url or page.id
            address = f"  {clipped(page.url, 200)}" if page.url and page.url != name else ""
            facts = [plural(count, "exchange")]
            if page.content_loaded is not None:
                facts.append(f"content loaded after {duration(page.content_loaded)}")
            if page.loaded is not None:
                facts.append(f"loaded after {duration(page.loaded)}")
            line = Text.assemble("page ", (clipped(name, 160), "bold"), (address, ""), (f"  {', '.join(facts)}", "dim"))
            canvas.add(line, "  ", "    ")
        if len(capture.pages) > _PAGES:
            canvas.line((f"  and {plural(len(capture.pages) - _PAGES, 'page')} more", "dim"))
        for note in capture.notes:
            canvas.prose(note, "  ", "    ")
        _skipped(canvas, capture)
    canvas.blank()


def _capture(canvas: Canvas, capture: CaptureInfo, index: int | None) -> None:
    lead = "" if index is None else f"#{index}: "
    name = "standard input" if capture.path == "-" else clipped(capture.path, 300)
    facts = ", ".join(
        (
            {"har": "HAR", "mitmproxy": "mitmproxy flows"}.get(capture.format, clipped(capture.format, 40)),
            *((f"written by {clipped(capture.creator, 80)}",) if capture.creator else ()),
            "1 entry" if capture.entries == 1 else f"{capture.entries:,} entries",
        )
    )
    canvas.add(Text.assemble((lead, "dim"), (name, "bold"), (f"  {facts}", "dim")), "", "  ")


def _skipped(canvas: Canvas, capture: CaptureInfo) -> None:
    if not capture.skipped:
        return
    told = "; ".join(
        f"{'' if s.index is None else f'#{s.index} '}{clipped(s.reason, 120)}" for s in capture.skipped[:_SKIPPED]
    )
    more = f"; and {len(capture.skipped) - _SKIPPED:,} more" if len(capture.skipped) > _SKIPPED else ""
    lead = Text(f"{GLYPHS[Severity.WARNING]} skipped {len(capture.skipped):,} of {capture.entries:,}: ", "yellow")
    canvas.prose(f"{told}{more}", "  ", "    ", lead=lead)


def summary(canvas: Canvas, found: Summary, groups: Sequence[RuleGroups] = ()) -> None:
    """``412 exchanges: ✗ 3 errors  ▲ 7 warnings … worst: …``, with counts where the findings are at hand."""
    graver = ((Severity.ERROR, found.error), (Severity.WARNING, found.warning), (Severity.NOTE, found.note))
    line = Text(plural(found.exchanges, "exchange"), "bold")
    if any(count for _, count in graver):
        line.append(": ")
        line.append_text(tally((*graver, (Severity.INFO, found.info))))
    elif found.exchanges:
        line.append(": no errors, warnings or notes")
        if found.info:
            line.append_text(Text.assemble("  ", tally(((Severity.INFO, found.info),))))
    canvas.add(line, "", "  ")
    if found.accepted:
        canvas.line((f"{plural(found.accepted, 'finding')} accepted before, not shown", "dim"))
    grave = [group for group in groups if group.severity is not Severity.NOTE] or groups
    worst = [f"{clipped(g.rule, 80)}{f' ×{g.occurrences}' if g.occurrences > 1 else ''}" for g in grave[:_WORST]]
    if worst or found.worst:
        named = ", ".join(worst or [clipped(rule, 80) for rule in found.worst[:_WORST]])
        canvas.add(Text.assemble("worst: ", (named, "bold")), "", "  ")


def nothing(canvas: Canvas, report: Report) -> None:
    """Why there is no exchange to explain, and what to do about it; nothing where there is one."""
    if report.exchanges or report.summary.exchanges:
        return
    entries = sum(capture.entries for capture in report.captures)
    if entries > sum(len(capture.skipped) for capture in report.captures):
        which = f"None of the {entries:,} entries is one" if entries > 1 else "The one entry is none"
        canvas.prose(f"{which} that was asked for by `--host`, `--status` or `--entry`.")
    elif not entries:
        canvas.prose(
            "Nothing was recorded. In a browser, open the network panel of the developer tools first, then load the "
            "page, and export when the requests are listed there."
        )


def list_of(exchanges: Sequence[ExchangeReport], captures: int, most: int) -> str:
    """``#3, #7 and 12 more``."""
    named = ", ".join(number(exchange, captures) for exchange in exchanges[:most])
    return f"{named} and {len(exchanges) - most:,} more" if len(exchanges) > most else named


def explanations(canvas: Canvas, topics: Mapping[str, Counter[str]]) -> None:
    """What there is to read beyond findings: by topic, the explanations given most often."""
    if not topics:
        return
    canvas.heading("Explained")
    widest = max(len(clipped(topic, 40)) for topic in topics)
    for topic, titles in topics.items():
        lead = Text(f"{GLYPHS[Severity.INFO]} {clipped(topic, 40).ljust(widest)}  ", "dim")
        said = canvas.words("")
        for place, (title, count) in enumerate(titles.most_common(_TITLES)):
            said.append("; " if place else "")
            said.append_text(canvas.words(title, limit=120))
            if count > 1:
                said.append(f" ×{count:,}", "dim")
        if len(titles) > _TITLES:
            said.append(f"; and {len(titles) - _TITLES:,} more", "dim")
        canvas.add(said, lead, " " * lead.cell_len if canvas.width >= _ROOMY else "    ", PROSE_WIDTH)


def next_commands(canvas: Canvas, command: str, report: Report, found: Sequence[RuleGroups]) -> None:
    """The two or three commands that lead on from here, with this report's values."""
    rows: list[tuple[str, str]] = []
    if found:
        worst = found[0]
        first = worst.groups[0].first.exchange
        # httplint's notes have no page of ours, and are told only where they are asked for
        if worst.topic == "conformance":
            command = f"{command} --conformance"
        else:
            rows.append((f"inspector rule {clipped(worst.rule, 80)}", "why it matters, with two example exchanges"))
        rows.append((f"{command} --entry {number(first, len(report.captures))[1:]}", "everything about that exchange"))
        topics = {group.topic for group in found}
        if len(topics) > 1:
            rows.append((f"{command} --only {clipped(worst.topic, 40)}", "this topic alone"))
    elif report.exchanges:
        first = report.exchanges[0]
        rows.append((f"{command} --entry {number(first, len(report.captures))[1:]}", "everything about one exchange"))
    if len(rows) < 3 and report.summary.info:
        rows.append((f"{command} -v", "every explanation"))
    if not rows:
        return
    canvas.heading("Next")
    widest = max(len(row) for row, _ in rows)
    beside = all(widest + len(purpose) + 4 <= canvas.width for _, purpose in rows)
    for row, purpose in rows:
        if beside:
            canvas.line("  ", (row.ljust(widest), "cyan"), (f"  {purpose}", "dim"))
        else:
            canvas.line((f"  # {purpose}", "dim"))
            canvas.line("  ", (row, "cyan"))

"""A report for a person at a terminal: the whole of it, one exchange as it happens, or the summary."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from inspector.render import grades, overview, verdicts
from inspector.render.blocks import (
    annotation_block,
    exchange_line,
    finding_body,
    live_line,
    moment,
    number,
    sources,
    title,
    title_line,
)
from inspector.render.console import AsciiWriter, make_console
from inspector.render.escape import clipped
from inspector.render.exchanges import listing
from inspector.render.fields import FieldTeller, draw_field_names
from inspector.render.grouping import Group, RuleGroups, explanations, group_findings, origin_of
from inspector.render.layout import PROSE_WIDTH, Canvas, plural
from inspector.render.stories import draw as draw_stories
from inspector.render.stories import draw_all, draw_in_full, draw_one, numbered
from inspector.report import (
    Annotation,
    ExchangeReport,
    Report,
    Severity,
    Story,
    Summary,
    summarize,
    without_accepted,
)

SMALL = 8
"""Up to this many exchanges, each is shown with all its explanations; beyond, they are listed one a line."""

_FULL_GROUPS = 3
"""Of one rule's findings at several origins, this many are shown in full where they are errors, else one."""
_WHOLE_URL = 4000
_LISTED = 12
"""Exchanges named under one finding."""
_REMEMBERED = 2000
"""Findings a live view remembers to tell them in full only once."""

_HEADINGS = {Severity.ERROR: "Errors", Severity.WARNING: "Warnings", Severity.NOTE: "Notes"}


class Terminal:
    """Prints to one console.

    `verbose` adds every explanation, verdicts with their steps and field lines; `fields` adds the fields alone, and
    gathers them by name where there are many exchanges. `ascii` draws with ASCII alone (it is implied where the
    stream cannot do more). `focused` says that only some topics or rules were asked for, so
    exchanges without findings are left out. `command` is how to run the same again, for the hints at the end.
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        verbose: int = 0,
        fields: bool = False,
        ascii: bool = False,
        focused: bool = False,
        command: str = "",
    ) -> None:
        self.console = console or make_console()
        if ascii and not isinstance(self.console.file, AsciiWriter):
            self.console.file = AsciiWriter(self.console.file)  # type: ignore[assignment]
        self.verbose = verbose
        self.fields = fields
        self.focused = focused
        self.command = command
        self._told: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._field_teller = FieldTeller()

    # -- a whole report ---------------------------------------------------------------------------------------

    def report(self, report: Report) -> None:
        """Print a whole report: what was read, the summary, findings gathered, exchanges, what to run next."""
        report = without_accepted(report)
        canvas = Canvas(self.console)
        several = len(report.captures)
        overview.captures(canvas, report)
        found = group_findings(report.exchanges)
        overview.summary(canvas, report.summary, found)
        overview.nothing(canvas, report)
        grades.lines(canvas, report.grades, self.command.replace(" explain ", " grade ", 1))
        self._findings(canvas, found, several)
        stories = numbered(report.stories)
        draw_stories(canvas, stories, several, whole=bool(self.verbose), command=self.command)
        canvas.flush()
        self._exchanges(canvas, report, several)
        if self.command:
            overview.next_commands(canvas, self.command, report, found)
        canvas.flush()

    def entries(self, report: Report) -> None:
        """Print everything about the exchanges of a report."""
        report = without_accepted(report)
        canvas = Canvas(self.console)
        for exchange in report.exchanges:
            self._everything(canvas, exchange, len(report.captures))
        own = {(e.capture, e.index) for e in report.exchanges}
        told = sorted([s for s in report.stories if _tells_of(s, own)], key=lambda story: len(story.exchanges))
        draw_stories(canvas, [(None, s) for s in told], 1, whole=True)  # those most about these exchanges first
        canvas.flush()

    def _findings(self, canvas: Canvas, found: list[RuleGroups], captures: int) -> None:
        severity = None
        for rule in found:
            if rule.severity is not severity:
                severity = rule.severity
                canvas.heading(_HEADINGS[severity])
            self._rule(canvas, rule, captures)

    def _rule(self, canvas: Canvas, rule: RuleGroups, captures: int) -> None:
        full = len(rule.groups) if self.verbose else _FULL_GROUPS if rule.severity is Severity.ERROR else 1
        for group in rule.groups[:full]:
            canvas.blank()
            self._group(canvas, group, captures)
        self._elsewhere(canvas, rule.groups[0].title, rule.groups[full:], captures)
        canvas.blank()

    def _elsewhere(self, canvas: Canvas, title: str, groups: Sequence[Group], captures: int) -> None:
        """Where else a rule spoke, without saying it again: origins alone where the title is the same."""

        def where(group: Group) -> str:
            return f"{group.origin} ({overview.list_of(group.exchanges, captures, 3)})"

        by_title: dict[str, list[str]] = {}
        for group in groups:
            by_title.setdefault(group.title, []).append(where(group))
        for said, places in list(by_title.items())[: _LISTED // 2]:
            more = f" and {plural(len(places) - _LISTED, 'more origin')}" if len(places) > _LISTED else ""
            lead = Text("The same", "dim") if said == title else Text.assemble(("Also: ", "dim"), canvas.words(said))
            canvas.prose(f" with {', '.join(places[:_LISTED])}{more}", "  ", "    ", "dim", lead)
        if len(by_title) > _LISTED // 2:
            canvas.line((f"  and {len(by_title) - _LISTED // 2:,} more of this rule", "dim"))

    def _group(self, canvas: Canvas, group: Group, captures: int) -> None:
        first = group.first
        canvas.add(title(canvas, first.annotation, times=len(group.occurrences)), "", "  ", PROSE_WIDTH)
        exchange_line(canvas, first.exchange, f"{number(first.exchange, captures)} ", "  ")
        finding_body(canvas, first.annotation, "  ")
        exchanges = group.exchanges
        if len(exchanges) > 1:
            listed = overview.list_of(exchanges, captures, len(exchanges) if self.verbose else _LISTED)
            canvas.prose(f"On {plural(len(exchanges), 'exchange')} with {group.origin}: {listed}", "  ", "    ", "dim")
        sources(canvas, first.annotation, "  ", 9 if self.verbose else 1)

    def _exchanges(self, canvas: Canvas, report: Report, captures: int) -> None:
        exchanges: Sequence[ExchangeReport] = report.exchanges
        if self.focused:
            exchanges = [e for e in exchanges if e.annotations]
        if not exchanges:
            return
        canvas.heading("Exchanges")
        if self.verbose:
            for exchange in exchanges:
                self._everything(canvas, exchange, captures, again=True)
                canvas.flush()
        elif len(exchanges) <= SMALL:
            for exchange in exchanges:
                self._explained(canvas, exchange, captures)
        else:
            listing(canvas, exchanges, captures)
            overview.explanations(canvas, explanations(exchanges))
            if self.fields:
                draw_field_names(canvas, exchanges, captures)

    def _explained(self, canvas: Canvas, exchange: ExchangeReport, captures: int) -> None:
        """One exchange of a small report: findings by title (they are shown in full above), explanations in full."""
        exchange_line(canvas, exchange, f"{number(exchange, captures)} ")
        for annotation in exchange.annotations:
            title_line(canvas, annotation, indent="  ", name=annotation.severity is Severity.INFO)
            if annotation.severity is Severity.INFO:
                finding_body(canvas, annotation, "    ", quote=False)
        if self.fields:
            self._field_teller.draw(canvas, exchange, captures, "  ")
        canvas.blank()

    def _everything(self, canvas: Canvas, exchange: ExchangeReport, captures: int, *, again: bool = False) -> None:
        """All that is known of one exchange; findings by title alone where they were shown before (`again`)."""
        exchange_line(canvas, exchange, f"{number(exchange, captures)} ", limit=_WHOLE_URL)
        facts = [
            f"started {moment(exchange.started)}" if exchange.started is not None else "",
            f"type {clipped(exchange.resource_type, 40)}" if exchange.resource_type else "",
            f"page {clipped(exchange.page, 80)}" if exchange.page else "",
            clipped(exchange.error, 200) if exchange.error and exchange.status is not None else "",
        ]
        canvas.prose(", ".join(fact for fact in facts if fact), "  ", style="dim")
        self._field_teller.draw(canvas, exchange, captures, "  ")
        if verdicts.draw(canvas, exchange.verdicts, "  "):
            canvas.blank()
        for annotation in exchange.annotations:
            if again and annotation.severity is not Severity.INFO:
                title_line(canvas, annotation, indent="  ", name=False)
            else:
                annotation_block(canvas, annotation, "  ")
                canvas.blank()
        canvas.blank()

    # -- live -------------------------------------------------------------------------------------------------

    def exchange(self, exchange: ExchangeReport) -> None:
        """Print one exchange as it happens: its line, then its findings.

        A finding told before for the same origin is told by its title alone; explanations are titles unless verbose.
        """
        canvas = Canvas(self.console)
        live_line(canvas, exchange)
        for annotation in exchange.annotations:
            again = self._again(annotation, exchange)
            title_line(canvas, annotation, " (as above)" if again else "", "  ")
            if again or (annotation.severity is Severity.INFO and not self.verbose):
                continue
            finding_body(canvas, annotation, "    ")
        if self.verbose > 1:
            verdicts.draw(canvas, exchange.verdicts, "    ")
        canvas.flush()

    def _again(self, annotation: Annotation, exchange: ExchangeReport) -> bool:
        if annotation.severity is Severity.INFO:
            return False
        key = (annotation.rule, annotation.title, origin_of(exchange))
        if key in self._told:
            self._told.move_to_end(key)
            return True
        self._told[key] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return False

    def stories(self, stories: Sequence[Story], *, whole: bool = True) -> None:
        """Print what several exchanges mean together; not `whole`, in short and of each kind some."""
        canvas = Canvas(self.console)
        draw_stories(canvas, [(None, story) for story in stories], 1, whole=whole)
        canvas.flush()

    def stories_alone(self, report: Report, chosen: Sequence[int] = ()) -> None:
        """Print a report's stories and nothing else; those with the numbers `chosen` in full, with their diagrams."""
        report = without_accepted(report)
        canvas = Canvas(self.console)
        captures = len(report.captures)
        stories = numbered(report.stories)
        if chosen:
            for number, story in stories:
                if number in chosen:
                    draw_in_full(canvas, number, story, captures)
        elif stories:
            draw_all(canvas, stories, captures)
            canvas.prose("`--story N` shows one of them with its diagram.", style="dim")
        else:
            canvas.line("Nothing in this recording belongs together in a way that there is a story for.")
        canvas.flush()

    def story(self, story: Story) -> None:
        """Print one story as it ends."""
        canvas = Canvas(self.console)
        draw_one(canvas, story, whole=self.verbose > 0)
        canvas.flush()

    def summary(self, of: Report | Summary | Sequence[ExchangeReport]) -> None:
        """Print how many exchanges and findings there were, and the gravest rules."""
        found = of.summary if isinstance(of, Report) else of if isinstance(of, Summary) else summarize(of)
        canvas = Canvas(self.console)
        overview.summary(canvas, found)
        canvas.flush()


def _tells_of(story: Story, exchanges: set[tuple[int, int]]) -> bool:
    """Whether a story is about one of these exchanges; a page's connections are about none in particular."""
    return story.kind != "connections" and any((story.capture, index) in exchanges for index in story.exchanges)

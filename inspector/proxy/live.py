"""The live view: what to do first, each exchange as it ends, and what it all came to."""

from __future__ import annotations

import shlex
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

import msgspec
from msgspec import Struct
from rich.text import Text

from inspector.exchange import Exchange
from inspector.proxy.notice import Notice
from inspector.proxy.options import Listening, ProxyOptions
from inspector.proxy.pages import Pages
from inspector.render.escape import clipped
from inspector.render.layout import Canvas, fit
from inspector.render.terminal import Terminal
from inspector.report import ExchangeReport, Severity, Story, Summary
from inspector.url import is_loopback, parse

_STYLES = {"unsafe": "bold yellow", "trouble": "bold red", "opened": "dim", "other": "dim"}


class Shown(Struct, frozen=True):
    """How much to print. With `quiet`: no instructions, and only errors and warnings. `focused` says that some topics
    were chosen, so that exchanges without findings are left out. `inside` is the program the proxy was started for,
    which needs no instructions."""

    quiet: bool = False
    focused: bool = False
    inside: str | None = None


class Tally:
    """Counts for the summary, without keeping what was counted."""

    def __init__(self) -> None:
        self.exchanges = 0
        self._severities: Counter[Severity] = Counter()
        self._rules: Counter[tuple[int, str]] = Counter()

    def add(self, report: ExchangeReport | Story) -> None:
        """Count an exchange's, or a story's, findings."""
        if isinstance(report, ExchangeReport):
            self.exchanges += 1
        for annotation in report.annotations:
            self._severities[annotation.severity] += 1
            if annotation.severity is not Severity.INFO:
                self._rules[annotation.severity.rank, annotation.rule] += 1

    def summary(self) -> Summary:
        """What was counted so far."""
        worst = sorted(self._rules, key=lambda key: (key[0], -self._rules[key], key[1]))
        count = self._severities
        return Summary(
            exchanges=self.exchanges,
            error=count[Severity.ERROR],
            warning=count[Severity.WARNING],
            note=count[Severity.NOTE],
            info=count[Severity.INFO],
            worst=tuple(rule for _, rule in worst[:5]),
        )


class Pace:
    """Keeps printing to what a person can follow: `rate` exchanges a second, after a start of `burst`.

    Beyond it, an exchange is printed only if it has a finding that was not printed yet for its origin: drawing a block
    takes as long as forwarding a request, and a load test would scroll by unread.
    """

    def __init__(self, rate: float = 40, burst: float = 200, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.skipped = 0

    def allows(self, report: ExchangeReport) -> bool:
        """Whether to print this one; counts it in `skipped` if not."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        new = self._new(report)
        if self._left < 1 and not new:
            self.skipped += 1
            return False
        self._left = max(0.0, self._left - 1)
        return True

    @property
    def has_room(self) -> bool:
        """Whether what is printed now and then can still be followed."""
        return self._left >= 1

    def _new(self, report: ExchangeReport) -> bool:
        origin = parse(report.url).origin
        new = False
        for annotation in report.annotations:
            if annotation.severity is Severity.INFO:
                continue
            key = (annotation.rule, origin)
            if key not in self._known:
                new = True
                self._known[key] = None
        while len(self._known) > 5000:
            self._known.popitem(last=False)
        return new


class LiveView:
    """Prints what passes. The proxy's sink.

    `on_gone` is called once when nobody reads the output any more; nothing is printed from then on. `hide` masks a URL.
    """

    def __init__(
        self,
        terminal: Terminal,
        shown: Shown,
        on_gone: Callable[[], None] = lambda: None,
        pace: Pace | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self._pace = pace or Pace()
        self._hide = hide
        self._terminal = terminal
        self._shown = shown
        self._on_gone = on_gone
        self._gone = False
        self._tally = Tally()
        self._pages = Pages()
        self._page: str | None = None

    # -- the proxy's sink ----------------------------------------------------------------------------------------

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        """Print one exchange that ended."""
        self._tally.add(report)
        page = self._pages.of(exchange)
        if self._shown.quiet:
            report = _grave(report)
        if self._worth(report) and self._pace.allows(report):
            self._catch_up()
            self._turn_to(page)
            self._print(lambda: self._terminal.exchange(report))

    def story(self, story: Story) -> None:
        """Print a story that ended, unless it is one too many."""
        self._tally.add(story)
        if self._tells(story) and (story.failed or story.annotations or self._pace.has_room):
            self._print(lambda: self._terminal.story(story))

    def _tells(self, story: Story) -> bool:
        if self._shown.quiet:
            return any(a.severity.at_least(Severity.WARNING) for a in story.annotations)
        return not self._shown.focused or bool(story.annotations)

    def notice(self, notice: Notice) -> None:
        """Print one line about something else."""
        if self._shown.quiet and notice.kind in ("opened", "other"):
            return
        self._line(Text(clipped(notice.text, 1000), style=_STYLES[notice.kind]))

    # -- before and after ----------------------------------------------------------------------------------------

    def header(self, listening: Listening, options: ProxyOptions) -> None:
        """Say where the proxy is and, unless it is to be quiet, what to do next."""
        address = listening.url.removeprefix("http://")
        inside = self._shown.inside
        if inside is not None:
            if self._shown.quiet:
                return
            self._line(Text.assemble("Proxy listening on ", (address, "bold"), f", with {clipped(inside, 80)} inside."))
        else:
            what = (
                "Proxy listening on " if listening.for_clients else f"{listening.servers[0].partition(' on ')[0]} on "
            )
            self._line(Text.assemble(what, (address, "bold"), ". Press Ctrl-C to end."))
            if self._shown.quiet:
                return
            if listening.for_clients:
                self._instructions(listening)
        if len(listening.servers) > 1:
            self._line(Text(f"Listening as: {'; '.join(listening.servers)}."))
        if listening.configuration is not None:
            self._line(Text("For a WireGuard client:"))
            self._line(Text(listening.configuration), whole=True)
        if options.hosts:
            self._line(Text(f"Only exchanges with {', '.join(options.hosts)} are explained."))
        if options.save is not None:
            self._line(Text(f"Saving to {options.save}, with cookies and passwords as they are sent."))
        if not is_loopback(options.listen_host):
            self._line(
                Text(
                    f"Listening on {options.listen_host}: everybody who can reach this address can use the proxy.",
                    style=_STYLES["unsafe"],
                )
            )
        self._line(Text(""))

    def _instructions(self, listening: Listening) -> None:
        """How to get a browser or a tool to come through here."""
        address = listening.url.removeprefix("http://")
        self._line(Text("To try it, in another terminal:"))
        example = f"    curl -x {listening.url} --cacert {listening.ca_certificate} https://example.com/"
        self._line(Text(example), whole=True)
        self._line(
            Text(
                f"Or set {address} as the HTTP and HTTPS proxy of a browser or tool. For HTTPS, open http://mitm.it "
                "there and install the certificate: it lets this proxy, and whoever has its key, read that browser's "
                "encrypted traffic, so remove it when you are done. `inspector proxy --browser` and `inspector proxy "
                "-- COMMAND` need neither."
            )
        )

    def _catch_up(self) -> None:
        """Say how many were left out since the last that was printed."""
        skipped = self._pace.skipped
        if skipped:
            self._pace.skipped = 0
            more = "one more exchange" if skipped == 1 else f"{skipped:,} more exchanges"
            self._line(Text(f"… {more} came too fast to print, with no finding that is not shown above", style="dim"))

    def _turn_to(self, page: str | None) -> None:
        """Head what follows with the page it is for, where that is another one than before."""
        if page == self._page:
            return
        self._page = page
        shown = self._hide(page) if page is not None else "of no page"
        canvas = Canvas(self._terminal.console)
        canvas.line("")
        canvas.heading(fit(shown, max(min(canvas.width, 100) - 8, 8)))
        self._print(canvas.flush)

    def footer(self, stories: tuple[Story, ...], options: ProxyOptions) -> None:
        """Say what it all came to, and what to run next."""
        for story in stories:
            self._tally.add(story)
        self._catch_up()
        told = [story for story in stories if self._tells(story)]
        if told:
            self._print(lambda: self._terminal.stories(told, whole=False))
        self._line(Text(""))
        self._print(lambda: self._terminal.summary(self._tally.summary()))
        if options.save is not None:
            self._line(
                Text(f"Saved. Read it again with: inspector explain {shlex.quote(str(options.save))}"), whole=True
            )

    # -- printing ------------------------------------------------------------------------------------------------

    def _worth(self, report: ExchangeReport) -> bool:
        return not (self._shown.quiet or self._shown.focused) or bool(report.annotations)

    def _line(self, text: Text, *, whole: bool = False) -> None:
        """Print text, broken between words; `whole` leaves it on one line, to be copied."""
        self._print(lambda: self._terminal.console.print(text, soft_wrap=whole))

    def _print(self, draw: Callable[[], None]) -> None:
        if self._gone:
            return
        try:
            draw()
            self._terminal.console.file.flush()
        except (BrokenPipeError, ValueError) as error:
            if isinstance(error, ValueError) and not self._terminal.console.file.closed:
                raise
            self._gone = True
            self._on_gone()


def _grave(report: ExchangeReport) -> ExchangeReport:
    """The report with its errors and warnings alone."""
    kept = tuple(a for a in report.annotations if a.severity.at_least(Severity.WARNING))
    return report if len(kept) == len(report.annotations) else msgspec.structs.replace(report, annotations=kept)

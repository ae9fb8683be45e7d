"""The live view by itself: what it prints, counts and leaves out."""

from __future__ import annotations

import io
from pathlib import Path

from inspector.exchange import Context, Exchange, Fields, Recorder, Request
from inspector.proxy.live import LiveView, Pace, Shown
from inspector.proxy.notice import Notice
from inspector.proxy.options import Listening, ProxyOptions
from inspector.proxy.pages import Pages
from inspector.proxy.progress import Waiting
from inspector.render.console import make_console
from inspector.render.terminal import Terminal
from inspector.report import Annotation, ExchangeReport, Severity, Story

EXCHANGE = Exchange(0, Request("GET", "https://a.test/"), Context(Recorder("proxy")))


ALL = Shown()


def view(shown: Shown = ALL, pace: Pace | None = None) -> tuple[LiveView, io.StringIO]:
    stream = io.StringIO()
    return LiveView(Terminal(make_console("never", stream, width=100)), shown, pace=pace), stream


def report(index: int, *found: tuple[str, Severity], host: str = "a.test") -> ExchangeReport:
    annotations = tuple(Annotation(rule, severity, f"About {rule}", "Because.") for rule, severity in found)
    return ExchangeReport(index, 0, "GET", f"https://{host}/{index}", 200, annotations=annotations)


def test_what_is_too_fast_is_counted_and_new_findings_are_not_lost() -> None:
    now = [0.0]
    live, printed = view(pace=Pace(rate=1, burst=3, clock=lambda: now[0]))
    for index in range(10):
        live.exchange(EXCHANGE, report(index, ("cors/x", Severity.ERROR)))
    live.exchange(EXCHANGE, report(10, ("cache/y", Severity.WARNING)))
    live.exchange(EXCHANGE, report(11, ("cors/x", Severity.ERROR), host="b.test"))
    live.exchange(EXCHANGE, report(12, ("cors/x", Severity.ERROR), host="b.test"))
    now[0] = 5.0
    live.exchange(EXCHANGE, report(13))
    told = printed.getvalue()
    assert [number for number in range(14) if f".test/{number}" in told] == [0, 1, 2, 10, 11, 13]
    assert "7 more exchanges came too fast" in told
    assert "one more exchange came too fast" in told
    live.footer((), ProxyOptions())
    assert "14 exchanges" in printed.getvalue(), "the summary counts all of them"


def test_quiet_and_focused() -> None:
    noted, warned, nothing = report(1, ("a/n", Severity.NOTE)), report(2, ("a/w", Severity.WARNING)), report(3)
    for shown, expected in ((Shown(), {1, 2, 3}), (Shown(focused=True), {1, 2}), (Shown(quiet=True), {2})):
        live, printed = view(shown)
        for each in (noted, warned, nothing):
            live.exchange(EXCHANGE, each)
        assert {n for n in (1, 2, 3) if f".test/{n}" in printed.getvalue()} == expected


def test_the_header_warns_of_an_open_door_and_of_secrets_in_files() -> None:
    live, printed = view()
    listening = Listening("0.0.0.0", 8080, Path("/ca.pem"))
    live.header(listening, ProxyOptions(listen_host="0.0.0.0", save=Path("x y.har"), hosts=("*.a.test",)))
    live.notice(Notice("trouble", "a.test\x1b[2J: not trusted", "a.test"))
    live.footer((), ProxyOptions(save=Path("x y.har")))
    told = " ".join(printed.getvalue().split())
    assert "everybody who can reach this address" in told
    assert "with cookies and passwords" in told
    assert "Only exchanges with *.a.test" in told
    assert "\x1b" not in told
    assert "inspector explain 'x y.har'" in told


def test_quiet_shows_errors_and_warnings_alone() -> None:
    live, printed = view(Shown(quiet=True))
    live.exchange(EXCHANGE, report(7, ("a/w", Severity.WARNING), ("a/n", Severity.NOTE), ("a/i", Severity.INFO)))
    told = printed.getvalue()
    assert "#7 GET" in told, "an exchange has its number"
    assert "a/w" in told
    assert "a/n" not in told
    assert "a/i" not in told


def test_what_runs_inside_needs_no_instructions() -> None:
    live, printed = view(Shown(inside="curl"))
    live.header(Listening("127.0.0.1", 8080, Path("/ca.pem")), ProxyOptions())
    assert "with curl inside" in printed.getvalue()
    assert "mitm.it" not in printed.getvalue()


def made(url: str, kind: str, referer: str | None = None) -> Exchange:
    fields = Fields.of([("Referer", referer)] if referer else [])
    return Exchange(0, Request("GET", url, fields), Context(Recorder("proxy"), resource_type=kind))


def test_exchanges_are_headed_by_their_page() -> None:
    live, printed = view()
    page, other = "https://a.test/list?token=sesame12", "https://b.test/"
    live = LiveView(live._terminal, ALL, hide=lambda url: url.replace("sesame12", "[masked 1]"))
    for index, exchange in enumerate(
        (
            made(page, "document"),
            made("https://cdn.test/a.css", "stylesheet", "https://a.test/"),  # the policy cut it down to the origin
            made("https://cdn.test/a.woff", "font", "https://cdn.test/a.css"),
            made(other, "document"),
            made("https://b.test/b.js", "script", other),
            made("https://c.test/", "fetch"),
        )
    ):
        live.exchange(exchange, report(index))
    headings = [line for line in printed.getvalue().splitlines() if line.startswith("── ")]
    assert [heading.split()[1] for heading in headings] == [
        "https://a.test/list?token=[masked",
        "https://b.test/",
        "of",
    ]
    assert "sesame12" not in printed.getvalue()


def test_pages_are_bounded() -> None:
    pages = Pages()
    for number in range(3000):
        pages.of(made(f"https://{number}.test/", "document"))
    assert pages.of(made("https://x.test/", "script", "https://2999.test/")) == "https://2999.test/"
    assert pages.of(made("https://x.test/", "script", "https://1.test/")) is None


def test_requests_under_way() -> None:
    now = [0.0]
    waiting = Waiting(lambda: now[0])
    waiting.began("1", "GET", "https://a.test/slow\x1b[2J")
    assert waiting.lines(80) == [], "not worth a line yet"
    now[0] = 2.0
    for number in range(2, 9):
        waiting.began(str(number), "GET", f"https://a.test/{number}")
    now[0] = 3.0
    lines = [line.plain for line in waiting.lines(60)]
    assert lines[0] == "⋯ 8 requests under way"
    assert lines[1].startswith("  GET https://a.test/slow\\x1b")
    assert lines[1].endswith("3.0 s")
    assert lines[-1] == "  and 3 more"
    assert all(len(line) <= 60 for line in lines)
    for number in range(1, 9):
        waiting.over(str(number))
    assert waiting.lines(60) == []
    for number in range(5000):
        waiting.began(str(number), "GET", "x")
    assert len(waiting._open) == 2000


def test_a_story_is_printed_when_it_ends_unless_nobody_asked_for_it() -> None:
    grave = (Annotation("a/w", Severity.WARNING, "Grave", "Because."),)
    noted = (Annotation("a/n", Severity.NOTE, "Noted", "Because."),)
    told = {
        "plain": Story("redirect-chain", "plain", (1, 2), ("One.",)),
        "noted": Story("redirect-chain", "noted", (1, 2), ("One.",), noted),
        "grave": Story("redirect-chain", "grave", (1, 2), ("One.",), grave),
    }
    for shown, expected in (
        (Shown(), {"plain", "noted", "grave"}),
        (Shown(focused=True), {"noted", "grave"}),
        (Shown(quiet=True), {"grave"}),
    ):
        live, printed = view(shown)
        for story in told.values():
            live.story(story)
        assert {title for title in told if f"\n{title}" in printed.getvalue()} == expected
        live.footer(tuple(told.values()), ProxyOptions())
        assert printed.getvalue().count("grave\n") == 2
        assert "2 warnings" in printed.getvalue()

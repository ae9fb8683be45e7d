"""The live view by itself: what it prints, counts and leaves out."""

from __future__ import annotations

import io
from pathlib import Path

from inspector.exchange import Context, Exchange, Recorder, Request
from inspector.proxy.live import LiveView, Pace, Shown
from inspector.proxy.notice import Notice
from inspector.proxy.options import Listening, ProxyOptions
from inspector.render.console import make_console
from inspector.render.terminal import Terminal
from inspector.report import Annotation, ExchangeReport, Severity

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

"""What a person reads: the layout at several widths, plain and styled, and that hostile text does no harm."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text

from inspector.render.console import AsciiWriter, make_console, wants_style
from inspector.render.grades import _score
from inspector.render.terminal import SMALL, Terminal
from inspector.report import (
    SCHEMA,
    Annotation,
    CaptureInfo,
    Evidence,
    PageInfo,
    Report,
    Score,
    Severity,
    Skipped,
    Story,
    summarize,
)
from tests.render.samples import FOUND, MISMATCH, NO_SAME_SITE, NOT_STORED, exchange, small

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\r\n✗ error  forged\x9b31m\u202e<script>alert(1)</script>[bold red]x[/bold red]\u2028`b`"
)
OUR_ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")


def printed(report: Report, width: int = 80, color: str = "never", **options) -> str:
    into = io.StringIO()
    Terminal(make_console(color, into=into, width=width), **options).report(report)
    return into.getvalue()


def live(report: Report, width: int = 80, color: str = "never", **options) -> str:
    into = io.StringIO()
    terminal = Terminal(make_console(color, into=into, width=width), **options)
    for one in report.exchanges:
        terminal.exchange(one)
    terminal.summary(report)
    return into.getvalue()


def report_of(*exchanges, stories=(), captures=None) -> Report:
    captures = captures or (CaptureInfo("x.har", "har", "a test", len(exchanges)),)
    return Report(SCHEMA, captures, exchanges, stories, summarize(exchanges, stories))


def test_the_summary_comes_first_and_the_error_with_its_two_lines_next():
    assert printed(small(), 100).startswith(
        """\
shop.har  HAR, written by WebInspector 537.36, 5 entries
  page The shop  https://shop.test/  4 exchanges, content loaded after 840 ms, loaded after 2.1 s
  This recording was exported without cookies.
  ▲ skipped 1 of 5: #4 entry has no request

4 exchanges: ✗ 2 errors  ▲ 1 warning  ● 1 note  · 3 info
worst: cors/allow-origin-mismatch ×2, cors/wildcard-credentials

── Errors ──────────────────────────────────────────────────────────────────────────────────────────

✗ error ×2  Blocked by CORS: `Access-Control-Allow-Origin` names another origin
  #1 PUT https://api.shop.test/v1/items?page=2&sort=price → 200 OK  h2  application/json  12.4 kB  34 ms
  │ request   Origin: https://shop.test
  │                   ^^^^^^^^^^^^^^^^^ the page's origin
  │ response  Access-Control-Allow-Origin: https://www.shop.test
  │                                        ^^^^^^^^^^^^^^^^^^^^^ the only origin admitted
  The page at `https://shop.test` asked for this, and the response admits `https://www.shop.test`
  alone. The two are compared character by character, so the browser withholds the response from the
  page.
  Fix: The server answers with `Access-Control-Allow-Origin: https://shop.test`, taken from a list
    of the origins it trusts, and with `Vary: Origin`, so that a cache does not give one origin's
    answer to another.
  On 2 exchanges with https://api.shop.test: #1, #2
  cors/allow-origin-mismatch  https://fetch.spec.whatwg.org/#cors-check

── Warnings""".replace(
            "  #1 PUT https://api.shop.test/v1/items?page=2&sort=price → 200 OK  h2  application/json  12.4 kB  34 ms\n",
            "  #1 PUT https://api.shop.test/v1/items?page=2&sort=price\n"
            "     → 200 OK  h2  application/json  12.4 kB  34 ms\n",
        )
    )


def test_narrow_terminals_get_values_on_lines_of_their_own():
    shown = printed(small(), 40)
    assert (
        """\
  │ response
  │ Access-Control-Allow-Origin:
  │   https://www.shop.test
  │   ^^^^^^^^^^^^^^^^^^^^^
  │   the only origin admitted
"""
        in shown
    )


@pytest.mark.parametrize("width", [24, 40, 57, 80, 132, 240])
@pytest.mark.parametrize("verbose", [0, 1])
def test_nothing_is_wider_than_the_terminal_but_what_must_be_copied_whole(width, verbose):
    shown = printed(small(), width, verbose=verbose, command="inspector explain shop.har")
    for line in shown.splitlines():
        copied = line.strip().startswith(("https://", "inspector ", "# ", "cors/", "cookies/", "status/", "cache/"))
        assert cell_len(line) <= width or copied, line


def test_every_severity_has_a_glyph_and_a_word():
    shown = printed(small())
    for mark in ("✗ error", "▲ warning", "● note", "· info"):
        assert mark in shown
    ascii_shown = printed(small(), ascii=True)
    assert ascii_shown.isascii()
    for mark in ("x error", "! warning", "o note", "- info"):
        assert mark in ascii_shown


def test_colour_says_nothing_that_words_do_not():
    styled = printed(small(), 100, "always")
    assert "\x1b[" in styled
    bare = OUR_ESCAPES.sub("", styled)
    assert "\x1b" not in bare
    plain = re.sub(r"\s+", " ", printed(small(), 100).replace("`", ""))
    assert re.sub(r"\s+", " ", bare.replace("`", "")) == plain


def test_code_keeps_its_backticks_where_there_is_no_style():
    assert "`SameSite=Lax`" in printed(small(), 100)
    assert "`SameSite=Lax`" not in OUR_ESCAPES.sub("", printed(small(), 100, "always"))


def test_links_are_those_of_rules_alone():
    hostile = exchange(0, "https://evil.test/https://phish.test", 200, MISMATCH, error="https://phish.test")
    styled = printed(report_of(hostile), 100, "always")
    targets = set(re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b", styled))
    assert targets == {"https://fetch.spec.whatwg.org/#cors-check"}


def test_the_same_finding_is_told_once_with_a_list():
    many = [exchange(i, f"https://api.shop.test/{i}", 200, MISMATCH) for i in range(40)]
    shown = printed(report_of(*many), 100)
    assert shown.count(MISMATCH.detail[:40]) == 1
    assert "✗ error ×40" in shown
    assert "On 40 exchanges with https://api.shop.test: #0, #1" in shown
    assert "and 28 more" in re.sub(r"\s+", " ", shown)


def test_a_tunnels_place_is_host_and_port():
    tunnels = [replace(exchange(i, "a.test:443", 200, MISMATCH), method="CONNECT") for i in range(2)]
    assert "On 2 exchanges with a.test:443: #0" in printed(report_of(*tunnels), 100)


def test_one_rule_at_many_origins_is_shown_in_full_once_for_notes():
    many = [exchange(i, f"https://{i}.test/", 200, NO_SAME_SITE) for i in range(10)]
    shown = printed(report_of(*many), 100)
    assert shown.count(NO_SAME_SITE.detail) == 1
    assert "The same with https://1.test (#1), https://2.test (#2)" in shown
    assert printed(report_of(*many), 100, verbose=1).count(NO_SAME_SITE.detail) == 10
    titled = [exchange(i, "https://a.test/", 200, replace(NO_SAME_SITE, title=f"Cookie {i}")) for i in range(10)]
    shown = printed(report_of(*titled), 100)
    assert "Also: Cookie 1 with https://a.test (#1)" in shown
    assert "and 3 more of this rule" in shown


def test_of_many_stories_some_of_each_kind_are_told_and_all_with_findings():
    chains = [Story("redirect-chain", f"Chain {i}", (i,), tuple(f"step {n}" for n in range(30))) for i in range(9)]
    told = Story("redirect-chain", "Flawed chain", (9,), ("one",), (MISMATCH,))
    report = report_of(exchange(0, "https://a.test/", 200), stories=(*chains, told, Story("page", "A page", (1, 2))))
    shown = printed(report, 100)
    assert [f"Chain {i}\n" in shown for i in range(9)] == [True] * 2 + [False] * 7
    assert "Flawed chain" in shown
    assert "A page\n  Exchanges #1, #2" in shown
    assert "7 of redirect chain." in shown
    assert "27 more steps" in shown
    assert "step 29" in shown
    whole = printed(report, 100, verbose=1)
    assert "Chain 8" in whole
    assert whole.count("step 15") == 9


def test_severities_are_in_order_and_the_most_frequent_first():
    rare = Annotation("a/rare", Severity.NOTE, "Rare", "Seen once.")
    shown = printed(
        report_of(
            exchange(0, "https://a.test/", 200, rare),
            exchange(1, "https://a.test/", 200, NO_SAME_SITE),
            exchange(2, "https://a.test/", 200, NO_SAME_SITE, MISMATCH),
        )
    )
    places = [shown.index(text) for text in ("── Errors", "── Notes", NO_SAME_SITE.detail, "Rare", "── Exchanges")]
    assert places == sorted(places)


def test_small_captures_explain_each_exchange_and_large_ones_list_them():
    few = printed(report_of(*[exchange(i, "https://a.test/", 200, FOUND) for i in range(SMALL)]))
    assert few.count(FOUND.detail) == SMALL
    many = printed(report_of(*[exchange(i, "https://a.test/", 200, FOUND) for i in range(SMALL + 1)]))
    assert FOUND.detail not in many
    assert f"· status  {FOUND.title} ×{SMALL + 1}" in many
    assert (
        printed(report_of(*[exchange(i, "https://a.test/", 200, FOUND) for i in range(SMALL + 1)]), verbose=1).count(
            FOUND.detail
        )
        == SMALL + 1
    )


def test_of_very_many_exchanges_those_that_stand_out_are_listed():
    many = [exchange(i, f"https://a.test/{i}", 200) for i in range(500)]
    many[400] = exchange(400, "https://a.test/broken", 500, MISMATCH)
    shown = printed(report_of(*many))
    assert re.search(r"#400 .*✗1 .*a.test/broken", shown)
    assert "1 of 500 exchanges stands out" in shown
    assert len(shown.splitlines()) < 50
    assert "None of 500 exchanges stands out" in printed(report_of(*many[:400], *many[:100]))
    assert len(printed(report_of(*many), verbose=1).splitlines()) > 1000


def test_focused_reports_leave_out_exchanges_with_nothing_to_say():
    report = report_of(exchange(0, "https://quiet.test/", 200), exchange(1, "https://a.test/", 200, NOT_STORED))
    assert "quiet.test" in printed(report)
    assert "quiet.test" not in printed(report, focused=True)


def test_hints_use_real_values():
    shown = printed(small(), 120, command="inspector explain shop.har")
    assert "inspector rule cors/allow-origin-mismatch" in shown
    assert "inspector explain shop.har --entry 1 " in shown
    assert "inspector explain shop.har --only cors" in shown


def test_several_captures_are_told_apart():
    infos = (CaptureInfo("a.har", "har", None, 1), CaptureInfo("b.har", "har", None, 1))
    shown = printed(
        report_of(
            exchange(0, "https://a.test/", 200, MISMATCH),
            exchange(0, "https://a.test/", 200, MISMATCH, capture=1),
            captures=infos,
        ),
        command="inspector explain a.har b.har",
    )
    assert "#0: a.har" in shown
    assert "#0:0, #1:0" in shown
    assert "--entry 0:0" in shown


def test_nothing_found_is_said():
    shown = printed(report_of(exchange(0, "https://a.test/", 200)))
    assert "1 exchange: no errors, warnings or notes" in shown
    assert "0 exchanges" in printed(report_of())


def test_verbose_shows_verdicts_step_by_step_and_field_lines():
    shown = printed(small(), 100, verbose=1)
    for text in (
        "CORS: blocked, `AllowOriginMismatch`",
        "✗ fail    it is `*` or the request's origin - https://shop.test",
        "preflight needed because of method `PUT`, sent as #0",
        "Set-Cookie sid: stored",
        "until 2027-01-15 08:00:00 UTC",
        "Cookie theme: blocked, `SameSiteStrict`, set by #1",
        "Cache: not stored",
        "    Cookie: sid=[masked 1]",
    ):
        assert text in shown, text


# -- live -------------------------------------------------------------------------------------------------------


def test_live_tells_a_finding_in_full_once_for_an_origin():
    shown = live(small(), 110)
    assert shown.count("The two are compared") == 1
    assert "names another origin (as above)" in shown
    assert "· info  Not stored: `no-store`" in shown
    assert NOT_STORED.detail[:50] not in shown
    assert shown.endswith("worst: cors/allow-origin-mismatch, cors/wildcard-credentials, cookies/no-samesite\n")


def test_live_exchanges_take_one_line_however_long_the_url():
    shown = live(report_of(exchange(0, "https://a.test/" + "x" * 5000, 200, media_type="text/html")), 80)
    first, rest = shown.split("\n", 1)
    assert "…" in first
    assert first.endswith("→ 200 OK  h2  text/html  12.4 kB  34 ms")
    assert cell_len(first) <= 80
    assert rest.startswith("1 exchange")


# -- hostile text -----------------------------------------------------------------------------------------------


def hostile_report(text: str) -> Report:
    annotation = Annotation(
        text,
        Severity.ERROR,
        text,
        text,
        text,
        (
            Evidence("request.field", text, text, text[:5], text),
            Evidence("response.field", text, "x" * 500 + text + "y" * 500, text, text),
            Evidence("url", None, text),
        ),
        (text,),
        "depends",
        text,
    )
    told = exchange(
        0,
        text,
        200,
        annotation,
        method=text,
        reason=text,
        resource_type=text,
        media_type=text,
        page=text,
        error=text,
    )
    info = CaptureInfo(text, text, text, 2, (Skipped(1, text),), (text,), (PageInfo(text, text, text),))
    stories = (Story(text, text, (0,), (text,), (annotation,)),)
    return report_of(
        told, *(exchange(i, text, None, method=text) for i in range(1, 12)), stories=stories, captures=(info,)
    )


def everything(report: Report, color: str) -> str:
    return "".join(
        (
            *(
                printed(report, width, color, verbose=v, command="inspector explain x")
                for width in (40, 90)
                for v in (0, 1)
            ),
            live(report, 80, color),
        )
    )


def test_hostile_text_everywhere_is_harmless():
    plain = everything(hostile_report(HOSTILE), "never")
    assert all(line.isprintable() for line in plain.split("\n"))
    assert "\\x1b]0;owned\\x07" in plain
    assert "\\u202e" in plain
    styled = everything(hostile_report(HOSTILE), "always")
    bare = OUR_ESCAPES.sub("", styled)
    assert all(line.isprintable() for line in bare.split("\n"))
    assert "]8;" not in bare
    assert "[bold red]x[/bold red]" in bare.replace("\n", "")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), max_size=80) | st.text(st.sampled_from(HOSTILE + "漢\u0301\ud800`"), max_size=80))
def test_no_text_reaches_the_terminal_raw(text):
    for color in ("never", "always"):
        shown = OUR_ESCAPES.sub("", everything(hostile_report(text), color))
        assert all(line.isprintable() for line in shown.split("\n"))


def test_no_text_begins_a_line_of_its_own():
    shown = printed(report_of(exchange(0, "https://a.test/\n✗ error  forged\r✗ error  forged", 200)))
    assert not re.search(r"(?m)^\s*✗ error  forged", shown)


def test_ten_megabytes_in_every_text_stay_short():
    shown = everything(hostile_report("\x1b\u202e" + "A" * 10_000_000), "never")
    assert len(shown) < 600_000
    assert "characters …" in shown


# -- where it goes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "styled"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_when_to_style(choice, environ, terminal, styled):
    class Stream(io.StringIO):
        def isatty(self):
            return terminal

    assert wants_style(choice, Stream(), environ) is styled


def test_streams_without_unicode_get_ascii():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    Terminal(make_console("never", stream, width=80)).report(report_of(exchange(0, "https://漢.test/é", 200, FOUND)))
    stream.flush()
    shown = raw.getvalue().decode("ascii")
    assert "GET https://\\u6f22.test/\\xe9 -> 200 OK" in shown
    assert AsciiWriter(io.StringIO()).write("é") == 1


def test_plain_output_has_no_escape_at_all():
    assert "\x1b" not in printed(small(), verbose=1)


def test_a_range_within_one_grade_names_the_grade_once():
    def said(low: Score, high: Score) -> str:
        return Text.assemble(*_score(low, high)).plain

    assert said(Score(0, "F"), Score(10, "F")) == "F (0 to 10 of 100)"
    assert said(Score(10, "F"), Score(35, "D")) == "at least F (10), at most D (35 of 100)"
    assert said(Score(35, "D"), Score(35, "D")) == "D (35 of 100)"


def test_the_stories_most_about_an_entry_come_first():
    stories = (Story("page-load", "Page load of it all", tuple(range(30))), Story("preflight", "Refused: PUT", (0, 1)))
    report = replace(report_of(exchange(0, "https://a.test/", 200)), stories=stories)
    out = io.StringIO()
    Terminal(make_console("never", out)).entries(report)
    assert 0 < out.getvalue().index("Refused: PUT") < out.getvalue().index("Page load of it all")

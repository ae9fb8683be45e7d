"""A page's load: what led to what, what rendering waited for, the longest chain, and what became of its hints."""

from __future__ import annotations

import string

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine import Engine, Options
from inspector.exchange import Exchange, Initiator, Page, Timings
from inspector.report import Story
from inspector.rules.example import EXAMPLE_START, parse_example
from tests.conftest import needs_real_captures, real_captures

HOME = "https://shop.test/"


def exchange(index: int, url: str, kind: str, start: float, took: float, content: str = "", **known) -> Exchange:
    """One exchange; `start` and `took` in ms, `by` the initiator, `loaded` when the page's load event was."""
    types = {"document": "text/html", "stylesheet": "text/css", "script": "text/javascript", "font": "font/woff2"}
    fields = f"Content-Type: {types.get(kind, 'image/png')}\n{known.get('fields', '')}"
    status = known.get("status", 200)
    request = "\n".join([f"{known.get('method', 'GET')} {url} HTTP/2", *known.get("sends", ())])
    (made,) = parse_example(f"# type: {kind}\n{request}\n\nHTTP/2 {status}\n{fields.strip()}\n\n{content}")
    by = known.get("by")
    page = Page("p", url=HOME, started=EXAMPLE_START, loaded=known.get("loaded"), content_loaded=known.get("ready"))
    context = msgspec.structs.replace(
        made.context,
        page=None if known.get("live") else page,
        initiator=Initiator(url=by) if by else None,
        served_from=known.get("served_from"),
        frame=known.get("frame"),
    )
    timings = Timings(
        started=EXAMPLE_START + start / 1000, total=took, wait=took / 2, receive=took / 2, connect=known.get("connect")
    )
    return msgspec.structs.replace(made, index=index, context=context, timings=timings)


def stories(*exchanges: Exchange) -> list[Story]:
    engine = Engine(Options())
    for one in exchanges:
        engine.observe(one)
    return [story for story in engine.finish() if story.kind == "page-load"]


def story(*exchanges: Exchange) -> Story:
    (told,) = stories(*exchanges)
    return told


def said(told: Story) -> str:
    return "\n".join(told.steps)


def rules(told: Story) -> list[str]:
    return [annotation.rule for annotation in told.annotations]


MARKUP = "<!doctype html><head><link rel=stylesheet href=/a.css><script src=/a.js></script><body><img src=/i.png>"


def test_a_page_with_what_blocks_it_and_its_longest_chain():
    told = story(
        exchange(0, HOME, "document", 0, 100, MARKUP, ready=390, loaded=700),
        exchange(1, HOME + "a.css", "stylesheet", 110, 100, by=HOME),
        exchange(2, HOME + "a.js", "script", 110, 250, by=HOME),
        exchange(3, HOME + "f.woff2", "font", 215, 400, by=HOME + "a.css"),
        exchange(4, HOME + "i.png", "image", 400, 50, by=HOME),
        exchange(5, HOME + "late.png", "image", 800, 50, by=HOME),
    )
    assert told.title.startswith("Page load of `https://shop.test/`: 6 exchanges")
    assert told.title.endswith("load event after 700 ms")
    text = said(told)
    assert "5 further exchanges: 2 images, 1 stylesheet, 1 script and 1 font" in text
    assert "1 by `a.css` (#1)" in text
    assert (
        "Nothing could be painted before 1 stylesheet and 1 script of the document's head had come: `a.js` (#2)" in text
    )
    assert "after 360 ms" in text
    assert "→ `a.css` (#1) until 210 ms → `f.woff2` (#3) until 615 ms" in text
    assert "`DOMContentLoaded` after 390 ms and `load` after 700 ms; 1 exchange began after the load event." in text
    bars = {bar.exchange: bar for bar in told.timeline}
    assert [n for n, bar in bars.items() if bar.critical] == [0, 1, 3]
    assert [n for n, bar in bars.items() if bar.blocking] == [1, 2]
    assert bars[3].initiator == 1
    assert (bars[2].start, bars[2].duration, bars[2].phases) == (110.0, 250.0, {"wait": 125.0, "receive": 125.0})
    assert [(moment.name, moment.at) for moment in told.moments] == [("DOMContentLoaded", 390.0), ("load", 700.0)]


TO_A_PAGE = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
TO_A_FRAME = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")


@pytest.mark.parametrize(
    ("to_page", "to_frame"),
    [
        ({"sends": TO_A_PAGE}, {"sends": TO_A_FRAME}),
        ({"frame": "top"}, {"frame": "inner"}),  # over plain HTTP, where Sec-Fetch-* is not sent
    ],
)
def test_each_navigation_of_a_tab_is_a_page_of_its_own(to_page, to_frame):
    """Playwright records one page a tab, and the moments of the last one in it."""
    login, home = HOME + "login", HOME + "home"
    first, second = stories(
        exchange(0, login, "document", 0, 100, MARKUP, loaded=5600, ready=5500, **to_page),
        exchange(1, HOME + "a.css", "stylesheet", 110, 100),
        exchange(2, HOME + "ad.html", "document", 120, 100, "<!doctype html>", **to_frame),
        exchange(3, HOME + "save", "document", 4000, 50, status=204, **to_page),
        exchange(4, HOME + "x.csv", "document", 4100, 50, fields="Content-Disposition: attachment", **to_page),
        exchange(5, login, "document", 5000, 100, method="POST", status=303, fields="Location: /home", **to_page),
        exchange(6, home, "document", 5200, 100, MARKUP, **to_page),
        exchange(7, HOME + "b.css", "stylesheet", 5310, 100),
    )
    assert first.title == f"Page load of `{login}`: 5 exchanges, 118 bytes, all there after 4.1 seconds"
    assert (first.exchanges, second.exchanges) == ((0, 1, 2, 3, 4), (5, 6, 7))
    assert second.title == f"Page load of `{home}`: 3 exchanges, 103 bytes, load event after 600 ms"
    assert "after 1 redirect that took 200 ms" in said(second)
    assert (first.moments, len(second.moments)) == ((), 2)


@pytest.mark.parametrize("sends", [TO_A_PAGE, ("Upgrade-Insecure-Requests: 1",)])
def test_seen_by_a_proxy_a_form_that_leads_to_another_page_is_no_part_of_the_one_it_was_on(sends):
    login = HOME + "login"
    first, second = stories(
        exchange(0, login, "document", 0, 100, MARKUP, live=True, sends=sends),
        exchange(1, HOME + "a.css", "stylesheet", 110, 100, live=True, sends=(f"Referer: {login}",)),
        exchange(
            2,
            login,
            "document",
            1000,
            100,
            live=True,
            method="POST",
            status=303,
            fields="Location: /home",
            sends=(*sends, f"Referer: {login}"),
        ),
        exchange(3, HOME + "home", "document", 4200, 90, MARKUP, live=True, sends=(*sends, f"Referer: {login}")),
        exchange(4, HOME + "b.css", "stylesheet", 4310, 100, live=True, sends=(f"Referer: {HOME}home",)),
    )
    assert (first.exchanges, second.exchanges) == ((0, 1), (3, 4))
    assert "after 1 redirect" in said(second)


@pytest.mark.parametrize(
    "head",
    [
        "<script src=/a.js defer></script>",
        "<script src=/a.js async></script>",
        "<script src=/a.js type=module></script>",
        "<link rel=stylesheet href=/a.js media=print>",
        "<link rel='alternate stylesheet' href=/a.js>",
        "<body><script src=/a.js></script>",
    ],
)
def test_what_does_not_block_rendering_is_not_said_to(head: str):
    told = story(
        exchange(0, HOME, "document", 0, 100, f"<!doctype html><head>{head}"),
        exchange(1, HOME + "a.js", "script", 110, 100),
    )
    assert "No external stylesheet or script of the head held up rendering." in told.steps


def test_a_document_that_was_not_recorded_is_no_reason_to_guess():
    told = story(exchange(0, HOME, "document", 0, 100), exchange(1, HOME + "a.css", "stylesheet", 110, 100))
    assert "What rendering waited for is not known" in said(told)
    cut = exchange(0, HOME, "document", 0, 100, "<!doctype html><title>x")
    body = msgspec.structs.replace(cut.response.body, size=90_000)
    cut = msgspec.structs.replace(cut, response=msgspec.structs.replace(cut.response, body=body))
    assert "not known" in said(story(cut, exchange(1, HOME + "a.css", "stylesheet", 110, 100)))


def test_redirects_come_before_the_document():
    told = story(
        exchange(0, "http://shop.test/", "document", 0, 80, status=301, fields=f"Location: {HOME}"),
        exchange(1, HOME, "document", 80, 100, MARKUP),
        exchange(2, HOME + "a.css", "stylesheet", 190, 60),
    )
    assert "after 1 redirect that took 80 ms" in told.steps[0]
    assert "`shop.test` (#0) until 80 ms → `shop.test` (#1)" in said(told)


def test_times_count_from_where_the_recorder_counts_them():
    told = story(
        exchange(0, HOME, "document", 400, 100, MARKUP, loaded=900), exchange(1, HOME + "a.js", "script", 520, 100)
    )
    assert told.title.endswith("load event after 900 ms")
    assert told.timeline[0].start == 400.0
    assert "took 100 ms" in told.steps[0]


def test_a_recorder_without_totals_has_phases():
    page = exchange(0, HOME, "document", 0, 100, MARKUP)
    page = msgspec.structs.replace(page, timings=msgspec.structs.replace(page.timings, total=0.0, blocked=84.0))
    assert "took 184 ms" in story(page, exchange(1, HOME + "a.js", "script", 200, 100)).steps[0]


def test_a_file_that_never_came_held_nothing_up():
    gone = exchange(2, HOME + "a.css", "stylesheet", 110, 300)
    gone = msgspec.structs.replace(gone, response=None)
    told = story(exchange(0, HOME, "document", 0, 100, MARKUP), exchange(1, HOME + "a.js", "script", 110, 50), gone)
    assert "before 1 script of the document's head had come: `a.js` (#1), after 160 ms" in said(told)


def preloading(hint: str, *rest: Exchange, body: str = "", **known) -> Story:
    return story(exchange(0, HOME, "document", 0, 100, f"<!doctype html><head>{hint}<body>{body}", **known), *rest)


def script(index: int, **known) -> Exchange:
    return exchange(index, HOME + "a.js", "script", 100 + index, 100, known.pop("content", "run()"), **known)


def test_a_preload_that_is_used():
    told = preloading("<link rel=preload as=script href=/a.js>", script(1), body="<script src=/a.js></script>")
    assert "Preloaded and used: `a.js`." in told.steps
    assert rules(told) == []


def test_a_preload_that_nothing_names_is_unused():
    told = preloading("<link rel=preload as=script href=/a.js>", script(1))
    assert rules(told) == ["hints/preload-unused"]
    (found,) = told.annotations
    assert found.certainty == "likely"
    assert "`a.js` was preloaded" in found.detail
    by_field = preloading("", script(1), fields="Link: </a.js>; rel=preload; as=script")
    assert rules(by_field) == ["hints/preload-unused"]


def test_a_preload_that_a_script_names_is_used():
    loader = exchange(2, HOME + "loader.js", "script", 105, 20, "import('./a.js')")
    told = preloading(
        "<link rel=preload as=script href=/a.js>", script(1), loader, body="<script src=/loader.js></script>"
    )
    assert rules(told) == []
    assert "Preloaded and used: `a.js`." in told.steps


def test_a_preload_is_not_called_unused_where_contents_are_missing():
    unread = exchange(2, HOME + "loader.js", "script", 105, 20, "")
    told = preloading(
        "<link rel=preload as=script href=/a.js>", script(1), unread, body="<script src=/loader.js></script>"
    )
    assert rules(told) == []
    assert "whether it was used is not known" in said(told)


def test_a_name_that_is_put_together_from_a_hash_counts_as_named():
    chunk = exchange(1, HOME + "chunk.9f86d081.js", "script", 101, 20, "run()")
    loader = exchange(2, HOME + "loader.js", "script", 105, 20, 'load("chunk." + {1:"9f86d081"}[1] + ".js")')
    hint = "<link rel=preload as=script href=/chunk.9f86d081.js>"
    assert rules(preloading(hint, chunk, loader, body="<script src=/loader.js></script>")) == []


def test_a_preload_for_another_purpose():
    told = preloading(
        "<link rel=preload as=image href=/a.js>", script(1), script(2), body="<script src=/a.js></script>"
    )
    assert rules(told) == ["hints/preload-wrong-as"]
    assert "`as=image` and used as `script`" in told.annotations[0].detail
    font = [exchange(n, HOME + "f.woff2", kind, 100 + n, 50) for n, kind in ((1, "stylesheet"), (2, "font"))]
    told = preloading("<link rel=preload as=style crossorigin href=/f.woff2>", *font)
    assert rules(told) == ["hints/preload-wrong-as"]


def test_a_font_that_was_fetched_twice_is_the_exchange_rules_finding_and_the_storys_step():
    font = [exchange(n, HOME + "f.woff2", "font", 100 + n, 50) for n in (1, 2)]
    told = preloading("<link rel=preload as=font href=/f.woff2>", *font)
    assert rules(told) == []
    assert "`f.woff2` was preloaded (#1) and requested once more (#2, over the network)" in said(told)
    cached = exchange(2, HOME + "f.woff2", "font", 102, 1, served_from="disk-cache")
    assert "(#2, out of a cache)" in said(preloading("<link rel=preload as=font href=/f.woff2>", font[0], cached))


def test_a_hint_after_its_use_is_too_late():
    told = preloading("<script src=/a.js></script><link rel=preload as=script href=/a.js>", script(1))
    assert rules(told) == ["hints/too-late"]
    there = exchange(1, "https://cdn.test/b.js", "script", 101, 50)
    told = preloading("<script src=https://cdn.test/b.js></script><link rel=preconnect href=https://cdn.test>", there)
    assert rules(told) == ["hints/too-late"]


def test_connections_hinted_at():
    there = exchange(1, "https://cdn.test/b.js", "script", 101, 50)
    told = preloading(
        "<link rel=preconnect href=https://cdn.test><link rel=dns-prefetch href=//gone.test>"
        "<script src=https://cdn.test/b.js></script>",
        there,
    )
    assert rules(told) == ["hints/connection-unused"]
    assert "`https://gone.test`" in told.annotations[0].detail
    assert "Connections hinted at and used: `https://cdn.test`." in told.steps


def test_a_preconnect_that_fonts_cannot_take():
    font = exchange(1, "https://fonts.test/f.woff2", "font", 101, 50, connect=20.0)
    assert rules(preloading("<link rel=preconnect href=https://fonts.test>", font)) == ["hints/preconnect-crossorigin"]
    assert rules(preloading("<link rel=preconnect href=https://fonts.test crossorigin>", font)) == []
    open_already = exchange(1, "https://fonts.test/f.woff2", "font", 101, 50)
    assert rules(preloading("<link rel=preconnect href=https://fonts.test>", open_already)) == []


def test_without_a_recorders_word_a_page_is_over_when_it_has_been_quiet():
    first = [
        exchange(0, HOME, "document", 0, 100, MARKUP, live=True),
        exchange(1, HOME + "a.css", "stylesheet", 110, 60, live=True, by=HOME),
        exchange(2, "https://cdn.test/i.png", "image", 180, 60, live=True, by=HOME),
    ]
    other = exchange(3, "https://other.test/", "document", 9_000, 100, MARKUP, live=True)
    engine = Engine(Options())
    for one in first:
        engine.observe(one)
    assert engine.stories() == ()
    engine.observe(other)
    (told,) = [story for story in engine.stories() if story.kind == "page-load"]
    assert told.exchanges == (0, 1, 2)
    assert not [story for story in engine.finish() if story.kind == "page-load"]


def test_the_same_finding_is_told_once():
    pages = []
    for n in (0, 2):
        page = exchange(n, HOME, "document", n, 50, "<!doctype html><link rel=preload as=script href=/a.js>")
        context = msgspec.structs.replace(page.context, page=Page(f"p{n}", url=HOME))
        pages += [
            msgspec.structs.replace(one, context=msgspec.structs.replace(one.context, page=context.page))
            for one in (page, script(n + 1))
        ]
    told = stories(*pages)
    assert [rules(one) for one in told] == [["hints/preload-unused"], []]


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=120),
    st.lists(st.text(alphabet=string.printable, max_size=30), max_size=4),
    st.floats(-1e6, 1e9),
)
def test_no_markup_is_too_strange(markup: str, hrefs: list[str], start: float):
    links = "".join(f"<link rel='preload preconnect' as=script href='{href}'>" for href in hrefs)
    page = exchange(0, HOME, "document", 0, 100, f"<p>{links}{markup}".replace("\n", " "))
    engine = Engine(Options())
    engine.observe(page)
    engine.observe(exchange(1, HOME + "a.js", "script", start, 100))
    assert not [s for s in engine.finish() if s.kind == "internal-error"]


@needs_real_captures
def test_real_pages_are_told():
    from inspector.explain import explain

    (capture,) = [str(path) for path in real_captures() if "withHtmlContent" in path.name]
    told = [s for s in explain([capture], Options()).stories if s.kind == "page-load"]
    assert len(told) == 3
    assert all("`jquery.js`" in said(one) and len(one.timeline) == 36 for one in told)


def drawn(told: Story) -> list[tuple[str, str, str, int | None]]:
    return [(arrow.source, arrow.target, arrow.label, arrow.exchange) for arrow in told.arrows]


def test_a_page_is_drawn_with_its_sites_and_its_critical_path():
    told = story(
        exchange(0, "http://shop.test/", "document", 0, 20, status=301, fields="Location: https://shop.test/\n"),
        exchange(1, HOME, "document", 30, 100, "<!doctype html><p>"),
        exchange(2, "https://shop.test/app.js", "script", 140, 60, by=HOME),
        exchange(3, "https://cdn.test/a.png", "image", 150, 50, by=HOME),
        exchange(4, "https://cdn.test/b.png", "image", 150, 90, by=HOME),
        exchange(5, "https://cdn.test/c.png", "image", 150, 20, by=HOME, status=404),
        exchange(6, "https://cdn.test/d.png", "image", 210, 400, by="https://shop.test/app.js"),
        exchange(7, "https://shop.test/kept.css", "stylesheet", 140, 1, by=HOME, served_from="disk-cache"),
    )
    assert told.participants == ("browser", "shop.test", "cdn.test")
    assert drawn(told) == [
        ("browser", "shop.test", "http: GET /", 0),
        ("shop.test", "browser", "301, after 20 ms", 0),
        ("browser", "shop.test", "https: GET /", 1),
        ("shop.test", "browser", "200, after 100 ms", 1),
        ("browser", "shop.test", "asks for 1 script", 2),
        ("shop.test", "browser", "answers ×1, until 200 ms", None),
        ("browser", "cdn.test", "asks for 4 images", 3),
        ("cdn.test", "browser", "answers ×3, until 610 ms", None),
        ("cdn.test", "browser", "1 failed: 404", 5),
        ("browser", "browser", "1 file out of a cache", 7),
        ("browser", "shop.test", "critical path 3: app.js, until 200 ms", 2),
        ("browser", "cdn.test", "critical path 4: d.png, until 610 ms", 6),
    ]
    assert [told.steps[arrow.step][:13] for arrow in told.arrows[-2:]] == ["Critical path"] * 2
    assert sorted(told.exchanges) == list(range(8))


def test_a_preflight_is_called_one():
    (asked,) = parse_example(
        "OPTIONS https://api.test/a HTTP/2\nOrigin: https://shop.test\nAccess-Control-Request-Method: PUT\n\nHTTP/2 204\nA: b\n"
    )
    like = exchange(1, "https://api.test/a", "fetch", 100, 20, by=HOME)
    asked = msgspec.structs.replace(asked, index=1, timings=like.timings, context=like.context)
    told = story(exchange(0, HOME, "document", 0, 50), asked)
    assert "1 further exchange: 1 preflight." in said(told)


def test_many_sites_share_a_column():
    parts = [exchange(n, f"https://s{n}.test/a.png", "image", 100 + n, 10, by=HOME) for n in range(1, 9)]
    told = story(exchange(0, HOME, "document", 0, 50), *parts)
    assert len(told.participants) == 5
    assert told.participants[-1] == "6 other sites"
    assert ("browser", "6 other sites", "asks for 6 images", 2) in drawn(told)


PAGE_2 = "https://shop.test/two"


def two_pages(second: Exchange, *, live: bool = False) -> list[Story]:
    """A page that prefetches, and one that comes a while after it."""
    ahead = "<!doctype html><link rel=prefetch href=/next.js><link rel=prefetch href=/never.js><p>"
    first = [
        exchange(0, HOME, "document", 0, 50, ahead),
        exchange(1, "https://shop.test/next.js", "script", 60, 40, by=HOME),
    ]
    other = [exchange(2, PAGE_2, "document", 20_000, 50, "<!doctype html><script src=/next.js></script>"), second]
    page = Page("q", url=PAGE_2, started=EXAMPLE_START + 20)
    other = [msgspec.structs.replace(x, context=msgspec.structs.replace(x.context, page=page)) for x in other]
    return stories(*first, *other)


def test_what_was_prefetched_is_followed_to_the_page_that_needs_it():
    kept = exchange(3, "https://shop.test/next.js", "script", 20_060, 1, served_from="disk-cache")
    first, second = two_pages(kept)
    assert (
        "2 files for pages to come (`prefetch`): `next.js` (#1, asked for later in #3); 1 not fetched during this load."
        in first.steps
    )
    assert second.steps[-1] == (
        "`next.js` was prefetched by `https://shop.test/` (#1) and came out of the cache when this page needed it (#3)."
    )
    assert rules(first) == rules(second) == []


@pytest.mark.parametrize(("status", "found"), [(200, ["hints/prefetch-again"]), (304, []), (503, [])])
def test_a_prefetched_file_that_is_fetched_again(status: int, found: list[str]):
    again = exchange(3, "https://shop.test/next.js", "script", 20_060, 30, status=status)
    assert rules(two_pages(again)[1]) == found


def test_a_prefetched_file_that_nobody_asks_for():
    other = exchange(3, "https://shop.test/else.js", "script", 20_060, 30)
    assert any("`next.js` (#1, not asked for later in this recording)" in step for step in two_pages(other)[0].steps)

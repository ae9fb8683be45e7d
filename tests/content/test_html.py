"""Pages are read as browsers read them, and whatever they hold."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.content.html import LIMIT, HtmlPage, parse_html, runs_script


def tags(page: HtmlPage) -> list[str]:
    return [e.tag for e in page.elements]


def test_elements_in_document_order_with_their_attributes():
    page = parse_html(
        '<!doctype html><meta charset=utf-8><TITLE> A \n shop </TITLE><script SRC="/a.js" async></script>'
    )
    assert tags(page) == ["meta", "title", "script"]
    assert page.title == "A shop"
    assert page.scripts[0].attributes == {"src": "/a.js", "async": ""}


def test_script_text_is_kept_as_written():
    page = parse_html("<script nonce=n>if (a < b && c) { s = '&amp;' }</script>")
    assert page.scripts[0].text == "if (a < b && c) { s = '&amp;' }"
    assert page.scripts[0].get("nonce") == "n"


def test_what_is_inert_in_a_browser_is_left_out():
    page = parse_html(
        "<head><noscript><img src=pixel></noscript><link rel=icon href=i></head>"
        "<!-- <script src=old.js></script> --><template><img src=later></template><img src=shown>"
    )
    assert tags(page) == ["link", "img"]
    assert page.having("img")[0].get("src") == "shown"


def test_noscript_written_by_a_script_stays_in_the_script():
    text = "document.write('<noscript>x</noscript>')"
    assert parse_html(f"<script>{text}</script>").scripts[0].text == text


def test_handlers_on_any_element():
    page = parse_html('<div onclick="go()" class=a></div><p class=b>no</p><b style="color:red">')
    assert tags(page) == ["div", "b"]
    assert page.elements[0].handlers == (("onclick", "go()"),)


def test_controls_belong_to_their_form():
    page = parse_html("<form action=a><p><input name=x></p></form><input name=y><form><select name=z></select></form>")
    assert [c.get("name") for c in page.controls(0)] == ["x"]
    assert [c.get("name") for c in page.controls(1)] == ["z"]


def test_base_and_references():
    page = parse_html('<base target=_top><base href="/shop/"><base href="/late/">')
    assert page.resolve("https://shop.test/x/y", " cart ") == "https://shop.test/shop/cart"
    assert parse_html("").resolve("https://shop.test/", "http://[") == ""


def test_http_equiv():
    page = parse_html(
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\"><meta http-equiv=refresh>"
    )
    assert page.http_equiv("content-security-policy") == ("default-src 'self'",)
    assert page.http_equiv("refresh") == ()


def test_data_blocks_are_no_scripts():
    page = parse_html(
        "<script></script><script type=module></script><script type='Text/JavaScript '></script><script language=javascript>"
        "</script><script type=application/ld+json></script><script type=importmap></script><script language=vbscript></script>"
    )
    assert [runs_script(s) for s in page.scripts] == [True, True, True, True, False, False, False]


def test_a_page_over_the_limit_is_cut_and_says_so():
    page = parse_html("<p>" * 10 + "x" * LIMIT + "<img src=far>")
    assert page.truncated
    assert not page.elements


def test_a_large_page_is_read_quickly():
    text = "<div class=a><a href='/x'>x</a><img src=/i></div>" * 20_000
    start = time.process_time()
    assert len(parse_html(text).elements) == 40_000
    assert time.process_time() - start < 2


@given(
    st.text()
    | st.lists(
        st.sampled_from(["<", ">", "</", "script", "noscript", "form", "'", '"', "=", " onx", "\0", "\ud800", "<!--"])
    ).map("".join)
)
def test_no_text_is_too_strange(text: str):
    parse_html(text)


def test_the_text_of_a_style_is_its_own():
    page = parse_html("<svg>" + "<style>a" * 2000)  # in SVG, where elements of that name hold others
    assert {element.text for element in page.elements} == {"a"}


@pytest.mark.parametrize("piece", ["<!--", "<script", "<noscript", "<noscript>", "<title>a", "<!--<script>"])
def test_what_is_not_closed_goes_on_to_the_end(piece: str):
    """As browsers have it; and a million characters of it take no time to speak of."""
    assert tags(parse_html("<link><noscript><a></a></noscript>" + piece * (1_000_000 // len(piece))))[:1] == ["link"]
    assert "img" not in tags(parse_html(f"<noscript></noscript>{piece} <img src=/a>"))
    assert "img" not in tags(parse_html(f"<!--><!---><noscript><img></noscript>{piece} <img src=/a>"))


def test_controls_deep_in_forms_know_theirs():
    deep = "<div>" * 3000
    page = parse_html(
        f"<input id=0>{deep}<input id=1></div><form>{deep}<input id=2>{'</div>' * 3000}</form><input id=3>"
    )
    assert [e.form for e in page.having("input")] == [None, None, 0, None]
    assert [e.get("id") for e in page.controls(0)] == ["2"]
    assert page.controls(1) == ()

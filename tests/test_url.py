from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from publicsuffixlist import PSLFILE, PublicSuffixList

from inspector.site import is_public_suffix, registrable_domain, same_site
from inspector.url import is_loopback, join, parse, resolve


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Shop.test/a", "https://shop.test"),
        ("https://shop.test:443/", "https://shop.test"),
        ("https://shop.test:8443/", "https://shop.test:8443"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("ws://shop.test/", "ws://shop.test"),
        ("data:text/plain,hi", "null"),
        ("about:blank", "null"),
        ("http://shop.test:bad/", "http://shop.test"),
        ("http://[broken", "null"),
        ("", "null"),
    ],
)
def test_origin(text, origin):
    assert parse(text).origin == origin


@given(st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), st.text("ab.-1", min_size=1), st.text()))
@example("http://a.test?b#c?d#e")
@example("https://a.test/;b[c]?d=%20#")
def test_a_plain_url_is_taken_apart_as_the_library_does(text):
    try:
        parts = urlsplit(text)
    except ValueError:
        return
    url = parse(text)
    assert (url.scheme, url.host) == (parts.scheme, (parts.hostname or "").lower())
    assert (url.path, url.query, url.fragment) == (parts.path, parts.query, parts.fragment)


@given(st.text())
def test_parse_never_raises(text):
    parse(text)
    join("https://shop.test/", text)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.test", "10.0.0.1", "", "example.com"])
def test_not_loopback(host):
    assert not is_loopback(host)


def test_sites():
    assert registrable_domain("a.b.example.co.uk") == "example.co.uk"
    assert registrable_domain("co.uk") is None
    assert registrable_domain("127.0.0.1") is None
    assert is_public_suffix("github.io")
    assert not is_public_suffix("example.com")
    assert registrable_domain("a.b.no-such-top") == "b.no-such-top"
    assert registrable_domain("localhost") is None


def test_the_part_of_the_list_for_one_top_level_domain_says_what_the_whole_list_says():
    whole = PublicSuffixList(accept_encoded_idn=False)
    rules = [line for line in Path(PSLFILE).read_text("utf-8").splitlines() if line and not line.startswith("//")]
    names = [rule.lstrip("*.!") for rule in rules[::7]]
    for name in [under + name for name in names for under in ("", "b.", "c.b.a.")]:
        assert registrable_domain(name) == whole.privatesuffix(name)
        assert is_public_suffix(name) == whole.is_public(name)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://a.shop.test/", "https://b.shop.test/", True),
        ("https://a.shop.test/", "http://b.shop.test/", False),
        ("wss://a.shop.test/", "https://b.shop.test/", True),
        ("https://a.github.io/", "https://b.github.io/", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:2/", True),
        ("https://127.0.0.1/", "https://127.0.0.2/", False),
        ("data:,", "data:,", False),
    ],
)
def test_same_site(a, b, same):
    assert same_site(parse(a), parse(b)) is same


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://www.shop.test", "https://www.shop.test/"),
        ("HTTPS://WWW.Shop.test:443?x", "https://www.shop.test/?x"),
        ("http://shop.test:443/", "http://shop.test:443/"),
        ("//cdn.test/a", "https://cdn.test/a"),
        ("///cdn.test/a", "https://cdn.test/a"),
        ("\\\\cdn.test\\a?b\\c", "https://cdn.test/a?b\\c"),
        ("/x/../y/./z/..", "https://shop.test/y/"),
        ("../../../x", "https://shop.test/x"),
        ("%2e%2E/x", "https://shop.test/x"),
        ("x..y/.z", "https://shop.test/a/x..y/.z"),
        ("img//x.png", "https://shop.test/a/img//x.png"),
        ("?q", "https://shop.test/a/b?q"),
        ("?", "https://shop.test/a/b?"),
        ("#f", "https://shop.test/a/b?c#f"),
        ("", "https://shop.test/a/b?c"),
        (' \n/a b\t"<>`{}|^é%\r', "https://shop.test/a%20b%22%3C%3E%60%7B%7D%7C%5E%C3%A9%"),
        ("?a b'\"é`{}|", "https://shop.test/a/b?a%20b%27%22%C3%A9`{}|"),
        ("#a b'é`", "https://shop.test/a/b?c#a%20b'%C3%A9%60"),
        ("https:page", "https://shop.test/a/page"),
        ("https:/page", "https://shop.test/page"),
        ("http:page", "http://page/"),
        ("http://bücher.test/", "http://xn--bcher-kva.test/"),
        ("http://u:p@shop.test", "http://u:p@shop.test/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("java\nscript:x()", "javascript:x()"),
        ("mailto:a@shop.test", "mailto:a@shop.test"),
        ("data:,a b", "data:,a b"),
        ("https://", None),
        ("https://a b/", None),
        ("https://shop.test:99999/", None),
    ],
)
def test_references_become_what_browsers_ask_for(reference, url):
    base = "https://shop.test/a/b?c#d"
    if url is None:
        with pytest.raises(ValueError, match=r"."):
            resolve(base, reference)
        assert join(base, reference) == reference
    else:
        assert resolve(base, reference) == url
        assert resolve(base, url) == url


@given(
    st.sampled_from(["https://shop.test", "http://shop.test:8080/a/b?c#d"]),
    st.text("ab:/\\.?#%2e @[]é \t", max_size=20),
)
def test_what_is_resolved_stays(base, reference):
    found = join(base, reference)
    if found.startswith("http"):
        assert join(base, found) == found

"""Names as RFC 9525 compares them, and name constraints as RFC 5280 does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.trust.constraints import outside
from inspector.trust.names import match_name, reference_host


@pytest.mark.parametrize(
    ("host", "names", "matches"),
    [
        ("shop.test", ["shop.test"], True),
        ("shop.test", ["SHOP.test."], True),
        ("www.shop.test", ["*.shop.test"], True),
        ("shop.test", ["*.shop.test"], False),
        ("a.b.shop.test", ["*.shop.test"], False),
        ("www.shop.test", ["w*.shop.test"], False),
        ("www.shop.test", ["www.*.test"], False),
        ("www.shop.test", ["*"], False),
        ("shop.com", ["*.com"], False),
        ("shop.co.uk", ["*.co.uk"], False),
        ("someone.github.io", ["*.github.io"], True),
        ("xn--bcher-kva.example", ["xn--bcher-kva.example"], True),
        ("127.0.0.1", ["127.0.0.1"], False),
        ("shop.test", [], False),
    ],
)
def test_dns_names(host: str, names: list[str], matches: bool):
    found = match_name(host, names, [])
    assert found.matches is matches
    assert found.because.endswith(".")


def test_addresses_and_common_names():
    assert match_name("127.0.0.1", [], ["127.0.0.1"]).matches
    assert match_name("::1", [], ["::1"]).matches
    none = match_name("shop.test", [], [], "shop.test", has_names=False)
    assert not none.matches
    assert "shop.test" in none.because


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Shop.Test.", "shop.test"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_reference_hosts(text: str, host: str):
    assert reference_host(text) == host


@pytest.mark.parametrize("text", ["", "..", "a b", "shop.test/path", "x" * 64, "-\x00"])
def test_what_is_no_host(text: str):
    with pytest.raises(ValueError):
        reference_host(text)


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=4))
def test_no_name_breaks_it(host: str, names: list[str]):
    assert match_name(host, names, []).because
    try:
        reference_host(host)
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("names", "addresses", "permitted", "excluded", "bad"),
    [
        (["shop.test", "a.shop.test"], [], ["shop.test"], [], ()),
        (["myshop.test"], [], ["shop.test"], [], ("myshop.test",)),
        (["*.shop.test"], [], ["shop.test"], [], ()),
        ([], ["127.0.0.1"], ["shop.test"], [], ()),
        ([], ["127.0.0.1"], ["shop.test"], ["0.0.0.0/0"], ("127.0.0.1",)),
        ([], ["10.1.2.3", "::1"], ["10.0.0.0/8"], [], ("::1",)),
        (["bad.shop.test"], [], ["shop.test"], ["bad.shop.test"], ("bad.shop.test",)),
    ],
)
def test_constraints(names, addresses, permitted, excluded, bad):
    assert outside(names, addresses, permitted, excluded) == bad

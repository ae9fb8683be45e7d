"""Security fields: values to what browsers take from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.fields.csp import parse_csp
from inspector.fields.framing import get_decode_split, is_nosniff, x_frame_options
from inspector.fields.hsts import parse_hsts
from inspector.fields.isolation import parse_coep, parse_coop, parse_corp, parse_permissions_policy
from inspector.fields.referrer_policy import parse_referrer_policy


@pytest.mark.parametrize(
    ("value", "max_age", "wide", "preload"),
    [
        ("max-age=31536000", 31536000, False, False),
        ("max-age=0", 0, False, False),
        ('max-age="31536000"', 31536000, False, False),
        ("MAX-AGE=1; INCLUDESUBDOMAINS; PreLoad", 1, True, True),
        ("includeSubDomains; max-age=1", 1, True, False),
        (" max-age = 1 ; includeSubDomains ", 1, True, False),
        (";; max-age=1 ;", 1, False, False),
        ("max-age=1; x; y=z; q=\"a;b, c\"", 1, False, False),
        ("max-age=00060", 60, False, False),
        ("max-age=1; x; x", 1, False, False),
        ("max-age=1;;x", 1, False, False),
        ('max-age="6\\0"', 60, False, False),
        ("max-age=1; preload=1", 1, False, True),
        ("max-age=" + "9" * 5000, None, False, False),
    ],
)  # fmt: skip
def test_hsts_that_counts(value, max_age, wide, preload):
    hsts = parse_hsts(value)
    if max_age is None:
        assert hsts.fault is not None
        return
    assert hsts.fault is None
    assert (hsts.max_age, hsts.include_subdomains, hsts.preload) == (max_age, wide, preload)


@pytest.mark.parametrize(
    "value",
    ["", ";", "max-age", "max-age=", 'max-age=""', "max-age=abc", "max-age=-1", "max-age=1.5", "max-age='1'", "max-age=1 2",
     "includeSubDomains", "max-age=1; max-age=1", "max-age=1; includeSubDomains; includesubdomains",
     "max-age=1, includeSubDomains", "max-age=1; includeSubDomains=1", 'max-age="1', '"max-age"=1', "max-age: 1", "max-age=1 includeSubDomains",
     "max-age=1; a b", "max-age=1; x=", "max-age=１", "max-age=1; includeSubDomains=", 'max-age=1; "x"', "max-age=1,", "max-age=+1",
     "max-age=1; =x", "max-age=1; x=y z", 'max-age=1; x="', "max-age=1e3", "max-age=1\x0b"],
)  # fmt: skip
# Both tables were compared with Chromium, which agrees on every value of them.
def test_hsts_that_is_ignored(value):
    assert parse_hsts(value).fault is not None


@pytest.mark.parametrize(
    ("value", "nosniff"),
    [("nosniff", True), ("NoSniff", True), ("nosniff,nosniff", True), ("nosniff, foo", True), (" nosniff ", True),
     ("", False), ("no-sniff", False), (",nosniff", False), ("foo, nosniff", False), ('"nosniff"', False),
     ("'nosniff'", False), ("nosniff;", False), ("NOSNIFF,", True), ("\tnosniff\t, x", True), ("nosniff nosniff", False),
     ('nosniff, "', True), ('"nosniff, x', False), ("no,nosniff", False), ("nosniff foo", False), ("nosniff\x0b", False)],
)  # fmt: skip
def test_nosniff(value, nosniff):
    assert is_nosniff(value) is nosniff


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("DENY", "deny"), ("sameorigin", "sameorigin"), ("SAMEORIGIN, sameorigin", "sameorigin"), ("deny, sameorigin", "deny"),
     ("sameorigin, foo", "deny"), ("allowall, foo", "deny"), ("ALLOWALL", "none"), ("ALLOW-FROM https://a.test", "none"),
     ("foo, bar", "none"), ("", "none"), ('"DENY"', "none"), ("deny;", "none"), ("sameorigin,", "deny")],
)  # fmt: skip
def test_x_frame_options(value, outcome):
    assert x_frame_options(value) == outcome


@pytest.mark.parametrize(
    ("value", "policy"),
    [("no-referrer", "no-referrer"), ("Strict-Origin", "strict-origin"), ("foo, same-origin", "same-origin"),
     ("same-origin, foo", "same-origin"), ("origin, unsafe-url", "unsafe-url"), ("", None), ("never", None),
     ("strict-origin; foo", None), ("origin unsafe-url", None), ("ORIGIN,", "origin"), (",,origin,,", "origin"),
     ("origin-when-crossorigin", None), ("default", None), ('"origin"', None), ("origin, never", "origin"),
     ("origin,\tno-referrer\t", "no-referrer"), ("unsafe-url, strict-origin-when-cross-origin, x", "strict-origin-when-cross-origin")],
)  # fmt: skip
def test_referrer_policy(value, policy):
    assert parse_referrer_policy(value) == policy


@pytest.mark.parametrize(
    ("parse", "value", "taken"),
    [
        (parse_coop, "same-origin", "same-origin"),
        (parse_coop, 'same-origin; report-to="x"', "same-origin"),
        (parse_coop, " same-origin-allow-popups ", "same-origin-allow-popups"),
        (parse_coop, '"same-origin"', None),
        (parse_coop, "Same-Origin", None),
        (parse_coop, "same-origin, same-origin", None),
        (parse_coop, "", None),
        (parse_coop, "1", None),
        (parse_coop, "?1", None),
        (parse_coop, "\u20ac", None),
        (parse_coep, "require-corp", "require-corp"),
        (parse_coep, "require-corp;foo", "require-corp"),
        (parse_coep, '\trequire-corp; report-to="x"\t', "require-corp"),
        (parse_coep, "require-corp;FOO", None),
        (parse_coep, "require-corp;", None),
        (parse_coep, "*", None),
        (parse_coop, "same-origin;report-to=x", "same-origin"),
        (parse_coop, "(same-origin)", None),
        (parse_coop, "same-origin-plus-coep", None),
        (parse_coep, "credentialless", "credentialless"),
        (parse_coep, "requirecorp", None),
        (parse_corp, "same-site", "same-site"),
        (parse_corp, "Same-Site", None),
        (parse_corp, "same-site, same-site", None),
        (parse_corp, "same-site; x", None),
    ],
)
def test_isolation(parse, value, taken):
    found = parse(value)
    assert found.value == taken
    assert (found.fault is None) == (taken is not None)


def test_permissions_policy():
    parsed = parse_permissions_policy('camera=(), geolocation=(self "https://a.test"), usb=*, hid=self, bad=1')
    assert parsed.fault is None
    assert {p.feature: p.allowed for p in parsed.features} == {
        "camera": (),
        "geolocation": ("self", "https://a.test"),
        "usb": ("*",),
        "hid": ("self",),
        "bad": (),
    }
    assert parse_permissions_policy("").fault is None
    for value in ("camera 'none'", "camera=(); usb=()", "camera=() usb=()", "camera=(", "Camera=()", "camera=('self')"):
        assert parse_permissions_policy(value).fault is not None


@pytest.mark.parametrize(
    ("member", "allowed", "ignored"),
    [
        ("*", ("*",), ()),
        ("self", ("self",), ()),
        ("()", (), ()),
        ("(*)", ("*",), ()),
        ('(self "https://a.test")', ("self", "https://a.test"), ()),
        ('("https://*.a.test")', ("https://*.a.test",), ()),
        ('("self")', (), ("self",)),
        ('("*")', ("*",), ()),
        ("(self https://a.test)", ("self",), ("https://a.test",)),
        ('("a.test")', (), ("a.test",)),
        ("(none)", (), ("none",)),
        ("src", (), ("src",)),
        ("?1", (), ()),
        ("1", (), ()),
        ('*;report-to="x"', ("*",), ()),
        ("(self);x", ("self",), ()),
    ],
)
def test_who_may_use_a_feature(member, allowed, ignored):
    [found] = parse_permissions_policy(f"geolocation={member}").features
    assert (found.allowed, found.ignored) == (allowed, ignored)


def test_permissions_of_one_feature_given_twice_are_the_last():
    parsed = parse_permissions_policy("usb=*, camera=(),  usb=()")
    assert {p.feature: p.allowed for p in parsed.features} == {"usb": (), "camera": ()}


def test_csp_is_split_into_policies_and_directives():
    policies = parse_csp("Script-Src 'self'  https:; script-src *; , ;,frame-ancestors 'none'")
    assert [p.directives for p in policies] == [
        (("script-src", ("'self'", "https:")),),
        (("frame-ancestors", ("'none'",)),),
    ]
    assert policies[0].duplicates == ("script-src",)
    assert policies[0].sources("script-src-elem", "script-src") == ("'self'", "https:")
    assert policies[1].sources("default-src") is None


@given(st.text(max_size=80))
def test_nothing_raises(value):
    for parse in (parse_hsts, x_frame_options, is_nosniff, parse_referrer_policy, parse_coop, parse_coep, parse_corp,
                  parse_permissions_policy, parse_csp, get_decode_split):  # fmt: skip
        parse(value)


@given(st.text(alphabet='max-age=0123;" ,incluDSomns\\', max_size=40))
def test_hsts_never_raises(value):
    parse_hsts(value)

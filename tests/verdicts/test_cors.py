"""The pure functions of the CORS verdict, against the standard and what Chromium was measured to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.browser.cors_check import check, is_url
from inspector.browser.cors_preflight import (
    Permit,
    allowed_headers,
    allowed_methods,
    check_preflight,
    check_request,
    judge,
    parse_max_age,
)
from inspector.browser.cors_redirect import check_location
from inspector.browser.cors_safelist import is_safelisted, is_simple_range, reasons, unsafe_names

SHOP = "https://shop.test"


@pytest.mark.parametrize(
    ("allowed", "credentials", "include", "code"),
    [
        ("*", None, False, None),
        ("*", "true", True, "WildcardOriginNotAllowed"),
        (None, None, False, "MissingAllowOriginHeader"),
        (None, "true", True, "MissingAllowOriginHeader"),
        (SHOP, None, False, None),
        (SHOP, "true", True, None),
        (SHOP, None, True, "InvalidAllowCredentials"),
        (SHOP, "True", True, "InvalidAllowCredentials"),
        (SHOP, "true, true", True, "InvalidAllowCredentials"),
        (SHOP + "/", None, False, "AllowOriginMismatch"),
        ("https://*.shop.test", None, False, "AllowOriginMismatch"),
        ("http://shop.test", None, False, "AllowOriginMismatch"),
        ("null", None, False, "AllowOriginMismatch"),
        (f"{SHOP}, {SHOP}", None, False, "MultipleAllowOriginValues"),
        (f"{SHOP} https://b.test", None, False, "MultipleAllowOriginValues"),
        ("*, *", None, False, "MultipleAllowOriginValues"),
        ("", None, False, "InvalidAllowOriginValue"),
        ("*.shop.test", None, False, "InvalidAllowOriginValue"),
        ("shop.test", None, False, "InvalidAllowOriginValue"),
        ("shop.test:443", None, False, "AllowOriginMismatch"),
        ("https://", None, False, "InvalidAllowOriginValue"),
        ("https://shop.test:99999", None, False, "InvalidAllowOriginValue"),
        ("https://[::1", None, False, "InvalidAllowOriginValue"),
        (f'"{SHOP}"', None, False, "InvalidAllowOriginValue"),
    ],
)
def test_cors_check(allowed, credentials, include, code):
    failure = check(allowed, credentials, SHOP, include)
    assert (failure.code if failure else None) == code


def test_the_failures_parameter_is_the_value():
    assert check("https://b.test", None, SHOP, False).parameter == "https://b.test"
    assert check(SHOP, "TRUE", SHOP, True).parameter == "TRUE"
    assert check(None, None, SHOP, False).parameter == ""


def test_null_matches_null():
    assert check("null", None, "null", False) is None
    assert check(SHOP, None, "null", False).code == "AllowOriginMismatch"


@given(st.text(max_size=40))
def test_hostile_values_never_raise_and_only_the_exact_origin_passes(value):
    is_url(value)
    failure = check(value, None, SHOP, False)
    assert (failure is None) == (value in ("*", SHOP))


@pytest.mark.parametrize(
    ("name", "value", "safe"),
    [
        ("accept", "application/json", True),
        ("accept", "a/b (c)", False),
        ("accept", "a" * 128, True),
        ("accept", "a" * 129, False),
        ("accept", "ü" * 65, False),  # 130 octets
        ("accept-language", "de, en;q=0.5", True),
        ("accept-language", "de_DE", False),
        ("content-language", "de/x", False),
        ("content-type", "text/plain; charset=utf-8", True),
        ("content-type", "TEXT/PLAIN", True),
        ("content-type", "application/json", False),
        ("content-type", 'text/plain; x="y"', False),
        ("range", "bytes=0-", True),
        ("range", "bytes=-10", False),
        ("range", "bytes=0-1,4-5", False),
        ("x-a", "1", False),
        ("authorization", "Bearer x", False),
        ("save-data", "on", True),
        ("save-data", "off", False),
        ("save-data", "ON", True),
        ("ect", "4g", True),
        ("ect", "1", False),
        ("dpr", "2.0", True),
        ("dpr", "2.", False),
        ("device-memory", "x", False),
        ("downlink", "-1", False),
        ("width", "640", True),
        ("viewport-width", "1.5", False),
        ("rtt", "", False),
    ],
)
def test_safelisted_request_headers(name, value, safe):
    assert is_safelisted(name, value) is safe


def test_a_range_ends_no_earlier_than_it_begins():
    assert is_simple_range("bytes=1-1")
    assert not is_simple_range("bytes=5-1")


def test_unsafe_names():
    assert unsafe_names([("accept", "*/*"), ("x-b", "1"), ("cookie", "a=b"), ("sec-x", "1"), ("x-a", "2")]) == [
        "x-b",
        "x-a",
    ]


def test_fields_unsafe_by_themselves_come_before_those_too_long_together():
    long = [("accept", "a" * 128), ("ect", "x"), *((name, "1" * 128) for name in ("dpr", "rtt", "width", "downlink"))]
    long += [(name, "a" * 128) for name in ("accept-language", "content-language")] + [("device-memory", "1" * 128)]
    assert unsafe_names([*long, ("viewport-width", "1" * 128)])[:2] == ["ect", "accept"]


def test_safelisted_values_have_a_common_limit():
    many = [("accept", "a" * 128)] * 8
    assert unsafe_names(many) == []
    assert unsafe_names([*many, ("accept-language", "de")]) == ["accept", "accept-language"]


def test_reasons_leave_out_what_browsers_add():
    sent = [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("user-agent", "x"),
        ("sec-ch-ua", "x"),
        ("dnt", "1"),
    ]
    assert reasons("GET", sent) == ()
    assert reasons("PUT", sent) == ("method PUT",)
    assert reasons("GET", sent, ["cache-control"]) == ("field cache-control",)


def test_reasons_name_method_fields_and_type():
    sent = [("content-type", "application/json"), ("authorization", "Bearer x"), ("x-id", "1")]
    assert reasons("PATCH", sent) == (
        "method PATCH",
        "field content-type: application/json",
        "field authorization",
        "field x-id",
    )


def test_basic_login_may_be_the_browsers():
    assert reasons("GET", [("authorization", "Basic eDp5")]) == ()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 5),
        ("", 5),
        ("600", 600),
        ("7200", 7200),
        ("86400", 7200),
        ("0", 0),
        ("-1", 0),
        ("10.5", 5),
        ("ten", 5),
        ("9" * 30, 5),
        ("600, 600", 5),
    ],
)
def test_max_age(value, seconds):
    assert parse_max_age(value) == seconds


def test_lists():
    assert allowed_methods("PUT,,DELETE ,") == {"PUT", "DELETE"}
    assert allowed_methods(None) == frozenset()
    assert allowed_methods('["PUT"]') is None
    assert allowed_headers("X-A, Content-Type") == {"x-a", "content-type"}
    assert allowed_headers("x-a x-b") is None


def permit(status=204, origin=SHOP, credentials=None, methods=None, headers=None, redirect=False):
    return Permit(status, origin, credentials, methods, headers, redirect=redirect)


@pytest.mark.parametrize(
    ("given", "include", "code"),
    [
        (permit(301, None, redirect=True), False, "PreflightDisallowedRedirect"),
        (permit(301), False, "PreflightInvalidStatus"),  # without Location it leads nowhere
        (permit(500, None), False, "PreflightMissingAllowOriginHeader"),  # the origin comes before the status
        (permit(500), False, "PreflightInvalidStatus"),
        (permit(500), True, "PreflightInvalidAllowCredentials"),  # so do credentials
        (permit(304), False, "PreflightInvalidStatus"),
        (permit(299), False, None),
        (permit(origin="*"), True, "PreflightWildcardOriginNotAllowed"),
        (permit(methods='"PUT"'), False, "InvalidAllowMethodsPreflightResponse"),
        (permit(headers="a b"), False, "InvalidAllowHeadersPreflightResponse"),
        (permit(methods="[]", headers="[]"), False, "InvalidAllowMethodsPreflightResponse"),
    ],
)
def test_preflight_order(given, include, code):
    failure = check_preflight(given, SHOP, include)
    assert (failure.code if failure else None) == code


@pytest.mark.parametrize(
    ("given", "method", "names", "include", "parameter"),
    [
        (permit(), "POST", (), False, None),
        (permit(methods="put"), "PUT", (), False, "PUT"),
        (permit(methods="PATCH"), "patch", (), False, "patch"),
        (permit(methods="*"), "PUT", (), False, None),
        (permit(methods="*"), "PUT", (), True, "PUT"),
        (permit(headers="X-A"), "GET", ("x-a",), False, None),
        (permit(headers="x-a"), "GET", ("x-a", "x-b"), False, "x-b"),
        (permit(headers="*"), "GET", ("x-a",), False, None),
        (permit(headers="*"), "GET", ("x-a",), True, "x-a"),
        (permit(headers="*"), "GET", ("authorization",), False, "authorization"),
        (permit(headers="*, Authorization"), "GET", ("authorization",), False, None),
        (permit(), "PUT", ("x-a",), False, "PUT"),  # the method comes before the fields
    ],
)
def test_what_a_preflight_permits(given, method, names, include, parameter):
    failure = check_request(given, method, names, include)
    assert (failure.parameter if failure else None) == parameter


def test_both_checks_together():
    assert judge(permit(methods="PUT"), SHOP, "PUT", (), False) is None
    assert judge(permit(), SHOP, "PUT", (), False).code == "MethodDisallowedByPreflightResponse"


def test_credentials_in_a_redirects_url():
    api = "https://api.test/a"
    assert check_location(api, "https://u:p@api.test/b", SHOP).code == "RedirectContainsCredentials"
    assert (
        check_location("https://shop.test/a", "https://u:p@shop.test/b", SHOP) is None
    )  # never leaves the page's origin
    assert check_location("https://shop.test/a", "https://u:p@api.test/b", SHOP) is not None
    assert check_location(api, "/b?mail=a@b.test", SHOP) is None

"""The finer points of the cookie rules: grouping, guards, wording, and that no value is ever shown."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.engine import INTERNAL_ERROR, Engine
from inspector.report import Annotation
from inspector.rules.example import parse_example

VISIT = """\
GET https://shop.test/ HTTP/2
Sec-Fetch-Site: none
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: document

HTTP/2 200
Content-Type: text/html
"""


def told(text: str) -> list[list[Annotation]]:
    engine = Engine()
    return [
        [a for a in engine.observe(exchange).annotations if a.rule.startswith(("cookies/", "inspector/"))]
        for exchange in parse_example(dedent(text))
    ]


def on_visit(*lines: str, visit: str = VISIT) -> dict[str, Annotation]:
    return {a.rule: a for a in told(visit + "\n".join(f"Set-Cookie: {line}" for line in lines))[0]}


def test_one_finding_lists_all_cookies_it_is_true_of():
    found = on_visit("a=1; SameSite=None", "b=1; SameSite=None", "c=1; SameSite=None; Secure")
    assert "`a` and `b`" in found["cookies/none-without-secure"].detail
    assert "`c`" not in found["cookies/none-without-secure"].detail
    assert len(found["cookies/none-without-secure"].evidence) == 2


def test_the_summary_says_scope_lifetime_and_flags():
    found = on_visit("a=1; Domain=shop.test; Path=/x; Max-Age=63072000; Secure; HttpOnly; SameSite=Lax", "b=1")[
        "cookies/set"
    ]
    assert found.title == "2 cookies set"
    assert (
        "`a`: for `shop.test` and every host under it, below `/x`, until 5 April 2027 (400 days: browsers cap it)"
        in found.detail
    )
    assert "`Secure`, `HttpOnly`, `SameSite=Lax`" in found.detail
    assert "`b`: for `shop.test` alone, until the browser is closed" in found.detail


def test_the_summary_counts_what_is_refused_and_deleted():
    found = on_visit("a=1", "b=; Max-Age=0", "c=1; Domain=b.test")["cookies/set"]
    assert found.title == "3 cookies set: 1 stored, 1 deleted and 1 refused"
    assert "`c`: refused (`InvalidDomain`)" in found.detail


def test_deletions_are_not_judged_by_their_flags():
    found = on_visit("sessionid=; Max-Age=0; Path=/", "token=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert set(found) == {"cookies/set", "cookies/deleted"}


@pytest.mark.parametrize("name", ["csrftoken", "XSRF-TOKEN", "theme", "cookie_consent", "_ga", "side", "tokenizer"])
def test_names_that_are_no_session(name: str):
    found = on_visit(f"{name}=12345678; Domain=shop.test")
    assert "cookies/no-httponly" not in found
    assert "cookies/broad-domain" not in found


@pytest.mark.parametrize(
    "name",
    [
        "sessionid",
        "PHPSESSID",
        "JSESSIONID",
        "connect.sid",
        "ASP.NET_SessionId",
        "laravel_session",
        "access_token",
        "sid",
    ],
)
def test_names_that_are_a_session(name: str):
    found = on_visit(f"{name}=12345678; Domain=shop.test")
    assert "cookies/no-httponly" in found
    assert found["cookies/no-secure"].severity == "warning"
    assert "cookies/broad-domain" in found


def test_hsts_softens_a_missing_secure():
    visit = VISIT + "Strict-Transport-Security: max-age=63072000\n"
    assert on_visit("sid=12345678; HttpOnly", visit=visit)["cookies/no-secure"].severity == "note"


def test_a_missing_samesite_is_told_once_an_origin():
    page = VISIT + "Set-Cookie: a=1; Secure\n"
    first, second = told(page + "---\n" + page.replace("shop.test/", "shop.test/next"))
    assert "cookies/no-samesite" in {a.rule for a in first}
    assert "cookies/no-samesite" not in {a.rule for a in second}


def test_an_ordinary_good_cookie_gets_no_line_but_the_summary():
    assert set(on_visit("__Host-sid=7f9c2ba4e88f827d; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600")) == {
        "cookies/set"
    }


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("com", "public suffix"),
        ("x.shop.test", "a host can only name itself or its parents"),
        ("https://shop.test", "not a bare host name"),
        ("other.test", "is neither `other.test` nor a host under it"),
    ],
)
def test_why_a_domain_is_invalid(domain: str, words: str):
    found = on_visit(f"a=1; Domain={domain}")["cookies/invalid-domain"]
    assert words in found.detail
    assert found.evidence[0].mark == f"Domain={domain}"


def test_a_deletion_that_misses_names_the_cookie_that_stays():
    login = VISIT + "Set-Cookie: sid=7f9c2ba4e88f827d; Path=/; Domain=shop.test; Secure; HttpOnly; SameSite=Lax\n"
    logout = VISIT.replace("none", "same-origin") + "Set-Cookie: sid=; Path=/account; Max-Age=0\n"
    found = {a.rule: a for a in told(login + "---\n" + logout)[1]}["cookies/deleted"]
    assert found.severity == "warning"
    assert "set on exchange 0" in found.detail
    assert "`Path=/; Domain=shop.test; Max-Age=0`" in (found.fix or "")


def test_not_sent_names_the_exchange_and_both_paths():
    login = VISIT + "Set-Cookie: sid=7f9c2ba4e88f827d; Path=/account; Secure; HttpOnly; SameSite=Lax\n"
    call = VISIT.replace("shop.test/", "shop.test/api").replace("none", "same-origin")
    found = {a.rule: a for a in told(login + "---\n" + call)[1]}["cookies/not-sent"]
    assert found.severity == "info"
    assert "`sid` (set on exchange 0) is for `/account` and below; this request's path is `/api`" in found.detail


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("abc; Path=/", "A cookie without a name"),
        ("a=1; Http-Only", "Attribute ignored: misspelt"),
        ('a=1; Path="/x"', "Attribute value in quotes"),
        ("a=1; Path=/, b=2; Secure", "Several cookies on one line: only the first is stored"),
        ("a=1; Secure; Path=/, b=2", "Several cookies on one line: only the first is stored"),
        ("a=1; Version=1; Priority=High; Partitioned; Secure", None),
        ("a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT", None),
        ("a=b,c=d; Path=/", None),
    ],
)
def test_malformed(line: str, title: str | None):
    found = on_visit(line).get("cookies/malformed")
    assert (found.title if found else None) == title


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ("Max-Age=63072000", "Lifetime capped at 400 days"),
        ("Max-Age=34560000", None),
        ("Max-Age=1 day", "Lifetime unreadable: a session cookie"),
        ("Expires=Session", None),
        ("Expires=0", None),
        ("Max-Age=3600; Expires=Wed, 01 Apr 2026 12:00:00 GMT", "`Max-Age` and `Expires` disagree: `Max-Age` counts"),
        ("Max-Age=3600; Expires=Sun, 01 Mar 2026 13:00:00 GMT", None),
    ],
)
def test_lifetime(attributes: str, title: str | None):
    found = on_visit(f"a=1; {attributes}").get("cookies/lifetime")
    assert (found.title if found else None) == title


def test_header_size_grows_from_note_to_warning():
    def severity(size: int) -> str | None:
        found = told(f"GET https://shop.test/ HTTP/2\nCookie: big={'x' * size}\n\nHTTP/2 200")[0]
        return next((a.severity.value for a in found if a.rule == "cookies/header-size"), None)

    assert [severity(size) for size in (1000, 5000, 9000)] == [None, "note", "warning"]


def test_values_are_never_shown():
    secret = "S3cr3tValue0123456789"
    lines = [
        f"sid={secret}; Domain=b.test",
        f"__Host-sid={secret}",
        f"sessionid={secret}; SameSite=None",
        f"{secret}; Path=/",
        f"token={secret}; Max-Age=0",
        f"jwt={secret}; Domain=shop.test; Http-Only; SameSite=x; Max-Age=y",
    ]
    text = VISIT + "\n".join(f"Set-Cookie: {line}" for line in lines) + "\n---\n" + VISIT.replace("none", "same-origin")
    text = text.replace(
        "Sec-Fetch-Site: same-origin", f"Cookie: sid={secret}; sid={secret}2; jwt={secret}\nSec-Fetch-Site: same-origin"
    )
    for found in told(text):
        assert found
        assert secret not in repr(found)


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\r\n\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"), max_size=80),
        max_size=4,
    )
)
def test_no_line_breaks_a_rule(lines: list[str]):
    assert INTERNAL_ERROR not in on_visit(*lines)


@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [
                    "a=1",
                    "=b",
                    "__Host-a=1",
                    "sid=`x`",
                    "Path=/",
                    "Path=",
                    "Domain=shop.test",
                    "Domain=test",
                    "Max-Age=0",
                    "Max-Age=9e9",
                    "Max-Age=99999999999999999999",
                    "Expires=1 Jan 99999 00:00:00",
                    "Expires=1 Jan 1 0:0:0",
                    "Secure",
                    "SameSite=None",
                    "SameSite=`",
                    "Partitioned",
                    "Http-Only",
                    'Path="/"',
                    "a\tb",
                ]
            ),
            max_size=6,
        ),
        max_size=4,
    )
)
def test_no_combination_breaks_a_rule(lines: list[list[str]]):
    assert INTERNAL_ERROR not in on_visit(*["; ".join(line) for line in lines])


def test_credentials_left_out_on_the_way_to_their_own_origin():
    login = VISIT + "Set-Cookie: sid=7f9c2ba4e88f827d; Secure; HttpOnly; SameSite=Lax; Path=/\n"
    page = VISIT.replace("none", "same-origin").replace(
        "\n\nHTTP/2 200", "\nCookie: sid=7f9c2ba4e88f827d\n\nHTTP/2 200"
    )
    call = "GET https://shop.test/api HTTP/2\nSec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\n\nHTTP/2 200\nSet-Cookie: seen=1; Secure\n"
    found = {a.rule: a for a in told("---\n".join((login, page, call)))[2]}["cookies/without-credentials"]
    assert "leave out `credentials: 'omit'`" in (found.fix or "")


def test_a_deletion_beside_clear_site_data_is_one():
    logout = VISIT + 'Clear-Site-Data: "cookies"\nSet-Cookie: sid=; Max-Age=0; Path=/\nSet-Cookie: new=1; Secure\n'
    found = {a.rule: a for a in told(logout)[0]}["cookies/cleared"]
    assert "`new` is not stored" in found.detail
    assert "`sid`" not in found.detail

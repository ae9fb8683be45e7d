"""Findings of several topics about one value or one piece of markup: their conditions and what keeps them quiet."""

from __future__ import annotations

from datetime import datetime

import pytest

from inspector.engine import INTERNAL_ERROR, Engine, Options
from inspector.report import Annotation
from inspector.rules.catalogue import all_rules
from inspector.rules.example import parse_example


def told(text: str, rule: str) -> list[Annotation]:
    engine = Engine(Options(rules=frozenset({rule})))
    found = [a for x in parse_example(text) for a in engine.observe(x).annotations]
    assert INTERNAL_ERROR not in {a.rule for a in found}, found
    return found


def severities(found: list[Annotation]) -> list[str]:
    return [a.severity.value for a in found]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<script src=http://a.test/x.js></script>", ["warning"]),
        ("<script src=HTTP://a.test/x.js></script>", ["warning"]),
        ("<link rel='preload stylesheet' href=http://a.test/x.css>", ["warning"]),
        ("<iframe src=http://a.test/></iframe>", ["warning"]),
        ("<object data=http://a.test/x></object>", ["warning"]),
        ("<embed src=http://a.test/x>", ["warning"]),
        ("<img srcset='/x.png 1x, http://a.test/y.png 2x'>", ["warning"]),
        ("<base href=http://a.test/><script src=x.js></script>", ["warning"]),
        ("<img src=http://a.test/x.png>", ["note"]),
        ("<video><source src=http://a.test/x.mp4></video>", ["note"]),
        ("<audio src=http://a.test/x.mp3></audio><script src=http://a.test/x.js></script>", ["warning"]),
        ("<script src=//a.test/x.js></script>", []),
        ("<script src=https://a.test/x.js></script>", []),
        ("<script type=application/json src=http://a.test/x.json></script>", []),
        ("<script src=http://localhost:3000/x.js></script>", []),
        ("<script src=http://127.0.0.1/x.js></script>", []),
        ("<a href=http://a.test/>a</a><link rel=canonical href=http://shop.test/>", []),
        ("<form action=http://a.test/></form>", []),
        ("<!-- <script src=http://a.test/x.js></script> -->", []),
    ],
)
def test_mixed_content_in_markup(markup: str, expected: list[str]):
    text = "# type: document\nGET {} HTTP/2\n\nHTTP/2 200\nContent-Type: text/html{}\n\n" + markup
    assert severities(told(text.format("https://shop.test/", ""), "tls/mixed-content")) == expected
    assert told(text.format("http://shop.test/", ""), "tls/mixed-content") == []
    upgraded = "\nContent-Security-Policy: upgrade-insecure-requests"
    assert told(text.format("https://shop.test/", upgraded), "tls/mixed-content") == []


def test_mixed_content_says_how_much_and_names_what_is_blocked_first():
    markup = "<img src=http://a.test/1.png><img src=http://a.test/2.png><script src=http://a.test/x.js></script>"
    text = f"# type: document\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n\n{markup}"
    (found,) = told(text, "tls/mixed-content")
    assert "1 script over http, which browsers do not load at all; and 2 images over http" in found.detail
    assert (found.evidence[0].name, found.evidence[0].value) == ("src", "http://a.test/x.js")


PAGE = "<title>Orders</title><h1>Orders</h1>" + "<p>Order 17: two cups and a kettle, for Ada Byron</p>" * 10
SYMFONY = (
    "<!DOCTYPE html><html><head><meta charset='UTF-8'/><meta http-equiv='refresh' content='0;url={0}'/>"
    "<title>Redirecting to {0}</title></head><body>Redirecting to <a href='{0}'>{0}</a>.</body></html>"
)
FAR = "https://shop.test/" + "a" * 350


@pytest.mark.parametrize(
    ("status", "location", "content", "expected"),
    [
        ("302", "/login", PAGE, ["warning"]),
        ("302", "https://id.shop.test/oauth/authenticate?x=1", PAGE, ["warning"]),
        ("302", "/blog/login-to-win", PAGE, ["warning"]),
        ("301", "/catalogue", PAGE, ["note"]),
        ("302", "/catalogue", "", []),
        ("302", FAR, SYMFONY.format(FAR), []),
        ("302", "/a", "<style>" + "b{} " * 200 + "</style>Moved <a href=/a>here</a>", []),
        ("302", "/a", "<!--" + "x" * 900 + "-->Moved", []),
        ("200", "/a", PAGE, []),
        ("304", "/a", PAGE, []),
    ],
)
def test_a_redirect_that_carries_a_page(status: str, location: str, content: str, expected: list[str]):
    text = f"GET https://shop.test/x HTTP/1.1\n\nHTTP/1.1 {status} X\nLocation: {location}\nContent-Type: text/html\n"
    assert severities(told(f"{text}\n{content}", "redirect/big-body")) == expected
    assert told(f"# from: disk-cache\n{text}\n{content}", "redirect/big-body") == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [("True", ["note"]), ("TRUE", ["note"]), ("1", ["note"]), ("yes", ["note"]), ("true, true", ["note"]),
     ('"true"', ["note"]), ("true", []), (" true ", []), ("false", []), ("False", []), ("", [])],
)  # fmt: skip
def test_allow_credentials_that_counts_for_nothing(value: str, expected: list[str]):
    text = "GET https://api.test/ HTTP/2\nOrigin: https://shop.test\nSec-Fetch-Mode: cors{}\n\n"
    text += f"HTTP/2 200\nAccess-Control-Allow-Origin: https://shop.test\nAccess-Control-Allow-Credentials: {value}\n"
    assert severities(told(text.format(""), "cors/allow-credentials-invalid")) == expected
    assert told(text.format("\nCookie: sid=1"), "cors/allow-credentials-invalid") == [], "the block is told instead"


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("a=1; HttpOnly,", "Attribute ignored: misspelt"),
        ("a=1; Secure,; Path=/", "Attribute ignored: misspelt"),
        ("a=1; Path=/, b=2; Path=/", "Several cookies on one line: only the first is stored"),
        ("a=1; HttpOnly, b=2; Path=/", "Several cookies on one line: only the first is stored"),
        ("a=1; Max-Age=60, b=2", "Several cookies on one line: only the first is stored"),
        ("a=1; Expires=Wed, 01 Apr 2026 12:00:00 GMT; Path=/", None),
        ("a=1; Path=/a,b", None),
        ("a=1,2,3; Path=/", None),
        ("a=1; HttpOnly; Secure", None),
    ],
)
def test_commas_among_a_cookies_attributes(line: str, title: str | None):
    found = told(f"GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nSet-Cookie: {line}\n", "cookies/malformed")
    assert [a.title for a in found] == ([title] if title else [])


@pytest.mark.parametrize(
    ("policy", "meant"),
    [("kamera=()", "camera"), ("camera=(), microfone=()", "microphone"), ("geo-location=()", "geolocation"),
     ("payments=(self)", "payment"), ("fullscreens=*", "fullscreen"), ("camera=(), geolocation=()", None),
     ("document-domain=()", None), ("vr=(), speaker=(), wake-lock=(), notifications=()", None), ("ch-ua-model=*", None),
     ("attribution-reporting=(), private-state-token-issuance=()", None), ("gamepads=(), gamepad=()", None)],
)  # fmt: skip
def test_features_that_are_nearly_one(policy: str, meant: str | None):
    text = f"# type: document\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\nPermissions-Policy: {policy}\n"
    found = told(text, "security/permissions-policy-invalid")
    assert severities(found) == (["info"] if meant else [])
    assert not meant or f"would write `{meant}`" in f"{found[0].fix}".replace("should", "would")


@pytest.mark.parametrize(
    ("line", "fields", "content", "title"),
    [
        ("POST /items/7?_method=delete", "", "", "POST that means DELETE"),
        (
            "POST /items/7",
            "Content-Type: application/x-www-form-urlencoded",
            "a=1&_method=PATCH",
            "POST that means PATCH",
        ),
        ("POST /items/7", "X-HTTP-Method-Override: PUT", "", "POST that means PUT"),
        ("POST /items/7", "Content-Type: application/x-www-form-urlencoded", "a=1&_method=post", None),
        ("POST /items/7", "Content-Type: application/x-www-form-urlencoded", "a_method=PATCH", None),
        ("POST /items/7", "Content-Type: application/json", "_method=PATCH", None),
        ("GET /items/7?_method=delete", "", "", None),
        ("PUT /items/7", "X-HTTP-Method-Override: DELETE", "", None),
    ],
)
def test_methods_overridden(line: str, fields: str, content: str, title: str | None):
    method, _, path = line.partition(" ")
    head = "\n".join(filter(None, [f"{method} https://shop.test{path} HTTP/1.1", fields]))
    text = head + (f"\n\n{content}" if content else "") + "\n\nHTTP/1.1 204 No Content\n"
    assert [a.title for a in told(text, "method/override")] == ([title] if title else [])


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://ann:hunter2@shop.test/", ["warning"]), ("https://ann@shop.test/", ["note"]),
     ("https://shop.test/npm/@scope/x", []), ("https://shop.test/?mail=ann@shop.test", []), ("https://shop.test/", [])],
)  # fmt: skip
def test_credentials_in_the_address_that_was_asked_for(url: str, expected: list[str]):
    found = told(f"GET {url} HTTP/1.1\n\nHTTP/1.1 200 OK\n", "auth/userinfo")
    assert severities(found) == expected
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("CDN-Cache-Control: max-age=60", ["error"]),
        ("Cache-Control: private\nCDN-Cache-Control: max-age=60", ["error"]),
        ("CDN-Cache-Control: max-age=0", []),
        ("CDN-Cache-Control: no-store", []),
        ("CDN-Cache-Control: private, max-age=60", []),
        ("Cache-Control: private", []),
    ],
)
def test_a_session_given_to_a_cdn(fields: str, expected: list[str]):
    text = f"GET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n{fields}\nSet-Cookie: session_id=f3a9c2d1\n"
    assert severities(told(text, "cache/private-data-public")) == expected


FORM = '<form method="post" action="/account/email"><input name="email"><button>Save</button></form>'


@pytest.mark.parametrize(
    ("set_as", "expected", "says"),
    [
        ("SameSite=None; Secure", ["warning"], "That cookie is `SameSite=None`"),
        ("Secure", ["note"], "It has no `SameSite`"),
        ("Secure; SameSite=Lax", [], ""),
        ("Secure; SameSite=Strict", [], ""),
        (None, ["note"], "The recording does not show how it was set"),
    ],
)
def test_a_form_without_a_token_is_judged_by_how_its_session_cookie_was_set_before(
    set_as: str | None, expected: list[str], says: str
):
    login = f"GET https://shop.test/login HTTP/2\n\nHTTP/2 204\nSet-Cookie: sessionid=8f14e45fceea167a; {set_as}\n\n"
    page = "GET https://shop.test/account HTTP/2\nCookie: sessionid=8f14e45fceea167a\n\n"
    page += f"HTTP/2 200\nContent-Type: text/html\n\n{FORM}"
    found = told((f"{login}---\n" if set_as else "") + page, "csrf/no-token")
    assert severities(found) == expected
    assert all(says in a.detail for a in found)


def test_the_session_cookie_that_goes_along_counts_beside_one_that_does_not():
    text = (
        "GET https://shop.test/account HTTP/2\nCookie: __Host-session=8f14e45f; sessionid=a167a8f1\n\nHTTP/2 200\n"
        "Content-Type: text/html\nSet-Cookie: __Host-session=8f14e45f; Path=/; Secure; SameSite=Lax\n"
        f"Set-Cookie: sessionid=a167a8f1; Secure; SameSite=None\n\n{FORM}"
    )
    (found,) = told(text, "csrf/no-token")
    assert "the session is the cookie `sessionid`. That cookie is `SameSite=None`" in found.detail


@pytest.mark.parametrize(
    ("link", "says", "fix"),
    [
        ('</v2>; rel="successor-version"', " The server names as successor `/v2`.", "to the successor."),
        ("</docs/gone>; rel=sunset, </v2>; rel=successor-version", "as successor `/v2`.", "to the successor."),
        ('</docs/gone>; rel="deprecation"; type="text/html"', " The server tells more at `/docs/gone`.", "reads there"),
        ("</next>; rel=next", "", "asks what takes its place"),
    ],
)
def test_where_a_deprecated_address_leads(link: str, says: str, fix: str):
    text = f"GET https://a.test/v1 HTTP/2\n\nHTTP/2 200\nDeprecation: @1767225600\nLink: {link}\n\n"
    (found,) = told(text, "rest/deprecation")
    assert found.detail.endswith(f"UTC.{says}") or says in found.detail
    assert ("The server" in found.detail) is bool(says)
    assert fix in (found.fix or "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("__Host-a=b; Path=/; Domain=shop.test; Secure", "begins with `__Host-` forbids `Domain`, which the line has."),
        ("__Secure-a=b", "begins with `__Secure-` demands `Secure`, which the line lacks."),
        (
            "__Host-a=b; Domain=shop.test",
            "demands `Secure` and `Path=/`, which the line lacks, and forbids `Domain`, which the line has.",
        ),
    ],
)
def test_what_a_prefix_asks_for(line: str, says: str):
    url = "https://shop.test/account/x"
    (found,) = told(f"GET {url} HTTP/2\n\nHTTP/2 204\nSet-Cookie: {line}\n\n", "cookies/prefix")
    assert says in found.detail


def test_each_product_that_tells_its_version_has_its_own_switch():
    fields = "Server: Apache/2.4.1 (Unix)\nX-Powered-By: PHP/5.6.40\nX-AspNetMvc-Version: 5.2"
    text = f"# type: document\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n{fields}\n\n"
    (found,) = told(text, "security/server-version")
    assert found.fix is not None
    for switch in ("`ServerTokens Prod`", "`expose_php = Off`", "`MvcHandler.DisableMvcResponseHeader = true;`"):
        assert switch in found.fix
    assert "nginx" not in found.fix


@pytest.mark.parametrize("path", ["/.env", "/.git/config", "/.svn/entries"])
def test_a_rule_that_refuses_files_with_a_dot_leaves_well_known_open(path: str):
    content = "DB_PASSWORD=orange-juice-17\nSECRET_KEY=4f9c2ba4e88f827d\n"
    text = f"GET https://shop.test{path} HTTP/2\n\nHTTP/2 200\nContent-Type: text/plain\n\n{content}"
    (found,) = told(text, "leak/debug-endpoint")
    assert "`location ~ /\\.(?!well-known/) { deny all; }`" in (found.fix or "")


def test_a_backup_is_not_refused_by_a_rule_on_dots():
    text = "GET https://shop.test/dump.sql HTTP/2\n\nHTTP/2 200\nContent-Type: application/sql\n\nCREATE TABLE a (b);"
    (found,) = told(text, "leak/debug-endpoint")
    assert "moves out of the folder" in (found.fix or "")
    assert "location" not in (found.fix or "")


@pytest.mark.parametrize(
    ("host", "severity"), [("shop.test", "error"), ("192.168.0.1", "warning"), ("printer.local", "warning")]
)
def test_a_login_form_over_http_is_told_once(host: str, severity: str):
    text = (
        f"# type: document\nGET http://{host}/ HTTP/1.1\n\nHTTP/1.1 200 OK\nContent-Type: text/html\n\n"
        "<form method=post><input type=password name=p></form>"
    )
    assert severities(told(text, "auth/login-form-over-http")) == [severity]
    assert told(text, "tls/plain-http") == []


def test_a_token_over_http_is_told_once():
    text = "GET http://api.shop.test/ HTTP/1.1\nAuthorization: Bearer mF_9.B5f-4.1JqM\n\nHTTP/1.1 200 OK\nServer: x\n\n"
    assert severities(told(text, "auth/token-over-http")) == ["error"]
    assert told(text, "tls/plain-http") == []


@pytest.mark.parametrize(
    ("date", "age", "says"),
    [
        ("Sun, 01 Mar 2026 11:58:00 GMT", 120, "It was fresh for 1 minute only, and no longer so when it arrived."),
        (
            "Sun, 01 Mar 2026 10:00:00 GMT",
            30,
            "By `Date` it was 2 hours old when it arrived. It was fresh for 1 minute",
        ),
    ],
)
def test_an_age_that_date_contradicts_says_so(date: str, age: int, says: str):
    text = f"GET https://a.test/ HTTP/2\n\nHTTP/2 200\nDate: {date}\nAge: {age}\nCache-Control: max-age=60\n\n"
    (found,) = told(text, "cache/hit-explained")
    assert says in found.detail
    assert ("By `Date`" in found.detail) is (age == 30)


@pytest.mark.parametrize(("modified", "firefox"), [("2025-03-01", True), ("2026-02-01", False)])
def test_firefox_guesses_a_week_at_most(modified: str, firefox: bool):
    when = datetime.fromisoformat(modified).strftime("%a, %d %b %Y 00:00:00 GMT")
    text = (
        "GET https://a.test/ HTTP/2\n\nHTTP/2 200\nDate: Sun, 01 Mar 2026 12:00:00 GMT\n"
        f"Last-Modified: {when}\nContent-Type: text/css\n\n"
    )
    (found,) = told(text, "cache/heuristic")
    assert ("(Firefox a week at most)" in found.detail) is firefox


def test_a_proxys_cut_short_response_is_not_told_again_as_a_wrong_length():
    (cut,) = [rule for rule in all_rules() if rule.id == "proxy/cut-short"]
    assert told(cut.page.shows, "proxy/cut-short") != []
    assert told(cut.page.shows, "content/length-mismatch") == []


def test_what_a_star_in_permissions_policy_means():
    text = "GET https://a.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\nPermissions-Policy: camera=*, usb=*\n\n"
    (found,) = told(text, "security/permissions-policy-wildcard")
    assert found.detail == (
        "`camera` and `usb`: `*` limits nothing. As without the field, a frame of any origin may ask for them where its "
        "element has `allow`."
    )

"""Scenarios of the CORS protocol written from the standard's text, clause by clause, with a corner of each.

`cors_scenarios` has the ways a page asks and what a server answers; here are the safelists' limits, the values that
parse oddly, the preflight cache, redirects of several hops, and what was cached before.
"""

from __future__ import annotations

import json

from tests.browser.cors_scenarios import _ANY, _NULL, _OK, _PUT, Fields, Scenario, _fetch

ONE, TWO, THREE = "/s/{id}", "/t/{id}", "/u/{id}"
_ALL: Fields = (*_OK, ("Access-Control-Allow-Methods", "PUT, DELETE, PATCH"))
_JS = ("Content-Type", "text/javascript")
_SVG = ("Content-Type", "image/svg+xml")
_CSS = ("Content-Type", "text/css")

# -- what needs a preflight ------------------------------------------------------------------------------------------

_TYPES = (
    "text/plain;charset=UTF-8", "text/plain ; x", "text/plain, application/json", "text/html", "", "multipart/form-data",
    "application/x-www-form-urlencoded; charset=utf-8", 'text/plain; a="(b)"', "TEXT/plain", "text/plain;", "text/plain;x=\u00e9",
    "application/json;charset", "text/plain\tx", "text/plain; a=[b]", "text/plain; a={b}", "text/plain; a=b:c", "text", "text/",
    "text/plain; " + "x" * 116, "text/plain; " + "x" * 117, "application/csp-report", "text/plain; a=b?c", "text/plain; a=<b>",
    "text/plain/x", "*/*", "text/plainx", " text/plain", "text/plain;a=@", "text/plain;a=b\\c",
)  # fmt: skip
_ACCEPTS = (
    "*/*", "text/html, (x)", 'a"b', "a:b", "\u00e9", "a" * 128, "a" * 129, "a\tb", "a;q=0.1, b/c;d=e", "a@b", "a[b", "a{b", "a?b",
    "", "<a>", "a\\b", "a=b", "'a'", "a\x7fb", "a%b", "\u00e9" * 64, "\u00e9" * 65,
)  # fmt: skip
_LANGUAGES = (
    "en",
    "en_US",
    "EN;q=0.9,*",
    "en-\u00e9",
    "",
    "en/US",
    "en (x)",
    "a" * 128,
    "a" * 129,
    "en\tde",
    'en"',
    "en;q=0.5, de",
)
_RANGES = (
    "bytes=0-", "bytes=-5", "bytes=0-0", "bytes=00-1", "bytes=99999999999999999999-", "bytes =0-1", "bytes=0 -1", "BYTES=0-1",
    "bytes=0-,", "items=0-5", "", "bytes=1-0", "bytes=5-5", "bytes=0- 1", "bytes=\t0-1", "bytes=0-1 ", "bytes=a-b", "bytes=0-1,2-3",
    "bytes=18446744073709551615-", "bytes=9223372036854775807-", "bytes=+0-1", "bytes:0-1", "bytes=0",
)  # fmt: skip
_NAMES = (
    "X-Requested-With", "Last-Event-ID", "Early-Data", "Upgrade-Insecure-Requests", "If-Match", "If-None-Match", "If-Modified-Since",
    "If-Range", "If-Unmodified-Since", "Purpose", "Sec-Fetch-Site", "Sec-X", "Proxy-Foo", "Cookie", "Referer", "User-Agent", "DNT",
    "Content-Length", "Save-Data", "DPR", "Width", "Viewport-Width", "Downlink", "RTT", "ECT", "Device-Memory", "Priority", "traceparent",
    "baggage", "Cache-Control", "Pragma", "Origin", "Host", "Via", "TE", "Date", "Expect", "Keep-Alive", "Access-Control-Foo",
    "Access-Control-Request-Method", "X-HTTP-Method-Override", "Content-Disposition", "Content-Location", "Content-Encoding", "Accept-Charset",
    "Accept-Encoding", "Accept-CH", "Authorization", "authorization", "X-CSRF-Token", "Idempotency-Key", "x", "X-\u00c4"[:2], "Forwarded",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Client-Data", "Set-Cookie", "Trailer", "Transfer-Encoding", "Upgrade", "Connection", "Critical-CH",
    "Service-Worker", "Ping-To", "Sec-Purpose", "X-Http-Method", "X-Method-Override", "Intervention", "Want-Digest", "Content-Range",
)  # fmt: skip
_METHODS = (
    "post", "Put", "PATCH", "patch", "HEAD", "head", "OPTIONS", "options", "delete", "Delete", "PROPFIND", "FOO", "get", "put", "LOCK", "M-SEARCH",
)  # fmt: skip


def triggers() -> list[Scenario]:
    """One value at a time; the preflight, where there is one, permits nothing but the origin."""
    fields = [("Content-Type", v) for v in _TYPES] + [("Accept", v) for v in _ACCEPTS] + [("Range", v) for v in _RANGES]
    fields += [(name, v) for v in _LANGUAGES for name in ("Accept-Language", "Content-Language")]
    fields += [(name, "1") for name in _NAMES]
    fields += [("Save-Data", v) for v in ("on", "off", "ON", "")] + [
        ("Device-Memory", "x"),
        ("Sec-CH-UA", "x"),
        ("DPR", "2.0"),
    ]
    fields += [("X-HTTP-Method-Override", v) for v in ("CONNECT", "TRACE, GET", "PUT")] + [
        ("Authorization", "Basic eDp5")
    ]
    found = [
        Scenario(
            f"trigger {name}: {value[:40]!r} {len(value)}",
            _fetch(options=json.dumps({"method": "POST", "body": "x", "headers": {name: value}})),
            (("*", "api", ONE, 200, _OK),),
        )
        for name, value in fields
    ]
    found += [
        Scenario(f"method {method}", _fetch(options=json.dumps({"method": method})), (("*", "api", ONE, 200, _OK),))
        for method in _METHODS
    ]
    hints = ("DPR", "Width", "Viewport-Width", "Downlink", "RTT", "ECT", "Device-Memory")
    for size, many in ((128, 7), (128, 4), (120, 4), (103, 7), (102, 7), (114, 5)):
        headers = {"Accept": "a" * size, "Accept-Language": "a" * size, "Content-Language": "a" * size}
        headers |= dict.fromkeys(hints[:many], "1" * size) | {"Content-Type": "text/plain;" + "x" * (size - 11)}
        found.append(
            Scenario(
                f"together {size} x {many}",
                _fetch(options=json.dumps({"method": "POST", "body": "x", "headers": headers})),
                (("*", "api", ONE, 200, _OK),),
            )
        )
    several = {"X-Z": "1", "X-A": "1", "Content-Type": "application/json", "Authorization": "x", "Accept": "(a)"}
    for allowed in (
        "x-z",
        "x-a, x-z",
        "x-a, x-z, content-type",
        "*",
        "X-A,X-Z,ACCEPT,CONTENT-TYPE",
        "*, authorization",
    ):
        found.append(
            Scenario(
                f"several fields, {allowed}",
                _fetch(options=json.dumps({"method": "POST", "body": "x", "headers": several})),
                (("*", "api", ONE, 200, (*_OK, ("Access-Control-Allow-Headers", allowed))),),
            )
        )
    for name, body in (
        ("URLSearchParams", "new URLSearchParams('a=b')"),
        ("FormData", "(() => { const f = new FormData(); f.append('a', 'b'); return f })()"),
        ("blob json", "new Blob(['{}'], {type: 'application/json'})"),
        ("blob none", "new Blob(['x'])"),
        ("blob html", "new Blob(['x'], {type: 'text/html'})"),
        ("buffer", "new Uint8Array([1, 2])"),
        ("text", "'x'"),
    ):
        for method in ("POST", "PUT"):
            found.append(
                Scenario(
                    f"body {name} {method}",
                    _fetch(options=f"{{method: '{method}', body: {body}}}"),
                    (("*", "api", ONE, 200, _OK),),
                )
            )
        found.append(
            Scenario(
                f"beacon {name}",
                f"navigator.sendBeacon(arg.api + '/s/' + arg.id, {body})",
                (("*", "api", ONE, 200, _OK),),
            )
        )
    return found


# -- what a preflight answers ----------------------------------------------------------------------------------------

_ODD_METHODS = (
    ", ,PUT", "PUT\tDELETE", "PUT/", "P\u00dcT", "(PUT)", "PUT DELETE", "PUT;", "'PUT'", '"PUT"', "*,PUT", "PUT, put", "", ",", "put", "Put",
    "PUT,DELETE,", ",PUT", "GET;POST;PUT", "PUT, @", "all", "* ", "**", "PUT\t,\tPOST", "PUT,,,,POST", "PUT, GET, P UT", "[PUT]", "PUT=1",
)  # fmt: skip
_ODD_HEADERS = (
    "x-a,", ", ,X-A", "x-a;x-b", "'x-a'", '"x-a"', "*", "*, x-b", "x_a", "X-A , x-b", "x-a x-b", "x-a: 1", "", "x-a\tx-b", "x-a, \u00e4", "X-a",
    "[x-a]", "x-*", "**", "*;", "x-a, authorization, @", "x-\u00e9, x-a",
)  # fmt: skip
_STATUSES = (200, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 305, 306, 307, 308, 309, 400, 401, 403, 404, 405, 407, 418,
             429, 500, 502, 503, 599)  # fmt: skip


def answers() -> list[Scenario]:
    """A preflight's status, syntax of its lists, and two faults at once, which show the order of checks."""
    put = _fetch(options="{method: 'PUT', headers: {'X-A': '1'}}")
    put_with = _fetch(options="{method: 'PUT', headers: {'X-A': '1'}, credentials: 'include'}")
    good = (("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Allow-Headers", "x-a"))
    found: list[Scenario] = []

    def preflight(name: str, status: int, fields: Fields, script: str = put) -> None:
        found.append(
            Scenario(name, script, (("OPTIONS", "api", ONE, status, fields), ("PUT", "api", ONE, 200, _OK)), 2)
        )

    for status in _STATUSES:
        preflight(f"preflight {status}", status, (*_OK, *good))
        if 300 <= status < 400:
            preflight(f"preflight {status} moved", status, (*_OK, *good, ("Location", "/elsewhere")))
            preflight(f"preflight {status} moved, silent", status, (("Location", "/elsewhere"),))
        preflight(f"preflight {status} silent", status, ())
    for value in _ODD_METHODS:
        preflight(f"methods {value!r}", 204, (*_OK, ("Access-Control-Allow-Methods", value), good[1]))
        preflight(
            f"methods {value!r}, include", 204, (*_OK, ("Access-Control-Allow-Methods", value), good[1]), put_with
        )
    for value in _ODD_HEADERS:
        preflight(f"headers {value!r}", 204, (*_OK, good[0], ("Access-Control-Allow-Headers", value)))
        preflight(
            f"headers {value!r}, include", 204, (*_OK, good[0], ("Access-Control-Allow-Headers", value)), put_with
        )
    faults: dict[str, Fields] = {
        "origin": (("Access-Control-Allow-Origin", "{api}"),),
        "credentials": _OK[:1],
        "methods syntax": (("Access-Control-Allow-Methods", "PUT;"),),
        "headers syntax": (("Access-Control-Allow-Headers", "x;"),),
        "method": (("Access-Control-Allow-Methods", "DELETE"),),
        "header": (("Access-Control-Allow-Headers", "x-b"),),
        "status": (),
        "any": _ANY,
    }

    def faulty(names: tuple[str, ...]) -> tuple[int, Fields]:
        given = dict((*_OK, *good))
        for name in names:
            if name == "credentials":
                given.pop("Access-Control-Allow-Credentials", None)
            given |= dict(faults[name])
        return 403 if "status" in names else 204, tuple(given.items())

    for first in faults:
        for second in faults:
            if first < second:
                for how, script in (("", put), (" include", put_with)):
                    preflight(f"faults {first} + {second}{how}", *faulty((first, second)), script)
    twice: tuple[tuple[str, Fields], ...] = (
        ("methods in two lines", (*_OK, ("Access-Control-Allow-Methods", "GET"), good[0], good[1])),
        ("methods in two lines, one bad", (*_OK, ("Access-Control-Allow-Methods", "G(T"), good[0], good[1])),
        ("headers in two lines", (*_OK, good[0], ("Access-Control-Allow-Headers", "x-b"), good[1])),
        ("origin in two lines", (*_OK, _OK[0], *good)),
        ("credentials in two lines", (*_OK, _OK[1], *good)),
        ("expose bad", (*_OK, *good, ("Access-Control-Expose-Headers", "a;b"))),
    )
    for name, fields in twice:
        preflight(name, 204, fields)
        preflight(f"{name}, include", 204, fields, put_with)
    for origin in (_OK, _ANY, _OK[:1], (*_ANY, _OK[1])):
        for actual in (_OK, _ANY, (), _OK[:1]):
            for how, script in (("omit", put), ("include", put_with)):
                found.append(
                    Scenario(
                        f"preflight {origin} then {actual} {how}",
                        script,
                        (("OPTIONS", "api", ONE, 204, (*origin, *good)), ("PUT", "api", ONE, 200, actual)),
                        2,
                    )
                )
    return found


# -- the preflight cache ---------------------------------------------------------------------------------------------

_MAX_AGES: tuple[tuple[str, ...], ...] = (
    (), ("60",), ("0",), ("-1",), ("abc",), ("60.5",), ("+60",), ("60, 60",), ("99999999999999999999",), ("0", "60"), ("60", "0"), ("1e9",), ("",),
    ("060",), ("0x10",), ("6 0",), ('"60"',),
)  # fmt: skip


def remembered() -> list[Scenario]:
    """Two requests, one after the other: is the second asked for again, and what is it told?"""
    two = "for (const o of [%s, %s]) await fetch(arg.api + '/s/' + arg.id, o).catch(() => 0)"
    put, put_field = "{method: 'PUT'}", "{method: 'PUT', headers: {'X-A': '1'}}"
    found = [
        Scenario(
            f"max-age {value}",
            two % (put, put),
            (
                ("OPTIONS", "api", ONE, 204, (*_PUT, *(("Access-Control-Max-Age", v) for v in value))),
                ("PUT", "api", ONE, 200, _OK),
            ),
            3,
        )
        for value in _MAX_AGES
    ]
    age = ("Access-Control-Max-Age", "60")
    pairs = {
        "another field": (put, put_field),
        "a field less": (put_field, put),
        "another method": (put, "{method: 'DELETE'}"),
        "with credentials": (put, "{method: 'PUT', credentials: 'include'}"),
        "without credentials": ("{method: 'PUT', credentials: 'include'}", put),
        "a safelisted method": (put, "{method: 'POST', headers: {'X-A': '1'}}"),
        "no-store": (put, "{method: 'PUT', cache: 'no-store'}"),
        "reload": (put, "{method: 'PUT', cache: 'reload'}"),
        "a simple one": (put, "{method: 'GET'}"),
    }
    answers: dict[str, Fields] = {
        "only this": (*_PUT, age),
        "all": (*_ALL, age, ("Access-Control-Allow-Headers", "x-a")),
        "any": (*_ANY, age, ("Access-Control-Allow-Methods", "*"), ("Access-Control-Allow-Headers", "*")),
        "any, by name": (*_OK, age, ("Access-Control-Allow-Methods", "*"), ("Access-Control-Allow-Headers", "*")),
    }
    for name, (first, second) in pairs.items():
        for said, fields in answers.items():
            found.append(
                Scenario(
                    f"remembered, {name}, {said}",
                    two % (first, second),
                    (("OPTIONS", "api", ONE, 204, fields), ("*", "api", ONE, 200, _OK)),
                    3,
                    includes=("include" in first, "include" in second),
                )
            )
    return found


# -- values of Access-Control-Allow-Origin ----------------------------------------------------------------------------

_ORIGINS = (
    "*", " * ", "\t*", "* *", "**", "'*'", '"*"', "{me}", " {me} ", "{me}/", "{me}#", "{me}?", "{me}\\", "{me},", ", {me}", ",", " ,", "{me}\t{api}",
    "{me};{api}", "NULL", "null", "Null", "null, {me}", "none", "self", "any", "true", "false", "undefined", "[object Object]", "{plain}",
    "https://shop.test", "http://shop.test", "shop.test", "//shop.test", "https://", "https:", "https:///shop.test", "https:/shop.test", "http://",
    "https:\\\\shop.test", "https://SHOP.TEST", "https://shop.test.", "https://shop.test:", "https://shop.test:0", "https://shop.test:65536",
    "https://shop.test:0x50", "https://shop.test:8 0", "https://shop test", "https://ex%20ample", "https://%73hop.test", "https://%zz", "https://a%00b",
    "https://-a-", "https://xn--a", "https://a_b", "https://a..b", "https://.", "https://..", "https://256.1.1.1", "https://1.1", "https://0x7f.1",
    "https://1.2.3.4.5", "https://1.2.3.04", "https://09.1", "https://a.1", "https://a.0x", "https://[::1]", "https://[::1", "https://[::g]",
    "https://[1.2.3.4]", "https://[::1.2.3.4]", "https://[fe80::1%25eth0]", "https://[]", "https://\u00e9.test", "https://\u200b.test", "https://\uff0f.test",
    "https://a\u00adb.test", "https://xn--9ca.test", "https://u@shop.test", "https://u:p@shop.test", "https://:@shop.test", "https://@", "https://a:b@c:d",
    "x:", ":", "a:b:c", "1a:b", "a+b:c", "-a:b", ".a:b", "a.b:c", "a_b:c", "javascript:x", "about:blank", "data:,x", "mailto:x", "blob:https://shop.test/x",
    "blob:x", "filesystem:https://shop.test/temporary/x", "filesystem:x", "ws://shop.test", "wss://shop.test:1", "ftp://shop.test", "file://", "file:///x",
    "file://shop.test", "file:x", "chrome-extension://abcdefghijklmnop", "moz-extension://1-2", "capacitor://localhost", "ionic://localhost", "app://.",
    "app://a b", "tauri://localhost", "http://localhost", "localhost:3000", "localhost", "http//localhost", "http:localhost", "https://*.shop.test",
    "https://*", "*.shop.test", "*://shop.test", "https://shop.test|https://b", "https://shop.test\u00a0", "^https://.*$", "/.*/", "https://a<b",
    "https://a>b", "https://a^b", "https://a|b", "https://a`b", "https://a'b", 'https://a"b', "https://a{b}", "https://a~b", "https://a!b", "https://a$b",
    "https://a&b", "https://a(b)", "https://a*b", "https://a+b", "https://a;b", "https://a=b", "https://a:1:2", "https://a:-1", "https://a:+1",
    "https://a:80/x", "https://a:80x", "https://a:\u0661", "http://a:443", "a://b c", "a://b<c", "a://b:99999", "a://b:x", "a:b c", "a:// ", "", " ",
    "\u00e9", "%", "https://" + "a" * 64 + ".test", "https://" + "a." * 140 + "test", "https://shop.test/../", "HTTPS://shop.test", "hTTps:shop.test",
    "about:srcdoc", "intent://x", "urn:x", "tel:1", "view-source:https://a", "chrome://x", "devtools://devtools", "null/", "null null",
)  # fmt: skip


def origins() -> list[Scenario]:
    """A value at a time on a simple request."""
    return [
        Scenario(f"allow-origin {v[:60]!r}", _fetch(), (("*", "api", ONE, 200, (("Access-Control-Allow-Origin", v),)),))
        for v in _ORIGINS
    ]


# -- redirects of several hops ---------------------------------------------------------------------------------------


def redirects() -> list[Scenario]:
    """Chains, with what each hop permits."""
    found: list[Scenario] = []
    where = {"home": "{me}", "api": "{api}", "partner": "{partner}", "third": "{third}"}
    permits: dict[str, Fields] = {"origin": _OK, "null": _NULL, "any": _ANY, "none": ()}

    def chain(name: str, hops: list[tuple[str, Fields, int]], options: str = "{}", last_path: str = THREE) -> None:
        paths = (ONE, TWO, THREE)
        routes = []
        for place, (host, fields, status) in enumerate(hops):
            if place + 1 < len(hops):
                fields = (*fields, ("Location", where[hops[place + 1][0]] + paths[place + 1]))
            routes.append(("*", host, paths[place], status, fields))
        found.append(
            Scenario(f"chain {name}", _fetch("me" if hops[0][0] == "home" else hops[0][0], options), tuple(routes))
        )

    for a, b, c in (
        ("api", "home", "api"), ("home", "api", "home"), ("home", "api", "partner"), ("api", "partner", "api"), ("api", "api", "partner"),
        ("home", "home", "api"), ("api", "partner", "home"), ("home", "api", "api"), ("partner", "third", "third"), ("partner", "home", "home"),
    ):  # fmt: skip
        for second, third in (
            ("origin", "origin"),
            ("null", "null"),
            ("any", "any"),
            ("origin", "null"),
            ("none", "origin"),
            ("null", "none"),
            ("any", "origin"),
        ):
            for options in ("{}", "{credentials: 'include'}"):
                chain(
                    f"{a} {b} {c} {second} {third} {options}",
                    [(a, _OK, 302), (b, permits[second], 307), (c, permits[third], 200)],
                    options,
                )
    allowed: Fields = (("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Allow-Headers", "x-a, authorization"))
    for method, headers in (("PUT", {}), ("GET", {"X-A": "1"}), ("POST", {"X-A": "1"}), ("GET", {"Authorization": "Bearer x"}), ("POST", {"Content-Type": "application/json"})):  # fmt: skip
        for status in (301, 302, 303, 307, 308):
            for a, b in (("home", "api"), ("api", "partner"), ("api", "api"), ("api", "home"), ("home", "home")):
                for then in (
                    permits["origin"],
                    (*_NULL, *allowed),
                    (*_ANY, ("Access-Control-Allow-Methods", "*"), ("Access-Control-Allow-Headers", "*")),
                ):
                    chain(
                        f"{method} {headers} {status} {a} {b} {then[:1]}{len(then)}",
                        [(a, (*_OK, *allowed), status), (b, then, 200)],
                        json.dumps({"method": method, "headers": headers}),
                    )
    single = [
        ("to plain", "{other_api}/t/{id}", "api"),
        ("relative", "/t/{id}", "api"),
        ("with a fragment", "{api}/t/{id}#x", "api"),
        ("with a user", "{scheme}u@{host}/t/{id}", "api"),
        ("with an empty user", "{scheme}@{host}/t/{id}", "api"),
        ("with a password alone", "{scheme}:p@{host}/t/{id}", "api"),
        ("an at sign in the path", "{api}/t/{id}?u=a@b", "api"),
        ("to nowhere", "", "api"),
        ("to itself", "/s/{id}", "api"),
    ]
    found += [
        Scenario(
            f"moved {name} from {start} {options}",
            _fetch("me" if start == "home" else start, options),
            (
                ("*", start, ONE, 302, (*_OK, ("Location", location.replace("{scheme}", "https://")))),
                ("*", host, TWO, 200, _OK),
            ),
        )
        for name, location, host in single
        for start in ("api", "home", "partner")
        for options in ("{}", "{mode: 'no-cors'}", "{mode: 'same-origin'}", "{redirect: 'manual'}")
    ]
    return found


# -- elements and other ways to ask -----------------------------------------------------------------------------------

_WAYS = {
    "img anonymous": ("const e = new Image(); e.crossOrigin = 'anonymous'; e.src = u; await seen(e)", _SVG),
    "img use-credentials": ("const e = new Image(); e.crossOrigin = 'use-credentials'; e.src = u; await seen(e)", _SVG),
    "video": ("const e = document.createElement('video'); e.crossOrigin = 'anonymous'; e.src = u; document.body.append(e); await media(e)", ("Content-Type", "video/mp4")),
    "video no-cors": ("const e = document.createElement('video'); e.src = u; document.body.append(e); await media(e)", ("Content-Type", "video/mp4")),
    "audio use-credentials": ("const e = document.createElement('audio'); e.crossOrigin = 'use-credentials'; e.src = u; document.body.append(e); await media(e)", ("Content-Type", "audio/mpeg")),
    "track": ("const e = document.createElement('video'); e.crossOrigin = 'anonymous'; const t = document.createElement('track'); t.src = u; t.default = true; e.append(t); document.body.append(e); t.track.mode = 'showing'; await seen(t)", ("Content-Type", "text/vtt")),
    "stylesheet anonymous": ("const e = document.createElement('link'); e.rel = 'stylesheet'; e.crossOrigin = 'anonymous'; e.href = u; document.head.append(e); await seen(e)", _CSS),
    "stylesheet": ("const e = document.createElement('link'); e.rel = 'stylesheet'; e.href = u; document.head.append(e); await seen(e)", _CSS),
    "preload fetch": ("const e = document.createElement('link'); e.rel = 'preload'; e.as = 'fetch'; e.crossOrigin = 'anonymous'; e.href = u; document.head.append(e); await seen(e)", _CSS),
    "preload fetch no-cors": ("const e = document.createElement('link'); e.rel = 'preload'; e.as = 'fetch'; e.href = u; document.head.append(e); await seen(e)", _CSS),
    "preload font": ("const e = document.createElement('link'); e.rel = 'preload'; e.as = 'font'; e.crossOrigin = ''; e.href = u; document.head.append(e); await seen(e)", ("Content-Type", "font/woff2")),
    "preload font no-cors": ("const e = document.createElement('link'); e.rel = 'preload'; e.as = 'font'; e.href = u; document.head.append(e); await seen(e)", ("Content-Type", "font/woff2")),
    "preload script with credentials": ("const e = document.createElement('link'); e.rel = 'preload'; e.as = 'script'; e.crossOrigin = 'use-credentials'; e.href = u; document.head.append(e); await seen(e)", _JS),
    "modulepreload": ("const e = document.createElement('link'); e.rel = 'modulepreload'; e.href = u; document.head.append(e); await seen(e)", _JS),
    "prefetch": ("const e = document.createElement('link'); e.rel = 'prefetch'; e.href = u; document.head.append(e); await Promise.race([seen(e), late()])", _CSS),
    "prefetch anonymous": ("const e = document.createElement('link'); e.rel = 'prefetch'; e.crossOrigin = 'anonymous'; e.href = u; document.head.append(e); await Promise.race([seen(e), late()])", _CSS),
    "manifest": ("const e = document.createElement('link'); e.rel = 'manifest'; e.href = u; document.head.append(e); await late()", ("Content-Type", "application/manifest+json")),
    "script anonymous": ("const e = document.createElement('script'); e.crossOrigin = 'anonymous'; e.src = u; document.head.append(e); await seen(e)", _JS),
    "script use-credentials": ("const e = document.createElement('script'); e.crossOrigin = 'use-credentials'; e.src = u; document.head.append(e); await seen(e)", _JS),
    "script integrity": ("const e = document.createElement('script'); e.integrity = 'sha256-x'; e.crossOrigin = 'anonymous'; e.src = u; document.head.append(e); await seen(e)", _JS),
    "module": ("const e = document.createElement('script'); e.type = 'module'; e.src = u; document.head.append(e); await seen(e)", _JS),
    "module use-credentials": ("const e = document.createElement('script'); e.type = 'module'; e.crossOrigin = 'use-credentials'; e.src = u; document.head.append(e); await seen(e)", _JS),
    "import": ("await import(u).catch(() => 0)", _JS),
    "import json": ("await import(u, {with: {type: 'json'}}).catch(() => 0)", ("Content-Type", "application/json")),
    "font": ("await new FontFace('x' + arg.id, `url(${u})`).load().catch(() => 0)", ("Content-Type", "font/woff2")),
    "css mask": ("const e = document.createElement('div'); e.style.cssText = `width:9px;height:9px;mask-image:url(${u})`; document.body.append(e); await late()", _SVG),
    "css shape": ("const e = document.createElement('div'); e.style.cssText = `float:left;width:9px;height:9px;shape-outside:url(${u})`; document.body.append(e); await late()", _SVG),
    "css background": ("const e = document.createElement('div'); e.style.cssText = `width:9px;height:9px;background-image:url(${u})`; document.body.append(e); await late()", _SVG),
    "svg use": ("document.body.insertAdjacentHTML('beforeend', `<svg><use href='${u}#a'/></svg>`); await late()", _SVG),
    "event source": ("const e = new EventSource(u); await new Promise(d => e.onmessage = e.onerror = d); e.close()", ("Content-Type", "text/event-stream")),
    "event source with credentials": ("const e = new EventSource(u, {withCredentials: true}); await new Promise(d => e.onmessage = e.onerror = d); e.close()", ("Content-Type", "text/event-stream")),
    "xhr": ("await xhr(x => { x.open('GET', u); x.send() })", _CSS),
    "xhr with credentials": ("await xhr(x => { x.open('GET', u); x.withCredentials = true; x.send() })", _CSS),
    "xhr post json": ("await xhr(x => { x.open('POST', u); x.setRequestHeader('Content-Type', 'application/json'); x.send('{}') })", _CSS),
    "xhr post text": ("await xhr(x => { x.open('POST', u); x.send('a') })", _CSS),
    "xhr put with credentials": ("await xhr(x => { x.open('PUT', u); x.withCredentials = true; x.send('a') })", _CSS),
    "keepalive": ("await fetch(u, {keepalive: true, method: 'POST', body: 'x'}).catch(() => 0)", _CSS),
    "fetch omit": ("await fetch(u, {credentials: 'omit'}).catch(() => 0)", _CSS),
    "fetch no-referrer": ("await fetch(u, {referrerPolicy: 'no-referrer'}).catch(() => 0)", _CSS),
    "fetch include no-referrer": ("await fetch(u, {referrerPolicy: 'no-referrer', credentials: 'include'}).catch(() => 0)", _CSS),
    "post no-cors no-referrer": ("await fetch(u, {mode: 'no-cors', method: 'POST', referrerPolicy: 'no-referrer', body: 'x'}).catch(() => 0)", _CSS),
    "post no-cors json": ("await fetch(u, {mode: 'no-cors', method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'}).catch(() => 0)", _CSS),
    "navigate mode": ("await fetch(u, {method: 'HEAD'}).catch(() => 0)", _CSS),
    "aborted": ("const c = new AbortController(); const p = fetch(u, {signal: c.signal}).catch(() => 0); await late(30); c.abort(); await p", _CSS),
    "ping": ("const a = document.createElement('a'); a.href = '#x'; a.ping = u; document.body.append(a); a.click(); await late()", _CSS),
    "form get": ("await form('get', '')", ("Content-Type", "text/html")),
    "form post": ("await form('post', '')", ("Content-Type", "text/html")),
    "form text": ("await form('post', 'text/plain')", ("Content-Type", "text/html")),
    "form multipart": ("await form('post', 'multipart/form-data')", ("Content-Type", "text/html")),
    "frame": ("const e = document.createElement('iframe'); e.src = u; document.body.append(e); await seen(e)", ("Content-Type", "text/html")),
    "object": ("const e = document.createElement('object'); e.data = u; document.body.append(e); await Promise.race([seen(e), late()])", ("Content-Type", "text/html")),
    "embed": ("const e = document.createElement('embed'); e.src = u; document.body.append(e); await Promise.race([seen(e), late()])", _SVG),
    "sandboxed frame fetch": ("await framed(`fetch('${u}')`, 'allow-scripts')", _CSS),
    "sandboxed frame fetch include": ("await framed(`fetch('${u}', {credentials: 'include'})`, 'allow-scripts')", _CSS),
    "sandboxed frame put": ("await framed(`fetch('${u}', {method: 'PUT'})`, 'allow-scripts')", _CSS),
    "srcdoc frame fetch": ("await framed(`fetch('${u}')`, 'allow-scripts allow-same-origin')", _CSS),
    "data frame fetch": ("const e = document.createElement('iframe'); e.src = 'data:text/html,' + encodeURIComponent(`<script>fetch('${u}').catch(() => 0).finally(() => parent.postMessage(1, '*'))</` + 'script>'); const p = new Promise(d => onmessage = d); document.body.append(e); await p", _CSS),
}  # fmt: skip

_TOOLS = """
const u = arg.%s + '/s/' + arg.id, late = (ms = 150) => new Promise(done => setTimeout(done, ms));
const seen = e => Promise.race([new Promise(done => { e.onload = e.onerror = done }), late(1500)]);
const media = e => Promise.race([new Promise(done => { e.onloadeddata = e.onerror = done }), late(800)]);
const xhr = f => new Promise(done => { const x = new XMLHttpRequest(); x.onloadend = done; f(x) });
const form = (method, type) => {
  const f = document.createElement('form'), i = document.createElement('iframe'); i.name = 'n' + arg.id;
  f.target = i.name; f.method = method; if (type) f.enctype = type; f.action = u; document.body.append(i, f);
  const loaded = seen(i); f.submit(); return loaded };
const framed = (code, sandbox) => {
  const f = document.createElement('iframe'); f.sandbox = sandbox;
  f.srcdoc = `<script>${code}.catch(() => 0).finally(() => parent.postMessage(1, '*'))</` + 'script>';
  return new Promise(done => { onmessage = done; document.body.append(f) }) };
"""


def elements() -> list[Scenario]:
    """Each way to ask, of a same-site and of a cross-site origin, with each kind of permission."""
    permits: dict[str, Fields] = {"none": (), "any": _ANY, "origin": _OK, "origin alone": _OK[:1], "null": _NULL}
    preflight = (("Access-Control-Allow-Methods", "PUT"), ("Access-Control-Allow-Headers", "content-type"))
    return [
        Scenario(
            f"way {name}, {host}, {said}",
            _TOOLS % host + script,
            (("*", host, ONE, 200, (*fields, *(preflight if fields else ()), kind)),),
        )
        for name, (script, kind) in _WAYS.items()
        for host in ("api", "partner")
        for said, fields in permits.items()
    ]


# -- cookies as evidence, and caches ----------------------------------------------------------------------------------


def evidence() -> list[Scenario]:
    """Requests that carry a cookie or hold one back, and answers that come from a cache."""
    found: list[Scenario] = []
    for host in ("api", "partner"):
        for cookie in ("sid=1; Path=/", "sid=1; Secure; SameSite=None; Path=/"):
            routes = (("GET", host, "/c/{id}", 200, (*_OK, ("Set-Cookie", cookie))),)
            begin = f"await fetch(arg.{host} + '/c/' + arg.id, {{credentials: 'include'}}).catch(() => 0);"
            for credentials in ("include", "same-origin", "omit"):
                for said, fields in (
                    ("any", _ANY),
                    ("origin", _OK),
                    ("alone", _OK[:1]),
                    ("none", ()),
                    ("any, true", (*_ANY, _OK[1])),
                ):
                    found.append(
                        Scenario(
                            f"cookie {host} {cookie[:12]} {credentials} {said}",
                            begin + _fetch(host, json.dumps({"credentials": credentials})),
                            (*routes, ("*", host, ONE, 200, fields)),
                            2,
                        )
                    )
    kept = ("Cache-Control", "max-age=600")
    first = {
        "image": "const i = new Image(); i.src = u; await new Promise(d => i.onload = i.onerror = d);",
        "no-cors": "await (await fetch(u, {mode: 'no-cors'})).text();",
        "cors": "await fetch(u).then(r => r.text()).catch(() => 0);",
        "include": "await fetch(u, {credentials: 'include'}).then(r => r.text()).catch(() => 0);",
    }
    found += [
        Scenario(
            f"cached by {name}, {host}, {said}, then {then}",
            f"const u = arg.{host} + '/s/' + arg.id; {begin} await fetch(u, {then}).then(r => r.text()).catch(() => 0)",
            (("*", host, ONE, 200, (*fields, kept, _SVG, ("ETag", '"1"'))),),
            2,
        )
        for name, begin in first.items()
        for host in ("api", "partner")
        for said, fields in (("none", ()), ("any", _ANY), ("origin", _OK), ("vary", (*_OK, ("Vary", "Origin"))))
        for then in ("{}", "{cache: 'force-cache'}", "{credentials: 'include'}", "{cache: 'no-cache'}")
    ]
    put = ("Access-Control-Allow-Methods", "PUT")
    found += [
        Scenario(
            f"{name}, {host}, {said}, {options}",
            _fetch(host, options),
            (("*", "home" if host == "me" else host, ONE, 200, (*fields, put)),),
            1,
            page,
        )
        for name, page in (
            ("sandboxed page", (("Content-Security-Policy", "sandbox allow-scripts"),)),
            ("page without referrer", (("Referrer-Policy", "no-referrer"),)),
            ("page with require-corp", (("Cross-Origin-Embedder-Policy", "require-corp"),)),
            ("page with credentialless", (("Cross-Origin-Embedder-Policy", "credentialless"),)),
        )
        for host in ("me", "api", "partner")
        for said, fields in (("none", ()), ("any", _ANY), ("origin", _OK), ("null", (*_NULL, _OK[1])))
        for options in ("{}", "{credentials: 'include'}", "{method: 'PUT'}", "{mode: 'no-cors'}")
    ]
    return found


FAMILIES = {
    "triggers": triggers,
    "answers": answers,
    "remembered": remembered,
    "origins": origins,
    "redirects": redirects,
    "elements": elements,
    "evidence": evidence,
}


def corners() -> list[Scenario]:
    """All of them."""
    return [scenario for family in FAMILIES.values() for scenario in family()]

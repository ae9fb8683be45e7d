"""Cookie scenarios written from RFC 6265bis and from what sites send: every attribute's odd forms, every way to ask."""

from __future__ import annotations

from itertools import batched

from tests.browser.cookie_scenarios import Scenario, Visit

FIRST = 10_000
"""The number of the first scenario, clear of the seeded ones."""

_NAMES = (
    "{n}", "{n}=", "={n}", "=={n}", "={n}=v", "{n}==v", "{n}=a=b", " {n} = v ", "{n}\t=\tv", "{n} x=v", "{n}\tx=v", "{n}=a\tb", '"{n}"=v', '{n}="v"',
    '{n}="a;b"', "{n}='v'", "{n}=a b", "{n}=a,b", "{n}=\u00e9", "\u00e9{n}=v", "${n}=v", "{n}:x=v", "{n}/x=v", "{n}@=v", "{n}[]=v", "{n}(x)=v", "{n}=\\",
    "{n}=%00", "{n}={{}}", ";{n}=v", ";;{n}=v", "", " ", "=", " = ", ";", "=;", "; Path=/", "{n}=v;", "{n}=v;;", "{n}=v; ;", "{n}=v;=", "{n}=v;=x",
    "{n}=v; x", "{n}=a\x01b", "{n}=a\x1fb", "{n}=a\x7fb", "{n}\x02=v", "{n}=v; Path=/\x03", "{n}=v; Foo\x04=x", "{n}=v; Foo=x\x05y", "{n}=v\t", "\t{n}=v",
    "{n}=v; Path\t=/", "{n}=v; \tPath=/", "{n}=v; Path=/\t", "{n}=v; Foo=a\tb", "{n}=v; Fo\to=b", "{n}=v; HttpOnly\t", "{n}=\u2028", "{n}=\U0001f36a", "{n}=v\x0b",
    "{n}=\x80", "{n}=a\x08", "{n}=v; \x01", "{n}=v;\x7f=1",
)  # fmt: skip
_ATTRIBUTES = (
    "Path=/a; Path=/", "Path=/; Path=/a", "Path=/a; Path=", "Path=; Path=/a", "PATH=/", "path =/", "Path= /", 'Path="/"', "Path=/a/../b", "Path=/%61", "Path=//",
    "Path=/a;Path", "Path", "Path=a", "Path=/A", "Path=/\u00e9", "Path=/ x", "Path= ", "Path=*", "Path=/?x", "Path=/;", "Domain={host}; Domain=", "Domain=; Domain={host}",
    "Domain={host}; Domain=b.test", "Domain=b.test; Domain={host}", "Domain", "Domain= {host} ", "DOMAIN={host}", 'Domain="{host}"', "Domain=.", "Domain=..", "Domain=...{host}",
    "Domain=.{host}.", "Domain={host}..", "Domain= .{host}", "Domain=. {host}", "Domain=*.{host}", "Domain=*", "Domain=http://{host}", "Domain={host}/", "Domain={host}:80",
    "Domain=test", "Domain=.test", "Domain=co.uk", "Domain=.co.uk", "Domain=uk", "Domain=github.io", "Domain=.github.io", "Domain=example.co.uk", "Domain=sub.{host}",
    "Domain=\u00e9.{host}", "Domain=xn--9ca.{host}", "Domain=localhost", "Domain=.localhost", "Domain=127.0.0.1", "Domain=1", "Domain=%61.test", "Domain={host}\\",
    "Domain={host},b.test", "Domain={host} b.test", "Domain=null", "Domain=undefined", "Domain=a.test", "Domain=A.TEST", "Domain=.A.Test", "Domain=a.test.", "Domain=.a.test",
    "Secure", "secure", "SECURE", "Secure=", "Secure=false", "Secure=0", "Secure;Secure", " Secure ", "Secured", "Secure x", "Http Only", "HttpOnly=false", "HTTPONLY",
    "http-only", "HttpOnly;HttpOnly", "SameSite", "SameSite=", "SameSite=None", "SameSite=None;Secure", "samesite=none;secure", "SameSite=Lax;SameSite=None", "SameSite=None;SameSite=Lax",
    "SameSite=Strict;SameSite=", "SameSite=Strict;SameSite=x", "SameSite= Strict ", 'SameSite="Strict"', "SameSite=lax", "SameSite=LAX", "SameSite=Strict,Lax", "SameSite=Extended",
    "SameSite=No_Restriction", "Partitioned", "Partitioned;Secure", "partitioned; secure; path=/", "Partitioned=x;Secure", "Partitioned;Secure;SameSite=None", "Partitioned; Secure; Domain={host}",
    "Max-Age=60;Max-Age=0", "Max-Age=0;Max-Age=60", "Max-Age=60;Max-Age=", "Max-Age=;Max-Age=60", "Max-Age=60;Max-Age=x", "Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "Max-Age=0; Expires=Wed, 01 Jan 2031 00:00:00 GMT", "Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=x; Expires=Wed, 01 Jan 2031 00:00:00 GMT",
    "Expires=x; Max-Age=60", "Expires=Wed, 01 Jan 2031 00:00:00 GMT; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=Wed, 01 Jan 2031 00:00:00 GMT; Expires=",
    "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=Wed, 01 Jan 2031 00:00:00 GMT", "Expires=Wed, 01 Jan 2031 00:00:00 GMT; Expires=x", "Priority=High", "Priority=x", "Version=1; Comment=x",
    "SameParty; Secure", "Discard", "Port=\"80\"", "CommentURL=x", "Expires", "Max-Age", "Foo=Bar; Path=/", "Path=/;Domain={host};Secure;HttpOnly;SameSite=Lax;Max-Age=60",
)  # fmt: skip
_DATES = (
    "Wed, 01 Jan 2031 00:00:00 GMT", "Wednesday, 01-Jan-31 00:00:00 GMT", "Wed Jan  1 00:00:00 2031", "Wed, 01-Jan-2031 00:00:00 GMT", "2031-01-01T00:00:00Z", "1 Jan 2031", "01 Jan 2031 00:00",
    "1 January 2031 00:00:00", "1 Janx 2031 00:00:00", "1 Ja 2031 00:00:00", "001 Jan 2031 00:00:00", "32 Jan 2031 00:00:00", "0 Jan 2031 00:00:00", "31 Apr 2031 00:00:00", "29 Feb 2031 00:00:00",
    "29 Feb 2032 00:00:00", "1 Jan 2031 24:00:00", "1 Jan 2031 23:60:00", "1 Jan 2031 23:59:60", "1 Jan 2031 1:2", "1 Jan 2031 1:2:3pm", "1 Jan 2031 10:20:30 pm", "1 Jan 68 00:00:00", "1 Jan 69 00:00:00",
    "1 Jan 70 00:00:00", "1 Jan 99 00:00:00", "1 Jan 0 00:00:00", "1 Jan 1 00:00:00", "1 Jan 1600 00:00:00", "1 Jan 1601 00:00:00", "1 Jan 9999 00:00:00", "1 Jan 10000 00:00:00", "1 Jan 31 00:00:00", "31 Jan 1 00:00:00",
    "Jan 1 2031 00:00:00", "2031 Jan 1 00:00:00", "00:00:00 1 Jan 2031", "1-Jan-2031-00:00:00", "1/Jan/2031/00:00:00", "1.Jan.2031.00:00:00", "1_Jan_2031_00:00:00", "1 Jan 2031 00:00:00 +0200", "1 Jan 2031 00:00:00 PST",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01-Jan-1970 00:00:01 GMT", "Thu, 1 Jan 1970 00:00:00", "0", "-1", "never", "", "1970", "1900000000", "Mon, 01 Jan 0001 00:00:00 GMT", "01 01 2031 00:00:00", "1 1 Jan 2031 00:00:00",
    "1 Jan 2031 2032 00:00:00", "1 Jan Feb 2031 00:00:00", "1 Jan 2031 00:00:00 23:00:00", "jAN 1 2031 0:0:0", "1 Jan 2031 000:00:00", "1 Jan 2031 00:000:00", "1 Jan 2031 0000000000:0:0", "1 Jan 2031 -1:0:0", "1 Jan 2031 0:0:0.5",
    "1 Jan 2031 0:0:0:0", "1 Jan 2031 0::0", "1 Jan 2031 :0:0", "1st Jan 2031 00:00:00", "1 Jan 2031x 00:00:00", "1 Jan 020 00:00:00", "1 Jan 203 00:00:00", '"Wed, 01 Jan 2031 00:00:00 GMT"', "Wed, 01 Jan 2031 00:00:00 GMT, x", "\u0661 Jan 2031 00:00:00",
    "1 \u00e9an 2031 00:00:00", "1\u00a0Jan\u00a02031\u00a000:00:00", "Sun, 06 Nov 2094 08:49:37 GMT", "Tue, 19 Jan 2038 03:14:08 GMT", "1 Jan 12031 00:00:00", "1 Jan 120310 00:00:00", "{now+86400}", "{now-86400}",
)  # fmt: skip
_AGES = (
    "60", " 60", "60 ", "6 0", "0x10", "1e3", "-0", "+0", "00", "+60", "++60", "--60", "+-60", "-60", "60abc", "abc60", "60.9", "0.9", "'60'", '"60"', "\u0663", "9999999999", "-9999999999999999999", "34560000", "34560001", "9223372036854775807",
    "9223372036854775808", "99999999999999999999999999", "-99999999999999999999x", "99999999999999999999x", "60,0", "60;0", "", "-", "+", "1_000", "0060", "NaN", "Infinity", "session", "\t60", "6\t0", "60=1",
)  # fmt: skip
_PREFIXED = tuple(
    f"{prefix}{{n}}{value}{'; ' if attributes else ''}{attributes}"
    for prefix in (
        "__Host-",
        "__Secure-",
        "__Http-",
        "__Host-Http-",
        "__HOST-",
        "__secure-",
        "__hTTP-",
        "__host-http-",
        "__Host",
        "__Hosts-",
        "_Host-",
        "__Host-Secure-",
        "__Http-Host-",
        "__SecureHost-",
    )
    for value in ("=v",)
    for attributes in (
        "",
        "Secure",
        "Secure; Path=/",
        "Secure; Path=/; HttpOnly",
        "Path=/; HttpOnly",
        "Secure; HttpOnly",
        "Secure; Path=/; Domain={host}",
        "Secure; Path=/; Domain=",
        "Secure; Path=/; Domain; HttpOnly",
        "Secure; Path=/a",
        "Secure; Path=; HttpOnly",
        "Secure; Path=/a; Path=/",
        "Secure; Path=/; Path=/a; HttpOnly",
        "Secure; Path=/; Domain={host}; HttpOnly",
        "Secure=x; Path=/; HttpOnly=x",
        "Secure; Path=x; HttpOnly",
    )
)
_PREFIXED += ("=__Host-{n}=v; Secure; Path=/", "=__Secure-{n}", "__Secure-{n}; Secure", " __Secure-{n}=v", "__Host-{n}; Secure; Path=/", "=__http-{n}=v", "__Secure-=v; Secure", "__Host-=v; Secure; Path=/", "__Host-", "=__Host-")  # fmt: skip


def _sizes() -> list[str]:
    lines = []
    for size in (4095, 4096, 4097):
        lines += [
            "{n}=" + "v" * (size - 6),
            "=" + "{n}" + "v" * (size - 6),
            "{n}" + "x" * (size - 6),
            "{n}=v; Path=/" + "a" * (size - 1024 - 3072 + 1023 - 1),
        ]
        lines.append("{n}=" + "\u00e9" * ((size - 6) // 2) + "v" * (size % 2))
    for size in (1023, 1024, 1025, 5000):
        lines += [
            "{n}=v; Path=/" + "a" * (size - 1),
            "{n}=v; Foo=" + "a" * size,
            "{n}=v; Domain=" + "a" * size,
            "{n}=v; Max-Age=" + "0" * (size - 2) + "60",
            "{n}=v; Expires=Wed, 01 Jan 2031 00:00:00 GMT" + " " * (size - 29),
            "{n}=v; Secure=" + "a" * size,
            "{n}=v; SameSite=Strict" + " " * size,
            "{n}=v; HttpOnly=" + "a" * size,
            "{n}=v; " + "a" * size,
            "{n}=v; Path=/" + "\u00e9" * (size // 2),
        ]
    return lines


def lines() -> list[Scenario]:
    """Every line on a visit of its own site; a second visit to the same path, which shows what goes back."""
    every = [*_NAMES, *(f"{{n}}=v; {a}" for a in _ATTRIBUTES), *_PREFIXED, *_sizes()]
    every += [f"{{n}}=v; Expires={d}" for d in _DATES] + [f"{{n}}=v; Max-Age={a}" for a in _AGES]
    found: list[Scenario] = []
    places = [("https", "a.test", every), ("http", "x.a.test", every)]
    domains = [f"{{n}}=v; {a}" for a in _ATTRIBUTES if a.startswith("Domain")] + [p for p in _PREFIXED if "Domain" in p]
    places += [
        (scheme, host, domains)
        for scheme, host in (
            ("https", "shop.example.co.uk"),
            ("https", "example.co.uk"),
            ("https", "team.github.io"),
            ("https", "localhost"),
            ("http", "localhost"),
            ("http", "127.0.0.1"),
            ("https", "x.a.test"),
        )
    ]
    for scheme, host, chosen in places:
        for part in batched(chosen, 20):
            number = FIRST + len(found)
            texts = tuple(
                line.replace("{host}", host).replace("{n}", f"n{number % 1000:03}{i:02}") for i, line in enumerate(part)
            )
            path = f"/dir/page-{number}"
            visits = (Visit("address", scheme, host, path, texts), Visit("address", scheme, host, path))
            found.append(Scenario(number, visits, False))
    return found


def clocks() -> list[Scenario]:
    """A server whose clock is wrong, and dates near both clocks."""
    found = []
    for date in (None, 0, 3600, -3600, 864_000, -864_000, 86_400 * 500):
        number = FIRST + 500 + len(found)
        dates = [
            f"Expires={{now{offset:+}}}"
            for offset in (60, -60, 1800, -1800, 7200, -7200, 864_100, -864_100, 86_400 * 600)
        ]
        dates += ["Max-Age=60", "Max-Age=0", "Max-Age=60; Expires={now-60}", "Max-Age=0; Expires={now+60}"]
        texts = tuple(f"d{number}{i}=v; {text}" for i, text in enumerate(dates))
        path = f"/dir/page-{number}"
        visits = (
            Visit("address", "https", "a.test", path, texts, None, date),
            Visit("address", "https", "a.test", path),
        )
        found.append(Scenario(number, visits, False))
    return found


_KINDS = (
    "{n}=1; Path=/; SameSite=Strict; Secure", "{n}=1; Path=/; SameSite=Lax; Secure", "{n}=1; Path=/; Secure", "{n}=1; Path=/; SameSite=None; Secure",
    "{n}=1; Path=/; SameSite=None; Secure; Partitioned", "{n}=1; Path=/", "{n}=1; Path=/dir", "{n}=1; Path=/dir/", "{n}=1; Domain=a.test; Path=/; SameSite=None; Secure",
    "__Host-{n}=1; Path=/; Secure; SameSite=None", "{n}=1; Path=/di; SameSite=None; Secure", "{n}=1; Domain=a.test; Path=/; SameSite=Strict",
)  # fmt: skip
WAYS = (
    "link", "noreferrer", "post", "replace", "open", "meta", "form-get", "image", "fetch", "fetch-same-origin", "fetch-omit", "fetch-include", "fetch-no-cors", "fetch-no-cors-omit", "fetch-put", "fetch-put-omit", "xhr",
    "xhr-plain", "frame", "frame-post", "object", "script", "script-anonymous", "script-credentials", "module", "style", "font", "video", "beacon", "event-source", "event-source-credentials", "prefetch", "preload", "image-anonymous",
    "image-credentials", "frame-in-frame", "sandboxed", "manifest", "ping", "keepalive",
)  # fmt: skip


def contexts() -> list[Scenario]:
    """Cookies of every kind set on a first visit, then each way to ask from pages of every relation."""
    found: list[Scenario] = []
    pages = (("https", "a.test"), ("https", "x.a.test"), ("https", "b.test"), ("http", "a.test"), ("http", "b.test"))
    for way in WAYS:
        for page in pages:
            for third_party in (False, True):
                for via in (None, ("https", "b.test"), ("https", "a.test")):
                    if via is not None and (
                        way in ("fetch-put", "fetch-put-omit", "beacon", "ping", "meta") or third_party
                    ):
                        continue
                    if via is not None and page[0] == "http":
                        continue
                    number = 20_000 + len(found)
                    seeds = tuple(line.format(n=f"s{i}") for i, line in enumerate(_KINDS))
                    again = tuple(line.format(n=f"t{i}") for i, line in enumerate(_KINDS))
                    target = "x.a.test" if page[1] == "a.test" else "a.test"
                    scheme = "http" if page[0] == "http" and number % 2 else "https"
                    visits = (
                        Visit("address", "https", target, f"/seed-{number}", seeds),
                        Visit("address", *page, f"/start-{number}"),
                        Visit(way, scheme, target, f"/dir/{number}", again, via),
                    )
                    found.append(Scenario(number, visits, third_party))
    return found

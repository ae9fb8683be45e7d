"""What is said of a value: read these aloud, they are the product."""

from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.exchange import Fields
from inspector.fieldguide.base import Around
from inspector.fieldguide.guide import entry_for, explain, names
from inspector.fieldguide.unknown import close_name

SENT = 1_714_561_200.0  # Wed, 01 May 2024 11:00:00 GMT
DATE = ("Date", "Wed, 01 May 2024 11:00:00 GMT")


def says(name, value, *, message=None, status=200, method="GET", url="https://shop.test/a/b", fields=(), other=()):
    entry = entry_for(name)
    message = message or ("request" if entry is not None and entry.on == "request" else "response")
    lines = Fields.of([(name, value), *fields, *([DATE] if message == "response" else [])])
    return explain(value, Around(name.lower(), message, SENT, method, status, url, lines, Fields.of(other))).says


PLAIN = [
    ("Accept-Encoding", "gzip;q=1.0, br;q=0.5, *;q=0", "Can undo, best first, gzip, then Brotli with weight 0.5, never any other."),
    ("Accept-Encoding", "identity", "The client asks for content that is not compressed."),
    ("Accept-Language", "sv-SE,sv;q=0.9,zh-Hant-TW;q=0.5", "Wants most Swedish as in Sweden, then Swedish with weight 0.9, then traditional Chinese as in Taiwan with weight 0.5."),
    ("Accept-Language", "en;q=7", "Wants English. The weight of `en` is no number from 0 to 1 with three decimals, so it may be ignored."),
    ("Accept", "image/avif,*/*;q=0.1", "Wants most an AVIF image (`image/avif`), then anything (`*/*`) with weight 0.1."),
    ("Vary", "Accept-Encoding, Cookie", "A stored copy is reused for requests with the same `Accept-Encoding` and `Cookie`. `Cookie` differs with every visitor, so that a shared cache hardly ever reuses one."),
    ("Content-Type", "application/problem+json", "The content is an error described in JSON (RFC 9457)."),
    ("Content-Type", "text/plain; charset=latin1", "The content is plain text, its characters encoded in `latin1`, not in UTF-8 as the web is today."),
    ("Content-Encoding", "gzip, br", "Compressed several times: with gzip, then Brotli. Undone from the last to the first."),
    ("Content-Encoding", "utf-8", "`utf-8` is no registered coding; a browser that meets it cannot show the content."),
    ("Content-Length", "0", "No content."),
    ("Content-Length", "abc", "This value is not a whole number, and a message whose length is in doubt must be refused."),
    ("Content-Range", "bytes 0-499/1234", "500 bytes, from number 0 on (counted from 0), of 1,234: 41 % of the whole."),
    ("Content-Range", "bytes */1234", "No part: what was asked for lies outside the 1,234 bytes there are."),
    ("Range", "bytes=0-0,-1", "1 byte from number 0 on and the last 1 byte, counted from 0."),
    ("Content-Disposition", "attachment; filename*=UTF-8''na%C3%AFve.txt", "Offered for saving under the name `naïve.txt`, not shown."),
    ("Cache-Control", "no-store, max-age=0", "No cache may keep it (`no-store`); the other directives then hardly matter."),
    ("Cache-Control", "max-age=0, must-revalidate", "Stale at once; once stale it must not be used without asking the server."),
    ("Cache-Control", "max-age=ten", "`max-age=ten` has no number of seconds that can be read."),
    ("Cache-Control", 'private="set-cookie"', "The fields `set-cookie` are not kept by shared caches."),
    ("ETag", '"abc"', "A strong one: under it the content is the same to the byte."),
    ("ETag", "abc", "This value is not an entity tag (the double quotes are missing), so recipients may ignore it."),
    ("Clear-Site-Data", "cookies", "The browser deletes nothing. `cookies` is none of the known types, which are written in double quotes."),
    ("No-Vary-Search", "params, except=(\"q\")", "No parameter matters but `q`."),
    ("No-Vary-Search", "params=(", "This value does not parse as a structured dictionary (it ends too early), so every parameter matters."),
    ("Priority", "u=9", "As urgent as usual. `u` is no number from 0 to 7."),
    ("Priority", "u=3;;", "This value does not parse as a structured dictionary (from character 5 on, `;`), so it is as urgent as usual."),
    ("Alt-Svc", 'h3=":443"; ma=3600, h2="alt.test:8443"; ma=60', "HTTP/3 at port 443 (for 1 hour) or HTTP/2 at `alt.test` port 8443 (for 1 minute)."),
    ("Alt-Svc", "clear", "The browser forgets every alternative it was told of."),
    ("Via", "1.1 varnish", "1 intermediary: `varnish`, which got it over HTTP/1.1."),
    ("Keep-Alive", "timeout=15", "After 15 seconds without a request the connection may be closed."),
    ("Strict-Transport-Security", "max-age=0", "`max-age=0`: the browser forgets the rule."),
    ("Strict-Transport-Security", "includeSubDomains", "The browser ignores it: `max-age` is missing."),
    ("X-Frame-Options", "ALLOW-FROM https://a.test", "`ALLOW-FROM https://a.test` is none of `DENY` and `SAMEORIGIN`, so every page may."),
    ("X-Content-Type-Options", "no-sniff", "This value is not `nosniff`, so the browser guesses as ever."),
    ("Permissions-Policy", 'camera=(self "https://a.test"), usb=()', "For this origin and `https://a.test`: `camera`. For nobody: `usb`. "
        "A frame of another origin also needs most features in its element's `allow`."),
    ("Permissions-Policy", "camera 'none'", "This value does not parse as a structured dictionary (`camera=(), geolocation=(self)`) (from character 8 on, `'`), so nothing is restricted."),
    ("Cross-Origin-Opener-Policy", '"same-origin"', "Ignored, because it is not a token (quotes do not belong there); windows keep their hold."),
    ("Referrer-Policy", "no-referrer, origin", "The last one known counts, `origin`: the origin alone, to everybody."),
    ("P3P", 'CP="This is not a P3P policy! See our site"', "`This is not a P3P policy! See our site` is no policy but words, there to please Internet Explorer."),
    ("Cookie", "a=1; b=2; a=3", "3 cookies: `a` and `b`. A name is there twice: two cookies for different paths or domains, told apart by their order alone."),
    ("Access-Control-Allow-Credentials", "True", "They may not: `True` is not `true` in lower case, the one value that counts."),
    ("Access-Control-Max-Age", "86401", "1 day. Chromium stops at 2 hours, Firefox at a day."),
    ("Sec-Fetch-Site", "none", "No page: the person asked, by address bar, bookmark or the like."),
    ("Sec-CH-UA", '"Not A(Brand";v="8", "Chromium";v="132", "Google Chrome";v="132"', "`Chromium` 132 and `Google Chrome` 132 (one more brand is made up on purpose)."),
    ("Sec-CH-UA", "Chromium 132", "This value does not parse as a structured list (from character 10 on, `1`), so recipients ignore the whole field."),
    ("User-Agent", "curl/8.5.0", "Calls itself `curl`, version 8.5.0."),
    ("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Calls itself a robot, `Googlebot`."),
    ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15", "Reads as Safari 17.4 on macOS."),
    ("Server", "cloudflare", "Cloudflare, in front of the server."),
    ("CF-Ray", "32fc956b9bad0bab-HKG", "Handled in Hong Kong (`HKG`)."),
    ("CF-Cache-Status", "DYNAMIC", "Not a kind of content it keeps by itself, so it asked the server."),
    ("X-Cache", "Hit from cloudfront", "CloudFront answered from store."),
    ("X-Cache", "RefreshHit from cloudfront", "CloudFront found that its old copy is still the current one."),
    ("X-Cache", "TCP_MISS from a1.deploy.akamaitechnologies.com (AkamaiGHost/9.8) (-)", "The cache `a1.deploy.akamaitechnologies.com` had nothing, and asked further on."),
    ("X-Cache", "MISS from moss-portal1.lst.se", "The cache `moss-portal1.lst.se` had nothing, and asked further on."),
    ("X-Served-By", "cache-fra1235-FRA", "A Fastly cache in Frankfurt (`FRA`)."),
    ("X-Trans-Id", "txae890383d6ed4b13a0bf9-0055e1987f", "Made on 29 August 2015, 11:33:19 UTC."),
    ("Cache-Status", "edge; hit; ttl=-5", "`edge` answered from its store, stale for 5 seconds."),
    ("Proxy-Status", "gw; error=dns_timeout", "`gw` met an error, `dns timeout`."),
    ("NEL", '{"max_age":0}', "The browser forgets the policy it had."),
    ("NEL", "{max_age:0}", "This value is not JSON as it has to be, so nothing is reported."),
    ("Server-Timing", "cache;desc=hit, db;dur=1200", "`cache` (`hit`) and `db` took 1.2 seconds."),
    ("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "This value is not a trace context, so the next system begins a new trace."),
    ("X-Forwarded-For", "10.0.0.7", "The client is `10.0.0.7` (a private network's), as the proxy says; the client itself may have made it up."),
    ("RateLimit", "limit=100, remaining=50, reset=5", "In the form of an early draft: limit 100, remaining 50 and reset 5."),
    ("RateLimit-Policy", "100;w=60", "100 units in 1 minute."),
    ("X-RateLimit-Remaining", "0", "None: further requests are refused until the quota is filled again."),
    ("Prefer", 'respond-async, wait=10; foo="bar"', "An answer at once, with the work done later (202) and an answer within 10 seconds."),
    ("Idempotency-Key", "abc", "It is 3 characters. The draft asks for a structured string, in double quotes; many services take it bare."),
    ("Signature-Input", 'sig1=("@method" "@path");created=1714561200;alg="ed25519"', "`sig1` covers `@method` and `@path`, made 1 May 2024, 11:00:00 UTC, by `ed25519`."),
    ("Content-Digest", "sha-256=:AAAA:", "Digests by SHA-256 (3 bytes)."),
    ("Link", "<https://a.test/x?token=1>; rel=canonical", "The preferred address of this is `https://a.test/x?…`."),
    ("Link", "https://a.test", "This value is not a list of links (`<url>; rel=…`), so recipients ignore it."),
    ("grpc-status", "14", "14, `UNAVAILABLE`: the service is not there just now; a retry may help."),
    ("Sec-WebSocket-Extensions", "x-webkit-deflate-frame", "Taken: frames compressed, as old WebKit did."),
    (":method", "POST", "Neither safe nor idempotent: done twice, it may have twice the effect."),
    (":path", "/a?x=1&y=2", "`/a?…`, with 2 query parameters."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "sentence"), PLAIN, ids=lambda text: text[:40])
def test_sentence(name, value, sentence):
    assert says(name, value) == sentence


def test_dates_are_told_from_when_the_message_was_sent():
    assert says("Expires", "Sat, 04 May 2024 11:00:00 GMT") == "Expires 3 days after this response was sent."
    assert says("Expires", "0") == "`0` is no date, which counts as already expired."
    assert says("Expires", "Thu, 01 Jan 1970 00:00:00 GMT") == "Long expired when it was sent: stale at once."
    assert "`max-age` in `Cache-Control` overrides it." in says(
        "Expires", "Sat, 04 May 2024 11:00:00 GMT", fields=[("Cache-Control", "max-age=5")]
    )
    assert says("Last-Modified", "Wed, 01 May 2024 09:00:00 GMT") == "Changed 2 hours before this response was sent."
    assert says("Sunset", "Thu, 02 May 2024 11:00:00 GMT").endswith("1 day after this response was sent.")
    assert says("Retry-After", "Wed, 01 May 2024 11:00:30 GMT") == "30 seconds after this response was sent."
    assert says("X-RateLimit-Reset", "1714561260").startswith("It is 1 minute after this response was sent")


def test_the_servers_clock_is_compared_with_the_recordings():
    assert says("Date", DATE[1]) == "Made 1 May 2024, 11:00:00 UTC, which agrees with the clock of the recording."
    late = says("Date", "Wed, 01 May 2024 10:00:00 GMT", fields=[("Age", "3600")])
    assert late.endswith("1 hour before the request was recorded. It comes from a cache, as `Age` shows.")


def test_conditions_are_told_with_what_came_of_them():
    assert says("If-None-Match", '"v1"', status=304).endswith("and the 304 says that it is the current one.")
    assert says("If-Match", '"v1"', status=412).endswith("which is no longer the current one: hence the 412.")
    assert says("If-Modified-Since", "Tue, 30 Apr 2024 11:00:00 GMT", status=304) == (
        "The moment is 1 day before this request was sent. The 304 says that nothing changed since."
    )
    assert "`If-None-Match` is there too" in says(
        "If-Modified-Since", "Tue, 30 Apr 2024 11:00:00 GMT", fields=[("If-None-Match", '"v1"')]
    )
    assert says("Content-Length", "10", status=304).endswith("that is not sent again with a 304.")
    assert says("Content-Length", "10", method="HEAD").endswith("a response to `HEAD` has no content.")
    assert says("Age", "30", fields=[("Cache-Control", "max-age=60")]) == (
        "It has been in caches for 30 seconds, of the 1 minute it stays fresh."
    )


def test_cors_is_told_with_what_the_request_said():
    asked = [("Origin", "https://a.test")]
    assert says("Access-Control-Allow-Origin", "https://a.test", other=asked) == "Those of the origin that asked."
    assert says("Access-Control-Allow-Origin", "https://b.test", other=asked) == (
        "Those of `https://b.test` alone; the request came from `https://a.test`, which is not the same."
    )
    preflight = [*asked, ("Access-Control-Request-Method", "PUT")]
    assert says("Access-Control-Allow-Methods", "PUT", method="OPTIONS", other=preflight) == "`PUT`."
    assert "no answer to a preflight" in says("Access-Control-Allow-Methods", "PUT", other=asked)
    assert says("Origin", "https://a.test") == "Another origin than the target's, `https://shop.test`."


def test_a_cookie_is_told_without_its_value():
    said = says("Set-Cookie", "sid=31d4d96e407aad42; Domain=shop.test; Expires=Wed, 08 May 2024 11:00:00 GMT; Secure")
    assert said == (
        "`sid`: kept for 7 days; sent to `shop.test` and every host under it; from other sites with navigations alone, "
        "as browsers take a missing `SameSite`; over HTTPS alone, readable by scripts."
    )
    assert says("Set-Cookie", "a=; Max-Age=0").startswith("`a`: deleted at once;")
    assert says("Set-Cookie", "=") == "No browser keeps it: it has neither name nor value."


def test_a_websocket_handshake_is_checked():
    key, accept = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert says("Sec-WebSocket-Key", key, other=[("Sec-WebSocket-Accept", accept)]) == "Answered rightly."
    assert says("Sec-WebSocket-Accept", accept, other=[("Sec-WebSocket-Key", key)]) == "It is the right one."
    assert "not the right one" in says("Sec-WebSocket-Accept", "AAAA", other=[("Sec-WebSocket-Key", key)])


def test_location_says_where_it_leads():
    assert says("Location", "/c?next=1", status=302) == "Goes to `/c?…`: the same origin."
    assert says("Location", "https://shop.test/", status=301, url="http://shop.test/") == (
        "Goes to `https://shop.test/`: the same host, over HTTPS."
    )
    assert says("Location", "//other.test/x", status=302) == "Goes to `//other.test/x`: another host."
    assert says("Location", "/new/1", status=201) == "The new resource is at `/new/1`: the same origin."


def test_user_agent_and_hints_are_set_side_by_side():
    said = says(
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
        fields=[("sec-ch-ua", '"Chromium";v="132", "Brave";v="132"')],
    )
    assert said == "Reads as Chrome 132 on Linux. `Sec-CH-UA` says `Chromium` 132 and `Brave` 132."


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "x-rq",
            "Not known to this guide. `X-` marks a name somebody made up for their own use, by an old convention;",
        ),
        ("x-amz-frobnicate", "Not known to this guide. Names that begin with `x-amz-` belong to Amazon Web Services."),
        ("sec-frobnicate", "Not known to this guide. Scripts cannot set a request field that begins with `Sec-`"),
        ("frobnicate", "Not known to this guide."),
        ("cache-contol", "Not known to this guide. It is close to `Cache-Control`, but what looks for that"),
        ("ocnnection", "Not known to this guide. It has the letters of `Connection` in another order"),
        ("get /x?y=1", "No field: the recorder has taken a request line for one"),
        ("a b", "No valid field name"),
        (":frobnicate", "Not known to this guide. A name that begins with a colon is a pseudo-field"),
    ],
)
def test_an_unknown_field_is_said_to_be_unknown(name, told):
    said = explain("secret value", Around(name))
    assert not said.known
    assert said.says is None
    assert said.reference is None
    assert said.meaning.startswith(told)


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("Strict-Transport-Security", ("max-age=3600", "bogus"), "Browsers read the first line alone: for 1 hour"),
        ("Strict-Transport-Security", ("bogus", "max-age=3600"), "Browsers read the first line alone: the browser ignores it"),
        ("X-Content-Type-Options", ("nosniff", "x"), "All lines of the field together: it keeps to it"),
        ("X-Content-Type-Options", ("x", "nosniff"), "so the browser guesses as ever"),
        ("X-Frame-Options", ("SAMEORIGIN", "DENY"), "All lines of the field together: no page may"),
        ("X-Frame-Options", ("SAMEORIGIN", "sameorigin"), "All lines of the field together: pages of the same origin alone"),
        ("Referrer-Policy", ("origin", "no-referrer"), "All lines of the field together: the last one known counts, `no-referrer`"),
        ("Cross-Origin-Opener-Policy", ("same-origin", "same-origin"), "ignored"),
        ("Cross-Origin-Embedder-Policy", ("require-corp", "require-corp"), "ignored"),
        ("Cross-Origin-Resource-Policy", ("same-origin", "same-origin"), "so anybody's pages may"),
        ("Permissions-Policy", ("camera=()", "usb=("), "nothing is restricted"),
        ("Permissions-Policy", ("camera=()", "usb=()"), "for nobody: `camera` and `usb`"),
        ("Content-Type", ("text/html; charset=gbk", "text/html"), "`gbk`"),
        ("Content-Type", ("bogus", "text/css"), "browsers take the last that is a media type"),
    ],
)  # fmt: skip
def test_lines_that_browsers_judge_together_are_explained_together(name, lines, expected):
    fields = Fields.of([(name, each) for each in lines])
    for line in lines:
        said = explain(line, Around(name.lower(), fields=fields, url="https://shop.test/")).says
        assert expected.lower() in said.lower()


@pytest.mark.parametrize(
    ("policy", "decides"),
    [("frame-ancestors 'self'", True), ("img-src *, frame-ancestors *", True), ("report-uri /frame-ancestors", False)],
)
def test_frame_options_beside_a_policy(policy, decides):
    said = says("X-Frame-Options", "DENY", fields=[("Content-Security-Policy", policy)])
    assert ("Not read here" in said) is decides


def test_a_charset_of_json_says_nothing():
    said = says("Content-Type", "application/json; charset=iso-8859-1")
    assert "JSON is UTF-8 always (RFC 8259), so its `charset` says nothing" in said
    assert "iso-8859-1" not in said


@given(st.sampled_from([n.lower() for n in names() if not n.endswith("*")]), st.data())
def test_a_name_is_close_to_the_one_that_a_search_through_all_finds(name: str, data: st.DataObject):
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(name) - 1))
        name = name[:at] + data.draw(st.text("abcxyz-", max_size=2)) + name[at + data.draw(st.integers(0, 1)) :] or "a"
    known = {k.lower(): k for k in names() if not k.endswith("*")}
    found = get_close_matches(name, list(known), 1, 0.9)
    assert close_name(name, names()) == (known[found[0]] if found else None)

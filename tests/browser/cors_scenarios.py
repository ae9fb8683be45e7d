"""Scenarios of the CORS protocol for a real browser: hand-written ones, and seeded mutations of one that works."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from inspector.browser.verdict import CorsVerdict
from tests.browser.har_export import Hop
from tests.browser.harness import Harness, Run, explain
from tests.browser.server import BLANK_PAGE, Answer, Reply, Seen
from tests.browser.variants import VARIANTS, numbered

PAGE = "shop.test"
NAMES = ("shop.test", "api.shop.test", "partner.example", "third.example")
HOSTS = {"home": "shop.test", "api": "api.shop.test", "partner": "partner.example", "third": "third.example"}
Fields = tuple[tuple[str, str], ...]


class Scenario(NamedTuple):
    """One thing a page does and what servers answer. ``{me}``, ``{api}`` … in values stand for origins.

    `routes` are ``(method, host key, path, status, fields)``; ``{id}`` in a path keeps scenarios apart. `script` is
    the body of an async function that finds origins and the id as ``arg.me``, ``arg.api``, ``arg.id`` …
    """

    name: str
    script: str
    routes: tuple[tuple[str, str, str, int, Fields], ...]
    expect: int = 1
    page: Fields = ()
    """Fields of the page's own response; a page of its own is opened where there are some."""
    includes: tuple[bool, ...] = ()
    """Which of its requests ask with credentials, where not all do the same."""


def play(lab: Harness, scenario: Scenario, number: int, scheme: str = "https"):
    """Run a scenario under a scheme; gives the `Run`."""
    other = "http" if scheme == "https" else "https"
    values = {"id": str(number), "me": lab.origin(scheme, PAGE), "plain": lab.origin(other, PAGE)}
    values |= {key: lab.origin(scheme, host) for key, host in HOSTS.items()}
    values |= {f"other_{key}": lab.origin(other, host) for key, host in HOSTS.items()}

    def fill(text: str) -> str:
        for key, value in values.items():
            text = text.replace("{" + key + "}", value)
        return text.replace("{host}", values["api"].partition("//")[2])

    for method, host, path, status, fields in scenario.routes:
        filled = tuple((name, fill(value)) for name, value in fields)
        answer: Answer = Reply(status, filled, b"" if status in (204, 304) else b"content")
        if status == 0:
            answer = Reply(close=True)
        elif status == 1304:  # 200 at first, 304 to whoever revalidates
            answer = _revalidated(filled)
        lab.server.answer(HOSTS[host], fill(path), answer, method)
    path = "/page"
    if scenario.page:
        path = f"/page-{number}"
        lab.server.answer(PAGE, path, Reply(200, (*BLANK_PAGE.fields, *scenario.page), BLANK_PAGE.content))
    return lab.run(scheme, PAGE, scenario.script, values, path=path, expect=scenario.expect)


def _revalidated(fields: Fields) -> Answer:
    def answer(seen: Seen) -> Reply:
        if seen.field("if-none-match"):
            return Reply(304, (("ETag", '"1"'),))
        return Reply(200, (("ETag", '"1"'), ("Cache-Control", "max-age=0"), *fields), b"content")

    return answer


# -- comparison ---------------------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """One request of a scenario: what Chromium did, what `inspector` says, and how they compare.

    `agreement` is ``same``, ``condition`` (ours depends on what the recording does not show, and its condition leads
    to what the browser did), ``either`` (blocked whatever the credentials mode, for one of two reasons that ours names
    both; or for several fields, of which a preflight does not show which the browser came to first), ``unknown`` (ours says so), ``parameter`` (the code is right, what it names is not), or
    ``different``.
    """

    scenario: str
    request: str
    browser: str
    ours: str
    agreement: str


def compare(scenario: Scenario, run: Run, variant: str = "as exported") -> list[Comparison]:
    """Compare every request of a run, with a variant of its recording."""
    compared = []
    preflight_error = _failed_preflights(run.hops)
    for hop, report in zip(run.hops, explain(VARIANTS[variant](numbered(run.har()))), strict=True):
        error = hop.cors_error
        if hop.sent.get("type") == "Preflight":
            error = preflight_error.get(hop.id)
        code = error["corsError"] if error else None
        parameter = error["failedParameter"] if error else None
        verdict = report.verdicts.cors
        outcome = verdict.outcome if verdict else None
        if code is None:
            agreement = {"blocked": "different", "depends": "condition", "unknown": "unknown"}.get(
                outcome or "", "same"
            )
        elif verdict is None or outcome == "allowed":
            agreement = "different"
        elif outcome == "unknown":
            agreement = "unknown"
        elif verdict.code != code:
            agreement = "either" if any(step.saw.endswith(f" {code}") for step in verdict.steps) else "different"
        elif outcome == "depends":
            agreement = "condition"
        else:
            agreement = "same" if (verdict.parameter or "") == (parameter or "") else "parameter"
            if agreement == "parameter" and {verdict.parameter, parameter} <= set(_asked_for(hop)):
                agreement = "either"
        includes = _includes(scenario, run.hops, hop)
        if verdict and agreement == "condition" and not _leads(verdict, hop, bool(code), includes):
            agreement = "different"  # the condition leads to the opposite of what the browser did
        ours = f"{outcome} {verdict.code or ''}({verdict.parameter or ''})" if verdict else "no CORS"
        failed = hop.failed["errorText"] if hop.failed else "delivered"
        compared.append(
            Comparison(
                scenario.name,
                f"{hop.sent.get('type')} {hop.method} {hop.url}",
                f"{code}({parameter})" if code else failed,
                ours,
                agreement,
            )
        )
    return compared


def _asked_for(preflight: Hop) -> list[str]:
    """The fields a preflight asks for; none for any other request."""
    sent = {name.lower(): value for name, value in preflight.request_extra.get("headers", {}).items()}
    return [name.strip() for name in sent.get("access-control-request-headers", "").split(",")]


def _leads(verdict: CorsVerdict, hop: Hop, refused: bool, includes: bool) -> bool:
    """Whether an open verdict's condition leads to what the browser did."""
    if "'include'" not in (verdict.condition or "") or (hop.failed and not refused):
        return True
    return refused == includes


def _includes(scenario: Scenario, log: list[Hop], hop: Hop) -> bool:
    """Whether the page of a scenario asks with credentials in this request, or in the one this is the preflight of."""
    if scenario.includes:
        own = [each.id for each in log if each.sent.get("type") != "Preflight"]
        request = hop.sent["initiator"].get("requestId") if hop.sent.get("type") == "Preflight" else hop.id
        return scenario.includes[own.index(request)]
    return any(
        word in scenario.script
        for word in (
            "credentials: 'include'",
            '"credentials": "include"',
            "use-credentials",
            "withCredentials: true",
            "withCredentials = true",
        )
    )


def _failed_preflights(log: list[Hop]) -> dict[str, dict[str, str]]:
    """Preflight's request id → the error that its request failed with, where that was the preflight's doing."""
    failed = {}
    for hop in log:
        if hop.sent.get("type") != "Preflight":
            continue
        request = hop.sent["initiator"].get("requestId")
        error = next((h.cors_error for h in log if h.id == request and h.cors_error), None)
        if error and ("Preflight" in error["corsError"]):
            failed[hop.id] = error
    return failed


def run_all(scenarios: Sequence[Scenario], scheme: str = "https") -> dict[str, list[Comparison]]:
    """Play every scenario in one browser and compare, with every variant of its recording."""
    results: dict[str, list[Comparison]] = {variant: [] for variant in VARIANTS}
    with Harness(NAMES) as lab:
        for number, scenario in enumerate(scenarios):
            if number % 40 == 39:
                lab.fresh()
            run = play(lab, scenario, number, scheme)
            for variant, found in results.items():
                found += compare(scenario, run, variant)
    return results


def agreement(results: list[Comparison]) -> str:
    """The numbers in one line, for a person."""
    total = len(results)
    counts = {kind: sum(r.agreement == kind for r in results) for kind in KINDS}
    return f"{total} requests, " + ", ".join(
        f"{many} {kind} ({many / total:.1%})" for kind, many in counts.items() if many
    )


KINDS = ("same", "condition", "either", "unknown", "parameter", "different")


# -- hand-written -------------------------------------------------------------------------------------------------

_OK: Fields = (("Access-Control-Allow-Origin", "{me}"), ("Access-Control-Allow-Credentials", "true"))
_NULL: Fields = (("Access-Control-Allow-Origin", "null"),)
_ANY: Fields = (("Access-Control-Allow-Origin", "*"),)
_PUT: Fields = (*_OK, ("Access-Control-Allow-Methods", "PUT"))
_SVG = ("Content-Type", "image/svg+xml")


def _fetch(host: str = "api", options: str = "{}", path: str = "/s/") -> str:
    return f"return (await fetch(arg.{host} + '{path}' + arg.id, {options})).type"


def _image(crossorigin: str) -> str:
    return (
        "const i = new Image(); if (%s) i.crossOrigin = %s; i.src = arg.api + '/s/' + arg.id;"
        "await new Promise(done => i.onload = i.onerror = done)" % ((json.dumps(crossorigin),) * 2)
    )


def _redirect(name: str, status: int, first: str, fields: Fields, location: str, last: str, then: Fields, options="{}"):
    return Scenario(
        f"redirect: {name}",
        _fetch(first, options),
        (
            ("*", first, "/s/{id}", status, (*fields, ("Location", location))),
            ("*", last, "/t/{id}", 200, then),
        ),
    )


def hand_written() -> list[Scenario]:
    """Scenarios that no mutation reaches."""
    one = "/s/{id}"
    font = "const f = new FontFace('x', `url(${arg.api}/s/${arg.id})`); try { await f.load() } catch (e) {}"
    source = (
        "const e = new EventSource(arg.api + '/s/' + arg.id, {withCredentials: %s});"
        "await new Promise(done => e.onmessage = e.onerror = done); e.close()"
    )
    script = (
        "const s = document.createElement('script'); %s s.src = arg.api + '/s/' + arg.id;"
        "await new Promise(done => { s.onload = s.onerror = done; document.head.append(s) })"
    )
    upload = (
        "const x = new XMLHttpRequest(); x.upload.onprogress = () => 0; x.open('POST', arg.api + '/s/' + arg.id);"
        "await new Promise(done => { x.onloadend = done; x.send('x') })"
    )
    twice = "for (const n of [1, 2]) await fetch(arg.api + '/s/' + arg.id, {method: 'PUT', body: 'x'}).catch(() => 0)"
    again = "for (const cache of ['default', 'no-cache']) await fetch(arg.api + '/s/' + arg.id, {cache}).catch(() => 0)"
    beacon = "navigator.sendBeacon(arg.api + '/s/' + arg.id, %s)"
    json_blob = "new Blob(['{}'], {type: 'application/json'})"
    cookie = "await fetch(arg.api + '/c/' + arg.id, {credentials: 'include'});"
    set_cookie = ("GET", "api", "/c/{id}", 200, (*_OK, ("Set-Cookie", "sid=1; Secure; SameSite=None; Path=/")))
    inside = (
        "const f = document.createElement('iframe'); f.sandbox = 'allow-scripts';"
        "f.srcdoc = `<script>fetch('${arg.api}/s/${arg.id}')%s.finally(() => parent.postMessage(1, '*'))</` + 'script>';"
        "await new Promise(done => { onmessage = done; document.body.append(f) })"
    )
    form = (
        "const f = document.createElement('form'), i = document.createElement('iframe'); i.name = 'n' + arg.id;"
        "f.target = i.name; f.method = 'post'; f.action = arg.api + '/s/' + arg.id; document.body.append(i, f);"
        "const loaded = new Promise(done => i.onload = done); f.submit(); await loaded"
    )
    moved = "{api}/t/{id}"
    scenarios = [
        Scenario("same origin", _fetch("me", "{method: 'PUT', body: 'x'}"), (("*", "home", one, 200, ()),)),
        Scenario("no-cors", _fetch(options="{mode: 'no-cors'}"), (("*", "api", one, 200, ()),)),
        Scenario("no-cors post", _fetch(options="{mode: 'no-cors', method: 'POST'}"), (("*", "api", one, 200, ()),)),
        Scenario(
            "no-cors include",
            _fetch("partner", "{mode: 'no-cors', credentials: 'include'}"),
            (("*", "partner", one, 200, ()),),
        ),
        Scenario("form post", form, (("*", "api", one, 200, ()),)),
        *(
            Scenario(
                f"image, {crossorigin or 'no'} crossorigin, {name}",
                _image(crossorigin),
                (("*", "api", one, 200, (*fields, _SVG)),),
            )
            for crossorigin in ("", "anonymous", "use-credentials")
            for name, fields in (("any", _ANY), ("none", ()), ("origin", _OK))
        ),
        *(
            Scenario(
                f"script, {how}, {name}",
                script % how,
                (("*", "api", one, 200, (*fields, ("Content-Type", "text/javascript"))),),
            )
            for how in ("", "s.type = 'module';", "s.crossOrigin = 'use-credentials';")
            for name, fields in (("any", _ANY), ("none", ()))
        ),
        *(
            Scenario(f"font, {name}", font, (("*", "api", one, 200, fields),))
            for name, fields in (("any", _ANY), ("none", ()))
        ),
        *(
            Scenario(
                f"event source, {credentials}, {name}",
                source % credentials,
                (("*", "api", one, 200, (*fields, ("Content-Type", "text/event-stream"))),),
            )
            for credentials in ("true", "false")
            for name, fields in (("any", _ANY), ("none", ()), ("origin", _OK))
        ),
        Scenario("upload listener permitted", upload, (("*", "api", one, 200, _OK),)),
        Scenario(
            "upload listener refused", upload, (("OPTIONS", "api", one, 405, _OK), ("POST", "api", one, 200, _OK))
        ),
        Scenario(
            "preflight remembered",
            twice,
            (("OPTIONS", "api", one, 204, (*_PUT, ("Access-Control-Max-Age", "60"))), ("PUT", "api", one, 200, _OK)),
            3,
        ),
        Scenario(
            "preflight not remembered",
            twice,
            (("OPTIONS", "api", one, 204, (*_PUT, ("Access-Control-Max-Age", "0"))), ("PUT", "api", one, 200, _OK)),
            4,
        ),
        Scenario("preflight refused twice", twice, (("OPTIONS", "api", one, 204, _OK),), 4),
        Scenario("preflight unanswered", _fetch(options="{method: 'PUT'}"), (("OPTIONS", "api", one, 0, ()),), 2),
        Scenario(
            "request unanswered",
            _fetch(options="{method: 'PUT'}"),
            (("OPTIONS", "api", one, 204, _PUT), ("PUT", "api", one, 0, ())),
            2,
        ),
        Scenario("server silent", _fetch(), (("GET", "api", one, 0, ()),)),
        Scenario("304 after a readable answer", again, (("GET", "api", one, 1304, _OK),), 2),
        Scenario("304 after a hidden answer", again, (("GET", "api", one, 1304, ()),), 2),
        Scenario("304 after an image", _image("") + ";" + again, (("GET", "api", one, 1304, (_SVG,)),), 3),
        Scenario("304 that nobody asked for", _fetch(), (("GET", "api", one, 304, ()),)),
        *(
            Scenario(
                f"304 to the page's own condition, {name}",
                _fetch(options="{headers: {'If-None-Match': '\"1\"'}}"),
                (
                    ("OPTIONS", "api", one, 204, (*_OK, ("Access-Control-Allow-Headers", "if-none-match"))),
                    ("GET", "api", one, 304, fields),
                ),
                2,
            )
            for name, fields in (("permitted", _OK), ("not permitted", ()))
        ),
        *(
            Scenario(
                f"an image, and again with crossorigin {crossorigin}, {name}",
                f"{{ {_image('')} }} {{ {_image(crossorigin)} }}",
                (("GET", "api", one, 200, (*fields, _SVG, ("Cache-Control", "max-age=600"))),),
                2,
                includes=(True, crossorigin == "use-credentials"),
            )
            for crossorigin in ("anonymous", "use-credentials")
            for name, fields in (("none", ()), ("any", _ANY))
        ),
        Scenario(
            "several fields that credentials forbid",
            _fetch(
                options="{method: 'POST', credentials: 'include', body: '{}', headers: {'X-Id': '1', "
                "Authorization: 'Bearer x', 'Content-Type': 'application/json'}}"
            ),
            (("OPTIONS", "api", one, 204, (*_OK, ("Access-Control-Allow-Headers", "*"))),),
            2,
        ),
        Scenario("beacon", beacon % "'x'", (("*", "api", one, 200, ()),)),
        Scenario(
            "beacon of JSON, permitted",
            beacon % json_blob,
            (("*", "api", one, 200, (*_OK, ("Access-Control-Allow-Headers", "content-type"))),),
            2,
        ),
        Scenario("beacon of JSON, refused", beacon % json_blob, (("*", "api", one, 200, _OK),), 2),
        Scenario(
            "cookie, any",
            cookie + _fetch(options="{credentials: 'include'}"),
            (set_cookie, ("*", "api", one, 200, _ANY)),
            2,
        ),
        Scenario(
            "cookie, origin",
            cookie + _fetch(options="{credentials: 'include'}"),
            (set_cookie, ("*", "api", one, 200, _OK)),
            2,
        ),
        Scenario(
            "cookie, no credentials permitted",
            cookie + _fetch(options="{credentials: 'include'}"),
            (set_cookie, ("*", "api", one, 200, _OK[:1])),
            2,
        ),
        Scenario("cookie held back", cookie + _fetch(), (set_cookie, ("*", "api", one, 200, _ANY)), 2),
        *(
            Scenario(f"sandboxed frame, {name}", inside % ".catch(() => 0)", (("*", "api", one, 200, fields),))
            for name, fields in (("null", _NULL), ("any", _ANY), ("origin", _OK), ("none", ()))
        ),
        *(
            Scenario(
                f"scheme {url.partition(':')[0]}",
                f"return (await fetch('{url}')).type",
                (),
                int(url[:4] in ("file", "data")),
            )
            for url in ("file:///etc/hostname", "ftp://partner.example/x", "data:,x", "foo:bar")
        ),
        Scenario("mode same-origin", _fetch(options="{mode: 'same-origin'}"), (("*", "api", one, 200, _ANY),), 0),
    ]
    for status in (302, 307):
        scenarios += [
            _redirect(f"{status} within the other origin", status, "api", _OK, moved, "api", _OK),
            _redirect(f"{status} without consent", status, "api", (), moved, "api", _OK),
            _redirect(f"{status} to another origin, null permitted", status, "api", _OK, "{partner}/t/{id}", "partner", _NULL),
            _redirect(f"{status} to another origin, page permitted", status, "api", _OK, "{partner}/t/{id}", "partner", _OK),
            _redirect(f"{status} to another origin, any", status, "api", _ANY, "{partner}/t/{id}", "partner", _ANY),
            _redirect(f"{status} back home", status, "api", _OK, "{me}/t/{id}", "home", _NULL),
            _redirect(f"{status} back home without consent", status, "api", _OK, "{me}/t/{id}", "home", ()),
            _redirect(f"{status} from home", status, "home", (), moved, "api", _OK),
            _redirect(f"{status} from home without consent", status, "home", (), moved, "api", ()),
            _redirect(f"{status} with user and password", status, "api", _OK, "https://u:p@{host}/t/{id}", "api", _OK),
            _redirect(f"{status} from home with user and password", status, "home", (), "https://u:p@{host}/t/{id}", "api", _OK),
            _redirect(f"{status} at home with user and password", status, "home", (), "{me}/t/{id}".replace("https://", ""), "home", ()),
            _redirect(f"{status} to data", status, "api", _OK, "data:,x", "api", _OK),
            _redirect(f"{status} to a socket", status, "api", _OK, "wss://{host}/t/{id}", "api", _OK),
            _redirect(f"{status} to ftp", status, "api", _OK, "ftp://partner.example/x", "api", _OK),
            _redirect(f"{status} not followed", status, "api", _OK, moved, "api", _OK, "{redirect: 'error'}"),
            _redirect(f"{status} by hand", status, "api", (), moved, "api", _OK, "{redirect: 'manual'}"),
            _redirect(f"{status} with credentials", status, "api", _OK, "{partner}/t/{id}", "partner", _OK, "{credentials: 'include'}"),
            _redirect(f"{status} of a post", status, "api", _OK, "{partner}/t/{id}", "partner", _ANY, "{method: 'POST', body: 'x'}"),
        ]  # fmt: skip
        for name, then in (
            ("permitted", (*_NULL, ("Access-Control-Allow-Methods", "PUT"))),
            ("refused", _NULL),
            ("any", (*_ANY, ("Access-Control-Allow-Methods", "*"))),
        ):
            scenarios.append(
                _redirect(
                    f"{status} after a preflight, {name}",
                    status,
                    "api",
                    _PUT,
                    "{partner}/t/{id}",
                    "partner",
                    then,
                    "{method: 'PUT'}",
                )
            )
    return scenarios


# -- mutations ----------------------------------------------------------------------------------------------------

_ALLOW_ORIGIN: tuple[tuple[str, ...], ...] = (
    ("*",), ("*",), (), ("{api}",), ("{me}/",), ("null",), ("{me}, {api}",), ("{me} {api}",), ("{me}", "{me}"),
    ("",), ("*.shop.test",), ("https://*.shop.test",), ("{plain}",), ("shop.test",), ('"{me}"',), ("true",),
    ("*, *",), ("https://",), ("https://shop.test",), ("{me}/path",), ("undefined",), ("https//shop.test",),
    ("shop.test:443",), ("https:shop.test",), ("https://[::1",), ("https://shop.test:99999",), ("https://1.2.3.4.5",),
    ("HTTPS://SHOP.TEST",), ("https://www.shop.test",), ("NULL",), ("file://",), ("https://shop%2etest",), ("//shop.test",),
    ("https://shop<test",), ("https://shop.test:x",), ("*", "{me}"), ("https://shop.test?",), ("https://a@",), ("{me};",),
)  # fmt: skip
_ALLOW_CREDENTIALS: tuple[tuple[str, ...], ...] = (
    (),
    ("true",),
    ("True",),
    ("false",),
    ("",),
    ("true", "true"),
    ("1",),
)
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "patch", "put", "REPORT", "Get")
_ALLOW_METHODS: tuple[tuple[str, ...], ...] = (
    (), ("*",), ("{method}",), ("GET, POST",), ("PUT, DELETE, PATCH",), ("put, delete, patch",), ('["PUT"]',), ("PUT DELETE",),
    ("",), ("PUT,,DELETE,",), ("PUT", "DELETE"), ("'*'",), ("*, PUT",), (" ,",), ("PUT;DELETE",), ("{method},{method}",),
)  # fmt: skip
_REQUEST_FIELDS: tuple[dict[str, str], ...] = (
    {"X-A": "1"},
    {"X-B": "1", "x-a": "2"},
    {"Content-Type": "application/json"},
    {"Content-Type": "text/plain; charset=utf-8"},
    {"Content-Type": "TEXT/PLAIN"},
    {"Content-Type": 'text/plain; x="y"'},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": "text/plain;" + "x" * 130},
    {"Accept": "application/json"},
    {"Accept": "a/b (c)"},
    {"Accept": "a" * 128},
    {"Accept": "a" * 129},
    {"Accept-Language": "de, en;q=0.5"},
    {"Accept-Language": "de_DE"},
    {"Content-Language": "de/x"},
    {"Range": "bytes=0-10"},
    {"Range": "bytes=0-"},
    {"Range": "bytes=-10"},
    {"Range": "bytes=5-1"},
    {"Range": "bytes=0-1,4-5"},
    {"Range": "Bytes=0-1"},
    {"Range": "bytes= 0-1"},
    {"Authorization": "Bearer x"},
    {"Authorization": "Basic eDp5"},
    {"X-Requested-With": "XMLHttpRequest"},
    {"Cache-Control": "no-cache"},
    {"If-None-Match": '"1"'},
    {"Pragma": "no-cache"},
    {"Save-Data": "on"},
    {"DPR": "2"},
    {"Sec-CH-UA": "x"},
    {"User-Agent": "x"},
    {"Content-Type": "text/plain", "Authorization": "Bearer x", "X-A": "1"},
    {"Device-Memory": "8"},
    {"Last-Event-ID": "7"},
    {"Priority": "u=1"},
    {"Content-Encoding": "gzip"},
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
)
_ALLOW_HEADERS: tuple[tuple[str, ...], ...] = (
    (), ("*",), ("{names}",), ("x-a",), ("X-A, Content-Type",), ("authorization",), ("*, Authorization",), ("x-a;x-b",),
    ("x-a x-b",), ("",), ("x-a", "x-b"), ('"x-a"',), ("X-A,,X-B",), ("x-a, content type",),
)  # fmt: skip
_PREFLIGHT_STATUS = (200, 204, 299, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 500, 503, 300)
_STATUS = (200, 204, 404, 500, 401, 206)
_CREDENTIALS = ("omit", "same-origin", "include")
_HOSTS = ("api", "partner")


def _lines(name: str, values: tuple[str, ...]) -> Fields:
    return tuple((name, value) for value in values)


def mutated(number: int, random_: random.Random) -> Scenario:
    """A request that works, with up to three things about it changed."""
    method, credentials, sent = random_.choice(_METHODS), random_.choice(_CREDENTIALS), {}
    host = random_.choice(_HOSTS)
    if random_.random() < 0.55:
        sent = random_.choice(_REQUEST_FIELDS)
    allow_origin = preflight_origin = ("{me}",)
    allow_credentials = preflight_credentials = ("true",)
    allow_methods, allow_headers = ("{method}",), ("{names}",) if sent else ()
    status, preflight_status = 200, 204
    changes = random_.sample(range(8), random_.choice((0, 1, 1, 1, 2, 2, 3)))
    if 0 in changes:
        allow_origin = random_.choice(_ALLOW_ORIGIN)
    if 1 in changes:
        preflight_origin = random_.choice(_ALLOW_ORIGIN)
    if 2 in changes:
        allow_credentials = random_.choice(_ALLOW_CREDENTIALS)
    if 3 in changes:
        preflight_credentials = random_.choice(_ALLOW_CREDENTIALS)
    if 4 in changes:
        allow_methods = random_.choice(_ALLOW_METHODS)
    if 5 in changes:
        allow_headers = random_.choice(_ALLOW_HEADERS)
    if 6 in changes:
        status = random_.choice(_STATUS)
    if 7 in changes:
        preflight_status = random_.choice(_PREFLIGHT_STATUS)
    normal = method.upper() if method.upper() != "PATCH" else method
    fill = {"{method}": normal, "{names}": ", ".join(sent)}

    def filled(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(fill.get(value, value.replace("{method}", normal)) for value in values)

    options: dict[str, Any] = {"method": method, "credentials": credentials, "headers": sent}
    if normal not in ("GET", "HEAD"):
        options["body"] = "x"
    main = (
        *_lines("Access-Control-Allow-Origin", filled(allow_origin)),
        *_lines("Access-Control-Allow-Credentials", allow_credentials),
    )
    preflight = (
        *_lines("Access-Control-Allow-Origin", filled(preflight_origin)),
        *_lines("Access-Control-Allow-Credentials", preflight_credentials),
        *_lines("Access-Control-Allow-Methods", filled(allow_methods)),
        *_lines("Access-Control-Allow-Headers", filled(allow_headers)),
        *((("Location", "/elsewhere"),) if 300 < preflight_status < 309 and random_.random() < 0.7 else ()),
    )
    return Scenario(
        f"{number}: {method} {credentials} {json.dumps(sent)[:60]} {allow_origin} {allow_credentials} | {preflight_status} "
        f"{preflight_origin} {preflight_credentials} {allow_methods} {allow_headers}",
        _fetch(host, json.dumps(options)),
        (("OPTIONS", host, "/s/{id}", preflight_status, preflight), ("*", host, "/s/{id}", status, main)),
    )


def all_scenarios(count: int = 320, seed: int = 1) -> list[Scenario]:
    """The hand-written scenarios and enough mutations to make `count`; equal for equal seeds."""
    random_ = random.Random(seed)
    scenarios = hand_written()
    return scenarios + [mutated(number, random_) for number in range(max(0, count - len(scenarios)))]


def main(count: int = 400, seed: int = 1) -> None:
    """Run everything under both schemes and print the disagreements and the agreement."""
    from tests.browser.cors_corners import corners

    for scheme in ("https", "http"):
        for variant, found in run_all([*all_scenarios(count, seed), *corners()], scheme).items():
            print(f"CORS over {scheme}, {variant}: {agreement(found)}")
            for each in found:
                if each.agreement in ("different", "parameter"):
                    print("  " + " | ".join(each))


if __name__ == "__main__":
    import sys

    main(*map(int, sys.argv[1:]))

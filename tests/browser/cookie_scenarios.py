"""Cookie scenarios: what a tab visits, what the responses set, and the comparison of browser and verdicts.

    python -m tests.browser.cookie_scenarios

runs all of them and prints the agreement.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from inspector.capture.har_fields import utf8
from tests.browser.harness import explain
from tests.browser.variants import VARIANTS, numbered

if TYPE_CHECKING:
    from inspector.browser.verdict import CookieVerdict, SetCookieVerdict
    from tests.browser.cookie_lab import CookieLab, Walk
    from tests.browser.har_export import Hop

HOSTS = (
    "a.test",
    "x.a.test",
    "y.a.test",
    "b.test",
    "shop.example.co.uk",
    "example.co.uk",
    "team.github.io",
    "localhost",
)


class Visit(NamedTuple):
    """One step: how a URL is asked for, and the ``Set-Cookie`` lines of its response. `via` redirects to it.

    `date` is how many seconds the server's clock is ahead, ``None`` for no ``Date`` at all. ``{now+60}`` in a line is
    the date so many seconds ahead.
    """

    how: str
    scheme: str
    host: str
    path: str
    lines: tuple[str, ...] = ()
    via: tuple[str, str] | None = None
    date: int | None = None


class Scenario(NamedTuple):
    """A walk of one tab. `third_party` says whether the browser lets third-party cookies through."""

    number: int
    visits: tuple[Visit, ...]
    third_party: bool


_EXPIRES = (
    "Wed, 01 Jan 2031 00:00:00 GMT",
    "01-Jan-31 00:00:00",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "1 Jan 1500 00:00:00",
    "1 Jan 27",
    "Fri, 31 Feb 2031 00:00:00 GMT",
    "31 Dec 2030 23:59:60",
    "0",
    "-1",
    "Jan 1 2031 1:2:3",
    "1a Jan 5 31 01:02:03",
    "1 Jan 2031 1:2:3:4",
    "1 Jan 99999 00:00:00",
)
_MAX_AGES = (
    "0",
    "-1",
    "3600",
    "+60",
    "3600.5",
    "abc",
    "",
    '"3600"',
    "99999999999999999999",
    "34560001",
    "1e3",
    "00060",
)
_DOMAINS = (
    "{host}",
    ".{host}",
    "{parent}",
    ".{parent}",
    "..{parent}",
    "x.{host}",
    "{suffix}",
    "b.test",
    "{host}:443",
    "{host}.",
    "{HOST}",
    "",
    "*.{parent}",
    "https://{host}",
)
_PATHS = ("/", "/dir", "/dir/", "/other", "dir", "", '"/"', "/DIR", "/dir/x?y")
_PREFIXES = (
    "",
    "",
    "",
    "__Host-",
    "__Secure-",
    "__host-",
    "__SECURE-",
    "__Http-",
    "__Host-Http-",
    "__Hosts-",
    "__http-",
)
_SAME_SITES = ("Strict", "Lax", "None", "none", "STRICT", "bogus", "")
_OTHERS = (
    "Priority=High",
    "Comment=x",
    "SameParty",
    "Version=1",
    "Foo=b\x01r",
    "Path=/\tx",
    "x" * 2000,
    "; ;",
    "HttpOnly=0",
)


def _line(rng: random.Random, name: str, host: str) -> str:
    parent = host.partition(".")[2] or host
    names = {"host": host, "HOST": host.upper(), "parent": parent, "suffix": host.rpartition(".")[2]}
    text = rng.choice(_PREFIXES) + name + rng.choice(("=v", "=v", "=v", "=", " = v ", '="a b"', "=a,b=c", "=v=w"))
    attributes = []
    if rng.random() < 0.5:
        attributes.append(rng.choice(("Secure", "secure", "Secure=false")))
    if rng.random() < 0.35:
        attributes.append("Path=" + rng.choice(_PATHS))
    if rng.random() < 0.35:
        attributes.append("Domain=" + rng.choice(_DOMAINS).format(**names))
    if rng.random() < 0.45:
        attributes.append("SameSite=" + rng.choice(_SAME_SITES))
    if rng.random() < 0.3:
        attributes.append("Expires=" + rng.choice(_EXPIRES))
    if rng.random() < 0.3:
        attributes.append("Max-Age=" + rng.choice(_MAX_AGES))
    if rng.random() < 0.4:
        attributes.append("HttpOnly")
    if rng.random() < 0.15:
        attributes.append("Partitioned")
    if rng.random() < 0.1:
        attributes.append(rng.choice(_OTHERS))
    rng.shuffle(attributes)
    return "; ".join([text, *attributes])


_SEEDS = (
    "{n}=1; Path=/; SameSite=Strict; Secure",
    "{n}=1; Path=/; SameSite=Lax",
    "{n}=1; Path=/",
    "{n}=1; Path=/; SameSite=None; Secure",
    "{n}=1; Path=/; SameSite=None; Secure; Partitioned",
    "{n}=1; Path=/dir; SameSite=Lax",
    "{n}=1; Path=/elsewhere; Secure",
    "{n}=1; Path=/; Domain={parent}; SameSite=Strict",
    "{n}=1; Path=/; Domain={parent}; SameSite=None; Secure",
    "{n}=1; Domain={parent}; Path=/dir/",
    "__Host-{n}=1; Path=/; Secure; SameSite=Lax",
)
_WITHIN = ("image", "fetch", "fetch-include", "fetch-no-cors", "fetch-put", "xhr", "frame", "script", "beacon")
_NAVIGATIONS = ("link", "noreferrer", "post")
_PAGES = (("https", "a.test"), ("https", "x.a.test"), ("https", "b.test"), ("http", "a.test"), ("http", "b.test"))


def _set_scenario(rng: random.Random, number: int) -> Scenario:
    """Lines of every shape, on a top-level visit."""
    scheme, host = rng.choice(("https", "https", "http")), rng.choice(HOSTS)
    lines = tuple(_line(rng, f"c{i}", host) for i in range(6))
    path = rng.choice(("/", "/dir/page", "/dir/sub/page", "/page"))
    return Scenario(number, (Visit("address", scheme, host, f"{path}-{number}", lines),), rng.random() < 0.5)


def _context_scenario(rng: random.Random, number: int) -> Scenario:
    """Cookies set on a visit, then a request from some page to the same site, which sets more of them."""
    scheme, host = rng.choice((("https", "a.test"), ("https", "x.a.test"), ("http", "a.test"), ("http", "x.a.test")))
    if rng.random() < 0.6:
        scheme = "https"
    parent = "a.test"
    seeds = rng.sample(_SEEDS, 6)
    first = tuple(line.format(n=f"s{i}", parent=parent) for i, line in enumerate(seeds))
    again = tuple(line.format(n=f"t{i}", parent=parent) for i, line in enumerate(rng.sample(_SEEDS, 5)))
    page = rng.choice(_PAGES)
    how = rng.choice(_WITHIN + _NAVIGATIONS)
    via = rng.choice(_PAGES) if rng.random() < 0.2 and how not in ("fetch-put", "fetch", "beacon") else None
    if page[0] == "https" and how not in _NAVIGATIONS:
        scheme = "https"  # mixed content is another story
        via = ("https", via[1]) if via else None
    path = rng.choice(("/dir/page", "/dir", "/directory", "/elsewhere/x", "/page"))
    visits = [Visit("address", "https", host, f"/seed-{number}", first)]
    if rng.random() < 0.3:
        visits.append(
            Visit("address", "http", host, f"/plain-{number}", ("h0=1; Path=/", "h1=1; Path=/; SameSite=Lax"))
        )
    visits.append(Visit("address", *page, f"/start-{number}"))
    visits.append(Visit(how, scheme, host, f"{path}/{number}" if path != "/directory" else path, again, via))
    return Scenario(number, tuple(visits), rng.random() < 0.5)


def _overwrite_scenario(rng: random.Random, number: int) -> Scenario:
    """A cookie set over TLS, then one of the same name over plain HTTP."""
    shapes = ("", "; Path=/", "; Path=/dir", "; Domain=a.test", "; Secure", "; Max-Age=0", "; Path=/dir/deep")
    first = f"s=1; HttpOnly{rng.choice(shapes[:4])}{rng.choice(('; Secure', '; Secure', ''))}"
    second = f"s=2{rng.choice(shapes)}"
    hosts = rng.choice((("a.test", "a.test"), ("a.test", "x.a.test"), ("x.a.test", "a.test"), ("x.a.test", "y.a.test")))
    scheme = rng.choice(("http", "http", "https"))
    return Scenario(
        number,
        (
            Visit("address", "https", hosts[0], f"/dir/seed-{number}", (first,)),
            Visit("address", scheme, hosts[1], f"/dir/over-{number}", (second,)),
        ),
        False,
    )


def scenarios(many: int = 300, seed: int = 6265) -> list[Scenario]:
    """The same scenarios for the same seed: a third of lines, most of contexts, some of overwriting."""
    rng = random.Random(seed)
    makers = (
        _set_scenario,
        _context_scenario,
        _context_scenario,
        _set_scenario,
        _context_scenario,
        _overwrite_scenario,
    )
    return [makers[number % len(makers)](rng, number) for number in range(many)]


class Tally:
    """Counts of answers compared, and the disagreements in words."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.disagreements: list[str] = []

    def agree(self, what: str) -> None:
        self.counts[what] += 1

    def differ(self, scenario: Scenario, text: str) -> None:
        self.counts["disagree"] += 1
        self.disagreements.append(f"scenario {scenario.number} (third_party={scenario.third_party}): {text}")


# What may differ, and why:
#
# 1. `_plain`: the codes' names. Chromium 156 gives the "Schemeful" variant of a SameSite code for every cross-site request, though the protocol
#    defines it for equal registrable domains under different schemes; ours follow the definition.
# 2. `_uncredentialed`: a cross-origin `fetch()` without credentials leaves no trace of that where it is same-site or goes
#    over plain HTTP. The browser then looks at no cookie; one that ours calls blocked is not sent or stored either way.
# 3. `_fewer`: plain HTTP requests carry no `Sec-Fetch-*`, so the recording cannot show the site that led to them, nor
#    whether third-party cookies are blocked (which Chromium checks before anything else when it stores one). Ours then
#    give the reasons that are certain, and the browser has more.
def _plain(codes: Sequence[str]) -> frozenset[str]:
    return frozenset(code.removeprefix("Schemeful") for code in codes)


# 4. `_omitted`: so do `credentials: 'omit'` on a request to its own site and in `no-cors` mode. Ours then says that the
#    cookie was due, and by the recorded field that it was not sent.
# 5. A sandboxed frame keeps partitioned cookies of its own, which nothing in a recording shows.
def _uncredentialed(hop: Hop) -> bool:
    fields = {name.lower() for name in hop.request_extra.get("headers", ())}
    with_cors = hop.sent.get("type") in ("Fetch", "XHR", "Manifest") or "origin" in fields
    return with_cors and not hop.request_extra.get("associatedCookies")


def _omitted(scenario: Scenario, hop: Hop, verdict: CookieVerdict | None) -> bool:
    if verdict is None or verdict.recorded is not False:
        return False
    return scenario.visits[-1].how in ("fetch-omit", "fetch-no-cors-omit", "sandboxed") and hop.sent["type"] == "Fetch"


def _fewer(hop: Hop, ours: Sequence[str], browsers: Sequence[str]) -> bool:
    if not hop.url.startswith("http:"):
        return False
    return _plain(ours) < _plain(browsers) or list(browsers) == ["UserPreferences"]


def compare(lab: CookieLab, scenario: Scenario, tally: Tally) -> Walk:
    """Walk through a scenario and hold every verdict against what the browser did."""
    walk = lab.walk(scenario)
    judge(scenario, walk, tally)
    return walk


def judge(scenario: Scenario, walk: Walk, tally: Tally, variant: str = "as exported") -> None:
    """Hold every verdict on a variant of a walk's recording against what the browser did."""
    stored = {cookie["name"]: cookie for cookie in walk.stored}
    for hop, report in zip(walk.hops, explain(VARIANTS[variant](numbered(walk.har()))), strict=True):
        if hop.request_extra:
            _compare_sent(scenario, hop, report.verdicts.cookies, tally)
        lines = _set_cookie_lines(hop)
        if len(lines) != len(report.verdicts.set_cookies):
            tally.differ(scenario, f"{hop.url}: {len(lines)} lines, {len(report.verdicts.set_cookies)} verdicts")
            continue
        for line, verdict in zip(lines, report.verdicts.set_cookies, strict=True):
            _compare_set(scenario, hop, line, verdict, stored, tally)


def _set_cookie_lines(hop: Hop) -> list[str]:
    fields = hop.response_extra.get("headers") or {}
    joined = next((value for name, value in fields.items() if name.lower() == "set-cookie"), None)
    return [utf8(line) for line in joined.split("\n")] if joined is not None else []


def _compare_sent(scenario: Scenario, hop: Hop, verdicts: Sequence[CookieVerdict], tally: Tally) -> None:
    browser = {c["cookie"]["name"]: c["blockedReasons"] for c in hop.request_extra.get("associatedCookies", ())}
    ours = {verdict.name: verdict for verdict in verdicts}
    where = f"{hop.method} {hop.url}"
    for name in sorted(browser.keys() | ours.keys()):
        verdict = ours.get(name)
        if name not in browser:
            if verdict is not None and verdict.outcome == "blocked" and _uncredentialed(hop):
                tally.counts["sent: agree, for a reason the recording cannot show"] += 1
            elif _omitted(scenario, hop, verdict):
                tally.counts["sent: agree by the recorded field, for a reason the recording cannot show"] += 1
            elif verdict is not None and verdict.outcome != "depends":
                tally.differ(scenario, f"{where} {name}: not considered by the browser, ours {verdict}")
            continue
        reasons = browser[name]
        if verdict is None:
            tally.differ(scenario, f"{where} {name}: browser {reasons or 'sent'}, ours nothing")
        elif verdict.outcome == "depends":
            if _plain(reasons) <= _plain(verdict.codes):
                tally.counts["sent: open, and the browser's answer is among ours"] += 1
            else:
                tally.differ(scenario, f"{where} {name}: browser {reasons}, ours open with {verdict.codes}")
        elif verdict.outcome == "blocked" and _fewer(hop, verdict.codes, reasons):
            tally.counts["sent: agree, with fewer reasons"] += 1
        elif (verdict.outcome == "sent") != (not reasons) or _plain(verdict.codes) != _plain(reasons):
            tally.differ(
                scenario, f"{where} {name}: browser {reasons or 'sent'}, ours {verdict.outcome} {verdict.codes}"
            )
        else:
            tally.agree("sent: agree")


def _compare_set(
    scenario: Scenario, hop: Hop, line: str, verdict: SetCookieVerdict, stored: dict[str, dict[str, Any]], tally: Tally
) -> None:
    blocked = {c["cookieLine"]: c["blockedReasons"] for c in hop.response_extra.get("blockedCookies", ())}
    where = f"{hop.method} {hop.url} `{line[:90]}`"
    reasons = blocked.get(line)
    if verdict.outcome in ("depends", "unknown"):
        if _plain(reasons or ()) <= _plain(verdict.codes):
            tally.counts["set: open, and the browser's answer is among ours"] += 1
        else:
            tally.differ(scenario, f"{where}: browser {reasons}, ours open with {verdict.codes}")
        return
    if reasons is not None:
        if verdict.outcome == "blocked" and _plain(verdict.codes) == _plain(reasons):
            tally.agree("set: agree")
        elif verdict.outcome == "blocked" and _fewer(hop, verdict.codes, reasons):
            tally.counts["set: agree, with fewer reasons"] += 1
        else:
            tally.differ(scenario, f"{where}: browser {reasons}, ours {verdict.outcome} {verdict.codes}")
        return
    if verdict.codes and _uncredentialed(hop) and verdict.name not in stored:
        tally.counts["set: agree, for a reason the recording cannot show"] += 1
        return
    if verdict.codes:
        tally.differ(scenario, f"{where}: not refused by the browser, ours {verdict.outcome} {verdict.codes}")
        return
    cookie = stored.get(verdict.name)
    replaced = sum(
        v.lines != () and any(x.partition("=")[0].strip() == verdict.name for x in v.lines) for v in scenario.visits
    )
    if replaced > 1 or hop.method == "OPTIONS":
        # what the store holds in the end may be of another response, so only the refusal was compared
        tally.agree("set: agree on no refusal, store not comparable")
        return
    if (verdict.outcome == "stored") != (cookie is not None):
        tally.differ(
            scenario, f"{where}: {'stored' if cookie else 'not stored'} by the browser, ours {verdict.outcome}"
        )
        return
    difference = _difference(verdict, cookie) if cookie is not None else None
    if difference:
        tally.differ(scenario, f"{where}: {difference}")
    else:
        tally.agree("set: agree")


def _difference(verdict: SetCookieVerdict, cookie: dict[str, Any]) -> str | None:
    ours = verdict.stored_as
    if ours is None:
        return "stored, and ours says not how"
    browser = {
        "domain": cookie["domain"].removeprefix("."),
        "host_only": not cookie["domain"].startswith("."),
        "path": cookie["path"],
        "secure": cookie["secure"],
        "http_only": cookie["httpOnly"],
        "same_site": cookie.get("sameSite"),
        "partitioned": "partitionKey" in cookie,
    }
    for name, value in browser.items():
        if getattr(ours, name) != value:
            return f"{name}: browser {value!r}, ours {getattr(ours, name)!r}"
    expires = None if cookie["session"] else cookie["expires"]
    if (expires is None) != (ours.expires is None) or (expires is not None and abs(expires - (ours.expires or 0)) > 5):
        return f"expires: browser {expires!r}, ours {ours.expires!r}"
    return None


def run(chosen: Sequence[Scenario]) -> dict[str, Tally]:
    """Run scenarios in the two browsers they need; a tally for each variant of their recordings that holds cookies."""
    from tests.browser.cookie_lab import CookieLab

    tallies = {variant: Tally() for variant in VARIANTS if "sanitised" not in variant}
    for third_party in (False, True):
        mine = [s for s in chosen if s.third_party == third_party]
        if mine:
            with CookieLab(third_party=third_party) as lab:
                for scenario in mine:
                    walk = lab.walk(scenario)
                    for variant, tally in tallies.items():
                        judge(scenario, walk, tally, variant)
    return tallies


def main() -> None:
    """Run everything and print the agreement."""
    from tests.browser.cookie_corners import clocks, contexts, lines

    for variant, tally in run([*scenarios(), *lines(), *clocks(), *contexts()]).items():
        print(f"cookies, {variant}")
        for what, many in sorted(tally.counts.items()):
            print(f"{many:6} {what}")
        for text in tally.disagreements:
            print(text)


if __name__ == "__main__":
    main()

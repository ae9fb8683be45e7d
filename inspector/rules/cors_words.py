"""Words that the rules on CORS share: who asked, what differs between two origins, what a verdict depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inspector import url as urls
from inspector.browser.cors import asked_names, permit_of
from inspector.browser.cors_preflight import check_request
from inspector.browser.cors_request import page_origin
from inspector.browser.cors_safelist import is_safelisted_method
from inspector.browser.verdict import CorsVerdict
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding
from inspector.rules.client import program
from inspector.words import listed

if TYPE_CHECKING:
    from inspector.subject import Subject


class Asker(NamedTuple):
    """Who asked: the origin (empty where unknown) and how to call it in a sentence."""

    origin: str
    phrase: str


def asker(x: Subject) -> Asker:
    """The origin that asked, by the request's ``Origin`` or else the page's."""
    origin = x.origin or page_origin(x) or ""
    if not origin:
        return Asker("", "the page")
    if origin == "null":
        return Asker(origin, "an origin called `null` (a sandboxed frame, or a request redirected between origins)")
    return Asker(x.masker.text(origin), f"`{x.masker.text(origin)}`")


def condition_of(verdict: CorsVerdict) -> str | None:
    """What a verdict that is not certain depends on."""
    return f"blocked if {verdict.condition}" if verdict.outcome == "depends" and verdict.condition else None


def named_difference(allowed: str, origin: str) -> str:
    """What is different between a permitted origin and the one that asked, as a clause beginning with a dash."""
    if allowed == "null" or origin == "null":
        return ""
    if allowed.rstrip("/") == origin:
        return " – they differ by the slash at the end, and an origin ends without one"
    if allowed.lower() == origin.lower():
        return " – they differ in upper and lower case, which counts here"
    a, b = urls.parse(allowed), urls.parse(origin)
    if "*" in a.host:
        return " – a `*` inside an origin stands for nothing; only a bare `*` stands for every origin"
    if a.path not in ("", "/") or a.query:
        return " – an origin has no path"
    if not a.host:
        return ""
    if a.host == b.host and a.scheme != b.scheme:
        return f" – the scheme differs: `{a.scheme}` is not `{b.scheme}`"
    if a.host == b.host and a.port != b.port:
        return f" – the port differs: {a.port} is not {b.port}"
    if a.host == b.host and a.port == b.port:
        return " – they are written differently, and the comparison is exact"
    if a.host.removeprefix("www.") == b.host.removeprefix("www."):
        return " – `www.` makes it another host, and so another origin"
    return ""


def verdict_with(x: Subject, *codes: str) -> CorsVerdict | None:
    """The exchange's verdict where it has one of these codes and did not only inherit it from its preflight."""
    verdict = x.verdicts.cors
    if verdict is None or verdict.code not in codes or (x.status == 0 and not verdict.is_preflight):
        return None
    return verdict


def what(verdict: CorsVerdict) -> str:
    """What the verdict is about, to begin a sentence with."""
    return "The preflight's answer" if verdict.is_preflight else "The response"


def so(x: Subject, verdict: CorsVerdict) -> str:
    """What follows for the page, as surely as it is known; for a program that is no browser, what one would do."""
    agent = x.req.get("user-agent")
    would = agent is not None and program(agent) is not None
    if verdict.outcome == "depends":
        return f"{'a browser would block' if would else 'the browser blocks'} it if {verdict.condition}."
    if verdict.is_preflight:
        return "a browser would never send the request itself." if would else "the request itself is never sent."
    keeps = "a browser would keep" if would else "the browser keeps"
    done = ", although the server has done its work" if x.status < 400 else ""
    return f"{keeps} the response from the page{done}."


def permits(x: Subject) -> list[str]:
    """The fields that a preflight's answer still needs to permit method and fields it was asked for, ready to send."""
    permit, asked = permit_of(x), x.req.get("access-control-request-method") or ""
    needed = []
    if asked and not is_safelisted_method(asked) and check_request(permit, asked, (), False) is not None:
        needed.append(f"`Access-Control-Allow-Methods: {_with(x, 'access-control-allow-methods', [asked])}`")
    missing = [name for name in asked_names(x) if check_request(permit, "GET", (name,), False) is not None]
    if missing:
        needed.append(f"`Access-Control-Allow-Headers: {_with(x, 'access-control-allow-headers', missing)}`")
    return needed


def _with(x: Subject, name: str, more: list[str]) -> str:
    there = [each.strip() for each in x.shown("response", name).split(",")]
    return x.masker.text(", ".join([*(each for each in there if each not in ("", "*")), *more]))


def whole_answer(x: Subject, *fields: str) -> str:
    """How a preflight has to be answered for the request to be sent, from `fields` on, so that one try is enough."""
    success = "" if 200 <= x.status < 300 else f"answer `OPTIONS {x.masker.text(x.url.path or '/')}` with 204 and "
    send = listed([*fields, *permits(x)]) or "the CORS fields it sends now"
    where = "" if success else " in the answer to `OPTIONS`"
    return f"{success or 'send '}{send}{where}."


def of_the_status(x: Subject) -> str:
    """Why a preflight's answer is no success, as far as its status tells; empty where it is one."""
    if x.status in (401, 403):
        return " A preflight never carries cookies or `Authorization`, so no login can make it pass."
    if x.status in (404, 405, 501):
        return " The server seems to have no route for `OPTIONS` here."
    return ""


def finding_of(
    verdict: CorsVerdict,
    detail: str,
    fix: str | None,
    evidence: tuple[Evidence, ...],
    title: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    """A finding on a verdict: an error where it is certain, an explanation where it depends."""
    depends = verdict.outcome == "depends"
    return Finding(
        detail,
        fix,
        evidence,
        title,
        severity or (Severity.INFO if depends else None),
        "depends" if depends else "certain",
        condition_of(verdict),
    )

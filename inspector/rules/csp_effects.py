"""Content Security Policy at work: what a policy blocks, would block, or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from inspector.browser.csp import CODE
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, blocking, document, method, responded, rule
from inspector.rules.blocking_words import finding_of, kind, page_line, so, verdict_of
from inspector.rules.csp_markup import ADDRESS, BASE, FORM, HANDLER, SCRIPT, SPECULATION, Used, forbidden
from inspector.rules.csp_words import CSP, TRIAL, code, held, quoted
from inspector.session.csp import trial_violation
from inspector.words import count, listed

if TYPE_CHECKING:
    from inspector.subject import Subject


@rule(
    "csp/blocked",
    Severity.ERROR,
    "Blocked by the page's Content Security Policy",
    on=blocking("blocked", "depends"),
    references=(CSP + "#should-block-request", CSP + "#directive-fallback-list"),
    what="A page asked for something its own `Content-Security-Policy` does not allow, and the browser did not "
    "send it.",
    why="""For each kind of request one directive decides: its own, else the one that stands in for it, at last
        `default-src`. No source of its list admits this address. Recordings name no reason for such a request.""",
    fix="Add the address's origin to that directive, or remove what asks for it.",
    unless="The request is not meant to happen: then the policy does its work.",
    shows="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'

    <!doctype html><script src="https://cdn.example/app.js"></script>
    ---
    # type: script
    # page: https://shop.test/
    # error: blocked
    GET https://cdn.example/app.js HTTP/1.1
    Referer: https://shop.test/
    """,
    quiet="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self' https://cdn.example

    <!doctype html><script src="https://cdn.example/app.js"></script>
    ---
    # type: script
    # page: https://shop.test/
    # error: blocked
    GET https://cdn.example/app.js HTTP/1.1
    Referer: https://shop.test/
    """,
)
def blocked(x: Subject) -> Finding | None:
    """The verdict, with the directive that decided."""
    verdict = verdict_of(x, CODE)
    if verdict is None:
        return None
    decided = next((step.saw for step in verdict.steps if step.check.startswith("the page that asks")), None)
    origin = x.masker.text(x.url.origin) if x.url.origin != "null" else f"{x.url.scheme}:"
    if decided is None:
        detail = f"The browser refused this {kind(x)} because of the page's policy; the policy itself is not recorded."
        fix = (
            f"Look at the page's `Content-Security-Policy` and add `{origin}` to the directive for this kind of "
            "request."
        )
    else:
        detail = f"The page's policy decides by {decided}, and no source there admits this {kind(x)}. "
        detail += so(verdict, "the browser did not send the request")
        directive = decided.partition(",")[0]
        fix = f"Add `{origin}` to {directive} in the page's policy, if it is meant to load this."
        if directive == "`default-src`":
            fix += (
                " That admits it for all that `default-src` stands in for; for this alone, add a directive of its own."
            )
            fix += " Trap: that one then replaces `default-src`, so it has to repeat its sources."
    return finding_of(blocked, verdict, detail, fix, (page_line(x, "the page that asks"), x.request_line()))


@rule(
    "csp/blocks-content",
    Severity.WARNING,
    "The policy blocks what the page itself uses",
    on=document(),
    references=(
        CSP + "#should-block-inline",
        CSP + "#should-block-request",
        CSP + "#directive-form-action",
        CSP + "#directive-base-uri",
    ),
    what="""The page's markup has inline code without a matching nonce or hash, loads something from an address that
        no source admits, sends a form to one, or has a `<base>` that `base-uri` refuses.""",
    why="""The browser skips it without telling the visitor: a button does nothing, a style is missing, a form stays
        where it is, relative addresses lead elsewhere.""",
    fix="Give inline code a nonce or list its hash, add the missing origins, or remove what is not needed.",
    unless="""The policy came after the fact, from a proxy or a CDN, and the page is going to be changed. For a trial
        policy
        the same is told as an explanation.""",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'

    <!doctype html><script>start()</script><button onclick="buy()">Buy</button>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' 'nonce-c2VydmVyLW1hZGUtbm9uY2U'

    <!doctype html><script nonce="c2VydmVyLW1hZGUtbm9uY2U">start()</script><script src="/buy.js"></script>
    """,
)
def blocks_content(x: Subject) -> Finding | None:
    """The markup against the policies of the response's fields and of the markup itself; those on trial else."""
    found, html = held(x), x.html
    if found is None or html is None:
        return None
    if found.fields or found.markup:
        used = list(forbidden(html, found.fields, x.url.text, markup=bool(found.markup)))
        if used:
            return _blocks(x, used, False)
    used = list(forbidden(html, found.trial, x.url.text, markup=False)) if found.trial else []
    return _blocks(x, used, True) if used else None


_PLURALS = {SPECULATION: "sets of speculation rules", ADDRESS: "`javascript:` addresses"}


def _blocks(x: Subject, used: list[Used], trial: bool) -> Finding:
    groups: dict[tuple[str, str], list[str]] = {}
    for each in used:
        groups.setdefault((each.kind, each.directive), []).append(each.what)
    said = []
    for (noun, directive), whats in sorted(groups.items(), key=lambda group: -len(group[1])):
        which = ""
        if whats[0].startswith(("http:", "https:", "data:")):
            which = f" (`{x.masker.url(whats[0])[:90]}`{' and others' if len(set(whats)) > 1 else ''})"
        elif noun == HANDLER:
            which = f" ({listed([f'`{name}`' for name in dict.fromkeys(whats)], most=3)})"
        said.append(f"{count(len(whats), noun, _PLURALS.get(noun))}{which} by `{directive}`")
    verb = "would block" if trial else "blocks"
    return Finding(
        f"The policy {verb} {listed(said, most=4)}.",
        title="The policy on trial would block what the page uses" if trial else None,
        severity=Severity.INFO if trial else None,
        fix=_fix(x, used),
        evidence=(
            x.response_field(TRIAL, mark=_mark(x, TRIAL, used[0].directive)) if trial else quoted(x, used[0].directive),
        ),
    )


def _fix(x: Subject, used: list[Used]) -> str:
    fixes = []
    script = next((each for each in used if each.kind == SCRIPT), None)
    if script is not None:
        fixes.append(
            f"Put the response's nonce on the script, or add its hash to `{script.directive}`: `{script.what}`. Trap: "
            "the hash changes with every character of the script."
        )
    if any(each.kind == HANDLER for each in used):
        fixes.append(
            "Move event handlers into a script that is allowed (`addEventListener`). Trap: a nonce does not cover "
            "attributes."
        )
    if any(each.kind == ADDRESS for each in used):
        fixes.append("Where a `javascript:` address does something, make it a button with a handler in such a script.")
    base = next((each for each in used if each.kind == BASE), None)
    if base is not None:
        fixes.append(
            f"Take the `<base>` out, or add `{x.masker.url(base.what)[:90]}` to `base-uri`: until then relative "
            "addresses lead to where the page itself is."
        )
    if fixes:
        return " ".join(fixes)
    first = used[0]
    if first.kind == FORM:
        return (
            f"Add the origin of `{x.masker.url(first.what)[:90]}` to `form-action`, if the form is meant to be sent "
            "there. Trap: in Chromium the directive also applies to where the answer redirects."
        )
    if first.what.startswith("http"):
        return (
            f"Add the origin of `{x.masker.url(first.what)[:90]}` to `{first.directive}`, if the page is meant "
            "to load it."
        )
    return f"Use a nonce or hash for it in `{first.directive}`, or remove it from the markup."


def _mark(x: Subject, field: str, directive: str) -> str | None:
    value = x.res.get(field) or ""
    at = value.lower().find(directive)
    return value[at : at + len(directive)] if at >= 0 else None


@rule(
    "csp/trial-would-block",
    Severity.INFO,
    "The policy on trial would block this",
    on=responded(),
    without=document(),
    references=(CSP + "#report-for-request", CSP + "#cspro-header"),
    what="A request was sent that the page's `Content-Security-Policy-Report-Only` does not allow.",
    why="Once the same policy is enforced, the browser will not send it.",
    fix="Add its origin to the policy before enforcing it, or leave it out on purpose.",
    shows="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy-Report-Only: default-src 'self'
    ---
    # type: image
    # page: https://shop.test/
    GET https://img.example/a.png HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image

    HTTP/2 200
    Content-Type: image/png
    """,
    quiet="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy-Report-Only: default-src 'self'
    ---
    # type: image
    # page: https://shop.test/
    GET https://shop.test/a.png HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: image

    HTTP/2 200
    Content-Type: image/png
    """,
)
def trial_would_block(x: Subject) -> Finding | None:
    """A sent request against the trial policies of its page, once for each directive and origin."""
    documents = x.session.blocking.documents
    if not documents.trying:
        return None
    found = trial_violation(x, documents)
    if found is None or not x.session.first(f"csp trial {found.directive} {x.url.origin}", x.page_url or ""):
        return None
    which = f"`{found.directive}`" + (
        f", in place of `{found.effective}`," if found.directive != found.effective else ""
    )
    return Finding(
        f"{which} in the page's `Content-Security-Policy-Report-Only` has no source for this {kind(x)}.",
        fix=f"Add `{x.masker.text(x.url.origin)}` to `{found.directive}` before enforcing the policy, if the page "
        "needs it.",
        evidence=(x.request_line(),),
    )


class _Report(Struct, frozen=True, rename="kebab"):
    document_uri: str = ""
    blocked_uri: str = ""
    effective_directive: str = ""
    violated_directive: str = ""
    disposition: str = ""
    source_file: str = ""
    line_number: int | None = None


class _Envelope(Struct, frozen=True, rename="kebab"):
    csp_report: _Report


_DECODER = msgspec.json.Decoder(_Envelope, strict=False)


@rule(
    "csp/violation-report",
    Severity.INFO,
    "The browser reports a violation of the page's policy",
    on=method("POST"),
    references=(CSP + "#report-violation", CSP + "#deprecated-serialize-violation"),
    what="A browser sends a report to the address in a policy's `report-uri`.",
    why="It says which page and directive it is about, and what was blocked (or would be, under a trial policy).",
    fix="Nothing to fix in this request; it tells what the policy meets.",
    unless="Extensions cause reports too: a blocked address the page does not know is often theirs.",
    shows="""
    POST https://shop.test/csp HTTP/2
    Content-Type: application/csp-report

    {"csp-report": {"document-uri": "https://shop.test/", "blocked-uri": "inline", "effective-directive":
    "script-src-elem", "disposition": "enforce", "line-number": 12}}

    HTTP/2 204
    """,
    quiet="""
    POST https://shop.test/csp HTTP/2
    Content-Type: application/json

    {"message": "not a report"}

    HTTP/2 204
    """,
)
def violation_report(x: Subject) -> Finding | None:
    """A report as browsers write them for ``report-uri``."""
    if not (x.req.get("content-type") or "").startswith("application/csp-report"):
        return None
    data = x.request.body.data
    if not data or len(data) > 100_000:
        return None
    try:
        report = _DECODER.decode(data).csp_report
    except msgspec.DecodeError:
        return None
    directive = (report.effective_directive or report.violated_directive).partition(" ")[0]
    what = report.blocked_uri or "something"
    place = f" at line {report.line_number}" if report.line_number else ""
    verb = "would have been blocked by the policy on trial" if report.disposition == "report" else "was blocked"
    page = x.masker.url(report.document_uri)[:120]
    return Finding(
        f"On `{page}`, {_blocked(x, what)}{place} {verb}: {code(x, directive or 'an unnamed directive')} does not "
        "allow it.",
        evidence=(Evidence("request.body", None, x.masker.text(f"blocked-uri: {what[:120]}")),),
    )


def _blocked(x: Subject, what: str) -> str:
    return {"inline": "inline code", "eval": "`eval`", "self": "the page's own address"}.get(
        what, f"`{x.masker.url(what)[:120]}`"
    )

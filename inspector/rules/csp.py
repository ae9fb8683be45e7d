"""Content Security Policy: whether there is one, and whether it stops injected scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.csp_inline import allows_all_inline, has_keyword
from inspector.content.html import runs_script
from inspector.fields.csp import FETCH_DIRECTIVES, HostSource, SchemeSource, Source, SourceList
from inspector.report import Evidence, Severity
from inspector.rules.base import Finding, document, response_field, rule
from inspector.rules.csp_words import CSP, FIELD, TRIAL, code, framed, held, limiting, lists_for, quoted, where
from inspector.url import parse
from inspector.words import count, listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_STRICT = "script-src 'nonce-<random>' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
_ANY_SCHEMES = frozenset({"http", "https", "data"})


@rule(
    "csp/missing",
    Severity.WARNING,
    "No policy limits what scripts may run",
    on=document(),
    references=(CSP + "#csp-header", CSP + "#meta-element"),
    what="A document has no `Content-Security-Policy`, neither as a field nor in its markup.",
    why="""Where somebody manages to put markup into the page, their script runs with all the rights of the page. A
        policy is the second line that stops it.""",
    fix="""Begin with `Content-Security-Policy-Report-Only: script-src 'nonce-…' 'strict-dynamic'; object-src 'none';
        base-uri 'none'`, look at the reports, then enforce it.""",
    unless="The page shows nothing that comes from outside.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'
    """,
    once="origin",
)
def missing(x: Subject) -> Finding | None:
    """A document without any policy, enforced or on trial."""
    found = held(x)
    if found is None or found.enforced or found.trial or x.local or framed(x):
        return None
    inline = 0
    if x.html is not None:
        inline = sum(1 for s in x.html.scripts if "src" not in s.attributes and s.text.strip() and runs_script(s))
    using = f" It has {count(inline, 'inline script')}, which a policy must allow by nonce or hash." if inline else ""
    return Finding(
        "Markup that somebody manages to slip into this page can run scripts with the page's rights." + using,
        fix=f"The server should send `Content-Security-Policy: {_STRICT}`, as `…-Report-Only` first. Trap: event "
        "handlers in attributes (`onclick=`) stop working under a nonce; move them into scripts.",
        evidence=(x.response_field(FIELD),),
        severity=Severity.NOTE if _perhaps_framed(x) else None,
        certainty="certain" if x.html is not None else "likely",
        condition=None if x.html is not None else "its markup, which is not recorded, has no policy either",
    )


def _perhaps_framed(x: Subject) -> bool:
    """Whether another origin's page may have asked for it as a frame, in a recording that does not say."""
    referer = x.req.get("referer")
    return "sec-fetch-dest" not in x.req and referer is not None and parse(referer).origin != x.url.origin


@rule(
    "csp/report-only",
    Severity.INFO,
    "The policy is on trial: it reports and blocks nothing",
    on=response_field(TRIAL),
    references=(CSP + "#cspro-header",),
    what="The only policy is a `Content-Security-Policy-Report-Only`.",
    why="Browsers report what the policy would block, and block nothing. It is the right first step, and no "
    "protection.",
    fix="When the reports are quiet, send the same value as `Content-Security-Policy`.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy-Report-Only: script-src 'self'; report-uri /csp
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'
    Content-Security-Policy-Report-Only: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'; report-uri /csp
    """,
    once="origin",
)
def report_only(x: Subject) -> Finding | None:
    """A trial policy alone."""
    found = held(x)
    if found is None or found.enforced or not found.trial:
        return None
    silent = not any("report-uri" in policy or "report-to" in policy for policy in found.trial)
    more = ""
    if silent:
        more = (
            " It names no place for reports either (`report-uri`, `report-to`), so it does nothing but write "
            "to the console."
        )
    return Finding(
        "Violations of this policy are reported, and everything it forbids still runs." + more,
        fix="When the reports are quiet, the server should send the same value as `Content-Security-Policy`.",
        evidence=(x.response_field(TRIAL),),
    )


@rule(
    "csp/unsafe-inline",
    Severity.WARNING,
    "The policy lets every inline script run",
    on=document(),
    references=(CSP + "#allow-all-inline", CSP + "#match-element-to-source-list"),
    what="""The source list for scripts contains `'unsafe-inline'`, and no nonce, hash or `'strict-dynamic'` that would
        switch it off.""",
    why="""Injected markup is nearly always an inline script or handler: the policy does not stop the attack it is there
        for.""",
    fix="Give each inline script a nonce (`script-src 'nonce-…'`) or its hash, and drop `'unsafe-inline'`.",
    unless="It stands beside a nonce or hash as a fallback for very old browsers, or concerns styles only.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' 'unsafe-inline'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; style-src 'self'
    """,
    once="origin",
)
def unsafe_inline(x: Subject) -> Finding | None:
    """Every policy that governs scripts (or handlers, or styles) allows inline ones; or the keyword is switched off."""
    policies = limiting(x)
    elements, handlers = lists_for(policies, "script-src-elem"), lists_for(policies, "script-src-attr")
    if elements and all(allows_all_inline(sources, "script") for _, sources in elements):
        return Finding(
            "`'unsafe-inline'` for scripts admits every inline script and event handler, injected ones included.",
            fix="The server should send a fresh nonce with each page (`script-src 'nonce-<random>'`) and put it on its "
            "own scripts, instead of `'unsafe-inline'`. Trap: a nonce does not cover event handlers in attributes.",
            evidence=(quoted(x, elements[0][0], "'unsafe-inline'"),),
        )
    if handlers and all(allows_all_inline(sources, "script attribute") for _, sources in handlers):
        return Finding(
            "Inline scripts are limited, but `'unsafe-inline'` admits every event handler in an attribute "
            "(`<img src=x onerror=…>`), and that is all an injection needs.",
            title="The policy lets every inline event handler run",
            fix="Move handlers into scripts (`addEventListener`), then drop `'unsafe-inline'` from "
            f"`{handlers[0][0]}` or set `script-src-attr 'none'`.",
            evidence=(quoted(x, handlers[0][0], "'unsafe-inline'"),),
        )
    for name, sources in elements:
        if has_keyword(sources, "unsafe-inline"):
            return Finding(
                "A nonce, a hash or `'strict-dynamic'` stands beside it, so browsers of the last ten years do not look "
                "at `'unsafe-inline'`; it helps older ones.",
                title="`'unsafe-inline'` is there and switched off",
                severity=Severity.INFO,
                fix="Nothing has to change; where no such browser matters, `'unsafe-inline'` can go.",
                evidence=(quoted(x, name, "'unsafe-inline'"),),
            )
    styles = lists_for(policies, "style-src-elem")
    if styles and all(allows_all_inline(sources, "style") for _, sources in styles):
        return Finding(
            "Injected styles can hide, move and restyle parts of the page, and read some of its attribute values out "
            "by loading pictures. They run no script.",
            title="The policy lets every inline style apply",
            severity=Severity.INFO,
            fix="Where styles are under your control, use nonces or hashes for them as for scripts.",
            evidence=(quoted(x, styles[0][0], "'unsafe-inline'"),),
        )
    return None


@rule(
    "csp/unsafe-eval",
    Severity.WARNING,
    "The policy lets text be run as code",
    on=document(),
    references=(CSP + "#can-compile-strings",),
    what="`script-src` (or `default-src` in its place) contains `'unsafe-eval'`.",
    why="""`eval()`, `new Function()` and `setTimeout("…")` turn text into code. Where text from outside reaches one of
        them, the policy does not stop it.""",
    fix="Replace those calls (`JSON.parse`, functions instead of strings), then drop `'unsafe-eval'`.",
    unless="Only WebAssembly needs it: `'wasm-unsafe-eval'` is enough for that.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' 'unsafe-eval'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'; worker-src 'unsafe-eval'
    """,
    once="origin",
)
def unsafe_eval(x: Subject) -> Finding | None:
    """Every policy that limits `eval` at all allows it."""
    asked = [found for found in lists_for(limiting(x), "script-src") if found[0] in ("script-src", "default-src")]
    if not asked:
        return None
    if all(has_keyword(sources, "unsafe-eval") for _, sources in asked):
        return Finding(
            "`eval()` and its like may turn any text into code here, text that came from outside included.",
            fix=f"Drop `'unsafe-eval'` from `{asked[0][0]}` once nothing on the page calls `eval`, `new Function` or "
            "timers with strings; `'wasm-unsafe-eval'` keeps WebAssembly working.",
            evidence=(quoted(x, asked[0][0], "'unsafe-eval'"),),
        )
    if all(has_keyword(s, "wasm-unsafe-eval") or has_keyword(s, "unsafe-eval") for _, s in asked):
        name = next(name for name, sources in asked if has_keyword(sources, "wasm-unsafe-eval"))
        return Finding(
            "WebAssembly may be compiled here; `eval()` and its like stay forbidden.",
            title="The policy lets WebAssembly be compiled",
            severity=Severity.INFO,
            evidence=(quoted(x, name, "'wasm-unsafe-eval'"),),
        )
    return None


def _admits_anybody(source: Source) -> bool:
    """Whether a source admits what anybody can put on the web, or into an address."""
    if isinstance(source, SchemeSource):
        return source.scheme in _ANY_SCHEMES
    return isinstance(source, HostSource) and source.host == "*"


@rule(
    "csp/wildcard-or-scheme",
    Severity.WARNING,
    "The policy admits scripts from anywhere",
    on=document(),
    references=(CSP + "#match-url-to-source-expression",),
    what="""`*`, `https:`, `http:` or `data:` stands as a whole source in the list for scripts (or for plugins and
        the base
        address).""",
    why="An injected `<script src>` can name any server, or carry the code in its own address (`data:`).",
    fix="List the origins scripts come from, or use nonces with `'strict-dynamic'`, under which such sources are "
    "ignored.",
    unless="`'strict-dynamic'` is there: browsers then leave scheme and host sources out of account.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self' https:
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U' 'strict-dynamic' https:; object-src 'none'
    """,
    once="origin",
)
def wildcard(x: Subject) -> Finding | None:
    """Every policy that governs scripts (else plugins, else the base address) admits any server."""
    policies = limiting(x)
    scripts = lists_for(policies, "script-src-elem")
    wide = [(name, next((s for s in sources if _admits_anybody(s)), None)) for name, sources in scripts]
    strict = any(has_keyword(sources, "strict-dynamic") for _, sources in scripts)
    if wide and not strict and all(source is not None for _, source in wide):
        name, source = wide[0]
        text = source.text if source is not None else ""
        how = "carry its code in its own address" if text.lower() == "data:" else "come from any server"
        return Finding(
            f"{code(x, text)} in `{name}` lets an injected script {how}.",
            fix=f"Replace {code(x, text)} by the origins that scripts really come from, or send "
            "`script-src 'nonce-<random>' 'strict-dynamic'`.",
            evidence=(quoted(x, name, text),),
        )
    said, evidence = [], []
    for directive in ("object-src", "base-uri"):
        lists = lists_for(policies, directive) if directive == "object-src" else _base(x)
        found = [(name, next((s for s in sources if _admits_anybody(s)), None)) for name, sources in lists]
        if found and all(source is not None for _, source in found):
            name, source = found[0]
            text = source.text if source is not None else ""
            said.append(f"{code(x, text)} in `{name}`" + (f", for `{directive}`" if name != directive else ""))
            evidence.append(quoted(x, name, text))
    if not said:
        return None
    return Finding(
        f"{listed(said)} limits nothing: `<object>`, `<embed>` or `<base>` in injected markup may name any server.",
        title="The policy admits any server for plugins or the base address",
        severity=Severity.NOTE,
        fix="Set `object-src 'none'` and `base-uri 'none'` (or `'self'`).",
        evidence=tuple(evidence),
    )


def _base(x: Subject) -> list[tuple[str, SourceList]]:
    return [found for found in lists_for(limiting(x), "base-uri") if found[0] == "base-uri"]


@rule(
    "csp/no-script-src",
    Severity.WARNING,
    "The policy does not limit scripts",
    on=document(),
    references=(CSP + "#directive-script-src", CSP + "#directive-default-src"),
    what="The policy has neither `script-src` nor `default-src`.",
    why="Whatever else it limits, every script may run: inline, by `eval`, and from any server.",
    fix="Add `script-src`, best with nonces: `script-src 'nonce-<random>' 'strict-dynamic'`.",
    unless="The policy is only meant for framing or for upgrading http addresses; then it is told as an explanation.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: img-src 'self'; style-src 'self'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'
    """,
    once="origin",
)
def no_script_src(x: Subject) -> Finding | None:
    """No enforced policy governs script elements, or none governs handlers and `eval`."""
    policies = limiting(x)
    if not policies:
        return None
    elements = lists_for(policies, "script-src-elem")
    if elements:
        return None if lists_for(policies, "script-src") else _elements_only(x, elements[0][0])
    names = list(dict.fromkeys(name for policy in policies for name, _ in policy.directives))
    trying = [name for name in names if name in FETCH_DIRECTIVES]
    if not trying:
        return Finding(
            f"It consists of {listed([code(x, name) for name in names], most=4)} and says nothing of scripts: against "
            "injected scripts it does nothing.",
            title="The policy is not about scripts",
            severity=Severity.INFO,
            fix="Nothing has to change where that is all it is for; `script-src` would add protection from injected "
            "scripts.",
            evidence=(where(x),),
        )
    return Finding(
        f"It limits {listed([code(x, name) for name in trying], most=4)}, but has neither `script-src` nor "
        "`default-src`, "
        "so that every script may run.",
        fix="The server should add `script-src 'nonce-<random>' 'strict-dynamic'` (or `default-src 'self'` as a "
        "start).",
        evidence=(where(x),),
    )


def _elements_only(x: Subject, name: str) -> Finding:
    free = ["`eval`"]
    if not lists_for(limiting(x), "script-src-attr"):
        free.insert(0, "event handlers in attributes")
    return Finding(
        f"`{name}` limits script elements. {listed(free)[:1].upper()}{listed(free)[1:]} would be limited by "
        "`script-src` or "
        "`default-src`, and neither is there.",
        title="The policy limits script elements alone",
        severity=Severity.NOTE if len(free) == 1 else None,
        fix=f"The server should send `script-src` with the sources of `{name}`, and `{name}` only where it differs.",
        evidence=(quoted(x, name),),
    )


@rule(
    "csp/no-object-src",
    Severity.NOTE,
    "The policy does not limit `<object>` and `<embed>`",
    on=document(),
    references=(CSP + "#directive-object-src",),
    what="The policy limits scripts, but has neither `object-src` nor `default-src`.",
    why="""Plugins were a way around every script list. Current browsers have none left, but old ones do, and
        `<object>` still
        loads any page into this one.""",
    fix="Add `object-src 'none'`.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'self'; object-src 'none'
    """,
    once="origin",
)
def no_object_src(x: Subject) -> Finding | None:
    """Scripts are limited, plugins are not."""
    policies = limiting(x)
    if not lists_for(policies, "script-src-elem") or lists_for(policies, "object-src"):
        return None
    evidence: tuple[Evidence, ...] = (where(x),)
    return Finding(
        "Scripts are limited, but `<object>` and `<embed>` may load anything: neither `object-src` nor "
        "`default-src` is there.",
        fix="The server should add `object-src 'none'` to the policy.",
        evidence=evidence,
    )

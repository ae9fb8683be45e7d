"""Code made at run time under a policy that forbids it: `eval` in a page's own scripts, WebAssembly it fetches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector.browser.csp_inline import eval_violates, inline_violates, is_nonceable, wasm_violates
from inspector.content.html import Element, runs_script
from inspector.fields.csp import CspPolicy
from inspector.patterns import compile_late
from inspector.report import Severity
from inspector.rules.base import Finding, document, response_value, rule
from inspector.rules.csp_markup import declared
from inspector.rules.csp_words import CSP, held, quoted
from inspector.session.csp import asking
from inspector.words import listed

if TYPE_CHECKING:
    from inspector.subject import Subject

_MOST = 500
"""Elements of a page that are looked at."""
_LONGEST = 200_000
"""Characters of a script that are looked through."""

# Comments become a space and strings empty ones, so that what is only written about is not taken for a call.
_PASSIVE = compile_late(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)", re.DOTALL
)
_CALL = compile_late(
    r"(?<![\w$.])(?:(?P<eval>eval)\s*\((?![^()]{0,80}\)\s*\{)|(?P<function>new\s+Function)\s*\(|(?:window\.)?(?P<timer>set(?:Timeout|Interval))\s*\(\s*\"\")"
)
_TRYING = compile_late(r"\btry\s*\{[^{}]*$")
_MAY_CALL = compile_late(r"\beval\b|\bFunction\b|\bset(?:Timeout|Interval)\b")


@rule(
    "csp/eval-blocked",
    Severity.WARNING,
    "A script of the page makes code from text, which the policy forbids",
    on=document(),
    references=(CSP + "#can-compile-strings", CSP + "#directive-script-src"),
    what="""A script in the page's markup calls `eval()`, `new Function()` or a timer with text, and the policy has no
        `'unsafe-eval'`.""",
    why="""The call throws an `EvalError` (a timer with text just does nothing), and what comes after it in the script
        does not run.""",
    fix="""Do without: `JSON.parse()` for data, a function instead of text for timers, templates compiled when the page
        is built. Trap: `'unsafe-eval'` lets every script of the page turn text into code, an injected one too.""",
    unless="The script does not come to that call, or catches the error.",
    shows="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'

    <!doctype html><script nonce="c2VydmVyLW1hZGUtbm9uY2U">const cart = eval("(" + stored + ")")</script>
    """,
    quiet="""
    # type: document
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: script-src 'nonce-c2VydmVyLW1hZGUtbm9uY2U'

    <!doctype html><script nonce="c2VydmVyLW1hZGUtbm9uY2U">const cart = JSON.parse(stored) // not eval()</script>
    """,
)
def eval_blocked(x: Subject) -> Finding | None:
    """Inline scripts that the policies let run, and what they call outside comments, strings and `try`."""
    found, html = held(x), x.html
    if found is None or html is None or not (found.fields or found.markup):
        return None
    policies, directive = found.fields, None
    calls: dict[str, None] = {}
    for number, element in enumerate(html.elements[:_MOST]):
        if element.tag == "meta" and number < html.head:
            policies += declared(element)
        elif (
            element.tag == "script"
            and policies
            and (forbidding := next(filter(None, map(eval_violates, policies)), None))
        ):
            said = calls_of(element, policies)
            if said:
                calls |= dict.fromkeys(said)
                directive = directive or forbidding
    if directive is None:
        return None
    said_to = listed([f"`{call}`" for call in calls])
    effect = "nothing happens" if set(calls) <= _TIMERS else "the call throws an `EvalError` and the script ends"
    return Finding(
        f"A script in the page's markup calls {said_to}, and `{directive}` has no `'unsafe-eval'`: where the script "
        f"comes to it, {effect}.",
        fix="The page's script does without: `JSON.parse()` for data, a function instead of text for timers. Trap: "
        "`'unsafe-eval'` in the policy lets every script of the page turn text into code, an injected one too.",
        evidence=(quoted(x, directive),),
        certainty="likely",
    )


_TIMERS = frozenset({"setTimeout(text)", "setInterval(text)"})


def calls_of(script: Element, policies: tuple[CspPolicy, ...]) -> list[str]:
    """What an inline script that may run calls to make code from text, each once, in order."""
    text = script.text
    if "src" in script.attributes or not _MAY_CALL.search(text) or not runs_script(script) or len(text) > _LONGEST:
        return []
    nonce = script.get("nonce") if is_nonceable(script.attributes) else None
    if any(inline_violates(policy, "script", text, nonce) for policy in policies):
        return []
    code = _PASSIVE.sub(lambda match: '""' if match["string"] else " ", text)
    calls = []
    for match in _CALL.finditer(code):
        name = "eval()" if match["eval"] else "new Function()" if match["function"] else f"{match['timer']}(text)"
        if name not in calls and not _TRYING.search(code[max(0, match.start() - 300) : match.start()]):
            calls.append(name)
    return calls


def _is_wasm(value: str) -> bool:
    return value.strip().lower().startswith("application/wasm")


@rule(
    "csp/wasm-blocked",
    Severity.WARNING,
    "The page fetches WebAssembly that its policy keeps it from compiling",
    on=response_value("content-type", _is_wasm),
    references=(CSP + "#directive-script-src", CSP + "#directive-default-src"),
    what="""A page got a WebAssembly module, and its policy limits scripts without `'wasm-unsafe-eval'` (or
        `'unsafe-eval'`).""",
    why="""`WebAssembly.instantiateStreaming()`, `compile()` and their like fail with a `CompileError`, although the
        module arrived.""",
    fix="""Add `'wasm-unsafe-eval'` to `script-src`. It allows WebAssembly alone and not `eval()`. Trap: where there is
        no `script-src` yet, repeat the sources of `default-src`, which then no longer covers scripts.""",
    unless="The page hands the module to a worker, which has the policy of its own script.",
    shows="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'
    ---
    # type: fetch
    # page: https://shop.test/
    GET https://shop.test/scan.wasm HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Content-Type: application/wasm
    """,
    quiet="""
    # type: document
    # page: https://shop.test/
    GET https://shop.test/ HTTP/2

    HTTP/2 200
    Content-Type: text/html
    Content-Security-Policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'
    ---
    # type: fetch
    # page: https://shop.test/
    GET https://shop.test/scan.wasm HTTP/2
    Referer: https://shop.test/
    Sec-Fetch-Dest: empty

    HTTP/2 200
    Content-Type: application/wasm
    """,
    once="origin",
)
def wasm_blocked(x: Subject) -> Finding | None:
    """The page that asked has to be certain: a worker has policies of its own."""
    if not 200 <= x.status < 300 or x.destination not in (None, "empty"):
        return None
    asked_by = asking(x, x.session.blocking.documents)
    if asked_by is None or asked_by[1] is not None or asked_by[0].policies is None:
        return None
    page = asked_by[0].policies
    policies = (*page.enforced, *(page.meta if page.early else ()))
    directive = next((name for policy in policies if (name := wasm_violates(policy))), None)
    if directive is None:
        return None
    return Finding(
        f"`{directive}` in the page's policy has no `'wasm-unsafe-eval'`, so the page cannot compile this module: "
        "`WebAssembly.instantiateStreaming()` and its like fail with a `CompileError`.",
        fix="The server adds `'wasm-unsafe-eval'` to the page's `script-src`; it allows WebAssembly and not `eval()`."
        + (" Trap: repeat the sources of `default-src` there." if directive == "default-src" else ""),
        evidence=(x.response_field("content-type"),),
        certainty="likely",
    )

"""Our findings on Content Security Policies beside those of Google's csp-evaluator.

    CSP_EVALUATOR=/path/to/node_modules/csp_evaluator python -m benchmarks.csp_evaluator

The npm package is looked for where the variable says; `node` runs it. The policies are our own (hand-written and seeded
combinations) and those of real captures, where there are any.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import msgspec

from inspector.capture import open_capture
from inspector.engine import Engine
from inspector.exchange import Field
from inspector.report import Annotation
from inspector.rules.example import parse_example
from tests.browser.csp_scenarios import hand_written
from tests.conftest import real_captures

_SCRIPT = """
const root = process.argv[1];
const {CspEvaluator, DEFAULT_CHECKS} = require(root + '/dist/evaluator.js');
const {CspParser} = require(root + '/dist/parser.js');
const {Type, Severity} = require(root + '/dist/finding.js');
const policies = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(policies.map(text => {
  try {
    return new CspEvaluator(new CspParser(text).csp).evaluate(undefined, DEFAULT_CHECKS).map(f => [
      Type[f.type], Severity[f.severity], f.directive || '', f.value || '']);
  } catch (e) { return [['CRASH', 'HIGH', '', String(e)]]; }
})));
"""

RULES = {
    "SCRIPT_UNSAFE_INLINE": {"csp/unsafe-inline"},
    "SCRIPT_UNSAFE_EVAL": {"csp/unsafe-eval"},
    "PLAIN_URL_SCHEMES": {"csp/wildcard-or-scheme"},
    "PLAIN_WILDCARD": {"csp/wildcard-or-scheme"},
    "SCRIPT_ALLOWLIST_BYPASS": {"csp/allowlist-bypass"},
    "NONCE_LENGTH": {"csp/nonce-weak"},
    "NONCE_CHARSET": {"csp/nonce-weak"},
    "IP_SOURCE": {"csp/http-or-ip-source"},
    "SRC_HTTP": {"csp/http-or-ip-source"},
    "DEPRECATED_DIRECTIVE": {"csp/deprecated-directive"},
    "MISSING_SEMICOLON": {"csp/syntax"},
    "UNKNOWN_DIRECTIVE": {"csp/syntax"},
    "INVALID_KEYWORD": {"csp/syntax", "csp/nonce-weak"},
}
_MISSING = {
    "script-src": {"csp/no-script-src"},
    "object-src": {"csp/no-object-src", "csp/no-script-src"},
    "base-uri": {"csp/no-base-uri"},
}


class Theirs(NamedTuple):
    """One finding of csp-evaluator."""

    type: str
    severity: str
    directive: str
    value: str


class Compared(NamedTuple):
    """One policy: what they find that we do not, with our reason (``""``: none), and what we find alone."""

    policy: str
    found: int
    both: int
    argued: list[tuple[Theirs, str]]
    missed: list[Theirs]
    alone: list[str]


def package() -> Path | None:
    """Where csp-evaluator is, or ``None``."""
    named = os.environ.get("CSP_EVALUATOR")
    root = Path(named) if named else None
    there = root is not None and (root / "dist" / "evaluator.js").is_file() and shutil.which("node") is not None
    return root if there else None


def corpus(count: int = 300, seed: int = 1) -> list[str]:
    """Policies: those of the Chromium comparison, some about single findings, real ones, and combinations."""
    own = [value for page in hand_written() for _, value in page.policies]
    real = {
        value
        for path in real_captures()
        for exchange in open_capture(path).exchanges()
        if exchange.response is not None
        for value in exchange.response.fields.all("content-security-policy")
    }
    pick = random.Random(seed)
    combined = []
    for _ in range(count):
        names = pick.sample(_DIRECTIVES, pick.randint(1, 5))
        combined.append("; ".join(f"{n} {' '.join(pick.sample(_SOURCES, pick.randint(1, 4)))}" for n in names))
    return list(dict.fromkeys([*own, *_SINGLE, *sorted(real), *combined]))


_DIRECTIVES = ("default-src", "script-src", "script-src", "object-src", "base-uri", "img-src", "style-src",
               "form-action", "script-src-elem", "script-src-attr", "connect-src", "report-uri",
               "plugin-types", "referrer")  # fmt: skip
_SOURCES = ("'self'", "'none'", "*", "https:", "http:", "data:", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'",
            "'nonce-abc'", "'nonce-Y3NwLXNjZW5hcmlvLW5vbmNl'", "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='",
            "ajax.googleapis.com", "https://cdnjs.cloudflare.com", "*.google.com", "https://cdn.shop.test", "unpkg.com",
            "http://insecure.test", "https://192.0.2.1", "127.0.0.1", "https://www.google.com/recaptcha/",
            "www.google-analytics.com", "self", "unsafe-inline", "nonce-abc", "script-src",
            "'unsafe-inlin'")  # fmt: skip
_SINGLE = (
    "script-src: 'self'",
    "script-src 'self' object-src 'none'",
    "scrpt-src 'self'",
    "script-src 'nonce-{{nonce}}'",
    "script-src 'nonce-short' 'unsafe-inline'; base-uri 'none'; object-src 'none'",
    "script-src 'self' https://www.gstatic.com/fsn/angular_js-bundle1.js; object-src 'none'",
    "script-src https://www.gstatic.com/fsn/; object-src 'none'",
    "script-src https://www.google.com/maps/; object-src 'none'",
    "object-src https://vk.com; script-src 'none'",
    "report-uri http://reports.test/csp; default-src 'none'",
    "trusted-types default; require-trusted-types-for 'script'; default-src 'none'; fenced-frame-src 'none'",
    "default-src 'none'; img-src http://[2001:db8::1]/",
    "disown-opener; reflected-xss block; navigate-to 'self'; default-src 'self'",
)


_PAGE = "# type: document\nGET https://shop.test/ HTTP/2\n\nHTTP/2 200\nContent-Type: text/html\n\n<p>"
_UNSURE = ("MEDIUM_MAYBE", "NONE", "LOW_MAYBE", "HIGH_MAYBE")


def theirs(policies: list[str], root: Path) -> list[list[Theirs]]:
    """What csp-evaluator says of each policy."""
    run = subprocess.run(
        ["node", "-e", _SCRIPT, str(root)], input=json.dumps(policies), capture_output=True, text=True, check=True
    )
    return [[Theirs(*finding) for finding in each] for each in json.loads(run.stdout)]


def ours(policy: str) -> dict[str, Annotation]:
    """What we say of a page with this policy, by rule."""
    page = parse_example(_PAGE)[0]
    response = page.response
    assert response is not None
    fields = msgspec.structs.replace(
        response.fields, lines=(*response.fields.lines, Field("Content-Security-Policy", policy))
    )
    exchange = msgspec.structs.replace(page, response=msgspec.structs.replace(response, fields=fields))
    return {a.rule: a for a in Engine().observe(exchange).annotations if a.rule.startswith("csp/")}


def reason(finding: Theirs, policy: str, found: dict[str, Annotation]) -> str:
    """Why we do not repeat a finding of theirs; ``""`` where we ought to."""
    if "," in policy:
        return "they do not split a field at its commas"
    if not policy.isascii():
        return "browsers drop a directive that is not ASCII"
    if finding.severity in _UNSURE or finding.type == "OBJECT_ALLOWLIST_BYPASS":
        return "true of every allowlist, or about Flash"
    if finding.type == "IP_SOURCE" and "127.0.0.1" in finding.value:
        return "127.0.0.1 works, and says that a policy is for development"
    if "'strict-dynamic'" in policy.lower() and finding.type in ("PLAIN_WILDCARD", "PLAIN_URL_SCHEMES"):
        return "'strict-dynamic' switches it off"
    if "'strict-dynamic'" in policy.lower() and finding.type.endswith(("BYPASS", "INLINE")):
        return "'strict-dynamic' switches it off"
    if finding.type == "UNKNOWN_DIRECTIVE" and finding.directive in ("fenced-frame-src",):
        return "a directive of a newer standard"
    if finding.type == "INVALID_KEYWORD" and finding.directive in (
        *("report-uri", "plugin-types", "referrer", "reflected-xss"),
    ):
        return "the directive has no source list"
    if finding.type == "INVALID_KEYWORD" and finding.value.lower().startswith(("'nonce-", "'sha")):
        return "case does not count in 'nonce-' and 'sha256-'"
    if finding.type == "SRC_HTTP" and finding.directive in ("plugin-types", "referrer"):
        return "the directive has no source list"
    if finding.type == "IP_SOURCE" and finding.directive in ("plugin-types", "referrer", "report-uri"):
        return "the directive has no source list"
    if finding.type.startswith("NONCE") and finding.directive in ("plugin-types", "referrer", "report-uri"):
        return "the directive has no source list"
    if finding.type in ("PLAIN_WILDCARD", "PLAIN_URL_SCHEMES") and "csp/wildcard-or-scheme" not in found:
        if finding.directive.startswith("script-src") and "script-src-elem" in policy:
            return "'script-src-elem' decides for script elements"
        if finding.directive == "script-src-attr":
            return "addresses play no part for event handlers"
    elem = "script-src-elem" in policy and finding.directive in ("script-src", "default-src", "base-uri")
    if elem and finding.type in ("SCRIPT_ALLOWLIST_BYPASS", "MISSING_DIRECTIVES"):
        return "'script-src-elem' decides for script elements"
    if finding.type == "SCRIPT_UNSAFE_EVAL" and finding.directive.startswith("script-src-"):
        return "`eval` asks `script-src` and `default-src` alone"
    return ""


def _wanted(finding: Theirs) -> set[str]:
    if finding.type == "MISSING_DIRECTIVES":
        return _MISSING.get(finding.directive, set())
    return RULES.get(finding.type, set())


def compare(policies: list[str], root: Path) -> list[Compared]:
    """Every policy, theirs beside ours."""
    compared = []
    for policy, findings in zip(policies, theirs(policies, root), strict=True):
        found = ours(policy)
        both, argued, missed, covered = 0, [], [], set()
        for finding in findings:
            wanted = _wanted(finding)
            if wanted & found.keys():
                both += 1
                covered |= wanted
            elif why := reason(finding, policy, found):
                argued.append((finding, why))
            else:
                missed.append(finding)
        compared.append(Compared(policy, len(findings), both, argued, missed, sorted(found.keys() - covered)))
    return compared


def main() -> int:
    """Print the comparison; 1 where a finding of theirs has no counterpart and no reason."""
    root = package()
    if root is None:
        print("skipped: CSP_EVALUATOR does not name the npm package csp_evaluator, or node is missing")
        return 0
    compared = compare(corpus(), root)
    print(f"{len(compared)} policies, {sum(c.found for c in compared)} findings of csp-evaluator")
    print(f"  {sum(c.both for c in compared):5} ours too")
    for why, number in Counter(why for c in compared for _, why in c.argued).most_common():
        print(f"  {number:5} not ours: {why}")
    missed = [(c.policy, finding) for c in compared for finding in c.missed]
    print(f"  {len(missed):5} missed")
    for policy, finding in missed[:20]:
        print(f"        {finding} in {policy[:200]}")
    print("ours alone (policies):")
    for rule, number in Counter(rule for c in compared for rule in c.alone).most_common():
        print(f"  {number:5} {rule}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

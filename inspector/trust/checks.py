"""What is wrong with a chain, or worth knowing about it: one small function a question, each with its sentences.

The functions read facts only. They say why; whether the chain as a whole is accepted is decided in `verdict`, with
a real verifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inspector.trust.checks_handling import revocation, tidiness, transparency
from inspector.trust.checks_make import authorities, critical, keys, purposes, signatures
from inspector.trust.checks_trust import constraints, lifetime, names, trust, validity
from inspector.trust.findings import Finding
from inspector.trust.question import Question

Check = Callable[[Question], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    trust,
    names,
    constraints,
    validity,
    lifetime,
    signatures,
    keys,
    purposes,
    authorities,
    critical,
    revocation,
    transparency,
    tidiness,
)


def findings(question: Question) -> tuple[Finding, ...]:
    """Everything that stands out, the gravest first."""
    found = [finding for check in CHECKS for finding in check(question)]
    return tuple(sorted(found, key=lambda f: (f.severity.rank, f.refusal is None)))

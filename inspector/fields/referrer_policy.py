"""``Referrer-Policy`` (Referrer Policy, sections 3 and 8.1)."""

from __future__ import annotations

from functools import lru_cache

from inspector.fields.tokens import split_list

POLICIES = frozenset(
    {
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    }
)
DEFAULT = "strict-origin-when-cross-origin"


@lru_cache(maxsize=512)
def parse_referrer_policy(value: str) -> str | None:
    """The policy in effect: the last member that is a known one; ``None`` where none is, and the default applies."""
    found = None
    for member in split_list(value):
        if member.lower() in POLICIES:
            found = member.lower()
    return found

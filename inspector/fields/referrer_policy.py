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


_BEFORE = {
    "always": "unsafe-url",
    "default": DEFAULT,
    "never": "no-referrer",
    "origin-when-crossorigin": "origin-when-cross-origin",
}


def parse_meta_referrer(content: str) -> str | None:
    """The policy of a ``<meta name=referrer>`` (HTML, section 4.2.5.1): one value, or a name from before the standard.

    ``None`` where it is neither, and the page's policy stays as it was.
    """
    value = content.lower()
    return value if value in POLICIES else _BEFORE.get(value)

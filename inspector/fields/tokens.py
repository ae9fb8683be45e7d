"""Tokens and comma-separated lists (RFC 9110, sections 5.6.1 and 5.6.2)."""

from __future__ import annotations

from functools import lru_cache

from inspector.patterns import compile_late

_TOKEN = compile_late(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def is_token(text: str) -> bool:
    """Whether a text is one token (RFC 9110, section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


@lru_cache(maxsize=2048)
def split_list(value: str) -> tuple[str, ...]:
    """The members of a list whose members hold no quoted strings; whitespace and empty members removed."""
    return tuple(member for part in value.split(",") if (member := part.strip(" \t")))


@lru_cache(maxsize=2048)
def lower_list(value: str) -> frozenset[str]:
    """The members of a list in lower case, as a set."""
    return frozenset(member.lower() for member in split_list(value))

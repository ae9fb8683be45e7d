"""The ``Clear-Site-Data`` response field (W3C Clear Site Data, section 3.1)."""

from __future__ import annotations

from functools import lru_cache

KINDS = frozenset({"cache", "clientHints", "cookies", "executionContexts", "storage"})


@lru_cache(maxsize=256)
def parse_clear_site_data(value: str) -> frozenset[str]:
    """What a value asks a browser to forget, of `KINDS`; ``"*"`` is all of them. Without its quotes a name is none."""
    members = {member.strip(" \t") for member in value.split(",")}
    return KINDS if '"*"' in members else frozenset([kind for kind in KINDS if f'"{kind}"' in members])

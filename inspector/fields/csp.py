"""``Content-Security-Policy``: serialised policies taken apart (CSP3, section 2.2.1)."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct


class CspPolicy(Struct, frozen=True):
    """One policy: its directives in order, the first of each name only, names in lower case."""

    directives: tuple[tuple[str, tuple[str, ...]], ...]
    duplicates: tuple[str, ...] = ()
    """Names that were repeated; browsers ignore the repetitions."""

    def sources(self, *names: str) -> tuple[str, ...] | None:
        """The values of the first of these directives that is there; ``None`` where none is."""
        for wanted in names:
            for name, values in self.directives:
                if name == wanted:
                    return values
        return None


@lru_cache(maxsize=1024)
def parse_csp(value: str) -> tuple[CspPolicy, ...]:
    """The policies of a combined field value, separated by commas, without empty ones. All are enforced."""
    policies: list[CspPolicy] = []
    for text in value.split(","):
        directives: dict[str, tuple[str, ...]] = {}
        repeated: list[str] = []
        for part in text.split(";"):
            words = part.split()
            if not words:
                continue
            name = words[0].lower()
            if name in directives:
                repeated.append(name)
            else:
                directives[name] = tuple(words[1:])
        if directives:
            policies.append(CspPolicy(tuple(directives.items()), tuple(repeated)))
    return tuple(policies)

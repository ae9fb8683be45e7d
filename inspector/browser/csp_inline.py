"""Inline code and `eval` under a policy: CSP3, sections 4.2, 4.4 and 6.7.3."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from inspector.browser.csp_directives import InlineType, effective_inline_directive, governing
from inspector.fields.csp import CspPolicy, Hash, Keyword, Nonce, Source, parse_sources


def has_keyword(sources: tuple[Source, ...], name: str) -> bool:
    """Whether a keyword (without quotes, lower case) is in a source list."""
    return any(isinstance(source, Keyword) and source.name == name for source in sources)


def allows_all_inline(sources: tuple[Source, ...], type: InlineType) -> bool:
    """CSP3, "does a source list allow all inline behavior for type?".

    ``'unsafe-inline'`` does, unless a nonce or a hash stands beside it, or for scripts ``'strict-dynamic'``.
    """
    for source in sources:
        if isinstance(source, Nonce | Hash):
            return False
        if isinstance(source, Keyword) and source.name == "strict-dynamic" and not type.startswith("style"):
            return False
    return has_keyword(sources, "unsafe-inline")


def is_nonceable(attributes: Mapping[str, str]) -> bool:
    """CSP3, "is element nonceable?": it has a nonce, and no attribute looks like markup that swallowed it."""
    if not attributes.get("nonce"):
        return False
    return not any(
        mark in text.lower() for pair in attributes.items() for text in pair for mark in ("<script", "<style")
    )


def nonce_matches(sources: tuple[Source, ...], nonce: str) -> bool:
    """CSP3, "does nonce match source list?". An empty nonce matches nothing; case counts."""
    return bool(nonce) and any(isinstance(source, Nonce) and source.value == nonce for source in sources)


def hash_matches(sources: tuple[Source, ...], text: str) -> bool:
    """Whether one of the list's hashes is that of `text` (its UTF-8 encoding)."""
    content: bytes | None = None
    for source in sources:
        if isinstance(source, Hash):
            import hashlib  # which brings OpenSSL along, and few policies have hashes

            if content is None:
                content = text.encode("utf-8", "replace")
            digest = hashlib.new(source.algorithm, content).digest()
            if base64.b64encode(digest).decode() == _padded(source.value):
                return True
    return False


def sha256_source(text: str) -> str:
    """The hash source that allows inline code of this text: ``'sha256-…'``."""
    import hashlib  # which brings OpenSSL along

    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _padded(value: str) -> str:
    return value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)


def element_matches(sources: tuple[Source, ...], type: InlineType, text: str, nonce: str | None = None) -> bool:
    """CSP3, "does element match source list for type and source?".

    `text` is the element's content or the attribute's value (for "navigation" the whole ``javascript:`` URL),
    `nonce` that of an element that is nonceable.
    """
    if allows_all_inline(sources, type):
        return True
    if type in ("script", "style"):
        return (nonce is not None and nonce_matches(sources, nonce)) or hash_matches(sources, text)
    return has_keyword(sources, "unsafe-hashes") and hash_matches(sources, text)


def inline_violates(policy: CspPolicy, type: InlineType, text: str, nonce: str | None = None) -> str | None:
    """Whether a policy forbids inline code: the name of the directive that does, or ``None``."""
    found = governing(policy, effective_inline_directive(type))
    if found is None:
        return None
    name, sources = found
    return None if element_matches(sources, type, text, nonce) else name


def _eval_sources(policy: CspPolicy) -> tuple[str, tuple[Source, ...]] | None:
    name = policy.first("script-src", "default-src")
    return None if name is None else (name, parse_sources(policy.sources(name) or ()))


def eval_violates(policy: CspPolicy) -> str | None:
    """Whether a policy forbids `eval()` and its like (CSP3, 4.4): the directive that does, or ``None``.

    Not ``script-src-elem``: only ``script-src`` and ``default-src`` are asked.
    """
    found = _eval_sources(policy)
    if found is None or has_keyword(found[1], "unsafe-eval"):
        return None
    return found[0]


def wasm_violates(policy: CspPolicy) -> str | None:
    """Whether a policy forbids compiling WebAssembly (CSP3, 4.5): the directive that does, or ``None``."""
    found = _eval_sources(policy)
    if found is None or has_keyword(found[1], "unsafe-eval") or has_keyword(found[1], "wasm-unsafe-eval"):
        return None
    return found[0]

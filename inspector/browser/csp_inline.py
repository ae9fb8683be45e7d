"""Inline code and `eval` under a policy: CSP3, sections 4.2, 4.4 and 6.7.3."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from inspector.browser.csp_directives import InlineType, effective_inline_directive, governing
from inspector.fields.csp import CspPolicy, SourceList


def has_keyword(sources: SourceList, name: str) -> bool:
    """Whether a keyword (without quotes, lower case) is in a source list."""
    return name in sources.keywords


def allows_all_inline(sources: SourceList, type: InlineType) -> bool:
    """CSP3, "does a source list allow all inline behavior for type?".

    ``'unsafe-inline'`` does, unless a nonce or a hash stands beside it, or for scripts ``'strict-dynamic'``.
    """
    keywords = sources.keywords
    if sources.nonces or sources.hashes or ("strict-dynamic" in keywords and not type.startswith("style")):
        return False
    return "unsafe-inline" in keywords


def is_nonceable(attributes: Mapping[str, str]) -> bool:
    """CSP3, "is element nonceable?": it has a nonce, and no attribute looks like markup that swallowed it."""
    if not attributes.get("nonce"):
        return False
    return not any(
        mark in text.lower() for pair in attributes.items() for text in pair for mark in ("<script", "<style")
    )


def nonce_matches(sources: SourceList, nonce: str) -> bool:
    """CSP3, "does nonce match source list?". An empty nonce matches nothing; case counts."""
    return bool(nonce) and nonce in sources.nonces


def hash_matches(sources: SourceList, text: str) -> bool:
    """Whether one of the list's hashes is that of `text` (its UTF-8 encoding)."""
    for algorithm, listed in sources.hashes.items():
        import hashlib  # which brings OpenSSL along, and few policies have hashes

        digest = hashlib.new(algorithm, text.encode("utf-8", "replace")).digest()
        encoded = base64.b64encode(digest).decode()
        unpadded = encoded.rstrip("=")
        if not listed.isdisjoint([unpadded + "=" * padding for padding in range(3)]):
            return True
    return False


def sha256_source(text: str) -> str:
    """The hash source that allows inline code of this text: ``'sha256-…'``."""
    import hashlib  # which brings OpenSSL along

    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def element_matches(sources: SourceList, type: InlineType, text: str, nonce: str | None = None) -> bool:
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


def _eval_sources(policy: CspPolicy) -> tuple[str, SourceList] | None:
    name = policy.first("script-src", "default-src")
    return None if name is None else (name, policy.source_list(name))


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

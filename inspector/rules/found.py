"""How what was found in content is shown: where it stands, a short excerpt, and never a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspector.content.scan import Hit, place, scan
from inspector.patterns import compile_late
from inspector.report import Evidence

if TYPE_CHECKING:
    from inspector.subject import Subject

EXCERPT = 120
_SENSITIVE = ("secret", "key-hint", "personal")
_TOKEN = compile_late(r"(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[A-Za-z])[\w+/=.~-]{16,}")
_BLOCK = compile_late(rb"<(/?)(?:pre|code|textarea|samp|kbd|xmp)\b", re.IGNORECASE)


def content(x: Subject) -> bytes:
    """The response's content; empty where it is not recorded."""
    response = x.response
    return (response.body.data or b"") if response is not None else b""


def cut(x: Subject, found: str) -> str:
    """A secret as it may be shown: its first four characters and its length."""
    if x.masker.reveal:
        return found
    return f"{found[:4]}… ({len(found)} characters)"


def quoted(x: Subject, data: bytes, start: int, end: int) -> str:
    """An excerpt of content, on one line, with secrets cut and personal data too."""
    text = " ".join(data[start : min(end, start + EXCERPT)].decode("utf-8", "replace").split())
    if x.masker.reveal:
        return text
    raw = text.encode("utf-8", "replace")
    for hit in reversed(scan(raw, "html").hits):
        if hit.mark.group in _SENSITIVE:
            found = raw[hit.start : hit.end].decode("utf-8", "replace")
            raw = raw[: hit.start] + cut(x, found).encode() + raw[hit.end :]
    return x.masker.text(raw.decode("utf-8", "replace"))


def at(x: Subject, hit: Hit, label: str | None = None, *, ahead: int = 0, behind: int = 60) -> Evidence:
    """Evidence: the line a mark stands in, from `ahead` octets before it to `behind` after it."""
    data = content(x)
    begin = max(hit.start - ahead, data.rfind(b"\n", 0, hit.start) + 1)
    over = data.find(b"\n", hit.end, hit.end + behind)
    shown = quoted(x, data, begin, over if over >= 0 else hit.end + behind)
    mark = quoted(x, data, hit.start, hit.end)
    return Evidence("response.body", place(data, hit.start), shown, mark if mark and mark in shown else None, label)


def secret_at(x: Subject, hit: Hit, label: str | None = None) -> Evidence:
    """Evidence: a secret cut short, with what stands before it on its line, and nothing of what stands after."""
    data = content(x)
    begin = max(hit.start - 40, data.rfind(b"\n", 0, hit.start) + 1)
    before = " ".join(data[begin : hit.start].decode("utf-8", "replace").split(" "))
    if not x.masker.reveal:
        before = _TOKEN.sub("…", before)
    secret = data[hit.start : hit.end].decode("utf-8", "replace")
    found = cut(x, secret)
    if secret.startswith("-----") and not x.masker.reveal:
        found = secret[: secret.find("-----", 5) + 5] + "…"  # of a key file, its first line says what it is
    return Evidence("response.body", place(data, hit.start), before.lstrip() + found, found, label)


def as_code(data: bytes, start: int) -> bool:
    """Whether a place in a page lies inside ``pre``, ``code`` or a field to type in: shown, as an article shows it."""
    inside = False
    for tag in _BLOCK.finditer(data, max(start - 400_000, 0), start):
        inside = not tag[1]
    return inside

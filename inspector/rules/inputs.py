"""What a request says in words of its own: parameters of query, form and JSON, and parts of the path, decoded."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, unquote_plus

import msgspec
from msgspec import Struct

from inspector.patterns import compile_late
from inspector.report import Evidence

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST = 60
LONGEST = 100_000
"""Octets of request content that are read."""

Source = Literal["query", "form", "json", "path"]


class Input(Struct, frozen=True, gc=False):
    """One value the request brings, decoded once. `name` is ``""`` for parts of the path."""

    source: Source
    name: str
    value: str

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        if self.source == "path":
            return "the path"
        return f"the {'form field' if self.source == 'form' else 'parameter'} `{self.name[:40]}`"


@lru_cache(maxsize=1024)
def _pairs(text: str, source: Source) -> tuple[Input, ...]:
    """Names and values that are not empty (URL Standard, "application/x-www-form-urlencoded parsing")."""
    found = []
    for part in text[:LONGEST].split("&", MOST)[:MOST]:
        name, _, value = part.partition("=")
        if value:
            if "%" in part or "+" in part:
                name, value = unquote_plus(name), unquote_plus(value)
            found.append(Input(source, name, value))
    return tuple(found)


_MULTIPART = compile_late(r'name="([^"\r\n]{1,80})"\r?\n\r?\n(.{1,2000}?)\r?\n--', re.DOTALL)


def _content(x: Subject) -> tuple[Input, ...]:
    body = x.request.body
    if body.source is None:
        return ()
    kind = (x.req.get("content-type") or "").lower()
    if "urlencoded" in kind:
        return _pairs((body.text or "")[:LONGEST], "form")
    if kind.startswith("multipart/form-data"):
        text = (body.text or "")[:LONGEST]
        return tuple(Input("form", m[1], m[2]) for m in _MULTIPART.finditer(text))[:MOST]
    if "json" in kind:
        try:
            found = msgspec.json.decode((body.data or b"")[:LONGEST])
        except (msgspec.DecodeError, RecursionError):
            return ()
        if isinstance(found, dict):
            return tuple(Input("json", str(k), v) for k, v in found.items() if isinstance(v, str) and v)[:MOST]
    return ()


def parameters(x: Subject) -> tuple[Input, ...]:
    """The parameters of query and content, in order; at most `MOST` of each."""
    return x.memo(_parameters)


def _parameters(x: Subject) -> tuple[Input, ...]:
    return (*(_pairs(x.url.query, "query") if x.url.query else ()), *_content(x))


def path_parts(x: Subject) -> tuple[Input, ...]:
    """The parts of the path, decoded."""
    return tuple(Input("path", "", unquote(part)) for part in x.url.path.split("/")[:MOST] if part)


def asked(x: Subject, given: Input) -> Evidence:
    """Evidence: where the request brings this value."""
    if given.source in ("form", "json"):
        return Evidence("request.body", given.name, " ".join(x.masker.text(given.value[:160]).split()))
    return x.request_line()

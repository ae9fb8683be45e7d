"""Where in a page a value comes back, and whether it stays what it was: text, or markup and code of its own.

The parser decides, not a look at the characters around: the page is parsed with the value set between two marks. What
then no longer stands whole between them has become markup (HTML, section 13.2). Inside scripts a small reader of
JavaScript's literals tells whether the value ends the string it stands in.
"""

from __future__ import annotations

import html
from typing import Literal

from msgspec import Struct

LIMIT = 1_000_000
"""Characters of a page in which a value is looked for."""
MOST_PLACES = 4

Context = Literal["text", "attribute", "url", "handler", "script", "style", "comment", "raw text", "tag"]
Literals = Literal["", "'", '"', "`", "comment"]

_FIRST, _LAST = "zq1ahead7k", "zq1after7k"
_RAW_TEXT = frozenset({"title", "textarea", "noscript", "noembed", "noframes", "iframe", "xmp", "plaintext"})
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "data", "xlink:href", "ping", "poster"})


class Reflection(Struct, frozen=True):
    """One place a value comes back in.

    `tag` and `attribute` name what it stands in, `begins` says that it is the beginning of that, `escapes` that it
    ends what it stands in, and `literal` which quote of a script it stands between (``""``: none, it is code).
    """

    at: int
    context: Context
    tag: str
    attribute: str = ""
    begins: bool = False
    escapes: bool = False
    literal: Literals = ""


def reflections(text: str, value: str) -> tuple[Reflection, ...]:
    """Where `value` stands in a page, as it is; at most `MOST_PLACES` places. Never raises for what they hold."""
    text = text[:LIMIT]
    found: list[Reflection] = []
    at = text.find(value)
    while at >= 0 and len(found) < MOST_PLACES:
        place = _place(text, value, at)
        if place is not None:
            found.append(place)
        at = text.find(value, at + len(value))
    return tuple(found)


def _place(text: str, value: str, at: int) -> Reflection | None:
    before, after = text[:at], text[at + len(value) :]
    there = _holding(before + _FIRST + after)
    if there is None:
        return None
    context, tag, attribute, content = there
    ahead = content.partition(_FIRST)[0]
    then = _holding(before + _FIRST + value + _LAST + after)
    whole = then is not None and then[:3] == there[:3] and _whole(then[3], value, context)
    literal: Literals = ""
    escapes = not whole
    if context in ("script", "handler"):
        literal = literal_at(ahead)
        escapes = escapes or ends_literal(value, literal)
    begins = not ahead.strip()
    return Reflection(at, context, tag, attribute, begins, escapes, literal)


def _whole(content: str, value: str, context: Context) -> bool:
    held = content.partition(_FIRST)[2]
    held, last, _ = held.partition(_LAST)
    if not last:
        return False
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    return held == plain or (context not in ("script", "style", "comment") and held == html.unescape(plain))


def _holding(markup: str) -> tuple[Context, str, str, str] | None:
    """What holds the first mark: context, tag, attribute and its content; ``None`` where the mark is lost."""
    from selectolax.lexbor import LexborHTMLParser

    root = LexborHTMLParser(markup.encode("utf-8", "replace")).root
    whole = root.parent if root is not None else None  # comments may stand before the page's own element
    for node in whole.traverse(include_text=True) if whole is not None else ():
        tag = (node.tag or "").lower()
        if tag == "-text":
            content = node.text(deep=False) or ""
            if _FIRST in content:
                return _of_text((node.parent.tag or "") if node.parent is not None else "", content)
        elif tag == "-comment":
            content = node.comment_content or ""
            if _FIRST in content:
                return "comment", "", "", content
        elif not tag.startswith("-"):
            if _FIRST in tag:
                return "tag", tag, "", _FIRST
            for name, held in node.attributes.items():
                if _FIRST in name:
                    return "tag", tag, "", _FIRST
                if held and _FIRST in held:
                    return _of_attribute(name), tag, name, held
    return None


def _of_text(tag: str, content: str) -> tuple[Context, str, str, str]:
    tag = tag.lower()
    if tag in ("script", "style"):
        return ("script" if tag == "script" else "style"), tag, "", content
    return ("raw text" if tag in _RAW_TEXT else "text"), tag, "", content


def _of_attribute(name: str) -> Context:
    if name.startswith("on"):
        return "handler"
    return "url" if name in _ADDRESSES else "attribute"


def literal_at(code: str) -> Literals:
    """Which of JavaScript's literals (or a comment) is open at the end of `code`; ``""`` for none.

    Regular expressions are not told from divisions; strings end with their line, so that a quote in one of those
    misleads for that line alone.
    """
    code = code[-20_000:]
    state: Literals = ""
    i, end = 0, len(code)
    while i < end:
        c = code[i]
        if not state:
            if c in "'\"`":
                state = c  # type: ignore[assignment]
            elif c == "/" and code.startswith("//", i):
                over = code.find("\n", i)
                if over < 0:
                    return "comment"
                i = over
            elif c == "/" and code.startswith("/*", i):
                over = code.find("*/", i + 2)
                if over < 0:
                    return "comment"
                i = over + 1
        elif c == "\\":
            i += 1
        elif c == state or (c == "\n" and state != "`"):
            state = ""
        i += 1
    return state


def ends_literal(value: str, literal: Literals) -> bool:
    """Whether a value that stands in this literal as it is ends it, or runs code inside it."""
    if literal in ("", "comment"):
        return literal == "comment" and ("\n" in value or "*/" in value)
    i = 0
    while i < len(value):
        if value[i] == "\\":
            i += 1
        elif value[i] == literal or (literal == "`" and value.startswith("${", i)):
            return True
        i += 1
    return False

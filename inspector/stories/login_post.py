"""A name and a password that are posted, as a form posts them or as JSON: how a login begins where the server knows the
password itself.

Two passwords change one or make an account, and a grant of OAuth is told elsewhere; neither is a login here. In
JSON, which carries anything, somebody has to be named too, and not by both name and e-mail address, as who makes an
account is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

import msgspec

from inspector.patterns import compile_late

if TYPE_CHECKING:
    from inspector.subject import Subject

LARGEST = 65_536
_PASSWORD = compile_late(r"passw|pwd|^pass$", re.IGNORECASE)
_PERSON = compile_late(r"user|login|e?mail|identifier|account|phone|^name$", re.IGNORECASE)
_NAME = compile_late(r"user_?name|^name$|(?:full|first|display)_?name", re.IGNORECASE)
_JOINING = compile_late(r"regist|sign[-_]?up|\bjoin\b|reset|forgot|(?<!ex)change", re.IGNORECASE)

Posted = Literal["form", "json"]


def password_posted(x: Subject) -> Posted | None:
    """How a request posts a name and a password to log in; ``None`` for all others, which cost one comparison."""
    return x.memo(_posted) if x.method == "POST" else None


def _posted(x: Subject) -> Posted | None:
    body = x.request.body
    if body.source is None or (body.size or 0) > LARGEST:
        return None
    said = (x.req.get("content-type") or "").lower()
    if "x-www-form-urlencoded" in said:
        return "form" if password_field(body.text or "") is not None else None
    if "json" not in said or _JOINING.search(x.url.path):
        return None
    text = body.text or ""
    lower = text.lower()
    return "json" if ("pass" in lower or "pwd" in lower) and _in_json(text) else None


def password_field(text: str) -> str | None:
    """The name under which a form that logs in posts the password; ``None`` for the content of all other forms."""
    try:
        form = parse_qs(text, max_num_fields=100)
    except ValueError:
        return None
    passwords = [name for name in form if _PASSWORD.search(name)]
    return passwords[0] if len(passwords) == 1 and "grant_type" not in form else None


def _in_json(text: str) -> bool:
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    if not isinstance(content, dict) or _JOINING.search(str(content.get("operationName") or "")):
        return False
    members = dict(_members(content))
    passwords = [name for name, value in members.items() if _PASSWORD.search(name) and isinstance(value, str) and value]
    people = [name for name, value in members.items() if _PERSON.search(name) and isinstance(value, str) and value]
    both = any("mail" in name.lower() for name in people) and any(_NAME.search(name) for name in members)
    return len(passwords) == 1 and bool(people) and not both and "grant_type" not in members


def _members(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The members of an object and of the objects in it (`user`, `variables`), at most a hundred of each."""
    for name, value in list(content.items())[:100]:
        if isinstance(value, dict):
            yield from list(value.items())[:100]
        else:
            yield name, value

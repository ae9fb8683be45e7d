"""The same capture as people really hand it in: without the browser's own error words, without cookies, out of order.

Each variant leaves out something that a verdict must not hang on. What is left decides, or the verdict says on what it
depends; it never turns round.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]

_SECRET = frozenset({"cookie", "authorization", "set-cookie"})


def without_errors(document: Document) -> Document:
    """Without ``_error``, which only Chrome's own export has."""
    changed = copy.deepcopy(document)
    for entry in changed["log"]["entries"]:
        entry["response"]["_error"] = None
    return changed


def sanitised(document: Document) -> Document:
    """As Chrome exports by default since version 130: no cookies, no credentials."""
    changed = copy.deepcopy(document)
    for entry in changed["log"]["entries"]:
        for message in (entry["request"], entry["response"]):
            message["cookies"] = []
            message["headers"] = [line for line in message["headers"] if line["name"].lower() not in _SECRET]
    return changed


def unordered(document: Document) -> Document:
    """With its entries in any order; `_position` tells where each stood."""
    changed = copy.deepcopy(document)
    random.Random(len(changed["log"]["entries"])).shuffle(changed["log"]["entries"])
    return changed


def bare(document: Document) -> Document:
    """Without what only Chrome adds to an entry: resource type, initiator, priority, error."""
    changed = without_errors(document)
    for entry in changed["log"]["entries"]:
        for name in ("_resourceType", "_initiator", "_priority", "_connectionId"):
            entry.pop(name, None)
    return changed


VARIANTS: dict[str, Callable[[Document], Document]] = {
    "as exported": lambda document: document,
    "without errors": without_errors,
    "sanitised": sanitised,
    "sanitised, without errors": lambda document: without_errors(sanitised(document)),
    "unordered": unordered,
    "bare": bare,
}
"""How a capture may have been changed before it gets here, by name."""


def numbered(document: Document) -> Document:
    """With each entry's position in it, so that reports on a variant find the entry they are on."""
    changed = copy.deepcopy(document)
    for position, entry in enumerate(changed["log"]["entries"]):
        entry["_position"] = position
    return changed

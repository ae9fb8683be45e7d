"""Scripts and style sheets refused for their media type.

Fetch, sections 3.6 ("should response to request be blocked due to nosniff?") and 4.10 ("… due to its MIME type?"),
and HTML's own demands for modules and style sheets. Chromium reports none of these as a failed request: its
recordings show the content with status 200, and the element gets an `error` event.
"""

from __future__ import annotations

from functools import lru_cache

from inspector.browser.verdict import BlockVerdict, Step
from inspector.fields.framing import is_nosniff
from inspector.fields.media_type import JAVASCRIPT, essence_of, is_json

CODE = "content-type"

SCRIPTS = frozenset({"audioworklet", "paintworklet", "script", "serviceworker", "sharedworker", "worker"})
"""Destinations that are "script-like" (Fetch)."""

MODULES_ONLY = frozenset({"audioworklet", "paintworklet", "serviceworker"})
"""Destinations that take nothing but a JavaScript type, whatever else is sent."""

DESTINATIONS = SCRIPTS | {"style", "json"}

_NOT_MODULE = 'the script is a module (`type="module"`, or loaded by `import`)'
_STANDARDS = "the page is in standards mode, as pages with `<!doctype html>` are"


@lru_cache(maxsize=2048)
def judge(
    destination: str, content_type: str | None, options: str | None, mode: str | None, standards: bool | None
) -> BlockVerdict | None:
    """Whether the media type keeps a response from its use; ``None`` where it plays no part or fits.

    `destination` is one of `DESTINATIONS`, `content_type` and `options` are the combined values of ``Content-Type``
    and ``X-Content-Type-Options``, `mode` is the request's, `standards` whether the embedding document is in
    standards mode (``None``: unknown).
    """
    essence = essence_of(content_type) if content_type else ""
    shown = f"`{essence}`" if essence else "no media type"
    if destination == "json":
        if is_json(essence) or not content_type:
            return None
        return _blocked(Step("the type of a JSON module is JSON", shown, "fail"))
    nosniff = options is not None and is_nosniff(options)
    if destination == "style":
        if essence == "text/css":
            return None
        if nosniff:
            return _blocked(Step("`nosniff`: the type of a style sheet is `text/css`", shown, "fail"))
        if not essence or standards is False:
            return None
        check = "standards mode: the type of a style sheet is `text/css`"
        step = Step(check, shown, "fail" if standards else "unknown")
        return _blocked(step, None if standards else _STANDARDS)
    if essence in JAVASCRIPT:
        return None
    if nosniff:
        return _blocked(Step("`nosniff`: the type of a script is a JavaScript one", shown, "fail"))
    if essence.startswith(("audio/", "image/", "video/")) or essence == "text/csv":
        return _blocked(Step("the type is not one no script ever has", shown, "fail"))
    if destination in MODULES_ONLY:
        return _blocked(Step("the type of such a script is a JavaScript one", shown, "fail"))
    if mode == "cors" and destination == "script" and essence != "application/wasm":
        return _blocked(Step("the type of a module is a JavaScript one", shown, "unknown"), _NOT_MODULE)
    return None


def _blocked(step: Step, condition: str | None = None) -> BlockVerdict:
    return BlockVerdict("depends" if condition else "blocked", CODE, condition, (step,))

"""Event handler content attributes (HTML, section 8.1.8.2, and those that browsers have besides).

Other attributes whose names begin with ``on`` hold no code: AMP's ``on``, say.
"""

from __future__ import annotations

# fmt: off
_ANYWHERE = frozenset({
    "abort", "animationcancel", "animationend", "animationiteration", "animationstart", "auxclick", "beforecopy",
    "beforecut", "beforeinput", "beforematch", "beforepaste", "beforetoggle", "begin", "blur", "cancel",
    "canplay", "canplaythrough", "change", "click", "close", "command", "contentvisibilityautostatechange",
    "contextlost", "contextmenu", "contextrestored", "copy", "cuechange", "cut", "dblclick", "drag", "dragend",
    "dragenter", "dragexit", "dragleave", "dragover", "dragstart", "drop", "durationchange", "emptied",
    "encrypted", "end", "ended", "error", "focus", "formdata", "gotpointercapture", "input", "invalid", "keydown",
    "keypress", "keyup", "load", "loadeddata", "loadedmetadata", "loadstart", "lostpointercapture", "mousedown",
    "mouseenter", "mouseleave", "mousemove", "mouseout", "mouseover", "mouseup", "mousewheel", "paste",
    "pause", "play", "playing", "pointercancel", "pointerdown", "pointerenter", "pointerleave", "pointermove",
    "pointerout", "pointerover", "pointerup", "progress", "ratechange", "repeat", "reset", "resize", "scroll",
    "scrollend", "scrollsnapchange", "scrollsnapchanging", "search", "securitypolicyviolation", "seeked",
    "seeking", "select", "selectionchange", "selectstart", "slotchange", "stalled", "submit", "suspend",
    "timeupdate", "toggle", "touchcancel", "touchend", "touchmove", "touchstart", "transitionend", "volumechange",
    "waiting", "waitingforkey", "webkitanimationend", "webkitanimationiteration", "webkitanimationstart",
    "webkitfullscreenchange", "webkitfullscreenerror", "webkittransitionend", "wheel",
})
_OF_THE_WINDOW = frozenset({
    "afterprint", "beforeprint", "beforeunload", "hashchange", "languagechange", "message", "messageerror",
    "offline", "online", "pagehide", "pagereveal", "pageshow", "pageswap", "popstate", "rejectionhandled",
    "storage", "unhandledrejection", "unload",
})
# fmt: on


def is_handler(tag: str, attribute: str) -> bool:
    """Whether an attribute of an element holds code; both names are in lower case.

    Some events are the window's, and only the page's `body` (or `frameset`) has handlers for them.
    """
    if not attribute.startswith("on"):
        return False
    event = attribute[2:]
    return event in _ANYWHERE or (tag in ("body", "frameset") and event in _OF_THE_WINDOW)

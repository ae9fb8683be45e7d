"""Whether a response reached the page, as Chrome's own recording shows it beside its error words.

What Chrome knows of a response has two sources. The fields and the status come from the wire, before anything is
checked; the address of the server, the media type Chrome settled on and the content come with the response's handing
over to the page's process. A response that was refused in between is recorded without the second half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.browser.redirects import REDIRECTS

if TYPE_CHECKING:
    from inspector.subject import Subject

_REFUSED = "net::ERR_FAILED"
_ABORTED = "net::ERR_ABORTED"  # by the page or by its end, after the response had come
_BODILESS = frozenset({204, 205, 304})
_CACHES = frozenset({"memory-cache", "disk-cache", "cache", "service-worker"})


def reached_page(x: Subject) -> bool | None:
    """Whether the page's process was given this response; ``None`` where the recording does not show it.

    Content proves that it was. Without content, an entry whose second half is missing was refused.
    """
    exchange, response = x.exchange, x.response
    recorder = exchange.context.recorder
    if response is None or "webinspector" not in (recorder.creator or "").lower():
        return None
    handed_over = exchange.server.peer is not None
    if exchange.failure is not None:
        if exchange.failure.code == _REFUSED:
            return False
        return True if handed_over and exchange.failure.code == _ABORTED else None
    body = response.body
    if body.size:
        return True
    if exchange.context.served_from in _CACHES:
        return None
    if x.status in REDIRECTS or x.status in _BODILESS or x.method == "HEAD":
        return True if handed_over else _never_handed_over(x)
    if handed_over or exchange.server.id is not None or body.media_type is not None or not _announced(x):
        return None
    return False


def _never_handed_over(x: Subject) -> bool | None:
    """The answer for a script's response without content, where no connection is recorded: ``False`` or not known.

    What was handed over has one, if this recording names connections at all. Redirects also stay without where the page
    wants none, and a 304 is the cache's.
    """
    if x.status in REDIRECTS or x.status == 304 or x.exchange.server.id is not None:
        return None
    if (x.exchange.context.resource_type or "") not in ("fetch", "xhr"):
        return None
    return False if any(origin.connections for origin in x.session.connections.origins()) else None


def never_sent(x: Subject) -> bool:
    """Whether Chrome gave up a request before it was on the wire, by its own recording.

    Its network code adds ``Accept-Encoding`` to whatever it sends; before that, the page's own fields are all there is.
    """
    return (
        x.response is None
        and "webinspector" in (x.exchange.context.recorder.creator or "").lower()
        and "accept-encoding" not in x.req
        and x.mode is None
    )


def _announced(x: Subject) -> bool:
    """Whether the fields speak of content, of which Chrome then knows a media type."""
    length = x.res.get("content-length")
    return bool(x.res.get("content-type")) or (length is not None and length.strip() not in ("", "0"))

"""CORS: what shows only in several exchanges together. Told by `inspector.stories.preflights`."""

from __future__ import annotations

from inspector.report import Severity
from inspector.rules.base import story_rule

_AGAIN = """
# at: 2026-03-01T12:00:{0:02}Z
# duration: 40
OPTIONS https://api.shop.test/items HTTP/2
Origin: https://shop.test
Access-Control-Request-Method: PUT

HTTP/2 204
Access-Control-Allow-Origin: https://shop.test
Access-Control-Allow-Methods: PUT
{1}
"""
_SHORT, _LONG = "Vary: Origin", "Access-Control-Max-Age: 7200"

PREFLIGHTS_REPEATED = story_rule(
    "cors/preflights-repeated",
    Severity.NOTE,
    "Preflights that a longer `Access-Control-Max-Age` would spare",
    references=(
        "https://fetch.spec.whatwg.org/#http-access-control-max-age",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ),
    what="The same question is asked again and again, because the answer is kept for less than a minute.",
    why="""Each preflight costs a round trip before the request itself may leave. Without `Access-Control-Max-Age` its
        answer counts for 5 seconds, so an application that calls the same address now and then waits twice each
        time.""",
    fix="""Send `Access-Control-Max-Age: 7200` with the answer to `OPTIONS`. What is permitted cannot be taken back from
        a browser that has the answer until that time is over.""",
    unless="What is permitted changes from minute to minute.",
    shows="---\n".join(_AGAIN.format(second, _SHORT) for second in (0, 10, 20, 30)),
    quiet="---\n".join(_AGAIN.format(second, _LONG) for second in (0, 10, 20, 30)),
)

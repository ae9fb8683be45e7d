"""Fields a middlebox has put out of force by rewriting their names, keeping the length of the message."""

from __future__ import annotations

from inspector.fieldguide.base import BOTH, RFC, reads, row
from inspector.fieldguide.say import quote

_WHY = "{} with its letters in another order: a load balancer (Citrix NetScaler, for one) put it out of force this way."
_CONNECTION = _WHY.format("`Connection`")
_LENGTH = _WHY.format("`Content-Length`")


@reads(
    row("Cneonction", BOTH, _CONNECTION, f"{RFC}9110#section-7.6.1", "close"),
    row("nnCoection", BOTH, _CONNECTION, f"{RFC}9110#section-7.6.1", "close"),
    row(
        "X-Cnection",
        BOTH,
        "`Connection` without two of its letters: a load balancer put it out of force this way.",
        f"{RFC}9110#section-7.6.1",
        "close",
    ),
    row("Cteonnt-Length", BOTH, _LENGTH, f"{RFC}9110#section-8.6", "31529"),
    row("ntCoent-Length", BOTH, _LENGTH, f"{RFC}9110#section-8.6", "48"),
    row(
        "Exires",
        BOTH,
        "`Expires` without its `p`, which makes it another name: no cache reads it.",
        f"{RFC}9111#section-5.3",
        "Thu, 07 Jan 2016 11:26:51 GMT",
    ),
)
def mangled(value: str) -> str:
    """What it would have said."""
    return f"It would say {quote(value, 40)}; nobody acts on it."

"""What is known of a site before it is graded, and what a test makes of it."""

from __future__ import annotations

from msgspec import Struct

from inspector.exchange import Fields

WHITE = (
    "\t\n\x0b\x0c\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""White space as JavaScript trims and splits at it, which is how the Observatory reads values."""


class Script(Struct, frozen=True):
    """A `script` element: its `src` as the page's address and `base` make it, ``""`` for inline code."""

    src: str
    integrity: bool = False


class PageFacts(Struct, frozen=True):
    """What the Observatory reads from markup. `truncated`: the end of the page is not recorded."""

    scripts: tuple[Script, ...] = ()
    inline_scripts: int = 0
    policies: tuple[str, ...] = ()
    """`content` of each `<meta http-equiv=content-security-policy>`."""
    referrer: str | None = None
    """`content` of the last `<meta name=referrer>`."""
    truncated: bool = False


NO_MARKUP = PageFacts()


class SetCookie(Struct, frozen=True):
    """A ``Set-Cookie`` line, the host that sent it, and whether it came with the page or with a redirect to it."""

    line: str
    host: str
    with_page: bool = True


class Shared(Struct, frozen=True):
    """How the page answered a request from another origin: what was sent as ``Origin``, and what came back.

    `preflight`: the request's method was ``OPTIONS``, which is what the Observatory sends.
    """

    origin: str
    allow_origin: str | None
    allow_credentials: str | None
    preflight: bool = False


class SiteEvidence(Struct, frozen=True):
    """What a recording shows of one site.

    `host` is the name a person would ask for; `url` is where the page was found after redirects and `fields` its
    response's. `page` is the markup's, ``None`` where the content is HTML and not recorded. `route` is the chain that
    began with `http://host`, as scheme and host each: empty where nothing listens there, ``None`` where it was not
    recorded.
    """

    host: str
    url: str
    secure: bool
    fields: Fields
    page: PageFacts | None = NO_MARKUP
    verified: bool | None = None
    cookies: tuple[SetCookie, ...] = ()
    cookies_recorded: bool = True
    cookies_before: tuple[str, ...] = ()
    """Names of cookies that were sent with the request and not set in this recording's visit."""
    route: tuple[tuple[str, str], ...] | None = None
    shared: tuple[Shared, ...] = ()
    capture: int = 0
    exchange: int = 0

    @property
    def certificate_faulty(self) -> bool:
        """Whether the recorder found the certificate not to hold. Unknown counts as holding: the page loaded."""
        return self.secure and self.verified is False


class Finding(Struct, frozen=True):
    """What one test makes of a site: its result, or those it may have, worst last.

    `because` says in one sentence what decided it here. `field` is the lower-case name of the field it rests on, ""
    where it rests on something else. `unless` is the assumption the result stands on.
    """

    results: tuple[str, ...]
    because: str = ""
    field: str = ""
    quoted: str | None = None
    """What it rests on, where that is not simply the field's value."""
    unless: str = ""

    @property
    def known(self) -> str | None:
        """The result, where there is only one."""
        return self.results[0] if len(self.results) == 1 else None

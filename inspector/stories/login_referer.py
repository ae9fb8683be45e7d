"""What `Referer` tells another origin of a login's answer, while that answer stands in the address of a page.

What is behind `#` is never in `Referer` (RFC 9110, section 10.1.3). A token leaks so where it comes back in the query,
or where the page copies it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from inspector import url as urls
from inspector.report import Annotation, Severity, Story
from inspector.rules.base import Finding
from inspector.rules.oauth_story import CODE_IN_REFERER
from inspector.rules.status_words import brief
from inspector.site import same_site
from inspector.stories.telling import Telling, host_name

if TYPE_CHECKING:
    from inspector.subject import Subject

_SECRET = ("code", "access_token", "id_token")


class Referred(Struct, frozen=True):
    """The page whose address an origin was told, and its query's values by name."""

    page: urls.Url
    values: dict[str, str]


def referred(x: Subject) -> Referred | None:
    """What a request's `Referer` tells another origin, where that may be a login's answer."""
    referer = x.req.first["referer"]
    if not any(f"{name}=" in referer for name in _SECRET):
        return None
    page = urls.parse(referer)
    if page.origin == x.url.origin:
        return None
    try:
        return Referred(page, dict(parse_qsl(page.query, max_num_fields=100)))
    except ValueError:
        return None


def secret_in(told: Referred, answer: Mapping[str, str]) -> str | None:
    """The name of the first secret of a login's answer that was told."""
    return next((n for n in _SECRET if answer.get(n) and answer[n] in told.values.values()), None)


def say(
    telling: Telling, x: Subject, told: Referred, name: str, client: str, browser: str, *, pkce: bool, spent: bool
) -> Annotation | None:
    """Tell of it in the login's story. Returns the finding, for a code: of tokens the rule `leak/referrer` tells.

    `pkce` says that the login has a `code_challenge`, `spent` that the client had taken the code before.
    """
    to, near = host_name(x.url), same_site(told.page, x.url, schemeful=False)
    whose = "another host of the site" if near else "another site"
    telling.say(
        f"`Referer` tells `{brief(to, 80)}`, {whose}, the `{name}`: it stands in the address of the page at "
        f"`{brief(host_name(told.page), 80)}`, whose referrer policy gives it away whole."
    )
    telling.arrow(browser, to, f"Referer, with the {name}", x.exchange.index, failed=True)
    if name != "code":
        return None
    harm = (
        "By then the client had taken it, and a code counts once."
        if spent
        else "Without the `code_verifier` of this login it is of no use there (PKCE)."
        if pkce
        else "Nothing else is needed to exchange it, if the client has no secret and has not been faster."
    )
    return CODE_IN_REFERER.annotation(
        Finding(
            f"`{brief(to, 80)}` is told the code of the login of `{client}`. {harm}",
            f"The page at `{brief(host_name(told.page), 80)}` sends `Referrer-Policy: no-referrer` and takes the code "
            "out of its address (by a redirect, or `history.replaceState`) before it loads anything of others.",
            (msgspec.structs.replace(x.request_field("referer", "code"), exchange=x.exchange.index),),
            severity=Severity.NOTE if near or pkce or spent else None,
        )
    )


def afterwards(
    x: Subject, told: Referred, name: str, login: str, client: str, browser: str, *, pkce: bool, spent: bool
) -> Story:
    """The story of its own of a code or token that is told when the login is over; `login` says which that was."""
    telling = Telling("login", browser)
    telling.say(f"{login} is over, and its answer still stands in the page's address.")
    finding = say(telling, x, told, name, client, browser, pkce=pkce, spent=spent)
    if finding is not None:
        telling.found(finding)
    return telling.story(f"After the login of `{client}`: `Referer` tells `{brief(host_name(x.url), 80)}` its `{name}`")

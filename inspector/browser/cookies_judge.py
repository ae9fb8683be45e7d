"""The checks that storing and sending a cookie share, and how several possible answers become one verdict."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from inspector.browser.cookies_site import Circumstances, Level, SiteContext
from inspector.fields.set_cookie import SameSite

Codes = tuple[str, ...]
THIRD_PARTY = "the browser blocks third-party cookies"
NOT_CHROMIUM = "the browser treats a missing `SameSite` as `Lax`, as Chromium does and Firefox and Safari do not"
WITHOUT_CREDENTIALS = "the page did not ask with `credentials: 'include'`"


class Answer(Struct, frozen=True):
    """What all possible circumstances together come to. `blocked` is ``None`` where they differ."""

    blocked: bool | None
    codes: Codes = ()
    condition: str | None = None


def same_site_code(same_site: SameSite | None, context: SiteContext, *, to_set: bool, young: bool) -> str | None:
    """The code under which a context refuses a cookie, or ``None`` where it does not.

    The rules of RFC 6265bis, sections 5.6.7 and 5.7, as Chromium applies them: an absent ``SameSite`` is ``Lax``,
    except that a top-level POST carries it while it is younger than two minutes (`young`).

    The ``Schemeful`` codes are given where the protocol defines them: equal registrable domain, other scheme.
    """
    if same_site == "None":
        return None
    unspecified = same_site is None
    if to_set:
        least = Level.LAX_UNSAFE  # a top-level navigation may set every cookie, whatever its method
    elif same_site == "Strict":
        least = Level.STRICT
    else:
        least = Level.LAX_UNSAFE if unspecified and young else Level.LAX
    if context.level >= least:
        return None
    name = "SameSiteUnspecifiedTreatedAsLax" if unspecified else f"SameSite{same_site}"
    return f"Schemeful{name}" if context.schemeless >= least else name


@lru_cache(maxsize=4096)
def combine(
    circumstances: Circumstances,
    always: Codes,
    same_site: SameSite | None,
    partitioned: bool,
    to_set: bool,
    young: bool = False,
    after: Codes = (),
) -> Answer:
    """Ask every possible context, with third-party cookies let through or not where that is open.

    `always` are the codes that hold in any context, `after` those of them that a browser only comes to where it does
    not refuse third-party cookies beforehand (when it stores one).
    """
    variants: list[tuple[SiteContext, bool, Codes]] = []
    for context in circumstances.contexts:
        code = same_site_code(same_site, context, to_set=to_set, young=young)
        own = (*always, code, *after) if code else (*always, *after)
        open_to = {"allowed": (False,), "blocked": (True,), "unknown": (False, True)}[circumstances.third_party]
        if partitioned or not context.third_party:
            open_to = (False,)
        for third_blocked in open_to:
            if third_blocked:
                codes: Codes = ("UserPreferences",) if to_set else (*own, "UserPreferences")
            else:
                codes = own
            variants.append((context, third_blocked, codes))
    refused = [codes for _, _, codes in variants if codes]
    if not refused:
        return Answer(False)
    if len(refused) < len(variants):
        union = tuple(dict.fromkeys(code for codes in refused for code in codes))
        return Answer(None, union, f"blocked if {_when(circumstances, variants)}")
    common = tuple(code for code in refused[0] if all(code in codes for codes in refused)) or refused[0]
    if (
        not circumstances.lax_by_default
        and all(code.endswith("UnspecifiedTreatedAsLax") for code in common)
        and not circumstances.top_navigation
    ):
        return Answer(None, common, f"blocked if {NOT_CHROMIUM}")
    return Answer(True, common)


def _when(circumstances: Circumstances, variants: list[tuple[SiteContext, bool, Codes]]) -> str:
    by_third = any(third for _, third, codes in variants if codes) and any(
        not third and not codes and context.third_party for context, third, codes in variants
    )
    by_context = any(not codes and not context.third_party for context, _, codes in variants)
    if by_third and by_context:
        return f"{circumstances.doubt}, and {THIRD_PARTY}"
    return THIRD_PARTY if by_third else circumstances.doubt

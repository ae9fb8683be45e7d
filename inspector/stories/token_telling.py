"""A token's life in sentences and arrows, and what is wrong with it as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector import url as urls
from inspector import words
from inspector.browser.cookies import jar_site
from inspector.report import Annotation, Evidence, Severity, Story
from inspector.rules.base import Finding
from inspector.rules.status_words import brief
from inspector.rules.token_story import REFRESH_AGAIN, SEVERAL_SITES
from inspector.stories.telling import Telling, host_name
from inspector.stories.token_life import Event, Life

if TYPE_CHECKING:
    from inspector.subject import Subject


def taken_again(x: Subject, spent: Life) -> Annotation:
    """The finding about a refresh token that works although it was replaced."""
    replaced = spent.replaced or 0.0
    ago = words.duration((x.started or replaced) - replaced)
    return REFRESH_AGAIN.annotation(
        Finding(
            f"`{host_name(x.url)}` takes the refresh token {spent.shown} again, {ago} after it was replaced. Whoever "
            "has a copy of it can go on using it unnoticed.",
            "The authorization server refuses a refresh token that was replaced (`invalid_grant`) and withdraws what "
            "came of it; the client keeps the newest, in one place for all its tabs.",
            evidence=(Evidence("request.body", "refresh_token", spent.masked, exchange=x.exchange.index),),
            certainty="likely",
            condition="the old one is not taken on purpose for a short while",
        )
    )


def several_sites(life: Life) -> Annotation | None:
    """A finding where the token goes to sites that neither issued it nor belong together."""
    others = {site: place for site, place in life.sites.items() if site not in life.issuers}
    if len(others) < 2:
        return None
    meant = {jar_site(urls.parse(address).host) for address in life.audience} & others.keys()
    beyond = [host for site, (_, host) in others.items() if site not in meant]
    named = words.listed(words.ticked(brief(host, 60) for _, host in others.values()))
    detail = f"The {life.kind} {life.shown} is sent to {named}."
    if meant:
        detail += f" Its `aud` names addresses of {words.listed(words.ticked(sorted(meant)))} alone."
    return SEVERAL_SITES.annotation(
        Finding(
            detail,
            f"The client sends it to {words.listed(words.ticked(sorted(meant)))} alone: it adds `Authorization` for "
            f"those origins and leaves {words.listed(words.ticked(brief(h, 60) for h in beyond))} out."
            if meant
            else "The client adds `Authorization` for the hosts the token was issued for, and not to every request.",
            tuple(
                Evidence("request.field", "Authorization", life.masked, None, brief(host, 60), index)
                for index, host in list(others.values())[:5]
            ),
            severity=Severity.WARNING if meant and beyond else None,
            certainty="likely",
            condition="the sites do not belong together",
        )
    )


_ISSUED = {
    "content": "in the content of its answer ({name})",
    "cookie": "as the cookie {name}",
    "url": "in the query of the address it redirects to, which servers log and `Referer` may tell",
    "fragment": "behind the `#` of the address it redirects to, where scripts and the history find it",
    "field": "in the field {name}",
    "authorization": "in the field {name}",
}
_SENT = {
    "authorization": "in {name}",
    "field": "in {name}",
    "cookie": "as the cookie {name}",
    "url": "in the URL",
    "content": "in the request's content",
}


def tell(life: Life, alike: int = 0) -> Story:
    """The story of a token, after which `alike` others of its kind and place are only counted."""
    telling = Telling("token", life.client)
    events = list(life.events.values())
    if not any(event.kind in ("issued", "opened") for event in events):
        telling.say(f"Where it was issued does not show in this recording. {life.about}")
    late = False
    for position, event in enumerate(events):
        if event.kind == "late" and not late and life.expires is not None:
            late = True
            telling.say(f"Its time is over at {words.moment(life.expires)}.")
        _say(telling, life, event)
        if position == 0 and event.kind in ("issued", "opened"):
            telling.say(life.about)
        telling.about(event.first, event.last)
    if alike:
        telling.say(f"{words.count(alike, 'more token')} of this kind went the same way.")
    fits = _audience(life)
    if fits:
        telling.say(fits)
    if life.left_out:
        telling.say(f"{words.count(life.left_out, 'more use')} of it followed.")
    finding = several_sites(life)
    telling.found(*life.findings, *([finding] if finding else []))
    kinds = dict.fromkeys(_IN_SHORT[event.kind] for event in events)
    return telling.story(f"The life of the {life.kind} {life.shown}: {words.listed(kinds)}")


def _audience(life: Life) -> str:
    """Whether the token is sent to whom it is for, where it names them by their addresses; ``""`` otherwise."""
    meant = {host_name(urls.parse(address)) for address in life.audience}
    sent = {host for site, (_, host) in life.sites.items() if site not in life.issuers}
    if not meant or not sent:
        return ""
    if sent <= meant:
        return "It is sent to whom it is for: the host is one that `aud` names."
    if {jar_site(urls.parse(address).host) for address in life.audience} & life.sites.keys():
        return ""  # another host of the same site, or a finding about other sites
    names = words.listed(words.ticked(brief(host, 60) for host in sorted(meant)))
    return (
        f"`aud` names {names}, and it is sent elsewhere. If `aud` is meant as an address, the server has to refuse "
        "it; it may also be a name that only looks like one."
    )


_IN_SHORT = {
    "issued": "issued",
    "passed": "handed on",
    "opened": "handed over in an address",
    "sent": "sent",
    "late": "sent after its time",
    "told": "told by `Referer`",
    "near": "told by `Referer` within the site",
    "traded": "brought for a new one",
    "declined": "declined",
    "replaced": "replaced",
    "revoked": "given back",
}


def _say(telling: Telling, life: Life, event: Event) -> None:
    host, client, first, times = brief(event.host, 80), life.client, event.first, event.count
    where = f"#{first}" if times == 1 else f"#{first} to #{event.last}"
    requests = words.count(times, "request")
    name = f"`{event.name}`" if event.name else "without a name"
    match event.kind:
        case "issued" | "passed":
            place = _ISSUED[event.how].format(name=name)
            text = f", {event.text}" if event.text else ""
            issues, it = ("issues", "it") if event.kind == "issued" else ("hands", "it on")
            telling.say(f"`{host}` {issues} {it} in #{first}, {place}{text}.")
            telling.arrow(host, client, f"issues the {life.kind}" if it == "it" else f"hands on the {life.kind}", first)
        case "opened":
            telling.say(
                f"In {where} it stands behind the `#` of an address at `{host}`: for scripts, not for the server."
            )
            telling.arrow(client, client, f"has the {life.kind} in its address", first)
        case "sent" | "late":
            refused = _refused(event)
            still = "still " if event.kind == "late" else ""
            telling.say(
                f"The {client} {still}sends it to `{host}` {_SENT[event.how].format(name=name)} with {requests}, "
                f"{where}{refused}.{' Histories and logs keep it.' if event.how == 'url' else ''}"
            )
            label = f"{event.name or event.how}{f' ×{times:,}' if times > 1 else ''}"
            telling.arrow(client, host, label, first, failed=event.refused == times)
        case "told":
            telling.say(
                f"`Referer` tells it to `{host}`, another site, with {requests}, {where}: it stands in the address of "
                f"the page at `{brief(event.name, 80)}`, and whoever reads the logs there has it."
            )
            if any(e.how == "fragment" for e in life.events.values()):
                telling.say("`Referer` never has what is behind `#`, so the page copied it into its query.")
            telling.arrow(client, host, "Referer, with the token", first, failed=True)
            telling.fail()
        case "near":
            telling.say(f"`Referer` tells it to `{host}`, of the same site, with {requests}, {where}.")
            telling.arrow(client, host, "Referer, with the token", first)
        case "traded":
            telling.say(f"The {client} brings it to `{host}` for a new access token, {where}.")
            telling.arrow(client, host, "refresh", first)
        case "declined":
            telling.say(f"`{host}` gives no new access token for it, {where}.")
            telling.arrow(client, host, "refresh, declined", first, failed=True)
        case "replaced":
            how = (
                f"the cookie holds {event.name} from now on" if event.how == "cookie" else f"{event.name} comes instead"
            )
            telling.say(f"It is replaced in #{first}: {how}.")
            telling.arrow(host, client, "a new one", first)
        case "revoked":
            telling.say(f"The {client} gives it back to `{host}` in #{first}, and from then on it should open nothing.")
            telling.arrow(client, host, "revoke", first)


def _refused(event: Event) -> str:
    if not event.refused:
        return ", and the server answers as before" if event.kind == "late" else ""
    if event.refused == event.count:
        return ", and is refused (401)" if event.count == 1 else ", and all are refused (401)"
    return f", and {event.refused:,} of them are refused (401)"

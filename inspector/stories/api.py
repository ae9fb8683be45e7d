"""The story of a conversation with an API: what was asked of it, how, and what the row of calls shows."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from inspector.fields.methods import is_safe
from inspector.report import Annotation, Evidence, Story
from inspector.rules.api import ERROR_IN_200, N_PLUS_ONE, PAGES_LOOP
from inspector.rules.base import Finding
from inspector.rules.status_words import brief
from inspector.stories.api_calls import Call, base_of, call_of
from inspector.stories.api_pages import MOST_MISSING, Pages, pages
from inspector.stories.api_patterns import bursts, pollings, retries
from inspector.stories.signs import CHANGES, DATA, SCRIPT, SENDS
from inspector.stories.telling import Telling
from inspector.url import parse
from inspector.words import count, duration, listed, ticked

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_APIS = 60
MOST_CALLS = 3_000
MOST_TOLD = 3
"""Things of one sort that are told one by one."""
_FEWEST = 4
"""Calls below which a conversation is told only where something stands out."""


class ApiStories:
    """One story an API: an origin, and the beginning of the path."""

    wants = DATA | SCRIPT | CHANGES | SENDS

    def __init__(self) -> None:
        self._apis: OrderedDict[tuple[str, str], list[Call]] = OrderedDict()
        self._crowded_out: list[tuple[tuple[str, str], list[Call]]] = []

    def observe(self, x: Subject) -> tuple[Story, ...]:
        """Take an exchange in; the story of an API that was crowded out."""
        if not x.media_type and x.method == "GET":
            return ()
        call = call_of(x)
        if call is None:
            return ()
        key = (x.url.origin, base_of(x.url.path))
        calls = self._apis.get(key)
        told: tuple[Story, ...] = ()
        if calls is None:
            if len(self._apis) >= MOST_APIS:
                told = _tell(*self._apis.popitem(last=False))
            calls = self._apis[key] = []
        if len(calls) < MOST_CALLS:
            calls.append(call)
        return told

    def finish(self) -> tuple[Story, ...]:
        """The stories that are left."""
        told = tuple(story for key, calls in self._apis.items() for story in _tell(key, calls))
        self._apis.clear()
        return told


def _tell(key: tuple[str, str], calls: list[Call]) -> tuple[Story, ...]:
    origin, base = key
    host = parse(origin).host or origin
    telling = Telling("api", "client", host)
    calls = sorted(calls, key=lambda call: (call.started or 0.0, call.index))
    telling.about(*(call.index for call in calls))
    _overview(calls, telling)
    plain = len(telling.story("").steps)
    _changes(calls, telling)
    _patterns(calls, telling, host)
    _dialects(calls, telling)
    _limit(calls, telling)
    story = telling.story(f"API at `{brief(origin + base, 100)}`: {count(len(calls), 'call')}")
    if len(calls) == 1 and calls[0].dialect == "jsonp":
        return ()
    if len(calls) < _FEWEST and len(story.steps) == plain and not story.annotations:
        return ()
    if len(story.steps) == plain and not story.annotations and not any(not is_safe(call.method) for call in calls):
        return ()  # some reads and nothing to say of them: the exchanges say it themselves
    return (story,)


def _overview(calls: list[Call], telling: Telling) -> None:
    methods = Counter(call.method for call in calls)
    safe = sum(n for method, n in methods.items() if is_safe(method))
    text = f"{listed(f'{n:,} {brief(method, 20)}' for method, n in methods.most_common())}: "
    rest = len(calls) - safe
    text += (
        "all of them safe (they ask for nothing to be changed)"
        if not rest
        else f"{safe:,} safe, {rest:,} that may change something"
        if safe
        else "none of them safe"
    )
    templates = Counter(_shown(call.template) for call in calls)
    if len(templates) > 1 or calls[0].dialect == "rest":
        text += (
            f", on {count(len(templates), 'resource')}: "
            f"{listed(ticked(brief(t, 60) for t, _ in templates.most_common()), most=5)}"
        )
    failed = [call for call in calls if call.status >= 400 or call.status == 0]
    text += "."
    if failed:
        statuses = Counter(str(call.status or "no response") for call in failed)
        text += f" {len(failed):,} failed ({listed(f'{n:,} × {status}' for status, n in statuses.most_common())})."
    telling.say(text)


def _shown(template: str) -> str:
    return template or "/"


def _numbers(calls: tuple[Call, ...] | list[Call]) -> str:
    return listed([f"#{call.index}" for call in calls], most=4)


def _changes(calls: list[Call], telling: Telling) -> None:
    """Creating, replacing, deleting, and the conditions on it."""
    by_url: dict[str, list[Call]] = {}
    for call in calls:
        by_url.setdefault(call.url.partition("#")[0], []).append(call)
    created = [call for call in calls if call.method == "POST" and call.status == 201]
    for call in created[:MOST_TOLD]:
        if call.location is None:
            telling.say(
                f"POST `{brief(_shown(call.template), 60)}` created something (#{call.index}, 201) and no "
                f"`Location` says where it is."
            )
            continue
        used = [later for later in by_url.get(call.location, ()) if later.index != call.index]
        text = (
            f"POST `{brief(_shown(call.template), 60)}` created something (#{call.index}, 201), and "
            f"`Location` says where"
        )
        telling.say(text + (f"; the client then used it ({_numbers(used)})." if used else "."))
    for same in by_url.values():
        deleted = [call for call in same if call.method == "DELETE" and call.status]
        if len(deleted) > 1:
            first, second = deleted[0], deleted[1]
            telling.say(
                f"DELETE `{brief(_shown(first.template), 60)}` twice ({_numbers(deleted)}): {first.status}, "
                f"then {second.status}. "
                "Deleting is idempotent: what is there afterwards is the same, whatever the second status is."
            )
    put, patch = (
        {call.template for call in calls if call.method == method and call.status < 400} for method in ("PUT", "PATCH")
    )
    for template in sorted(put & patch)[:1]:
        telling.say(
            f"`{brief(_shown(template), 60)}` takes PUT, which replaces the whole, and PATCH, which changes a "
            f"part. A PUT "
            "without a field removes it; repeating a PATCH need not give the same result."
        )
    guarded = [call for call in calls if call.conditional is not None]
    if guarded:
        lost = [call for call in guarded if call.status == 412]
        text = (
            f"{count(len(guarded), 'change')} only if nothing else had changed it "
            f"(`{guarded[0].conditional}`; {_numbers(guarded)})"
        )
        telling.say(
            text
            + (
                f": {count(len(lost), 'time')} it had, and the server refused with 412."
                if lost
                else ": all were as expected."
            )
        )


def _patterns(calls: list[Call], telling: Telling, host: str) -> None:
    for burst in bursts(calls)[:MOST_TOLD]:
        telling.found(_n_plus_one(burst.listed, burst.calls, host))
    for row in pages(calls)[:MOST_TOLD]:
        _paged(row, telling, host)
    for retry in retries(calls)[:MOST_TOLD]:
        last = retry.calls[-1]
        text = (
            f"{brief(last.method, 20)} `{brief(_shown(last.template), 60)}` was tried "
            f"{count(len(retry.calls), 'time')} ({_numbers(retry.calls)})"
        )
        text += f", with waits of {listed([duration(wait) for wait in retry.waits], most=5)}"
        if len(retry.waits) > 1:
            text += (
                ", growing as they should"
                if retry.backs_off
                else ", which do not grow: a server in trouble gets no rest"
            )
        text += f". It ended with {last.status or 'no response'}."
        if last.method in ("POST", "PATCH") and any(call.status != 429 for call in retry.calls[:-1]):
            text += f" {last.method} is not idempotent: an attempt that failed late may have taken effect."
        telling.say(text)
    for polling in pollings(calls)[:MOST_TOLD]:
        first = polling.calls[0]
        text = (
            f"`{brief(_shown(first.template), 60)}` is polled: {count(len(polling.calls), 'time')}, every "
            f"{duration(polling.every)}"
        )
        if polling.unchanged:
            text += (
                f"; {polling.unchanged:,} of the answers brought nothing new. An event stream or a "
                f"WebSocket would only send news"
            )
        telling.say(text + ".")


def _paged(row: Pages, telling: Telling, host: str) -> None:
    """A collection that was read page by page: how, how far, and what went wrong."""
    where = f"`{brief(_shown(row.calls[0].template), 60)}`"
    number = len({call.url for call in row.calls})
    text = f"{count(number, 'page')} of {where} {'was' if number == 1 else 'were'} "
    if not row.linked:
        text += f"followed ({_numbers(row.calls)})"
        if row.missing:
            more = len(row.missing) > MOST_MISSING
            left_out = listed([str(n) for n in row.missing[:MOST_MISSING]], most=MOST_MISSING)
            text += f"; left out between them: {left_out}{' and more' if more else ''}"
        telling.say(text + ".")
        return
    text += f'read ({_numbers(row.calls)}), each next one by the `Link` with `rel="next"` of the one before'
    if row.loop is None:
        text += (
            "; the last one names no next: the list is complete"
            if row.end == "last"
            else f"; #{row.calls[-1].index} names a next one, which "
            + ("did not come" if row.end == "failed" else "was not asked for")
        )
    telling.say(text + ".")
    if row.loop is not None and row.back_to is not None:
        itself = row.loop is row.back_to or row.loop.url == row.back_to.url
        to = "itself" if itself else f"the page of #{row.back_to.index}, which came before it,"
        telling.found(
            PAGES_LOOP.annotation(
                Finding(
                    f"The page of {where} in #{row.loop.index} names {to} as its next one.",
                    fix=f'`{brief(host, 80)}` leaves `rel="next"` out of the last page and moves it on in the others.',
                    evidence=(Evidence("response.field", "Link", 'rel="next"', exchange=row.loop.index),),
                )
            )
        )


def _n_plus_one(before: Call | None, calls: tuple[Call, ...], host: str) -> Annotation:
    template = brief(_shown(calls[0].template), 60)
    times = [call.started for call in calls if call.started is not None]
    took = max(call.ended or call.started or 0.0 for call in calls) - min(times)
    after = f", after the list (#{before.index})" if before is not None else ""
    return N_PLUS_ONE.annotation(
        Finding(
            f"`{template}` was asked for {len({call.path for call in calls})} items, one request each, within "
            f"{duration(took)}{after}.",
            fix=f"The API at `{brief(host, 80)}` answers with several items at once, and the client asks for "
            f"them together.",
            evidence=(Evidence("request.line", None, f"GET {template}", exchange=calls[0].index),),
            certainty="certain" if before is not None else "likely",
            condition=None if before is not None else "unless the items belong to no list",
        )
    )


def _dialects(calls: list[Call], telling: Telling) -> None:
    graphql = [call for call in calls if call.dialect == "graphql"]
    rpc = [call for call in calls if call.dialect == "json-rpc"]
    for name, those, what in (("GraphQL", graphql, "operation"), ("JSON-RPC", rpc, "method")):
        if those:
            names = Counter(call.operation or "" for call in those)
            told = listed(
                (f"`{brief(n, 60)}`{f' {many:,} times' if many > 1 else ''}" for n, many in names.most_common()), most=5
            )
            telling.say(
                f"{name}, {count(len(names), what)}: {told}. All go to one address by POST, so the status and "
                f"caches say little."
            )
    wrong = [call for call in (*graphql, *rpc) if call.error]
    if wrong:
        called = listed(ticked(dict.fromkeys(brief(call.operation or "", 60) for call in wrong)), most=3)
        field = "errors" if wrong[0].dialect == "graphql" else "error"
        telling.found(
            ERROR_IN_200.annotation(
                Finding(
                    f"{count(len(wrong), 'answer')} to {called} {'has' if len(wrong) == 1 else 'have'} the "
                    f"status 200 and "
                    f"`{field}` in the content ({_numbers(wrong)}).",
                    fix=f"The client looks at `{field}` before it uses the rest; monitoring counts such answers "
                    f"as failed.",
                    evidence=(Evidence("response.body", None, field, exchange=wrong[0].index),),
                )
            )
        )
    grpc = [call for call in calls if call.dialect == "grpc-web"]
    if grpc:
        failed = [call for call in grpc if call.error]
        called = listed(ticked(dict.fromkeys(brief(call.operation or "", 60) for call in grpc)), most=4)
        telling.say(
            f"gRPC-Web, calling {called}: what came of a call is in `grpc-status`, not in the HTTP status."
            + (f" {len(failed):,} failed ({_numbers(failed)})." if failed else "")
        )
    jsonp = [call for call in calls if call.dialect == "jsonp"]
    if jsonp:
        telling.say(
            f"{count(len(jsonp), 'answer')} {'is' if len(jsonp) == 1 else 'are'} JSONP ({_numbers(jsonp)}): a "
            f"script that "
            "calls a function with the data. The other site's code runs with all the rights of the page; CORS "
            f"and `fetch()` "
            "do the same without that."
        )


def _limit(calls: list[Call], telling: Telling) -> None:
    counted = [call for call in calls if call.remaining is not None]
    if len(counted) > 1 and counted[0].remaining != counted[-1].remaining:
        telling.say(
            f"The server counts requests: {counted[0].remaining:,} were left after #{counted[0].index}, "
            f"{counted[-1].remaining:,} after #{counted[-1].index}."
        )

"""Tokens without a redirect (RFC 6749, sections 4.3, 4.4 and 6; RFC 8628): refresh, client credentials, a device."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from inspector import words
from inspector.report import Annotation, Evidence, Story
from inspector.rules.base import Finding
from inspector.rules.oauth_story import TOKEN_REFUSED
from inspector.rules.status_words import brief
from inspector.stories.telling import Telling, client_name, host_name

if TYPE_CHECKING:
    from inspector.subject import Subject

MOST_DEVICES = 32
LARGEST = 65_536
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"

_KINDS = {
    "refresh_token": (
        "Refresh",
        "The client trades its refresh token for a new access token, without asking the person again.",
    ),
    "client_credentials": (
        "Client credentials",
        "The client asks for a token for itself: no person takes part, and its own secret is all it shows.",
    ),
    "password": (
        "Password grant",
        "The client sends the person's password to the token endpoint, so it has seen it; OAuth 2.1 drops this grant.",
    ),
    "authorization_code": (
        "Code exchange",
        "The client exchanges a code for tokens; where the code came from is not in this recording.",
    ),
}

_MEANINGS = {
    "invalid_grant": (
        "the code or refresh token is over, was used before, or was made for another client or `redirect_uri`",
        "The client starts a new login. Where this happens at once: send the code a single time, with the same "
        "`redirect_uri` and the `code_verifier` of this login.",
    ),
    "invalid_client": (
        "the client did not prove who it is",
        "The client sends its id and secret in the way the server expects (`token_endpoint_auth_methods_supported`).",
    ),
    "unauthorized_client": (
        "this client may not use this grant",
        "Whoever runs the authorization server permits the grant for this client.",
    ),
    "unsupported_grant_type": (
        "the server does not offer this `grant_type`",
        "The client uses one that the server's metadata lists (`grant_types_supported`).",
    ),
    "invalid_scope": (
        "a scope is unknown, or more than was granted",
        "The client asks for scopes that were granted to it.",
    ),
    "invalid_request": (
        "the request lacks a parameter, repeats one, or is otherwise malformed",
        "The client compares what it sends with what the server documents.",
    ),
    "access_denied": ("the person said no", "Nothing to mend where a person declined."),
    "expired_token": ("the device's code is over", "The device asks for a new code and shows it."),
}
"""Error codes of token endpoints (RFC 6749, section 5.2; RFC 8628, section 3.5): meaning and what to do."""


_MARKS = (
    "grant_type=",
    "code=",
    "error=",
    "id_token=",
    "client_id=",
    "id_token_hint=",
    "logout_token=",
    "post_logout_redirect_uri=",
)


class Posted(Struct, frozen=True):
    """A form that was posted: the first value of each name."""

    values: dict[str, str]


def posted(x: Subject) -> Posted | None:
    """The form a request posts, where it may matter to a login; ``None`` for all others."""
    body = x.request.body
    source = body.source
    if source is None or (body.size or 0) > LARGEST or "content-type" not in x.req:
        return None
    if "x-www-form-urlencoded" not in (x.req.get("content-type") or ""):
        return None
    text = body.text or ""
    if not any(mark in text for mark in _MARKS):
        return Posted({}) if 300 <= x.status < 400 else None
    try:
        found = parse_qs(text, max_num_fields=100)
    except ValueError:
        return None
    return Posted({name: values[0] for name, values in found.items()})


def answered(x: Subject) -> dict[str, Any] | None:
    """The JSON object a response has as its content; ``None`` where it has none."""
    response = x.response
    if response is None or x.recorded_kind != "json" or (response.body.size or 0) > LARGEST:
        return None
    try:
        found = msgspec.json.decode(response.body.text or "")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def refused(x: Subject, content: dict[str, Any]) -> tuple[str, Annotation | None]:
    """A sentence on why the token endpoint gave no token, and the finding; none where no answer is recorded."""
    error = content.get("error")
    if x.status < 400 or not isinstance(error, str):
        if x.status >= 400 or x.status == 0:
            return f"The token endpoint gave no token: {x.status or 'no response'}.", None
        return "What the token endpoint answered is not in this recording.", None
    meaning, fix = _MEANINGS.get(error, ("a code of this server", "The server's documentation tells what it means."))
    code = brief(x.masker.text(error), 40)
    described = content.get("error_description")
    said = f" The server says: {brief(x.masker.text(described), 160)}" if isinstance(described, str) else ""
    finding = Finding(
        f"`{host_name(x.url)}` answered {x.status} with `{code}`: {meaning}.{said}",
        fix,
        (Evidence("response.body", "error", code, exchange=x.exchange.index),),
        title=f"The token endpoint gave no token: `{code}`",
    )
    return f"The token endpoint refuses: `{code}`, which means {meaning}.{said}", TOKEN_REFUSED.annotation(finding)


class _Device:
    def __init__(self, x: Subject) -> None:
        self.client, self.server = client_name(x), host_name(x.url)
        self.telling = Telling("login-device", self.client, self.server)
        self.polls = 0


class Grants:
    """Tells each token request by itself; a device's polling together."""

    def __init__(self) -> None:
        self._devices: OrderedDict[str, _Device] = OrderedDict()

    def observe(self, x: Subject, given: dict[str, str], *, again: bool = False) -> list[Story]:
        """A request to a token endpoint, or for a device's code; returns the stories that end with it.

        `again` says that its code was exchanged before.
        """
        content = answered(x) or {}
        grant = given.get("grant_type", "")
        code = given.get("device_code") if grant == DEVICE else None
        if not grant and isinstance(content.get("device_code"), str):
            return self._device(x, content)
        if code is not None and code in self._devices:
            return self._poll(x, code, content)
        kind = _KINDS.get(grant)
        if kind is None:
            return []
        name, purpose = kind
        client, server, index = client_name(x), host_name(x.url), x.exchange.index
        telling = Telling("login-token", client, server)
        telling.say("The client brings a code that was exchanged before. A code counts once." if again else purpose)
        telling.arrow(client, server, f"grant_type={grant}", index)
        outcome = _outcome(telling, x, content, client, server)
        return [telling.story(f"{name} at `{server}`: {outcome}")]

    def _device(self, x: Subject, content: dict[str, Any]) -> list[Story]:
        device = self._devices[content["device_code"]] = _Device(x)
        gone = self._devices.popitem(last=False)[1] if len(self._devices) > MOST_DEVICES else None
        device.telling.say("A device without a keyboard asks for a code that the person types in on another device.")
        device.telling.arrow(device.client, device.server, "a code for a device", x.exchange.index)
        where = content.get("verification_uri")
        if isinstance(where, str):
            device.telling.say(
                f"The person opens `{brief(x.masker.url(where), 100)}` and types the code that is shown."
            )
            device.telling.arrow(device.server, device.client, "code and address", x.exchange.index)
        return [] if gone is None else [_tell_device(gone, "no end in this recording")]

    def _poll(self, x: Subject, code: str, content: dict[str, Any]) -> list[Story]:
        device = self._devices[code]
        if content.get("error") in ("authorization_pending", "slow_down"):
            device.polls += 1
            device.telling.about(x.exchange.index)
            return []
        del self._devices[code]
        polls = words.count(device.polls, "time")
        device.telling.say(f"Meanwhile the device asks for its token: {polls} too early.")
        device.telling.arrow(device.client, device.server, "device code for tokens", x.exchange.index)
        return [_tell_device(device, _outcome(device.telling, x, content, device.client, device.server))]

    def finish(self) -> Iterator[Story]:
        """Devices that still wait."""
        for device in self._devices.values():
            yield _tell_device(device, "no end in this recording")


def _outcome(telling: Telling, x: Subject, content: dict[str, Any], client: str, server: str) -> str:
    index = x.exchange.index
    if "access_token" in content:
        got = [n for n in ("access_token", "id_token", "refresh_token") if n in content]
        telling.say(f"The answer has {words.listed(words.ticked(got))}.")
        telling.arrow(server, client, "tokens", index)
        return "granted"
    text, finding = refused(x, content)
    telling.say(text)
    if 200 <= x.status < 400:
        telling.arrow(server, client, str(x.status), index)
        return "its answer not in this recording"
    telling.arrow(server, client, str(x.status or "no response"), index, failed=True)
    telling.fail()
    if finding is not None:
        telling.found(finding)
    return f"refused ({x.status or 'no response'})"


def _tell_device(device: _Device, outcome: str) -> Story:
    return device.telling.story(f"Login of a device at `{device.server}`: {outcome}")

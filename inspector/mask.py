"""Secrets are shown as stable placeholders: the same secret always gets the same one, so flows stay readable.

Placeholders are numbered in the order secrets are first shown. They are not hashes: a hash of a short secret can be
reversed by trying, a number cannot.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, unquote_plus

from inspector.exchange import Exchange, Fields, Request, Shape
from inspector.patterns import compile_late
from inspector.sought import Sought

SECRET_FIELDS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "authentication-info",
        "api-key",
        "apikey",
        "private-token",
        "dpop",
        "x-amz-security-token",
        "x-goog-iap-jwt-assertion",
    }
)
"""Fields whose whole value is a credential; a leading auth scheme is kept."""

_SECRET_NAME = compile_late(
    r"(?:^|[-_.\[])(?:token|secret|api-?_?key|apikey|passw(?:or)?d|passwd|pwd|session-?_?id|sessid|sid|jsessionid|"
    r"phpsessid|auth|jwt|credential|signature|sig|assertion|samlresponse|samlrequest|ticket|otp|pin|csrf|xsrf|nonce|code|"
    r"code_verifier|state|access_?token|refresh_?token|id_?token|client_?secret|private_?key|key)(?:$|[-_.\]])",
    re.IGNORECASE,
)
_SECRET_FIELD_NAME = compile_late(r"(?:token|secret|api-?key|password|session-?id|csrf|xsrf|credential)", re.IGNORECASE)
_NOT_SECRET_FIELDS = frozenset({"access-control-allow-credentials", "sec-fetch-storage-access", "sec-session-id"})
_URL_FIELDS = frozenset({"location", "content-location", "referer", "link", "refresh"})
_PARAMETER = compile_late(r"([?&;#])([^=&;#?]{1,80})=([^&;#]+)")
_USERINFO = compile_late(r"(?<=//)[^/?#@]+(?=@)")
_LARGEST_FORM = 65_536
# Tried once for each run of a token's characters, at the first "eyJ" in it: what fails there fails further on.
_JWT = compile_late(r"(?<![\w-])(?>([\w-]*?)(?<!\w)(?=eyJ))(eyJ[\w-]{5,}+\.[\w-]*+\.[\w-]*+)")
_SCHEME = compile_late(r"([A-Za-z][\w-]{1,20}) +(\S.*)", re.DOTALL)
_COOKIE = compile_late(r"(?<![^;])([^=;]*=)([^;]*)")  # looked for where a pair begins, not at each character


class Masker:
    """Replaces secrets by ``[masked N]``. One per report, so that numbers agree across its exchanges.

    `reveal` switches masking off. At most `limit` secrets are remembered; the longest unseen is forgotten first.
    """

    def __init__(self, reveal: bool = False, limit: int = 20_000) -> None:
        self.reveal = reveal
        self._limit = limit
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._count = 0

    def secret(self, value: str) -> str:
        """The placeholder of one secret value; an empty value is no secret and stays."""
        if self.reveal or not value or value.startswith("[masked "):
            return value
        number = self._numbers.get(value)
        if number is None:
            self._count += 1
            number = self._numbers[value] = self._count
            if len(self._numbers) > self._limit:
                self._numbers.popitem(last=False)
        else:
            self._numbers.move_to_end(value)
        return f"[masked {number}]"

    def field(self, name: str, value: str) -> str:
        """A field's value as it may be shown. `name` in any case."""
        if self.reveal or not value:
            return value
        kind = _field_kind(name)
        if kind == "text":
            return self.text(value) if "=" in value or "eyJ" in value else value
        if kind == "url":
            return self.url(value)
        if kind == "cookie":
            return _COOKIE.sub(lambda m: m[1] + self.secret(m[2]), value) if "=" in value else self.secret(value)
        if kind == "set-cookie":
            return self._set_cookie(value)
        scheme = _SCHEME.fullmatch(value)
        return f"{scheme[1]} {self.secret(scheme[2])}" if scheme else self.secret(value)

    def _set_cookie(self, value: str) -> str:
        pair, semicolon, attributes = value.partition(";")
        name, equals, content = pair.partition("=")
        if not equals:
            return self.secret(pair) + semicolon + attributes
        return f"{name}={self.secret(content.strip())}{semicolon}{attributes}"

    def url(self, url: str) -> str:
        """A URL as it may be shown: credentials and secret-looking parameter values masked."""
        if self.reveal:
            return url
        if "@" in url:
            url = _USERINFO.sub(lambda m: self.secret(m[0]), url)
        if "=" in url and _secret_values(url):
            url = _PARAMETER.sub(self._parameter, url)
        return _JWT.sub(self._token, url) if "eyJ" in url else url

    def _parameter(self, match: re.Match[str]) -> str:
        begin, name, value = match.groups()
        return f"{begin}{name}={self.secret(value)}" if _secret_parameter(name) else match[0]

    def _token(self, match: re.Match[str]) -> str:
        return f"{match[1]}{self.secret(match[2])}"

    def text(self, text: str) -> str:
        """Free text as it may be shown: URLs' secret parameters and JSON Web Tokens masked."""
        if self.reveal:
            return text
        if "=" in text and "://" in text:
            return self.url(text)
        return _JWT.sub(self._token, text) if "eyJ" in text else text

    def scrub(self, text: str, secrets: Sought) -> str:
        """`text` with every occurrence of the given secrets masked: the net under everything else."""
        if self.reveal:
            return text
        for value in secrets.within(text):
            if value in text:
                text = text.replace(value, self.secret(value))
        return text


@lru_cache(maxsize=2048)
def _field_kind(name: str) -> Literal["text", "url", "cookie", "set-cookie", "secret"]:
    name = name.lower()
    if name == "cookie":
        return "cookie"
    if name == "set-cookie":
        return "set-cookie"
    if name in SECRET_FIELDS or (_SECRET_FIELD_NAME.search(name) and name not in _NOT_SECRET_FIELDS):
        return "secret"
    return "url" if name in _URL_FIELDS else "text"


@lru_cache(maxsize=4096)
def _secret_parameter(name: str) -> bool:
    return _SECRET_NAME.search(unquote(name) if "%" in name else name) is not None


@lru_cache(maxsize=4096)
def _secret_values(url: str) -> tuple[str, ...]:
    """The values of a URL's parameters that go by their name as secrets."""
    return tuple([value for _, name, value in _PARAMETER.findall(url) if _secret_parameter(name)])


@lru_cache(maxsize=2048)
def _field_secrets(name: str, value: str) -> tuple[str, ...]:
    if name == "cookie":
        return _worth([content.strip() for _, content in _COOKIE.findall(value)])
    if name == "set-cookie":
        return _worth([value.partition(";")[0].partition("=")[2].strip()])
    return _worth([value.rpartition(" ")[2].strip()])


def _worth(found: list[str]) -> tuple[str, ...]:
    """Those worth hiding, each once."""
    return tuple(dict.fromkeys([value for value in found if _worth_hiding(value)]))


@lru_cache(maxsize=4096)
def _worth_hiding(value: str) -> bool:
    """Long and mixed enough that replacing it anywhere hides a secret rather than mangling a sentence."""
    return (
        len(value) >= 8
        and "://" not in value
        and not (value[0] == "/" and ("." in value or "?" in value))  # a path that a page keeps
        and not value.isdigit()
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
    )


@lru_cache(maxsize=2048)
def _url_secrets(url: str) -> tuple[str, ...]:
    found = _secret_values(url)
    return _worth([*found, *(_USERINFO.findall(url) if "@" in url else ())]) if found or "@" in url else ()


def _form_secrets(request: Request) -> tuple[str, ...]:
    """The values of a posted form that go by their name as secrets, as they were sent and as they were typed."""
    body = request.body
    if body.source is None or (body.size or 0) > _LARGEST_FORM:
        return ()
    if "x-www-form-urlencoded" not in (request.fields.get("content-type") or ""):
        return ()
    pairs = [pair.partition("=") for pair in (body.text or "").split("&", 100)]
    found = [value for name, _, value in pairs if _secret_parameter(unquote_plus(name))]
    return _worth([f for raw in found for f in (raw, unquote_plus(raw))])


def secrets_of(exchange: Exchange) -> tuple[str, ...]:
    """The secrets an exchange carries in its URLs, credential fields and posted form, for `Masker.scrub`."""
    request, response = exchange.request, exchange.response
    url, sent = request.url, request.fields
    found = list(_url_secrets(url)) if "=" in url or "@" in url else []
    referer = sent.get("referer")
    if referer is not None and "=" in referer:
        found += _addresses(sent, "referer")
    if request.method == "POST":
        found += _form_secrets(request)
    for name in _credentials(sent.shape):
        for value in sent.all(name):
            found += _field_secrets(name, value)
    if response is not None:
        answer = response.fields
        if "set-cookie" in answer.first:
            for value in answer.all("set-cookie"):
                found += _field_secrets("set-cookie", value)
        location = answer.get("location")
        if location is not None and "=" in location:
            found += _addresses(answer, "location")
    return tuple(found)


@lru_cache(maxsize=2048)
def _credentials(shape: Shape) -> tuple[str, ...]:
    """The fields of a request that hold credentials as a whole."""
    return tuple([name for name in ("cookie", "authorization", "proxy-authorization") if name in shape.names])


def _addresses(fields: Fields, name: str) -> tuple[str, ...]:
    """The secrets in the parameters of the URLs that a field holds."""
    return tuple([secret for url in fields.all(name) if "=" in url for secret in _url_secrets(url)])

"""What OpenID providers publish of themselves: their metadata (OpenID Connect Discovery, section 3) and the keys that
their ID tokens are checked with (RFC 7517).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from inspector.stories.oauth_grants import answered

if TYPE_CHECKING:
    from inspector.subject import Subject

METADATA = "/.well-known/openid-configuration"
KEY_SETS = ("jwks", "jwks.json", "jwks_uri", "/certs", "/keys", "/jwk")
"""How addresses end under which providers publish their keys."""
MOST = 32
MOST_KEYS = 64
"""Keys of one set that are looked at."""


class Provider(Struct, frozen=True):
    """One provider's metadata; ``""`` and empty where it does not say."""

    issuer: str
    origin: str
    """Where the metadata came from."""
    authorize: str = ""
    end_session: str = ""
    jwks_uri: str = ""
    algorithms: tuple[str, ...] = ()
    """What it signs ID tokens with (``id_token_signing_alg_values_supported``)."""


class KeySet(Struct, frozen=True):
    """A JSON Web Key Set as it was answered in the exchange `index`, at `at` (seconds since 1970)."""

    keys: tuple[dict[str, Any], ...]
    index: int
    at: float | None
    fresh: bool
    """Whether it came from the network, and from no cache on the way."""


class Providers:
    """Remembers both, bounded. Several issuers may share an origin, and keys may come from another one."""

    def __init__(self) -> None:
        self._providers: OrderedDict[str, Provider] = OrderedDict()
        self._keys: OrderedDict[str, KeySet] = OrderedDict()
        self._uris: OrderedDict[str, None] = OrderedDict()
        self.ends: dict[str, Provider] = {}
        """Providers by the address at which they end sessions."""

    def metadata(self, x: Subject) -> None:
        """Take note of a provider's metadata."""
        content = answered(x)
        if content is None or not isinstance(content.get("issuer"), str):
            return

        def text(name: str) -> str:
            value = content.get(name)
            return value if isinstance(value, str) else ""

        signs = content.get("id_token_signing_alg_values_supported")
        found = self._providers[content["issuer"]] = Provider(
            content["issuer"],
            x.url.origin,
            text("authorization_endpoint"),
            text("end_session_endpoint"),
            text("jwks_uri"),
            tuple(a for a in signs if isinstance(a, str)) if isinstance(signs, list) else (),
        )
        if found.jwks_uri:
            self._uris[found.jwks_uri] = None
            if len(self._uris) > MOST:
                self._uris.popitem(last=False)
        if found.end_session:
            self.ends[_bare(found.end_session)] = found
        if len(self._providers) > MOST:
            gone = self._providers.popitem(last=False)[1]
            self.ends.pop(_bare(gone.end_session), None)

    @property
    def named(self) -> bool:
        """Whether a provider has named addresses of its own."""
        return bool(self._uris or self.ends)

    def publishes(self, url: str) -> bool:
        """Whether keys are to be expected at an address. Cheap: it is asked of every exchange."""
        return url.endswith(KEY_SETS) or url in self._uris

    def published(self, x: Subject) -> bool:
        """Take note of keys; whether the exchange published any."""
        keys = (answered(x) or {}).get("keys")
        if not isinstance(keys, list):
            return False
        usable = tuple(k for k in keys[:MOST_KEYS] if isinstance(k, dict) and isinstance(k.get("kty"), str))
        if not usable:
            return False
        fresh = x.exchange.context.served_from in (None, "network") and "age" not in x.res and x.status == 200
        self._keys[x.url.text.partition("#")[0]] = KeySet(usable, x.exchange.index, x.started, fresh)
        if len(self._keys) > MOST:
            self._keys.popitem(last=False)
        return True

    def asked(self, url: str) -> Provider | None:
        """The provider whose authorization endpoint this is; else the only one whose metadata has its origin."""
        bare = _bare(url)
        same = [p for p in self._providers.values() if url.startswith(p.origin + "/")]
        exact = next((p for p in same if _bare(p.authorize) == bare), None) or next(
            (p for p in self._providers.values() if p.authorize and _bare(p.authorize) == bare), None
        )
        return exact or (same[0] if len(same) == 1 else None)

    def keys(self, provider: Provider | None, origin: str) -> KeySet | None:
        """The keys a provider published; where its metadata is not known, those that `origin` published, if one set."""
        if provider is not None and provider.jwks_uri:
            return self._keys.get(provider.jwks_uri)
        found = [keys for url, keys in self._keys.items() if url.startswith(origin + "/")]
        return found[0] if len(found) == 1 else None


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]

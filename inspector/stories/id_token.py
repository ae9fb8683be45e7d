"""The ID token a login ends with (OpenID Connect Core, section 3.1.3.7): its claims, its times and its signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inspector import words
from inspector.content.token_signature import Checked, check
from inspector.content.tokens import Token
from inspector.report import Annotation, Evidence
from inspector.rules.base import Finding
from inspector.rules.oauth_story import ID_TOKEN_SIGNATURE
from inspector.rules.status_words import brief

if TYPE_CHECKING:
    from inspector.mask import Masker
    from inspector.stories.oidc_providers import KeySet, Provider
    from inspector.subject import Subject

SKEW = 120
"""Seconds by which clocks may differ without a word about it."""


def misfits(x: Subject, token: Token, asked: dict[str, str], issuer: str | None) -> Iterator[str]:
    """What in a token's claims does not fit the login it ended, each in a few words.

    `asked` is the authorization request; `issuer` what the provider's metadata says, ``None`` where it is not known.
    """
    claims, hide = token.claims or {}, x.masker.text
    nonce = asked.get("nonce")
    if nonce and claims.get("nonce") != nonce:
        yield "`nonce` is missing" if "nonce" not in claims else "`nonce` is not the one that was sent"
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if asked["client_id"] not in audiences:
        name = brief(hide(asked["client_id"]), 60)
        yield f"`aud` is `{brief(hide(str(audience)), 60)}`, not `{name}`" if audience else "`aud` is missing"
    if issuer is not None and "{" not in issuer and claims.get("iss") != issuer:  # braces: a template for many issuers
        yield f"`iss` is `{brief(hide(str(claims.get('iss'))), 80)}`, not `{brief(hide(issuer), 80)}`"
    now = x.started
    if now is None:
        return
    ends, issued = token.time("exp"), token.time("iat")
    if ends is not None and now - ends > SKEW:
        yield f"it expired {words.duration(now - ends)} before it came"
    if issued is not None and issued - now > SKEW:
        yield f"it was issued {words.duration(issued - now)} in the future: two clocks differ"


def signature(
    token: Token, came: int, keys: KeySet | None, provider: Provider | None, server: str, masker: Masker
) -> tuple[str, Annotation | None]:
    """A sentence on the signature of a token that came in the exchange `came`, and the finding where it is wrong.

    `keys` are those that `server` published, ``None`` where the recording has none. The sentence is empty for a token
    that has no signature.
    """
    algorithm = brief(masker.text(token.algorithm), 20)
    if keys is None:
        if not token.signed or token.algorithm.lower() == "none":
            return "", None
        if token.algorithm.startswith("HS"):
            return _SHARED.format(algorithm), None
        return f"Whether its signature fits is not known: this recording does not have the keys of `{server}`.", None
    found = check(token, keys.keys)
    key = f"the key `{brief(masker.text(found.key), 40)}`" if found.key else "a key"
    published = f"that `{server}` published in #{keys.index}"
    text = _said(found, algorithm, key, published, keys)
    unlisted = provider is not None and provider.algorithms and token.algorithm not in provider.algorithms
    if found.outcome == "verified" and unlisted and provider is not None:
        listed = words.listed(words.ticked(brief(masker.text(a), 20) for a in provider.algorithms))
        return f"{text} The provider's metadata does not name this algorithm, though: it names {listed}.", None
    title, fix, certain = _WRONG.get(found.outcome, ("", "", False))
    if not title or (found.outcome == "unknown key" and not _published_later(token, keys)):
        return text, None
    finding = Finding(
        text[0].upper() + text[1:],
        fix,
        (
            Evidence("exchange", "id_token", masker.secret(token.raw), exchange=came),
            Evidence("exchange", "alg", algorithm, exchange=came),
            Evidence("response.body", "keys", words.count(len(keys.keys), "key"), exchange=keys.index),
        ),
        title=title,
        certainty="certain" if certain else "likely",
        condition=None if certain else "the provider has not taken this key out of use since it signed",
    )
    return text, ID_TOKEN_SIGNATURE.annotation(finding)


_SHARED = (
    "`{0}` signs with a secret that the client and the provider share, so a recording cannot show whether the "
    "signature fits."
)
_WRONG: dict[str, tuple[str, str, bool]] = {
    "wrong": (
        "The ID token's signature is wrong",
        "The client refuses the token. The provider signs with the private key of a key that it publishes under "
        "`jwks_uri`, and names it in `kid`.",
        True,
    ),
    "public secret": (
        "The ID token is signed with a key that everybody has",
        "The client accepts the one algorithm it expects (`RS256`, say) and never takes it from the token's header; "
        "then a public key cannot become a secret.",
        True,
    ),
    "algorithm": (
        "The ID token's algorithm is not the one of its key",
        "The client refuses the token: it accepts the algorithm of the key that it knows. The provider signs with the "
        "key that `kid` names, by that key's algorithm.",
        True,
    ),
    "unknown key": (
        "The ID token names a key that the provider does not publish",
        "The provider publishes a key under `jwks_uri` before it signs with it, and leaves it there until the last "
        "token it signed is over.",
        False,
    ),
}
"""For each way to be wrong: title, what to do, and whether it is certain."""


def _said(found: Checked, algorithm: str, key: str, published: str, keys: KeySet) -> str:
    match found.outcome:
        case "verified":
            return f"Its signature is verified: `{algorithm}`, with {key} {published}."
        case "wrong":
            tried = f"{key} {published}" if found.key else f"any key {published}"
            return (
                f"Its signature does not fit {tried}: another key signed the token, or it was changed after it was "
                "signed."
            )
        case "public secret":
            return (
                f"Its signature is an `{algorithm}` whose secret is {key} {published}. This key is public, so anybody "
                "can make such a token."
            )
        case "algorithm":
            which = key if found.key else "the key"
            return f"Its header says `{algorithm}`, but {found.why}: {which} {published} cannot have signed it."
        case "unknown key":
            number = len(keys.keys)
            if number == 1:
                return f"It names {key}, and the only key {published} is another: its signature cannot be checked."
            return f"It names {key}, which is none of the {number} {published}: its signature cannot be checked."
        case "secret":
            return _SHARED.format(algorithm)
        case "open":
            return f"Whether its signature fits cannot be said here: {found.why}."
        case _:
            return ""


def _published_later(token: Token, keys: KeySet) -> bool:
    """Whether the keys came from the provider itself, after the token was made: else they may simply be old."""
    made = token.time("iat")
    return keys.fresh and made is not None and keys.at is not None and keys.at >= made - SKEW

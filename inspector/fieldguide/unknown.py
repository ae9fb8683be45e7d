"""What can be said of a field the guide does not know: what follows from the shape of its name, and nothing else."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from inspector.fields.tokens import is_token

_VENDORS = (
    ("cf-", "Cloudflare"),
    ("x-amz-", "Amazon Web Services"),
    ("x-amzn-", "Amazon Web Services"),
    ("x-goog-", "Google Cloud"),
    ("x-ms-", "Microsoft"),
    ("x-azure-", "Microsoft Azure"),
    ("x-akamai-", "Akamai"),
    ("akamai-", "Akamai"),
    ("x-fastly-", "Fastly"),
    ("fastly-", "Fastly"),
    ("x-vercel-", "Vercel"),
    ("x-nextjs-", "Next.js"),
    ("x-nf-", "Netlify"),
    ("x-github-", "GitHub"),
    ("x-gitlab-", "GitLab"),
    ("x-shopify-", "Shopify"),
    ("x-wp-", "WordPress"),
    ("x-drupal-", "Drupal"),
    ("x-magento-", "Magento"),
    ("x-litespeed-", "LiteSpeed"),
    ("x-sucuri-", "Sucuri"),
    ("x-envoy-", "the Envoy proxy"),
    ("x-kong-", "the Kong gateway"),
    ("x-datadog-", "Datadog"),
    ("x-newrelic-", "New Relic"),
    ("x-b3-", "Zipkin's B3 tracing"),
    ("x-oss-", "Alibaba Cloud's object storage"),
    ("x-cos-", "Tencent Cloud's object storage"),
    ("x-fb-", "Facebook"),
    ("x-twitter-", "Twitter"),
    ("x-slack-", "Slack"),
    ("x-stripe-", "Stripe"),
    ("hx-", "htmx"),
    ("x-turbo-", "Turbo"),
    ("x-inertia-", "Inertia"),
    ("grpc-", "gRPC"),
    ("x-goog", "Google"),
)
_METHODS = ("get ", "post ", "options ", "put ", "delete ", "head ", "patch ", "connect ")
_LONGEST = 60


def shape_of_name(name: str, known: tuple[str, ...]) -> str:
    """Say that a field (lower-case name) is unknown, and what its name alone shows. `known` are the guide's names."""
    if name.startswith(_METHODS):
        return "No field: the recorder has taken a request line for one, and cut it at its first colon."
    if name.startswith(":"):
        return "Not known to this guide. A name that begins with a colon is a pseudo-field of HTTP/2 and HTTP/3."
    if not is_token(name):
        return "No valid field name, for the characters it has: the recorder took something else for one."
    if len(name) > _LONGEST:
        return "Not known to this guide."
    letters = sorted(name)
    scrambled = next((k for k in _SCRAMBLED if sorted(k.lower()) == letters), None)
    if scrambled is not None:
        return (
            f"Not known to this guide. It has the letters of `{scrambled}` in another order: some load balancers put a "
            "field out of force this way without changing the message's length."
        )
    close = None if name.startswith("x-") else close_name(name, known)
    if close is not None and sorted(close.lower()) != letters:
        return f"Not known to this guide. It is close to `{close}`, but what looks for that does not find it."
    for start, vendor in _VENDORS:
        if name.startswith(start):
            return f"Not known to this guide. Names that begin with `{start}` belong to {vendor}."
    if name.startswith("sec-"):
        return "Not known to this guide. Scripts cannot set a request field that begins with `Sec-`: the client does."
    if name.startswith("x-"):
        return (
            "Not known to this guide. `X-` marks a name somebody made up for their own use, by an old convention; "
            "only who "
            "sends it can say what it means."
        )
    return "Not known to this guide."


def close_name(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that differs least from one in lower case, where that is little.

    Most names are told apart by their lengths and by which characters are in them, before the rest are compared.
    """
    spelled = _spelled(known)
    has = set(name)
    least, near = _CLOSE / 2, []
    for other, characters in spelled.items():
        alike = least * (len(name) + len(other)) - 0.001
        if (
            alike <= len(name)
            and alike <= len(other)
            and len(has - characters) <= len(name) - alike
            and len(characters - has) <= len(other) - alike
        ):
            near.append(other)
    close = get_close_matches(name, near, 1, _CLOSE)
    return next(k for k in known if k.lower() == close[0]) if close else None


@lru_cache(maxsize=1)
def _spelled(known: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Each name in lower case, and its characters."""
    return {name.lower(): frozenset(name.lower()) for name in known if not name.endswith("*")}


_CLOSE = 0.9
"""The share of two names' characters that must be alike."""
_SCRAMBLED = (
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "Content-Encoding",
    "Accept-Encoding",
    "X-Connection",
)

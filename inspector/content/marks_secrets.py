"""Credentials by the shapes their issuers gave them: prefix, length, alphabet, and a checksum where there is one.

What an issuer's own documentation uses as an example, and what is plainly a placeholder, is not one.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib

from inspector.content.marks_base import TEXTUAL, Mark
from inspector.patterns import compile_late

_EVERYWHERE = TEXTUAL | {"url"}
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLACEHOLDER = compile_late(
    rb"example|placeholder|your[_-]?|dummy|sample|changeme|redacted|x{5}|\*{3}|0{6}|1234567|abcdefg|(.)\1{6}|\.\.\.",
    re.IGNORECASE,
)
_AZURITE = b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
"""The account key of the storage emulator, printed in its documentation."""


def _real(found: bytes) -> bool:
    """Varied enough for something random, and no placeholder."""
    return len(set(found)) >= 9 and _PLACEHOLDER.search(found) is None


def _checked(found: bytes) -> bool:
    """A token of GitHub or npm: its last six characters are the CRC-32 of the thirty before, in base 62."""
    body, checksum = found[-36:-6], found[-6:]
    number, digits = zlib.crc32(body), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(6, "0").encode() == checksum


def _storage_key(found: bytes) -> bool:
    return _AZURITE not in found and _real(found)


_DSN = compile_late(rb"://([^:@/]*):([^@]*)@(\[[^\]]*\]|[^:/?]*)")
_NO_PASSWORD = compile_late(
    rb"(?:pass(?:word|wd)?|pwd|secret|user(?:name)?|root|admin|test|\W.*|<.*|\$.*|%.*|\{.*)\d*", re.I
)
_NO_HOST = compile_late(
    rb"localhost|127\..*|(?:my)?(?:host|server|cluster)(?:name)?\d*|.*example.*|db|\W.*|", re.IGNORECASE
)


def _connection_string(found: bytes) -> bool:
    match = _DSN.search(found)
    if match is None or match[1] == match[2] or _PLACEHOLDER.search(found):
        return False
    return _NO_PASSWORD.fullmatch(match[2]) is None and _NO_HOST.fullmatch(match[3]) is None


def jwt_parts(token: str) -> tuple[dict[str, object], dict[str, object]] | None:
    """Header and claims of a signed JSON Web Token (RFC 7519); ``None`` where it is none."""
    parts = token.split(".")
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in parts[:2])
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or "alg" not in header:
        return None
    return header, claims


def _personal_jwt(found: bytes) -> bool:
    """A token that stands for somebody; those that apps publish as a key (`role: anon`) are not meant."""
    parts = jwt_parts(found.decode("latin-1"))
    return parts is not None and parts[1].get("role") != "anon" and any(c in parts[1] for c in ("sub", "exp", "email"))


def _secret(
    what: str,
    name: str,
    literals: str | tuple[str, ...],
    pattern: bytes,
    *,
    before: int = 0,
    after: int = 256,
    valid: object = _real,
    group: str = "secret",
    bounded: bool = True,
) -> Mark:
    if bounded:
        pattern = rb"(?<![A-Za-z0-9_])(?:" + pattern + rb")(?![A-Za-z0-9_])"
    return Mark(
        f"{group}/{what}",
        name,
        (literals,) if isinstance(literals, str) else literals,
        compile_late(pattern),
        before,
        after,
        _EVERYWHERE,
        valid,  # type: ignore[arg-type]
    )


# An access key id is part of every pre-signed URL, where it is meant to be.
_NOT_SIGNED = rb"(?<!Credential=)(?<!Credential%3D)(?<!Credential\\u003d)(?<!AWSAccessKeyId=)(?<!AccessKeyId%3D)"
_PRIVATE_KEY = (
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\\[rn]|\s|[A-Za-z-]{1,20}: [^\r\n]{1,100})*[A-Za-z0-9+/](?:[A-Za-z0-9+/=]|\\[rn]|\s){60}"
)

MARKS: tuple[Mark, ...] = (
    _secret(
        "aws-access-key-id",
        "an AWS access key id",
        ("AKIA", "ASIA"),
        _NOT_SIGNED + rb"A[KS]IA[A-Z2-7]{16}",
        valid=lambda found: _real(found) and not found.endswith(b"EXAMPLE"),
    ),
    _secret(
        "aws-secret",
        "an AWS secret access key",
        ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "SecretAccessKey"),
        rb"""(?i:(?:aws_)?secret_?access_?key)["']?\s{0,3}(?:=>|[:=])\s{0,3}["']?(?P<found>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])""",
        bounded=False,
    ),
    _secret(
        "github",
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        rb"gh[opusr]_[A-Za-z0-9]{36}",
        valid=_checked,
    ),
    _secret("github-pat", "a GitHub fine-grained token", "github_pat_", rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _secret(
        "gitlab", "a GitLab access token", "glpat-", rb"glpat-[A-Za-z0-9_-]{20,100}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?"
    ),
    _secret("npm", "an npm access token", "npm_", rb"npm_[A-Za-z0-9]{36}", valid=_checked),
    _secret("pypi", "a PyPI token", "pypi-AgEIcHlwaS5vcmc", rb"pypi-AgEIcHlwaS5vcmc[\w-]{50,500}", after=520),
    _secret(
        "slack",
        "a Slack token",
        ("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-"),
        rb"xox[abprs]-(?:\d{10,13}-){1,3}[A-Za-z0-9]{20,40}|xapp-\d-[A-Z0-9]{9,13}-\d{10,14}-[a-f0-9]{60,70}",
    ),
    _secret(
        "slack-webhook",
        "a Slack webhook's address",
        "hooks.slack.com/services/T",
        rb"hooks\.slack\.com/services/T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/[A-Za-z0-9]{24}",
    ),
    _secret(
        "discord-webhook",
        "a Discord webhook's address",
        ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        rb"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,80}",
    ),
    _secret("telegram", "a Telegram bot token", ":AA", rb"\d{8,10}:AA[\w-]{33}(?!-)", before=10),
    _secret("stripe", "a Stripe secret key", ("sk_live_", "rk_live_"), rb"[sr]k_live_[0-9a-zA-Z]{24,100}"),
    _secret("stripe-webhook", "a Stripe webhook secret", "whsec_", rb"whsec_[A-Za-z0-9+/]{32,64}"),
    _secret("square", "a Square secret", "sq0csp-", rb"sq0csp-[\w-]{43}"),
    _secret(
        "shopify", "a Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), rb"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    ),
    _secret("google-oauth", "a Google OAuth client secret", "GOCSPX-", rb"GOCSPX-[\w-]{28}"),
    _secret("google-token", "a Google access token", "ya29.", rb"ya29\.[\w-]{40,400}", after=420),
    _secret(
        "azure-storage",
        "an Azure storage account key",
        "AccountKey=",
        rb"AccountKey=(?P<found>[A-Za-z0-9+/]{86}==)",
        valid=_storage_key,
        bounded=False,
    ),
    _secret(
        "azure-client", "an Azure client secret", ("7Q~", "8Q~"), rb"[\w.~-]{3}[78]Q~[\w.~-]{31,34}(?![.~-])", before=3
    ),
    _secret("sendgrid", "a SendGrid API key", "SG.", rb"SG\.[\w-]{22}\.[\w-]{43}"),
    _secret("mailgun", "a Mailgun API key", "key-", rb"key-[0-9a-f]{32}"),
    _secret("twilio", "a Twilio API key", ("twilio", "Twilio", "TWILIO"), rb"SK[0-9a-f]{32}", before=200),
    _secret(
        "openai", "an OpenAI API key", "T3BlbkFJ", rb"sk-(?:[a-z]{4,8}-)?[\w-]{20,80}T3BlbkFJ[\w-]{20,80}", before=100
    ),
    _secret("anthropic", "an Anthropic API key", "sk-ant-", rb"sk-ant-[a-z]{3,6}\d\d-[\w-]{80,120}"),
    _secret("hugging-face", "a Hugging Face token", "hf_", rb"hf_[A-Za-z]{34}"),
    _secret("digitalocean", "a DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), rb"do[opr]_v1_[0-9a-f]{64}"),
    _secret("mapbox", "a Mapbox secret token", "sk.eyJ", rb"sk\.eyJ[\w-]{20,400}\.[\w-]{20,60}", after=480),
    _secret("vault", "a HashiCorp Vault token", "hvs.", rb"hvs\.[\w-]{90,200}"),
    _secret("grafana", "a Grafana service account token", "glsa_", rb"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}"),
    _secret("new-relic", "a New Relic user key", "NRAK-", rb"NRAK-[A-Z0-9]{27}"),
    _secret("atlassian", "an Atlassian API token", "ATATT3xFfGF0", rb"ATATT3xFfGF0[\w=-]{150,250}"),
    _secret("private-key", "a private key", "-----BEGIN ", _PRIVATE_KEY, after=600, valid=None, bounded=False),
    _secret(
        "connection-string",
        "a database address with its password",
        (
            "postgres://",
            "postgresql://",
            "mysql://",
            "mongodb://",
            "mongodb+srv://",
            "redis://",
            "rediss://",
            "amqp://",
            "amqps://",
        ),
        rb"""[a-z+]{5,11}://[^\s:@/"'<>\\]{0,64}:[^\s@/"'<>\\]{3,128}@[^\s/"'<>\\?]{1,200}""",
        valid=_connection_string,
        after=420,
        bounded=False,
    ),
    _secret("google-api", "a Google API key", "AIza", rb"AIza[0-9A-Za-z_-]{35}(?!-)", group="key-hint"),
    _secret(
        "stripe-test",
        "a Stripe secret key for tests",
        ("sk_test_", "rk_test_"),
        rb"[sr]k_test_[0-9a-zA-Z]{24,100}",
        group="key-hint",
    ),
    Mark(
        "key-hint/jwt",
        "a signed token (JWT)",
        ("eyJ",),
        compile_late(rb"(?<![\w.-])eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}"),
        after=7100,
        kinds=frozenset({"html", "script"}),
        valid=_personal_jwt,
    ),
)

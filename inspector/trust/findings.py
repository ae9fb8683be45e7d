"""What stands out about a chain: the shape of a finding, and the names of refusals.

Refusals carry Chromium's own net errors, so that they can be looked up, and compared with the browser by a program.
"""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from inspector.report import Severity

Refusal = Literal[
    "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    "ERR_SSL_KEY_USAGE_INCOMPATIBLE",
    "ERR_CERT_REVOKED",
    "ERR_CERT_AUTHORITY_INVALID",
    "ERR_CERT_COMMON_NAME_INVALID",
    "ERR_CERTIFICATE_TRANSPARENCY_REQUIRED",
    "ERR_CERT_WEAK_SIGNATURE_ALGORITHM",
    "ERR_CERT_WEAK_KEY",
    "ERR_CERT_INVALID",
    "ERR_CERT_DATE_INVALID",
    "ERR_CERT_VALIDITY_TOO_LONG",
]
PRECEDENCE: tuple[Refusal, ...] = get_args(Refusal)
"""Which of several Chromium names: the first. What fails before certificates are judged comes before all others."""


class Finding(Struct, frozen=True):
    """One thing worth telling about a chain.

    `code` names it for programs. `refusal` is the error that browsers refuse it with, ``None`` where they accept it.
    `refused_by` names, in words, those clients that refuse what browsers in general accept. `link` is the place in the
    path, from 0 (the server's own certificate), ``None`` for the chain as a whole.
    """

    code: str
    severity: Severity
    title: str
    detail: str
    fix: str
    refusal: Refusal | None = None
    refused_by: str | None = None
    link: int | None = None
    reference: str | None = None

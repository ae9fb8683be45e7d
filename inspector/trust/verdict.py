"""Would a browser accept this chain? Path building and verification by `cryptography.x509.verification` (RFC 5280 with
the profile of the web), and what it does not look at from `checks`.

The verifier has the last word on what is accepted; the checks say why in words. Where the two disagree, that is said
instead of decided.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from msgspec import Struct

from inspector.trust.anchors import Anchors
from inspector.trust.facts import Facts, load
from inspector.trust.findings import PRECEDENCE, Finding, Refusal
from inspector.trust.names import is_address
from inspector.words import listed, ticked

_NOISE = re.compile(r"\s*\(encountered processing <Certificate.*|AlgorithmIdentifier \{.*")
Outcome = Literal["accepted", "refused", "depends", "unknown"]


class Verdict(Struct, frozen=True):
    """What becomes of the chain.

    `code` is Chromium's error for refused chains. `because` is one sentence. `verifier` is what the verifier said, in
    its own words; ``None`` where it accepted or could not be asked (no host).
    """

    outcome: Outcome
    code: Refusal | None
    because: str
    verifier: str | None = None


def verify(sent: Sequence[bytes], host: str, anchors: Anchors, at: float) -> str | None:
    """Ask the verifier; ``None`` when it accepts, else its own words.

    `host` is from `names.reference_host`, `at` in seconds since 1970, `sent` DER with the server's certificate first.
    """
    subject = x509.IPAddress(ipaddress.ip_address(host)) if is_address(host) else x509.DNSName(host)
    try:
        verifier = (
            PolicyBuilder()
            .store(Store(anchors.certificates))
            .time(datetime.fromtimestamp(at, UTC).replace(tzinfo=None))
            .build_server_verifier(subject)
        )
        verifier.verify(load(sent[0]), [load(der) for der in sent[1:]])
    except VerificationError as error:
        return _short(str(error))
    except Exception as error:  # a certificate that it cannot read: refused as well, for its own reason
        return _short(f"{type(error).__name__}: {error}")
    return None


def judge(findings: Sequence[Finding], refused: str | None, host: str | None, leaf: Facts) -> Verdict:
    """Put the verifier's answer and the findings together.

    `refused` is what `verify` gave, `leaf` the first certificate. Without a `host`, only the chain is judged.
    """
    if host is None and leaf.ca and not leaf.has_names:
        return Verdict(
            "unknown", None, "This is an authority's certificate: it vouches for others and stands for no server."
        )
    fatal = [finding for finding in findings if finding.refusal is not None]
    if fatal:
        first = min(fatal, key=lambda f: PRECEDENCE.index(f.refusal))
        also = len(fatal) - 1
        more = f" ({also} more {'reason' if also == 1 else 'reasons'} below)" if also else ""
        return Verdict("refused", first.refusal, f"{first.title}{more}.", refused)
    some = [finding for finding in findings if finding.refused_by is not None]
    if some:
        first = some[0]
        return Verdict("depends", None, f"{first.title}: refused by {first.refused_by}.", refused)
    if refused is not None:
        return Verdict(
            "unknown",
            None,
            "The verifier refuses it for a reason that is not known to matter to browsers; a browser will tell.",
            refused,
        )
    if host is None:
        names = f"the names it lists: {listed(ticked(leaf.names), most=4)}" if leaf.names else "no host at all"
        return Verdict("accepted", None, f"The chain leads to an authority that is trusted. It speaks for {names}.")
    return Verdict("accepted", None, "The chain leads from this host to an authority that is trusted, without a gap.")


def _short(text: str) -> str:
    """The reason alone: without the certificates' own rendering, which says what the reader sees anyway."""
    return " ".join(_NOISE.sub("", text).split()).removeprefix("validation failed: ")[:300]

"""SAML messages as browsers carry them between sites: decoded, and read no further than a person needs.

The bindings (SAML 2.0 bindings, sections 3.4 and 3.5) are base64, in a redirect deflated before. The XML is read by
`expat` with document types refused, so that no entity can expand.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LARGEST = 500_000
_PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


class SamlMessage(Struct, frozen=True):
    """What one message says. Times are seconds since 1970; ``""`` and ``None`` where it does not say."""

    kind: str
    """``AuthnRequest``, ``Response``, ``LogoutRequest`` …"""
    id: str = ""
    issuer: str = ""
    destination: str = ""
    status: str = ""
    """The last part of the status code, as in ``Success`` or ``AuthnFailed``."""
    in_response_to: str = ""
    audience: str = ""
    not_before: float | None = None
    not_after: float | None = None
    message_signed: bool = False
    assertion_signed: bool = False
    assertions: int = 0
    encrypted: bool = False
    attributes: tuple[str, ...] = ()
    """Names of the attributes told about the person."""


@lru_cache(maxsize=64)
def decode(value: str, *, redirect: bool) -> SamlMessage | None:
    """Decode a ``SAMLRequest`` or ``SAMLResponse`` parameter, percent-encoding undone; ``None`` where it is none.

    `redirect` says that it came in a URL and is deflated (RFC 1951). At most half a megabyte is inflated.
    """
    try:
        data = base64.b64decode("".join(value.split()), validate=False)
        if redirect:
            inflater = zlib.decompressobj(-15)
            data = inflater.decompress(data, _LARGEST)
            if inflater.unconsumed_tail:
                return None
    except (binascii.Error, ValueError, zlib.error):
        return None
    if len(data) > _LARGEST or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return None
    from xml.etree import ElementTree  # slow to import, and rarely needed

    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    return _read(root) if root.tag.startswith(_PROTOCOL) else None


def _read(root: Element) -> SamlMessage:
    assertions = root.findall(f"{_ASSERTION}Assertion")
    first = assertions[0] if assertions else None
    conditions = first.find(f"{_ASSERTION}Conditions") if first is not None else None
    code = root.find(f"{_PROTOCOL}Status/{_PROTOCOL}StatusCode")
    inner = code.find(f"{_PROTOCOL}StatusCode") if code is not None else None
    status = (inner if inner is not None else code).get("Value", "") if code is not None else ""
    audience = first.find(f".//{_ASSERTION}Audience") if first is not None else None
    return SamlMessage(
        root.tag.rpartition("}")[2],
        root.get("ID", ""),
        (root.findtext(f"{_ASSERTION}Issuer") or "").strip(),
        root.get("Destination", ""),
        status.rpartition(":")[2],
        root.get("InResponseTo", ""),
        (audience.text or "").strip() if audience is not None else "",
        _time(conditions.get("NotBefore")) if conditions is not None else None,
        _time(conditions.get("NotOnOrAfter")) if conditions is not None else None,
        root.find(_SIGNATURE) is not None,
        bool(assertions) and all(a.find(_SIGNATURE) is not None for a in assertions),
        len(assertions),
        root.find(f"{_ASSERTION}EncryptedAssertion") is not None,
        tuple(a.get("FriendlyName") or a.get("Name") or "" for a in root.iter(f"{_ASSERTION}Attribute")),
    )


def _time(text: str | None) -> float | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()

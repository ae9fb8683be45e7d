"""How tests start Chromium: quiet, and without the parts of a window that nobody sees when there is none."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from inspector.trust.ca import spki_sha256

CHROMIUM = shutil.which("chromium")

_OFF = (
    # hidden pages for the address bar of each window: half of what opening one costs
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    # requests of the browser's own
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "MediaRouter",
    "OptimizationHints",
    "Translate",
)
LOOPBACK = (
    "LocalNetworkAccessChecks",
    "LocalNetworkAccessChecksWebSockets",
    "BlockInsecurePrivateNetworkRequests",
    "PrivateNetworkAccessSendPreflights",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
)
"""Features to switch off where every server is on loopback and some of them have no TLS on purpose."""


def trusting(certificate: Path) -> str:
    """The switch with which Chromium takes whatever this authority has signed."""
    pin = spki_sha256(x509.load_pem_x509_certificate(certificate.read_bytes()))
    return f"--ignore-certificate-errors-spki-list={pin}"


def switches(*more: str, off: Sequence[str] = ()) -> list[str]:
    """Switches for Chromium's command line: those all tests share, and `more`. `off` are further features to do without."""
    return [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-gpu",
        "--disable-sync",
        "--no-first-run",
        "--no-sandbox",
        f"--disable-features={','.join((*_OFF, *off))}",
        *more,
    ]

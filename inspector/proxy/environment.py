"""The variables that make programs use the proxy and trust its certificate authority, and the files they name.

Programs read their settings from many places; what each variable is for stands beside it. A few read none of them: Go
and Chromium never send loopback addresses through a proxy of the environment, aiohttp wants ``trust_env=True``, and a
program that pins certificates trusts nobody.
"""

from __future__ import annotations

import os
import shlex
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509

Shell = Literal["sh", "fish", "powershell"]

_BUNDLE = "ca-bundle.pem"
_OWN = "ca-extra.pem"
_JAVA = "truststore.p12"
_NODE = "preload.cjs"
_WGET = "wgetrc"
_JAVA_PASSWORD = "changeit"  # what Java itself uses: a store of public certificates holds no secret

_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
_REPLACE = (
    "SSL_CERT_FILE",  # OpenSSL, and with it Python, Ruby, PHP, wget; Go, .NET, httpx, uv, rustls-native-certs
    "REQUESTS_CA_BUNDLE",  # Python's requests
    "CURL_CA_BUNDLE",  # curl
    "GIT_SSL_CAINFO",  # git
    "AWS_CA_BUNDLE",  # the AWS command line and SDKs
    "PIP_CERT",  # pip
    "CARGO_HTTP_CAINFO",  # cargo
    "HTTPLIB2_CA_CERTS",  # httplib2
    "NIX_SSL_CERT_FILE",  # programs from nixpkgs
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",  # gRPC
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",  # gcloud
    "PERL_LWP_SSL_CA_FILE",  # Perl's LWP
)
"""Variables whose file takes the place of the system's authorities: they get those and ours."""
_ADD = (
    "NODE_EXTRA_CA_CERTS",  # Node.js, Bun
    "DENO_CERT",  # Deno
)
"""Variables whose file comes on top of the authorities the program has."""
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Environment(Struct, frozen=True):
    """What to set. `variables` are complete values; `replaced` names proxies that the environment had set before."""

    variables: dict[str, str]
    replaced: tuple[str, ...] = ()


def system_bundle() -> str:
    """The certificates this system trusts, in PEM: its bundle, what Python finds by default, else certifi's."""
    for name in _SYSTEM_BUNDLES:
        file = Path(name)
        if file.is_file():
            return file.read_text("utf-8", "replace")
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    if found:
        return "".join(map(ssl.DER_cert_to_PEM_cert, found))
    import certifi

    return Path(certifi.where()).read_text("utf-8")


def prepare(proxy_url: str, authority: Path, directory: Path, inherited: Mapping[str, str]) -> Environment:
    """Write the files into `directory` and say which variables to set.

    `authority` is the file of the proxy's CA certificate, `inherited` the environment so far: files of authorities that
    it names are added to ours, options for Node.js and Java are kept.

    Raises:
        OSError: a file cannot be read or written.
    """
    own = authority.read_text("ascii")
    bundles = {inherited[name] for name in _REPLACE if inherited.get(name)}
    extras = {inherited[name] for name in _ADD if inherited.get(name)}
    bundle = directory / _BUNDLE
    bundle.write_text("\n".join(dict.fromkeys([system_bundle(), *_contents(bundles), own])), "utf-8")
    extra = directory / _OWN
    extra.write_text("\n".join([*_contents(extras), own]), "utf-8")
    variables: dict[str, str] = {}
    for name in _PROXY:
        variables[name] = variables[name.lower()] = proxy_url
    variables["NO_PROXY"] = variables["no_proxy"] = ""
    variables |= dict.fromkeys(_REPLACE, str(bundle)) | dict.fromkeys(_ADD, str(extra))
    variables["WGETRC"] = str(_wgetrc(directory, bundle, inherited))
    variables |= _node(directory, inherited)
    variables["JAVA_TOOL_OPTIONS"] = _java(directory, bundle, proxy_url, inherited)
    before = {inherited[n] for name in _PROXY for n in (name, name.lower()) if inherited.get(n)}
    return Environment(variables, tuple(sorted(before - {proxy_url})))


def _contents(paths: set[str]) -> list[str]:
    """What can be read of some files; a variable that points nowhere is left to the program that reads it."""
    found = []
    for path in sorted(paths):
        try:
            found.append(Path(path).read_text("utf-8", "replace"))
        except OSError:
            continue
    return found


def _wgetrc(directory: Path, bundle: Path, inherited: Mapping[str, str]) -> Path:
    """wget built with GnuTLS reads no variable with certificates, but one with the name of its settings file."""
    before = Path(inherited.get("WGETRC") or Path("~/.wgetrc").expanduser())
    file = directory / _WGET
    kept = before.read_text("utf-8", "replace") if before.is_file() else ""
    file.write_text(f"{kept}\nca_certificate = {bundle}\n", "utf-8")
    return file


def _node(directory: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """Node.js: new versions have a switch for proxies; for the others, a script that is loaded first."""
    script = directory / _NODE
    script.write_bytes(Path(__file__).with_name(_NODE).read_bytes())
    path = str(script).replace("\\", "\\\\").replace('"', '\\"')
    options = f'{inherited.get("NODE_OPTIONS", "")} --require "{path}"'.strip()
    return {"NODE_USE_ENV_PROXY": "1", "NODE_OPTIONS": options}


def _java(directory: Path, bundle: Path, proxy_url: str, inherited: Mapping[str, str]) -> str:
    """Java reads properties, not variables; every virtual machine takes some from this variable, and says so."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    certificates = [
        pkcs12.PKCS12Certificate(certificate, f"ca-{number}".encode())
        for number, certificate in enumerate(_certificates(bundle.read_bytes()))
    ]
    encryption = BestAvailableEncryption(_JAVA_PASSWORD.encode())
    store = directory / _JAVA
    store.write_bytes(pkcs12.serialize_java_truststore(certificates, encryption))
    host, _, port = proxy_url.removeprefix("http://").rpartition(":")
    settings = {
        "javax.net.ssl.trustStore": str(store),
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": _JAVA_PASSWORD,
        "http.nonProxyHosts": "",
    }
    for scheme in ("http", "https"):
        settings[f"{scheme}.proxyHost"] = host.strip("[]")
        settings[f"{scheme}.proxyPort"] = port
    made = " ".join(_java_option(name, value) for name, value in settings.items())
    return f"{inherited.get('JAVA_TOOL_OPTIONS', '')} {made}".strip()


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a bundle, each once; what cannot be read (some systems keep odd ones) is left out."""
    from cryptography.x509 import load_pem_x509_certificate

    found: dict[bytes, x509.Certificate] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of authorities with odd serial numbers; the system trusts them
        for block in pem.split(_BEGIN)[1:]:
            try:
                certificate = load_pem_x509_certificate(_BEGIN + block.partition(_END)[0] + _END + b"\n")
            except ValueError:
                continue
            found[certificate.signature] = certificate
    return list(found.values())


def _java_option(name: str, value: str) -> str:
    setting = f"-D{name}={value}"
    return f'"{setting}"' if " " in setting else setting


def for_shell(variables: Mapping[str, str], shell: Shell) -> str:
    """The variables as commands of a shell, one a line, ready to be evaluated by it."""
    return "".join(f"{_assignment(name, value, shell)}\n" for name, value in sorted(variables.items()))


def _assignment(name: str, value: str, shell: Shell) -> str:
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"


def shell_of(path: str | None) -> Shell:
    """The kind of a shell from its path (``$SHELL``)."""
    name = os.path.basename(path or "").lower()  # noqa: PTH119 (a path of a foreign system too)
    if "fish" in name:
        return "fish"
    return "powershell" if "pwsh" in name or "powershell" in name else "sh"

"""How to trust the proxy's authority by hand, and how to undo it. ``CERT`` stands for its certificate's file.

A paragraph that begins with ``$ `` is a command.
"""

from __future__ import annotations

import re

from msgspec import Struct


class Guide(Struct, frozen=True):
    """One platform's guide: steps, the way back, and what people trip over."""

    title: str
    steps: tuple[str, ...]
    undo: tuple[str, ...]
    know: tuple[str, ...] = ()


_DEVICE = (
    "Start the proxy so that the device reaches it: `inspector proxy --listen-host 0.0.0.0` on a network you trust, "
    "and enter this machine's address and the port 8080 as the HTTP proxy of the device's Wi-Fi connection."
)

GUIDES: dict[str, Guide] = {
    "windows": Guide(
        "Windows: Edge, Chrome and most programs",
        (
            "`inspector trust install` does this, or in a command prompt, for the current user alone:",
            "$ certutil -user -addstore Root CERT",
            "Windows asks once more and shows the thumbprint. Compare it with `inspector trust status`.",
        ),
        (
            "$ certutil -user -delstore Root inspector",
            "Or: `certmgr.msc`, Trusted Root Certification Authorities, delete it.",
        ),
        (
            "Edge and Chrome take it up when they are started again; Firefox reads this store too unless told "
            "otherwise.",
            "Add it for the user and not for the machine: that needs no administrator, and ends with the account.",
        ),
    ),
    "macos": Guide(
        "macOS: Safari, Chrome and most programs",
        (
            "`inspector trust install` does this, or in a terminal:",
            "$ security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db CERT",
            "macOS asks for your password, because this changes whom all your programs trust.",
        ),
        ("$ security remove-trusted-cert CERT", "Or: Keychain Access, login, Certificates, delete it."),
        (
            "Opening the file in Keychain Access alone adds it without trusting it: under Trust, SSL must be Always "
            "Trust.",
            "Safari refuses server certificates that last longer than 825 days; the proxy's last less.",
        ),
    ),
    "linux": Guide(
        "Linux: the system's store, and the browsers' own",
        (
            "`inspector trust install` does what your distribution needs. By hand, on Debian and Ubuntu:",
            "$ sudo cp CERT /usr/local/share/ca-certificates/inspector.crt && sudo update-ca-certificates",
            "On Fedora and RHEL:",
            "$ sudo cp CERT /etc/pki/ca-trust/source/anchors/inspector.pem && sudo update-ca-trust",
            "On Arch:",
            "$ sudo trust anchor CERT",
            "Chromium and Chrome have a database of their own (certutil is in libnss3-tools or nss-tools):",
            "$ certutil -A -d sql:$HOME/.pki/nssdb -n inspector -t C,, -i CERT",
        ),
        (
            "$ sudo rm /usr/local/share/ca-certificates/inspector.crt && sudo update-ca-certificates --fresh",
            "$ certutil -D -d sql:$HOME/.pki/nssdb -n inspector",
        ),
        (
            "On Debian the file's name must end in `.crt`, or it is passed over without a word.",
            "Without `--fresh`, the links of a removed certificate stay in /etc/ssl/certs.",
        ),
    ),
    "ios": Guide(
        "iPhone and iPad",
        (
            _DEVICE,
            "Open http://mitm.it in Safari, load the profile for iOS, and install it: Settings, Profile Downloaded.",
            "Then trust it: Settings, General, About, Certificate Trust Settings, switch it on. Without this second "
            "step nothing works, and nothing says why.",
        ),
        ("Settings, General, VPN & Device Management: remove the profile. Take the proxy out of the Wi-Fi settings.",),
        ("Apps that pin their server's key hang up whatever you trust; the proxy says so for each host.",),
    ),
    "android": Guide(
        "Android",
        (
            _DEVICE,
            "Open http://mitm.it, load the certificate for Android, then Settings, Security, Encryption & "
            "credentials, Install a certificate, CA certificate. Android wants a screen lock for that, and warns.",
        ),
        ("Settings, Security, Encryption & credentials, User credentials: remove it, and the proxy of the Wi-Fi.",),
        (
            "Since Android 7, apps trust authorities that a user added only where their developer said so "
            "(`network_security_config.xml`); Chrome does. For your own app, allow `user` certificates in its debug "
            "build.",
        ),
    ),
    "firefox": Guide(
        "Firefox, which has a store of its own",
        (
            "`inspector trust install --store nss` adds it to every profile here. By hand: Settings, Privacy & "
            "Security, Certificates, View Certificates, Authorities, Import:",
            "$ CERT",
            "Tick `Trust this CA to identify websites`, and nothing else.",
        ),
        ("In the same list, find it under `HTTP inspector` or `mitmproxy`, and Delete or Distrust.",),
        (
            "On Windows and macOS, Firefox also takes authorities from the system's store "
            "(`security.enterprise_roots.enabled`).",
            "For trying things out, a profile made for it (`firefox -P`) keeps your own as it is.",
        ),
    ),
    "java": Guide(
        "Java",
        (
            "`inspector trust install --store java` does this for every Java it finds. By hand:",
            "$ keytool -importcert -cacerts -storepass changeit -noprompt -alias inspector -file CERT",
            "For one program alone, leave Java's keystore as it is, make one with nothing else in it, and name that:",
            "$ keytool -importcert -keystore inspector.p12 -storepass changeit -noprompt -alias inspector -file CERT",
            "$ java -Djavax.net.ssl.trustStore=inspector.p12 -Djavax.net.ssl.trustStorePassword=changeit -jar "
            "program.jar",
        ),
        ("$ keytool -delete -cacerts -storepass changeit -alias inspector",),
        (
            "Each installed Java has its own keystore, except where a distribution shares one "
            "(/etc/ssl/certs/java/cacerts).",
            "The proxy has to be named too: `-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8080`.",
        ),
    ),
    "node": Guide(
        "Node.js",
        (
            "Node brings its own list of authorities. This adds to it, for one command:",
            "$ NODE_EXTRA_CA_CERTS=CERT node program.js",
            "From Node 22.15 on, `--use-system-ca` makes it use the system's store.",
        ),
        ("Leave the variable out.",),
        (
            "The variable is read once, when Node starts: setting it in the program is too late.",
            "`fetch` goes through a proxy only if told to: `NODE_USE_ENV_PROXY=1` from Node 24, or undici's "
            "ProxyAgent.",
            "Never `NODE_TLS_REJECT_UNAUTHORIZED=0`: it accepts everybody's certificate, and tends to stay.",
        ),
    ),
    "python": Guide(
        "Python",
        (
            "Python's own `ssl` uses the system's store. `requests` and `httpx` (before 0.28) bring certifi's list "
            "instead:",
            "$ REQUESTS_CA_BUNDLE=BUNDLE SSL_CERT_FILE=BUNDLE python program.py",
            "BUNDLE is a file with the usual authorities and this one, since these variables replace and do not add:",
            '$ cat "$(python -m certifi)" CERT > BUNDLE',
        ),
        ("Leave the variables out and delete the bundle.",),
        (
            "In code, `ssl.create_default_context(cafile=…)` or `requests.get(url, verify=…)`; never `verify=False`.",
            "Do not edit certifi's own file: the next upgrade overwrites it, and until then all of that Python "
            "trusts it.",
        ),
    ),
    "docker": Guide(
        "Docker: a container trusts what is inside it, not what its host trusts",
        (
            "For an image built for trying things out, with Debian inside:",
            "$ COPY mitmproxy-ca-cert.pem /usr/local/share/ca-certificates/inspector.crt",
            "$ RUN update-ca-certificates",
            "For one run of an image as it is, hand over a bundle instead:",
            "$ docker run -v /path/to/bundle.pem:/bundle.pem:ro -e SSL_CERT_FILE=/bundle.pem IMAGE",
            "A root file system on disk can be changed from outside: `inspector trust install --root DIR`.",
        ),
        ("Throw the container away, or build the image without these lines; see that it was not pushed anywhere.",),
        (
            "127.0.0.1 inside a container is the container. The proxy is at `host.docker.internal` (Docker Desktop), "
            "and has to listen there: `--listen-host`.",
            "docker itself (pulling images) is the daemon's business: /etc/docker/certs.d/REGISTRY/ca.crt.",
        ),
    ),
}


def filled(text: str, file: str) -> str:
    """A line of a guide with `file` in the place of ``CERT``, quoted where a command needs that; the names of variables
    (``SSL_CERT_FILE``) stay."""
    place = f'"{file}"' if text.startswith("$ ") and " " in file else file
    return re.sub(r"\bCERT\b", lambda _: place, text)

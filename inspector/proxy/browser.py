"""Opening a browser that is inside already: a throw-away profile, pointed at the proxy, trusting its authority.

Nothing changes in the person's own profile or in a store of the system. Chromium and its kin are told the hash of the
authority's key (every certificate mitmproxy makes has that key), which unlike ``--ignore-certificate-errors`` leaves
the HTTP cache on. Firefox gets the certificate into the profile's own database, by NSS's ``certutil``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from inspector.proxy.options import Listening, ProxyError, reason


class Kind(Struct, frozen=True):
    """A kind of browser: what people call it, the names of its program, and where it is on macOS and Windows."""

    name: str
    programs: tuple[str, ...]
    macos: str
    windows: tuple[str, ...]
    chromium: bool = True


KINDS = (
    Kind("chromium", ("chromium", "chromium-browser"), "Chromium.app/Contents/MacOS/Chromium", ()),
    Kind(
        "chrome",
        ("google-chrome-stable", "google-chrome", "chrome"),
        "Google Chrome.app/Contents/MacOS/Google Chrome",
        (r"Google\Chrome\Application\chrome.exe",),
    ),
    Kind(
        "firefox",
        ("firefox", "firefox-esr"),
        "Firefox.app/Contents/MacOS/firefox",
        (r"Mozilla Firefox\firefox.exe",),
        chromium=False,
    ),
    Kind(
        "edge",
        ("microsoft-edge-stable", "microsoft-edge"),
        "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        (r"Microsoft\Edge\Application\msedge.exe",),
    ),
)
ANY = "any"
"""Whichever is found first."""

_WINDOWS_ROOTS = ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
_START_PAGE = "about:blank"

_CHROMIUM = (
    "--no-first-run",
    "--no-default-browser-check",
    # no requests of the browser's own among those of the page
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--allow-browser-signin=false",
    # those of the updater and of signing the browser in: to a port that Chromium asks nobody at, so none leaves it
    "--component-updater=url-source=http://127.0.0.1:9",
    "--gaia-url=http://127.0.0.1:9",
    "--disable-domain-reliability",
    "--no-pings",
    "--disable-features=OptimizationHints,MediaRouter,InterestFeedContentSuggestions,NetworkTimeServiceQuerying",
    "--password-store=basic",  # never ask for the person's keyring
    "--use-mock-keychain",
)
_FIREFOX = """\
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "{host}");
user_pref("network.proxy.http_port", {port});
user_pref("network.proxy.ssl", "{host}");
user_pref("network.proxy.ssl_port", {port});
user_pref("network.proxy.no_proxies_on", "");
user_pref("network.proxy.allow_hijacking_localhost", true);
user_pref("network.http.http3.enable", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("startup.homepage_welcome_url", "");
user_pref("browser.startup.page", 0);
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.region.network.url", "");
user_pref("app.update.auto", false);
user_pref("app.normandy.enabled", false);
user_pref("app.shield.optoutstudies.enabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.unified", false);
user_pref("toolkit.telemetry.server", "data:,");
user_pref("datareporting.usage.uploadEnabled", false);
user_pref("browser.newtabpage.activity-stream.feeds.topsites", false);
user_pref("browser.newtabpage.activity-stream.unifiedAds.endpoint", "");
user_pref("browser.newtabpage.activity-stream.showSponsoredTopSites", false);
user_pref("browser.topsites.contile.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("dom.push.connection.enabled", false);
user_pref("signon.rememberSignons", false);
"""


class Browser(Struct, frozen=True):
    """A browser on this machine."""

    kind: Kind
    program: str


def find(asked: str, path: str | None = None) -> Browser:
    """The browser asked for by name, or any. `path` is where to look for programs (default: ``PATH``).

    Raises:
        ProxyError: it is not here; the message names those that are.
    """
    found = [browser for kind in KINDS if (browser := _find(kind, path)) is not None]
    for browser in found:
        if asked in (ANY, browser.kind.name):
            return browser
    here = f"found here: {', '.join(browser.kind.name for browser in found)}" if found else "no other was found either"
    if asked == ANY:
        raise ProxyError(f"no browser was found on this machine (looked for {', '.join(k.name for k in KINDS)})")
    raise ProxyError(f"{asked} was not found on this machine; {here}")


def _find(kind: Kind, path: str | None) -> Browser | None:
    for name in kind.programs:
        program = shutil.which(name, path=path)
        if program is not None:
            return Browser(kind, program)
    if path is None:
        for place in _places(kind):
            if place.is_file():
                return Browser(kind, str(place))
    return None


def _places(kind: Kind) -> list[Path]:
    if sys.platform == "darwin":
        return [root / kind.macos for root in (Path("/Applications"), Path("~/Applications").expanduser())]
    roots = [Path(os.environ[name]) for name in _WINDOWS_ROOTS if os.environ.get(name)]
    return [root / place for root in roots for place in kind.windows]


class Profile:
    """A profile that exists as long as the ``with`` block lasts.

    `command` is how to start the browser with it. Raises on entering:
        ProxyError: the profile cannot be made.
    """

    def __init__(self, browser: Browser, listening: Listening, arguments: Sequence[str] = ()) -> None:
        self.browser = browser
        self._listening = listening
        self._arguments = tuple(arguments)
        self.directory = Path()

    @property
    def command(self) -> list[str]:
        """Program and arguments; those given come last, so that they win."""
        own = self._chromium() if self.browser.kind.chromium else self._firefox()
        pages = [] if any(not argument.startswith("-") for argument in self._arguments) else [_START_PAGE]
        return [self.browser.program, *own, *self._arguments, *pages]

    @property
    def variables(self) -> Mapping[str, str]:
        """Variables the browser needs."""
        if self.browser.kind.chromium:
            return {}
        # the last one makes the address of its own settings service, made void in the profile, count
        return {"MOZ_NO_REMOTE": "1", "MOZ_CRASHREPORTER_DISABLE": "1", "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"}

    def __enter__(self) -> Self:
        try:
            self.directory = Path(tempfile.mkdtemp(prefix="inspector-browser-"))  # mode 0700
        except OSError as error:
            raise ProxyError(f"cannot make a profile for the browser: {reason(error)}") from error
        try:
            if not self.browser.kind.chromium:
                self._prepare_firefox()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        for _ in range(5):  # a browser that was killed may still have a process that writes its last file
            shutil.rmtree(self.directory, ignore_errors=True)
            if not self.directory.exists():
                return

    def _chromium(self) -> list[str]:
        from cryptography.x509 import load_pem_x509_certificate

        from inspector.trust.ca import spki_sha256

        key = spki_sha256(load_pem_x509_certificate(self._listening.ca_certificate.read_bytes()))
        made = [
            f"--user-data-dir={self.directory}",
            f"--proxy-server={self._listening.url}",
            "--proxy-bypass-list=<-loopback>",  # browsers leave proxies out for this machine's own servers
            f"--ignore-certificate-errors-spki-list={key}",
            *_CHROMIUM,
        ]
        if sys.platform == "linux" and os.geteuid() == 0:
            made.append("--no-sandbox")  # Chromium does not start as root with it
        return made

    def _firefox(self) -> list[str]:
        return ["--profile", str(self.directory), "--no-remote", "--new-instance"]

    def _prepare_firefox(self) -> None:
        host, port = self._listening.host, self._listening.port
        (self.directory / "user.js").write_text(_FIREFOX.format(host=host, port=port), "ascii")
        certutil = shutil.which("certutil")
        if certutil is None or sys.platform == "win32":  # Windows has another program of that name
            raise ProxyError(
                "Firefox keeps its own list of trusted authorities, and `certutil` of NSS writes it: install "
                "libnss3-tools (Debian, Ubuntu), nss-tools (Fedora) or nss (Homebrew), or use another browser"
            )
        database = f"sql:{self.directory}"
        for arguments in (
            ["-N", "-d", database, "--empty-password"],
            ["-A", "-d", database, "-n", "inspector", "-t", "C,,", "-i", str(self._listening.ca_certificate)],
        ):
            done = subprocess.run([certutil, *arguments], capture_output=True, text=True, check=False)
            if done.returncode:
                said = " ".join(done.stderr.split())[:200]
                raise ProxyError(f"the profile's certificate database could not be made: certutil says: {said}")

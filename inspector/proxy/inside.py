"""What runs inside the proxy: a command of the person's, or a browser of its own. Nothing of it stays afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from inspector.proxy.browser import Browser, Profile
from inspector.proxy.child import Child
from inspector.proxy.environment import prepare
from inspector.proxy.notice import Notice
from inspector.proxy.options import Listening, ProxyError, reason
from inspector.render.escape import clipped

_KILLED = 128
"""Exit statuses from here on say that a signal ended a program."""


class Inside(Protocol):
    """Something that is started once the proxy listens, and has ended when `end` returns."""

    def start(self, listening: Listening, tell: Callable[[Notice], None]) -> None:
        """Start it. `tell` takes what the person should know. Raises ProxyError where it cannot be started."""

    def signal(self, number: int) -> bool:
        """We were sent a signal; says whether that was its business alone, so that the proxy goes on."""

    def end(self) -> int:
        """See to it that it has ended and that nothing of it is left. Returns its exit status."""


class CommandInside:
    """A command whose environment makes it use the proxy. `ended` is called when it has ended by itself."""

    def __init__(self, command: Sequence[str], ended: Callable[[], None]) -> None:
        self._child = Child(command, ended)
        self._files = ExitStack()

    def start(self, listening: Listening, tell: Callable[[Notice], None]) -> None:
        """Write the files its variables name, and start it."""
        try:
            made = self._files.enter_context(tempfile.TemporaryDirectory(prefix="inspector-env-"))  # mode 0700
            environment = prepare(listening.url, listening.ca_certificate, Path(made), os.environ)
        except OSError as error:
            raise ProxyError(f"cannot prepare the command's environment: {reason(error)}") from error
        for proxy in environment.replaced:
            tell(
                Notice(
                    "unsafe",
                    f"The environment had a proxy already ({_without_password(proxy)}); the command uses this one "
                    "instead. Where that one is the only way out, add it with --mode upstream:URL.",
                )
            )
        self._child.start(environment.variables)

    def signal(self, number: int) -> bool:
        """Pass it on: the command decides what it means, and when it ends so do we."""
        self._child.forward(number)
        return True

    def end(self) -> int:
        """End it if need be, and remove its files."""
        status = self._child.end()
        self._files.close()
        return status


class BrowserInside:
    """A browser with a profile for this run alone. `ended` is called when its last window was closed."""

    def __init__(self, browser: Browser, arguments: Sequence[str], ended: Callable[[], None]) -> None:
        self._browser = browser
        self._arguments = tuple(arguments)
        self._ended = ended
        self._child: Child | None = None
        self._said = Path()
        self._tell: Callable[[Notice], None] = lambda _: None
        self._stopped = False
        self._profile = ExitStack()

    def start(self, listening: Listening, tell: Callable[[Notice], None]) -> None:
        """Make the profile, and open the browser with it."""
        profile = self._profile.enter_context(Profile(self._browser, listening, self._arguments))
        self._said = profile.directory / "said.txt"
        self._tell = tell
        self._child = Child(profile.command, self._ended, apart=True, said=self._said)
        self._child.start(profile.variables)

    def signal(self, number: int) -> bool:
        """Whatever ends us ends the browser."""
        self._stopped = True
        return False

    def end(self) -> int:
        """Close the browser and remove its profile. How a browser was closed says nothing: always 0.

        One that gave up by itself is told, with its last words.
        """
        if self._child is not None:
            status = self._child.end()
            if 0 < status < _KILLED and not self._stopped:
                words = self._said.read_text("utf-8", "replace").strip().rpartition("\n")[2]
                name = self._browser.kind.name.capitalize()
                self._tell(Notice("trouble", f"{name} ended with status {status}: {clipped(words, 300)}"))
        self._profile.close()
        return 0


def _without_password(proxy: str) -> str:
    scheme, separator, rest = proxy.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"

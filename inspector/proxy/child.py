"""Running a program beside the proxy: a command of a person's, or a browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from inspector.proxy.options import ProxyError, reason

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
_PATIENCE = 5.0  # seconds between asking a program to end and making it


class NoSuchCommand(ProxyError):
    """There is no program of that name."""


class NotExecutable(ProxyError):
    """The program may not be run, or is none."""


class Child:
    """A program that runs while the proxy does; when it ends, `on_end` is called on a thread of its own.

    `apart` starts it in a process group of its own, so that Ctrl-C in the terminal does not reach it and everything it
    started can be ended with it: for browsers. `said` is a file that takes what it says on standard error; its standard
    output is then dropped.
    """

    def __init__(
        self, command: Sequence[str], on_end: Callable[[], None], *, apart: bool = False, said: Path | None = None
    ) -> None:
        self._command = list(command)
        self._on_end = on_end
        self._apart = apart
        self._said = said
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self, variables: Mapping[str, str]) -> None:
        """Start it, with these variables on top of our own environment.

        Raises:
            NoSuchCommand, NotExecutable: it cannot be started.
        """
        silent = subprocess.DEVNULL if self._said is not None else None
        try:
            with ExitStack() as stack:
                self._process = subprocess.Popen(
                    self._command,
                    env={**os.environ, **variables},
                    stdin=silent,
                    stdout=silent,
                    stderr=stack.enter_context(self._said.open("wb")) if self._said is not None else None,
                    start_new_session=self._apart,
                )
        except FileNotFoundError:
            raise NoSuchCommand(f"{self._command[0]}: command not found") from None
        except OSError as error:
            raise NotExecutable(f"{self._command[0]}: {reason(error)}") from None
        self._thread = threading.Thread(target=self._wait, name="inspector-child", daemon=True)
        self._thread.start()

    def forward(self, number: int) -> None:
        """Pass a signal on. What a terminal sends, it has sent to the program itself already."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if signal.Signals(number).name in _FROM_TERMINAL and not self._apart and _in_foreground():
            return
        with suppress(OSError):
            process.send_signal(number)

    def end(self) -> int:
        """See to it that it has ended, and everything in its group if it has its own. Returns its exit status.

        A program that a signal ended has 128 and the signal's number, as in shells.
        """
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            self._signal(process, signal.SIGTERM)
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
                process.wait()
        if self._apart:
            self._signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))  # what it left behind
        if self._thread is not None:
            self._thread.join()
        status = process.returncode
        return status if status >= 0 else 128 - status

    def _signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        with suppress(OSError):
            if self._apart and sys.platform != "win32":
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)

    def _wait(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._on_end()


def forwarded_signals() -> tuple[signal.Signals, ...]:
    """The signals of this system that are passed on to a program."""
    return tuple(getattr(signal, name) for name in _FORWARDED if hasattr(signal, name))


def _in_foreground() -> bool:
    """Whether we and the program are what a terminal's Ctrl-C is sent to."""
    for stream in (sys.stdin, sys.stderr, sys.stdout):
        try:
            return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
        except (OSError, ValueError, AttributeError):
            continue
    return False

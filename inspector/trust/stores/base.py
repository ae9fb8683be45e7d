"""A store of trusted authorities, and a change to it as steps that can be shown before they are taken."""

from __future__ import annotations

import os
import shlex
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from inspector.trust.pem import to_pem

TIMEOUT = 120
"""Seconds one command may take."""


class StoreError(Exception):
    """A store could not be changed; the message is one line that says what was tried."""


class Authority(Struct, frozen=True):
    """The certificate to trust or to forget."""

    der: bytes
    sha256: str
    sha1: str
    subject: str

    @property
    def pem(self) -> bytes:
        """In PEM."""
        return to_pem(self.der)

    @property
    def label(self) -> str:
        """What it is called in stores: the same name for the same certificate, so that it can be found again."""
        return f"inspector-{self.sha256[:12]}"


class Write(Struct, frozen=True):
    """Write a file that is not there yet."""

    path: Path
    content: bytes
    mode: int = 0o644

    def __str__(self) -> str:
        return f"write {self.path} ({len(self.content):,} bytes)"

    def take(self) -> None:
        """Do it. Raises `OSError`."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, self.mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self.content)


class Remove(Struct, frozen=True):
    """Remove a file."""

    path: Path

    def __str__(self) -> str:
        return f"remove {self.path}"

    def take(self) -> None:
        """Do it. Raises `OSError`."""
        self.path.unlink(missing_ok=True)


class Run(Struct, frozen=True):
    """Run a command. `does` is what it does, in words."""

    argv: tuple[str, ...]
    does: str
    given: bytes | None = None
    """What it gets on standard input."""

    def __str__(self) -> str:
        return f"run {shlex.join(self.argv)}"

    def take(self) -> None:
        """Do it. Raises `StoreError`."""
        run(self.argv, self.given)


class Do(Struct, frozen=True):
    """Do something that no command does, described in `says`."""

    says: str
    what: Callable[[], None]

    def __str__(self) -> str:
        return self.says

    def take(self) -> None:
        """Do it. Raises `OSError` or `StoreError`."""
        self.what()


Step = Write | Remove | Run | Do


class Plan(Struct, frozen=True):
    """What will be done to one store, in order. No steps: nothing to do, and `why` says so."""

    store: str
    where: str
    steps: tuple[Step, ...]
    why: str = ""


class Store(ABC):
    """One place where trusted authorities are kept."""

    name: str
    """``system``, ``nss`` or ``java``."""
    title: str
    where: str

    @abstractmethod
    def holds(self, authority: Authority) -> bool | None:
        """Whether the authority is trusted there; ``None`` where that cannot be found out."""

    @abstractmethod
    def plan_install(self, authority: Authority) -> Plan:
        """How to have it trusted. Raises `StoreError` where this store cannot be changed."""

    @abstractmethod
    def plan_uninstall(self, authority: Authority) -> Plan:
        """How to have it forgotten. Raises `StoreError` where this store cannot be changed."""

    def nothing(self, why: str) -> Plan:
        """A plan without steps."""
        return Plan(self.title, self.where, (), why)

    def plan(self, *steps: Step) -> Plan:
        """A plan for this store."""
        return Plan(self.title, self.where, steps)


def apply(plan: Plan, told: Callable[[Step], None] = lambda step: None) -> None:
    """Take a plan's steps in order; `told` hears of each before it is taken.

    Files that were written are removed again when a later step fails, so that a plan is done or not begun.

    Raises:
        StoreError: a step failed.
    """
    written: list[Path] = []
    for step in plan.steps:
        told(step)
        try:
            step.take()
        except OSError as error:
            _take_back(written)
            hint = (
                "; this store needs an administrator: run the same command with sudo, and --confdir"
                if (isinstance(error, PermissionError))
                else ""
            )
            raise StoreError(f"cannot {step}: {error.strerror or error}{hint}") from error
        except StoreError:
            _take_back(written)
            raise
        if isinstance(step, Write):
            written.append(step.path)


def _take_back(written: Sequence[Path]) -> None:
    for path in written:
        path.unlink(missing_ok=True)


def run(argv: Sequence[str], given: bytes | None = None, ok: Sequence[int] = (0,)) -> bytes:
    """Run a command without a shell and return what it wrote.

    Raises:
        StoreError: it is missing, took too long, or failed; with its own last words.
    """
    try:
        done = subprocess.run(argv, input=given, capture_output=True, timeout=TIMEOUT, check=False)
    except FileNotFoundError as error:
        raise StoreError(f"there is no {argv[0]} on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise StoreError(f"{argv[0]} took longer than {TIMEOUT} seconds") from error
    except OSError as error:
        raise StoreError(f"cannot run {argv[0]}: {error.strerror}") from error
    if done.returncode not in ok:
        said = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace")
        last = said.splitlines()[-1] if said else f"exit status {done.returncode}"
        raise StoreError(f"{shlex.join(argv)} failed: {last[:300]}")
    return done.stdout

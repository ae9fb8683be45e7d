"""The proxy in the middle: inspector's own, with an authority of its own for as long as the experiment lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from inspector.exchange import Exchange
from inspector.learn.experiments.relay import LOOPBACK, PATIENCE
from inspector.proxy.master import RunningProxy
from inspector.proxy.notice import Notice
from inspector.proxy.options import ProxyOptions
from inspector.report import Annotation, ExchangeReport, Story


class Overheard:
    """What the proxy told of each exchange, for whoever waits for it."""

    def __init__(self) -> None:
        self._told: list[tuple[Exchange, ExchangeReport]] = []
        self._changed = threading.Condition()

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        """Keep it."""
        with self._changed:
            self._told.append((exchange, report))
            self._changed.notify_all()

    def story(self, story: Story) -> None:
        """Lessons do without."""

    def notice(self, notice: Notice) -> None:
        """Lessons do without."""

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._told)

    def next(
        self, since: int, wanted: Callable[[Exchange], bool] = lambda _: True
    ) -> tuple[Exchange, ExchangeReport] | None:
        """The first exchange after the first `since` that is `wanted`; ``None`` if none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: any(wanted(x) for x, _ in self._told[since:]), PATIENCE)
            return next((pair for pair in self._told[since:] if wanted(pair[0])), None)


class Middle:
    """A running proxy and what it overhears."""

    def __init__(self, proxy: RunningProxy, overheard: Overheard) -> None:
        self.port = proxy.port
        self.url = proxy.url
        self.ca_path = proxy.ca_certificate
        self.overheard = overheard


def run_proxy(confdir: Path, trusted: Iterable[bytes], names: Mapping[str, str]) -> tuple[RunningProxy, Overheard]:
    """A proxy that connects to this machine only, to be entered: `trusted` (PEM) is whom it accepts servers from."""
    confdir.mkdir(mode=0o700)
    bundle = confdir / "servers.pem"
    bundle.write_bytes(b"".join(trusted))
    overheard = Overheard()
    options = ProxyOptions(port=0, confdir=confdir, upstream_ca=bundle, resolve=names, only_loopback=True)
    return RunningProxy(options, overheard), overheard


def error_of(report: ExchangeReport) -> Annotation | None:
    """The first error that was found."""
    return next((each for each in report.annotations if each.severity == "error"), None)


__all__ = ["LOOPBACK", "Middle", "Overheard", "error_of", "run_proxy"]

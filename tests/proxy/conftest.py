from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from inspector.exchange import Exchange
from inspector.learn.lab import Lab
from inspector.proxy.master import RunningProxy
from inspector.proxy.notice import Notice
from inspector.proxy.options import ProxyOptions
from inspector.report import ExchangeReport, Story
from inspector.trust.ca import Authority


class Collected:
    """A sink that keeps everything and can be waited for."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Exchange, ExchangeReport]] = []
        self.notices: list[Notice] = []
        self.stories: list[Story] = []
        self._changed = threading.Condition()

    def exchange(self, exchange: Exchange, report: ExchangeReport) -> None:
        with self._changed:
            self.pairs.append((exchange, report))
            self._changed.notify_all()

    def story(self, story: Story) -> None:
        with self._changed:
            self.stories.append(story)
            self._changed.notify_all()

    def notice(self, notice: Notice) -> None:
        with self._changed:
            self.notices.append(notice)
            self._changed.notify_all()

    def wait(self, until: Callable[[Collected], Any]) -> Any:
        with self._changed:
            assert self._changed.wait_for(lambda: until(self), timeout=10), (self.pairs, self.notices)
        return until(self)

    def nth(self, number: int = 0) -> Exchange:
        self.wait(lambda c: len(c.pairs) > number)
        return self.pairs[number][0]

    @property
    def exchanges(self) -> list[Exchange]:
        return [exchange for exchange, _ in self.pairs]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("confdir") / "ca"


@pytest.fixture
def sink() -> Collected:
    return Collected()


@pytest.fixture
def options(confdir: Path, lab: Lab) -> ProxyOptions:
    return ProxyOptions(
        port=0, confdir=confdir, upstream_ca=lab.ca.certificate_path, resolve=lab.host_rules, only_loopback=True
    )


@pytest.fixture
def proxy(options: ProxyOptions, sink: Collected) -> Iterator[RunningProxy]:
    with RunningProxy(options, sink) as running:
        yield running


def client(proxy: RunningProxy, **extra: Any) -> httpx.Client:
    context = ssl.create_default_context(cafile=proxy.ca_certificate)
    return httpx.Client(proxy=proxy.url, verify=context, trust_env=False, timeout=10, **extra)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.create_root("test root")


def server_context(authority: Authority, directory: Path, *names: str, **issue: Any) -> ssl.SSLContext:
    chain, key = authority.issue(names, **issue).write(directory, f"server-{len(list(directory.iterdir()))}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context

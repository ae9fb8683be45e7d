from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from inspector.exchange import Exchange
from inspector.learn.lab import Lab
from inspector.proxy.master import RunningProxy
from inspector.proxy.notice import Notice
from inspector.proxy.options import ProxyOptions
from inspector.report import Annotation, ExchangeReport, Story
from inspector.trust.ca import Authority, Issued
from tests.proxy.origin import Handler, Origin


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


class Stage:
    """Everything a staged failure needs: servers, a proxy, and what it said."""

    def __init__(self, stack: ExitStack, options: ProxyOptions, directory: Path) -> None:
        self.stack = stack
        self.directory = directory
        self.root = Authority.create_root("stage root")
        trusted = directory / "root.pem"
        trusted.write_bytes(self.root.certificate_pem)
        names = {"shop.test": "127.0.0.1", "other.test": "127.0.0.1", "gone.test": "gone.invalid"}
        self.options = msgspec.structs.replace(options, upstream_ca=trusted, resolve=names)
        self.sink = Collected()

    def tls(self, issued: Issued, **extra: object) -> ssl.SSLContext:
        chain, key = issued.write(self.directory, f"s{len(list(self.directory.iterdir()))}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        for name, value in extra.items():
            setattr(context, name, value)
        return context

    def origin(self, context: ssl.SSLContext | None, answer: Callable[[Handler], None] | None = None) -> Origin:
        answers = {"/": answer or (lambda handler: handler.reply(200, b"fine"))}
        return self.stack.enter_context(Origin(answers, context))

    def proxy(self, **changes: object) -> RunningProxy:
        options = msgspec.structs.replace(self.options, **changes)  # type: ignore[arg-type]
        return self.stack.enter_context(RunningProxy(options, self.sink))

    def get(self, url: str, **changes: object) -> httpx.Response:
        return client(self.proxy(**changes)).get(url)

    def told(self, number: int = 0) -> Annotation:
        """The finding about the failure of one exchange; the only one about it."""
        report: ExchangeReport = self.sink.wait(lambda c: c.pairs[number:])[0][1]
        found = [a for a in report.annotations if a.rule.startswith(("tls/", "proxy/", "status/no-response"))]
        assert len(found) == 1, [(a.rule, a.title, a.detail) for a in found]
        assert report.error
        return found[0]


@pytest.fixture
def stage(options: ProxyOptions, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(stack, options, tmp_path)


@contextmanager
def deaf() -> Iterator[int]:
    """A port whose queue of connections is full: what comes next is neither accepted nor refused, as by a firewall."""
    with socket.socket() as listening, ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            first = waiting.enter_context(socket.socket())
            first.setblocking(False)
            first.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]

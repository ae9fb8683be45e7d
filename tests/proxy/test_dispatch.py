"""Cached dispatch is the stock dispatch, faster: same handlers, same order, same treatment of errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from mitmproxy import addonmanager, exceptions, hooks
from mitmproxy.addonmanager import AddonManager
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layers.http import HttpRequestHook, HttpResponseHook
from mitmproxy.test import tflow

from inspector.proxy import dispatch
from inspector.proxy.dispatch import CachedAddonManager


class Addon:
    def __init__(self, name: str, log: list[str], *children: Addon, act: Callable[[], Any] | None = None) -> None:
        self.name, self.log, self.addons, self.act = name, log, list(children), act

    def request(self, flow: object) -> Any:
        self.log.append(self.name)
        return self.act() if self.act else None

    def update(self, flows: object) -> None:
        self.log.append(f"{self.name} update")

    def done(self) -> None:
        self.log.append(f"{self.name} done")


class Async:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name, self.log = name, log

    async def request(self, flow: object) -> None:
        self.log.append(f"{self.name} begins")
        await asyncio.sleep(0)
        self.log.append(f"{self.name} ends")


class NotCallable:
    """A fault in an add-on: something named like a hook that is not a function."""

    name = "not callable"
    request = 42

    def __init__(self, log: list[str]) -> None:
        self.addons = [Addon("behind the fault", log)]

    def __repr__(self) -> str:
        return self.name


def _raise(error: Exception) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


def scene(log: list[str], kind: str) -> list[Any]:
    acts: dict[str, Callable[[], Any] | None] = {
        "fine": None,
        "error": _raise(ValueError("broken")),
        "halt": _raise(exceptions.AddonHalt()),
        "options": _raise(exceptions.OptionsError("bad option")),
    }
    middle = [NotCallable(log)] if kind == "not callable" else [
        Addon("parent", log, Addon("child", log, act=acts[kind]), Addon("second child", log), act=None)
    ]  # fmt: skip
    return [Addon("first", log), Async("async", log), *middle, Addon("last", log, Addon("grandchild", log))]


async def _run(cached: bool, kind: str) -> tuple[list[str], list[str], str]:
    log: list[str] = []
    said: list[str] = []

    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    master = Master(Options())
    handler = Catch()
    logging.getLogger("mitmproxy.addonmanager").addHandler(handler)
    outcome = ""
    try:
        if cached:
            assert CachedAddonManager.adopt(master.addons)
        addons = scene(log, kind)
        master.addons.add(*addons)
        flow = tflow.tflow(resp=True)
        for event in (HttpRequestHook(flow), HttpResponseHook(flow), HttpRequestHook(flow)):
            try:
                await master.addons.handle_lifecycle(event)
            except Exception as error:
                outcome += repr(error)
            log.append("--")
        late = Addon("late", log)
        master.addons.add(late)
        await master.addons.trigger_event(HttpRequestHook(flow))
        addons[-1].addons.append(Addon("unannounced", log))
        master.addons.register(Addon("registered, not in the chain", log))
        await master.addons.trigger_event(HttpRequestHook(flow))
        master.addons.remove(addons[0])
        await master.addons.trigger_event(HttpRequestHook(flow))
        master.addons.clear()
        await master.addons.trigger_event(HttpRequestHook(flow))
    except Exception as error:
        outcome += repr(error)
    finally:
        logging.getLogger("mitmproxy.addonmanager").removeHandler(handler)
        master._legacy_log_events.uninstall()
    return log, said, outcome


@pytest.mark.parametrize("kind", ["fine", "error", "halt", "options", "not callable"])
def test_same_order_and_errors(kind: str) -> None:
    stock, cached = asyncio.run(_run(False, kind)), asyncio.run(_run(True, kind))
    assert cached == stock
    assert stock[0].count("--") == 3
    if kind in ("error", "halt"):
        assert "second child" not in stock[0], "the rest of an add-on that raised is not called"


def test_an_addon_that_comes_while_an_event_is_handled() -> None:
    async def run(cached: bool) -> list[str]:
        log: list[str] = []
        master = Master(Options())
        try:
            if cached:
                CachedAddonManager.adopt(master.addons)
            master.addons.add(
                Addon("adds", log, act=lambda: None if len(log) > 2 else master.addons.add(Addon("new", log)))
            )
            flow = tflow.tflow()
            await master.addons.trigger_event(HttpRequestHook(flow))
            log.append("--")
            await master.addons.trigger_event(HttpRequestHook(flow))
        finally:
            master._legacy_log_events.uninstall()
        return log

    stock, cached = asyncio.run(run(False)), asyncio.run(run(True))
    assert cached[cached.index("--") :] == stock[stock.index("--") :]
    assert "new" in cached[cached.index("--") :]


def test_only_versions_that_were_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        master = Master(Options())
        try:
            monkeypatch.setattr(dispatch, "VERSION", "99.0")
            assert not CachedAddonManager.adopt(master.addons)
            assert type(master.addons) is AddonManager
        finally:
            master._legacy_log_events.uninstall()

    asyncio.run(run())


def test_the_stock_manager_is_as_it_was_when_this_was_written() -> None:
    """What `CachedAddonManager` relies on; a new version has to be looked at before it is added to the tested ones."""
    from mitmproxy.version import VERSION

    assert VERSION in dispatch.TESTED_VERSIONS
    for name in ("trigger_event", "invoke_addon", "_iter_hooks", "register", "add", "remove", "clear"):
        assert callable(getattr(AddonManager, name))
    assert callable(addonmanager.safecall)
    assert hooks.UpdateHook.name == "update"

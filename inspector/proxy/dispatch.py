"""Finding hook handlers once instead of on every event.

mitmproxy asks each of its thirty add-ons for a handler on each event, some 280 look-ups a request: about half of its
own time. `CachedAddonManager` remembers the answer and forgets it whenever add-ons change. Order and errors are those
of the stock manager. It leans on an internal class, so it is used only with versions it was tested with, and can be
switched off.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from mitmproxy import addonmanager, exceptions, hooks
from mitmproxy.addonmanager import AddonManager
from mitmproxy.version import VERSION

TESTED_VERSIONS = frozenset({"12.2.3"})

_LIFECYCLE = frozenset({"load", "configure", "running", "done", "add_log"})
"""Events during which add-ons come and go; these are rare and keep the stock dispatch."""

_Plan = tuple[tuple[Any, tuple[Callable[..., Any], ...] | None], ...]
"""For each add-on that handles an event: its handlers and its sub-add-ons' in order, ``None`` where that failed."""


class CachedAddonManager(AddonManager):
    """An `AddonManager` that looks handlers up once per event name.

    Not seen until the next change of add-ons: an attribute named like an event that is set on an add-on, or an add-on
    that is put into another's ``addons``, without `register`, as the stock manager itself demands for the latter.
    """

    _plans: dict[str, _Plan]

    @classmethod
    def adopt(cls, manager: AddonManager) -> bool:
        """Turn a stock manager into a caching one, where this version of mitmproxy is known; says whether it did."""
        if VERSION not in TESTED_VERSIONS or type(manager) is not AddonManager:
            return False
        manager.__class__ = cls
        manager._plans = {}  # type: ignore[attr-defined]
        return True

    def register(self, addon: Any) -> Any:
        """As the stock manager; forgets every plan, before and after, for the add-on's own events happen inside."""
        self._plans.clear()
        try:
            return super().register(addon)  # type: ignore[no-untyped-call]
        finally:
            self._plans.clear()

    def add(self, *addons: Any) -> None:
        """As the stock manager; forgets every plan once the add-ons are in the chain."""
        try:
            super().add(*addons)  # type: ignore[no-untyped-call]
        finally:
            self._plans.clear()

    def remove(self, addon: Any) -> None:
        """As the stock manager; forgets every plan."""
        try:
            super().remove(addon)  # type: ignore[no-untyped-call]
        finally:
            self._plans.clear()

    def clear(self) -> None:
        """As the stock manager; forgets every plan."""
        try:
            super().clear()  # type: ignore[no-untyped-call]
        finally:
            self._plans.clear()

    async def trigger_event(self, event: hooks.Hook) -> None:
        """As the stock manager: an add-on whose handler raises gets its error logged and the rest of it is skipped."""
        if event.name in _LIFECYCLE:
            await super().trigger_event(event)
            return
        plan = self._plan(event)
        if not plan:
            return
        arguments = event.args()
        for addon, handlers in plan:
            try:
                if handlers is None:  # the stock manager calls those before the fault and reports it; so let it
                    with addonmanager.safecall():
                        await self.invoke_addon(addon, event)
                    continue
                for handler in handlers:
                    result = handler(*arguments)
                    if result is not None and inspect.isawaitable(result):
                        await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception:
                with addonmanager.safecall():
                    raise

    def _plan(self, event: hooks.Hook) -> _Plan:
        plan = self._plans.get(event.name)
        if plan is None:
            plan = self._plans[event.name] = tuple(self._planned(event))
        return plan

    def _planned(self, event: hooks.Hook) -> Iterator[tuple[Any, tuple[Callable[..., Any], ...] | None]]:
        for addon in self.chain:
            try:
                handlers = tuple(handler for _, handler in self._iter_hooks(addon, event))
            except Exception:
                yield addon, None
            else:
                if handlers:
                    yield addon, handlers

"""What the engine remembers from one exchange to the next. Everything in here is bounded, so a proxy can run for weeks.

One `Session` belongs to one capture (or one run of the proxy). Each part remembers for one family of questions and
answers with a verdict; the algorithms themselves are pure functions in `inspector.browser`.
"""

from __future__ import annotations

from collections import OrderedDict

from inspector.report import Evidence, Where
from inspector.session.blocking import Blocking
from inspector.session.cache import Cache
from inspector.session.clients import Clients
from inspector.session.connections import Connections
from inspector.session.jar import Jar
from inspector.session.preflights import Preflights
from inspector.session.redirects import Redirects
from inspector.session.repeats import Repeats
from inspector.session.resources import Resources
from inspector.session.retries import Retries

MOST_TOLD = 5_000


class Told:
    """What has been told for one origin, or for the whole session."""

    __slots__ = ("ranks", "spent")

    def __init__(self) -> None:
        self.ranks: dict[str, int] = {}
        """A rule's id, or another key → the rank of the gravest severity it was told with."""
        self.spent = 0
        """The rules that can find nothing graver than they have told, as a set of `inspector.rule_index.RuleIndex`."""


class Session:
    """The memory of one capture or one run of the proxy."""

    def __init__(self) -> None:
        self.preflights = Preflights()
        self.jar = Jar()
        self.cache = Cache()
        self.blocking = Blocking()
        self.connections = Connections()
        self.clients = Clients()
        self.redirects = Redirects()
        self.retries = Retries()
        self.repeats = Repeats()
        self.resources = Resources()
        self.quoted: dict[tuple[Where, str, str, str | None, str | None], Evidence] = {}
        """Evidence made before: most exchanges of a capture quote the same field lines."""
        self.everywhere = Told()
        self._told: OrderedDict[str, Told] = OrderedDict()

    def told(self, key: str) -> Told:
        """What has been told for `key` (an origin, say) before, to look up and add to."""
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = Told()
            if len(self._told) > MOST_TOLD:
                self._told.popitem(last=False)
        else:
            self._told.move_to_end(key)
        return told

    def first(self, what: str, key: str) -> bool:
        """Whether `what` has not been told for `key` before; remembers that it now has."""
        told = self.told(key).ranks
        if what in told:
            return False
        told[what] = 0
        return True

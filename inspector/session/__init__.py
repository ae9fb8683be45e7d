"""What the engine remembers from one exchange to the next. Everything in here is bounded, so a proxy can run for weeks.

One `Session` belongs to one capture (or one run of the proxy). Each part remembers for one family of questions and
answers with a verdict; the algorithms themselves are pure functions in `inspector.browser`.
"""

from __future__ import annotations

from collections import OrderedDict

from inspector.report import Evidence, Where
from inspector.session.blocking import Blocking
from inspector.session.cache import Cache
from inspector.session.connections import Connections
from inspector.session.jar import Jar
from inspector.session.preflights import Preflights
from inspector.session.redirects import Redirects

MOST_SEEN = 50_000


class Session:
    """The memory of one capture or one run of the proxy."""

    def __init__(self) -> None:
        self.preflights = Preflights()
        self.jar = Jar()
        self.cache = Cache()
        self.blocking = Blocking()
        self.connections = Connections()
        self.redirects = Redirects()
        self.quoted: dict[tuple[Where, str, str, str | None, str | None], Evidence] = {}
        """Evidence made before: most exchanges of a capture quote the same field lines."""
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def told(self, rule: str, key: str) -> bool:
        """Whether `rule` has been told for `key` before."""
        return (rule, key) in self._seen

    def first(self, rule: str, key: str) -> bool:
        """Whether `rule` has not been told for `key` (an origin, say) before; remembers that it now has."""
        entry = (rule, key)
        if entry in self._seen:
            self._seen.move_to_end(entry)
            return False
        self._seen[entry] = None
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return True

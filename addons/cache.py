"""Whether a response may be stored and reused, by whom and for how long.

Try it with ``mitmdump -s addons/cache.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("cache")

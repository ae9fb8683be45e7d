"""Which HTTP version was spoken on each side of the proxy, how it was chosen, and what breaks its rules.

Try it with ``mitmdump -s addons/http_version.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("protocol")

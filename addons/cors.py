"""Why CORS allowed or blocked a cross-origin request, preflights included.

Try it with ``mitmdump -s addons/cors.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("cors")

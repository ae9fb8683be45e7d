"""What sent the request: a navigation, a script, an image, a tool, as far as the wire shows.

Try it with ``mitmdump -s addons/client.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("client")

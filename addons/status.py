"""What the status code means here: errors, redirects, methods, and codes that contradict their message.

Try it with ``mitmdump -s addons/status.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("status", "method", "redirect")

"""What protects a page and what is missing: HSTS, CSP, nosniff, framing, isolation.

Try it with ``mitmdump -s addons/security.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("security")

"""What a browser does with each cookie: kept, refused, sent, withheld, and why.

Try it with ``mitmdump -s addons/cookies.py``; see `annotate.py` for where findings appear.
"""

from inspector.proxy.script import explain

addons = explain("cookies")

"""Everything inspector has to say about each exchange.

Load it into your own mitmproxy (or mitmweb, mitmdump):

    mitmweb -s addons/annotate.py

Findings appear as the flow's comment and marker, in the content view "Inspector", in the log, and in saved files.
`--set inspector_log=off` silences the log; `--set inspector_reveal=true` shows secrets instead of placeholders.
"""

from inspector.proxy.script import explain

addons = explain()

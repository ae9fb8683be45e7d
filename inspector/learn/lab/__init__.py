"""The lab: a small flawed site on this machine that has one of everything worth explaining.

    from inspector.learn.lab import Lab

    with Lab() as lab:
        lab.origins.shop            # "https://shop.test:41234"
        lab.resolve("shop.test")    # "127.0.0.1"

`ROUTES` lists what there is to see, `CALLS` the cross-origin calls of its page. `visitor` walks through it all.
"""

from inspector.learn.lab.catalogue import ROUTES
from inspector.learn.lab.content.cors import CALLS, Call
from inspector.learn.lab.origins import HOSTS, Host, Origins
from inspector.learn.lab.route import TOPICS, Route
from inspector.learn.lab.server import Lab, LabAuthority

__all__ = ["CALLS", "HOSTS", "ROUTES", "TOPICS", "Call", "Host", "Lab", "LabAuthority", "Origins", "Route"]

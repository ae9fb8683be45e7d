"""Logins at the lab, through the real proxy: the stories that the traffic tells."""

from __future__ import annotations

from inspector.engine import Engine
from inspector.learn.lab import Lab
from inspector.proxy.master import RunningProxy
from tests.proxy.conftest import Collected, client


def test_logins_at_the_lab(proxy: RunningProxy, sink: Collected, lab: Lab) -> None:
    at = lab.origins
    asked = {"response_type": "code", "client_id": "shop", "redirect_uri": f"{at.shop}/login/back"}
    with client(proxy, follow_redirects=True) as session:
        session.get(f"{at.account}/authorize", params=asked | {"scope": "openid", "state": "x7Kp2mQ9"})
        session.get(f"{at.account}/authorize", params=asked | {"scope": "everything", "state": "b3Lw8nR1"})
        session.get(f"{at.shop_plain}/stock")
        session.get(f"{at.shop_plain}/stock", auth=("ada", "wrong"))
    sink.wait(lambda s: len(s.pairs) == 6)
    engine = Engine()
    for exchange in sink.exchanges:
        engine.observe(exchange)
    told = [story for story in engine.finish() if story.kind == "login"]
    assert {(s.title.partition(" at ")[0], s.failed) for s in told} == {
        ("Login of `shop`", False),
        ("Failed: login of `shop`", True),
        ("Challenge and answer", True),
    }
    assert all(len(s.exchanges) == 2 for s in told)
    failed = next(s for s in told if s.title.startswith("Failed"))
    assert failed.title.endswith("`invalid_scope`")
    assert "x7Kp2mQ9" not in str(told)

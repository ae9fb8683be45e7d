"""The lab's origins: which hosts there are, what each speaks, and how its addresses are written in content."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, structs


class Host(Struct, frozen=True):
    """One server of the lab: `key` is its short name, `protocols` its ALPN offer (empty: plain HTTP/1.1)."""

    key: str
    name: str
    protocols: tuple[str, ...]
    role: str
    ends_soon: bool = False
    """Whether its certificate is an old one, of which a day is left."""

    @property
    def scheme(self) -> str:
        """``https`` where it speaks TLS, else ``http``."""
        return "https" if self.protocols else "http"


HOSTS: tuple[Host, ...] = (
    Host("shop_plain", "shop.test", (), "the shop without TLS: redirects, and a login form that should not be"),
    Host("shop", "shop.test", ("h2", "http/1.1"), "the shop: the page everything starts from"),
    Host("www", "www.shop.test", ("h2", "http/1.1"), "another name of the shop, where redirects end"),
    Host("account", "account.shop.test", ("h2", "http/1.1"), "the customer's account, secured as it should be"),
    Host("api", "api.shop.test", ("http/1.1",), "the shop's API: same site, another origin, HTTP/1.1 only"),
    Host("cdn", "static.shop.test", ("h2", "http/1.1"), "style sheets, scripts and images"),
    Host(
        "partner",
        "partner.example",
        ("h2", "http/1.1"),
        "another company's site: everything it does is third-party, and its certificate ends tomorrow",
        ends_soon=True,
    ),
    Host("local", "localhost", (), "a developer's server: plain HTTP, yet potentially trustworthy"),
)

_MARK = re.compile(r"@(\w+)@")


class Origins(Struct, frozen=True):
    """The origins of a running lab, each as ``scheme://host:port`` (the port chosen by the system at start)."""

    shop_plain: str
    shop: str
    www: str
    account: str
    api: str
    cdn: str
    partner: str
    local: str

    @classmethod
    def at(cls, ports: Mapping[str, int]) -> Origins:
        """The origins for the given port of each host key.

        Raises:
            KeyError: a host of `HOSTS` has no port.
        """
        return cls(**{host.key: f"{host.scheme}://{host.name}:{ports[host.key]}" for host in HOSTS})

    def get(self, key: str) -> str:
        """The origin of a host key.

        Raises:
            KeyError: there is no such host.
        """
        return self.as_dict()[key]

    def as_dict(self) -> dict[str, str]:
        """Host key to origin."""
        return structs.asdict(self)

    def fill(self, text: str) -> str:
        """Replace ``@shop@``, ``@api@`` … in a text by the origins; other marks are left as they are."""
        known = self.as_dict()
        return _MARK.sub(lambda match: known.get(match[1], match[0]), text)

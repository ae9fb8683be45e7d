"""The one table of everything the lab shows, in the order a reader meets it."""

from __future__ import annotations

from inspector.learn.lab.content import (
    api,
    caching,
    cookies,
    cors,
    csp,
    delivery,
    identity,
    injection,
    leaks,
    login,
    pages,
    protocol,
    redirects,
    security,
    signin,
    signout,
    single,
    statuses,
)
from inspector.learn.lab.route import Route

ROUTES: tuple[Route, ...] = (
    *pages.ROUTES,
    *redirects.ROUTES,
    *cors.ROUTES,
    *cookies.ROUTES,
    *caching.ROUTES,
    *security.ROUTES,
    *injection.ROUTES,
    *leaks.ROUTES,
    *csp.ROUTES,
    *login.ROUTES,
    *signin.ROUTES,
    *identity.ROUTES,
    *single.ROUTES,
    *signout.ROUTES,
    *api.ROUTES,
    *statuses.ROUTES,
    *delivery.ROUTES,
    *protocol.ROUTES,
)


def routes_of(origin: str) -> tuple[Route, ...]:
    """The routes of one host key of `HOSTS`."""
    return tuple(route for route in ROUTES if route.origin == origin)

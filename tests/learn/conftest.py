"""One running lab, and one visit to it, for all tests that only look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest

from inspector.learn.lab import Lab
from inspector.learn.lab.client import Resolving, Step
from inspector.learn.lab.visitor import visit

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="session")
def steps(lab: Lab) -> list[Step]:
    return visit(lab)


@pytest.fixture(scope="session")
def ask(lab: Lab) -> Ask:
    """One plain request to the lab, trusting the lab's authority alone."""

    async def request(origin: str, path: str, method: str, fields: dict[str, str], content: str | None):
        inner = httpx.AsyncHTTPTransport(verify=lab.ca.client_context(), http2=True)
        async with httpx.AsyncClient(transport=Resolving(inner, lab.resolve), trust_env=False) as client:
            return await client.request(method, lab.origins.get(origin) + path, headers=fields, content=content)

    def ask(origin: str, path: str, method: str = "GET", content: str | None = None, **fields: str):
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        return asyncio.run(request(origin, path, method, named, content))

    return ask

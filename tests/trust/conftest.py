from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from inspector.learn.lab import Lab
from inspector.learn.lab.zoo import ZooServer
from inspector.trust.anchors import Anchors, from_file


@pytest.fixture(scope="session")
def zoo() -> Iterator[ZooServer]:
    with ZooServer() as running:
        yield running


@pytest.fixture(scope="session")
def anchors(zoo: ZooServer) -> Anchors:
    return from_file(zoo.root_path)


@pytest.fixture(scope="session")
def crl(zoo: ZooServer) -> bytes:
    return zoo.zoo.crl.public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running

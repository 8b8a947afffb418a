"""The HTTP functions on in-memory stores."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.functions.in_memory import InMemoryProduct, forget, install, served


@pytest.fixture(scope="session")
def served_functions() -> dict[str, FlaskClient]:
    return served()


@pytest.fixture
def product(served_functions: dict[str, FlaskClient], monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryProduct]:
    """The functions with new, empty stores but for the demo's records; connecting anywhere fails the test."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a test without sockets tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    made = InMemoryProduct(served_functions)
    install(monkeypatch, made)
    yield made
    forget()

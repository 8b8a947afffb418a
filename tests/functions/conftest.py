"""The HTTP functions on in-memory stores."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from tests.functions.in_memory import InMemoryProduct, forget, install, served


@pytest.fixture(scope="session")
def served_functions() -> dict[str, Client]:
    return served()


@pytest.fixture
def product(served_functions: dict[str, Client], monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryProduct]:
    """The functions with new, empty stores but for the demo's records; connecting to a store fails the test."""
    connect = socket.socket.connect

    def only_to_the_test_itself(one: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", "a test without stores tried to connect"
        connect(one, address)

    monkeypatch.setattr(socket.socket, "connect", only_to_the_test_itself)
    made = InMemoryProduct(served_functions)
    install(monkeypatch, made)
    yield made
    forget()

"""The HTTP functions on in-memory stores beside a hostile OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from tests.functions.in_memory import InMemoryProduct, forget, install, served
from tests.integration.hostile_provider import HostileProvider, hostile_provider
from tests.integration.provider_sign_in import FRONT_END


@pytest.fixture(scope="session")
def functions() -> dict[str, Client]:
    return served()


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as running:
        yield running


@pytest.fixture
def product(
    functions: dict[str, Client], provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InMemoryProduct]:
    monkeypatch.setenv("MOBIUS_PUBLIC_URL", "https://api.example")
    monkeypatch.setenv("MOBIUS_SIGN_IN_REDIRECTS", f"{FRONT_END},https://other.example/")
    made = InMemoryProduct(functions, providers={"corp": provider.client()})
    install(monkeypatch, made)
    yield made
    forget()

"""A model on a real socket, and the assistant that asks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gemini.office import Office
from tests.integration.gemini.server import GeminiServer, gemini_server


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    """What it complains of is the assistant's mistake: a request that the API would not take."""
    with gemini_server() as opened:
        yield opened
        assert not opened.complaints


@pytest.fixture
def office(server: GeminiServer) -> Office:
    return Office(server)

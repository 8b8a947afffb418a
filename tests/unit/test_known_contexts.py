"""Contexts are read once a minute, each organisation its own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from shared.errors import NotFoundError
from shared.services import known_contexts
from shared.services.known_contexts import KEPT_SECONDS, KnownContexts
from tests.unit.factories import CLIENT, context


def test_a_context_is_read_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now, reads = [0.0], []
    known = KnownContexts(lambda: now[0])
    given = context(id="ctx_1")

    def read(context_id: str) -> object:
        reads.append(context_id)
        return given

    for _ in range(3):
        assert known.get(CLIENT, "ctx_1", read) is given  # type: ignore[arg-type]  # it returns a context
    assert reads == ["ctx_1"]
    known.get(uuid4(), "ctx_1", read)  # type: ignore[arg-type]  # it returns a context
    assert len(reads) == 2
    now[0] = KEPT_SECONDS
    known.get(CLIENT, "ctx_1", read)  # type: ignore[arg-type]  # it returns a context
    assert len(reads) == 3
    monkeypatch.setattr(known_contexts, "KEPT_AT_MOST", 2)
    known.get(CLIENT, "ctx_2", read)  # type: ignore[arg-type]  # it returns a context
    known.get(CLIENT, "ctx_1", read)  # type: ignore[arg-type]  # it returns a context
    assert len(reads) == 5


def test_what_is_not_there_is_asked_again() -> None:
    known, asked = KnownContexts(), []

    def missing(context_id: str) -> object:
        asked.append(context_id)
        raise NotFoundError

    for _ in range(2):
        with pytest.raises(NotFoundError):
            known.get(CLIENT, "ctx_1", missing)  # type: ignore[arg-type]  # it never returns
    assert len(asked) == 2

"""Every kind of bad token through the real app, verified as in production: RSA keys made here and no emulator."""

from __future__ import annotations

import pytest

from shared import bootstrap
from shared.config import settings
from shared.models.roles import Role
from tests.functions.in_memory import InMemoryProduct, account
from tests.unit.token_samples import BAD_TOKENS, claims, signed, unsigned, verifier

BILLER = account(Role.BILLER)
ME = "/api/v1/auth/me"
MINE = {"sub": BILLER.uid, "clientId": str(BILLER.organisation.id), "userId": str(BILLER.user_id)}


@pytest.fixture(autouse=True)
def _as_in_production(product: InMemoryProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    del product  # it has put an emulator's verifier there
    assert not settings().auth_emulator
    checking = verifier()
    monkeypatch.setattr(bootstrap, "token_verifier", lambda: checking)


def status(product: InMemoryProduct, token: str, path: str = ME) -> int:
    answer = product.request("GET", path, role=None, headers={"Authorization": f"Bearer {token}"})
    if answer.status == 401:
        assert answer.json["code"] == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert token[:20] not in answer.data.decode() or not token.strip(".")
    return answer.status


def test_a_sound_token_gets_in(product: InMemoryProduct) -> None:
    assert status(product, signed(claims(**MINE))) == 200


@pytest.mark.parametrize("kind", BAD_TOKENS)
@pytest.mark.parametrize("path", [ME, "/api/v1/components/tasks/shared"])
def test_a_bad_token_is_a_401_and_never_a_failure(product: InMemoryProduct, kind: str, path: str) -> None:
    assert status(product, BAD_TOKENS[kind](), path) == 401
    assert not product.events


def test_the_emulators_token_is_none(product: InMemoryProduct) -> None:
    assert status(product, unsigned(claims(**MINE))) == 401

"""Token verification against keys made here: no emulator, no network."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.auth.fetched import FAILED_FETCH_SECONDS
from shared.errors import StoreUnavailableError, UnauthenticatedError
from tests.unit.token_samples import (
    BAD_TOKENS,
    CERTIFICATE,
    FOREIGN_CERTIFICATE,
    KEY_ID,
    NOW,
    Claims,
    claims,
    signed,
    unsigned,
    verifier,
)


def test_a_sound_token_gives_its_claims() -> None:
    given = claims()
    found = verifier().verify(signed(given))
    assert (found.uid, found.client_id, found.role, found.user_id) == ("uid-1", "c-1", "biller", "u-1")
    assert (found.auth_time, found.issued_at, found.expires_at) == (given["auth_time"], given["iat"], given["exp"])


@pytest.mark.parametrize("provider", ["password", "custom", "google.com", "microsoft.com", "oidc.okta-1", "saml.idp"])
def test_every_configured_provider_may_sign_people_in(provider: str) -> None:
    assert verifier().verify(signed(claims(firebase={"sign_in_provider": provider}))).uid == "uid-1"


def test_a_member_without_custom_claims_is_known_by_uid_alone() -> None:
    found = verifier().verify(signed(claims(clientId=..., role=..., userId=...)))
    assert (found.uid, found.client_id, found.role, found.user_id) == ("uid-1", None, None, None)


def test_clocks_may_differ_by_ten_seconds() -> None:
    now = int(time.time())
    verifier().verify(signed(claims(exp=now - 5, iat=now - 3600)))
    verifier().verify(signed(claims(iat=now + 5, auth_time=now + 5)))


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused(kind: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier().verify(BAD_TOKENS[kind]())


def test_there_are_sixty_kinds_at_least() -> None:
    assert len(BAD_TOKENS) >= 60


@pytest.mark.parametrize("kind", sorted(set(BAD_TOKENS) - {"unsigned"}))
def test_beside_the_emulator_only_the_signature_is_not_asked_for(kind: str) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier(emulator=True).verify(BAD_TOKENS[kind]())


def test_the_emulators_unsigned_token_is_accepted_beside_the_emulator_only() -> None:
    token = unsigned(claims())
    assert verifier(emulator=True).verify(token).uid == "uid-1"
    with pytest.raises(UnauthenticatedError):
        verifier().verify(token)


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 60}, {"aud": "other"}, {"iss": "x"}, {"sub": ""}, {"email_verified": False}]
)
def test_the_emulators_token_is_checked_in_everything_else(changes: Claims) -> None:
    with pytest.raises(UnauthenticatedError):
        verifier(emulator=True).verify(unsigned(claims(**changes)))


def unreachable() -> tuple[dict[str, str], float]:
    raise OSError("no route to host")


@pytest.mark.parametrize(
    "fetch",
    [
        unreachable,
        lambda: ({KEY_ID: "no certificate"}, 60.0),
        lambda: ([], 60.0),
        lambda: ({KEY_ID: None}, 60.0),
    ],
)
def test_without_certificates_nobody_is_let_in_and_nobody_is_blamed(fetch: Any) -> None:
    with pytest.raises(StoreUnavailableError) as failed:
        verifier(fetch=fetch).verify(signed(claims()))
    assert failed.value.extra["retry_after"] > 0


def test_certificates_are_fetched_again_when_they_have_aged() -> None:
    answers = [({KEY_ID: FOREIGN_CERTIFICATE}, 0.0), ({KEY_ID: CERTIFICATE}, 3600.0)]
    ours = verifier(fetch=lambda: answers.pop(0))
    with pytest.raises(UnauthenticatedError):
        ours.verify(signed(claims()))
    assert ours.verify(signed(claims())).uid == "uid-1"
    assert ours.verify(signed(claims())).uid == "uid-1"
    assert answers == []


def test_a_failed_fetch_is_not_tried_by_everybody_and_tried_again_soon() -> None:
    answers: list[Any] = [OSError("down"), ({KEY_ID: CERTIFICATE}, 3600.0)]

    def fetch() -> tuple[dict[str, str], float]:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        found: tuple[dict[str, str], float] = answer
        return found

    ours = verifier(fetch=fetch)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            ours.verify(signed(claims()))
    assert len(answers) == 1
    assert 0 < FAILED_FETCH_SECONDS <= 5
    ours._keys._failed_until = 0.0  # the two seconds are over
    assert ours.verify(signed(claims())).uid == "uid-1"


def test_many_threads_fetch_once() -> None:
    fetched = []
    start = threading.Barrier(8)

    def fetch() -> tuple[dict[str, str], float]:
        fetched.append(1)
        return {KEY_ID: CERTIFICATE}, 3600.0

    ours, token = verifier(fetch=fetch), signed(claims())

    def verify(_: int) -> str:
        start.wait(timeout=10)
        return ours.verify(token).uid

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(verify, range(8))) == {"uid-1"}
    assert fetched == [1]


def test_a_refusal_says_nothing_of_the_tokens_content() -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        verifier().verify(signed(claims(aud="other", email="canary@example.org", sub="uid-canary")))
    assert "canary" not in refused.value.detail

"""A check that asks a payer over HTTP, stored in both implementations."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.db.selector import DatabaseSelector
from shared.domain.session import SessionLimits
from shared.errors import MobiusError, StoreUnavailableError
from shared.models.api.modes import QuickAction, SetContext
from shared.models.audit import AuditAction
from shared.models.caller import Caller
from shared.models.replay import Replayed
from shared.repositories.memory.members import InMemoryAuditPublisher
from shared.repositories.memory.store import InMemoryLiveStore
from shared.services import payer_inquiries
from shared.services.access_log import AccessLog
from shared.services.contexts import ContextService
from shared.services.modes import ModeService
from tests.contract.conftest import Records
from tests.contract.practice import file_of, patient_row, store_practice
from tests.integration.payer_endpoint import Endpoint, payer_endpoint
from tests.integration.test_payers_asked import answers, connection_to, told
from tests.unit.factories import NOW, USER, caller, key

ASK = QuickAction(action="check_eligibility", params={"dateOfService": "2026-11-24"})


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with payer_endpoint() as opened:
        yield opened


@pytest.fixture
def modes(records: Records, endpoint: Endpoint) -> ModeService:
    """The modes over a practice with an insured patient, MRN900."""
    store_practice(records)
    own = {"client_id": records.client}
    payer = records.add("payers", own | {"payer_number": "E-1", "name": "Bluestem", "electronic_id": "00553"})
    patient = records.add("patients", own | patient_row("MRN900", "Elena", "Vasquez"))
    held = {"patient_id": patient, "payer_id": payer, "member_id": "BST553018842", "period_start": date(2025, 1, 1)}
    records.add("coverages", own | held)
    live = InMemoryLiveStore()
    log = AccessLog(InMemoryAuditPublisher, lambda: live.outbox)
    selector = DatabaseSelector(lambda: records.store, lambda: live)
    contexts = ContextService(selector, log, b"a secret", now=lambda: NOW, limits=SessionLimits())
    return ModeService(selector, log, contexts, now=lambda: NOW, clearinghouse=lambda: connection_to(endpoint))


@pytest.mark.parametrize(
    ("segment", "eligible", "state", "minutes"),
    [
        ("EB*1**30", True, "completed", None),
        ("EB*6**30", False, "completed", None),
        ("AAA*Y**42*R", None, "failed", 1),
        ("AAA*Y**75*C", None, "failed", None),
    ],
)
def test_what_the_payer_said_is_stored_once_and_read_again(
    records: Records,
    endpoint: Endpoint,
    modes: ModeService,
    segment: str,
    eligible: bool | None,
    state: str,
    minutes: int | None,
) -> None:
    answers(endpoint, told(segment))
    who = caller(client_id=records.client, user_id=USER, action=AuditAction.QUICK_ACTION)
    modes.set_context(who, "eligibility", SetContext(record_type="Patient ID", record_id="MRN900"))
    keyed = replace(who, idempotency=key("asked"))
    assert modes.execute_quick_action(keyed, "eligibility", ASK).data["eligible"] is eligible
    with pytest.raises(Replayed):
        modes.execute_quick_action(keyed, "eligibility", ASK)
    assert len(endpoint.bodies) == 1
    newest = file_of(records, "MRN900").newest_check
    assert newest is not None
    assert (newest.state, newest.source, newest.attempts) == (state, "clearinghouse", 1)
    assert newest.next_attempt_at == (None if minutes is None else NOW + timedelta(minutes=minutes))
    assert newest.answer is not None
    assert newest.answer.person is not None
    assert newest.answer.person.last_name == "VASQUEZ"
    assert [one.metadata.get("coverages_asked") for one in records.events()] == ["1"]
    summary = modes.get_summary(who, "eligibility")
    expected = {True: "proceed", False: "error", None: "pending" if minutes else "error"}[eligible]
    assert summary.status == expected


def keyed_checks(records: Records, modes: ModeService) -> tuple[Caller, Callable[[int], str]]:
    """Who asks under one key, and a request that says what it came to."""
    who = caller(client_id=records.client, user_id=USER, action=AuditAction.QUICK_ACTION)
    modes.set_context(who, "eligibility", SetContext(record_type="Patient ID", record_id="MRN900"))
    keyed = replace(who, idempotency=key("asked"))

    def attempt(_: int) -> str:
        try:
            modes.execute_quick_action(keyed, "eligibility", ASK)
        except Replayed:
            return "replayed"
        except MobiusError as exc:
            return exc.code
        return "done"

    return keyed, attempt


def test_requests_with_one_key_at_one_moment_ask_the_payer_once(
    records: Records, endpoint: Endpoint, modes: ModeService
) -> None:
    answers(endpoint, told("EB*1**30"))
    respond = endpoint.respond

    def slowly(connection: socket.socket) -> None:
        endpoint.stop.wait(0.3)
        respond(connection)

    endpoint.respond = slowly
    _, attempt = keyed_checks(records, modes)
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, range(4))) == ["done"] + ["replayed"] * 3
    assert len(endpoint.bodies) == 1
    assert len(records.events()) == 1


def test_a_request_that_could_not_be_carried_out_lets_the_next_one_ask(
    records: Records, endpoint: Endpoint, modes: ModeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(endpoint, told("EB*1**30"))
    _, attempt = keyed_checks(records, modes)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailableError("The database did not answer in time", retry_after=5)

    with monkeypatch.context() as patch:
        patch.setattr(type(records.store.eligibility), "check", away)
        assert attempt(0) == "store_unavailable"
    assert attempt(1) == "done"
    assert attempt(2) == "replayed"


def test_a_request_whose_twin_does_not_end_is_told_so_and_does_not_ask(
    records: Records, endpoint: Endpoint, modes: ModeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed, attempt = keyed_checks(records, modes)
    assert keyed.idempotency is not None
    assert records.store.eligibility.claim(records.client, keyed.idempotency)  # and is killed
    monkeypatch.setattr(payer_inquiries, "WAIT_SECONDS", 0.3)
    assert attempt(0) == "in_progress"
    assert endpoint.bodies == []

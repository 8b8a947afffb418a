"""Checks that are made again by themselves: PostgreSQL as the retry role, a payer on a real socket, killed runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError

from shared.clearinghouse.x12 import LIMITS
from shared.config import Settings
from shared.db.postgres import Postgres, postgres_for
from shared.errors import StoreUnavailableError
from shared.models.outcome import Outcome
from shared.models.typed_json import from_json
from shared.models.verdict import Difference, VerdictReceipt
from shared.repositories.postgres.record_outbox import PostgresRecordOutbox
from shared.services import check_retries
from tests.integration.asking_again import MODE, AskingPractice, run_in_a_process
from tests.integration.database import Database, running_database
from tests.integration.payer_endpoint import Endpoint, payer_endpoint
from tests.integration.serving import free_port
from tests.integration.test_payers_asked import PERSONAL, answers, connection_to, told

ACTIVE, INACTIVE, LATER = told("EB*1**30^98"), told("EB*6**30^98"), told("AAA*Y**42*R")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def serving(database: Database) -> Iterator[Postgres]:
    postgres = database.role("serving")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture(scope="module")
def retry(database: Database) -> Iterator[Postgres]:
    postgres = database.role("retry")
    yield postgres
    postgres.engine.dispose()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with payer_endpoint() as opened:
        yield opened


@pytest.fixture
def practice(database: Database, serving: Postgres, endpoint: Endpoint) -> AskingPractice:
    database.execute("DELETE FROM check_retries")
    database.execute("DELETE FROM domain_outbox")
    return AskingPractice(database, serving, connection_to(endpoint))


@pytest.mark.parametrize("fault", ["silence", "garbage", "reset", "500", "AAA 42", "AAA 80"])
def test_a_payer_that_cannot_answer_is_asked_five_times_and_then_a_person_must(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, fault: str
) -> None:
    if fault.startswith("AAA"):
        answers(endpoint, told(f"AAA*Y**{fault[-2:]}*R"))
    else:
        faults: dict[str, Callable[[], None]] = {
            "silence": endpoint.says_nothing,
            "garbage": lambda: endpoint.answers(b"\x00\xff\x17 no EDI"),
            "reset": endpoint.resets,
            "500": lambda: endpoint.answers("<html>", status="500 Broken", content_type="text/html"),
        }
        faults[fault]()
    practice.check()
    runs = practice.retries(retry)
    for number, minutes in enumerate((1, 5, 30, 120), start=1):
        practice.later(minutes=minutes, seconds=-1)
        assert runs.run() is Outcome.UNCHANGED
        assert len(endpoint.bodies) == number
        practice.later(seconds=1)
        assert runs.run() is Outcome.DONE
        assert len(endpoint.bodies) == number + 1
    practice.later(days=3)
    assert runs.run() is Outcome.UNCHANGED
    rows = practice.checks()
    assert [row["attempts"] for row in rows] == [1, 2, 3, 4, 5]
    assert {(row["verdict"], row["state"], row["status"]) for row in rows} == {("undetermined", "failed", "pending")}
    assert [row["next_attempt_at"] is None for row in rows] == [False, False, False, False, True]
    assert practice.planned() == []
    offered = practice.modes.get_mode_handler(MODE).guidance(practice.caller, practice.modes.contexts.current(
        practice.caller, MODE, None))  # fmt: skip
    reasons = {one.action: one.reason for one in offered}
    for action in ("check_eligibility", "call_script"):
        reason = reasons[action]
        assert reason is not None
        assert reason.code == "attempts_used_up"


def test_an_answer_that_comes_later_counts_with_its_receipt_difference_and_event(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, ACTIVE, LATER, INACTIVE)
    practice.check()
    practice.later(days=4)
    practice.check()
    practice.later(minutes=1)
    assert practice.retries(retry).run() is Outcome.DONE
    first, failed, last = practice.checks()
    assert (last["verdict"], last["state"], last["attempts"], last["source"]) == (
        "not_eligible", "completed", 2, "clearinghouse",
    )  # fmt: skip
    assert (last["checked_by"], last["previous_check_id"]) == (practice.caller.user_id, first["id"])
    receipt, changed = from_json(VerdictReceipt, last["receipt"]), from_json(Difference, last["difference"])
    assert receipt is not None
    assert receipt.evidence[0].code == "plan_inactive"
    assert changed is not None
    assert changed.previous == first["id"]
    assert "verdict" in {one.member for one in changed.changes}
    (event,) = practice.events()
    assert (event["userId"], event["resourceId"], event["patientRef"], event["mode"]) == (
        None, str(last["id"]), str(practice.patient), MODE,
    )  # fmt: skip
    assert event["metadata"] == {
        "verdict": "not_eligible", "attempt": "2", "check": str(failed["id"]), "coverages_asked": "1",
    }  # fmt: skip
    assert not any(word in str(event) for word in PERSONAL)
    assert practice.planned() == []


def test_what_a_person_must_correct_is_not_asked_again(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, LATER, told("AAA*Y**75*C"))
    practice.check()
    practice.later(minutes=1)
    practice.retries(retry).run()
    assert practice.checks()[-1]["failure"]["kind"] == "needs_correction"
    practice.later(days=1)
    assert practice.retries(retry).run() is Outcome.UNCHANGED
    assert len(endpoint.bodies) == 2


def test_the_payers_own_wait_counts(practice: AskingPractice, retry: Postgres, endpoint: Endpoint) -> None:
    answers(endpoint, told("AAA*Y**42*X"), ACTIVE)
    practice.check()
    practice.later(days=10, seconds=-1)
    assert practice.retries(retry).run() is Outcome.UNCHANGED
    practice.later(seconds=1)
    practice.retries(retry).run()
    assert practice.checks()[-1]["verdict"] == "eligible"
    assert len(endpoint.bodies) == 2


def test_contexts_learn_of_it_by_the_outbox_of_record_changes(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER, ACTIVE)
    practice.check()
    assert practice.modes.get_context(practice.caller, MODE).status == "pending"
    database.execute("DELETE FROM domain_outbox")
    practice.later(minutes=1)
    practice.retries(retry).run()
    relay = database.role("relay")
    with PostgresRecordOutbox(relay).taken(10) as messages:
        (message,) = messages
    relay.engine.dispose()
    (change,) = message.changes
    assert (change.record_type, change.record_id) == ("eligibility_check", practice.checks()[-1]["id"])
    assert practice.projection.project(message.model_dump_json(by_alias=True).encode()) is Outcome.DONE
    shown = practice.modes.get_context(practice.caller, MODE)
    assert shown.status == "proceed"
    assert "active for 2026-11-24" in shown.summary


def test_a_day_of_another_month_is_asked_about_as_that_month_begins(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, INACTIVE)
    practice.check(on=date(2026, 12, 15))
    (row,) = practice.checks()
    midnight = datetime(2026, 12, 1, 6, tzinfo=UTC)  # in Chicago
    assert (row["state"], row["source"], row["verdict"]) == ("completed", "on_file", "eligible")
    assert row["next_attempt_at"] == midnight
    practice.now = midnight - timedelta(seconds=1)
    assert practice.retries(retry).run() is Outcome.UNCHANGED
    assert endpoint.bodies == []
    practice.now = midnight
    assert practice.retries(retry).run() is Outcome.DONE
    assert len(endpoint.bodies) == 1
    last = practice.checks()[-1]
    assert (last["date_of_service"], last["verdict"], last["attempts"]) == (date(2026, 12, 15), "not_eligible", 1)
    assert practice.planned() == []


def test_two_runs_at_once_ask_about_each_patient_once(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER)
    patients = [practice.insured(f"MRN{number}") for number in range(12)]
    for number in range(len(patients)):
        practice.check(f"MRN{number}")
    asked_before = len(endpoint.bodies)
    answers(endpoint, ACTIVE)
    respond = endpoint.respond

    def slowly(connection: socket.socket) -> None:
        endpoint.stop.wait(0.05)
        respond(connection)

    endpoint.respond = slowly
    practice.later(minutes=1)
    other = database.role("retry")
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(practice.retries(role).run) for role in (retry, other)]
        assert {run.result() for run in runs} == {Outcome.DONE}
    other.engine.dispose()
    assert len(endpoint.bodies) == asked_before + len(patients)
    assert [len(practice.checks(patient)) for patient in patients] == [2] * len(patients)
    assert len(practice.events()) == len(patients)
    assert practice.planned() == []


def test_each_organisation_gets_its_own(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database, serving: Postgres
) -> None:
    neighbour = AskingPractice(database, serving, practice.payers)
    answers(endpoint, LATER)
    for one in (practice, neighbour):
        one.check()
    answers(endpoint, ACTIVE)
    practice.later(minutes=1)
    practice.retries(retry).run()
    for one in (practice, neighbour):
        assert [row["state"] for row in one.checks()] == ["failed", "completed"]
        assert len(one.events()) == 1
    assert practice.checks()[-1]["id"] != neighbour.checks()[-1]["id"]


def test_a_run_that_is_killed_while_the_payer_thinks_loses_nothing(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER)
    practice.now = datetime.now(UTC) - timedelta(minutes=2)
    practice.check(on=practice.now.date())
    practice.now = datetime.now(UTC)
    answers(endpoint, ACTIVE)
    respond, thinking = endpoint.respond, threading.Event()

    def thinks(connection: socket.socket) -> None:
        thinking.set()
        endpoint.stop.wait(30)
        del connection

    endpoint.respond = thinks
    run = run_in_a_process(database, endpoint)
    try:
        assert thinking.wait(30)
    finally:
        run.kill()
        run.wait(10)
    (planned,) = practice.planned()
    assert planned["leased_until"] is not None
    assert len(practice.checks()) == 1
    endpoint.respond = respond
    assert practice.retries(retry).run() is Outcome.UNCHANGED  # still lent
    practice.now = planned["leased_until"]
    assert practice.retries(retry).run() is Outcome.DONE
    assert [row["state"] for row in practice.checks()] == ["failed", "completed"]
    assert len(practice.events()) == 1
    assert practice.planned() == []


def test_what_is_checked_by_hand_while_the_payer_is_asked_again_is_stored_once(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, LATER)
    practice.check()
    answers(endpoint, ACTIVE)
    respond = endpoint.respond

    def by_hand_first(connection: socket.socket) -> None:
        endpoint.respond = respond
        practice.check()
        respond(connection)

    endpoint.respond = by_hand_first
    practice.later(minutes=1)
    assert practice.retries(retry).run() is Outcome.DONE
    by_hand = practice.checks()
    assert [(row["state"], row["attempts"]) for row in by_hand] == [("failed", 1), ("completed", 1)]
    (late,) = practice.events()
    assert late["metadata"]["late"] == "true"
    assert late["metadata"]["coverages_asked"] == "1"
    practice.later(hours=3)
    assert practice.retries(retry).run() is Outcome.UNCHANGED


def test_what_is_edited_while_the_payer_is_asked_is_asked_once_more(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER, INACTIVE)
    practice.check()
    respond = endpoint.respond

    def edit_first(connection: socket.socket) -> None:
        database.execute("UPDATE patients SET version = version + 1 WHERE id = :id", id=practice.patient)
        respond(connection)

    endpoint.respond = edit_first
    practice.later(minutes=1)
    practice.retries(retry).run()
    last = practice.checks()[-1]
    assert (last["verdict"], last["failure"]["reason"], last["attempts"]) == ("undetermined", "file_changed", 2)
    assert last["next_attempt_at"] == practice.now + timedelta(minutes=5)


def test_what_a_run_has_no_time_for_is_left_for_the_next(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, LATER)
    practice.insured("MRN901")
    for mrn in ("MRN900", "MRN901"):
        practice.check(mrn)
    answers(endpoint, ACTIVE)
    practice.later(minutes=1)
    times = iter((0.0, 0.0, check_retries.RUN_SECONDS))
    practice.retries(retry, workers=1, clock=lambda: next(times)).run()
    assert len(practice.events()) == 1
    practice.retries(retry, workers=1).run()
    assert len(practice.events()) == 2


def test_a_lease_is_longer_than_a_check_can_take() -> None:
    """Payers have 9 s together, and a payer's own limit is the whole's; the database has 5 s a statement."""
    assert timedelta(seconds=9 + 5 * 8) < check_retries.LEASE
    assert check_retries.RUN_SECONDS + 60 < 120
    assert LIMITS.total_seconds < check_retries.LEASE.total_seconds()


def test_a_check_that_cannot_be_made_keeps_nobody_elses_from_being_made(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER)
    practice.check()
    sound = practice.insured("MRN901")
    practice.check("MRN901")
    change = "UPDATE {} SET service_type = 'no such type' WHERE patient_id = :patient"
    for table in ("eligibility_checks", "check_retries"):
        database.execute(change.format(table), patient=practice.patient)
    answers(endpoint, ACTIVE)
    practice.later(minutes=1)
    with pytest.raises(ValidationError):
        practice.retries(retry, workers=1).run()
    assert [row["state"] for row in practice.checks(sound)] == ["failed", "completed"]
    assert [row["patient_id"] for row in practice.planned()] == [practice.patient]


def test_nobody_is_asked_about_a_patient_who_was_deleted(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint, database: Database
) -> None:
    answers(endpoint, LATER)
    practice.check()
    database.execute("UPDATE patients SET deleted_at = now() WHERE id = :id", id=practice.patient)
    practice.later(minutes=1)
    practice.retries(retry).run()
    assert len(endpoint.bodies) == 1
    assert practice.planned() == []


def test_without_a_payer_connection_nothing_is_taken(
    practice: AskingPractice, retry: Postgres, endpoint: Endpoint
) -> None:
    answers(endpoint, LATER)
    practice.check()
    practice.later(minutes=1)
    practice.payers = None  # type: ignore[assignment]
    assert practice.retries(retry).run() is Outcome.UNCHANGED
    (planned,) = practice.planned()
    assert planned["leased_until"] is None


def test_a_database_that_is_away_is_said_and_nothing_is_lost(practice: AskingPractice, endpoint: Endpoint) -> None:
    answers(endpoint, LATER)
    practice.check()
    practice.later(minutes=1)
    url = SecretStr(f"postgresql+pg8000://mobius_retry:x@127.0.0.1:{free_port()}/mobius")
    away = postgres_for(Settings(project="p", database_urls={"retry": url}), "retry")
    with pytest.raises(StoreUnavailableError):
        practice.retries(away).run()
    assert len(endpoint.bodies) == 1
    assert len(practice.planned()) == 1

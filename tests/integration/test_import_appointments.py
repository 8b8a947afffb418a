"""Sample appointments on PostgreSQL: visits with the history of their day, the same however often they are imported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.domain.visit.states import Standing, standing_of
from shared.importing.medscheduler import parse_medscheduler_folder
from shared.models.api.record_import import ImportReport
from shared.models.identifiers import uuid7
from shared.models.imported import ImportBatch, PatientRecord, VisitFact, VisitRecord
from shared.models.visit import VisitStep
from shared.repositories.postgres.record_import import PostgresRecordImport
from shared.services.record_import import ImportService
from tests.integration.database import Database, running_database
from tests.unit.test_import_medscheduler import EXPORT

USER = UUID("00000000-0000-7000-8000-000000000005")
DAY = date(2025, 3, 17)
NINE = datetime(2025, 3, 17, 13, tzinfo=UTC)
BOOKED = NINE - timedelta(days=9)
HISTORY = (
    "SELECT from_status, to_status, changed_at, reason FROM visit_status_history"
    " WHERE client_id = :client ORDER BY changed_at, id"
)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def service(database: Database) -> Iterator[ImportService]:
    postgres = database.role("serving")
    yield ImportService(PostgresRecordImport(postgres))
    postgres.engine.dispose()


@pytest.fixture
def client(database: Database) -> UUID:
    return database.client()


def visit(**changes: Any) -> VisitRecord:
    booked = VisitRecord(
        path="appointments.csv:2",
        source_ref="medscheduler:appointments/1",
        number="1",
        patient="medscheduler:patients/1",
        visit_date=DAY,
        status="scheduled",
        starts_at=NINE,
        stepwise=True,
        booked_at=BOOKED,
    )
    return replace(booked, **changes)


def take(service: ImportService, client: UUID, *visits: VisitRecord) -> ImportReport:
    patient = PatientRecord(
        path="patients.csv:2", source_ref="medscheduler:patients/1", mrn="1", first_name="Ana", last_name="Ruiz"
    )
    batch = ImportBatch(patients=[patient], visits=list(visits))
    return service.import_batch(client_id=client, user_id=USER, request_id="r", batch=batch)


ATTENDED = visit(
    status="completed",
    facts=(
        VisitFact("arrived", NINE),
        VisitFact("checked_in", NINE),
        VisitFact("with_provider", NINE + timedelta(minutes=9)),
        VisitFact("completed", NINE + timedelta(minutes=30)),
    ),
)


def test_facts_are_history_in_the_order_in_which_they_happened(
    database: Database, service: ImportService, client: UUID
) -> None:
    take(service, client, ATTENDED)
    rows = database.rows(HISTORY, client=client)
    assert [(row["from_status"], row["to_status"], row["changed_at"]) for row in rows] == [
        (None, "scheduled", BOOKED),
        ("scheduled", "arrived", NINE),
        ("arrived", "checked_in", NINE),
        ("checked_in", "with_provider", NINE + timedelta(minutes=9)),
        ("with_provider", "completed", NINE + timedelta(minutes=30)),
    ]


def test_second_import_adds_nothing_to_the_history(database: Database, service: ImportService, client: UUID) -> None:
    cancelled = visit(source_ref="medscheduler:appointments/2", number="2", status="cancelled")
    take(service, client, ATTENDED, cancelled)
    before = database.rows(HISTORY, client=client)
    report = take(service, client, ATTENDED, cancelled)
    assert report.records["visit"].unchanged == 2
    assert database.rows(HISTORY, client=client) == before
    assert len(before) == 7


def test_status_without_a_time_is_known_since_the_import(
    database: Database, service: ImportService, client: UUID
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    take(service, client, visit())
    report = take(service, client, visit(status="no_show"))
    assert report.records["visit"].updated == 1
    _, row = database.rows(HISTORY, client=client)
    assert (row["from_status"], row["to_status"], row["reason"]) == ("scheduled", "no_show", "imported")
    assert row["changed_at"] > began


def test_what_happened_is_not_carried_to_another_day(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, ATTENDED)
    moved = replace(ATTENDED, visit_date=DAY + timedelta(days=1), status="scheduled", facts=())
    (refused,) = take(service, client, moved).records["visit"].refused
    assert (refused.reason, refused.path) == ("on_another_day", "appointments.csv:2")
    assert database.value("SELECT visit_date FROM visits WHERE client_id = :client", client=client) == DAY


def test_booked_visit_moves_with_its_sample(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, visit())
    report = take(service, client, visit(visit_date=DAY + timedelta(days=1)))
    assert report.records["visit"].updated == 1
    day = database.value("SELECT visit_date FROM visits WHERE client_id = :client", client=client)
    assert day == DAY + timedelta(days=1)


def test_fact_of_another_organisation_is_its_own(database: Database, service: ImportService, client: UUID) -> None:
    other = database.client()
    take(service, client, ATTENDED)
    take(service, other, ATTENDED)
    assert len(database.rows(HISTORY, client=other)) == len(database.rows(HISTORY, client=client)) == 5


@pytest.mark.skipif(not EXPORT.is_dir(), reason="the reference data (../shared/data) is not there")
def test_published_appointments_load_completely_and_twice_the_same(
    database: Database, service: ImportService, client: UUID
) -> None:
    for word in ("created", "unchanged"):
        batch = parse_medscheduler_folder(EXPORT, zone=service.zone(client))
        report = service.import_batch(client_id=client, user_id=uuid7(), request_id="r", batch=batch)
        counted = {kind: getattr(one, word) for kind, one in report.records.items()}
        assert counted == {"provider": 1, "patient": 3028, "visit": 3406}
        assert report.refused_count == 0
        # The booking of each, four steps of each that was attended, one of each that was cancelled or missed.
        rows = "SELECT count(*) FROM visit_status_history WHERE client_id = :client"
        assert database.value(rows, client=client) == 3406 + 4 * 2516 + 554 + 191
    assert disagreeing(database, client) == []


def disagreeing(database: Database, client: UUID) -> list[str]:
    """The visits that stand elsewhere than the replay of their history says."""
    steps: dict[UUID, list[VisitStep]] = defaultdict(list)
    rows = (
        "SELECT visit_id, id, axis, from_status, to_status, reason, changed_by, changed_at FROM visit_status_history"
        " WHERE client_id = :client ORDER BY changed_at, id"
    )
    for row in database.rows(rows, client=client):
        visit_id, *members = row.values()
        steps[visit_id].append(VisitStep(*members))
    visits = "SELECT id, visit_number, status, status_since, arrived_at FROM visits WHERE client_id = :client"
    return [
        row["visit_number"]
        for row in database.rows(visits, client=client)
        if standing_of(steps[row["id"]]) != Standing(row["status"], row["status_since"], row["arrived_at"])
    ]


def test_visit_that_people_have_moved_stays(database: Database, service: ImportService, client: UUID) -> None:
    take(service, client, visit())
    database.execute("UPDATE visits SET status = 'confirmed' WHERE client_id = :client", client=client)
    report = take(service, client, ATTENDED)
    assert report.records["visit"].notes == {"moved_here": 1}
    assert database.value("SELECT status FROM visits WHERE client_id = :client", client=client) == "confirmed"


def test_visit_of_another_source_has_the_history_that_the_database_writes(
    database: Database, service: ImportService, client: UUID
) -> None:
    take(service, client, visit(stepwise=False, booked_at=None))
    take(service, client, visit(stepwise=False, booked_at=None, status="completed"))
    rows = database.rows(HISTORY, client=client)
    assert [(row["from_status"], row["to_status"]) for row in rows] == [(None, "scheduled"), ("scheduled", "completed")]

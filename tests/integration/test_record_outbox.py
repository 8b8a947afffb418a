"""Every change of a record waits in `domain_outbox`, in the transaction of the change, until it is carried on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from infra.migrations.run import downgrade, upgrade
from shared.db.postgres import Postgres
from shared.models.api.record_writes import RecordWrite, WrittenRecord
from shared.models.caller import Caller
from shared.models.identifiers import uuid7
from shared.models.record_changes import RecordChange, RecordChanges
from shared.models.roles import Role
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.repositories.postgres.record_import import PostgresRecordImport
from shared.repositories.postgres.record_outbox import PostgresRecordOutbox
from shared.repositories.postgres.store import PostgresRecordStore
from shared.services.access_log import AccessLog
from shared.services.record_import import ImportService
from shared.services.record_writes import RecordWriteService
from tests.e2e.person import at_once
from tests.integration.database import Database, running_database
from tests.unit.factories import caller
from tests.unit.import_samples import bundle, coverage, patient

USER = UUID("00000000-0000-7000-8000-000000000005")


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
def outbox(database: Database) -> Iterator[PostgresRecordOutbox]:
    postgres = database.role("relay")
    yield PostgresRecordOutbox(postgres)
    postgres.engine.dispose()


@pytest.fixture
def client(database: Database) -> UUID:
    database.execute("DELETE FROM domain_outbox")
    return database.client()


@pytest.fixture
def service(serving: Postgres) -> RecordWriteService:
    log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(InMemoryDocuments()))
    return RecordWriteService(lambda: PostgresRecordStore(serving), log)


@pytest.fixture
def admin(client: UUID) -> Caller:
    return caller(client_id=client, role=Role.ADMIN)


def write(
    service: RecordWriteService, who: Caller, record_type: str, version: int | None = None, **data: Any
) -> WrittenRecord:
    body = RecordWrite.model_validate({"type": record_type, "data": data, "version": version})
    return service.write(who, body)[0]


def waiting(outbox: PostgresRecordOutbox) -> list[tuple[str, str, int]]:
    """What waits, as (type, change, version); it is gone afterwards."""
    with outbox.taken(1000) as messages:
        found = [change for message in messages for change in message.changes]
    return [(one.record_type, one.change, one.record_version) for one in found]


RECORDS: dict[str, dict[str, Any]] = {
    "patient": {"mrn": "M-2", "firstName": "Ana", "lastName": "Ortiz", "dateOfBirth": "1984-02-11"},
    "payer": {"payerNumber": "P-2", "name": "A Payer"},
    "provider": {"providerNumber": "D-2", "kind": "person", "name": "A Doctor"},
    "payer_rule": {"payerId": "P-1", "serviceType": "98"},
    "coverage": {"patientId": "M-1", "payerId": "P-1", "memberId": "W-1"},
    "visit": {"visitNumber": "V-2", "patientId": "M-1", "visitDate": "2026-12-01"},
    "claim": {"claimNumber": "C-2", "patientId": "M-1", "payerId": "P-1", "amount": 5},
    "authorization": {"authNumber": "A-2", "patientId": "M-1", "payerId": "P-1"},
}
CHANGES: dict[str, dict[str, Any]] = {
    "patient": {"lastName": "Ortega"},
    "payer": {"name": "Another"},
    "provider": {"name": "Another"},
    "payer_rule": {"requiresAuth": True},
    "coverage": {"planName": "Gold"},
    "visit": {"status": "confirmed"},
    "claim": {"status": "ready"},
    "authorization": {"status": "submitted"},
}


@pytest.mark.parametrize("record_type", RECORDS)
def test_a_record_that_is_made_changed_and_deleted_says_so_each_time(
    outbox: PostgresRecordOutbox, service: RecordWriteService, admin: Caller, record_type: str
) -> None:
    owner = write(service, admin, "patient", **RECORDS["patient"] | {"mrn": "M-1"}).id
    payer = write(service, admin, "payer", **RECORDS["payer"] | {"payerNumber": "P-1"}).id
    waiting(outbox)
    made = write(service, admin, record_type, **RECORDS[record_type])
    write(service, admin, record_type, 1, **RECORDS[record_type])  # changes nothing
    write(service, admin, record_type, 1, **RECORDS[record_type] | CHANGES[record_type])
    service.delete(admin, record_type, made.id)
    with outbox.taken(1000) as messages:
        (message,) = messages
    assert message.client_id == admin.client_id
    assert {one.record_id for one in message.changes} == {UUID(made.id)}
    assert sorted((one.record_version, one.change) for one in message.changes) == [
        (1, "created"),
        (2, "updated"),
        (3, "deleted"),
    ]
    whose = {"patient": made.id, "payer": "", "provider": "", "payer_rule": ""}.get(record_type, owner)
    payers = {"payer": made.id, "patient": "", "provider": "", "visit": ""}.get(record_type, payer)
    for one in message.changes:
        assert [str(patient) for patient in one.patient_ids] == ([whose] if whose else [])
        assert [str(found) for found in one.payer_ids] == ([payers] if payers else [])


def test_a_record_that_moves_to_another_patient_is_about_both(
    outbox: PostgresRecordOutbox, service: RecordWriteService, admin: Caller
) -> None:
    ids = [write(service, admin, "patient", **RECORDS["patient"] | {"mrn": mrn}).id for mrn in ("M-1", "M-7")]
    write(service, admin, "claim", claimNumber="C-1", patientId="M-1", amount=5)
    waiting(outbox)
    write(service, admin, "claim", 1, claimNumber="C-1", patientId="M-7")
    with outbox.taken(10) as messages:
        ((change,),) = [message.changes for message in messages]
    assert {str(one) for one in change.patient_ids} == set(ids)


def test_a_stored_check_says_so_and_whose_it_is(
    database: Database, outbox: PostgresRecordOutbox, service: RecordWriteService, admin: Caller
) -> None:
    patient = write(service, admin, "patient", **RECORDS["patient"]).id
    waiting(outbox)
    check = uuid7()
    database.execute(
        "INSERT INTO eligibility_checks (id, client_id, patient_id, date_of_service, service_type, verdict, status,"
        " reasons, receipt, checked_by) VALUES (:id, :client, :patient, '2026-12-01', '30', 'undetermined', 'pending',"
        " '[]', '{}', :user)",
        id=check,
        client=admin.client_id,
        patient=patient,
        user=USER,
    )
    database.execute("UPDATE eligibility_checks SET status = 'error', version = 2 WHERE id = :id", id=check)
    with outbox.taken(10) as messages:
        (message,) = messages
    assert sorted((one.record_type, one.change, one.record_version) for one in message.changes) == [
        ("eligibility_check", "created", 1),
        ("eligibility_check", "updated", 2),
    ]
    assert {(one.record_id, *map(str, one.patient_ids)) for one in message.changes} == {(check, patient)}


def test_an_import_says_what_it_made_and_changed(outbox: PostgresRecordOutbox, serving: Postgres, client: UUID) -> None:
    service = ImportService(PostgresRecordImport(serving))

    def take(family: str) -> None:
        person = patient() | {"name": [{"family": family, "given": ["A"]}]}
        service.import_bundle(client_id=client, user_id=USER, request_id="r", bundle=bundle(person, coverage()))

    take("First")
    assert {("patient", "created", 1), ("coverage", "created", 1)} <= set(waiting(outbox))
    take("First")
    assert waiting(outbox) == []
    take("Second")
    assert waiting(outbox) == [("patient", "updated", 2)]


def test_a_change_that_is_undone_says_nothing(outbox: PostgresRecordOutbox, serving: Postgres, client: UUID) -> None:
    insert = text("INSERT INTO payers (id, client_id, payer_number, name) VALUES (:id, :client, 'P-9', 'A Payer')")

    def fail() -> None:
        with serving.tenant(client) as connection:
            connection.execute(insert, {"id": uuid7(), "client": client})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert waiting(outbox) == []


def test_whoever_writes_past_the_repositories_is_heard_too(
    database: Database, outbox: PostgresRecordOutbox, client: UUID
) -> None:
    for number in ("P-3", "P-4"):
        database.execute(
            "INSERT INTO payers (id, client_id, payer_number, name) VALUES (:id, :client, :number, 'A Payer')",
            id=uuid7(),
            client=client,
            number=number,
        )
    database.execute(
        "UPDATE payers SET name = 'One name', version = version + 1 WHERE client_id = :client", client=client
    )
    assert sorted(waiting(outbox)) == [("payer", "created", 1)] * 2 + [("payer", "updated", 2)] * 2


def fill(database: Database, count: int) -> set[UUID]:
    """So many changes in several organisations; the records' ids."""
    database.execute("DELETE FROM domain_outbox")
    clients = [database.client() for _ in range(3)]
    ids = [uuid7() for _ in range(count)]
    for number, identity in enumerate(ids):
        database.execute(
            "INSERT INTO payers (id, client_id, payer_number, name) VALUES (:id, :client, :number, 'A Payer')",
            id=identity,
            client=clients[number % 3],
            number=f"F-{identity}",
        )
    return set(ids)


def test_a_process_that_dies_before_it_has_told_leaves_everything(
    database: Database, outbox: PostgresRecordOutbox
) -> None:
    fill(database, 5)

    def die() -> None:
        with outbox.taken(3):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        die()
    assert len(waiting(outbox)) == 5


def test_a_message_holds_one_organisations_changes_and_reads_back_as_it_was(
    database: Database, outbox: PostgresRecordOutbox
) -> None:
    ids = fill(database, 9)
    with outbox.taken(100) as messages:
        assert [len(message.changes) for message in messages] == [3, 3, 3]
        assert len({message.client_id for message in messages}) == 3
        for message in messages:
            assert RecordChanges.model_validate_json(message.model_dump_json(by_alias=True)) == message
    assert {change.record_id for message in messages for change in message.changes} == ids


def test_relays_that_run_at_once_lose_nothing_and_tell_nothing_twice(
    database: Database, outbox: PostgresRecordOutbox
) -> None:
    ids = fill(database, 60)

    def carry(_: int) -> list[RecordChange]:
        found: list[RecordChange] = []
        for _ in range(60):
            with outbox.taken(7) as messages:
                page = [change for message in messages for change in message.changes]
            found += page
        return found

    told = [change.record_id for page in at_once(3, carry) for change in page]
    assert (len(told), set(told)) == (60, ids)


def test_phones_that_were_searchable_before_get_their_own_weight() -> None:
    with running_database() as database:
        downgrade(database.url, "0008")
        client, identity = database.client(), uuid7()
        database.execute(
            "INSERT INTO patients (id, client_id, mrn, first_name, last_name, phone)"
            " VALUES (:id, :client, 'M-1', 'A', 'B', '+1 (303) 555-0199')",
            id=identity,
            client=client,
        )
        for term, weight in (("3035550199", 2), ("1980-01-01", 2), ("m1", 4)):
            database.execute(
                "INSERT INTO record_terms (client_id, term, record_type, record_id, weight)"
                " VALUES (:client, :term, 'patient', :id, :weight)",
                client=client,
                term=term,
                id=identity,
                weight=weight,
            )
        upgrade(database.url)
        rows = database.rows("SELECT term, weight FROM record_terms")
        assert {row["term"]: row["weight"] for row in rows} == {"3035550199": 1, "1980-01-01": 2, "m1": 4}
        forced = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname IN ('patients', 'record_terms')"
        assert database.value(forced) is True

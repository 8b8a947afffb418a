"""Each public method of the PostgreSQL repositories, called as the proofs of query plans call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.db.postgres import Postgres
from shared.domain.search_terms import query_terms
from shared.models.api.record_writes import RecordWrite
from shared.models.api.records import DATA_MODELS
from shared.models.identifiers import uuid7
from shared.models.imported import (
    ClaimRecord,
    CoverageRecord,
    ImportBatch,
    PatientRecord,
    RemittanceRecord,
    VisitRecord,
)
from shared.models.roles import Role
from shared.models.sign_in import Ticket
from shared.repositories.memory.documents import InMemoryDocuments
from shared.repositories.memory.members import InMemoryAuditOutbox, InMemoryAuditPublisher
from shared.repositories.postgres.audit import PostgresWaitingEvents
from shared.repositories.postgres.record_import import PostgresRecordImport
from shared.repositories.postgres.records import PostgresRecordRepository
from shared.repositories.postgres.sign_ins import (
    PostgresProfileRepository,
    PostgresSignInAttempts,
    PostgresSignInLinks,
    PostgresTicketRepository,
)
from shared.repositories.postgres.store import PostgresRecordStore
from shared.repositories.postgres.users import PostgresOrganisationRepository, PostgresUserRepository
from shared.repositories.user_protocols import UserChange, UserFilter
from shared.services.access_log import AccessLog
from shared.services.record_writes import RecordWriteService
from tests.integration import volume
from tests.unit.factories import caller, event, key

EVERY_TYPE = tuple(DATA_MODELS)
WITHOUT_A_COMMON_RECORD = "common words that never go together"


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, and the database as the roles see it."""

    client: UUID
    base: int
    serving: Postgres
    relay: Postgres
    retry: Postgres
    desk: Postgres

    def id(self, kind: int, n: int) -> UUID:
        return volume.record_id(self.base, kind, n)

    @property
    def store(self) -> PostgresRecordStore:
        return PostgresRecordStore(self.serving)

    @property
    def writing(self) -> RecordWriteService:
        log = AccessLog(InMemoryAuditPublisher, lambda: InMemoryAuditOutbox(InMemoryDocuments()))
        return RecordWriteService(lambda: self.store, log)


Call = Callable[[Place], object]


def search(words: str, types: tuple[str, ...] = EVERY_TYPE, *, finds: int | None = None) -> Call:
    """A search; at most 200 are ever found, `finds` when the words say how many."""

    def searched(at: Place) -> None:
        found = PostgresRecordRepository(at.serving).search(at.client, query_terms(words), types, seen=None)
        assert len(found) <= 200
        assert finds is None or len(found) == finds

    return searched


def get(record_type: str, number: str | None = None, *, kind: int = 0) -> Call:
    """A record by its number, or the 711th of a kind by its uuid."""
    return lambda at: PostgresRecordRepository(at.serving).get(
        at.client, record_type, number or str(at.id(kind, 711)), seen=None
    )


def resolve(record_type: str, number: str) -> Call:
    return lambda at: PostgresRecordRepository(at.serving).resolve(at.client, record_type, number)


def write(record_type: str, **data: Any) -> Call:
    """Make a record, and change it."""

    def written(at: Place) -> None:
        admin = caller(client_id=at.client, role=Role.ADMIN)
        made, _ = at.writing.write(admin, RecordWrite.model_validate({"type": record_type, "data": data}))
        again = {"type": record_type, "data": data, "version": made.version}
        at.writing.write(admin, RecordWrite.model_validate(again))
        at.writing.delete(caller(client_id=at.client, role=Role.ADMIN, if_match=made.version), record_type, made.id)

    return written


def delete(record_type: str, reference: str) -> Call:
    """Delete what nothing points at: whatever could is looked for."""
    return lambda at: at.writing.delete(caller(client_id=at.client, role=Role.ADMIN), record_type, reference)


def history(at: Place) -> None:
    at.store.record_writes.history(at.client, "patient", "MRN1", seen=event(at.client))


def store_import(at: Place) -> None:
    """A few records: some are there by source, some by number, some are new."""
    batch = ImportBatch(
        patients=[PatientRecord("p", "new-1", "MRN-NEW", "A", "B"), PatientRecord("p", "new-2", "MRN711", "A", "B")],
        coverages=[CoverageRecord("c", "cov-711", "new-1", "PAY1")],
        visits=[VisitRecord("v", "new-v", "VIS-NEW", "new-1", date(2026, 1, 1), "scheduled")],
        claims=[ClaimRecord("k", "clm-711", "CLM711", "new-1", Decimal(10), "submitted")],
        remittances=[RemittanceRecord("r", "clm-712", "denied", None, None)],
    )
    PostgresRecordImport(at.serving).store(
        at.client, batch, lambda _: (event(at.client), None), key=key(), progress=lambda _: None
    )


def users(after: tuple[str, int] | None = None, **wanted: str) -> Call:
    """A page of users; `after` is a place deep in the list."""

    def listed(at: Place) -> None:
        place = (after[0], at.id(volume.USERS, after[1])) if after else None
        found = PostgresUserRepository(at.serving).find(
            at.client, UserFilter(**wanted), after=place, limit=26, seen=None
        )
        assert found

    return listed


def change_user(at: Place) -> None:
    PostgresUserRepository(at.serving).change(
        at.client, at.id(volume.USERS, 711), lambda user, _: UserChange(user, event(at.client)), key=key()
    )


def rename(at: Place) -> None:
    PostgresOrganisationRepository(at.serving).change(at.client, lambda one: (one, event(at.client)))


def attempt(at: Place) -> None:
    attempts = PostgresSignInAttempts(at.serving)
    attempts.begin("f" * 64, window=timedelta(minutes=5))
    attempts.succeeded("f" * 64)


def ticket(at: Place) -> None:
    tickets, now = PostgresTicketRepository(at.serving), datetime.now(UTC)
    secret = uuid7().hex * 2
    tickets.issue(Ticket(secret, "oauth_state", {}, now + timedelta(minutes=5)))
    assert tickets.redeem(secret, "oauth_state", now=now) is not None


def profile(at: Place) -> None:
    assert PostgresProfileRepository(at.serving).get(at.client, at.id(volume.USERS, 711)) is not None


def links(at: Place) -> None:
    known = PostgresSignInLinks(at.serving)
    assert known.account_of("f" * 64) is None
    assert known.is_linked("uid-7", "https://accounts.example")


def waiting_events(at: Place) -> None:
    """Two pages, the second behind a cursor."""
    pages = PostgresWaitingEvents(at.relay).older_than(timedelta(minutes=1), page=100)
    assert [len(next(pages)) for _ in range(2)] == [100, 100]


# Each public method of the repositories, by its class. `test_every_method_is_listed_here` compares with the sources.
CALLS: dict[str, dict[str, Call]] = {
    "PostgresRecordRepository.search": {
        "a number": search("MRN77"),
        "the start of a number": search("mrn7"),
        "digits": search("77"),
        "one letter": search("m", finds=200),
        "one letter, a type without it": search("e", ("payer",), finds=0),
        "a word that everybody has": search("everybody", finds=200),
        "a word that everybody has, no such type": search("everybody", ("visit", "provider"), finds=0),
        "a common and a rare word": search("everybody mrn711"),
        "common words that go together": search("everybody even", finds=200),
        WITHOUT_A_COMMON_RECORD: search("oddly even", finds=0),
        "eight common words": search("everybody everybod everybo everyb every ever eve ev", finds=200),
        "names and a date": search("lastab firsta 1931-01-04"),
        "nobody": search("nobody", finds=0),
    },
    "PostgresRecordRepository.get": {
        "patient": get("patient", "MRN711"),
        "patient by uuid": get("patient", kind=volume.PEOPLE),
        "claim": get("claim", "CLM711"),
        "visit": get("visit", "VIS711"),
        "authorization": get("authorization", "AUTH711"),
        "coverage": get("coverage", "cov-711"),
        "coverage by uuid": get("coverage", kind=volume.COVERAGES),
        "payer rule": get("payer_rule", kind=volume.PAYERS),
    },
    "PostgresRecordRepository.resolve": {"claim": resolve("claim", "CLM711"), "unknown": resolve("visit", "nothing")},
    "PostgresRecordRepository.find_patient": {
        "mrn": lambda at: PostgresRecordRepository(at.serving).find_patient(at.client, "MRN711")
    },
    "PostgresRecordWrites.write": {
        "patient": write("patient", mrn="MRN-X", firstName="A", lastName="Lastab", dateOfBirth="1900-01-01"),
        "coverage": write("coverage", patientId="MRN711", payerId="PAY1", memberId="UNKNOWN"),
        "claim": write("claim", claimNumber="CLM-X", patientId="MRN711", amount=1, payerId="PAY1", visitId="VIS711"),
        "visit": write("visit", visitNumber="V-X", patientId="MRN711", visitDate="2026-12-01", providerId="PRV1"),
        "authorization": write("authorization", authNumber="A-X", patientId="MRN711", payerId="PAY1"),
        "payer rule": write("payer_rule", payerId="PAY1", serviceType="MH", requiresAuth=True),
    },
    "PostgresRecordWrites.delete": {
        "payer that nothing points at": delete("payer", "PAY20"),
        "provider that nothing points at": delete("provider", "PRV100"),
        "visit": write("visit", visitNumber="V-Y", patientId="MRN711", visitDate="2026-12-01"),
    },
    "PostgresRecordWrites.history": {"a tenth of all changes": history},
    "PostgresRecordImport.store": {"a few records": store_import},
    "PostgresRecordImport.time_zone": {"": lambda at: PostgresRecordImport(at.serving).time_zone(at.client)},
    "PostgresUserRepository.find": {
        "first page": users(),
        "deep": users(("person 7", 711)),
        "of a role": users(role="biller"),
        "of a rare role, deep": users(("person", 1), role="admin"),
        "of a status": users(status="deactivated"),
        "of a role and a status": users(role="biller", status="active"),
    },
    "PostgresUserRepository.get": {
        "": lambda at: PostgresUserRepository(at.serving).get(at.client, at.id(volume.USERS, 711))
    },
    "PostgresUserRepository.change": {"": change_user},
    "PostgresOrganisationRepository.get": {"": lambda at: PostgresOrganisationRepository(at.serving).get(at.client)},
    "PostgresOrganisationRepository.change": {"": rename},
    "PostgresProfileRepository.get": {"": profile},
    "PostgresSignInAttempts.begin": {"": attempt},
    "PostgresTicketRepository.issue": {"": ticket},
    "PostgresSignInLinks.account_of": {"": links},
}
# The relay's, across organisations.
RELAYED: dict[str, Call] = {"PostgresWaitingEvents.older_than": waiting_events}

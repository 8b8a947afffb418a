"""What work queues and aging add up to is what a recount finds, whoever wrote, how, and how many at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from shared.db.postgres import Postgres, sqlstate
from shared.domain.claim.moving import MoveDetails, step
from shared.domain.claim.states import STATUSES, TRANSITIONS, ClaimMove, allowed_moves
from shared.errors import NotFoundError
from shared.models.claim import ClaimFile
from shared.models.identifiers import uuid7
from shared.models.imported import ClaimRecord, ImportBatch, PatientRecord, RemittanceRecord
from shared.models.postgres import metadata
from shared.repositories.claim_protocols import ClaimChange
from shared.repositories.postgres.claims import PostgresClaimRepository
from shared.repositories.postgres.record_import import PostgresRecordImport
from tests.integration.database import Database, running_database
from tests.unit.factories import event, key

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
SUMS = """
SELECT queue, key, level, block, sum(claims)::bigint AS claims, sum(cents)::bigint AS cents FROM (
  SELECT * FROM claim_totals WHERE client_id = :client
  UNION ALL SELECT client_id, queue, level, block, key, claims, cents FROM claim_total_changes
    WHERE client_id = :client) AS part
GROUP BY queue, key, level, block HAVING sum(claims) <> 0 OR sum(cents) <> 0 ORDER BY 1, 2, 3, 4
"""
REPLAYED = """
SELECT c.claim_number, c.status, e.told FROM claims c JOIN LATERAL (
  SELECT array_agg(ARRAY[from_status, to_status] ORDER BY number) AS told FROM claim_events
  WHERE client_id = c.client_id AND claim_id = c.id) AS e ON true WHERE c.client_id = :client
"""
WRITERS, STEPS, CLAIMS = 4, 40, 24


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def serving(database: Database) -> Iterator[Postgres]:
    urls = database.role("serving")
    yield urls
    urls.engine.dispose()


class Office:
    """An organisation whose people, imports and statements change claims at random."""

    def __init__(self, database: Database, serving: Postgres) -> None:
        self.database, self.serving = database, serving
        self.client = database.client()
        self.patient, self.payers = uuid7(), [None, uuid7(), uuid7()]
        own = {"client_id": self.client}
        tables = metadata.tables
        with database.admin.begin() as connection:
            patient = {"id": self.patient, "mrn": "MRN1", "first_name": "A", "last_name": "B"}
            connection.execute(insert(tables["patients"]).values(own | patient))
            for place, payer in enumerate(self.payers[1:]):
                row = {"id": payer, "payer_number": f"P{place}", "name": f"Payer {place}"}
                connection.execute(insert(tables["payers"]).values(own | row))

    def sums(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.database.rows(SUMS, client=self.client)]

    def recounted(self) -> list[dict[str, Any]]:
        """The sums as a recount finds them; nothing else is written meanwhile."""
        self.database.execute("SELECT recount_claim_totals()")
        return self.sums()

    def add(self, drawn: random.Random, number: str, **columns: Any) -> None:
        """A claim by a plain statement of the serving role."""
        row: dict[str, Any] = {
            "id": uuid7(),
            "client_id": self.client,
            "claim_number": number,
            "patient_id": self.patient,
            "payer_id": drawn.choice(self.payers),
            "status": drawn.choice(STATUSES),
            "amount": Decimal(drawn.randint(1, 50_000)) / 100,
            "service_date": _day(drawn),
            "pended_since": _day(drawn),
            "filing_due_on": _day(drawn),
            "appeal_due_on": _day(drawn),
        }
        with self.serving.tenant(self.client) as connection:
            connection.execute(insert(metadata.tables["claims"]).values(row | columns))

    def move(self, drawn: random.Random, number: str) -> None:
        """A step that the claim's state allows, by the repository."""

        def decide(file: ClaimFile) -> ClaimChange:
            moves = allowed_moves(file.claim.status)
            if not moves:
                return ClaimChange(file.claim, event(self.client), None)
            move: ClaimMove = drawn.choice(moves)
            paid = Decimal("0.50") if TRANSITIONS[move].target in {"paid", "partially_paid", "underpaid"} else None
            given = MoveDetails(reason="Because", paid=paid)
            after, told = step(file.claim, move, given, at=NOW, today=TODAY)
            return ClaimChange(after, event(self.client), None, (told,))

        repository = PostgresClaimRepository(self.serving)
        repository.change(self.client, number, decide, changed_by=uuid7(), key=None)

    def sweep(self, drawn: random.Random) -> None:
        """A statement about several claims at once, in the order of their ids as all of ours lock them."""
        changes = drawn.choice(
            (
                "payer_id = NULL",
                "service_date = service_date + 9",
                "amount = amount + 1",
                "deleted_at = now()",
                "denial_code = 'CO-16'",
            )
        )
        with self.serving.tenant(self.client) as connection:
            connection.execute(
                text(
                    f"UPDATE claims SET {changes} WHERE id IN (SELECT id FROM claims WHERE client_id = :client"  # noqa: S608
                    " AND mod(amount::int, 7) = :rest ORDER BY id FOR UPDATE)"
                ),
                {"client": self.client, "rest": drawn.randint(0, 6)},
            )

    def take(self, drawn: random.Random) -> None:
        """An import: new claims, some that are there, and answers to others."""
        numbers = [f"CLM{drawn.randint(0, CLAIMS)}" for _ in range(6)]
        batch = ImportBatch(
            patients=[PatientRecord("p", "src-p", "MRN1", "A", "B")],
            claims=[ClaimRecord("k", f"src-{one}", one, "src-p", Decimal(70), "submitted") for one in set(numbers)],
            remittances=[RemittanceRecord("r", f"src-{one}", "complete", Decimal(20), None) for one in set(numbers)],
        )
        PostgresRecordImport(self.serving).store(
            self.client, batch, lambda _: (event(self.client), None), key=key(str(uuid7())), progress=lambda _: None
        )


def _day(drawn: random.Random) -> date | None:
    return None if drawn.random() < 0.2 else TODAY + timedelta(days=drawn.randint(-900, 900))


def work(office: Office, seed: int) -> None:
    """One writer's steps."""
    drawn = random.Random(seed)  # noqa: S311 (not for secrets)
    for place in range(STEPS):
        kind = drawn.random()
        if kind < 0.6:
            number = f"CLM{drawn.randint(0, CLAIMS - 1)}"
            with suppress(NotFoundError):  # somebody has deleted it
                office.move(drawn, number)
        elif kind < 0.8:
            sweep(office, drawn)
        elif kind < 0.9:
            office.add(drawn, f"NEW{seed}-{place}")
        else:
            office.take(drawn)


def sweep(office: Office, drawn: random.Random) -> None:
    """Sweep; again after meeting an import, which writes some claims twice. The claims are all that they meet over."""
    while True:
        try:
            office.sweep(drawn)
        except DBAPIError as exc:
            if sqlstate(exc) != "40P01" or 'in relation "claims"' not in str(exc):
                raise
        else:
            return


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sums_are_what_a_recount_finds_after_writers_at_once(database: Database, serving: Postgres, seed: int) -> None:
    office = Office(database, serving)
    drawn = random.Random(seed)  # noqa: S311
    for place in range(CLAIMS):
        office.add(drawn, f"CLM{place}")
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda place: work(office, seed * 100 + place), range(WRITERS)))
    kept = office.sums()
    assert kept
    assert kept == office.recounted()
    for row in database.rows(REPLAYED, client=office.client):
        state = None
        for before, after in row["told"]:
            assert before == state, row["claim_number"]
            state = after
        assert state == row["status"], row["claim_number"]


def test_a_writer_waits_for_nobody_who_folds(database: Database, serving: Postgres) -> None:
    office = Office(database, serving)
    drawn = random.Random(9)  # noqa: S311
    with serving.tenant(office.client) as connection:
        connection.execute(text("SELECT fold_claim_totals()"))  # holds the fold until its transaction ends
        office.add(drawn, "CLM1", status="denied")
        waiting = "SELECT count(*) FROM claim_total_changes WHERE client_id = :client"
        assert database.value(waiting, client=office.client) > 0
        kept = office.sums()
    office.add(drawn, "CLM2", status="denied")
    assert database.value(waiting, client=office.client) == 0
    assert len(office.sums()) > len(kept)
    assert office.sums() == office.recounted()


def test_what_is_undone_adds_nothing(database: Database, serving: Postgres) -> None:
    office = Office(database, serving)
    drawn = random.Random(4)  # noqa: S311
    office.add(drawn, "CLM1", status="draft")
    kept = office.sums()

    def decide(_: ClaimFile) -> ClaimChange:
        raise LookupError("thought better of it")

    with pytest.raises(LookupError):
        PostgresClaimRepository(serving).change(office.client, "CLM1", decide, changed_by=uuid7(), key=None)
    assert office.sums() == kept


def test_sums_are_each_organisations_own(database: Database, serving: Postgres) -> None:
    mine, others = Office(database, serving), Office(database, serving)
    drawn = random.Random(5)  # noqa: S311
    mine.add(drawn, "CLM1", status="draft")
    assert others.sums() == []
    sees = "SELECT count(*) FROM claim_totals"
    with serving.tenant(others.client) as connection:
        assert connection.execute(text(sees)).scalar_one() == 0
    with serving.tenant(mine.client) as connection:
        assert connection.execute(text(sees)).scalar_one() > 0

"""Lists and searches under row-level security on 100,000 records use their indexes: the plan is the proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Self
from uuid import UUID

import pytest
from sqlalchemy import event

from shared.db.postgres import Postgres
from shared.domain.search_terms import query_terms
from shared.models.api.records import DATA_MODELS
from shared.models.identifiers import uuid7
from shared.repositories.postgres.store import PostgresRecordStore
from tests.integration.database import Database, running_database
from tests.unit.factories import TODAY

RECORDS = 100_000
# One name in 26 is shared by thousands; every number and nearly every name with its date is one person's.
FILL = (
    """INSERT INTO patients (id, client_id, mrn, first_name, last_name, date_of_birth)
    SELECT gen_random_uuid(), CAST(:client AS uuid), 'MRN' || n, 'First' || chr(97 + mod(n, 26)),
      'Last' || chr(97 + mod(n * 7, 26)) || chr(97 + mod(n / 11, 26)), DATE '1930-01-01' + mod(n * 37, 30000)
    FROM generate_series(1, CAST(:records AS int)) n""",
    """INSERT INTO record_terms (client_id, term, record_type, record_id, weight)
    SELECT client_id, term, 'patient', id, weight FROM patients, LATERAL (VALUES (lower(mrn), 4),
      (substr(mrn, 4), 2), (lower(first_name), 3), (lower(last_name), 3), (date_of_birth::text, 2)) v(term, weight)
    WHERE client_id = :client AND CAST(:records AS int) > 0""",
    """INSERT INTO claims (id, client_id, claim_number, patient_id, status, amount, service_date)
    SELECT gen_random_uuid(), client_id, 'CLM' || substr(mrn, 4), id, 'submitted', 10, DATE '2026-01-01'
    FROM patients WHERE client_id = :client AND CAST(:records AS int) > 0""",
)
BIG = re.compile(r"Seq Scan on (patients|claims|record_terms)")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def client(database: Database) -> UUID:
    made = database.client()
    for statement in FILL:
        database.execute(statement, client=made, records=RECORDS)
    with database.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE patients, claims, record_terms")
    return made


@pytest.fixture(scope="module")
def serving(database: Database) -> Iterator[Postgres]:
    postgres = database.role("serving")
    yield postgres
    postgres.engine.dispose()


class Statements:
    """What was asked of the database while the block lasted, and how it was carried out."""

    def __init__(self, postgres: Postgres, client: UUID) -> None:
        self._postgres = postgres
        self._client = client
        self._asked: list[tuple[str, Any]] = []

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self._asked.append((statement, parameters))

    def __enter__(self) -> Self:
        event.listen(self._postgres.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._postgres.engine, "before_cursor_execute", self._note)

    def plans(self) -> list[str]:
        """The plan of each SELECT, carried out again as the same role for the same client."""
        plans = []
        for statement, parameters in self._asked:
            if re.match(r"\s*(SELECT|WITH)", statement):
                with self._postgres.tenant(self._client) as connection:
                    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS OFF) {statement}", parameters)
                    plans.append("\n".join(row[0] for row in rows))
        return plans


@pytest.mark.parametrize(
    "words", ["MRN77", "mrn7", "77", "lastab 1950-01-04", "firsta lastab", "first last", "last", "nobody"]
)
def test_a_search_uses_its_index_and_stops(serving: Postgres, client: UUID, words: str) -> None:
    store = PostgresRecordStore(serving)
    with Statements(serving, client) as asked:
        found = store.records.search(client, query_terms(words), tuple(DATA_MODELS), seen=None)
    plans = asked.plans()
    assert plans
    assert not [plan for plan in plans if BIG.search(plan)]
    assert "ix_record_terms_lookup" in plans[0]
    assert len(found) <= 200


def test_lists_and_single_records_use_their_indexes(serving: Postgres, client: UUID) -> None:
    store = PostgresRecordStore(serving)
    with Statements(serving, client) as asked:
        assert store.records.get(client, "patient", "MRN4711", seen=None)
        assert store.records.get(client, "claim", "CLM4711", seen=None)
        assert store.records.resolve(client, "claim", "CLM4711")
        assert store.eligibility.file_of(client, "MRN4711", today=TODAY)
        assert store.eligibility.claims_of(client, "MRN4711", status=None, after=None, limit=26, seen=None)
        assert store.eligibility.claims_of(client, "MRN4711", status="paid", after=(TODAY, uuid7()), limit=9, seen=None)
    plans = asked.plans()
    assert len(plans) >= 6
    assert not [plan for plan in plans if BIG.search(plan)]

"""The tables as their owner asked for them, written out here and compared with what the migrated database says."""

# ruff: noqa: S608 - the condition that is put into the queries stands in this file

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError

from shared.models.identifiers import uuid7
from tests.integration.database import Database, running_database

UUID, TEXT, DATE, MOMENT, MONEY, JSON = "uuid", "text", "date", "timestamp with time zone", "numeric(10,2)", "jsonb"
# The owner's columns, each with its name and type.
OWNERS: dict[str, dict[str, str]] = {
    "clients": {"id": UUID, "name": TEXT, "logo_url": TEXT, "created_at": MOMENT},
    "users": {
        "id": UUID,
        "email": TEXT,
        "name": TEXT,
        "role": TEXT,
        "client_id": UUID,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
    "patients": {
        "id": UUID,
        "mrn": TEXT,
        "first_name": TEXT,
        "last_name": TEXT,
        "date_of_birth": DATE,
        "client_id": UUID,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    },
    "claims": {
        "id": UUID,
        "claim_number": TEXT,
        "patient_id": UUID,
        "status": TEXT,
        "amount": MONEY,
        "submitted_date": DATE,
        "created_at": MOMENT,
    },
    "authorizations": {
        "id": UUID,
        "auth_number": TEXT,
        "patient_id": UUID,
        "status": TEXT,
        "requested_date": DATE,
        "approved_date": DATE,
        "created_at": MOMENT,
    },
    "visits": {
        "id": UUID,
        "visit_number": TEXT,
        "patient_id": UUID,
        "visit_date": DATE,
        "provider_id": UUID,
        "created_at": MOMENT,
    },
    "audit_logs": {
        "id": UUID,
        "user_id": UUID,
        "action": TEXT,
        "resource_type": TEXT,
        "resource_id": UUID,
        "mode": TEXT,
        "metadata": JSON,
        "created_at": MOMENT,
    },
}
# What the architecture adds to them.
ADDED: dict[str, dict[str, str]] = {
    "clients": {"time_zone": TEXT},
    "users": {"firebase_uid": TEXT, "status": TEXT, "preferences": JSON},
    "claims": {
        "client_id": UUID,
        "payer_id": UUID,
        "service_date": DATE,
        "denial_reason": TEXT,
        "next_deadline_at": MOMENT,
    },
    "authorizations": {
        "client_id": UUID,
        "payer_id": UUID,
        "service_type": TEXT,
        "units_approved": "integer",
        "period_start": DATE,
        "period_end": DATE,
    },
    "visits": {"client_id": UUID, "starts_at": MOMENT, "status": TEXT, "readiness": TEXT},
    "audit_logs": {
        "client_id": UUID,
        "seq": "bigint",
        "outcome": TEXT,
        "patient_ref": TEXT,
        "request_id": TEXT,
        "resource_ref": TEXT,
    },
}
NEW_TABLES = {
    "payers",
    "payer_rules",
    "coverages",
    "eligibility_checks",
    "benefits",
    "providers",
    "visit_status_history",
    "claim_events",
    "audit_outbox",
    "audit_seals",
    "domain_outbox",
    "record_terms",
}
NUMBERS = {
    "patients": "mrn",
    "claims": "claim_number",
    "authorizations": "auth_number",
    "visits": "visit_number",
    "payers": "payer_number",
    "providers": "provider_number",
}
OURS = "c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


@pytest.fixture(scope="module")
def columns(database: Database) -> dict[str, dict[str, str]]:
    """Table → column → type, as PostgreSQL writes it."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in database.rows(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS kind FROM pg_attribute a"
        f" JOIN pg_class c ON c.oid = a.attrelid WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped"
    ):
        found[row["relname"]][row["attname"]] = row["kind"]
    return found


@pytest.mark.parametrize("table", OWNERS)
def test_the_owners_columns_are_there_with_their_types(columns: dict[str, dict[str, str]], table: str) -> None:
    wanted = OWNERS[table] | ADDED.get(table, {})
    assert {name: columns[table].get(name) for name in wanted} == wanted


def test_every_table_of_the_architecture_is_there(columns: dict[str, dict[str, str]]) -> None:
    assert not (set(OWNERS) | NEW_TABLES) - set(columns)


def test_the_information_schema_agrees_on_money(database: Database) -> None:
    """Read the standard's way too: precision and scale are what makes an amount exact."""
    rows = database.rows(
        "SELECT table_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name IN ('amount', 'paid_amount', 'copay', 'remaining_amount')"
    )
    assert {row["table_name"] for row in rows} == {
        "claims",
        "coverages",
        "benefits",
        "claim_events",
        "claim_adjustments",
        "claim_appeals",
        "check_in_facts",
    }
    assert {(row["data_type"], row["numeric_precision"], row["numeric_scale"]) for row in rows} == {("numeric", 10, 2)}


def test_no_column_is_inexact_or_without_its_time_zone(columns: dict[str, dict[str, str]]) -> None:
    kinds = {kind for table in columns.values() for kind in table.values()}
    assert not kinds & {"real", "double precision", "money", "timestamp without time zone", "json"}


def test_every_table_has_a_primary_key_and_the_owners_have_id(database: Database) -> None:
    rows = database.rows(
        "SELECT c.relname, (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_constraint k"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)"
        f" WHERE k.conrelid = c.oid AND k.contype = 'p') AS key FROM pg_class c WHERE {OURS}"
    )
    keys = {row["relname"]: row["key"] for row in rows}
    assert [table for table, key in keys.items() if not key] == []
    assert [table for table in OWNERS if keys[table] != ["id"]] == []


def unique_keys(database: Database) -> dict[str, set[tuple[str, ...]]]:
    """Table → the columns of each of its unique indexes but the primary key."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in database.rows(
        "SELECT c.relname, (SELECT array_agg(a.attname::text ORDER BY k.place) FROM"
        " unnest(i.indkey::int[]) WITH ORDINALITY AS k(number, place)"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number) AS names"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        f" WHERE i.indisunique AND NOT i.indisprimary AND {OURS}"
    ):
        found[row["relname"]].add(tuple(row["names"]))
    return found


def test_numbers_are_unique_in_their_organisation_and_nowhere_else(database: Database) -> None:
    keys = unique_keys(database)
    for table, number in NUMBERS.items():
        assert ("client_id", number) in keys[table]
    # What is unique everywhere would tell one organisation about another: only a sign-in is, whose address it is.
    everywhere = {(table, key) for table, found in keys.items() for key in found if "client_id" not in key}
    whose = {("users", ("email",)), ("users", ("firebase_uid",))}
    assert everywhere == whose | {("sign_in_links", ("uid", "issuer"))}  # hashes of whom a provider knows, no numbers


def test_two_organisations_use_one_number_and_one_organisation_does_not_use_it_twice(database: Database) -> None:
    insert = "INSERT INTO patients (id, client_id, mrn, first_name, last_name) VALUES (:id, :client, 'M', 'A', 'B')"
    first, second = database.client(), database.client()
    for client in (first, second):
        database.execute(insert, id=uuid7(), client=client)
    with pytest.raises(IntegrityError, match="uq_patients_client_id_mrn"):
        database.execute(insert, id=uuid7(), client=first)


def test_every_reference_leads_to_a_row_of_the_same_organisation(database: Database) -> None:
    """Column by column: `client_id` here is `client_id` there. To `clients`, it is `client_id` itself."""
    rows = database.rows(
        "SELECT k.conname, k.confrelid::regclass::text AS target, a.attname AS here, b.attname AS there"
        " FROM pg_constraint k CROSS JOIN unnest(k.conkey, k.confkey) AS pair(here, there)"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here"
        " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there"
        " WHERE k.contype = 'f' AND k.conparentid = 0"
    )
    pairs: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        pairs[row["conname"], row["target"]].add((row["here"], row["there"]))
    assert len(pairs) > len(OWNERS)
    for (name, target), columns in pairs.items():
        same = ("client_id", "id") if target == "clients" else ("client_id", "client_id")
        assert same in columns, name


def test_every_tenant_table_refers_to_its_organisation(database: Database, columns: dict[str, dict[str, str]]) -> None:
    """The audit log has no references: it outlives what it tells of."""
    rows = database.rows(
        "SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE confrelid = 'clients'::regclass"
    )
    tenants = {table for table, names in columns.items() if "client_id" in names and not table.startswith("audit_logs")}
    assert {row["name"] for row in rows} == tenants

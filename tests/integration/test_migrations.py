"""The migrated database: what each role may do, tenants kept apart, an audit log that only grows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infra.migrations.partitions import keep_months_ahead, month_bound, months_around
from infra.migrations.run import _engine, _migration, downgrade, upgrade
from shared.db.postgres import sqlstate
from shared.errors import ConfigurationError
from shared.models.identifiers import uuid7
from shared.models.postgres import metadata
from tests.integration.database import Database, running_database

NOT_PERMITTED = "42501"
BROKEN_REFERENCE = "23503"
INSERT_LOG = (
    "INSERT INTO audit_logs (id, action, resource_type, created_at, outcome)"
    " VALUES (:id, 'task:create', 'task', now(), 'success') ON CONFLICT DO NOTHING"
)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


def refusal(database: Database, role: str, statement: str, *, client: UUID | None = None, **values: Any) -> str:
    """The SQLSTATE with which `role` is refused; empty when it is not."""
    postgres = database.role(role)
    try:
        with postgres.unbound() if client is None else postgres.tenant(client) as connection:
            connection.execute(text(statement), values)
    except DBAPIError as exc:
        return sqlstate(exc)
    finally:
        postgres.engine.dispose()
    return ""


def seen(database: Database, statement: str, client: UUID | None) -> Any:
    """One value as the serving role sees it."""
    postgres = database.role("serving")
    with postgres.unbound() if client is None else postgres.tenant(client) as connection:
        value = connection.execute(text(statement)).scalar()
    postgres.engine.dispose()
    return value


def add_patient(database: Database, client: UUID) -> UUID:
    patient = uuid7()
    database.execute(
        "INSERT INTO patients (id, client_id, mrn, first_name, last_name) VALUES (:id, :client, :mrn, 'A', 'B')",
        id=patient,
        client=client,
        mrn=str(patient),
    )
    return patient


def test_tables_are_those_of_the_models(database: Database) -> None:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not str(name).startswith("audit_logs_")

    with database.admin.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, metadata) == []


def test_migrations_go_down_to_nothing_and_up_again() -> None:
    with running_database() as database:
        downgrade(database.url)
        left = database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        assert [row["relname"] for row in left] == ["alembic_version"]
        upgrade(database.url)
        assert database.value("SELECT count(*) FROM patients") == 0


def test_migrators_wait_for_each_other(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [database.socket_url] * 4))


def test_every_tenant_table_forces_row_security(database: Database) -> None:
    open_tables = database.rows(
        "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND (a.attname = 'client_id' OR c.relname = 'clients') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert open_tables == []


def test_roles_cannot_pass_row_security(database: Database) -> None:
    roles = database.rows(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'mobius%'"
        " AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR (rolname = 'mobius_owner') = rolcanlogin)"
    )
    assert roles == []


def test_serving_role_sees_one_client_and_without_one_nothing(database: Database) -> None:
    mine, others = database.client(), database.client()
    add_patient(database, mine)
    add_patient(database, others)
    for count in ("SELECT count(*) FROM patients", "SELECT count(*) FROM clients", "SELECT count(*) FROM users"):
        assert seen(database, count, mine) == 1
        assert seen(database, count, None) == 0


def test_serving_role_cannot_write_for_another_client(database: Database) -> None:
    mine, others = database.client(), database.client()
    insert = "INSERT INTO patients (id, client_id, mrn, first_name, last_name) VALUES (:id, :owner, 'x', 'A', 'B')"
    assert refusal(database, "serving", insert, client=mine, id=uuid7(), owner=others) == NOT_PERMITTED
    assert refusal(database, "serving", insert, client=mine, id=uuid7(), owner=mine) == ""


def test_record_cannot_belong_to_another_clients_patient(database: Database) -> None:
    mine, others = database.client(), database.client()
    patient = add_patient(database, others)
    insert = (
        "INSERT INTO visits (id, client_id, visit_number, patient_id, visit_date, status)"
        " VALUES (:id, :owner, 'v', :patient, current_date, 'scheduled')"
    )
    code = refusal(database, "serving", insert, client=mine, id=uuid7(), owner=mine, patient=patient)
    assert code == BROKEN_REFERENCE


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("serving", "DELETE FROM patients"),
        ("serving", "SELECT id FROM audit_outbox"),
        ("serving", "DELETE FROM audit_outbox"),
        ("serving", "SELECT id FROM audit_logs"),
        ("serving", "TRUNCATE record_terms"),
        ("serving", "CREATE TABLE mine (id int)"),
        ("audit", "SELECT id FROM audit_logs"),
        ("audit", "UPDATE audit_logs SET action = 'x'"),
        ("audit", "DELETE FROM audit_logs"),
        ("audit", "SELECT event FROM audit_outbox"),
        ("audit", "SELECT id FROM audit_quarantine"),
        ("audit", "SELECT id FROM patients"),
        ("relay", "DELETE FROM audit_outbox"),
        ("relay", "SELECT id FROM patients"),
        ("relay", INSERT_LOG.replace(":id", "gen_random_uuid()")),
    ],
)
def test_role_has_no_right_to(database: Database, role: str, statement: str) -> None:
    assert refusal(database, role, statement) == NOT_PERMITTED


def test_outbox_is_written_by_serving_read_by_relay_and_cleared_by_audit(database: Database) -> None:
    client, event = database.client(), uuid7()
    insert = "INSERT INTO audit_outbox (id, client_id, event) VALUES (:id, :owner, '{}')"
    assert refusal(database, "serving", insert, client=client, id=event, owner=client) == ""
    relay = database.role("relay")
    with relay.unbound() as connection:
        assert event in connection.execute(text("SELECT id FROM audit_outbox")).scalars().all()
    relay.engine.dispose()
    assert refusal(database, "audit", "DELETE FROM audit_outbox WHERE id = :id", id=event) == ""
    assert database.value("SELECT count(*) FROM audit_outbox WHERE id = :id", id=event) == 0


def test_event_written_twice_is_one_row(database: Database) -> None:
    event = uuid7()
    assert [refusal(database, "audit", INSERT_LOG, id=event) for _ in range(2)] == ["", ""]
    assert database.value("SELECT count(*) FROM audit_logs WHERE id = :id", id=event) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET action = 'x'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "TRUNCATE audit_logs_default",
        "DELETE FROM audit_logs_default",
    ],
)
def test_not_even_the_administrator_changes_the_audit_log(database: Database, statement: str) -> None:
    database.execute(INSERT_LOG, id=uuid7(0))
    with pytest.raises(DBAPIError, match="append-only"):
        database.execute(statement)


@pytest.mark.parametrize("milliseconds", [0, 1_700_000_000_000, 4_000_000_000_000, None])
def test_event_of_any_time_finds_a_partition(database: Database, milliseconds: int | None) -> None:
    event = uuid7(milliseconds)
    assert refusal(database, "audit", INSERT_LOG, id=event) == ""
    place = database.value("SELECT tableoid::regclass::text FROM audit_logs WHERE id = :id", id=event)
    now = f"audit_logs_{datetime.now(UTC):%Y_%m}"
    assert place == (now if milliseconds is None else "audit_logs_default")


def test_months_that_are_missing_are_added_and_rows_stay_where_they_are(database: Database) -> None:
    later = datetime(2035, 5, 20, tzinfo=UTC)
    early = uuid7(int(datetime(2035, 7, 1, tzinfo=UTC).timestamp() * 1000))
    database.execute(INSERT_LOG, id=early)
    engine = _engine(database.socket_url)
    with _migration(engine) as connection:
        made = keep_months_ahead(connection, later)
        assert keep_months_ahead(connection, later) == []
    assert len(made) == len(months_around(later)) - 2
    assert "audit_logs_2035_07" not in made
    assert database.value("SELECT tableoid::regclass::text FROM audit_logs WHERE id = :id", id=early).endswith(
        "default"
    )


def test_month_bound_is_the_first_identifier_of_the_month() -> None:
    month = datetime(2026, 12, 1, tzinfo=UTC)
    first = int(month.timestamp() * 1000)
    assert uuid7(first - 1, b"\xff" * 10) < month_bound(month) <= uuid7(first, b"\x00" * 10)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "not of the form"),
        ("mysql://root@localhost/x", "not of the form"),
        ("postgresql://postgres:x@127.0.0.1:1/x", "MOBIUS_DATABASE_URL"),
    ],
)
def test_wrong_url_is_named_in_one_line(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        upgrade(url)
    assert "\n" not in str(caught.value)

"""Migrations on rows: each one up, down and up again, made by an administrator who is no superuser (as in production).

And what keeps a migration from standing in the way: it waits for nobody's lock for long, and for one other migrator.
"""

# ruff: noqa: S608 - what is put into the statements stands in this file

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from infra.local.postgres import EmbeddedPostgres
from infra.local.settings import free_port
from infra.migrations import run
from infra.migrations.roles import database_url
from shared.db.postgres import sqlstate
from tests.integration.serving import until

BEFORE = "0004"
CLIENT, ADMIN, PATIENT, PAYER, VISIT, CLAIM, CHECK, COVERAGE = (f"00000000-0000-7000-8000-{n:012x}" for n in range(8))
LOCKED, CANCELLED = "55P03", "57014"
# The rows that are added when the schema has arrived at a revision.
ROWS: dict[str, tuple[str, ...]] = {
    "0004": (
        f"INSERT INTO clients (id, name, time_zone) VALUES ('{CLIENT}', 'A clinic', 'America/Chicago')",
        f"""INSERT INTO users (id, email, name, role, client_id, firebase_uid)
          VALUES ('{ADMIN}', 'admin@a.example', 'An Admin', 'admin', '{CLIENT}', 'uid-1')""",
        f"""INSERT INTO patients (id, client_id, mrn, first_name, last_name, date_of_birth)
          VALUES ('{PATIENT}', '{CLIENT}', 'MRN1', 'Ana', 'Ruiz', '1981-03-04')""",
        f"INSERT INTO payers (id, client_id, payer_number, name) VALUES ('{PAYER}', '{CLIENT}', 'PAY1', 'Acme')",
        f"""INSERT INTO payer_rules (id, client_id, payer_id, service_type)
          VALUES (gen_random_uuid(), '{CLIENT}', '{PAYER}', '30')""",
        f"""INSERT INTO coverages (id, client_id, patient_id, payer_id, copay)
          VALUES ('{COVERAGE}', '{CLIENT}', '{PATIENT}', '{PAYER}', 25.50)""",
        f"""INSERT INTO visits (id, client_id, visit_number, patient_id, visit_date, status)
          VALUES ('{VISIT}', '{CLIENT}', 'VIS1', '{PATIENT}', '2026-12-01', 'scheduled')""",
        f"""INSERT INTO claims (id, client_id, claim_number, patient_id, status, amount, service_date)
          VALUES ('{CLAIM}', '{CLIENT}', 'CLM1', '{PATIENT}', 'submitted', 182.40, NULL)""",
        f"""INSERT INTO eligibility_checks (id, client_id, patient_id, date_of_service, service_type, verdict, status,
          reasons, receipt, checked_by) VALUES ('{CHECK}', '{CLIENT}', '{PATIENT}', '2026-12-01', '30', 'eligible',
          'final', '[]', '{{}}', '{ADMIN}')""",
        f"""INSERT INTO record_terms (client_id, term, record_type, record_id, weight)
          VALUES ('{CLIENT}', 'ruiz', 'patient', '{PATIENT}', 3), ('{CLIENT}', 'ana', 'patient', '{PATIENT}', 3)""",
        f"INSERT INTO audit_outbox (id, client_id, event) VALUES (gen_random_uuid(), '{CLIENT}', '{{}}')",
        """INSERT INTO audit_logs (id, action, resource_type, created_at, outcome)
          VALUES (gen_random_uuid(), 'task:create', 'task', now(), 'success')""",
    ),
    "0005": (
        f"""INSERT INTO benefits (id, client_id, coverage_id, check_id, service_type, kind, amount, as_of)
          VALUES (gen_random_uuid(), '{CLIENT}', '{COVERAGE}', '{CHECK}', '30', 'copay', 20.00, now())""",
        f"""INSERT INTO visit_status_history (id, client_id, visit_id, to_status, changed_at)
          VALUES (gen_random_uuid(), '{CLIENT}', '{VISIT}', 'confirmed', now())""",
        f"""INSERT INTO claim_events (id, client_id, claim_id, kind, occurred_at)
          VALUES (gen_random_uuid(), '{CLIENT}', '{CLAIM}', 'note', now())""",
        f"""INSERT INTO audit_seals (id, client_id, number, first_seq, last_seq, row_count, previous_hash, hash)
          VALUES (gen_random_uuid(), '{CLIENT}', 1, 1, 1, 1, sha256('a'), sha256('b'))""",
        f"""INSERT INTO domain_outbox (id, client_id, record_type, record_id, record_version, change)
          VALUES (gen_random_uuid(), '{CLIENT}', 'patient', '{PATIENT}', 1, 'created')""",
    ),
    "0006": (
        f"""INSERT INTO record_history (client_id, record_type, record_id, version, changed_by, changes)
          VALUES ('{CLIENT}', 'patient', '{PATIENT}', 1, '{ADMIN}', '{{}}')""",
    ),
    "0007": (
        "INSERT INTO sign_in_attempts (subject) VALUES (repeat('a', 64))",
        """INSERT INTO sign_in_tickets (secret_hash, kind, content, expires_at)
          VALUES (repeat('b', 64), 'oauth_state', '{}', now())""",
    ),
    "0021": (
        f"""INSERT INTO claim_appeals (id, client_id, claim_id, level, status, filed_on)
          VALUES (gen_random_uuid(), '{CLIENT}', '{CLAIM}', 1, 'open', '2026-12-01')""",
        f"""INSERT INTO claim_adjustments (id, client_id, claim_id, event_id, place, group_code, carc, amount)
          SELECT gen_random_uuid(), '{CLIENT}', '{CLAIM}', id, 0, 'CO', '45', 1 FROM claim_events LIMIT 1""",
    ),
    "0008": (f"INSERT INTO member_outbox (id, client_id, user_id) VALUES (gen_random_uuid(), '{CLIENT}', '{ADMIN}')",),
}
# What migrations make of rows that are there: of a claim its state among its events, and two sums.
MADE = 3
Row = dict[str, Any]
Picture = dict[str, list[Row]]


def revisions() -> list[str]:
    """Every revision behind BEFORE, in order."""
    script = ScriptDirectory(str(Path(run.__file__).parent))
    ordered = [one.revision for one in script.walk_revisions()][::-1]
    return ordered[ordered.index(BEFORE) + 1 :]


class Migrated:
    """A database with its administrator, who may make roles and is no superuser, and a superuser who looks on."""

    def __init__(self, url: str, onlooker: str) -> None:
        self.url = url
        self.onlooker: Engine = create_engine(onlooker, poolclass=NullPool)

    def to(self, revision: str, *, down: bool = False) -> None:
        """Go to a revision."""
        with run._migration(run._engine(self.url)) as connection:
            (command.downgrade if down else command.upgrade)(run._alembic(connection), revision)

    def add(self, revision: str) -> None:
        """Add the rows of a revision."""
        with self.onlooker.begin() as connection:
            for statement in ROWS.get(revision, ()):
                connection.exec_driver_sql(statement)

    def picture(self) -> Picture:
        """Every row of every table, by table."""
        with self.onlooker.connect() as connection:
            tables = connection.exec_driver_sql(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'"
            ).scalars()
            rows = {
                table: [
                    row[0] for row in connection.exec_driver_sql(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1::text")
                ]
                for table in tables.all()
            }
        return {table: found for table, found in rows.items() if found}

    def value(self, statement: str) -> Any:
        with self.onlooker.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="mobius-migrations-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        started = EmbeddedPostgres(folder, port=free_port(), log=folder / "logs" / "postgres.log")
        try:
            started.start()
            engine = create_engine(started.socket_url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql("CREATE ROLE administrator LOGIN CREATEROLE PASSWORD 'local'")
            engine.dispose()
            yield started
        finally:
            started.stop()


@pytest.fixture
def migrated(server: EmbeddedPostgres) -> Iterator[Migrated]:
    """A new database at the newest revision but without rows."""
    name = f"migrated_{uuid4().hex[:8]}"
    engine = create_engine(server.socket_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER administrator")
    onlooker = database_url(server.socket_url).set(database=name)
    url = onlooker.set(username="administrator", password="local")
    made = Migrated(url.render_as_string(hide_password=False), onlooker.render_as_string(hide_password=False))
    run.upgrade(made.url)
    try:
        yield made
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        engine.dispose()


def lost(before: Picture, now: Picture) -> list[str]:
    """Rows of `before` that `now` has not, as far as their columns and tables are there."""
    gone = []
    for table, rows in before.items():
        left = list(now.get(table, []))
        for row in rows:
            same = next((one for one in left if all(row[name] == one[name] for name in row.keys() & one.keys())), None)
            if same is None:
                gone.append(f"{table}: {row}")
            else:
                left.remove(same)
    return gone


def failed_check(service: str, due: str, made: str, state: str = "failed") -> str:
    """A check whose payer could not answer, or answered in the end."""
    failure = "'{}'" if state == "failed" else "NULL"
    return f"""INSERT INTO eligibility_checks (id, client_id, patient_id, date_of_service, service_type, verdict,
      status, reasons, receipt, checked_by, state, source, failure, attempts, next_attempt_at, created_at)
      VALUES (gen_random_uuid(), '{CLIENT}', '{PATIENT}', '2026-12-01', '{service}', 'undetermined',
      'pending', '[]', '{{}}', '{ADMIN}', '{state}', 'clearinghouse', {failure}, 1, {due}, now() - interval '{made}')"""


def test_checks_that_wait_for_their_next_attempt_are_taken_over_once(migrated: Migrated) -> None:
    migrated.to("0014", down=True)
    migrated.add(BEFORE)
    soon, long_ago = "now() + interval '5 minutes'", "now() - interval '2 days'"
    with migrated.onlooker.begin() as connection:
        for statement in (
            failed_check("98", soon, "2 minutes"),
            failed_check("98", soon, "1 minute"),
            failed_check("MH", soon, "2 minutes"),
            failed_check("MH", "NULL", "1 minute", state="completed"),
            failed_check("UC", long_ago, "2 days"),
        ):
            connection.exec_driver_sql(statement)
    migrated.to("0017")
    (planned,) = migrated.picture()["check_retries"]
    assert (planned["service_type"], planned["leased_until"]) == ("98", None)
    newest = "SELECT id FROM eligibility_checks WHERE service_type = '98' ORDER BY created_at DESC LIMIT 1"
    assert planned["check_id"] == str(migrated.value(newest))
    with migrated.onlooker.begin() as connection:  # what only the newer schema takes
        connection.exec_driver_sql("UPDATE eligibility_checks SET source = 'on_file', next_attempt_at = now()"
            " WHERE state = 'completed'")  # fmt: skip
    migrated.to("0014", down=True)
    assert migrated.value("SELECT count(*) FROM eligibility_checks WHERE next_attempt_at IS NOT NULL") == 4


def test_rows_survive_every_migration_up_and_down_and_up_again(migrated: Migrated) -> None:
    migrated.to(BEFORE, down=True)
    migrated.add(BEFORE)
    pictures = {BEFORE: migrated.picture()}
    assert len(pictures[BEFORE]) == len(ROWS[BEFORE])
    for earlier, revision in zip([BEFORE, *revisions()], revisions(), strict=False):
        migrated.to(revision)
        assert lost(pictures[earlier], migrated.picture()) == []
        migrated.add(revision)
        pictures[revision] = migrated.picture()
    # One has two terms, and 0019 lets the visit's history go on to where the visit is.
    added = 2 + sum(map(len, ROWS.values()))
    assert sum(map(len, pictures[revisions()[-1]].values())) == added + MADE
    for revision, later in zip([BEFORE, *revisions()][::-1][1:], revisions()[::-1], strict=True):
        migrated.to(revision, down=True)
        now = migrated.picture()
        assert lost({table: pictures[later][table] for table in pictures[revision]}, now) == []
        assert now.keys() == pictures[revision].keys()
    migrated.to("head")
    assert lost(pictures[BEFORE], migrated.picture()) == []


def test_what_was_computed_for_old_rows_is_right(migrated: Migrated) -> None:
    migrated.to(BEFORE, down=True)
    migrated.add(BEFORE)
    migrated.to("head")
    assert migrated.value("SELECT sort_name FROM users") == "an admin"
    assert str(migrated.value("SELECT sort_date FROM claims")) == "0001-01-01"
    assert migrated.value("SELECT version FROM clients") == 1
    assert migrated.value("SELECT balance_cents FROM claims") == 18_240
    assert migrated.value("SELECT array_agg(kind || ' ' || to_status) FROM claim_events") == ["recorded submitted"]
    sums = "SELECT array_agg(queue || ' ' || key || ' ' || claims || ' ' || cents ORDER BY queue) FROM claim_totals"
    assert migrated.value(sums) == ["aging insurance: 1 18240", "open submitted 1 18240"]


def refused(action: Any) -> tuple[str, float]:
    """The SQLSTATE with which an action ends, and its seconds."""
    begun = time.monotonic()
    with pytest.raises(DBAPIError) as caught:
        action()
    return sqlstate(caught.value), time.monotonic() - begun


def test_a_migration_gives_up_on_a_lock_and_leaves_everything_as_it_was(
    migrated: Migrated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LOCK_TIMEOUT", "300ms")
    migrated.to(BEFORE, down=True)
    migrated.add(BEFORE)
    before = migrated.picture()
    with migrated.onlooker.begin() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM patients")  # holds its lock until the transaction ends
        code, seconds = refused(lambda: migrated.to("head"))
    assert code == LOCKED
    assert seconds < 5
    assert migrated.value("SELECT version_num FROM alembic_version") == BEFORE
    assert migrated.picture() == before
    migrated.to("head")
    assert lost(before, migrated.picture()) == []


def test_a_statement_of_a_migration_ends_in_time(migrated: Migrated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STATEMENT_TIMEOUT", "300ms")

    def sleep() -> None:
        with run._migration(run._engine(migrated.url)) as connection:
            connection.execute(text("SELECT pg_sleep(20)"))

    code, seconds = refused(sleep)
    assert code == CANCELLED
    assert seconds < 5


def test_the_limits_are_in_force_in_a_migration_and_nowhere_else(migrated: Migrated) -> None:
    engine = run._engine(migrated.url)
    with run._migration(engine) as connection:
        limits = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("lock_timeout", "statement_timeout")]
        assert limits == ["5s", "1min"]
        assert connection.exec_driver_sql("SELECT current_user").scalar() == "mobius_owner"
        assert migrated.value("SHOW lock_timeout") == "0"
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"


def test_a_migrator_waits_for_another_one(migrated: Migrated) -> None:
    migrated.to(BEFORE, down=True)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    second = threading.Thread(target=migrated.to, args=("head",))
    with run._migration(run._engine(migrated.url)) as first:
        command.upgrade(run._alembic(first), "0006")
        second.start()
        until(lambda: migrated.value(waiting) == 1)
        assert migrated.value("SELECT version_num FROM alembic_version") == BEFORE
    second.join(30)
    assert migrated.value("SELECT version_num FROM alembic_version") == revisions()[-1]


def test_a_migrator_does_not_wait_for_ever(migrated: Migrated, monkeypatch: pytest.MonkeyPatch) -> None:
    with run._migration(run._engine(migrated.url)):
        monkeypatch.setattr(run, "WAIT_FOR_MIGRATOR", "300ms")
        code, seconds = refused(lambda: migrated.to("head"))
    assert code == LOCKED
    assert seconds < 5

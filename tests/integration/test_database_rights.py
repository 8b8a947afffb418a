"""What each database role may do, read from PostgreSQL's own catalog: the intended rights and no others."""

# ruff: noqa: S608 - the condition that is put into the queries stands in this file

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from shared.models.postgres import metadata
from tests.integration.database import Database, running_database

READ = frozenset({"SELECT"})
ADD = frozenset({"INSERT"})
KEEP = frozenset({"SELECT", "INSERT"})
CHANGE = frozenset({"SELECT", "INSERT", "UPDATE"})
OWN = CHANGE | {"DELETE"}

# Used before anybody is signed in, so of no organisation; they hold hashes and what only their secret's owner gets.
BEFORE_SIGN_IN = frozenset({"sign_in_attempts", "sign_in_links", "sign_in_tickets"})

# Every table, and what each role but the owner may do with it. A table that is missing here fails a test.
RIGHTS: dict[str, dict[str, frozenset[str]]] = {
    "alembic_version": {},
    "clients": {
        "mobius_serving": CHANGE,
        "mobius_relay": frozenset({"SELECT(id)", "SELECT(time_zone)", "SELECT(version)"}),
        "mobius_retry": frozenset({"SELECT(id)", "SELECT(time_zone)"}),
        "mobius_desk": frozenset({"SELECT(id)", "SELECT(time_zone)", "SELECT(front_desk)"}),
    },
    "users": {
        "mobius_serving": CHANGE,
        "mobius_relay": frozenset(
            f"SELECT({column})"
            for column in (
                "id",
                "client_id",
                "firebase_uid",
                "role",
                "status",
                "version",
                "tokens_valid_after",
                "preferences",
            )
        ),
    },
    "member_outbox": {
        "mobius_serving": OWN,
        "mobius_relay": frozenset({"SELECT", "DELETE", "UPDATE(carried_at)"}),
    },
    "patients": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "providers": {"mobius_serving": CHANGE},
    "payers": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "payer_rules": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "coverages": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "benefits": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "authorizations": {"mobius_serving": CHANGE, "mobius_retry": READ},
    "eligibility_checks": {"mobius_serving": CHANGE, "mobius_retry": KEEP},
    "check_retries": {
        "mobius_serving": OWN,
        "mobius_retry": KEEP | {"DELETE"} | {f"UPDATE({column})" for column in ("check_id", "due_at", "leased_until")},
    },
    "visits": {
        "mobius_serving": CHANGE,
        "mobius_retry": READ,
        "mobius_desk": frozenset(
            f"SELECT({column})"
            for column in (
                "id",
                "client_id",
                "visit_number",
                "patient_id",
                "visit_date",
                "starts_at",
                "status",
                "status_since",
                "deleted_at",
            )
        ),
    },
    "visit_status_history": {"mobius_serving": KEEP},
    "check_in_facts": {"mobius_serving": KEEP | {"UPDATE(withdrawn_at)"}},
    "claims": {"mobius_serving": CHANGE},
    "claim_events": {"mobius_serving": KEEP},
    "claim_adjustments": {"mobius_serving": KEEP},
    "claim_appeals": {"mobius_serving": CHANGE},
    "claim_totals": {"mobius_serving": CHANGE},
    "claim_total_changes": {"mobius_serving": KEEP | {"DELETE"}},
    "payer_files": {"mobius_serving": KEEP},
    "payer_file_lines": {
        "mobius_serving": KEEP
        | {f"UPDATE({column})" for column in ("outcome", "reason", "claim_id", "claim_status", "settled_at")}
    },
    "record_history": {"mobius_serving": KEEP},
    "idempotency_keys": {"mobius_serving": OWN},
    "record_terms": {"mobius_serving": OWN},
    "sign_in_attempts": {"mobius_serving": OWN},
    "sign_in_links": {"mobius_serving": KEEP | {"DELETE"}},
    "sign_in_tickets": {"mobius_serving": OWN},
    "audit_outbox": {
        "mobius_serving": ADD,
        "mobius_audit": frozenset({"SELECT(id)", "DELETE"}),
        "mobius_relay": READ,
        "mobius_retry": ADD,
    },
    "domain_outbox": {
        "mobius_serving": ADD,
        "mobius_relay": frozenset({"SELECT", "DELETE"}),
        "mobius_retry": ADD,
    },
    "audit_logs": {"mobius_audit": ADD, "mobius_seal": READ},
    "audit_seals": {"mobius_seal": KEEP},
    "audit_quarantine": {"mobius_audit": ADD},
    "feedback_facts": {"mobius_serving": READ, "mobius_analytics": CHANGE},
    "feedback_daily": {"mobius_serving": READ, "mobius_analytics": READ},
}
# They show each reader what row-level security shows them of the tables beneath.
VIEWS = {"feedback_daily"}
# Tables without an organisation's rows: nobody but their owner and the roles above reaches them.
WITHOUT_TENANT = {"alembic_version", "audit_quarantine"}
ORDINARY = "c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_database() as running:
        yield running


def granted(database: Database) -> dict[str, dict[str, set[str]]]:
    """Table → role → rights; a right on a column alone is `RIGHT(column)`."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in database.rows(f"SELECT relname FROM pg_class c WHERE {ORDINARY}"):
        found[row["relname"]] = defaultdict(set)
    rows = database.rows(
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC') AS role, a.privilege_type AS is_right FROM pg_class c"
        " CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
        f" WHERE {ORDINARY} AND a.grantee <> c.relowner"
        " UNION ALL SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type || '(' || t.attname || ')'"
        " FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a"
        f" LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE {ORDINARY} AND a.grantee <> c.relowner"
    )
    for row in rows:
        found[row["relname"]][row["role"]].add(row["is_right"])
    return found


def test_each_role_has_exactly_the_intended_rights(database: Database) -> None:
    found = granted(database)
    partitions = {name for name in found if name.startswith("audit_logs_")}
    assert {name: dict(found[name]) for name in partitions} == {name: {} for name in partitions}
    assert {name: dict(roles) for name, roles in found.items() if name not in partitions} == RIGHTS


def test_the_table_above_names_the_tables_of_the_models() -> None:
    assert set(RIGHTS) == set(metadata.tables) | {"alembic_version"} | VIEWS


def test_a_view_shows_nobody_more_than_the_tables_beneath(database: Database) -> None:
    rows = database.rows("SELECT relname, reloptions FROM pg_class c WHERE relkind = 'v' AND " + ORDINARY)
    assert {row["relname"] for row in rows} == VIEWS
    assert all("security_invoker=true" in row["reloptions"] for row in rows)
    assert database.rows("SELECT relname FROM pg_class c WHERE relkind = 'm' AND " + ORDINARY) == []


def test_no_role_is_a_member_of_another_or_owns_anything(database: Database) -> None:
    assert (
        database.rows(
            "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
            " JOIN pg_roles g ON g.oid = m.roleid WHERE r.rolname LIKE 'mobius%' OR g.rolname IN"
            " ('pg_read_all_data', 'pg_write_all_data') AND r.rolname LIKE 'mobius%'"
        )
        == []
    )
    owners = database.rows(f"SELECT DISTINCT pg_get_userbyid(relowner) AS name FROM pg_class c WHERE {ORDINARY}")
    assert [row["name"] for row in owners] == ["mobius_owner"]


def test_public_may_do_nothing_in_the_schema(database: Database) -> None:
    grants = database.rows(
        "SELECT coalesce(r.rolname, 'PUBLIC') AS role, a.privilege_type AS is_right FROM pg_namespace n"
        " CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'public' AND a.privilege_type = 'CREATE' AND a.grantee NOT IN (n.nspowner)"
    )
    assert {row["role"] for row in grants} == {"mobius_owner"}


def test_every_table_with_a_client_enables_and_forces_row_security_and_has_policies(database: Database) -> None:
    rows = database.rows(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,"
        " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies, c.relispartition AS part"
        f" FROM pg_class c WHERE {ORDINARY}"
    )
    with_tenant = [row for row in rows if row["relname"] not in WITHOUT_TENANT | VIEWS]
    assert len(with_tenant) > len(metadata.tables)
    assert [row["relname"] for row in with_tenant if not row["forced"]] == []
    # A partition is reached through its parent; without a policy of its own, nobody reaches it by its own name.
    assert [row["relname"] for row in with_tenant if not row["part"] and not row["policies"]] == []
    assert [row["relname"] for row in with_tenant if row["part"] and row["policies"]] == []


@pytest.mark.parametrize("role", ["mobius_serving", "mobius_analytics"])
def test_the_role_is_bound_to_its_client_by_every_policy_it_has(database: Database, role: str) -> None:
    policies = database.rows(
        "SELECT tablename, cmd, qual, with_check FROM pg_policies WHERE CAST(:role AS name) = ANY(roles)", role=role
    )
    assert {row["tablename"] for row in policies} == {name for name, roles in RIGHTS.items() if role in roles} - VIEWS
    bound = "current_setting('app.client_id'::text, true)"
    for row in policies:
        if row["tablename"] in BEFORE_SIGN_IN:
            continue
        assert row["cmd"] == "SELECT" or bound in row["with_check"], row
        assert row["cmd"] == "INSERT" or bound in row["qual"], row


def test_the_retry_role_sees_of_other_clients_only_what_is_due(database: Database) -> None:
    policies = database.rows(
        "SELECT tablename, cmd, qual, with_check FROM pg_policies WHERE 'mobius_retry' = ANY(roles)"
    )
    assert {row["tablename"] for row in policies} == {name for name, roles in RIGHTS.items() if "mobius_retry" in roles}
    bound = "current_setting('app.client_id'::text, true)"
    unbound = {(row["tablename"], row["cmd"]) for row in policies if bound not in f"{row['qual']} {row['with_check']}"}
    assert unbound == {("check_retries", "SELECT"), ("check_retries", "UPDATE")}


def test_no_policy_is_open_to_everybody(database: Database) -> None:
    assert database.rows("SELECT policyname FROM pg_policies WHERE 'public' = ANY(roles)") == []


def test_every_reference_between_tenant_tables_holds_the_client(database: Database) -> None:
    """A foreign key is checked beneath row-level security: without the client it could reach another's row."""
    loose = database.rows(
        "SELECT conname FROM pg_constraint k WHERE contype = 'f' AND conparentid = 0"
        " AND confrelid <> 'clients'::regclass AND NOT EXISTS (SELECT 1 FROM pg_attribute t"
        " WHERE t.attrelid = k.conrelid AND t.attnum = ANY(k.conkey) AND t.attname = 'client_id')"
    )
    assert loose == []

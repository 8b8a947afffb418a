"""Benefits, the histories of visits and claims, the seals of the audit log, and the outbox of record changes.

Histories and seals are added to, never changed. The relay role carries `domain_outbox` to the live store and clears
it; the seal role reads the audit log and adds seals, and can do nothing else.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SERVING, RELAY, SEAL = "mobius_serving", "mobius_relay", "mobius_seal"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
TABLES = ("benefits", "visit_status_history", "claim_events", "audit_seals", "domain_outbox")


def upgrade() -> None:
    op.create_unique_constraint("uq_claims_client_id_id", "claims", ["client_id", "id"])
    op.create_unique_constraint("uq_eligibility_checks_client_id_id", "eligibility_checks", ["client_id", "id"])
    _create_benefits()
    _create_visit_status_history()
    _create_claim_events()
    _create_audit_seals()
    _create_domain_outbox()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    _bind("benefits", "ALL", "SELECT, INSERT, UPDATE")
    _bind("visit_status_history", "ALL", "SELECT, INSERT")
    _bind("claim_events", "ALL", "SELECT, INSERT")
    _bind("domain_outbox", "INSERT", "INSERT")
    op.execute(f"GRANT SELECT, DELETE ON domain_outbox TO {RELAY}")
    op.execute(f"CREATE POLICY waiting_changes ON domain_outbox FOR SELECT TO {RELAY} USING (true)")
    op.execute(f"CREATE POLICY carried_changes_leave ON domain_outbox FOR DELETE TO {RELAY} USING (true)")
    _let_seals_be_added()


def downgrade() -> None:
    op.execute(f"DROP POLICY sealed_rows ON audit_logs; REVOKE ALL ON audit_logs FROM {SEAL}")
    for table in reversed(TABLES):
        op.drop_table(table)  # its policies, grants and triggers go with it
    op.execute("DROP FUNCTION refuse_seal_change()")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {SEAL}")
    op.drop_constraint("uq_eligibility_checks_client_id_id", "eligibility_checks")
    op.drop_constraint("uq_claims_client_id_id", "claims")


def _bind(table: str, command: str, grants: str) -> None:
    """Show the serving role only the rows of the client that its transaction names, and take only such rows."""
    using = "" if command == "INSERT" else f"USING (client_id = {TENANT}) "
    op.execute(f"CREATE POLICY tenant ON {table} FOR {command} TO {SERVING} {using}WITH CHECK (client_id = {TENANT})")
    op.execute(f"GRANT {grants} ON {table} TO {SERVING}")


def _let_seals_be_added() -> None:
    """Seals span clients, as the audit log does; triggers refuse their change to the owner and administrators too."""
    op.execute(f"GRANT USAGE ON SCHEMA public TO {SEAL}")
    op.execute(f"GRANT SELECT ON audit_logs TO {SEAL}")
    op.execute(f"CREATE POLICY sealed_rows ON audit_logs FOR SELECT TO {SEAL} USING (true)")
    op.execute(f"GRANT SELECT, INSERT ON audit_seals TO {SEAL}")
    op.execute(f"CREATE POLICY read_seals ON audit_seals FOR SELECT TO {SEAL} USING (true)")
    op.execute(f"CREATE POLICY append ON audit_seals FOR INSERT TO {SEAL} WITH CHECK (true)")
    op.execute(
        "CREATE FUNCTION refuse_seal_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_seals is append-only' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for name, change, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("no_truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {change} ON audit_seals FOR EACH {each} "
            "EXECUTE FUNCTION refuse_seal_change()"
        )


def _identity() -> list[sa.Column[Any]]:
    return [sa.Column("id", sa.UUID(), nullable=False), sa.Column("client_id", sa.UUID(), nullable=False)]


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _keys(table: str) -> list[sa.Constraint]:
    """The primary key, and the reference to the organisation."""
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f(f"fk_{table}_client_id_clients")),
    ]


def _of_tenant(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A reference that holds the client too: foreign keys are checked beneath row-level security."""
    name = op.f(f"fk_{table}_client_id_{column}_{target}")
    return sa.ForeignKeyConstraint(["client_id", column], [f"{target}.client_id", f"{target}.id"], name=name)


def _create_benefits() -> None:
    op.create_table(
        "benefits",
        *_identity(),
        sa.Column("coverage_id", sa.UUID(), nullable=False),
        sa.Column("check_id", sa.UUID(), nullable=True),
        sa.Column("service_type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("level", sa.Text(), server_default="individual", nullable=False),
        sa.Column("amount", sa.Numeric(10, 2), nullable=True),
        sa.Column("percent", sa.Numeric(5, 2), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("remaining_amount", sa.Numeric(10, 2), nullable=True),
        sa.Column("remaining_quantity", sa.Integer(), nullable=True),
        sa.Column("requires_auth", sa.Boolean(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        *_keys("benefits"),
        sa.UniqueConstraint("client_id", "id", name=op.f("uq_benefits_client_id_id")),
        sa.UniqueConstraint("client_id", "source_ref", name=op.f("uq_benefits_client_id_source_ref")),
        _of_tenant("benefits", "coverage_id", "coverages"),
        _of_tenant("benefits", "check_id", "eligibility_checks"),
        sa.CheckConstraint(
            "kind IN ('active', 'inactive', 'not_covered', 'copay', 'coinsurance', 'deductible', 'out_of_pocket', "
            "'limit')",
            name=op.f("ck_benefits_kind"),
        ),
        sa.CheckConstraint("network IN ('in', 'out', 'both', 'unknown')", name=op.f("ck_benefits_network")),
        sa.CheckConstraint("level IN ('individual', 'family')", name=op.f("ck_benefits_level")),
        sa.CheckConstraint("amount >= 0 AND remaining_amount >= 0", name=op.f("ck_benefits_amount")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_benefits_percent")),
        sa.CheckConstraint("quantity >= 0 AND remaining_quantity >= 0", name=op.f("ck_benefits_quantity")),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_benefits_period")),
    )
    op.create_index("ix_benefits_coverage", "benefits", ["client_id", "coverage_id", "service_type", "kind"])


def _create_visit_status_history() -> None:
    op.create_table(
        "visit_status_history",
        *_identity(),
        sa.Column("visit_id", sa.UUID(), nullable=False),
        sa.Column("axis", sa.Text(), server_default="status", nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.UUID(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _now("created_at"),
        *_keys("visit_status_history"),
        _of_tenant("visit_status_history", "visit_id", "visits"),
        sa.CheckConstraint("axis IN ('status', 'readiness')", name=op.f("ck_visit_status_history_axis")),
    )
    columns = ["client_id", "visit_id", "changed_at", "id"]
    op.create_index("ix_visit_status_history_visit", "visit_status_history", columns)


def _create_claim_events() -> None:
    op.create_table(
        "claim_events",
        *_identity(),
        sa.Column("claim_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(10, 2), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        _now("created_at"),
        *_keys("claim_events"),
        _of_tenant("claim_events", "claim_id", "claims"),
    )
    op.create_index("ix_claim_events_claim", "claim_events", ["client_id", "claim_id", "occurred_at", "id"])


def _create_audit_seals() -> None:
    op.create_table(
        "audit_seals",
        *_identity(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        _now("sealed_at"),
        *_keys("audit_seals"),
        sa.UniqueConstraint("client_id", "number", name=op.f("uq_audit_seals_client_id_number")),
        sa.UniqueConstraint("client_id", "previous_hash", name=op.f("uq_audit_seals_client_id_previous_hash")),
        sa.CheckConstraint(
            "number >= 1 AND row_count >= 1 AND first_seq <= last_seq", name=op.f("ck_audit_seals_batch")
        ),
        sa.CheckConstraint("length(hash) = 32 AND length(previous_hash) = 32", name=op.f("ck_audit_seals_sha256")),
    )


def _create_domain_outbox() -> None:
    op.create_table(
        "domain_outbox",
        *_identity(),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("schema", sa.SmallInteger(), server_default="1", nullable=False),
        _now("created_at"),
        *_keys("domain_outbox"),
        sa.CheckConstraint("change IN ('created', 'updated', 'deleted')", name=op.f("ck_domain_outbox_change")),
    )
    op.create_index("ix_domain_outbox_created_at", "domain_outbox", ["created_at"])

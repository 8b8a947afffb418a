"""Files that payers send about claims (X12 835, 277, 277CA), with a row for each claim they name.

A file is kept once for each client, by the digest of all of it; a line says what became of it. Claims are found by the
payer's number for them, and by the day and the charge.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SERVING = "mobius_serving"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
OPEN = "outcome IN ('pending', 'not_posted')"
SETTLED_COLUMNS = "outcome, reason, claim_id, claim_status, settled_at"


def upgrade() -> None:
    _make_files()
    _make_lines()
    op.create_index(
        "uq_claim_events_payer_line",
        "claim_events",
        ["client_id", "source_ref"],
        unique=True,
        postgresql_where=sa.text("source_ref LIKE 'x12:%'"),
    )
    op.create_index("ix_claims_charge", "claims", ["client_id", "sort_date", "amount", "id"])
    op.create_index(
        "ix_claims_control_number",
        "claims",
        ["client_id", "payer_control_number"],
        postgresql_where=sa.text("payer_control_number IS NOT NULL"),
    )
    for table, rights in (
        ("payer_files", "SELECT, INSERT"),
        ("payer_file_lines", f"SELECT, INSERT, UPDATE ({SETTLED_COLUMNS})"),
    ):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT {rights} ON {table} TO {SERVING}")
        op.execute(
            f"CREATE POLICY tenant ON {table} FOR ALL TO {SERVING}"
            f" USING (client_id = {TENANT}) WITH CHECK (client_id = {TENANT})"
        )


def downgrade() -> None:
    op.drop_index("ix_claims_control_number", table_name="claims")
    op.drop_index("ix_claims_charge", table_name="claims")
    op.drop_index("uq_claim_events_payer_line", table_name="claim_events")
    op.drop_table("payer_file_lines")
    op.drop_table("payer_files")


def _make_files() -> None:
    facts = postgresql.JSONB()
    op.create_table(
        "payer_files",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.UUID(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "digest", "trace_number")),
        sa.Column("place", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("payer_name", "payer_reference", "method")),
        sa.Column("total_amount", sa.Numeric(12, 2)),
        sa.Column("dated_on", sa.Date()),
        *(
            sa.Column(name, facts, server_default="[]", nullable=False)
            for name in ("provider_adjustments", "imbalances", "unread")
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_payer_files_client_id_clients")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payer_files")),
        sa.UniqueConstraint("client_id", "id", name="uq_payer_files_client_id_id"),
        sa.UniqueConstraint("client_id", "digest", "place", name="uq_payer_files_client_id_digest_place"),
        sa.CheckConstraint(
            "kind IN ('remittance', 'claim_status', 'acknowledgement')", name=op.f("ck_payer_files_kind")
        ),
    )
    op.create_index("ix_payer_files_received", "payer_files", ["client_id", "created_at", "id"])


def _make_lines() -> None:
    table = "payer_file_lines"
    checks = {
        "outcome": "outcome IN ('pending', 'posted', 'noted', 'already_posted', 'not_posted')",
        "settled": "(outcome = 'pending') = (settled_at IS NULL)",
        "claim": "outcome NOT IN ('posted', 'noted') OR claim_id IS NOT NULL",
    }
    op.create_table(
        table,
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("claim_id", sa.UUID()),
        sa.Column("claim_status", sa.Text()),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f(f"fk_{table}_client_id_clients")),
        *(
            sa.ForeignKeyConstraint(
                ["client_id", column],
                [f"{target}.client_id", f"{target}.id"],
                name=op.f(f"fk_{table}_client_id_{column}_{target}"),
            )
            for column, target in (("file_id", "payer_files"), ("claim_id", "claims"))
        ),
        sa.PrimaryKeyConstraint("client_id", "file_id", "number", name=op.f(f"pk_{table}")),
        *(sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}")) for name, condition in checks.items()),
    )
    op.create_index("ix_payer_file_lines_fingerprint", table, ["client_id", "fingerprint"])
    op.create_index("ix_payer_file_lines_claim", table, ["client_id", "claim_id"])
    op.create_index("ix_payer_file_lines_open", table, ["client_id", "file_id"], postgresql_where=sa.text(OPEN))

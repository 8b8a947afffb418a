"""Who changed what in a record, payer rules that can be deleted, and the index that finds a patient who is known.

The history is added to, never changed: the serving role may neither update nor delete it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SERVING = "mobius_serving"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "record_history",
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("record_type", sa.Text(), nullable=False),
        sa.Column("record_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.UUID(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_record_history_client_id_clients")),
        sa.PrimaryKeyConstraint("client_id", "record_type", "record_id", "version", name=op.f("pk_record_history")),
    )
    op.execute("ALTER TABLE record_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON record_history TO {SERVING}"
        f" USING (client_id = {TENANT}) WITH CHECK (client_id = {TENANT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON record_history TO {SERVING}")
    op.add_column("payer_rules", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_patients_birth", "patients", ["client_id", "date_of_birth"])


def downgrade() -> None:
    op.drop_index("ix_patients_birth", "patients")
    op.drop_column("payer_rules", "deleted_at")
    op.drop_table("record_history")  # its policy and grant go with it

"""Failed sign-ins and the single-use tickets of OAuth sign-ins.

Both belong to nobody's organisation: they are written before anybody is signed in. They hold hashes and no addresses.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("sign_in_attempts", "sign_in_tickets")


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(subject) = 64", name=op.f("ck_sign_in_attempts_hashed")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index("ix_sign_in_attempts_window_started_at", "sign_in_attempts", ["window_started_at"], unique=False)
    op.create_table(
        "sign_in_tickets",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(secret_hash) = 64", name=op.f("ck_sign_in_tickets_hashed")),
        sa.CheckConstraint("kind IN ('oauth_state', 'exchange_code')", name=op.f("ck_sign_in_tickets_kind")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_sign_in_tickets")),
    )
    op.create_index("ix_sign_in_tickets_expires_at", "sign_in_tickets", ["expires_at"], unique=False)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO mobius_serving")
        op.execute(f"CREATE POLICY before_sign_in ON {table} FOR ALL TO mobius_serving USING (true) WITH CHECK (true)")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)

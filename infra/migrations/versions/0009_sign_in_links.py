"""Which identities at OpenID Connect providers sign in as which accounts.

Read before it is known of which organisation somebody is, like tickets; it holds keyed hashes and account ids.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLE = "sign_in_links"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("subject_hash", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(subject_hash) = 64", name=op.f("ck_sign_in_links_hashed")),
        sa.PrimaryKeyConstraint("subject_hash", name=op.f("pk_sign_in_links")),
        sa.UniqueConstraint("uid", "issuer", name=op.f("uq_sign_in_links_uid_issuer")),
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO mobius_serving")
    op.execute(f"CREATE POLICY before_sign_in ON {TABLE} FOR ALL TO mobius_serving USING (true) WITH CHECK (true)")


def downgrade() -> None:
    op.drop_table(TABLE)

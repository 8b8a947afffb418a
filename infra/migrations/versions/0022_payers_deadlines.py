"""How long a payer takes appeals and corrected claims, where its contract says so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

COLUMNS = ("appeal_days", "correction_days")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("payers", sa.Column(column, sa.Integer(), nullable=True))
        op.create_check_constraint(op.f(f"ck_payers_{column}"), "payers", f"{column} BETWEEN 1 AND 3660")


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_column("payers", column)

"""The relay role reads whether a person wants alerts on their devices, to mirror it with the membership."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RELAY = "mobius_relay"


def upgrade() -> None:
    op.execute(f"GRANT SELECT (preferences) ON users TO {RELAY}")


def downgrade() -> None:
    op.execute(f"REVOKE SELECT (preferences) ON users FROM {RELAY}")  # noqa: S608 (constants)

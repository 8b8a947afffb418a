"""Who watches how long patients wait: a role that sees the clock of every organisation's visits and nothing else.

The two indexes hold only the visits that somebody waits in, or that somebody is waited for.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

DESK = "mobius_desk"
POLICY = "waits_everywhere"
VISIT_COLUMNS = "id, client_id, visit_number, patient_id, visit_date, starts_at, status, status_since, deleted_at"
CLIENT_COLUMNS = "id, time_zone, front_desk"
INDEXES = {
    "ix_visits_waiting": (["status_since", "id"], "status IN ('arrived', 'checked_in', 'roomed')"),
    "ix_visits_awaited": (["starts_at", "id"], "status IN ('scheduled', 'confirmed')"),
}


def upgrade() -> None:
    for name, (held, states) in INDEXES.items():
        op.create_index(name, "visits", held, postgresql_where=sa.text(f"{states} AND deleted_at IS NULL"))
    op.execute(f"GRANT USAGE ON SCHEMA public TO {DESK}")
    for table, columns in (("visits", VISIT_COLUMNS), ("clients", CLIENT_COLUMNS)):
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {DESK}")
        op.execute(f"CREATE POLICY {POLICY} ON {table} FOR SELECT TO {DESK} USING (true)")


def downgrade() -> None:
    for table, columns in (("visits", VISIT_COLUMNS), ("clients", CLIENT_COLUMNS)):
        op.execute(f"DROP POLICY {POLICY} ON {table}")
        op.execute(f"REVOKE SELECT ({columns}) ON {table} FROM {DESK}")  # noqa: S608 (constants)
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {DESK}")
    for name in INDEXES:
        op.drop_index(name, table_name="visits")

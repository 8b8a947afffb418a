"""Feedback for analytics: a row for each feedback document, and what it adds up to by mode, rule and day.

The analytics role keeps the rows of the organisation that its transaction names, and nothing else. The view shows each
reader what the rows beneath show them (`security_invoker`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SERVING, ANALYTICS = "mobius_serving", "mobius_analytics"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
DAILY = """
CREATE VIEW feedback_daily WITH (security_invoker = true) AS
SELECT client_id, mode, rule, day,
       count(*) AS people,
       count(*) FILTER (WHERE rating = 'up') AS up,
       count(*) FILTER (WHERE rating = 'down') AS down,
       count(*) FILTER (WHERE 'wrong_patient' = ANY (reasons)) AS wrong_patient,
       count(*) FILTER (WHERE 'unsafe' = ANY (reasons)) AS unsafe
FROM feedback_facts LEFT JOIN LATERAL unnest(rules) AS went_by (rule) ON true
WHERE NOT deleted
GROUP BY client_id, mode, rule, day
"""


def upgrade() -> None:
    texts = postgresql.ARRAY(sa.Text())
    op.create_table(
        "feedback_facts",
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("reasons", texts, server_default="{}", nullable=False),
        sa.Column("rules", texts, server_default="{}", nullable=False),
        sa.CheckConstraint("rating IN ('up', 'down')", name=op.f("ck_feedback_facts_rating")),
        sa.CheckConstraint("deleted OR mode IS NOT NULL AND day IS NOT NULL", name=op.f("ck_feedback_facts_place")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_feedback_facts_client_id_clients")),
        sa.PrimaryKeyConstraint("client_id", "feedback_id", name=op.f("pk_feedback_facts")),
    )
    op.create_index("ix_feedback_facts_day", "feedback_facts", ["client_id", "day"], unique=False)
    op.execute(DAILY)
    op.execute(
        "COMMENT ON VIEW feedback_daily IS 'People by mode, rule and day of their first feedback. A message that went "
        "by several rules counts under each of them; under no rule (null) when it went by none.'"
    )
    op.execute("ALTER TABLE feedback_facts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ANALYTICS}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON feedback_facts TO {ANALYTICS}")
    op.execute(f"GRANT SELECT ON feedback_facts TO {SERVING}")
    op.execute(f"GRANT SELECT ON feedback_daily TO {SERVING}, {ANALYTICS}")
    for role, command in ((SERVING, "SELECT"), (ANALYTICS, "ALL")):
        check = f" WITH CHECK (client_id = {TENANT})" if command == "ALL" else ""
        policy = f"{role.removeprefix('mobius_')}_tenant"
        op.execute(
            f"CREATE POLICY {policy} ON feedback_facts FOR {command} TO {role} USING (client_id = {TENANT}){check}"
        )


def downgrade() -> None:
    op.execute("DROP VIEW feedback_daily")
    op.drop_table("feedback_facts")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ANALYTICS}")

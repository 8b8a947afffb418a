"""Which checks are asked again by themselves, and when: one row for each open question about a patient.

The retry role sees every client's rows of that table, so that it finds what is due, and everything else only of the
client that its transaction names. A check that the file answered may have a next attempt too: on the 1st of the month
its payer answers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SERVING, RETRY = "mobius_serving", "mobius_retry"
TENANT = "NULLIF(current_setting('app.client_id', true), '')::uuid"
FILE_TABLES = ("patients", "coverages", "payers", "payer_rules", "benefits", "authorizations", "visits")
NEXT_ATTEMPT = "ck_eligibility_checks_next_attempt"
# What a person has not asked about since, and nobody has waited for longer than a day.
TAKE_OVER = """
INSERT INTO check_retries (client_id, patient_id, date_of_service, service_type, check_id, due_at)
SELECT client_id, patient_id, date_of_service, service_type, id, next_attempt_at
FROM (
  SELECT DISTINCT ON (client_id, patient_id, date_of_service, service_type) * FROM eligibility_checks
  WHERE source <> 'on_file'
  ORDER BY client_id, patient_id, date_of_service, service_type, created_at DESC, id DESC
) AS newest
WHERE next_attempt_at > now() - interval '1 day'
"""


def upgrade() -> None:
    op.drop_constraint(NEXT_ATTEMPT, "eligibility_checks")
    op.create_check_constraint(
        op.f(NEXT_ATTEMPT),
        "eligibility_checks",
        "next_attempt_at IS NULL OR state = 'failed' OR source = 'on_file'",
    )
    op.drop_index("ix_eligibility_checks_due", table_name="eligibility_checks")
    _make_table()
    op.execute("ALTER TABLE eligibility_checks NO FORCE ROW LEVEL SECURITY")
    op.execute(TAKE_OVER)
    op.execute("ALTER TABLE eligibility_checks FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE check_retries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON check_retries TO {SERVING}")
    _policy("check_retries", "tenant", "ALL", SERVING)
    _let_retry()


def downgrade() -> None:
    for table in (*FILE_TABLES, "eligibility_checks", "audit_outbox", "domain_outbox", "clients"):
        for policy in ("asked_again", "asked_again_added"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM {RETRY}")
    op.execute(f"REVOKE SELECT (id, time_zone) ON clients FROM {RETRY}")  # noqa: S608 (constants)
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {RETRY}")
    op.drop_table("check_retries")
    op.create_index(
        "ix_eligibility_checks_due",
        "eligibility_checks",
        ["client_id", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.drop_constraint(NEXT_ATTEMPT, "eligibility_checks")
    op.execute("ALTER TABLE eligibility_checks NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE eligibility_checks SET next_attempt_at = NULL WHERE state <> 'failed'")
    op.execute("ALTER TABLE eligibility_checks FORCE ROW LEVEL SECURITY")
    op.create_check_constraint(op.f(NEXT_ATTEMPT), "eligibility_checks", "next_attempt_at IS NULL OR state = 'failed'")


def _make_table() -> None:
    moment = sa.DateTime(timezone=True)
    question = ("client_id", "patient_id", "date_of_service", "service_type")
    op.create_table(
        "check_retries",
        sa.Column("client_id", sa.UUID(), nullable=False),
        sa.Column("patient_id", sa.UUID(), nullable=False),
        sa.Column("date_of_service", sa.Date(), nullable=False),
        sa.Column("service_type", sa.Text(), nullable=False),
        sa.Column("check_id", sa.UUID(), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("leased_until", moment, nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_check_retries_client_id_clients")),
        *(
            sa.ForeignKeyConstraint(
                ["client_id", column],
                [f"{table}.client_id", f"{table}.id"],
                name=op.f(f"fk_check_retries_client_id_{column}_{table}"),
            )
            for column, table in (("patient_id", "patients"), ("check_id", "eligibility_checks"))
        ),
        sa.PrimaryKeyConstraint(*question, name=op.f("pk_check_retries")),
    )
    op.create_index("ix_check_retries_due", "check_retries", ["due_at"])
    op.create_index("ix_check_retries_check", "check_retries", ["client_id", "check_id"])


def _let_retry() -> None:
    """Everything of the client that the transaction names; of every client, what is due and that it is lent."""
    op.execute(f"GRANT USAGE ON SCHEMA public TO {RETRY}")
    columns = "check_id, due_at, leased_until"
    op.execute(f"GRANT SELECT, INSERT, DELETE, UPDATE ({columns}) ON check_retries TO {RETRY}")
    op.execute(f"CREATE POLICY due_everywhere ON check_retries FOR SELECT TO {RETRY} USING (true)")
    op.execute(f"CREATE POLICY lent_everywhere ON check_retries FOR UPDATE TO {RETRY} USING (true)")
    _policy("check_retries", "planned_again", "INSERT", RETRY)
    _policy("check_retries", "settled", "DELETE", RETRY)
    for table in FILE_TABLES:
        op.execute(f"GRANT SELECT ON {table} TO {RETRY}")
        _policy(table, "asked_again", "SELECT", RETRY)
    op.execute(f"GRANT SELECT (id, time_zone) ON clients TO {RETRY}")
    op.execute(f"CREATE POLICY asked_again ON clients FOR SELECT TO {RETRY} USING (id = {TENANT})")
    op.execute(f"GRANT SELECT, INSERT ON eligibility_checks TO {RETRY}")
    _policy("eligibility_checks", "asked_again", "SELECT", RETRY)
    for table in ("eligibility_checks", "audit_outbox", "domain_outbox"):
        op.execute(f"GRANT INSERT ON {table} TO {RETRY}")
        _policy(table, "asked_again_added", "INSERT", RETRY)


def _policy(table: str, name: str, command: str, role: str) -> None:
    """Bind `role` to the client that its transaction names."""
    using = "" if command == "INSERT" else f" USING (client_id = {TENANT})"
    check = f" WITH CHECK (client_id = {TENANT})" if command in {"ALL", "INSERT"} else ""
    op.execute(f"CREATE POLICY {name} ON {table} FOR {command} TO {role}{using}{check}")

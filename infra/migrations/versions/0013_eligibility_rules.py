"""What the eligibility rules need: payers' terms, rules about procedures, and checks with their state and answer.

Only additions: code of the version before goes on working with every row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

RULE_KEY = ("client_id", "payer_id", "service_type")
PREVIOUS = "fk_eligibility_checks_previous"
CHECKS = {
    "payers": {
        "program": "program IN ('commercial', 'medicare', 'medicare_advantage', 'medicaid', 'medicaid_managed',"
        " 'other')",
        "network": "network IN ('in', 'out')",
        "plan_year_month": "plan_year_month BETWEEN 1 AND 12",
        "filing_days": "filing_days BETWEEN 1 AND 3660",
    },
    "eligibility_checks": {
        "state": "state IN ('requested', 'in_flight', 'completed', 'failed')",
        "source": "source IN ('on_file', 'clearinghouse', 'phone')",
        "failure": "(state = 'failed') = (failure IS NOT NULL)",
        "next_attempt": "next_attempt_at IS NULL OR state = 'failed'",
        "failed_is_no_no": "verdict <> 'not_eligible' OR state = 'completed'",
    },
}


def upgrade() -> None:
    _add_columns()
    name = f"uq_payer_rules_{'_'.join(RULE_KEY)}"
    op.drop_constraint(name, "payer_rules")
    columns = [*RULE_KEY, "procedure"]
    op.create_unique_constraint(f"{name}_procedure", "payer_rules", columns, postgresql_nulls_not_distinct=True)
    columns = ["client_id", "previous_check_id"]
    op.create_foreign_key(PREVIOUS, "eligibility_checks", "eligibility_checks", columns, ["client_id", "id"])
    for table, checks in CHECKS.items():
        for check, condition in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{check}"), table, condition)
    op.create_index(
        "ix_eligibility_checks_due",
        "eligibility_checks",
        ["client_id", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_eligibility_checks_due", table_name="eligibility_checks")
    for column in (
        "version", "updated_at", "difference", "previous_check_id", "next_attempt_at", "attempts", "failure", "answer",
        "source", "state",
    ):  # fmt: skip
        op.drop_column("eligibility_checks", column)  # its constraints go with it
    op.execute("DELETE FROM payer_rules WHERE procedure IS NOT NULL")
    op.drop_column("payer_rules", "procedure")
    op.create_unique_constraint(f"uq_payer_rules_{'_'.join(RULE_KEY)}", "payer_rules", list(RULE_KEY))
    for column in (
        "filing_days", "plan_year_month", "electronic_id", "real_time_supported", "network", "program",
    ):  # fmt: skip
        op.drop_column("payers", column)


def _add_columns() -> None:
    moment, json = sa.DateTime(timezone=True), postgresql.JSONB(astext_type=sa.Text())
    columns = {
        "payers": (
            sa.Column("program", sa.Text(), nullable=True),
            sa.Column("network", sa.Text(), nullable=True),
            sa.Column("real_time_supported", sa.Boolean(), nullable=True),
            sa.Column("electronic_id", sa.Text(), nullable=True),
            sa.Column("plan_year_month", sa.SmallInteger(), server_default="1", nullable=False),
            sa.Column("filing_days", sa.Integer(), nullable=True),
        ),
        "payer_rules": (sa.Column("procedure", sa.Text(), nullable=True),),
        "eligibility_checks": (
            sa.Column("state", sa.Text(), server_default="completed", nullable=False),
            sa.Column("source", sa.Text(), server_default="on_file", nullable=False),
            sa.Column("answer", json, nullable=True),
            sa.Column("failure", json, nullable=True),
            sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
            sa.Column("next_attempt_at", moment, nullable=True),
            sa.Column("previous_check_id", sa.UUID(), nullable=True),
            sa.Column("difference", json, nullable=True),
            sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
            sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        ),
    }
    for table, added in columns.items():
        for column in added:
            op.add_column(table, column)

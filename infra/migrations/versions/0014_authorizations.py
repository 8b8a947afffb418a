"""Authorizations as requests with a payer's answer, what payers want of a request, and the visits that take units.

Units are counted from the visits that point at an authorization; `units_used` and `units_reserved` hold what was
counted elsewhere before.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = (
    "draft", "submitted", "not_required", "pended", "approved", "partially_approved", "modified", "denied",
    "contact_payer", "cancelled", "error", "exhausted", "expired", "revoked", "extension_requested", "peer_to_peer",
    "appealed", "denied_final",
)  # fmt: skip
CHECKS = {
    "status": f"status IN ({', '.join(map(repr, STATES))})",
    "urgency": "urgency IN ('standard', 'urgent')",
    "period": "period_start <= period_end",
    "units": "units_requested >= 0 AND units_approved >= 0 AND units_used >= 0 AND units_reserved >= 0",
}
POINTS_AT = {"coverage_id": "coverages", "provider_id": "providers"}


def upgrade() -> None:
    moment, texts = sa.DateTime(timezone=True), postgresql.ARRAY(sa.Text())
    columns: tuple[sa.Column[Any], ...] = (
        *(sa.Column(name, sa.UUID()) for name in POINTS_AT),
        *(
            sa.Column(name, texts, server_default="{}", nullable=False)
            for name in ("procedure_codes", "diagnosis_codes")
        ),
        sa.Column("units_requested", sa.Integer()),
        *(sa.Column(name, sa.Text()) for name in ("urgency", "notes", "status_reason", "certification_number")),
        *(sa.Column(name, moment) for name in ("submitted_at", "decision_due_at")),
        *(sa.Column(name, postgresql.JSONB()) for name in ("decision", "extension")),
        sa.Column("answer_digests", texts, server_default="{}", nullable=False),
    )
    for column in columns:
        op.add_column("authorizations", column)
    op.create_unique_constraint("uq_authorizations_client_id_id", "authorizations", ["client_id", "id"])
    for column_name, table in POINTS_AT.items():
        _point_at("authorizations", column_name, table)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_authorizations_{name}"), "authorizations", condition)
    op.add_column("visits", sa.Column("authorization_id", sa.UUID()))
    op.add_column("visits", sa.Column("authorization_units", sa.Integer(), server_default="1", nullable=False))
    _point_at("visits", "authorization_id", "authorizations")
    op.create_check_constraint(op.f("ck_visits_authorization_units"), "visits", "authorization_units > 0")
    op.create_index("ix_visits_authorization", "visits", ["client_id", "authorization_id"])
    op.create_index("ix_authorizations_coverage", "authorizations", ["client_id", "coverage_id"])
    op.create_index("ix_authorizations_provider", "authorizations", ["client_id", "provider_id"])
    op.add_column("payer_rules", sa.Column("required_fields", texts, server_default="{}", nullable=False))
    for name in ("decision_hours", "decision_days"):
        op.add_column("payer_rules", sa.Column(name, sa.Integer()))
    op.create_check_constraint(
        op.f("ck_payer_rules_deadline"), "payer_rules", "decision_hours > 0 AND decision_days > 0"
    )


def downgrade() -> None:
    for name in ("decision_days", "decision_hours", "required_fields"):
        op.drop_column("payer_rules", name)
    op.drop_index("ix_authorizations_provider", table_name="authorizations")
    op.drop_index("ix_authorizations_coverage", table_name="authorizations")
    op.drop_index("ix_visits_authorization", table_name="visits")
    for name in ("authorization_units", "authorization_id"):
        op.drop_column("visits", name)
    op.drop_constraint("uq_authorizations_client_id_id", "authorizations")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_authorizations_{name}"), "authorizations")
    for name in (
        "extension", "decision", "answer_digests", "decision_due_at", "submitted_at", "certification_number",
        "status_reason", "notes", "urgency", "units_requested", "diagnosis_codes", "procedure_codes", *POINTS_AT,
    ):  # fmt: skip
        op.drop_column("authorizations", name)


def _point_at(table: str, column: str, target: str) -> None:
    """A reference that holds the client too: foreign keys are checked beneath row-level security."""
    op.create_foreign_key(
        op.f(f"fk_{table}_client_id_{column}_{target}"), table, target, ["client_id", column], ["client_id", "id"]
    )

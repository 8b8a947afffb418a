"""Indexes that every list and search needs, so that its work does not grow with the records (decision 0011).

- Search terms lie by type, so that a search for one type does not walk through the terms of the others; the primary key
  begins with the record, and answers "has this record that term?" without reading the table.
- Users are sorted by a generated column, and so are claims: row-level security lets no call of lower() or coalesce() be
  an index condition, only plain comparisons.
- What points at a payer, a provider or a visit is counted before that is deleted.
- Lists that end with an id to be unambiguous have the id in their index.

All is made in the migration's transaction, which holds writers off; its time-outs end it rather than let anybody wait.
CREATE INDEX CONCURRENTLY cannot stand in a transaction: where there are many millions of rows, raise the statement
time-out and migrate while nobody writes, having made what points (`NEW`) CONCURRENTLY beforehand under the same names;
what is there is left as it is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Columns = list[str | sa.TextClause]
NEW: dict[str, tuple[str, Columns]] = {
    "ix_authorizations_payer": ("authorizations", ["client_id", "payer_id"]),
    "ix_claims_patient_status": ("claims", ["client_id", "patient_id", "status", "sort_date", "id"]),
    "ix_claims_payer": ("claims", ["client_id", "payer_id"]),
    "ix_claims_provider": ("claims", ["client_id", "provider_id"]),
    "ix_claims_visit": ("claims", ["client_id", "visit_id"]),
    "ix_coverages_payer": ("coverages", ["client_id", "payer_id"]),
    "ix_visits_provider": ("visits", ["client_id", "provider_id"]),
}
# Name → table, the columns now, the columns before.
CHANGED: dict[str, tuple[str, Columns, Columns]] = {
    "ix_audit_outbox_created_at": ("audit_outbox", ["created_at", "id"], ["created_at"]),
    "ix_claims_patient": (
        "claims",
        ["client_id", "patient_id", "sort_date", "id"],
        ["client_id", "patient_id", "service_date"],
    ),
    "ix_patients_birth": ("patients", ["client_id", "date_of_birth", "id"], ["client_id", "date_of_birth"]),
    "ix_record_terms_lookup": (
        "record_terms",
        ["client_id", "record_type", "term", "record_id", "weight"],
        ["client_id", "term", "record_type", "record_id", "weight"],
    ),
}


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN sort_name text GENERATED ALWAYS AS (lower(name)) STORED NOT NULL")
    op.execute(
        "ALTER TABLE claims ADD COLUMN sort_date date"
        " GENERATED ALWAYS AS (coalesce(service_date, '0001-01-01'::date)) STORED NOT NULL"
    )
    _replace("ix_users_names", "users", ["client_id", "sort_name", "id"])
    op.create_index("ix_users_role", "users", ["client_id", "role", "sort_name", "id"])
    op.create_index("ix_users_status", "users", ["client_id", "status", "sort_name", "id"])
    op.drop_index("ix_users_client_id", "users")  # uq_users_client_id_id begins with it
    op.drop_constraint("pk_record_terms", "record_terms")
    op.execute(
        "ALTER TABLE record_terms ADD CONSTRAINT pk_record_terms"
        " PRIMARY KEY (client_id, record_type, record_id, term) INCLUDE (weight)"
    )
    op.drop_index("ix_record_terms_record", "record_terms")
    for name, (table, now, _) in CHANGED.items():
        _replace(name, table, now)
    for name, (table, columns) in NEW.items():
        op.create_index(name, table, columns, if_not_exists=True)


def downgrade() -> None:
    for name, (table, _) in NEW.items():
        op.drop_index(name, table)
    for name, (table, _, before) in CHANGED.items():
        _replace(name, table, before)
    op.create_index("ix_record_terms_record", "record_terms", ["client_id", "record_type", "record_id"])
    op.drop_constraint("pk_record_terms", "record_terms")
    op.create_primary_key("pk_record_terms", "record_terms", ["term", "record_type", "record_id"])
    op.create_index("ix_users_client_id", "users", ["client_id"])
    op.drop_index("ix_users_status", "users")
    op.drop_index("ix_users_role", "users")
    _replace("ix_users_names", "users", ["client_id", sa.text("lower(name)"), "id"])
    op.drop_column("claims", "sort_date")
    op.drop_column("users", "sort_name")


def _replace(name: str, table: str, columns: Columns) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns)

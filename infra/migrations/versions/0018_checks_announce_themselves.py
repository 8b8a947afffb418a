"""A stored eligibility check announces itself in `domain_outbox`, as every other record does.

Checks are never deleted and have no `deleted_at`: the function that notes changes reads that column only where a table
has it. Checks from before are not announced. What is to be done is asked by the day that checks are about: its index.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE, ARGUMENTS = "eligibility_checks", "'eligibility_check', 'patient_id', ''"
INDEX = "ix_eligibility_checks_day"
DELETED = "to_jsonb({row}) ->> 'deleted_at'"
COLUMN = "{row}.deleted_at"
NOTE_CHANGE = """
CREATE OR REPLACE FUNCTION note_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO domain_outbox (id, client_id, record_type, record_id, record_version, change, details)
    SELECT gen_random_uuid(), now_row.client_id, TG_ARGV[0], now_row.id, now_row.version, 'created',
      jsonb_strip_nulls(jsonb_build_object(
        'patientId', to_jsonb(now_row) ->> TG_ARGV[1], 'payerId', to_jsonb(now_row) ->> TG_ARGV[2]))
    FROM rows_now AS now_row;
  ELSE
    INSERT INTO domain_outbox (id, client_id, record_type, record_id, record_version, change, details)
    SELECT gen_random_uuid(), now_row.client_id, TG_ARGV[0], now_row.id, now_row.version,
      CASE WHEN {deleted_now} IS NOT NULL AND {deleted_before} IS NULL THEN 'deleted' ELSE 'updated' END,
      jsonb_strip_nulls(jsonb_build_object(
        'patientId', to_jsonb(now_row) ->> TG_ARGV[1], 'payerId', to_jsonb(now_row) ->> TG_ARGV[2],
        'patientBefore', NULLIF(to_jsonb(was_row) ->> TG_ARGV[1], to_jsonb(now_row) ->> TG_ARGV[1]),
        'payerBefore', NULLIF(to_jsonb(was_row) ->> TG_ARGV[2], to_jsonb(now_row) ->> TG_ARGV[2])))
    FROM rows_now AS now_row JOIN rows_before AS was_row ON was_row.id = now_row.id
    WHERE was_row IS DISTINCT FROM now_row;
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    ("note_created", "INSERT", "NEW TABLE AS rows_now"),
    ("note_updated", "UPDATE", "OLD TABLE AS rows_before NEW TABLE AS rows_now"),
)


def upgrade() -> None:
    op.create_index(INDEX, TABLE, ["client_id", "patient_id", "date_of_service", "created_at"], unique=False)
    _read_deletion_as(DELETED)
    for name, command, transition in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {command} ON {TABLE} REFERENCING {transition}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION note_record_change({ARGUMENTS})"
        )


def downgrade() -> None:
    for name, _, _ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {TABLE}")
    _read_deletion_as(COLUMN)
    op.drop_index(INDEX, table_name=TABLE)


def _read_deletion_as(expression: str) -> None:
    now, before = (expression.format(row=row) for row in ("now_row", "was_row"))
    op.execute(NOTE_CHANGE.format(deleted_now=f"({now})", deleted_before=f"({before})"))

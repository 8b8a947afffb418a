"""Every change of a record announces itself in `domain_outbox`; phones among the search terms get their own weight.

The triggers do it, not the repositories: whoever writes a record, by whatever statement, cannot forget it (see
decision 0010). One statement of a trigger notes all rows of one statement of a writer.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Per table: the record type, the column that says whose record it is, and the one that says which payer's.
TABLES = {
    "patients": ("patient", "id", ""),
    "visits": ("visit", "patient_id", ""),
    "claims": ("claim", "patient_id", "payer_id"),
    "authorizations": ("authorization", "patient_id", "payer_id"),
    "coverages": ("coverage", "patient_id", "payer_id"),
    "payers": ("payer", "", "id"),
    "payer_rules": ("payer_rule", "", "payer_id"),
    "providers": ("provider", "", ""),
}
# A change that moves a record from one patient or payer to another is about both.
NOTE_CHANGE = """
CREATE FUNCTION note_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
      CASE WHEN now_row.deleted_at IS NOT NULL AND was_row.deleted_at IS NULL THEN 'deleted' ELSE 'updated' END,
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
# FORCE shows the owner no row of any client; both tables are locked meanwhile, so nobody sees more than before.
REWEIGH = """
UPDATE record_terms SET weight = {now} FROM patients
WHERE record_terms.client_id = patients.client_id AND record_type = 'patient' AND record_id = patients.id
  AND weight = {before} AND term = right(regexp_replace(patients.phone, '\\D', '', 'g'), 10)
"""


def upgrade() -> None:
    _reweigh_phones(before=2, now=1)
    op.execute(NOTE_CHANGE)
    for table, (record_type, patient, payer) in TABLES.items():
        arguments = ", ".join(f"'{one}'" for one in (record_type, patient, payer))
        for name, command, transition in (
            ("note_created", "INSERT", "NEW TABLE AS rows_now"),
            ("note_updated", "UPDATE", "OLD TABLE AS rows_before NEW TABLE AS rows_now"),
        ):
            op.execute(
                f"CREATE TRIGGER {name} AFTER {command} ON {table} REFERENCING {transition}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION note_record_change({arguments})"
            )


def downgrade() -> None:
    for table in TABLES:
        for name in ("note_created", "note_updated"):
            op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION note_record_change()")
    _reweigh_phones(before=1, now=2)


def _reweigh_phones(*, before: int, now: int) -> None:
    for table in ("record_terms", "patients"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(REWEIGH.format(before=before, now=now))
    for table in ("record_terms", "patients"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

"""Organisations of any size, made inside the database in seconds: what the proofs of query plans run on.

Everything is by rule: the n-th record of a kind has the id `record_id(…, kind, n)`. Beside the ordinary there is the
worst: one patient with a tenth of all claims and visits, words that all, every other or no other patient shares.
"""

# ruff: noqa: S608 - what is put into the statements stands in this file

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from tests.integration.database import Database

PEOPLE, VISITS, CLAIMS, COVERAGES, AUTHORIZATIONS, CHECKS, PAYERS, PROVIDERS, USERS, FILES = range(1, 11)
FIRST = 1  # the patient with a tenth of everything
DAYS = 2500  # over which visits and claims are spread
_MAKE_ID = """
CREATE FUNCTION pg_temp.record_id(base int, kind int, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(base), 8, '0') || '-' || lpad(to_hex(kind), 4, '0') || '-7000-8000-'
  || lpad(to_hex(n), 12, '0'))::uuid $$
"""


def _id(kind: int, n: str = "n") -> str:
    return f"pg_temp.record_id(CAST(:base AS int), {kind}, {n})"


_CLIENT = "CAST(:client AS uuid)"
_SERIES = "generate_series(1, CAST(:records AS int)) n"
_PATIENT = f"CASE WHEN mod(n, 10) = 0 THEN {FIRST} ELSE n END"
_PAYER, _PROVIDER = (
    "1 + mod(n, 19)",
    "1 + mod(n, 99)",
)  # the 20th payer and the 100th provider are pointed at by nothing
_DAY = f"DATE '2020-01-01' + mod(n, {DAYS})"
_FILL = (
    f"""INSERT INTO payers (id, client_id, payer_number, name)
    SELECT {_id(PAYERS)}, {_CLIENT}, 'PAY' || n, 'Payer ' || n FROM generate_series(1, 20) n""",
    f"""INSERT INTO providers (id, client_id, provider_number, kind, name)
    SELECT {_id(PROVIDERS)}, {_CLIENT}, 'PRV' || n, 'person', 'Provider ' || n FROM generate_series(1, 100) n""",
    f"""INSERT INTO payer_rules (id, client_id, payer_id, service_type, requires_auth)
    SELECT uuidv7(), {_CLIENT}, {_id(PAYERS, _PAYER)}, n::text, true FROM generate_series(1, 400) n""",
    f"""INSERT INTO patients (id, client_id, mrn, first_name, last_name, date_of_birth)
    SELECT {_id(PEOPLE)}, {_CLIENT}, 'MRN' || n, 'First' || chr(97 + mod(n, 26)),
      'Last' || chr(97 + mod(n * 7, 26)) || chr(97 + mod(n / 11, 26)),
      CASE WHEN mod(n, 4) = 0 THEN DATE '1900-01-01' ELSE DATE '1930-01-01' + mod(n * 37, 30000) END FROM {_SERIES}""",
    f"""INSERT INTO coverages (id, client_id, patient_id, payer_id, member_id, period_start, source_ref)
    SELECT {_id(COVERAGES)}, {_CLIENT}, {_id(PEOPLE)}, {_id(PAYERS, _PAYER)}, 'UNKNOWN', {_DAY}, 'cov-' || n
    FROM {_SERIES}""",
    f"""INSERT INTO benefits (id, client_id, coverage_id, service_type, kind, amount, as_of)
    SELECT uuidv7(), {_CLIENT}, {_id(COVERAGES)}, '30', 'copay', 25, now() FROM {_SERIES}""",
    f"""INSERT INTO visits (id, client_id, visit_number, patient_id, visit_date, provider_id, starts_at, status_since,
      status)
    SELECT {_id(VISITS)}, {_CLIENT}, 'VIS' || n, {_id(PEOPLE, _PATIENT)}, {_DAY}, {_id(PROVIDERS, _PROVIDER)},
      CASE WHEN mod(n, 4) < 3 THEN {_DAY} + mod(n, 600) * interval '1 minute' END,
      {_DAY} + mod(n, 700) * interval '1 minute',
      CASE WHEN mod(n, 3) = 0 THEN 'scheduled' WHEN mod(n, 3) = 1 THEN 'arrived' ELSE 'completed' END FROM {_SERIES}""",
    f"""INSERT INTO visit_status_history (id, client_id, visit_id, to_status, changed_at)
    SELECT uuidv7(), {_CLIENT}, {_id(VISITS)}, 'scheduled', now() FROM {_SERIES}""",
    f"""INSERT INTO check_in_facts (id, client_id, visit_id, kind, recorded_by, role, recorded_at)
    SELECT uuidv7(), {_CLIENT}, {_id(VISITS)}, 'demographics', {_id(USERS, "1")}, 'manager', now() FROM {_SERIES}""",
    f"""INSERT INTO claims (id, client_id, claim_number, patient_id, status, amount, service_date, payer_id, visit_id,
      provider_id, payer_control_number, source_ref, denial_code, pended_since, filing_due_on, appeal_due_on,
      requires_authorization)
    SELECT {_id(CLAIMS)}, {_CLIENT}, 'CLM' || n, {_id(PEOPLE, _PATIENT)},
      CASE mod(n, 50) WHEN 0 THEN 'denied' WHEN 1 THEN 'pended' WHEN 2 THEN 'rejected' WHEN 3 THEN 'underpaid'
        ELSE 'submitted' END, 10 + mod(n, 900), CASE WHEN mod(n, 997) > 0 THEN {_DAY} END,
      {_id(PAYERS, _PAYER)}, {_id(VISITS)}, {_id(PROVIDERS, _PROVIDER)}, 'PCN' || n, 'clm-' || n,
      CASE WHEN mod(n, 50) = 0 THEN CASE WHEN mod(n, 100) = 0 THEN 'CO-197' ELSE 'CO-50' END END,
      CASE WHEN mod(n, 50) = 1 THEN CURRENT_DATE - mod(n, 300) END,
      CASE WHEN mod(n, 50) = 2 THEN CURRENT_DATE + mod(n, 700) - 500 END,
      CASE WHEN mod(n, 50) = 0 THEN CURRENT_DATE + mod(n, 900) - 500 END, mod(n, 100) = 2 FROM {_SERIES}""",
    f"""INSERT INTO claim_events (id, client_id, claim_id, number, kind, to_status, occurred_at)
    SELECT uuidv7(), {_CLIENT}, {_id(CLAIMS, "CASE WHEN mod(n, 10) = 0 THEN 711 ELSE n END")},
      CASE WHEN mod(n, 10) = 0 OR n = 711 THEN n ELSE 1 END, 'recorded', 'submitted', now() FROM {_SERIES}""",
    f"""INSERT INTO claim_appeals (id, client_id, claim_id, level, status, filed_on)
    SELECT uuidv7(), {_CLIENT}, {_id(CLAIMS)}, 1, 'open', CURRENT_DATE FROM {_SERIES}""",
    f"""INSERT INTO claim_adjustments (id, client_id, claim_id, event_id, place, group_code, carc, amount)
    SELECT uuidv7(), client_id, claim_id, id, 0, 'CO', '197', 10 FROM claim_events WHERE client_id = {_CLIENT}
      AND number < 1000""",
    f"""INSERT INTO payer_files (id, client_id, kind, digest, place, trace_number, created_at)
    SELECT {_id(FILES)}, {_CLIENT}, 'remittance', 'digest-' || n, 1, 'T-' || n, now() - n * interval '1 minute'
    FROM generate_series(1, CAST(:records AS int) / 10) n""",
    f"""INSERT INTO payer_file_lines (client_id, file_id, number, fingerprint, content, outcome, claim_id, settled_at)
    SELECT {_CLIENT}, {_id(FILES, "1 + (n - 1) / 10")}, 1 + mod(n - 1, 10), 'mark-' || n, '{{}}',
      CASE WHEN mod(n, 20) = 0 AND n <= 1000 THEN 'not_posted' ELSE 'posted' END, {_id(CLAIMS)}, now()
    FROM {_SERIES}""",
    f"""INSERT INTO authorizations (id, client_id, auth_number, patient_id, payer_id, status)
    SELECT {_id(AUTHORIZATIONS)}, {_CLIENT}, 'AUTH' || n, {_id(PEOPLE)}, {_id(PAYERS, _PAYER)}, 'approved'
    FROM {_SERIES}""",
    f"""INSERT INTO eligibility_checks (id, client_id, patient_id, date_of_service, service_type, verdict, status,
      reasons, receipt, checked_by, created_at)
    SELECT {_id(CHECKS)}, {_CLIENT}, {_id(PEOPLE, _PATIENT)}, {_DAY}, '30', 'eligible', 'final', '[]', '{{}}',
      {_id(USERS, "1")}, now() - n * interval '1 minute' FROM {_SERIES}""",
    f"""INSERT INTO check_retries (client_id, patient_id, date_of_service, service_type, check_id, due_at)
    SELECT {_CLIENT}, {_id(PEOPLE)}, {_DAY}, '30', {_id(CHECKS)}, now() - n * interval '1 second' FROM {_SERIES}""",
    f"""INSERT INTO record_terms (client_id, term, record_type, record_id, weight)
    SELECT client_id, term, 'patient', id, weight FROM patients, LATERAL (VALUES (lower(mrn), 4), (substr(mrn, 4), 2),
      (lower(first_name), 3), (lower(last_name), 3), (date_of_birth::text, 2), ('everybody', 3),
      (CASE WHEN mod(substr(mrn, 4)::int, 2) = 0 THEN 'even' ELSE 'oddly' END, 3)) AS made(term, weight)
    WHERE client_id = {_CLIENT}""",
    f"""INSERT INTO record_terms (client_id, term, record_type, record_id, weight)
    SELECT client_id, lower(claim_number), 'claim', id, 4 FROM claims WHERE client_id = {_CLIENT}
    UNION ALL SELECT client_id, lower(visit_number), 'visit', id, 4 FROM visits WHERE client_id = {_CLIENT}
    UNION ALL SELECT client_id, 'unknown', 'coverage', id, 4 FROM coverages WHERE client_id = {_CLIENT}""",
    f"""INSERT INTO record_history (client_id, record_type, record_id, version, changed_by, changes)
    SELECT {_CLIENT}, 'patient', {_id(PEOPLE, _PATIENT)}, n, {_id(USERS, "1")}, '{{}}' FROM {_SERIES}""",
    f"""INSERT INTO users (id, client_id, email, name, role, status, firebase_uid)
    SELECT {_id(USERS)}, {_CLIENT}, 'person' || n || '@' || :base || '.example', 'Person ' || n,
      CASE WHEN mod(n, CAST(:records AS int) / 10) = 0 THEN 'admin' WHEN mod(n, 3) = 0 THEN 'biller'
        ELSE 'front_desk' END,
      CASE WHEN mod(n, 500) = 0 THEN 'deactivated' ELSE 'active' END, 'uid-' || :base || '-' || n FROM {_SERIES}""",
    f"""INSERT INTO member_outbox (id, client_id, user_id, created_at)
    SELECT uuidv7(), {_CLIENT}, {_id(USERS)}, now() - interval '1 hour' FROM {_SERIES}""",
    f"""INSERT INTO audit_outbox (id, client_id, event, created_at)
    SELECT uuidv7(), {_CLIENT}, '{{}}', now() - interval '1 hour' FROM {_SERIES}""",
    f"""INSERT INTO idempotency_keys (client_id, key_hash, request_hash, status, answer, created_at)
    SELECT {_CLIENT}, :base || '-' || n, 'asked', 200, '"{{}}"', now() - interval '2 days' FROM {_SERIES}""",
)
_OF_NOBODY = (
    """INSERT INTO sign_in_links (subject_hash, issuer, uid)
    SELECT encode(sha256(n::text::bytea), 'hex'), 'https://accounts.example', 'uid-' || n
    FROM generate_series(1, CAST(:records AS int)) n""",
    """INSERT INTO sign_in_attempts (subject, window_started_at)
    SELECT encode(sha256(n::text::bytea), 'hex'), now() - mod(n, 3) * interval '1 day'
    FROM generate_series(1, CAST(:records AS int)) n""",
    """INSERT INTO sign_in_tickets (secret_hash, kind, content, expires_at)
    SELECT encode(sha256(n::text::bytea), 'hex'), 'oauth_state', '{}', now() - mod(n, 3) * interval '1 hour'
    FROM generate_series(1, CAST(:records AS int)) n""",
)


def record_id(base: int, kind: int, n: int) -> UUID:
    """The id of the n-th record of a kind in the organisation that was filled as `base`."""
    return UUID(f"{base:08x}-{kind:04x}-7000-8000-{n:012x}")


def fill(database: Database, client: UUID, *, base: int, records: int) -> None:
    """Give an organisation `records` rows in each large table; twenty payers, a hundred providers."""
    _run(database, _FILL, client=client, base=base, records=records)
    database.execute("SELECT recount_claim_totals()")  # no trigger has seen these claims


def fill_what_is_nobodys(database: Database, *, records: int) -> None:
    """Fill the tables without an organisation."""
    _run(database, _OF_NOBODY, records=records)


def settle(database: Database) -> None:
    """Let the planner know what there is, and index-only scans what is visible: what autovacuum does in time."""
    with database.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _run(database: Database, statements: tuple[str, ...], **values: object) -> None:
    with database.admin.begin() as connection:
        # References hold by construction; checking each of a million would take most of the time.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(_MAKE_ID.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
        for statement in statements:
            connection.execute(text(statement), values)
